"""Cases of the subject untied."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory.analytic import deep, untied
from simtheory.analytic._shared import rows as forms
from simtheory.analytic._shared.off_diagonal import velocity
from simtheory.analytic.untied import resummation as factors
from tests.statements.cases.case import Case, Numbers, falling_rates, start, task_of


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


def pair_numbers(rng: np.random.Generator) -> Numbers:
    w = 10.0 ** rng.uniform(-8, -0.01, 2)
    a = 10.0 ** rng.uniform(-2, 2, 2)
    return {"a_i": a[0], "a_j": a[1], "w_i": w[0], "w_j": w[1]} | {
        "S": rng.standard_normal(),
        "D": rng.standard_normal(),
        "w0_kk": w[0],
        "a_k": a[0],
        "t": float(rng.choice([0.0, 1.0, 10.0]) / a[0]),
    }


def pair(
    a_i: float, a_j: float, w_i: float, w_j: float, S: float, D: float, **mode: float
) -> dict[str, Any]:
    rates, modes = (np.array([a_i]), np.array([a_j])), (np.array([w_i]), np.array([w_j]))
    entries = (np.array([0.5 * (S + D)]), np.array([0.5 * (S - D)]))
    entry = velocity(rates, modes, entries, 2)[0]
    partner = velocity(rates[::-1], modes[::-1], entries[::-1], 2)[0]
    w = deep.mode(mode["a_k"], mode["w0_kk"], [mode["t"]], depth=2)[0]
    return {"S_t": entry + partner, "D_t": entry - partner, "w_k": w}


def crossing_numbers(rng: np.random.Generator) -> Numbers:
    a_i = 10.0 ** rng.uniform(-3, 3)
    ratio = float(rng.choice([1e-3, 0.1, 0.4, 0.7, 0.95]))
    return {
        "a_i": a_i,
        "a_j": ratio * a_i,
        "w0": 10.0 ** rng.uniform(-6, -1),
        "t": float(rng.choice([0.0, 0.3, 2.0, 5.0, 9.0]) / a_i),
        "B0": rng.uniform(0.5, 1.0),
        "Bbar0": rng.uniform(0.5, 1.0),
    }


def crossing(
    a_i: float, a_j: float, w0: float, t: float, B0: float, Bbar0: float
) -> dict[str, Any]:
    found = untied.crossing((a_i, a_j), w0, [t], start=(B0, Bbar0))
    return {"B": found.entry[0], "Bbar": found.partner[0]}


def ldr_numbers(rng: np.random.Generator) -> Numbers:
    """Ratios as they come: entries of one sign, the one in the row of the stronger larger."""
    means = 10.0 ** rng.uniform(0.0, 1.0, 3)
    ratios = {"means": means, "halves": -means * rng.uniform(0.0, 1.0, 3)}
    return start(rng) | ratios | {"w": 10.0 ** rng.uniform(-8, -0.01, 3)}


def ldr(
    U: np.ndarray, a: np.ndarray, t: float, means: np.ndarray, halves: np.ndarray, w: np.ndarray
) -> dict[str, Any]:
    i, j = np.tril_indices(3, -1)
    u, drive_decay = 1.0 + halves / means, factors.pair_rates((a[i], a[j]), (w[i], w[j]))
    u_t, behind = factors.turn(u, *drive_decay)
    log_t = -drive_decay[0] - behind
    found = factors.combined(
        a, forms.logit_factor(U), (u[None], np.log(means)[None]), np.array([t])
    )
    return {
        "W": found[0],
        "sigma_t": means * log_t,
        "delta_t": means * (u_t + (u - 1.0) * log_t),
    }


CASES = {
    # Sums of terms that cancel in part, and of entries of which the start gives only the sum.
    "untied-first-order": Case(pair_numbers, pair, rtol=1e-10),
    # The two solutions of the start cancel at a ratio of rates near zero or one.
    "untied-crossing": Case(crossing_numbers, crossing, rtol=1e-11, points=12),
    "untied-ldr": Case(
        ldr_numbers,
        ldr,
        rtol=1e-11,  # factors ten times those of a tied net, on both sides
    ),
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
