"""Cases of the topic untied."""

from __future__ import annotations

import numpy as np

from simtheory.analytic import untied
from tests.statements.cases.case import Case, Numbers, falling_rates, task_of


def balanced(rng: np.random.Generator, n: int, h: int, m: int, lam: float) -> np.ndarray:
    """Return Q = [W₁ᵀ; W₂], (n+m, h), with W₂ᵀW₂ − W₁W₁ᵀ = λI for h ≤ m and λ > 0."""
    below = rng.standard_normal((h, n)) * rng.choice([1e-3, 0.1, 1.0])
    frame = np.linalg.qr(rng.standard_normal((m, h)))[0]
    above = frame @ np.linalg.cholesky(below @ below.T + lam * np.eye(h)).T
    return np.concatenate([below.T, above])


def riccati_numbers(rng: np.random.Generator) -> Numbers:
    n, h, m = rng.choice([(2, 3, 3), (3, 2, 2), (4, 1, 2), (1, 1, 1)])
    lam = float(rng.choice([0.01, 0.3, 2.0]))
    return {
        "Q0": balanced(rng, n, h, m, lam),
        "Sigma": rng.standard_normal((m, n)),
        "lam": lam,
        "t": float(rng.choice([0.0, 1e-6, 0.3, 3.0, 20.0])),
    }


def riccati(Q0: np.ndarray, Sigma: np.ndarray, lam: float, t: float) -> dict[str, np.ndarray]:
    n = Sigma.shape[1]
    weights = untied.riccati((Q0[:n].T, Q0[n:]), Sigma, [t], imbalance=lam)
    return {"W": weights[0].ravel()}


def early_numbers(rng: np.random.Generator) -> Numbers:
    a = falling_rates(rng)
    scale = 10.0 ** rng.uniform(-8, -2)
    return {
        "P0": scale * rng.standard_normal((3, 4)),
        "N0": scale * rng.standard_normal((3, 4)),
        "A": np.diag(a),
        "t": float(rng.choice([0.0, 0.3, 2.0]) / a[0]),
    }


def early(P0: np.ndarray, N0: np.ndarray, A: np.ndarray, t: float) -> dict[str, np.ndarray]:
    layers = (0.5 * (P0 - N0).T, 0.5 * (P0 + N0))
    return {"W": untied.early(task_of(np.diag(A)), layers, [t]).weights[0]}


CASES = {
    "untied-early": Case(early_numbers, early, rtol=1e-10),
    "balanced-riccati": Case(
        riccati_numbers,
        riccati,
        rtol=1e-10,  # each entry is a difference of numbers up to a hundred times its size
        points=12,  # exponentials of 300-digit matrices
    ),
    "imbalanced-mode": Case(
        lambda rng: {
            "a": (a := 10.0 ** rng.uniform(-6, 6)),
            "w0": 10.0 ** rng.uniform(-12, 0.3),
            "lam": 10.0 ** rng.uniform(-12, 2),
            "t": float(rng.choice([0.0, 1e-6, 0.3, 3.0, 30.0]) / a),
        },
        lambda a, w0, lam, t: {"w": untied.imbalanced_mode(a, w0, [t], imbalance=lam)[0]},
    ),
}
