"""The grammars and training strings of the released code of favero2025, by their seeds.

The released code draws with Python's `random`. These functions repeat its draws without its
dependencies. It counts levels from the root; the grammars here count them from the leaves, as
everywhere in this package.
"""

from __future__ import annotations

import random

import numpy as np

from simtheory._checks import non_negative_int, positive_int
from simtheory._faces import face
from simtheory._typing import IntArray
from simtheory.errors import ArgumentError, TaskError
from simtheory.tasks.hierarchy import RandomHierarchy, TreeGrammar, as_grammar
from simtheory.tasks.hierarchy.random_hierarchy import shape_of, words_of

__all__ = ["grammar", "strings"]

_INDEXED = 2**63 - 1
"""Most strings that Python's `random.sample` can number; the released code then draws with replacement."""


@face
def grammar(
    *, v: int, m: int, s: int, L: int, n_c: int | None = None, seed_rules: int
) -> TreeGrammar:
    """Draw the grammar that the released code draws from the same seed.

    Parameters
    ----------
    v, m, s, L : int
        Symbols, rules of a symbol, branching and depth.
    n_c : int, optional
        Symbols of the root. Default: v.
    seed_rules : int
        Its seed of the rules.

    Returns
    -------
    TreeGrammar
        The grammar, leaves first.

    Raises
    ------
    TaskError
        If there are not enough tuples.

    References
    ----------
    favero2025, released code.

    Examples
    --------
    >>> rules = grammar(v=8, m=3, s=2, L=3, seed_rules=42).rules
    >>> rules[2][0].tolist(), rules[0][0].tolist()
    ([[1, 6], [0, 1], [5, 7]], [[1, 4], [2, 6], [6, 6]])
    """
    v, m, s, L, n_c = shape_of(v, m, s, L, n_c)
    draw = random.Random(non_negative_int("seed_rules", seed_rules))
    levels = [
        words_of(draw.sample(range(v**s), symbols * m), v, s).reshape(symbols, m, s)
        for symbols in (n_c, *[v] * (L - 1))
    ]
    return TreeGrammar(levels[::-1], alphabet=v)


@face
def strings(
    grammar: RandomHierarchy | TreeGrammar, P: int, *, seed_sample: int, test: int = 0
) -> IntArray:
    """Draw the training strings that the released code draws from the same seed, without replacement.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        A grammar with equal rules, in which every string has one tree.
    P : int
        Number of training strings.
    seed_sample : int
        Its seed of the strings.
    test : int
        Number of test strings, which it draws in the same call.

    Returns
    -------
    ndarray of int64, shape (P + test, d)
        First the training strings, then the test strings.

    Raises
    ------
    ArgumentError
        If there are fewer strings than that, or too many to be numbered.
    TaskError
        If the rules have unequal weights or a string has two trees.

    References
    ----------
    favero2025, released code.

    Examples
    --------
    >>> tree = RandomHierarchy(v=8, m=3, s=2, L=3)
    >>> strings(tree, 4, seed_sample=0).shape
    (4, 8)
    """
    tree = as_grammar(grammar)
    count = positive_int("P", P) + non_negative_int("test", test)
    equal = all((w == w[0, 0]).all() for w in (*tree.weights, tree.root[None, :]))
    if not equal or not tree.unambiguous:
        raise TaskError(
            "Argument `grammar` must have equal weights and one tree for every string: the released code "
            "knows no other."
        )
    total = tree.n_strings
    if total > _INDEXED:
        raise ArgumentError(
            f"Argument `grammar` must write fewer than 2**63 strings, but it writes {total}; the released "
            "code then draws with replacement. Use `sample`."
        )
    if count > total:
        raise ArgumentError(
            f"Arguments `P` and `test` must add up to at most the number of strings, {total}, but they "
            f"add up to {count}."
        )
    draw = random.Random(non_negative_int("seed_sample", seed_sample))
    left = np.array(draw.sample(range(total), count), dtype=np.int64)
    block = total // tree.root.size
    symbols, left = left[:, None] // block, left % block
    for l in range(tree.depth, 0, -1):  # all digits of one level, then those of the next
        rules = tree.rules[l - 1]
        m, nodes = rules.shape[1], tree.nodes[l]
        block //= m**nodes
        digits, left = left // block, left % block
        powers = np.array([m**i for i in reversed(range(nodes))], dtype=np.int64)
        symbols = rules[symbols, digits[:, None] // powers % m].reshape(count, -1)
    return symbols
