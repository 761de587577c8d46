"""Good calls of mixtures, compositions and the set-ups of Du et al."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from simtheory.analytic.composition import validity
from simtheory.noise import HMC, MALA, Levels
from simtheory.tasks import GaussianMixture
from simtheory.tasks.composition.tails import weakest_tail
from simtheory.tasks.du2023 import bar, ring

GAUSS = GaussianMixture([1.0], [[0.2, 0.0]], [0.5])
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

X = np.zeros((4, 2))
SCORES = np.random.default_rng(0).normal(size=(2, 4, 2))
FALLING = np.array([1.0, 0.5, 0.0])
SUM = GAUSS * GAUSS
LINE = GaussianMixture((0.3, 0.7), (-1.0, 0.5), (0.2, 0.1))
CURVE = np.linspace(0.0, 1.0, 2)

ROOM: dict[str, Any] = {
    "c": SUM,
    "x": X,
    "centres": [[-0.5, 0.0], [0.5, 0.0]],
    "levels": FALLING,
    "times": 0.5,
    "kernel": MALA(),
    "variances": np.ones(3),
    "v": np.ones(3),
    "direction": (1.0, 0.0),
    "points": np.zeros((3, 4, 2)),
    "scores": SCORES,
    "weights": (1.0, 1.0),
    "displacement": SCORES[0],
    "precisions": np.stack([np.eye(2), 2.0 * np.eye(2)]),
    "offsets": (0.0, 1.0),
    "schedule": Levels.geometric(10.0, 0.1, 5),
    "first": SCORES[0],
    "second": SCORES[1],
    "noise": X,
    "drop": 0.1,
    "expert": GAUSS,
    "variance": 0.5,
    "dim": 2,
    "mixture": PAIR,
    "exponent": 2.0,
    "gaussian": GaussianMixture([1.0], [[0.0, 0.0]], [4.0]),
    "posteriors": 3,
    "prior": 1.0,
    "model": 0,
    "k": 3,
    "cuts": [0.0],
}

OWN: dict[str, dict[str, Any]] = {
    "analytic.composition": ROOM,
    "analytic.composition.defect_of_pairs": {"scores": SCORES, "background": X},
    "analytic.composition.factorised": {"background": np.ones(3), "shifts": np.ones(3)},
    "analytic.composition.guidance_defect": {"cond": X, "uncond": X + 1.0, "gamma": 2.0},
    "analytic.composition.high_noise_gap": {"dim": 2, "experts": 3},
    "analytic.composition.equal_shrink": {"experts": 3},
    "analytic.composition.error_parts": {
        "meant": np.ones(2) / 2,
        "exact": np.ones(2) / 2,
        "sampled": np.ones((3, 2)) / 2,
        "learned": np.ones((3, 2)) / 2,
    },
    "analytic.composition.relaxed": {
        "masses": np.array([0.5, 0.5]),
        "moved": np.array([[-1.0, 1.0], [1.0, -1.0]]),
        "exact": np.array([0.5, 0.5]),
    },
    "analytic.composition.GaussianLaw": {"mean": np.zeros(2), "covariance": np.eye(2)},
    "analytic.composition.FreezeOut": {
        "masses": np.full((3, 2), 0.5),
        "exact": np.full((3, 2), 0.5),
        "rates": np.zeros((3, 2, 2)),
        "level": 1.0,
    },
    "analytic.composition.Advice": {
        "validity": validity(SUM),
        "total_weight": 2.0,
        "exact": True,
        "laws": {},
        "step": 0.3,
        "leapfrog": 3,
        "acceptance": {"mala": 0.9},
        "moves": np.ones(2),
        "distances": None,
        "within": 0.05,
        "needed": None,
        "count": 40,
        "sampler": "Oracle()",
        "reason": "a mixture",
    },
    "analytic.composition.attractor": {"total_weight": 2.0},
    "analytic.composition.churned_variance": {"variance": 0.5, "experts": 3, "churn": 1.0},
    "analytic.composition.ode_variance": {
        "variances": (0.5, 1.0),
        "weights": (1.0, 1.0),
        "start": 4.0,
    },
    "analytic.composition.multiply": {
        "weights": (np.zeros(2), np.zeros(2)),
        "means": (PAIR.means, PAIR.means),
        "covariances": (PAIR.covariances, PAIR.covariances),
    },
    "analytic.composition.resonances": {"kernel": HMC(), "v": np.ones(3)},
    "analytic.composition.separatrix_weights": {"c": LINE * LINE, "cuts": [0.0], "start": 4.0},
    "analytic.composition.terminal_law": {"c": LINE * LINE, "points": 101, "steps": 20},
    "analytic.composition.mixture_score": {"experts": [PAIR, GAUSS], "x": X, "level": 0.5},
    "analytic.composition.Law": {"x": CURVE, "density": np.ones(2), "cumulative": CURVE},
    "analytic.composition.Law.distance": {"density": np.ones_like},
    "tasks.composition.tails": {"c": SUM, "label": "gmm-product", "tail": weakest_tail(SUM)},
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
