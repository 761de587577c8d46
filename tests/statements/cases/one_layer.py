"""Cases of the subject one_layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import SIMTask
from simtheory.analytic import one_layer
from tests.statements.cases.case import (
    Case,
    Numbers,
    falling_rates,
    symmetric,
    task_of,
    time,
    weights,
)


def ood(rng: np.random.Generator) -> Numbers:
    mu, sigma = rng.uniform(0, 3, 2), rng.uniform(0, 1, 3)
    a = SIMTask(mu=mu, sigma=sigma, dim=3).rates
    return {"mu": mu, "sigma": sigma, "a": a, "s": 2, "d": 3, "t": time(rng, a)}


def ood_code(mu: np.ndarray, sigma: np.ndarray, t: float, **_: Any) -> dict[str, Any]:
    found = one_layer.zero_start_loss(SIMTask(mu=mu, sigma=sigma, dim=3), [t])
    return {"L_test": found.test[0], "L_train": found.train[0]}


def random_start(
    mu: np.ndarray, sigma: np.ndarray, t: float, tau: float, **_: Any
) -> dict[str, Any]:
    found = one_layer.random_start_loss(SIMTask(mu=mu, sigma=sigma, dim=3), [t], spread=tau)
    return {"L_test": found.test[0], "L_train": found.train[0], "S_test": found.test_std[0]}


def general(
    A: np.ndarray, C: np.ndarray, W0: np.ndarray, gamma: float, t: float, a_k: float
) -> dict[str, Any]:
    level = one_layer.general([[a_k]], [[a_k]], [[0.0]], [1e3 / a_k], decay=gamma)
    return {
        "W": one_layer.general(A, C, W0, [t], decay=gamma)[0],
        "w_star": level[0, 0, 0],
    }


def affine_numbers(rng: np.random.Generator) -> Numbers:
    return {
        "mu": rng.uniform(0.2, 3.0, 3),
        "p": np.array([0.5, 0.25, 0.25]),
        "spread": 10.0 ** rng.uniform(-3, 0, 3),
        "E0": rng.standard_normal((3, 4)),
        "t": rng.choice([1e-6, 0.1, 1.0, 5.0]),
        "ell": rng.uniform(5.0, 10.0),
    }


def affine(
    mu: np.ndarray, p: np.ndarray, spread: np.ndarray, E0: np.ndarray, t: float, ell: float
) -> dict[str, Any]:
    task = SIMTask(mu=mu, sigma=spread, weights=p)
    run = one_layer.affine(task, np.eye(3) + E0[:, :3], [t], bias=E0[:, 3])
    return {
        "W": run.arrays["map"][0],
        "b": run.arrays["bias"][0],
        "rates": one_layer.affine_rates(task).rates,
        "secular": one_layer.secular(task, ell),
    }


CASES = {
    "one-layer-flow": Case(
        lambda rng: {
            "W0": 3.0 * weights(rng),
            "a": (a := falling_rates(rng)),
            "A": np.diag(a),
            "t": time(rng, a),
        },
        lambda W0, a, A, t: {"W": one_layer.solution(task_of(a), W0, [t]).weights[0]},
    ),
    "one-layer-ood": Case(ood, ood_code),
    "one-layer-random-start": Case(
        lambda rng: ood(rng) | {"tau": 10.0 ** rng.uniform(-4, 1)}, random_start
    ),
    "one-layer-general": Case(
        lambda rng: {
            "A": (A := symmetric(rng)),
            "C": symmetric(rng),
            "W0": 3.0 * weights(rng),
            "gamma": rng.choice([1e-8, 0.3, 10.0]),
            "t": time(rng, np.diag(A)),
            "a_k": 10.0 ** rng.uniform(-6, 6),
        },
        general,
        rtol=1e-10,  # eigenvalues of a dense A are known to eps‖A‖, and A is inverted along them
    ),
    # E(0) is stated to the last bit and W(0) − I rounds it once more; the terms of b may cancel.
    "one-layer-affine": Case(affine_numbers, affine, rtol=1e-11),
}
