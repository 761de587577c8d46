"""``simtheory fit``: rates, learning times and a picture from measured curves."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import click
import numpy as np

from simtheory import fit as fitting
from simtheory import plot
from simtheory._checks import positive_int
from simtheory._files import write_text
from simtheory.cli._flags import in_flags
from simtheory.errors import ArgumentError, FitWarning
from simtheory.units import Clock

__all__ = ["fit"]


@click.command()
@click.argument("curves", type=click.Path(path_type=Path))
@click.option(
    "--model",
    default="auto",
    show_default=True,
    help="The net: one-layer, tied (U Uᵀ), untied (W₂W₁), deep, or auto.",
)
@click.option(
    "--rows",
    default="auto",
    show_default=True,
    help="Ties between concepts at the start: orthogonal, correlated, or auto.",
)
@click.option("--depth", type=float, help="Number of layers; --model deep needs it.")
@click.option(
    "--ends",
    default="auto",
    show_default=True,
    help="Where curves end: one (outputs at 1, losses at 0), free, or auto.",
)
@click.option("--observed", help="What a column is: concepts, target or loss. Default: by name.")
@click.option("--columns", help="Columns to take, such as size,colour. Default: all.")
@click.option("--mu", help="Signal strengths, such as 1,1.5,2.2; a swing-by needs them.")
@click.option("--concepts", type=int, help="Concepts behind a loss without --mu. Default: 1.")
@click.option("--time", help="The column of times, such as epoch. Default: by name.")
@click.option("--steps-per-epoch", type=float, help="Makes steps of epochs.")
@click.option(
    "--incomplete",
    default="refuse",
    show_default=True,
    help="Rows in which a wanted number is missing: refuse or drop.",
)
@click.option("--until", type=float, help="Fit up to this time and withhold the rest.")
@click.option("--horizon", type=float, help="Predict up to this time.")
@click.option("--lr", type=float, help="Learning rate: steps become canonical time.")
@click.option("--loss", help="What was minimised: half_sum, sum or mean. Default: half_sum.")
@click.option("--dim", type=int, help="Number of outputs; --loss mean needs it.")
@click.option("--momentum", type=float, help="Heavy-ball momentum. Default: 0.")
@click.option(
    "--confidence", type=float, default=0.95, show_default=True, help="Confidence of intervals."
)
@click.option("--bootstrap", type=int, default=0, help="Bootstrap samples for the intervals.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the bootstrap."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for fit.png, fit.svg and fit.json; created if needed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the numbers as JSON.")
@in_flags
@click.pass_context
def fit(
    context: click.Context, curves: Path, out: Path | None, as_json: bool, **flags: Any
) -> None:
    """Fit measured curves, and predict the rest of the training.

    CURVES is a .csv, .tsv, .jsonl or .npz file with a column t, time, step or steps, and one column
    for each concept (its output, 1 when learned) or one called loss.

    \b
    simtheory fit curves.csv --until 400 --lr 0.01 --out fitted
    """
    measured = fitting.curves(
        curves,
        observed=flags["observed"],
        columns=_words(flags["columns"]),
        mu=_numbers(flags["mu"]),
        clock=_clock(flags),
        concepts=flags["concepts"],
        time=flags["time"],
        steps_per_epoch=flags["steps_per_epoch"],
        incomplete=flags["incomplete"],
    )
    samples = flags["bootstrap"]
    with warnings.catch_warnings():  # the verdict is printed
        warnings.simplefilter("ignore", FitWarning)
        found = fitting.fit(
            measured,
            model=flags["model"],
            rows=flags["rows"],
            depth=flags["depth"],
            ends=flags["ends"],
            until=flags["until"],
            confidence=flags["confidence"],
            bootstrap=positive_int("bootstrap", samples) if samples else 0,
            rng=np.random.default_rng(flags["seed"]),
            progress=True,
        )
    ahead = fitting.predict(found, until=flags["horizon"])
    if as_json:
        click.echo(json.dumps(fitting.as_dict(found, ahead), indent=2))
    else:
        click.echo(f"{measured}\n\n{found}\n\n{ahead}")
    if out is not None:
        try:
            _write(out, found, ahead)
        except OSError as reason:
            raise ArgumentError(f"Cannot write {reason.filename}: {reason.strerror}.") from reason
        if not as_json:
            click.echo(f"\n{out / 'fit.png'}")
    if found.quality.rejected:
        click.echo(f"Warning: the {found.model} model {found.verdict}", err=True)
        context.exit(1)


def _write(out: Path, found: fitting.Fit, ahead: fitting.Forecast) -> None:
    """Write the picture and the numbers, each whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    for suffix in (".png", ".svg"):
        with plot.picture(out / f"fit{suffix}", widths=(5.0, 3.4)) as (left, right):
            plot.fitted(found, forecast=ahead, ax=left)
            plot.residuals(found, ax=right)
    write_text(out / "fit.json", json.dumps(fitting.as_dict(found, ahead), indent=2))


def _clock(flags: dict[str, Any]) -> Clock | None:
    if flags["lr"] is None:
        for name in ("loss", "dim", "momentum"):
            if flags[name] is not None:
                raise ArgumentError(f"Option --{name} says how steps become time; it needs --lr.")
        return None
    loss = flags["loss"] or "half_sum"
    return Clock(
        lr=flags["lr"],
        loss=loss,
        dim=flags["dim"],
        tied=loss == "recurrence",
        momentum=flags["momentum"] or 0.0,
    )


def _words(text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",")]


def _numbers(text: str | None) -> list[float] | None:
    try:
        return None if text is None else [float(part) for part in text.split(",")]
    except ValueError as reason:
        raise ArgumentError(
            f"Option --mu must be numbers with commas between, but it is {text!r}."
        ) from reason
