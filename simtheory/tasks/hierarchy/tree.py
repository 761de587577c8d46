"""Grammars whose trees have one shape."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, overload

import numpy as np

from simtheory._checks import (
    as_generator,
    as_strings,
    flag,
    frozen,
    frozen_again,
    positive_int,
    refuse_beyond_memory,
    shown,
)
from simtheory._faces import face
from simtheory._files import read_arrays, write_arrays
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.tasks._plain import Plain
from simtheory.tasks.hierarchy._counting import (
    blocks_below,
    distinct_trees,
    numbering,
    refuse_too_many,
    strings_by_chance,
    tuple_written_twice,
)
from simtheory.tasks.hierarchy._growing import grown, grown_below, parsed
from simtheory.tasks.hierarchy._tables import (
    WORD,
    as_chances,
    as_objects,
    as_rules,
    drawn,
    entropy_of,
    interval_of,
    production,
    starts_of,
)

__all__ = ["TreeGrammar"]

_FORMAT = "simtheory.TreeGrammar/1"


@face(but=("rules", "weights", "root", "alphabet", "index"))
@dataclass(frozen=True, slots=True, eq=False)
class TreeGrammar(Plain):
    """A grammar whose trees all have one shape; alphabet, branching and rules may differ by level.

    Parameters
    ----------
    rules : sequence of array_like of int, shape (n_l, m_l, s_l)
        Rules of each level, leaves first: ``rules[l - 1][a, k]`` is the tuple of symbols of level
        l − 1 that rule k of symbol a writes. Tuples may have several parents.
    alphabet : int, optional
        Number of tokens, the symbols of level 0. Default: one more than the largest token in a rule.
    weights : sequence of array_like, shape (n_l, m_l), optional
        Probabilities of the rules of each symbol, each row sums to 1; zero is a rule never used.
        Default: equal.
    root : array_like, shape (n_L,), optional
        Probabilities of the symbols of the root. Default: equal.

    Raises
    ------
    TaskError
        If a rule writes a symbol that its level has not, or probabilities are negative or do not sum
        to 1.
    ShapeError
        If shapes do not fit.

    References
    ----------
    favero2025, cagnetta2024.

    Examples
    --------
    >>> grammar = TreeGrammar([[[[0, 1], [1, 0]], [[0, 0], [1, 1]]]])
    >>> grammar.n_strings, grammar.unambiguous
    (4, True)
    >>> grammar.strings([0, 3]).tolist()
    [[0, 1], [1, 1]]
    """

    kind: ClassVar[str] = "tree-grammar"
    _noun: ClassVar[str] = "tree grammar"

    rules: tuple[IntArray, ...]
    alphabet: int
    weights: tuple[Array, ...]
    root: Array

    def __init__(
        self,
        rules: Sequence[ArrayLike],
        *,
        alphabet: int | None = None,
        weights: Sequence[ArrayLike] | None = None,
        root: ArrayLike | None = None,
    ) -> None:
        levels = as_rules(rules)
        tokens = (
            int(levels[0].max()) + 1 if alphabet is None else positive_int("alphabet", alphabet)
        )
        sizes = [tokens, *(len(level) for level in levels)]
        for l, level in enumerate(levels, start=1):
            if level.min() < 0 or level.max() >= sizes[l - 1]:
                a, k, j = np.argwhere((level < 0) | (level >= sizes[l - 1]))[0]
                raise TaskError(
                    f"Argument `rules` must hold symbols from 0 to {sizes[l - 1] - 1} at level {l}, but "
                    f"rule {k} of symbol {a} holds {level[a, k, j]} at place {j}."
                )
        shapes = [level.shape[:2] for level in levels]
        if weights is None:
            chances = [np.full(shape, 1.0 / shape[1]) for shape in shapes]
        else:
            if not isinstance(weights, Sequence | np.ndarray) or len(weights) != len(levels):
                raise ShapeError(
                    f"Argument `weights` must hold one array for each of the {len(levels)} levels, but "
                    f"it is {shown(weights)}."
                )
            chances = [
                as_chances(f"Argument `weights` of level {l}", given, shape)
                for l, (given, shape) in enumerate(zip(weights, shapes, strict=True), start=1)
            ]
        top = sizes[-1]
        first = np.full(top, 1.0 / top) if root is None else as_chances("root", root, (top,))
        values = {
            "rules": tuple(frozen(level) for level in levels),
            "alphabet": tokens,
            "weights": tuple(frozen(chance) for chance in chances),
            "root": frozen(first),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def depth(self) -> int:
        """Number of levels above the tokens, L."""
        return len(self.rules)

    @property
    def branching(self) -> tuple[int, ...]:
        """Children of a node of each level, leaves first."""
        return tuple(level.shape[2] for level in self.rules)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of symbols of each level, from 0 to L."""
        return (self.alphabet, *(len(level) for level in self.rules))

    @property
    def nodes(self) -> tuple[int, ...]:
        """Number of nodes of each level, from 0 to L; the last is 1."""
        return tuple(math.prod(self.branching[l:]) for l in range(self.depth + 1))

    @property
    def length(self) -> int:
        """Number of tokens of a string, d."""
        return math.prod(self.branching)

    @property
    def dim(self) -> int:
        """Number of tokens of a string, d."""
        return self.length

    @property
    def unambiguous(self) -> bool:
        """Whether no tuple is written by two rules that are used, so that every string has one tree."""
        return tuple_written_twice(self) is None

    @property
    def n_strings(self) -> int:
        """Number of strings of positive probability, exact.

        Raises
        ------
        TaskError
            If the number has more than 2·10⁶ binary digits, or the grammar is ambiguous and too large for
            its strings to be counted.
        """
        if self.unambiguous:
            counts = blocks_below(self)[-1]
            return sum(count for count, p in zip(counts, self.root, strict=True) if p > 0)
        return sum(count for count, p in strings_by_chance(self) if p > 0)

    @property
    def entropy(self) -> float:
        """Entropy of a string, in nats.

        Raises
        ------
        TaskError
            If the grammar is ambiguous, and too large for its strings to be counted.
        """
        if not self.unambiguous:
            return float(
                -math.fsum(count * p * math.log(p) for count, p in strings_by_chance(self) if p > 0)
            )
        total = entropy_of(self.root)
        for marginal, weights in zip(self.marginals[1:], self.weights, strict=True):
            total += float(marginal.sum(axis=0) @ [entropy_of(row) for row in weights])
        return float(total)

    @property
    def marginals(self) -> tuple[Array, ...]:
        """Probabilities of the symbols at every node, by level: shapes (nodes, symbols)."""
        whole = sum(nodes * size for nodes, size in zip(self.nodes, self.sizes, strict=True))
        refuse_beyond_memory(
            "Probabilities of all nodes", 8 * whole, "Take fewer levels, a lower `L`."
        )
        found = [self.root[None, :]]
        for rules, weights in zip(reversed(self.rules), reversed(self.weights), strict=True):
            above = found[0]
            below = np.zeros(
                (*above.shape[:1], rules.shape[2], self.sizes[self.depth - len(found)])
            )
            for j in range(rules.shape[2]):
                step = np.zeros((above.shape[1], below.shape[2]))
                np.add.at(step, (np.arange(len(rules))[:, None], rules[:, :, j]), weights)
                below[:, j] = above @ step
            found.insert(0, below.reshape(-1, below.shape[2]))
        return tuple(found)

    @overload
    def sample(
        self,
        n: int,
        *,
        rng: np.random.Generator | int,
        replace: bool = True,
        tree: Literal[False] = False,
    ) -> IntArray: ...

    @overload
    def sample(
        self, n: int, *, rng: np.random.Generator | int, replace: bool = True, tree: Literal[True]
    ) -> tuple[IntArray, ...]: ...

    def sample(
        self,
        n: int,
        *,
        rng: np.random.Generator | int,
        replace: bool = True,
        tree: bool = False,
    ) -> IntArray | tuple[IntArray, ...]:
        """Draw strings.

        Parameters
        ----------
        n : int
            Number of strings.
        rng : numpy.random.Generator or int
            Source of randomness.
        replace : bool
            Whether a string may come twice. Without, repeats are drawn again.
        tree : bool
            Whether the symbols of every level are returned.

        Returns
        -------
        ndarray of int64, shape (n, d), or tuple of such
            Tokens; with ``tree=True`` the symbols of each level from 0 to L, shapes (n, nodes).

        Raises
        ------
        ArgumentError
            If more strings are asked for without replacement than there are, or than fit the memory.
        """
        count, source, tree = positive_int("n", n), as_generator(rng), flag("tree", tree)
        again = flag("replace", replace)
        if not again:
            refuse_too_many(self, count)
        size = 8 * count * sum(self.nodes)
        refuse_beyond_memory(f"The {count} drawn trees", size, "Draw fewer, or take a lower depth.")
        levels = (grown if again else distinct_trees)(self, count, source)
        return levels if tree else levels[0]

    def strings(self, index: int | Sequence[int] | ArrayLike) -> IntArray:
        """Return the strings of some numbers: the inverse of `index`.

        Strings are numbered by the symbol of the root, then by the rule of the root, then by the
        children from left to right.

        Parameters
        ----------
        index : int or sequence of int
            Numbers from 0 to ``n_strings - 1``; Python integers of any size.

        Returns
        -------
        ndarray of int64, shape (n, d)
            One string for each number.

        Raises
        ------
        ArgumentError
            If a number is out of range.
        TaskError
            If the grammar is ambiguous.
        """
        counts, offsets = numbering(self, "strings")
        single = isinstance(index, int | np.integer)
        given: list[Any] = [index] if single else list(np.ravel(as_objects("index", index)))
        total = self.n_strings
        for number in given:
            if isinstance(number, bool) or not isinstance(number, int | np.integer):
                raise ArgumentError(
                    f"Argument `index` must hold integers, but it holds {shown(number)}."
                )
            if not 0 <= number < total:
                raise ArgumentError(
                    f"Argument `index` must lie from 0 to {total - 1}, because the grammar writes "
                    f"{total} strings, but it holds {shown(number)}."
                )
        kind: Any = np.int64 if total < WORD else object
        left = np.array([int(number) for number in given], dtype=kind)
        starts = starts_of([c if p > 0 else 0 for c, p in zip(counts[-1], self.root, strict=True)])
        symbols = interval_of(left, np.array(starts, dtype=kind)[None, :])
        left = left - np.array(starts, dtype=kind)[symbols]
        symbols, left = symbols[:, None], left[:, None]
        for l in range(self.depth, 0, -1):
            rules = self.rules[l - 1]
            first = np.array(offsets[l - 1], dtype=kind)
            k = interval_of(left, first[symbols])
            left = left - first[symbols, k]
            symbols = rules[symbols, k]
            radix = np.array(counts[l - 1], dtype=kind)[symbols]
            digits = np.empty(symbols.shape, dtype=kind)
            for j in reversed(range(rules.shape[2])):
                digits[..., j] = left % radix[..., j]
                left = left // radix[..., j]
            symbols, left = (x.reshape(len(given), -1) for x in (symbols, digits))
        return np.ascontiguousarray(symbols, dtype=np.int64)

    def index(self, strings: IntArray) -> Any:
        """Return the numbers of some strings: the inverse of `strings`.

        Parameters
        ----------
        strings : ndarray of int, shape (n, d)
            Strings of the grammar.

        Returns
        -------
        ndarray, shape (n,)
            Of int64, or of Python integers if the grammar writes more than 2**63 strings.

        Raises
        ------
        ArgumentError
            If the grammar does not write a string; the message says which.
        TaskError
            If the grammar is ambiguous.
        """
        counts, offsets = numbering(self, "index")
        kind: Any = np.int64 if self.n_strings < WORD else object
        levels, chosen = parsed(self, self._strings(strings), self.depth)
        rank = np.zeros(levels[0].shape, dtype=kind)
        for l in range(1, self.depth + 1):
            s = self.branching[l - 1]
            radix = np.array(counts[l - 1], dtype=kind)[levels[l - 1]].reshape(*levels[l].shape, s)
            digits = rank.reshape(radix.shape)
            rank = np.array(offsets[l - 1], dtype=kind)[levels[l], chosen[l - 1]]
            inside = np.zeros(levels[l].shape, dtype=kind)
            for j in range(s):
                inside = inside * radix[..., j] + digits[..., j]
            rank = rank + inside
        top = levels[-1][:, 0]
        if (self.root[top] == 0).any():
            raise ArgumentError(
                f"Argument `strings` must hold strings of the grammar, but the class of string "
                f"{int(np.argmax(self.root[top] == 0))} has probability zero."
            )
        starts = starts_of([c if p > 0 else 0 for c, p in zip(counts[-1], self.root, strict=True)])
        return rank[:, 0] + np.array(starts, dtype=kind)[top]

    def synonyms(
        self, strings: IntArray, level: int, *, rng: np.random.Generator | int
    ) -> IntArray:
        """Exchange the tuple of every node of a level for another one of the same symbol.

        All symbols from that level upwards stay. Each node of the level takes another rule of its
        symbol, by the weights of the others, or keeps its rule if there is no other. Everything
        below is drawn anew.

        Parameters
        ----------
        strings : ndarray of int, shape (n, d)
            Strings whose blocks of that level the grammar writes.
        level : int
            Level of the exchanged rules, from 1 to L.
        rng : numpy.random.Generator or int
            Source of randomness.

        Returns
        -------
        ndarray of int64, shape (n, d)
            Strings.

        Raises
        ------
        ArgumentError
            If `level` is out of range, or a block of a string has no tree.
        TaskError
            If the grammar is ambiguous.
        """
        self._refuse_ambiguous("synonyms")
        if not 1 <= positive_int("level", level) <= self.depth:
            raise ArgumentError(
                f"Argument `level` must lie from 1 to {self.depth}, but it is {level}."
            )
        source = as_generator(rng)
        levels, chosen = parsed(self, self._strings(strings), level)
        symbols, rules, weights = levels[level], self.rules[level - 1], self.weights[level - 1]
        places = np.arange(rules.shape[1])
        others = np.where(places == places[:, None], 0.0, weights[:, None, :])
        alone = others.sum(axis=-1) == 0.0
        others[alone] = np.eye(rules.shape[1])[np.nonzero(alone)[1]]
        flat = others.reshape(-1, rules.shape[1])
        k = drawn(flat, symbols * rules.shape[1] + chosen[level - 1], source)
        symbols = rules[symbols, k].reshape(len(symbols), -1)
        return grown_below(self, symbols, level - 1, source)[0]

    def to_pcfg(self) -> str:
        """Return the grammar as the text of a probabilistic grammar that nltk reads.

        Returns
        -------
        str
            One line a symbol, for ``nltk.PCFG.fromstring``: the start S, ``L2_0`` for symbol 0 of
            level 2, quoted numbers for tokens. Rules never used are left out.
        """
        top = self.depth
        lines = [production("S", [(f"L{top}_{a}", p) for a, p in enumerate(self.root)])]
        for l in range(top, 0, -1):
            for a, (tuples, chances) in enumerate(
                zip(self.rules[l - 1], self.weights[l - 1], strict=True)
            ):
                sides = [
                    " ".join(f"'{b}'" if l == 1 else f"L{l - 1}_{b}" for b in word)
                    for word in tuples
                ]
                lines.append(production(f"L{l}_{a}", list(zip(sides, chances, strict=True))))
        return "\n".join(lines) + "\n"

    def save(self, path: str | Path) -> Path:
        """Write the grammar to one ``.npz`` file with a checksum, whole or not at all.

        Parameters
        ----------
        path : str or Path
            Where to; ``.npz`` is added if the name has no suffix.

        Returns
        -------
        Path
            The file. Its arrays ``rules_1`` and ``weights_1`` to ``rules_L`` and ``weights_L``, and
            ``root``, can be read with NumPy alone.
        """
        arrays: dict[str, Any] = {"root": self.root}
        for l, (rules, weights) in enumerate(zip(self.rules, self.weights, strict=True), start=1):
            arrays |= {f"rules_{l}": rules, f"weights_{l}": weights}
        head = {"format": _FORMAT, "depth": self.depth, "alphabet": self.alphabet}
        return write_arrays(path, json.dumps(head), arrays)

    @classmethod
    def load(cls, path: str | Path) -> TreeGrammar:
        """Read a grammar that `save` wrote, and verify it.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        TreeGrammar
            Equal to what was saved, to the last bit.

        Raises
        ------
        ArgumentError
            If the file holds something else, or is damaged.
        """
        header, arrays = read_arrays(path, _FORMAT, "a saved TreeGrammar")
        levels = range(1, header["depth"] + 1)
        return cls(
            [arrays[f"rules_{l}"] for l in levels],
            alphabet=header["alphabet"],
            weights=[arrays[f"weights_{l}"] for l in levels],
            root=arrays["root"],
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the grammar as plain numbers and lists, ready for JSON.

        Returns
        -------
        dict
            The arguments of the constructor; equal probabilities are left out.
        """
        values: dict[str, Any] = {
            "rules": [level.tolist() for level in self.rules],
            "alphabet": self.alphabet,
        }
        if any((w != 1.0 / w.shape[1]).any() for w in self.weights):
            values["weights"] = [w.tolist() for w in self.weights]
        if (self.root != 1.0 / self.root.size).any():
            values["root"] = self.root.tolist()
        return values

    def _strings(self, strings: IntArray) -> IntArray:
        return as_strings("strings", strings, self.alphabet, length=self.length)

    def _refuse_ambiguous(self, method: str) -> None:
        twice = tuple_written_twice(self)
        if twice is not None:
            level, word, parents = twice
            raise TaskError(
                f"Method `{method}` needs a grammar in which every string has one tree, but at level "
                f"{level} the tuple {word} is written {len(parents)} times, by the symbols {parents}."
            )

    __setstate__ = frozen_again

    def __repr__(self) -> str:
        rules = ", ".join("×".join(map(str, level.shape)) for level in self.rules)
        return f"TreeGrammar(<{rules}>, alphabet={self.alphabet})"
