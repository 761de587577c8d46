"""The compiled parts one by one: vectors of lanes, right-hand sides, the frame, and the cache."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from simtheory import sim
from simtheory.errors import SolveError
from simtheory.sim import Status
from simtheory.sim.engine import arithmetic, products
from simtheory.sim.engine.arithmetic import where
from simtheory.sim.engine.compilation import address, entry
from simtheory.sim.engine.lanes import LANES, load, room, store
from simtheory.sim.engine.layout import ABREAST, NAMES, SINGLE
from simtheory.sim.flows import driver, running
from simtheory.sim.flows.states import State, states_of
from tests.bench import Bench

RNG = np.random.default_rng(0)
RATES = np.array([0.4, 0.9, 1.5])
LAYERS = {
    "map": (sim.Tied(), (RNG.normal(0, 0.3, (LANES, 3, 5)),)),
    "factor": (sim.Tied(), (RNG.normal(0, 0.3, (LANES, 3, 2)),)),
    "chain": (
        sim.Deep(depth=3),
        tuple(RNG.normal(0, 0.4, (LANES, *shape)) for shape in ((4, 3), (2, 4), (3, 2))),
    ),
}


def test_the_kernels_speak_of_the_same_statuses() -> None:
    for status in Status:
        assert getattr(driver, status.name) == status


@entry
def _exponentials(m, n):
    for p in range(n):
        e = arithmetic.exp(load(m, p))
        store(m, n + p, e)
        store(m, 2 * n + p, arithmetic.mean_growth(load(m, p), e))


def test_exponentials_are_right_to_two_units_in_the_last_place() -> None:
    n = 500
    x = np.concatenate([np.linspace(-700, 700, 4 * n), np.linspace(-0.5, 0.5, 4 * n)])
    x[0] = 0.0
    m = room(3 * n)
    m[: 8 * n] = x
    _exponentials(m.ctypes.data, n)
    np.testing.assert_allclose(m[8 * n : 16 * n], np.exp(x), rtol=5e-16)
    mean = np.expm1(x[1:]) / x[1:]
    assert m[16 * n] == 1.0
    # Where |x| is a quarter, e^x - 1 has lost two bits.
    np.testing.assert_allclose(m[16 * n + 1 :], mean, rtol=2e-15)


@entry
def _product(m, x, x_row, x_column, y, y_row, y_column, out, rows, inner, columns):
    products.multiply(m, x, x_row, x_column, y, y_row, y_column, out, rows, inner, columns)


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 5), (7, 6, 4), (8, 8, 8), (3, 9, 11)])
@pytest.mark.parametrize("transposed", [False, True])
def test_products_are_right_for_every_shape_of_tile(shape, transposed) -> None:
    r, k, c = shape
    X, Y = RNG.normal(size=(r, k, LANES)), RNG.normal(size=(k, c, LANES))
    m = room(r * k + k * c + r * c)
    left, right = (X.swapaxes(0, 1), Y.swapaxes(0, 1)) if transposed else (X, Y)
    m[: X.size] = left.ravel()
    m[X.size : X.size + Y.size] = right.ravel()
    strides = ((1, r), (1, k)) if transposed else ((k, 1), (c, 1))
    _product(m.ctypes.data, 0, *strides[0], r * k, *strides[1], r * k + k * c, r, k, c)
    product = m[X.size + Y.size :].reshape(r, c, LANES)
    expected = np.einsum("rkl,kcl->rcl", X, Y)
    np.testing.assert_allclose(product, expected, rtol=0, atol=1e-14)


@entry
def _sum(m, x, x_row, x_column, y, y_row, y_column, out, rows, inner, columns):
    products.add_product(m, x, x_row, x_column, y, y_row, y_column, out, rows, inner, columns)


@pytest.mark.parametrize("shape", [(1, 16, 13), (7, 2, 11), (3, 1, 1)])
def test_products_are_added_to_what_is_there(shape) -> None:
    r, k, c = shape
    X, Y, Z = (RNG.normal(size=(a, b, LANES)) for a, b in ((r, k), (k, c), (r, c)))
    m = room(r * k + k * c + r * c)
    m[:] = np.concatenate([X.ravel(), Y.ravel(), Z.ravel()])
    _sum(m.ctypes.data, 0, k, 1, r * k, c, 1, r * k + k * c, r, k, c)
    expected = Z + np.einsum("rkl,kcl->rcl", X, Y)
    np.testing.assert_allclose(m[-Z.size :].reshape(Z.shape), expected, rtol=0, atol=1e-14)


@entry
def _gathered(m, place, stride, count, starts):
    products.gather(m, place, stride, count, starts)


@pytest.mark.parametrize("count", [1, 7, 8, 19])
def test_each_lane_reads_its_own_row(count) -> None:
    points, stride = RNG.normal(size=(5, 19)), 3
    picks = np.array([4, 0, 0, 2, 1, 3, 4, 2])
    starts = points.ctypes.data + picks * points.strides[0]
    m = room(1 + stride * count)
    _gathered(m.ctypes.data, 1, stride, count, starts.ctypes.data)
    places = m.reshape(-1, LANES)
    np.testing.assert_array_equal(places[1::stride], points[picks, :count].T)
    assert np.count_nonzero(places) == count * LANES


@pytest.mark.parametrize("form", LAYERS)
@pytest.mark.parametrize("turned", [False, True])
def test_a_compiled_field_is_the_flow_as_one_would_write_it(form, turned) -> None:
    flow, layers = LAYERS[form]
    (state,) = states_of(flow, layers, 1e-3)
    assert state.form == form
    Q = np.linalg.qr(RNG.standard_normal((LANES, 3, 3)))[0] if turned else None
    net = Bench(state, np.tile(RATES, (LANES, 1)), axes=Q)
    slopes = flow.parametrisation.field(layers, np.diag(RATES))
    W = flow.parametrisation.weights(layers)
    if form == "map":
        (U,), (dU,) = layers, slopes
        dW = dU @ U.mT
        expected = (dW + dW.mT)[:, *np.tril_indices(3)]
    elif form == "factor":
        expected = slopes[0].mT.reshape(LANES, -1)
    else:
        expected = np.concatenate([s.reshape(LANES, -1) for s in slopes], axis=1)
    np.testing.assert_allclose(net.slope(), expected, rtol=0, atol=3e-15)
    seen = W if Q is None else Q @ W @ Q.mT
    np.testing.assert_allclose(net.maps(), seen, rtol=0, atol=3e-15)


@pytest.mark.parametrize("d", [*range(1, 14), 21])
@pytest.mark.parametrize("group", [ABREAST, SINGLE])
def test_the_slope_of_a_map_is_right_in_every_dimension(d, group) -> None:
    rng = np.random.default_rng(d)
    U, rates = rng.normal(0, 0.5 * d**-0.5, (1, d, d + 2)), rng.uniform(0.2, 1.5, d)
    (state,) = states_of(sim.Tied(), (U,), 1e-3)
    A, W = np.diag(rates), (U @ U.mT)[0]
    M = A - (A @ W + W @ A) / 2
    slope = M @ W + W @ M
    found = Bench(state, rates, group=group).slope()
    np.testing.assert_allclose(found[0], slope[*np.tril_indices(d)], rtol=0, atol=5e-15)


@pytest.mark.parametrize("d", [1, 7, 8, 19])
@pytest.mark.parametrize("turned", [False, True])
def test_a_single_net_has_the_field_it_has_in_a_group_of_eight(d, turned) -> None:
    rng = np.random.default_rng(d)
    U, rates = rng.normal(0, 0.5 * d**-0.5, (1, d, d + 2)), rng.uniform(0.2, 1.5, d)
    (state,) = states_of(sim.Tied(), (U,), 1e-3)
    Q = np.linalg.qr(rng.standard_normal((1, d, d)))[0] if turned else None
    abreast, alone = (Bench(state, rates, axes=Q, group=g) for g in (ABREAST, SINGLE))
    np.testing.assert_allclose(alone.slope(), abreast.slope()[:1], rtol=0, atol=1e-14)
    np.testing.assert_allclose(alone.maps(), abreast.maps()[:1], rtol=0, atol=1e-14)
    for net in (abreast, alone):
        net.step(0.3)
    np.testing.assert_allclose(alone["y_new"], abreast["y_new"][:1], rtol=0, atol=1e-14)
    np.testing.assert_allclose(alone.defect(0.7), abreast.defect(0.7)[:1], rtol=1e-2)


def test_the_frame_is_another_road_to_the_same_step() -> None:
    flow, layers = LAYERS["map"]
    (state,) = states_of(flow, layers, 1e-3)
    plain, framed = (Bench(state, RATES[np.newaxis], framed=framed) for framed in (False, True))
    for net in (plain, framed):
        net.step(0.05)
    # Both err by less than 1e-13 over so short a step; the weights move by 1e-2.
    np.testing.assert_allclose(framed["y_new"], plain["y_new"], rtol=0, atol=1e-13)
    np.testing.assert_allclose(framed.inside(0.3), plain.inside(0.3), rtol=0, atol=1e-13)
    assert np.abs(framed["y_new"] - framed["y"]).max() > 1e-3


def _breaks(m, at, y, out):
    # y' = y until y = 2, at time ln 2, and no number beyond. No flow behaves so.
    y_now = load(m, y)
    store(m, out, load(m, at.h) * where(2.0 - y_now, y_now, np.nan))
    return 0


def test_a_field_that_breaks_on_the_way_ends_typed() -> None:
    one = State("chain", np.ones((1, 1)), np.array([1, 1]), np.zeros(1, int), np.zeros(1, int))
    rows = sim.Entries().rows(1)
    at, weights = running._plan(one, rows, framed=False, turned=False, group=ABREAST)
    for part in ("field", "slope"):
        at[NAMES.index(part)] = address(_breaks)
    result = running.Result(
        np.empty((1, 2, 1)), np.zeros(1, int), np.zeros(1), np.zeros((1, 4), int)
    )
    starts = (
        np.ones((1, 1)),
        np.ones((1, 1)),
        np.empty((0, 1, 1)),
        np.empty((0, 1, 1)),
        np.zeros(1, int),
    )
    limits, stop = (1e-10, 1e-10, 10_000), np.zeros(1, np.uint8)
    running._job(at, weights, starts, np.array([0.5, 5.0]), limits, result, stop, ABREAST)()
    assert result.status[0] == Status.STEP_TOO_SMALL
    assert result.times[0] == pytest.approx(np.log(2.0), abs=1e-9)
    assert result.counts[0, -1] == 1
    assert result.values[0, 0, 0] == pytest.approx(np.exp(0.5), abs=1e-9)


def test_lanes_stay_busy() -> None:
    # Nets need 60 to 100 steps; a lane that waited for the others would idle a fifth of the time.
    rng = np.random.default_rng(4)
    rates = np.linspace(0.25, 1.0, 8) * rng.uniform(0.8, 1.2, (256, 8))
    U0 = 0.01 * rng.standard_normal((256, 8, 16)) / 4
    (state,) = states_of(sim.Tied(), (U0,), 1e-9)
    at, weights = running._plan(
        state, sim.Diagonal().rows(8), framed=False, turned=False, group=ABREAST
    )
    result = running.Result(
        np.empty((256, 11, 8)), np.zeros(256, int), np.zeros(256), np.zeros((256, 4), int)
    )
    starts = (state.entries, rates, np.empty((0, 8, 8)), np.empty((0, 8, 8)), state.members)
    limits, stop = (1e-9, 1e-9, 10_000), np.zeros(1, np.uint8)
    t = np.linspace(0.0, 30.0, 11)
    rounds, worked = running._job(at, weights, starts, t, limits, result, stop, ABREAST)()
    assert worked == result.counts[:, :2].sum()
    assert worked / (rounds * LANES) > 0.97


def test_every_call_of_the_integrator_shares_one_compilation() -> None:
    moments = np.stack([np.diag(RATES), np.full((3, 3), 0.1) + np.diag(RATES)])
    for flow, layers in LAYERS.values():
        init = layers if flow.depth == 3 else layers[0]
        for moment in (moments[0], moments[1], moments[:, np.newaxis]):
            sim.integrate(flow, moment, init, [0.0, 1.0])
            sim.integrate(flow, moment, init, [1])
    assert len(driver.follow_wide.signatures) == 1


def test_a_member_that_fails_leaves_the_others_as_they_were() -> None:
    U0 = np.full((20, 3, 3), 0.1) + 0.05 * np.eye(3)
    bad = U0.copy()
    bad[[3, 11]] *= 1e80
    t = np.linspace(0.0, 5.0, 6)
    with pytest.raises(SolveError, match=r"Member 3 stopped at time 0\. .*2 of 20") as e:
        sim.integrate(sim.Tied(), np.diag(RATES), bad, t)
    good = np.setdiff1d(np.arange(20), [3, 11])
    np.testing.assert_array_equal(e.value.status[[3, 11]], Status.NON_FINITE)
    np.testing.assert_array_equal(
        e.value.partial[good], sim.integrate(sim.Tied(), np.diag(RATES), U0, t)[good]
    )


@pytest.mark.slow  # compiles for other processors
def test_results_do_not_depend_on_the_width_of_registers() -> None:
    code = """
