"""Work that the integrator may do: counts, which the noise of a machine does not move.

Times are reported by ``python -m benchmarks``; here a change that makes the flow dearer fails whatever
it runs on. A gate stands about 5 % above what was counted, since compilers differ in rounding and with
it in a step here and there.
"""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from benchmarks.problem import Ensemble, second_moments
from benchmarks.steps import Count, count
from simtheory.sim import Tied, integrate

# spectrum, d, rtol: most steps, rejected steps and field evaluations of a member (a field evaluation
# is one product of matrices in W, two in U); mean over four members.
GATES = {
    ("std", 2, 1e-8): (57, 6, 1030),
    ("std", 8, 1e-6): (35, 2, 615),
    ("std", 8, 1e-8): (60, 3, 1040),
    ("std", 8, 1e-10): (103, 4, 1775),
    ("std", 16, 1e-8): (61, 3, 1060),
    ("wide", 8, 1e-8): (93, 12, 1700),
    ("xwide", 8, 1e-8): (458, 11, 7890),
}
# Steps at rtol = 1e-8, d = 8, as a multiple of those on `std`; counted 1.6 and 7.7.
CONDITION = {"wide": 1.8, "xwide": 8.1}
# Memory above the result, as a share of the result.
SPARE_MEMORY = 0.25


def counted(spectrum: str, d: int, rtol: float) -> Count:
    return count(Ensemble(d, 4, spectrum), rtol, check=False)


@pytest.mark.parametrize(("case", "gate"), GATES.items(), ids=str)
def test_a_run_takes_no_more_work_than_its_gate(case, gate) -> None:
    seen = counted(*case)
    found = (seen.steps, seen.rejected, seen.field_evaluations)
    assert all(np.less_equal(found, gate)), f"{found} exceed the gate {gate}"
    # A gate ten times above what happens would guard nothing.
    assert seen.field_evaluations > gate[2] / 10, f"tighten the gate {gate} to {found}"


def test_the_steps_at_a_large_condition_number_stay_below_the_limit() -> None:
    easy = counted("std", 8, 1e-8).steps
    for spectrum, most in CONDITION.items():
        ratio = counted(spectrum, 8, 1e-8).steps / easy
        assert most / 10 < ratio <= most, f"{spectrum} takes {ratio:.1f} times the steps of std"


def test_one_more_digit_costs_as_an_eighth_order_method_predicts() -> None:
    """Two more digits: 10^(2/8) = 1.8 times the steps, and never as many as order 5 takes, 2.5."""
    loose, tight = counted("std", 8, 1e-8), counted("std", 8, 1e-10)
    assert 1.0 < tight.steps / loose.steps < 2.0


def test_memory_is_the_result_and_little_more() -> None:
    ensemble = Ensemble(8, 64)
    rates, starts = ensemble.draw()
    moments, t = second_moments(rates), ensemble.t
    integrate(Tied(), moments, starts, t, rtol=1e-6)  # compiled outside the count
    tracemalloc.start()
    values = integrate(Tied(), moments, starts, t, rtol=1e-6)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert values.nbytes == 64 * 201 * 8 * 8 * 8
    assert peak < (1 + SPARE_MEMORY) * values.nbytes
