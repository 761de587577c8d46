"""Run the compiled loop piece by piece, with a progress bar and a file to resume from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from simtheory._faces import face
from simtheory._typing import Array, IntArray
from simtheory.validation.nets.store import Store

__all__ = ["Engine", "Group", "Watched", "drive"]

Group = tuple[Any, Any, Any]
"""State, data and key of one seed, or of all seeds on a leading axis."""


@face
class Watched(ABC):
    """What was seen of a run so far."""

    @property
    @abstractmethod
    def step(self) -> int:
        """The step of the last look."""

    @property
    @abstractmethod
    def kept(self) -> Any:
        """Which seeds still train, shape (S,)."""

    @abstractmethod
    def add(self, marks: IntArray, seen: dict[str, Array]) -> None:
        """Take what was seen at some steps.

        Parameters
        ----------
        marks : ndarray of int
            The steps.
        seen : dict
            What `Engine.advance` returned, arrays (S, marks, ...).
        """

    @abstractmethod
    def has(self, marks: IntArray) -> bool:
        """Return whether these steps were looked at, by an earlier call.

        Parameters
        ----------
        marks : ndarray of int
            The steps.

        Returns
        -------
        bool
            Whether they were.
        """

    @abstractmethod
    def save(self, store: Store, step: int, state: list[Array]) -> None:
        """Write what was seen, and the state of training, to a file.

        Parameters
        ----------
        store : Store
            The file.
        step : int
            Where training stands, in steps.
        state : list of ndarray
            Its state, seeds on the leading axis.
        """

    @abstractmethod
    def restore(self, store: Store, state: list[Array]) -> tuple[int, list[Array]] | None:
        """Take what a file holds.

        Parameters
        ----------
        store : Store
            The file.
        state : list of ndarray
            The state before the first step, seeds on the leading axis.

        Returns
        -------
        tuple of (int, list of ndarray), or None
            Step and state to go on from; None if there is no file.
        """


@face
class Engine:
    """The compiled loop on the device, and there the state, the data and the key of every seed.

    They lie in groups of one seed each, or of all seeds on a leading axis, whichever is faster.
    Step and states change in one assignment, so that an interrupt finds them together.

    Parameters
    ----------
    learner : Learner
        What is trained.
    groups : list of (state, data, key)
        Where it starts.
    common : Common
        What all seeds share.
    batched : bool
        Whether the one group holds all seeds.
    """

    def __init__(self, learner: Any, groups: list[Group], common: Any, *, batched: bool) -> None:
        self._learner, self._common, self._batched = learner, common, batched
        self._rest = [(data, key) for _, data, key in groups]
        self._at = (0, [state for state, _, _ in groups])

    def advance(self, marks: IntArray, *, kept: Any) -> dict[str, Array]:
        """Train the seeds that are kept up to the last of `marks`.

        Parameters
        ----------
        marks : ndarray of int
            Steps at which to look.
        kept : ndarray of bool, shape (S,)
            Which seeds to train.

        Returns
        -------
        dict
            What was seen there, arrays (S, marks, ...).
        """
        import jax.numpy as jnp

        from simtheory.validation.nets import loop

        step, states = self._at
        ends = jnp.asarray(np.asarray(step)), jnp.asarray(marks)
        train = loop.advance_all if self._batched else loop.advance
        seen: list[dict[str, Array]] = []
        later = list(states)
        for k, (state, rest) in enumerate(zip(states, self._rest, strict=True)):
            if not (self._batched or kept[k]):
                seen.append({})
                continue
            later[k], found = train(self._learner, state, *rest, self._common, *ends)
            seen.append({name: np.asarray(array) for name, array in found.items()})
        self._at = (int(marks[-1]), later)
        if self._batched:
            return seen[0]
        (full, *_) = (found for found in seen if found)
        return {
            name: np.stack([found.get(name, np.full_like(a, np.nan)) for found in seen])
            for name, a in full.items()
        }

    def save(self) -> tuple[int, list[Array]]:
        """Return where training stands.

        Returns
        -------
        step : int
            The step.
        arrays : list of ndarray
            The arrays of the states, seeds on the leading axis.
        """
        import jax

        step, states = self._at
        leaves = [jax.tree.leaves(state) for state in states]
        if self._batched:
            return step, [np.asarray(leaf) for leaf in leaves[0]]
        return step, [np.stack(parts) for parts in zip(*leaves, strict=True)]

    def load(self, step: int, arrays: list[Array]) -> None:
        """Go back to what `save` returned.

        Parameters
        ----------
        step : int
            The step.
        arrays : list of ndarray
            The arrays of the states.
        """
        import jax
        import jax.numpy as jnp

        _, states = self._at
        shape = jax.tree.structure(states[0])
        parts = [arrays] if self._batched else [list(part) for part in zip(*arrays, strict=True)]
        later = [jax.tree.unflatten(shape, [jnp.asarray(a) for a in part]) for part in parts]
        self._at = (step, later)


@face
def drive(
    engine: Engine,
    pieces: IntArray,
    watched: Watched,
    store: Store,
    *,
    moved: Callable[[int], object],
) -> None:
    """Train to the end, from the file on if there is one.

    Parameters
    ----------
    engine : Engine
        The loop.
    pieces : ndarray of int, shape (pieces, marks)
        Steps to look at, piece by piece.
    watched : Watched
        Takes what is seen.
    store : Store
        The file; written now and then, at the end, and where the user interrupts.
    moved : callable
        Takes the number of steps that were done.
    """
    if (found := watched.restore(store, engine.save()[1])) is not None:
        engine.load(*found)
        moved(watched.step)
    saved = watched.step
    try:
        for marks in pieces:
            if watched.has(marks):
                continue
            if not watched.kept.any():
                break
            before = watched.step
            watched.add(marks, engine.advance(marks, kept=watched.kept))
            moved(watched.step - before)
            if store.is_due:
                _save(engine, watched, store)
                saved = watched.step
    finally:  # also where the user interrupts
        if store.path is not None and watched.step != saved:
            _save(engine, watched, store)


def _save(engine: Engine, watched: Watched, store: Store) -> None:
    step, state = engine.save()
    if step == watched.step:  # else an interrupt came between training and looking
        watched.save(store, step, state)
