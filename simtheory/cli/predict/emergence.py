"""``simtheory predict emergence``: which class of a concept graph is learned when, and which never."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from simtheory._checks import one_of, positive
from simtheory.analytic.emergence import Affine, Denoiser, Lazy, Learner, Outlook, outlook
from simtheory.assess.evaluations import trained_graph
from simtheory.cli._flags import in_flags
from simtheory.cli._json import as_json
from simtheory.errors import ArgumentError

__all__ = ["emergence"]

_MODELS = {
    "denoiser": ("prediction", "bias", "level"),
    "regression": ("bias", "level"),
    "lazy": ("rho", "level"),
}
"""The options that each model takes."""

_CLASSES: dict[str, Any] = {"denoiser": Denoiser, "regression": Affine, "lazy": Lazy}


@click.command()
@click.argument("graph_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", help=f"{', '.join(_MODELS)}. Default: denoiser.")
@click.option("--prediction", help="What the denoiser predicts: x0, v or eps. Default: x0.")
@click.option("--rho", type=float, help="Kernel of the lazy net for one concept, such as 0.7.")
@click.option("--no-bias", is_flag=True, help="Leave the constant feature out.")
@click.option(
    "--level", type=float, help="What counts as learned. Default: 0.9 of samples, or half the way."
)
@click.option("--lr", type=float, help="Learning rate: times are optimiser steps.")
@click.option(
    "--class", "classes", multiple=True, help="A class, such as 010; once for each. Default: all."
)
@in_flags
@as_json
def emergence(
    graph_file: Path,
    model: str | None,
    prediction: str | None,
    rho: float | None,
    no_bias: bool,
    level: float | None,
    lr: float | None,
    classes: tuple[str, ...],
    json: bool,
) -> dict[str, Any]:
    """Say which class of a concept graph is learned when, which never and why, and which prompts help.

    The file has the arguments of a ConceptGraph: train, as ["000", "100"] or in rows of integers, and mu,
    sigma, weights, values, names, code.

    \b
    simtheory predict emergence graph.toml
    simtheory predict emergence graph.toml --model lazy --rho 0.7 --json
    """
    graph = trained_graph(graph_file)
    given = {
        "prediction": prediction,
        "rho": rho,
        "bias": False if no_bias else None,
        "level": level,
    }
    learner = _learner(model, {name: value for name, value in given.items() if value is not None})
    rate = 1.0 if lr is None else positive("lr", lr)
    asked = graph.named(classes, what="Option --class") if classes else None
    found = _in_steps(outlook(graph, model=learner, classes=asked), rate)
    unit = "canonical times" if lr is None else "optimiser steps"
    if not json:
        click.echo(str(graph) + "\n")
        click.echo(str(found).replace("canonical times", unit))
        click.echo(
            "\nA denoiser has learned a class when its samples show all concepts, another model"
            "\nwhen its outputs do. Ratios of times carry over to nets better than times do."
        )
    return {
        "graph": graph.to_dict(),
        "model": found.model,
        "unit": unit,
        "ordered_by_distance": found.ordered,
        "verdict": found.verdict,
        "classes": [
            {
                "name": name,
                "values": values,
                "distance": distance,
                "trained": distance == 0,
                "learned_at": time,
                "never": bool(np.isinf(time)),
                "reason": reason or None,
                "prompt": prompt or None,
                "prompted_at": early,
            }
            for name, values, distance, time, reason, prompt, early in zip(
                found.names,
                found.classes.tolist(),
                found.distances.tolist(),
                found.times.tolist(),
                found.reasons,
                found.prompts,
                found.prompted.tolist(),
                strict=True,
            )
        ],
    }


def _learner(model: str | None, given: dict[str, Any]) -> Learner:
    """Return the model that the options describe."""
    name = "denoiser" if model is None else one_of("model", model, _MODELS)
    flags = {"bias": "--no-bias", "prediction": "--prediction", "rho": "--rho", "level": "--level"}
    for option in given:
        if option not in _MODELS[name]:
            raise ArgumentError(f"Option {flags[option]} is of no use with --model {name}.")
    if name == "lazy" and "rho" not in given:
        raise ArgumentError(
            "Option --model lazy needs --rho, the kernel for one concept, such as 0.7."
        )
    found: Learner = _CLASSES[name](**given)
    return found


def _in_steps(found: Outlook, lr: float) -> Outlook:
    """Return an outlook whose times are divided by a learning rate."""
    return replace(found, times=found.times / lr, prompted=found.prompted / lr)
