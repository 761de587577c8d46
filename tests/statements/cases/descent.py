"""Cases of the subject descent."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import SIMTask
from simtheory.analytic import descent
from tests.statements.cases.case import Case, Numbers, falling_rates, task_of


def linear(a: float, eta: float, beta: float, k: float) -> dict[str, Any]:
    found = {
        "e_gd": descent.error(a, [k], lr=eta),
        "e_hb": descent.error(a, [k], lr=eta, momentum=beta),
        "e_nag": descent.error(a, [k], lr=eta, momentum=beta, nesterov=True),
    }
    return {name: value[0] for name, value in found.items()}


def linear_numbers(rng: np.random.Generator) -> Numbers:
    return {
        "a": 10.0 ** rng.uniform(-6, 6),
        "eta": 1.0,
        "beta": rng.choice([1e-6, 0.3, 0.9, 0.999]),
        "k": float(rng.choice([0, 1, 2, 7, 60])),
    }


def slow_or_fast(rng: np.random.Generator) -> Numbers:
    numbers = linear_numbers(rng)
    return numbers | {"eta": 10.0 ** rng.uniform(-9, 0.2) / numbers["a"]}


def batches(
    mu: np.ndarray, p: np.ndarray, sigma: np.ndarray, E: np.ndarray, **rest: Any
) -> dict[str, Any]:
    eta, n, nu, k = rest["eta"], int(rest["n"]), rest["nu"], int(rest["k"])
    mixture = SIMTask(mu=mu, sigma=sigma, weights=p)
    found = descent.sgd_moments(
        mixture, np.eye(len(mu)) - E, [k], lr=eta, batch=n, label_noise=nu**2
    )
    gauss = SIMTask(mu=np.zeros(len(mu)), sigma=sigma)
    settled = descent.stationary(gauss, lr=eta, batch=n, label_noise=nu**2)
    return {
        "V_next": found.moment[0],
        "v_i": np.diagonal(settled.moment[0]),
        "loss": settled.loss[0],
    }


def batch_numbers(rng: np.random.Generator) -> Numbers:
    sigma = rng.uniform(0.2, 1.0, 3)
    return {
        "mu": rng.uniform(0.0, 2.0, 3),
        "p": np.array([0.5, 0.25, 0.25]),
        "sigma": sigma,
        "Sigma": np.diag(sigma**2),
        "E": rng.standard_normal((3, 3)),
        "eta": rng.choice([1e-6, 0.02, 0.1]),
        "n": float(rng.choice([1, 4, 1000])),
        "nu": rng.choice([1e-3, 0.5, 2.0]),
        "k": float(rng.choice([0, 1, 5, 20])),
    }


def adam(a: np.ndarray, w0: np.ndarray, eta: float, beta_1: float, beta_2: float, k: float) -> dict[str, Any]:  # fmt: skip
    run = descent.adam(task_of(a), np.diag(w0), [0, k], lr=eta, b1=beta_1, b2=beta_2)
    return {
        "w_next": np.diagonal(run.weights[1]),
        "w_sign": descent.sign_descent(w0, [k], lr=eta)[:, 0],
    }


CASES = {
    # Powers to the 60th, of a root known to an eps, in a form that may cancel tenfold.
    "gd-linear": Case(slow_or_fast, linear, rtol=1e-11),
    "sgd-moments": Case(batch_numbers, batches, rtol=1e-11),  # eigenvectors of a 3×3, 20 steps
    "adam-scale-free": Case(
        lambda rng: {
            "a": falling_rates(rng),
            "w0": rng.uniform(-0.5, 0.3, 3),
            "eta": rng.choice([1e-3, 0.01]),
            "beta_1": rng.choice([0.0, 0.9]),
            "beta_2": rng.choice([0.9, 0.999]),
            "k": float(rng.choice([1, 10, 60])),
        },
        adam,
        points=8,
    ),
}
