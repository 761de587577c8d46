"""``simtheory assess strings``: rules kept, copies, novelty and use of rules of generated strings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simtheory import assess, plot
from simtheory._typing import Array
from simtheory.analytic import hierarchy as forms
from simtheory.cli.assess._answer import Answer, answered, printed
from simtheory.report import Part
from simtheory.tasks import TreeGrammar

__all__ = ["strings"]


@click.command()
@click.argument("samples", type=click.Path(path_type=Path))
@click.option(
    "--grammar",
    required=True,
    type=click.Path(path_type=Path),
    help="The grammar: a file of `simtheory make hierarchy` or TreeGrammar.save.",
)
@click.option("--train", type=click.Path(path_type=Path), help="The training strings.")
@click.option(
    "--tokens",
    default="spaces",
    show_default=True,
    help="Tokens of a text file: numbers with spaces between, or characters, single digits.",
)
@answered
def strings(samples: Path, grammar: Path, train: Path | None, tokens: str) -> Answer:
    """Say up to which level generated strings keep the rules, and how many are copies.

    SAMPLES is a .npy file of integers, shape (N, d), or a text with one string a line.

    \b
    simtheory assess strings samples.npy --grammar grammar.npz --train train.npy --out score
    """
    tree = TreeGrammar.load(grammar)
    known = None if train is None else assess.strings(train, tokens=tokens)
    found = assess.score(assess.strings(samples, tokens=tokens), tree, train=known)
    plateaus = forms.plateaus(tree)
    ladder = [f"knows {k}" for k in range(tree.depth)]
    rows = []
    for l in range(1, tree.depth + 1):
        low, high = found.accuracy_interval[l - 1]
        unused, usual = found.unused[l - 1], int((found.rule_expected[l - 1] > 0).sum())
        rows.append(
            [
                f"level {l}",
                f"{found.accuracy[l - 1]:.3f}",
                f"{low:.3f}-{high:.3f}",
                f"{unused}/{usual}",
                *(f"{plateaus[k, l - 1]:.3f}" for k in range(tree.depth)),
            ]
        )
    shares = {
        "valid": found.valid,
        "valid and new": found.novel,
        "copies": found.copies,
        "tokens from the nearest": found.nearest,
    }
    parts = (
        Part(
            "Rules kept",
            [f"{found.n} strings, {found.distinct} of them distinct"],
            ["rules kept", "share", "95 %", "unused", *ladder],
            rows,
        ),
        Part(
            "Whole strings",
            [f"{name}: {share}" for name, share in shares.items() if share is not None],
        ),
        Part(
            "Words",
            [
                "unused: rules of the level that no string uses; knows k: the share that a model reaches "
                "which knows the rules up to level k and nothing above but frequencies."
            ],
        ),
    )

    def draw(ax: Any) -> None:
        _draw(found, plateaus, ax)

    caption = "Share of nodes at which the rules are kept, by level, beside models that know some"
    return Answer(
        title="Generated strings",
        text=printed(*parts),
        parts=parts,
        values={**found.to_dict(), "unused": list(found.unused), "plateaus": plateaus},
        pictures={caption: (caption, draw)},
    )


def _draw(found: assess.Score, plateaus: Array, ax: Any) -> None:
    levels = range(1, len(found.accuracy) + 1)
    for k, row in enumerate(plateaus[:-1]):
        ax.plot(levels, row, "--", color=plot.colour(k), label=f"knows {k}")
    low, high = (
        (found.accuracy - found.accuracy_interval[:, 0]).clip(0),
        (found.accuracy_interval[:, 1] - found.accuracy).clip(0),
    )
    ax.errorbar(levels, found.accuracy, yerr=[low, high], fmt="o-", color=plot.INK, label="strings")
    ax.set(xlabel="level", ylabel="rules kept", xticks=list(levels), ylim=(0.0, 1.05))
    ax.legend()
