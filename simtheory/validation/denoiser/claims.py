"""The claims about linear denoisers, with denoisers trained at every noise level.

Each seed draws its own Gaussian data, so that a law of the population is tested on samples. A
denoiser trains for half as many seeds as the budget has.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simtheory import plot
from simtheory._typing import Array
from simtheory.analytic import denoiser, flow_matching
from simtheory.analytic.denoiser import OneLayerDenoiser, TiedDenoiser
from simtheory.noise import Levels
from simtheory.observe import arrays
from simtheory.tasks import DenoisingTask
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.claims.experiment import Budget, experiment
from simtheory.validation.denoiser.training import (
    LinearRun,
    log_levels,
    sampled_covariance,
    train_linear,
)

__all__ = ["CLAIMS"]

_claim = Topic("denoiser", paper="wang2025").claim

_START = 0.1  # weight along each axis at the start
_SPECTRUM = np.geomspace(0.01, 10.0, 7)
_TASK = DenoisingTask(_SPECTRUM, sigma_min=0.02, sigma_max=10.0)
_NETS: dict[str, OneLayerDenoiser | TiedDenoiser] = {
    "one layer": OneLayerDenoiser(_START),
    "tied": TiedDenoiser(_START),
}


def _seeds(budget: Budget) -> list[int]:
    return list(range(budget.seeds // 2))


def _trained(
    kind: str, budget: Budget, levels: Levels | Array, *, lr: float = 1e-3, **more: Any
) -> list[LinearRun]:
    """Train on 4000 samples, once for each seed."""
    return [
        train_linear(
            _NETS[kind],
            _TASK,
            levels=levels,
            lr=lr,
            seed=seed,
            samples=4000,
            device=budget.device,
            **more,
        )
        for seed in _seeds(budget)
    ]


def _diagonals(runs: list[LinearRun]) -> Array:
    return np.array([np.diagonal(run.weights, axis1=-2, axis2=-1) for run in runs])


def _closed(kind: str, sigma: float, t: Array) -> Array:
    """Weights of every mode (T, d) at one noise level, in closed form."""
    mode = denoiser.tied_mode if kind == "tied" else denoiser.one_layer_mode
    return np.asarray(mode(_SPECTRUM, t[:, None], sigma=sigma, start=_START))


# -- weights at a noise level -----------------------------------------------------------------

_THREE_LEVELS = np.array([3.0, 1.0, 0.3])


class _Weights(NamedTuple):
    """Weights (seeds, T, levels, d) of trained denoisers at canonical times t, and of which net."""

    kind: str
    t: Array
    weights: Array


@experiment
def _weights(budget: Budget, kind: str) -> _Weights:
    runs = _trained(kind, budget, _THREE_LEVELS, steps=4000, looks="log")
    return _Weights(kind, runs[0].t, _diagonals(runs))


def _follow_the_closed_form(found: _Weights) -> Evidence:
    """Diagonal weights of trained denoisers against the closed form, at three noise levels."""
    law = np.stack([_closed(found.kind, sigma, found.t) for sigma in _THREE_LEVELS], axis=1)

    def draw(ax: Any) -> None:
        for k in (0, 2, 4, 6):
            hue = plot.colour(k // 2)
            ax.plot(found.t, found.weights[:, :, 1, k].T, color=hue, lw=0.6, alpha=0.6)
            ax.plot(found.t, law[:, 1, k], "--", color=hue, label=f"λ = {_SPECTRUM[k]:.2g}")
        ax.set(xscale="log", xlabel="canonical time $t$", ylabel="weight at noise level 1")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=np.abs(found.weights - law).max(axis=(1, 2, 3)).tolist(),
        null=float(np.abs(law - _START).max()),
        seeds=list(range(len(found.weights))),
        draw=draw,
    )


weights_one_layer, weights_tied = (
    _claim(
        f"weights-{kind.replace(' ', '-')}",
        where="Section 3",
        statement=f"The weights of the {kind} denoiser at each noise level follow the closed form.",
        quantity="largest distance of a weight from the closed form, over modes, three noise levels and times, "
        f"{kind} net",
        band=(0.0, 0.05),
        null="nothing is learned",
        reads=[_weights.of(kind)],
        budget="quick",
    )(_follow_the_closed_form)
    for kind in _NETS
)


class _HalfTimes(NamedTuple):
    """Times (seeds, levels, d) at which weights are half way from their start to their end."""

    kind: str
    times: Array


def _half_times(runs: list[LinearRun], levels: Array) -> Array:
    ends = _SPECTRUM / (_SPECTRUM + levels[:, None] ** 2)
    half = (_START + ends) / 2
    w = _diagonals(runs)
    passed = np.where(ends > _START, w >= half, w <= half)
    return np.where(passed.any(axis=1), runs[0].t[passed.argmax(axis=1)], np.nan)


_FOUR_LEVELS, _MODE = np.array([2.0, 1.4, 1.0, 0.7]), 4  # λ = 1
_RATES = _FOUR_LEVELS**2 + _SPECTRUM[_MODE]


@experiment
def _half_times_over_noise(budget: Budget, kind: str) -> _HalfTimes:
    grid = np.unique(np.geomspace(1, 3000, 400).astype(int))
    runs = _trained(kind, budget, _FOUR_LEVELS, steps=3000, looks=grid)
    return _HalfTimes(kind, _half_times(runs, _FOUR_LEVELS)[:, :, _MODE])


def _tied_slope() -> float:
    """The slope of the tied net's half time against the rate, from the closed form."""
    t = np.geomspace(1e-3, 10.0, 4000)
    times = []
    for sigma in _FOUR_LEVELS:
        w = _closed("tied", float(sigma), t)[:, _MODE]
        end = _SPECTRUM[_MODE] / (_SPECTRUM[_MODE] + sigma**2)
        times.append(t[np.argmax(w >= (_START + end) / 2)])
    return float(arrays.slope(np.log(_RATES), np.log(times)))


