r"""Differences of exponential integrals, finite from t = 0 to infinity.

Every sampled variance of a linear net rests on two integrals over a range [A, B] of rates: what of
its logarithmic measure is still to be learned at time t, and what has been learned,

.. math:: \int_A^B \frac{e^{-yt}}{y}\,dy = E_1(At) - E_1(Bt), \qquad
          \int_A^B \frac{1-e^{-yt}}{y}\,dy = \ln\frac BA - E_1(At) + E_1(Bt) .

Both are taken as *differences*: each :math:`E_1` alone diverges as t goes to zero.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from simtheory._later import special
from simtheory._typing import Array

Rate: TypeAlias = Array | float


_EARLY = 1e-8
"""Below it the next term of a series in x, x²/4, is under the rounding of 1."""


def unlearned(A: Rate, B: Rate, t: Array) -> Array:
    """Return ∫ e^{−yt}/y dy from A to B, both positive, in either order."""
    whole, early = np.log(B / A), np.maximum(A, B) * t < _EARLY
    # Where t is too early for E₁ a time of 1 stands in; the series answers there.
    later = np.where(early, 1.0, t)
    # Below the smallest float E₁ would be infinite, and so would its difference.
    x, y = (np.maximum(rate * later, np.finfo(float).tiny) for rate in (A, B))
    return np.where(early, whole - (B - A) * t, special.exp1(x) - special.exp1(y))


def learned(A: Rate, B: Rate, t: Array) -> Array:
    """Return ∫ (1 − e^{−yt})/y dy from A to B, both positive, in either order."""
    return np.asarray(np.log(B / A) - unlearned(A, B, t))


def learned_from_zero(B: Rate, t: Array) -> Array:
    """Return ∫ (1 − e^{−yt})/y dy from 0 to B: the entire function Ein(Bt)."""
    x = B * t
    early = x < _EARLY
    later = np.where(early, 1.0, x)
    return np.where(early, x, special.exp1(later) + np.log(later) + np.euler_gamma)
