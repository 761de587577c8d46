"""Pictures of results: Axes in, Axes out.

No function here shows a figure, arranges its layout or touches the settings of matplotlib; `style`
offers some. Colour means concept and dash means road, in every picture.
"""

from simtheory.plot.agreement import prediction
from simtheory.plot.charts import counts, crossing, measurements, scatter
from simtheory.plot.concept_space import concept_space
from simtheory.plot.curves import curve
from simtheory.plot.fit import fitted, residuals
from simtheory.plot.panels import FORMATS, picture
from simtheory.plot.phase import phase
from simtheory.plot.samples import samples
from simtheory.plot.style import GREY, INK, colour, dash, style
from simtheory.plot.trajectories import loss, weights

__all__ = [
    "FORMATS",
    "GREY",
    "INK",
    "colour",
    "concept_space",
    "counts",
    "crossing",
    "curve",
    "dash",
    "fitted",
    "loss",
    "measurements",
    "phase",
    "picture",
    "prediction",
    "residuals",
    "samples",
    "scatter",
    "style",
    "weights",
]
