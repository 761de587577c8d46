"""How many strings a grammar writes, which number comes first, and strings that differ."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from simtheory._typing import IntArray
from simtheory.errors import ArgumentError, TaskError
from simtheory.tasks.hierarchy._growing import grown, parsed
from simtheory.tasks.hierarchy._tables import (
    WORD,
    starts_of,
)

_MOST_TYPES = 10**6
"""Tuples of kinds of blocks that an ambiguous grammar is counted over; more are refused."""


_MOST_BITS = 2 * 10**6
"""Binary digits of the number of strings; counting with more takes minutes, and soon hours."""


def tuple_written_twice(grammar: Any) -> tuple[int, tuple[int, ...], list[int]] | None:
    """Return level, tuple and parents of the first tuple that two used rules write, or None."""
    for l, (rules, weights) in enumerate(zip(grammar.rules, grammar.weights, strict=True), start=1):
        parents, which = np.nonzero(weights > 0)
        used = rules[parents, which]
        _, place, count = np.unique(used, axis=0, return_inverse=True, return_counts=True)
        repeated = np.nonzero(count[place.ravel()] > 1)[0]
        if repeated.size:
            same = (used == used[repeated[0]]).all(axis=1)
            return l, tuple(used[repeated[0]].tolist()), parents[same].tolist()
    return None


def blocks_below(grammar: Any) -> list[list[int]]:
    """Return the number of blocks below each symbol of each level, of an unambiguous grammar."""
    counts = [[1] * grammar.alphabet]
    for offsets in first_numbers(grammar, counts):
        counts.append([row[-1] for row in offsets])
    return counts


def first_numbers(grammar: Any, counts: list[list[int]]) -> Iterator[list[list[int]]]:
    """Yield for each level the first number of each rule's blocks and, last, their count."""
    rules_of = zip(grammar.nodes[1:], grammar.weights, strict=True)
    bits = sum(nodes * math.log2(weights.shape[1]) for nodes, weights in rules_of)
    if bits > _MOST_BITS:
        raise TaskError(
            f"The strings of a grammar can be numbered if their number has at most {_MOST_BITS:.0e} binary "
            f"digits, but those of this one, of {grammar.length} tokens, have up to {bits:.3g}. "
            "`entropy` gives the logarithm of their number, and `sample` draws them."
        )
    for rules, weights in zip(grammar.rules, grammar.weights, strict=True):
        below = counts[-1]
        yield [
            starts_of(
                [
                    math.prod(below[b] for b in word) if p > 0 else 0
                    for word, p in zip(words, row, strict=True)
                ]
            )
            for words, row in zip(rules.tolist(), weights.tolist(), strict=True)
        ]


def numbering(grammar: Any, method: str) -> tuple[list[list[int]], list[list[list[int]]]]:
    """Return counts and first numbers of an unambiguous grammar, for a method that asks for them."""
    grammar._refuse_ambiguous(method)
    counts, offsets = [[1] * grammar.alphabet], []
    for level in first_numbers(grammar, counts):
        offsets.append(level)
        counts.append([row[-1] for row in level])
    return counts, offsets


def strings_by_chance(grammar: Any) -> list[tuple[int, float]]:
    """Return how many strings have which probability.

    Blocks with equal probabilities given each parent are one kind. Small grammars have few kinds
    even where tuples have several parents.
    """
    kinds = {tuple(row): 1 for row in np.eye(grammar.alphabet).tolist()}
    for rules, weights in zip(grammar.rules, grammar.weights, strict=True):
        s = rules.shape[2]
        if len(kinds) ** s > _MOST_TYPES:
            raise TaskError(
                "An ambiguous grammar must be small for its strings to be counted, but it has "
                f"{len(kinds)} kinds of blocks, in {len(kinds)}**{s} tuples; at most "
                f"{_MOST_TYPES} are counted."
            )
        inside, counts = np.array(list(kinds)), list(kinds.values())
        found: dict[tuple[float, ...], int] = {}
        for word in product(range(len(kinds)), repeat=s):
            chance = weights
            for j, which in enumerate(word):
                chance = chance * inside[which][rules[:, :, j]]
            row = tuple(chance.sum(axis=1).tolist())
            if any(row):
                found[row] = found.get(row, 0) + math.prod(counts[w] for w in word)
        kinds = found
    return [(count, float(grammar.root @ np.array(row))) for row, count in kinds.items()]


def equally_likely(grammar: Any) -> bool:
    """Whether all strings of an unambiguous grammar are equally likely."""
    used = [*grammar.weights, grammar.root[None, :]]
    if not all((w == w[:, :1]).all() for w in used):
        return False
    return all(len(set(row)) == 1 for row in blocks_below(grammar))


def refuse_too_many(grammar: Any, n: int) -> None:
    """Raise an error if a grammar has fewer than n strings."""
    if n > grammar.n_strings:
        raise ArgumentError(
            f"Argument `n` must be at most the number of strings, {grammar.n_strings}, to draw without "
            f"replacement, but it is {n}. Pass replace=True."
        )


def distinct_trees(grammar: Any, n: int, rng: np.random.Generator) -> tuple[IntArray, ...]:
    """Draw trees of n distinct strings, as if repeats were tries again."""
    total = grammar.n_strings
    if grammar.unambiguous and equally_likely(grammar) and total < WORD:
        numbers = rng.choice(total, size=n, replace=False)
        return tuple(parsed(grammar, grammar.strings(numbers), grammar.depth)[0])
    kept: list[tuple[IntArray, ...]] = []
    seen: set[bytes] = set()
    tries = 0
    while len(seen) < n:
        if tries > 1000 * n + 10**6:
            raise ArgumentError(
                f"Argument `n` must be smaller: {n} distinct strings were not found in {tries} "
                f"draws, because some of the {total} strings are very rare. Pass replace=True."
            )
        batch = grown(grammar, max(n - len(seen), 64), rng)
        tries += len(batch[0])
        for i, row in enumerate(batch[0]):
            key = row.tobytes()
            if key not in seen and len(seen) < n:
                seen.add(key)
                kept.append(tuple(level[i] for level in batch))
    return tuple(np.array([row[l] for row in kept]) for l in range(grammar.depth + 1))
