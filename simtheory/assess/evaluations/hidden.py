r"""Can a model do what its plain prompt does not show?

Result
------
A class is *hidden* at a step if some prompt passes the level and the plain one fails it, both beyond sampling noise.
Accuracies have intervals of Wilson, simultaneous over the prompts of a class: with Q prompts each interval has the
confidence :math:`1-.05/Q` (Bonferroni), so that the best of ten prompts is not taken for a capability because it is
the best of ten.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import positive_int, share
from simtheory._faces import face
from simtheory._text import numeral, rows_as_html, rows_as_text
from simtheory._typing import Array, ArrayLike
from simtheory.assess.evaluations.table import Accuracies
from simtheory.assess.evaluations.times import crossing, median_of
from simtheory.errors import ArgumentError
from simtheory.results.axes import over, settle

__all__ = ["HiddenCapability", "hidden_capability"]

_ERROR = 0.05


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class HiddenCapability:
    """Classes that some prompt shows before the plain one does.

    Parameters
    ----------
    classes : tuple of str, length P
        The classes.
    strengths : ndarray, shape (Q,)
        Strengths of the prompts.
    low, high : ndarray, shape (S, T, P, Q)
        Intervals of the accuracy under each prompt, simultaneous over prompts.
    hidden : ndarray of bool, shape (S, T, P)
        Whether the best prompt passes the level and the plain one fails it, both beyond noise.
    step : ndarray, shape (S, P)
        First step at which the class is hidden; NaN where it never is.
    best : ndarray, shape (S, P)
        Step from which the best prompt passes, by its lower end; infinite if it does not.
    plain : ndarray, shape (S, P)
        Step from which the plain prompt passes; infinite if it does not.
    window : ndarray, shape (P,)
        Median of `plain` over median of `best`: above 1, prompts show what the plain one hides. Infinite if the
        plain prompt never passes, NaN if no prompt does.
    level : float
        Share of the ceiling that is to be passed.
    """

    classes: tuple[str, ...] = field(metadata=over("class", allow="words"))
    strengths: Array = field(metadata=over("prompt"))
    low: Array = field(metadata=over("seed", "look", "class", "prompt", allow="nan"))
    high: Array = field(metadata=over("seed", "look", "class", "prompt", allow="nan"))
    hidden: Any
    step: Array = field(metadata=over("seed", "class", allow="nan"))
    best: Array = field(metadata=over("seed", "class", allow="real"))
    plain: Array = field(metadata=over("seed", "class", allow="real"))
    window: Array = field(metadata=over("class", allow="real"))
    level: float

    def __post_init__(self) -> None:
        settle(self)

    @property
    def share(self) -> Array:
        """Share of seeds in which each class is hidden at some step, shape (P,)."""
        return np.asarray((~np.isnan(self.step)).mean(axis=0))

    def sentence(self) -> str:
        """Return the answer in a sentence.

        Returns
        -------
        str
            Which classes are hidden, from which step, and how long.
        """
        found = np.flatnonzero(self.share > 0.5)
        if not found.size:
            return "Hidden capabilities: none beyond the noise of the prompts, in most seeds."
        words = []
        for k in found:
            until = (
                "to the end"
                if np.isinf(self.window[k])
                else f"the plain one takes {self.window[k]:.2g} times the steps"
            )
            first = numeral(float(np.nanmedian(self.step[:, k])))
            words.append(f"{self.classes[k]} from step {first} ({until})")
        return f"Hidden capabilities: the best prompt passes where the plain one fails: {'; '.join(words)}."

    def _rows(self) -> list[tuple[str, str]]:
        rows = [("prompts", ", ".join(f"{x:g}" for x in self.strengths))]
        for k, name in enumerate(self.classes):
            length = self.window[k]
            if np.isnan(length):
                word = "no prompt passes"
            elif self.share[k] == 0:
                word = "not hidden"
            else:
                word = f"hidden in {self.share[k]:.0%} of the seeds, plain over best prompt {length:.3g}"
            rows.append((name, word))
        return rows

    def __str__(self) -> str:
        return rows_as_text("Hidden capabilities", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Hidden capabilities", self._rows())

    def __repr__(self) -> str:
        return (
            f"HiddenCapability(classes={len(self.classes)}, hidden={int((self.share > 0.5).sum())})"
        )


@face
def hidden_capability(acc: Accuracies, *, level: float = 0.5, hold: int = 3) -> HiddenCapability:
    """Return where the best prompt shows a class that the plain prompt does not.

    Parameters
    ----------
    acc : Accuracies
        What `accuracies` read, with several prompts.
    level : float
        Share of the ceiling, in (0, 1).
    hold : int
        Evaluations in a row that must pass for the steps `best` and `plain`.

    Returns
    -------
    HiddenCapability
        Intervals, steps and windows.

    Raises
    ------
    ArgumentError
        If there are no prompts beside the plain one, or the number of samples is not known.
    """
    bar = share("level", level) * acc.ceiling
    positive_int("hold", hold)
    if acc.prompted is None or acc.prompted_counts is None:
        raise ArgumentError(
            "Argument `acc` must hold several prompts, but it was read without a column `strength`."
        )
    known = ~np.isnan(acc.prompted)
    if not acc.prompts_counted:
        raise ArgumentError(
            "Argument `acc` must know the number of samples behind each accuracy: give the file a column n, or pass "
            "n= to accuracies."
        )
    low, high = wilson(acc.prompted, acc.prompted_counts, families=len(acc.strengths))
    plain = int(np.flatnonzero(acc.strengths == 1.0)[0])
    lowest = np.where(known, low, -1.0).max(axis=-1)
    hidden = (lowest > bar) & (np.where(known, high, 2.0)[..., plain] < bar)
    s, _, p = hidden.shape
    step, best, passed = np.full((3, s, p), np.nan)
    for seed in range(s):
        for k in range(p):
            where = np.flatnonzero(hidden[seed, :, k])
            step[seed, k] = acc.steps[where[0]] if where.size else np.nan
            reached = np.where(known[seed, :, k].any(axis=-1), lowest[seed, :, k], np.nan)
            for held, curve in ((best, reached), (passed, acc.joint[seed, :, k])):
                time, censored = crossing(acc.steps, curve, bar, hold)
                held[seed, k] = np.inf if censored else time
    window = np.array([_window(passed[:, k], best[:, k]) for k in range(p)])
    return HiddenCapability(
        classes=acc.classes,
        strengths=acc.strengths,
        low=low,
        high=high,
        hidden=hidden,
        step=step,
        best=np.where(np.isnan(best), np.inf, best),
        plain=np.where(np.isnan(passed), np.inf, passed),
        window=window,
        level=level,
    )


def _window(plain: Array, best: Array) -> float:
    late = np.nan_to_num(plain, posinf=0.0), np.nan_to_num(best, posinf=0.0)
    upper, lower = (
        median_of(np.where(np.isinf(row), np.nanmax(one) + 1.0, row), np.isinf(row))[0]
        for row, one in zip((plain, best), late, strict=True)
    )
    if np.isinf(lower) or np.isnan(lower):
        return np.nan
    return float(upper / lower) if lower > 0 else np.nan


def wilson(shares: ArrayLike, counts: ArrayLike, *, families: int = 1) -> tuple[Array, Array]:
    """Return intervals of Wilson of shares, of 95 % for all of a family at once.

    Parameters
    ----------
    shares : array_like
        Observed shares.
    counts : array_like
        Samples behind each.
    families : int
        How many intervals must hold together.

    Returns
    -------
    low, high : ndarray
        Ends, of the shape of `shares`.
    """
    from scipy.special import ndtri

    z = float(ndtri(1.0 - 0.5 * _ERROR / families))
    p, n = np.asarray(shares, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    middle = (p + z**2 / (2.0 * n)) / (1.0 + z**2 / n)
    half = z * np.sqrt(p * (1.0 - p) / n + z**2 / (4.0 * n**2)) / (1.0 + z**2 / n)
    return middle - half, middle + half
