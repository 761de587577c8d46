"""Proofs on Markov chains at one level."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import diff, exp, limit, pi, simplify, sqrt, symbols

from derivations._proof import Step, proof
from derivations.composition._common import (
    EXPERTS,
    c_1,
    c_2,
    h,
    lam,
    log_normal,
    v,
    w_1,
    w_2,
    x,
    y,
)
from simtheory.analytic.symbolic import Statement


@proof("kernel-bias")
def kernel_bias(statement: Statement) -> Iterator[Step]:
    """Fixed points of the variance."""
    delta = symbols("delta", positive=True)
    found = statement.substitute(v=v, delta=delta, h=h)
    V = found["V_ULA"]
    yield Step("ULA: V = (1 − δ/v)²V + 2δ.", simplify((1 - delta / v) ** 2 * V + 2 * delta - V))
    half = sympy.Matrix([[1, 0], [-h / (2 * v), 1]])
    leap = half * sympy.Matrix([[1, h], [0, 1]]) * half
    kept = sympy.diag(found["V_UHMC"], 1)
    yield Step(
        "A leapfrog step leaves position variance V and unit velocity as they are.",
        (leap * kept * leap.T - kept).applyfunc(simplify),
    )


@proof("kernel-resonance")
def kernel_resonance(statement: Statement) -> Iterator[Step]:
    """A leapfrog step is a rotation in scaled coordinates."""
    L = symbols("L", positive=True)
    turn = statement.substitute(L=L, h=h, v=v)["turn"]
    half = sympy.Matrix([[1, 0], [-h / (2 * v), 1]])
    leap = half * sympy.Matrix([[1, h], [0, 1]]) * half
    yield Step("It keeps areas.", simplify(leap.det() - 1))
    yield Step(
        "Its trace is 2cos θ, θ the angle of one step.",
        simplify(leap.trace() - 2 * sympy.cos(turn / L)),
    )
    yield Step("L steps turn L times as far.", simplify(diff(turn, L) * L - turn))
    small = limit(turn / h, h, 0, "+")
    yield Step("A small step turns by h/√v, with the velocity.", simplify(small - L / sqrt(v)))


@proof("kernel-acceptance")
def kernel_acceptance(statement: Statement) -> Iterator[Step]:
    """The logarithm of the ratio on a Gaussian, its mean and leading variance, and its normal limit."""
    d, delta = symbols("d delta", positive=True)
    found = statement.substitute(d=d, delta=delta, v=v)
    Delta = found["Delta"]
    log_alpha = (x**2 - y**2) / (2 * v) - (
        (x - y + delta * y / v) ** 2 - (y - x + delta * x / v) ** 2
    ) / (4 * delta)
    yield Step(
        "One direction: log α = (δ/4v²)(x² − y²).",
        sympy.expand(log_alpha - delta * (x**2 - y**2) / (4 * v**2)),
    )
    mean_square = (1 - delta / v) ** 2 * v + 2 * delta
    mean = d * delta * (v - mean_square) / (4 * v**2)
    yield Step("Its mean over d directions is −Δ.", simplify(mean + Delta))
    # x² − y² to leading order is −2x√(2δ)z, of variance 8δv.
    yield Step(
        "Its variance is 2Δ to leading order.",
        simplify(d * (delta / (4 * v**2)) ** 2 * 8 * delta * v - 2 * Delta),
    )
    t = symbols("t", positive=True)
    accepted = found["accepted"]
    normal = 1 - sympy.erf(sqrt(Delta) / 2)  # 2Φ(−√(Δ/2)) = E min(1, e^X), X normal (−Δ, 2Δ)
    yield Step(
        "A normal variable of mean −Δ and variance 2Δ is accepted so often.", accepted - normal
    )
    density = exp(-((x + t) ** 2) / (4 * t)) / sqrt(4 * pi * t)
    yield Step(
        "e^X times its density is the density mirrored, so both halves are equal.",
        simplify(exp(x) * density / density.subs(x, -x) - 1),
    )


@proof("last-level-bias")
def last_level_bias(statement: Statement) -> Iterator[Step]:
    """Curvatures of the composition with and without noise."""
    found = statement.substitute(**EXPERTS, lam=lam)
    total = w_1 * log_normal(x, 0, c_1 + lam) + w_2 * log_normal(x, 0, c_2 + lam)
    yield Step(
        "At the last level the variance of y is one over the curvature.",
        simplify(1 / found["v_1"] + diff(total, x, 2)),
    )
    yield Step(
        "Without noise it is the clean one.",
        simplify(1 / found["v_2"] + diff(total, x, 2).subs(lam, 0)),
    )
    alpha2 = 1 / (1 + lam)
    yield Step(
        "z = αy with α² = 1/(1 + λ).",
        simplify(found["ratio"] * found["v_2"] - alpha2 * found["v_1"]),
    )
