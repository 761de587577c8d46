"""Which closed forms of the tied net take a task and a start, ranked by their error.

Every form is evaluated at the start, so the report agrees with what the form itself would answer. The
errors are orders of magnitude.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simtheory._checks import as_matrix
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import weights_on_concepts
from simtheory.analytic._shared.rows import adjacent_ratio, row_cosine
from simtheory.analytic.tied.expansion import first_order, second_order
from simtheory.analytic.tied.resummation import pivots, schur
from simtheory.analytic.tied.solutions import blocks, isotropic, projector
from simtheory.analytic.tied.width_one import rank_one
from simtheory.errors import RegimeError, ShapeError
from simtheory.results import Trajectory, axes
from simtheory.tasks import SIMTask

__all__ = [
    "Advice",
    "Suggestion",
    "advice",
]

_FORMS: tuple[tuple[Callable[..., Trajectory], str], ...] = (
    (isotropic, "all rates are equal: every eigenvalue is a mode"),
    (rank_one, "width one: power iteration in a slowed time"),
    (projector, "W(0) is a projector and stays one"),
    (blocks, "W(0) ties only concepts of equal rates"),
    (pivots, "a small start; keeps 0 ≤ W ≤ I and the determinant law"),
    (second_order, "nearly orthogonal rows; the diagonal to second order"),
    (schur, "a small start, distinct rates; shows which entry takes from which"),
    (first_order, "nearly orthogonal rows; entry by entry"),
)
"""In order of preference where errors are alike."""


_FLOW = "integrates the flow: any start, to its tolerance; no formula"


@face
@dataclass(frozen=True, slots=True)
class Suggestion:
    """Whether one form takes a start, and with which error.

    Parameters
    ----------
    name : str
        Where the form is, below ``simtheory.analytic`` (or ``simtheory``, for the flow).
    holds : bool
        Whether the form takes the start without ``strict=False``.
    error : float
        Estimate of the largest error of any entry of W: zero for an exact form, infinite for one
        that refuses. An order of magnitude.
    reason : str
        Why it holds, or what it says when it refuses.
    """

    name: str
    holds: bool
    error: float
    reason: str

    def __str__(self) -> str:
        if not self.holds:
            return f"refuses. {self.reason}"
        size = "exact" if self.error == 0 else f"error about {self.error:.0e}"
        return f"{size}; {self.reason}"


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Advice:
    """The forms of the tied net for one task and start, the most accurate closed form first.

    Parameters
    ----------
    suggestions : tuple of Suggestion
        Exact forms, then approximate ones by their estimated error, the flow, and those that refuse.
    omega : float
        Largest diagonal entry of W(0) in the concept axes.
    largest_eigenvalue : float
        Largest eigenvalue of W(0).
    rate_ratio : float
        Largest ratio of two neighbouring distinct rates (rho).
    cosine : float
        Largest cosine between two rows of U(0) (eps).
    width : int
        Hidden width of the net.
    """

    suggestions: tuple[Suggestion, ...]
    omega: float
    largest_eigenvalue: float
    rate_ratio: float
    cosine: float
    width: int

    title: ClassVar[str] = "Forms for this task and start"
    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict

    def __repr__(self) -> str:
        names = [form.name for form in self.suggestions if form.holds]
        return f"Advice({' > '.join(names)})"


@face
def advice(task: SIMTask, U0: ArrayLike) -> Advice:
    """Return which forms of the tied net take a start, and how far each is to be trusted.

    Nothing is chosen for you: call the form that you settle on. An ensemble is judged as a whole, by
    its worst member.

    Parameters
    ----------
    task : SIMTask
        What is learned.
    U0 : array_like, shape (..., d, h)
        Start; leading axes are an ensemble.

    Returns
    -------
    Advice
        To be printed; its `suggestions` are ranked.

    Notes
    -----
    Errors are estimated as each form does itself, with one addition: the pivots' form contains the
    first-order one, so its error is at most eps²/4 as well. Off the diagonal the second-order form
    is the first-order one, good to eps³ for two coordinates and to eps² for more.

    Examples
    --------
    >>> advice(SIMTask(mu=(1.0, 2.0), sigma=0.0), [[0.1, 0.02], [0.01, 0.1]])
    Advice(tied.pivots > tied.schur > sim.solve)
    """
    start = as_matrix("U0", U0, rows=task.dim)
    U = weights_on_concepts(task, start)
    W0 = U @ np.swapaxes(U, -1, -2)
    cosine = float(row_cosine(W0).max(initial=0.0))
    asked = [_ask(*form, task, start, cosine) for form in _FORMS]
    holding = sorted((form for form in asked if form.holds), key=lambda form: form.error)
    flow = Suggestion("sim.solve", holds=True, error=1e-11, reason=_FLOW)
    return Advice(
        suggestions=(*holding, flow, *(form for form in asked if not form.holds)),
        omega=float(np.diagonal(W0, axis1=-2, axis2=-1).max(initial=0.0)),
        largest_eigenvalue=float(np.linalg.norm(U, 2, axis=(-2, -1)).max(initial=0.0)) ** 2,
        rate_ratio=adjacent_ratio(task.rates),
        cosine=cosine,
        width=U.shape[-1],
    )


def _ask(
    form: Callable[..., Trajectory], why: str, task: SIMTask, U0: Array, cosine: float
) -> Suggestion:
    """Let a form take the start at t = 0, where it costs nothing, or refuse."""
    name = f"tied.{form.__name__}"
    if form is rank_one and U0.shape[-1] != 1:  # it would take the rows for an ensemble
        wide = f"The width-one form needs a start of width 1, but its width is {U0.shape[-1]}."
        return Suggestion(name, holds=False, error=np.inf, reason=wide)
    try:
        run = form(task, U0, [0.0])
    except (RegimeError, ShapeError) as refusal:
        said = str(refusal).replace(" Pass strict=False to evaluate it all the same.", "")
        return Suggestion(name, holds=False, error=np.inf, reason=said)
    error = 0.0 if run.exact else float(np.max(run.arrays["error_estimate"]))
    if form is pivots:
        error = min(error, 0.25 * cosine**2)
    if form is second_order:
        error = max(error, cosine**3 if task.dim == 2 else 0.25 * cosine**2)
    return Suggestion(name, holds=True, error=error, reason=why)
