"""Accuracies from tables: a row for each sample, or a row for each cell."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._files import TIMES, UNITS, is_bookkeeping
from simtheory._typing import IntArray
from simtheory.assess.evaluations.cells import Cells, Key
from simtheory.errors import ArgumentError, MissingFileError

__all__: list[str] = []

_CHUNK = 2_000  # rows that are held as text at a time
_KEYS = ("seed", "step", "class", "strength")
_MISSING = {"seed": "0", "step": "0", "class": "all", "strength": "1"}
_OTHER = ("sample", "joint", "n")
_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_BITS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1, "no": 0, "yes": 1}


def read_table(path: Path, *, n: int | None, same_samples: bool) -> Cells:
    """Read a table of samples or of cells."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            head = stream.readline()
            separator = max(_SEPARATORS, key=head.count)
            names, concepts, left = _columns(
                next(csv.reader([head], delimiter=separator), []), path
            )
            rows = _chunks(csv.reader(stream, delimiter=separator), names, path, separator)
            if separator != ",":
                rows = _with_points(rows, {*concepts, "joint", "n", "step", "strength"})
            if "sample" in names or "joint" not in names:
                if n is not None:
                    raise ArgumentError(
                        f"Argument `n` must be left out, because {path} holds a row for each sample."
                    )
                found = _samples(rows, names, concepts, path, same_samples)
            else:
                found = _cells(rows, names, concepts, path, n, same_samples)
            note = f"columns that are no concepts are left out: {', '.join(left)}"
            return replace(found, notes=(note,)) if left else found
    except FileNotFoundError as reason:
        raise MissingFileError(f"The file {path} does not exist.") from reason
    except (OSError, UnicodeDecodeError, csv.Error) as reason:
        raise ArgumentError(f"The file {path} is no readable table: {reason}") from reason


def _columns(head: list[str], path: Path) -> tuple[list[str], tuple[str, ...], list[str]]:
    """Return the names of all columns, those of concepts, and what to say of those that are left out.

    Without a column of steps, one that counts them by another name, or epochs, takes its place.
    """
    given = [name.strip() for name in head]
    names = [name.lower() if name.lower() in (*_KEYS, *_OTHER) else name for name in given]
    if "step" not in names:
        for known in (TIMES, UNITS):
            clocks = [k for k, name in enumerate(names) if name.lower() in known]
            if clocks:
                names[clocks[0]] = "step"
                break
    others = [name for name in names if name not in (*_KEYS, *_OTHER)]
    found = tuple(name for name in others if not is_bookkeeping(name))
    if not found or len(set(names)) != len(names):
        raise ArgumentError(
            f"The file {path} must begin with names of its columns, each once: step, seed, class, the concepts, "
            f"and sample, or joint and n. Its first line names {', '.join(map(repr, given)) or 'nothing'}."
        )
    return names, found, [name or "a nameless one" for name in others if name not in found]


def _with_points(
    rows: Iterator[tuple[dict[str, tuple[str, ...]], IntArray]], numbers: set[str]
) -> Iterator[tuple[dict[str, tuple[str, ...]], IntArray]]:
    """Yield rows in which the numbers have points for their decimal commas."""
    for columns, lines in rows:
        for name in numbers & columns.keys():
            if any("," in text for text in columns[name]):
                columns[name] = tuple(text.replace(",", ".") for text in columns[name])
        yield columns, lines


def _chunks(
    reader: Any, names: list[str], path: Path, separator: str
) -> Iterator[tuple[dict[str, tuple[str, ...]], IntArray]]:
    """Yield columns of some rows as text, and the lines at which the rows stand."""
    width, line = len(names), 2  # the head was read apart
    while rows := list(islice(reader, _CHUNK)):
        if reader.line_num + 2 != line + len(rows):
            raise ArgumentError(
                f"The file {path} must hold a row on each line, but between lines {line} and "
                f"{reader.line_num + 1} an entry in quotes runs over several."
            )
        lines = np.arange(line, line + len(rows))
        line += len(rows)
        widths = set(map(len, rows))
        if 0 in widths:  # empty lines
            lines = lines[[bool(row) for row in rows]]
            rows = [row for row in rows if row]
        if widths - {0, width}:
            wrong = next(k for k, row in enumerate(rows) if len(row) != width)
            why = (
                f"{len(rows[wrong])} entries stand where {width} columns are named, with a "
                f"{_SEPARATORS[separator]} between"
            )
            raise refused(path, int(lines[wrong]), why)
        if rows:
            yield dict(zip(names, zip(*rows, strict=True), strict=True)), lines


