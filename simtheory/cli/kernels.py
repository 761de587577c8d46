"""``simtheory warmup`` and ``simtheory cache``: the compiled kernels."""

from __future__ import annotations

import time
from typing import Any

import click

from simtheory import sim
from simtheory.cli._json import as_json
from simtheory.errors import ArgumentError

__all__ = ["cache", "warmup"]


@click.command()
@as_json
def warmup(json: bool) -> dict[str, Any] | None:
    """Compile the kernels ahead of their first use.

    Compiled kernels are stored on disk, serve all dimensions and widths, and are compiled again when
    a file of their package changes.
    """
    begin = before = time.perf_counter()
    seconds = {}
    for what in sim.warmup():
        now = time.perf_counter()
        seconds[what] = now - before
        if not json:
            click.echo(f"{what:<28}{seconds[what]:6.2f} s")
        before = now
    found = sim.kernel_cache()
    if json:
        return {"seconds": seconds, "folders": [str(f) for f in found.folders], "bytes": found.size}
    kept = (
        f"kept on disk, {found.size / 2**20:.1f} MiB"
        if found.folders
        else "no folder to store them in"
    )
    click.echo(f"Ready in {before - begin:.1f} s; {kept}.")
    return None


@click.group()
def cache() -> None:
    """Show the compiled kernels on disk, or remove them."""


@cache.command()
@as_json
def info(json: bool) -> dict[str, Any] | None:
    """Print where compiled kernels are kept, and how much there is."""
    found = sim.kernel_cache()
    if json:
        folders = [str(folder) for folder in found.folders]
        return {"folders": folders, "files": len(found.files), "bytes": found.size}
    _tell(found, "")
    return None


@cache.command()
def clear() -> None:
    """Remove the compiled kernels; the next run compiles them again."""
    try:
        found = sim.clear_cache()
    except OSError as reason:
        raise ArgumentError(f"Cannot remove {reason.filename}: {reason.strerror}.") from reason
    _tell(found, "removed ")


def _tell(found: Any, verb: str) -> None:
    if not found.folders:
        click.echo("No folder can be written to, so every process compiles its kernels.")
        click.echo("Set NUMBA_CACHE_DIR to a folder that can be written to.")
        return
    for folder in found.folders:
        click.echo(f"folder  {folder}")
    click.echo(f"files   {verb}{len(found.files)}, {found.size / 2**20:.1f} MiB")
