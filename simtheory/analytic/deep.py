r"""Deep linear nets f(x) = W_L … W_1 x: one mode at any depth, and the tie between two modes.

Problem
-------
Gradient flow on :math:`\tfrac12E\|Wx - x\|^2` moves the layers of :math:`W = W_L\cdots W_1`. When they
are *balanced* (:math:`W_{l+1}^TW_{l+1} = W_lW_l^T`, which the flow keeps) and aligned with the
concepts, each diagonal entry moves on its own (label ``depth-mode``)

.. math:: \dot w = La\,w^{2-2/L}(1-w) .

Symbols
-------
L : depth; a : rate; w : mode, an entry of the diagonal of W; :math:`v = w^{1/L}` : one layer's share;
t : canonical time, (T,); :math:`B = W_{ij}, \bar B = W_{ji}` : a pair of off-diagonal entries.

Result
------
==================  =============================================  =================================
function            holds                                           error
==================  =============================================  =================================
`mode`              balanced, aligned layers, any real L ≥ 1        none
`time_to_level`     the same                                        none
`aligned`           the same, on any `LinearTask` with modes        none
`aligned_times`     the same                                        none
`infinite_depth`    the limit of L → ∞ at fixed La                  none
`off_diagonals`     balanced layers, W nearly diagonal              O(eps²)
==================  =============================================  =================================

Reading
-------
One layer relaxes at once; two layers grow exponentially; from three layers on a small start waits
for a time :math:`w_0^{2/L-1}/((L-2)a)`, a power of the start, and is then learned all the faster. So
depth sharpens the order in which concepts appear.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simtheory._checks import as_finite, as_times, not_negative, rounding, share, shares
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared import depth_clock as clock
from simtheory.analytic._shared.aligned import map_of_modes, mode_starts
from simtheory.analytic._shared.axes import closed_form, map_from_concepts
from simtheory.analytic._shared.layers import BALANCED, as_layers, on_concepts
from simtheory.analytic._shared.off_diagonal import balanced_first_order
from simtheory.errors import ArgumentError, RegimeError
from simtheory.labels import implements, label_of
from simtheory.results import Trajectory
from simtheory.tasks import LinearTask, Modes, SIMTask

__all__ = [
    "aligned",
    "aligned_times",
    "infinite_depth",
    "mode",
    "off_diagonals",
    "time_to_level",
]


@implements(
    "depth-mode",
    title="Deep net: a mode of any depth",
    regime="balanced layers aligned with the concepts, any real depth of at least 1",
    source="saxe2014",
    where="derived here from the flow of one mode",
)
@face
def mode(rate: ArrayLike, w0: ArrayLike, t: ArrayLike, *, depth: float) -> Array:
    r"""Return one mode of a balanced net of any depth, :math:`\dot w = La\,w^{2-2/L}(1-w)`.

    With :math:`v = w^{1/L}` it is given by :math:`at = H(v) - H(v_0)`, where :math:`H =
    -\frac{v^{2-L}}{L-2} + \frac{v^2}{2}\,{}_2F_1(1, \tfrac2L; 1+\tfrac2L; v^L)`, and is found from
    it by Newton's method.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a, in units of inverse canonical time (loss ½E‖f−x‖²).
    w0 : array_like, shape (...)
        Start, between 0 and 1; broadcasts against `rate`.
    t : array_like, shape (T,)
        Canonical times.
    depth : float
        Number of layers L; real, at least 1.

    Returns
    -------
    ndarray, shape (..., T)
        The mode over time.

    Raises
    ------
    RegimeError
        If a start lies outside [0, 1] or a rate is negative.
    ArgumentError
        If the depth is less than 1.

    Notes
    -----
    From zero a mode never leaves at depth 2 or more; below it leaves at once. From a small start it
    waits for a long time and then rises fast, so w during the rise is known to about
    :math:`L\epsilon at` relative to itself, with :math:`\epsilon` the rounding of t.

    Examples
    --------
    >>> mode(1.0, 0.001, [0.0, 9.14475], depth=3).round(4)
    array([0.001, 0.5  ])
    """
    layers, times = _depth(depth), as_times(t)
    a, start = _mode_arguments(rate, w0)
    return clock.mode(a[..., None], start[..., None], times, layers)


@face
def time_to_level(rate: ArrayLike, w0: ArrayLike, *, depth: float, level: float = 0.5) -> Array:
    r"""Return the time that a mode of a balanced net takes to a level f.

    :math:`[H(f^{1/L}) - H(w_0^{1/L})]/a`, with the H of `mode`: zero for a mode that starts at the
    level or above; infinite at a zero rate, and from a zero start at depth 2 or more.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a.
    w0 : array_like, shape (...)
        Start, between 0 and 1.
    depth : float
        Number of layers L; real, at least 1.
    level : float
        Level f, between 0 and 1.

    Returns
    -------
    ndarray, shape (...)
        The time.

    Raises
    ------
    RegimeError
        If a start lies outside [0, 1] or a rate is negative.
    ArgumentError
        If the depth is less than 1, or the level outside (0, 1).

    Examples
    --------
    >>> time_to_level(1.0, 0.001, depth=4).round(4)
    np.float64(15.5292)
    """
    layers = _depth(depth)
    a, start = _mode_arguments(rate, w0)
    aim = share("level", level)
    ahead = start < aim
    moving = (a > 0) & ((start > 0) | (layers < 2.0))
    y0 = special.logit(np.where(ahead & moving, start, 0.5 * aim))
    wait = clock.elapsed(np.broadcast_to(special.logit(aim), y0.shape), y0, layers)
    times = np.where(moving, wait / np.where(a > 0, a, 1.0), np.inf)
    return np.asarray(np.where(ahead, times, 0.0))


@face
def aligned(
    task: LinearTask,
    w0: ArrayLike,
    t: ArrayLike,
    *,
    depth: float,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the exact trajectory of balanced layers that start along the modes of a linear task.

    The share v of its strength s that a mode has reached moves as that of the identity task does, at
    the rate :math:`a s^{2-2/L}`: :math:`\dot v = La\,s^{2-2/L}\,v^{2-2/L}(1-v)`, see `mode`.

    Parameters
    ----------
    task : LinearTask
        What is learned.
    w0 : array_like, shape () or (..., r)
        Start of each mode of ``task.modes()``, between 0 and its strength; leading axes are an
        ensemble.
    t : array_like, shape (T,)
        Canonical times.
    depth : float
        Number of layers L; real, at least 1.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Exact; W has no other parts than the modes.

    Raises
    ------
    RegimeError
        If the teacher is not aligned with the inputs, or a start lies outside its mode.
    ArgumentError
        If the depth is less than 1.

    References
    ----------
    saxe2019, equation 6, for two layers.

    Examples
    --------
    >>> from simtheory.tasks import saxe2019
    >>> run = aligned(saxe2019.hierarchy(), 0.01, [0.0, 5.0, 50.0], depth=2)
    >>> run.weights[-1].round(3)[0]
    array([1., 1., 1., 1.])
    """
    layers, times = _depth(depth), as_times(t)
    modes, start = mode_starts(task, w0)
    shares = mode(_speeds(modes, layers), start, times, depth=layers)
    return closed_form(
        aligned,
        task,
        times,
        map_of_modes(modes, shares),
        exact=True,
        probes=probes,
        label=label_of(mode),
    )


