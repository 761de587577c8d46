"""``simtheory assess text``: coherence of samples beside that of their corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from simtheory import assess, plot
from simtheory.cli.assess._answer import Answer, answered, named, printed
from simtheory.errors import ArgumentError
from simtheory.report import Part

__all__ = ["text"]

_SHOWN = 5  # distances whose ratios the table has


@click.command()
@click.argument("samples", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--reference", type=click.Path(path_type=Path), help="The corpus.")
@click.option(
    "--tokens",
    default="characters",
    show_default=True,
    help="characters, letters (a to z and one space), or spaces (what stands between them).",
)
@click.option("--separator", help="What stands between documents, such as <|endoftext|>.")
@click.option("--aligned", is_flag=True, help="Strings of one length, compared place by place.")
@click.option("--distances", help="Distances to measure, such as 1,2,4,8.")
@answered
def text(
    samples: tuple[Path, ...],
    reference: Path | None,
    tokens: str,
    separator: str | None,
    aligned: bool,
    distances: str | None,
) -> Answer:
    """Say up to which distance samples are as correlated as their corpus.

    SAMPLES are texts, or .npy files of token ids, one for each checkpoint.

    \b
    simtheory assess text samples_*.txt --reference corpus.txt --out coherence
    """

    def read(path: Path) -> list[object]:
        return assess.texts(path, tokens=tokens, separator=separator)

    grid = _integers(distances)
    known = None
    if reference is not None:
        known = assess.coherence(read(reference), aligned=aligned, distances=grid)
    found = {
        name: assess.coherence(read(path), reference=known, aligned=aligned, distances=grid)
        for name, path in named(samples).items()
    }
    first = next(iter(found.values()))
    seen = first.r[first.resolvable]
    shown = seen[_spread(len(seen))]
    head = ["samples", "tokens", "length", "95 %", *(f"r={r}" for r in shown)]
    rows = []
    for name, each in found.items():
        low, high = each.interval
        values = each.C2 if known is None else each.ratio
        rows.append(
            [
                name if len(name) <= 22 else f"…{name[-21:]}",
                f"{each.tokens}",
                f"{each.length}",
                f"{low}-{high}{'+' if each.censored else ''}",
                *(f"{values[each.r == r][0]:.2g}" if r in each.r else "–" for r in shown),
            ]
        )
    if known is None:
        length = "length: last distance up to which tokens are correlated"
        what = "the squared correlation of tokens that far apart"
    else:
        length = (
            "length: last distance, in tokens, up to which the samples are at least half as correlated, in "
            "squares, as the reference"
        )
        what = "the squared correlation of tokens that far apart, over that of the reference"
    words = [f"{length}; r=: {what}."]
    if known is not None:
        words += [f"reference: {line}" for line in known.summary()]
    if any(each.censored for each in found.values()):
        words.append("+: the length may be larger; the reference does not show more.")
    parts = (Part("How far samples are coherent", [], head, rows), Part("Words", words))

    def draw(ax: Any) -> None:
        plot.coherence(found, ax=ax)

    caption = "Squared correlation over the distance between tokens"
    return Answer(
        title="Coherence of samples",
        text=printed(*parts),
        parts=parts,
        values={
            "samples": {name: each.to_dict() for name, each in found.items()},
            "reference": None if known is None else known.to_dict(),
        },
        pictures={caption: (f"{caption}, one line for each file", draw)},
    )


def _spread(n: int) -> list[int]:
    """Places of at most five of n distances, the first and the last among them."""
    if n <= _SHOWN:
        return list(range(n))
    return sorted({round(k * (n - 1) / (_SHOWN - 1)) for k in range(_SHOWN)})


def _integers(text: str | None) -> list[int] | None:
    try:
        return None if text is None else [int(part) for part in text.split(",")]
    except ValueError as reason:
        raise ArgumentError(
            f"Option --distances must be integers with commas between, but it is {text!r}."
        ) from reason
