r"""Statements of the paper of Yang et al. as functions: its theorem, its split of forces, its bounds.

Problem
-------
"Swing-by Dynamics in Concept Learning and Compositional Generalization" (yang2024) solves the
one-layer net in its Theorem 4.1, splits the motion of a tied net into growth, suppression and noise
(Section 4.2), and proves bounds on it in Appendix D, under the Assumptions D.1 to D.5. Here are those
statements, so that they can be evaluated for a run and held against it.

Symbols
-------
a : rates, (d,); W0 : start W(0), (d, d); z : an input, (d,); t : canonical time; k : steps of size
eta of the recurrence W ← W + eta V(W), on which the canonical time is eta k. The constants of the
appendix: alpha, gamma : smallest rate, and ratio of the largest to it; omega, beta : smallest
absolute entry of W(0), and ratio of the largest to it; K ≥ 20, kappa > 1.1, P ≥ 2, C > 1 : free.

Result
------
=====================  ===============================================================
function               gives
=====================  ===============================================================
`theorem_4_1`          the output of a one-layer net as growth and noise, exact
`tied.field_terms`     growth, suppression and interaction of each entry of a tied net
`appendix_bounds`      the bounds of Lemmas D.1 to D.6 and its corollaries; `growth_below`
                       and `suppression_cap` those of D.4 and D.7
`assumption_check`     which of the assumptions hold for a run, how far off the others are
`vertex_losses`        the losses at all vertices, one layer from zero: Appendix B's hierarchy
`recurrence_gap`       by what a step on W differs from one on U
=====================  ===============================================================

Reading
-------
The assumptions can hold together only for starts below about 1e-62: Assumption D.5 bounds omega from
below by a power of P, D.4 from above by 1/P, and both are met only for an enormous P. So the lemmas
describe a limit of small starts; the starts of a run on a computer are too large for them to bound it.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.yang2024.appendix import (
    AppendixBounds,
    appendix_bounds,
    growth_below,
    recurrence_gap,
    suppression_cap,
)
from simtheory.analytic.yang2024.assumptions import (
    Assumption,
    AssumptionCheck,
    assumption_check,
)
from simtheory.analytic.yang2024.one_layer import (
    OutputTerms,
    theorem_4_1,
    vertex_losses,
)

__all__ = [
    "AppendixBounds",
    "Assumption",
    "AssumptionCheck",
    "OutputTerms",
    "appendix_bounds",
    "assumption_check",
    "growth_below",
    "recurrence_gap",
    "suppression_cap",
    "theorem_4_1",
    "vertex_losses",
]

public(__name__)
