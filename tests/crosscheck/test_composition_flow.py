"""The density that reverse diffusion leaves, by its flow and by a million particles."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from simtheory.analytic import composition as cp
from simtheory.sim import composition as sp
from simtheory.tasks import GaussianMixture

N = 1_000_000


@pytest.mark.slow
def test_particles_follow_the_terminal_law() -> None:
    even = GaussianMixture((0.5, 0.5), (-1.0, 1.0), (0.04, 0.04))
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
