"""Reverse diffusion along the path of a composition: summed, repaired, weighted and superposed scores."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.noise.curvatures import Gaussian
from simtheory.results import Samples
from simtheory.sim.composition.methods import (
    Corrected,
    Repaired,
    Reverse,
    SuperposedAnd,
    SuperposedOr,
)
from simtheory.sim.composition.running import Run, blocks, finished, samples_of, tables_for
from simtheory.tasks.composition import Composition


def _falls(run: Run, churn: float, variance: str) -> tuple[Array, Array]:
    """Return pull and shake of each step down."""
    here, there = run.levels.values[:-1], run.levels.values[1:]
    ratio = there / here
    pulls = here * (1.0 - ratio ** (0.5 * (1.0 + churn**2)))
    noise = there * (1.0 - ratio ** (churn**2)) if variance == "posterior" else None
    shakes = np.sqrt(churn**2 * (here - there) if noise is None else noise)
    return pulls, shakes


def _need_steps(run: Run) -> None:
    if run.levels.values[0] == 0.0:
        raise ArgumentError("Argument `levels` must begin above 0, but its first level is 0.")


def reversed_(run: Run, method: Reverse | Repaired) -> Samples:
    """Run reverse diffusion with summed or repaired scores."""
    from simtheory.sim.composition import diffusion

    _need_steps(run)
    c, centre, here = run.composition, run.centre(), run.levels.values[:-1]
    pulls, shakes = _falls(run, method.churn, getattr(method, "variance", "posterior"))
    points, path = run.started(run.levels.values[0], centre), run.path()

    def samples(mask: Any) -> Samples:
        stats = {"evaluations": len(here)}
        return samples_of(run, method, mask, points, centre, path, stats=stats)

    matrices, kinds = np.zeros((0, len(c.experts), c.dim, c.dim)), dict[str, Any]()
    if isinstance(method, Repaired):
        if isinstance(method.curvature, Gaussian):
            matrices, kinds = _gaussian_factors(c, here), {"apart": True}
        else:
            kinds = {"repaired": here}
    tables = tables_for(run, here, centre, **kinds)

    def act(part: slice, addresses: Any, done: Any, stop: Any) -> None:
        diffusion.reverse(
            addresses, pulls, shakes, matrices, part.start, points[part], path[:, part], done, stop
        )

    return finished(run, method, blocks(run.n), act, samples, tables)


def _gaussian_factors(c: Composition, levels: Array) -> Array:
    """Return w_i L⁻¹ A_i of every level and expert, from the covariances of the whole experts."""
    eye, noise = np.eye(c.dim), levels[:, np.newaxis, np.newaxis]
    scaled = [eye + noise * np.linalg.inv(expert.covariance) for expert in c.experts]  # λ A
    total = (1.0 - c.weights.sum()) * eye + sum(
        w * each for w, each in zip(c.weights, scaled, strict=True)
    )
    factors = [w * np.linalg.solve(total, each) for w, each in zip(c.weights, scaled, strict=True)]
    return np.ascontiguousarray(np.stack(factors, axis=1))


def corrected(run: Run, method: Corrected) -> Samples:
    """Run weighted reverse diffusion."""
    from simtheory.sim.composition import diffusion

    _need_steps(run)
    if run.n < method.islands:
        raise ArgumentError(
            f"Argument `n` must be at least the {method.islands} islands, but it is {run.n}."
        )
    centre = run.centre()
    spread = run.spread(share=run.total_weight) if run.start is None else 0.0
    pulls, shakes = _falls(run, 1.0, "posterior")
    here = run.levels.values[:-1]
    falls = -np.diff(run.levels.values)
    points = run.started(np.array(spread), centre)
    logs = np.zeros(run.n)
    if run.start is None:  # relative to N(0, spread I), whose centre is not that of the coordinates
        y = points + centre
        logs -= 0.5 * ((points**2).sum(axis=1) - (y**2).sum(axis=1)) / spread
        logs += 0.5 * run.dim * np.log(2.0 * np.pi * spread)
    ends = np.linspace(0, run.n, method.islands + 1).astype(int)
    islands = [slice(int(a), int(b)) for a, b in pairwise(ends)]
    place = {part.start: k for k, part in enumerate(islands)}
    effective = np.zeros((len(islands), len(pulls)))
    spare, path = np.empty_like(points), run.path()

    def act(part: slice, addresses: Any, done: Any, stop: Any) -> None:
        diffusion.correct(
            addresses, pulls, shakes, falls, spread, method.ess, part.start, points[part],
            spare[part], logs[part], effective[place[part.start]], path[:, part], done, stop,
        )  # fmt: skip

    def samples(mask: Any) -> Samples:
        kept = [bool(mask[part.start]) for part in islands]
        sizes = np.array([part.stop - part.start for part in islands])[kept]
        top = logs[mask].max()
        integral = (
            {"log_partition": float(top + np.log(np.exp(logs[mask] - top).mean()))}
            if spread
            else {}
        )
        return samples_of(
            run, method, mask, points, centre, path,
            log_weights=logs[mask],
            stats={"evaluations": len(pulls), "islands": int(sum(kept)), **integral},
            arrays={
                "effective_size": (
                    "step", (sizes[:, np.newaxis] * effective[kept]).sum(axis=0)
                )
            },
        )  # fmt: skip

    tables = tables_for(run, here, centre, apart=True)
    return finished(run, method, islands, act, samples, tables)


def superposed(run: Run, method: SuperposedOr | SuperposedAnd) -> Samples:
    """Run reverse diffusion with superposed scores."""
    from simtheory.sim.composition import diffusion

    _need_steps(run)
    c, centre = run.composition, run.centre()
    mixes = isinstance(method, SuperposedOr)
    if mixes and c.weights.min() <= 0.0:
        raise ArgumentError(
            "Argument `c` must have positive weights, the shares of the mixture, but its smallest is "
            f"{c.weights.min():g}."
        )
    if not mixes and len(c.experts) < 2:
        raise ArgumentError("Argument `c` must have at least two experts, but it has one.")
    top = float(run.levels.values[0])
    points = run.started(np.array(top), centre)
    # All experts start from the density of the noise: no energy is used.
    start = -0.5 * (points + centre) ** 2 / top - 0.5 * np.log(2.0 * np.pi * top)
    densities = np.repeat(start.sum(axis=1)[:, np.newaxis], len(c.experts), axis=1)
    falls = -np.diff(run.levels.values)
    path, kind = run.path(), diffusion.OR if mixes else diffusion.AND

    def act(part: slice, addresses: Any, done: Any, stop: Any) -> None:
        diffusion.superpose(
            addresses, falls, kind, part.start, points[part], densities[part], path[:, part], done,
            stop,
        )  # fmt: skip

    def samples(mask: Any) -> Samples:
        return samples_of(
            run, method, mask, points, centre, path,
            stats={"evaluations": len(falls)},
            arrays={"log_densities": ("sample expert", densities[mask])},
        )  # fmt: skip

    tables = tables_for(run, run.levels.values[:-1], centre, apart=True)
    return finished(run, method, blocks(run.n), act, samples, tables)
