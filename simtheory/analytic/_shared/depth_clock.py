r"""The clock of a deep net's mode and its inverse, in arithmetic that keeps both ends of the curve.

Symbols
-------
L : depth, real, at least 1; p = 2/L; w : the mode, between 0 and 1; y = ln(w/(1−w)) : its logit.

A mode of rate a moves as :math:`\dot w = La\,w^{2-p}(1-w)`. It goes from one level to another in a
time :math:`K/a`, where K is the time that it would take if nothing saturated, which is the integral
of :math:`x^{p-2}/L`, plus the growth of :math:`G = \tfrac12w^p\,{}_2F_1(1, p; 1+p; w)`. All of it is
computed from y, because y gives w and 1 − w both to full relative precision.
"""

from __future__ import annotations

import numpy as np

from simtheory._later import special
from simtheory._typing import Array

_TERMS = np.arange(64.0)
"""Terms of both series, in powers of at most one half: 2^-64 is below rounding."""


_ROUNDS = 60
"""Most steps of Newton's method, which starts within a factor two in time of the root and needs ten."""


def saturation(y: Array, depth: float) -> Array:
    """Return G = ½ w^p ₂F₁(1, p; 1+p; w) at w = 1/(1+e^−y): what saturation costs, in 1/a.

    SciPy's ``hyp2f1`` is wrong near w = 1 for some p, so both series are summed here: around w = 0
    the plain one, p Σ wᵏ/(k+p); around w = 1 the one in 1 − w, which carries the logarithm.
    """
    p = 2.0 / depth
    w, rest = special.expit(y), special.expit(-y)
    low = np.minimum(w, 0.5)[..., None] ** _TERMS
    near_zero = np.sum(low * (p / (_TERMS + p)), axis=-1)
    high = np.minimum(rest, 0.5)[..., None] ** _TERMS * (
        special.poch(p, _TERMS) / special.poch(1.0, _TERMS)
    )
    constant = special.digamma(_TERMS + 1.0) - special.digamma(_TERMS + p)
    log_rest = special.log_expit(-np.maximum(y, 0.0))[..., None]
    near_one = p * np.sum(high * (constant - log_rest), axis=-1)
    return np.asarray(0.5 * w**p * np.where(y < 0, near_zero, near_one))


def unsaturated(y: Array, y0: Array, depth: float) -> Array:
    """Return the time, in 1/a, from y0 to y if nothing saturated; y0 = −∞ needs a depth below 2."""
    power = (2.0 - depth) / depth
    log_w, log_w0 = special.log_expit(y), special.log_expit(y0)
    ratio = log_w - log_w0
    if power == 0:
        return np.asarray(0.5 * ratio)
    if power > 0:
        return np.asarray(np.exp(power * log_w) * -np.expm1(-power * ratio) / (2.0 - depth))
    return np.asarray(np.exp(power * log_w0) * np.expm1(power * ratio) / (2.0 - depth))


def elapsed(y: Array, y0: Array, depth: float) -> Array:
    """Return the time K, in 1/a, that a mode takes from y0 to y."""
    return unsaturated(y, y0, depth) + saturation(y, depth) - saturation(y0, depth)


def reached(y0: Array, time: Array, depth: float) -> Array:
    """Return the y at which a mode from y0 has spent `time`, in 1/a: Newton's method on `elapsed`.

    The clock is concave in y above depth 2 and convex below. So Newton's method comes down on the
    root from one side, if it starts there: the start takes an unsaturated mode, which is ahead, or
    one at half the speed, which is behind up to w = ½.
    """
    power = (2.0 - depth) / depth
    y = _behind(y0, time, depth) if power <= 0 else _ahead(y0, time, depth)
    for _ in range(_ROUNDS):
        slope = np.exp(power * special.log_expit(y)) / depth
        step = (time - elapsed(y, y0, depth)) / slope
        y = np.maximum(y + step, y0)
        if np.all(np.abs(step) <= 4e-16 * np.maximum(np.abs(y), 1.0)):
            break
    return y


def mode(rates: Array, w0: Array, t: Array, depth: float) -> Array:
    """Return the mode at each time; 0 and 1 stay, but for a zero that leaves below depth 2."""
    time = rates * t
    still = ((w0 == 0.0) & (depth >= 2.0)) | (w0 == 1.0) | (time == 0.0)
    y0 = np.broadcast_to(special.logit(np.where(still, 0.5, w0)), still.shape)
    values = special.expit(reached(y0, np.where(still, 0.0, time), depth))
    return np.asarray(np.where(still, w0, values))


def _behind(y0: Array, time: Array, depth: float) -> Array:
    """Return a y that a mode from y0 has certainly passed; depth 2 or more."""
    power = (2.0 - depth) / depth
    if power == 0:
        return y0 + 2.0 * time
    # w^power falls at the speed (L−2)(1−w): at least at half of it until w = ½.
    least = np.exp(power * special.log_expit(y0)) - 0.5 * (depth - 2.0) * time
    half = 0.5**power
    log_w = np.log(np.maximum(least, half)) / power
    return np.maximum(y0, np.where(least > half, special.logit(np.exp(log_w)), 0.0))


def _ahead(y0: Array, time: Array, depth: float) -> Array:
    """Return a y that a mode from y0 has certainly not passed; depth below 2."""
    power = (2.0 - depth) / depth
    most = np.exp(power * special.log_expit(y0)) + (2.0 - depth) * time
    log_w = np.log(np.where(most > 0, most, 1.0)) / power
    early = special.logit(np.exp(np.minimum(log_w, np.log(0.5))))
    late = np.maximum(y0, 0.0) + 2.0**power * depth * time
    return np.maximum(y0, np.where((most > 0) & (log_w < np.log(0.5)), early, late))
