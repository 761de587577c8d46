"""Good calls of grammars, of the noise of tokens, and of what is computed on them."""

from dataclasses import fields
from typing import Any

import numpy as np

from simtheory import RandomHierarchy, TreeGrammar, noise
from simtheory.validation.hierarchy import DenoiserRun
from tests.properties.doors.good.things import FOLDER

GRAMMAR = RandomHierarchy(v=4, m=2, s=2, L=2)
TREE = TreeGrammar([[[[0, 1], [1, 0]]]])
FLAT = np.ones((3, 4, 4))
HIERARCHY = {"v": 8, "m": 2, "L": 3}

COMMON: dict[str, Any] = {
    "alpha_bar": 0.5,
    "alpha": 0.5,
    "epsilon": 0.5,
    "grammar": GRAMMAR,
    "strings": GRAMMAR.sample(5, rng=0),
    "likelihood": FLAT,
    "noised": GRAMMAR.sample(5, rng=0),
    "probabilities": FLAT / 4,
    "references": GRAMMAR.sample(5, rng=1),
    "one": (0, 0),
    "other": (0, 3),
    "ladder": np.stack([FLAT / 4, FLAT / 4]),
    "n_strings": 100,
    "lca": 2,
    "l": 2,
    "v": 8,
    "m": 2,
    "L": 3,
    "n_c": 8,
    "P": 50,
}

DENOISED = DenoiserRun(
    steps=np.arange(3),
    excess=np.ones((1, 3)),
    shares=np.ones((1, 3, 2)),
    accuracy=np.ones((1, 3, 2)),
    copies=np.zeros((1, 3)),
    novel=np.ones((1, 3)),
    nearest=np.ones((1, 3)),
    losses=np.ones((1, 3)),
    staircase=np.ones(2),
    seeds=np.zeros(1, dtype=int),
)

OWN: dict[str, dict[str, Any]] = {
    "analytic.hierarchy.ExactStaircase": {
        "levels": np.arange(2),
        "excess": np.ones(2),
        "entropy": 1.0,
    },
    "validation.hierarchy": {"run": DENOISED},
    "validation.hierarchy.DenoiserRun": {
        f.name: getattr(DENOISED, f.name) for f in fields(DENOISED)
    },
    "validation.hierarchy.DenoiserRun.member": {"index": 0},
    "validation.hierarchy.DenoiserRun.load": {"path": DENOISED.save(FOLDER / "denoised.npz")},
    "analytic.hierarchy": {"width": 8, "s": 2, "j": 1, "p": 0.5, "q": 0.5},
    "analytic.hierarchy.block_posterior": {"level": 1},
    "analytic.hierarchy.optimal_weights": {"noised": GRAMMAR.sample(3, rng=0)},
    "analytic.hierarchy.reverse_step": {
        "noised": GRAMMAR.sample(3, rng=0),
        "weights": FLAT / 4,
        "alpha_bar_before": 0.9,
        "beta": 0.1,
    },
    "analytic.hierarchy.sensitivity": {"x": 1.0},
    "analytic.hierarchy.snr_threshold": {"level": 1},
    "noise.Erasure": {"noised": [[0, 1, 2]], "alphabet": 3},
    "noise.Mask": {"noised": [[0, 1, 2]], "strings": [[0, 1, 2]], "alphabet": 3},
    "noise.Uniform": {"noised": [[0, 1, 2]], "strings": [[0, 1, 2]], "alphabet": 3},
    "noise.alpha_bars": {"steps": 5},
    "RandomHierarchy": HIERARCHY,
    "RandomHierarchy.from_dict": {"values": GRAMMAR.to_dict()},
    "TreeGrammar.from_dict": {"values": TREE.to_dict()},
    "TreeGrammar.index": {"strings": TREE.sample(3, rng=0)},
    "TreeGrammar.load": {"path": TREE.save(FOLDER / "tree.npz")},
    "TreeGrammar.synonyms": {"strings": TREE.sample(3, rng=0), "level": 1},
    "TreeGrammar": {"rules": [[[[0, 1], [1, 0]]]]},
    "tasks.favero2025.grammar": {**HIERARCHY, "s": 2, "seed_rules": 0},
    "sim.hierarchy.Beliefs": {
        "posterior": FLAT / 4,
        "cavity": FLAT / 4,
        "nodes": (FLAT / 4,),
        "log_evidence": np.zeros(3),
    },
    "sim.hierarchy.Clustering": {"labels": np.zeros((2, 2), int), "ari": 1.0, "auc": 1.0},
    "sim.hierarchy.cluster": {"level": 1},
    "sim.hierarchy.sensitivity": {"level": 1},
    "sim.hierarchy.LevelShares": {
        "shares": np.ones(2),
        "interval": np.ones((2, 2)),
        "excess": 0.1,
        "nearest": 1,
    },
    "sim.hierarchy.Nearest": {"distance": np.array([0, 1]), "index": np.array([1, 0])},
    "sim.hierarchy.Parse": {
        "symbols": (np.zeros((2, 2), int), np.zeros((2, 1), int)),
        "valid": np.ones(2, bool),
        "accuracy": np.ones(1),
    },
    "sim.hierarchy.Staircase": {
        "levels": np.arange(2),
        "excess": np.array([0.1, 0.0]),
        "error": np.zeros(2),
        "entropy": 1.0,
        "samples": 3,
    },
    "sim.hierarchy.likelihood": {"noise": noise.Uniform(0.5)},
    "sim.hierarchy.generate": {"n": 3, "steps": 2},
    "sim.hierarchy.staircase": {"samples": 4, "alpha_bar": 0.5},
    "tasks.favero2025.strings": {"P": 3, "seed_sample": 0},
}

FILLING: dict[str, Any] = {}

COSTLY: set[str] = set()

# A level that adds nothing has no share.
MAY_BE_NAN = (
    r"simtheory\.analytic\.hierarchy\.exact_shares",  # of a level that adds nothing
    r"simtheory\.analytic\.hierarchy\.strings_needed",  # trained nets, at level 1
    r"simtheory\.analytic\.hierarchy\.StringsNeeded\((low|high)\)",  # the same
    r"simtheory\.sim\.hierarchy\.Clustering\(auc\)",  # without synonyms
    r"simtheory\.sim\.hierarchy\.LevelShares\((shares|interval)\)",  # of a level that adds nothing
    r"simtheory\.sim\.hierarchy\.level_shares",  # the same
    r"simtheory\.sim\.hierarchy\.Parse\(accuracy\)",  # of no strings
    r"simtheory\.sim\.hierarchy\.Staircase\(error\)",  # of a single string
)
