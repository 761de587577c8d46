"""Good calls on experts: callables, files, walks, splits and trained nets."""

from typing import Any

import numpy as np

from simtheory.assess.experts import external
from simtheory.noise import MALA, Levels
from simtheory.sim.composition import Annealed
from simtheory.tasks.du2023 import bar, ring, ring_centres

PRODUCT = ring() * bar()
SHORT = Levels.geometric(4.0, 1e-2, 4)
METHOD = Annealed(MALA(), steps=1)


def _score(y: Any, level: float) -> Any:
    return -y / (1.0 + level)


def _density(y: Any, level: float) -> Any:
    return -0.5 * (y**2).sum(axis=1) / (1.0 + level)


_FORM = {"y": np.ones(2), "f": np.ones(2), "level": 0.5, "moment": 1.0}
NORMAL = external(score=_score, dim=2, narrowest=1.0)

OWN: dict[str, dict[str, Any]] = {
    "assess.external": {"score": _score},
    "assess.experts.External": {
        "score_of": _score,
        "density_of": _density,
        "noise_of": None,
        "schedule": None,
        "dim": 2,
        "normalised": False,
        "lowest": 0.0,
        "narrowest": 1.0,
    },
    "assess.experts.External.score": {"x": np.zeros((2, 2)), "level": 0.5},
    "assess.experts.External.log_density": {"x": np.zeros((2, 2)), "level": 0.5},
    "assess.experts.curl": {"expert": NORMAL, "x": np.ones((4, 2)), "level": 0.5},
    "assess.experts.grid_masses": {"c": PRODUCT, "centres": ring_centres(), "level": 0.1},
    "assess.experts.modes": {"c": PRODUCT},
    "assess.experts.answers.floor": {"masses": np.ones(2) / 2, "n": 100},
    "assess.experts.sample": {"method": METHOD, "c": PRODUCT, "n": 4, "levels": SHORT, "rng": 0},
    "assess.experts.unit_variances": {"c": PRODUCT, "levels": SHORT},
    "assess.error_split": {
        "c": PRODUCT,
        "experts": [NORMAL, NORMAL],
        "method": METHOD,
        "levels": SHORT,
        "n": 10,
        "seeds": 1,
    },
    "assess.outlook": {"experts": [ring(), bar()], "weights": None, "n": 100},
    "plot.density": {"density": bar()},
    "validation.composition.Residual.energy": _FORM,
    "validation.composition.SquaredNorm.energy": _FORM,
    "validation.composition.train_expert": {"levels": (1e-4, 8.0)},
}

LEFT_OUT = {
    "simtheory.assess.experts.files": "its arguments are files",
    "simtheory.assess.ErrorSplit": "an answer that error_split makes",
    "simtheory.assess.Outlook": "an answer that outlook makes",
    "simtheory.validation.composition.NetExpert": "a trained net that train_expert makes",
    "simtheory.validation.composition.ExpertRun": "trained nets that train_expert makes",
}

MAY_BE_NAN = (r"simtheory\.assess\.experts\.Drawn\(widths\)",)  # of a cell without draws

COSTLY = {"error_split", "outlook", "train_expert"}
