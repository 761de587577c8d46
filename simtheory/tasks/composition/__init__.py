r"""Compositions of densities: Gaussian mixtures, and products, quotients and powers of them.

Problem
-------
Several *experts*, densities :math:`p_i` with scores :math:`s_i = \nabla\log p_i`, are combined into one
target without training anew,

.. math:: p(x) \propto \prod_i p_i(x)^{w_i} .

Noise of variance :math:`\lambda`, the *level*, makes :math:`q_{i,\lambda} = p_i * N(0, \lambda I)` of each
expert. A sampler that only knows these follows the path
:math:`\prod_i q_{i,\lambda}^{w_i}`, which is not the path of the noised target. Mixtures of Gaussians
stay mixtures under every operation here but quotients and fractional powers, so target and path are
known exactly.

Symbols
-------
k : number of components; K : number of experts; d : dimension; w : weights, W their sum;
lambda : level, a variance; S : composed score, :math:`\sum_i w_i s_i`; D : *defect*,
:math:`\tfrac12(|S|^2 - \sum_i w_i|s_i|^2)`, whose variation over x is what summed scores miss.

Result
------
====================  ===========================================================================
class                 what it is
====================  ===========================================================================
`GaussianMixture`     density, score, curvature, draws; closed under noise, maps, conditions, tilts
`Composition`         experts and weights: an unnormalised density, its score, its defect
====================  ===========================================================================

Reading
-------
Products need scores alone. A mixture of densities (``p | q``) needs normalised densities, and is the one
combination that noise leaves in its form.
"""

from simtheory._names import public
from simtheory.tasks.composition.compositions import Composition
from simtheory.tasks.composition.mixtures import GaussianMixture

__all__ = ["Composition", "GaussianMixture"]

public(__name__)
