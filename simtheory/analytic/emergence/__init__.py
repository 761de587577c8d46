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
==========================  ======================================================================
function                    what it gives
==========================  ======================================================================
`regression`,               affine regression: outputs of any class at any time, and when each class
`learning_times`            is learned for good
`regression_descent`        the same by gradient descent in steps
`star`, `exchangeable`      closed forms of splits that do not change under permutation
`order_criterion`           when classes are ordered by distance
`farthest_time`             time of the class with all concepts, on the star
`time_without_bias`         the common time of all classes without a bias
`outlook`                   order, times, never with its reason, and prompts, of one graph
`best_addition`             which further class lets a target be learned soonest
`kernel_regression`,        lazy nets: any kernel of the overlap, and fine-tuning
`kernel_times`
`memorisation_leak`,        what a falling kernel never learns
`critical_overlap`
`fine_tuned`                what fine-tuning on one class does to others
`half_times`,               one concept by itself: strength, spread, frequency, budget
`frequency_slope`,
`critical_frequency`,
`frequency_width`
`prompt_window`             how much earlier a stronger prompt shows a concept
`masked_caption`            captions that leave words out
`acquisition`,              toys: skills gained by chance
`acquisition_time`,
`zipf_skills`, `zipf_miss`
`park_ode`, `park_passing`  the simulation of Park et al.
`diffusion`                 linear diffusion through training and sampling: law, accuracies, times
`diffusion_times`           when many graphs of one size show their classes, at once
`equivalent_prompt`         the prompt that guidance amounts to
`frequency_times`           times of diffusion where one trained class is rare
`memorisation_dip`          where a weak concept dips while a strong one is finished
`overprompt_window`         when a stronger prompt shows a class earlier
`orthant`                   joint accuracy of correlated errors
`estimate_orthant`          the same with its error
`frechet_bounds`            joint accuracies that marginals allow
`product_gap`,              how far a joint accuracy is from the product of its marginals, to first
`product_bound`             order and at most
`product_noise`             the same of counts
`product_width`,            how sharp a product of learning curves is
`product_slope`,
`acquisition_width`
`product_crossing`,         when it crosses a level
`product_bracket`
`clock`                     steps of a run for every class, by one constant from trained classes
==========================  ======================================================================

Reading
-------
Order by distance is a result about a code, a bias and a split, not a law.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.emergence.acquisition import (
    acquisition,
    acquisition_time,
    zipf_miss,
    zipf_skills,
)
from simtheory.analytic.emergence.additions import BestAddition, best_addition
from simtheory.analytic.emergence.clock import Clock, clock
from simtheory.analytic.emergence.diffusion import (
    DiffusionPrediction,
    diffusion,
    diffusion_times,
    equivalent_prompt,
)
from simtheory.analytic.emergence.kernels import (
    critical_overlap,
    fine_tuned,
    kernel_regression,
    kernel_times,
    memorisation_leak,
)
from simtheory.analytic.emergence.orthants import Orthant, estimate_orthant, orthant
from simtheory.analytic.emergence.outlook import Affine, Denoiser, Lazy, Learner, Outlook, outlook
from simtheory.analytic.emergence.park import park_ode, park_passing
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
from simtheory.analytic.emergence.prompts import (
    Exponential,
    Logistic,
    MaskedCaption,
    masked_caption,
    prompt_window,
)
from simtheory.analytic.emergence.regression import (
    learning_times,
    regression,
    regression_descent,
)
from simtheory.analytic.emergence.star import (
    Outputs,
    Parts,
    exchangeable,
    farthest_time,
    order_criterion,
    star,
    time_without_bias,
)
from simtheory.analytic.emergence.strengths import (
    HalfTimes,
    critical_frequency,
    frequency_slope,
    frequency_width,
    half_times,
)
from simtheory.analytic.emergence.windows import (
    MemorisationDip,
    OverpromptWindow,
    frequency_times,
    memorisation_dip,
    overprompt_window,
)

__all__ = [
    "Affine",
    "BestAddition",
    "Clock",
    "Denoiser",
    "DiffusionPrediction",
    "Exponential",
    "HalfTimes",
    "Lazy",
    "Learner",
    "Logistic",
    "MaskedCaption",
    "MemorisationDip",
    "Orthant",
    "Outlook",
    "Outputs",
    "OverpromptWindow",
    "Parts",
    "acquisition",
    "acquisition_time",
    "acquisition_width",
    "best_addition",
    "clock",
    "critical_frequency",
    "critical_overlap",
    "diffusion",
    "diffusion_times",
    "equivalent_prompt",
    "estimate_orthant",
    "exchangeable",
    "farthest_time",
    "fine_tuned",
    "frechet_bounds",
    "frequency_slope",
    "frequency_times",
    "frequency_width",
    "half_times",
    "kernel_regression",
    "kernel_times",
    "learning_times",
    "masked_caption",
    "memorisation_dip",
    "memorisation_leak",
    "order_criterion",
    "orthant",
    "outlook",
    "overprompt_window",
    "park_ode",
    "park_passing",
    "product_bound",
    "product_bracket",
    "product_crossing",
    "product_gap",
    "product_noise",
    "product_slope",
    "product_width",
    "prompt_window",
    "regression",
    "regression_descent",
    "star",
    "time_without_bias",
    "zipf_miss",
    "zipf_skills",
]

public(__name__)
