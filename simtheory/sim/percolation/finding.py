"""Thresholds and exponents to a wanted error: runs that size themselves, and the collapse of curves."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from simtheory._checks import as_generator, number, positive
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError, FitError
from simtheory.sim.percolation.records import Wrapping
from simtheory.sim.percolation.runs import PercolationRun, Threshold
from simtheory.sim.percolation.simulation import discs, lattice, neighbourhood

__all__ = ["Collapse", "collapse", "find_threshold"]

_PILOT = 200
"""Runs that tell how many more are needed."""
_LATTICE_SIDE, _REACHES = 128, 32
"""Side of the lattice: at least 128 spacings and 32 times the reach, so that the shift of a finite system
is below a share of 1e-4."""
_DISC_SIDE = 48.0
"""Side of the torus of discs, in link lengths."""
_MOST = 400_000
"""Runs at most. Errors that need more are below the shift of a system of that side."""
_DEGREE = 2
"""Degree of the polynomial through all curves in scaled variables."""
_WINDOW = 0.1
"""Distance from the threshold in scaled variables within which curves are compared. Within 0.3 terms that
vanish with the side already move nu of sides 64 to 256 by more than its error."""
_POINTS = 5
_DRAWS = 60
"""Draws of batches for the intervals of a collapse."""


@face
def find_threshold(
    *,
    reach: float | None = None,
    radius: float | None = None,
    error: float,
    rng: np.random.Generator | int,
    max_seconds: float | None = None,
    threads: int | None = None,
) -> Threshold:
    """Find the threshold of a lattice or of discs to a wanted standard error.

    Parameters
    ----------
    reach : float, optional
        Sites of a square lattice are linked within this distance, in spacings. Give it or `radius`.
    radius : float, optional
        Points in the plane are linked below this distance: the threshold is then the mean number of
        points in a square of side one.
    error : float
        Wanted standard error, in the units of the threshold.
    rng : numpy.random.Generator or int
        Gives the keys of all draws.
    max_seconds : float, optional
        No more runs are begun after this time; the error that was reached is returned.
    threads : int, optional
        Threads that share the runs. Default: one for each core.

    Returns
    -------
    Threshold
        With the error that was reached.

    Raises
    ------
    ArgumentError
        If neither or both of `reach` and `radius` are given, or the error would take more runs than are
        sensible at this side.

    Examples
    --------
    >>> found = find_threshold(reach=1.5, error=2e-3, rng=0)
    >>> found.error < 2.5e-3, abs(found.value - 0.40725) < 0.01
    (True, True)
    """
    wanted, generator = positive("error", error), as_generator(rng)
    if (reach is None) == (radius is None):
        raise ArgumentError(
            "One of the arguments `reach` and `radius` must be given, and one only."
        )
    run: Callable[[int], PercolationRun]
    scale = 1.0
    if reach is not None:
        neighbourhood(reach)
        side = max(_LATTICE_SIDE, math.ceil(_REACHES * reach))

        def run(count: int) -> PercolationRun:
            return lattice(
                side, reach=reach, runs=count, rng=generator, record=Wrapping(), threads=threads
            )
    else:
        scale = 4.0 / (math.pi * positive("radius", radius) ** 2)  # type: ignore[arg-type]

        def run(count: int) -> PercolationRun:
            return discs(_DISC_SIDE, runs=count, rng=generator, threads=threads)

    began = time.monotonic()
    found = run(_PILOT)
    took = time.monotonic() - began
    while True:
        reached = found.threshold()
        ratio = reached.error * scale / wanted
        if ratio <= 1.0:
            break
        more = math.ceil(1.05 * found.runs * ratio**2) - found.runs
        if found.runs + more > _MOST:
            raise ArgumentError(
                f"Argument `error` must be at least {reached.error * scale * math.sqrt(found.runs / _MOST):.1g}, "
                f"which takes {_MOST} runs, but it is {wanted:g}. Below it the shift of a finite system "
                "counts; run `lattice` or `discs` on a larger side."
            )
        if max_seconds is not None:
            left = max_seconds - (time.monotonic() - began)
            more = min(more, int(left / took * found.runs)) if left > 0.0 else 0
            if more < 1:
                break
        found = replace(
            found,
            first=np.concatenate([found.first, run(max(more, 32)).first]),
            runs=found.runs + max(more, 32),
        )
        took = time.monotonic() - began
    return replace(reached, value=reached.value * scale, error=reached.error * scale)


@face
@dataclass(frozen=True, slots=True)
class Collapse:
    """How well curves of several sides fall on one.

    Parameters
    ----------
    quality : float
        Mean square distance from the common curve in standard errors, at the given exponents and the best
        threshold. About 1 or below where they collapse: points of one side share their runs.
    threshold : float
        Threshold that fits best, with the given exponents.
    threshold_error : float
        Its standard error, over draws of batches.
    nu : float
        Exponent of the correlation length that fits best, with beta / nu as given.
    nu_low : float
        Lower end of its 95 % interval.
    nu_high : float
        Upper end.
    """

    quality: float
    threshold: float
    threshold_error: float
    nu: float
    nu_low: float
    nu_high: float

    def __post_init__(self) -> None:
        for each in fields(self):
            number(each.name, getattr(self, each.name))


@face
def collapse(
    runs: Sequence[PercolationRun],
    *,
    nu: float = 4.0 / 3.0,
    beta: float = 5.0 / 36.0,
    rng: np.random.Generator | int = 0,
) -> Collapse:
    """Collapse the largest clusters of several sides: S side^(beta/nu) over (p - p_c) side^(1/nu).

    Parameters
    ----------
    runs : sequence of PercolationRun
        Runs of one lattice, or of discs, with sizes, on two or more sides.
    nu : float
        Exponent of the correlation length; 4/3 in two dimensions.
    beta : float
        Exponent of the largest cluster; 5/36 in two dimensions.
    rng : numpy.random.Generator or int
        Draws batches for the intervals.

    Returns
    -------
    Collapse
        Quality at the given exponents, and the threshold and nu that fit best.

    Raises
    ------
    ArgumentError
        If there are fewer than two sides, or runs of different systems.
    FitError
        If no threshold brings the curves together.

    Notes
    -----
    Terms that vanish with the side are not fitted: on sides 64 to 256 of the square lattice nu comes to
    1.35(5), on sides 16 to 64 of discs to 1.06(4) in place of 4/3. Drop the smallest side and look whether
    the answer moves.
    """
    from scipy import optimize  # slow to import

    sides = [run.side for run in runs]
    if len(set(sides)) < 2 or 0.0 in sides:
        raise ArgumentError(
            f"Argument `runs` must hold runs on two sides or more, but their sides are {sides}."
        )
    if len({(run.kind, str(dict(run.stats))) for run in runs}) > 1:
        raise ArgumentError(
            "Argument `runs` must hold runs of one system, but they differ in kind or reach."
        )
    poor = [run for run in runs if len(run.sums) < 2]
    if poor:
        raise ArgumentError(
            f"Argument `runs` must hold sizes of two batches or more each, but {poor[0]!r} does not. "
            "Record `Largest()` with more runs."
        )
    exponent, share = positive("nu", nu), positive("beta", beta) / nu
    centre = _meeting(runs, share)
    grids = [_grid(run, centre, exponent) for run in runs]
    curves = [
        np.stack([run.batch(b).largest(p) for b in range(len(run.sums))])
        for run, p in zip(runs, grids, strict=True)
    ]
    sizes = np.array(sides)

    def fit(picked: list[Array]) -> tuple[float, float, float]:
        """Return the quality and threshold at the given nu, and the best nu."""
        means = [curve.mean(0) for curve in picked]
        errors = [curve.std(0, ddof=1) / math.sqrt(len(curve)) for curve in curves]

        def distance(threshold: float, power: float) -> float:
            x = [(p - threshold) * s ** (1 / power) for p, s in zip(grids, sizes, strict=True)]
            y = [m * s**share for m, s in zip(means, sizes, strict=True)]
            e = [m * s**share for m, s in zip(errors, sizes, strict=True)]
            flat, high, spread = map(np.concatenate, (x, y, e))
            weights = 1.0 / np.maximum(spread, 1e-12)
            common = np.polynomial.Polynomial.fit(flat, high, _DEGREE, w=weights)
            return float((((common(flat) - high) * weights) ** 2).sum() / (flat.size - _DEGREE - 2))

        best = optimize.minimize_scalar(
            lambda c: distance(c, exponent), bracket=(0.995 * centre, 1.005 * centre)
        )
        both = optimize.minimize(
            lambda q: distance(q[0] * centre, q[1]),
            [best.x / centre, exponent],
            method="Nelder-Mead",
            options={"xatol": 1e-5, "fatol": 1e-4, "initial_simplex": np.array([
                [best.x / centre, exponent], [best.x / centre * 1.002, exponent],
                [best.x / centre, exponent * 1.1],
            ])},
        )  # fmt: skip
        return float(best.fun), float(best.x), float(both.x[1])

    quality, threshold, power = fit(curves)
    generator = as_generator(rng)
    draws = np.array(
        [
            fit([curve[generator.integers(0, len(curve), len(curve))] for curve in curves])[1:]
            for _ in range(_DRAWS)
        ]
    )
    low, high = np.quantile(draws[:, 1], [0.025, 0.975])
    return Collapse(
        quality, threshold, float(draws[:, 0].std(ddof=1)), power, float(low), float(high)
    )


def _meeting(runs: Sequence[PercolationRun], share: float) -> float:
    """Return where the scaled curves of the smallest and the largest side meet."""
    from scipy.optimize import brentq  # slow to import

    small, large = min(runs, key=lambda r: r.side), max(runs, key=lambda r: r.side)
    top = (
        1.0
        if small.kind == "lattice"
        else 0.9 * min(run.sites * math.pi / (4.0 * run.side**2) for run in (small, large))
    )

    def gap(p: float) -> float:
        return float(large.largest(p) * large.side**share - small.largest(p) * small.side**share)

    shares = np.linspace(0.02 * top, 0.9 * top, 60)
    above = np.array([gap(p) for p in shares]) > 0.0
    # Above the threshold the larger side lies higher, and stays so.
    if above.all() or not above[-1]:
        raise FitError(
            "No threshold brings the curves together: the scaled curves of the smallest and the largest "
            "side do not cross."
        )
    last = int(np.flatnonzero(~above)[-1])
    return float(brentq(gap, shares[last], shares[last + 1], xtol=1e-10))


def _grid(run: PercolationRun, centre: float, nu: float) -> Array:
    width = _WINDOW * run.side ** (-1.0 / nu)
    return np.linspace(max(centre - width, 1e-3 * centre), centre + width, _POINTS)
