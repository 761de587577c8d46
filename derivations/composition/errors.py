"""The proof that errors of target, sampler and score add."""

from __future__ import annotations

from collections.abc import Iterator

from sympy import Abs, expand, symbols

from derivations._proof import Step, proof
from simtheory.analytic.symbolic import Statement

_MASSES = ("p_meant", "p_exact", "p_sampled", "p_learned")


@proof("error-split")
def error_split(statement: Statement) -> Iterator[Step]:
    """A sum of differences, and the triangle inequality of its total variation."""
    masses = dict(zip(_MASSES, symbols("p q r s", real=True), strict=True))
    found = statement.substitute(**masses)
    parts = [found[name] for name in ("e_target", "e_sampler", "e_score")]
    yield Step("The three parts sum to the whole error.", expand(sum(parts) - found["e_total"]))
    a, b, c = symbols("a b c", real=True)
    sizes = expand((Abs(a) + Abs(b) + Abs(c)) ** 2)
    gap = sum(2 * (Abs(e) * Abs(f) - e * f) for e, f in ((a, b), (a, c), (b, c)))
    yield Step(
        "The squared sum of sizes exceeds the squared sum by terms 2(|e||f| − ef), none negative: the size of the "
        "whole is at most the sum of sizes, in every cell and so in total variation.",
        expand(sizes - (a + b + c) ** 2 - gap),
    )
    other = statement.substitute(**{name: 1 - mass for name, mass in masses.items()})
    yield Step(
        "The error of all other cells is the opposite, since masses sum to one.",
        expand(sum((found[name] + other[name]) ** 2 for name in found)),
    )
