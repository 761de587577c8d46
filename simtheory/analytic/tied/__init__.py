r"""The tied net f(x) = U Uᵀ x: its exact laws, its solutions, and closed forms where none is known.

Problem
-------
Two layers share their weights: :math:`W = UU^T`. Gradient flow on :math:`\tfrac12E\|Wx - x\|^2`, on
the canonical clock, moves W along the field (label ``tied-field``)

.. math:: \dot W = V(W) = AW + WA - \tfrac12\left(AW^2 + W^2A + 2WAW\right).

For distinct rates and a dense start no closed form of W(t) is known. Laws that hold for every start,
solutions for special starts, and approximate forms stand in for it.

Symbols
-------
U : weights, (..., d, h); W : end-to-end map, (..., d, d); A : uncentred second moment, (d, d); a :
rates, its diagonal in the concept axes, (d,); t : canonical time, (T,); N = (I − W)⁻¹ : logit matrix;
omega : size of W(0), the largest diagonal entry; rho : ratio of a weaker to the next stronger rate;
eps : largest cosine between two rows of U(0); pi : *pivots*, the diagonal of the LDLᵀ factor of
W(0)(I−W(0))⁻¹ with rows by decreasing rate; kappa : weight decay of U; eta : canonical time of a step.

Result
------
Laws (`laws`, `modes`, `plane`), all exact:

======================  ===================================================  ========================
function                what                                                 holds for
======================  ===================================================  ========================
`det_law`, `sum_rule`   det W/(I − W); error times rate, summed over time    any start of full rank
`eigen_logit_rates`     speed of every eigenvalue's logit                    any A, any start
`reflect`               I − W backwards in time is a flow too                any A, any start
`logit_field`           the flow of N                                        any A, W < I
`diagonal_bound`        no entry w_ii is earlier than its own mode           any start
`eigenvalue_floor`      no eigenvalue is later than the slowest mode         any start
`learnable`             which concepts a start can learn                     any start
`mode`                  one isolated mode                                    W(0) commutes with A
`decayed_mode`          the same with weight decay and any teacher           W(0) commutes with A
`modified_time`         the same under steps of finite size                  to O(eta²)
`plane_laws`            two concepts: determinant, trace, tie                d = 2
`plane_hamiltonian`     two concepts: a driven Hamiltonian system            d = 2, tied
======================  ===================================================  ========================

Whole trajectories (`solutions`, `width_one`; then `resummation`, `expansion`):

======================  ===================================================  ========================
function                holds for                                            error
======================  ===================================================  ========================
`isotropic`             all rates equal, any start                           none
`blocks`                W(0) ties equal rates only                           none
`projector`             W(0)² = W(0)                                         none
`whitened_teacher`      A = aI, any symmetric teacher                        none
`rank_one`              width 1, any second moment                           none
`rank_one_decay`        the same with weight decay: two equations            none
`pivots`                W(0) < I; keeps 0 ≤ W ≤ I                            O(omega^(1−rho))
`schur`                 small start, distinct rates                          O(omega^(1−rho))
`first_order`           nearly orthogonal rows, *however small* omega is     O(eps²)
`second_order`          nearly orthogonal rows                               O(eps³), O(eps⁴) at d = 2
`first_order_teacher`   nearly orthogonal rows, any teacher and decay        O(eps²)
======================  ===================================================  ========================

Times of events (`times`): `learning_times`, `swing_peak`, `bump_top`.

Reading
-------
What seeds a weak concept is not its diagonal entry of W(0) but its *pivot*: the rest of that entry
once the stronger concepts have been learned and have taken the part that points their way. So
correlated rows delay weak concepts by an amount that a small start does not cure. Every eigenvalue of
W moves up its own logistic curve, at the rate of the direction in which it points at that moment; none
comes to rest below one, so a start of full rank learns every concept.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.tied.expansion import (
    diagonal_correction,
    early_correction,
    first_order,
    first_order_teacher,
    second_order,
)
from simtheory.analytic.tied.laws import (
    FieldTerms,
    decayed_log_det_rate,
    det_law,
    diagonal_bound,
    diagonal_interaction,
    eigen_logit_rates,
    eigenvalue_floor,
    field,
    field_terms,
    learnable,
    log_det_rate,
    log_det_ratio,
    logit_field,
    reflect,
    sum_rule,
)
from simtheory.analytic.tied.modes import (
    decayed_level,
    decayed_mode,
    mode,
    modified_time,
    time_to_level,
)
from simtheory.analytic.tied.plane import (
    PlaneHamiltonian,
    PlaneLaws,
    plane_determinant,
    plane_halfway,
    plane_hamiltonian,
    plane_laws,
)
from simtheory.analytic.tied.resummation import (
    logit_pivots,
    pivots,
    schur,
    schur_pivots,
)
from simtheory.analytic.tied.solutions import (
    blocks,
    isotropic,
    projector,
    whitened_teacher,
)
from simtheory.analytic.tied.times import (
    BumpTop,
    SwingPeak,
    bump_top,
    learning_times,
    swing_peak,
)
from simtheory.analytic.tied.width_one import (
    rank_one,
    rank_one_decay,
)

__all__ = [
    "BumpTop",
    "FieldTerms",
    "PlaneHamiltonian",
    "PlaneLaws",
    "SwingPeak",
    "blocks",
    "bump_top",
    "decayed_level",
    "decayed_log_det_rate",
    "decayed_mode",
    "det_law",
    "diagonal_bound",
    "diagonal_correction",
    "diagonal_interaction",
    "early_correction",
    "eigen_logit_rates",
    "eigenvalue_floor",
    "field",
    "field_terms",
    "first_order",
    "first_order_teacher",
    "isotropic",
    "learnable",
    "learning_times",
    "log_det_rate",
    "log_det_ratio",
    "logit_field",
    "logit_pivots",
    "mode",
    "modified_time",
    "pivots",
    "plane_determinant",
    "plane_halfway",
    "plane_hamiltonian",
    "plane_laws",
    "projector",
    "rank_one",
    "rank_one_decay",
    "reflect",
    "schur",
    "schur_pivots",
    "second_order",
    "sum_rule",
    "swing_peak",
    "time_to_level",
    "whitened_teacher",
]

public(__name__)
