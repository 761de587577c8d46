r"""Are classes learned in the order of their distance, or in that which theory predicts?

Result
------
*Page's test*: in every seed the groups (classes of one distance, or of one predicted time) are ranked by their
times, and :math:`L=\sum_jjR_j`, with the sum R_j of the ranks of group j over seeds, is large if the order holds.
Its probability under no order is exact up to six groups, from all permutations of every seed's ranks, and normal
beyond. *Kendall's τ-b* of times and distances is 1 for the same order, −1 for the opposite one.

Reading
-------
Classes that were not learned come last, together. Distance orders the times under some codes and splits only; then
the order of theory is the better one to ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import permutations
from math import factorial
from typing import Any

import numpy as np

from simtheory._faces import face
from simtheory._text import numeral, rows_as_html, rows_as_text
from simtheory._typing import Array, ArrayLike
from simtheory.assess.evaluations.table import Accuracies
from simtheory.assess.evaluations.times import EmergenceTimes, emergence_times
from simtheory.errors import ArgumentError
from simtheory.results.axes import over, settle
from simtheory.tasks import ConceptGraph

__all__ = ["Order", "OrderTest", "order"]

_EXACT = 6  # groups up to which all permutations of ranks are counted; 7 have 5040
_CONFIDENT = 0.05


@face
@dataclass(frozen=True, slots=True, eq=False)
class OrderTest:
    """How far times follow a predicted order.

    Parameters
    ----------
    statistic : float
        Page's L; NaN if there is one group alone.
    p_value : float
        Probability of an L as large without any order.
    tau : ndarray, shape (S,)
        Kendall's τ-b of each seed; NaN where times or predictions are all equal.
    least : float
        Probability of the predicted order in every seed without any order: no result of so many seeds and groups
        has a smaller one.
    """

    statistic: float
    p_value: float
    tau: Array
    least: float = 0.0

    @property
    def mean_tau(self) -> float:
        """Mean of `tau` over seeds in which it is known."""
        known = self.tau[~np.isnan(self.tau)]
        return float(known.mean()) if known.size else np.nan

    @property
    def verdict(self) -> str:
        """What the test says, in words."""
        if np.isnan(self.p_value):
            return "cannot be tested"
        if self.p_value < _CONFIDENT:
            return "holds"
        return "cannot be told from so few seeds" if self.least >= _CONFIDENT else "is not shown"

    def __str__(self) -> str:
        return f"Page's L {self.statistic:g}, p = {self.p_value:.2g}; Kendall's tau {self.mean_tau:.2f}"


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Order:
    """Order in which classes are learned, against distance and against theory.

    Parameters
    ----------
    classes : tuple of str, length P
        The classes.
    distances : ndarray, shape (P,)
        Concepts by which each differs from the nearest trained one.
    predicted : ndarray, shape (P,)
        Times of learning by the affine regression of the graph, canonical; infinite where it never learns.
    composable : ndarray of bool, shape (P,)
        Whether every value of the class is shown by some trained class.
    by_distance, by_theory : OrderTest
        The two tests.
    clock : float
        Steps of a unit of theory's time: the median over trained classes that were learned after the first
        evaluation; NaN where none was.
    expected : ndarray, shape (P,)
        Steps at which theory expects each class, by that clock.
    times : EmergenceTimes
        The times that were tested.
    """

    classes: tuple[str, ...] = field(metadata=over("class", allow="words"))
    distances: Array = field(metadata=over("class"))
    predicted: Array = field(metadata=over("class", allow="real"))
    composable: Any
    by_distance: OrderTest
    by_theory: OrderTest
    clock: float
    expected: Array = field(metadata=over("class", allow="real"))
    times: EmergenceTimes

    def __post_init__(self) -> None:
        settle(self)

    def sentence(self) -> str:
        """Return the answer in a sentence.

        Returns
        -------
        str
            Whether the order of distance holds, and that of theory.
        """

        def said(test: OrderTest) -> str:
            return test.verdict if np.isnan(test.p_value) else f"{test.verdict} ({test})"

        return (
            f"Order: by distance it {said(self.by_distance)}; by theory it {said(self.by_theory)}."
        )

    def outlook(self) -> list[str]:
        """Say what theory expects of the classes that most seeds have not learned.

        Returns
        -------
        list of str
            A sentence for each such class.
        """
        lines = []
        for k in np.flatnonzero(~np.isfinite(self.times.median)):
            name = self.classes[k]
            if not self.composable[k]:
                lines.append(f"{name}: never; no trained class shows all of its values.")
            elif np.isinf(self.predicted[k]):
                lines.append(
                    f"{name}: never; the linear theory of this split has it on the wrong side."
                )
            elif np.isnan(self.clock):
                lines.append(
                    f"{name}: in the end, but no trained class was seen being learned, which would set a clock."
                )
            else:
                lines.append(
                    f"{name}: near step {numeral(self.expected[k], 3)} by the linear theory, whose clock was set on the "
                    "trained classes."
                )
        return lines

    def _rows(self) -> list[tuple[str, str]]:
        tests = (("by distance", self.by_distance), ("by theory", self.by_theory))
        rows = [(name, f"{test.verdict}; {test}") for name, test in tests]
        for k, name in enumerate(self.classes):
            step = numeral(self.expected[k]) if np.isfinite(self.expected[k]) else "never"
            middle = self.times.median[k]
            got = numeral(middle) if np.isfinite(middle) else "not within the run"
            step = "unknown" if np.isnan(self.expected[k]) else step
            rows.append((name, f"distance {self.distances[k]:g}, expected {step}, learned {got}"))
        return rows

    def __str__(self) -> str:
        return rows_as_text("Order", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Order", self._rows())

    def __repr__(self) -> str:
        return f"Order(by_distance={self.by_distance}, by_theory={self.by_theory})"


@face
def order(
    acc: Accuracies,
    graph: ConceptGraph | None = None,
    *,
    level: float = 0.5,
    hold: int = 3,
) -> Order:
    """Test the order in which classes are learned against distance and against theory.

    Parameters
    ----------
    acc : Accuracies
        What `accuracies` read.
    graph : ConceptGraph, optional
        What was trained. Default: the graph of `acc`.
    level, hold : optional
        As in `emergence_times`.

    Returns
    -------
    Order
        Tests and expected times.

    Raises
    ------
    ArgumentError
        If nothing says what was trained.
    """
    from simtheory.analytic import emergence

    known = acc.graph if graph is None else graph
    if known is None:
        raise ArgumentError(
            "Argument `graph` must be the concept graph, because `acc` was read without `train=`."
        )
    nodes = known.named(acc.classes, what="Argument `acc`")
    times = emergence_times(acc, level=level, hold=hold)
    distances = known.distance(nodes).astype(np.float64)
    predicted = np.asarray(emergence.learning_times(known, classes=nodes, level=level))
    seen = np.isfinite(times.median) & ~(2 * times.at_start.sum(axis=0) >= len(acc.seeds))
    trained = seen & (distances == 0) & np.isfinite(predicted) & (predicted > 0)
    clock = (
        float(np.median(times.median[trained] / predicted[trained])) if trained.any() else np.nan
    )
    return Order(
        classes=acc.classes,
        distances=distances,
        predicted=predicted,
        composable=known.composable(nodes),
        by_distance=_test(times.learned, distances),
        by_theory=_test(times.learned, predicted),
        clock=clock,
        expected=clock * predicted,
        times=times,
    )


def _test(learned: Array, predicted: Array) -> OrderTest:
    groups = np.unique(_rounded(predicted), return_inverse=True)[1]
    whole = learned[~np.isnan(learned).any(axis=1)]
    tau = np.array([kendall(row, predicted) for row in learned])
    if groups.max(initial=0) < 1 or not len(whole):
        return OrderTest(np.nan, np.nan, tau)
    ranks = np.array([_ranks(row) for row in whole])
    means = np.stack([ranks[:, groups == k].mean(axis=1) for k in range(groups.max() + 1)], axis=1)
    least = 1 / factorial(means.shape[1]) ** len(means)
    return OrderTest(*page(means), tau, least)


def _rounded(predicted: Array) -> Array:
    """Times that differ by rounding alone are equal."""
    with np.errstate(divide="ignore", invalid="ignore"):
        places = 8 - np.floor(np.log10(np.abs(predicted)))
    fine = np.isfinite(places)
    scale = 10.0 ** np.where(fine, places, 0.0)
    return np.asarray(
        np.where(fine, np.rint(np.where(fine, predicted, 0.0) * scale) / scale, predicted)
    )


def _ranks(values: Array) -> Array:
    """Return ranks from 1 on, of equal values their mean."""
    below = (values[:, None] > values).sum(axis=1)
    same = (values[:, None] == values).sum(axis=1)
    return np.asarray(below + 0.5 * (same + 1.0))


def page(times: ArrayLike) -> tuple[float, float]:
    """Return Page's L of times that should rise from group to group, and its probability without order.

    Parameters
    ----------
    times : array_like, shape (S, k)
        Times of k groups in each seed, in the predicted order; infinite where not learned.

    Returns
    -------
    statistic : float
        Page's L.
    p_value : float
        Probability of at least this L if no group is earlier than another.

    Examples
    --------
    >>> statistic, p = page([[1, 2, 3], [10, 20, 30], [4, 6, 9]])
    >>> statistic, round(p, 4)
    (42.0, 0.0046)
    """
    given = np.asarray(times, dtype=np.float64)
    ranks = np.array([_ranks(row) for row in given])
    s, k = ranks.shape
    weights = np.arange(1.0, k + 1.0)
    statistic = float((ranks @ weights).sum())
    if k > _EXACT:
        from scipy.special import ndtr

        middle = 0.5 * (k + 1.0)
        spread = ((weights - middle) ** 2).sum() * ((ranks - middle) ** 2).sum(axis=1) / (k - 1.0)
        total = float(np.sqrt(spread.sum()))
        mean = s * k * middle**2
        return statistic, float(ndtr((mean - statistic) / total)) if total > 0 else 1.0
    # the sums are multiples of ½, so that twice them count places
    law = np.ones(1)
    for row in ranks:
        sums = np.array([np.dot(weights, one) for one in permutations(row)])
        steps = np.rint(2.0 * sums).astype(np.intp)
        law = np.convolve(law, np.bincount(steps) / len(sums))
    return statistic, float(min(1.0, law[round(2.0 * statistic) :].sum()))


def kendall(a: ArrayLike, b: ArrayLike) -> float:
    """Return Kendall's τ-b of two rows of numbers; infinite ones are equal and beyond all others.

    Parameters
    ----------
    a, b : array_like, shape (P,)
        The rows; pairs in which one is NaN are left out.

    Returns
    -------
    float
        From −1 to 1; NaN if a row has no two different numbers.

    Examples
    --------
    >>> kendall([1, 2, 3, 4], [1, 3, 2, 4])
    0.6666666666666666
    """
    first, second = (np.asarray(row, dtype=np.float64) for row in (a, b))
    known = ~(np.isnan(first) | np.isnan(second))

    def signs(row: Array) -> Any:
        one = row[known]
        return (one[:, None] > one).astype(float) - (one[:, None] < one)

    x, y = signs(first), signs(second)
    scale = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum() / scale) if scale > 0 else np.nan
