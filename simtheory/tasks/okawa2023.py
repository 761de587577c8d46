"""The splits of Okawa et al. (okawa2023): shape, size and colour of one object.

Classes are written in the order of the paper's figures, shape, size, colour: 000 is the large red circle and
001 the large blue one. The released code keeps shape, colour, size.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import non_negative_int, one_of, share
from simtheory._faces import face
from simtheory._typing import ArrayLike
from simtheory.errors import ArgumentError
from simtheory.tasks.emergence import Code, ConceptGraph
from simtheory.tasks.emergence.codes import PRESENCE

__all__ = ["NAMES", "adversarial_split", "frequency_split", "main_split"]

NAMES = {"shape": ("circle", "triangle"), "size": ("large", "small"), "colour": ("red", "blue")}
"""Concepts of the paper's figures, in their order, and their values."""

_MAIN = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))
_ADVERSARIAL = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 1))


@face
def main_split(
    *, mu: ArrayLike = 1.0, sigma: ArrayLike = 0.0, code: Code = PRESENCE
) -> ConceptGraph:
    """Return the main split: 000, 100, 010 and 001 are trained, equally often.

    Parameters
    ----------
    mu, sigma : array_like, shape () or (3,)
        Strength and spread of shape, size and colour.
    code : Code
        What stands for a value.

    Returns
    -------
    ConceptGraph
        The graph, with names.

    References
    ----------
    okawa2023.

    Examples
    --------
    >>> main_split().name((1, 0, 1))
    'triangle, large, blue'
    """
    return ConceptGraph(_MAIN, mu=mu, sigma=sigma, names=NAMES, code=code)


@face
def adversarial_split(
    *, mu: ArrayLike = 1.0, sigma: ArrayLike = 0.0, code: Code = PRESENCE
) -> ConceptGraph:
    """Return the adversarial split: 000, 100, 010 and 111, so that blue is shown by one class alone.

    Parameters
    ----------
    mu, sigma : array_like, shape () or (3,)
        Strength and spread of shape, size and colour.
    code : Code
        What stands for a value.

    Returns
    -------
    ConceptGraph
        The graph, with names.

    References
    ----------
    okawa2023.
    """
    return ConceptGraph(_ADVERSARIAL, mu=mu, sigma=sigma, names=NAMES, code=code)


@face
def frequency_split(
    f: float,
    concept: str | int = "colour",
    *,
    mu: ArrayLike = 1.0,
    sigma: ArrayLike = 0.0,
    code: Code = PRESENCE,
) -> ConceptGraph:
    """Return the main split with one of its classes thinned.

    Parameters
    ----------
    f : float
        Frequency of the thinned class, as a share of that of the others, in (0, 1].
    concept : str or int
        The concept that is on in the thinned class: ``"shape"``, ``"size"`` or ``"colour"``, or its place.
    mu, sigma : array_like, shape () or (3,)
        Strength and spread of shape, size and colour.
    code : Code
        What stands for a value.

    Returns
    -------
    ConceptGraph
        The graph; its weights are 1, 1, 1 and f, divided by their sum.

    Raises
    ------
    ArgumentError
        If the concept is unknown or f outside (0, 1].

    References
    ----------
    okawa2023.

    Examples
    --------
    >>> frequency_split(0.25, "colour").weights.round(4)
    array([0.3077, 0.3077, 0.3077, 0.0769])
    """
    if share("f", f, ends="(]") < 1e-300:
        raise ArgumentError(f"Argument `f` must be at least 1e-300, but it is {f:g}.")
    if isinstance(concept, str):
        place = list(NAMES).index(one_of("concept", concept, NAMES))
    else:
        place = non_negative_int("concept", concept)
        if place > 2:
            raise ArgumentError(
                f"Argument `concept` must be a place from 0 to 2 or one of {', '.join(NAMES)}, but it is {place}."
            )
    weights = np.ones(4)
    weights[1 + place] = f
    return ConceptGraph(
        _MAIN, mu=mu, sigma=sigma, weights=weights / weights.sum(), names=NAMES, code=code
    )
