"""The claims about linear denoisers, with denoisers trained at every noise level.

Each seed draws its own Gaussian data, so that a law of the population is tested on samples.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from simtheory import plot
from simtheory._typing import Array
from simtheory.analytic import denoiser
from simtheory.analytic.denoiser import OneLayer, Tied
from simtheory.noise import Levels
from simtheory.tasks import DenoisingTask
from simtheory.validation.claims.claim import Budget, Claim, Evidence, claims_of
from simtheory.validation.denoiser.limits import few_samples, tied_flow_matching
from simtheory.validation.denoiser.training import (
    LinearRun,
    log_levels,
    sampled_covariance,
    train_linear,
)

__all__ = ["CLAIMS"]

_START = 0.1  # weight along each axis at the start
_SPECTRUM = np.geomspace(0.01, 10.0, 7)
_TASK = DenoisingTask(_SPECTRUM, sigma_min=0.02, sigma_max=10.0)
_SAMPLES = 4000


def _seeds(budget: Budget) -> list[int]:
    return list(range(budget.seeds // 2))


def _run(
    net: OneLayer | Tied, seed: int, budget: Budget, levels: Levels | Array, **more: Any
) -> LinearRun:
    return train_linear(
        net,
        _TASK,
        levels=levels,
        lr=more.pop("lr", 2e-3),
        seed=seed,
        samples=_SAMPLES,
        device=budget.device,
        **more,
    )


def _closed(net: OneLayer | Tied, sigma: float, t: Array) -> Array:
    """Weights of every mode (T, d) at one noise level, in closed form."""
    mode = denoiser.tied_mode if isinstance(net, Tied) else denoiser.one_layer_mode
    return np.asarray(mode(_SPECTRUM, t[:, None], sigma=sigma, start=_START))


def _weights(net: OneLayer | Tied, budget: Budget) -> Evidence:
    """Diagonal weights of trained denoisers against the closed form, at three noise levels."""
    levels = np.array([3.0, 1.0, 0.3])
    runs = [
        _run(net, seed, budget, levels, steps=4000, record="log", lr=1e-3)
        for seed in _seeds(budget)
    ]
    t = runs[0].t
    law = np.stack([_closed(net, sigma, t) for sigma in levels], axis=1)
    found = np.array([np.diagonal(run.weights, axis1=-2, axis2=-1) for run in runs])

    def draw(ax: Any) -> None:
        for k in (0, 2, 4, 6):
            hue = plot.colour(k // 2)
            ax.plot(t, found[:, :, 1, k].T, color=hue, lw=0.6, alpha=0.6)
            ax.plot(t, law[:, 1, k], "--", color=hue, label=f"λ = {_SPECTRUM[k]:.2g}")
        ax.set(xscale="log", xlabel="canonical time $t$", ylabel="weight at noise level 1")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=np.abs(found - law).max(axis=(1, 2, 3)).tolist(),
        null=float(np.abs(law - _START).max()),
        seeds=_seeds(budget),
        draw=draw,
    )


def _half_times(net: OneLayer | Tied, levels: Array, budget: Budget, **how: Any) -> Array:
    """When each mode is half way from its start to its end (S, K, d), from trained denoisers."""
    ends = _SPECTRUM / (_SPECTRUM + levels[:, None] ** 2)
    half = (_START + ends) / 2
    times = np.empty((budget.seeds // 2, levels.size, _SPECTRUM.size))
    for seed in _seeds(budget):
        run = _run(net, seed, budget, levels, **how)
        w = np.diagonal(run.weights, axis1=-2, axis2=-1)
        passed = np.where(ends > _START, w >= half, w <= half)
        times[seed] = np.where(passed.any(axis=0), run.t[passed.argmax(axis=0)], np.nan)
    return times


def _noise_and_rate(net: OneLayer | Tied, budget: Budget) -> Evidence:
    """Slope of the half time of one mode against the rate σ² + λ, over noise levels."""
    levels, mode = np.array([2.0, 1.4, 1.0, 0.7]), 4  # λ = 1
    grid = np.unique(np.geomspace(1, 3000, 400).astype(int))
    how = {"steps": 3000, "record": grid, "lr": 1e-3}
    times = _half_times(net, levels, budget, **how)[:, :, mode]
    rates = levels**2 + _SPECTRUM[mode]
    slopes = np.polyfit(np.log(rates), np.log(times.T), 1)[0]

    def draw(ax: Any) -> None:
        ax.plot(rates, times.T, "o", ms=3, color=plot.colour(0), alpha=0.6)
        guide = times[:, 0].mean() * rates[0] / rates
        ax.plot(rates, guide, "--", color="0.5", label="inverse rate")
        ax.set(xscale="log", yscale="log", xlabel="σ² + λ, for λ = 1")
        ax.set_ylabel("canonical time to the half way")
        ax.legend()

    expected = -1.0 if isinstance(net, OneLayer) else _tied_slope(levels, mode)
    return Evidence(
        predicted=expected, values=slopes.tolist(), null=0.0, seeds=_seeds(budget), draw=draw
    )


def _tied_slope(levels: Array, mode: int) -> float:
    """The same slope from the closed form of the tied net."""
    t = np.geomspace(1e-3, 10.0, 4000)
    times = []
    for sigma in levels:
        w = _closed(Tied(_START), float(sigma), t)[:, mode]
        times.append(
            t[np.argmax(w >= (_START + _SPECTRUM[mode] / (_SPECTRUM[mode] + sigma**2)) / 2)]
        )
    rates = levels**2 + _SPECTRUM[mode]
    return float(np.polyfit(np.log(rates), np.log(times), 1)[0])


# -- sampled variances ------------------------------------------------------------------------

_LEVELS = log_levels(_TASK, 100)


def _sampled(net: OneLayer | Tied, budget: Budget, steps: int = 20_000) -> tuple[Array, Array]:
    """Canonical times and sampled variances (S, T, d) of trained denoisers, mode by mode."""
    found = []
    grid = np.unique(np.concatenate([[0], np.geomspace(1, steps, 160)]).astype(int))
    for seed in _seeds(budget):
        run = _run(net, seed, budget, _LEVELS, steps=steps, record=grid)
        covariance = sampled_covariance(run.weights, _LEVELS)
        found.append(np.diagonal(covariance, axis1=-2, axis2=-1))
    return run.t, np.array(found)


def _emergence(t: Array, variances: Array) -> Array:
    """First passage (S, d) through the harmonic mean of the first and the data's variance."""
    first = variances[:, :1]
    level = 2.0 * first * _SPECTRUM / (first + _SPECTRUM)
    return np.asarray(t[(variances >= level).argmax(axis=1)])


