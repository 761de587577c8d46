r"""Markov kernels on Gaussians: what they leave wrong, how often they accept, where annealing stops.

Symbols
-------
v : variance of a direction; delta : Langevin step; h : leapfrog step; L : leapfrog steps of a move;
u : :math:`h/\sqrt v`; theta : angle of one leapfrog step, :math:`\arccos(1 - u^2/2)`. Steps of a kernel
are in units of the smallest variance (`simtheory.noise.kernels`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory._checks import all_positive, as_finite, non_negative
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.labels import Computed, implements
from simtheory.noise import HMC, MALA, UHMC, ULA
from simtheory.noise.kernels import RESONANCE, Kernel
from simtheory.tasks.composition.compositions import Composition
from simtheory.tasks.composition.tails import require_mixtures

__all__ = [
    "acceptance",
    "last_level_bias",
    "line_integral",
    "local_variance",
    "resonances",
    "stationary_variance",
]


@implements(
    "kernel-bias",
    title="What uncorrected kernels leave wrong",
    regime="Gaussians, stable steps, no resonance",
    source="du2023",
    where="derived here from fixed points",
)
@face
def stationary_variance(kernel: Kernel, v: ArrayLike) -> Array:
    r"""Return the variances that a kernel leaves on a Gaussian.

    .. math:: \text{ULA: } \frac v{1 - \delta/2v}, \qquad
        \text{U-HMC: } \frac v{1 - h^2/4v}, \qquad \text{MALA, HMC: } v .

    Parameters
    ----------
    kernel : Kernel
        `ULA`, `MALA`, `UHMC` or `HMC` of `simtheory.noise`.
    v : array_like, shape (d,) or ()
        Variances of the directions; the step is in units of the smallest.

    Returns
    -------
    ndarray, shape (d,) or ()
        Stationary variances.

    Raises
    ------
    ArgumentError
        If the step is unstable, or the kernel is one of the released ones, which have no stationary law.
    RegimeError
        If a move of leapfrog steps is resonant.

    Examples
    --------
    >>> [round(float(stationary_variance(ULA(step=s), 1.0)), 3) for s in (0.1, 0.3, 1.0)]
    [1.053, 1.176, 2.0]
    """
    variances = all_positive("v", v)
    _check_convention(kernel)
    if isinstance(kernel, HMC | UHMC):
        check_resonance(kernel, variances)
    if kernel.corrected:
        return variances
    size = kernel.size(float(variances.min()))
    share = size / (2.0 * variances) if isinstance(kernel, ULA) else size**2 / (4.0 * variances)
    if share.max() >= 1.0:
        limit = "2 v" if isinstance(kernel, ULA) else "2 √v"
        raise ArgumentError(
            f"Argument `kernel` must have a step below {limit} (label kernel-bias), with the smallest v = "
            f"{variances.min():g}, but its step is {size:g}."
        )
    return np.asarray(variances / (1.0 - share))


def _check_convention(kernel: Kernel) -> None:
    if kernel.convention != "stated":
        raise ArgumentError(
            f'Argument `kernel` must have convention="stated", but it is {kernel.convention!r}: the '
            "released acceptance leaves no density as it is."
        )


@implements(
    "kernel-resonance",
    title="Moves that never forget",
    regime="Gaussians, leapfrog moves",
    source="du2023",
    where="derived here from the leapfrog matrix",
)
@face
def resonances(kernel: Kernel, v: ArrayLike) -> Array:
    r"""Return how far each direction's turn in a move is from the next multiple of π.

    A move of L leapfrog steps turns a direction of a Gaussian by
    :math:`L\arccos(1 - h^2/2v)`. At a multiple of π it only changes sign: the direction keeps its start's
    variance for ever, with or without a Metropolis step.

    Parameters
    ----------
    kernel : Kernel
        `UHMC` or `HMC`.
    v : array_like, shape (d,) or ()
        Variances of the directions.

    Returns
    -------
    ndarray, shape (d,) or ()
        Angles from 0 to π/2.

    Examples
    --------
    >>> bool(resonances(UHMC(step=1.0, leapfrog=3), 1.0) < 1e-12)
    True
    """
    if not isinstance(kernel, HMC | UHMC):
        raise ArgumentError(
            f"Argument `kernel` must be UHMC or HMC, but it is of the kind {type(kernel).__name__}."
        )
    turn = kernel.angles(all_positive("v", v))
    return np.abs(turn - np.pi * np.round(turn / np.pi))


@face
def check_resonance(kernel: Kernel, v: ArrayLike) -> None:
    """Refuse a move of leapfrog steps that is resonant along some direction.

    Parameters
    ----------
    kernel : Kernel
        `UHMC` or `HMC`.
    v : array_like, shape (d,) or ()
        Variances of the directions.

    Raises
    ------
    RegimeError
        With the direction, its angle and a count of leapfrog steps that is none.
    """
    single: Any = kernel
    turns = np.atleast_1d(single.angles(v))
    # a turn by nearly nothing is a small step, which mixes slowly but is no resonance
    gaps = np.where(turns > 0.5 * np.pi, np.atleast_1d(resonances(kernel, v)), np.inf)
    if gaps.min(initial=np.inf) >= RESONANCE:
        return
    at = int(gaps.argmin())
    turn = turns[at]
    raise RegimeError(
        f"Argument `kernel` must not turn a direction by a multiple of π in a move (label "
        f"kernel-resonance), but direction {at} of variance {np.atleast_1d(v)[at]:g} turns by "
        f"{turn / np.pi:.4g} π: it would never forget its start. Take another count than "
        f"leapfrog={single.leapfrog}; steps up to 0.7 √v with at most 4 leapfrog steps never resonate."
    )


@implements(
    "kernel-acceptance",
    title="Acceptance of MALA and HMC",
    regime="Gaussians of many directions",
    source="du2023",
    where="derived here from the normal limit",
    exactness="O(1/sqrt(d)), within 0.01 above 0.8",
)
@face
def acceptance(kernel: Kernel, variances: ArrayLike, *, level: float = 0.0) -> float:
    r"""Return the share of moves that a Metropolis step accepts on a Gaussian of many directions.

    .. math:: 2\Phi\big(-\sqrt{\Delta/2}\,\big)\ \text{ with }\
        \Delta_{MALA} = \sum_i\frac{(\delta/v_i)^3}4, \qquad
        \Delta_{HMC} = \sum_i\frac{u_i^4\sin^2(L\theta_i)}{32(1 - u_i^2/4)} .

    The logarithm of the ratio tends to a normal variable of mean −Δ and variance 2Δ. In one dimension
    the value is low by about 0.01.

    Parameters
    ----------
    kernel : Kernel
        `MALA` or `HMC`.
    variances : array_like, shape (d,) or ()
        Variances of the directions of the clean density.
    level : float
        Variance of the noise, which adds to each.

    Returns
    -------
    float
        The acceptance; 1 for kernels without a Metropolis step.

    Examples
    --------
    >>> from simtheory.noise import HMC, MALA
    >>> round(acceptance(MALA(step=0.3), np.ones(10)), 3)
    0.854
    >>> round(acceptance(HMC(step=0.7, leapfrog=3), np.ones(10)), 3)
    0.862
    """
    v = np.atleast_1d(all_positive("variances", variances)) + non_negative("level", level)
    if not kernel.corrected:
        return 1.0
    _check_convention(kernel)
    size = kernel.size(float(v.min()))
    if isinstance(kernel, MALA):
        spread = 0.25 * float(((size / v) ** 3).sum())
    else:
        single: Any = kernel
        turn, u2 = single.angles(v), size**2 / v
        spread = float((u2**2 * np.sin(turn) ** 2 / (32.0 * (1.0 - 0.25 * u2))).sum())
    return float(2.0 * special.ndtr(-np.sqrt(0.5 * spread)))


@face
def local_variance(c: Composition, direction: ArrayLike, *, level: float = 0.0) -> float:
    r"""Return the variance of a mode along a direction, from each expert's steepest component.

    .. math:: v_\lambda = \Big(\sum_iw_i\max_ku^T(C_{ik} + \lambda I)^{-1}u\Big)^{-1} .

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures.
    direction : array_like, shape (d,)
        Along which the variance is asked for; its length does not matter.
    level : float
        Variance of the noise.

    Returns
    -------
    float
        The variance of y.

    Raises
    ------
    RegimeError
        If the density does not fall along the direction.
    """
    experts = require_mixtures(c, "last-level-bias")
    u = as_finite("direction", direction)
    if u.shape != (c.dim,) or not u.any():
        raise ShapeError(
            f"Argument `direction` must be a vector of {c.dim} numbers, not all zero, but it is {u!r:.60}."
        )
    u = u / np.linalg.norm(u)
    noise = non_negative("level", level)
    precision = 0.0
    for w, expert in zip(c.weights.tolist(), experts, strict=True):
        if w:
            axes = np.eye(c.dim) if expert.axes is None else expert.axes
            along = np.einsum("i,...ij->...j", u, axes) ** 2
            precision += w * float((along / (expert.variances + noise)).sum(axis=-1).max())
    if precision <= 0.0:
        raise RegimeError(
            "Argument `direction` must be one along which the density falls (label normalizable), but the "
            f"precision there is {precision:g}."
        )
    return 1.0 / precision


@implements(
    "last-level-bias",
    title="What annealing to a noisy level leaves",
    regime="a Gaussian mode, schedules that preserve variance",
    source="du2023",
    where="derived here from curvatures",
)
@face
def last_level_bias(
    c: Composition, level: float, direction: ArrayLike, *, kernel: Kernel | None = None
) -> float:
    r"""Return by which factor annealing that stops at a noisy level inflates a mode's variance.

    .. math:: \frac{\alpha^2v_\lambda}{v_0} \text{ with } \alpha^2 = \frac1{1 + \lambda},

    as samplers of schedules that preserve variance return z = αy for x. A kernel without correction
    multiplies it by its own bias.

    Parameters
    ----------
    c : Composition
        Of Gaussian mixtures.
    level : float
        The last level, λ = σ²/α².
    direction : array_like, shape (d,)
        Along which the variance is read.
    kernel : Kernel, optional
        The kernel, with steps in units of z where its scale is ``"fixed"``.

    Returns
    -------
    float
        Variance of z over that of the clean mode.

    Examples
    --------
    >>> from simtheory.tasks import du2023
    >>> last = du2023.planar_levels("released").values[-1]
    >>> round(last_level_bias(du2023.ring_times_bar(), last, (1.0, 0.0)), 4)
    1.6361
    """
    noise = non_negative("level", level)
    clean = local_variance(c, direction)
    noisy = local_variance(c, direction, level=noise) / (1.0 + noise)
    if kernel is not None:
        noisy = float(stationary_variance(kernel, noisy))
    return noisy / clean


@implements(
    "mh-line-integral",
    title="Acceptance from scores alone",
    regime="scores that are gradients",
    source="sjoberg2023",
    where="released code; derived here",
    exactness="trapezoidal, second order in the step",
    kind=Computed(
        r"\log p(y) - \log p(x) \approx \sum_k\omega_k\langle s(x + u_k(y - x)), y - x\rangle"
    ),
)
@face
def line_integral(scores: Array, displacement: Array) -> Array:
    r"""Return a difference of log densities from scores along a straight line.

    .. math:: \log p(y) - \log p(x) = \int_0^1\langle s(x + u(y - x)), y - x\rangle du,

    by the trapezoidal rule. It depends on the path where the score is no gradient.

    Parameters
    ----------
    scores : ndarray, shape (points, ..., d)
        Scores at even distances from x to y, both among them.
    displacement : ndarray, shape (..., d)
        y − x.

    Returns
    -------
    ndarray, shape (...)
        Differences of log densities.
    """
    if len(scores) < 2:
        raise ShapeError(
            f"Argument `scores` must hold at least two points of the line, but it holds {len(scores)}."
        )
    along = (as_finite("scores", scores) * as_finite("displacement", displacement)).sum(axis=-1)
    return np.asarray(np.trapezoid(along, dx=1.0 / (len(scores) - 1), axis=0))
