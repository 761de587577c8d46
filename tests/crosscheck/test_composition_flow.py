"""The density that reverse diffusion leaves, by its flow and by a million particles."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import norm

from simtheory.analytic import composition as cp
from simtheory.sim import composition as sp
from simtheory.tasks import GaussianMixture

N = 1_000_000
EVEN = ((0.5, 0.5), (-1.0, 1.0))


@pytest.mark.slow
def test_separatrices_are_those_of_an_independent_integration() -> None:
    """Cuts integrated back in ln λ by DOP853, to nine digits of the weights."""
    c = GaussianMixture(*EVEN, (0.01, 0.01)) * GaussianMixture([1.0], [0.1], [0.1])
    ends = []
    for cut in (-0.5, 0.5):
        flow = solve_ivp(
            lambda s, y: [-0.5 * np.exp(s) * c.score([y], level=float(np.exp(s)))[0, 0]],
            (np.log(1e-10), np.log(400.0)),
            [cut],
            method="DOP853",
            rtol=1e-12,
            atol=1e-13,
        )
        ends.append(norm.cdf(flow.y[0, -1] / 400.0**0.5))
    exact = np.diff([0.0, *ends, 1.0])
    found = cp.separatrix_weights(c, cuts=[-0.5, 0.5], start=400.0)
    np.testing.assert_allclose(found, exact, atol=1e-9)
    start = np.diff([0.0, *norm.cdf(np.array([-0.5, 0.5]) / 400.0**0.5), 1.0])
    assert np.abs(start - exact).max() > 0.1  # the cuts themselves, not integrated


@pytest.mark.slow
def test_the_terminal_law_has_converged() -> None:
    """Four times the points and steps change masses by less than 1e-5 and a distance by less than 1e-4."""
    c = GaussianMixture(*EVEN, (0.01, 0.01)) * GaussianMixture([1.0], [0.3], [0.1])
    target = cp.product(c).mixture
    laws = [cp.terminal_law(c, start=400.0)]
    laws.append(cp.terminal_law(c, start=400.0, points=1601, steps=800))
    pairs = ((-np.inf, -0.5), (-0.5, 0.5), (0.5, np.inf))
    masses = np.array([[law.mass(a, b) for a, b in pairs] for law in laws])
    assert np.abs(masses[0] - masses[1]).max() < 1e-5
    gaps = [law.distance(lambda x: np.exp(target.log_density(x[:, None]))) for law in laws]
    assert gaps[0] == pytest.approx(gaps[1], abs=1e-4)
    assert gaps[1] > 0.3


@pytest.mark.slow
def test_particles_follow_the_terminal_law() -> None:
    even = GaussianMixture(*EVEN, (0.04, 0.04))
    c = even * GaussianMixture((0.5, 0.5), (-1.0, 3.0), (0.04, 0.04))
    law, target = cp.terminal_law(c, start=400.0), cp.product(c).mixture.sample(N, rng=0)[:, 0]
    edges = [-np.inf, -1.1, -1.0, -0.9, -0.5, 0.5, np.inf]
    expected = np.array([law.mass(a, b) for a, b in pairwise(edges)])
    shares = []
    for count in (150, 300):
        levels = sp.Levels.geometric(400.0, 1e-4, count)
        drawn = sp.sample(sp.Reverse(), c, N, levels=levels, rng=count, threads=1)
        shares.append(np.histogram(drawn.points[:, 0], edges)[0] / N)
    # The error of a step falls with the number of levels: twice the finer less the coarser has none.
    found = 2.0 * shares[1] - shares[0]
    error = np.sqrt(5.0 * expected * (1.0 - expected) / N)
    assert np.all(np.abs(found - expected) <= 3.0 * error + 5e-4)  # and its second order
    assert np.abs(np.histogram(target, edges)[0] / N - expected).max() > 0.2