# 4000 samples know a variance to 2%, and while a mode emerges its sampled variance rises as steeply as
# the eighth power of time: hence a band of 0.4 on the logarithm, two standard errors.
def _variance_law(net: OneLayer | Tied, budget: Budget) -> Evidence:
    """Sampled variances over the closed form, geometric mean over modes in the midst of learning."""
    t, variances = _sampled(net, budget)
    law = denoiser.generated_variance(_TASK, net, t)
    off = np.abs(np.log(variances / law)).max(axis=(1, 2))
    still = np.abs(np.log(law / law[0])).max()

    def draw(ax: Any) -> None:
        for k in (0, 2, 4, 6):
            hue = plot.colour(k // 2)
            ax.plot(t, variances[:, :, k].T, color=hue, lw=0.6, alpha=0.6)
            ax.plot(t, law[:, k], "--", color=hue, label=f"λ = {_SPECTRUM[k]:.2g}")
        ax.set(xscale="log", yscale="log", xlabel="canonical time $t$")
        ax.set_ylabel("variance of the samples along the mode")
        ax.legend()

    return Evidence(
        predicted=0.0, values=off.tolist(), null=float(still), seeds=_seeds(budget), draw=draw
    )


def _inverse_law(net: OneLayer | Tied, budget: Budget) -> Evidence:
    """Exponent of the emergence time of the sampled variance in the variance of the data."""
    t, variances = _sampled(net, budget)
    times = _emergence(t, variances)
    slopes = np.array([denoiser.exponent(_SPECTRUM, row).least_squares for row in times])
    predicted = denoiser.emergence_times(_TASK, net)

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
        seeds=_seeds(budget),
        draw=draw,
    )


def _not_of_the_weights(budget: Budget) -> Evidence:
    """The exponent of the weights' half times at one high noise level."""
    levels = np.array([5.0, 4.0])
    grid = np.unique(np.geomspace(1, 4000, 400).astype(int))
    how = {"steps": 400, "record": grid[grid <= 400], "lr": 1e-3}
    modes = slice(0, 5)  # variances well below σ²
    times = _half_times(OneLayer(_START), levels, budget, **how)[:, 0, modes]
    slopes = np.polyfit(np.log(_SPECTRUM[modes]), np.log(times.T), 1)[0]

    def draw(ax: Any) -> None:
        ax.plot(_SPECTRUM[modes], times.T, "o", ms=3, color=plot.colour(0), alpha=0.6)
        ax.set(xscale="log", yscale="log", xlabel="variance λ of the data along the mode")
        ax.set_ylabel("canonical time of the weight to the half way, σ = 5")

    return Evidence(
        predicted=0.0, values=slopes.tolist(), null=-1.0, seeds=_seeds(budget), draw=draw
    )


