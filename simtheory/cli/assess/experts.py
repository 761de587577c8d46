"""``simtheory assess experts``: what a composition is and what samplers return of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import numpy as np

from simtheory import plot
from simtheory._files import given_toml
from simtheory.assess.experts import Outlook, outlook
from simtheory.cli.assess._answer import Answer, answered, printed
from simtheory.errors import ArgumentError
from simtheory.report import Part

__all__ = ["experts"]

_SHOWN = 1500  # draws in a picture


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--weights", help="Powers of the experts, such as 1,1 or 1.3,-0.3.")
@click.option("--background", type=click.Path(path_type=Path), help="What the experts share: npz.")
@click.option("--guidance", type=float, help="Strength; the files are conditional, unconditional.")
@click.option("--score", help="module:name of your scores, f(y, level), one for each expert.")
@click.option("--steps", default=10, show_default=True, help="MCMC moves at each level.")
@click.option(
    "--within", default=0.05, show_default=True, help="Wanted total variation of the modes' masses."
)
@click.option("--draws", default=4000, show_default=True, help="Draws of each sampler.")
@click.option("--seed", default=0, show_default=True, help="Of draws and fits.")
@answered
def experts(
    files: tuple[Path, ...],
    weights: str | None,
    background: Path | None,
    guidance: float | None,
    score: str | None,
    steps: int,
    within: float,
    draws: int,
    seed: int,
) -> Answer:
    """Say what a composition of experts is, and what samplers return of it.

    FILES are npz files, one for each expert, with samples (n, d) or with weights, means and
    covariances of a mixture; or one TOML file that names them: experts = ["A.npz", "B.npz"], and
    the options.

    \b
    simtheory assess experts A.npz B.npz --out composed
    simtheory assess experts cond.npz uncond.npz --guidance 7.5
    simtheory assess experts p1.npz p2.npz p3.npz --background prior.npz
    """
    options: dict[str, Any] = {
        "weights": _numbers(weights),
        "background": background,
        "guidance": guidance,
        "score": score,
        "steps": steps,
        "within": within,
    }
    paths = list(files)
    if len(files) == 1 and files[0].suffix == ".toml":
        paths, options = _from_toml(files[0], options)
    if options["score"] is not None and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # the module stands where the command runs
    found = outlook(paths, **options, n=draws, seed=seed)
    head, rows = found.rows()
    said = [Part("", found.summary())]
    if rows:
        said.append(Part("", [], head[:4], [row[:4] for row in rows], _note(found)))
    if found.split is not None:
        said.append(Part("", str(found.split).splitlines()))
    return Answer(
        title="A composition of experts",
        text=printed(*said),
        values=found.to_dict(),
        parts=_parts(found),
        pictures=_pictures(found),
    )


def _note(found: Outlook) -> str:
    return (
        "draws with exact scores; off: total variation of the modes' masses, where the noise of as many exact "
        f"draws is {found.floor:.3f}, and standard deviations of the mean."
    )


_WORDS = (
    "expert: one of the densities that are composed, to the power of its weight",
    "level λ: the variance of added noise; samplers go down from a large first level Λ to almost 0",
    "mass of a mode: share of the draws that lie nearest to it",
    "masses off: total variation distance, half the sum of the absolute errors of the masses",
    "variance of a mode: of the draws nearest to the largest mode, over that of the truth, by coordinate",
    "DDIM, DDPM: reverse diffusion with the weighted sum of the experts' scores, without and with fresh noise; "
    "churn 4: the noise is four times as large",
    "repaired score: DDPM whose sum of scores is corrected by the curvature of the experts; weighted DDPM: its "
    "particles carry weights and are drawn again by them",
    "MALA, HMC: Markov chains of Langevin and of leapfrog moves with a Metropolis step, so many moves at each level",
)


def _parts(found: Outlook) -> list[Part]:
    """Return the parts of the page."""
    powers = ", ".join(f"{w:g}" for w in found.composition.weights)
    given = [one.words for one in found.experts]
    given.append(f"weights {powers}, total weight {found.composition.total_weight:g}")
    kind = "a density at every level" if found.valid else f"no density: {found.failure}"
    parts = [
        Part("In short", [f"the composition is {kind}", *found.words]),
        Part("What was composed", given),
    ]
    if found.drawn:
        head, rows = found.rows()
        more = f"{len(found.drawn[0].samples.points)} {_note(found)}"
        parts.append(Part("What each sampler returns", [], head[:4], [r[:4] for r in rows], more))
    if len(found.centres) > 1:
        shown = found.centres[:12]
        names = ["mode", "place", *(one.name for one in found.drawn)]
        cells = [
            [f"{k + 1}", _place(centre), *(f"{one.masses[k]:.3f}" for one in found.drawn)]
            for k, centre in enumerate(shown)
        ]
        rest = len(found.centres) - len(shown)
        parts.append(Part("Masses of the modes", [], names, cells, f"and {rest} more" * (rest > 0)))
    if found.split is not None:
        kinds = ("target", "sampler", "score", "floor")
        cells = [
            [name, *(_with_spread(*measured[kind]) for kind in kinds)]
            for name, measured in found.split.measures.items()
        ]
        parts.append(Part("Errors of your scores", found.split.summary(), ["", *kinds], cells))
    return [*parts, Part("Words", _WORDS)]


def _place(centre: Any) -> str:
    words = ", ".join(f"{x:.2f}" for x in centre[:4] + 0.0)
    return f"({words}{', …' if len(centre) > 4 else ''})"


def _with_spread(mean: float, spread: float) -> str:
    return "—" if np.isnan(mean) else f"{mean:.3f} ± {spread:.3f}"


def _from_toml(path: Path, options: dict[str, Any]) -> tuple[list[Path], dict[str, Any]]:
    held = given_toml(path)
    names = held.pop("experts", None)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ArgumentError(f'The file {path} must hold experts = ["A.npz", "B.npz"].')
    unknown = set(held) - set(options)
    if unknown:
        raise ArgumentError(
            f"The file {path} may hold {', '.join(sorted(options))} beside experts, but it holds "
            f"{', '.join(sorted(unknown))}."
        )
    if isinstance(held.get("background"), str):
        held["background"] = path.parent / held["background"]
    return [path.parent / name for name in names], options | held


def _numbers(text: str | None) -> list[float] | None:
    try:
        return None if text is None else [float(part) for part in text.split(",")]
    except ValueError as reason:
        raise ArgumentError(
            f"Option --weights must be numbers with commas between, but it is {text!r}."
        ) from reason


def _axes(truth: Any) -> tuple[Any, Any]:
    """Return the plane of the pictures, shape (d, 2), and the middle in it: coordinates, or principal axes."""
    if truth.shape[1] <= 2:
        return np.eye(truth.shape[1])[:, :2], truth.mean(axis=0)[:2]
    return np.linalg.eigh(np.cov(truth.T))[1][:, :-3:-1], np.zeros(2)


def _pictures(found: Outlook) -> dict[str, tuple[str, Any]]:
    if not found.drawn:
        return {}
    pictures: dict[str, tuple[str, Any]] = {}
    truth = found.drawn[0].samples.points
    axes, middle = _axes(truth)
    named = "coordinate" if truth.shape[1] <= 2 else "principal axis of the truth,"
    for one in found.drawn[1:]:
        points = one.samples.points[:_SHOWN]

        def draw(ax: Any, points: Any = points) -> None:
            if points.shape[1] == 1:
                low, high = np.quantile(truth, [0.001, 0.999])
                bins = np.linspace(low, high, 60)
                ax.hist(truth[:, 0], bins, density=True, color=plot.GREY, alpha=0.5, label="exact")
                ax.hist(points[:, 0], bins, density=True, histtype="step", color=plot.INK)
                ax.set_xlabel("coordinate 1")
                return
            # As pixels: thousands of points as vectors make a page of megabytes.
            dots = {"ms": 2, "alpha": 0.6, "rasterized": True}
            seen, own = (middle + (x - truth.mean(axis=0)) @ axes for x in (truth, points))
            ax.plot(*seen[:_SHOWN].T, ".", color=plot.GREY, label="truth", **dots)
            ax.plot(*own.T, ".", color=plot.colour(0), label="drawn", **dots)
            reach = 1.3 * np.abs(seen - middle).max()
            ax.set(xlim=(middle[0] - reach, middle[0] + reach))
            ax.set(ylim=(middle[1] - reach, middle[1] + reach), aspect="equal")
            ax.set(xlabel=f"{named} 1", ylabel=f"{named} 2")
            ax.legend(markerscale=4)

        what = f"{one.name} (blue) over the truth (grey)"
        if len(found.centres) > 1:
            what += f": masses of the modes off by {one.distance:.3f}"
        pictures[what] = (f"Draws of {one.name} over the truth", draw)
    names = [one.name for one in found.drawn]

    def masses(ax: Any) -> None:
        count = len(found.centres)
        for k, one in enumerate(found.drawn):
            place = np.arange(count) + 0.8 * (k + 0.5) / len(names) - 0.4
            ax.bar(place, one.masses, 0.8 / len(names), color=plot.colour(k), label=one.name)
        ax.set_xticks(np.arange(count), np.arange(1, count + 1))
        ax.set(xlabel="mode", ylabel="mass")
        ax.set_ylim(
            0.0, 1.35 * max(float(one.masses.max()) for one in found.drawn)
        )  # room for names
        ax.legend(fontsize="x-small", ncols=3, loc="upper center")

    if len(found.centres) > 1:
        pictures["Masses of the modes"] = ("Bars of masses, one colour for each sampler", masses)
    theory = found.advice
    if theory.distances is not None:
        drawn = {one.name.split(",")[0]: one for one in found.drawn}["MALA"]

        def steps(ax: Any) -> None:
            ax.loglog(theory.moves, theory.distances, color=plot.INK, label="predicted")
            ax.plot(found.steps, drawn.distance, "o", color=plot.colour(0), label="drawn")
            ax.axhline(theory.within, color=plot.GREY, linestyle=":", label="wanted")
            ax.axhline(found.floor, color=plot.GREY, linestyle="--", label="noise of the draws")
            if found.needed is not None and np.isfinite(found.needed):
                ax.plot(found.needed, theory.within, "s", color=plot.INK, mfc="none")
            ax.set(xlabel="moves of MALA at each level", ylabel="masses off (total variation)")
            ax.legend(fontsize="x-small")

        words = "A falling curve over the moves, the drawn distance, and the wanted one"
        pictures["How many moves bring the masses near"] = (words, steps)
    return pictures
