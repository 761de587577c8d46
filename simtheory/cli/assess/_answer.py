"""What a kind of ``simtheory assess`` answers: printed, written as a page, and as JSON."""

from __future__ import annotations

import functools
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from simtheory import report
from simtheory.cli._flags import in_flags
from simtheory.cli._json import strict
from simtheory.errors import ArgumentError

__all__ = ["Answer", "answered", "named", "table", "wrapped"]

_WIDE = 80  # columns of a terminal


@dataclass(frozen=True)
class Answer:
    """What a command found."""

    title: str
    text: str  # what is printed, at most 80 columns wide
    values: dict[str, Any]  # what becomes JSON
    pictures: Mapping[str, tuple[str, Callable[[Any], object]]] = field(default_factory=dict)
    """From a caption to a text for readers who do not see the picture, and what draws it on Axes."""
    parts: Sequence[report.Part] = ()  # what the page shows in place of the text
    name: str = "answer"  # of the file of the numbers
    figures: Mapping[str, str] = field(default_factory=dict)
    """From a caption to the name of a file of its own beside the page."""


def answered(command: Callable[..., Answer]) -> Callable[..., None]:
    """Give a command that returns an `Answer` the options ``--out`` and ``--json``.

    The page and the JSON are complete before the first is written, so that an error leaves no file.
    """

    @click.option(
        "--out",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder for index.html and the numbers as JSON; created if needed.",
    )
    @click.option("--json", is_flag=True, help="Print JSON instead of a table.")
    @functools.wraps(command)
    def run(*args: Any, out: Path | None, json: bool, **options: Any) -> None:
        answer = in_flags(command)(*args, **options)
        packed = strict(answer.values)
        if out is not None:
            page = report.answer(
                answer.title, answer.text, parts=answer.parts, pictures=answer.pictures
            )
            try:
                in_flags(report.write)(out, page=page, json=packed, name=answer.name)
                for caption, stem in answer.figures.items():
                    report.draw(out / f"{stem}.svg", answer.pictures[caption][1])
            except OSError as reason:
                raise ArgumentError(
                    f"Cannot write {reason.filename}: {reason.strerror}."
                ) from reason
        click.echo(packed if json else answer.text)
        if out is not None:
            click.echo(f"\n{out / 'index.html'}", err=json)

    return run


def named(paths: Sequence[Path]) -> dict[str, Path]:
    """Return files by their names; those that share a name, by their paths."""
    times = Counter(path.name for path in paths)
    return {path.name if times[path.name] == 1 else str(path): path for path in paths}


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """Return aligned lines: the first column to the left, the others to the right.

    Columns that do not fit a terminal follow below, behind the first column again.
    """
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    parts, wide = [[0]], widths[0]
    for k in range(1, len(head)):
        wide += 2 + widths[k]
        if wide > _WIDE and len(parts[-1]) > 1:
            parts.append([0])
            wide = widths[0] + 2 + widths[k]
        parts[-1].append(k)
    lines: list[str] = []
    for part in parts:
        lines += [""] if lines else []
        for row in [head, *rows]:
            words = [row[k].rjust(widths[k]) if k else row[k].ljust(widths[k]) for k in part]
            lines.append("  ".join(words).rstrip())
    return lines


def wrapped(lines: list[str]) -> str:
    """Return lines as one text, with those that are too long broken."""
    return "\n".join(
        line if len(line) <= _WIDE else textwrap.fill(line, _WIDE, subsequent_indent="  ")
        for line in lines
    )
