"""Good calls on what users bring."""

from typing import Any

import numpy as np

from simtheory.assess import coherence

_WALK = np.cumsum(np.random.default_rng(0).integers(-1, 2, size=4_000)) % 5
COHERENCE = coherence(_WALK, distances=[1, 2])

OWN: dict[str, dict[str, Any]] = {
    "assess.coherence": {"strings": _WALK, "distances": [1, 2]},
    "assess.Coherence": {name: getattr(COHERENCE, name) for name in COHERENCE.__slots__},
    "plot.coherence": {"found": COHERENCE},
    "report.answer": {"table": "a"},
    "report.write": {"out": "x", "page": "", "json": ""},
}

LEFT_OUT = {"simtheory.assess.tokens.texts": "its argument is a file"}
