"""Cases of the subject identity."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory.tasks.identity import moment_rates
from simtheory.units import Clock
from tests.statements.cases.case import Case


def clock(k: float, eta: float, c: float, m: float, beta: float) -> dict[str, Any]:
    loss = {1.0: "half_sum", 2.0: "sum"}.get(c, "mean")
    dim = None if loss != "mean" else round(2.0 / c)
    return {"t": Clock(lr=eta, loss=loss, dim=dim, tied=m == 2.0, momentum=beta).time(k)}


CASES = {
    "moment-rates": Case(
        lambda rng: {
            "mu_k": rng.uniform(0, 3),
            "sigma_k": 10.0 ** rng.uniform(-8, 1),
            "p_k": rng.random(),
        },
        lambda mu_k, sigma_k, p_k: {"a_k": moment_rates(*np.array([mu_k, sigma_k, p_k]))},
    ),
    "unit-map": Case(
        lambda rng: {
            "k": rng.integers(1, 10**6),
            "eta": 10.0 ** rng.uniform(-6, 0),
            "c": rng.choice([1.0, 2.0, 2.0 / 64]),
            "m": rng.choice([1.0, 2.0]),
            "beta": rng.uniform(0, 0.99),
        },
        clock,
    ),
}
