"""``simtheory make``: data sets for people who train elsewhere; one module for each topic."""

from __future__ import annotations

import click

from simtheory._names import public
from simtheory.cli._group import Commands

__all__ = ["TOPICS", "make"]

# Topic -> module of this package that defines its command, line of --help.
TOPICS = {
    "hierarchy": ("hierarchy", "A grammar, training and test strings, and a probe set."),
}


@click.group(cls=Commands, table=TOPICS, package="make", noun="topic")
def make() -> None:
    """Write data sets for people who train elsewhere.

    `simtheory assess` holds what the trained models write against theory.
    """


public(__name__)
