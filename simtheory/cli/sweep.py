"""``simtheory sweep``: a grid of cells into a store, how far it is, and its phase diagram."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from simtheory._checks import nearest, one_of
from simtheory.cli._flags import in_flags
from simtheory.cli._json import as_json
from simtheory.errors import ArgumentError

__all__ = ["sweep"]

_MOST = 6
"""Panels side by side; with more they could not be read."""


class _SweepGroup(click.Group):
    """A group whose first word may be a spec: then that is what runs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command ``run`` before a spec."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_SweepGroup, subcommand_metavar="SPEC [OPTIONS] | status STORE | plot STORE")
def sweep() -> None:
    """Compute a grid of cells, such as a phase diagram.

    \b
    simtheory sweep spec.toml --workers 2     compute, or go on after an interruption
    simtheory sweep status spec.zarr          how far it is
    simtheory sweep plot spec.zarr            its phase diagram

    `simtheory sweep run --help` names the options of the first.
    """


@sweep.command()
@click.argument("spec_file", metavar="SPEC", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder of the results. Default: the name of SPEC, ending in .zarr, in this folder.",
)
@click.option("--workers", type=click.IntRange(1), help="Compute in so many processes.")
@click.option("--scheduler", help="Compute on a Dask cluster, such as tcp://10.0.0.1:8786.")
@click.option("--shard", help="Compute one part of all chunks, such as 1/4, from 1/4 to 4/4.")
@click.option(
    "--allow-code",
    is_flag=True,
    help="Let SPEC name a function, module:name, whose code runs here. Modules beside SPEC are found.",
)
@in_flags
def run(
    spec_file: Path,
    out: Path | None,
    workers: int | None,
    scheduler: str | None,
    shard: str | None,
    allow_code: bool,
) -> None:
    """Compute the cells that the store lacks."""
    from simtheory.sweep import Spec, dask, processes, status
    from simtheory.sweep import run as compute

    if workers and scheduler is not None:
        raise ArgumentError("Options --workers and --scheduler exclude one another.")
    if allow_code:  # as `python FILE` finds modules beside FILE; the processes of a pool inherit it
        sys.path.insert(0, str(spec_file.resolve().parent))
    spec = Spec.from_toml(spec_file, allow_code=allow_code)
    store = out or Path(f"{spec_file.stem}.zarr")
    executors: Any = nullcontext()
    if workers:
        executors = processes(workers)
    elif scheduler is not None:
        executors = dask(scheduler)
    part = _shard(shard) if shard else (1, 1)
    try:
        with executors as executor:
            compute(spec, store, executor=executor, shard=part, progress=True)
    except KeyboardInterrupt:
        click.echo(f"Interrupted. What was finished is kept in {store}.", err=True)
        sys.exit(130)
    found = status(store)
    click.echo(f"{found}\n{store.resolve()}")
    sys.exit(1 if found.failed else 0)


@sweep.command()
@click.argument("store", type=click.Path(path_type=Path))
@as_json
@in_flags
def status(store: Path, json: bool) -> dict[str, Any] | None:
    """Say how many cells are done, have failed and why, and are still to come."""
    from simtheory.sweep import status as found

    progress = found(store)
    if json:
        return asdict(progress)
    click.echo(progress)
    return None


@sweep.command()
@click.argument("store", type=click.Path(path_type=Path))
@click.option("--variable", help="What to draw. Default: the first observable of the spec.")
@click.option("--x", help="Axis across. Default: the last one.")
@click.option("--y", help="Axis up. Default: the last but one.")
@click.option("--at", multiple=True, help="Fix another axis, such as omega=0.01.")
@click.option("--level", type=float, help="Where the boundary runs.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The picture (png, svg, pdf). Default: the name of STORE, ending in .png, beside it.",
)
@in_flags
def plot(
    store: Path,
    variable: str | None,
    x: str | None,
    y: str | None,
    at: tuple[str, ...],
    level: float | None,
    out: Path | None,
) -> None:
    """Draw the phase diagram, a panel for each value of a third axis, theory's boundary dashed."""
    from simtheory.plot import phase, picture
    from simtheory.sweep import read

    data = read(store)
    variable = variable or data.attrs["measured"].split()[0]
    for word in at:
        data = _fixed(data, word)
    panels = _panels(data, variable, x, y)
    target = out or store.with_suffix(".png")
    widths = [3.4] * (len(panels) - 1) + [4.1]
    seen = [panel[variable].where(panel["status"] == 1) for _, panel in panels]
    span: dict[str, Any] = {
        "vmin": min(float(s.min()) for s in seen),
        "vmax": max(float(s.max()) for s in seen),
    }
    try:
        with picture(target, widths=widths) as axes:
            for (title, panel), ax in zip(panels, axes, strict=True):
                phase(panel, variable, x=x, y=y, level=level, key=ax is axes[-1], ax=ax, **span)
                ax.set_title(title.replace("$", r"\$"))
    except OSError as reason:
        raise ArgumentError(f"Cannot write {target}: {reason.strerror}.") from reason
    click.echo(target.resolve())


def _panels(data: Any, variable: str, x: str | None, y: str | None) -> list[tuple[str, Any]]:
    """Return what is drawn side by side: the values of the axis beside two and the seeds."""
    one_of("variable", variable, [str(name) for name in data.data_vars])
    dims = [str(name) for name in data[variable].dims if name != "seed"]
    for name, axis in (("x", x), ("y", y)):
        if axis is not None:
            one_of(name, axis, dims)
    free = [name for name in dims if name not in (x, y)]
    beside = free[: max(0, len(dims) - 2)]
    if not beside:
        return [("", data)]
    if len(beside) > 1 or data.sizes[beside[0]] > _MOST:
        raise ArgumentError(
            f"Of {', '.join(dims)} two axes make a diagram, and one of at most {_MOST} values the "
            f"panels. Fix another with --at, such as --at {beside[0]}={_shown(data[beside[0]].values[0])}."
        )
    (axis,) = beside
    known = data[axis].values.tolist()
    return [(f"{axis} = {_shown(v)}", data.isel({axis: k})) for k, v in enumerate(known)]


def _shard(text: str) -> tuple[int, int]:
    part, slash, parts = text.partition("/")
    if not (slash and part.isdecimal() and parts.isdecimal()):
        raise ArgumentError(f"Option --shard must be i/n, such as 1/4, but it is {text!r}.")
    return int(part), int(parts)


def _fixed(data: Any, word: str) -> Any:
    """Select one value of an axis, or say which there are."""
    axis, equals, text = word.partition("=")
    if not equals:
        raise ArgumentError(f"Option --at must be axis=value, but it is {word!r}.")
    if axis not in data.sizes:
        raise ArgumentError(
            f"Option --at names no axis: {axis!r}; {nearest(axis, map(str, data.sizes))}"
        )
    known = data[axis].values.tolist()
    for k, value in enumerate(known):
        # A value of a spacing has more digits than one types.
        if text in (str(value), _shown(value)):
            return data.isel({axis: k})
    raise ArgumentError(f"Axis {axis} has no value {text}; it has {', '.join(map(_shown, known))}.")


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
