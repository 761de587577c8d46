"""What curves say of themselves: shares in per cent, plateaus, and why a model is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

_SURE = 3.0
"""Standard errors of independent noise by which a plateau lies elsewhere than at its end in theory."""

_DRIFTS = 0.5
"""Largest drift over a plateau, as a share of its distance from that end: correlated noise drifts, too, and
fits with and without an end decide."""

_ABOVE = 5.0
"""Standard errors by which an output lies above 1."""

_FAR = 0.02
"""Smallest such distance, as a share of the range."""

_FALL = 0.05
"""Smallest fall of an output that noise of any correlation does not make."""

_HELPS = 0.5
"""A model explains what another one misses if it leaves residuals smaller by this factor."""

_TARGET = "These look like outputs on the combined input: try observed='target' (--observed target)"

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
        rests = drift < max(4.0 * error, _DRIFTS * away)
        if rests and away > _SURE * error and away > _FAR * float(np.ptp(column)):
            found.append(k)
    return tuple(found)


def likely_cause(
    curves: Curves, form: Form, found: Quality, attempt: Callable[[Curves, Form], Quality | None]
) -> str:
    """Return why a model that is wrong may be so: the change of it that fits best, if one does."""
    combined = curves.observed == "concepts" and curves.n_concepts > 1 and curves.mu is None
    if combined and any(_falls(curves.t, column) for column in curves.values.T):
        return f"{_TARGET}, with the signal strengths `mu`."
    best, cause = np.inf, _GENERIC
    for changed, other, words in _other_models(curves, form):
        tried = _helps(changed, other, found, attempt)
        if tried is not None and tried.aicc < best:
            best, cause = tried.aicc, words
    return cause


def _helps(
    curves: Curves,
    form: Form,
    found: Quality,
    attempt: Callable[[Curves, Form], Quality | None],
) -> Quality | None:
    """Return how well another form fits, if it explains what was found."""
    try:
        tried = attempt(curves, form)
    except SimTheoryError:  # what cannot be fitted explains nothing
        return None
    if tried is None or (tried.rejected and tried.residual > _HELPS * found.residual):
        return None
    return tried


def _other_models(curves: Curves, form: Form) -> Iterator[tuple[Curves, Form, str]]:
    """Models that are near to one: curves, form, and the words that name the change."""
    if curves.observed == "concepts" and curves.n_concepts > 1 and curves.mu is not None:
        model = form.model if form.model in ("one-layer", "tied") else "tied"
        changed = replace(curves, observed="target")
        yield changed, Form.of(changed, model, "correlated", form.depth), f"{_TARGET}."
    plain = replace(form, rows="orthogonal", imbalanced=False)
    two, tied_clock = form.model in LOGISTIC, curves.clock is not None and curves.clock.tied
    if two and not form.imbalanced and not tied_clock:
        other = replace(plain, model="untied", imbalanced=True)
        yield (
            curves,
            other,
            (
                "The layers of an untied net that differ at the start would explain it: try model='untied'."
            ),
        )
    ties = curves.n_concepts > 1 and (curves.observed == "concepts" or curves.mu is not None)
    if ties and two and form.rows == "orthogonal":
        other = replace(plain, model="tied", rows="correlated")
        words = "Ties between concepts would explain it: try model='tied', rows='correlated'."
        yield curves, other, words
    nearer = "The curves are nearer to another net: try"
    if form.model != "one-layer":
        yield curves, replace(plain, model="one-layer"), f"{nearer} model='one-layer'."
    if not two:
        name = "tied" if curves.clock is None or tied_clock else "untied"
        yield curves, replace(plain, model="tied"), f"{nearer} model='{name}'."
    for depth in (3.0, 4.0):
        if (form.model, form.depth) != ("deep", depth):
            other = replace(plain, model="deep", depth=depth)
            yield curves, other, f"{nearer} model='deep', depth={depth:g}."
    if curves.observed == "loss" and curves.mu is not None:
        changed = replace(curves, mu=None, concepts=curves.n_concepts)
        other = Form.of(changed, form.model, "orthogonal", form.depth, form.ends)
        words = "The loss has another unit than ½Σ(1 − w)²μ²: leave `mu` out, and give `concepts`."
        yield changed, other, words


def _falls(t: Array, column: Array) -> bool:
    """Tell whether a curve falls, or rises above 1, by more than its noise."""
    noise = float(noise_level(t, column))
    above = np.sort(column)[-_FEWEST:].min() > 1.0 + _ABOVE * noise + _FAR
    if above or t.size < _FEWEST:
        return bool(above)
    return any(fall.size > max(_FALL, _ABOVE * noise) for fall in rises(t, 1.0 - column).rises)


def _tail(column: Array) -> Array:
    return column[-max(_FEWEST, column.size // _LAST) :]
