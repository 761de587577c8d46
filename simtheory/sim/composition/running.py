"""What all methods of `sample` share: the checked arguments, blocks of chains in threads, the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from simtheory._checks import as_finite
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, SolveError
from simtheory.noise.levels import Levels
from simtheory.results import Samples
from simtheory.sim.composition.methods import Method
from simtheory.sim.engine.threads import work
from simtheory.tasks.composition import Composition, GaussianMixture

BLOCK = 128
"""Chains of a block, a multiple of the lanes; what is finished when a run ends early is whole blocks."""


def composition_of(c: Composition | GaussianMixture) -> Composition:
    """Return a composition whose experts are mixtures, or refuse it."""
    found = Composition((c,)) if isinstance(c, GaussianMixture) else c
    for index, expert in enumerate(found.experts):
        if not isinstance(expert, GaussianMixture):
            raise ArgumentError(
                "Argument `c` must be a composition of mixtures for compiled sampling, but "
                f"experts[{index}] is a {type(expert).__name__}. simtheory.validation.composition "
                "samples experts that are networks or callables."
            )
    return found


@face
def narrowest(c: Composition | GaussianMixture, levels: ArrayLike) -> Array:
    r"""Return the unit of the kernels' steps, :math:`v_\lambda = 1/\sum_{w_i>0} w_i/(c_i + \lambda)`.

    Parameters
    ----------
    c : Composition or GaussianMixture
        Experts with the smallest variances :math:`c_i`.
    levels : array_like, shape (T,)
        Noise levels λ.

    Returns
    -------
    ndarray, shape (T,)
        Variances.

    Raises
    ------
    ArgumentError
        If no weight is positive.
    """
    found = composition_of(c)
    noise = as_finite("levels", levels)
    least = np.array([expert.variances.min() for expert in found.experts])
    kept = found.weights > 0.0
    if not kept.any():
        raise ArgumentError("Argument `c` must have a positive weight, but all are negative.")
    with np.errstate(divide="ignore"):
        total = (found.weights[kept] / (least[kept] + noise[..., np.newaxis])).sum(axis=-1)
    return np.asarray(1.0 / total)


@dataclass(frozen=True, slots=True)
class Run:
    """The checked arguments of a call."""

    composition: Composition
    n: int
    levels: Levels
    key: Any
    start: Array | None
    record: bool
    threads: int | None
    progress: bool
    max_seconds: float | None

    @property
    def dim(self) -> int:
        """Number of coordinates."""
        return self.composition.dim

    @property
    def total_weight(self) -> float:
        """Sum of the weights, W."""
        return float(self.composition.weights.sum())

    def centre(self) -> Array:
        """Return what is taken off all points, so that squares of a common shift do not cancel."""
        return np.asarray(np.mean([expert.mean for expert in self.composition.experts], axis=0))

    def started(self, variances: Array, centre: Array) -> Array:
        """Return the start of all chains: what was given, or normal numbers of some variance."""
        if self.start is not None:
            return np.ascontiguousarray(self.start - centre)
        rng = np.random.Generator(np.random.Philox(key=self.key))
        return np.asarray(np.sqrt(variances) * rng.standard_normal((self.n, self.dim)) - centre)

    def path(self) -> Array:
        """Return room for the points at each level, if they are recorded."""
        return np.zeros((len(self.levels) if self.record else 0, self.n, self.dim))

    def spread(self, *, share: float) -> float:
        """Return the variance of the start at the first level."""
        if share <= 0.0 and self.start is None:
            raise ArgumentError(
                "Argument `c` must have a positive total weight for a start from wide noise, whose "
                f"variance is Λ/W, but W = {share:g}: at high levels its density does not fall off. "
                "Raise the positive weights, or give `start`."
            )
        return float(self.levels.values[0]) / share if share > 0.0 else 0.0


def blocks(n: int) -> list[slice]:
    """Return the chains of each block."""
    return [slice(first, min(first + BLOCK, n)) for first in range(0, n, BLOCK)]


def finished(
    run: Run,
    method: Method,
    parts: Sequence[slice],
    act: Callable[[slice, Any, Any, Any], object],
    samples: Callable[[Any], Samples],
    tables: Any = None,
) -> Samples:
    """Run parts of the chains in threads, and return the samples.

    Parameters
    ----------
    run, method : Run, Method
        What is run.
    parts : sequence of slice
        Chains of each part.
    act : callable
        Runs one, given its chains, the addresses of its memory and of the table, an array of one number
        in which it counts its finished chains, and a flag that is not zero when it is to end.
    samples : callable
        Makes the result from a mask of finished chains.
    tables : Tables, optional
        Default: no compiled code is called, and the addresses are None.

    Returns
    -------
    Samples
        Of all chains.
    """
    bar = tqdm(
        total=run.n,
        desc=type(method).__name__,
        unit="chain",
        disable=None if run.progress else True,
    )
    stop, done = np.zeros(1, dtype=np.uint8), np.zeros((len(parts), 1), dtype=np.intp)

    def job(part: slice, count: Any) -> Callable[[], None]:
        def ran() -> None:
            m = None if tables is None else tables.room()
            act(part, None if m is None else (m.ctypes.data, tables.at.ctypes.data), count, stop)
            bar.update(part.stop - part.start)

        return ran

    def kept() -> Samples | None:
        mask = np.zeros(run.n, dtype=bool)
        for part, count in zip(parts, done, strict=True):
            mask[part] = count[0] == part.stop - part.start
        return samples(mask) if mask.any() else None

    try:
        work(
            [job(part, count) for part, count in zip(parts, done, strict=True)],
            stop, run.max_seconds, run.threads, alone=len(parts) == 1,
        )  # fmt: skip
    except KeyboardInterrupt as interrupt:
        interrupt.partial = kept()  # type: ignore[attr-defined]
        interrupt.add_note("The attribute `partial` holds the samples of the finished blocks.")
        raise
    finally:
        bar.close()
    whole = kept()
    count = 0 if whole is None else whole.points.shape[-2]
    if whole is None or count < run.n:
        raise SolveError(
            f"The budget of {run.max_seconds:g} seconds was spent with {count} of {run.n} chains "
            "finished; `partial` holds them. Raise `max_seconds`, or take fewer levels or moves.",
            time=0.0,
            partial=whole,
        )
    return whole


def _check_points(points: Array, levels: Levels, path: Array | None) -> None:
    bad = ~np.isfinite(points).all(axis=1)
    if not bad.any():
        return
    where = "at the last level"
    if path is not None and len(path):
        first = int(np.argmax(~np.isfinite(path).all(axis=(1, 2))))
        where = f"at level {first}, λ = {levels.values[first]:.3g}"
    raise SolveError(
        f"{int(bad.sum())} of {len(points)} chains left float64, first seen {where}. The composition "
        "may not be normalisable there, or the step too large: ask "
        "simtheory.analytic.composition.validity, or shrink `step`.",
        time=0.0,
        partial=None,
    )


def samples_of(
    run: Run, method: Method, mask: Any, points: Array, centre: Array, path: Array, **more: Any
) -> Samples:
    """Return the chains that a mask leaves as a result."""
    stats = {
        "method": repr(method),
        "key": [int(word) for word in run.key],
        "start_level": float(run.levels.values[0]),
        "total_weight": run.total_weight,
    } | more.pop("stats", {})
    _check_points(points[mask], run.levels, path[:, mask] if run.record else None)
    return Samples(
        points[mask] + centre,
        levels=run.levels.values,
        path=path[:, mask] + centre if run.record else None,
        origin=f"sim.composition.sample({type(method).__name__})",
        stats=stats,
        **more,
    )


def tables_for(run: Run, levels: Array, centre: Array, moves: Any = None, **kinds: Any) -> Any:
    """Return what compiled code reads, for points less `centre`; see `tables_of`."""
    from simtheory.sim.composition.fields import field_of
    from simtheory.sim.composition.tables import tables_of

    c = run.composition
    return tables_of(field_of(c.experts, c.weights, levels, centre), run.key, moves, **kinds)
