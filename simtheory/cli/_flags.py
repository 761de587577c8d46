"""Errors of the command line in words of its options, and the option of a picture.

A function that a command calls names its own arguments. The user of a shell knows options, so an error
about an argument of the same name speaks of the option.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from simtheory.errors import ArgumentError, SimTheoryError

__all__ = ["in_flags", "with_picture", "writable", "written"]


def in_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Make the errors of a command's function speak of the options that were passed to it."""

    @functools.wraps(command)
    def run(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except SimTheoryError as reason:
            context = click.get_current_context()
            raise click.UsageError(_translated(str(reason), context), context) from reason

    return run


def _translated(message: str, context: click.Context) -> str:
    flags = {p.name: p.opts[0] for p in context.command.params if isinstance(p, click.Option)}
    given = {
        name: flag
        for name, flag in flags.items()
        if name and context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE
    }

    def name(found: re.Match[str]) -> str:
        flag = given.get(found["name"])
        if flag is None:
            return found[0]
        noun = {"Argument ": "Option ", "argument ": "option "}.get(found["noun"] or "", "")
        return f"{noun}{flag}"

    return re.sub(r"(?P<noun>[Aa]rgument )?`(?P<name>\w+)`", name, message)


with_picture = click.option(
    "--plot",
    "picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a picture (png, svg, pdf).",
)
"""The option that names the picture of an answer, in the argument `picture`."""


def writable(path: Path | None, suffixes: Sequence[str]) -> None:
    """Refuse a file whose name has another suffix, or whose folder does not exist."""
    if path is not None and path.suffix not in suffixes:
        raise ArgumentError(f"The name {path} must end in {' or '.join(suffixes)}.")
    if path is not None and not path.absolute().parent.is_dir():
        raise ArgumentError(f"The folder of {path} does not exist.")


@contextmanager
def written() -> Iterator[None]:
    """Name the file that cannot be written."""
    try:
        yield
    except OSError as reason:
        raise ArgumentError(f"Cannot write {reason.filename}: {reason.strerror}.") from reason
