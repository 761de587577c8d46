"""Cases of the subject flow_matching."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory.analytic import flow_matching as fm
from tests.statements.cases.case import Case, Numbers


def numbers(rng: np.random.Generator) -> Numbers:
    lam = 10.0 ** rng.uniform(-3, 3)
    return {"lam": lam, "q": rng.random(), "t": 10.0 ** rng.uniform(-3, 2), "s": rng.random()}


def one_layer(lam: float, q: float, t: float, s: float) -> dict[str, Any]:
    return {
        "w": fm.one_layer_weight(lam, t, s=s, start=q),
        # A logarithm can vanish; what is generated is its exponential.
        "log_lt": np.log(fm.one_layer_variance(lam, t, start=q)),
    }


def tied(lam: float, q: float, t: float, s: float) -> dict[str, Any]:
    return {
        "psi": fm.tied_weight(lam, t, s=s, start=q),
        "lt": fm.tied_variance(lam, t, start=q),
    }


CASES = {
    "fm-one-layer": Case(numbers, one_layer),
    "fm-tied": Case(
        lambda rng: numbers(rng) | {"t": 10.0 ** rng.uniform(-3, 1)},
        tied,
        rtol=1e-11,  # two quadratures
        points=5,
    ),
}
