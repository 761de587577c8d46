"""Cases and references of the subject factorization."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from simtheory.analytic import factorization
from tests.statements.cases.case import Case, Numbers, Reference


def examples(rng: np.random.Generator) -> Numbers:
    side = rng.uniform(4, 64)
    return {"n": rng.uniform(0, 500), "N": side, "tau": side * rng.uniform(0.01, 0.5)}


CASES = {
    "nearest-random": Case(
        examples,
        lambda n, N, tau: {"acc": factorization.nearest_random(n, side=N, tolerance=tau)},
    ),
    "nearest-factorised": Case(
        examples,
        lambda n, N, tau: {"acc": factorization.nearest_factorised(n, side=N, tolerance=tau)},
    ),
}


def lengths(rng: np.random.Generator) -> Numbers:
    return {"width": rng.uniform(0.5, 9), "tau": rng.uniform(0.1, 3)}


def beyond(width: float, low: float, high: float) -> Fraction:
    """Return the length of the part of a strip that is further than low and high from its rims."""
    return max(Fraction(0), Fraction(width) - Fraction(low) - Fraction(high)) / Fraction(width)


def covered(d: float, tau: float) -> dict[str, Any]:
    """Integrate the height of the covered part over a quarter of a cell."""
    with mpmath.workdps(30):
        half, reach = mpmath.mpf(d) / 2, mpmath.mpf(tau)
        if reach**2 >= 2 * half**2:
            return {"acc": 1.0}
        end = min(half, reach)
        flat = mpmath.sqrt(reach**2 - half**2) if reach > half else mpmath.mpf(0)
        area = flat * half + mpmath.quad(lambda x: mpmath.sqrt(reach**2 - x**2), [flat, end])
        return {"acc": float(area / half**2)}


REFERENCES = {
    "nearest-lesion": Reference(
        lengths,
        lambda width, tau: {"acc": factorization.nearest_lesion(width, tolerance=tau)},
        lambda width, tau: {"acc": float(1 - beyond(width, tau, tau))},
    ),
    "nearest-hole": Reference(
        lambda rng: lengths(rng) | {"place": str(rng.choice(["interior", "corner"]))},
        lambda width, tau, place: {
            "acc": factorization.nearest_hole(width, tolerance=tau, place=place)
        },
        lambda width, tau, place: {
            "acc": float(1 - beyond(width, tau, tau if place == "interior" else 0.0) ** 2)
        },
    ),
    "lattice-coverage": Reference(
        lambda rng: {"d": (d := rng.uniform(0.5, 4)), "tau": d * rng.uniform(0.2, 0.8)},
        lambda d, tau: {"acc": factorization.nearest_lattice(d, tolerance=tau)},
        covered,
        rtol=1e-11,  # the quadrature meets a vertical end
    ),
}
