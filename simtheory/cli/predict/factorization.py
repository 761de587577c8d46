"""``simtheory predict factorization``: the numbers of examples that each law asks for."""

from __future__ import annotations

from typing import Any

import click

from simtheory.analytic.factorization import examples_needed
from simtheory.cli._flags import in_flags
from simtheory.cli._json import as_json
from simtheory.tasks.factorization import Bump, BumpTask, Stripes

__all__ = ["factorization"]

_SHAPES: dict[str, Bump | Stripes] = {"bump": Bump(), "stripes": Stripes()}


@click.command()
@click.option("--side", type=int, required=True, help="Side of the images, in pixels.")
@click.option(
    "--sigma", type=float, default=1.0, show_default=True, help="Width of the shape, in pixels."
)
@click.option(
    "--accuracy", type=float, default=0.95, show_default=True, help="Wanted share of right answers."
)
@click.option(
    "--tolerance",
    type=float,
    default=1.0,
    show_default=True,
    help="Tolerance of an answer, in pixels.",
)
@click.option(
    "--shape",
    type=click.Choice(list(_SHAPES)),
    default="bump",
    show_default=True,
    help="What is drawn.",
)
@click.option("--theta", type=float, help="Overlap above which bumps are linked. Default: 0.05.")
@click.option(
    "--margin", type=int, default=0, help="Pixels of the canvas beyond each edge. Default: 0."
)
@in_flags
@as_json
def factorization(
    side: int,
    sigma: float,
    accuracy: float,
    tolerance: float,
    shape: str,
    theta: float | None,
    margin: int,
    json: bool,
) -> dict[str, Any]:
    """Say how many examples of two factors each law asks for; none is recommended.

    \b
    simtheory predict factorization --side 32 --sigma 1 --accuracy .95
    simtheory predict factorization --side 32 --shape stripes --margin 6 --json
    """
    task = BumpTask(side, sigma, _SHAPES[shape], margin=margin)
    found = examples_needed(task, tolerance=tolerance, accuracy=accuracy, theta=theta)
    if not json:
        click.echo(found)
        click.echo(
            "\nWhich law a network obeys is measured: simtheory assess accuracy holds\naccuracies against n to all of them."
        )
    return {**found.to_dict(), "sigma": sigma, "shape": shape}
