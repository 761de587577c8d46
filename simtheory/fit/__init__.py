r"""Your own curves: effective rates, starts and ties of measured curves, and a forecast.

Problem
-------
A network was trained, and its output for each concept, or its loss, was recorded over time. How fast does it learn each concept, in the sense of the theory? From how small a start, and
with which ties between concepts? When will it have learned the others? Will its test loss rise?

Symbols
-------
y : what was measured, (T, C); a : rates; w(0) : starts, entries of W(0); c : cosines between rows of
U(0); mu : signal strengths; J : derivatives of the model by its parameters; s : standard deviation
of the residuals.

Result
------
Two models, in canonical time. One layer, from any start, and the tied net, whose modes grow where
rows of U(0) are orthogonal and whose flow is integrated where they are not:

.. math:: \dot w_k = a_k(1 - w_k) , \qquad \dot w_k = 2a_kw_k(1 - w_k) .

Least squares give the parameters, :math:`s^2(J^TJ)^{-1}` their covariance, and AICc the choice.

Reading
-------
Residuals with a pattern show that the model misses something, and the intervals do not contain that
error: look at the runs test before the intervals. Where the data do not identify a parameter there is
no fit but a `FitError`, which names the parameter and what to record.
"""

from simtheory._names import public
from simtheory.fit.curves import OBSERVED, Curves, curves
from simtheory.fit.fitting import fit
from simtheory.fit.forecast import Forecast, Interval, SwingForecast, Withheld, as_dict, predict
from simtheory.fit.noisy_rises import NoisyRises, noise_level, rises
from simtheory.fit.results import Candidate, Fit, Parameter, Quality

__all__ = [
    "OBSERVED",
    "Candidate",
    "Curves",
    "Fit",
    "Forecast",
    "Interval",
    "NoisyRises",
    "Parameter",
    "Quality",
    "SwingForecast",
    "Withheld",
    "as_dict",
    "curves",
    "fit",
    "noise_level",
    "predict",
    "rises",
]

public(__name__)
