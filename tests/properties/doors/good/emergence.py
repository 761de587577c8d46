"""Good calls of concept graphs, and of what is computed on them."""

from typing import Any

import numpy as np

from simtheory import ConceptGraph
from simtheory.analytic.emergence import Affine, Logistic
from simtheory.tasks.emergence import Signed

GRAPH = ConceptGraph([[0, 0], [1, 0], [0, 1]], sigma=0.1)
CLASSES = [[1, 1], [0, 1]]

COMMON: dict[str, Any] = {
    "graph": GRAPH,
    "train": GRAPH.train,
    "classes": CLASSES,
    "weak": 0.2,
    "f": 0.5,
}

# fmt: off
OWN: dict[str, dict[str, Any]] = {
    "ConceptGraph": {"train": GRAPH.train},
    "ConceptGraph.ball": {"n": 4, "radius": 2},
    "ConceptGraph.decode": {"outputs": [[0.2, 0.9]]},
    "ConceptGraph.from_dict": {"values": GRAPH.to_dict()},
    "ConceptGraph.name": {"values": (1, 1)},
    "ConceptGraph.named": {"words": ["10", "1, 1"]},
    "ConceptGraph.shares": {"outputs": [[0.2, 0.9], [1.0, 1.0]]},
    "ConceptGraph.star": {"n": 4},
    "tasks.emergence": {"values": 3},
    "analytic.emergence": {
        "n": 4, "d": 2, "a": 0.3, "b": 0.1, "p": 0.3, "level": 0.4, "rho": 0.7, "mu": 1.0, "sigma": 0.1,
        "code": Signed(), "mask": [0.0, 0.5], "target": (1, 1), "alpha": 1.0, "k": 3, "steps": [0, 10],
        "distance": 1, "before": [0.5, 0.9], "tuned": 0.2, "weight": 0.1,
        "overlap": 0.7, "budget": 20.0, "w0": 1e-3, "gain": 2.0, "curve": Logistic(1.0),
    },
    "analytic.emergence.Exponential.window": {"gain": np.array([1.5, 2.0])},
    "analytic.emergence.Logistic.window": {"gain": np.array([1.5, 2.0])},
    "analytic.emergence.zipf_miss": {"t": [10.0, 100.0]},
    "analytic.emergence.park_ode": {"a": 2.0},
    "analytic.emergence.park_passing": {"a": 2.0},
    "analytic.emergence.regression_descent": {"lr": 0.1},
    "analytic.emergence.fine_tuned": {"target": 1.0},
    "analytic.emergence.BestAddition": {
        "names": ("00", "11"), "classes": np.array([[0, 0], [1, 1]]), "times": np.array([1.0, np.inf]),
        "before": 3.0,
    },
    "analytic.emergence.outlook": {"model": Affine()},
    "analytic.emergence.Affine.times": {"gain": np.ones(2)},
    "analytic.emergence.Lazy.times": {"gain": np.ones(2)},
    "analytic.emergence.Denoiser.times": {"gain": np.ones(2)},
    "analytic.emergence.Outlook": {
        "names": ("00", "11"), "classes": np.array([[0, 0], [1, 1]]), "distances": np.array([0, 1]),
        "times": np.array([1.0, np.inf]), "reasons": ("", "b"), "prompts": ("a", ""),
        "prompted": np.array([0.5, np.nan]), "ordered": True, "model": "a net",
    },
    "analytic.emergence.MaskedCaption": {
        "mask": np.array([0.0, 1.0]), "colour": np.array([1.0, 0.0]), "time": np.array([3.0, np.inf]),
    },
}

# fmt: on
FILLING: dict[str, Any] = {"ConceptGraph": GRAPH}

MAY_BE_NAN = (
    r"simtheory\.analytic\.emergence\.(star|exchangeable)",  # on of a class without, off of one with all
    r"simtheory\.analytic\.emergence\.Outputs",
    r"simtheory\.analytic\.emergence\.(outlook|Outlook\(prompted\))",  # no prompt is earlier
)
