"""The forms that a fit tries, by what is said of the net, and what curves and fixed values must be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simtheory._checks import (
    between,
    nearest,
    number,
)
from simtheory.errors import ArgumentError, FitError, RegimeError
from simtheory.fit._evidence import (
    flat,
)
from simtheory.fit._forms import Form
from simtheory.fit.curves import Curves

_DEEPEST = 1000.0
"""Layers of the deepest net that is fitted; beyond it curves of any depth look alike."""


def layers_of(model: str, depth: float | None) -> float | None:
    """Check the depth of a deep net; None for others."""
    if model == "deep" and depth is None:
        raise ArgumentError(
            "Argument `depth` must say how many layers a deep net has; pass depth=3, say."
        )
    if model not in ("auto", "deep") and depth is not None:
        raise ArgumentError(
            f"Argument `depth` is of a deep net, but the model is {model!r}. Pass model='deep'."
        )
    if depth is not None:
        between("depth", number("depth", depth), 1.0, _DEEPEST)
    return depth


def _models(curves: Curves, model: str, depth: float | None) -> tuple[str, ...]:
    """The nets that are tried: those that fit what is said of the net."""
    clock = curves.clock
    if (
        clock is not None
        and clock.loss == "recurrence"
        and (model not in ("auto", "tied") or depth)
    ):
        raise ArgumentError('Argument `clock` with loss="recurrence" is of a tied net.')
    if model != "auto":
        return (model,)
    if depth is not None:
        return ("deep",)
    if clock is not None and clock.tied:
        return ("tied",)
    return ("one-layer", "tied" if clock is None else "untied")


def candidates(
    curves: Curves, model: str, rows: str, depth: float | None, ends: tuple[int, ...]
) -> list[Form]:
    """Every candidate, each after the one without its ties or imbalance."""
    models = _models(curves, model, depth)
    layers = 2.0 if depth is None else float(depth)
    orthogonal = [Form.of(curves, m, "orthogonal", layers, ends) for m in models]
    apart = [replace(f, imbalanced=True) for f in orthogonal if f.model == "untied"]
    if rows == "orthogonal":
        return orthogonal + apart
    tied_up = [replace(f, rows="correlated") for f in orthogonal if _may_show_ties(curves, f.model)]
    if rows == "correlated" and not tied_up:
        raise RegimeError(
            "Ties between rows need two concepts and, but for outputs on single concepts, known "
            "signal strengths `mu`; one layer shows them in outputs at the target only, and untied and "
            f"deep nets are fitted without. These are {curves!r}, model {model}."
        )
    if rows == "correlated":
        return tied_up
    return [form for m in models for form in (*orthogonal, *apart, *tied_up) if form.model == m]


def _may_show_ties(curves: Curves, model: str) -> bool:
    if curves.n_concepts < 2 or model not in ("one-layer", "tied"):
        return False
    if model == "one-layer":
        return curves.observed == "target" and curves.mu is not None
    return curves.observed == "concepts" or curves.mu is not None


def check_fixed(given: dict[str, float], forms: list[Form]) -> None:
    for name, value in given.items():
        for form in forms:
            known = [n for n in form.names if n.startswith(("rate", "start")) and n[-2] == "_"]
            if name not in known:
                raise ArgumentError(
                    f"Argument `fixed` names {name!r}, which is no rate or start of the {form.model} "
                    f"model; {nearest(name, known)}"
                )
            if not np.isfinite(form.fitted(name, float(value), 1.0)):
                raise ArgumentError(
                    f"Argument `fixed` gives {name} = {value!r}, which the {form.model} model cannot "
                    "have: rates are positive, and starts of two layers or more lie between 0 and 1."
                )


def check_moved(curves: Curves, given: dict[str, float]) -> None:
    """Refuse a curve that does not move: its parameters are not identified."""
    for k, (name, column) in enumerate(zip(curves.names, curves.values.T, strict=True)):
        held = {f"rate_{k + 1}", f"start_{k + 1}"} <= set(given)
        if held or not flat(curves.t, column):
            continue
        level = float(column.mean())
        what = "" if curves.observed == "loss" else f"_{k + 1}"
        advice = (
            "It was learned before the first time: record earlier."
            if curves.observed != "loss" and level > 0.5
            else "Record until it has moved, better until half of it is learned."
        )
        raise FitError(
            f"The curve {name!r} stays at {level:.3g} within its noise until {curves.t[-1]:g}, so rate{what} "
            f"and start{what} are not identified. {advice} Or leave it out, or give both in `fixed`.",
            parameters=(f"rate{what}", f"start{what}"),
        )
