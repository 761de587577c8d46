"""The method has the order that it claims, for the step and for its interpolant."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory.sim import Deep, Tied, _kernels
from simtheory.sim.flows import Flow
from simtheory.sim.methods import DOP853

RATES = np.array([0.4, 0.9, 1.5])
# Flow, right-hand side, and an end time by which all concepts are on the move.
FLOWS = [
    (Tied(), _kernels.tied_field, 4.0),
    (Deep(depth=3), _kernels.deep_field, 3.0),
]


def start(flow: Flow):
    """A state far from every special case, and what its field needs."""
    rng = np.random.default_rng(3)
    matrices = 1 if isinstance(flow, Tied) else flow.depth
    state = flow.state(tuple(rng.uniform(0.05, 0.35, (matrices, 3, 3))))
    y = np.concatenate([block.ravel() for block in state.blocks])
    return y, (RATES, state.sizes, np.empty(200))


def one_step(field, y, h, net):
    """Take one step, uncompiled; return its end and the coefficients of its interpolant."""
    K, F = np.empty((16, y.size)), np.empty((7, y.size))
    spare, y_new = np.empty(y.size), np.empty(y.size)
    field(y, K[0], net)
    _kernels.step(field, y, h, DOP853.stages, K, spare, y_new, net)
    field(y_new, K[12], net)
    _kernels.extend(field, y, y_new, h, DOP853.stages, DOP853.dense, K, spare, F, net)
    return y_new, F


def march(field, y, end, steps, net):
    for _ in range(steps):
        y, _ = one_step(field, y, end / steps, net)
    return y


@pytest.mark.parametrize(("flow", "field", "end"), FLOWS, ids=["tied", "deep"])
def test_halving_the_step_divides_the_error_by_two_to_the_order(flow, field, end) -> None:
    y, net = start(flow)
    exact = march(field, y, end, 128, net)
    errors = [np.linalg.norm(march(field, y, end, n, net) - exact) for n in (4, 8, 16, 32)]
    assert errors[-1] > 1e-14  # the finest is above rounding, else its ratio means nothing
    ratios = np.array(errors[:-1]) / errors[1:]
    assert (ratios >= 0.9 * 2**DOP853.order).all(), (errors, ratios)


@pytest.mark.parametrize(("flow", "field", "end"), FLOWS, ids=["tied", "deep"])
def test_the_interpolant_errs_as_the_eighth_power_inside_a_step(flow, field, end) -> None:
    y, net = start(flow)
    errors = []
    for h in (1.0, 0.5, 0.25):
        _, F = one_step(field, y, h, net)
        value, slope = np.empty(y.size), np.empty(y.size)
        _kernels.interpolate(y, F, 0.8, value, slope)
        errors.append(np.linalg.norm(value - march(field, y, 0.8 * h, 8, net)))
    ratios = np.array(errors[:-1]) / errors[1:]
    # An interpolant of order 7 errs as h^8 inside a step; one of order 6 as h^7, a ratio of 128.
    assert (ratios >= 0.9 * 2**8).all(), (errors, ratios)


def test_the_interpolant_meets_the_step_at_both_ends_with_its_slope() -> None:
    y, net = start(FLOWS[0][0])
    h = 0.7
    y_new, F = one_step(_kernels.tied_field, y, h, net)
    value, slope, field = np.empty(y.size), np.empty(y.size), np.empty(y.size)
    for x, end in ((0.0, y), (1.0, y_new)):
        _kernels.interpolate(y, F, x, value, slope)
        _kernels.tied_field(end, field, net)
        np.testing.assert_allclose(value, end, rtol=0, atol=1e-15)
        np.testing.assert_allclose(slope, h * field, rtol=0, atol=1e-14)


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
