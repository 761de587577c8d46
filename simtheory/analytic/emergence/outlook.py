r"""The central question, without a run: order, times, what is never learned and why, and which prompts help.

Problem
-------
Given a concept graph, its split, frequencies and strengths: which class is learned when, which never? The answer
rests on a linear diffusion model, on linear regression, or on a lazy net whose kernel falls with the distance; it
is a forecast for others.

Reading
-------
Ratios of times carry over to nets better than times. What a linear model never learns, because no data tell it,
no model learns; a lazy net forgets more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from simtheory._checks import as_finite, flag, one_of, share
from simtheory._faces import face
from simtheory._text import WIDE, aligned, numeral, paragraph, table_as_html
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic.emergence.clock import ceiling
from simtheory.analytic.emergence.diffusion import diffusion
from simtheory.analytic.emergence.kernels import kernel_modes, kernel_times
from simtheory.analytic.emergence.regression import ends_of, learning_times, modes_for
from simtheory.errors import ArgumentError
from simtheory.noise import PREDICTIONS
from simtheory.results import axes
from simtheory.tasks.emergence import ConceptGraph

__all__ = ["Affine", "Denoiser", "Lazy", "Learner", "Outlook", "outlook"]

_FEW = 64
"""Classes up to which prompts on single concepts are tried; beyond, the whole prompt is strengthened."""

_ROWS = 2**15
"""Coordinates of prompts that are computed at once; their times on a grid stay in memory."""

_EQUAL = 1e-9
"""Relative distance of times below which two classes are learned together."""

_HEAD = "class", "distance", "learned at", "never because, or earlier with"

_END = 1e12
"""Canonical time that stands for the end of training, where accuracies of classes are read."""


@face
class Learner(ABC):
    """What learns the classes of a graph."""

    __slots__ = ()

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is, in words."""

    @property
    def prompted(self) -> bool:
        """Whether a prompt may ask for more of a concept."""
        return True

    @abstractmethod
    def times(self, graph: ConceptGraph, classes: IntArray, gain: Array) -> Array:
        """Return when each class is learned for good.

        Parameters
        ----------
        graph : ConceptGraph
            The graph.
        classes : ndarray of int, shape (P, n)
            Classes.
        gain : ndarray, shape (n,) or (P, n)
            What multiplies the strength of each concept in the prompt, of all classes or of each.

        Returns
        -------
        ndarray, shape (P,)
            Canonical times; inf if never.
        """

    @abstractmethod
    def missing(self, graph: ConceptGraph, classes: IntArray) -> list[str]:
        """Return for each class what it lacks in the end.

        Parameters
        ----------
        graph : ConceptGraph
            The graph.
        classes : ndarray of int, shape (P, n)
            Classes.

        Returns
        -------
        list of str
            A sentence for each.
        """


def _short_of(graph: ConceptGraph, ends: Array, level: float) -> list[str]:
    """Say which concept of each class ends farthest from its own value."""
    names = graph.concept_names
    return [
        f"{names[i]} ends at {max(end[i], 0.0):.2g} of the way, which is not above {level:g}"
        for end, i in zip(ends, np.argmin(ends, axis=1), strict=True)
    ]


@face
@dataclass(frozen=True, slots=True)
class Affine(Learner):
    """Linear regression on the concepts.

    Parameters
    ----------
    bias : bool
        Whether it has a constant feature.
    level : float
        Share of the way from any other value of a concept to the own one that counts as learned.
    """

    bias: bool = True
    level: float = 0.5

    def __post_init__(self) -> None:
        flag("bias", self.bias)
        share("level", self.level)

    @property
    def title(self) -> str:
        """What it is, in words."""
        return f"linear regression with{'' if self.bias else 'out'} a bias"

    def times(self, graph: ConceptGraph, classes: IntArray, gain: Array) -> Array:
        """Return when each class is learned for good."""
        return learning_times(graph, classes=classes, level=self.level, bias=self.bias, gain=gain)

    def missing(self, graph: ConceptGraph, classes: IntArray) -> list[str]:
        """Return for each class what it lacks in the end."""
        asked = graph.checked(classes)
        ends = ends_of(modes_for(graph, asked, self.bias), graph, asked)
        return _short_of(graph, ends, self.level)


