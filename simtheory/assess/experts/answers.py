"""What the outlook of a composition answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory._checks import as_finite, not_negative, number, positive_int, share
from simtheory._faces import face
from simtheory._text import aligned, rows_as_html
from simtheory._typing import Array
from simtheory.analytic.composition import Advice
from simtheory.assess.experts.files import FittedExpert
from simtheory.assess.experts.split import ErrorSplit
from simtheory.errors import ShapeError
from simtheory.noise import Levels
from simtheory.results import Samples
from simtheory.tasks import Composition

__all__ = ["Drawn", "Outlook", "floor"]


@face
def floor(masses: Array, n: int) -> float:
    """Return the mean total variation of the masses of n exact draws from the true ones.

    Parameters
    ----------
    masses : ndarray, shape (m,)
        True masses p.
    n : int
        Number of draws.

    Returns
    -------
    float
        Half the sum of √(2p(1 − p)/πn).
    """
    p, count = as_finite("masses", masses), positive_int("n", n)
    return float(np.sqrt(np.maximum(p * (1.0 - p), 0.0) * 2.0 / (np.pi * count)).sum()) / 2.0


@face
@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What one sampler returns with exact scores.

    Parameters
    ----------
    name : str
        The sampler.
    samples : Samples
        Its draws.
    mean, variances : ndarray, shape (d,)
        Of the draws.
    widths : ndarray, shape (d,)
        Variances of the draws in the cell that should have most mass; NaN if it has none.
    masses : ndarray, shape (m,)
        Of the cells.
    distance : float
        Total variation distance of the masses from the truth.
    law : tuple of ndarray, or None
        Mean and variances in closed form, for Gaussian experts.
    effective : float or None
        Least effective share of weighted particles on their way; None where nothing is weighted.
    """

    name: str
    samples: Samples
    mean: Array
    variances: Array
    widths: Array
    masses: Array
    distance: float
    law: tuple[Array, Array] | None = None
    effective: float | None = None

    def __post_init__(self) -> None:
        for name in ("mean", "masses"):
            as_finite(name, getattr(self, name))
        not_negative("variances", self.variances)
        number("distance", self.distance)
        for each in () if self.law is None else self.law:
            if as_finite("law", each).shape != np.shape(self.mean):
                raise ShapeError(
                    f"Argument `law` must hold one mean and one variance for each of the "
                    f"{np.size(self.mean)} coordinates, but one has shape {np.shape(each)}."
                )
        if self.effective is not None:
            share("effective", self.effective, ends="[]")


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Outlook:
    """What a composition is, and what samplers return of it.

    Parameters
    ----------
    experts : tuple of FittedExpert
        The experts, a background last.
    composition : Composition
        What was composed.
    failure : str
        Where it cannot be normalised, in words; empty if it is a density at every level.
    failing_level : float or None
        Highest level at which it fails; infinite if it fails for ever.
    failing_direction : tuple of float or None
        Direction in which it does not fall there.
    centres : ndarray, shape (m, d)
        Modes of the composition, the centres of the cells.
    drawn : tuple of Drawn
        The truth first, then each sampler; empty if the composition is no density.
    exact : bool
        Whether the truth is independent draws, rather than long chains.
    levels : Levels
        Noise levels of the chains; reverse diffusion goes further down, in four times as many.
    steps : int
        Moves at each level.
    words : tuple of str
        What to take, and why.
    advice : Advice
        What theory says without a draw: laws, acceptance, masses against moves, and how many are needed.
    needed : float or None
        Moves a level of MALA that bring the masses within the wanted distance: predicted, or found with chains
        where `advice` predicts none; infinite where even many do not. None where there is one mode or no density.
    split : ErrorSplit or None
        Errors of target, sampler and score, where a score was given.
    """

    experts: tuple[FittedExpert, ...]
    composition: Composition
    failure: str
    failing_level: float | None
    failing_direction: tuple[float, ...] | None
    centres: Array
    drawn: tuple[Drawn, ...]
    exact: bool
    levels: Levels
    steps: int
    words: tuple[str, ...]
    advice: Advice
    needed: float | None = None
    split: ErrorSplit | None = None

    @property
    def valid(self) -> bool:
        """Whether the composition is a density at every level."""
        return not self.failure

    @property
    def floor(self) -> float | None:
        """Distance of the masses that the noise of so many exact draws gives alone; None without draws."""
        if not self.drawn:
            return None
        return floor(self.drawn[0].masses, len(self.drawn[0].samples.points))

    def to_dict(self) -> dict[str, Any]:
        """Return numbers, words and lists, ready for JSON.

        Returns
        -------
        dict
            What is infinite is None, with a flag beside it.
        """
        level = self.failing_level
        return {
            "experts": [
                {
                    "name": one.name,
                    "components": one.mixture.components,
                    "dim": one.mixture.dim,
                    "samples": one.samples,
                    "held_out": one.held_out,
                    "criteria": list(one.criteria),
                }
                for one in self.experts
            ],
            "weights": self.composition.weights.tolist(),
            "total_weight": self.composition.total_weight,
            "valid": self.valid,
            "failure": self.failure or None,
            "failing_level": None if level is None or np.isinf(level) else level,
            "fails_at_any_noise": level is not None and bool(np.isinf(level)),
            "failing_direction": self.failing_direction,
            "centres": self.centres.tolist(),
            "exact": self.exact,
            "steps": self.steps,
            "floor": self.floor,
            "samplers": [
                {
                    "name": one.name,
                    "mean": one.mean.tolist(),
                    "variances": one.variances.tolist(),
                    "widths": [None if np.isnan(v) else v for v in one.widths.tolist()],
                    "masses": one.masses.tolist(),
                    "distance": one.distance,
                    "law": None if one.law is None else [part.tolist() for part in one.law],
                    "effective_share": one.effective,
                }
                for one in self.drawn
            ],
            "words": list(self.words),
            "advice": self.advice.to_dict(),
            "moves_needed": None if self.needed is None or np.isinf(self.needed) else self.needed,
            "out_of_reach": self.needed is not None and bool(np.isinf(self.needed)),
            "split": None if self.split is None else self.split.to_dict(),
        }

    def summary(self) -> list[str]:
        """Return the answer in sentences.

        Returns
        -------
        list of str
            The experts, whether their composition is a density, and what to take.
        """
        powers = ", ".join(f"{w:g}" for w in self.composition.weights)
        lines = [one.words for one in self.experts]
        lines.append(f"weights {powers}; total weight {self.composition.total_weight:g}")
        lines.append("a density at every level" if self.valid else f"no density: {self.failure}")
        return [*lines, *self.words]

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Return the table of the samplers.

        Returns
        -------
        head : list of str
            Names of the columns.
        rows : list of list of str
            A row for each sampler: how far masses and mean are off, the variance in the largest mode
            over the true one, and the masses.
        """
        head = ["sampler", "masses off", "mean off", "variance of a mode", "masses of the modes"]
        rows = []
        for one in self.drawn:
            truth = self.drawn[0]
            spread = np.sqrt(truth.variances)
            off = float(np.abs((one.mean - truth.mean) / spread).max())
            ratios = one.widths / truth.widths
            low, high = float(ratios.min()), float(ratios.max())
            both = (
                "—"
                if np.isnan(low)
                else f"{low:.2g}"
                if high - low < 0.05 * high
                else f"{low:.2g} to {high:.2g}"
            )
            masses = " ".join(f"{m:.2f}" for m in one.masses[:6])
            rows.append(
                [
                    one.name,
                    f"{one.distance:.3f}",
                    f"{off:.2f} sd",
                    both,
                    masses + (" …" if len(one.masses) > 6 else ""),
                ]
            )
        return head, rows

    def __str__(self) -> str:
        lines = [f"Composition of {len(self.experts)} experts"]
        lines += [f"  {line}" for line in self.summary()]
        if self.drawn:
            head, rows = self.rows()
            lines += [f"  {line}" for line in aligned([head, *rows], left=range(len(head)))]
        return "\n".join(lines) + ("" if self.split is None else f"\n{self.split}")

    def __repr__(self) -> str:
        state = "a density" if self.valid else "no density"
        return f"Outlook({len(self.experts)} experts, {state})"

    def _repr_html_(self) -> str:
        rows = [(one.name, f"masses off by {one.distance:.3f}") for one in self.drawn]
        return rows_as_html("; ".join(self.summary()), rows)
