"""Two limits of linear denoisers: a tied net that cannot shrink, and few samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import plot
from simtheory.analytic import denoiser, flow_matching
from simtheory.analytic.denoiser import OneLayerDenoiser
from simtheory.tasks import DenoisingTask
from simtheory.validation.claims.claim import Budget, Evidence
from simtheory.validation.denoiser.training import train_linear

__all__ = ["few_samples", "tied_flow_matching"]

START = 0.1  # weight along each axis at the start


def tied_flow_matching(budget: Budget) -> Evidence:
    """Descend one mode of the tied velocity at every flow time, and carry a unit variance along it.

    Parameters
    ----------
    budget : Budget
        Not used: nothing is random.

    Returns
    -------
    Evidence
        Sampled variance over 1 + λ, for five variances.
    """
    variances = np.array([0.1, 0.5, 1.0, 2.0, 10.0])
    s = (np.arange(400) + 0.5) / 400
    delta = s**2 * variances[:, None] + (1 - s) ** 2
    n = s * variances[:, None] - (1 - s)
    p, lr = np.full_like(delta, np.sqrt(START)), 2e-3
    for _ in range(50_000):  # descent of δw² − 2nw with w = p²
        p -= lr * 4 * p * (delta * p**2 - n)
    made = np.exp(2 * (p**2).mean(axis=1))

    def draw(ax: Any) -> None:
        ax.plot(variances, made, "o", color=plot.colour(0), label="trained")
        ax.plot(variances, 1 + variances, "--", color="0.2", label="1 + λ")
        ax.plot(variances, variances, ":", color="0.5", label="λ")
        law = [flow_matching.tied_variance(v, 200.0, start=START) for v in variances]
        ax.plot(variances, law, "x", color="0.2", label="closed form, t = 200")
        ax.set(
            xscale="log", yscale="log", xlabel="variance λ of the data", ylabel="sampled variance"
        )
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(made / (1 + variances)).tolist(),
        null=float((variances / (1 + variances)).mean()),
        seeds=[],
        draw=draw,
    )


def few_samples(budget: Budget) -> Evidence:
    """Train denoisers on as few as two samples to a dimension.

    Parameters
    ----------
    budget : Budget
        Seeds and device.

    Returns
    -------
    Evidence
        Distance of the mean weight from that at the renormalised noise.
    """
    d, n, sigma = 60, 120, 0.05**0.5
    spectrum = np.linspace(0.05, 2.0, d)
    seeds = list(range(budget.seeds // 2))
    task = DenoisingTask(spectrum, sigma_min=0.02, sigma_max=10.0)
    kappa = denoiser.renormalised_noise(spectrum, sigma=sigma, n=n)
    # The smallest sample variances learn at the rate of the noise, and are waited for.
    runs = [
        train_linear(
            OneLayerDenoiser(START),
            task,
            levels=(2 * sigma, sigma),
            steps=1000,
            lr=0.1,
            seed=seed,
            samples=n,
            record=2,
            device=budget.device,
        )
        for seed in seeds
    ]
    found = np.array([np.diagonal(run.weights[-1, 1]) for run in runs])
    naive, law = (spectrum / (spectrum + noise) for noise in (sigma**2, kappa))

    def draw(ax: Any) -> None:
        ax.plot(
            spectrum, found.mean(axis=0), "o", ms=3, color=plot.colour(0), label="trained, mean"
        )
        ax.plot(spectrum, law, "--", color="0.2", label="renormalised noise")
        ax.plot(spectrum, naive, ":", color="0.5", label="the noise itself")
        ax.set(xlabel="variance λ of the data along the mode", ylabel="weight, n = 2d")
        ax.legend()

    return Evidence(
        predicted=0.0,
        values=(found - law).mean(axis=1).tolist(),
        null=float((naive - law).mean()),
        seeds=seeds,
        draw=draw,
    )
