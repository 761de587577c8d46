r"""The clock of a run: one constant, read off trained classes, turns closed forms into steps.

Problem
-------
A closed form says when each class is learned, in canonical time. A net has no canonical time. But if the
form orders its classes rightly, one constant, steps per unit of time, serves all of them, and it can be
fitted where data are plenty: on the trained classes, which are learned first. What does it say of the others?

Symbols
-------
T_v : time of the closed form at which class v is learned; s_v : step at which the run learns it; c : steps
per unit of time; r : logarithm of s_v over c T_v, of a trained class and a seed; S, K : number of seeds, and of
trained classes.

Result
------
.. math:: \ln c = \langle \ln s_v - \ln T_v \rangle, \qquad
   \ln s_u = \ln c + \ln T_u \pm t_\nu \sqrt{(1 + \tfrac1S) v_S + (1 + \tfrac1K) v_K + v},

with the variances over seeds of the mean of r over classes, over classes of its mean over seeds, and of what
neither explains; :math:`t_\nu` is a quantile of Student's law, with Satterthwaite's number of degrees of freedom.
The interval is that of one seed's step, if compositions scatter about the closed form as trained classes do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import one_of, positive_int, share
from simtheory._faces import face
from simtheory._text import Rows, numeral, rows_as_html, rows_as_text
from simtheory._typing import Array, IntArray
from simtheory.analytic.emergence.diffusion import diffusion
from simtheory.errors import ArgumentError
from simtheory.noise import PREDICTIONS
from simtheory.observe import arrays
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.tasks.emergence import ConceptGraph

__all__ = ["Clock", "clock"]

_CONFIDENCE = 0.95
_TIMES = np.geomspace(1e-2, 1e3, 60)
"""Times beside which crossings are sought; they are found beyond them too."""
_LATE = 1e15
"""Time at which every mode that is not slower than 1e-14 has come to its end."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Clock:
    """Steps at which a run learns each class, as the closed form and one constant predict.

    Parameters
    ----------
    classes : ndarray of int, shape (P, n)
        Classes.
    theory : ndarray, shape (P,)
        Canonical times of the closed form; 0 for right from the start, inf for never.
    steps : ndarray, shape (P,)
        Predicted steps.
    low, high : ndarray, shape (P,)
        Interval of the step of one seed, with 95 % confidence; NaN with a single measured step.
    measured : ndarray, shape (S, P)
        Steps that the run took; inf for not in this run.
    fitted : ndarray of int, shape (P,)
        1 for a class that the constant was fitted on, else 0.
    names : tuple of str, length P
        Names of the classes.
    reasons : tuple of str, length P
        Why a class is never learned, or what the run did not show; empty where there is nothing to say.
    constant : float
        Steps per unit of canonical time.
    """

    classes: IntArray = field(metadata=over("probe", "concept", allow="integer"))
    theory: Array = field(metadata=over("probe", allow="real"))
    steps: Array = field(metadata=over("probe", allow="real"))
    low: Array = field(metadata=over("probe", allow="nan"))
    high: Array = field(metadata=over("probe", allow="nan"))
    measured: Array = field(metadata=over("seed", "probe", allow="real"))
    fitted: IntArray = field(metadata=over("probe", allow="integer"))
    names: tuple[str, ...] = field(metadata=over("probe", allow="words"))
    reasons: tuple[str, ...]
    constant: float

    def __post_init__(self) -> None:
        axes.settle(self)

    def __repr__(self) -> str:
        return f"Clock({len(self.names)} classes; {self.constant:.4g} steps per unit of time)"

    def __str__(self) -> str:
        return rows_as_text("Clock", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Clock", self._rows())

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain numbers and words, ready for strict JSON.

        Returns
        -------
        dict
            The constant, and for each class its numbers; what is never, or not known, is None.
        """
        return {
            "constant": self.constant,
            "classes": [
                {
                    "class": self.classes[k].tolist(),
                    "name": name,
                    "fitted": bool(self.fitted[k]),
                    "never": bool(np.isinf(self.theory[k])),
                    "reason": self.reasons[k] or None,
                    **{
                        key: float(values[k]) if np.isfinite(values[k]) else None
                        for key, values in (
                            ("theory", self.theory),
                            ("steps", self.steps),
                            ("low", self.low),
                            ("high", self.high),
                        )
                    },
                    "measured": [
                        float(one) if np.isfinite(one) else None for one in self.measured[:, k]
                    ],
                }
                for k, name in enumerate(self.names)
            ],
        }

    def _rows(self) -> Rows:
        rows = [("constant", f"{self.constant:.4g} steps per unit of canonical time")]
        for k, name in enumerate(self.names):
            role = "fitted" if self.fitted[k] else "predicted"
            if np.isinf(self.theory[k]):
                rows.append((name, f"never: {self.reasons[k]}"))
                continue
            text = f"{role} {numeral(self.steps[k])}"
            if np.isfinite(self.low[k]):
                text += f" ({numeral(self.low[k], 3)} to {numeral(self.high[k], 3)})"
            seen = self.measured[:, k]
            known = seen[np.isfinite(seen)]
            text += (
                f", measured {numeral(float(np.median(known)))}"
                if known.size
                else ", not in this run"
            )
            if known.size < seen.size and known.size:
                text += f" in {known.size} of {seen.size} seeds"
            rows.append((name, text))
        return rows


@face
def clock(
    run: Any,
    graph: ConceptGraph,
    *,
    level: float = 0.5,
    hold: int = 3,
    prediction: str = "v",
    bias: bool = True,
) -> Clock:
    """Fit the clock of a run on its trained classes, and predict the steps of all others.

    Parameters
    ----------
    run : ConceptRun
        A run of nets on the graph, or any object with its `steps` (T,), `prompts` (P, n) and `joint` (S, T, P);
        prompts that are no classes of the graph are left out.
    graph : ConceptGraph
        What it learns.
    level : float
        Joint accuracy that counts as learned, as a share of that of the data, in (0, 1).
    hold : int
        Looks in a row at which the mean over three looks must reach it.
    prediction : {"x0", "v", "eps"}
        What the nets predict, and the linear model of the closed form.
    bias : bool
        Whether the linear model has a constant feature.

    Returns
    -------
    Clock
        Steps with intervals; "never" with its reason.

    Raises
    ------
    ArgumentError
        If the run has no classes of the graph, or none of its trained classes was learned.

    Notes
    -----
    Classes that the closed form has right from the start do not enter the constant.
    """
    wanted, kind = share("level", level), one_of("prediction", prediction, PREDICTIONS)
    steps, classes, joint = _seen(run, graph, positive_int("hold", hold))
    most = ceiling(graph)
    law = diffusion(graph, _TIMES, classes=classes, prediction=kind, bias=bias)
    theory = np.asarray(law.times(wanted * most))
    held = arrays.held(steps, np.moveaxis(joint, 1, -1), np.asarray(wanted * most), hold)
    fits = (graph.distance(classes) == 0) & np.isfinite(theory) & (theory > 0.0)
    pairs = np.broadcast_to(fits, held.shape) & np.isfinite(held) & (held > 0.0)
    if not pairs.any():
        raise ArgumentError(
            "Argument `run` must have learned a trained class for its clock to be fitted, but it has not at "
            f"level {wanted:g}. Train longer, or lower `level`."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        residues = np.where(pairs, np.log(held) - np.log(theory), np.nan)
    residues = residues[pairs.any(axis=1)][:, pairs.any(axis=0)]
    constant = float(np.exp(np.nanmean(residues)))
    reach = _reach(residues)
    predicted = constant * theory
    with np.errstate(invalid="ignore"):
        low, high = predicted * np.exp(-reach), predicted * np.exp(reach)
    return Clock(
        classes=classes,
        theory=theory,
        steps=predicted,
        low=np.where(np.isfinite(predicted), low, np.nan),
        high=np.where(np.isfinite(predicted), high, np.nan),
        measured=held,
        fitted=fits.astype(np.intp),
        names=tuple(graph.name(row) for row in classes),
        reasons=tuple(_reasons(graph, classes, theory, law.at([_LATE]).joint[0], wanted * most)),
        constant=constant,
    )


def _reach(residues: Array) -> float:
    """Return half the interval of the logarithm of another step, from residues (S, K), NaN where none is."""
    from scipy.special import stdtrit  # slow to import

    seeds, classes = residues.shape
    rows, columns = np.nanmean(residues, axis=1), np.nanmean(residues, axis=0)
    rest = residues - rows[:, None] - columns + np.nanmean(residues)
    parts = []
    for count, means in ((seeds, rows), (classes, columns)):
        if count > 1:
            parts.append(((1.0 + 1.0 / count) * float(np.var(means, ddof=1)), count - 1))
    if seeds > 1 and classes > 1:
        degrees = (seeds - 1) * (classes - 1)
        parts.append((float(np.nansum(rest**2)) / degrees, degrees))
    if not parts:
        return np.nan
    total = sum(part for part, _ in parts)
    if total == 0.0:
        return 0.0
    freedom = total**2 / sum(part**2 / degrees for part, degrees in parts)
    return float(stdtrit(freedom, 0.5 * (1.0 + _CONFIDENCE)) * np.sqrt(total))


def _seen(run: Any, graph: ConceptGraph, hold: int) -> tuple[Array, IntArray, Array]:
    """Return steps (T,), classes (P, n) and joint accuracy (S, T, P), the mean over three looks."""
    missing = [name for name in ("steps", "prompts", "joint") if not hasattr(run, name)]
    if missing:
        raise ArgumentError(
            f"Argument `run` must have `steps`, `prompts` and `joint`, as a ConceptRun, but it has no "
            f"`{missing[0]}`."
        )
    prompts, joint = np.asarray(run.prompts, float), np.asarray(run.joint, float)
    if prompts.ndim != 2 or prompts.shape[1] != graph.n:
        raise ArgumentError(
            f"Argument `run` must have prompts of {graph.n} concepts, but their shape is {prompts.shape}."
        )
    known = ((prompts == np.rint(prompts)) & (prompts >= 0) & (prompts < graph.values)).all(axis=1)
    steps = np.asarray(run.steps, float)
    if not known.any() or steps.size < max(hold, 3):
        raise ArgumentError(
            f"Argument `run` must have classes of the graph among its prompts, at {max(hold, 3)} looks or more."
        )
    padded = np.concatenate([joint[:, :1], joint, joint[:, -1:]], axis=1)[:, :, known]
    smooth = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3.0
    return steps, prompts[known].astype(np.intp), smooth


def ceiling(graph: ConceptGraph) -> float:
    """Return the joint accuracy of the data of a class, the least over trained ones."""
    from simtheory.analytic.emergence.orthants import orthant

    if not graph.spread.all():
        return 1.0
    walls = graph.boundaries(graph.train)
    z = np.einsum("prm,pm->pr", walls.normals, graph.centroids) + walls.offsets - 0.5
    scaled = walls.normals * graph.spread
    moment = np.einsum("prm,pqm->prq", scaled, scaled)
    sizes = np.sqrt(np.einsum("prr->pr", moment))
    return float(np.min(orthant(z / sizes, moment / (sizes[:, :, None] * sizes[:, None, :]))))


def _reasons(
    graph: ConceptGraph, classes: IntArray, theory: Array, ends: Array, level: float
) -> list[str]:
    """Return why each class is never learned."""
    found = []
    for row, time, end in zip(classes, theory, ends, strict=True):
        if np.isfinite(time):
            found.append("")
        elif not graph.composable(row[None])[0]:
            unseen = [
                name
                for name, value, shown in zip(graph.concept_names, row, graph.train.T, strict=True)
                if value not in shown
            ]
            found.append(f"no trained class shows its value of {', '.join(unseen)}")
        else:
            found.append(f"the closed form ends at joint accuracy {end:.2g}, below {level:.2g}")
    return found
