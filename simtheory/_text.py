"""How results introduce themselves, on a terminal and in a notebook."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

Rows = Sequence[tuple[str, str]]

WIDE = 80
"""Columns of a terminal."""

_TEXT = 72
"""Columns of sentences, which a page of the documentation holds too: longer ones go on below."""

_NARROW = 30
"""Columns that a value has at least, however long the names are."""


def rows_as_text(title: str, rows: Rows) -> str:
    """Return a title and rows of name and value as aligned lines."""
    width = 4 + max(len(name) for name, _ in rows)
    room = max(_TEXT - width, _NARROW)
    lines = [title]
    for name, text in rows:
        long = len(text) > room and "\n" not in text
        parts = (
            textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
            if long
            else [text]
        )
        lines += [
            f"{head:<{width}}{part}"
            for head, part in zip([f"  {name}", *[""] * (len(parts) - 1)], parts, strict=True)
        ]
    return "\n".join(lines)


def paragraph(text: str, *, indent: str = "") -> str:
    """Return a text in lines that are easy to read; those after the first begin with the indent."""
    return textwrap.fill(
        text, _TEXT, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def numeral(value: float, digits: int = 4) -> str:
    """Return a number to so many digits, those before the point in full and without a power of ten."""
    return f"{value:.0f}" if 10.0**digits - 0.5 <= abs(value) < 1e15 else f"{value:.{digits}g}"


def rows_as_html(title: str, rows: Rows) -> str:
    """Return a title and rows of name and value as an HTML table."""
    left = "style='text-align:left'"
    body = "".join(
        f"<tr><th {left}>{html.escape(name)}</th><td {left}>{html.escape(text)}</td></tr>"
        for name, text in rows
    )
    return f"<table><caption>{html.escape(title)}</caption><tbody>{body}</tbody></table>"


def aligned(
    rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,), wide: int = 0
) -> list[str]:
    """Return a table as lines, the columns `left` to the left and the others to the right.

    Two blanks stand between columns, or one where the lines are longer than `wide` otherwise. Columns that
    do not fit then follow below, behind the first column again.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    gap = " " if 0 < wide < sum(widths) + 2 * (len(widths) - 1) else "  "
    parts: list[list[int]] = [[]]
    length = -len(gap)
    for k, width in enumerate(widths):
        length += len(gap) + width
        if 0 < wide < length and len(parts[-1]) > 1:
            parts.append([0])
            length = widths[0] + len(gap) + width
        parts[-1].append(k)
    lines: list[str] = []
    for part in parts:
        lines += [""] if lines else []
        for row in rows:
            words = [
                row[k].ljust(widths[k]) if k in left else row[k].rjust(widths[k]) for k in part
            ]
            lines.append(gap.join(words).rstrip())
    return lines


def table_as_html(rows: Sequence[Sequence[str]], line: str) -> str:
    """Return a table whose first row is its head, and a line below it, as HTML."""
    kinds = ["th", *["td"] * (len(rows) - 1)]
    lines = "".join(
        f"<tr>{''.join(f'<{kind}>{html.escape(word)}</{kind}>' for word in row)}</tr>"
        for kind, row in zip(kinds, rows, strict=True)
    )
    return f"<table>{lines}</table><p>{html.escape(line)}</p>"
