"""The table `at` and the data that compiled code reads, made for one run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.composition.draws import draw, words_of
from simtheory.sim.composition.fields import HEAD, Field, composed, each
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


def tables_of(field: Field, key: Any, kernel: tuple[int, int, int, int, int] = (0,) * 5) -> Tables:
    """Return the tables of a field, a key of draws and a kernel.

    Parameters
    ----------
    field : Field
        The experts.
    key : ndarray of uint64, shape (2,)
        Key of all draws.
    kernel : tuple of int
        Kind, acceptance, convention, points and leapfrog steps of the kernel.
    """
    d, K, M = field.dim, len(field.kinds), field.linear.shape[1]
    parts = (field.weights, field.constants, field.linear, field.precisions)
    data = np.concatenate([part.ravel() for part in parts])
    starts = np.cumsum([0, *(part.size for part in parts)])[:-1]
    state = 2 * d + 1
    work = max(int(np.diff(field.first).max()) * (1 + d) + 2 * d, K * K)
    lengths = (state, max(state, K), d, d, words_of(d), state, K * d, K, 1, work)
    places = np.cumsum([0, *lengths])
    head = np.array(
        [
            *(d, K, M, field.precisions.shape[1], *starts, *places[:-1], *kernel),
            *(data.ctypes.data, *key.view(np.int64)),
            *(address(part, WIDE) for part in (composed, each, draw)),
        ],
        dtype=np.intp,
    )
    assert head.size == len(HEAD)
    tail = np.stack([field.first[:-1], field.kinds, field.offsets], axis=1).ravel()
    return Tables(np.array([*head, *tail, M], dtype=np.intp), data, int(places[-1]))
