r"""One linear layer: every trajectory in closed form.

Problem
-------
The net f(x) = W x is trained on the population loss :math:`\tfrac12 E\|Wx - x\|^2`. Gradient flow
is linear in W, so nothing has to be approximated.

Symbols
-------
W : end-to-end map, (..., d, d); A : uncentred second moment, (d, d); a : its diagonal in the concept
axes, the rates, (d,); mu : signal strengths, (s,); t : canonical time, (T,).

Result
------
The flow :math:`\dot W = (I - W)A` has the solution (label ``one-layer-flow``)

.. math:: W(t) = I + (W(0) - I)\,e^{-At} .

From a zero start the test and training losses are (label ``one-layer-ood``)

.. math:: \tfrac12\sum_k \mu_k^2 e^{-2a_kt}, \qquad \tfrac12\sum_k a_k e^{-2a_kt} .

`general` learns any teacher, with weight decay or without; `affine` trains a bias, too.

Reading
-------
Concepts are learned independently, each at its own rate, and from a zero start the test loss can
only fall: a layer alone shows no swing-by.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.one_layer.bias import (
    AffineRates,
    affine,
    affine_rates,
    secular,
)
from simtheory.analytic.one_layer.general_map import (
    decayed,
    general,
)
from simtheory.analytic.one_layer.identity import (
    RandomStartLoss,
    ZeroStartLoss,
    flow,
    random_start_loss,
    solution,
    zero_start_loss,
)

__all__ = [
    "AffineRates",
    "RandomStartLoss",
    "ZeroStartLoss",
    "affine",
    "affine_rates",
    "decayed",
    "flow",
    "general",
    "random_start_loss",
    "secular",
    "solution",
    "zero_start_loss",
]

public(__name__)
