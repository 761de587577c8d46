"""The page of an answer to a file: a table and pictures, and the same as JSON beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from simtheory._faces import face
from simtheory._files import write_text
from simtheory.report.figures import draw, figure
from simtheory.report.pages import page, text

__all__ = ["answer", "write"]


@face
def answer(
    title: str,
    table: str,
    *,
    pictures: Mapping[str, tuple[str, Callable[[Any], object]]] | None = None,
) -> str:
    """Return the page of an answer.

    Parameters
    ----------
    title : str
        Its heading.
    table : str
        What a terminal shows; its lines are kept.
    pictures : mapping, optional
        From a caption to a text for readers who do not see the picture, and a function that draws it
        on Axes.

    Returns
    -------
    str
        The HTML document.
    """
    body = [f'<pre class="table">{text(table)}</pre><div class="pictures">']
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
    OSError
        If the folder cannot be written.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / f"{name}.json", json + "\n")
    write_text(folder / "index.html", page)
