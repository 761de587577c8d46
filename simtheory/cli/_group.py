"""The table of commands, and the group that loads them and reports bad input."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from simtheory._checks import nearest
from simtheory.errors import SimTheoryError

__all__ = ["Commands"]

# Name of a command -> module of this package that defines it, line of --help. The lines stand here
# because listing the commands must not import their modules.
COMMANDS = {
    "validate": ("validate", "Test the claims of the papers and write the ledger's page."),
    "claims": ("validate", "List the claims of the ledger."),
    "predict": ("predict", "Predict when a linear net learns which concept."),
    "fit": ("fit", "Fit measured curves, and predict the rest of the training."),
    "assess": (
        "assess",
        "Hold against theory what you bring: samples, texts, layers, experts, evaluations.",
    ),
    "make": ("make", "Write data sets for people who train elsewhere."),
    "sweep": ("sweep", "Compute a grid of cells, such as a phase diagram."),
    "explore": ("explore", "Open a page with sliders over theory."),
    "warmup": ("kernels", "Compile the kernels ahead of their first use."),
    "cache": ("kernels", "Show the compiled kernels on disk, or remove them."),
    "versions": ("versions", "Print the versions that results depend on."),
}


class Commands(click.Group):
    """A group that imports a command on use, and exits with status 2 on bad input.

    Parameters
    ----------
    table : dict, optional
        Name of a command -> module that defines it, line of --help. Default: `COMMANDS`.
    package : str
        Package of the modules, below `simtheory.cli`.
    noun : str
        What an error calls a command.
    """

    def __init__(
        self,
        *args: Any,
        table: dict[str, tuple[str, str]] | None = None,
        package: str = "",
        noun: str = "command",
        **settings: Any,
    ) -> None:
        super().__init__(*args, **settings)
        self.table = COMMANDS if table is None else table
        self.package, self.noun = f"simtheory.cli.{package}".rstrip("."), noun

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in self.table:
            return None
        module = import_module(f"{self.package}.{self.table[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or fail with the nearest name."""
        if args and not args[0].startswith("-") and args[0] not in self.table:
            ctx.fail(f"No {self.noun} is called {args[0]!r}; {nearest(args[0], self.table)}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin so, from the table, and the group's own options."""
        options = click.Command.shell_complete(self, ctx, incomplete)
        named = [CompletionItem(name, help=line) for name, (_, line) in self.table.items()]
        return [item for item in named if item.value.startswith(incomplete)] + options

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table."""
        with formatter.section(f"{self.noun}s".capitalize()):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of simtheory becomes a usage error of one line."""
        try:
            return super().invoke(ctx)
        except SimTheoryError as reason:
            raise click.UsageError(str(reason)) from reason
