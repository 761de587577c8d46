"""What is said of laws fitted to accuracies, as a table and in sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import extended, number, positive, share, shares
from simtheory._faces import face
from simtheory._text import aligned, rows_as_html
from simtheory._typing import Array
from simtheory.assess.accuracy._candidates import LAWS, setting
from simtheory.assess.accuracy.tables import Counts
from simtheory.results import axes
from simtheory.results.axes import over

__all__ = ["DECIDES", "Fitted", "Laws", "NextRun", "Parameter"]

DECIDES = 10.0  # difference in AIC at which a law is out of the question


@face
@dataclass(frozen=True, slots=True)
class Parameter:
    """A fitted parameter.

    Parameters
    ----------
    name : {"reach", "exponent", "shape"}
        The coefficient c of the reach, in pixels if the table has the side and in sides if not; the
        exponent a of the width; the shape k.
    value : float
        Its estimate.
    low, high : float
        Ends of its interval; infinite or 0 where the data leave it open.
    """

    name: str
    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        number("value", self.value)
        extended("low", self.low)
        extended("high", self.high)

    def __str__(self) -> str:
        return f"{self.name} {self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fitted:
    """A law fitted to a table of counts.

    Parameters
    ----------
    name : str
        The law.
    formula : str
        Its accuracy.
    parameters : tuple of Parameter
        Estimates with intervals.
    deviance : float
        Twice the log-likelihood that it lacks to a law that gives each run its own accuracy.
    aic : float
        Deviance over the overdispersion, plus twice the number of parameters.
    fits : bool
        Whether the deviance is one that the spread over seeds explains.
    predicted : array_like, shape (R,)
        Accuracy that it gives each run.
    """

    name: str
    formula: str
    parameters: tuple[Parameter, ...]
    deviance: float
    aic: float
    fits: bool
    predicted: Array = field(metadata=over("run"))

    def __post_init__(self) -> None:
        axes.settle(self)
        number("deviance", self.deviance)
        number("aic", self.aic)

    @property
    def linear(self) -> bool:
        """Whether the reach is proportional to the width by the law itself."""
        return LAWS[self.name].linear

    @property
    def reach(self) -> Parameter:
        """The reach, or its coefficient where it grows with the width."""
        return self.parameters[0]

    def __str__(self) -> str:
        inside = ", ".join(map(str, self.parameters))
        return f"{self.name}: {inside}; AIC {self.aic:.1f}"

    def __repr__(self) -> str:
        return f"Fitted({self.name!r}, aic={self.aic:.1f})"


@face
@dataclass(frozen=True, slots=True)
class NextRun:
    """The run that would tell two laws apart.

    Parameters
    ----------
    n : int
        Number of examples.
    sigma, side : float or None
        Width and side, where the table has them.
    asked : int
        Queries that are enough for a difference of 10 in AIC, if the parameters are right.
    laws : tuple of str
        The two laws.
    predicted : tuple of float
        What they say of the accuracy there.
    """

    n: int
    sigma: float | None
    side: float | None
    asked: int
    laws: tuple[str, str]
    predicted: tuple[float, float]

    def __post_init__(self) -> None:
        shares("predicted", self.predicted)
        for name in ("sigma", "side"):
            if getattr(self, name) is not None:
                positive(name, getattr(self, name))

    def __str__(self) -> str:
        where = f"n = {self.n}"
        where += "" if self.sigma is None else f", sigma = {self.sigma:.3g}"
        where += "" if self.side is None else f", side = {self.side:.3g}"
        said = " and ".join(
            f"{p:.3f} by {name}" for p, name in zip(self.predicted, self.laws, strict=True)
        )
        return f"{where}: {said}; {self.asked} queries tell them apart"


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Laws:
    """Laws of accuracy, the best first.

    Parameters
    ----------
    table : tuple of Fitted
        The laws by rising AIC.
    counts : Counts
        What was fitted.
    dispersion : float
        Overdispersion φ over seeds, 1 or more; 1 where no runs differ in their seed alone.
    repeats : int
        Degrees of freedom of φ.
    by_seed : Mapping
        Of each seed, how far its runs lie above the best law, in standard deviations.
    next_run : NextRun or None
        The run that would tell the two best laws apart.
    left_out : Mapping
        Laws that were not fitted, with the reason.
    level : float
        Confidence of the intervals.
    """

    table: tuple[Fitted, ...]
    counts: Counts
    dispersion: float
    repeats: int
    by_seed: dict[str, float]
    next_run: NextRun | None
    left_out: dict[str, str]
    level: float

    def __post_init__(self) -> None:
        positive("dispersion", self.dispersion)
        share("level", self.level)

    @property
    def best(self) -> Fitted:
        """The law of the lowest AIC."""
        return self.table[0]

    @property
    def collapsed(self) -> Array:
        """Expected number of examples in reach of a query, :math:`n\\pi\\rho^2/N^2` by the best law."""
        at = setting(self.counts)
        named = {each.name: each.value for each in self.best.parameters}
        power = named.get("exponent", float(self.best.linear))
        reach = named["reach"] * at.sigma**power * at.scale
        return np.asarray(at.n * np.pi * (reach / at.side) ** 2)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain numbers, words and tables, ready for strict JSON.

        Returns
        -------
        dict
            One entry for each field; an open end of an interval is None, with a flag.
        """
        table = []
        for law in self.table:
            parameters = {
                each.name: {
                    "value": each.value,
                    "low": each.low if math.isfinite(each.low) else None,
                    "high": each.high if math.isfinite(each.high) else None,
                    "open": not (math.isfinite(each.low) and math.isfinite(each.high)),
                }
                for each in law.parameters
            }
            table.append(
                {
                    "name": law.name,
                    "formula": law.formula,
                    "parameters": parameters,
                    "deviance": law.deviance,
                    "aic": law.aic,
                    "fits": law.fits,
                    "predicted": law.predicted.tolist(),
                }
            )
        return {
            "best": self.best.name,
            "table": table,
            "counts": self.counts.to_dict(),
            "dispersion": self.dispersion,
            "repeats": self.repeats,
            "by_seed": dict(self.by_seed),
            "next_run": None if self.next_run is None else axes.to_dict(self.next_run),
            "left_out": dict(self.left_out),
            "level": self.level,
        }

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Return the head and the rows of the table of laws.

        Returns
        -------
        (list of str, list of list of str)
            Names of columns; a row for each law.
        """
        head = ["law", "reach", f"{100 * self.level:g} %", "AIC", "more", "fits"]
        rows = []
        for law in self.table:
            reach = law.reach
            rows.append(
                [
                    law.name,
                    f"{reach.value:.3g}",
                    f"{reach.low:.3g} to {reach.high:.3g}",
                    f"{law.aic:.1f}",
                    f"{law.aic - self.best.aic:.1f}",
                    "yes" if law.fits else "no",
                ]
            )
        return head, rows

    def others(self) -> list[str]:
        """Return the parameters of the laws beside the reach, with their intervals.

        Returns
        -------
        list of str
            A line for each law that has some.
        """
        return [
            f"{law.name}: {', '.join(map(str, law.parameters[1:]))}"
            for law in self.table
            if len(law.parameters) > 1
        ]

    def summary(self) -> list[str]:
        """Return the answer in sentences.

        Returns
        -------
        list of str
            The best law, whether it fits, what rivals it, and what would tell more.
        """
        best, lines = self.best, list[str]()
        named = {each.name: each.value for each in best.parameters}
        unit = "sides" if self.counts.side is None else "px"
        power = named.get("exponent", float(best.linear))
        scaled = self.counts.sigma is not None and power != 0.0
        reach = f"{named['reach']:.3g}" + (
            (" sigma" if power == 1.0 else f" sigma^{power:.2g}") if scaled else ""
        )
        lines.append(f"Best: {best.name}, {best.formula}, with a reach of {reach} {unit}.")
        if not best.fits:
            lines.append(
                "No law fits within the spread over seeds; the best is the least wrong one."
            )
        rivals = [law.name for law in self.table[1:] if law.aic - best.aic < DECIDES]
        if rivals:
            lines.append(f"Not ruled out (AIC within 10): {', '.join(rivals)}.")
        if best.name == "weibull":
            lines.append(
                "The Weibull law is a fit, not a theory; its reach is no distance of one example."
            )
        tolerance = self.counts.tolerance
        if tolerance is not None and self.counts.side is not None:
            middle = float(np.exp(np.log(tolerance).mean()))
            lines.append(
                f"The nearest example alone, within {middle:.3g} px on both axes, has a reach of "
                f"{2.0 * middle / math.sqrt(math.pi):.3g} px."
            )
        if self.repeats:
            lines.append(
                f"Spread over seeds: {self.dispersion:.2f} times binomial ({self.repeats} repeats)."
            )
        else:
            lines.append(
                "No repeats: give runs that differ in their seed alone, and a column seed."
            )
        lines += [f"Left out: {name}, {why}" for name, why in self.left_out.items()]
        if self.next_run is not None:
            lines.append(f"Next run: {self.next_run}.")
        return lines

    def __str__(self) -> str:
        head, rows = self.rows()
        lines = [f"Laws of accuracy of {len(self.counts.n)} runs"]
        lines += [f"  {line}" for line in aligned([head, *rows])]
        return "\n".join([*lines, *self.others(), *self.summary()])

    def _repr_html_(self) -> str:
        return rows_as_html(" ".join(self.summary()), [(law.name, str(law)) for law in self.table])

    def __repr__(self) -> str:
        return f"Laws(best={self.best.name!r}, runs={len(self.counts.n)})"
