r"""Numbers read off results: losses, learning times, swing-by; crossings and widths; moments.

Problem
-------
Every road ends in a `Trajectory`, a `Curve` or `Samples`. What a paper plots or claims is a number
derived from one. Each is a function here, the same for closed form, flow and network; the arithmetic
on arrays alone is in `observe.arrays`.

Symbols
-------
f(x; t) : output on input x, shape (..., T, dim); :math:`\hat x` : the test point of the task;
L(t) : loss at one point; A : second moment of the inputs; W : end-to-end map, where there is one.

Result
------
Loss at a point, without a mean over coordinates, and the population loss of a linear network:

.. math::
    L(t) = \tfrac12 \|f(x; t) - x\|^2 , \qquad
    L_{train}(t) = \tfrac12 \operatorname{tr}\,(W - B) A (W - B)^T ,

with the teacher B = I unless the task is a `LinearTask`.

Reading
-------
The training loss falls all the way under gradient flow. The loss at the test point need not: where
it rises and falls again the network has *swung by*, and a run with n rises shows n + 1 descents.
How many rises there are depends on how small a rise one counts, so every function that counts takes
its threshold, as a share of the loss at the first time.

Leading axes of the results are the ensemble axes of the trajectory.
"""

from simtheory._names import public
from simtheory.observe.agreement import (
    Agreement,
    CurveAgreement,
    SampleAgreement,
    agreement,
)
from simtheory.observe.cells import (
    LogDensity,
    MassDistance,
    cell_masses,
    log_density,
    mass_distance,
    mode_variances,
)
from simtheory.observe.curves import (
    concept_outputs,
    hierarchy_violation,
    loss,
    min_eigenvalue,
    train_loss,
)
from simtheory.observe.hidden import Alignment, alignment, grams, layers, tangent_kernel
from simtheory.observe.laws import LawResiduals, law_residuals
from simtheory.observe.moments import Moments, effective_size, moments
from simtheory.observe.resolution import finer_times
from simtheory.observe.swing import Rise, SwingBy, descents, largest_rise, swing_by
from simtheory.observe.times import learning_times, order, terminal_rate
from simtheory.observe.transitions import crossings, slopes, widths

__all__ = [
    "Agreement",
    "Alignment",
    "CurveAgreement",
    "LawResiduals",
    "LogDensity",
    "MassDistance",
    "Moments",
    "Rise",
    "SampleAgreement",
    "SwingBy",
    "agreement",
    "alignment",
    "cell_masses",
    "concept_outputs",
    "crossings",
    "descents",
    "effective_size",
    "finer_times",
    "grams",
    "hierarchy_violation",
    "largest_rise",
    "law_residuals",
    "layers",
    "learning_times",
    "log_density",
    "loss",
    "mass_distance",
    "min_eigenvalue",
    "mode_variances",
    "moments",
    "order",
    "slopes",
    "swing_by",
    "tangent_kernel",
    "terminal_rate",
    "train_loss",
    "widths",
]

public(__name__)
