r"""Strings of a hierarchy: how many show which level, and what a model knows that knows some levels.

Problem
-------
A random hierarchy writes strings by rules, level by level (`simtheory.tasks.RandomHierarchy`). A
diffusion model learns them from P strings. Which levels does it know, at which P, and what can be
said of a model that knows the levels up to k?

Symbols
-------
L : depth; s : branching; d = s^L : tokens; v : symbols of a level; m : rules of a symbol;
f = m/v^(s−1) : share of tuples that are written; P : number of strings; level 0 : tokens, level L :
root. Levels are counted from the leaves; the released code of favero2025 counts from the root.

Result
------
===============================  ====================================================================
function                         what it gives
===============================  ====================================================================
`class_map`, `class_threshold`   whether the class survives noise
`joint`, `correlation`           correlations of two nodes, of one grammar and in the mean
`rule_threshold` and the others  strings that show a level; `strings_needed` prints the table
`snr_threshold`                  the same for any grammar, without an expansion
`coherence_length`               how far strings of a model of P strings cohere
`plateaus`                       validity above the known levels
`sensitivity`                    what one step of training tells of synonyms
`posterior`, `block_posterior`   the Bayes denoiser, and those that see their own block only
`exact_staircase`                the loss of these; `exact_shares` splits any denoiser along them
`copies`, `distinct`             what a perfect generator repeats
`unet_macs`                      operations of the hierarchical U-Net
===============================  ====================================================================

Reading
-------
Strings needed grow as a power of the context, d^(ln m/ln s), not exponentially: the levels are learned
one by one, since tuples of one symbol share their context.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.hierarchy.correlations import correlation, joint
from simtheory.analytic.hierarchy.counts import copies, distinct, unet_macs
from simtheory.analytic.hierarchy.inference import (
    ExactBeliefs,
    ExactStaircase,
    block_posterior,
    exact_shares,
    exact_staircase,
    optimal_weights,
    posterior,
    reverse_step,
)
from simtheory.analytic.hierarchy.learning import (
    mean_plateau,
    plateaus,
    sensitivity,
    uniform_plateau,
)
from simtheory.analytic.hierarchy.thresholds import (
    StringsNeeded,
    coherence_length,
    latent_context_threshold,
    latent_threshold,
    noise_floor,
    rule_threshold,
    snr_threshold,
    strings_needed,
    supervised_threshold,
    token_range,
    token_threshold,
)
from simtheory.analytic.hierarchy.transition import (
    ClassThreshold,
    class_map,
    class_slopes,
    class_threshold,
)

__all__ = [
    "ClassThreshold",
    "ExactBeliefs",
    "ExactStaircase",
    "StringsNeeded",
    "block_posterior",
    "class_map",
    "class_slopes",
    "class_threshold",
    "coherence_length",
    "copies",
    "correlation",
    "distinct",
    "exact_shares",
    "exact_staircase",
    "joint",
    "latent_context_threshold",
    "latent_threshold",
    "mean_plateau",
    "noise_floor",
    "optimal_weights",
    "plateaus",
    "posterior",
    "reverse_step",
    "rule_threshold",
    "sensitivity",
    "snr_threshold",
    "strings_needed",
    "supervised_threshold",
    "token_range",
    "token_threshold",
    "unet_macs",
    "uniform_plateau",
]

public(__name__)
