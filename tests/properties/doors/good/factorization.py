"""Good calls of factorization."""

from typing import Any

import numpy as np

from simtheory.analytic import factorization
from simtheory.tasks.factorization import BumpTask

_NEXT = {"labels": [[2.0, 2.0], [2.0, 6.0], [6.0, 2.0]], "n": 1, "radius": 3.0, "tolerance": 2.0}
_TASK = BumpTask(12)

OWN: dict[str, dict[str, Any]] = {
    "tasks.factorization": {"n": 12, "width": 3.0, "axis": "x", "spacing": 1.0, "count": 4, "gap": 1.0},
    "tasks.factorization.Cross": {"low": 3.0, "high": 6.0},
    "BumpTask": {"side": 12},
    "BumpTask.queries": {"n": 5, "rng": 0},
    "BumpTask.labels": {"rng": 0},
    "BumpTask.render": {"labels": [[3.0, 4.0]]},
    "BumpTask.is_held_out": {"labels": [[3.0, 4.0]]},
    "BumpTask.from_dict": {"values": {"side": 12}},
    "tasks.liang2024": {"side": 12, "stripes": True, "sigma": 1.0, "kept": 0.5, "width": 3.0, "place": "corner"},
    "analytic.factorization.additive_fit": {
        "images": [[1.0], [2.0], [2.0], [3.0]], "factors": [[0, 0], [0, 1], [1, 0], [1, 1]],
        "held_out": np.array([False, False, False, True]),
    },
    "analytic.factorization.ideal_denoiser": {
        "z": [0.1], "clean": [[-1.0], [1.0]], "data_share": 0.5, "noise_share": 0.5, "weights": [1.0, 1.0],
    },
    "analytic.factorization.examples_needed": {"task": _TASK, "tolerance": 1.0, "accuracy": 0.6},
    "analytic.factorization.next_examples": _NEXT,
    "assess.next_examples": _NEXT,
    "analytic.factorization.Need": {"law": "grid", "n": 3, "assumes": "a grid", "label": "lattice-coverage"},
    "analytic.factorization.ExamplesNeeded": {
        name: getattr(factorization.examples_needed(_TASK, tolerance=1.0, accuracy=0.6), name)
        for name in ("needs", "side", "tolerance", "accuracy", "theta", "looks")
    },
    "analytic.factorization.NextExamples": {
        "cover": [[1.0, 2.0]], "covered": [0.1, 0.2], "connect": [[1.0, 2.0]], "largest": [0.1, 0.2],
    },
    "analytic.factorization": {
        "width": 4.0, "tolerance": 1.0, "n": 50, "side": 32, "spacing": 1.5,
        "sigma": 1.0, "R": 2.0, "r": 1.0, "gx": 12, "gy": 9, "dim": 64, "torus": "doughnut",
    },
}  # fmt: skip

LEFT_OUT = {
    "simtheory.analytic.factorization.AdditiveFit": "a tuple of answers",
    "simtheory.tasks.liang2024.RimSets": "a tuple of answers",
    "simtheory.tasks.liang2024.StripeSets": "a tuple of answers",
    "simtheory.analytic.factorization.Displacements": "a tuple of answers",
    "simtheory.analytic.factorization.NoiseMeans": "a tuple of answers",
}
