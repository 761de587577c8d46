r"""Is a rise sharp, or is the metric?

Result
------
The *width* of a curve is the time from 10 % to 90 % of its rise, from its first value to its greatest, on the
monotone curve that is nearest to it in least squares. A product of k equal logistic curves is narrower than one of
them by a factor that never falls below 0.702 (label ``product-logistic``), so a joint accuracy far narrower than its
slowest concept is more than a product; one that is narrower only than the mean of the marginals is the metric's
doing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simtheory._checks import between
from simtheory._faces import face
from simtheory._text import WIDE, aligned, numeral, paragraph, table_as_html
from simtheory._typing import Array, ArrayLike
from simtheory.assess.evaluations.table import Accuracies
from simtheory.errors import ArgumentError
from simtheory.results.axes import over, settle

__all__ = ["Widths", "widths"]

_LEAST = 0.702
"""Width of a product of ever more equal logistic curves over that of one: 3.084/4.394."""

_RISES = 0.2
"""Rise, as a share of the ceiling, below which the width of a curve says nothing."""

_METRICS = ("joint", "slowest", "additive", "log-odds")

_WORDS = (
    "Steps from a tenth to nine tenths of the rise, and that over the same of the slowest concept, of the mean of the "
    "concepts and of the log-odds; –: it does not rise."
)


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Widths:
    """Widths of the rise of each class, by metric.

    Parameters
    ----------
    classes : tuple of str, length P
        The classes.
    metrics : tuple of str
        ``"joint"``; ``"slowest"``, the marginal that reaches the middle of its rise last; ``"additive"``, the mean
        marginal; ``"log-odds"``, of the joint accuracy.
    linear : ndarray, shape (S, P, 4)
        Widths in steps; NaN where a curve does not rise by a fifth of the ceiling.
    logarithmic : ndarray, shape (S, P, 4)
        Widths in powers of e of the step; NaN also where a rise begins at step 0.
    """

    classes: tuple[str, ...] = field(metadata=over("class", allow="words"))
    metrics: tuple[str, ...] = field(metadata=over("metric", allow="words"))
    linear: Array = field(metadata=over("seed", "class", "metric", allow="nan"))
    logarithmic: Array = field(metadata=over("seed", "class", "metric", allow="nan"))

    def __post_init__(self) -> None:
        settle(self)

    def ratio(self, metric: str = "slowest", *, logarithmic: bool = False) -> Array:
        """Return the width of the joint accuracy over that of a metric, median over seeds.

        Parameters
        ----------
        metric : str
            One of `metrics`.
        logarithmic : bool
            On the logarithmic axis of steps.

        Returns
        -------
        ndarray, shape (P,)
            The ratios; NaN where no seed has both.
        """
        if metric not in self.metrics:
            raise ArgumentError(
                f"Argument `metric` must be one of {', '.join(self.metrics)}, but it is {metric!r}."
            )
        every = self.logarithmic if logarithmic else self.linear
        with np.errstate(divide="ignore", invalid="ignore"):
            each = every[..., 0] / every[..., self.metrics.index(metric)]
        return _medians(each)

    def sentence(self) -> str:
        """Return the answer in a sentence.

        Returns
        -------
        str
            Whether joint accuracies are sharp, or the metric is.
        """
        slow, mean = self.ratio(), self.ratio("additive")
        if np.isnan(slow).all():
            return "Sharpness: no class rises far enough to measure a width."
        typical, metric = float(np.nanmedian(slow)), float(np.nanmedian(mean))
        numbers = f"width of the joint accuracy over that of the slowest concept {typical:.2f}"
        if typical < _LEAST:
            return (
                f"Sharpness: sharper than a product of smooth curves can be ({numbers}; equal logistic curves stay "
                f"above {_LEAST})."
            )
        if metric < _LEAST:
            return (
                f"Sharpness: it is the metric. The joint accuracy is not sharper than its slowest concept ({numbers}), "
                f"only than the mean of the concepts ({metric:.2f})."
            )
        return f"Sharpness: not sharper than its slowest concept ({numbers})."

    def _rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [
            ("class", "steps", "/ slowest", "/ mean", "/ log-odds", "/ slowest, log steps")
        ]
        joint = _medians(self.linear[..., 0])
        columns = [
            *(self.ratio(metric) for metric in self.metrics[1:]),
            self.ratio(logarithmic=True),
        ]
        for k, name in enumerate(self.classes):
            cells = [_word(column[k]) for column in columns]
            rows.append((name, "–" if np.isnan(joint[k]) else numeral(joint[k]), *cells))
        return rows

    def __str__(self) -> str:
        lines = aligned(self._rows(), wide=WIDE)
        return "\n".join(["Widths of the joint accuracy", "", *lines, "", paragraph(_WORDS)])

    def _repr_html_(self) -> str:
        return table_as_html(self._rows(), _WORDS)

    def __repr__(self) -> str:
        s, p, _ = self.linear.shape
        return f"Widths(seeds={s}, classes={p})"


def _word(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


def _medians(each: Array) -> Array:
    """Return medians over seeds, of those that are known."""
    found = np.full(each.shape[1:], np.nan)
    for k in np.ndindex(found.shape):
        known = each[(slice(None), *k)]
        known = known[np.isfinite(known)]
        found[k] = np.median(known) if known.size else np.nan
    return found


@face
def widths(acc: Accuracies, *, low: float = 0.1, high: float = 0.9) -> Widths:
    """Return how wide the rise of each class is, in several metrics and on both axes of steps.

    Parameters
    ----------
    acc : Accuracies
        What `accuracies` read.
    low, high : float
        Shares of the rise between which the width is read.

    Returns
    -------
    Widths
        Widths, and the verdict on sharpness.

    Raises
    ------
    ArgumentError
        If `low` is not below `high`.
    """
    between("low", low, 0.0, 1.0)
    between("high", high, 0.0, 1.0)
    if not low < high:
        raise ArgumentError(
            f"Argument `low` must be below `high`, but they are {low:g} and {high:g}."
        )
    s, _, p, _ = acc.marginals.shape
    linear, logarithmic = np.full((2, s, p, len(_METRICS)), np.nan)
    additive = acc.marginals @ acc.powers / acc.powers.sum()
    for seed in range(s):
        for k in range(p):
            joint = acc.joint[seed, :, k]
            seen = ~np.isnan(joint)
            x, counts = acc.steps[seen], acc.counts[seed, seen, k]
            rises = [
                _rise(x, column[seen], low, high, acc.ceiling)
                for column in acc.marginals[seed, :, k].T
            ]
            slowest = max(rises, key=lambda rise: rise[1] if np.isfinite(rise[1]) else -1.0)
            half = 0.5 / np.where(
                np.isnan(counts), 100.0, counts
            )  # half a sample keeps the odds finite
            odds = np.log((joint[seen] + half) / (1.0 - joint[seen] + half))
            told = [
                _rise(x, joint[seen], low, high, acc.ceiling),
                slowest,
                _rise(x, additive[seed, seen, k], low, high, 0.5 * acc.ceiling),
                _rise(x, odds, low, high, 1.0),
            ]
            for metric, (start, _, end) in enumerate(told):
                linear[seed, k, metric] = end - start
                if start > 0:
                    logarithmic[seed, k, metric] = np.log(end / start)
    return Widths(acc.classes, _METRICS, linear, logarithmic)


def _rise(x: Array, y: Array, low: float, high: float, scale: float) -> tuple[float, float, float]:
    """Return when a curve has made a low, half and a high share of its rise; NaN if it hardly rises."""
    if x.size < 3:
        return np.nan, np.nan, np.nan
    smooth = rising(y)
    first, last = smooth[0], smooth[-1]
    if last - first < _RISES * scale:
        return np.nan, np.nan, np.nan
    share = (smooth - first) / (last - first)
    # where the monotone curve stands still, the time is the last of the lower values
    found = [_passing(x, share, level) for level in (low, 0.5, high)]
    return found[0], found[1], found[2]


def _passing(x: Array, share: Array, level: float) -> float:
    k = int(np.argmax(share >= level))
    if k == 0:
        return float(x[0])
    part = (level - share[k - 1]) / (share[k] - share[k - 1])
    return float(x[k - 1] + part * (x[k] - x[k - 1]))


def rising(y: ArrayLike) -> Array:
    """Return the rising row of numbers that is nearest to another one in least squares.

    Parameters
    ----------
    y : array_like, shape (T,)
        Numbers.

    Returns
    -------
    ndarray, shape (T,)
        The nearest row that never falls: neighbours that fall are replaced by their mean.

    Examples
    --------
    >>> rising([0.0, 2.0, 1.0, 3.0])
    array([0. , 1.5, 1.5, 3. ])
    """
    sums: list[float] = []
    sizes: list[int] = []
    for value in np.asarray(y, dtype=np.float64).ravel():
        sums.append(float(value))
        sizes.append(1)
        while len(sums) > 1 and sums[-2] * sizes[-1] > sums[-1] * sizes[-2]:
            total, size = sums.pop(), sizes.pop()
            sums[-1] += total
            sizes[-1] += size
    return np.repeat(np.array(sums) / np.array(sizes), sizes) if sizes else np.empty(0)
