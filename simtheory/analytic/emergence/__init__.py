r"""Concept graphs in closed form: which class is learned when, which never.

Problem
-------
A model is trained on some classes of a concept graph (`simtheory.tasks.ConceptGraph`) and asked for all of
them. A class is learned when every concept of its output is nearer to the own value than to any other, and
stays so.

Symbols
-------
n : concepts; v : class; p : frequencies of the trained classes; mu : strengths; sigma : spread;
:math:`\varphi(v) = (1, \mu \circ c(v))` : features of a class, with the constant one of the bias; A : their
second moment, with the spread; t : canonical time, of gradient flow on half the squared error.

Result
------
=====================  ===========================================================================
function               what it gives
=====================  ===========================================================================
`regression`           outputs of affine regression for any class, at any time
`learning_times`       when each class is learned for good, and which never
`diffusion`            samples of a linear diffusion model through training, and when they are right
`frequency_times`      the same where one trained class is rare
`memorisation_dip`     where a weak concept dips while a strong one is finished
`overprompt_window`    when a stronger prompt shows a class earlier
`equivalent_prompt`    the prompt that guidance amounts to
`memorisation_leak`    what memorised classes leak to classes that were never shown
`orthant`              joint accuracy of correlated errors; `estimate_orthant` with its error
`frechet_bounds`       what marginals allow; `product_gap`, `product_bound`: how far from the product
`product_noise`        the same of counts
`product_width`        how sharp a product of curves is; `product_bracket`: when it crosses a level
=====================  ===========================================================================

Reading
-------
Order by distance is a result about a code, a bias and a split, not a law.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.emergence.diffusion import (
    DiffusionPrediction,
    diffusion,
    equivalent_prompt,
)
from simtheory.analytic.emergence.orthants import Orthant, estimate_orthant, orthant
from simtheory.analytic.emergence.products import (
    acquisition_width,
    frechet_bounds,
    product_bound,
    product_bracket,
    product_crossing,
    product_gap,
    product_noise,
    product_slope,
    product_width,
)
from simtheory.analytic.emergence.regression import learning_times, regression
from simtheory.analytic.emergence.windows import (
    MemorisationDip,
    OverpromptWindow,
    critical_overlap,
    frequency_times,
    memorisation_dip,
    memorisation_leak,
    overprompt_window,
)

__all__ = [
    "DiffusionPrediction",
    "MemorisationDip",
    "Orthant",
    "OverpromptWindow",
    "acquisition_width",
    "critical_overlap",
    "diffusion",
    "equivalent_prompt",
    "estimate_orthant",
    "frechet_bounds",
    "frequency_times",
    "learning_times",
    "memorisation_dip",
    "memorisation_leak",
    "orthant",
    "overprompt_window",
    "product_bound",
    "product_bracket",
    "product_crossing",
    "product_gap",
    "product_noise",
    "product_slope",
    "product_width",
    "regression",
]

public(__name__)
