r"""Generated strings held against their grammar: do they keep the rules, and are they new?

Problem
-------
A model, trained anywhere, wrote strings. Up to which level do they keep the rules of the grammar, how
many are copies of the training strings, and does the model use all rules?

Symbols
-------
N : number of strings; d : tokens of a string; :math:`A_l` : share of the nodes of level l below which
all rules are kept.

Reading
-------
Validity includes copies, so it says what was learned only beside `novel`, the share of strings that are
valid and not among the training strings. Strings can be valid and new without having their law: near
copies with exchanged synonyms are. The distance to the nearest training string and the level shares of
the model's probabilities (`simtheory.assess.level_shares`) tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._checks import as_finite, as_strings, frozen, number, one_of
from simtheory._faces import face
from simtheory._files import given_array, given_text
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.tasks.hierarchy import RandomHierarchy, TreeGrammar, as_grammar

__all__ = ["Score", "Share", "score", "strings"]

_Z = 1.96  # normal quantile of intervals of 95 %


@face
@dataclass(frozen=True, slots=True)
class Share:
    """A share or a mean, with its interval of 95 %.

    Parameters
    ----------
    value : float
        The share, or the mean.
    low, high : float
        Ends of the interval.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        for name in ("value", "low", "high"):
            number(name, getattr(self, name))

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Score:
    """How generated strings stand to their grammar and to the training strings.

    Parameters
    ----------
    accuracy : array_like, shape (L,)
        Share of nodes of levels 1 ... L below which all rules are kept; it falls with the level.
    accuracy_interval : array_like, shape (L, 2)
        Its intervals of 95 %, over strings.
    valid : Share
        Strings that the grammar writes.
    novel, copies : Share or None
        Strings that are valid and not among the training strings; strings that are among them. None
        without training strings.
    distinct : int
        Number of different strings.
    nearest : Share or None
        Mean number of tokens in which a string differs from the nearest training string.
    rule_usage : tuple of ndarray, shape (n_l, m_l)
        By level, how often each rule was used, out of all nodes of the level at which one was; NaN where
        there is none.
    rule_interval : tuple of ndarray, shape (n_l, m_l, 2)
        Its intervals of 95 %, as if nodes were drawn one by one.
    rule_expected : tuple of ndarray, shape (n_l, m_l)
        The same share in the language.
    n : int
        Number of strings.
    """

    accuracy: Array = field(metadata=over("level"))
    accuracy_interval: Array = field(metadata=over("level", "end"))
    valid: Share
    novel: Share | None
    copies: Share | None
    distinct: int
    nearest: Share | None
    rule_usage: tuple[Array, ...]
    rule_interval: tuple[Array, ...]
    rule_expected: tuple[Array, ...]
    n: int

    def __post_init__(self) -> None:
        axes.settle(self)
        for name in ("rule_interval", "rule_expected"):
            for array in getattr(self, name):
                as_finite(name, array)
        for array in (*self.rule_usage, *self.rule_interval, *self.rule_expected):
            frozen(array)

    to_dict = axes.to_dict

    @property
    def unused(self) -> tuple[int, ...]:
        """By level, number of rules of the language that no string used."""
        return tuple(
            int(np.sum(~(used > 0) & (known > 0)))
            for used, known in zip(self.rule_usage, self.rule_expected, strict=True)
        )

    def _rows(self) -> list[tuple[str, str]]:
        rows = [("strings", f"{self.n}, {self.distinct} distinct")]
        for l, (share, (low, high)) in enumerate(
            zip(self.accuracy, self.accuracy_interval, strict=True), start=1
        ):
            rows.append((f"rules kept, level {l}", str(Share(float(share), low, high))))
        named = {
            "valid": self.valid,
            "valid and new": self.novel,
            "copies": self.copies,
            "tokens from the nearest": self.nearest,
        }
        rows += [(name, str(share)) for name, share in named.items() if share is not None]
        for l, (count, known) in enumerate(
            zip(self.unused, self.rule_expected, strict=True), start=1
        ):
            rows.append((f"rules never used, level {l}", f"{count} of {int((known > 0).sum())}"))
        return rows

    def __str__(self) -> str:
        return rows_as_text("Score (intervals of 95 %)", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Score (intervals of 95 %)", self._rows())

    def __repr__(self) -> str:
        return f"Score(n={self.n}, valid={self.valid.value:.4g})"


@face
def strings(path: str | Path, *, tokens: str = "spaces") -> IntArray:
    """Read strings of one length.

    Parameters
    ----------
    path : str or Path
        A ``.npy`` file that holds integers, shape (N, d), or a text in UTF-8, one string a line.
    tokens : {"spaces", "characters"}
        Whether the tokens of a line are numbers with spaces between them, or its single digits.

    Returns
    -------
    ndarray of int64, shape (N, d)
        The strings.

    Raises
    ------
    ArgumentError
        If the file cannot be read, or a token is no integer.
    ShapeError
        If the strings differ in length; the message names the line.
    """
    one_of("tokens", tokens, ("spaces", "characters"))
    source = Path(path)
    if source.suffix == ".npy":
        held = given_array(source)
        if held.dtype.kind not in "iu" or held.ndim != 2:
            raise ShapeError(
                f"The file {source} must hold integers, one string a row, but it holds {held.dtype} of "
                f"shape {held.shape}."
            )
        return held.astype(np.int64)
    lines = given_text(source).splitlines()
    rows = [
        (place, line.split() if tokens == "spaces" else list(line.strip()))
        for place, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not rows:
        raise ArgumentError(f"The file {source} holds no strings.")
    found = []
    for place, row in rows:
        if len(row) != len(rows[0][1]):
            raise ShapeError(
                f"The file {source} must hold strings of one length, but line {place} has {len(row)} "
                f"tokens and the first has {len(rows[0][1])}."
            )
        try:
            found.append([int(token) for token in row])
        except ValueError as reason:
            raise ArgumentError(
                f"The file {source} must hold integers, but line {place} holds {reason.args[0]!r}."
            ) from reason
    return np.array(found, dtype=np.int64)


@face(but=("strings", "train"))
def score(
    strings: ArrayLike,
    grammar: RandomHierarchy | TreeGrammar,
    *,
    train: ArrayLike | None = None,
) -> Score:
    """Hold generated strings against their grammar, and against the training strings.

    Parameters
    ----------
    strings : array_like of int, shape (N, d)
        What a model wrote.
    grammar : RandomHierarchy or TreeGrammar
        What it was to learn.
    train : array_like of int, shape (P, d), optional
        The training strings, without which copies are not told from new strings.

    Returns
    -------
    Score
        Rules kept by level, novelty, copies, distances, and how often each rule is used.

    Raises
    ------
    ShapeError, ArgumentError
        If strings are empty, have another length, or a token is not in the alphabet.

    Examples
    --------
    >>> grammar = RandomHierarchy(v=4, m=2, L=2, seed=0)
    >>> learned = grammar.sample(40, rng=0)
    >>> found = score(learned, grammar, train=learned[:10])
    >>> found.accuracy, found.copies.value > 0.2
    (array([1., 1.]), True)
    """
    from simtheory.sim import hierarchy

    tree = as_grammar(grammar)
    given = as_strings("strings", strings, tree.alphabet, length=tree.length)
    if not len(given):
        raise ArgumentError("Argument `strings` must hold one string at least, but it is empty.")
    parsed = hierarchy.parse(tree, given)
    kept: list[Any] = [(level >= 0).mean(axis=1) for level in parsed.symbols[1:-1]]
    kept.append(parsed.valid * 1.0)
    each = [_mean(share, most=1.0) for share in kept]
    novel = copies = nearest = None
    if train is not None:
        known = as_strings("train", train, tree.alphabet, length=tree.length)
        if not len(known):
            raise ArgumentError("Argument `train` must hold one string at least, but it is empty.")
        apart = hierarchy.nearest(given, known).distance
        copies, novel = _share(apart == 0), _share(parsed.valid & (apart > 0))
        nearest = _mean(apart * 1.0)
    counts = [
        _used(rules, below, above)
        for rules, below, above in zip(
            tree.rules, parsed.symbols[:-1], parsed.symbols[1:], strict=True
        )
    ]
    totals = [max(int(count.sum()), 1) for count in counts]
    expected = [
        marginal.mean(axis=0)[:, None] * weights
        for marginal, weights in zip(tree.marginals[1:], tree.weights, strict=True)
    ]
    usage = [
        count / total if count.any() else np.full(count.shape, np.nan)
        for count, total in zip(counts, totals, strict=True)
    ]
    return Score(
        accuracy=np.array([share.value for share in each]),
        accuracy_interval=np.array([(share.low, share.high) for share in each]),
        valid=_share(parsed.valid),
        novel=novel,
        copies=copies,
        distinct=len(np.unique(given, axis=0)),
        nearest=nearest,
        rule_usage=tuple(usage),
        rule_interval=tuple(
            np.stack(_wilson(count, total), axis=-1)
            for count, total in zip(counts, totals, strict=True)
        ),
        rule_expected=tuple(expected),
        n=len(given),
    )


def _used(rules: IntArray, below: IntArray, above: IntArray) -> Array:
    """Count how often each rule (n, m) writes the children of a node whose symbol is known."""
    n, m, s = rules.shape
    children = below.reshape(len(below), -1, s)[above >= 0]
    symbols = above[above >= 0]
    matches = (rules[symbols] == children[:, None, :]).all(axis=-1)
    counts = np.zeros((n, m))
    np.add.at(counts, (symbols, np.argmax(matches, axis=1)), 1.0)
    return counts


def _wilson(count: Any, total: int) -> tuple[Any, Any]:
    """Ends of Wilson's interval of a share."""
    share, z = count / total, _Z**2 / total
    middle = (share + z / 2) / (1 + z)
    half = np.sqrt(share * (1 - share) * z + z**2 / 4) / (1 + z)
    # at the ends exactly, where rounding would leave the share itself outside
    low = np.where(count == 0, 0.0, np.maximum(middle - half, 0.0))
    return low, np.where(count == total, 1.0, np.minimum(middle + half, 1.0))


def _share(hits: Any) -> Share:
    low, high = _wilson(float(np.sum(hits)), len(hits))
    return Share(float(np.mean(hits)), float(low), float(high))


def _mean(values: Any, *, most: float = np.inf) -> Share:
    """Mean over strings; for shares that are all 0 or 1, Wilson's interval is the wider one."""
    middle, half = float(values.mean()), _Z * float(values.std() / np.sqrt(max(len(values), 1)))
    low, high = max(middle - half, 0.0), min(middle + half, most)
    if most == 1.0 and half == 0.0:
        ends = _wilson(float(values.sum()), len(values))
        low, high = float(ends[0]), float(ends[1])
    return Share(middle, low, high)
