r"""Linear denoisers of a concept graph, trained by SGD, and abilities that are gained by chance.

Problem
-------
A denoiser that is linear in a constant, the code of the class and the noised point has closed forms through
gradient flow. What does the optimiser do, in steps, on batches?

Symbols
-------
c(v) : code of a class; :math:`\kappa = \mu` : its strength; :math:`z_k` : point at noise level k;
:math:`W_k` : weights of that level; B : points of a batch.

Result
------
Each noise level has its own weights and descends

.. math:: \tfrac12 \langle \| W_k \phi_k - y \|^2 \rangle_B, \qquad
    \phi_k = (1,\; \mu \circ c(v),\; z_k),

from zero, so that learning rate times steps is canonical time. Down the levels every step of `DDIM` is
affine, so a sample is :math:`M\,(1, \mu\circ c(v)) + C z` with z standard normal: `LinearDenoisers` holds M and C.
"""

from simtheory._names import public
from simtheory.sim.emergence.abilities import acquire
from simtheory.sim.emergence.denoisers import LinearDenoisers, descend

__all__ = ["LinearDenoisers", "acquire", "descend"]

public(__name__)
