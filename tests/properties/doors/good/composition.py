"""Good calls of mixtures, compositions and the set-ups of Du et al."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from simtheory.tasks import GaussianMixture
from simtheory.tasks.du2023 import bar, ring

PAIR = GaussianMixture((0.3, 0.7), ((-1.0, 0.0), (0.5, 1.0)), (0.2, 0.1))

FITTED = SimpleNamespace(
    covariance_type="spherical", weights_=PAIR.weights, means_=PAIR.means, covariances_=[0.2, 0.1]
)

COMMON: dict[str, Any] = {
    "cond": ring(),
    "uncond": bar(),
    "experts": [ring(), bar()],
    "background": bar(),
    "mixture": PAIR,
    "gamma": 2.0,
    "means": PAIR.means,
    "covariances": PAIR.covariances,
    "linear": 0.5,
    "quadratic": 0.5,
}

ARRAYS = {"weights": PAIR.weights, "variances": PAIR.variances}

OWN: dict[str, dict[str, Any]] = {
    "tasks.composition.arrays": {**ARRAYS, "x": np.zeros((4, 2)), "axes": None},
    "tasks.composition.arrays.condition": {
        "weights": PAIR.weights,
        "means": PAIR.means,
        "covariances": PAIR.covariances,
        "axes": np.array([0]),
        "values": np.array([0.5]),
    },
    "tasks.composition.arrays.tilt": {
        "weights": PAIR.weights,
        "means": PAIR.means,
        "covariances": PAIR.covariances,
        "linear": np.ones(2),
        "quadratic": np.eye(2),
    },
    "Composition": {"x": np.zeros((4, 2))},
    "Composition.classified": {"target": 0, "labels": [0, 1]},
    "Composition.from_dict": {"values": (ring() * bar()).to_dict()},
    "Composition.negated": {"a": ring(), "b": bar()},
    "GaussianMixture": {**ARRAYS, "x": np.zeros((4, 2)), "axes": [0]},
    "GaussianMixture.from_dict": {"values": PAIR.to_dict()},
    "GaussianMixture.from_fitted": {"fitted": FITTED},
    "GaussianMixture.given": {"values": [0.5]},
    "tasks.composition.arrays.diffuse": {"weights": PAIR.weights, "alpha": 0.9},
    "tasks.du2023.slots": {"k": 3, "background": "empty"},
}

FILLING: dict[str, Any] = {"GaussianMixture": PAIR, "Composition": ring() * bar()}

MAY_BE_NAN = (r"simtheory\.tasks\.composition\.arrays\.\w+",)
