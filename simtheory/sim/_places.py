"""Where the arrays of an integration stand in memory (`_lanes` tells of the two blocks)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simtheory._typing import IntArray

LANES = 8  # numbers of a group: one for each net that is carried side by side
WIDE = 32  # of the smallest matrices

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
    "share": "one",  # for whoever needs a number of each lane
    "rates": "d",
    "y": "n",
    "f": "n",  # slope at y; every other slope is multiplied with h
    "y_new": "n",
    "f_new": "n",
    "zero": "n",
    "stage": "n",
    "miss": "n",
    "scale": "n",
    "slopes": "stages",
    "dense": "dense",
    "norms": "groups",
    "work": "work",
    "means": "packed",  # (a_i + a_j)/2
    "axes": "turned",
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
_NUMBERS = ("d", "n", "layers", "groups", "is_framed", "is_turned", "n_sums", "n_selected")
_TABLES = ("sizes", "group", "row", "column")  # of the state
_READING = ("ends", "entries", "select")
_TABLEAU = ("first", "stages")
PARTS = ("prepare", "field", "slope", "weigh", "mapped", "enter", "leave", "lift")
NAMES = (*_ARRAYS, *_NUMBERS, *_TABLES, *_READING, *_TABLEAU, *PARTS)


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