def _noise_sets_the_rate(found: _HalfTimes) -> Evidence:
    """Slope of the half time of one mode against the rate σ² + λ, over noise levels."""
    kind, times = found
    slopes = arrays.slope(np.log(_RATES), np.log(times))

    def draw(ax: Any) -> None:
        ax.plot(_RATES, times.T, "o", ms=3, color=plot.colour(0), alpha=0.6)
        guide = times[:, 0].mean() * _RATES[0] / _RATES
        ax.plot(_RATES, guide, "--", color="0.5", label="inverse rate")
        ax.set(xscale="log", yscale="log", xlabel="σ² + λ, for λ = 1")
        ax.set_ylabel("canonical time to the half way")
        ax.legend()

    return Evidence(
        predicted=_tied_slope() if kind == "tied" else -1.0,
        values=slopes.tolist(),
        null=0.0,
        seeds=list(range(len(times))),
        draw=draw,
    )


rate_and_noise_one_layer, rate_and_noise_tied = (
    _claim(
        f"rate-and-noise-{kind.replace(' ', '-')}",
        where="Section 3",
        statement=f"Noise speeds up each mode of the {kind} denoiser as the closed form says.",
        quantity="slope of the time to the half way against σ² + λ, in logarithms, over noise levels from 0.7 to 2, "
        f"{kind} net",
        band=band,
        null="noise plays no part",
        reads=[_half_times_over_noise.of(kind)],
    )(_noise_sets_the_rate)
    for kind, band in (("one layer", (-1.1, -0.9)), ("tied", (-0.75, -0.4)))
)


# -- sampled variances ------------------------------------------------------------------------


class _Sampled(NamedTuple):
    """Sampled variances (seeds, T, d) at canonical times t, and those of each seed's data (seeds, d)."""

    kind: str
    t: Array
    variances: Array
    data: Array