def refused(path: Path, line: int, why: str) -> ArgumentError:
    """Return an error about a line of a file."""
    return ArgumentError(f"The file {path}, line {line}: {why}.")


def number(text: str, name: str, path: Path, line: int) -> float:
    """Return an entry as a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        what = repr(text) if text.strip() else "empty"
        raise refused(
            path,
            line,
            f"{name} must be a finite number, but it is {what}; leave out rows without a value, and "
            "columns that are no concepts",
        )
    return value


class _Keys:
    """Places of keys, in the order in which they come."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[tuple[str, ...], int] = {}
        self.made: dict[Key, int] = {}
        self.keys: list[Key] = []

    def places(self, columns: dict[str, tuple[str, ...]], lines: IntArray) -> IntArray:
        """Return the place of the key of every row."""
        given = [columns.get(name, (_MISSING[name],) * len(lines)) for name in _KEYS]
        keys = list(zip(*given, strict=True))
        for k in [k for k, key in enumerate(keys) if key not in self.found]:
            if keys[k] not in self.found:
                self.found[keys[k]] = self._placed(keys[k], int(lines[k]))
        return np.array([self.found[key] for key in keys])

    def _placed(self, key: tuple[str, ...], line: int) -> int:
        seed, step, name, strength = (part.strip() for part in key)
        made = (
            seed,
            number(step, "step", self.path, line),
            name,
            number(strength, "strength", self.path, line),
        )
        place = self.made.setdefault(made, len(self.keys))  # 10 and 10.0 are one step
        if place == len(self.keys):
            self.keys.append(made)
        return place


def _samples(
    rows: Iterator[tuple[dict[str, tuple[str, ...]], IntArray]],
    names: list[str],
    concepts: tuple[str, ...],
    path: Path,
    same_samples: bool,
) -> Cells:
    """Count the right concepts of every cell, alone, in pairs and all together."""
    if not same_samples:
        raise ArgumentError(
            f"Argument `same_samples` must be True for {path}, without --other-samples: a row of it judges all "
            "concepts of one sample."
        )
    n = len(concepts)
    pairs = [(i, j) for i in range(n) for j in range(i, n)]
    keys = _Keys(path)
    totals = np.zeros((0, 2 + len(pairs)))
    seen: list[IntArray] = []
    at: list[IntArray] = []
    named: dict[str, int] = {}
    for columns, lines in rows:
        place = keys.places(columns, lines)
        right = [_bits(columns[name], name, path, lines) for name in concepts]
        every = np.logical_and.reduce(right)
        if "joint" in columns:
            every = _own_joint(columns["joint"], right, concepts, path, lines)
        size = len(keys.keys)
        totals = np.pad(totals, ((0, size - len(totals)), (0, 0)))
        totals[:, 0] += np.bincount(place, minlength=size)
        totals[:, 1] += np.bincount(place, every, minlength=size)
        for k, (i, j) in enumerate(pairs):
            totals[:, 2 + k] += np.bincount(place, right[i] & right[j], minlength=size)
        if "sample" in names:
            for word in set(columns["sample"]) - named.keys():
                named[word] = len(named)
            codes = np.array([named[word] for word in columns["sample"]])
            seen.append(place * (1 << 32) + codes)
            at.append(lines.astype(np.int32))
    if seen:
        _once(np.concatenate(seen), np.concatenate(at), keys, path)
    counts = totals[:, 0]
    moments = np.empty((len(totals), n, n))
    for k, (i, j) in enumerate(pairs):
        moments[:, i, j] = moments[:, j, i] = totals[:, 2 + k] / counts
    marginals = np.ascontiguousarray(np.diagonal(moments, axis1=1, axis2=2))
    return Cells(
        keys.keys,
        concepts,
        marginals,
        totals[:, 1] / counts,
        counts,
        np.repeat(counts[:, None], n, axis=1),
        moments,
        (1,) * n,
        True,
    )


def _bits(texts: tuple[str, ...], name: str, path: Path, lines: IntArray) -> Any:
    words = set(texts)
    if words <= {"0", "1"}:
        return np.array(texts) == "1"
    meant = {word: _BITS.get(word.strip().lower()) for word in words}
    wrong = {word for word, bit in meant.items() if bit is None}
    if wrong:
        k = next(k for k, word in enumerate(texts) if word in wrong)
        raise refused(
            path,
            int(lines[k]),
            f"{name} must be 0 or 1 in a row of one sample, but it is {texts[k]!r}. Rows of cells need a "
            "column joint, and n",
        )
    return np.array([meant[word] for word in texts], dtype=bool)


