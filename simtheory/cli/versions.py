"""``simtheory versions``: the versions on which results depend."""

from __future__ import annotations

import click

__all__ = ["versions"]


@click.command()
def versions() -> None:
    """Print the versions that results depend on."""
    from simtheory.validation.ledger.folder import versions as found

    for name, number in found().items():
        click.echo(f"{name:<12}{number}")
