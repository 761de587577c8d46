"""The option ``--json``, the same on every command that prints numbers."""

from __future__ import annotations

import functools
import json as text
import math
from collections.abc import Callable
from typing import Any

import click

__all__ = ["as_json", "json_flag", "strict"]

json_flag = click.option("--json", is_flag=True, help="Print JSON instead of a table.")
"""The flag itself, for a command whose exit status says something too."""


def as_json(command: Callable[..., Any]) -> Callable[..., None]:
    """Give a command the flag ``--json``, under which what it returns is printed as JSON.

    The command takes the flag as its argument `json`, and prints nothing itself when it is set.
    Numbers that are not finite become null, because JSON has none.
    """

    @json_flag
    @functools.wraps(command)
    def run(*args: Any, json: bool, **options: Any) -> None:
        found = command(*args, json=json, **options)
        if json:
            click.echo(strict(found))

    return run


def strict(value: Any) -> str:
    """Return JSON in which numbers that are not finite are null."""
    return text.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
