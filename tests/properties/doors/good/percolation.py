"""Good calls of percolation."""

from typing import Any

import numpy as np

from simtheory.sim import percolation
from simtheory.sim.percolation import Everything, Largest
from tests.properties.doors.good.things import FOLDER

_RUN = percolation.lattice(8, runs=20, rng=0, record=Everything())
_RING = [(0, 1), (1, 2), (2, 0)]

OWN: dict[str, dict[str, Any]] = {
    "analytic.percolation": {
        "sigma": 1.0, "theta": 0.1, "side": 32.0, "radius": 3.0, "spacing": 1.0, "n": 9, "a": 0.3,
        "count": 1, "nx": 3, "ny": 3, "m": 4, "pairs": [(0, 1), (1, 1)], "delta": 0.5, "dx": 0.5,
        "dy": 0.5, "linked": 1.0, "sites": 9, "p": 0.5, "z": 20,
    },
    "analytic.percolation.spanning_polynomial": {"n": 3},
    "analytic.percolation.exact_threshold": {"lattice": "Bethe", "z": 3},
    "sim.percolation": {"runs": 20, "reach": 1.0, "nodes": 3, "edges": _RING, "radius": 1.0},
    "sim.percolation.lattice": {"side": 8},
    "sim.percolation.discs": {"side": 4.0},
    "sim.percolation.find_threshold": {"reach": 1.5, "error": 0.01, "rng": 0},
    "sim.percolation.collapse": {
        "runs": [percolation.lattice(s, runs=60, rng=0, record=Largest()) for s in (8, 16)]
    },
    "sim.percolation.clusters": {"points": np.eye(2)},
    "sim.percolation.links": {"points": np.eye(2)},
    "sim.percolation.mass_ratio": {"points": np.eye(2), "kept": [0.5, 1.0], "draws": 3},
    "sim.percolation.PercolationRun": {
        name: getattr(_RUN, name) for name in ("first", "sums", "runs", "sites", "kind", "side", "nodes")
    },
    "sim.percolation.PercolationRun.wrapping": {"p": 0.5},
    "sim.percolation.PercolationRun.largest": {"p": 0.5},
    "sim.percolation.PercolationRun.susceptibility": {"p": 0.5},
    "sim.percolation.PercolationRun.curve": {"p": [0.5, 0.6]},
    "sim.percolation.PercolationRun.batch": {"index": 0},
    "sim.percolation.PercolationRun.from_xarray": {"dataset": _RUN.to_xarray()},
    "sim.percolation.PercolationRun.load": {"path": _RUN.save(FOLDER / "percolation.npz")},
    "sim.percolation.Threshold": {
        "value": 0.5, "error": 0.1, "runs": 3, "criterion": "either", "side": 8.0
    },
    "sim.percolation.Collapse": {
        "quality": 1.0, "threshold": 0.5, "threshold_error": 0.1, "nu": 1.3, "nu_low": 1.2, "nu_high": 1.4
    },
}  # fmt: skip

LEFT_OUT = {
    "simtheory.analytic.percolation.WrappingProbabilities": "a tuple of answers",
    "simtheory.sim.percolation.records": "choices without arguments",
    "simtheory.sim.percolation.runs.Shares": "a tuple of answers",
}
COSTLY = {"collapse", "find_threshold"}
