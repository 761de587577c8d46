"""Good calls of noise, linear denoisers and flow matching."""

from typing import Any

import numpy as np

from simtheory import analytic, noise
from tests.properties.doors.good.things import NET, NOISY, T

COMMON: dict[str, Any] = {
    "net": NET,
    "times": np.array([1.0, 2.0, 4.0]),
    "generated": np.array([1.0, 2.0, 3.0]),
    "s": 0.5,
    "sigma_min": 0.1,
    "sigma_max": 2.0,
    "bridge": analytic.denoiser.tied_bridge(NOISY, sigma=0.5),
    "prediction": "v",
    "output": np.zeros((3, 2)),
    "z": np.zeros((3, 2)),
    "sampler": noise.DDIM(),
    "guess": lambda z, level: z,
}

DIFFUSION = {"task": NOISY, "variance": 1.0, "t": T}

OWN: dict[str, dict[str, Any]] = {
    "analytic.denoiser": DIFFUSION,
    "analytic.denoiser.OneLayerDenoiser": {"variance": 1.0, "t": T, "lam": np.ones(1)},
    "analytic.denoiser.TiedDenoiser": {"variance": 1.0, "t": T, "lam": np.ones(1)},
    "analytic.flow_matching": {"variance": 1.0},
    "noise": {
        "u": 0.5,
        "steps": 4,
        "schedule": noise.CosineVP(),
        "clean": np.zeros((3, 2)),
        "here": noise.CosineVP().at(0.5),
        "there": noise.CosineVP().at(0.4),
        "noise": np.ones((3, 2)),
    },
    "noise.Levels.cosine": {"T": 4, "clean": True},
    "noise.Levels.of_ratios": {"ratios": [2.0, 1.0]},
    "noise.Levels.at": {"times": [0.9, 0.1]},
    "noise.weights.weights_of": {"weight": noise.LogNormal(), "sigma": np.ones(3)},
    "noise.weights.largest_weight": {"weight": noise.LogNormal(), "sigma": np.ones(3)},
    "noise.clean_of": {"level": noise.CosineVP().at(0.5)},
    "noise.target_of": {
        "level": noise.CosineVP().at(0.5),
        "x": np.zeros((3, 2)),
        "noise": np.ones((3, 2)),
    },
    "noise.sample": {"levels": noise.Levels.of(noise.CosineVP(), 4), "noise": None},
    "noise.Levels": {"time": [0.9, 0.1], "alpha": [0.1, 0.9], "sigma": [0.9, 0.1]},
    "tasks.DenoisingTask": {"covariance": np.eye(2)},
    "tasks.DenoisingTask.from_dict": {"values": NOISY.to_dict()},
    "validation.denoiser": {
        **DIFFUSION,
        "levels": np.array([2.0, 1.0]),
        "weights": np.zeros((2, 2, 2)),
    },
}

FILLING: dict[str, Any] = {"OneLayerDenoiser": NET}

COSTLY = {"train_linear", "two_layers"}

MAY_BE_NAN = (
    r"simtheory\.noise\.(Level|sample|target_of|clean_of)",
    r"simtheory\.noise\.\w+\.(alpha|sigma|level|at|step)",
)
