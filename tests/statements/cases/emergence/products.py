"""Cases on joint accuracies and products of learning curves."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory.analytic import emergence
from tests.statements.cases.case import Case, Numbers


def marginals(rng: np.random.Generator) -> Numbers:
    return {f"q_{i}": float(rng.uniform(0.05, 1.0)) for i in (1, 2, 3)}


def limits(rng: np.random.Generator) -> Numbers:
    """Draw limits, and correlations of which any signs make a correlation matrix."""
    found: Numbers = {f"z_{i}": float(rng.normal()) for i in (1, 2, 3)}
    return found | {f"r_{ij}": float(rng.uniform(0.01, 0.49)) for ij in ("12", "13", "23")}


def errors(found: Numbers, name: str, signs: Any = (1.0, 1.0, 1.0)) -> tuple[list[float], Any]:
    """Return limits and correlation matrix."""
    R = np.eye(3)
    for sign, (i, j) in zip(signs, ((0, 1), (0, 2), (1, 2)), strict=True):
        R[i, j] = R[j, i] = sign * found[f"{name}_{i + 1}{j + 1}"]
    return [found[f"z_{i}"] for i in (1, 2, 3)], R


def signed(rng: np.random.Generator) -> Numbers:
    found = limits(rng)
    for ij in ("12", "13", "23"):
        found[f"rho_{ij}"] = found.pop(f"r_{ij}") * rng.choice([-1.0, 1.0])
    return found


def bounds(q_1: float, q_2: float, q_3: float) -> Numbers:
    low, high = emergence.frechet_bounds([q_1, q_2, q_3])
    return {"low": low, "high": high}


def noise(n: float, **q: float) -> Numbers:
    return {"v": emergence.product_noise(list(q.values()), n) ** 2}


def logistic(k: float, theta: float, theta_low: float, theta_high: float) -> Numbers:
    return {
        "crossing": emergence.product_crossing(k, theta),
        "width": emergence.product_width(k, theta_low, theta_high),
        "slope": emergence.product_slope(k),
    }


def bracket(theta: float, tau_1: float, tau_2: float, w_1: float, w_2: float) -> Numbers:
    def times(level: float) -> Any:
        return np.array([tau_1, tau_2]) + np.array([w_1, w_2]) * np.log(level / (1.0 - level))

    low, high = emergence.product_bracket(times, theta)
    return {"low": low, "high": high}


CASES = {
    # Where the sum of the marginals is just above 2, the bound is their rounding.
    "frechet-bounds": Case(marginals, bounds, rtol=1e-12),
    "product-gap": Case(
        signed, lambda **values: {"gap": emergence.product_gap(*errors(values, "rho"))}, rtol=1e-12
    ),
    "product-bound": Case(
        limits,
        lambda **values: {
            "bound": emergence.product_bound(*errors(values, "r", (1.0, -1.0, -1.0)))
        },
    ),
    "product-noise": Case(
        lambda rng: marginals(rng) | {"n": float(rng.integers(2, 1000))}, noise, rtol=1e-12
    ),
    "product-logistic": Case(
        lambda rng: {
            "k": float(rng.integers(1, 40)),
            "theta": rng.uniform(0.01, 0.99),
            "theta_low": rng.uniform(0.01, 0.4),
            "theta_high": rng.uniform(0.6, 0.99),
        },
        logistic,
        rtol=1e-11,  # the crossing may be near 0
    ),
    "product-bracket": Case(
        lambda rng: {
            "theta": rng.uniform(0.05, 0.95),
            "tau_1": rng.uniform(5, 20),
            "tau_2": rng.uniform(5, 20),
            "w_1": rng.uniform(0.1, 2),
            "w_2": rng.uniform(0.1, 2),
        },
        bracket,
        rtol=1e-12,
    ),
}
