"""The table `at` and the data that compiled code reads, made for one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.composition.draws import draw, words_of
from simtheory.sim.composition.fields import HEAD, Field, composed, each
from simtheory.sim.composition.moves import BY_LINE, FREE, STATED, glide, hop, line
from simtheory.sim.composition.repairs import repaired as by_curvature
from simtheory.sim.composition.repairs import work_of
from simtheory.sim.engine.compilation import address
from simtheory.sim.engine.lanes import room
from simtheory.sim.engine.layout import WIDE

LANES = WIDE.width


@dataclass(frozen=True, slots=True)
class Tables:
    """What all groups of chains read, and how much memory each needs.

    Parameters
    ----------
    at : ndarray of int
        The table.
    data : ndarray
        Numbers that all chains share; `at` holds its address.
    size : int
        Groups of lanes in m.
    """

    at: IntArray
    data: Array
    size: int

    def room(self) -> Array:
        """Return memory m of one group."""
        return room(self.size, LANES)


class Moves(NamedTuple):
    """A kernel as compiled code reads it.

    Parameters
    ----------
    leaps : bool
        Whether a move consists of leapfrog steps.
    acceptance : int
        `FREE`, `ENERGY` or `BY_LINE`.
    convention : int
        `STATED`, `RELEASED` or `IN_PLACE`.
    points : int
        Points of the line integral.
    leapfrog : int
        Leapfrog steps.
    numbers : ndarray, shape (1 + T,)
        Damping, and the step at each level.
    """

    leaps: bool
    acceptance: int
    convention: int
    points: int
    leapfrog: int
    numbers: Array


_NONE = Moves(False, FREE, STATED, 2, 1, np.zeros(0))


def tables_of(
    field: Field,
    key: Any,
    moves: Moves | None = None,
    *,
    apart: bool = False,
    repaired: Array | None = None,
) -> Tables:
    """Return the tables of a field, a key of draws and a kernel.

    Only the parts that a run calls are compiled.

    Parameters
    ----------
    field : Field
        The experts.
    key : ndarray of uint64, shape (2,)
        Key of all draws.
    moves : Moves, optional
        The kernel of annealed chains.
    apart : bool
        Whether the scores of the experts are needed one by one, not their weighted sum.
    repaired : ndarray, shape (T,), optional
        Noise levels at which the score is repaired, in place of the weighted sum.
    """
    d, K, M = field.dim, len(field.kinds), field.linear.shape[1]
    kernel = _NONE if moves is None else moves
    if repaired is not None:
        kernel = _NONE._replace(numbers=np.append(0.0, repaired))
    numbers = (
        field.weights, field.constants, field.linear, field.precisions, kernel.numbers
    )  # fmt: skip
    data = np.concatenate([part.ravel() for part in numbers])
    starts = np.cumsum([0, *(part.size for part in numbers)])[:-1]
    state = 2 * d + 1
    work = max(int(np.diff(field.first).max()) * (1 + d) + 2 * d + work_of(d), K * K)
    lengths = (state, max(state, K), d, d, words_of(d), state, K * d, K, 1, 1, work)
    places = np.cumsum([0, *lengths])
    parts = (
        None if apart else composed if repaired is None else by_curvature,
        each if apart else None,
        draw,
        None if moves is None else glide if moves.leaps else hop,
        line if kernel.acceptance == BY_LINE else None,
    )
    head = [
        *(d, K, M, field.precisions.shape[1], *starts, *places[:-1]),
        *(kernel.acceptance, kernel.convention, kernel.points, kernel.leapfrog),
        *(data.ctypes.data, *key.view(np.int64)),
        *(0 if part is None else address(part, WIDE) for part in parts),
    ]
    assert len(head) == len(HEAD)
    tail = np.stack([field.first[:-1], field.kinds, field.offsets], axis=1).ravel()
    return Tables(np.array([*head, *tail, M], dtype=np.intp), data, int(places[-1]))
