"""Guidance: what it returns on Gaussians, and its parts."""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite, non_negative, non_negative_int, number, positive
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic.composition.naive import GaussianLaw, scalar_law
from simtheory.errors import ArgumentError, ShapeError
from simtheory.labels import implements

__all__ = ["guidance_law", "guidance_parts"]


@implements(
    "cfg-gaussian",
    title="Guidance of Gaussians in closed form",
    regime="x given c is N(c, 1), c is N(0, 1), infinite start",
    source="bradley2024",
    where="derived here from the variance equation",
)
@face
def guidance_law(gamma: float, *, churn: float = 1.0, condition: float = 1.0) -> GaussianLaw:
    r"""Return the law of classifier-free guidance where x given c is N(c, 1) and c is N(0, 1).

    .. math::
        \text{target: } \Big(\frac{2\gamma}{\gamma + 1}\mu, \frac2{\gamma + 1}\Big), \qquad
        \text{SDE: } \Big((2 - 2^{1-\gamma})\mu, \frac{2 - 2^{2-2\gamma}}{2\gamma - 1}\Big), \qquad
        \text{ODE: } V = 2^{1-\gamma} .

    Parameters
    ----------
    gamma : float
        Strength of the guidance, positive.
    churn : float
        0 for the ODE, 1 for the SDE; infinite for the target, to which both tend with churn.
    condition : float
        The condition μ.

    Returns
    -------
    GaussianLaw
        In one dimension, from an infinite start.

    Examples
    --------
    >>> law = guidance_law(2.0)
    >>> law.mean, law.covariance.round(5)
    (array([1.5]), array([[0.58333]]))
    """
    power, mu = positive("gamma", gamma), number("condition", condition)
    if churn == np.inf:
        mean, variance = 2.0 * power / (power + 1.0), 2.0 / (power + 1.0)
    elif churn == 1.0:
        mean = -2.0 * np.expm1(-power * np.log(2.0))
        x = 2.0 * power - 1.0
        variance = 2.0 * np.log(2.0) if x == 0.0 else -2.0 * np.expm1(-x * np.log(2.0)) / x
    else:
        eta2 = non_negative("churn", churn) ** 2
        w = np.array([power, 1.0 - power])
        mean, variance = scalar_law(w, np.array([1.0, 0.0]), np.array([1.0, 2.0]), eta2, np.inf)
    return GaussianLaw(np.array([mean * mu]), np.array([[variance]]))


@implements(
    "guidance-equivalence",
    title="Guided DDPM is an ODE with Langevin dynamics",
    regime="continuous time",
    source="bradley2024",
    where="abstract; derived here for any weights",
)
@face
def guidance_parts(weights: ArrayLike, model: int) -> Array:
    r"""Return the weights of the Langevin part of a reverse SDE, beside the ODE of one model.

    The reverse SDE with weights w is the probability-flow ODE of model j, and Langevin dynamics at half
    speed on the composition with the weights

    .. math:: v_i = 2w_i - \delta_{ij} .

    For guidance, :math:`(\gamma, 1-\gamma)` over the conditional model gives
    :math:`\gamma' = 2\gamma - 1`.

    Parameters
    ----------
    weights : array_like, shape (K,)
        Weights w of the composition.
    model : int
        Number j of the model whose ODE is taken out, from 0.

    Returns
    -------
    ndarray, shape (K,)
        Weights v.

    Raises
    ------
    ShapeError
        If the weights are no row.
    ArgumentError
        If there is no such model.

    Examples
    --------
    >>> guidance_parts((7.5, -6.5), 0)
    array([ 14., -13.])
    """
    w = as_finite("weights", weights)
    if w.ndim != 1:
        raise ShapeError(f"Argument `weights` must have shape (K,), but its shape is {w.shape}.")
    if not 0 <= non_negative_int("model", model) < len(w):
        raise ArgumentError(f"Argument `model` must lie in [0, {len(w) - 1}], but it is {model}.")
    found = 2.0 * w
    found[model] -= 1.0
    return found
