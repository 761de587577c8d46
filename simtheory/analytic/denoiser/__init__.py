r"""Linear diffusion denoisers: their weights, and what they generate, through training.

Problem
-------
At each noise level :math:`\sigma` a linear net learns to return x from :math:`y = x + \sigma z`.
Its samples follow the probability-flow ODE :math:`dx/d\sigma = (x - W_\sigma x)/\sigma` from
:math:`\sigma_{\max}` down to :math:`\sigma_{\min}`. Everything decouples along the axes of the data,
if the start does.

Symbols
-------
lambda : variance of the data along a mode; q : *start*, the weight along it at t = 0, the same at all
noise levels; psi : the weight; Phi : how far the ODE has shrunk a mode; lambda-tilde : variance of
the samples along it; t : canonical time. With the loss :math:`E\|f(y)-x\|^2` and learning rate
:math:`\eta`, :math:`\tau` steps are :math:`t = 2\eta\tau` for one layer and :math:`t = 4\eta\tau` for
a tied net: ``units.Clock(lr, loss="sum", tied=...)``.

Result
------
======================  ==========================================================================
function                what it gives
======================  ==========================================================================
`one_layer_mode`        weight of a mode of W y, rate :math:`\lambda + \sigma^2`
`tied_mode`             weight of a mode of U Uᵀ y, rate :math:`2\lambda` at every noise level
`affine_weights`        W y + b on data with a mean, any start
`generated_variance`    variance of the samples, in exponential integrals or logarithms
`emergence_times`       when it passes a level; `exponent` fits how that falls with the variance
`asymptotic_variance`   where it ends; `cutoff_law`, how it depends on :math:`\sigma_{\min}`
`kl`                    divergence of the samples from the data
`tied_bridge`           the identity task with decay as which a denoiser learns
`renormalised_noise`    what a finite training set makes of the noise
======================  ==========================================================================

Reading
-------
At a high noise level all modes of one layer are learned at the same rate. Yet the variances of the
*samples* emerge one by one, the largest first and roughly as the inverse variance, since sampling
passes through every level.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.denoiser.bridge import (
    Bridge,
    one_layer_bridge,
    one_layer_velocity,
    tied_bridge,
    tied_velocity,
)
from simtheory.analytic.denoiser.matrices import (
    Affine,
    affine_moment,
    affine_weights,
    one_layer_weights,
    renormalised_noise,
)
from simtheory.analytic.denoiser.modes import (
    Cutoff,
    Denoiser,
    OneLayerDenoiser,
    TiedDenoiser,
    one_layer_log_ratio,
    one_layer_mode,
    tied_log_ratio,
    tied_mode,
)
from simtheory.analytic.denoiser.sampling import (
    LEVELS,
    Exponent,
    asymptotic_variance,
    cutoff_law,
    emergence_times,
    exponent,
    generated_variance,
    kl,
    kl_through_training,
)

__all__ = [
    "LEVELS",
    "Affine",
    "Bridge",
    "Cutoff",
    "Denoiser",
    "Exponent",
    "OneLayerDenoiser",
    "TiedDenoiser",
    "affine_moment",
    "affine_weights",
    "asymptotic_variance",
    "cutoff_law",
    "emergence_times",
    "exponent",
    "generated_variance",
    "kl",
    "kl_through_training",
    "one_layer_bridge",
    "one_layer_log_ratio",
    "one_layer_mode",
    "one_layer_velocity",
    "one_layer_weights",
    "renormalised_noise",
    "tied_bridge",
    "tied_log_ratio",
    "tied_mode",
    "tied_velocity",
]

public(__name__)
