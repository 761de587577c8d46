"""Every stable formula against its statement, evaluated to 50 digits at drawn points."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from simtheory.analytic.symbolic import STATEMENTS
from tests.statements.cases import CASES


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


@pytest.mark.parametrize("label", sorted(STATEMENTS))
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
