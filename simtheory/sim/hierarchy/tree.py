"""The tables of a grammar as compiled code reads them: whole numbers, numbers, and places in memory.

The numbers of eight strings lie abreast (`engine`). Messages of a level stand node after node, symbol
after symbol. `Tree.at` holds, for each level l, the whole numbers that the names below index:
``at[FIELDS * l + NODES]``, and after them the lists of rules; `Tree.numbers` holds probabilities, of
rules and of the symbols at each node.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.engine.layout import LANES
from simtheory.tasks.hierarchy import TreeGrammar

_APART = 32
"""Places, modulo twice as many, between a message up and the one down: 2 kB. A processor takes a load
for one of a number just stored if the addresses agree in their last 12 bits, and waits for it."""

_OWN = 16  # groups from `FREE` on, which the kernels name

FIELDS = 16  # whole numbers of a level
SYMBOLS, NODES, BRANCHES = 0, 1, 2
UP, DOWN = 3, 4  # places of messages
FIRST = 5  # of each symbol its first rule
WORDS = 6  # of each rule the places of its children's symbols
WEIGHTS = 7  # index of the rules' probabilities; 1 where all are equal
LISTS = 8  # of each child's symbol its first pair, where rules have two children and one probability; else 0
PAIRS = 9  # pairs of the symbol that a rule rewrites and the place of the other child's symbol
PRIOR = 10  # index of the symbols' probabilities at each node
TRIE = 11  # states of a reader of tuples
RULES = 12  # of each final state the rule of its tuple,
PARENTS = 13  # and the symbol of that
NUMBERS = 14  # of level 0 alone: index of `Tree.numbers` in memory,
FREE = 15  # and a place


class Tree(NamedTuple):
    """A grammar for compiled code.

    Parameters
    ----------
    depth : int
        L.
    sizes, nodes : tuple of int
        Symbols and nodes of each level, from 0.
    at : ndarray of int64
        The fields of each level, and lists.
    numbers : ndarray
        Probabilities of rules and of symbols.
    even : ndarray, shape (L + 1,)
        Sum of the logarithms of the probabilities that are left out, up to each level.
    row : int
        Messages of the largest level.
    unambiguous : bool
        Whether no tuple is written by two rules.
    groups : int
        Groups of lanes of the memory of eight strings: messages, the numbers, and the few at `FREE`.
    """

    depth: int
    sizes: tuple[int, ...]
    nodes: tuple[int, ...]
    at: Any
    numbers: Array
    even: Array
    row: int
    unambiguous: bool
    groups: int


@lru_cache(maxsize=32)
def tree_of(grammar: TreeGrammar) -> Tree:
    """Return the tables of a grammar."""
    sizes, nodes, depth = grammar.sizes, grammar.nodes, grammar.depth
    fields = np.zeros((depth + 1, FIELDS), dtype=np.int64)
    lists: list[Any] = []
    numbers: list[Any] = []
    even = np.zeros(depth + 1)
    place = 0
    ends = [FIELDS * (depth + 1), 0]

    def kept(kind: int, values: Any) -> int:
        """Append a list and return where it begins."""
        into = (lists, numbers)[kind]
        into.append(np.ravel(values))
        begin = ends[kind]
        ends[kind] += into[-1].size
        return begin

    for l in range(depth + 1):
        field = fields[l]
        field[SYMBOLS], field[NODES] = sizes[l], nodes[l]
        size = sizes[l] * nodes[l]
        field[UP], field[DOWN] = place, place + size + (_APART - size) % (2 * _APART)
        place = field[DOWN] + size
        field[PRIOR] = kept(1, grammar.marginals[l])
        if not l:
            continue
        used = _used(grammar, l)
        weights, s, n = used.weights, used.words.shape[1], sizes[l - 1]
        children = used.words + n * np.arange(s)
        field[BRANCHES] = s
        field[FIRST] = kept(0, np.searchsorted(used.parents, np.arange(sizes[l] + 1)))
        field[WORDS] = kept(0, children)
        is_even = bool((weights == weights[0]).all())
        field[WEIGHTS] = kept(1, np.ones(len(weights)) if is_even else weights)
        even[l] = even[l - 1] + is_even * nodes[l] * np.log(weights[0])
        if is_even and s == 2:
            own = children.ravel()
            pairs = np.stack([used.parents.repeat(2), children[:, ::-1].ravel()], axis=1)
            order = np.argsort(own, kind="stable")
            field[LISTS] = kept(0, np.searchsorted(own[order], np.arange(2 * n + 1)))
            field[PAIRS] = kept(0, pairs[order])
        trie, rules = _trie(used.words, n)
        field[TRIE], field[RULES] = kept(0, trie), kept(0, rules)
        field[PARENTS] = kept(0, np.where(rules < 0, -1, used.parents[rules]))
    row = max(n * k for n, k in zip(sizes, nodes, strict=True))
    probabilities = np.concatenate(numbers)
    free = place + -(-probabilities.size // LANES)
    fields[0, [NUMBERS, FREE]] = place * LANES, free
    return Tree(
        depth,
        sizes,
        nodes,
        np.concatenate([fields.ravel(), *lists]).astype(np.int64),
        probabilities,
        even,
        row,
        grammar.unambiguous,
        free + _OWN,
    )


class _Used(NamedTuple):
    parents: IntArray
    words: IntArray
    weights: Array


def _used(grammar: TreeGrammar, level: int) -> _Used:
    """Return the rules of a level that have a probability, symbol after symbol."""
    weights = grammar.weights[level - 1]
    parents, which = np.nonzero(weights > 0)
    return _Used(parents, grammar.rules[level - 1][parents, which], weights[parents, which])


def _trie(words: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """Return a reader of tuples: the next state for each state and symbol, and the rule of each tuple.

    It starts in state 1. No tuple that is written leads to state 0, which nothing leaves. The last symbol
    leads to the number of the tuple, from 1 on, whose rule is named: the first of equal ones. Symbols
    are counted from -1, which stands for none.
    """
    count, s = words.shape
    tables = [np.zeros((1, n + 1), dtype=np.int64)]
    state, base, size = np.ones(count, dtype=np.int64), 1, 1  # states of this place in the tuple
    for j in range(s):
        keys, found = np.unique(state * n + words[:, j], return_inverse=True)
        begin = base + size if j < s - 1 else 1
        table = np.zeros((size, n + 1), dtype=np.int64)
        table[keys // n - base, keys % n + 1] = begin + np.arange(keys.size)
        tables.append(table)
        state, base, size = begin + found.ravel(), base + size, keys.size
    rules = np.full(int(state.max()) + 1, -1, dtype=np.int64)
    rules[state[::-1]] = np.arange(count)[::-1]
    return np.concatenate(tables).ravel(), rules
