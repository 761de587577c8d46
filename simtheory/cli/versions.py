"""``simtheory versions``: the versions on which results depend."""

from __future__ import annotations

import click

from simtheory._versions import versions as found
from simtheory.cli._json import as_json

__all__ = ["versions"]


@click.command()
@as_json
def versions(json: bool) -> object:
    """Print the versions that results depend on."""
    numbers = found()
    if json:
        return numbers
    for name, number in numbers.items():
        click.echo(f"{name:<12}{number}")
    return None
