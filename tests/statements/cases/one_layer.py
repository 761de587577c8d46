"""Cases of the topic one_layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import SIMTask
from simtheory.analytic import one_layer
from tests.statements.cases.case import Case, Numbers, falling_rates, task_of, time, weights


def ood(rng: np.random.Generator) -> Numbers:
    mu, sigma = rng.uniform(0, 3, 2), rng.uniform(0, 1, 3)
    a = SIMTask(mu=mu, sigma=sigma, dim=3).rates
    return {"mu": mu, "sigma": sigma, "a": a, "s": 2, "d": 3, "t": time(rng, a)}


def ood_code(mu: np.ndarray, sigma: np.ndarray, t: float, **_: Any) -> dict[str, Any]:
    found = one_layer.zero_start_loss(SIMTask(mu=mu, sigma=sigma, dim=3), [t])
    return {"L_test": found.test[0], "L_train": found.train[0]}


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
}