@face
def aligned_times(task: LinearTask, w0: ArrayLike, *, depth: float, level: float = 0.5) -> Array:
    r"""Return when each mode of a linear task comes to a share f of its strength.

    With two layers :math:`\frac{1}{2as}\ln\frac{f(s-w_0)}{w_0(1-f)}`, the published time of Saxe et
    al.; see `time_to_level` for other depths.

    Parameters
    ----------
    task : LinearTask
        What is learned.
    w0 : array_like, shape () or (..., r)
        Start of each mode of ``task.modes()``, between 0 and its strength.
    depth : float
        Number of layers L; real, at least 1.
    level : float
        Share f of the strength, between 0 and 1.

    Returns
    -------
    ndarray, shape (..., r)
        The times, in the order of the modes.

    Raises
    ------
    RegimeError
        If the teacher is not aligned with the inputs, or a start lies outside its mode.
    ArgumentError
        If the depth is less than 1, or the level outside (0, 1).

    References
    ----------
    saxe2019, equation 7.

    Examples
    --------
    >>> from simtheory.tasks import saxe2019
    >>> aligned_times(saxe2019.hierarchy(), 0.01, depth=2).round(3)
    array([4.214, 5.945, 9.19 , 9.19 ])
    """
    layers = _depth(depth)
    modes, start = mode_starts(task, w0)
    return time_to_level(_speeds(modes, layers), start, depth=layers, level=level)


def _speeds(modes: Modes, depth: float) -> Array:
    return np.asarray(modes.rates * modes.strengths ** (2.0 - 2.0 / depth))


