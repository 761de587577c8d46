r"""Probabilities :math:`\Phi_n(z; R) = P(X_1 \le z_1, \dots, X_n \le z_n)` of standard normal variables.

Problem
-------
X has the correlations R. Many such problems of one size come at once: z (B, n) and R (B, n, n).

Result
------
=============  ====================================================================================
size           how it is computed
=============  ====================================================================================
1, 2           Φ; Plackett's identity from ρ = 0, and Owen's function near \|ρ\| = 1
3 to 7         Plackett's identity: the coordinates are split in two blocks whose correlations grow
               from 0 to their value; along the way
               :math:`\partial\Phi_n/\partial\rho_{ij}` is a density of two coordinates times
               :math:`\Phi_{n-2}` of the others; six and seven begin with lattices, which often suffice
equal |ρ|      one quadrature over the shared variable, which is imaginary for ρ < 0
other          the integral over n − 2 uniform variables (Genz), by shifted lattices
=============  ====================================================================================

Where correlations are not equal and the bound of the normal comparison says that the product of the Φ(z_i)
is as near as the tolerance asks, sizes above 3 take the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import as_finite, as_numbers, rounding
from simtheory._later import special
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic._shared import lattices
from simtheory.analytic._shared.pairs import CHUNK, parts, rule, two
from simtheory.errors import ArgumentError, ShapeError

__all__ = ["checked", "comparison_bound", "probabilities"]

Flags = NDArray[np.bool_]

SKEW = 1e-8
"""How far a correlation matrix may be from symmetry, from a diagonal of ones, and below semidefinite."""

EXACT = 1e-10
"""Error that sizes up to 3 and equal correlations keep, but within 1e-12 of a correlation of one, where that
of rounding is larger. A tolerance below it has no effect on these."""

ROUNDED = 1e-8
"""Least spread of one coordinate given the others: below it the rounding of a correlation decides."""

FAR = 38.0
"""Φ(−38) is the least probability that float64 holds; limits beyond are moved here."""

NODES = (
    (0.7, 7),
    (0.3, 11),
    (0.1, 14),
    (0.03, 20),
    (1e-2, 24),
    (1e-3, 44),
    (1e-4, 70),
    (-1.0, 384),
)
"""Nodes of three coordinates by the share of a variance that the others leave: what has less takes more."""

RULES = (3, 6, 12, 24, 48)
"""Nodes along the path of coupled blocks. If the last two differ by more than the tolerance, lattices follow."""

SMALL = {6: 15, 7: 18}
"""Logarithm to base 2 of the points of the lattices that six and seven coordinates take before they are coupled: these
take about as long."""

COUPLED = 7
"""Coordinates up to which blocks are coupled; eight would take half a second each."""

MOST_NODES = 4096
"""Correlations that are equal but so near to 1 that the quadrature takes more nodes than this go to lattices."""


def checked(z: ArrayLike, R: ArrayLike) -> tuple[Array, Array]:
    """Return limits (..., n) and correlation matrices (..., n, n)."""
    limits, matrices = as_numbers("z", z), as_finite("R", R)
    if limits.ndim < 1 or limits.shape[-1] == 0:
        raise ShapeError(
            f"Argument `z` must have shape (..., n) with n at least 1, but its shape is {limits.shape}."
        )
    if np.isnan(limits).any():
        raise ArgumentError("Argument `z` must hold numbers or infinities, but it holds NaN.")
    n = limits.shape[-1]
    if matrices.ndim < 2 or matrices.shape[-2:] != (n, n):
        raise ShapeError(
            f"Argument `R` must have shape (..., {n}, {n}), as `z` has {n} limits, but its shape is "
            f"{matrices.shape}."
        )
    slack = rounding(R, double=SKEW)
    for what, gap in (
        (
            "be symmetric, but it differs from its transpose",
            matrices - np.swapaxes(matrices, -1, -2),
        ),
        ("have ones on its diagonal, but it differs", np.diagonal(matrices, 0, -2, -1) - 1.0),
    ):
        worst = float(np.abs(gap).max(initial=0.0))
        if worst > slack:
            raise ArgumentError(
                f"Argument `R` must {what} by {worst:.3g}. Divide a covariance by its standard deviations."
            )
    lowest = _lowest(matrices)
    if lowest < -slack:
        raise ArgumentError(
            "Argument `R` must be positive semidefinite, as a correlation matrix is, but "
            f"{'its smallest eigenvalue' if n > 3 else 'a correlation or the determinant'} is beyond its "
            f"range by {-lowest:.3g}."
        )
    return limits, np.clip(matrices, -1.0, 1.0)


def _lowest(R: Array) -> float:
    """Return the smallest eigenvalue; up to three coordinates, determinant and 1 − |ρ| tell its sign."""
    n = R.shape[-1]
    if n > 3:
        return float(np.linalg.eigvalsh(R).min(initial=0.0))
    off = R[..., *np.triu_indices(n, 1)]
    room = 1.0 - np.abs(off)
    if n == 3:
        a, b, c = np.moveaxis(off, -1, 0)
        room = np.minimum(room.min(axis=-1), 1.0 + 2.0 * a * b * c - a * a - b * b - c * c)
    return float(room.min(initial=0.0))


def comparison_bound(z: Array, R: Array) -> Array:
    r"""Return :math:`\sum_{i<j}\arcsin|\rho_{ij}|\,e^{-(z_i^2 + z_j^2)/(2(1 + |\rho_{ij}|))}/2\pi`, shape (...)."""
    i, j = np.triu_indices(z.shape[-1], 1)
    size = np.minimum(np.abs(R[..., i, j]), 1.0)
    square = np.minimum(z**2, FAR**2)
    decay = np.exp(-0.5 * (square[..., i] + square[..., j]) / (1.0 + size))
    return np.asarray(np.sum(np.arcsin(size) * decay, axis=-1) / (2.0 * np.pi))


def probabilities(z: Array, R: Array, *, tolerance: float, seed: int = 0) -> tuple[Array, Array]:
    """Return the probabilities and their errors, each shape (B,).

    z has shape (B, n), and R shape (B, n, n).
    """
    z = np.clip(z, -FAR, FAR)
    count, n = z.shape
    if n == 0:
        return np.ones(count), np.zeros(count)
    if n <= 3:
        return np.clip(_exact(z, R), 0.0, 1.0), np.full(count, EXACT)
    value = np.prod(special.ndtr(z), axis=1)
    error = comparison_bound(z, R)
    left = np.flatnonzero(error > EXACT)
    middle = () if n > COUPLED else (_small, _coupled) if n in SMALL else (_coupled,)
    for method in (_equal, *middle, _lattice):
        if left.size:
            done, value[left], error[left] = method(
                z[left], R[left], tolerance, seed, value[left], error[left]
            )
            left = left[~done & (error[left] > max(tolerance, EXACT))]
    return np.clip(value, 0.0, 1.0), error


def _exact(z: Array, R: Array) -> Array:
    """Return probabilities of at most three coordinates."""
    if z.shape[1] == 1:
        return np.asarray(special.ndtr(z[:, 0]))
    if z.shape[1] == 2:
        return two(z[:, 0], z[:, 1], R[:, 0, 1])
    return _three(z, R)


def _three(z: Array, R: Array) -> Array:
    """Return Φ₃: the coordinate apart from the pair of the largest correlation is coupled to it."""
    rows = np.arange(len(z))
    pairs = np.abs(np.stack([R[:, 1, 2], R[:, 0, 2], R[:, 0, 1]]))
    order = np.array([[0, 1, 2], [1, 0, 2], [2, 0, 1]])[pairs.argmax(axis=0)]
    z = np.take_along_axis(z, order, axis=1)
    a, b, c = (R[rows, order[:, i], order[:, j]] for i, j in ((0, 1), (0, 2), (1, 2)))
    left = np.maximum((1.0 - c) * (1.0 + c), 0.0)
    known = np.minimum(a * a + (b - a * c) ** 2 / np.maximum(left, 1e-28), 1.0)
    root = np.sqrt(known)
    found, high = np.empty(len(z)), np.inf
    for low, nodes in NODES:
        chosen = np.flatnonzero((1.0 - known >= low) & (1.0 - known < high))
        high = low
        for part in parts(chosen, nodes):
            found[part] = _three_by(
                z[part].T.copy(), a[part], b[part], c[part], left[part], root[part], nodes
            )
    return found


def _three_by(
    z: Array, a: Array, b: Array, c: Array, left: Array, known: Array, nodes: int
) -> Array:
    """Return Φ₃ with one number of nodes; z is (3, B), and nodes come before problems."""
    t, dt, cosine = _path(known, nodes)
    spread = np.sqrt(left) * cosine
    total = special.ndtr(z[0]) * two(z[1], z[2], c)
    for p, q, near, far in ((a, b, z[1], z[2]), (b, a, z[2], z[1])):
        r = t * p
        d = 1.0 - r * r
        gap = far * d - (t * q - r * c) * z[0] - (c - r * t * q) * near
        below = special.ndtr(gap / np.maximum(spread * np.sqrt(d), ROUNDED))
        total += np.sum(dt * p * _density(z[0], near, r, d) * below, axis=0)
    return np.asarray(total)


def _density(x: Array, y: Array, r: Array, d: Array) -> Array:
    """Return the density of two standard normal variables of correlation r, d = 1 − r²."""
    d = np.maximum(d, 1e-300)
    return np.exp(-0.5 * (x * x + y * y - 2.0 * r * x * y) / d) / (2.0 * np.pi * np.sqrt(d))


def _path(known: Array, nodes: int) -> tuple[Array, Array, Array]:
    r"""Return nodes t in [0, 1], their weights, and :math:`\sqrt{1 - \kappa^2t^2}`; each (nodes, B).

    κt = 2τ/(1 + τ²) keeps the root smooth up to its end, where it may vanish, and needs half the nodes of sin.
    """
    s, w = (x[:, None] for x in rule(nodes))
    kappa = np.maximum(known, 1e-8)
    end = kappa / (1.0 + np.sqrt((1.0 - kappa) * (1.0 + kappa)))
    tau = 0.5 * (s + 1.0) * end
    plus = 1.0 + tau * tau
    cosine = (1.0 - tau * tau) / plus
    return 2.0 * tau / (kappa * plus), w * end * cosine / (kappa * plus), cosine


def _coupled(
    z: Array, R: Array, tolerance: float, seed: int, value: Array, error: Array
) -> tuple[Flags, Array, Array]:
    """Return which problems are done, values and errors: a pair is coupled to the two or three others."""
    n, rows = z.shape[1], np.arange(len(z))
    value, error = value.copy(), error.copy()
    pairs = list(combinations(range(n), 2))
    orders = np.array([[*pair, *(k for k in range(n) if k not in pair)] for pair in pairs])
    inside = np.zeros((len(z), len(pairs)))
    for k, order in enumerate(orders):
        for i, j in [(0, 1), *combinations(range(2, n), 2)]:
            inside[:, k] += R[:, order[i], order[j]] ** 2
    order = orders[inside.argmax(axis=1)]
    z = np.take_along_axis(z, order, axis=1)
    R = R[rows[:, None, None], order[:, :, None], order[:, None, :]]
    inner = max(tolerance / 4.0, EXACT)
    rest, unsure = _inner(z[:, 2:], R[:, 2:, 2:], inner)
    base = _exact(z[:, :2], R[:, :2, :2]) * rest
    known = _canonical(R)
    left, last = rows, np.full(len(z), np.inf)
    for nodes in RULES:
        for part in parts(left, nodes * (n - 3) ** 4):
            t, dt, _ = _path(known[part], nodes)
            grown, doubt = _growth(z[part], R[part], t.T, dt.T, inner)
            found = base[part] + grown
            error[part] = np.maximum(np.abs(found - last[part]) + doubt + unsure[part], EXACT)
            value[part] = last[part] = found
        left = left[error[left] > max(tolerance, EXACT)]
        if not left.size:
            break
    done = np.ones(len(z), dtype=bool)
    done[left] = False
    return done, value, error


def _canonical(R: Array) -> Array:
    """Return about the largest correlation between the first two coordinates and the others, shape (B,)."""
    ridge = 1e-12
    first = R[:, :2, :2] + ridge * np.eye(2)
    rest = R[:, 2:, 2:] + ridge * np.eye(R.shape[1] - 2)
    across = np.linalg.solve(rest, np.swapaxes(R[:, :2, 2:], 1, 2))
    M = np.linalg.solve(first, R[:, :2, 2:] @ across)
    half, det = 0.5 * np.trace(M, axis1=1, axis2=2), np.linalg.det(M)
    largest = half + np.sqrt(np.maximum(half**2 - det, 0.0))
    return np.asarray(np.sqrt(np.clip(largest, 0.0, 1.0)))


def _inner(z: Array, R: Array, tolerance: float) -> tuple[Array, Array]:
    """Return probabilities of fewer coordinates and their errors; up to three they have none to speak of."""
    if z.shape[1] <= 3:
        return _exact(z, R), np.zeros(len(z))
    return probabilities(z, R, tolerance=tolerance)


def _growth(z: Array, R: Array, t: Array, dt: Array, tolerance: float) -> tuple[Array, Array]:
    """Return the integral of Plackett's identity over the correlations between both blocks, and its error.

    The error is that of the probabilities inside, of which each is asked for a tolerance; both (B,).
    """
    count, n = z.shape
    total, doubt = np.zeros((2, count))
    block = np.arange(n) < 2
    moved = [[t if block[i] != block[j] else np.ones_like(t) for j in range(n)] for i in range(n)]

    def on_path(i: int, j: int) -> Array:
        return np.asarray(moved[i][j] * R[:, i, j, None])

    for i in range(2):
        for j in range(2, n):
            rest = [k for k in range(n) if k not in (i, j)]
            r = on_path(i, j)
            d = np.maximum(1.0 - r * r, 1e-300)
            x, y = z[:, i, None], z[:, j, None]
            pulls = []
            for k in rest:
                u, v = on_path(k, i), on_path(k, j)
                pulls.append(((u - r * v) / d, (v - r * u) / d))
            C = np.empty((*t.shape, n - 2, n - 2))
            limits = np.empty((*t.shape, n - 2))
            for p, k in enumerate(rest):
                limits[..., p] = z[:, k, None] - pulls[p][0] * x - pulls[p][1] * y
                for q, l in enumerate(rest[: p + 1]):
                    shared = pulls[p][0] * on_path(l, i) + pulls[p][1] * on_path(l, j)
                    C[..., p, q] = C[..., q, p] = on_path(k, l) - shared
            scale = np.sqrt(np.maximum(np.diagonal(C, axis1=-2, axis2=-1), ROUNDED**2))
            limits = np.clip(limits / scale, -FAR, FAR).reshape(-1, n - 2)
            C = np.clip(C / (scale[..., :, None] * scale[..., None, :]), -1.0, 1.0)
            below, unsure = _inner(limits, C.reshape(-1, n - 2, n - 2), tolerance)
            weight = dt * R[:, i, j, None] * _density(x, y, r, d)
            total += np.sum(weight * below.reshape(t.shape), axis=1)
            doubt += np.sum(np.abs(weight) * unsure.reshape(t.shape), axis=1)
    return total, doubt


def _equal(
    z: Array, R: Array, tolerance: float, seed: int, value: Array, error: Array
) -> tuple[Flags, Array, Array]:
    r"""Return which problems have correlations :math:`\rho s_is_j`, their values and errors.

    :math:`\Phi_n = \mathrm E\prod_i\Phi\big((z_i - s_i\sqrt\rho\,u)/\sqrt{1 - \rho}\big)`, u standard normal.
    The integrand is entire, so the trapezoidal rule converges exponentially.
    """
    n = z.shape[1]
    size = np.abs(R[:, 0, 1])
    done = np.zeros(len(z), dtype=bool)
    rho, signs = np.zeros(len(z)), np.ones_like(z)
    off = ~np.eye(n, dtype=bool)
    for side in (1.0, -1.0):
        s = np.where(side * R[:, 0] < 0.0, -1.0, 1.0)
        s[:, 0] = 1.0
        meant = side * size[:, None, None] * s[:, :, None] * s[:, None, :]
        fits = (np.abs(R - meant)[:, off] <= 1e-13).all(axis=1) & ~done
        rho[fits], signs[fits] = side * size[fits], s[fits]
        done |= fits
    with np.errstate(divide="ignore"):
        growth = np.where(rho > 0.0, 1.0 + n * rho / np.maximum(1.0 - rho, 1e-300), 1.0)
    room = np.where(rho < 0.0, 1.0 + n * rho / (1.0 - rho), 1.0)  # ρ(1 − n) < 1 keeps it positive
    width = 9.0 / np.sqrt(np.maximum(room, 1e-300))
    step = 0.7 / np.sqrt(growth)
    nodes = np.ceil(width / step)
    done &= nodes <= MOST_NODES
    value, error = value.copy(), error.copy()
    kept = np.flatnonzero(done)
    for part in _by_nodes(kept, nodes, n):
        most = int(nodes[part].max())
        u = step[part, None] * np.arange(-most, most + 1)
        weight = step[part, None] * np.exp(-0.5 * u * u) / np.sqrt(2.0 * np.pi)
        total = np.ones(u.shape)
        minus = rho[part] < 0.0
        if minus.any():
            total = total.astype(complex)
        root, rest = np.sqrt(np.abs(rho[part])), np.sqrt(1.0 - rho[part])
        for i in range(n):
            moved = signs[part, i, None] * root[:, None] * u
            at = z[part, i, None]
            if minus.any():
                moved = np.where(minus[:, None], 1j, 1.0) * moved
                total = total * (0.5 * special.erfc((moved - at) / (np.sqrt(2.0) * rest[:, None])))
            else:
                total = total * special.ndtr((at - moved) / rest[:, None])
        value[part] = np.sum(weight * total.real, axis=1)
        error[part] = EXACT
    return done, value, error


def _by_nodes(rows: IntArray, nodes: Array, each: int) -> Iterator[IntArray]:
    """Yield rows in parts of about the same number of nodes."""
    ranked = rows[np.argsort(nodes[rows], kind="stable")]
    while ranked.size:
        first = nodes[ranked[0]]
        size = max(1, int(CHUNK // (2 * first)))
        near = int(np.searchsorted(nodes[ranked], 1.5 * first, side="right"))
        yield ranked[: min(size, near)]
        ranked = ranked[min(size, near) :]


def _lattice(
    z: Array, R: Array, tolerance: float, seed: int, value: Array, error: Array
) -> tuple[Flags, Array, Array]:
    """Return that all problems are done, values and errors by lattices."""
    value, error = lattices.means(z, R, tolerance, seed)
    return np.ones(len(z), dtype=bool), value, error


def _small(
    z: Array, R: Array, tolerance: float, seed: int, value: Array, error: Array
) -> tuple[Flags, Array, Array]:
    """Return which problems the smaller lattices do, values and errors; none where they need double precision."""
    value, error = lattices.means(
        z, R, tolerance, seed, largest=SMALL[z.shape[1]], kinds=(np.float32,)
    )
    return error <= tolerance, value, error
