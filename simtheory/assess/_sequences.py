"""Texts and token sequences on one line, in blocks, and how much their pairs of tokens overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import shown
from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError, FitError, ShapeError

__all__ = ["FEW", "Sequences", "Tokens"]

Tokens: TypeAlias = NDArray[Any]

_BLOCKS = 32  # blocks of the jackknife; with fewer than FEW its standard error is coarse
FEW = 16
_SHORT = 64  # tokens of a block that is cut from a longer text, at least
_LEAST = 4  # blocks below which a jackknife means little


@dataclass(frozen=True)
class Sequences:
    """Sequences on one line: the code of each token, its document, and its block."""

    tokens: IntArray
    document: IntArray
    block: IntArray
    place: IntArray | None  # in its document, if aligned
    alphabet: Tokens
    blocks: int
    span: int  # the longest distance that makes sense

    @property
    def frequencies(self) -> dict[Any, float]:
        counts = np.bincount(self.tokens, minlength=self.alphabet.size) / self.tokens.size
        return dict(zip(self.alphabet.tolist(), counts.tolist(), strict=True))

    @classmethod
    def read(cls, name: str, given: object, *, aligned: bool) -> Sequences:
        parts = [part for part in _documents(name, given) if part.size]
        lengths = np.array([part.size for part in parts], dtype=np.intp)
        total = int(lengths.sum())
        if aligned and np.unique(lengths).size > 1:
            k = int(np.argmax(lengths != lengths[0]))
            raise ShapeError(
                f"Argument `{name}` must hold sequences of one length if aligned, but sequence {k} has "
                f"{lengths[k]} tokens and the first {lengths[0]}."
            )
        cut = not aligned and len(parts) < FEW and total >= FEW * _SHORT
        if not cut and len(parts) < _LEAST:
            wanted = (
                f"{_LEAST} sequences" if aligned else f"{_LEAST} sequences or {FEW * _SHORT} tokens"
            )
            raise FitError(
                f"Argument `{name}` must hold {wanted} at least, for blocks whose sampling noise is "
                f"independent, but it holds {len(parts)} of {total} tokens together."
            )
        line = np.concatenate(parts)
        alphabet, tokens = np.unique(line, return_inverse=True)
        document = np.repeat(np.arange(len(parts)), lengths)
        ends = np.cumsum(lengths)
        if cut:
            blocks = min(_BLOCKS, total // _SHORT)
            block = np.arange(total) * blocks // total
            span = max(1, min(int(np.median(lengths)), total // blocks) // 4)
        else:
            blocks = min(_BLOCKS, len(parts))
            middle = np.arange(len(parts)) + 0.5 if aligned else ends - lengths / 2
            whole = len(parts) if aligned else total
            _, of_document = np.unique(
                (middle * blocks / whole).astype(np.intp), return_inverse=True
            )
            blocks = int(of_document[-1]) + 1
            if blocks < _LEAST:
                raise FitError(
                    f"Argument `{name}` must fall into {_LEAST} blocks of about equal size, but one of "
                    f"its {len(parts)} sequences holds most of the {total} tokens. Cut it."
                )
            block = np.repeat(of_document, lengths)
            span = int(lengths[0]) - 1 if aligned else max(1, int(np.median(lengths)) // 4)
        place = np.arange(total) - np.repeat(ends - lengths, lengths) if aligned else None
        return cls(tokens.astype(np.intp), document, block, place, alphabet, blocks, span)

    def measure(self, distances: IntArray) -> tuple[Array, Array]:
        """Return C2 and its standard error at all distances."""
        found = [_jackknife(self._overlaps(int(r))) for r in distances]
        return np.array([c for c, _ in found]), np.array([e for _, e in found])

    def farthest(self) -> int:
        """Return the longest distance at which every block holds pairs."""
        new = np.flatnonzero(np.diff(self.document) + np.diff(self.block)) + 1
        lengths = np.diff([0, *new, self.tokens.size])
        longest = np.zeros(self.blocks, dtype=np.intp)
        np.maximum.at(longest, self.block[np.array([0, *new])], lengths)
        return int(longest.min()) - 1

    def _overlaps(self, r: int) -> Array:
        """Return <C_g, C_h> of all pairs of blocks."""
        from scipy.sparse import csr_array

        size, n = self.alphabet.size, self.tokens.size
        keep = (
            (self.document[: n - r] == self.document[r:]) & (self.block[: n - r] == self.block[r:])
        ).nonzero()[0]
        g, left, right = self.block[keep], self.tokens[keep], self.tokens[keep + r]
        places = 1
        if self.place is not None:
            left, right = left + size * self.place[keep], right + size * self.place[keep]
            places = int(self.place[-1]) + 1 - r
        counts = np.bincount(g, minlength=self.blocks)
        if places < 1 or counts.min() == 0:
            raise ArgumentError(
                f"Argument `distances` must leave pairs of tokens in every block, but {r} leaves none in "
                f"block {int(np.argmin(counts)) + 1} of {self.blocks}."
            )
        weight = (places / counts)[g]  # frequencies sum to one at each place
        firsts, a = np.unique(left, return_inverse=True)
        seconds, b = np.unique(right, return_inverse=True)
        pairs, pair = np.unique(a * seconds.size + b, return_inverse=True)

        def tables(column: IntArray, columns: int) -> Any:
            return csr_array((weight, (g, column)), shape=(self.blocks, columns))

        joint = tables(pair, pairs.size)
        p, q = tables(a, firsts.size).toarray(), tables(b, seconds.size).toarray()
        cross = np.stack(
            [
                joint @ (p[h, pairs // seconds.size] * q[h, pairs % seconds.size])
                for h in range(len(p))
            ],
            axis=1,
        )
        at_first = np.unique(firsts // size, return_index=True)[1]
        at_second = np.unique(seconds // size, return_index=True)[1]
        margins = np.stack(
            [
                np.sum(
                    np.add.reduceat(p * p[h], at_first, axis=1)
                    * np.add.reduceat(q * q[h], at_second, axis=1),
                    axis=1,
                )
                for h in range(len(p))
            ],
            axis=1,
        )
        return np.asarray(((joint @ joint.T).toarray() - cross - cross.T + margins) / places)


def _documents(name: str, given: object) -> list[Tokens]:
    """Return the sequences as arrays of integers, or of words."""
    if isinstance(given, str):
        return [_characters(given)]
    if isinstance(given, np.ndarray) and given.dtype.kind in "iu" and given.ndim in (1, 2):
        return list(np.atleast_2d(given))
    if isinstance(given, np.ndarray) or not isinstance(given, Sequence):
        raise ArgumentError(
            f"Argument `{name}` must be a text, texts, sequences of integers or words, or an array of "
            f"integers, shape (N, d), but it is {_described(given)}."
        )
    if len(given) == 0:
        raise FitError(f"Argument `{name}` must hold {_LEAST} sequences at least, but it is empty.")
    if all(isinstance(part, str) for part in given):
        return [_characters(part) for part in given]
    nested = isinstance(given[0], Sequence | np.ndarray)
    found = [_tokens(name, part) for part in (given if nested else [given])]
    kinds = {part.dtype.kind for part in found if part.size}
    if len(kinds) > 1:
        raise ArgumentError(f"Argument `{name}` must hold integers or words, but it holds both.")
    return found


def _characters(text: str) -> Tokens:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)


def _tokens(name: str, part: object) -> Tokens:
    if isinstance(part, Sequence) and len(part) and all(isinstance(word, str) for word in part):
        return np.array(part, dtype=np.str_)
    try:
        found = np.asarray(part)
    except ValueError:
        found = np.array(None)
    if found.size == 0 and found.ndim == 1:
        return found.astype(np.int64)
    if found.ndim != 1 or found.dtype.kind not in "iuU":
        raise ArgumentError(
            f"Argument `{name}` must hold sequences of integers or words, but one is "
            f"{_described(part)}."
        )
    return found if found.dtype.kind == "U" else found.astype(np.int64)


def _described(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    return shown(value)


def _jackknife(overlaps: Array) -> tuple[float, float]:
    n = len(overlaps)
    own = np.diag(overlaps)
    whole = overlaps.sum() - own.sum()
    without = whole - 2.0 * (overlaps.sum(axis=1) - own)
    left_out = without / ((n - 1) * (n - 2))
    spread = np.sqrt((n - 1) / n * np.sum((left_out - left_out.mean()) ** 2))
    return float(whole / (n * (n - 1))), float(spread)
