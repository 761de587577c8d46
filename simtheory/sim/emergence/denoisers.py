"""Training of linear denoisers of a concept graph, and the affine maps that sample from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from simtheory._checks import as_generator, non_negative_int, one_of, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, SolveError
from simtheory.noise import DDIM, PREDICTIONS, CosineVP, Levels, clean_of
from simtheory.results import axes, files
from simtheory.results.axes import Arrays, over
from simtheory.tasks import ConceptGraph

__all__ = ["LinearDenoisers", "descend"]

_CHUNK = 32
"""Runs that one thread trains."""
_LOOKS = 100
"""Looks after step 0 unless others are asked for."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LinearDenoisers:
    """Linear denoisers of several runs, and how they sample, at some steps of training.

    Parameters
    ----------
    steps : ndarray of int, shape (T,)
        Steps of the looks.
    weights : ndarray, shape (S, T, L, m, F)
        Weights of each noise level on (1, μ∘c, z), F = 1 + 2m; of a regression on (1, x), F = 1 + m,
        with one level.
    maps : ndarray, shape (S, T, m, m + 1)
        Mean sample of a class as a map of (1, μ∘c).
    spreads : ndarray, shape (S, T, m, m)
        What the start, standard normal noise, adds to a sample; zero of a regression.
    task : ConceptGraph
        What was learned.
    origin : str
        Road and method.
    stats : mapping
        Settings.
    arrays : mapping
        Further arrays with their axes.
    """

    steps: IntArray = field(metadata=over("t", allow="integer", labels=True))
    weights: Array = field(metadata=over("*ensemble", "t", "level", "output", "feature"))
    maps: Array = field(metadata=over("*ensemble", "t", "output", "input"))
    spreads: Array = field(metadata=over("*ensemble", "t", "output", "noise"))
    task: ConceptGraph
    origin: str = "sim.emergence.descend"
    stats: Mapping[str, Any] = field(default_factory=dict)
    arrays: Arrays = field(default_factory=Arrays)

    def __post_init__(self) -> None:
        axes.settle(self)

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    ensemble = property(axes.ensemble)
    member = axes.member
    save = files.save
    load: ClassVar[Callable[..., LinearDenoisers]] = classmethod(files.load)  # type: ignore[assignment]
    to_xarray = files.to_xarray

    def __repr__(self) -> str:
        shape = ", ".join(map(str, self.maps.shape[:-2]))
        return f"LinearDenoisers({self.task.n} concepts; runs and looks: {shape})"

    @property
    def t(self) -> Array:
        """Canonical time of the looks, learning rate times steps, shape (T,)."""
        return np.asarray(float(self.stats["lr"]) * self.steps)

    @property
    def covariance(self) -> Array:
        """Covariance of the samples of a class, the same for every class, shape (S, T, m, m)."""
        return np.asarray(self.spreads @ self.spreads.swapaxes(-1, -2))

    @face
    def mean(self, classes: ArrayLike | None = None) -> Array:
        """Return the mean sample of classes.

        Parameters
        ----------
        classes : array_like of int, shape (P, n), optional
            Default: all classes of the graph.

        Returns
        -------
        ndarray, shape (S, T, P, m)
            Means, in the coordinates of the data.
        """
        wanted = self.task.classes if classes is None else classes
        inputs = _with_constant(self.task.encode(wanted))
        return np.einsum("...ij,pj->...pi", self.maps, inputs)


