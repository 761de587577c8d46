"""``simtheory predict hierarchy``: the strings that each level of a hierarchy needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from simtheory import plot
from simtheory.analytic.hierarchy import strings_needed
from simtheory.cli._flags import in_flags, with_picture, writable, written
from simtheory.cli._json import as_json
from simtheory.errors import ArgumentError
from simtheory.tasks import RandomHierarchy, TreeGrammar

__all__ = ["hierarchy"]

_SHAPE = ("v", "m", "depth", "branching")


@click.command()
@click.option("--v", type=int, help="Symbols of a level.")
@click.option("--m", type=int, help="Rules of a symbol, at least 2.")
@click.option("--depth", type=int, help="Levels above the tokens.")
@click.option("--branching", type=int, help="Children of a node. Default: 2.")
@click.option("--strings", type=float, help="Strings at hand.")
@click.option("--seed", type=int, help="Seed of the grammar whose signal is shown. Default: 0.")
@click.option(
    "--grammar",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your grammar (.npz), in place of --v, --m, --depth and --branching.",
)
@with_picture
@in_flags
@as_json
def hierarchy(
    file: Path | None,
    strings: float | None,
    seed: int | None,
    picture: Path | None,
    json: bool,
    **shape: int | None,
) -> dict[str, Any]:
    """Say how many strings show which level of a hierarchy, and what some strings reach.

    \b
    simtheory predict hierarchy --v 16 --m 4 --depth 4 --strings 4096
    simtheory predict hierarchy --grammar grammar.npz --strings 4096 --plot budget.png
    """
    writable(picture, plot.FORMATS)
    grammar, numbers = _given(file, seed, shape)
    v, m, L, s = (numbers[name] for name in _SHAPE)
    found = strings_needed(v=v, m=m, s=s, L=L, strings=strings, grammar=grammar)
    whose = f"grammar of seed {seed or 0}" if file is None else file.name
    if not json:
        click.echo(f"v = {v}, m = {m}, s = {s}, L = {L}: {_size(grammar.n_strings)} strings\n")
        click.echo(found)
        click.echo(
            "\nlaw: the correlation that shows a level equals its noise, within a factor 2;"
            "\nlevel 1: every tuple seen once."
            f"\nthis grammar: {whose}, without an expansion."
            "\ntrained nets: 1.4 to 3.7 times the law, measured at v = 8, m = 2, L = 4."
        )
    if picture is not None:
        with written(), plot.picture(picture, widths=(5.0,)) as axes:
            plot.strings_needed(found, ax=axes[0])
        click.echo(f"\n{picture}", err=json)
    return {
        **numbers,
        "n_strings": grammar.n_strings,
        **found.to_dict(),
        "nets_measured": [bool(np.isfinite(each)) for each in found.low],
        "never": [not bool(np.isfinite(each)) for each in found.grammar],
    }


def _given(
    file: Path | None, seed: int | None, shape: dict[str, int | None]
) -> tuple[TreeGrammar, dict[str, int]]:
    """Return the grammar, and the numbers of the law."""
    if file is None:
        missing = [f"--{name}" for name in _SHAPE[:3] if shape[name] is None]
        if missing:
            raise ArgumentError(
                f"A budget needs --v, --m and --depth, or --grammar, but {', '.join(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} missing."
            )
        numbers = {"branching": 2} | {k: n for k in _SHAPE if (n := shape[k]) is not None}
        drawn = RandomHierarchy(
            v=numbers["v"],
            m=numbers["m"],
            s=numbers["branching"],
            L=numbers["depth"],
            seed=0 if seed is None else seed,
        )
        return drawn.grammar, numbers
    if seed is not None or any(given is not None for given in shape.values()):
        raise ArgumentError(
            "Option --grammar is of no use with --v, --m, --depth, --branching or --seed: the file says them."
        )
    grammar = TreeGrammar.load(file)
    shapes = {level.shape[1:] for level in grammar.rules}
    if len(shapes) > 1 or len(set(grammar.sizes[:-1])) > 1:
        raise ArgumentError(
            f"The file {file} has levels of unequal size, for which the law does not hold. The strings of "
            "each level are analytic.hierarchy.snr_threshold of the grammar."
        )
    ((m, s),) = shapes
    return grammar, {"v": grammar.alphabet, "m": m, "depth": grammar.depth, "branching": s}


def _size(number: int) -> str:
    """Return a number of any size in short."""
    return f"{number:,}" if number < 10**6 else f"about 1e{len(str(number)) - 1}"