@experiment
def _sampled(budget: Budget, kind: str) -> _Sampled:
    steps, levels = 20_000, log_levels(_TASK, 100)
    grid = np.unique(np.concatenate([[0], np.geomspace(1, steps, 160)]).astype(int))
    runs = _trained(kind, budget, levels, lr=2e-3, steps=steps, looks=grid)
    made = [
        np.diagonal(sampled_covariance(run.weights, levels), axis1=-2, axis2=-1) for run in runs
    ]
    data = [np.diagonal(run.moment) for run in runs]
    return _Sampled(kind, runs[0].t, np.array(made), np.array(data))


# 4000 samples know a variance to 2%, and while a mode emerges its sampled variance rises as steeply as
# the eighth power of time: hence a band of 0.4 on the logarithm, two standard errors.
def _variances_follow(found: _Sampled) -> Evidence:
    """Largest distance of the logarithm of a sampled variance from the closed form."""
    kind, t, variances, _ = found
    law = denoiser.generated_variance(_TASK, _NETS[kind], t)

    def draw(ax: Any) -> None:
        for k in (0, 2, 4, 6):
            hue = plot.colour(k // 2)
            ax.plot(t, variances[:, :, k].T, color=hue, lw=0.6, alpha=0.6)
            ax.plot(t, law[:, k], "--", color=hue, label=f"λ = {_SPECTRUM[k]:.2g}")
        ax.set(xscale="log", yscale="log", xlabel="canonical time $t$")
        ax.set_ylabel("variance of the samples along the mode")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=np.abs(np.log(variances / law)).max(axis=(1, 2)).tolist(),
        null=float(np.abs(np.log(law / law[0])).max()),
        seeds=list(range(len(variances))),
        draw=draw,
    )


sampled_variance_one_layer, sampled_variance_tied = (
    _claim(
        f"sampled-variance-{kind.replace(' ', '-')}",
        where="Section 4",
        statement=f"The variance of the samples of the {kind} denoiser follows the closed form all through training.",
        quantity="largest distance of the logarithm of a sampled variance from the closed form, over modes and times, "
        f"{kind} net",
        band=(0.0, 0.4),
        null="nothing is learned",
        reads=[_sampled.of(kind)],
        budget=budget,
    )(_variances_follow)
    for kind, budget in (("one layer", "quick"), ("tied", "standard"))
)


def _emergence(t: Array, variances: Array) -> Array:
    """First passage (seeds, d) through the harmonic mean of the first and the data's variance."""
    first = variances[:, :1]
    level = 2.0 * first * _SPECTRUM / (first + _SPECTRUM)
    return np.asarray(t[(variances >= level).argmax(axis=1)])


def _inverse_law(found: _Sampled) -> Evidence:
    """Exponent of the emergence time of the sampled variance in the variance of the data."""
    kind, t, variances, _ = found
    times = _emergence(t, variances)
    slopes = np.array([denoiser.exponent(_SPECTRUM, row).least_squares for row in times])
    predicted = denoiser.emergence_times(_TASK, _NETS[kind])

    def draw(ax: Any) -> None:
        ax.plot(_SPECTRUM, times.T, "o", ms=3, color=plot.colour(0), alpha=0.6)
        ax.plot(_SPECTRUM, predicted, "--", color="0.2", label="closed form")
        ax.plot(_SPECTRUM, predicted[-1] * _SPECTRUM[-1] / _SPECTRUM, ":", color="0.5", label="1/λ")
        ax.set(xscale="log", yscale="log", xlabel="variance λ of the data along the mode")
        ax.set_ylabel("canonical time of emergence")
        ax.legend()

    return Evidence(
        predicted=denoiser.exponent(_SPECTRUM, predicted).least_squares,
        values=slopes.tolist(),
        null=0.0,
        seeds=list(range(len(times))),
        draw=draw,
    )


