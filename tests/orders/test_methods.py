"""The method has the order that it claims, for the step and for its interpolant."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory.sim import Deep, Tied
from simtheory.sim.engine.layout import ABREAST, SINGLE
from simtheory.sim.flows.methods import DOP853
from simtheory.sim.flows.states import states_of
from tests.bench import Bench

RATES = np.array([0.4, 0.9, 1.5])


def bench(form: str) -> tuple[Bench, float]:
    """A state far from every special case, and a first step that is no longer too long."""
    rng = np.random.default_rng(3)
    flow, matrices = (Deep(depth=3), 3) if form == "chain" else (Tied(), 1)
    layers = tuple(rng.uniform(0.05, 0.35, (matrices, 1, 3, 3)))
    kind, *alone = form.split()
    if kind in ("map", "frame"):
        layers = (layers[0] + 0.15 * np.eye(3),)  # far from singular, too
    # A tolerance that W's form cannot serve asks for a factor.
    (state,) = states_of(flow, layers, 1e-20 if form == "factor" else 1e-3)
    assert state.form == ("map" if kind == "frame" else form.split()[0])
    net = Bench(state, RATES, framed=kind == "frame", group=SINGLE if alone else ABREAST)
    return net, 0.75 if form == "chain" else 1.0


def march(net: Bench, end: float, steps: int):
    begin = net["y"]
    for _ in range(steps):
        net.step(end / steps)
        net["y"] = net["y_new"]
    there = net["y"]
    net["y"] = begin
    return there[0]


FORMS = ["map", "frame", "map alone", "frame alone", "factor", "chain"]


def per_halving(errors) -> float:
    """By how much halving the step divides the error, on the (geometric) average.

    A single ratio may be off: the errors of some forms change sign on the way.
    """
    assert errors[-1] > 1e-14, errors  # the finest is above rounding, else it means nothing
    return (errors[0] / errors[-1]) ** (1.0 / (len(errors) - 1))


@pytest.mark.parametrize("form", FORMS)
def test_halving_the_step_divides_the_error_by_two_to_the_order(form) -> None:
    net, h = bench(form)
    steps = 4 if form in ("factor", "chain") else 1
    exact = march(net, steps * h, 128)
    errors = [np.linalg.norm(march(net, steps * h, k * steps) - exact) for k in (1, 2, 4, 8)]
    assert per_halving(errors) >= 0.9 * 2**DOP853.order, errors


@pytest.mark.parametrize("form", FORMS)
def test_the_interpolant_errs_as_the_eighth_power_inside_a_step(form) -> None:
    net, _ = bench(form)
    errors = []
    for h in (0.5, 0.25, 0.125):
        net.step(h)
        inside = net.inside(0.8)[0]
        errors.append(np.linalg.norm(inside - march(net, 0.8 * h, 8)))
    # An interpolant of order 7 errs as h^8 inside a step; one of order 6 as h^7, a ratio of 128.
    assert per_halving(errors) >= 0.9 * 2**8, errors


@pytest.mark.parametrize("form", FORMS)
def test_the_interpolant_meets_the_step_at_both_ends_with_its_slope(form) -> None:
    net, _ = bench(form)
    net.step(0.7)
    np.testing.assert_allclose(net.inside(0.0), net["y"], rtol=0, atol=1e-15)
    np.testing.assert_allclose(net.inside(1.0), net["y_new"], rtol=0, atol=2e-15)
    assert (net.defect(0.0) < 1e-13).all()
    assert (net.defect(1.0) < 1e-13).all()
    assert (net.defect(0.5) > 1e-10).all()  # but in between it misses the flow


def test_the_tableau_integrates_polynomials_to_its_order() -> None:
    stages = DOP853.stages
    nodes, weights = stages[:12, :12].sum(axis=1), stages[12, :12]
    for power in range(DOP853.order):
        # Weights reach 6 in size, and a dozen of them cancel: a few hundred eps.
        assert weights @ nodes**power == pytest.approx(1.0 / (power + 1), abs=1e-14)
    assert abs(weights @ nodes**DOP853.order - 1.0 / 9.0) > 1e-6  # and no further
    # Both estimates vanish on what a method of their order integrates.
    for estimate, order in zip(DOP853.embedded, (5, 3), strict=True):
        for power in range(order):
            assert estimate[:12] @ nodes**power == pytest.approx(0.0, abs=1e-14)
