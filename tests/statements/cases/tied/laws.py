"""Cases of the subject tied: exact laws."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import SIMTask
from simtheory.analytic import tied
from simtheory.results import Trajectory
from tests.statements.cases.case import (
    Case,
    Numbers,
    falling_rates,
    symmetric,
    task_of,
    time,
    weights,
)


def inside(rng: np.random.Generator, d: int = 3) -> np.ndarray:
    """Return a symmetric map well inside (0, I), with eigenvalues apart."""
    Q, _ = np.linalg.qr(rng.standard_normal((d, d)))
    W = (Q * ((np.arange(d) + rng.uniform(0.2, 0.8, d)) / d)) @ Q.T
    return 0.5 * (W + W.T)


def eigen_numbers(rng: np.random.Generator) -> Numbers:
    W = inside(rng)
    return {"W": W, "q": np.linalg.eigh(W)[1][:, 1:2], "A": symmetric(rng)}


def mirrored(W: np.ndarray, A: np.ndarray) -> dict[str, Any]:
    task = SIMTask(mu=np.ones(3), sigma=0.0)
    run = Trajectory.from_weights([0.0], W[None], task, origin="sim", exact=True)
    return {"M": tied.reflect(run).weights[0], "V": tied.field(W, A)}


def logit_numbers(rng: np.random.Generator) -> Numbers:
    N = np.linalg.inv(np.eye(3) - inside(rng))
    return {"N": 0.5 * (N + N.T), "A": symmetric(rng)}


def plane_numbers(rng: np.random.Generator) -> Numbers:
    a = 10.0 ** rng.uniform(-2, 2, 2)
    t = rng.choice([0.0, 0.1, 1.0, 10.0]) / a.sum()
    return {"W0": inside(rng, 2), "W": inside(rng, 2), "a_1": a[0], "a_2": a[1], "t": t}


def plane(W0: np.ndarray, W: np.ndarray, a_1: float, a_2: float, t: float) -> dict[str, Any]:
    rates = np.array([a_1, a_2])
    level = tied.det_law(np.diag(rates), W0, [t])[0]
    return {
        "R0": np.exp(tied.plane_laws(W0, rates).log_ratio),
        "R": np.exp(level),
        "det_W": tied.plane_determinant(np.trace(W), level),
        "t_half": tied.plane_halfway(W0, rates),
        "tie_speed": tied.plane_laws(W, rates).tie_speed,
    }


def hamiltonian_numbers(rng: np.random.Generator) -> Numbers:
    """Eigenvalues apart and an angle off the axes, where eigenvectors are known to rounding."""
    y_2 = 10.0 ** rng.uniform(-3, 1)
    angle = rng.uniform(0.3, 1.2)
    numbers = {"y_1": y_2 * rng.uniform(3.0, 20.0), "y_2": y_2}
    numbers |= {"q_1": np.cos(angle), "q_2": np.sin(angle)}
    return numbers | {"a_1": rng.uniform(0.1, 3.0), "a_2": rng.uniform(3.1, 9.0)}


def hamiltonian(y_1: float, y_2: float, q_1: float, q_2: float, a_1: float, a_2: float) -> dict:
    q, p = np.array([q_1, q_2]), np.array([-q_2, q_1])
    W = y_1 / (1 + y_1) * np.outer(q, q) + y_2 / (1 + y_2) * np.outer(p, p)
    found = tied.plane_hamiltonian(W, [a_1, a_2])
    # Q and τ pass through zero, and H through it too: compared as what they are logarithms of.
    return {"P": found.P, "P_dot": found.P_dot, "Q_dot": found.Q_dot}


def projector_numbers(rng: np.random.Generator) -> Numbers:
    a = falling_rates(rng)
    U0 = np.linalg.qr(rng.standard_normal((3, 2)))[0]
    return {"U0": U0, "A": np.diag(a), "t": time(rng, a)}


def block(U: np.ndarray, a: float, t: float) -> dict[str, Any]:
    task = task_of(np.array([a, 2.7 * a, a, a]))
    whole = np.zeros((4, 4))
    whole[np.ix_([0, 2, 3], [0, 1, 2])] = U
    whole[1, 3] = 0.3
    at = np.ix_([0, 2, 3], [0, 2, 3])
    return {"W": tied.blocks(task, whole, [t]).weights[0][at]}


def target_numbers(rng: np.random.Generator) -> Numbers:
    Q, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    B = (Q * (np.array([1.0, 1.0, rng.choice([-1.0, 1.0])]) * rng.uniform(0.5, 2.0, 3))) @ Q.T
    a = 10.0 ** rng.uniform(-3, 3)
    return {
        "B": 0.5 * (B + B.T),
        "U": weights(rng),
        "a": a,
        "t": rng.choice([0.0, 1e-6, 0.3, 3.0]) / a,
    }


def bound_numbers(rng: np.random.Generator) -> Numbers:
    U, a = weights(rng), falling_rates(rng)
    W = U @ U.T
    i = rng.integers(3)
    return {
        "W": W, "i": i, "a": a, "w_i": W[i], "a_i": a[i], "w_ii": W[i, i],
        "w0_ii": W[i, i], "t": time(rng, a), "n": 3.0,
    }  # fmt: skip


def bound(W: np.ndarray, i: int, a: np.ndarray, t: float, **_: Any) -> dict[str, Any]:
    root = np.zeros((3, 3))
    root[i, i] = np.sqrt(W[i, i])
    return {"w": tied.diagonal_bound(task_of(a), root, [t])[0, i]}


def decay_numbers(rng: np.random.Generator) -> Numbers:
    a = 10.0 ** rng.uniform(-6, 6)
    kappa = a * rng.choice([0.0, 0.3, 0.9, 1.5, 4.0])
    t = rng.choice([0.0, 1e-6, 0.3, 3.0, 20.0]) / a
    numbers = {
        "a": a,
        "kappa": kappa,
        "b": rng.uniform(1.0, 1.4),
        "w0": 10.0 ** rng.uniform(-16, 1),
    }
    return {**numbers, "t": t, "W": inside(rng), "A": symmetric(rng), "d": 3.0}


def decayed(a: float, kappa: float, b: float, w0: float, t: float, **maps: Any) -> dict[str, Any]:
    values = {
        "w": tied.decayed_mode(a, w0, [t], decay=kappa, teacher=b)[0],
        "det_speed": tied.decayed_log_det_rate(maps["W"], maps["A"], decay=kappa),
    }
    level = tied.decayed_level(a, decay=kappa, teacher=b)
    return values | ({"beta": level} if level > 0 else {})


def width_one_numbers(rng: np.random.Generator) -> Numbers:
    a = falling_rates(rng, 2)
    kappa = a[0] * rng.choice([0.0, 0.1, 0.7, 1.3])
    t = rng.choice([0.1, 1.0, 4.0]) / a[0]
    return {"u0": rng.uniform(-0.6, 0.6, 2), "a": a, "kappa": kappa, "t": t}


def width_one(u0: np.ndarray, a: np.ndarray, kappa: float, t: float) -> dict[str, Any]:
    W = tied.rank_one_decay(task_of(a), u0, [t], decay=kappa).weights[0]
    return {"u": np.sign(u0) * np.sqrt(np.diagonal(W))}


def floor_numbers(rng: np.random.Generator) -> Numbers:
    a = falling_rates(rng)
    numbers = {"W": inside(rng), "A": symmetric(rng), "a_min": a[-1], "a": a}
    return {**numbers, "omega0": 10.0 ** rng.uniform(-16, -0.01), "t": time(rng, a)}


def floor(W: np.ndarray, A: np.ndarray, omega0: float, a: np.ndarray, t: float, **_: Any) -> dict:
    U0 = np.diag([1.0, np.sqrt(omega0), 1.0])
    return {
        "missing": 0.5 * tied.log_det_rate(W, A),
        "omega": tied.eigenvalue_floor(task_of(a), U0, [t])[0],
    }


CASES = {
    "eigen-logit-law": Case(
        eigen_numbers,
        lambda W, q, A: {"logit_speed": [[tied.eigen_logit_rates(W, A)[1]]]},
    ),
    "involution": Case(lambda rng: {"W": inside(rng), "A": symmetric(rng)}, mirrored),
    "logit-ode": Case(logit_numbers, lambda N, A: {"Ndot": tied.logit_field(N, A)}),
    # exp(ln R) multiplies the rounding of ln R, up to 40 here
    "two-by-two-laws": Case(plane_numbers, plane),
    # Rounding of W, 1e-16, over its smallest eigenvalue or gap, 1e-3.
    "plane-hamiltonian": Case(hamiltonian_numbers, hamiltonian, rtol=1e-11),
    "tied-projector": Case(
        projector_numbers,
        lambda U0, A, t: {
            "W": tied.projector(task_of(np.diag(A)), U0, [t]).weights[0],
        },
    ),
    "tied-blocks": Case(
        lambda rng: {
            "U": weights(rng),
            "a": (a := float(task_of(np.array([10.0 ** rng.uniform(-3, 3)])).rates[0])),
            "t": time(rng, np.array([a])),
        },
        block,
    ),
    "tied-whitened-target": Case(
        target_numbers,
        lambda B, U, a, t: {"W": tied.whitened_teacher(B, U, [t], rate=a)[0]},
    ),
    "diagonal-upper-bound": Case(
        bound_numbers,
        lambda **numbers: {
            **bound(**numbers),
            "N_ii": tied.diagonal_interaction(numbers["W"], numbers["a"])[numbers["i"]],
            "w_dot": np.diag(tied.field(numbers["W"], np.diag(numbers["a"])))[numbers["i"]],
        },
    ),
    "decay-family": Case(decay_numbers, decayed),
    "tied-rank-one-decay": Case(
        width_one_numbers,
        width_one,
        rtol=1e-9,  # what the integration of the two equations holds
        points=4,  # a Taylor series of 30 digits each
    ),
    "gd-modified": Case(
        lambda rng: {
            "a": (a := 10.0 ** rng.uniform(-6, 6)),
            "eta": 10.0 ** rng.uniform(-6, -0.1) / a,
            "w0": 10.0 ** rng.uniform(-16, -0.5),
            "w": rng.uniform(0.4, 0.999),
        },
        lambda a, eta, w0, w: {"t_w": tied.modified_time(a, w0, w, step=eta)},
    ),
    "global-convergence": Case(floor_numbers, floor),
}
