r"""One layer on a finite training set: mean and spread of its map, and the directions that samples show.

Problem
-------
Closed forms speak of infinite data. With n samples the layer follows the flow of their second moment
:math:`\hat A` in place of A. Everything here is about f(x) = Wx from W(0) = 0, so
:math:`W(t) = I - e^{-\hat At}`.

Symbols
-------
n : samples; d : dimension; :math:`\gamma = d/n`; a : rates, (d,); :math:`v_{ij}` : variance of entry
(i, j) of :math:`\hat A`, (d, d); t : canonical time, (T,); :math:`\nu^2` : variance of label noise.

Result
------
=====================  =====================================  ===================================
function               holds for                              gives
=====================  =====================================  ===================================
`perturbation`         n large, d fixed; short enough times   mean and variance of W(t), to O(1/n)
`rate_shift`           n large, rates well apart              mean shift of the rates, to O(1/n)
`best_stop`            noisy labels                           when to stop each mode
`proportional`         d and n large, any ratio               mean of W(t), to O(1/n)
`spike`                d and n large, isotropic noise         eigenvalue and overlap of one direction
=====================  =====================================  ===================================

Reading
-------
Finite data alone mix concepts: off-diagonal entries rise and fall, a swing-by in one layer. Rates
repel one another. And a concept whose signal is weaker than :math:`\sigma^2\sqrt{d/n}` leaves no
trace in the leading directions of the samples.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.finite_sample.high_dimension import (
    Spike,
    proportional,
    spike,
    spikes,
)
from simtheory.analytic.finite_sample.moments import (
    FiniteSample,
    best_stop,
    moment_variance,
    perturbation,
    rate_shift,
)

__all__ = [
    "FiniteSample",
    "Spike",
    "best_stop",
    "moment_variance",
    "perturbation",
    "proportional",
    "rate_shift",
    "spike",
    "spikes",
]

public(__name__)