@implements(
    "depth-infinite",
    title="Deep net: a mode of infinite depth",
    regime="depth to infinity at a fixed product of depth and rate; balanced, aligned layers",
    source="saxe2014",
    where="derived here as the limit of the flow of one mode",
)
@face
def infinite_depth(rate: ArrayLike, w0: ArrayLike, t: ArrayLike) -> Array:
    r"""Return one mode in the limit of infinite depth, :math:`\dot w = \tilde a\,w^2(1-w)`.

    :math:`w = 1/(1+\omega(-1-T))` with Wright's omega function and :math:`T = \tilde at - 1/w_0 +
    \ln\frac{w_0}{1-w_0}`.

    Parameters
    ----------
    rate : array_like, shape (...)
        Depth times rate, :math:`\tilde a = La`, which is held fixed as the depth grows.
    w0 : array_like, shape (...)
        Start, between 0 and 1; broadcasts against `rate`.
    t : array_like, shape (T,)
        Canonical times.

    Returns
    -------
    ndarray, shape (..., T)
        The mode over time.

    Raises
    ------
    RegimeError
        If a start lies outside [0, 1] or a rate is negative.

    Examples
    --------
    >>> infinite_depth(1.0, 0.05, [0.0, 15.0, 20.0]).round(4)
    array([0.05  , 0.1592, 0.3963])
    """
    times = as_times(t)
    a, start = _mode_arguments(rate, w0)
    a, start = a[..., None], start[..., None]
    time = a * times
    still = (start == 0.0) | (start == 1.0) | (time == 0.0)
    safe = np.where(still, 0.5, start)
    # −1 − T, without the −1 and the 1/w0 cancelling late: (1 − w0)/w0 is the odds against.
    against = (1.0 - safe) / safe
    values = 1.0 / (
        1.0 + special.wrightomega(against + np.log(against) - np.where(still, 0.0, time))
    )
    return np.asarray(np.where(still, start, values))


@implements(
    "depth-offdiag",
    title="Deep net: first order in the off-diagonals",
    exactness="O(ε²) on the diagonal, ε the largest size of W_ij over √(w_ii w_jj)",
    regime="balanced layers, W nearly diagonal all along (ε ≲ 0.1)",
    source="yang2024",
    where="derived here from the flow",
)
@face
def off_diagonals(
    task: SIMTask,
    layers: Sequence[ArrayLike],
    t: ArrayLike,
    *,
    strict: bool = True,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the trajectory of a balanced deep net to first order in the off-diagonals of W.

    Diagonal entries are modes. With :math:`B = W_{ij}`, :math:`\bar B = W_{ji}`, :math:`\alpha =
    (l-1)/L`, :math:`\gamma = (L-l)/L`, :math:`g = a(1-w)` and :math:`\varphi_q =
    (w_i^{2q}-w_j^{2q})/(w_i^2-w_j^2)`, layer l adds to :math:`\dot B` the part
    :math:`\varphi_\alpha(w_i\bar B+w_jB)g_jw_j^{2\gamma} - w_i^{2\alpha}a_jBw_j^{2\gamma} +
    w_i^{2\alpha}g_i\varphi_\gamma(w_iB+w_j\bar B)`.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    layers : tuple of array_like
        Two layers or more, first layer first, balanced: :math:`W_{l+1}^TW_{l+1} = W_lW_l^T`. Leading
        axes are an ensemble.
    t : array_like, shape (T,)
        Canonical times.
    strict : bool
        Refuse a trajectory that leaves the regime; False gives it with a `RegimeWarning`.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        Approximate; `arrays` holds ``small_parameter`` (eps, the largest :math:`|W_{ij}|` over
        :math:`\sqrt{w_{ii}w_{jj}}` on the grid) and ``error_estimate``, its square.

    Raises
    ------
    RegimeError
        If the layers are not balanced, if a diagonal entry of W(0) lies outside (0, 1), or, when
        `strict`, if eps exceeds 0.1.

    Notes
    -----
    Two linear equations a pair, integrated by LSODA beside the modes, to about 1e-9 of the largest
    entry of the pair.
    """
    times = as_times(t)
    chain = on_concepts(task, as_layers(layers, rows=task.dim, columns=task.dim))
    weights, stats = balanced_first_order(
        task.rates, chain, times, strict=strict, tolerance=rounding(*layers, double=BALANCED)
    )
    return closed_form(
        off_diagonals,
        task,
        times,
        map_from_concepts(task, weights),
        probes=probes,
        stats=stats,
    )


def _depth(depth: float) -> float:
    layers = float(as_finite("depth", depth))
    if layers < 1.0:
        raise ArgumentError(f"Argument `depth` must be at least 1, but it is {layers:g}.")
    return layers


def _mode_arguments(rate: ArrayLike, w0: ArrayLike) -> tuple[Array, Array]:
    a = not_negative("Argument `rate` of a mode", rate, error=RegimeError)
    start = shares("Argument `w0` of a deep net's mode", w0, error=RegimeError)
    a, start = np.broadcast_arrays(a, start)
    return a, start
