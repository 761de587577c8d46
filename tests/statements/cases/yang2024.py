"""Cases of the subject yang2024."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import SIMTask
from simtheory.analytic import tied, yang2024
from tests.statements.cases.case import (
    Case,
    Numbers,
    falling_rates,
    symmetric,
    task_of,
    time,
    weights,
)


def theorem(W0: np.ndarray, a: np.ndarray, z: np.ndarray, t: float) -> dict[str, Any]:
    found = yang2024.theorem_4_1(task_of(a), W0, [t], probe=z)
    return {"growth": found.growth[0], "noise": found.noise[0]}


def theorem_numbers(rng: np.random.Generator) -> Numbers:
    a = falling_rates(rng)
    a[2] *= rng.choice([0.0, 1.0])
    a = task_of(a).rates
    # Of one sign, so that the sum over the start keeps its digits.
    return {"W0": 3.0 * np.abs(weights(rng)), "a": a, "z": rng.random(3), "t": time(rng, a)}


def split(W: np.ndarray, a: np.ndarray) -> dict[str, Any]:
    found = tied.field_terms(W, a)
    return {"G": found.growth, "S": found.suppression, "N": found.interaction}


def bound_numbers(rng: np.random.Generator) -> Numbers:
    """Numbers of one start of two concepts: the upper entries of W(0), and what follows from them."""
    a = 10.0 ** rng.uniform(-2, 2, 2)
    W0 = 10.0 ** rng.uniform(-6, -4) * rng.uniform(1.0, 3.0, 3)
    eta, kappa, P = 10.0 ** rng.uniform(-5, -3), rng.uniform(1.1, 3.0), rng.uniform(4.0, 100.0)
    return {
        "w0_ij": W0[1], "w0_ii": W0[0], "a_i": a[0], "a_j": a[1],
        "alpha": a.min(), "gamma": a.max() / a.min(), "omega": W0.min(), "beta": W0.max() / W0.min(),
        "eta": eta, "kappa": kappa, "P": P, "K": rng.uniform(20.0, 100.0), "d": 2,
        "n": np.log(P) / (2.0 * eta * a.max() * kappa) * rng.choice([0.0, 0.3, 0.99]),
        "l": rng.uniform(0.1, 0.9), "z0": W0[2],
    }  # fmt: skip


def bounds(a_i: float, a_j: float, n: float, **numbers: float) -> dict[str, Any]:
    tie = numbers["w0_ij"]
    W0 = np.array([[numbers["w0_ii"], tie], [tie, numbers["z0"]]])
    free = {"lr": numbers["eta"], "kappa": numbers["kappa"]}
    found = yang2024.appendix_bounds((a_i, a_j), W0, [n], K=numbers["K"], P=numbers["P"], **free)
    return {
        "u_ij": found.upper[0, 0, 1],
        "l_ij": found.lower[0, 0, 1],
        "T_ij": found.horizon[0, 1],
        "T_ii": found.horizon[0, 0],
        "N_max": found.interaction,
        "F": yang2024.growth_below(a_i, n, level=numbers["l"], **free),
        "c_step": found.step,
        "c_top": found.ceiling,
        "c_low": found.floor,
    }


def assumption_numbers(rng: np.random.Generator) -> Numbers:
    alpha, rho = 10.0 ** rng.uniform(-3, 3), rng.uniform(0.05, 0.33)
    return {
        "alpha": alpha, "rho": rho, "gamma": 1.0 / rho, "beta": rng.uniform(1.0, 3.0), "d": 2,
        "kappa": rng.uniform(1.1, 1.3), "K": rng.uniform(20.0, 40.0),
    }  # fmt: skip


def assumptions(
    alpha: float, rho: float, beta: float, kappa: float, K: float, **_: float
) -> dict[str, Any]:
    W0 = np.array([[beta, 1.0], [1.0, 1.0]])
    found = yang2024.assumption_check((alpha / rho, alpha), W0, lr=1.0, K=K, kappa=kappa)
    return {"eta_max": found.eta_max, "omega_max": 10.0**found.log10_omega_max}


def vertex_numbers(rng: np.random.Generator) -> Numbers:
    mu, sigma = rng.uniform(0, 3, 2), rng.uniform(0, 1, 2)
    a = SIMTask(mu=mu, sigma=sigma).rates
    v = rng.integers(0, 2, 2).astype(float)
    return {"mu": mu, "sigma": sigma, "a": a, "v": v, "s": 2, "t": time(rng, a)}


def vertex(mu: np.ndarray, sigma: np.ndarray, v: np.ndarray, t: float, **_: Any) -> dict[str, Any]:
    losses = yang2024.vertex_losses(SIMTask(mu=mu, sigma=sigma), [t])
    return {"L_v": losses[int(2 * v[0] + v[1]), 0]}


CASES = {
    "hierarchy-meter": Case(vertex_numbers, vertex),
    "psd-guard": Case(
        lambda rng: {"X": weights(rng), "A": symmetric(rng), "eta": 10.0 ** rng.uniform(-4, 0)},
        lambda X, A, eta: {"Gap": yang2024.recurrence_gap(X, A, lr=eta)},
        rtol=1e-11,  # the gradient is a difference, of entries up to ten times its own
    ),
    "theorem-4-1": Case(theorem_numbers, theorem),
    "entry-split": Case(lambda rng: {"W": symmetric(rng), "a": falling_rates(rng)}, split),
    "appendix-bounds": Case(bound_numbers, bounds),
    "assumption-check": Case(
        assumption_numbers,
        assumptions,
        rtol=1e-11,  # the logarithm of ω is about −150, known to a few eps of that
    ),
}
