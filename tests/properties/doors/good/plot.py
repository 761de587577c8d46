"""Good calls of pictures and pages."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from simtheory import analytic
from tests.properties.doors.good.things import T

mpl.use("Agg")

AXES = Figure().add_subplot()
SWEPT = xr.Dataset(
    {"loss": (("y", "x"), np.ones((2, 3)))}, coords={"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0]}
)

COMMON: dict[str, Any] = {
    "labels": ("a", "b"),
    "xlabel": "x",
    "ylabel": "y",
    "noun": "n",
    "band": (0.1, 0.9),
    "null": 0.0,
    "groups": [np.array([1, 2]), np.array([2, 1])],
    "svg": "<svg></svg>",
    "alt": "text",
    "choices": {"a": "b"},
    "everything": "all",
    "of": "claims",
    "summary": "a",
    "body": "b",
    "title": "t",
    "paint": lambda axes: None,
}

OWN: dict[str, dict[str, Any]] = {
    "plot": {"ax": None},
    "plot.counts": {"ax": AXES},
    "plot.strings_needed": {
        "ax": AXES,
        "table": analytic.hierarchy.strings_needed(v=8, m=2, L=3),
    },
    "plot.crossing": {"ax": AXES, "values": np.sin(T), "predicted": 0.1},
    "plot.measurements": {"ax": AXES, "values": [0.5, 0.6], "predicted": 0.5},
    "plot.scatter": {"ax": AXES, "predicted": T[:, None], "measured": T[:, None]},
    "plot.phase": {"data": SWEPT, "variable": "loss"},
    "plot.picture": {"path": "picture.svg"},
    "report.draw": {"path": "picture.svg"},
}

MAY_BE_NAN = (r"simtheory\.(plot|report)\.\w+",)
