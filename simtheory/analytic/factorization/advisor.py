r"""How many examples a space of two factors needs under each law, and where the next ones are worth most.

Problem
-------
Coverage, factorisation and percolation ask for different numbers of examples. Which of them a network obeys is
measured; here they stand side by side, each with what it assumes.

Symbols
-------
N : side of the canvas; τ : tolerance of an answer; r : link radius; q : wanted accuracy.

Result
------
======================  =======================================  ===========================================
law                     number of examples                       grows as
======================  =======================================  ===========================================
random coverage         :math:`-\ln(1-q)\,N^2/\pi\tau^2`         N², whatever the width of the shape
grid                    one for each cell of a lattice           N²
two factors apart       :math:`-\ln(1-\sqrt q)\,N/2\tau`         N
connected               all in one cluster, with chance q        (N/r)² ln(N/r)
percolating             one cluster spans the plane              (N/r)²
======================  =======================================  ===========================================
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simtheory._checks import one_of, positive, share
from simtheory._faces import face
from simtheory._text import aligned, table_as_html
from simtheory._typing import Array
from simtheory.analytic.factorization.nulls import nearest_lattice
from simtheory.analytic.percolation.overlaps import link_radius
from simtheory.analytic.percolation.pairs import connection_probability, identifiable_fraction
from simtheory.analytic.percolation.plane import critical_number
from simtheory.errors import ArgumentError, TaskError
from simtheory.results import axes
from simtheory.tasks.factorization import BumpTask, Stripe, Stripes

__all__ = ["ExamplesNeeded", "Need", "examples_needed"]

_THETA = 0.05
"""Threshold of the overlap where none is given; the paper shows .05 and .005."""

_FINEST = 1e-6
"""Smallest tolerance over the side; a finer one asks for more than 1e12 examples."""


@face
@dataclass(frozen=True, slots=True)
class Need:
    """The number of examples that one law asks for.

    Parameters
    ----------
    law : str
        Name of the law.
    n : int
        Number of examples.
    assumes : str
        What has to hold for it.
    label : str
        The labelled result.
    """

    law: str
    n: int
    assumes: str
    label: str


@face
@dataclass(frozen=True, slots=True, repr=False)
class ExamplesNeeded:
    """The numbers of examples of all laws; none is recommended.

    Parameters
    ----------
    needs : tuple of Need
        A row for each law.
    side : float
        Side of the canvas, in pixels.
    tolerance : float
        Tolerance of an answer, in pixels.
    accuracy : float
        Wanted share of right answers.
    theta : float or None
        Threshold on the overlap of linked examples; None for stripes, which are linked by shared values.
    looks : str
        The shape and its width, in words.
    """

    needs: tuple[Need, ...]
    side: float
    tolerance: float
    accuracy: float
    theta: float | None
    looks: str

    to_dict = axes.to_dict

    def __getitem__(self, law: str) -> Need:
        known = {need.law: need for need in self.needs}
        return known[one_of("law", law, known)]

    def _cells(self) -> list[list[str]]:
        rows = [[need.law, f"{need.n:,}", need.label, need.assumes] for need in self.needs]
        return [["law", "examples", "label", "assumes"], *rows]

    def _line(self) -> str:
        return (
            f"Right within {self.tolerance:g} px, for a share {self.accuracy:g} of the queries, on a canvas of "
            f"side {self.side:g} px; {self.looks}."
        )

    def __str__(self) -> str:
        table = aligned([row[:3] for row in self._cells()], left=(0, 2))
        notes = [f"{need.law} assumes: {need.assumes}" for need in self.needs]
        below = [textwrap.fill(note, 80, subsequent_indent="  ") for note in notes]
        return "\n".join([textwrap.fill(self._line(), 80), "", *table, "", *below])

    def _repr_html_(self) -> str:
        return table_as_html(self._cells(), self._line())


@face
def examples_needed(
    task: BumpTask, *, tolerance: float, accuracy: float, theta: float | None = None
) -> ExamplesNeeded:
    """Numbers of examples that each law asks for, side by side; which one a network obeys is measured.

    The layout and the held-out set of the task do not enter: its canvas, width and shape do.

    Parameters
    ----------
    task : BumpTask
        What is learned: bumps or crossing stripes. A canvas with a margin counts whole.
    tolerance : float
        Tolerance τ of an answer, in pixels.
    accuracy : float
        Wanted share of right answers, in (0, 1).
    theta : float, optional
        Threshold in (0, 1) on the cosine of two images that links them. Default: .05, one of two that the
        paper shows. For stripes it is of no use.

    Returns
    -------
    ExamplesNeeded
        A row for each law: ``random coverage``, ``grid``, ``two factors apart``, ``connected``,
        ``percolating``. To be printed; ``found["grid"].n`` is the number.

    Raises
    ------
    TaskError
        If the task shows one factor alone.
    ArgumentError
        If a number is outside its range, or a threshold is given for stripes.

    References
    ----------
    liang2024.

    Examples
    --------
    >>> found = examples_needed(BumpTask(32), tolerance=1.0, accuracy=0.6)
    >>> [(need.law, need.n) for need in found.needs[:3]]
    [('random coverage', 299), ('grid', 196), ('two factors apart', 24)]
    """
    tau, wanted = positive("tolerance", tolerance), share("accuracy", accuracy)
    if isinstance(task.shape, Stripe):
        raise TaskError(
            f"Argument `task` must show two factors, but its shape is {task.shape!r}, which shows one."
        )
    side = float(task.side + 2 * task.margin)
    if tau < _FINEST * side:
        raise ArgumentError(
            f"Argument `tolerance` must be at least {_FINEST:g} of the side, {side:g} pixels, but it is {tau:g}."
        )
    stripes = isinstance(task.shape, Stripes)
    if stripes and theta is not None:
        raise ArgumentError(
            f"Argument `theta` is of no use for stripes, but it is {theta!r}: every pair of their images "
            "overlaps. Their examples are linked by the values that they share."
        )
    below = share("theta", _THETA if theta is None else theta)
    linked = (
        _linked_pairs(side, tau, wanted) if stripes else _linked_bumps(task, side, wanted, below)
    )
    needs = (
        Need(
            "random coverage",
            _whole(-math.log1p(-wanted) * side**2 / (math.pi * tau**2)),
            "random places; right where an example lies within the tolerance",
            "nearest-random",
        ),
        Need(
            "grid",
            _whole((side / _spacing(tau, wanted)) ** 2),
            "a square lattice; right where an example lies within the tolerance",
            "lattice-coverage",
        ),
        Need(
            "two factors apart",
            _whole(-math.log1p(-math.sqrt(wanted)) * side / (2.0 * tau)),
            "so many values of each factor, learned alone and combined; right along both axes"
            + (
                ""
                if stripes or task.margin
                else ". Bumps show no factor alone: add stripes (margin)"
            ),
            "nearest-factorised",
        ),
        *linked,
    )
    looks = f"{task.shape.kind} of width {task.sigma} px"
    return ExamplesNeeded(
        needs,
        side,
        tau,
        wanted,
        None if stripes else below,
        looks if stripes else f"{looks}, linked above {below:g}",
    )


def _whole(number: float) -> int:
    """Return the next whole number, without the rounding of a number that is whole."""
    return max(1, math.ceil(number * (1.0 - 1e-12)))


def _spacing(tau: float, wanted: float) -> float:
    """Return the spacing of a lattice that covers a share."""
    from scipy.optimize import brentq  # slow to import

    if wanted <= math.pi / 4.0:
        return tau * math.sqrt(math.pi / wanted)
    short, long = math.sqrt(2.0) * tau, 2.0 * tau
    return float(
        brentq(
            lambda d: float(nearest_lattice(d, tolerance=tau)) - wanted,
            short,
            long,
            xtol=1e-14 * tau,
        )
    )


def _linked_bumps(task: BumpTask, side: float, wanted: float, below: float) -> tuple[Need, Need]:
    width = float(np.exp(np.log(np.broadcast_to(task.sigma, (2,))).mean()))
    radius = float(link_radius(width, theta=below))
    return (
        Need(
            "connected",
            _whole(_connected_number(wanted, side=side, radius=radius)),
            f"all in one cluster with the chance {wanted:g}, links within {radius:.3g} px; some percent low",
            "full-connectivity",
        ),
        Need(
            "percolating",
            _whole(float(critical_number(side, radius=radius))),
            f"one cluster spans the plane, links within {radius:.3g} px; whatever the accuracy",
            "n-critical",
        ),
    )


def _connected_number(wanted: float, *, side: float, radius: float) -> float:
    """Return the number of examples from which on `plane_connected` stays above a chance."""
    from scipy.special import lambertw

    rate = math.pi * (radius / side) ** 2
    at = rate * math.log(wanted)
    if at <= -1.0 / math.e:  # the chance never falls as low
        return 1.0
    return float(-lambertw(at, -1).real / rate)


def _linked_pairs(side: float, tau: float, wanted: float) -> tuple[Need, Need]:
    values = max(1, math.ceil(side / (2.0 * tau)))

    def fewest(law: Callable[..., Array]) -> int:
        low, high = 0, values**2  # the law is below at `low`, and all pairs suffice
        while high - low > 1:
            middle = (low + high) // 2
            above = float(law(middle, nx=values, ny=values)) >= wanted
            low, high = (low, middle) if above else (middle, high)
        return high

    told = f"{values} values of each factor are told apart"
    return (
        Need(
            "connected",
            fewest(connection_probability),
            f"pairs that link all values with the chance {wanted:g}; {told}",
            "bipartite-connected",
        ),
        Need(
            "percolating",
            fewest(identifiable_fraction),
            f"pairs whose largest cluster determines a share {wanted:g} of all; {told}",
            "bipartite-giant",
        ),
    )