def _own_joint(
    texts: tuple[str, ...], right: list[Any], concepts: tuple[str, ...], path: Path, lines: IntArray
) -> Any:
    """Return the file's own judgement of the whole sample, which no failed concept may pass."""
    own = _bits(texts, "joint", path, lines)
    for name, bits in zip(concepts, right, strict=True):
        if (own & ~bits).any():
            k = int(np.argmax(own & ~bits))
            raise refused(path, int(lines[k]), f"joint 1 exceeds {name} 0")
    return own


def _once(seen: IntArray, at: IntArray, keys: _Keys, path: Path) -> None:
    order = np.argsort(seen, kind="stable")
    again = np.flatnonzero(np.diff(seen[order]) == 0)
    if again.size:
        second = order[again + 1].min()
        seed, step, name, _ = keys.keys[int(seen[second] >> 32)]
        raise refused(
            path,
            int(at[second]),
            f"the sample stands twice in class {name}, step {step:g}, seed {seed}",
        )


def _cells(
    rows: Iterator[tuple[dict[str, tuple[str, ...]], IntArray]],
    names: list[str],
    concepts: tuple[str, ...],
    path: Path,
    n: int | None,
    same_samples: bool,
) -> Cells:
    """Read accuracies as they are."""
    if "n" in names and n is not None:
        raise ArgumentError(f"Argument `n` must be left out, because {path} has a column n.")
    keys = _Keys(path)
    read: list[list[float]] = []
    counts: list[float] = []
    for columns, lines in rows:
        place = keys.places(columns, lines)
        for k, line in enumerate(lines.tolist()):
            if place[k] != len(read):
                seed, step, name, _ = keys.keys[place[k]]
                raise refused(
                    path,
                    line,
                    f"class {name}, step {step:g}, seed {seed} stands twice; keep one, or give runs different seeds",
                )
            texts = {name: columns[name][k].strip() for name in (*concepts, "joint")}
            read.append(_shares(texts, path, line, same_samples))
            if "n" in names:
                counts.append(_whole(columns["n"][k], path, line))
    values = np.array(read).reshape(len(read), len(concepts) + 1)
    known = np.array(counts) if counts else np.full(len(read), np.nan if n is None else float(n))
    return Cells(
        keys.keys,
        concepts,
        values[:, :-1],
        values[:, -1],
        known,
        np.repeat(known[:, None], len(concepts), axis=1),
        None,
        (1,) * len(concepts),
        same_samples,
    )


def _whole(text: str, path: Path, line: int) -> float:
    value = number(text, "n", path, line)
    if value < 1 or value != int(value):
        raise refused(
            path, line, f"n must be a whole number of samples from 1 on, but it is {text.strip()}"
        )
    return value


def _shares(texts: dict[str, str], path: Path, line: int, paired: bool) -> list[float]:
    """Return the marginals and the joint accuracy of a row, if any samples can have them."""
    values = {name: number(text, name, path, line) for name, text in texts.items()}
    for name, value in values.items():
        if not 0.0 <= value <= 1.0:
            percent = "; divide by 100" if 1.0 < value <= 100.0 else ""
            raise refused(
                path, line, f"{name} is {texts[name]}, but accuracies lie between 0 and 1{percent}"
            )
    joint = values["joint"]
    if paired:
        # numbers of few digits may each be off by half of the last digit of the longest
        half = 0.5 * min(0.01, *map(_unit, texts.values()))
        unlike = "; if they were counted on different samples, say same_samples=False, or --other-samples"
        for name, value in values.items():
            if joint > value + 2.0 * half:
                raise refused(
                    path, line, f"joint {texts['joint']} exceeds {name} {texts[name]}{unlike}"
                )
        floor = sum(values.values()) - joint - (len(values) - 2)
        if joint < floor - len(values) * half:
            raise refused(
                path,
                line,
                f"joint {texts['joint']} lies below {floor:.4g}, the least that these marginals allow on the "
                f"same samples{unlike}",
            )
    return [*(values[name] for name in values if name != "joint"), joint]


def _unit(text: str) -> float:
    """Return the size of the last digit of a number: 1 for an integer, 1e-9 at least."""
    mantissa, _, power = text.lower().partition("e")
    digits = len(mantissa.partition(".")[2])
    return max(10.0 ** -min(digits, 9), 1e-9) if not power else 1e-9
