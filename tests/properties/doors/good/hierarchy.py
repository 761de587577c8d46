"""Good calls of grammars, of the noise of tokens, and of what is computed on them."""

from typing import Any

import numpy as np

from simtheory import RandomHierarchy

GRAMMAR = RandomHierarchy(v=4, m=2, s=2, L=2)
HIERARCHY = {"v": 8, "m": 2, "L": 3}

COMMON: dict[str, Any] = {
    "alpha_bar": 0.5,
    "alpha": 0.5,
    "epsilon": 0.5,
    "grammar": GRAMMAR,
    "strings": GRAMMAR.sample(5, rng=0),
    "likelihood": np.full((2, 4, 4), 0.25),
    "noised": np.zeros((2, 4), dtype=int),
    "one": (0, 0),
    "other": (0, 3),
    "ladder": np.stack([np.full((2, 4, 4), 0.25), np.full((2, 4, 4), 0.25)]),
    "probabilities": np.full((2, 4, 4), 0.25),
    "n_strings": 100,
    "lca": 2,
    "l": 2,
    "v": 8,
    "m": 2,
    "L": 3,
    "n_c": 8,
    "P": 50,
}

OWN: dict[str, dict[str, Any]] = {
    "analytic.hierarchy": {"width": 8, "s": 2, "j": 1, "p": 0.5, "q": 0.5},
    "analytic.hierarchy.block_posterior": {"level": 1},
    "analytic.hierarchy.reverse_step": {
        "weights": np.full((2, 4, 4), 0.25),
        "alpha_bar_before": 0.9,
        "beta": 0.1,
    },
    "analytic.hierarchy.sensitivity": {"x": 1.0},
    "analytic.hierarchy.snr_threshold": {"level": 1},
    "noise.alpha_bars": {"steps": 5},
    "RandomHierarchy": HIERARCHY,
    "TreeGrammar": {"rules": [[[[0, 1], [1, 0]]]]},
    "tasks.favero2025.grammar": {**HIERARCHY, "s": 2, "seed_rules": 0},
    "tasks.favero2025.strings": {"P": 3, "seed_sample": 0},
}

FILLING: dict[str, Any] = {}

COSTLY: set[str] = set()

# A level that adds nothing has no share.
MAY_BE_NAN = (r"simtheory\.analytic\.hierarchy\.exact_shares$",)
