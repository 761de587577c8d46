"""The page of an answer to a file: parts or a table, and pictures, and the same as JSON beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from simtheory._faces import face
from simtheory._files import write_text
from simtheory.errors import ArgumentError
from simtheory.report.figures import draw, figure
from simtheory.report.pages import page, text

__all__ = ["Part", "answer", "write"]


@face
@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page: sentences under a heading, or a table, or both.

    Parameters
    ----------
    heading : str
        Its heading.
    sentences : sequence of str
        Entries of a list.
    head : sequence of str
        Names of the table's columns.
    rows : sequence of sequence of str
        Its rows: words in the first column, numbers in the others.
    note : str
        What stands below the table.
    """

    heading: str
    sentences: Sequence[str] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    note: str = ""

    @property
    def html(self) -> str:
        """The part as HTML."""
        body = [f"<h2>{text(self.heading)}</h2>"]
        if self.sentences:
            body.append(f"<ul>{''.join(f'<li>{text(line)}</li>' for line in self.sentences)}</ul>")
        if self.rows:
            names = "".join(f"<th>{text(name)}</th>" for name in self.head)
            lines = "".join(
                f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in row)}</tr>" for row in self.rows
            )
            body.append(f"<div class='wide'><table><tr>{names}</tr>{lines}</table></div>")
        if self.note:
            body.append(f"<p class='soft'><small>{text(self.note)}</small></p>")
        return "".join(body)


@face
def answer(
    title: str,
    table: str,
    *,
    parts: Sequence[Part] = (),
    pictures: Mapping[str, tuple[str, Callable[[Any], object]]] | None = None,
) -> str:
    """Return the page of an answer.

    Parameters
    ----------
    title : str
        Its heading.
    table : str
        What a terminal shows; its lines are kept.
    parts : sequence of Part
        What stands on the page instead, for readers who did not run the command.
    pictures : mapping, optional
        From a caption to a text for readers who do not see the picture, and a function that draws it
        on Axes.

    Returns
    -------
    str
        The HTML document.
    """
    words = "".join(part.html for part in parts)
    body = [words or f'<pre class="table">{text(table)}</pre>', '<div class="pictures">']
    with TemporaryDirectory() as folder:
        for k, (caption, (alt, paint)) in enumerate((pictures or {}).items()):
            path = Path(folder) / f"{k}.svg"
            draw(path, paint)
            drawn = figure(path.read_text(encoding="utf-8"), alt=alt)
            body.append(f"<figure>{drawn}<figcaption>{text(caption)}</figcaption></figure>")
    return page(title, "".join([*body, "</div>"]))


@face
def write(out: str | Path, *, page: str, json: str, name: str = "answer") -> None:
    """Write a page and its numbers into a folder, each file whole or not at all.

    Parameters
    ----------
    out : str or Path
        The folder of ``index.html`` and the numbers; created if needed.
    page : str
        The HTML document.
    json : str
        The numbers.
    name : str
        Name of the file of the numbers, without its suffix.

    Raises
    ------
    ArgumentError
        If a file stands in place of the folder.
    OSError
        If the folder cannot be written.
    """
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"Argument `out` must be a folder, but {folder} is a file.")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / f"{name}.json", json + "\n")
    write_text(folder / "index.html", page)
