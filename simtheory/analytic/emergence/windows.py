r"""What linear diffusion models do on the way: dips, windows of strong prompts, rare classes.

Problem
-------
A weak concept of a class that was never shown lags behind a strong one. Where does it dip, does a stronger
prompt show it earlier, and how long does a rare class take?

Symbols
-------
:math:`\mu` : strengths; :math:`m(T)` : mean of the samples after training for T; p : frequencies.

Reading
-------
The window of strong prompts is wide for weak concepts, and there is none for strong ones. Rare and far add
up: what is both takes about as long as what is rare.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from simtheory._checks import all_positive, as_finite, non_negative_int, shown
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic.emergence.diffusion import diffusion, diffusion_times
from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.labels import Computed, implements
from simtheory.results import axes
from simtheory.tasks.emergence import ConceptGraph

__all__ = [
    "MemorisationDip",
    "OverpromptWindow",
    "frequency_times",
    "memorisation_dip",
    "overprompt_window",
]

ZOOMS, POINTS = 8, 17
"""Rounds in which an extremum is enclosed eight times more narrowly, and the points of a round."""


@face
@dataclass(frozen=True, slots=True)
class MemorisationDip:
    """Where a concept first rises, and where it has fallen to before it rises for good.

    Shares of the way from the other value to the own one; None where the concept only rises.

    Parameters
    ----------
    top_time, top : float or None
        Canonical time and share at the top.
    bottom_time, bottom : float or None
        Canonical time and share at the bottom.
    """

    top_time: float | None
    top: float | None
    bottom_time: float | None
    bottom: float | None

    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict

    @property
    def exists(self) -> bool:
        """Whether the concept dips."""
        return self.top is not None


@face
@dataclass(frozen=True, slots=True, eq=False)
class OverpromptWindow:
    """When a class is shown under stronger and stronger prompts.

    Parameters
    ----------
    gains : ndarray, shape (L,)
        What multiplied the strength of the concept in the prompt.
    times : ndarray, shape (L,)
        Canonical times from which on the class is shown; inf where it never is.
    plain : float
        The time for the plain prompt, gain 1.
    """

    gains: Array = field(metadata=axes.over("gain", labels=True))
    times: Array = field(metadata=axes.over("gain", allow="real"))
    plain: float

    __str__ = axes.text
    _repr_html_ = axes.html

    def __post_init__(self) -> None:
        axes.settle(self)

    @property
    def ratio(self) -> float:
        """Time of the plain prompt over that of the best one; 1 where no prompt is better."""
        best = min(float(self.times.min()), self.plain)
        return float(self.plain / best) if np.isfinite(best) else 1.0


def _one(graph: ConceptGraph, target: ArrayLike) -> IntArray:
    found = as_finite("target", target)
    if found.shape != (graph.n,):
        raise ShapeError(
            f"Argument `target` must be one class of shape ({graph.n},), but its shape is {found.shape}."
        )
    try:
        return graph.checked(found[None])
    except TaskError as reason:
        raise ArgumentError(str(reason).replace("`classes`", "`target`")) from reason


def _concept(graph: ConceptGraph, concept: int) -> int:
    if non_negative_int("concept", concept) >= graph.n:
        raise ArgumentError(
            f"Argument `concept` must be below the number of concepts, {graph.n}, but it is {concept}."
        )
    return int(concept)


@implements(
    "memorisation-dip",
    kind=Computed(r"s(T) = m_i(T)/\mu_i, \qquad s'(T_{top}) = s'(T_{bottom}) = 0"),
    title="a weak concept dips while a strong one is finished",
    regime="linear diffusion",
    source="park2024",
    where="derived here from linear diffusion",
)
@face
def memorisation_dip(
    graph: ConceptGraph,
    target: ArrayLike,
    concept: int,
    *,
    prediction: str = "x0",
    bias: bool = True,
) -> MemorisationDip:
    """Return where the mean of a concept rises and dips in training, before it rises for good.

    Parameters
    ----------
    graph : ConceptGraph
        What is learned.
    target : array_like of int, shape (n,)
        The class that is asked for.
    concept : int
        The concept, from 0.
    prediction : {"x0", "v", "eps"}
        What the model returns.
    bias : bool
        Whether the constant one is a feature.

    Returns
    -------
    MemorisationDip
        The first top and the bottom after it, by the mean over samples.

    Examples
    --------
    >>> from simtheory.tasks import park2024
    >>> dip = memorisation_dip(park2024.two_concepts(0.3), [1, 1], 0)
    >>> print(round(dip.top_time, 2), round(dip.top, 4), round(dip.bottom_time, 2), round(dip.bottom, 4))
    2.5 0.261 8.13 0.2258
    """
    place = _concept(graph, concept)
    given = diffusion(graph, [0.0], classes=_one(graph, target), prediction=prediction, bias=bias)
    walls = graph.boundaries(given.classes)
    mine = walls.concepts == place
    first, last = given.asked.flow.span

    def share(t: Array) -> Array:
        means = given.at(t).mean[:, 0]
        return np.asarray((means @ walls.normals[0, mine].T + walls.offsets[0, mine]).min(axis=1))

    t = np.geomspace(first, last, 24 * int(np.ceil(np.log(last / first))))
    found = share(t)
    slack = 1e-9 * np.ptp(found)  # below it a fall is rounding
    falls = np.flatnonzero(np.maximum.accumulate(found) - found > slack)
    if not falls.size or found[-1] <= found[falls[0]] - slack:
        return MemorisationDip(None, None, None, None)
    top = int(found[: falls[0] + 1].argmax())
    after = found[top:]
    rises = np.flatnonzero(after - np.minimum.accumulate(after) > slack)
    if not rises.size:
        return MemorisationDip(None, None, None, None)
    bottom = top + int(after[: rises[0] + 1].argmin())
    ends = []
    for k, sign in ((top, 1.0), (bottom, -1.0)):
        low, high = t[max(k - 1, 0)], t[min(k + 1, t.size - 1)]
        for _ in range(ZOOMS):
            points = np.linspace(low, high, POINTS)
            best = int((sign * share(points)).argmax())
            low, high = points[max(best - 1, 0)], points[min(best + 1, POINTS - 1)]
        middle = 0.5 * (low + high)
        ends += [float(middle), float(share(np.array([middle]))[0])]
    return MemorisationDip(*ends)


@implements(
    "overprompt-window",
    kind=Computed(r"T_\lambda = \inf\{T : q(T' ; \lambda\mu_i) > \theta \text{ for all } T' > T\}"),
    title="when a stronger prompt shows a class earlier",
    regime="linear diffusion",
    source="park2024",
    where="derived here from linear diffusion",
)
@face
def overprompt_window(
    graph: ConceptGraph,
    target: ArrayLike,
    concept: int,
    *,
    gains: ArrayLike = (1.5, 2.5, 3.5),
    level: float = 0.9,
    of: str = "product",
    prediction: str = "x0",
    bias: bool = True,
) -> OverpromptWindow:
    """Return when a class is shown under prompts that name one concept more and more strongly.

    Parameters
    ----------
    graph : ConceptGraph
        What is learned.
    target : array_like of int, shape (n,)
        The class that is asked for.
    concept : int
        The concept whose strength in the prompt is multiplied, from 0.
    gains : array_like, shape (L,)
        Factors, positive.
    level : float
        Accuracy that counts as shown, in (0, 1).
    of : {"joint", "product"}
        Which accuracy.
    prediction : {"x0", "v", "eps"}
        What the model returns.
    bias : bool
        Whether the constant one is a feature.

    Returns
    -------
    OverpromptWindow
        Times for each gain, and for the plain prompt.

    Examples
    --------
    >>> from simtheory.tasks import park2024
    >>> found = overprompt_window(park2024.two_concepts(0.2), [1, 1], 0)
    >>> print(round(found.plain, 1), found.times.round(1))
    323.3 [134.9  60.4  37.4]
    """
    if of not in ("joint", "product"):
        raise ArgumentError(f'Argument `of` must be "joint" or "product", but it is {of!r}.')
    factors, place = all_positive("gains", gains), _concept(graph, concept)
    if factors.ndim != 1 or factors.size == 0:
        raise ShapeError(
            f"Argument `gains` must have shape (L,), L at least 1, but its shape is {factors.shape}."
        )
    prompts = np.ones((1 + factors.size, graph.dim))
    prompts[1:, graph.concepts == place] = factors[:, None]
    found = diffusion(
        graph,
        [0.0],
        classes=np.repeat(_one(graph, target), len(prompts), axis=0),
        prompts=prompts,
        prediction=prediction,
        bias=bias,
    ).times(level, of)
    return OverpromptWindow(factors, found[1:], float(found[0]))


@face
def frequency_times(
    graph: ConceptGraph,
    rare: ArrayLike,
    frequencies: ArrayLike,
    *,
    classes: ArrayLike | None = None,
    level: float = 0.9,
    of: str = "joint",
    prediction: str = "x0",
    bias: bool = True,
) -> Array:
    """Return when classes are shown, for some frequencies of one trained class.

    Parameters
    ----------
    graph : ConceptGraph
        What is learned.
    rare : array_like of int, shape (n,)
        The trained class whose frequency is changed.
    frequencies : array_like, shape (F,)
        What its weight is multiplied by, positive, before the weights are normalised.
    classes : array_like of int, shape (P, n), optional
        Classes that are asked for. Default: all.
    level : float
        Accuracy that counts as shown, in (0, 1).
    of : {"joint", "product"}
        Which accuracy.
    prediction : {"x0", "v", "eps"}
        What the model returns.
    bias : bool
        Whether the constant one is a feature.

    Returns
    -------
    ndarray, shape (F, P)
        Canonical times; inf where a class is never shown.

    Examples
    --------
    >>> from simtheory.tasks import okawa2023
    >>> asked = [[0, 0, 1], [1, 1, 1]]
    >>> frequency_times(okawa2023.main_split(sigma=0.15), [0, 0, 1], [1.0, 0.01], classes=asked).round(1)
    array([[  2.6,  14.9],
           [326.6, 333. ]])
    """
    if of not in ("joint", "product"):
        raise ArgumentError(f'Argument `of` must be "joint" or "product", but it is {of!r}.')
    wanted, factors = as_finite("rare", rare), all_positive("frequencies", frequencies)
    if factors.ndim != 1 or factors.size == 0:
        raise ShapeError(
            f"Argument `frequencies` must have shape (F,), F at least 1, but its shape is {factors.shape}."
        )
    fits = wanted.shape == (graph.n,)
    row = np.flatnonzero((graph.train == wanted).all(axis=1) if fits else [False])
    if not row.size:
        raise ArgumentError(
            f"Argument `rare` must be a trained class of {graph.n} concepts, but it is {shown(rare)}."
        )
    weights = np.tile(graph.weights, (factors.size, 1))
    weights[:, row[0]] *= factors
    graphs = [replace(graph, weights=each / each.sum()) for each in weights]
    return diffusion_times(
        graphs, classes=classes, level=level, of=of, prediction=prediction, bias=bias
    )
