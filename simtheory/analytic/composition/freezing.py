r"""Where the masses of modes stop: exact masses at every level, and a master equation through the levels.

Problem
-------
Annealed chains follow the exact densities :math:`\prod_iq_{i,\lambda}^{w_i}` down the levels. Inside a mode
they settle at once; between modes they hop, and the hops stop long before level 0. Then the
masses stay where they were.

Symbols
-------
*cell* : the points nearest to one of the centres; m : masses of the cells; rho : density along the
coordinate s that joins the centres; D : how fast s diffuses, 1 along a line, :math:`\langle1/r^2\rangle` for
the angle of a ring; *time* : of Langevin dynamics :math:`dy = \nabla\log p\,dt + \sqrt2\,dW` spent at a level,
moves times step times acceptance.

Result
------
Between neighbouring cells flows, in a unit of time, the *capacity*
:math:`1/\int ds/(\rho D)` from centre to centre, so that a mass m leaves its cell at the rate capacity over
m. No number is fitted. Where the centres lie on no line or circle, the plane is a network of conductance
ρ, and the capacities of all pairs come from its Schur complement on the cores of the cells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np

from simtheory._checks import as_finite, between, frozen, not_negative, number
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike, Expert, IntArray
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.labels import Computed, implements
from simtheory.noise import Levels
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.tasks.composition.compositions import Composition

__all__ = ["FreezeOut", "cell_masses", "freeze_out", "relaxed"]

_DEEP = 34.0  # logarithms below the highest density at which the grid ends
_FINE = 0.2  # distance of grid points in standard deviations of the narrowest direction
_COARSER = 3  # so many times fewer points on each axis where flows in the plane are read
_NOISIEST = 1e150  # level above which the density in the plane falls below the floats
_LARGEST = 4_000_000  # points of a grid; a composition that needs more is refused


@face
@dataclass(frozen=True, slots=True, eq=False)
class FreezeOut:
    """Masses of cells through the levels of annealing.

    Parameters
    ----------
    masses : ndarray, shape (T, m)
        Masses of the cells after the time spent at each level.
    exact : ndarray, shape (T, m)
        Masses of the exact density there.
    rates : ndarray, shape (T, m, m)
        Rates from a cell (row) to another (column) per unit of Langevin time; rows sum to zero.
    level : float
        Level at which the exact masses come nearest to the final ones: where they froze.
    """

    masses: Array = field(metadata=over("t", "cell"))
    exact: Array = field(metadata=over("t", "cell"))
    rates: Array = field(metadata=over("t", "cell", "to"))
    level: float

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)
        number("level", self.level)


@face
def cell_masses(c: Expert, centres: ArrayLike, *, level: float = 0.0) -> Array:
    r"""Return the exact masses of the cells around some centres, in one or two dimensions.

    .. math:: m_j = \frac{\int_{A_j}\prod_iq_{i,\lambda}^{w_i}}{\int\prod_iq_{i,\lambda}^{w_i}}, \qquad
        A_j = \{x : |x - a_j| \le |x - a_k| \text{ for all } k\} .

    Rows of a grid are cut where the nearest centre changes, so cells need no fine grid.

    Parameters
    ----------
    c : Composition
        In one or two dimensions, of Gaussian mixtures; or one mixture.
    centres : array_like, shape (m, d)
        Centres of the cells.
    level : float
        Variance of the noise.

    Returns
    -------
    ndarray, shape (m,)
        Masses, which sum to one.

    Raises
    ------
    RegimeError
        If the dimension is above two.
    """
    whole = c if isinstance(c, Composition) else Composition((c,))
    points = _centres(whole, centres)
    noise = float(between("level", number("level", level), 0.0, _NOISIEST))
    return _masses(whole, points, noise, *_grid(whole, noise))


def _masses(whole: Composition, points: Array, noise: float, x: Array, y: Array) -> Array:
    """Return the masses of cells, on the axes of a grid."""
    from scipy.interpolate import CubicSpline  # slow to import

    if whole.dim == 1:
        p = np.exp(_log_density(whole, x[:, None], noise))
        order = np.argsort(points[:, 0])
        cuts = 0.5 * (points[order[1:], 0] + points[order[:-1], 0])
        below = CubicSpline(x, p).antiderivative()(np.clip(cuts, x[0], x[-1]))
        total = float(CubicSpline(x, p).antiderivative()(x[-1]))
        masses = np.empty(len(points))
        masses[order] = np.diff(np.concatenate([[0.0], below, [total]])) / total
        return masses
    rows, weights = _rows(points, y)
    p = _on_grid(whole, x, rows, noise)
    low, high = _bounds(points, x, rows)
    cumulative = CubicSpline(x, p, axis=1).antiderivative()
    coefficients, step = cumulative.c, x[1] - x[0]

    def upto(ends: Array) -> Array:
        place = np.clip(((ends - x[0]) / step).astype(int), 0, len(x) - 2)
        gap = ends - x[place]
        row = np.arange(len(rows))[:, None]
        found = np.zeros_like(ends)
        for each in coefficients:  # from the highest power down
            found = found * gap + each[place, row]
        return found

    parts = weights @ np.maximum(upto(high) - upto(low), 0.0)
    return np.asarray(parts / parts.sum())


def _centres(c: Composition, centres: ArrayLike) -> Array:
    for index, expert in enumerate(c.experts):
        if not all(hasattr(expert, name) for name in ("log_density", "means", "variances")):
            raise RegimeError(
                f"Argument `c` must hold Gaussian mixtures, or experts with their `means`, `variances` and "
                f"`log_density` (label freeze-out-rates), but experts[{index}] is a "
                f"{type(expert).__name__}."
            )
    if c.dim > 2:
        raise RegimeError(
            f"Argument `c` must have one or two dimensions (label freeze-out-rates), but its dimension is "
            f"{c.dim}. Draw particles with simtheory.sim.composition and count them."
        )
    points = np.atleast_2d(as_finite("centres", centres))
    if points.shape[1] != c.dim or len(points) < 2:
        raise ShapeError(
            f"Argument `centres` must have shape (m, {c.dim}), m at least 2, but its shape is "
            f"{np.shape(centres)}."
        )
    return points


def _narrow(c: Composition, level: float) -> float:
    """Return the variance of the narrowest direction, from experts of positive weight."""
    return 1.0 / sum(
        w / (float(e.variances.min()) + level)
        for w, e in zip(c.weights, c.experts, strict=True)
        if w > 0
    )


def _log_density(c: Composition, x: Array, level: float) -> Array:
    logs = c.log_density(x, level=level)
    return np.asarray(logs - logs.max())


def _grid(c: Composition, level: float) -> tuple[Array, Array]:
    """Return axes of a grid that covers where the density is not negligible."""
    d = c.dim
    means = np.concatenate([e.means for e in c.experts])
    wide = max(float(e.variances.max()) for e in c.experts) + level
    low, high = means.min(axis=0) - 9.0 * wide**0.5, means.max(axis=0) + 9.0 * wide**0.5
    for _ in range(4):
        sides = [np.linspace(low[a], high[a], 121) for a in range(d)]
        mesh = np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1)
        logs = _log_density(c, mesh.reshape(-1, d), level).reshape(mesh.shape[:-1])
        tight = True
        for a in range(d):
            seen = logs.max(axis=1 - a) if d == 2 else logs
            kept = np.flatnonzero(seen > -_DEEP)
            first, last = max(kept[0] - 1, 0), min(kept[-1] + 1, len(sides[a]) - 1)
            low[a], high[a] = sides[a][first], sides[a][last]
            tight = tight and first == 0 and last == len(sides[a]) - 1
        if tight:
            break
    step = _FINE * _narrow(c, level) ** 0.5
    counts = [max(81, int(np.ceil((high[a] - low[a]) / step)) + 1) for a in range(d)]
    if np.prod([float(n) for n in counts]) > _LARGEST:
        raise RegimeError(
            f"Argument `c` must not need a grid of more than {_LARGEST} points (label freeze-out-rates), "
            f"but {' by '.join(map(str, counts))} resolve its narrowest direction. Draw particles instead."
        )
    axes = [np.linspace(low[a], high[a], counts[a]) for a in range(d)]
    return axes[0], axes[-1]


def _rows(centres: Array, y: Array) -> tuple[Array, Array]:
    """Return rows and their weights: Gauss panels that end where the borders of cells meet."""
    heights = [y[0], y[-1]]
    for i, j, k in combinations(range(len(centres)), 3):
        sides = 2.0 * (centres[[j, k]] - centres[i])
        if abs(np.linalg.det(sides)) < 1e-12 * np.abs(sides).max() ** 2:
            continue
        squares = (centres**2).sum(axis=1)
        meeting = np.linalg.solve(sides, squares[[j, k]] - squares[i])
        away = np.linalg.norm(centres - meeting, axis=1)
        if away[i] <= away.min() * (1.0 + 1e-9) and y[0] < meeting[1] < y[-1]:
            heights.append(float(meeting[1]))
    edges = np.unique(np.round(heights, 12))
    step = y[1] - y[0]
    nodes, weights = special.roots_legendre(8)
    panels = [
        np.linspace(a, b, int(np.ceil((b - a) / (6.0 * step))) + 1) for a, b in pairwise(edges)
    ]
    ends = np.unique(np.concatenate(panels))
    half = 0.5 * np.diff(ends)
    rows = 0.5 * (ends[1:] + ends[:-1])[:, None] + half[:, None] * nodes
    return rows.ravel(), (half[:, None] * weights).ravel()


def _on_grid(c: Composition, x: Array, y: Array, level: float) -> Array:
    """Return the density, up to its constant, at rows y and columns x."""
    mesh = np.stack(np.broadcast_arrays(x[None, :], y[:, None]), axis=-1)
    return np.exp(_log_density(c, mesh.reshape(-1, 2), level)).reshape(len(y), len(x))


def _bounds(centres: Array, x: Array, y: Array) -> tuple[Array, Array]:
    """Return where each row enters and leaves each cell, shapes (rows, m)."""
    m = len(centres)
    low, high = np.full((len(y), m), x[0]), np.full((len(y), m), x[-1])
    for i in range(m):
        for j in range(m):
            if i == j:
                continue
            # nearer to i than to j: 2 (a_j − a_i)·p <= |a_j|² − |a_i|²
            slope = 2.0 * (centres[j] - centres[i])
            right = centres[j] @ centres[j] - centres[i] @ centres[i] - slope[1] * y
            if abs(slope[0]) < 1e-12 * np.abs(centres).max():
                high[:, i] = np.where(right >= 0.0, high[:, i], low[:, i])
            elif slope[0] > 0.0:
                high[:, i] = np.minimum(high[:, i], right / slope[0])
            else:
                low[:, i] = np.maximum(low[:, i], right / slope[0])
    low = np.clip(low, x[0], x[-1])
    return low, np.maximum(np.clip(high, x[0], x[-1]), low)


@implements(
    "freeze-out-rates",
    title="Where the masses of modes freeze",
    regime="one or two dimensions, Langevin time, barriers above the noise",
    source="du2023",
    where="derived here from capacities",
    exactness="leading order in the time within a mode over that between modes",
    kind=Computed(r"Q_{jk} = \frac1{m_j}\Big(\int_{a_j}^{a_k}\frac{ds}{\rho D}\Big)^{-1}"),
)
@face
def freeze_out(
    c: Composition, centres: ArrayLike, levels: Levels | ArrayLike, times: ArrayLike
) -> FreezeOut:
    r"""Return the masses that annealing through some levels leaves, without a fitted number.

    .. math:: \frac{dm}{dt} = mQ, \qquad Q_{jk} = \frac1{m^{exact}_j}
        \Big(\int_{a_j}^{a_k}\frac{ds}{\rho(s)D(s)}\Big)^{-1} \text{ for neighbours } j, k .

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures, or of trained energies that know the means and variances of what they
        learned; in one or two dimensions.
    centres : array_like, shape (m, d)
        Centres of the cells. On a line or a circle the flow along it is computed; at other places of
        the plane the flow between all pairs, on a grid.
    levels : Levels or array_like, shape (T,)
        Falling noise levels, as variances of y = z/α.
    times : array_like, shape (T,) or ()
        Langevin time spent at each: moves times step times acceptance, in the units of y².

    Returns
    -------
    FreezeOut
        Masses after each level, exact masses, rates, and the level where they froze.

    Raises
    ------
    RegimeError
        If the dimension is above two, or a grid would be too fine.
    """
    points = _centres(c, centres)
    falling = levels.values if isinstance(levels, Levels) else as_finite("levels", levels)
    if falling.ndim != 1 or np.any(np.diff(falling) >= 0.0) or falling[-1] < 0.0:
        raise ArgumentError(
            "Argument `levels` must be noise levels that fall strictly and are not negative, shape (T,), "
            f"but it is {falling!r:.60}."
        )
    spent = np.array(np.broadcast_to(not_negative("times", times), falling.shape))
    road = _road(points)
    m = len(points)
    masses, exact = np.empty((len(falling), m)), np.empty((len(falling), m))
    rates = np.zeros((len(falling), m, m))
    for t, level in enumerate(falling.tolist()):
        exact[t], capacities = road.read(c, level)
        rates[t] = capacities / np.maximum(exact[t], 1e-300)[:, None]
        np.fill_diagonal(rates[t], 0.0)
        rates[t] -= np.diag(rates[t].sum(axis=1))
        before = exact[0] if t == 0 else masses[t - 1]
        masses[t] = relaxed(before, rates[t] * spent[t], exact[t])

    gaps = 0.5 * np.abs(exact - masses[-1]).sum(axis=1)
    level = float(falling[int(np.argmin(gaps))])
    return FreezeOut(frozen(masses), frozen(exact), frozen(rates), level)


@face
def relaxed(masses: Array, moved: Array, exact: Array) -> Array:
    """Return masses after some time of a chain that keeps the exact ones.

    Parameters
    ----------
    masses : ndarray, shape (m,)
        Masses before.
    moved : ndarray, shape (m, m)
        Rates times the time, in detailed balance with the exact masses.
    exact : ndarray, shape (m,)
        The exact masses.

    Returns
    -------
    ndarray, shape (m,)
        Masses after.
    """
    masses = not_negative("masses", masses)
    moved = as_finite("moved", moved)
    root = np.sqrt(np.maximum(not_negative("exact", exact), 1e-300))
    if masses.shape != root.shape or not masses.sum() > 0.0:
        raise ShapeError(
            f"Argument `masses` must have a mass for each of `exact`, some of them positive, but their "
            f"shapes are {masses.shape} and {root.shape}, and the masses sum to {masses.sum():g}."
        )
    symmetric = root[:, None] * moved / root  # detailed balance makes it symmetric
    symmetric = 0.5 * (symmetric + symmetric.T)
    values, vectors = np.linalg.eigh(symmetric)
    kept = vectors.T @ (masses / root)
    found = np.maximum(root * (vectors @ (np.exp(np.minimum(values, 0.0)) * kept)), 0.0)
    if not found.sum() > 0.0:
        raise ArgumentError(
            "Argument `moved` must be rates in detailed balance with `exact`, but no mass is left."
        )
    return np.asarray(found / found.sum())


@dataclass(frozen=True)
class _Line:
    """Centres on a line: the coordinate along it, the other integrated out."""

    centres: Array
    order: IntArray
    origin: Array
    along: Array
    places: Array

    def read(self, c: Composition, level: float) -> tuple[Array, Array]:
        """Return the masses of the cells, and the capacities of all pairs."""
        from scipy.interpolate import CubicSpline  # slow to import

        step = 0.25 * _narrow(c, level) ** 0.5
        span = self.places[-1] - self.places[0]
        s = np.linspace(self.places[0], self.places[-1], max(401, int(np.ceil(span / step))))
        x, y = _grid(c, level)
        masses = _masses(c, self.centres, level, x, y)
        if c.dim == 1:
            logs = c.log_density(x[:, None], level=level)
            total = float(logs.max()) + float(np.log(np.trapezoid(np.exp(logs - logs.max()), x)))
            rho = np.exp(c.log_density(self.origin + s[:, None] * self.along, level=level) - total)
        else:
            reach = float(np.hypot(np.abs(x).max(), np.abs(y).max()))
            u = np.linspace(-reach, reach, max(401, int(np.ceil(2 * reach / step))))
            across = np.array([-self.along[1], self.along[0]])
            mesh = self.origin + s[:, None, None] * self.along + u[None, :, None] * across
            logs = c.log_density(mesh.reshape(-1, 2), level=level).reshape(len(s), len(u))
            total = _log_total(c, x, y, level)
            rho = np.trapezoid(np.exp(logs - total), u, axis=1)
        spline = CubicSpline(s, 1.0 / np.maximum(rho, 1e-300)).antiderivative()
        flows = _pairs(self.order, 1.0 / np.diff(spline(self.places)))
        return masses, flows


@dataclass(frozen=True)
class _Circle:
    """Centres on a circle: the angle around it, the radius integrated out; cells are sectors."""

    order: IntArray
    middle: Array
    radius: float
    angles: Array

    def read(self, c: Composition, level: float) -> tuple[Array, Array]:
        """Return the masses of the cells, and the capacities of all pairs."""
        from scipy.interpolate import CubicSpline  # slow to import

        m, narrow = len(self.angles), _narrow(c, level) ** 0.5
        means = np.concatenate([e.means for e in c.experts]) - self.middle
        wide = max(float(e.variances.max()) for e in c.experts) + level
        inner, outer = 0.0, float(np.linalg.norm(means, axis=1).max()) + 9.0 * wide**0.5
        for _ in range(3):
            r = np.linspace(inner, outer, 97)
            logs = self._logs(c, np.linspace(-np.pi, np.pi, 8 * m + 1)[:-1], r, level)
            seen = np.flatnonzero(logs.max(axis=0) > logs.max() - _DEEP)
            inner, outer = float(r[max(seen[0] - 1, 0)]), float(r[min(seen[-1] + 1, 96)])
        count = max(48, int(np.ceil((outer - inner) / (0.35 * narrow))))
        dr = (outer - inner) / count
        r = inner + dr * np.arange(0.5, count)
        arc = 2.0 * np.pi * self.radius / m
        half = max(8, int(np.ceil(0.5 * arc / (0.3 * narrow))))
        ends = np.append(self.angles, self.angles[0] + 2.0 * np.pi)
        parts = [np.linspace(a, b, 2 * half + 1)[:-1] for a, b in pairwise(ends)]
        theta = np.append(np.concatenate(parts), ends[-1])
        logs = self._logs(c, theta, r, level)
        p = np.exp(logs - logs.max())
        rho, inward = (p * r).sum(axis=1), (p / r).sum(axis=1)  # ρ and ρD, times the same constant
        mass = CubicSpline(theta, rho)
        middles = np.append(theta[half :: 2 * half], theta[half] + 2.0 * np.pi)
        grown = mass.antiderivative()
        total = float(grown(ends[-1]) - grown(ends[0]))
        sectors = np.array(
            [
                grown(b) - grown(a)
                if b <= ends[-1]
                else grown(ends[-1]) - grown(a) + grown(b - 2.0 * np.pi) - grown(ends[0])
                for a, b in pairwise(middles)
            ]
        )
        masses = np.empty(m)
        masses[self.order] = np.roll(sectors, 1) / total
        resistance = CubicSpline(theta, total / np.maximum(inward, 1e-300)).antiderivative()
        return masses, _pairs(self.order, 1.0 / np.diff(resistance(ends)))

    def _logs(self, c: Composition, theta: Array, r: Array, level: float) -> Array:
        turn = np.stack([np.cos(theta), np.sin(theta)], axis=1)
        mesh = self.middle + r[None, :, None] * turn[:, None]
        return c.log_density(mesh.reshape(-1, 2), level=level).reshape(len(theta), len(r))


@dataclass(frozen=True)
class _Plane:
    """Centres anywhere in the plane: flows between cores of the cells through a grid.

    The core of a cell are its points of a density above 1/e of its highest. With the density as
    conductance, the grid is a network, and the Schur complement on the cores holds the capacities of all
    pairs.
    """

    centres: Array

    def read(self, c: Composition, level: float) -> tuple[Array, Array]:
        """Return the masses of the cells, and the capacities of all pairs."""
        from scipy.sparse import coo_matrix  # slow to import
        from scipy.sparse.linalg import splu

        x, y = _grid(c, level)
        masses = _masses(c, self.centres, level, x, y)
        x, y = (np.linspace(a[0], a[-1], max(81, len(a) // _COARSER)) for a in (x, y))
        mesh = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
        logs = c.log_density(mesh.reshape(-1, 2), level=level)
        logs = (logs - logs.max()).reshape(mesh.shape[:-1])
        squares = (self.centres**2).sum(axis=1)
        cell = (squares - 2.0 * mesh @ self.centres.T).argmin(axis=-1)
        m, inside = len(self.centres), logs > -_DEEP
        number, reach = (
            np.full(logs.shape, -1),
            max(_narrow(c, level) ** 0.5, x[1] - x[0], y[1] - y[0]),
        )
        for j, centre in enumerate(self.centres):  # cores are the first nodes
            near = ((mesh - centre) ** 2).sum(axis=-1) <= reach**2
            number[inside & near & (cell == j)] = j
        free = inside & (number < 0)
        number[free] = m + np.arange(np.count_nonzero(free))
        ratio = (y[1] - y[0]) / (x[1] - x[0])
        ends, flows = [], []
        for axis, width in ((0, ratio), (1, 1.0 / ratio)):
            one, two = (
                (slice(None, -1), slice(1, None))
                if axis == 0
                else ((slice(None), slice(None, -1)), (slice(None), slice(1, None)))
            )
            kept = (number[one] >= 0) & (number[two] >= 0)
            ends.append(np.stack([number[one][kept], number[two][kept]]))
            flows.append(width * np.exp(0.5 * (logs[one] + logs[two]))[kept])
        (i, j), flow = np.concatenate(ends, axis=1), np.concatenate(flows)
        n = m + int(np.count_nonzero(free))
        network = coo_matrix(
            (
                np.concatenate([-flow, -flow, flow, flow]),
                (np.concatenate([i, j, i, j]), np.concatenate([j, i, i, j])),
            ),
            shape=(n, n),
        ).tocsc()
        between = network[:m, :m].toarray()
        if n > m:
            solved = splu(network[m:, m:]).solve(network[m:, :m].toarray())
            between = between - network[:m, m:] @ solved
        total = float(np.exp(logs).sum()) * (x[1] - x[0]) * (y[1] - y[0])
        return masses, np.maximum(-between, 0.0) / total


def _log_total(c: Composition, x: Array, y: Array, level: float) -> float:
    mesh = np.stack(np.broadcast_arrays(x[None, :], y[:, None]), axis=-1).reshape(-1, 2)
    logs = c.log_density(mesh, level=level)
    top = float(logs.max())
    return top + float(np.log(np.exp(logs - top).sum() * (x[1] - x[0]) * (y[1] - y[0])))


def _pairs(order: IntArray, flows: Array) -> Array:
    """Return the capacities of all pairs from those of neighbours, in a ring where the last one closes it."""
    found = np.zeros((len(order), len(order)))
    for one, flow in enumerate(flows.tolist()):
        i, j = order[one], order[(one + 1) % len(order)]
        found[i, j] += flow
        found[j, i] += flow
    return found


def _road(points: Array) -> _Line | _Circle | _Plane:
    """Return the coordinate that joins the centres, or the plane where none does."""
    m, d = points.shape
    middle = points.mean(axis=0)
    along = np.linalg.svd(points - middle)[2][0]
    places = (points - middle) @ along
    off = np.abs(points - middle - places[:, None] * along).max()
    if d == 1 or off <= 1e-9 * np.abs(places).max():
        order = np.argsort(places)
        return _Line(points, order, middle, along, places[order])
    gaps = points - middle
    radii = np.linalg.norm(gaps, axis=1)
    if m >= 3 and np.ptp(radii) <= 0.01 * radii.mean():
        angles = np.arctan2(gaps[:, 1], gaps[:, 0])
        order = np.argsort(angles)
        return _Circle(order, middle, float(radii.mean()), angles[order])
    return _Plane(points)
