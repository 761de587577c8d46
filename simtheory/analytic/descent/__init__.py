r"""The discrete optimisers of one linear layer: exact at every step size.

Problem
-------
A flow is the limit of small steps. An optimiser takes steps of finite size, with momentum, on
batches, or divided by the size of past gradients. For f(x) = W x the loss is quadratic, and all of this can be
solved step by step.

Symbols
-------
W : end-to-end map; E = I − W : its error; A : uncentred second moment, a : its diagonal in the
concept axes, the rates, (d,); :math:`\eta` : learning rate in canonical units (`units.Clock`);
:math:`\beta` : momentum; k : steps, (K,); n : batch; :math:`\nu^2` : variance of label noise.

Result
------
==================  ==========================================  ==================================
function            optimiser                                   what
==================  ==========================================  ==================================
`solution`          gradient descent, heavy ball, Nesterov      the whole trajectory
`sgd_moments`       SGD on fresh batches, noisy labels          mean loss, E[EᵀE] at any step
`stationary`        the same, in the end                        its loss
`adam`              full-batch Adam without ε                   curves that do not depend on the rates
`sign_descent`      sign of the gradient                        the same
==================  ==========================================  ==================================

Reading
-------
Gradient descent keeps the order of concepts that the flow has; momentum shortens the wait of the
slow ones and makes the fast ones oscillate. The noise of batches vanishes with the error if the labels
have no noise, and stays if they have. Adam removes the order altogether.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.descent.batches import (
    SGDMoments,
    fourth_moment,
    sgd_moments,
    stationary,
)
from simtheory.analytic.descent.momentum import (
    critical_momentum,
    error,
    solution,
)
from simtheory.analytic.descent.scale_free import (
    adam,
    sign_descent,
)

__all__ = [
    "SGDMoments",
    "adam",
    "critical_momentum",
    "error",
    "fourth_moment",
    "sgd_moments",
    "sign_descent",
    "solution",
    "stationary",
]

public(__name__)
