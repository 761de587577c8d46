"""Trees of a grammar: drawn from the root or from a level down, and parsed from the leaves up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simtheory._typing import IntArray
from simtheory.errors import ArgumentError
from simtheory.tasks.hierarchy._tables import drawn, row_of

if TYPE_CHECKING:
    from simtheory.tasks.hierarchy.tree import TreeGrammar

__all__ = ["grown", "grown_below", "parsed"]


def grown(grammar: TreeGrammar, n: int, rng: np.random.Generator) -> tuple[IntArray, ...]:
    """Draw trees, as the symbols of each level."""
    top = drawn(grammar.root[None, :], np.zeros((n, 1), dtype=np.int64), rng)
    return grown_below(grammar, top, grammar.depth, rng)


def grown_below(
    grammar: TreeGrammar, symbols: IntArray, level: int, rng: np.random.Generator
) -> tuple[IntArray, ...]:
    """Draw what is below given symbols of a level; levels from 0 to this one."""
    levels = [symbols]
    for l in range(level, 0, -1):
        above = levels[0]
        k = drawn(grammar.weights[l - 1], above, rng)
        levels.insert(0, grammar.rules[l - 1][above, k].reshape(len(above), -1))
    return tuple(levels)


def parsed(
    grammar: TreeGrammar, strings: IntArray, level: int
) -> tuple[list[IntArray], list[IntArray]]:
    """Return symbols and rules of strings up to a level, of an unambiguous grammar."""
    levels, chosen = [strings], []
    for l in range(1, level + 1):
        rules, weights = grammar.rules[l - 1], grammar.weights[l - 1]
        parents, which = np.nonzero(weights > 0)
        words = levels[-1].reshape(-1, rules.shape[2])
        found = row_of(rules[parents, which], words, grammar.sizes[l - 1])
        if (found < 0).any():
            place = int(np.argmax(found < 0))
            row, node = divmod(place, grammar.nodes[l])
            raise ArgumentError(
                f"Argument `strings` must hold strings that the grammar writes, but in string "
                f"{row} node {node} of level {l} holds {tuple(words[place].tolist())}, which no "
                "rule writes."
            )
        shape = (len(strings), grammar.nodes[l])
        levels.append(parents[found].reshape(shape))
        chosen.append(which[found].reshape(shape))
    return levels, chosen
