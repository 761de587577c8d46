r"""When is a class learned, with runs that never learn it counted as runs that had no time to.

Symbols
-------
T : time of learning of one seed; it is *censored* at the last evaluation if the class was not learned by then;
S(t) : share of seeds that have not learned the class by t.

Result
------
S(t) is the estimate of Kaplan and Meier, its median the first time at which it falls to ½ (between two events
when it is ½ exactly). The interval of the median needs no law of the times from five seeds on: it runs between
the order statistics of rank r and S + 1 − r that enclose the median in 95 % of cases, whole ranks interpolated
after Hettmansperger and Sheather (1986); the least and greatest of five enclose it in 93.75 %. With two to four
seeds no order statistics come near; then it is Student's t of log T.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import one_of, positive_int, share
from simtheory._faces import face
from simtheory._text import numeral, rows_as_html, rows_as_text
from simtheory._typing import Array
from simtheory.assess.evaluations.table import Accuracies
from simtheory.results.axes import over, settle

__all__ = ["EmergenceTimes", "emergence_times"]

_FEW = 5 - 1e-9  # seeds from which on order statistics bound a median with about 95 %


_NAMED = 8
"""Classes that a sentence names; of more it says how many."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class EmergenceTimes:
    """Times at which classes are learned, over seeds.

    Parameters
    ----------
    classes : tuple of str, length P
        The classes.
    seeds : tuple of str, length S
        The seeds.
    times : ndarray, shape (S, P)
        Step at which the accuracy passes the level for good, between two evaluations on a straight line; where
        `censored`, the last step at which it had not. NaN where a seed did not evaluate the class.
    censored : ndarray of bool, shape (S, P)
        Whether the class was not learned within the run.
    at_start : ndarray of bool, shape (S, P)
        Whether it was learned at the first evaluation, so that its time is an upper end.
    median : ndarray, shape (P,)
        Median time, of Kaplan and Meier; infinite if most seeds do not learn the class.
    interval : ndarray, shape (P, 2)
        Its interval of 95 %; an end is infinite if the runs do not bound it, and NaN for a single seed.
    level : float
        Share of the ceiling that is to be passed.
    hold : int
        Evaluations in a row that must stay above the level.
    """

    classes: tuple[str, ...] = field(metadata=over("class", allow="words"))
    seeds: tuple[str, ...] = field(metadata=over("seed", allow="words"))
    times: Array = field(metadata=over("seed", "class", allow="nan"))
    censored: Any
    at_start: Any
    median: Array = field(metadata=over("class", allow="real"))
    interval: Array = field(metadata=over("class", "end", allow="real"))
    level: float
    hold: int

    def __post_init__(self) -> None:
        settle(self)

    @property
    def learned(self) -> Array:
        """Times with infinity where censored, shape (S, P)."""
        return np.where(self.censored, np.inf, self.times)

    @property
    def bounded(self) -> Any:
        """Whether the runs bound the median at all, array of bool, shape (P,)."""
        open_ended = (self.interval[:, 0] == 0.0) & np.isinf(self.interval[:, 1])
        started = np.asarray(self.at_start, dtype=bool).all(axis=0)
        return ~(np.isnan(self.interval).any(axis=1) | open_ended | started)

    def sentence(self) -> str:
        """Return the answer in a sentence.

        Returns
        -------
        str
            What is learned first, last and not at all.
        """
        known = np.isfinite(self.median)
        never = [name for name, one in zip(self.classes, known, strict=True) if not one]
        words = [f"Times to {self.level:.0%} of the ceiling:"]
        if known.any():
            order = np.flatnonzero(known)[np.argsort(self.median[known], kind="stable")]
            ends = (
                [(" first", order[0]), (" last", order[-1])] if len(order) > 1 else [("", order[0])]
            )
            told = [
                f"{self.classes[k]}{word}, at step {numeral(self.median[k])}{_before(self.at_start[:, k])}"
                for word, k in ends
            ]
            words.append("; ".join(told) + ".")
        if never:
            more = len(never) - _NAMED
            rest = f" and {more} more" if more > 0 else ""
            words.append(f"Not by most seeds within the run: {', '.join(never[:_NAMED])}{rest}.")
        if len(self.seeds) == 1:
            words.append("One seed: no intervals.")
        return " ".join(words)

    def _rows(self) -> list[tuple[str, str]]:
        rows = [("level", f"{self.level:g} of the ceiling, {self.hold} evaluations in a row")]
        bounded = self.bounded
        for k, name in enumerate(self.classes):
            ends, lost = self.interval[k], int(self.censored[:, k].sum())
            early = _before(self.at_start[:, k])
            known = np.isfinite(self.median[k])
            middle = f"{numeral(self.median[k])}{early}" if known else "not within the run"
            between = f", 95 %: {numeral(ends[0])} to {numeral(ends[1])}" if bounded[k] else ""
            rows.append(
                (
                    name,
                    middle + between + (f", {lost} of {len(self.seeds)} censored" if lost else ""),
                )
            )
        return rows

    def __str__(self) -> str:
        return rows_as_text("Emergence times", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Emergence times", self._rows())

    def __repr__(self) -> str:
        s, p = self.times.shape
        return f"EmergenceTimes(seeds={s}, classes={p}, level={self.level:g})"


def _before(at_start: Any) -> str:
    return " or before" if 2 * at_start.sum() >= at_start.size else ""


@face
def emergence_times(
    acc: Accuracies, *, level: float = 0.5, hold: int = 3, of: str = "joint"
) -> EmergenceTimes:
    """Return when each class is learned, with intervals over seeds.

    Parameters
    ----------
    acc : Accuracies
        What `accuracies` read.
    level : float
        Share of the ceiling, in (0, 1).
    hold : int
        Evaluations in a row that must reach the level, so that chance at the start is no learning. A run that
        ends above the level counts the evaluations that it has.
    of : str
        ``"joint"``, or the name of a concept.

    Returns
    -------
    EmergenceTimes
        Times, medians and intervals.
    """
    share("level", level)
    positive_int("hold", hold)
    one_of("of", of, ("joint", *acc.concepts))
    curves = acc.joint if of == "joint" else acc.marginals[..., acc.concepts.index(of)]
    s, _, p = curves.shape
    times, censored = np.full((s, p), np.nan), np.zeros((s, p), dtype=bool)
    for seed in range(s):
        for k in range(p):
            times[seed, k], censored[seed, k] = crossing(
                acc.steps, curves[seed, :, k], level * acc.ceiling, hold
            )
    found = [median_of(times[:, k], censored[:, k]) for k in range(p)]
    return EmergenceTimes(
        classes=acc.classes,
        seeds=acc.seeds,
        times=times,
        censored=censored,
        at_start=~censored & (times == _first(acc.steps, curves)),
        median=np.array([middle for middle, _ in found]),
        interval=np.array([ends for _, ends in found]),
        level=level,
        hold=hold,
    )


def _first(steps: Array, curves: Array) -> Array:
    """Return the first step at which each seed evaluated each class, shape (S, P)."""
    seen = ~np.isnan(curves)
    return np.asarray(np.where(seen.any(axis=1), steps[seen.argmax(axis=1)], np.nan))


def crossing(steps: Array, curve: Array, bar: float, hold: int) -> tuple[float, bool]:
    """Return when a curve passes a bar for `hold` evaluations, and whether it never does.

    It is placed on the straight line between the first evaluation of that stretch and the one before.
    """
    seen = ~np.isnan(curve)
    x, y = steps[seen], curve[seen]
    if not x.size:
        return np.nan, False
    above = y >= bar
    run = 0
    for k, up in enumerate(above):
        run = run + 1 if up else 0
        if run == hold or (run and k == len(above) - 1):
            start = k - run + 1
            if start == 0:
                return float(x[0]), False
            part = (bar - y[start - 1]) / (y[start] - y[start - 1])
            return float(x[start - 1] + part * (x[start] - x[start - 1])), False
    return float(x[-1]), True


def median_of(times: Array, censored: Any) -> tuple[float, tuple[float, float]]:
    """Return the median of times of which some are only known to be later, and its interval of 95 %.

    Parameters
    ----------
    times : ndarray, shape (S,)
        Times, or where censored, times that they exceed; NaN where nothing is known.
    censored : ndarray of bool, shape (S,)
        Which.

    Returns
    -------
    median : float
        Of Kaplan and Meier; infinite where it is not reached.
    interval : tuple of float
        Its ends; infinite where not bounded, NaN for a single time.
    """
    t = np.asarray(times, dtype=np.float64)
    lost = np.asarray(censored, dtype=bool)[~np.isnan(t)]
    t = t[~np.isnan(t)]
    if not t.size:
        return np.nan, (np.nan, np.nan)
    events, done, errors = _kaplan_meier(t, lost)
    middle = _quantile(events, done, 0.5)
    if t.size == 1:
        return middle, (np.nan, np.nan)
    size = _worth(done, errors, t.size)
    if size < _FEW:
        return middle, _by_logs(t, lost)
    rank, ranks = _rank(size), done * size
    high = _at_rank(events, ranks, size + 1.0 - rank)
    if lost.any():  # of the lower end it is enough to know that the lost runs come later
        later = max(t[lost].min(), events.max(initial=0.0))
        events, ranks = np.append(events, later), np.append(ranks, size)
    return middle, (_at_rank(events, ranks, rank), high)


def _kaplan_meier(t: Array, lost: Any) -> tuple[Array, Array, Array]:
    """Return the times of events, the share learned by each, and the variance of that share."""
    events = np.unique(t[~lost])
    kept, summed = 1.0, 0.0
    done, errors = [], []
    for event in events:
        at_risk = int((t >= event).sum())
        learned = int(((t == event) & ~lost).sum())
        kept *= 1.0 - learned / at_risk
        summed += learned / (at_risk * (at_risk - learned)) if at_risk > learned else 0.0
        done.append(1.0 - kept)
        errors.append(kept**2 * summed)
    return events, np.array(done), np.array(errors)


def _quantile(events: Array, done: Array, level: float) -> float:
    """Return the time by which a share has learned; between two events if it is met exactly."""
    reached = np.flatnonzero(done >= level - 1e-12)
    if not reached.size:
        return np.inf
    k = int(reached[0])
    if abs(done[k] - level) > 1e-12:
        return float(events[k])
    return float(0.5 * (events[k] + events[k + 1])) if k + 1 < len(events) else np.inf


def _worth(done: Array, errors: Array, n: int) -> float:
    """Return how many seeds without losses would give the median the same variance of Greenwood, at most n.

    Runs that were lost before the median count for less than one.
    """
    near = np.flatnonzero((done >= 0.5) & (errors > 0))
    if not near.size:
        return float(n)
    k = int(near[0])
    return min(float(n), float(done[k] * (1.0 - done[k]) / errors[k]))


def _rank(n: float) -> float:
    """Return the rank below the median that bounds it with 97.5 %, by interpolation between whole ranks.

    The times of ranks d and n + 1 − d enclose the median with the probability 1 − 2 P(B < d), B binomial of n
    and ½. Between two whole ranks the weight is that of Hettmansperger and Sheather, which is close for all
    symmetric laws, not the linear one.
    """
    from scipy.special import betainc

    def enclosed(d: int) -> float:
        return float(1.0 - 2.0 * betainc(n - d + 1.0, d, 0.5))

    d = 1
    while 2 * (d + 1) <= n and enclosed(d + 1) >= 0.95:
        d += 1
    if enclosed(d) <= 0.95 or 2 * (d + 1) > n:
        return float(d)
    part = (enclosed(d) - 0.95) / (enclosed(d) - enclosed(d + 1))
    return d + (n - d) * part / (d + (n - 2 * d) * part)


def _at_rank(events: Array, ranks: Array, rank: float) -> float:
    """Return the time of a rank, interpolated between events; infinite beyond the last one."""
    if not events.size or rank > ranks[-1] + 1e-9:
        return np.inf
    # each event has the ranks from one more than those of the event before to its own
    before = np.minimum(np.concatenate([[0.0], ranks[:-1]]) + 1.0, ranks)
    known = np.stack([before, ranks], axis=1).ravel()
    return float(np.interp(rank, known, np.repeat(events, 2)))


def _by_logs(t: Array, lost: Any) -> tuple[float, float]:
    """Return the interval of Student's t of log times; unbounded above if a run was censored.

    Of times of which one is 0, learned before the first step, it is that of the times themselves. With fewer than
    two times that are known it is unbounded below too.
    """
    from scipy.special import stdtrit

    if (~lost).sum() < 2:
        return 0.0, np.inf
    logs = np.log(t) if t.min() > 0 else t
    half = stdtrit(t.size - 1, 0.975) * logs.std(ddof=1) / np.sqrt(t.size)
    low, high = logs.mean() - half, logs.mean() + half
    low, high = (np.exp(low), np.exp(high)) if t.min() > 0 else (max(low, 0.0), high)
    return float(low), np.inf if lost.any() else float(high)
