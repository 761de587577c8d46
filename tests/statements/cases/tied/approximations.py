"""Cases of the subject tied: further approximations."""

from __future__ import annotations

import warnings
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
    task_of,
    time,
    weights,
)


def second_order(U: np.ndarray, a: np.ndarray, t: float) -> dict[str, Any]:
    task = task_of(a)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = tied.second_order(task, U, [t], strict=False)
        early = tied.early_correction(task, U, [t], i=0, j=2, strict=False)
    return {
        "w_ii": np.diagonal(whole.weights[0]),
        "xi": tied.diagonal_correction(task, U, [t])[0],
        "xi_early": early[0],
    }


def nearly_orthogonal(rng: np.random.Generator) -> Numbers:
    a = task_of(10.0 ** rng.uniform(-1, 1) * np.array([1.0, 0.6, rng.uniform(0.05, 0.5)])).rates
    Q, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    U = 10.0 ** rng.uniform(-4, -0.5) * (Q + 0.05 * rng.standard_normal((3, 3)))
    # Not from t = 0: the early form's bracket cancels there, to 2 a_j t of its size.
    return {"U": U, "a": a, "t": rng.choice([0.3, 3.0, 10.0]) / a[0]}


def bump(mu_1: float, mu_2: float, x0: float, y0: float, z0: float, **_: Any) -> dict[str, Any]:
    task = SIMTask(mu=(mu_1, mu_2), sigma=0.0)
    root = np.sqrt(x0)
    U = np.array([[root, 0.0], [y0 / root, np.sqrt(z0 - y0**2 / x0)]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = tied.bump_top(task, U, strict=False)
    return {"t_top": found.time, "loss_top": found.loss}


def bump_numbers(rng: np.random.Generator) -> Numbers:
    mu_1, mu_2 = 2.0, rng.uniform(0.5, 1.3)
    a_1, a_2 = SIMTask(mu=(mu_1, mu_2), sigma=0.0).rates
    x0, z0 = 10.0 ** rng.uniform(-6, -1) * rng.uniform(0.5, 2.0, 2)
    y0 = rng.uniform(0.5, 0.95) * np.sqrt(x0 * z0)
    return {"a_1": a_1, "a_2": a_2, "mu_1": mu_1, "mu_2": mu_2, "x0": x0, "y0": y0, "z0": z0}


def teacher_numbers(rng: np.random.Generator) -> Numbers:
    a = falling_rates(rng)
    return {
        "U": weights(rng),
        "a": a,
        "t": time(rng, a),
        "B": rng.choice([-0.5, 0.3, 1.0, 4.0], 3),
        "kappa": float(rng.choice([0.0, 0.01, 0.45]) * a[-1]),
    }


def teacher(U: np.ndarray, a: np.ndarray, t: float, B: np.ndarray, kappa: float) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = tied.first_order_teacher(task_of(a), U, [t], teacher=B, decay=kappa, strict=False)
    return {"W": run.weights[0]}


CASES = {
    "schur-form": Case(start, lambda U, a, t: {"W": quietly(tied.schur, task_of(a), U, [t])}),
    "second-order-diagonal": Case(
        nearly_orthogonal,
        second_order,
        rtol=1e-10,  # of the quadrature 1e-13; early, eps over a cancellation to 2 a_j t ≥ 0.03
        points=3,  # six 20-digit quadratures each
    ),
    "bump-top": Case(bump_numbers, bump, rtol=1e-11),  # δ keeps z₀ to eps over 1 − r² ≥ 0.1
    "first-order-target": Case(teacher_numbers, teacher),
}
