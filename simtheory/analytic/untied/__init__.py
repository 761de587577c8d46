r"""The untied two-layer net f(x) = W₂ W₁ x: what is exact, and how it differs from the tied net.

Problem
-------
Gradient flow on :math:`\tfrac12E\|Wx - x\|^2` with :math:`W = W_2W_1` moves two layers,

.. math:: \dot W_1 = W_2^T(I-W)A, \qquad \dot W_2 = (I-W)AW_1^T .

Symbols
-------
W_1, W_2 : layers, (..., h, d) and (..., d, h); W : end-to-end map; A : uncentred second moment; a :
rates; t : canonical time, (T,); lambda : imbalance, :math:`W_2^TW_2 - W_1W_1^T = \lambda I`, which the
flow keeps; m : output dimension and n : input dimension where they differ; omega : squared size of
the layers; rho : ratio of a weaker to the next stronger rate.

Result
------
==================  ==============================================  ================================
function            holds                                            error
==================  ==============================================  ================================
`riccati`           whitened inputs, λ-balanced, any shapes          none
`grams`             the same: also W₁ᵀW₁, W₂W₂ᵀ, tangent kernel     none
`isotropic`         all rates equal, λ-balanced                      none
`imbalanced_mode`   aligned layers, any rate and λ                   none
`imbalanced_time`   the same: when a mode is learned                none
`aligned`           the same, on any `LinearTask` with modes        none
`early`             W still small                                    O(W²)
`first_order`       balanced, W nearly diagonal                      O(eps²)
`crossing`          the same, weaker mode still small                O(eps²) + O(w_jj)
`ldr`               any small start                                  O(omega^(1−rho)) + O(√omega)
==================  ==============================================  ================================

Reading
-------
Early on, the untied net is a tied net from the symmetric part :math:`U_0 = \tfrac12(W_2 + W_1^T)` of
its start. It does not stay one, unless W commutes with A: the tied nets are not invariant. What a
learned concept leaves in its row and column outlives that of a tied net, so swings last longer.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.untied.exact import Grams, grams, isotropic, riccati
from simtheory.analytic.untied.expansion import (
    Crossing,
    crossing,
    early,
    effective_start,
    first_order,
)
from simtheory.analytic.untied.imbalanced import aligned, imbalanced_mode, imbalanced_time
from simtheory.analytic.untied.resummation import (
    ldr,
)

__all__ = [
    "Crossing",
    "Grams",
    "aligned",
    "crossing",
    "early",
    "effective_start",
    "first_order",
    "grams",
    "imbalanced_mode",
    "imbalanced_time",
    "isotropic",
    "ldr",
    "riccati",
]

public(__name__)
