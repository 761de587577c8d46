"""The command line: one module per group of commands.

A command's module is imported when the command runs or shows its help; the table in `_group` says
which module holds it, and its one line there is all that a new command needs besides the module.

Exit status: 0 when everything is as expected, 1 when a verdict is not, 2 on bad arguments, 130 when
interrupted.
"""

from __future__ import annotations

import click

from simtheory.cli._group import Commands

__all__ = ["main"]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="simtheory")
def main() -> None:
    """The theory of concept learning: computable, proved and tested."""