@face
@dataclass(frozen=True, slots=True)
class Lazy(Learner):
    """A wide net in the lazy regime, whose kernel falls as ρ^distance.

    Parameters
    ----------
    rho : float
        Kernel of two classes that differ in one concept, in [0, 1).
    level : float
        Share of the way from any other value of a concept to the own one that counts as learned.
    """

    rho: float
    level: float = 0.5

    def __post_init__(self) -> None:
        share("rho", self.rho, ends="[)")
        share("level", self.level)

    @property
    def title(self) -> str:
        """What it is, in words."""
        return f"lazy net, kernel {self.rho:g}^distance"

    @property
    def prompted(self) -> bool:
        """Whether a prompt may ask for more of a concept: the kernel knows classes only."""
        return False

    def times(self, graph: ConceptGraph, classes: IntArray, gain: Array) -> Array:
        """Return when each class is learned for good; the gain is not used."""
        as_finite("gain", gain)
        return kernel_times(graph, self.rho, classes=classes, level=self.level)

    def missing(self, graph: ConceptGraph, classes: IntArray) -> list[str]:
        """Return for each class what it lacks in the end."""
        modes, _, asked = kernel_modes(graph, self.rho, classes)
        plain = modes._replace(outputs=modes.outputs * graph.mu[graph.concepts])
        return _short_of(graph, ends_of(plain, graph, asked), self.level)


@face
@dataclass(frozen=True, slots=True)
class Denoiser(Learner):
    """A linear diffusion model with the default sampler.

    Parameters
    ----------
    prediction : {"x0", "v", "eps"}
        What it predicts.
    bias : bool
        Whether it has a constant feature.
    level : float
        Share of samples that show all concepts of the class that counts as learned.
    """

    prediction: str = "x0"
    bias: bool = True
    level: float = 0.9

    def __post_init__(self) -> None:
        one_of("prediction", self.prediction, PREDICTIONS)
        flag("bias", self.bias)
        share("level", self.level)

    @property
    def title(self) -> str:
        """What it is, in words."""
        rest = "" if self.bias else " without a bias"
        return f"linear diffusion model that predicts {self.prediction}{rest}"

    def times(self, graph: ConceptGraph, classes: IntArray, gain: Array) -> Array:
        """Return when the accuracy of each class exceeds the level for good."""
        asked = as_finite("gain", gain)
        found = diffusion(
            graph,
            [1.0],
            classes=classes,
            prompts=np.broadcast_to(asked, (len(classes), graph.n))[:, graph.concepts],
            prediction=self.prediction,
            bias=self.bias,
        )
        return found.times(self.level)

    def missing(self, graph: ConceptGraph, classes: IntArray) -> list[str]:
        """Return for each class what it lacks in the end."""
        ends = diffusion(graph, [_END], classes=classes, prediction=self.prediction, bias=self.bias)
        names, joint, each = graph.concept_names, ends.joint[0], ends.marginals[0]
        most = ceiling(graph)
        if most <= self.level:
            return [
                f"accuracy ends at {whole:.2g}; the data themselves reach {most:.2g}, not above {self.level:g}"
                for whole in joint
            ]
        return [
            f"accuracy ends at {whole:.2g}, {names[i]} at {parts[i]:.2g}: not above {self.level:g}"
            for whole, parts, i in zip(joint, each, np.argmin(each, axis=1), strict=True)
        ]


_DEFAULT: Learner = Denoiser()