def _trained_variance(budget: Budget) -> Evidence:
    """Sampled variance of the strongest mode in the end, over that of the data."""
    finals = []
    for seed in _seeds(budget):
        run = _run(OneLayer(_START), seed, budget, _LEVELS, steps=20_000, record=2)
        made = sampled_covariance(run.weights[-1], _LEVELS)
        finals.append(made[-1, -1] / run.moment[-1, -1])
    asymptote = float(denoiser.asymptotic_variance(_TASK)[-1] / _SPECTRUM[-1])

    def draw(ax: Any) -> None:
        ax.plot(_seeds(budget), finals, "o", color=plot.colour(0), label="trained")
        ax.axhline(asymptote, ls="--", color="0.2", label="closed form")
        ax.axhline(1.0, color="0.7", lw=0.8, label="the data")
        ax.set(xlabel="seed", ylabel="sampled variance over that of the data")
        ax.legend()

    return Evidence(predicted=asymptote, values=finals, null=1.0, seeds=_seeds(budget), draw=draw)


_claim = claims_of("denoiser", "wang2025")
_NETS = (("one-layer", OneLayer(_START)), ("tied", Tied(_START)))


def _pair(
    name: str, measure: Any, bands: dict[str, tuple[float, float]], **words: str
) -> tuple[Claim, ...]:
    """Return the same claim about both nets."""
    return tuple(
        _claim(
            f"{name}-{kind}",
            words["where"],
            words["statement"].replace("NET", kind.replace("-", " ")),
            words["quantity"] + f", {kind.replace('-', ' ')} net",
            partial(measure, net),
            bands[kind],
            words["null_name"],
        )
        for kind, net in _NETS
    )


CLAIMS = (
    *_pair(
        "weights",
        _weights,
        {"one-layer": (0.0, 0.05), "tied": (0.0, 0.05)},
        where="Section 3",
        statement="The weights of the NET denoiser at each noise level follow the closed form.",
        quantity="largest distance of a weight from the closed form, over modes, three noise levels and times",
        null_name="nothing is learned",
    ),
    *_pair(
        "rate-and-noise",
        _noise_and_rate,
        {"one-layer": (-1.1, -0.9), "tied": (-0.75, -0.4)},
        where="Section 3",
        statement="Noise speeds up each mode of the NET denoiser as the closed form says.",
        quantity="slope of the time to the half way against σ² + λ, in logarithms, over noise levels from 0.7 to 2",
        null_name="noise plays no part",
    ),
    *_pair(
        "sampled-variance",
        _variance_law,
        {"one-layer": (0.0, 0.4), "tied": (0.0, 0.4)},
        where="Section 4",
        statement="The variance of the samples of the NET denoiser follows the closed form all through training.",
        quantity="largest distance of the logarithm of a sampled variance from the closed form, over modes and times",
        null_name="nothing is learned",
    ),
    *_pair(
        "inverse-variance-law",
        _inverse_law,
        {"one-layer": (-1.3, -0.9), "tied": (-1.3, -0.9)},
        where="Section 4",
        statement="A mode emerges in the samples of the NET denoiser at a time that is inverse to its variance.",
        quantity="exponent of the time of emergence of the sampled variance in the variance of the data",
        null_name="all modes at once",
    ),
    _claim(
        "no-inverse-law-of-weights",
        "Section 3",
        "The inverse law is one of the samples: at a noise level far above the data, the weights of all modes learn at "
        "the same time.",
        "exponent of the half time of the weight at σ = 5 in the variance of the data, one layer net",
        _not_of_the_weights,
        (-0.15, 0.1),
        "the inverse law",
    ),
    _claim(
        "trained-variance",
        "Section 4",
        "A trained one-layer denoiser samples less than the variance of the data, by the width of the schedule.",
        "sampled variance of the strongest mode in the end, over that of the data",
        _trained_variance,
        (0.85, 0.95),
        "the variance of the data",
    ),
    _claim(
        "tied-flow-matching",
        "Section 5",
        "Flow matching with a tied net ends at the variance 1 + λ, not λ: its map cannot shrink.",
        "sampled variance at the end of training over 1 + λ, for five variances",
        tied_flow_matching,
        (0.97, 1.03),
        "the variance of the data",
    ),
    _claim(
        "few-samples",
        "Section 6",
        "On few samples a linear denoiser acts as if the noise were larger, by the renormalised noise.",
        "distance of the mean weight from that at the renormalised noise, 60 dimensions, 120 samples",
        few_samples,
        (-0.02, 0.02),
        "the noise itself",
    ),
)
