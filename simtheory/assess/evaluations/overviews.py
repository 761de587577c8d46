"""Everything that a file of evaluations says, in sentences and as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory._faces import face
from simtheory._text import paragraph, rows_as_html
from simtheory.assess.evaluations.hidden import HiddenCapability, hidden_capability
from simtheory.assess.evaluations.orders import Order, OrderTest, order
from simtheory.assess.evaluations.products import ProductLaw, product_law
from simtheory.assess.evaluations.sharpness import Widths, widths
from simtheory.assess.evaluations.table import Accuracies
from simtheory.assess.evaluations.times import EmergenceTimes, emergence_times
from simtheory.results.axes import plain

__all__ = ["Overview", "overview"]

_TOLD = 8
"""Classes of which theory's forecast is told; `Order.outlook` has all."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Overview:
    """All answers to one table of accuracies.

    Parameters
    ----------
    acc : Accuracies
        The table.
    law : ProductLaw
        Product or weakest concept.
    times : EmergenceTimes
        When each class is learned.
    widths : Widths
        How sharply.
    order : Order, optional
        In which order; None where nothing says what was trained.
    hidden : HiddenCapability, optional
        What better prompts show; None without such prompts, or without numbers of samples.
    """

    acc: Accuracies
    law: ProductLaw
    times: EmergenceTimes
    widths: Widths
    order: Order | None = None
    hidden: HiddenCapability | None = None

    def sentences(self) -> list[str]:
        """Return the answers, a sentence or two each.

        Returns
        -------
        list of str
            Product law, times, order, sharpness, hidden capabilities, what theory expects, what is missing.
        """
        lines = [self.law.sentence()]
        if self.acc.steps.size > 1:
            lines.append(self.times.sentence())
            if self.order is None and len(self.acc.classes) == 1:
                lines.append("Order: none, because there is one class alone.")
            elif self.order is None:
                lines.append(
                    "Order: not tested, because nothing says which classes were trained; give --train classes.toml."
                )
            else:
                lines.append(self.order.sentence())
            lines.append(self.widths.sentence())
        else:
            lines.append("One step: no times, no order and no widths.")
        if self.hidden is not None:
            lines.append(self.hidden.sentence())
        elif self.acc.prompted is not None:
            lines.append(
                "Hidden capabilities: not tested, because the number of samples is not known; give the file a column "
                "n, or --n."
            )
        if self.order is not None and self.acc.steps.size > 1:
            told = self.order.outlook()
            lines += [f"Not yet learned: {line}" for line in told[:_TOLD]]
            if len(told) > _TOLD:
                lines.append(f"Not yet learned: {len(told) - _TOLD} more classes.")
        return [*lines, *(f"Note: {note}." for note in self.acc.notes)]

    def to_dict(self) -> dict[str, Any]:
        """Return numbers, words and lists, ready for strict JSON.

        Returns
        -------
        dict
            What is infinite or not known is None, and a flag beside it says which: ``censored``, ``never``,
            ``unbounded``, ``one_seed``, ``no_clock``, ``not_passed``, ``window_open``. A width is None where the curve does not rise.
        """
        acc, law, times = self.acc, self.law, self.times
        found: dict[str, Any] = {
            "seeds": list(acc.seeds),
            "steps": acc.steps.tolist(),
            "classes": list(acc.classes),
            "concepts": list(acc.concepts),
            "ceiling": acc.ceiling,
            "paired": acc.paired,
            "samples_known": not bool(np.isnan(acc.counts[~np.isnan(acc.joint)]).any()),
            "one_seed": len(acc.seeds) == 1,
            "notes": list(acc.notes),
            "sentences": self.sentences(),
            "product_law": {
                name: plain(getattr(law, name))
                for name in (
                    "verdict",
                    "reason",
                    "rms_product",
                    "rms_weakest",
                    "rms_additive",
                    "mean_gap",
                    "interval",
                    "lean",
                    "lean_interval",
                    "leans",
                    "power",
                    "mean_z2",
                    "gap",
                    "noise",
                    "z",
                )
            },
            "times": {
                "level": times.level,
                "hold": times.hold,
                "times": times.times.tolist(),
                "censored": np.asarray(times.censored).tolist(),
                "at_start": np.asarray(times.at_start).tolist(),
                "median": times.median.tolist(),
                "never": np.isinf(times.median).tolist(),
                "interval": times.interval.tolist(),
                "unbounded": np.isinf(times.interval).tolist(),
                "no_interval": np.isnan(times.interval).any(axis=1).tolist(),
            },
            "widths": {
                "metrics": list(self.widths.metrics),
                "linear": self.widths.linear.tolist(),
                "logarithmic": self.widths.logarithmic.tolist(),
                "over_slowest": self.widths.ratio().tolist(),
                "over_additive": self.widths.ratio("additive").tolist(),
            },
            "order": None if self.order is None else _ordered(self.order),
            "hidden": None if self.hidden is None else _prompted(self.hidden),
        }
        return found

    def __str__(self) -> str:
        return "\n".join(
            ["Evaluations", *(paragraph(line, indent="  ") for line in self.sentences())]
        )

    def _repr_html_(self) -> str:
        parts = [line.partition(": ") for line in self.sentences()]
        return rows_as_html("Evaluations", [(head, rest) for head, _, rest in parts])

    def __repr__(self) -> str:
        return f"Overview({self.acc!r}, verdict={self.law.verdict!r})"


def _ordered(found: Order) -> dict[str, Any]:
    def test(one: OrderTest) -> dict[str, Any]:
        known = {"verdict": one.verdict, "statistic": one.statistic, "p_value": one.p_value}
        return {
            **known,
            "least_p_value": one.least,
            "tau": one.tau.tolist(),
            "mean_tau": one.mean_tau,
        }

    return {
        "distances": found.distances.tolist(),
        "predicted": found.predicted.tolist(),
        "never": np.isinf(found.predicted).tolist(),
        "composable": np.asarray(found.composable).tolist(),
        "clock": found.clock,
        "no_clock": bool(np.isnan(found.clock)),
        "expected": found.expected.tolist(),
        "by_distance": test(found.by_distance),
        "by_theory": test(found.by_theory),
    }


def _prompted(found: HiddenCapability) -> dict[str, Any]:
    return {
        "strengths": found.strengths.tolist(),
        "step": found.step.tolist(),
        "best": found.best.tolist(),
        "plain": found.plain.tolist(),
        "not_passed": {
            "best": np.isinf(found.best).tolist(),
            "plain": np.isinf(found.plain).tolist(),
        },
        "window": found.window.tolist(),
        "window_open": np.isinf(found.window).tolist(),
        "share": found.share.tolist(),
    }


@face
def overview(acc: Accuracies, *, level: float = 0.5, hold: int = 3) -> Overview:
    """Return all answers to a table of accuracies.

    Parameters
    ----------
    acc : Accuracies
        What `accuracies` read.
    level, hold : optional
        As in `emergence_times`.

    Returns
    -------
    Overview
        The answers; `print` shows a sentence each.
    """
    times = emergence_times(acc, level=level, hold=hold)
    ordered = None if acc.graph is None else order(acc, level=level, hold=hold)
    hidden = hidden_capability(acc, level=level, hold=hold) if acc.prompts_counted else None
    return Overview(acc, product_law(acc), times, widths(acc), ordered, hidden)
