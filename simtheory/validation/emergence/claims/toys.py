"""Claims about toys: Adam's half times, captions without a word, abilities gained by chance."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simtheory import plot
from simtheory._typing import Array
from simtheory.analytic import emergence as forms
from simtheory.observe import arrays
from simtheory.sim import emergence
from simtheory.tasks.emergence import OneHot
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.claims.experiment import Budget, experiment

__all__ = ["CLAIMS"]

_okawa = Topic("emergence", paper="okawa2023").claim
_park = Topic("emergence", paper="park2024").claim

_STRENGTHS = np.geomspace(0.1, 10.0, 9)
_MASKS = np.array([0.0, 0.1, 0.25, 0.5, 0.75, 0.9])
_SKILLS, _CHANCE, _STEPS = (1, 2, 3, 4), 0.02, 400


class HalfTimes(NamedTuple):
    """Steps to w = ½ by strength, of Adam and of gradient descent."""

    adam: Array
    descent: Array


@experiment
def _half_times(budget: Budget) -> HalfTimes:
    """Descend ½ p μ² (1 − w)², p = ¼, from w = 0, at a learning rate of 1e-3."""
    rates, lr = 0.25 * _STRENGTHS**2, 1e-3
    w, first, second = np.zeros((3, rates.size))
    adam = np.full(rates.size, np.nan)
    for step in range(1, 2001):
        slope = -rates * (1.0 - w)
        first = 0.9 * first + 0.1 * slope
        second = 0.999 * second + 0.001 * slope**2
        move = first / (1.0 - 0.9**step) / (np.sqrt(second / (1.0 - 0.999**step)) + 1e-8)
        later = w - lr * move
        crossed = (later >= 0.5) & np.isnan(adam)
        adam[crossed] = step - 1 + ((0.5 - w) / (later - w))[crossed]
        w = later
    # w = 1 − (1 − lr a)^s, exactly
    return HalfTimes(adam, np.log(0.5) / np.log1p(-lr * rates))


@_park(
    "adam-flat",
    where="Section 4.1",
    statement="Under Adam the strength of a concept does not set its speed in a linear model, as it does under "
    "gradient descent.",
    quantity="slope of the logarithm of the half time in that of the strength, 0.1 to 10, full batches",
    band=(-0.05, 0.05),
    null="gradient descent",
    reads=[_half_times],
    budget="quick",
)
def adam_flat(found: HalfTimes) -> Evidence:
    slopes = [float(arrays.slope(np.log(_STRENGTHS), np.log(steps))) for steps in found]

    def draw(ax: Any) -> None:
        for k, (name, steps) in enumerate(zip(("Adam", "gradient descent"), found, strict=True)):
            ax.plot(_STRENGTHS, steps, "o-", color=plot.colour(k), label=name)
        ax.set(xscale="log", yscale="log", xlabel="strength", ylabel="steps to the half")
        ax.legend()

    return Evidence(predicted=0.0, values=slopes[:1], null=slopes[1], seeds=[0], draw=draw)


@experiment
def _masked(budget: Budget) -> Array:
    """Return the times at which gradient descent brings the colour of blue triangles to 0.6."""
    words = np.array(  # 1, red, blue, triangle
        [[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 1], [1, 0, 0, 1]], dtype=np.float64
    )
    target, asked, lr = np.array([-1.0, 1.0, -1.0, -1.0]), np.array([1.0, 0.0, 1.0, 1.0]), 2e-3
    p = np.stack(
        [np.full(_MASKS.size, 1 / 3), np.full(_MASKS.size, 1 / 3), (1 - _MASKS) / 3, _MASKS / 3], 1
    )
    moments = np.einsum("mk,ki,kj->mij", p, words, words)
    pulls = np.einsum("mk,ki,k->mi", p, words, target)
    w, colour = np.zeros((_MASKS.size, 4)), np.zeros(_MASKS.size)
    times, step = np.full(_MASKS.size, np.nan), 0
    while np.isnan(times).any() and step < 10**5:
        w += lr * (pulls - np.einsum("mij,mj->mi", moments, w))
        later = w @ asked
        crossed = (later >= 0.6) & np.isnan(times)
        times[crossed] = lr * (step + ((0.6 - colour) / (later - colour))[crossed])
        colour, step = later, step + 1
    return times


@_park(
    "masked-words",
    where="Section 4.4",
    statement="Where captions of red triangles often lack the word for the colour, blue triangles are learned late, "
    "by the closed form of a linear net on words.",
    quantity="time to colour 0.6 of blue triangles by gradient descent over that of the closed form, at six rates of "
    "hidden words",
    band=(0.98, 1.02),
    null="blind to the hidden words, at the rate 0.5",
    reads=[_masked],
    budget="quick",
)
def masked_words(times: Array) -> Evidence:
    law = forms.masked_caption(_MASKS, code=OneHot()).time

    def draw(ax: Any) -> None:
        grid = np.linspace(0.0, 0.95, 60)
        curve = forms.masked_caption(grid, code=OneHot()).time
        ax.plot(grid, curve, "--", color=plot.INK, label="closed form")
        ax.plot(_MASKS, times, "o", color=plot.colour(0), label="gradient descent")
        ax.set(yscale="log", xlabel="share of hidden words", ylabel="time to colour 0.6")
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(times / law).tolist(),
        null=float(times[3] / law[0]),
        seeds=list(range(_MASKS.size)),
        draw=draw,
    )


@experiment
def _acquired(budget: Budget) -> Array:
    """Return the share of runs that have all skills after each step, a row for each number of skills."""
    runs = 20_000 if budget.name == "quick" else 200_000
    return np.stack([emergence.acquire(_CHANCE, n, _STEPS, runs=runs, rng=n) for n in _SKILLS])


@_okawa(
    "acquisition",
    where="Section 5",
    statement="n abilities, each gained with a fixed probability per step, are all there after t steps with "
    "probability (1 − (1 − p)^t)^n.",
    quantity="largest distance of simulated shares from the form, n = 1 … 4, p = 0.02",
    band=(0.0, 0.02),
    null="one ability's curve for all",
    reads=[_acquired],
    budget="quick",
)
def acquisition(shares: Array) -> Evidence:
    t = np.arange(_STEPS + 1)
    law = np.stack([forms.acquisition(_CHANCE, n, t) for n in _SKILLS])

    def draw(ax: Any) -> None:
        for k, n in enumerate(_SKILLS):
            ax.plot(t, shares[k], color=plot.colour(k), label=f"n = {n}")
            ax.plot(t, law[k], "--", color=plot.INK, lw=0.8)
        ax.set(xlabel="step", ylabel="share that has all")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=np.abs(shares - law).max(axis=1).tolist(),
        null=float(np.abs(shares - law[0]).max()),
        seeds=list(range(len(_SKILLS))),
        draw=draw,
    )


CLAIMS = gathered(vars())
