"""Good calls of linear diffusion on concept graphs, and of products of accuracies."""

from typing import Any

import numpy as np

from simtheory import ConceptGraph
from simtheory.analytic.emergence import diffusion

STAR = ConceptGraph([[0, 0], [1, 0], [0, 1]], mu=(0.3, 0.8), sigma=0.05)
PREDICTION = diffusion(STAR, [1.0, 4.0], classes=[[1, 1], [0, 1]])

_LIMITS: dict[str, Any] = {
    "z": [0.5, 0.2, 0.1],
    "R": np.eye(3) * 0.7 + 0.3,
    "q": [0.9, 0.8, 0.7],
    "k": 3,
    "prompts": [0.2, 0.8],
    "guidance": 1.5,
}

OWN: dict[str, dict[str, Any]] = {
    **{
        f"analytic.emergence.{name}": _LIMITS
        for name in (
            "orthant",
            "estimate_orthant",
            "frechet_bounds",
            "product_gap",
            "product_bound",
            "product_noise",
            "product_crossing",
            "product_width",
            "product_slope",
            "equivalent_prompt",
        )
    },
    "analytic.emergence.acquisition_width": {"n": 3},
    "analytic.emergence.product_bracket": {
        "times": lambda level: np.array([10.0, 12.0]) + np.log(level / (1.0 - level)),
    },
    "analytic.emergence.diffusion": {
        "graph": STAR,
        "t": [1.0, 4.0],
        "classes": [[1, 1]],
        "steps": 5,
    },
    "analytic.emergence.diffusion_times": {
        "graphs": [STAR, ConceptGraph([[0, 0], [1, 0], [0, 1]], sigma=0.1)],
        "classes": [[1, 1]],
        "steps": 5,
    },
    "analytic.emergence.memorisation_dip": {"graph": STAR, "target": [1, 1], "concept": 0},
    "analytic.emergence.overprompt_window": {"graph": STAR, "target": [1, 1], "concept": 0},
    "analytic.emergence.frequency_times": {
        "graph": STAR,
        "rare": [1, 0],
        "frequencies": [0.5],
        "classes": [[1, 1]],
    },
    "analytic.emergence.DiffusionPrediction": {
        "t": PREDICTION.t,
        "classes": PREDICTION.classes,
        "mean": PREDICTION.mean,
        "covariance": PREDICTION.covariance,
        "task": STAR,
        "asked": PREDICTION.asked,
    },
    "analytic.emergence.DiffusionPrediction.at": {"t": [2.0]},
    "analytic.emergence.MemorisationDip": {
        "top_time": 2.5,
        "top": 0.26,
        "bottom_time": 8.1,
        "bottom": 0.22,
    },
    "analytic.emergence.OverpromptWindow": {
        "gains": np.array([1.5]),
        "times": np.array([2.0]),
        "plain": 3.0,
    },
    "analytic.emergence.Orthant": {"value": np.ones(2), "error": np.zeros(2)},
}

FILLING: dict[str, Any] = {"DiffusionPrediction": PREDICTION}
