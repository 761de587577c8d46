"""``simtheory make hierarchy``: a grammar, strings to train and test on, and a probe set."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from simtheory import assess
from simtheory._checks import non_negative_int, positive_int
from simtheory._files import whole
from simtheory._typing import IntArray
from simtheory.cli._flags import in_flags
from simtheory.errors import ArgumentError
from simtheory.tasks import RandomHierarchy, favero2025

__all__ = ["hierarchy"]

_TEST = 1024  # test strings, where the grammar has so many left


@click.command()
@click.option("--v", type=int, default=8, show_default=True, help="Symbols of a level.")
@click.option("--m", type=int, default=3, show_default=True, help="Rules of a symbol.")
@click.option("--s", type=int, default=2, show_default=True, help="Symbols that a rule writes.")
@click.option("--depth", type=int, default=3, show_default=True, help="Levels above the tokens.")
@click.option("--strings", type=int, default=1024, show_default=True, help="Training strings.")
@click.option(
    "--test", type=int, help="Test strings. Default: 1024, or what is left of the grammar's."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of rules and strings.")
@click.option("--released", is_flag=True, help="Rules and strings as the released code draws them.")
@click.option("--probe", is_flag=True, help="Write probe.npz, to be filled with probabilities.")
@click.option("--probes", type=int, default=2000, show_default=True, help="Strings of the probe.")
@click.option("--steps", type=int, default=100, show_default=True, help="Steps of its noise.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("hierarchy"),
    show_default=True,
    help="Folder, created if needed.",
)
@in_flags
def hierarchy(
    v: int,
    m: int,
    s: int,
    depth: int,
    strings: int,
    test: int | None,
    seed: int,
    released: bool,
    probe: bool,
    probes: int,
    steps: int,
    out: Path,
) -> None:
    """Write a grammar, training and test strings, and a probe set.

    The strings are different from each other, so that no test string is a training string.

    \b
    simtheory make hierarchy --v 8 --m 3 --depth 3 --strings 1024 --probe
    """
    positive_int("strings", strings)
    if test is not None:
        non_negative_int("test", test)
    if released:
        tree = favero2025.grammar(v=v, m=m, s=s, L=depth, seed_rules=seed)
    else:
        tree = RandomHierarchy(v=v, m=m, s=s, L=depth, seed=seed).grammar
    left = max(tree.n_strings - strings, 0)
    more = min(_TEST, left) if test is None else test
    if strings + more > tree.n_strings:
        raise ArgumentError(
            f"Options --strings and --test must ask for at most the {tree.n_strings} strings of the "
            f"grammar, but they ask for {strings + more}."
        )
    if released:
        both = favero2025.strings(tree, strings, seed_sample=seed, test=more)
    else:
        both = tree.sample(strings + more, rng=seed, replace=False)
    asked = assess.probe(tree, n=probes, steps=steps, rng=seed) if probe else None
    try:
        out.mkdir(parents=True, exist_ok=True)
        files = [tree.save(out / "grammar.npz")]
        files += [
            _write(out / "train.npy", both[:strings]),
            _write(out / "test.npy", both[strings:]),
        ]
        if asked is not None:
            files.append(asked.save(out / "probe.npz"))
    except OSError as reason:
        raise ArgumentError(f"Cannot write {reason.filename}: {reason.strerror}.") from reason
    kept = f"{tree.length} tokens of {tree.alphabet} symbols; {tree.n_strings} strings in all"
    click.echo(f"Strings of {kept}. {strings} to train on, {more} to test on.")
    for path in files:
        click.echo(path)


def _write(path: Path, strings: IntArray) -> Path:
    with whole(path) as partial, partial.open("wb") as stream:
        np.save(stream, strings)
    return path
