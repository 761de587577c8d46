"""Every proved formula against its statement at 50 digits, every computed one against an exact
reference on small cases, every cited constant against an independent simulation."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from simtheory.analytic.symbolic import STATEMENTS
from simtheory.labels import Constant, cards
from tests.statements.cases import CASES, REFERENCES, SIMULATIONS, Reference, Simulation


def exact_numbers(numbers: dict) -> dict:
    """Replace weights U by W(0) = U Uᵀ, multiplied out exactly, which is what statements speak of."""
    known = {name: value for name, value in numbers.items() if name not in ("U", "sigma")}
    if "U" in numbers:
        with mpmath.workdps(300):
            U = mpmath.matrix(numbers["U"].tolist())
            known["W0"] = U * U.T
    return known


def as_array(value: object) -> np.ndarray:
    listed = value.tolist() if isinstance(value, mpmath.matrix) else value
    return np.array(listed, dtype=object)


LONG = {"depth-mode", "second-order-diagonal", "tied-rank-one", "tied-rank-one-decay"}
"""Statements that take seconds at 50 digits, more than all the others together."""


@pytest.mark.parametrize(
    "label",
    [pytest.param(x, marks=pytest.mark.slow if x in LONG else ()) for x in sorted(STATEMENTS)],
)
def test_the_code_agrees_with_the_statement(label: str) -> None:
    case, rng = CASES[label], np.random.default_rng(20260101)
    for _ in range(case.points):
        numbers = case.draw(rng)
        stated = STATEMENTS[label].evaluate(**exact_numbers(numbers))
        for name, value in case.code(**numbers).items():
            got, wanted = np.asarray(value, dtype=object), as_array(stated[name])
            # Relative to the entry, but for entries that vanish by cancellation in a larger matrix:
            # those are known relative to √(w_ii w_jj), the largest they could be.
            with mpmath.workdps(50):
                error = np.abs(np.asarray(got - wanted, dtype=float))
            size = scale_of(wanted)
            assert np.all(error <= case.rtol * size), (label, name, numbers, error / size)


def scale_of(value: object) -> np.ndarray:
    array = np.abs(np.asarray(value, dtype=float))
    if array.ndim == 2:
        diagonal = np.sqrt(np.diagonal(array))
        return np.maximum(array, np.outer(diagonal, diagonal))
    return np.maximum(array, 1e-300)


def reference_holds(reference: Reference, rng: np.random.Generator) -> bool:
    for _ in range(reference.points):
        numbers = reference.draw(rng)
        exact = reference.exact(**numbers)
        for name, value in reference.code(**numbers).items():
            if not np.allclose(value, exact[name], rtol=reference.rtol, atol=0.0):
                return False
    return True


def simulation_holds(simulation: Simulation, constant: Constant, rng: np.random.Generator) -> bool:
    estimate, error = simulation.estimate(rng)
    return abs(estimate - constant.value) <= simulation.sigmas * np.hypot(error, constant.error)


@pytest.mark.parametrize("label", sorted(REFERENCES))
def test_the_code_agrees_with_the_reference(label: str) -> None:
    assert reference_holds(REFERENCES[label], np.random.default_rng(20260101))


@pytest.mark.parametrize("label", sorted(SIMULATIONS))
def test_the_constant_agrees_with_the_simulation(label: str) -> None:
    constant = cards()[label].kind.constant
    assert simulation_holds(SIMULATIONS[label], constant, np.random.default_rng(20260101))


def test_a_reference_notices_a_wrong_code() -> None:
    """The probability of an even sum of n coins, by a product and by enumeration."""

    def draw(rng: np.random.Generator) -> dict:
        return {"p": rng.random(int(rng.integers(1, 6)))}

    def code(p: np.ndarray) -> dict:
        return {"even": 0.5 + 0.5 * np.prod(1 - 2 * p)}

    def exact(p: np.ndarray) -> dict:
        coins = np.array(list(np.ndindex(*(2,) * p.size)))
        chance = np.prod(np.where(coins == 1, p, 1 - p), axis=1)
        return {"even": chance[coins.sum(axis=1) % 2 == 0].sum()}

    rng = np.random.default_rng(0)
    assert reference_holds(Reference(draw, code, exact), rng)
    assert not reference_holds(Reference(draw, lambda p: {"even": 0.5}, exact), rng)


def test_a_simulation_notices_a_wrong_constant() -> None:
    """The share of a quarter disc in its square."""

    def estimate(rng: np.random.Generator) -> tuple[float, float]:
        inside = np.sum(rng.random((40_000, 2)) ** 2, axis=1) < 1
        return float(inside.mean()), float(inside.std() / 200.0)

    simulation, rng = Simulation(estimate), np.random.default_rng(0)
    assert simulation_holds(simulation, Constant(np.pi / 4, 1e-12, "yang2024"), rng)
    assert not simulation_holds(simulation, Constant(0.8, 1e-3, "yang2024"), rng)