@face
@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What theory says of the classes of a graph, the earliest first.

    Parameters
    ----------
    names : tuple of str
        Names of the classes.
    classes : ndarray of int, shape (P, n)
        The classes.
    distances : ndarray of int, shape (P,)
        Concepts by which each differs from the nearest trained class.
    times : ndarray, shape (P,)
        Canonical times of learning; inf if never.
    reasons : tuple of str
        Why a class is never learned; empty for the others.
    prompts : tuple of str
        The strengthened prompt that shows the class earliest; empty if none is earlier than the plain one.
    prompted : ndarray, shape (P,)
        The time of that prompt; nan if there is none.
    ordered : bool or None
        Whether every class of a smaller distance is learned before every one of a larger; None if all
        distances are equal, or no class is learned.
    model : str
        What learns.
    """

    names: tuple[str, ...] = field(metadata=axes.over("class", allow="words", labels=True))
    classes: IntArray = field(metadata=axes.over("class", "concept", allow="integer"))
    distances: IntArray = field(metadata=axes.over("class", allow="integer"))
    times: Array = field(metadata=axes.over("class", allow="real"))
    reasons: tuple[str, ...]
    prompts: tuple[str, ...]
    prompted: Array = field(metadata=axes.over("class", allow="nan"))
    ordered: bool | None
    model: str

    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)
        for name in ("reasons", "prompts"):
            if len(getattr(self, name)) != len(self.names):
                raise ArgumentError(
                    f"Argument `{name}` must hold {len(self.names)} entries, one for each class, but it holds "
                    f"{len(getattr(self, name))}."
                )

    @property
    def verdict(self) -> str:
        """The answer in a sentence or two."""
        never = int(np.isinf(self.times).sum())
        hidden = sum(map(bool, self.prompts))
        shown = f" A stronger prompt shows {hidden} earlier." if hidden else ""
        if never == len(self.names):
            return f"No class is learned.{shown}"
        order = {
            None: "All classes have the same distance.",
            True: "Classes are learned in the order of their distance.",
            False: "Classes are not learned in the order of their distance.",
        }[self.ordered]
        verb = "is" if never == 1 else "are"
        rest = f" {never} of {len(self.names)} classes {verb} never learned." if never else ""
        return f"{order}{rest}{shown}"

    def rows(self) -> list[tuple[str, ...]]:
        """Return one row for each class: name, distance, time, and what is to be said.

        Returns
        -------
        list of tuple of str
            The rows.
        """
        return [
            (
                name,
                str(distance),
                "never" if np.isinf(time) else numeral(time),
                "; ".join(filter(None, (reason, prompt and f"{prompt} at {numeral(earlier)}"))),
            )
            for name, distance, time, reason, prompt, earlier in zip(
                self.names,
                self.distances,
                self.times,
                self.reasons,
                self.prompts,
                self.prompted,
                strict=True,
            )
        ]

    def __str__(self) -> str:
        rows = [_HEAD, *self.rows()]
        lines = aligned(rows, left=(0, 3))
        if max(map(len, lines)) > WIDE:  # then what is said of each class stands below the table
            together: dict[str, list[str]] = {}
            for name, _, _, rest in rows[1:]:
                together.setdefault(rest, []).append(name)
            told = [
                paragraph(f"{_apart(names)}: {rest}", indent="  ")
                for rest, names in together.items()
                if rest
            ]
            lines = [*aligned([row[:3] for row in rows]), "", f"{_HEAD[3].capitalize()}:", *told]
        parts = [f"{self.model}, canonical times", "", *lines, "", paragraph(self.verdict)]
        return "\n".join(parts)

    def _repr_html_(self) -> str:
        return table_as_html(
            [_HEAD, *self.rows()], f"{self.model}, canonical times. {self.verdict}"
        )


@face
def outlook(
    graph: ConceptGraph,
    *,
    model: Learner = _DEFAULT,
    classes: ArrayLike | None = None,
    gains: ArrayLike = (1.5, 2.5, 3.5, 4.5),
) -> Outlook:
    """Return which class is learned when, which never and why, and which prompts show it earlier.

    Parameters
    ----------
    graph : ConceptGraph
        Trained classes, frequencies, strengths, spread and code.
    model : Learner
        What learns: `Denoiser`, `Affine` or `Lazy`.
    classes : array_like of int, shape (P, n), optional
        Classes. Default: all.
    gains : array_like, shape (L,)
        Gains of the prompts that are tried, above 1: of all concepts, and of each alone.

    Returns
    -------
    Outlook
        Classes by their times.

    Examples
    --------
    >>> from simtheory.tasks import okawa2023
    >>> print(outlook(okawa2023.main_split(), model=Lazy(0.6)).verdict)
    Classes are learned in the order of their distance. 1 of 8 classes is never learned.
    """
    asked = graph.classes if classes is None else graph.checked(classes)
    if not len(asked):
        raise ArgumentError("Argument `classes` must hold a class, but it is empty.")
    times = model.times(graph, asked, np.ones(graph.n))
    tried = _gains(gains)
    prompts, prompted = _prompts(graph, asked, times, model, tried)
    distances = graph.distance(asked)
    reasons = _reasons(graph, asked, times, model)
    order = np.lexsort((distances, _places(times)))
    return Outlook(
        names=tuple(graph.name(asked[i]) for i in order),
        classes=asked[order],
        distances=distances[order],
        times=times[order],
        reasons=tuple(reasons[i] for i in order),
        prompts=tuple(prompts[i] for i in order),
        prompted=prompted[order],
        ordered=_ordered(distances, times),
        model=model.title,
    )


def _apart(names: list[str]) -> str:
    """Return names as a list, by signs that none of them holds."""
    return ("; " if any("," in name for name in names) else ", ").join(names)


def _places(times: Array) -> IntArray:
    """Return the place of each time in the order, the same for times that differ by rounding."""
    by_time = np.argsort(times, kind="stable")
    sorted_times = times[by_time]
    later = sorted_times[1:] > sorted_times[:-1] * (1.0 + _EQUAL)
    found = np.empty(times.size, dtype=np.intp)
    found[by_time] = np.concatenate([[0], np.cumsum(later)])
    return found


def _gains(gains: ArrayLike) -> Array:
    found = np.atleast_1d(as_finite("gains", gains))
    if found.ndim != 1 or (found.size and found.min() <= 1.0):
        raise ArgumentError(
            "Argument `gains` must be a row of numbers above 1, but "
            + (f"its shape is {found.shape}." if found.ndim != 1 else f"it holds {found.min():g}.")
        )
    return found


def _ordered(distances: IntArray, times: Array) -> bool | None:
    """Return whether all times of a distance lie below all of the next larger one."""
    levels = np.unique(distances)
    if levels.size < 2 or np.isinf(times).all():
        return None
    lasts = [times[distances == level].max() for level in levels[:-1]]
    firsts = [times[distances == level].min() for level in levels[1:]]
    return all(
        last < first * (1.0 - _EQUAL) or (np.isfinite(last) and np.isinf(first))
        for last, first in zip(lasts, firsts, strict=True)
    )


def _reasons(graph: ConceptGraph, classes: IntArray, times: Array, model: Learner) -> list[str]:
    """Say why classes are never learned."""
    found = [""] * len(classes)
    never = np.flatnonzero(np.isinf(times))
    if not never.size:
        return found
    shown = graph.composable(classes)
    lacking = model.missing(graph, classes[never])
    for k, lack in zip(never, lacking, strict=True):
        unseen = [
            _value(graph, i, int(v))
            for i, v in enumerate(classes[k])
            if not shown[k] and v not in graph.train[:, i]
        ]
        found[k] = f"no data show {' or '.join(unseen)}" if unseen else lack
    return found


def _value(graph: ConceptGraph, concept: int, value: int) -> str:
    if graph.names is None:
        return f"value {value} of {graph.concept_names[concept]}"
    return tuple(graph.names.values())[concept][value]


def _prompts(
    graph: ConceptGraph, classes: IntArray, times: Array, model: Learner, gains: Array
) -> tuple[list[str], Array]:
    """Return for each class the strengthened prompt that shows it earliest, and its time."""
    words, best = [""] * len(classes), np.full(len(classes), np.nan)
    if not (model.prompted and gains.size):
        return words, best
    tried = [(f"prompt × {gain:g}", np.full(graph.n, gain)) for gain in gains]
    if len(classes) <= _FEW:
        tried += [
            (f"{name} × {gain:g}", np.where(np.arange(graph.n) == i, gain, 1.0))
            for i, name in enumerate(graph.concept_names)
            for gain in gains
        ]
    asked = np.tile(classes, (len(tried), 1))
    factors = np.repeat([each for _, each in tried], len(classes), axis=0)
    step = max(1, _ROWS // graph.dim)
    found = np.concatenate(
        [
            model.times(graph, asked[k : k + step], factors[k : k + step])
            for k in range(0, len(asked), step)
        ]
    ).reshape(len(tried), len(classes))
    limit = times * (1.0 - 1e-6)
    for (name, _), each in zip(tried, found, strict=True):
        for k in np.flatnonzero(each < limit):
            words[k], best[k], limit[k] = name, each[k], each[k] * (1.0 - 1e-6)
    return words, best
