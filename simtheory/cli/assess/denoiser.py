"""``simtheory assess denoiser``: which levels of a grammar a model's probabilities use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from simtheory import assess, plot
from simtheory._files import given_array
from simtheory.cli.assess._answer import Answer, answered, named, printed
from simtheory.report import Part

__all__ = ["denoiser"]


@click.command()
@click.argument("probe", type=click.Path(path_type=Path))
@click.argument("probabilities", nargs=-1, required=True, type=click.Path(path_type=Path))
@answered
def denoiser(probe: Path, probabilities: tuple[Path, ...]) -> Answer:
    """Say which levels of a grammar a denoiser knows, from its probabilities alone.

    PROBE is the probe.npz of `simtheory make hierarchy --probe`; PROBABILITIES are .npy files of shape
    (N, d, v), one for each checkpoint: the model's probabilities of the clean tokens.

    \b
    simtheory assess denoiser probe.npz probabilities_*.npy --out shares
    """
    asked = assess.Probe.load(probe)
    found = {
        name: assess.level_shares(asked, given_array(path))
        for name, path in named(probabilities).items()
    }
    steps = assess.staircase(asked)
    depth = asked.grammar.depth
    rows = []
    for name, each in found.items():
        cells = [
            "–" if np.isnan(c) else f"{round(c, 2) + 0.0:.2f}±{(high - low) / 2:.2f}"
            for c, (low, high) in zip(each.shares, each.interval, strict=True)
        ]
        rows.append(
            [
                name if len(name) <= 20 else f"…{name[-19:]}",
                f"{each.excess:.4f}",
                f"P_{each.nearest}",
                *cells,
            ]
        )
    head = ["probabilities", "excess", "like", *(f"level {l}" for l in range(1, depth + 1))]
    words = [
        "level l: share of what the rules of level l tell that the model uses, with half of its interval "
        "of 95 %; 0 before it knows the level, 1 after.",
        "excess: mean KL(P_L || q) in nats a token; like: the nearest of P_0 ... P_L, which know the rules "
        "up to a level. Their own excess: "
        + ", ".join(f"P_{k} {value:.4f}" for k, value in enumerate(steps))
        + ".",
    ]

    shared, meant = Part("What each file knows", [], head, rows), Part("Words", words)

    def draw_shares(ax: Any) -> None:
        for l in range(depth):
            ax.plot(
                range(1, len(found) + 1),
                [each.shares[l] for each in found.values()],
                "o-",
                color=plot.colour(l),
                label=f"level {l + 1}",
            )
        ax.set(
            xlabel="file, as in the table", ylabel="level share", xticks=range(1, len(found) + 1)
        )
        ax.legend()

    def draw_excess(ax: Any) -> None:
        ax.plot(
            range(1, len(found) + 1), [each.excess for each in found.values()], "o-", color=plot.INK
        )
        for k, value in enumerate(steps[:-1]):
            ax.axhline(value, ls="--", color=plot.colour(k), label=f"knows {k}")
        ax.set(xlabel="file, as in the table", ylabel="excess (nats a token)")
        ax.set(xticks=range(1, len(found) + 1))
        ax.legend()

    shares, excess = "Level shares, file by file", "Excess over Bayes, beside the staircase"
    return Answer(
        title="Levels that a denoiser knows",
        text=printed(shared, meant),
        parts=(shared, meant),
        values={
            "probabilities": {
                name: {
                    "shares": each.shares,
                    "adds_nothing": np.isnan(each.shares).tolist(),
                    "interval": each.interval,
                    "excess": each.excess,
                    "excludes_what_is_possible": not np.isfinite(each.excess),
                    "nearest": each.nearest,
                }
                for name, each in found.items()
            },
            "staircase": steps,
        },
        pictures={shares: (shares, draw_shares), excess: (excess, draw_excess)},
    )
