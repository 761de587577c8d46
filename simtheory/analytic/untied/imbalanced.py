r"""Modes of layers of unequal size in the untied two-layer net, exact.

Symbols
-------
a : rate; w : the mode, 1 where it is learned; lambda : imbalance, the difference of the squares of the second and
the first layer's share; s : strength of a mode of a linear task.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite, as_times, not_negative, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.aligned import map_of_modes, mode_starts
from simtheory.analytic._shared.axes import closed_form
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.labels import implements, label_of
from simtheory.results import Trajectory
from simtheory.tasks import LinearTask

__all__ = ["aligned", "imbalanced_mode", "imbalanced_time"]

_LARGEST = 1e70
"""Largest start or imbalance of a mode over time; beyond, fourth powers leave the range of numbers."""


@implements(
    "imbalanced-mode",
    title="Untied net: a mode of imbalanced layers",
    regime="aligned layers, any rate and imbalance",
    source="tarmoun2021",
    where="the scalar two-layer problem, solved here in closed form",
)
@face
def imbalanced_mode(rate: ArrayLike, w0: ArrayLike, t: ArrayLike, *, imbalance: ArrayLike) -> Array:
    r"""Return one mode of aligned layers of unequal size, :math:`\dot w = a(1-w)\sqrt{\lambda^2+4w^2}`.

    With :math:`\tilde m = \sqrt{4+\lambda^2}`, :math:`v_\pm = (2\pm\tilde m)/\lambda`, :math:`v_0 =
    e^{\mathrm{arsinh}(2w_0/\lambda)}` and :math:`C = \frac{v_0-v_+}{v_0-v_-}e^{-a\tilde mt}`:
    :math:`w = \tfrac\lambda4(v-1/v)` at :math:`v = (v_+-Cv_-)/(1-C)`. Late, it relaxes at the rate
    :math:`a\tilde m`.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a, in units of inverse canonical time (loss ½E‖f−x‖²).
    w0 : array_like, shape (...)
        Start, not negative; broadcasts against `rate`.
    t : array_like, shape (T,)
        Canonical times.
    imbalance : array_like, shape (...)
        λ, the difference of the squares of the second and the first layer's share; its sign does
        not matter, and 0 gives the balanced mode.

    Returns
    -------
    ndarray, shape (..., T)
        The mode over time.

    Raises
    ------
    RegimeError
        If a start or a rate is negative, or a start or an imbalance has no square.

    Examples
    --------
    >>> imbalanced_mode(1.0, 0.01, [0.0, 2.0], imbalance=0.1).round(6)
    array([0.01    , 0.636895])
    """
    times = as_times(t)
    a, start, level = np.broadcast_arrays(
        not_negative("Argument `rate` of a mode", rate, error=RegimeError),
        not_negative("Argument `w0` of a mode", w0, error=RegimeError),
        as_finite("imbalance", imbalance),
    )
    for name, values in (("w0", start), ("imbalance", level)):
        if (largest := float(np.abs(values).max(initial=0.0))) > _LARGEST:
            raise RegimeError(
                f"Argument `{name}` of a mode must be at most {_LARGEST:g}, so that products of squares are "
                f"numbers, but it is {largest:g}."
            )
    return _imbalanced(a[..., None], start[..., None], level[..., None], times)


@face
def imbalanced_time(
    rate: ArrayLike, w0: ArrayLike, *, imbalance: ArrayLike, level: float = 0.5
) -> Array:
    r"""Return the time that a mode of layers of unequal size takes to a level f.

    With :math:`V = w + \sqrt{w^2+\lambda^2/4}` and :math:`V_\pm = 1 \pm \tilde m/2` it is
    :math:`\frac{1}{a\tilde m}\ln\frac{(V_+-V_0)(V_f-V_-)}{(V_0-V_-)(V_+-V_f)}`, see `imbalanced_mode`:
    the larger the imbalance, the shorter.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a.
    w0 : array_like, shape (...)
        Start, not negative.
    imbalance : array_like, shape (...)
        λ; its sign does not matter.
    level : float
        Level f, between 0 and 1.

    Returns
    -------
    ndarray, shape (...)
        The time: zero for a mode that starts at the level or above, infinite at a zero rate, and from
        a zero start without imbalance.

    Raises
    ------
    RegimeError
        If a start or a rate is negative.
    ArgumentError
        If the level is outside (0, 1).

    Examples
    --------
    >>> imbalanced_time(1.0, 0.01, imbalance=[0.0, 1.0, 10.0]).round(4)
    array([2.2976, 0.588 , 0.0682])
    """
    a, start, gap = np.broadcast_arrays(
        not_negative("Argument `rate` of a mode", rate, error=RegimeError),
        not_negative("Argument `w0` of a mode", w0, error=RegimeError),
        _as_gap(imbalance),
    )
    aim, half = share("level", level), 0.5 * np.abs(gap)
    top = np.hypot(1.0, half)
    low = -(half**2) / (1.0 + top)
    ahead = start < aim
    begin = np.where(ahead, start, 0.5 * aim)

    def odds(w: Array) -> tuple[Array, Array]:
        """Return V₊ − V and V − V₋ at w; the first is a product that does not cancel."""
        root = np.hypot(w, half)
        return (1.0 - w) * (1.0 + (1.0 + w) / (top + root)), w + root - low

    (far, near), (still_far, passed) = odds(begin), odds(np.full_like(begin, aim))
    moving = (a > 0) & (near > 0)
    ratio = (far / still_far) * (passed / np.where(moving, near, 1.0))
    time = np.log(ratio) / (2.0 * np.where(moving, a, 1.0) * top)
    return np.asarray(np.where(ahead, np.where(moving, time, np.inf), 0.0))


@face
def aligned(
    task: LinearTask,
    w0: ArrayLike,
    t: ArrayLike,
    *,
    imbalance: ArrayLike,
    probes: ArrayLike | None = None,
) -> Trajectory:
    r"""Return the exact trajectory of two layers of unequal size along the modes of a linear task.

    The share v of its strength s that a mode has reached moves as `imbalanced_mode` says, at the rate
    as and with the imbalance λ/s.

    Parameters
    ----------
    task : LinearTask
        What is learned.
    w0 : array_like, shape () or (..., r)
        Start of each mode of ``task.modes()``, between 0 and its strength; leading axes are an
        ensemble.
    t : array_like, shape (T,)
        Canonical times.
    imbalance : array_like, shape () or (..., r)
        λ of each mode.
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
    """
    modes, start = mode_starts(task, w0)
    times, level = as_times(t), _as_gap(imbalance)
    if level.ndim and level.shape[-1] not in (1, modes.strengths.size):
        raise ShapeError(
            "Argument `imbalance` must be one number or have shape "
            f"(..., {modes.strengths.size}), one for each mode, but its shape is {level.shape}."
        )
    shares = imbalanced_mode(
        modes.rates * modes.strengths, start, times, imbalance=level / modes.strengths
    )
    return closed_form(
        aligned,
        task,
        times,
        map_of_modes(modes, shares),
        exact=True,
        probes=probes,
        label=label_of(imbalanced_mode),
    )


_LARGEST_GAP = 1e100
"""Largest imbalance of a time to a level; the square of much larger ones is beyond float64."""


def _as_gap(imbalance: ArrayLike) -> Array:
    gap = as_finite("imbalance", imbalance)
    if np.abs(gap).max(initial=0.0) > _LARGEST_GAP:
        raise ArgumentError(
            f"Argument `imbalance` must be at most {_LARGEST_GAP:g} in size, but it holds "
            f"{np.abs(gap).max():g}."
        )
    return gap


def _imbalanced(rate: Array, w0: Array, imbalance: Array, t: Array) -> Array:
    r"""Return w of ẇ = a(1−w)√(λ²+4w²) from w0 ≥ 0; arguments broadcast.

    In :math:`V = w + \sqrt{w^2+\lambda^2/4}` the flow is :math:`\dot V = -a(V-V_+)(V-V_-)` with
    :math:`V_\pm = 1 \pm \sqrt{1+\lambda^2/4}`, and w follows from V − |λ|/2, a sum of positive terms.
    """
    half = 0.5 * np.abs(imbalance)
    root, top = np.hypot(w0, half), np.hypot(1.0, half)
    low = -(half**2) / (1.0 + top)
    start = w0 + root
    moving = start > 0
    start = np.where(moving, start, 1.0)
    ahead = (1.0 - w0) * (1.0 + (1.0 + w0) / (top + root))
    behind = start - low
    x = 2.0 * rate * top * t
    grown = ahead * behind * -np.expm1(-x) / (behind + ahead * np.exp(-x))
    first = w0 + w0 * (w0 / np.where(moving, root + half, 1.0))  # V(0) − |λ|/2
    excess = first + grown
    V = half + excess
    w = 0.5 * excess * ((V + half) / np.where(moving, V, 1.0))
    return np.asarray(np.where(moving, w, 0.0))
