"""Cases of the subject tied: its forms."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import SIMTask
from simtheory.analytic import tied
from tests.statements.cases.case import (
    Case,
    Numbers,
    falling_rates,
    quietly,
    start,
    symmetric,
    task_of,
    time,
    weights,
)


def learning_times(U: np.ndarray, a: np.ndarray) -> dict[str, Any]:
    task = SIMTask(mu=np.sqrt(len(a) * a), sigma=0.0)
    return {"t_k": tied.learning_times(task, U), "pi": tied.logit_pivots(task, U)}


def peak(a_i: float, a_j: float, w0_ii: float, w0_ij: float) -> dict[str, Any]:
    root = np.sqrt(w0_ii)
    U = np.array([[root, 0.0], [w0_ij / root, 1e-3 * root]])
    found = tied.swing_peak(task_of(np.array([a_i, a_j])), U, 1, 0)
    return {"t_peak": found.time, "w_peak": found.height}


def peak_numbers(rng: np.random.Generator) -> Numbers:
    a_i, a_j = task_of(10.0 ** np.array([0.0, rng.uniform(-3, -0.31)])).rates
    w0 = 10.0 ** rng.uniform(-8, -2)
    root = np.sqrt(w0)
    return {"a_i": a_i, "a_j": a_j, "w0_ii": root * root, "w0_ij": w0 * rng.uniform(-0.9, 0.9)}


def _inside(rng: np.random.Generator) -> np.ndarray:
    """Return a symmetric map well inside (0, I), where determinants are known to rounding."""
    Q, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    W = (Q * rng.uniform(0.05, 0.95, 3)) @ Q.T
    return 0.5 * (W + W.T)


CASES = {
    "tied-field": Case(
        lambda rng: {"W": symmetric(rng), "A": symmetric(rng)},
        lambda W, A: {"V": tied.field(W, A)},
    ),
    "tied-mode": Case(
        lambda rng: {
            "a": (a := 10.0 ** rng.uniform(-6, 6)),
            "w0": 10.0 ** rng.uniform(-16, -0.2),
            "t": time(rng, np.array([a])),
            "f": rng.uniform(0.7, 0.99),
        },
        lambda a, w0, t, f: {
            "w": tied.mode(a, w0, [t])[0],
            "t_f": tied.time_to_level(a, w0, level=f),
        },
    ),
    "tied-isotropic": Case(
        lambda rng: {
            "U": weights(rng),
            "a": (a := float(task_of(np.array([10.0 ** rng.uniform(-3, 3)])).rates[0])),
            "t": time(rng, np.array([a])),
        },
        lambda U, a, t: {"W": tied.isotropic(task_of(np.full(3, a)), U, [t]).weights[0]},
    ),
    "tied-rank-one": Case(
        lambda rng: {
            "u0": weights(rng)[0],
            "a": (a := falling_rates(rng)),
            "t": max(time(rng, a), 1e-6),
        },
        lambda u0, a, t: {
            "u": np.sign(u0) * np.sqrt(np.diagonal(tied.rank_one(task_of(a), u0, [t]).weights[0]))
        },
        rtol=1e-10,  # the quadrature's accuracy
        points=6,  # a 60-digit quadrature each
    ),
    "det-law": Case(
        lambda rng: {"W0": _inside(rng), "A": symmetric(rng), "t": rng.uniform(0, 30)},
        lambda W0, A, t: {"log_ratio": tied.det_law(A, W0, [t])[0]},
    ),
    "sum-rule": Case(lambda rng: {"W0": _inside(rng)}, lambda W0: {"learned": tied.sum_rule(W0)}),
    "first-order": Case(
        start, lambda U, a, t: {"W": quietly(tied.first_order, task_of(a), U, [t])}
    ),
    "ldl-logit": Case(
        start,
        lambda U, a, t: {"W": quietly(tied.pivots, task_of(a), U, [t])},
        slow=("pi_kt", "ell_k", "Y"),
    ),
    "learning-time": Case(
        lambda rng: {
            "U": weights(rng),
            "a": SIMTask(mu=np.sqrt(3.0 * falling_rates(rng)), sigma=0.0).rates,
        },
        learning_times,
    ),
    "swing-peak": Case(peak_numbers, peak),
}
