"""Strings of a tree grammar, exactly: parsed, inferred from noise, drawn by reverse diffusion, clustered.

Every function takes a `RandomHierarchy` or a `TreeGrammar`, and strings of integers.

====================================  ============================================================
what                                  what it gives
====================================  ============================================================
`parse`                               symbols above the tokens, and how far strings keep the rules
`likelihood`, `infer`                 what noisy strings say about every token and node: Bayes, or
                                      a model that knows the rules up to a level
`draw_posterior`                      clean strings for noisy ones
`generate`                            strings drawn by the reverse process of uniform noise
`staircase`, `level_shares`           what each level is worth, and how much of it a denoiser has
`cluster`, `sensitivity`              what the statistics of training strings tell about synonyms
`nearest`                             nearest training string of each sample, and copies
====================================  ============================================================
"""

from simtheory._names import public
from simtheory.sim.hierarchy.beliefs import Beliefs, draw_posterior, infer, likelihood
from simtheory.sim.hierarchy.clusters import Clustering, cluster, sensitivity
from simtheory.sim.hierarchy.generation import generate
from simtheory.sim.hierarchy.levels import LevelShares, Staircase, level_shares, staircase
from simtheory.sim.hierarchy.neighbours import Nearest, nearest
from simtheory.sim.hierarchy.parsing import Parse, parse

__all__ = [
    "Beliefs",
    "Clustering",
    "LevelShares",
    "Nearest",
    "Parse",
    "Staircase",
    "cluster",
    "draw_posterior",
    "generate",
    "infer",
    "level_shares",
    "likelihood",
    "nearest",
    "parse",
    "sensitivity",
    "staircase",
]

public(__name__)
