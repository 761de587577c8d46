"""The command line: one module per group of commands.

The module of a command is imported when the command runs or shows its help. A new command needs a
module, and a line in the table of `_group` that names it.

Exit status: 0 if all verdicts are as expected, 1 if one is not, 2 on bad arguments, 130 on an
interrupt.
"""

from __future__ import annotations

import click

from simtheory._names import public
from simtheory.cli._group import Commands

__all__ = ["main"]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="simtheory")
def main() -> None:
    """The theory of concept learning: computable, proved and tested."""


public(__name__)
