r"""A linear diffusion model of a concept graph, solved through all of training and sampling.

Problem
-------
Each noise level of a sampler has weights of its own, which return the clean data, the velocity or the noise
from the constant one, the class and the noised data. How accurate are the samples of each class after
training for a time T?

Symbols
-------
:math:`\varphi = (1, \mu \circ c(v), z)` : features of a level, z the noised data; y : what is predicted;
:math:`A = \mathrm E\varphi\varphi^T`, :math:`B = \mathrm E y\varphi^T` : moments of a level; T : canonical time,
of gradient flow on half the squared error, learning rate times steps; :math:`z_i` : limit of a concept,
below which a standard normal variable is where the concept is right.

Result
------
.. math:: W(T) = B A^{-1} (I - e^{-AT}) .

The samples of a class are normal. Their mean is affine in the class, and all classes share one covariance.

Reading
-------
One affine map for each time serves all classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_times, flag, non_negative, one_of, share
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic._shared.linear_sampling import Flow, Symmetric, flow_of
from simtheory.analytic._shared.orthants import comparison_bound, probabilities
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.labels import implements
from simtheory.noise import DDIM, PREDICTIONS, CosineVP, Levels, Sampler, Schedule
from simtheory.results import Trajectory, axes
from simtheory.tasks.emergence import ConceptGraph

__all__ = ["DiffusionPrediction", "diffusion", "equivalent_prompt"]

STEPS = 20
"""Steps of the sampler unless another is given."""

TOLERANCE = 1e-4
"""Error of a joint accuracy above which more points are taken."""

CELLS = 8
"""Cells of the grid in each factor e of time, on which crossings are sought: two inside one cell are not seen."""

BATCH = 4096
"""Orthant problems that are computed at once."""


class Walls(NamedTuple):
    """The boundaries of classes: a share is ``slopes * x[coordinates]`` or ``normals @ x``, plus offsets."""

    normals: Array  # (P, R, m)
    offsets: Array  # (P, R)
    concepts: IntArray  # (R,)
    single: tuple[Array, IntArray] | None  # slopes (P, R), coordinates (R,), if each reads one

    def limits(self, mean: Array, covariance: Array) -> Array:
        """Return the limits (T, P, R) below which standard normal variables are right; mean is (T, P, m)."""
        if self.single is None:
            normals = self.normals
            shares = np.einsum("tpm,prm->tpr", mean, normals, optimize=True) + self.offsets
            squares = np.einsum("prm,tml,prl->tpr", normals, covariance, normals, optimize=True)
            return np.asarray((shares - 0.5) / np.sqrt(np.maximum(squares, 1e-300)))
        slopes, coordinates = self.single
        slopes = slopes.T  # classes are next to each other in memory
        sides, starts = np.sign(slopes), (self.offsets.T - 0.5) / np.abs(slopes)
        spread = np.sqrt(np.diagonal(covariance, 0, -2, -1)[..., coordinates])
        spread = np.maximum(spread, 1e-150)[..., None]
        found = np.empty((len(mean), *slopes.shape))
        for here, at, size in zip(found, mean, spread, strict=True):  # one time fits the cache
            np.multiply(at.T[coordinates], sides, out=here)
            here += starts
            here /= size
        return np.swapaxes(found, 1, 2)

    def correlations(self, covariance: Array) -> Array:
        """Return the correlations (T, P, R, R) of the boundaries at all times."""
        if self.single is None:
            C = np.einsum(
                "prm,tml,psl->tprs", self.normals, covariance, self.normals, optimize=True
            )
            return _correlations(C)
        sides, coordinates = np.sign(self.single[0]), self.single[1]
        R = _correlations(covariance[:, coordinates[:, None], coordinates])
        return np.asarray(R[:, None] * (sides[:, :, None] * sides[:, None, :]))

    def paired(self, mean: Array, covariance: Array, rows: IntArray) -> tuple[Array, Array]:
        """Return limits (N, R) and correlations (N, R, R) of classes, each with its own law."""
        normals = self.normals[rows]
        C = normals @ covariance @ np.swapaxes(normals, 1, 2)
        spread = np.sqrt(np.maximum(np.diagonal(C, 0, 1, 2), 1e-300))
        shares = (normals @ mean[..., None])[..., 0] + self.offsets[rows]
        return (shares - 0.5) / spread, _correlations(C)


def _correlations(C: Array) -> Array:
    """Return the correlations of covariances (..., R, R)."""
    spread = np.sqrt(np.maximum(np.diagonal(C, 0, -2, -1), 1e-300))
    found = np.clip(C / (spread[..., :, None] * spread[..., None, :]), -1.0, 1.0)
    i = np.arange(C.shape[-1])
    found[..., i, i] = 1.0
    return np.asarray(found)


def walls_of(graph: ConceptGraph, classes: IntArray) -> Walls:
    """Return the boundaries of classes."""
    found = graph.boundaries(classes)
    used = (found.normals != 0.0).any(axis=0)  # (R, m)
    single = None
    if (used.sum(axis=1) == 1).all():
        coordinates = used.argmax(axis=1)
        places = coordinates[None, :, None]
        single = np.take_along_axis(found.normals, places, axis=2)[..., 0], coordinates
    return Walls(found.normals, found.offsets, found.concepts, single)


class Asked(NamedTuple):
    """What a prediction was asked, so that it can be computed at other times."""

    flow: Flow | Symmetric
    prompts: Array  # (P, m): strength times code, with guidance
    walls: Walls


@face
@dataclass(frozen=True, eq=False, repr=False)
class DiffusionPrediction:
    """Samples of a linear diffusion model through training: their law, and how accurate they are.

    Accuracies are computed when they are first read; `joint` costs most.

    Parameters
    ----------
    t : ndarray, shape (T,)
        Canonical times of training.
    classes : ndarray of int, shape (P, n)
        Classes.
    mean : ndarray, shape (T, P, m)
        Means of the samples of each class, in units of the data.
    covariance : ndarray, shape (T, m, m)
        Covariance of the samples, the same for all classes.
    task : ConceptGraph
        What was learned.
    asked : Asked
        The flow and the prompts behind them.
    """

    t: Array = field(metadata=axes.over("t", labels=True, note="canonical"))
    classes: IntArray = field(metadata=axes.over("class", "concept", allow="integer"))
    mean: Array = field(metadata=axes.over("t", "class", "coordinate"))
    covariance: Array = field(metadata=axes.over("t", "coordinate", "coordinate"))
    task: ConceptGraph
    asked: Asked

    def __post_init__(self) -> None:
        axes.settle(self)

    def __repr__(self) -> str:
        return f"DiffusionPrediction({len(self.classes)} classes at {self.t.size} times)"

    @cached_property
    def limits(self) -> Array:
        """Limits below which standard normal variables are right, one for each boundary, shape (T, P, R)."""
        return self.asked.walls.limits(self.mean, self.covariance)

    @cached_property
    def marginals(self) -> Array:
        """Accuracy of each concept, shape (T, P, n)."""
        walls = self.asked.walls
        if (np.diff(walls.concepts) > 0).all():
            return np.asarray(special.ndtr(self.limits))
        parts = _flat(self.limits, walls, self.covariance)
        found = [_marginals(z, R, walls.concepts) for _, z, R in parts]
        return np.concatenate(found).reshape(*self.limits.shape[:2], -1)

    @cached_property
    def product(self) -> Array:
        """Product of the marginals, shape (T, P)."""
        return np.asarray(np.prod(self.marginals, axis=-1))

    @cached_property
    def _joint(self) -> tuple[Array, Array]:
        parts = _flat(self.limits, self.asked.walls, self.covariance)
        found = [_joint(z, R) for _, z, R in parts]
        value, error = (np.concatenate(part) for part in zip(*found, strict=True))
        shape = self.limits.shape[:2]
        return value.reshape(shape), error.reshape(shape)

    @property
    def joint(self) -> Array:
        """Probability that all concepts are right, shape (T, P)."""
        return self._joint[0]

    @property
    def joint_error(self) -> Array:
        """Error of `joint`, shape (T, P): at most 1e-10 up to three boundaries, about 1e-4 beyond."""
        return self._joint[1]

    @property
    def gap(self) -> Array:
        """Joint accuracy minus product of the marginals, shape (T, P)."""
        return np.asarray(self.joint - self.product)

    @cached_property
    def bound(self) -> Array:
        """Bound of the normal comparison on the size of `gap`, shape (T, P)."""
        parts = _flat(self.limits, self.asked.walls, self.covariance)
        found = [comparison_bound(z, R) for _, z, R in parts]
        return np.concatenate(found).reshape(self.limits.shape[:2])

    @face
    def at(self, t: ArrayLike) -> DiffusionPrediction:
        """Return the same prediction at other times of training.

        Parameters
        ----------
        t : array_like, shape (T,)
            Canonical times, increasing.

        Returns
        -------
        DiffusionPrediction
            For the same classes and prompts.
        """
        return _predicted(self.task, as_times(t), self.classes, self.asked)

    @face
    def times(self, level: float = 0.9, of: str = "joint") -> Array:
        """Return when an accuracy is above a level for good.

        Parameters
        ----------
        level : float
            The level, in (0, 1).
        of : {"joint", "product", "marginals"}
            Which accuracy.

        Returns
        -------
        ndarray, shape (P,) or (P, n)
            Canonical times, whatever times the prediction was asked for: 0 if it is so from the start,
            inf if it never is, however long training takes.

        Notes
        -----
        Crossings are sought on a grid even in ln t, together with the times of the prediction, and then
        inside their cell.
        """
        height = share("level", level)
        value = _READINGS[one_of("of", of, _READINGS)]
        return _crossings(self.asked, self.t, value, height)

    def trajectory(self) -> Trajectory:
        """Return the means as a `Trajectory`, with the codes of the classes as probes.

        Returns
        -------
        Trajectory
            Outputs in units of the data, shape (T, P, m).
        """
        return Trajectory(
            t=self.t,
            probes=self.task.encode(self.classes),
            outputs=self.mean,
            weights=None,
            task=self.task,
            origin="analytic.emergence.diffusion",
            exact=True,
            label="linear-diffusion",
        )

    __str__ = axes.text
    _repr_html_ = axes.html


def _flat(limits: Array, walls: Walls, covariance: Array) -> Iterator[tuple[slice, Array, Array]]:
    """Yield problems (B, R) with their correlations (B, R, R), some times of all classes at once."""
    times, classes, size = limits.shape
    step = max(1, BATCH // max(classes, 1))
    for k in range(0, times, step):
        rows = slice(k, min(k + step, times))
        R = walls.correlations(covariance[rows])
        yield rows, limits[rows].reshape(-1, size), R.reshape(-1, size, size)


def _joint(z: Array, R: Array) -> tuple[Array, Array]:
    """Return joint accuracies and their errors, each (B,)."""
    return probabilities(z, R, tolerance=TOLERANCE)


def _marginals(z: Array, R: Array, concepts: IntArray) -> Array:
    """Return accuracies (B, n) of the concepts; several boundaries of one are an orthant."""
    places = [np.flatnonzero(concepts == i) for i in range(int(concepts[-1]) + 1)]
    found = [_joint(z[:, mine], R[:, mine[:, None], mine])[0] for mine in places]
    return np.stack(found, axis=1)


_READINGS: dict[str, Callable[[Array, Array, IntArray], Array]] = {
    "joint": lambda z, R, concepts: _joint(z, R)[0],
    "product": lambda z, R, concepts: np.prod(_marginals(z, R, concepts), axis=1),
    "marginals": _marginals,
}
"""What `times` reads off limits (B, R) and correlations (B, R, R): (B,) or (B, n)."""


def _crossings(
    asked: Asked, own: Array, value: Callable[[Array, Array, IntArray], Array], height: float
) -> Array:
    """Return the last times at which a reading is not above a height."""
    walls, concepts = asked.walls, asked.walls.concepts
    first, last = asked.flow.span
    cells = int(np.ceil(CELLS * np.log(last / first))) + 1
    grid = np.union1d(np.geomspace(first, last, cells), own[own > 0.0])
    grid = np.concatenate([[0.0], grid, [np.inf]])
    maps, covariance = asked.flow.maps(grid)
    limits = walls.limits(_mean(maps, asked.prompts), covariance)
    parts = [value(z, R, concepts) for _, z, R in _flat(limits, walls, covariance)]
    shape = (len(asked.prompts), *parts[0].shape[1:])
    found = np.concatenate(parts).reshape(grid.size, -1) - height
    below = found <= 0.0
    place = grid.size - 1 - below[::-1].argmax(axis=0)
    times = np.where(below.any(axis=0), np.inf, 0.0)
    rows = np.flatnonzero(below.any(axis=0) & (place < grid.size - 1))
    if not rows.size:
        return times.reshape(shape)
    classes, *rest = np.unravel_index(rows, shape)

    def each(t: Array) -> Array:
        """Readings, each for its own class at its own time."""
        maps, covariance = asked.flow.maps(t)
        mean = np.einsum("tma,ta->tm", maps, _inputs(asked.prompts[classes]))
        read = value(*walls.paired(mean, covariance, classes), concepts)
        return np.asarray(read[(np.arange(len(read)), *rest)] - height)

    low, high = grid[place[rows]], grid[place[rows] + 1]
    high = np.where(np.isinf(high), 1e3 * last, high)
    times[rows] = _roots(each, low, high, found[place[rows], rows], found[place[rows] + 1, rows])
    return times.reshape(shape)


def _roots(
    value: Callable[[Array], Array], low: Array, high: Array, below: Array, above: Array
) -> Array:
    """Return where a reading rises through zero between two times, by false positions that halve a stale end."""
    low, high, below, above = low.copy(), high.copy(), below.copy(), above.copy()
    found, side = high.copy(), np.zeros(low.size)
    for _ in range(60):
        found = np.clip(low - below * (high - low) / (above - below), low, high)
        new = value(found)
        up = new > 0.0
        above = np.where(up, new, np.where(side == -1, 0.5 * above, above))
        below = np.where(up, np.where(side == 1, 0.5 * below, below), new)
        high, low = np.where(up, found, high), np.where(up, low, found)
        side = np.where(up, 1, -1)
        if np.all((high - low <= 1e-12 * high) | (np.abs(new) < 1e-13)):
            break
    return found


def _inputs(prompts: Array) -> Array:
    return np.concatenate([np.ones((len(prompts), 1)), prompts], axis=1)


def _mean(maps: Array, prompts: Array) -> Array:
    """Return the means (T, P, m) of classes from maps (T, m, 1 + m)."""
    count, m, width = maps.shape
    flat = maps.reshape(count * m, width) @ _inputs(prompts).T
    return np.swapaxes(flat.reshape(count, m, -1), 1, 2)


@implements(
    "guidance-is-overprompting",
    title="guidance of a linear model is a stronger prompt",
    exactness="exact",
    regime="predictions of clean data, velocity or noise that are linear in the class; the null class is zero",
    source="park2024",
    where="derived here from linear predictions",
)
@face
def equivalent_prompt(prompts: ArrayLike, guidance: float) -> Array:
    r"""Return the prompts that give, without guidance, what guidance of other prompts gives.

    .. math:: (1 + w) f(c) - w f(0) = f((1 + w)c) .

    Parameters
    ----------
    prompts : array_like, shape (...)
        Prompts c.
    guidance : float
        Strength w of the guidance; 0 is none.

    Returns
    -------
    ndarray, shape (...)
        (1 + w) times the prompts.

    Examples
    --------
    >>> equivalent_prompt([0.2, 0.8], 1.5)
    array([0.5, 2. ])
    """
    return np.asarray((1.0 + non_negative("guidance", guidance)) * as_finite("prompts", prompts))


@implements(
    "linear-diffusion",
    title="a linear diffusion model through training and sampling",
    exactness="exact",
    regime="gradient flow from zero, own weights at each noise level, linear in one, class and noised data",
    source="okawa2023",
    where="derived here from the squared error and the sampler",
)
@face
def diffusion(
    graph: ConceptGraph,
    t: ArrayLike,
    *,
    classes: ArrayLike | None = None,
    prompts: ArrayLike | None = None,
    guidance: float = 0.0,
    prediction: str = "x0",
    steps: int | None = None,
    schedule: Schedule = CosineVP(),  # noqa: B008 (frozen)
    sampler: Sampler | None = None,
    bias: bool = True,
) -> DiffusionPrediction:
    """Solve a linear diffusion model of a concept graph through training and sampling.

    Every level of the sampler, but the last, has weights W(T) of its own; the weight of a level in the
    loss is one. Samples start from normal noise of variance α² + σ² of the first level, 1 where the
    schedule preserves variance.

    Parameters
    ----------
    graph : ConceptGraph
        Trained classes, frequencies, strengths, spread and code.
    t : array_like, shape (T,)
        Canonical times of training, increasing: learning rate times steps on half the squared error.
    classes : array_like of int, shape (P, n), optional
        Classes that are asked for. Default: all.
    prompts : array_like, shape (P, m) or (m,), optional
        What multiplies the coordinates of each class in its prompt: ``(1.5, 1)`` asks for one and a half
        times the first concept. Default: 1.
    guidance : float
        Strength w of guidance, (1 + w) f(class) − w f(0).
    prediction : {"x0", "v", "eps"}
        What the model returns: clean data, velocity or noise.
    steps : int, optional
        Steps of `DDIM`; 20 unless given.
    schedule : Schedule
        Shares of data and noise.
    sampler : Sampler, optional
        Another sampler with its number of steps, in place of `steps`.
    bias : bool
        Whether the constant one is a feature.

    Returns
    -------
    DiffusionPrediction
        Law and accuracy of the samples.

    Raises
    ------
    ArgumentError
        If both `steps` and `sampler` are given, or the prediction is unknown.
    ShapeError
        If shapes do not fit.
    RegimeError
        If the numbers leave the range of float64.

    Examples
    --------
    >>> from simtheory.tasks import okawa2023
    >>> graph = okawa2023.main_split(sigma=0.15)
    >>> found = diffusion(graph, [8.0], classes=[[0, 0, 1], [0, 1, 1], [1, 1, 1]])
    >>> found.joint.round(3), found.times(0.9).round(2)
    (array([[0.997, 0.934, 0.49 ]]), array([ 2.63,  6.71, 14.87]))
    """
    times = as_times(t)
    asked = graph.classes if classes is None else graph.checked(classes)
    one_of("prediction", prediction, PREDICTIONS)
    if steps is not None and sampler is not None:
        raise ArgumentError(
            f"Arguments `steps` and `sampler` must not both be given, but they are {steps} and {sampler}. "
            "The sampler has its number of steps."
        )
    walk = sampler if sampler is not None else DDIM(STEPS if steps is None else steps)
    factors = np.ones(graph.dim) if prompts is None else as_finite("prompts", prompts)
    if factors.shape not in ((graph.dim,), (len(asked), graph.dim)):
        raise ShapeError(
            f"Argument `prompts` must have shape ({graph.dim},) or {(len(asked), graph.dim)}, but its shape "
            f"is {factors.shape}."
        )
    strong = equivalent_prompt(factors * graph.encode(asked), guidance)
    flow = flow_of(graph, Levels.of(schedule, walk.steps), walk, prediction, flag("bias", bias))
    return _predicted(graph, times, asked, Asked(flow, strong, walls_of(graph, asked)))


def _predicted(
    graph: ConceptGraph, t: Array, classes: IntArray, asked: Asked
) -> DiffusionPrediction:
    maps, covariance = asked.flow.maps(t)
    if not (np.isfinite(maps).all() and np.isfinite(covariance).all()):
        raise RegimeError(
            "The samples of this graph, schedule and sampler leave the range of float64. Take more steps or "
            "smaller prompts."
        )
    return DiffusionPrediction(t, classes, _mean(maps, asked.prompts), covariance, graph, asked)