@face
def descend(
    graph: ConceptGraph,
    *,
    steps: int,
    lr: float,
    batch: int,
    rng: np.random.Generator | int,
    prediction: str = "x0",
    levels: int | Levels = 20,
    shared_batch: bool = False,
    runs: int = 8,
    bias: bool = True,
    looks: ArrayLike | None = None,
    threads: int | None = None,
) -> LinearDenoisers:
    r"""Train conditional linear denoisers by SGD, every noise level with weights of its own.

    Half the squared error, summed over coordinates and mean over the batch, from weights of zero, on fresh
    points at every step. Canonical time is `lr` times steps.

    Parameters
    ----------
    graph : ConceptGraph
        Classes, frequencies, strengths and spread.
    steps : int
        Number of steps.
    lr : float
        Learning rate.
    batch : int
        Points of a step.
    rng : numpy.random.Generator or int
        Gives the key of all draws.
    prediction : {"x0", "v", "eps"}
        What the denoiser predicts.
    levels : int or Levels
        Steps of `DDIM` down ``CosineVP()``, or the noise levels that it takes, the last of which is
        where sampling ends and nothing is trained. 0 trains a regression instead, of x on (1, x).
    shared_batch : bool
        Whether all levels see the same points; the noise is always their own.
    runs : int
        Number of runs S; eight take as long as one.
    bias : bool
        Whether there is a constant feature.
    looks : array_like of int, shape (T,), optional
        Steps at which to record, rising; training ends with the last. Default: step 0 and 100 more.
    threads : int, optional
        Threads that share the runs; the result is the same for any number. Default: one for each core
        that this process may use.

    Returns
    -------
    LinearDenoisers
        Weights (S, T, L, m, F), and the affine maps that sample from them.

    Raises
    ------
    ArgumentError
        If an argument is out of range.
    SolveError
        If weights outgrow float64.

    Notes
    -----
    The points of a batch enter a step through their moments only, whose law is known (a Wishart law beside
    the counts of the classes), so the moments are drawn. The law of a step is that of drawing the points. The draws
    depend on the key and on the number of a run alone.

    Examples
    --------
    >>> from simtheory.tasks import ConceptGraph
    >>> graph = ConceptGraph.star(3, sigma=0.15)
    >>> run = descend(graph, steps=400, lr=0.02, batch=64, rng=0, looks=[400])
    >>> run.mean([(1, 1, 1)])[:, 0, 0].mean(axis=0).round(2)
    array([0.63, 0.63, 0.63])
    """
    rate, size = positive("lr", lr), positive_int("batch", batch)
    kind, count = one_of("prediction", prediction, PREDICTIONS), positive_int("runs", runs)
    workers = None if threads is None else positive_int("threads", threads)
    stops = _as_looks(looks, positive_int("steps", steps))
    generator = as_generator(rng)
    grid = levels if isinstance(levels, Levels) else _grid(levels)
    points = graph.centroids
    conditions = points if grid is not None else points[:, :0]
    key = generator.integers(0, 2**64, size=2, dtype=np.uint64)
    weights, ends = _train(
        (_shares(graph.weights), conditions, points, graph.spread),
        _mixes(kind, grid, constant=float(bias)),
        (size, rate),
        key,
        count,
        stops,
        shared=shared_batch,
        threads=workers,
    )

    with np.errstate(over="ignore", invalid="ignore"):
        maps, spreads = _sampled(weights, kind, grid)
    good: Any = np.isfinite(maps).all(axis=(2, 3)) & np.isfinite(spreads).all(axis=(2, 3))
    ends = np.where(ends >= 0, ends, np.where(good.all(axis=1), -1, good.argmin(axis=1)))
    lost: Any = ends >= 0

    def result(kept: Any) -> LinearDenoisers:
        return LinearDenoisers(
            stops,
            weights[kept],
            maps[kept],
            spreads[kept],
            graph,
            stats={
                "lr": rate,
                "batch": size,
                "prediction": kind if grid is not None else "none",
                "levels": 0 if grid is None else len(grid) - 1,
                "shared_batch": shared_batch,
                "bias": bias,
                "key": [int(word) for word in key],
            },
        )

    if not lost.any():
        return result(slice(None))
    first = int(ends[lost].min())
    raise SolveError(
        f"The weights of {int(lost.sum())} of {count} runs outgrew float64, first seen at step "
        f"{stops[first]}, with lr={rate:g}. Descent is stable for lr below {_largest_rate(graph):.3g}, and "
        "small batches need less.",
        time=rate * float(stops[max(first - 1, 0)]),
        partial=None if lost.all() else result(np.flatnonzero(~lost)),
    )


def _as_looks(looks: ArrayLike | None, steps: int) -> IntArray:
    if looks is None:
        return np.unique(np.rint(np.linspace(0, steps, _LOOKS + 1)).astype(np.intp))
    found = np.asarray(looks)
    if found.dtype.kind not in "iu" or found.ndim != 1 or not found.size:
        raise ArgumentError(f"Argument `looks` must be a row of step numbers, but it is {looks!r}.")
    if found.min() < 0 or found.max() > steps or np.any(np.diff(found) <= 0):
        raise ArgumentError(
            f"Argument `looks` must rise within 0 and steps = {steps}, but it is {looks!r}."
        )
    return found.astype(np.intp)


