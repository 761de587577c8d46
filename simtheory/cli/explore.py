"""``simtheory explore``: a local page with sliders."""

from __future__ import annotations

import click

from simtheory import explore as exploring
from simtheory.cli._flags import in_flags

__all__ = ["explore"]


@click.command()
@click.argument("topic", default="identity", type=click.Choice(exploring.TOPICS), metavar="[TOPIC]")
@click.option(
    "--port",
    type=int,
    default=5006,
    show_default=True,
    help="Port on 127.0.0.1, or the next free one; 0 takes any.",
)
@click.option("--window/--no-window", default=True, help="Open the page in a browser, or do not.")
@in_flags
def explore(topic: str, port: int, window: bool) -> None:
    """Open a page with sliders over theory.

    TOPIC is the tab that is open at first; Ctrl-C ends the command. The page is served to this machine
    alone and asks nothing of any other. It needs the extra explore.

    \b
    pip install -c constraints.txt -e ".[explore]"
    simtheory explore
    """
    exploring.serve(topic=topic, port=port, window=window, say=click.echo)
