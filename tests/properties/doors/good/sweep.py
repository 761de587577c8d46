"""Good calls of sweeps."""

from typing import Any

from simtheory import sweep
from tests.properties.doors.good.things import FOLDER

SPEC = {
    "task": {"mu": [1.0, "mu_2"], "sigma": 0.1},
    "measure": ["swing_by"],
    "axes": {"mu_2": [1.0, 2.0]},
}
(FOLDER / "spec.toml").write_text(
    'measure = ["swing_by"]\n[task]\nmu = [1.0, "mu_2"]\nsigma = 0.1\n[axes]\nmu_2 = [1.0, 2.0]\n',
    encoding="utf-8",
)

COMMON: dict[str, Any] = {"axes": {"task.mu_1": [1.0, 2.0]}}

OWN: dict[str, dict[str, Any]] = {
    "sweep.Spec": SPEC,
    "sweep.Spec.cells": {"chunk": 0},
    "sweep.Spec.choices": {"table": "init", "key": "init"},
    "sweep.Spec.from_toml": {"path": FOLDER / "spec.toml"},
    "sweep.Spec.table_at": {"table": "task", "cell": sweep.Spec(**SPEC).cells(0)[0]},
}

LEFT_OUT = {
    "simtheory.sweep.Spec.with_boundary": "its argument is a part of a family",
    "simtheory.sweep.families": "parts of families, which a sweep calls",
    "simtheory.sweep.family": "parts of families, which a sweep calls",
    "simtheory.sweep.store": "the store of a sweep, behind `run` and `read`",
    "simtheory.sweep.read": "its argument is a folder",
    "simtheory.sweep.status": "its argument is a folder",
}

COSTLY = {"run", "dask", "processes"}
