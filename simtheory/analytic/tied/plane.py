"""Exact laws of two concepts in a tied net."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_matrix
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic.tied.laws import log_det_ratio
from simtheory.errors import ArgumentError, RegimeError
from simtheory.labels import implements

__all__ = [
    "PlaneHamiltonian",
    "PlaneLaws",
    "plane_determinant",
    "plane_halfway",
    "plane_hamiltonian",
    "plane_laws",
]


@face
class PlaneLaws(NamedTuple):
    """What two concepts keep while they are learned together.

    Parameters
    ----------
    log_ratio : ndarray, shape (...)
        ln R with R = det W / det(I − W); it grows at the constant speed 2(a₁ + a₂).
    log_tie : ndarray, shape (...)
        ln [w₁₂² / √(det W det(I − W))]; minus infinity for concepts that are not tied.
    tie_speed : ndarray, shape (...)
        Its speed, (a₁ + a₂)(1 − tr W).
    """

    log_ratio: Array
    log_tie: Array
    tie_speed: Array


@implements(
    "two-by-two-laws",
    title="Tied net: the laws of two concepts",
    regime="d = 2, full-rank start with W(0) < I",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def plane_laws(weights: ArrayLike, rates: ArrayLike) -> PlaneLaws:
    r"""Return the exact laws of a tied net with two concepts.

    With :math:`R = \det W/\det(I-W)`, which grows as :math:`e^{2(a_1+a_2)t}`, the trace gives the
    determinant, :math:`\det W = R(\mathrm{tr}W-1)/(R-1)`; and
    :math:`\frac{d}{dt}\ln[w_{12}^2/\sqrt{\det W\det(I-W)}] = (a_1+a_2)(1-\mathrm{tr}W)`, so
    :math:`w_{12}` never changes its sign.

    Parameters
    ----------
    weights : array_like, shape (..., 2, 2)
        Maps in the concept axes, strictly between 0 and I.
    rates : array_like, shape (2,)
        Rates.

    Returns
    -------
    PlaneLaws
        The conserved combination, the tie and the tie's speed.

    Raises
    ------
    RegimeError
        If a map has an eigenvalue outside (0, 1).

    Examples
    --------
    >>> plane_laws([[0.3, 0.1], [0.1, 0.7]], [1.0, 2.0]).tie_speed.round(12)
    np.float64(0.0)
    """
    W, a = as_matrix("weights", weights, rows=2, columns=2), _two_rates(rates)
    log_ratio = log_det_ratio(W)
    log_det = np.linalg.slogdet(W)[1]
    tie = np.abs(W[..., 0, 1])
    tied = tie > 0
    # ½ ln(det W det(I−W)) = ln det W − ½ ln R
    log_tie = 2.0 * np.log(np.where(tied, tie, 1.0)) - log_det + 0.5 * log_ratio
    speed = a.sum() * (1.0 - np.trace(W, axis1=-2, axis2=-1))
    return PlaneLaws(log_ratio, np.where(tied, log_tie, -np.inf), np.asarray(speed))


@face
class PlaneHamiltonian(NamedTuple):
    """Two concepts as a Hamiltonian system with a clock.

    Parameters
    ----------
    P : ndarray, shape (...)
        Half the difference of the two logits of W.
    Q : ndarray, shape (...)
        ln tan θ, θ the angle of the larger one's eigenvector to the first concept.
    tau : ndarray, shape (...)
        Mean of the two logits; it runs at the speed a₁ + a₂.
    H : ndarray, shape (...)
        The Hamiltonian H(P, Q, τ).
    P_dot : ndarray, shape (...)
        Speed of P, ∂H/∂Q.
    Q_dot : ndarray, shape (...)
        Speed of Q, −∂H/∂P.
    """

    P: Array
    Q: Array
    tau: Array
    H: Array
    P_dot: Array
    Q_dot: Array


@implements(
    "plane-hamiltonian",
    title="Tied net: two concepts as a Hamiltonian system",
    regime="d = 2, tied concepts, 0 < W < I",
    source="yang2024",
    where="derived here from Eq. 4.3",
)
@face
def plane_hamiltonian(weights: ArrayLike, rates: ArrayLike) -> PlaneHamiltonian:
    r"""Return the canonical coordinates of two concepts, the Hamiltonian, and the speeds it gives.

    :math:`H = (a_1-a_2)[\ln\sinh P-\tfrac12\ln(\cosh\tau+\cosh P)-\ln\cosh Q]`: one degree of
    freedom, driven by the known clock τ.

    Parameters
    ----------
    weights : array_like, shape (..., 2, 2)
        Maps in the concept axes, strictly between 0 and I; of either sign of :math:`w_{12}`.
    rates : array_like, shape (2,)
        Rates.

    Returns
    -------
    PlaneHamiltonian
        Coordinates, Hamiltonian and speeds.

    Raises
    ------
    RegimeError
        If a map has an eigenvalue outside (0, 1), two equal eigenvalues, or no tie.
    """
    W, a = as_matrix("weights", weights, rows=2, columns=2), _two_rates(rates)
    tau = 0.5 * log_det_ratio(W)
    omega, q = np.linalg.eigh(W)
    logit = np.log(omega) - np.log1p(-omega)
    P = 0.5 * (logit[..., 1] - logit[..., 0])
    along, across = np.abs(q[..., 0, 1]), np.abs(q[..., 1, 1])
    if np.any((P <= 0) | (along == 0) | (across == 0)):
        raise RegimeError(
            "The Hamiltonian form needs two distinct eigenvalues and concepts that are tied; "
            "a diagonal map has the modes."
        )
    Q, pull = np.log(across) - np.log(along), np.cosh(tau) + np.cosh(P)
    H = np.log(np.sinh(P)) - 0.5 * np.log(pull) - np.log(np.cosh(Q))
    gap = a[0] - a[1]
    turning = 1.0 / np.tanh(P) - 0.5 * np.sinh(P) / pull
    return PlaneHamiltonian(P, Q, tau, gap * H, -gap * np.tanh(Q), -gap * turning)


@face
def plane_determinant(trace: ArrayLike, log_ratio: ArrayLike) -> Array:
    r"""Return det W of two concepts from its trace and ln R: :math:`R(\mathrm{tr}W-1)/(R-1)`.

    Parameters
    ----------
    trace : array_like, shape (...)
        Trace of W.
    log_ratio : array_like, shape (...)
        ln R, as `plane_laws` gives it.

    Returns
    -------
    ndarray, shape (...)
        The determinant.

    Raises
    ------
    RegimeError
        If R is one: there the trace is one for every determinant.
    """
    total, level = np.broadcast_arrays(as_finite("trace", trace), as_finite("log_ratio", log_ratio))
    if np.any(level == 0):
        raise RegimeError("At R = 1 the trace is 1 for every determinant; take another time.")
    # R/(R−1) = 1/(1 − e^{−ln R}), from the side that does not overflow
    share = np.exp(np.minimum(level, 0.0)) / np.abs(np.expm1(-np.abs(level)))
    return np.asarray((total - 1.0) * np.sign(level) * share)


@face
def plane_halfway(W0: ArrayLike, rates: ArrayLike) -> Array:
    r"""Return when the trace of W passes one: half of what two concepts have to learn.

    :math:`t = -\ln R(0)/(2(a_1+a_2))`, exactly, though no closed form of W(t) is known.

    Parameters
    ----------
    W0 : array_like, shape (..., 2, 2)
        Start in the concept axes, strictly between 0 and I.
    rates : array_like, shape (2,)
        Rates.

    Returns
    -------
    ndarray, shape (...)
        Canonical time; negative if the trace was above one at the start.

    Raises
    ------
    RegimeError
        If the start has an eigenvalue outside (0, 1).
    """
    a = _two_rates(rates)
    if a.sum() <= 0:
        raise RegimeError("With two rates of zero nothing is ever learned.")
    return np.asarray(-log_det_ratio(as_matrix("W0", W0, rows=2, columns=2)) / (2.0 * a.sum()))


def _two_rates(rates: ArrayLike) -> Array:
    a = as_finite("rates", rates)
    if a.shape != (2,) or a.min() < 0:
        raise ArgumentError(
            f"Argument `rates` must hold two rates, not negative, but it is {rates!r}."
        )
    return a
