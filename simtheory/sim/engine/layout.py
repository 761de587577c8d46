"""Where the arrays of an integration stand in memory: places in m, and the table `at` of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from typing import NamedTuple

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError

_REGISTERS = {"AVX512F": 8, "AVX2": 4, "ASIMD": 2}
"""Numbers that a register holds, by the feature of a processor that has it, the widest first."""


def _lanes() -> int:
    """Return how many numbers one instruction of this processor acts on, or what the environment says."""
    asked = os.environ.get("SIMTHEORY_LANES")
    if asked is not None:
        if asked not in {str(n) for n in _REGISTERS.values()}:
            raise ArgumentError(
                f"The variable SIMTHEORY_LANES must be 2, 4 or 8, but it is {asked!r}."
            )
        return int(asked)
    has = import_module("numpy._core._multiarray_umath").__cpu_features__
    return next((n for name, n in _REGISTERS.items() if has.get(name)), 4)


LANES = _lanes()
"""Numbers that one instruction acts on. Results do not depend on it, to the last bit."""


class Group(NamedTuple):
    """Numbers that lie together, on which instructions act at once.

    They are one number of each of `nets` nets, or, if `nets` is 1, `width` numbers of a single net.
    """

    width: int
    nets: int


ABREAST = Group(LANES, LANES)
WIDE = Group(4 * LANES, 4 * LANES)  # for the smallest matrices
SQUARE = 8
"""Side of the squares into which a large matrix is cut. Its products are summed square by square, so
another side would give other last digits: it does not follow the processor."""

SINGLE = Group(SQUARE, 1)  # for the largest
SMALL = 4  # largest dimension whose groups are wide; larger matrices fill groups of eight


class Triangle(NamedTuple):
    """How a symmetric matrix stands: its lower triangle, row after row.

    That of a single net is cut into squares, whose rows are groups; numbers above the diagonal are
    not read.

    Parameters
    ----------
    rows, columns : ndarray of int, shape (n,)
        Row of each group, and its column; or its column of squares.
    place : ndarray of int, shape (d, d)
        Number of every entry, counted along the groups of one net.
    size : int
        How many such numbers there are.
    """

    rows: IntArray
    columns: IntArray
    place: IntArray
    size: int

    def arranged(self, entries: Array) -> Array:
        """Return the numbers of triangles that are given row after row, shape (members, size)."""
        numbers = np.zeros((len(entries), self.size))
        numbers[:, self.place[*np.tril_indices(len(self.place))]] = entries
        return numbers


@lru_cache(maxsize=8)
def triangle_of(d: int, group: Group) -> Triangle:
    """Return how nets of dimension d stand in groups of a kind."""
    side = group.width // group.nets  # of a square
    i, j = np.tril_indices(-(-d // side))
    rows, columns = (side * i[:, np.newaxis] + np.arange(side)).ravel(), np.repeat(j, side)
    place = np.empty((d, d), dtype=np.intp)
    row, column = np.tril_indices(d)
    square = (row // side) * (row // side + 1) // 2 + column // side
    number = (square * side + row % side) * side + column % side
    place[row, column] = place[column, row] = number
    return Triangle(rows, columns, place, rows.size * side)


# Arrays of m by name; the value says which length each has.
_ARRAYS = {
    "h": "one",  # step of each lane
    "x": "one",  # fraction of the step
    "now": "one",
    "then": "one",  # end of the step
    "due": "one",  # next point of the grid
    "error": "one",  # of the step, 1 being allowed
    "passed": "one",  # 1 or 0
    "accepted": "one",  # counts
    "rejected": "one",
    "evaluations": "one",
    "share": "one",  # scratch: a number of each lane
    "corner": "one",  # part of a diagonal
    "rates": "across",  # of a matrix: d numbers of each net
    "y": "n",
    "f": "n",  # slope at y; every other slope is multiplied with h
    "y_new": "n",
    "f_new": "n",
    "stage": "n",
    "errors": "errors",  # the two estimates; the first also holds the defect
    "scale": "n",
    "slopes": "stages",
    "dense": "dense",
    "norms": "groups",
    "work": "work",
    "means": "packed",  # (a_i + a_j)/2
    "axes": "turned",
    "teacher": "aimed",  # target of W, if that is not the identity
    "full": "full",
    "base": "framed",  # what a step adds to: y, or nothing in the frame
    "v_new": "framed",  # its result: y_new, or the frame's V
    "value": "framed",  # W of V at a node
    "spare": "framed",  # h times its slope
    "growth": "exponents",  # of the frame over the step
    "raised": "exponentials",  # at a node, and their inverses
    "sums": "sums",  # what a reading adds up
    "weights": "weights",  # of the tableau
    "factors": "factors",  # of the reading
}
_NUMBERS = (
    "d",
    "n",
    "nets",
    "across",  # groups of a row of a matrix
    "line",  # numbers of a row, of each net
    "layers",
    "groups",
    "is_framed",
    "is_turned",
    "is_aimed",
    "may_rest",  # whether nets are watched for rest
    "n_sums",
    "n_selected",
)
_TABLES = ("sizes", "group", "row", "column")  # of the state
_READING = ("ends", "entries", "select")
_TABLEAU = ("first", "stages")
PARTS = ("prepare", "field", "slope", "weigh", "mapped", "cap", "enter", "leave", "lift", "rest")
OUTSIDE = (  # of an integration: addresses of arrays outside of m, and sizes
    "nodes",  # of the tableau
    "grid",  # times (n_times,)
    "states",  # starts (n_members, n_given)
    "given_rates",  # (n_members, d)
    "given_axes",  # (n_members, d, d) or none
    "teachers",  # (n_members, d, d) or none
    "slots",  # where the results of each start go
    "values",  # readings (…, n_times, n_selected)
    "status",
    "reached",  # last good time
    "counts",
    "member",  # net of each lane, -1 for none
    "stop",  # a byte that another thread raises
    "n_times",
    "n_members",
    "n_given",
    "max_steps",
)
NAMES = (*_ARRAYS, *_NUMBERS, *_TABLES, *_READING, *_TABLEAU, *PARTS, *OUTSIDE)


def lay_out(
    lengths: Mapping[str, int],
    numbers: Mapping[str, int],
    tables: Mapping[str, IntArray],
    parts: Mapping[str, int],
) -> tuple[IntArray, int]:
    """Return the table of places and the number of groups of lanes that m must hold."""
    head = dict(numbers) | dict(parts)
    end = 0
    for name, kind in _ARRAYS.items():
        head[name] = end
        end += lengths[kind]
    if not numbers["is_framed"]:
        head["base"], head["v_new"] = head["y"], head["y_new"]
    tail = len(NAMES)
    for name, table in tables.items():
        head[name] = tail
        tail += table.size
    return np.concatenate([[head.get(name, 0) for name in NAMES], *tables.values()]), end
