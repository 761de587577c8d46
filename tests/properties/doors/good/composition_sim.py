"""Good calls of the samplers of compositions."""

from typing import Any

from simtheory.sim import composition as sp
from simtheory.tasks import du2023

OWN: dict[str, dict[str, Any]] = {
    "sim.composition.sample": {
        "method": sp.Annealed(sp.MALA(), steps=1),
        "c": du2023.ring_times_bar(),
        "n": 3,
        "levels": sp.Levels.geometric(1.0, 0.1, 3),
        "rng": 0,
    },
    "sim.composition.narrowest": {"c": du2023.ring_times_bar(), "levels": [1.0, 0.0]},
    "sim.composition.Annealed": {"kernel": sp.MALA()},
    "sim.composition.Repaired": {"curvature": sp.Gaussian()},
}

MAY_BE_NAN = (r"simtheory\.sim\.composition\.[A-Z]\w+",)
