"""Proofs on the algebra of Gaussian mixtures."""

from __future__ import annotations

from collections.abc import Iterator

import sympy
from sympy import diff, exp, log, simplify, symbols

from derivations._proof import Step, proof
from derivations.composition._common import (
    alpha,
    at_numbers,
    beta,
    c,
    c_1,
    c_2,
    c_b,
    lam,
    log_normal,
    m,
    m_1,
    m_2,
    m_b,
    pi_1,
    pi_2,
    sigma,
    x,
)
from simtheory.analytic.symbolic import Statement


@proof("gmm-product")
def gmm_product(statement: Statement) -> Iterator[Step]:
    """Complete the square in the product of two components."""
    found = statement.substitute(pi_1=pi_1, pi_2=pi_2, c_1=c_1, c_2=c_2, m_1=m_1, m_2=m_2)
    C, M = found["C"], found["M"]
    gap = (
        log(pi_1)
        + log(pi_2)
        + log_normal(x, m_1, c_1)
        + log_normal(x, m_2, c_2)
        - log_normal(x, M, C)
    )
    yield Step("The quotient of both sides does not depend on x.", simplify(diff(gap, x)))
    yield Step("At x = 0 it is the weight.", at_numbers(gap.subs(x, 0) - log(found["w"])))


@proof("gmm-power")
def gmm_power(statement: Statement) -> Iterator[Step]:
    """The power of a Gaussian is a Gaussian and a constant."""
    found = statement.substitute(c=c, beta=beta)
    gap = beta * log_normal(x, m, c) - log_normal(x, m, found["V"]) - found["log_Z"]
    yield Step("The power is the Gaussian times its partition function.", at_numbers(gap))


@proof("gmm-divide-gaussian")
def gmm_divide(statement: Statement) -> Iterator[Step]:
    """Compare slopes: they decide a density up to its constant."""
    found = statement.substitute(c=c, m=m, c_b=c_b, m_b=m_b)
    slope = diff(log_normal(x, m, c) - log_normal(x, m_b, c_b), x)
    yield Step(
        "The quotient has the slope of the stated Gaussian.",
        simplify(slope + (x - found["M"]) / found["V"]),
    )


@proof("gmm-tilt")
def gmm_tilt(statement: Statement) -> Iterator[Step]:
    """Complete the square in the tilted component."""
    Q, b = symbols("Q b", positive=True)
    found = statement.substitute(c=c, m=m, b=b, Q=Q)
    gap = (
        log_normal(x, m, c)
        + b * x
        - Q * x**2 / 2
        - log_normal(x, found["M"], found["C"])
        - found["log_Z"]
    )
    yield Step("The tilted component is the stated Gaussian times its integral.", at_numbers(gap))


@proof("gmm-condition")
def gmm_condition(statement: Statement) -> Iterator[Step]:
    """The remainder x_a − gain·x_b is not correlated with what is given."""
    C_aa, C_ab, C_bb, m_a, u = symbols("C_aa C_ab C_bb m_a u", positive=True)
    found = statement.substitute(C_aa=C_aa, C_ab=C_ab, C_bb=C_bb, m_a=m_a, m_b=m_b, u=u)
    gain = diff(found["M"], u)
    yield Step("What is left over has no covariance with x_b.", simplify(C_ab - gain * C_bb))
    yield Step(
        "Its variance is the stated one.",
        simplify(C_aa - 2 * gain * C_ab + gain**2 * C_bb - found["V"]),
    )
    yield Step("At the mean of x_b nothing is learned.", simplify(found["M"].subs(u, m_b) - m_a))


@proof("gmm-noise")
def gmm_noise(statement: Statement) -> Iterator[Step]:
    """Sums of independent Gaussian variables."""
    r = symbols("r")
    found = statement.substitute(alpha=alpha, noise=sigma, m=m, c=c)
    # Logarithms of characteristic functions: of a Gaussian irm − r²c/2, of unit noise −r²/2.
    clean = sympy.I * (alpha * r) * m - (alpha * r) ** 2 * c / 2
    noise = -((sigma * r) ** 2) / 2
    yield Step(
        "Characteristic functions multiply.",
        sympy.expand(clean + noise - sympy.I * r * found["M"] + r**2 * found["V"] / 2),
    )


@proof("tweedie-covariance")
def tweedie(statement: Statement) -> Iterator[Step]:
    """Two clean points of any weights; any density is a limit of such."""
    a_1, a_2 = symbols("a_1 a_2", real=True)
    likes = [p * exp(-((x - a) ** 2) / (2 * lam)) for p, a in ((pi_1, a_1), (pi_2, a_2))]
    total = sum(likes)
    mean = (a_1 * likes[0] + a_2 * likes[1]) / total
    spread = ((a_1 - mean) ** 2 * likes[0] + (a_2 - mean) ** 2 * likes[1]) / total
    stated = statement.substitute(lam=lam, curvature=diff(log(total), x, 2))["V"]
    yield Step(
        "The second derivative of log q gives the variance of the clean point.",
        simplify(spread - stated),
    )
