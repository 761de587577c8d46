"""Good calls of results and of what is read off them."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from simtheory.results import Recorder
from simtheory.units import Clock
from tests.properties.doors.good.things import CURVE, FOLDER, LAWS, LAYERED, POINTS, RUN, TASK, T

COMMON: dict[str, Any] = {
    "rows": ("a", "b"),
    "x_name": "time",
    "origin": "closed",
    "outputs": np.zeros((2, 2)),
    "probes": np.eye(2),
    "width": 1,
    "least": 0.1,
}


def _recorded() -> Path:
    """Write a short run of a recorder."""
    path = FOLDER / "recorded.jsonl"
    if not path.exists():
        Recorder(TASK, Clock(lr=0.1), probes=np.eye(2), file=path)(0, lambda probes: probes)
    return path


RECORDED = _recorded()

OWN: dict[str, dict[str, Any]] = {
    "Trajectory": {
        "task": TASK,
        "t": T,
        "probes": np.eye(2),
        "outputs": np.zeros((201, 2, 2)),
        "weights": np.zeros((201, 2, 2)),
        "origin": "closed",
        "exact": True,
        "stats": {},
    },
    "Recorder": {"clock": Clock(lr=0.1), "every": 5, "file": None, "resume": False},
    "results.recorder.is_recorded": {"path": RECORDED},
    "Recorder.load": {"path": RECORDED, "tasks": ()},
    "Recorder.due": {"step": 5},
    "Recorder.__call__": {"step": 5, "function": lambda probes: probes},
    "Trajectory.from_outputs": {"probes": np.eye(2)},
    "Trajectory.from_xarray": {"dataset": RUN.to_xarray()},
    "Trajectory.load": {"path": RUN.save(FOLDER / "run.npz")},
    "Trajectory.member": {"index": ()},
    "Trajectory.output": {"probe": [1.0, 0.0]},
    "Curve.from_xarray": {"dataset": CURVE.to_xarray()},
    "Curve.load": {"path": CURVE.save(FOLDER / "curve.npz")},
    "Curve.member": {"index": ()},
    "Curve.row": {"name": "a"},
    "Samples.from_xarray": {"dataset": POINTS.to_xarray()},
    "Samples.load": {"path": POINTS.save(FOLDER / "points.npz")},
    "Samples.member": {"index": ()},
    "Samples": {"points": np.zeros((5, 2))},
    "Curve": {"values": np.stack([T, T**2], axis=-1)},
    **{
        f"observe.{name}": {"traj": LAYERED}
        for name in ("layers", "grams", "tangent_kernel", "alignment")
    },
    "observe.Alignment": {
        "cosine": np.ones(T.size),
        "size": np.ones(T.size),
        "loss": np.ones(T.size),
    },
    "observe.LawResiduals": {f.name: getattr(LAWS, f.name) for f in fields(LAWS)},
    "observe.arrays.rises": {"values": np.sin(T)},
    "observe.arrays.climb": {"values": np.sin(T)[:, None]},
    "observe.arrays.turn_errors": {"values": T, "turn": np.array(1)},
    "observe.arrays.slope": {"x": T, "values": np.sin(T)},
    "observe.arrays.smoothed": {"values": T, "width": 3},
    "observe.arrays.losses": {"outputs": np.zeros((2, 2))},
}

LEFT_OUT = {
    "simtheory.results.axes": "methods of the results",
    "simtheory.results.files": "methods of the results",
}

MAY_BE_NAN = (
    r"simtheory\.(Curve|Samples|Trajectory)",
    r"simtheory\.observe\.arrays\.\w+",
    r"simtheory\.observe\.[A-Z]\w+",
    r"simtheory\.observe\.law_residuals",  # where W does not hold the digits
)
