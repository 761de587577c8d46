"""``simtheory predict``: closed forms as tables and pictures; one module for each topic.

Without the name of a topic the arguments are those of the topic identity: flags, or a task file.
"""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from simtheory._checks import nearest
from simtheory._names import public
from simtheory.cli._group import Commands

__all__ = ["TOPICS", "predict"]

# Topic -> module of this package that defines its command, line of --help.
TOPICS = {
    "identity": ("identity", "When a linear net learns which concept."),
    "factorization": ("factorization", "How many examples a space of two factors needs."),
    "emergence": ("emergence", "Which class of a concept graph is learned when, and which never."),
    "linear": ("linear", "When layers learn which mode of a linear map."),
    "hierarchy": ("hierarchy", "How many strings show which level of a hierarchy."),
}
_DEFAULT = "identity"


class _Topics(Commands):
    """Topics, of which one answers where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default topic before arguments that begin with a flag or a file."""
        first = args[0] if args else ""
        named = first in self.table or (not args and ctx.resilient_parsing)
        word = first and not first.startswith("-") and not Path(first).suffix
        if not named and word and not Path(first).exists():
            ctx.fail(f"No topic or task file is called {first!r}; {nearest(first, self.table)}")
        return super().parse_args(ctx, args if named else [_DEFAULT, *args])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the topics that begin so, and the flags of the default topic."""
        default = self.get_command(ctx, _DEFAULT)
        options = [] if default is None else default.shell_complete(ctx, incomplete)
        return super().shell_complete(ctx, incomplete) + options


@click.group(cls=_Topics, table=TOPICS, package="predict", noun="topic")
def predict() -> None:
    """Predict when a linear net learns which concept."""


public(__name__)
