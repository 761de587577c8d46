"""Captions that leave something out: a word of a class, hidden in some of its data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simtheory._checks import as_finite, as_generator, non_negative_int, share
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError, ShapeError
from simtheory.validation.nets.diffusion.worlds import World

__all__ = ["Mask"]


@face
@dataclass(frozen=True, slots=True)
class Mask:
    """The word of one concept, hidden in a share of the captions of one class.

    What is hidden is zero in the condition. That is no word of its own where zero lies between two
    values, as with the code ±1; with indicators it is.

    Parameters
    ----------
    concept : int
        Place of the concept whose word is hidden.
    given : tuple of float
        The training class whose captions lose it.
    rate : float
        Share of its captions that do, from 0 to 1.

    Raises
    ------
    ArgumentError
        If a number is out of range.

    Examples
    --------
    >>> Mask(1, (1, 0), 0.75)
    Mask(concept=1, given=(1.0, 0.0), rate=0.75)
    """

    concept: int
    given: tuple[float, ...]
    rate: float

    def __post_init__(self) -> None:
        non_negative_int("concept", self.concept)
        row = as_finite("given", self.given)
        if row.ndim != 1:
            raise ArgumentError(
                f"Argument `given` must be one class, a row of values, but it is {self.given!r}."
            )
        object.__setattr__(self, "given", tuple(float(v) for v in row))
        object.__setattr__(self, "rate", share("rate", self.rate, ends="[]"))

    def check(self, world: World) -> None:
        """Raise if a world has no such concept or training class.

        Parameters
        ----------
        world : World
            The world.

        Raises
        ------
        ArgumentError
            If it has not.
        """
        if self.concept >= len(world.names):
            raise ArgumentError(
                f"Argument `mask` hides concept {self.concept}, but the concepts are 0 to "
                f"{len(world.names) - 1}: {', '.join(world.names)}."
            )
        if self.given not in {tuple(row) for row in world.trained.tolist()}:
            raise ArgumentError(
                f"Argument `mask` must name a training class in `given`, but {self.given} is none: "
                f"{world.trained.tolist()}."
            )

    def applied(self, world: World, condition: Array, *, rng: np.random.Generator | int) -> Array:
        """Return conditions with the word hidden.

        Parameters
        ----------
        world : World
            What the conditions say.
        condition : ndarray, shape (N, c)
            Conditions of the data.
        rng : numpy.random.Generator or int
            Chooses the captions.

        Returns
        -------
        ndarray, shape (N, c)
            A copy.

        Raises
        ------
        ShapeError
            If the conditions are not those of the world.
        """
        words = world.condition([self.given])
        if np.ndim(condition) != 2 or np.shape(condition)[1] != words.shape[-1]:
            raise ShapeError(
                f"Argument `condition` must have shape (N, {words.shape[-1]}), but its shape is "
                f"{np.shape(condition)}."
            )
        hidden = (condition == words).all(axis=1)
        hidden &= as_generator(rng).random(len(condition)) < self.rate
        found = condition.copy()
        found[np.ix_(hidden, world.words(self.concept))] = 0.0
        return found