import numpy as np
from hashlib import sha256
from simtheory import sim
from simtheory.sim.engine.layout import LANES
from simtheory.tasks import ConceptGraph, RandomHierarchy, SIMTask

def show(numbers):
    print(sha256(numbers.tobytes()).hexdigest(), numbers.std() > 0)

rng, t = np.random.default_rng(0), np.linspace(0.0, 8.0, 5)
print(LANES)
for d in (3, 9, 25):  # wide groups, a net in each lane, single nets
    A = np.cov(rng.normal(size=(d, 4 * d)))
    show(sim.integrate(sim.Tied(), A, 0.1 * rng.normal(size=(7, d, d)), t))
task, U = SIMTask(mu=(1.0, 2.0), sigma=0.1), 0.1 * rng.normal(size=(11, 2, 3))
show(sim.descend(sim.Tied(), task, U, steps=20, lr=0.05, batch=4, rng=0).weights)
graph = ConceptGraph.star(2, sigma=0.1)
show(sim.emergence.descend(graph, steps=20, lr=0.01, batch=8, rng=0, levels=2).weights)
grammar = RandomHierarchy(v=4, m=2, L=2, seed=0).grammar
for count in (11, 13):
    show(sim.hierarchy.infer(grammar, rng.random((count, 4, 4))).cavity)
"""
    found = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "SIMTHEORY_LANES": lanes},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        for lanes in ("8", "4", "2")  # registers of 512, 256 and 128 bits
    ]
    assert [lines[0] for lines in found] == ["8", "4", "2"]
    assert found[0][1:] == found[1][1:] == found[2][1:]
    assert len(set(found[0][1:])) == 7
    assert all(line.endswith("True") for line in found[0][1:])
