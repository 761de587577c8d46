r"""Modes as a search needs them: deep ones from a table, and imbalanced ones of any start.

At a hundredth of the cost of the closed form, and right to 1e-10 (2e-9 at depth 1), a deep mode comes
from a table. A mode of depth L depends on the time :math:`aT + K(w_0)` alone, where K is the time in 1/a from w = ½
(negative before). The table holds the logit of w against arsinh K, in which it is nearly straight on
both sides: K falls as a power of w before, and grows as its logit after.

Two layers whose shares of a concept are vectors u and v move :math:`w = u\cdot v` as :math:`\tfrac14|u +
v|^2e^{2\theta} - \tfrac14|u - v|^2e^{-2\theta}` with :math:`\dot\theta = a(1 - w)`: with the growing part E
and the imbalance d, the ratio of both at the start, that is the mode of imbalance :math:`\lambda =
4E\sqrt d` (`analytic.untied.imbalanced_mode`) from :math:`E(1 - d)`, which may be negative.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import expit

from simtheory._typing import Array
from simtheory.analytic._shared import depth_clock

_LOGITS = np.concatenate(
    [np.linspace(-90.0, -12.0, 1500), np.linspace(-11.96, 12.0, 1800), np.linspace(12.1, 60.0, 400)]
)
"""Logits of the table; a search of starts stays inside, and beyond the last one w is 1 to rounding."""

_APART = 1e-10
"""Distance in arsinh K below which two starts are one: below depth 2 a mode reaches zero backwards."""


def mode(rates: Array, logits: Array, t: Array, depth: float) -> Array:
    """Return the modes at times (T,) from starts with these logits, shape (..., T)."""
    forth, back = _table(depth)
    begun = back(logits)
    return np.asarray(expit(forth(np.arcsinh(rates[..., None] * t + begun[..., None]))))


def imbalanced(rates: Array, start: Array, imbalance: Array, t: Array) -> Array:
    """Return the modes of untied layers, shape (..., T), from the growing part of their start."""
    a, grows, decays = rates[..., None], start[..., None], imbalance[..., None]
    kept = grows**2 * decays  # the product of both parts
    speed = np.sqrt(1.0 + 4.0 * kept)
    low, high = 0.5 * (1.0 - speed), 0.5 * (1.0 + speed)
    behind = (high - grows) / (grows - low) * np.exp(-2.0 * a * speed * t)
    part = low + speed / (1.0 + behind)
    return np.asarray(part - kept / part)


@lru_cache(maxsize=16)
def _table(depth: float) -> tuple[Any, Any]:
    """Return the logit as a function of arsinh K, and K as one of the logit."""
    from scipy.interpolate import CubicSpline  # slow to import

    time = depth_clock.elapsed(_LOGITS, np.zeros(_LOGITS.size), depth)
    bent = np.arcsinh(time)
    same = np.flatnonzero(np.diff(bent) < _APART)  # below depth 2 a start of zero leaves, too
    first = int(same[-1]) + 1 if same.size else 0
    bent, logits = bent[first:], _LOGITS[first:]
    forth, back = CubicSpline(bent, logits), CubicSpline(logits, bent)
    return (
        lambda s: forth(np.minimum(s, bent[-1])),
        lambda y: np.sinh(back(np.maximum(y, logits[0]))),
    )
