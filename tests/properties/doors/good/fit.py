"""Good calls of the fit of measured curves."""

from dataclasses import fields
from typing import Any

import numpy as np

from simtheory import fit
from tests.properties.doors.good.things import CURVES, FIT, FORECAST, RUN, T

COMMON: dict[str, Any] = {
    "curves": CURVES,
    "fit": FIT,
    "source": RUN,
    "loss": np.exp(-T),
}

OWN: dict[str, dict[str, Any]] = {
    "fit.Curves": {"t": T, "values": np.stack([T / 20, T / 20], axis=-1), "names": ("a", "b")},
    "fit.Curves.until": {"t": 5.0},
    "fit.Fit": {f.name: getattr(FIT, f.name) for f in fields(FIT)},
    "fit.Forecast": {f.name: getattr(FORECAST, f.name) for f in fields(FORECAST)},
    "fit.rises": {"loss": np.exp(-T) + 0.01 * np.random.default_rng(1).normal(size=T.size)},
}

FILLING: dict[str, Any] = {
    "Interval": fit.Interval(1.0, 0.5, 2.0),
    "Quality": FIT.quality,
    "Curves": CURVES,
    "Forecast": None,
}

MAY_BE_NAN = (r"simtheory\.fit\.[A-Z]\w+",)
