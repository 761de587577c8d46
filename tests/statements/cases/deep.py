"""Cases of the subject deep."""

from __future__ import annotations

import numpy as np

from simtheory.analytic import deep
from simtheory.analytic._shared.off_diagonal import velocity
from tests.statements.cases.case import Case, Numbers


def mode_numbers(rng: np.random.Generator) -> Numbers:
    """Draw depths around the special 2, starts from 1e-6 up, times from zero to long after."""
    L = float(rng.choice([1.0, 1.2, 1.5, 1.999, 2.0, 2.001, 2.5, 3.0, 4.0, 7.0]))
    a, w0 = 10.0 ** rng.uniform(-6, 6), 10.0 ** rng.uniform(-6, -0.4)
    f = rng.choice([0.5, 0.9, 0.998, 0.99999])
    half = deep.time_to_level(a, w0, depth=L)
    return {"a": a, "w0": w0, "L": L, "f": f, "t": half * rng.choice([0.0, 1e-3, 0.9, 1.0, 1.5])}


def pair_numbers(rng: np.random.Generator) -> Numbers:
    w = 10.0 ** rng.uniform(-8, -0.01, 2)
    a = 10.0 ** rng.uniform(-2, 2, 2)
    return {"a_i": a[0], "a_j": a[1], "w_i": w[0], "w_j": w[1]} | {
        "B": rng.standard_normal(),
        "Bbar": rng.standard_normal(),
        "L": float(rng.integers(2, 8)),
    }


def pair(
    a_i: float, a_j: float, w_i: float, w_j: float, B: float, Bbar: float, L: float
) -> dict[str, np.ndarray]:
    rates, modes = (np.array([a_i]), np.array([a_j])), (np.array([w_i]), np.array([w_j]))
    return {"B_t": velocity(rates, modes, (np.array([B]), np.array([Bbar])), int(L))[0]}


CASES = {
    "depth-offdiag": Case(pair_numbers, pair, rtol=1e-11),  # terms that cancel in part
    "depth-mode": Case(
        mode_numbers,
        lambda a, w0, L, f, t: {
            "t_f": deep.time_to_level(a, w0, depth=L, level=f),
            "w": deep.mode(a, w0, [t], depth=L)[0],
        },
        # The rounding of the waiting time, eps·at, moves w by L·eps·at: at most 1e-11 from 1e-6.
        rtol=2e-11,
        points=16,  # a bisection to 60 digits each
    ),
    "depth-infinite": Case(
        lambda rng: {
            "a_inf": (a := 10.0 ** rng.uniform(-6, 6)),
            "w0": (w0 := 10.0 ** rng.uniform(-3, -0.1)),
            "t": rng.choice([0.0, 0.3, 1.0, 3.0]) / (a * w0),
        },
        lambda a_inf, w0, t: {"w": deep.infinite_depth(a_inf, w0, [t])[0]},
    ),
}
