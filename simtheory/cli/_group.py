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
    "sweep": ("sweep", "Compute a grid of cells, such as a phase diagram."),
    "warmup": ("kernels", "Compile the kernels ahead of their first use."),
    "cache": ("kernels", "Show the compiled kernels on disk, or remove them."),
    "versions": ("versions", "Print the versions that results depend on."),
}


class Commands(click.Group):
    """A group that imports a command on use, and exits with status 2 on bad input."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"simtheory.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or fail with the nearest name."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            ctx.fail(f"No command is called {args[0]!r}; {nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands that begin so, from the table, and the group's own options."""
        options = click.Command.shell_complete(self, ctx, incomplete)
        named = [CompletionItem(name, help=line) for name, (_, line) in COMMANDS.items()]
        return [item for item in named if item.value.startswith(incomplete)] + options

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of simtheory becomes a usage error of one line."""
        try:
            return super().invoke(ctx)
        except SimTheoryError as reason:
            raise click.UsageError(str(reason)) from reason
