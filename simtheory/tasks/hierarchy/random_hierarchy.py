"""The random hierarchy model: a tree grammar whose rules are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import ClassVar, Literal, overload

import numpy as np

from simtheory._checks import (
    as_seed,
    flag,
    frozen_again,
    positive,
    positive_int,
    refuse_beyond_memory,
)
from simtheory._faces import face
from simtheory._typing import ArrayLike, IntArray
from simtheory.errors import TaskError
from simtheory.labels import implements
from simtheory.tasks._plain import Plain
from simtheory.tasks.hierarchy._tables import WORD
from simtheory.tasks.hierarchy.tree import TreeGrammar

__all__ = ["RandomHierarchy", "as_grammar"]


@implements(
    "rhm-count",
    title="number and entropy of the strings of the random hierarchy model",
    regime="distinct tuples, m ≤ v^(s−1), equal rules",
    source="cagnetta2024",
    where="number of strings",
)
@face
@dataclass(frozen=True, slots=True, eq=False)
class RandomHierarchy(Plain):
    """The random hierarchy model: one drawn grammar with equal levels.

    Each level takes v·m distinct tuples (the root n_c·m) out of the v^s, drawn without replacement,
    and deals m to each symbol.

    Parameters
    ----------
    v : int
        Symbols of every level below the root, at least 2.
    m : int
        Rules of each symbol, at most v^(s−1).
    s : int
        Children of a node, at least 2.
    L : int
        Levels above the tokens.
    n_c : int, optional
        Symbols of the root. Default: v.
    zipf : float, optional
        Exponent z of unequal rules: rule k = 1 … m has a weight in proportion to k^(−z). Default:
        equal rules.
    seed : int
        Seed of the draw.

    Raises
    ------
    TaskError
        If there are not enough tuples: m > v^(s−1) or n_c·m > v^s.

    References
    ----------
    cagnetta2024, favero2025.

    Examples
    --------
    >>> task = RandomHierarchy(v=8, m=3, s=2, L=3)
    >>> task.d, task.f, task.n_strings, task.n_rules
    (8, 0.375, 17496, 72)
    >>> round(task.entropy, 6)
    9.769728
    """

    kind: ClassVar[str] = "hierarchy"
    _noun: ClassVar[str] = "random hierarchy"

    v: int
    m: int
    s: int
    L: int
    n_c: int
    zipf: float | None
    seed: int
    grammar: TreeGrammar = field(init=False, repr=False)

    def __init__(
        self,
        *,
        v: int,
        m: int,
        s: int = 2,
        L: int = 3,
        n_c: int | None = None,
        zipf: float | None = None,
        seed: int = 0,
    ) -> None:
        v, m, s, L, n_c = shape_of(v, m, s, L, n_c)
        if zipf is not None:
            zipf = positive("zipf", zipf, error=TaskError)
        rng = np.random.default_rng(as_seed("seed", seed))
        rules = []
        for symbols in (*[v] * (L - 1), n_c):
            codes = rng.choice(v**s, size=symbols * m, replace=False)
            rules.append(words_of(codes, v, s).reshape(symbols, m, s))
        weights = None
        if zipf is not None:
            row = np.arange(1.0, m + 1.0) ** -zipf
            weights = [np.tile(row / row.sum(), (len(level), 1)) for level in rules]
        grammar = TreeGrammar(rules, alphabet=v, weights=weights)
        values = (v, m, s, L, n_c, zipf, int(seed), grammar)
        for each, value in zip(fields(self), values, strict=True):
            object.__setattr__(self, each.name, value)

    @property
    def d(self) -> int:
        """Number of tokens of a string, s^L."""
        return self.s**self.L

    @property
    def dim(self) -> int:
        """Number of tokens of a string, s^L."""
        return self.d

    @property
    def f(self) -> float:
        """Share of the tuples that some rule writes, m/v^(s−1)."""
        return self.m / self.v ** (self.s - 1)

    @property
    def n_rules(self) -> int:
        """Number of rules of all levels."""
        return self.n_c * self.m + (self.L - 1) * self.v * self.m

    @property
    def n_strings(self) -> int:
        """Number of strings, exact.

        Raises
        ------
        TaskError
            If it has more than 2·10⁶ binary digits.
        """
        return self.grammar.n_strings

    @property
    def entropy(self) -> float:
        """Entropy of a string, in nats."""
        return self.grammar.entropy

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
        """Draw strings, as `TreeGrammar.sample`.

        Parameters
        ----------
        n : int
            Number of strings.
        rng : numpy.random.Generator or int
            Source of randomness.
        replace : bool
            Whether a string may come twice.
        tree : bool
            Whether the symbols of every level are returned.

        Returns
        -------
        ndarray of int64, shape (n, d), or tuple of such
            Tokens; with ``tree=True`` the symbols of each level from 0 to L, shapes (n, nodes).
        """
        if flag("tree", tree):
            return self.grammar.sample(n, rng=rng, replace=replace, tree=True)
        return self.grammar.sample(n, rng=rng, replace=replace)

    __setstate__ = frozen_again


def words_of(codes: ArrayLike, v: int, s: int) -> IntArray:
    """Return the tuples of s symbols at some places of their list in the order of `itertools.product`."""
    given = np.asarray(codes, dtype=np.int64)
    return np.stack([given // v ** (s - 1 - j) % v for j in range(s)], axis=-1)


def shape_of(v: int, m: int, s: int, L: int, n_c: int | None) -> tuple[int, int, int, int, int]:
    """Return the five numbers of a random hierarchy, checked."""
    v, m, s, L = (
        positive_int(name, value) for name, value in (("v", v), ("m", m), ("s", s), ("L", L))
    )
    n_c = v if n_c is None else positive_int("n_c", n_c)
    for name, value in (("v", v), ("s", s)):
        if value < 2:
            raise TaskError(f"Argument `{name}` must be at least 2, but it is {value}.")
    if m > v ** (s - 1):
        raise TaskError(
            f"Argument `m` must be at most v**(s-1) = {v ** (s - 1)}, because the tuples of two symbols "
            f"differ, but it is {m}."
        )
    if n_c * m > v**s:
        raise TaskError(
            f"Arguments `n_c` and `m` must satisfy n_c*m <= v**s = {v**s}, because the tuples of two "
            f"classes differ, but n_c*m is {n_c * m}."
        )
    if v**s >= WORD:
        raise TaskError(
            f"Arguments `v` and `s` must satisfy v**s < 2**63, but they are {v} and {s}."
        )
    refuse_beyond_memory(
        "The rules", 8 * ((L - 1) * v + n_c) * m * s, "Take fewer symbols, rules or levels."
    )
    return v, m, s, L, n_c


@face
def as_grammar(grammar: RandomHierarchy | TreeGrammar) -> TreeGrammar:
    """Return the tree grammar of a random hierarchy, or the tree grammar itself.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        A grammar.

    Returns
    -------
    TreeGrammar
        Its rules.
    """
    return grammar.grammar if isinstance(grammar, RandomHierarchy) else grammar
