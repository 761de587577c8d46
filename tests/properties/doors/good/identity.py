"""Good calls of the tasks, starts, units and closed forms of concept learning."""

from typing import Any

import numpy as np

from simtheory import LinearTask, SIMTask, units
from tests.properties.doors.good.things import EQUAL, LINEAR, TASK, U, W

PAIR = [0.1 * np.eye(2), 0.1 * np.eye(2)]

COMMON: dict[str, Any] = {
    "U0": U,
    "W0": W,
    "u0": np.array([0.1, 0.05]),
    "b0": np.zeros(2),
    "w0": 0.1,
    "U": U,
    "W": W,
    "A": np.diag([1.0, 2.0]),
    "N": np.eye(2),
    "weights": W,
    "layers": PAIR,
    "rate": np.array([1.0, 2.0]),
    "rates": np.array([1.0, 2.0]),
    "second_moment": np.diag([1.0, 2.0]),
    "cross_moment": np.diag([1.0, 2.0]),
    "depth": 3,
    "lr": 0.01,
    "steps": np.arange(5),
    "step": 0.01,
    "batch": 8,
    "decay": 0.1,
    "momentum": 0.0,
    "variance": np.array([1.0, 2.0]),
    "variances": np.array([1.0, 2.0, 4.0]),
    "start": 0.1,
    "cosine": 0.1,
    "mu": (1.0, 2.0),
    "label_noise": 0.1,
    "spread": 0.1,
    "teacher": np.diag([1.0, 0.5]),
    "trace": 0.5,
    "log_ratio": 0.1,
    "imbalance": 0.1,
    "strength": 2.0,
    "noise": 0.5,
    "ratio": 0.3,
    "omega": 0.1,
    "entry": 0.1,
    "figure": "2a",
    "convention": "stated",
}

ALIGNED = LinearTask(np.diag([2.0, 1.0]))
WIDE = SIMTask(mu=np.linspace(1.0, 2.0, 12), sigma=0.3)
STRONG_FIRST = SIMTask(mu=(3.0, 1.0), sigma=0.1)
STRAIGHT = 0.05 * np.eye(2)

OWN: dict[str, dict[str, Any]] = {
    "SIMTask": {"mu": (1.0, 2.0), "sigma": 0.3},
    "SIMTask.from_data": {"x": np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 2.0]])},
    "SIMTask.from_dict": {"values": TASK.to_dict()},
    "LinearTask": {"teacher": LINEAR.teacher},
    "LinearTask.from_data": {"x": np.eye(2), "y": np.eye(2)},
    "LinearTask.from_dict": {"values": LINEAR.to_dict()},
    "tasks.saxe2019.hierarchy": {"branching": (2, 2)},
    "SIMTask.vertex": {"presence": (1.0, 0.0)},
    "analytic.descent.adam": {"start": STRAIGHT},
    "analytic.finite_sample.perturbation": {"n": 5000, "t": np.linspace(0.0, 1.0, 5)},
    "analytic.finite_sample.proportional": {"task": WIDE},
    "analytic.finite_sample.rate_shift": {"n": 5000},
    "analytic.finite_sample.spikes": {"task": WIDE},
    "analytic.tied.blocks": {"U0": STRAIGHT},
    "analytic.tied.bump_top": {"task": STRONG_FIRST, "U0": 1e-4 * U},
    "analytic.tied.early_correction": {
        "task": STRONG_FIRST,
        "U0": 1e-3 * U,
        "t": np.linspace(0.0, 1.0, 5),
    },
    "analytic.tied.first_order": {"U0": STRAIGHT},
    "analytic.tied.first_order_teacher": {"U0": STRAIGHT},
    "analytic.tied.second_order": {"U0": STRAIGHT},
    "analytic.tied.isotropic": {"task": EQUAL},
    "analytic.tied.projector": {"U0": np.eye(2)},
    "analytic.tied.swing_peak": {"task": STRONG_FIRST, "U0": 1e-2 * U},
    "analytic.deep.aligned": {"task": ALIGNED, "w0": 0.01},
    "analytic.deep.aligned_times": {"task": ALIGNED, "w0": 0.01},
    "analytic.untied.aligned": {"task": ALIGNED, "w0": 0.01},
    "analytic.untied.crossing": {"rates": (2.0, 1.0), "w0": 0.01},
    "results.Grams": {
        "inputs": np.zeros((201, 2, 2)),
        "weights": np.zeros((201, 2, 2)),
        "outputs": np.zeros((201, 2, 2)),
    },
    "results.Grams.tangent_kernel": {"probes": np.eye(2)},
    "analytic.untied.early": {"t": np.linspace(0.0, 0.1, 5)},
    "analytic.untied.grams": {"init": PAIR},
    "analytic.untied.isotropic": {"task": EQUAL, "init": PAIR, "layers": True},
    "analytic.untied.riccati": {"init": PAIR, "layers": True},
    "analytic.yang2024.growth_below": {"rate": 1.0},
    "tasks.from_dict": {"kind": "identity", "values": TASK.to_dict()},
    "tasks.identity.moment_rates": {"mu": np.ones(2), "sigma": np.ones(2), "weights": np.ones(2)},
    "tasks.yang2024.Setup": {"steps": 5, "clock": units.Clock(lr=0.1)},
}

FILLING: dict[str, Any] = {"SwingForecast": None, "Withheld": None}

MAY_BE_NAN = (
    r"simtheory\.analytic\.(?!denoiser\.\w+Denoiser|composition\.|hierarchy\.|percolation\.)(\w+\.)*[A-Z]\w+",
    r"simtheory\.tasks\.yang2024\.Setup",
    r"simtheory\.SIMTask\.(to|from)_concept_axes",
    r"simtheory\.analytic\.one_layer\.flow",
    r"simtheory\.tasks\.identity\.moment_rates",
)