inverse_variance_law_one_layer, inverse_variance_law_tied = (
    _claim(
        f"inverse-variance-law-{kind.replace(' ', '-')}",
        where="Section 4",
        statement=f"A mode emerges in the samples of the {kind} denoiser at a time that is inverse to its variance.",
        quantity="exponent of the time of emergence of the sampled variance in the variance of the data, "
        f"{kind} net",
        band=(-1.3, -0.9),
        null="all modes at once",
        reads=[_sampled.of(kind)],
        budget=budget,
    )(_inverse_law)
    for kind, budget in (("one layer", "quick"), ("tied", "standard"))
)


_HIGH_LEVELS, _WEAK = np.array([5.0, 4.0]), slice(0, 5)  # variances well below σ²


@experiment
def _half_times_at_high_noise(budget: Budget) -> Array:
    """Half times (seeds, modes) at σ = 5."""
    grid = np.unique(np.geomspace(1, 4000, 400).astype(int))
    runs = _trained("one layer", budget, _HIGH_LEVELS, steps=400, looks=grid[grid <= 400])
    return _half_times(runs, _HIGH_LEVELS)[:, 0, _WEAK]


@_claim(
    "no-inverse-law-of-weights",
    where="Section 3",
    statement="The inverse law is one of the samples: at a noise level far above the data, the weights of all modes "
    "learn at the same time.",
    quantity="exponent of the half time of the weight at σ = 5 in the variance of the data, one layer net",
    band=(-0.15, 0.1),
    null="the inverse law",
    reads=[_half_times_at_high_noise],
)
def no_inverse_law_of_weights(times: Array) -> Evidence:
    slopes = arrays.slope(np.log(_SPECTRUM[_WEAK]), np.log(times))

    def draw(ax: Any) -> None:
        ax.plot(_SPECTRUM[_WEAK], times.T, "o", ms=3, color=plot.colour(0), alpha=0.6)
        ax.set(xscale="log", yscale="log", xlabel="variance λ of the data along the mode")
        ax.set_ylabel("canonical time of the weight to the half way, σ = 5")

    return Evidence(
        predicted=0.0,
        values=slopes.tolist(),
        null=-1.0,
        seeds=list(range(len(times))),
        draw=draw,
    )


@_claim(
    "trained-variance",
    where="Section 4",
    statement="A trained one-layer denoiser samples less than the variance of the data, by the width of the schedule.",
    quantity="sampled variance of the strongest mode in the end, over that of the data",
    band=(0.85, 0.95),
    null="the variance of the data",
    reads=[_sampled.of("one layer")],
    budget="quick",
)
def trained_variance(found: _Sampled) -> Evidence:
    finals = found.variances[:, -1, -1] / found.data[:, -1]
    seeds = list(range(len(finals)))
    asymptote = float(denoiser.asymptotic_variance(_TASK)[-1] / _SPECTRUM[-1])

    def draw(ax: Any) -> None:
        ax.plot(seeds, finals, "o", color=plot.colour(0), label="trained")
        ax.axhline(asymptote, ls="--", color="0.2", label="closed form")
        ax.axhline(1.0, color="0.7", lw=0.8, label="the data")
        ax.set(xlabel="seed", ylabel="sampled variance over that of the data")
        ax.legend()

    return Evidence(predicted=asymptote, values=finals.tolist(), null=1.0, seeds=seeds, draw=draw)


# -- two limits: a tied net that cannot shrink, and few samples -------------------------------

_VARIANCES = np.array([0.1, 0.5, 1.0, 2.0, 10.0])


@experiment
def _tied_velocity(budget: Budget) -> Array:
    """Sampled variances after descent of the tied velocity at every flow time; nothing is random."""
    s = (np.arange(400) + 0.5) / 400
    delta = s**2 * _VARIANCES[:, None] + (1 - s) ** 2
    n = s * _VARIANCES[:, None] - (1 - s)
    p, lr = np.full_like(delta, np.sqrt(_START)), 2e-3
    for _ in range(50_000):  # descent of δw² − 2nw with w = p²
        p -= lr * 4 * p * (delta * p**2 - n)
    return np.asarray(np.exp(2 * (p**2).mean(axis=1)))


