"""Parsing: which symbols stand above the tokens of a string, and up to which level it keeps the rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import as_strings, frozen
from simtheory._faces import face
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ShapeError
from simtheory.sim.hierarchy.tree import tree_of
from simtheory.tasks.hierarchy import RandomHierarchy, TreeGrammar, as_grammar

__all__ = ["Parse", "parse"]

_CHUNK = 256
"""Strings of an ambiguous grammar that are parsed at once; more need more memory and save no time."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Parse:
    """Strings, parsed from the tokens up.

    Parameters
    ----------
    symbols : tuple of ndarray of int, shape (N, nodes)
        Symbol of every node, by level from 0 (the tokens) to L; -1 where no rule writes what is below.
    valid : ndarray of bool, shape (N,)
        Whether the grammar writes the whole string.
    accuracy : ndarray, shape (L,)
        Share of the nodes of levels 1 … L at which a string keeps the rules. A node counts only if
        all below it do, so that the numbers fall: A_1 ≥ A_2 ≥ … ≥ A_L, the share of valid strings.
    """

    symbols: tuple[IntArray, ...]
    valid: NDArray[np.bool_]
    accuracy: Array

    def __post_init__(self) -> None:
        count = len(np.atleast_1d(self.valid))
        if any(np.ndim(level) != 2 or len(level) != count for level in self.symbols):
            raise ShapeError(
                f"Argument `symbols` must have shape ({count}, nodes) at each level, one row for each of "
                f"`valid`, but its shapes are {', '.join(str(np.shape(x)) for x in self.symbols)}."
            )
        for name in ("valid", "accuracy"):
            object.__setattr__(self, name, frozen(getattr(self, name).view()))
        object.__setattr__(self, "symbols", tuple(frozen(level.view()) for level in self.symbols))

    def _rows(self) -> list[tuple[str, str]]:
        count = len(self.valid)
        rows = [("strings", f"{count} of {self.symbols[0].shape[1]} tokens")]
        if count:
            rows.append(("valid", f"{self.valid.mean():.4g}"))
        return rows + [
            (f"accuracy, level {l}", f"{share:.4g}") for l, share in enumerate(self.accuracy, 1)
        ]

    def __str__(self) -> str:
        return rows_as_text("Parse", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Parse", self._rows())

    def __repr__(self) -> str:
        shares = ", ".join(f"{share:.3g}" for share in self.accuracy)
        return f"Parse(N={len(self.valid)}, accuracy=[{shares}])"


@face(but=("strings",))
def parse(grammar: RandomHierarchy | TreeGrammar, strings: ArrayLike) -> Parse:
    """Find the symbols above the tokens of strings, whether or not the grammar writes them.

    Where several symbols write the same tokens, the one with the largest probability at its node, given
    the tokens below it, is named.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar. Rules of weight zero are not used.
    strings : array_like of int, shape (N, d)
        Strings: data, or samples of a model.

    Returns
    -------
    Parse
        Symbols by level, validity, and the share of the nodes that keep the rules, by level.

    Raises
    ------
    ShapeError, ArgumentError
        If strings have another length, or a token is not in the alphabet.

    References
    ----------
    favero2025.

    Examples
    --------
    >>> grammar = TreeGrammar([[[[0, 1]], [[1, 0]]], [[[0, 0]], [[0, 1]]]])
    >>> parse(grammar, [[0, 1, 0, 1], [0, 1, 1, 1]]).symbols[1].tolist()
    [[0, 0], [0, -1]]
    """
    tree = as_grammar(grammar)
    tokens = as_strings("strings", strings, tree.alphabet, length=tree.length)
    if tree_of(tree).unambiguous:
        levels, _ = symbols_and_rules(tree, tokens)
    else:
        levels = _likeliest(tree, tokens)
    top = levels[-1][:, 0]
    valid = (top >= 0) & (tree.root[top] > 0.0)
    shares = [(level >= 0).mean() if len(tokens) else np.nan for level in levels[1:-1]]
    last = valid.mean() if len(tokens) else np.nan
    return Parse(levels, valid, np.array([*shares, last]))


def symbols_and_rules(
    grammar: TreeGrammar, strings: IntArray, *, rules: bool = False
) -> tuple[tuple[IntArray, ...], tuple[IntArray, ...]]:
    """Return symbols of levels 0 … L and, if wanted, which of the used rules stands at each node above."""
    from simtheory.sim.hierarchy import kernels  # loads Numba

    tree = tree_of(grammar)
    tokens = strings if strings.flags.writeable else strings.copy()  # one kind of array, one kernel
    levels, chosen = [tokens], []
    for l in range(1, tree.depth + 1):
        found = np.empty((len(strings), grammar.nodes[l]), dtype=np.int64)
        chosen.append(np.empty_like(found) if rules else np.empty((0, 0), dtype=np.int64))
        flat = (levels[-1].ravel(), found.ravel(), chosen[-1].ravel())
        kernels.climb(tree.at.ctypes.data, l, *flat)
        levels.append(found)
    return (strings, *levels[1:]), tuple(chosen)


def _likeliest(grammar: TreeGrammar, strings: IntArray) -> tuple[IntArray, ...]:
    """Return the likeliest symbol of each node given the tokens below it, where trees may be several."""
    parts = []
    for first in range(0, max(len(strings), 1), _CHUNK):
        part = strings[first : first + _CHUNK]
        levels = [part]
        inside = (part[..., None] == np.arange(grammar.alphabet)).astype(np.float64)
        for l in range(1, grammar.depth + 1):
            rules, weights = grammar.rules[l - 1], grammar.weights[l - 1]
            s = rules.shape[2]
            below = inside.reshape(len(part), -1, s, inside.shape[2])
            product = weights
            for j in range(s):
                product = product * below[:, :, j, rules[:, :, j]]
            inside = product.sum(axis=-1)
            inside /= np.maximum(inside.max(axis=-1, keepdims=True), np.finfo(float).tiny)
            chance = np.where(inside > 0.0, grammar.marginals[l] * inside, -1.0)
            levels.append(np.where(inside.max(axis=-1) > 0.0, chance.argmax(axis=-1), -1))
        parts.append(levels)
    return tuple(np.concatenate(level) for level in zip(*parts, strict=True))
