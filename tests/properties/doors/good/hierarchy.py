"""Good calls of grammars, of the noise of tokens, and of what is computed on them."""

from typing import Any

from simtheory import RandomHierarchy

GRAMMAR = RandomHierarchy(v=4, m=2, s=2, L=2)
HIERARCHY = {"v": 8, "m": 2, "L": 3}

COMMON: dict[str, Any] = {
    "alpha_bar": 0.5,
    "alpha": 0.5,
    "epsilon": 0.5,
    "grammar": GRAMMAR,
    "strings": GRAMMAR.sample(5, rng=0),
}

OWN: dict[str, dict[str, Any]] = {
    "noise.Erasure": {"noised": [[0, 1, 2]], "alphabet": 3},
    "noise.Mask": {"noised": [[0, 1, 2]], "strings": [[0, 1, 2]], "alphabet": 3},
    "noise.Uniform": {"noised": [[0, 1, 2]], "strings": [[0, 1, 2]], "alphabet": 3},
    "noise.alpha_bars": {"steps": 5},
    "RandomHierarchy": HIERARCHY,
    "TreeGrammar": {"rules": [[[[0, 1], [1, 0]]]]},
    "tasks.favero2025.grammar": {**HIERARCHY, "s": 2, "seed_rules": 0},
    "tasks.favero2025.strings": {"P": 3, "seed_sample": 0},
}

FILLING: dict[str, Any] = {}

COSTLY: set[str] = set()
