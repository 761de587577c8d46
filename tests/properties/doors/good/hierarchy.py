"""Good calls of tree grammars and of what is known of their strings."""

from typing import Any

from simtheory import RandomHierarchy

GRAMMAR = RandomHierarchy(v=4, m=2, s=2, L=2)
HIERARCHY = {"v": 8, "m": 2, "L": 3}

COMMON: dict[str, Any] = {
    "grammar": GRAMMAR,
    "strings": GRAMMAR.sample(5, rng=0),
}

OWN: dict[str, dict[str, Any]] = {
    "RandomHierarchy": HIERARCHY,
    "TreeGrammar": {"rules": [[[[0, 1], [1, 0]]]]},
    "tasks.favero2025.grammar": {**HIERARCHY, "s": 2, "seed_rules": 0},
    "tasks.favero2025.strings": {"P": 3, "seed_sample": 0},
}