@_claim(
    "tied-flow-matching",
    where="Section 5",
    statement="Flow matching with a tied net ends at the variance 1 + λ, not λ: its map cannot shrink.",
    quantity="sampled variance at the end of training over 1 + λ, for five variances",
    band=(0.97, 1.03),
    null="the variance of the data",
    reads=[_tied_velocity],
    budget="quick",
)
def tied_flow_matching(made: Array) -> Evidence:
    def draw(ax: Any) -> None:
        ax.plot(_VARIANCES, made, "o", color=plot.colour(0), label="trained")
        ax.plot(_VARIANCES, 1 + _VARIANCES, "--", color="0.2", label="1 + λ")
        ax.plot(_VARIANCES, _VARIANCES, ":", color="0.5", label="λ")
        law = [flow_matching.tied_variance(v, 200.0, start=_START) for v in _VARIANCES]
        ax.plot(_VARIANCES, law, "x", color="0.2", label="closed form, t = 200")
        ax.set(
            xscale="log", yscale="log", xlabel="variance λ of the data", ylabel="sampled variance"
        )
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(made / (1 + _VARIANCES)).tolist(),
        null=float((_VARIANCES / (1 + _VARIANCES)).mean()),
        seeds=[],
        draw=draw,
    )


_FEW, _FEW_SPECTRUM, _FEW_SIGMA = 120, np.linspace(0.05, 2.0, 60), 0.05**0.5


@experiment
def _weights_on_few_samples(budget: Budget) -> Array:
    """Weights (seeds, 60) of denoisers trained on two samples to a dimension."""
    task = DenoisingTask(_FEW_SPECTRUM, sigma_min=0.02, sigma_max=10.0)
    # The smallest sample variances learn at the rate of the noise, and are waited for.
    runs = [
        train_linear(
            OneLayerDenoiser(_START),
            task,
            levels=(2 * _FEW_SIGMA, _FEW_SIGMA),
            steps=1000,
            lr=0.1,
            seed=seed,
            samples=_FEW,
            looks=2,
            device=budget.device,
        )
        for seed in _seeds(budget)
    ]
    return np.array([np.diagonal(run.weights[-1, 1]) for run in runs])


@_claim(
    "few-samples",
    where="Section 6",
    statement="On few samples a linear denoiser acts as if the noise were larger, by the renormalised noise.",
    quantity="distance of the mean weight from that at the renormalised noise, 60 dimensions, 120 samples",
    band=(-0.02, 0.02),
    null="the noise itself",
    reads=[_weights_on_few_samples],
)
def few_samples(found: Array) -> Evidence:
    kappa = denoiser.renormalised_noise(_FEW_SPECTRUM, sigma=_FEW_SIGMA, n=_FEW)
    naive, law = (_FEW_SPECTRUM / (_FEW_SPECTRUM + noise) for noise in (_FEW_SIGMA**2, kappa))

    def draw(ax: Any) -> None:
        middle = found.mean(axis=0)
        ax.plot(_FEW_SPECTRUM, middle, "o", ms=3, color=plot.colour(0), label="trained, mean")
        ax.plot(_FEW_SPECTRUM, law, "--", color="0.2", label="renormalised noise")
        ax.plot(_FEW_SPECTRUM, naive, ":", color="0.5", label="the noise itself")
        ax.set(xlabel="variance λ of the data along the mode", ylabel="weight, n = 2d")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=(found - law).mean(axis=1).tolist(),
        null=float((naive - law).mean()),
        seeds=list(range(len(found))),
        draw=draw,
    )


CLAIMS = gathered(vars())
