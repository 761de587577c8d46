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


def _whole(A: Rate, B: Rate) -> Array:
    """Return ln(B/A), of rates whose ratio is no float as well."""
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        plain = np.log(np.asarray(B / A))
    return np.where(np.isfinite(plain), plain, np.log(B) - np.log(A))


def _integral(rate: Rate, t: Array) -> Array:
    """Return E₁(rate t), t > 0, also where the product is below the normal floats."""
    x = rate * t
    tiny = x < np.finfo(float).tiny
    logarithm = np.euler_gamma + np.log(rate) + np.log(t)
    return np.where(tiny, -logarithm, special.exp1(np.where(tiny, 1.0, x)))


def unlearned(A: Rate, B: Rate, t: Array) -> Array:
    """Return ∫ e^{−yt}/y dy from A to B, both positive, in either order."""
    whole, early = _whole(A, B), np.maximum(A, B) * t < _EARLY
    # Where t is too early for E₁ a time of 1 stands in; the series answers there.
    later = np.where(early, 1.0, t)
    return np.where(early, whole - (B - A) * t, _integral(A, later) - _integral(B, later))


def learned(A: Rate, B: Rate, t: Array) -> Array:
    """Return ∫ (1 − e^{−yt})/y dy from A to B, both positive, in either order."""
    return _whole(A, B) - unlearned(A, B, t)


def learned_from_zero(B: Rate, t: Array) -> Array:
    """Return ∫ (1 − e^{−yt})/y dy from 0 to B: the entire function Ein(Bt)."""
    x = B * t
    early = x < _EARLY
    later = np.where(early, 1.0, x)
    return np.where(early, x, special.exp1(later) + np.log(later) + np.euler_gamma)
