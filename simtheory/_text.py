"""How results introduce themselves, on a terminal and in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence

Rows = Sequence[tuple[str, str]]


def rows_as_text(title: str, rows: Rows) -> str:
    """Return a title and rows of name and value as aligned lines."""
    width = 2 + max(len(name) for name, _ in rows)
    return "\n".join([title, *(f"  {name:<{width}}{text}" for name, text in rows)])


def rows_as_html(title: str, rows: Rows) -> str:
    """Return a title and rows of name and value as an HTML table."""
    left = "style='text-align:left'"
    body = "".join(
        f"<tr><th {left}>{html.escape(name)}</th><td {left}>{html.escape(text)}</td></tr>"
        for name, text in rows
    )
    return f"<table><caption>{html.escape(title)}</caption><tbody>{body}</tbody></table>"
