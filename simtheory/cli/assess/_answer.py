"""What a kind of ``simtheory assess`` answers: parts that are printed and make a page, and JSON."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from simtheory import report
from simtheory._text import WIDE, aligned, paragraph
from simtheory.cli._flags import in_flags
from simtheory.cli._json import strict
from simtheory.errors import ArgumentError

__all__ = ["Answer", "answered", "named", "printed", "wrapped"]


@dataclass(frozen=True)
class Answer:
    """What a command found."""

    title: str
    text: str  # what is printed, at most 80 columns wide
    values: dict[str, Any]  # what becomes JSON
    parts: Sequence[report.Part]  # what the page shows
    pictures: Mapping[str, tuple[str, Callable[[Any], object]]] = field(default_factory=dict)
    """From a caption to a text for readers who do not see the picture, and what draws it on Axes."""
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


def printed(*parts: report.Part) -> str:
    """Return what a terminal shows of parts: sentences, a table, a note, with a blank line between."""
    blocks: list[list[str]] = []
    for part in parts:
        rows = aligned([part.head, *part.rows], wide=WIDE) if part.rows else []
        blocks += [block for block in (list(part.sentences), rows, [part.note]) if any(block)]
    return wrapped([line for block in blocks for line in ("", *block)][1:])


def wrapped(lines: Sequence[str]) -> str:
    """Return lines as one text, with those that are too long broken."""
    return "\n".join(line if len(line) <= WIDE else paragraph(line, indent="  ") for line in lines)