def _grid(levels: int) -> Levels | None:
    steps = non_negative_int("levels", levels)
    return Levels.of(CosineVP(), steps) if steps else None


def _mixes(kind: str, grid: Levels | None, *, constant: float) -> Array:
    """Return, for each level, the shares of data and noise in the input and in the target."""
    if grid is None:
        return np.array([[1.0, 0.0, 1.0, 0.0, constant]])
    alpha, sigma = grid.alpha[:-1], grid.sigma[:-1]
    one, none = np.ones_like(alpha), np.zeros_like(alpha)
    target = {"x0": (one, none), "eps": (none, one), "v": (-sigma, alpha)}[kind]
    return np.stack([alpha, sigma, *target, constant * one], axis=1)


def _shares(weights: Array) -> Any:
    """Return the frequencies, summed up, in units of 2⁻³², the last of them 2³²."""
    total = np.cumsum(weights)
    shares = np.rint(total / total[-1] * 2.0**32).astype(np.uint64)
    shares[-1] = 2**32
    return shares


def _train(
    law: tuple[Any, Array, Array, Array],
    mixes: Array,
    plan: tuple[int, float],
    key: Any,
    count: int,
    looks: IntArray,
    *,
    shared: bool,
    threads: int | None,
) -> tuple[Array, IntArray]:
    """Train the runs in chunks; return the weights at the looks and where they were lost."""
    from simtheory.sim.emergence import kernels  # loads Numba
    from simtheory.sim.engine.lanes import LANES, room
    from simtheory.sim.engine.threads import work

    (K, c), d = law[1].shape, law[2].shape[1]
    slots = min(K, plan[0])
    at = kernels.rooms(slots, c, d, len(mixes))
    weights = np.empty((count, looks.size, len(mixes), d, 1 + c + d))
    ends = np.empty(count, dtype=np.intp)
    numbers = np.arange(count, dtype=np.uint64)
    stop = np.zeros(1, dtype=np.uint8)
    law = tuple(np.ascontiguousarray(part) for part in law)  # type: ignore[assignment]

    def job(part: slice) -> Callable[[], object]:
        def train() -> None:
            m = room(at.end)
            scratch = (
                np.zeros(LANES, dtype=np.uint64),
                np.zeros(K, dtype=np.intp),
                np.zeros(LANES, dtype=np.intp),
            )
            kernels.train(
                m.ctypes.data, at, law, mixes, (slots, *plan), key, numbers[part], shared, looks,
                scratch, weights[part], ends[part], stop,
            )  # fmt: skip

        return train

    jobs = [job(slice(first, first + _CHUNK)) for first in range(0, count, _CHUNK)]
    work(jobs, stop, None, threads, alone=len(jobs) == 1)
    return weights, ends


def _sampled(weights: Array, kind: str, grid: Levels | None) -> tuple[Array, Array]:
    """Return the maps of (1, μ∘c), and of the start, to samples."""
    m = weights.shape[-2]
    if grid is None:
        return weights[..., 0, :, :], np.zeros((*weights.shape[:-3], m, m))
    sampler = DDIM(len(grid) - 1)
    z = np.zeros((*weights.shape[:-3], m, 1 + 2 * m))  # of (1, μ∘c, start)
    z[..., 1 + m :] = np.eye(m)
    for k, (here, there) in enumerate(pairwise(grid)):
        output = weights[..., k, :, 1 + m :] @ z
        output[..., : 1 + m] += weights[..., k, :, : 1 + m]
        z = sampler.step(z, clean_of(kind, output, z, here), here, there, None)
    return z[..., : 1 + m], z[..., 1 + m :]


def _with_constant(points: Array) -> Array:
    return np.concatenate([np.ones((len(points), 1)), points], axis=1)


def _largest_rate(graph: ConceptGraph) -> float:
    """Return the learning rate above which descent is unstable at the level without noise."""
    points = graph.centroids
    features = np.concatenate([_with_constant(points), points], axis=1)
    moment = (features.T * graph.weights) @ features
    return float(2.0 / np.linalg.eigvalsh(moment)[-1])
