"""For each label: how to compute it by its stable code, from the numbers its statement takes.

A new label needs one entry here: a function that draws the numbers of one case, edges included, and
one that runs the code on them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory import SIMTask
from simtheory.analytic import one_layer, tied
from simtheory.tasks.identity import moment_rates
from simtheory.units import Clock

Numbers = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """How one label is drawn and computed."""

    draw: Callable[[np.random.Generator], Numbers]
    code: Callable[..., dict[str, Any]]
    rtol: float = 1e-12  # a few hundred eps: chains of a dozen operations and 3×3 factorisations
    points: int = 24


def task_of(a: np.ndarray) -> SIMTask:
    """Return the task with rates a (its own rounding of √a squared aside; cases read them back)."""
    return SIMTask(mu=np.zeros(len(a)), sigma=np.sqrt(a))


def falling_rates(rng: np.random.Generator, d: int = 3) -> np.ndarray:
    """Return decreasing rates, as the task rounds them; sometimes nearly equal ones."""
    ratio = rng.choice([1e-3, 0.1, 1.0])
    a = 10.0 ** rng.uniform(-1, 1) * (1.0 + ratio * np.cumsum(rng.random(d))[::-1])
    return task_of(a).rates


def weights(rng: np.random.Generator, d: int = 3) -> np.ndarray:
    """Return a start from 1e-8 up to the edge of W(0) < I."""
    U = rng.standard_normal((d, d))
    scale = rng.choice([1e-8, 1e-4, 1e-2, 0.3, 0.99])
    return U / np.linalg.norm(U, 2) * scale


def time(rng: np.random.Generator, a: np.ndarray) -> float:
    """Return a time from the first instant to long after everything is learned."""
    return float(rng.choice([0.0, 1e-6, 0.3, 3.0, 20.0]) / np.max(a))


def start(rng: np.random.Generator) -> Numbers:
    a = falling_rates(rng)
    return {"U": weights(rng), "a": a, "t": time(rng, a)}


def quietly(function: Callable[..., Any], *arguments: Any) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, strict=False).weights[0]


def symmetric(rng: np.random.Generator, d: int = 3) -> np.ndarray:
    A = rng.standard_normal((d, d))
    return A @ A.T


def clock(k: float, eta: float, c: float, m: float, beta: float) -> dict[str, Any]:
    loss = {1.0: "half_sum", 2.0: "sum"}.get(c, "mean")
    dim = None if loss != "mean" else round(2.0 / c)
    return {"t": Clock(lr=eta, loss=loss, dim=dim, tied=m == 2.0, momentum=beta).time(k)}


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


def ood(rng: np.random.Generator) -> Numbers:
    mu, sigma = rng.uniform(0, 3, 2), rng.uniform(0, 1, 3)
    a = SIMTask(mu=mu, sigma=sigma, dim=3).rates
    return {"mu": mu, "sigma": sigma, "a": a, "s": 2, "d": 3, "t": time(rng, a)}


def ood_code(mu: np.ndarray, sigma: np.ndarray, t: float, **_: Any) -> dict[str, Any]:
    found = one_layer.zero_start_loss(SIMTask(mu=mu, sigma=sigma, dim=3), [t])
    return {"L_test": found.test[0], "L_train": found.train[0]}


CASES: dict[str, Case] = {
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
    "ldl-logit": Case(start, lambda U, a, t: {"W": quietly(tied.pivots, task_of(a), U, [t])}),
    "learning-time": Case(
        lambda rng: {
            "U": weights(rng),
            "a": SIMTask(mu=np.sqrt(3.0 * falling_rates(rng)), sigma=0.0).rates,
        },
        learning_times,
    ),
    "swing-peak": Case(peak_numbers, peak),
}


def _inside(rng: np.random.Generator) -> np.ndarray:
    """Return a symmetric map well inside (0, I), where determinants are known to rounding."""
    Q, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    W = (Q * rng.uniform(0.05, 0.95, 3)) @ Q.T
    return 0.5 * (W + W.T)
