"""Good calls on what users bring."""

from typing import Any

import numpy as np

from simtheory import RandomHierarchy, assess
from simtheory.assess import coherence
from tests.properties.doors.good.things import FOLDER

_WALK = np.cumsum(np.random.default_rng(0).integers(-1, 2, size=4_000)) % 5
COHERENCE = coherence(_WALK, reference=_WALK, distances=[1, 2])

_GRAMMAR = RandomHierarchy(v=4, m=2, L=2)
PROBE = assess.probe(_GRAMMAR, n=20, rng=0)

OWN: dict[str, dict[str, Any]] = {
    "assess.coherence": {"strings": _WALK, "distances": [1, 2]},
    "assess.Coherence": {name: getattr(COHERENCE, name) for name in COHERENCE.__slots__},
    "assess.score": {"strings": _GRAMMAR.sample(5, rng=0), "grammar": _GRAMMAR},
    "assess.Score": {
        "accuracy": [1.0, 0.5],
        "accuracy_interval": [[1.0, 1.0], [0.4, 0.6]],
        "valid": assess.Share(0.5, 0.4, 0.6),
        "novel": None,
        "copies": None,
        "nearest": None,
        "distinct": 2,
        "rule_usage": (np.ones(2),),
        "rule_interval": (np.ones((2, 2)),),
        "rule_expected": (np.ones(2),),
        "n": 2,
    },
    "assess.Probe.load": {"path": PROBE.save(FOLDER / "probe.npz")},
    "assess.Probe": {name: getattr(PROBE, name) for name in PROBE.__slots__},
    "assess.probe": {"grammar": _GRAMMAR, "n": 20},
    "assess.level_shares": {"probe": PROBE, "probabilities": np.full((20, 4, 4), 0.25)},
    "assess.staircase": {"probe": PROBE},
    "plot.coherence": {"found": COHERENCE},
    "report.answer": {"table": "a", "parts": ()},
    "report.Part": {
        "heading": "a",
        "sentences": ("a",),
        "head": ("x", "y"),
        "rows": (("a", "1"),),
    },
    "report.write": {"out": "x", "page": "", "json": ""},
}

LEFT_OUT = {
    "simtheory.assess.tokens.texts": "its argument is a file",
    "simtheory.assess.scores.strings": "its argument is a file",
}

MAY_BE_NAN = (
    r"simtheory\.assess\.Coherence\(ratio(_error)?\)",  # where the reference is not resolvable
    r"simtheory\.assess\.coherence",  # the same, or no reference at all
    r"simtheory\.assess\.Score\(rule_usage\)",  # of a symbol that no node has
)
