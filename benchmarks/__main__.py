"""Measure all studies, print their tables, and write the page of the docs: ``python -m benchmarks``."""

from __future__ import annotations

import time
from pathlib import Path

import click

from benchmarks import page, results

STUDIES = (
    "turns",
    "bound",
    "steps",
    "scaling",
    "startup",
    "first",
    "composition",
    "hierarchy",
    "percolation",
    "emergence",
)


@click.command()
@click.option("--quick", is_flag=True, help="Fewer sizes, members and rounds: a few minutes.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(STUDIES),
    help="Measure this study anew and keep the others on file; may be given more than once.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write page, figures and results into this folder and leave the committed ones alone.",
)
def main(quick: bool, only: tuple[str, ...], out: Path | None) -> None:
    """Measure simtheory against other solvers and write docs/benchmarks.md."""
    path, target = results.PATH, page.PAGE
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        path, target = out / "results.json", out / "benchmarks.md"
    for study in STUDIES:
        if only and study not in only:
            continue
        begin = time.perf_counter()
        click.echo(f"== {study}")
        results.store(study, _measure(study, quick, path), path, quick=quick)
        click.echo(f"== {study}: {time.perf_counter() - begin:.0f} s")
    page.write(results.load(path), target)
    click.echo(f"Page: {target}")


def _measure(study: str, quick: bool, path: Path):  # type: ignore[no-untyped-def]
    if study == "turns":
        from benchmarks import turns

        return turns.measure(quick=quick, say=click.echo)
    if study == "bound":
        from benchmarks import bound

        on_file = results.load(path)
        if "turns" not in on_file:
            raise click.UsageError("`bound` judges a comparison; measure `turns` first.")
        return bound.measure(on_file["turns"]["data"], say=click.echo)
    if study == "steps":
        from benchmarks import steps

        return steps.measure(quick=quick, say=click.echo)
    if study == "scaling":
        from benchmarks import scaling

        return scaling.measure(quick=quick, say=click.echo)
    if study == "hierarchy":
        from benchmarks import hierarchy

        return hierarchy.measure(quick=quick, say=click.echo)
    if study == "percolation":
        from benchmarks import percolation

        return percolation.measure(quick=quick, say=click.echo)
    if study == "composition":
        from benchmarks import composition

        return composition.measure(quick=quick, say=click.echo)
    if study == "emergence":
        from benchmarks import emergence

        return emergence.measure(quick=quick, say=click.echo)
    from benchmarks import startup

    measured = startup.measure_first if study == "first" else startup.measure
    return measured(quick=quick, say=click.echo)


if __name__ == "__main__":
    main()
