"""simtheory: the theory of concept learning, computable, proved and tested.

A task (what is learned) and an init (where the weights start) go down one of three roads: closed
form (`analytic`), integrated flow

Names are loaded when they are first used, so that ``import simtheory`` costs little more than NumPy.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING, Any

from simtheory._names import nearest

if TYPE_CHECKING:
    from simtheory import (
        analytic,
        assess,
        errors,
        explore,
        fit,
        inits,
        noise,
        observe,
        plot,
        sim,
        sweep,
        tasks,
        units,
        validation,
    )
    from simtheory._versions import show_versions
    from simtheory.labels import cite
    from simtheory.observe.agreement import agreement
    from simtheory.results import Curve, Recorder, Samples, Trajectory
    from simtheory.tasks import (
        BumpTask,
        Composition,
        ConceptGraph,
        GaussianMixture,
        LinearTask,
        RandomHierarchy,
        SIMTask,
        TreeGrammar,
    )

__all__ = [
    "BumpTask",
    "Composition",
    "ConceptGraph",
    "Curve",
    "GaussianMixture",
    "LinearTask",
    "RandomHierarchy",
    "Recorder",
    "SIMTask",
    "Samples",
    "Trajectory",
    "TreeGrammar",
    "agreement",
    "analytic",
    "assess",
    "cite",
    "errors",
    "explore",
    "fit",
    "inits",
    "noise",
    "observe",
    "plot",
    "show_versions",
    "sim",
    "sweep",
    "tasks",
    "units",
    "validation",
]

__version__ = _version("simtheory")

_HOMES = {
    "BumpTask": "tasks",
    "Composition": "tasks",
    "ConceptGraph": "tasks",
    "Curve": "results",
    "GaussianMixture": "tasks",
    "LinearTask": "tasks",
    "Recorder": "results",
    "Samples": "results",
    "RandomHierarchy": "tasks",
    "SIMTask": "tasks",
    "Trajectory": "results",
    "TreeGrammar": "tasks",
    "agreement": "observe.agreement",
    "cite": "labels",
    "show_versions": "_versions",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        said = "" if name.startswith("_") else f"; {nearest(name, __all__)}"
        raise AttributeError(f"module 'simtheory' has no attribute {name!r}{said}")
    if name in _HOMES:
        value = getattr(import_module(f"simtheory.{_HOMES[name]}"), name)
    else:
        value = import_module(f"simtheory.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
