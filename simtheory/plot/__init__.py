"""Pictures of results: Axes in, Axes out.

No function here shows a figure, arranges its layout or touches the settings of matplotlib; `style`
offers some. Colour means concept and dash means road, in every picture.

Names are loaded when they are first used: Matplotlib by the first picture, and the models of `fit` only
for theirs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simtheory._names import public
from simtheory.plot.style import GREY, INK, colour, dash, style

if TYPE_CHECKING:
    from simtheory.plot.agreement import prediction
    from simtheory.plot.charts import counts, crossing, measurements, scatter
    from simtheory.plot.curves import curve
    from simtheory.plot.densities import density
    from simtheory.plot.diagrams import phase
    from simtheory.plot.evaluations import class_curves, emergence_times, prompt_steps
    from simtheory.plot.fit import fitted, residuals
    from simtheory.plot.hierarchy import strings_needed
    from simtheory.plot.panels import FORMATS, picture
    from simtheory.plot.paths import concept_space
    from simtheory.plot.points import samples
    from simtheory.plot.texts import coherence
    from simtheory.plot.trajectories import loss, weights

__all__ = [
    "FORMATS",
    "GREY",
    "INK",
    "class_curves",
    "coherence",
    "colour",
    "concept_space",
    "counts",
    "crossing",
    "curve",
    "dash",
    "density",
    "emergence_times",
    "fitted",
    "loss",
    "measurements",
    "phase",
    "picture",
    "prediction",
    "prompt_steps",
    "residuals",
    "samples",
    "scatter",
    "strings_needed",
    "style",
    "weights",
]

_HOMES = {
    "FORMATS": "panels",
    "class_curves": "evaluations",
    "coherence": "texts",
    "concept_space": "paths",
    "counts": "charts",
    "crossing": "charts",
    "curve": "curves",
    "density": "densities",
    "emergence_times": "evaluations",
    "fitted": "fit",
    "loss": "trajectories",
    "measurements": "charts",
    "phase": "diagrams",
    "picture": "panels",
    "prediction": "agreement",
    "prompt_steps": "evaluations",
    "residuals": "fit",
    "samples": "points",
    "scatter": "charts",
    "strings_needed": "hierarchy",
    "weights": "trajectories",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simtheory.plot' has no attribute {name!r}")
    value = getattr(import_module(f"simtheory.plot.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


public(__name__)
