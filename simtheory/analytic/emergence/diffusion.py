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

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_times, flag, non_negative, one_of, share
from simtheory._faces import face
from simtheory._later import special
from simtheory._text import WIDE, aligned, numeral, table_as_html
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic._shared.linear_sampling import Flow, Symmetric, flow_of, several
from simtheory.analytic._shared.orthants import comparison_bound
from simtheory.analytic._shared.shown import READINGS, Alone, Together, last_times
from simtheory.analytic._shared.walls import Walls, joint_of, marginals_of, means_of, walls_of
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.labels import implements
from simtheory.noise import DDIM, PREDICTIONS, CosineVP, Levels, Sampler, Schedule
from simtheory.results import Trajectory, axes
from simtheory.tasks.emergence import ConceptGraph

__all__ = ["DiffusionPrediction", "diffusion", "diffusion_times", "equivalent_prompt"]

STEPS = 20
"""Steps of the sampler unless another is given."""

TOGETHER = 32
"""Graphs that are computed at once: more leave the processor's cache."""

_SHOWN = 12, 4
"""Classes and times whose accuracy is printed."""

_QUICK = 5
"""Boundaries up to which a printed accuracy is the joint one; with more it is the product, which costs nothing."""


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
        parts = walls.problems(self.limits, self.covariance)
        found = [marginals_of(z, R, walls.concepts) for z, R in parts]
        return np.concatenate(found).reshape(*self.limits.shape[:2], -1)

    @cached_property
    def product(self) -> Array:
        """Product of the marginals, shape (T, P)."""
        return np.asarray(np.prod(self.marginals, axis=-1))

    @cached_property
    def _joint(self) -> tuple[Array, Array]:
        parts = self.asked.walls.problems(self.limits, self.covariance)
        found = [joint_of(z, R) for z, R in parts]
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
        parts = self.asked.walls.problems(self.limits, self.covariance)
        found = [comparison_bound(z, R) for z, R in parts]
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
        inside their cell: to rounding, and where joint accuracies have an error, which with four and more concepts
        is up to 1e-4, to a tenth of it.
        """
        height = share("level", level)
        reading = one_of("of", of, READINGS)
        asked = self.asked
        return last_times(Alone(asked.flow), self.t, asked.prompts, asked.walls, reading, height)[0]

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

    def _rows(self) -> list[tuple[str, ...]]:
        """Return a table of some classes and times, and what it holds."""
        classes, times = _SHOWN
        k = np.unique(np.linspace(0, self.t.size - 1, times).round().astype(np.intp))
        part = self.asked.prompts[:classes], walls_of(self.task, self.classes[:classes])
        seen = _predicted(
            self.task, self.t[k], self.classes[:classes], Asked(self.asked.flow, *part)
        )
        values = seen.joint if self._exact else seen.product
        rows = [
            (self.task.name(one), f"{d}", *(f"{value:.3f}" for value in column))
            for one, d, column in zip(
                seen.classes, self.task.distance(seen.classes), values.T, strict=True
            )
        ]
        return [("class", "distance", *(f"t = {numeral(time, 3)}" for time in seen.t)), *rows]

    @property
    def _exact(self) -> bool:
        return self.asked.walls.offsets.shape[1] <= _QUICK

    def _beside(self) -> str:
        what = "joint accuracy" if self._exact else "product of the concepts' accuracies"
        rest = [
            f"{more} more {word}"
            for word, more in zip(
                ("classes", "times"),
                (len(self.classes) - _SHOWN[0], self.t.size - _SHOWN[1]),
                strict=True,
            )
            if more > 0
        ]
        return f"{what.capitalize()}, canonical times{'; ' if rest else ''}{', '.join(rest)}."

    def __str__(self) -> str:
        rows = aligned(self._rows(), wide=WIDE)
        return "\n".join(["Linear diffusion model", "", *rows, "", self._beside()])

    def _repr_html_(self) -> str:
        return table_as_html(self._rows(), self._beside())


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
    walk = _walk(steps, sampler)
    factors = np.ones(graph.dim) if prompts is None else as_finite("prompts", prompts)
    if factors.shape not in ((graph.dim,), (len(asked), graph.dim)):
        raise ShapeError(
            f"Argument `prompts` must have shape ({graph.dim},) or {(len(asked), graph.dim)}, but its shape "
            f"is {factors.shape}."
        )
    strong = equivalent_prompt(factors * graph.encode(asked), guidance)
    flow = flow_of(graph, Levels.of(schedule, walk.steps), walk, prediction, flag("bias", bias))
    return _predicted(graph, times, asked, Asked(flow, strong, walls_of(graph, asked)))


def _walk(steps: int | None, sampler: Sampler | None) -> Sampler:
    """Return the sampler that is asked for."""
    if steps is not None and sampler is not None:
        raise ArgumentError(
            f"Arguments `steps` and `sampler` must not both be given, but they are {steps} and {sampler}. "
            "The sampler has its number of steps."
        )
    return sampler if sampler is not None else DDIM(STEPS if steps is None else steps)


def _predicted(
    graph: ConceptGraph, t: Array, classes: IntArray, asked: Asked
) -> DiffusionPrediction:
    maps, covariance = asked.flow.maps(t)
    if not (np.isfinite(maps).all() and np.isfinite(covariance).all()):
        raise RegimeError(
            "The samples of this graph, schedule and sampler leave the range of float64. Take more steps or "
            "smaller prompts."
        )
    return DiffusionPrediction(t, classes, means_of(maps, asked.prompts), covariance, graph, asked)


@face
def diffusion_times(
    graphs: Sequence[ConceptGraph],
    *,
    classes: ArrayLike | None = None,
    level: float = 0.9,
    of: str = "joint",
    prediction: str = "x0",
    steps: int | None = None,
    schedule: Schedule = CosineVP(),  # noqa: B008 (frozen)
    sampler: Sampler | None = None,
    bias: bool = True,
) -> Array:
    """Return when linear diffusion models of many graphs show classes for good.

    The same as ``diffusion(graph, ...).times(level, of)`` of each, with arrays over the graphs.

    Parameters
    ----------
    graphs : sequence of ConceptGraph
        Graphs with the same values and code. Splits, frequencies, strengths and spreads may differ.
    classes : array_like of int, shape (P, n), optional
        Classes that are asked for. Default: all.
    level : float
        Accuracy that counts as shown, in (0, 1).
    of : {"joint", "product", "marginals"}
        Which accuracy.
    prediction : {"x0", "v", "eps"}
        What the model returns.
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
    ndarray, shape (G, P) or (G, P, n)
        Canonical times: 0 if a class is shown from the start, inf if it never is.

    Raises
    ------
    ArgumentError
        If there is no graph, the values or codes of two differ, both `steps` and `sampler` are given, or a
        name is unknown.

    Notes
    -----
    The computation takes `TOGETHER` graphs at once, about three milliseconds for each of three concepts.

    Examples
    --------
    >>> from simtheory.tasks import okawa2023
    >>> graphs = [okawa2023.main_split(sigma=sigma) for sigma in (0.1, 0.15, 0.2)]
    >>> diffusion_times(graphs, classes=[[1, 1, 1]]).round(2)
    array([[13.41],
           [14.87],
           [17.76]])
    """
    many = list(graphs)
    if not many or not all(isinstance(one, ConceptGraph) for one in many):
        raise ArgumentError(
            "Argument `graphs` must hold concept graphs, at least one, but it holds "
            f"{sorted({type(one).__name__ for one in many}) or 'none'}."
        )
    first = many[0]
    for k, one in enumerate(many):
        if one.code != first.code or not np.array_equal(one.values, first.values):
            raise ArgumentError(
                "Argument `graphs` must hold graphs with the same values and code, but graph 0 has "
                f"{first.values.tolist()} and {first.code}, and graph {k} has {one.values.tolist()} and "
                f"{one.code}. Group them first."
            )
    height, reading = share("level", level), one_of("of", of, READINGS)
    one_of("prediction", prediction, PREDICTIONS)
    walk = _walk(steps, sampler)
    levels, constant = Levels.of(schedule, walk.steps), flag("bias", bias)
    asked = first.classes if classes is None else first.checked(classes)
    plain = replace(first, mu=np.ones(first.n))  # the unit of each concept is its strength
    walls, prompts = walls_of(plain, asked), plain.encode(asked)
    found = []
    for k in range(0, len(many), TOGETHER):
        flows = Together(several(many[k : k + TOGETHER], levels, walk, prediction, constant))
        found.append(last_times(flows, np.empty(0), prompts, walls, reading, height))
    return np.concatenate(found)
