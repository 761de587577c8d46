r"""Coherence of texts and token sequences: up to which distance tokens depend on each other.

Problem
-------
A model wrote samples, and a corpus is at hand. Up to which distance are tokens of the samples as
correlated as those of the corpus, and how many tokens would show more?

Symbols
-------
a, b : tokens; r : distance between two places; g, h : blocks of the sequences, G of them; J_g : joint
frequencies of the tokens at two places r apart in block g; p_g, q_g : its margins.

Result
------
.. math::

   C_g = J_g - p_gq_g^T , \qquad C^2(r) = \frac{1}{G(G-1)}\sum_{g\ne h}\langle C_g, C_h\rangle .

Sampling noise of different blocks is independent, so :math:`C^2` has no noise floor: it is zero in the
mean for independent tokens. Its standard error is the jackknife's over blocks. Frequencies are counted
sparsely, so memory grows with the tokens that are given and not with the square of the alphabet.

Reading
-------
*Resolvable* distances are those at which the reference is four standard errors above zero. The length is
the last of them up to which the ratio of :math:`C^2` to that of the reference stays at one half or more.
A length that is the last resolvable distance is a lower bound. Strings of one fixed length, such as those
of a grammar, must be compared place by place (``aligned=True``): pooled over places, tokens that do not
depend on each other seem correlated because their frequencies change from place to place.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import one_of, shown
from simtheory._faces import face
from simtheory._files import given_array, given_text
from simtheory._text import rows_as_html
from simtheory._typing import Array, IntArray
from simtheory.assess._sequences import Sequences
from simtheory.errors import ArgumentError, FitError
from simtheory.results import axes
from simtheory.results.axes import over

__all__ = ["Coherence", "coherence", "texts"]

_RESOLVED = 4.0  # standard errors above zero at which the reference is resolvable
_HALF = 0.5  # ratio to the reference from which on a distance counts as learned
_Z = 1.96  # normal quantile of intervals of 95 %
_FARTHEST = 256  # last distance that is measured unless distances are given
_KNOWN, _COVERED = 0.9, 0.75
"""Share of the samples' tokens that must occur in the reference, and the other way round. Below, the two are
taken to be written in different alphabets."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Coherence:
    """How far tokens depend on each other, beside a reference.

    Parameters
    ----------
    r : array_like of int, shape (R,)
        Distances between places, in tokens.
    C2 : array_like, shape (R,)
        Squared correlation at each distance: mean of <C_g, C_h> over pairs of blocks.
    error : array_like, shape (R,)
        Standard errors of C2, by the jackknife.
    reference_C2, reference_error : array_like, shape (R,)
        The same of the reference; of the sequences themselves where there is none.
    ratio : array_like, shape (R,)
        C2 over that of the reference; NaN where there is none, or it is not resolvable.
    ratio_error : array_like, shape (R,)
        Its standard error.
    resolvable : array_like of bool, shape (R,)
        Whether the reference is four standard errors above zero.
    length : int
        Last resolvable distance up to which the ratio stays at one half or more; 0 if there is none.
        Without a reference: last distance up to which all are resolvable.
    interval : (int, int)
        Lengths at the lower and upper ends of the ratios' intervals of 95 %.
    censored : bool
        Whether the upper end of the interval is the last resolvable distance, so that the true length
        may be larger.
    tokens, reference_tokens : int
        How many tokens were counted.
    blocks : int
        Blocks of the jackknife.
    beyond : int or None
        First distance after the resolvable ones; None if all are resolvable.
    tokens_needed : int or None
        Tokens of the reference at which `beyond` would be resolvable at the latest: its standard error
        falls at least as one over their root, and C2 is continued as over the last resolvable
        distances.
    frequencies : Mapping
        Share of each token, for the comparison of alphabets.
    """

    r: IntArray = field(metadata=over("r", allow="integer", labels=True))
    C2: Array = field(metadata=over("r"))
    error: Array = field(metadata=over("r"))
    reference_C2: Array = field(metadata=over("r"))
    reference_error: Array = field(metadata=over("r"))
    ratio: Array = field(metadata=over("r", allow="nan"))
    ratio_error: Array = field(metadata=over("r", allow="nan"))
    resolvable: NDArray[np.bool_]
    length: int
    interval: tuple[int, int]
    censored: bool
    tokens: int
    reference_tokens: int
    blocks: int
    beyond: int | None
    tokens_needed: int | None
    frequencies: dict[Any, float] = field(metadata={"shown": False})

    def __post_init__(self) -> None:
        axes.settle(self)
        seen = np.array(self.resolvable, dtype=bool)
        seen.setflags(write=False)
        object.__setattr__(self, "resolvable", seen)

    def to_dict(self) -> dict[str, Any]:
        """Return numbers, words and lists, ready for JSON; ratios that are unknown are None.

        Returns
        -------
        dict
            One entry for each field but the frequencies.
        """
        found = axes.to_dict(self)
        del found["frequencies"]
        for name in ("ratio", "ratio_error"):
            found[name] = [None if np.isnan(x) else x for x in found[name]]
        return found

    def summary(self) -> list[str]:
        """Return the answer in sentences.

        Returns
        -------
        list of str
            The length with its interval, and what more tokens would show.
        """
        low, high = self.interval
        more = " or more" if self.censored else ""
        lines = [f"coherent up to r = {self.length} (95 %: {low} to {high}{more})"]
        if self.beyond is not None and self.tokens_needed is not None:
            lines.append(
                f"resolvable below r = {self.beyond}; to see it takes up to "
                f"{_two_digits(self.tokens_needed)} tokens of the reference (now "
                f"{_two_digits(self.reference_tokens)})"
            )
        return lines

    def __str__(self) -> str:
        lines = [f"Coherence of {self.tokens} tokens", *(f"  {line}" for line in self.summary())]
        lines += [f"  {'r':>6} {'C2':>11} {'s.e.':>9} {'ratio':>7} {'s.e.':>6}"]
        for k, r in enumerate(self.r):
            said = (
                f" {self.ratio[k]:7.3f} {self.ratio_error[k]:6.3f}"
                if self.resolvable[k]
                else "  not resolvable"
            )
            lines.append(f"  {r:>6} {self.C2[k]:11.3e} {self.error[k]:9.1e}{said}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Coherence(length={self.length}, interval={self.interval}, tokens={self.tokens})"

    def _repr_html_(self) -> str:
        rows = [
            (f"r = {r}", f"C2 {self.C2[k]:.3e} ± {self.error[k]:.1e}, ratio {self.ratio[k]:.3f}")
            for k, r in enumerate(self.r)
        ]
        return rows_as_html("; ".join(self.summary()), rows)


@face
def texts(
    path: str | Path, *, tokens: str = "characters", separator: str | None = None
) -> list[Any]:
    """Read a text, or an array of tokens, as sequences for `coherence`.

    Parameters
    ----------
    path : str or Path
        A text in UTF-8, or a ``.npy`` file that holds integers: one sequence, or one in each row.
    tokens : {"characters", "letters", "spaces"}
        What the tokens of a text are: its characters; the letters a to z, with one space for all that
        stands between them; or what stands between white space.
    separator : str, optional
        What stands between documents, such as ``"<|endoftext|>"``. Default: the file is one document.

    Returns
    -------
    list
        The documents: texts, lists of words, or arrays of integers.

    Raises
    ------
    ArgumentError
        If the file cannot be read, or is empty.
    """
    one_of("tokens", tokens, ("characters", "letters", "spaces"))
    source = Path(path)
    if source.suffix == ".npy":
        held = given_array(source)
        return list(np.atleast_2d(held))
    text = given_text(source)
    if separator == "":
        raise ArgumentError("Argument `separator` must not be empty.")
    parts = text.split(separator) if separator else [text]
    if tokens == "letters":
        parts = [re.sub(r"[^a-z]+", " ", part.lower()) for part in parts]
    found = [part.split() if tokens == "spaces" else part for part in parts]
    found = [part for part in found if part]
    if not found:
        raise ArgumentError(f"The file {source} holds no tokens.")
    return found


@face
def coherence(
    strings: object,
    *,
    reference: object = None,
    aligned: bool = False,
    distances: Sequence[int] | None = None,
) -> Coherence:
    r"""Return up to which distance the tokens of sequences depend on each other.

    .. math:: C^2(r) = \langle C_g, C_h\rangle_{g\ne h} ,\qquad C_g = J_g - p_gq_g^T .

    Parameters
    ----------
    strings : str, or sequence
        A text, whose tokens are its characters; or several; or sequences of integers or of words; or
        an array of integers, shape (N, d). A text, or fewer than 16 of them, is cut into 32 blocks;
        more documents are grouped. Pairs of tokens never reach over the end of a document or a block.
    reference : as `strings`, or Coherence, optional
        What the ratio compares with, such as the training corpus. A Coherence of it serves, too.
    aligned : bool
        Compare place by place; all sequences must have one length.
    distances : sequence of int, optional
        Distances to measure, increasing. Default: 1, 2, 3, 4, 6, 8, 12, ... up to a quarter of a
        block and at most 256; every one up to d - 1 if aligned.

    Returns
    -------
    Coherence
        Squared correlations with standard errors, ratios, and the length.

    Raises
    ------
    FitError
        If there are too few tokens for four blocks, or the reference is resolvable nowhere; the message
        says how many tokens it would take.
    ArgumentError
        If tokens are no integers or words, the reference is written in another alphabet, or distances
        do not increase.
    ShapeError
        If aligned sequences differ in length.

    Notes
    -----
    A distance of n tokens takes O(n log n) time and O(n) memory.

    Examples
    --------
    >>> walk = np.cumsum(np.random.default_rng(0).integers(-1, 2, size=20_000)) % 5
    >>> found = coherence(walk, reference=walk, distances=[1, 2, 4])
    >>> found.length, found.ratio
    (4, array([1., 1., 1.]))
    """
    own = Sequences.read("strings", strings, aligned=aligned)
    if isinstance(reference, Coherence):
        grid = reference.r[reference.r <= max(1, own.farthest())]
        if distances is not None and not np.array_equal(_grid(distances, own, None), reference.r):
            raise ArgumentError(
                "Argument `distances` must be those of the reference, "
                f"{', '.join(map(str, reference.r))}, or be left out."
            )
        grid = grid if distances is None else reference.r
        frequencies, size = reference.frequencies, reference.tokens
        C2, error = own.measure(grid)
        known, known_error = reference.C2[: grid.size], reference.error[: grid.size]
    else:
        other = own
        if reference is not None:
            other = Sequences.read("reference", reference, aligned=aligned)
        grid = _grid(distances, own, other)
        C2, error = own.measure(grid)
        known, known_error = (C2, error) if other is own else other.measure(grid)
        frequencies, size = other.frequencies, other.tokens.size
    if reference is not None:
        _same_alphabet(own.frequencies, frequencies)
    resolvable = known > _RESOLVED * known_error
    if not resolvable.any():
        best = int(np.argmax(known / np.maximum(known_error, np.finfo(float).tiny)))
        wanted = size * (_RESOLVED * known_error[best] / max(known[best], known_error[best])) ** 2
        name = "strings" if reference is None else "reference"
        raise FitError(
            f"Argument `{name}` must show a correlation that is four standard errors above zero at one "
            f"distance at least, but its {size} tokens show none. It takes up to {wanted:.2g} tokens."
        )
    if reference is None:
        ratio, ratio_error = np.full(C2.size, np.nan), np.full(C2.size, np.nan)
        length, low, high = (
            _reach(grid, np.ones(grid.size, bool), (_RESOLVED + shift) * error < C2)
            for shift in (0.0, _Z, -_Z)
        )
    else:
        safe = np.where(resolvable, known, np.nan)
        ratio = C2 / safe
        ratio_error = np.hypot(error, ratio * known_error) / safe
        length, low, high = (
            _reach(grid, resolvable, ratio + shift * ratio_error >= _HALF)
            for shift in (0.0, -_Z, _Z)
        )
    beyond, needed = _further(grid, known, known_error, resolvable, size)
    return Coherence(
        r=grid,
        C2=C2,
        error=error,
        reference_C2=known,
        reference_error=known_error,
        ratio=ratio,
        ratio_error=ratio_error,
        resolvable=resolvable,
        length=length,
        interval=(low, high),
        censored=high == int(grid[resolvable][-1]),
        tokens=int(own.tokens.size),
        reference_tokens=int(size),
        blocks=own.blocks,
        beyond=beyond,
        tokens_needed=needed,
        frequencies=own.frequencies,
    )


def _grid(distances: Sequence[int] | None, own: Sequences, other: Sequences | None) -> IntArray:
    span = own.span if other is None else min(own.span, other.span)
    if distances is None:
        if own.place is not None:
            return np.arange(1, max(span, 1) + 1)
        pairs = ((2**k, 3 * 2 ** (k - 1)) for k in range(1, 9))
        every = [1, *itertools.chain.from_iterable(pairs)]
        return np.array([r for r in every if r <= min(span, _FARTHEST)] or [1])
    found = np.asarray(distances)
    if (
        found.ndim != 1
        or not found.size
        or found.dtype.kind not in "iu"
        or found[0] < 1
        or np.any(np.diff(found) <= 0)
    ):
        raise ArgumentError(
            "Argument `distances` must be integers from 1 on that increase, but it is "
            f"{shown(distances)}."
        )
    return found.astype(np.intp)


def _reach(grid: IntArray, resolvable: NDArray[np.bool_], good: NDArray[np.bool_]) -> int:
    """Last resolvable distance up to which all resolvable ones are good."""
    seen, kept = grid[resolvable], good[resolvable]
    n = int(kept.size if kept.all() else np.argmin(kept))
    return int(seen[n - 1]) if n else 0


def _further(
    grid: IntArray, known: Array, error: Array, resolvable: NDArray[np.bool_], size: int
) -> tuple[int | None, int | None]:
    """First distance after the resolvable ones, and the tokens that would resolve it."""
    last = int(np.flatnonzero(resolvable)[-1])
    if last + 1 == grid.size:
        return None, None
    fitted = np.flatnonzero(resolvable)[-4:]
    target = (
        known[last] * grid[last] / grid[last + 1]
    )  # as one over r where one point is all there is
    if fitted.size > 1:
        slope = np.polyfit(np.log(grid[fitted]), np.log(known[fitted]), 1)[0]
        target = known[last] * (grid[last + 1] / grid[last]) ** min(slope, 0.0)
    needed = size * max(_RESOLVED * error[last + 1] / target, 1.0) ** 2
    return int(grid[last + 1]), int(np.ceil(needed))


def _same_alphabet(own: dict[Any, float], other: dict[Any, float]) -> None:
    known = sum(share for token, share in own.items() if token in other)
    covered = sum(share for token, share in other.items() if token in own)
    if known < _KNOWN or covered < _COVERED:
        few, where = (known, "strings") if known < _KNOWN else (covered, "reference")
        raise ArgumentError(
            "Arguments `strings` and `reference` must be written in one alphabet, but only "
            f"{100 * few:.3g} % of the tokens of `{where}` occur in the other."
        )


def _two_digits(number: float) -> str:
    """Return a count rounded to two digits, such as 780,000."""
    return f"{float(f'{number:.2g}'):,.0f}"
