"""The closed forms of deep nets against SciPy, mpmath, our own integrator, and reference numbers.

The numbers are literal: they were found with an independent program and are compared to the digits
to which they were noted.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.special import hyp2f1

from simtheory import SIMTask, sim
from simtheory.analytic import deep
from simtheory.analytic._shared.depth_clock import saturation
from simtheory.analytic._shared.off_diagonal import integrate

DEPTHS = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 7.0]


def test_the_reference_times() -> None:
    """From 1e-3 to one half at depth 1, 2, 3, 4."""
    found = [deep.time_to_level(1.0, 1e-3, depth=depth) for depth in (1, 2, 3, 4)]
    np.testing.assert_allclose(found, [0.69215, 3.45338, 9.14475, 15.52915], atol=5e-6)


def test_the_reference_values_of_infinite_depth() -> None:
    found = deep.infinite_depth(1.0, 0.05, [15.0, 20.0])
    np.testing.assert_allclose(found, [0.159225, 0.396282], atol=5e-7)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("level", [0.01, 0.5, 0.998, 1 - 1e-6])
def test_times_against_quadrature(depth: float, level: float) -> None:
    """The integral of dy/(L w^(1−2/L)) over the logit y; QUADPACK holds 1e-12 of it."""
    w0, rate = 1e-3, 0.7

    def pace(y: float) -> float:
        return (1.0 + np.exp(-y)) ** (1.0 - 2.0 / depth) / (depth * rate)

    ends = [np.log(w / (1.0 - w)) for w in (w0, level)]
    wanted = quad(pace, *ends, epsabs=0.0, epsrel=1e-12, limit=200)[0]
    found = deep.time_to_level(rate, w0, depth=depth, level=level)
    assert found == pytest.approx(wanted, rel=1e-11)
    # Power: the neighbouring depth, the nearest theory that is wrong.
    other = deep.time_to_level(rate, w0, depth=depth + 0.5, level=level)
    assert abs(other / wanted - 1) > 10 * 1e-11


@pytest.mark.parametrize("depth", DEPTHS)
def test_modes_against_scipy(depth: float) -> None:
    rate, w0 = 0.7, 0.02
    t = np.linspace(0.0, 1.5 * float(deep.time_to_level(rate, w0, depth=depth)), 40)

    def velocity(_: float, y: np.ndarray) -> np.ndarray:
        return depth * rate * (1.0 + np.exp(-y)) ** (2.0 / depth - 1.0)

    start = [np.log(w0 / (1.0 - w0))]
    found = solve_ivp(velocity, (0.0, t[-1]), start, "DOP853", t, rtol=1e-12, atol=1e-13)
    wanted = 1.0 / (1.0 + np.exp(-found.y[0]))
    # DOP853 at 1e-12 is good to 1e-10 over a waiting time of some forty steps.
    np.testing.assert_allclose(deep.mode(rate, w0, t, depth=depth), wanted, rtol=1e-10)
    assert np.abs(wanted - w0).max() > 1e-9


def turned_layers(w0: np.ndarray, depth: int) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Return balanced layers of a net whose modes stand at w0, with turned hidden units."""
    rng = np.random.default_rng(depth)
    frames = [np.linalg.qr(rng.standard_normal((w0.size, w0.size)))[0] for _ in range(depth - 1)]
    frames = [np.eye(w0.size), *frames, np.eye(w0.size)]
    share = np.diag(w0 ** (1.0 / depth))
    pairs = zip(frames[1:], frames[:-1], strict=True)
    return tuple(ahead @ share @ behind.T for ahead, behind in pairs), share


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_modes_against_the_whole_net(depth: int) -> None:
    task, w0 = SIMTask(mu=(1.0, 2.0), sigma=0.1), np.array([0.02, 0.05])
    layers, _ = turned_layers(w0, depth)
    t = np.linspace(0.0, 20.0, 41)
    flow = sim.OneLayer() if depth == 1 else sim.Deep(depth)
    run = sim.solve(flow, task, layers[0] if depth == 1 else layers, t)
    closed = deep.mode(task.rates, w0, t, depth=depth)
    # The integrator promises 1e-11; the waiting time stretches that by a few.
    error = np.abs(np.diagonal(run.weights, axis1=-2, axis2=-1).T - closed).max()
    assert error < 1e-10
    assert np.abs(closed - w0[:, None]).max() > 10 * error


@pytest.mark.parametrize("p", [2.0, 5 / 3, 4 / 3, 1.0, 2 / 3, 0.5, 2 / 7, 0.02])
def test_the_series_against_mpmath(p: float) -> None:
    """Where SciPy's function fails as well: p = 4/3 and 5/3 just below one."""
    w = np.array([1e-12, 1e-3, 0.3, 0.499, 0.501, 0.9, 0.998, 0.9999, 1 - 1e-12])
    wanted = [float(0.5 * x**p * mpmath.hyp2f1(1, p, 1 + p, x)) for x in w]
    y = np.log(w) - np.log1p(-w)
    # 1 − w is as exact as w; near one the logit of 1e-12 has lost four digits of that.
    np.testing.assert_allclose(saturation(y, 2.0 / p)[:-1], wanted[:-1], rtol=4e-14)
    np.testing.assert_allclose(saturation(y, 2.0 / p)[-1], wanted[-1], rtol=1e-5)


def test_what_scipy_gives_for_some_depths() -> None:
    """Documents the reason for the series: remove them when this fails, and the errata with it."""
    assert hyp2f1(1.0, 4 / 3, 7 / 3, 0.9999) < 0
    assert float(mpmath.hyp2f1(1, 4 / 3, 7 / 3, 0.9999)) == pytest.approx(11.68848, abs=5e-6)


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_off_diagonals_against_the_whole_net(depth: int) -> None:
    W0 = np.array([[0.02, 3e-7], [-1e-7, 0.05]])
    left, sizes, right = np.linalg.svd(W0)
    share = sizes ** (1.0 / depth)
    layers = (share[:, None] * right, *[np.diag(share)] * (depth - 2), left * share)
    task, t = SIMTask(mu=np.zeros(2), sigma=np.sqrt([1.0, 0.4])), np.linspace(0.0, 20.0, 41)
    exact = sim.solve(sim.Deep(depth), task, layers, t, rtol=1e-12).weights
    found = deep.off_diagonals(task, layers, t)
    for place in ((0, 1), (1, 0)):
        path, wanted = found.weights[:, *place], exact[:, *place]
        # The integrator holds 1e-12 of W ~ 1, which is 1e-6 of the entry; eps² is far below.
        assert np.abs(path - wanted).max() < 1e-5 * np.abs(wanted).max()
        # Power: the same form at the next depth.
        other = integrate(task.rates, W0, t, depth + 1)[:, *place]
        assert np.abs(other - wanted).max() > 1e-4 * np.abs(wanted).max()
