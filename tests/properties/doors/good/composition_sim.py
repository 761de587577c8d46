"""Good calls of the samplers of compositions."""

from typing import Any

import numpy as np

from simtheory.sim import composition as sp
from simtheory.tasks import du2023
from tests.properties.doors.good.things import POINTS

OWN: dict[str, dict[str, Any]] = {
    "sim.composition.sample": {
        "method": sp.Annealed(sp.MALA(), steps=1),
        "c": du2023.ring_times_bar(),
        "n": 3,
        "levels": sp.Levels.geometric(1.0, 0.1, 3),
        "rng": 0,
    },
    "sim.composition.narrowest": {"c": du2023.ring_times_bar(), "levels": [1.0, 0.0]},
    "observe.cell_masses": {"samples": POINTS, "centres": np.eye(2)},
    "observe.mode_variances": {"samples": POINTS, "centres": np.eye(2)},
    "observe.mass_distance": {"samples": POINTS, "centres": np.eye(2), "truth": [0.5, 0.5]},
    "observe.log_density": {"samples": POINTS, "target": du2023.ring()},
    "observe.MassDistance": {"value": 0.1, "floor": 0.01, "error": 0.01},
    "observe.LogDensity": {"mean": 0.1, "median": 0.01, "error": 0.01},
    "sim.composition.Annealed": {"kernel": sp.MALA()},
    "sim.composition.Repaired": {"curvature": sp.Gaussian()},
}

MAY_BE_NAN = (r"simtheory\.sim\.composition\.[A-Z]\w+", r"simtheory\.observe\.mode_variances")
