r"""The pivots' resummation of an untied net: two factors that differ as the two entries of a pair do.

Symbols
-------
U : effective start, (..., d, h); a, w : rates and logistic modes of the pivots; i, j : index arrays
of the pairs, j the stronger concept; :math:`\sigma \pm \delta` : what the entries (i, j) and (j, i)
of the map are to that of a tied net; :math:`u = 1 + \delta/\sigma`, in [0, 1].

The ratios grow without bound where the tied entry dies sooner. What is integrated is u and how far
ln σ stays behind :math:`\tfrac14(a_j-a_i)(\ell_i+\ell_j)`, its largest value: both stay moderate, and
nothing cancels, however late it is or far apart the rates are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simtheory._checks import as_times
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import closed_form, leave_regime, map_from_concepts
from simtheory.analytic._shared.layers import as_two_layers, on_concepts
from simtheory.analytic._shared.logistic import logistic, time_learned
from simtheory.analytic._shared.rows import adjacent_ratio, by_rate, logit_factor, spread_factor
from simtheory.errors import RegimeError
from simtheory.labels import implements
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

__all__ = [
    "ldr",
]

_SMALL = 0.1
"""Largest squared size of the layers. The error of leaving out their antisymmetric part is of its order."""


_LONGEST = 1.1
"""Largest norm of W. The flow from small layers stays below one plus the size of the start; beyond, the
form has failed."""


_RTOL, _ATOL = 1e-11, 1e-12
"""Tolerances of the integration of u, which is of order one, and of ln σ."""


_TINY = 1e-300
"""Least size of a mode; only ratios of modes enter, so a zero mode may take it."""


def pair_rates(a: tuple[Array, Array], w: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return h and q of σ̇ = hδ, δ̇ = hσ − qδ."""
    (a_i, a_j), (w_i, w_j) = a, w
    drive = 0.5 * (a_i - a_j) * (w_i + w_j)
    w_i, w_j = np.maximum(w_i, _TINY), np.maximum(w_j, _TINY)
    share = w_i / (w_i + w_j)
    decay = 2.0 * ((1.0 - share) * a_i * (1.0 - w_i) + share * a_j * (1.0 - w_j))
    return drive, decay


def turn(u: Array, drive: Array, decay: Array) -> tuple[Array, Array]:
    """Return du/dt and how fast ln σ falls behind, for h ≤ 0."""
    return drive * u * (2.0 - u) + decay * (1.0 - u), -drive * u


