"""What the claims about compositions share: the topic, and the pictures of masses and values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from simtheory import plot
from simtheory._typing import Array
from simtheory.validation.claims.claim import Topic

__all__ = ["CELLS", "bars", "dots", "of_paper"]

CELLS = ("right", "", "top", "", "left", "", "bottom", "")
"""Names of the eight cells of the ring."""


def of_paper(paper: str) -> Any:
    """Return what makes a claim of a paper."""
    return Topic("composition", paper=paper).claim


def bars(rows: Mapping[str, Array], names: tuple[str, ...] = CELLS) -> Callable[[Any], object]:
    """Draw masses of cells side by side, those of one sampler in each colour."""

    def draw(ax: Any) -> None:
        width = 0.8 / len(rows)
        for k, (name, masses) in enumerate(rows.items()):
            place = np.arange(len(masses)) + (k + 0.5) * width - 0.4
            ax.bar(place, masses, width, color=plot.colour(k), label=name)
        ax.set_xticks(range(len(names)), names)
        ax.set(ylabel="mass of the cell")
        ax.legend()

    return draw


def dots(
    values: Mapping[str, Any], *, line: float | None, ylabel: str, law: str = "predicted"
) -> Callable[[Any], object]:
    """Draw values seed by seed, and the predicted one as a line."""

    def draw(ax: Any) -> None:
        for k, (name, found) in enumerate(values.items()):
            ax.plot(range(len(found)), found, "o", color=plot.colour(k), label=name)
        if line is not None:
            ax.axhline(line, ls="--", color=plot.INK, label=law)
        ax.set(xlabel="seed", ylabel=ylabel)
        ax.legend()

    return draw
