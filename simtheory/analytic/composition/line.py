r"""What naive samplers return in one dimension, where mixtures have no closed law: exact numerics.

Problem
-------
The density of :math:`dy = \tfrac12(1 + \eta^2)S\,d\tau + \eta\,dW` obeys a Fokker–Planck equation. In
:math:`z = y/\sqrt{\kappa + \lambda}` and the clock :math:`s = \ln(\kappa + \lambda)`, with
:math:`\kappa` the smallest variance, the law keeps its width from the start to the end,

.. math:: dz = \big[\tfrac12(1 + \eta^2)\sqrt{\kappa + \lambda}\,S + \tfrac12z\big]|ds| + \eta\,dW .

Symbols
-------
eta : churn; Lambda : level of the start, y being N(0, Λ) there; *cut* : a point that splits the line.

Reading
-------
The ODE moves points without crossing, so its law is the start's, read at the points from which the
ends come. The SDE's law is found by implicit steps of a scheme that keeps mass and sign; runs on two
grids and with n, 2n and 4n steps are combined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from simtheory._checks import as_finite, extended, non_negative, positive_int
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.analytic.composition.naive import check_limit
from simtheory.errors import ArgumentError, RegimeError
from simtheory.labels import Computed, implements
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.tasks.composition.compositions import Composition
from simtheory.tasks.composition.tails import require_mixtures

__all__ = ["Law", "separatrix_weights", "terminal_law"]

_MOST_CHURN = (
    1e8  # the law differs from that of any larger churn by 1e-14; sums of rates lose the 1
)
_HALF = 7.0  # standard deviations beyond the outermost mean that the grid covers
_FARTHEST = 1e12  # reaches; from beyond, the squares of a path leave the range of numbers
_FAR = 1e4  # an infinite start, in units of the largest second moment
_END = 1e-10
"""Level at which paths of the ODE end; at 0 itself its steps would become endless."""


@face
@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """A law on the line, on a grid.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Rising points.
    density : ndarray, shape (n,)
        Density there.
    cumulative : ndarray, shape (n,)
        Probability below each point.
    """

    x: Array = field(metadata=over("x", labels=True))
    density: Array = field(metadata=over("x"))
    cumulative: Array = field(metadata=over("x"))

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)

    def mass(self, a: float = -np.inf, b: float = np.inf) -> float:
        """Return the probability of an interval.

        Parameters
        ----------
        a : float
            Its lower end.
        b : float
            Its upper end.

        Returns
        -------
        float
            The probability.
        """
        from scipy.interpolate import CubicHermiteSpline  # slow to import

        ends = np.clip([extended("a", a), extended("b", b)], self.x[0], self.x[-1])
        low, high = CubicHermiteSpline(self.x, self.cumulative, self.density)(ends)
        return float(high - low)

    @property
    def mean(self) -> float:
        """Mean."""
        return self._moment(lambda x: x)

    @property
    def variance(self) -> float:
        """Variance."""
        middle = self.mean
        return self._moment(lambda x: (x - middle) ** 2)

    def distance(self, density: Callable[[Array], Array]) -> float:
        """Return the total variation distance to a density.

        Parameters
        ----------
        density : callable
            Densities (m,) of points (m,), such as that of the target.

        Returns
        -------
        float
            From 0 to 1.
        """
        x = self.x
        between = np.abs(self.density - density(x))
        outside = 1.0 - float(np.trapezoid(density(x), x))
        return float(0.5 * np.trapezoid(between, x) + 0.5 * max(outside, 0.0))

    def _moment(self, f: Callable[[Array], Array]) -> float:
        from scipy.interpolate import CubicHermiteSpline  # slow to import

        rate = CubicHermiteSpline(self.x, self.cumulative, self.density).derivative()
        nodes, weights = special.roots_legendre(3)
        half = 0.5 * np.diff(self.x)[:, None]
        at = 0.5 * (self.x[1:] + self.x[:-1])[:, None] + half * nodes
        total = float(self.cumulative[-1] - self.cumulative[0])
        return float((half * weights * f(at) * rate(at)).sum() / total)


@implements(
    "terminal-law-1d",
    title="What reverse diffusion draws from mixtures on the line",
    regime="mixtures in one dimension",
    source="du2023",
    where="derived here from the Fokker-Planck equation",
    exactness="numeric, 1e-5 of masses",
    kind=Computed(
        r"\partial_s p = \partial_z[(\tfrac12(1+\eta^2)\sqrt{\kappa+\lambda}\,S + \tfrac12z)p] - \tfrac12\eta^2\partial_z^2p"
    ),
)
@face
def terminal_law(
    c: Composition,
    *,
    churn: float = 1.0,
    start: float = np.inf,
    points: int = 601,
    steps: int = 200,
) -> Law:
    r"""Return the law that reverse diffusion with summed scores draws, in one dimension.

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures in one dimension.
    churn : float
        0 for the ODE, 1 for the SDE, more for further noise.
    start : float
        Level Λ at which y is N(0, Λ); infinite for the limit.
    points : int
        Points of the coarser grid, which the law keeps.
    steps : int
        Steps n of the coarsest run.

    Returns
    -------
    Law
        The density at level 0.

    Raises
    ------
    RegimeError
        If the experts are no mixtures in one dimension, or an infinite start has no limit.
    ArgumentError
        If a number is outside its range: fewer than three points, less than one step.

    Examples
    --------
    >>> from simtheory import GaussianMixture
    >>> a, b = GaussianMixture([1.0], [-1.0], [1.0]), GaussianMixture([1.0], [1.0], [0.25])
    >>> law = terminal_law(a * b)
    >>> round(law.mean, 4), round(law.variance, 4)
    (0.4344, 0.1448)
    """
    from scipy.interpolate import CubicSpline  # slow to import

    experts = require_mixtures(c, "terminal-law-1d")
    if c.dim != 1:
        raise RegimeError(
            f"Argument `c` must be one-dimensional (label terminal-law-1d), but its dimension is {c.dim}. "
            "Draw particles with simtheory.sim.composition."
        )
    eta2 = non_negative("churn", churn) ** 2
    if churn > _MOST_CHURN:
        raise ArgumentError(
            f"Argument `churn` must be at most {_MOST_CHURN:g}, from where the law no longer changes, "
            f"but it is {churn!r}."
        )
    if not start > 0.0:
        raise ArgumentError(f"Argument `start` must be a positive level, but it is {start!r}.")
    if positive_int("points", points) < 3:
        raise ArgumentError(f"Argument `points` must be at least 3, but it is {points}.")
    steps = positive_int("steps", steps)
    spread = np.array([e.covariances.mean(axis=0) for e in experts])
    check_limit(c.total_weight, c.weights, spread, eta2, float(start))
    kappa = min(float(e.variances.min()) for e in experts)
    if eta2 == 0.0:
        return _carried(c, kappa, float(start), points)
    size = max(float((e.means**2).max() + e.variances.max()) for e in experts)
    top = _FAR * size if np.isinf(start) else float(start)
    ratio = eta2 / ((1.0 + eta2) * c.total_weight - 1.0) if np.isinf(start) else 1.0
    width = ratio * top / (kappa + top)
    reach = max(float(np.abs(e.means).max()) for e in experts)
    half = reach / np.sqrt(kappa) + _HALF * max(1.0, float(np.sqrt(width)))
    score = fast_score(c)
    clock = np.linspace(np.log(kappa + top), np.log(kappa), 4001)
    # A mode at m moves by m/2√(κ + λ) in z a unit of s, so steps are short where it moves fast.
    pace = clock - 2.0 * reach * np.exp(-0.5 * clock)

    def edges(times: int) -> Array:
        return np.interp(np.linspace(pace[0], pace[-1], times + 1), pace[::-1], clock[::-1])

    def flow(count: int, times: int) -> Array:
        z = np.linspace(-half, half, count)
        return _flow(score, z, np.exp(-0.5 * z**2 / width), edges(times), kappa, eta2)

    fine = 2 * points - 1
    coarse = flow(points, steps)
    once, twice, often = (flow(fine, n * steps)[::2] for n in (1, 2, 4))
    # No error below the third order in time and the fourth in space is left.
    density = (8.0 * often - 6.0 * twice + once) / 3.0 + (once - coarse) / 3.0
    z = np.linspace(-half, half, points)
    below = CubicSpline(z, density).antiderivative()(z)
    density, below = density / below[-1], below / below[-1]
    return Law(z * np.sqrt(kappa), density / np.sqrt(kappa), below)


def fast_score(c: Composition) -> Callable[[Array, float], Array]:
    """Return the composed score on the line as a function of plain arrays (n,) and a level."""
    parts = [
        (w, np.log(e.weights), e.means[:, 0], e.variances[:, 0])
        for w, e in zip(c.weights.tolist(), c.experts, strict=True)
        if w
    ]

    def score(x: Array, level: float) -> Array:
        total = np.zeros_like(x)
        for w, logs, means, variances in parts:
            spread = variances + level
            gaps = x[:, None] - means
            pulls = gaps / -spread
            if len(means) > 1:
                terms = logs - 0.5 * np.log(spread) + 0.5 * gaps * pulls
                shares = np.exp(terms - terms.max(axis=1, keepdims=True))
                pull = (shares * pulls).sum(axis=1) / shares.sum(axis=1)
            else:
                pull = pulls[:, 0]
            total += w * pull
        return total

    return score


def _flow(
    score_at: Callable[[Array, float], Array],
    z: Array,
    density: Array,
    edges: Array,
    kappa: float,
    eta2: float,
) -> Array:
    """Return the density after implicit Euler steps of the Chang–Cooper scheme."""
    from scipy.linalg.lapack import dgtsv  # slow to import

    h = z[1] - z[0]
    middle = 0.5 * (z[1:] + z[:-1])
    diffusion = 0.5 * eta2
    p = density / (density.sum() * h)
    bands = np.zeros((3, len(z)))
    for s, ds in zip(edges[1:], -np.diff(edges), strict=True):
        root = float(np.exp(0.5 * s))
        level = max(root**2 - kappa, 0.0)
        score = score_at(root * middle, level)
        drift = 0.5 * (1.0 + eta2) * root * score + 0.5 * middle
        # flux = drift·p − diffusion·p' at the middles, by the exponential fitting
        peclet = drift * h / diffusion
        rate = diffusion / h
        up = rate * _bernoulli(-peclet)  # times p on the left
        down = rate * _bernoulli(peclet)  # times p on the right
        out = np.zeros(len(z))
        out[:-1] += up
        out[1:] += down
        bands[1] = 1.0 + ds / h * out
        bands[0, 1:] = -ds / h * down
        bands[2, :-1] = -ds / h * up
        p = dgtsv(bands[2, :-1], bands[1], bands[0, 1:], p)[3]
    return np.asarray(p)


def _bernoulli(x: Array) -> Array:
    """Return x/(eˣ − 1)."""
    small = np.abs(x) < 1e-8
    safe = np.where(small, 1.0, x)
    with np.errstate(over="ignore"):
        return np.where(small, 1.0 - 0.5 * x, safe / np.expm1(safe))


def _paths(c: Composition, points: Array, kappa: float, start: float, *, back: bool) -> Array:
    """Return where ODE paths lead: from y_Λ/√Λ to the ends y, or back from ends to y_Λ/√Λ."""
    from scipy.integrate import solve_ivp  # slow to import

    size = max(float((e.means**2).max() + e.variances.max()) for e in c.experts)
    top = start if np.isfinite(start) else 1e16 * size
    score = fast_score(c)

    def slope(s: float, u: Array) -> Array:
        root = float(np.exp(0.5 * s))
        level = max(root**2 - kappa, 0.0)
        return np.asarray(-0.5 * root * score(root * u, level) - 0.5 * u)

    clock = (np.log(kappa + _END), np.log(kappa + top))
    scales = np.sqrt([kappa + _END, (kappa + top) / top])
    first, last = scales if back else scales[::-1]
    flow = solve_ivp(
        slope,
        clock if back else clock[::-1],
        points / first,
        method="DOP853",
        rtol=1e-9,
        atol=1e-11,
    )
    return np.asarray(flow.y[:, -1] * last)


def _carried(c: Composition, kappa: float, start: float, points: int) -> Law:
    """Return the law of the ODE: points of the start, carried down with their probabilities."""
    z = np.linspace(-_HALF, _HALF, points)
    x = _paths(c, z, kappa, start, back=False)
    for _ in range(3):  # paths part at separatrices: more of them where ends are far apart
        wide = np.flatnonzero(np.diff(x) > 8.0 * (x[-1] - x[0]) / points)
        if not wide.size:
            break
        more = (z[wide, None] + np.linspace(0.0, 1.0, 10)[1:-1] * np.diff(z)[wide, None]).ravel()
        order = np.argsort(np.append(z, more))
        x = np.append(x, _paths(c, more, kappa, start, back=False))[order]
        z = np.append(z, more)[order]
    apart = np.concatenate([[True], np.diff(x) > 1e-14 * np.abs(x[1:])])
    z, x = z[apart], x[apart]
    stretch = np.gradient(x, z)
    return Law(x, np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi) / stretch, special.ndtr(z))


@implements(
    "separatrix-weights",
    title="Masses that the ODE draws between cuts",
    regime="mixtures in one dimension",
    source="du2023",
    where="derived here from paths that do not cross",
    exactness="numeric, 1e-9",
    kind=Computed(
        r"m_j = \Phi\Big(\frac{y_\Lambda(a_{j+1})}{\sqrt\Lambda}\Big) - \Phi\Big(\frac{y_\Lambda(a_j)}{\sqrt\Lambda}\Big)"
    ),
)
@face
def separatrix_weights(c: Composition, *, cuts: ArrayLike, start: float = np.inf) -> Array:
    r"""Return the masses between cuts that the probability-flow ODE draws, in one dimension.

    Paths of the ODE do not cross, so the mass below a cut is that of the start below the point from
    which the cut is reached, :math:`\Phi(y_\Lambda/\sqrt\Lambda)`.

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures in one dimension.
    cuts : array_like, shape (m,)
        Rising points between the masses.
    start : float
        Level Λ at which y is N(0, Λ); infinite where the total weight is 1.

    Returns
    -------
    ndarray, shape (m + 1,)
        Masses below, between and above the cuts.

    Raises
    ------
    RegimeError
        If the experts are no mixtures in one dimension, or an infinite start has no limit.
    """
    experts = require_mixtures(c, "separatrix-weights")
    if c.dim != 1:
        raise RegimeError(
            f"Argument `c` must be one-dimensional (label separatrix-weights), but its dimension is {c.dim}."
        )
    ends = np.atleast_1d(as_finite("cuts", cuts))
    if ends.ndim != 1 or np.any(np.diff(ends) <= 0.0):
        raise ArgumentError("Argument `cuts` must be rising points, shape (m,), but they are not.")
    if not start > 0.0:
        raise ArgumentError(f"Argument `start` must be a positive level, but it is {start!r}.")
    spread = np.array([e.covariances.mean(axis=0) for e in experts])
    check_limit(c.total_weight, c.weights, spread, 0.0, float(start))
    kappa = min(float(e.variances.min()) for e in experts)
    widest = max(float(np.sqrt(e.means**2 + e.covariances.reshape(-1, 1)).max()) for e in experts)
    if (far := float(np.abs(ends).max(initial=0.0))) > _FARTHEST * widest:
        raise ArgumentError(
            f"Argument `cuts` must lie within {_FARTHEST:g} times the experts' reach of {widest:g}, "
            f"but it holds {far:g}."
        )
    below = special.ndtr(_paths(c, ends, kappa, float(start), back=True))
    return np.diff(np.concatenate([[0.0], below, [1.0]]))