@implements(
    "untied-ldr",
    title="Untied net: the pivots' resummation",
    exactness="O(ω^(1−ρ)) + O(√ω), ω the squared size of the layers, ρ the largest ratio of adjacent rates",
    regime="small layers of any width, W(0) < I",
    source="yang2024",
    where="derived here from the flow",
)
@face
def ldr(
    task: SIMTask,
    layers: Sequence[ArrayLike],
    t: ArrayLike,
    *,
    strict: bool = True,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of an untied net by the pivots' resummation: the form for dense starts.

    As `simtheory.analytic.tied.pivots` from :math:`U_0 = \tfrac12(W_2+W_1^T)`, but with two
    factors, of :math:`Y = \Lambda^L\,\mathrm{diag}(\pi)\,{\Lambda^R}^T`: they are
    :math:`\Lambda_{ij}(t)\,(\sigma_{ij} \pm \delta_{ij})`, in the ratio in which the entries (i, j)
    and (j, i) of a nearly diagonal map are to the tied entry.

    Parameters
    ----------
    task : SIMTask
        What is learned; equal and zero rates are fine.
    layers : tuple of array_like
        W₁ of shape (..., h, d) and W₂ of shape (..., d, h), of any width and rank; they need not be
        balanced. Leading axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    strict : bool
        Refuse a start that is not small; False evaluates it with a `RegimeWarning`.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Approximate; `arrays` holds ``small_parameter`` (omega, the largest squared singular value of
        a layer), ``rate_ratio`` (rho, the largest ratio of two neighbouring distinct rates) and
        ``error_estimate``, an order of magnitude: the larger of omega^(1−rho), which the tied form
        errs by, and omega^((1+q)/2), with q the ratio of the slowest rate to the fastest, which the
        part of the start that dies has in the fastest concept's row and column.

    Raises
    ------
    RegimeError
        If :math:`U_0U_0^T` has an eigenvalue of one or more, or the ratios cannot be integrated;
        if strict, also if omega exceeds 0.1 or the norm of W exceeds 1.1.

    Notes
    -----
    With equal rates it is the tied form to the last digits. The ratios are integrated to 1e-11, two
    equations for each pair.

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.0)
    >>> layers = ([[0.01, 0.005], [0.0, 0.01]], [[0.01, 0.0], [0.005, 0.01]])
    >>> ldr(task, layers, [0.0, 4.0]).weights[1].round(4)
    array([[0.0044, 0.0028],
           [0.0086, 0.9991]])
    """
    times = as_times(t)
    below, above = on_concepts(task, list(as_two_layers(layers, rows=task.dim, columns=task.dim)))
    U = np.asarray(0.5 * (above + np.swapaxes(below, -1, -2)))
    size = [np.linalg.norm(layer, 2, axis=(-2, -1)) for layer in (below, above)]
    omega, rho = np.square(np.maximum(*size)), adjacent_ratio(task.rates)
    _require_small(U, omega, strict=strict)
    members = [one_start(task.rates, each, times) for each in U.reshape(-1, *U.shape[-2:])]
    weights = np.reshape(members, (*U.shape[:-2], times.size, task.dim, task.dim))
    longest = np.linalg.norm(weights, 2, axis=(-2, -1)).max(initial=0.0)
    if longest > _LONGEST:
        leave_regime(
            f"This form's map should not be longer than one, but its norm reaches {longest:.3g}: rates "
            "that are close but distinct ask too much of it. Integrate the flow.",
            strict=strict,
        )
    return closed_form(
        ldr,
        task,
        times,
        map_from_concepts(task, weights),
        probes=probes,
        stats={
            "small_parameter": omega,
            "rate_ratio": rho,
            "error_estimate": _error(task.rates, omega, rho),
        },
    )


def _error(rates: Array, omega: Array, rho: float) -> Array:
    """Return the larger of the tied form's error and of what is left out, omega < 1.

    The part left out of a slow concept, e^{−a_jt} √omega, meets the fastest when that is learned, at
    the time −ln(omega)/2a: √omega · omega^(a_j/2a) is left of it.
    """
    top = rates.max()
    slowest = float(rates.min() / top) if top > 0 else 1.0
    return np.asarray(omega ** min(1.0 - rho, 0.5 * (1.0 + slowest)))


def _require_small(U: Array, omega: Array, *, strict: bool) -> None:
    largest = float(np.linalg.norm(U, 2, axis=(-2, -1)).max(initial=0.0)) ** 2
    if largest >= 1.0 - 1e-14:
        raise RegimeError(
            "The logit matrix needs an effective start with U0 U0' < I, but its largest eigenvalue is "
            f"{largest:g}. Scale the layers down, or integrate the flow."
        )
    if omega.max(initial=0.0) > _SMALL:
        leave_regime(
            f"This form needs layers whose squared singular values stay below {_SMALL:g}, but the "
            f"largest is {omega.max():.3g}.",
            strict=strict,
        )


def one_start(rates: Array, U: Array, t: Array) -> Array:
    """Return W of one effective start, shape (T, d, d)."""
    order, back = by_rate(rates)
    a = rates[order]
    lower = logit_factor(U[order])
    ratios = pair_ratios(a, np.square(np.diagonal(lower)), t)
    return combined(a, lower, ratios, t)[:, back[:, None], back]


def combined(a: Array, lower: Array, ratios: tuple[Array, Array], t: Array) -> Array:
    """Return W of falling rates, given the factor of the start, u and ln σ, each (T, pairs)."""
    d = a.size
    i, j = np.tril_indices(d, -1)
    u, log_mean = ratios
    spread, rest = spread_factor(a, lower, t, log_ratio=_on_pairs(log_mean, d))
    left, right = spread.copy(), spread
    left[:, i, j] *= u
    right[:, i, j] *= 2.0 - u
    turned = np.swapaxes(right, -1, -2)
    inner = rest[..., None] ** 2 * np.eye(d) + turned @ left
    return np.asarray(left @ np.linalg.solve(inner, turned))


def pair_ratios(a: Array, pivots: Array, t: Array) -> tuple[Array, Array]:
    """Return u and ln σ of all pairs, each (T, pairs): LSODA, as learned concepts are stiff."""
    i, j = np.tril_indices(a.size, -1)
    n = i.size
    if t[-1] == 0.0 or not n:
        return np.ones((t.size, n)), np.zeros((t.size, n))
    w0 = pivots / (1.0 + pivots)

    def slope(time: float, state: Array) -> Array:
        w = logistic(a, w0, np.array([time]))[0]
        rates = pair_rates((a[i], a[j]), (w[i], w[j]))
        return np.concatenate(turn(state[:n], *rates))

    start = np.concatenate([np.ones(n), np.zeros(n)])
    from scipy.integrate import solve_ivp  # loading it takes a quarter of a second

    found = solve_ivp(slope, (0.0, t[-1]), start, "LSODA", t, rtol=_RTOL, atol=_ATOL)
    if not found.success or not np.all(np.isfinite(found.y)):
        raise RegimeError(
            f"The pair ratios could not be integrated up to t = {t[-1]:g}: {found.message} "
            "Ask for earlier times."
        )
    learned = time_learned(a, w0, t)
    most = 0.25 * (a[j] - a[i]) * (learned[:, i] + learned[:, j])
    return found.y[:n].T, most - found.y[n:].T


def _on_pairs(values: Array, d: int) -> Array:
    square = np.zeros((*values.shape[:-1], d, d))
    i, j = np.tril_indices(d, -1)
    square[..., i, j] = values
    return square
