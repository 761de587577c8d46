"""What curves say of themselves: shares in per cent, plateaus, and why a model is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from simtheory._typing import Array
from simtheory.errors import FitError, SimTheoryError
from simtheory.fit._evidence import Quality
from simtheory.fit._forms import LOGISTIC, Form
from simtheory.fit.curves import Curves
from simtheory.fit.noisy_rises import noise_level, rises

_UNIT = 3.0
"""End of a rising curve above which it is no share of its target."""

_LAST = 8
"""The last 1/8 of a curve is looked at for a plateau."""

_FEWEST = 6
"""Fewest points of a plateau."""

_SURE = 5.0
"""Standard errors by which a plateau lies elsewhere than at its end in theory."""

_FAR = 0.02
"""Smallest such distance, as a share of the range."""

_FALL = 0.05
"""Smallest fall of an output that noise of any correlation does not make."""

_HELPS = 0.5
"""A model explains what another one misses if it leaves residuals smaller by this factor."""

_GENERIC = (
    "Possible causes: a schedule of the learning rate or another optimiser, a net that is not of this "
    "model, or curves in another unit."
)


def check_shares(curves: Curves) -> None:
    """Refuse outputs that are no shares: per cent, another unit, or hits and misses."""
    if curves.observed == "loss":
        return
    for name, column in zip(curves.names, curves.values.T, strict=True):
        if column.size > 2 and set(np.unique(column)) == {0.0, 1.0}:
            raise FitError(
                f"The curve {name!r} holds only 0 and 1: these are hits and misses, and the models are of "
                "shares. Average over samples or seeds, or record the output itself."
            )
        end = float(np.median(_tail(column)))
        if end > _UNIT and end > column[0]:
            advice = (
                "These look like per cent: divide by 100."
                if end < 130.0
                else "Divide by the value of a concept that is learned."
            )
            raise FitError(
                f"The curve {name!r} ends near {end:.3g}, but outputs must be shares of their target, "
                f"which are 1 when the concept is learned. {advice}"
            )


def plateaus(curves: Curves) -> tuple[int, ...]:
    """Return the columns that come to rest elsewhere than theory says; (0,) for a loss with a floor."""
    found = []
    for k, column in enumerate(curves.values.T):
        tail = _tail(column)
        if tail.size < _FEWEST:
            continue
        noise = float(noise_level(curves.t, column))
        aim = 0.0 if curves.observed == "loss" else 1.0
        away = abs(float(tail.mean()) - aim)
        error = max(noise, float(np.std(tail))) / np.sqrt(tail.size)
        half = tail.size // 2
        drift = abs(float(tail[:half].mean() - tail[half:].mean()))
        rests = drift < max(4.0 * error, 0.05 * away)
        if rests and away > _SURE * error and away > _FAR * float(np.ptp(column)):
            found.append(k)
    return tuple(found)


def likely_cause(
    curves: Curves, form: Form, found: Quality, attempt: Callable[[Curves, Form], Quality | None]
) -> str:
    """Return why a model that is wrong may be so: the first change of it that fits."""

    def helps(changed: Curves, other: Form) -> bool:
        try:
            tried = attempt(changed, other)
        except SimTheoryError:  # what cannot be fitted explains nothing
            return False
        return tried is not None and (
            not tried.rejected or tried.residual < _HELPS * found.residual
        )

    if curves.observed == "concepts" and curves.n_concepts > 1:
        target = "These look like outputs on the combined input: try observed='target' (--observed target)"
        model = form.model if form.model in ("one-layer", "tied") else "tied"
        if curves.mu is not None:
            changed = replace(curves, observed="target")
            if helps(changed, Form.of(changed, model, "correlated", form.depth)):
                return f"{target}."
        elif any(_falls(curves.t, column) for column in curves.values.T):
            return f"{target}, with the signal strengths `mu`."
    ties = curves.n_concepts > 1 and (curves.observed == "concepts" or curves.mu is not None)
    loose = ties and form.model in LOGISTIC and form.rows == "orthogonal"
    if loose and helps(curves, replace(form, model="tied", rows="correlated")):
        return "Ties between concepts would explain it: try model='tied', rows='correlated'."
    for model, depth in (("one-layer", 2.0), ("tied", 2.0), ("deep", 3.0), ("deep", 4.0)):
        other = replace(form, model=model, rows="orthogonal", depth=depth)
        alike = model in LOGISTIC and form.model in LOGISTIC
        if not alike and other != form and helps(curves, other):
            tied = curves.clock is None or curves.clock.tied
            named = {"deep": f"model='deep', depth={depth:g}", "one-layer": "model='one-layer'"}
            wanted = named.get(model, "model='tied'" if tied else "model='untied'")
            return f"The curves are nearer to another net: try {wanted}."
    if curves.observed == "loss" and curves.mu is not None:
        changed = replace(curves, mu=None, concepts=curves.n_concepts)
        if helps(changed, Form.of(changed, form.model, "orthogonal", form.depth, form.ends)):
            return (
                "The loss has another unit than ½Σ(1 − w)²μ²: leave `mu` out, and give `concepts`."
            )
    return _GENERIC


def _falls(t: Array, column: Array) -> bool:
    """Tell whether a curve falls, or rises above 1, by more than its noise."""
    noise = float(noise_level(t, column))
    above = np.sort(column)[-_FEWEST:].min() > 1.0 + _SURE * noise + _FAR
    if above or t.size < _FEWEST:
        return bool(above)
    return any(fall.size > _FALL + _SURE * noise for fall in rises(t, 1.0 - column).rises)


def _tail(column: Array) -> Array:
    return column[-max(_FEWEST, column.size // _LAST) :]
