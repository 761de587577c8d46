"""Cases of the subject finite_sample."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from simtheory import SIMTask
from simtheory.analytic import finite_sample
from tests.statements.cases.case import Case, Numbers, falling_rates, quietly, task_of


def sample_numbers(rng: np.random.Generator) -> Numbers:
    nearly = rng.choice([1.0, 1e-2])
    return {
        "mu": 1.5 + nearly * rng.uniform(-1.0, 1.0, 3),
        "p": np.array([0.25, 0.25, 0.5]) if nearly == 1.0 else np.full(3, 0.25),
        "spread": np.full(3, rng.uniform(0.1, 1.0)),
        "n": float(rng.choice([50, 400, 10**6])),
        "t": rng.choice([1e-6, 0.1, 1.0, 5.0]),
        "nu": rng.choice([0.1, 1.0]),
    }


def perturbed(
    mu: np.ndarray, p: np.ndarray, spread: np.ndarray, n: float, t: float, nu: float
) -> dict[str, Any]:
    origin = p.sum() < 1.0
    task = SIMTask(mu=mu, sigma=spread, weights=[*p, 0.25] if origin else p, origin=origin)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = finite_sample.perturbation(task, int(n), [t], label_noise=nu**2, strict=False)
    return {
        "mean": np.diagonal(found.mean[0]),
        "variance": found.variance[0],
        "shift": finite_sample.rate_shift(task, 10**18) * 1e18 / n,
        "t_stop": finite_sample.best_stop(task, int(n), label_noise=nu**2),
    }


def left(a: np.ndarray, n: float, t: float) -> dict[str, Any]:
    weights = quietly(finite_sample.proportional, task_of(a), int(n), [t])
    return {"h": 1.0 - np.diagonal(weights)}


def spike_numbers(rng: np.random.Generator) -> Numbers:
    sigma, gamma = 10.0 ** rng.uniform(-3, 3), 10.0 ** rng.uniform(-4, 4)
    return {
        "spread": sigma,
        "gamma": gamma,
        "g": sigma**2 * np.sqrt(gamma) * 10.0 ** rng.uniform(0.1, 6.0),
    }


def spike(gamma: float, g: float, spread: float) -> dict[str, Any]:
    variance = spread**2
    found = finite_sample.spike(g, variance, gamma)
    hidden = finite_sample.spike(0.0, variance, gamma)
    return {
        "eigenvalue": found.eigenvalue,
        "overlap": found.overlap,
        "edge": hidden.eigenvalue,
    }


CASES = {
    # A bias that is a small difference of exponentials is read off a mean of size one or, at the
    # first instant, of size at: a few eps over 1 − e^(−at) and over the gap of nearly equal rates.
    "finite-n-perturbation": Case(sample_numbers, perturbed, rtol=1e-11),
    "finite-n-proportional": Case(
        lambda rng: {
            "a": (a := falling_rates(rng)),
            "n": float(rng.choice([2, 3, 5, 100])),
            "t": rng.choice([0.0, 0.3, 3.0]) / a.max(),
        },
        left,
        rtol=1e-10,  # the integral's accuracy, 1e-11 of the start
        points=4,  # four hundred 40-digit points each
    ),
    "spike-bbp": Case(spike_numbers, spike),
}
