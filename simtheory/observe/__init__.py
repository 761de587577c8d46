r"""Numbers read off a trajectory: losses, learning times, order, swing-by, slowdown.

Problem
-------
Every road ends in a `Trajectory`: outputs on probes over time. What a paper plots or claims is a
number derived from it. Each is a function here, the same for closed form, flow and network.

Symbols
-------
f(x; t) : output on input x, shape (..., T, dim); :math:`\hat x` : the test point of the task;
L(t) : loss at one point; A : second moment of the inputs; W : end-to-end map, where there is one.

Result
------
Loss at a point, without a mean over coordinates, and the population loss of a linear network:

.. math::
    L(t) = \tfrac12 \|f(x; t) - x\|^2 , \qquad
    L_{train}(t) = \tfrac12 \operatorname{tr}\,(W - I) A (W - I)^T .

Reading
-------
The training loss falls all the way under gradient flow. The loss at the test point need not: where
it rises and falls again the network has *swung by*, and a run with n rises shows n + 1 descents.
How many rises there are depends on how small a rise one counts, so every function that counts takes
its threshold, as a share of the loss at the first time.

Leading axes of the results are the ensemble axes of the trajectory.
"""

from simtheory.observe.agreement import Agreement, agreement
from simtheory.observe.curves import (
    concept_outputs,
    hierarchy_violation,
    loss,
    min_eigenvalue,
    train_loss,
)
from simtheory.observe.laws import LawResiduals, law_residuals
from simtheory.observe.swing import Rise, SwingBy, descents, largest_rise, swing_by
from simtheory.observe.times import learning_times, order, terminal_rate

__all__ = [
    "Agreement",
    "LawResiduals",
    "Rise",
    "SwingBy",
    "agreement",
    "concept_outputs",
    "descents",
    "hierarchy_violation",
    "largest_rise",
    "law_residuals",
    "learning_times",
    "loss",
    "min_eigenvalue",
    "order",
    "swing_by",
    "terminal_rate",
    "train_loss",
]
