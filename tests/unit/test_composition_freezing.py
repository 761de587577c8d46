"""Masses of modes at each level, and where annealing freezes them."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory import Composition, GaussianMixture, noise
from simtheory.analytic import composition as cp
from simtheory.tasks import du2023

RING_BAR, CENTRES = du2023.ring_times_bar(), du2023.ring_centres()

TABLE = {
    0.0: (0.9761, 0.0237, 0.00015),
    1e-4: (0.9746, 0.0252, 0.00017),
    1e-3: (0.9592, 0.0404, 0.0004),
    2e-3: (0.9385, 0.0605, 0.0010),
    5e-3: (0.8663, 0.1288, 0.0049),
    0.01: (0.7572, 0.2248, 0.0180),
    0.02: (0.6216, 0.3288, 0.0496),
    0.03: (0.5477, 0.3774, 0.0749),
    0.05: (0.4697, 0.4227, 0.1076),
    0.1: (0.3909, 0.4629, 0.1463),
    0.3: (0.3127, 0.4922, 0.1952),
    1.0: (0.2719, 0.4991, 0.2291),
}


def groups(masses: np.ndarray) -> tuple[float, float, float]:
    """Top and bottom, diagonals, sides of the ring."""
    return masses[2] + masses[6], masses[1::2].sum(), masses[0] + masses[4]


def test_masses_of_ring_and_bar_are_the_table() -> None:
    for level, row in TABLE.items():
        found = groups(cp.cell_masses(RING_BAR, CENTRES, level=level))
        np.testing.assert_allclose(found, row, atol=1e-4)
    product = cp.product(RING_BAR).mixture
    np.testing.assert_allclose(
        cp.cell_masses(product, CENTRES), cp.cell_masses(RING_BAR, CENTRES), atol=1e-8
    )
    line = GaussianMixture((0.3, 0.7), (-1.0, 1.0), (0.04, 0.04))
    np.testing.assert_allclose(cp.cell_masses(line, [[1.0], [-1.0]]), [0.7, 0.3], atol=1e-6)


def test_masses_freeze_where_they_were_measured() -> None:
    lam = noise.Levels.geometric(4.0, 1e-4, 100)
    v = np.array([cp.local_variance(RING_BAR, (1.0, 0.0), level=float(x)) for x in lam.values])
    exact = cp.cell_masses(RING_BAR, CENTRES)
    for moves, distance in ((10, 0.093),):
        found = cp.freeze_out(RING_BAR, CENTRES, lam, moves * 0.3 * v * 0.96)
        assert 0.5 * np.abs(found.masses[-1] - exact).sum() == pytest.approx(distance, abs=0.005)
    np.testing.assert_allclose(found.rates.sum(axis=2), 0.0, atol=1e-9 * found.rates.max())
    np.testing.assert_allclose(
        np.einsum("tj,tjk->tk", found.exact, found.rates), 0.0, atol=1e-9 * found.rates.max()
    )
    np.testing.assert_allclose(found.masses.sum(axis=1), 1.0)


@pytest.mark.slow
def test_masses_freeze_at_every_budget_and_with_the_released_settings() -> None:
    lam = noise.Levels.geometric(4.0, 1e-4, 100)
    exact = cp.cell_masses(RING_BAR, CENTRES)
    v = np.array([cp.local_variance(RING_BAR, (1.0, 0.0), level=float(x)) for x in lam.values])
    for moves, distance in ((1, 0.309), (5, 0.139), (20, 0.065), (50, 0.044)):
        found = cp.freeze_out(RING_BAR, CENTRES, lam, moves * 0.3 * v * 0.96)
        assert 0.5 * np.abs(found.masses[-1] - exact).sum() == pytest.approx(distance, abs=0.005)
    released = du2023.planar_levels("released")
    v = np.array([cp.local_variance(RING_BAR, (1.0, 0.0), level=float(x)) for x in released.values])
    mala = noise.MALA(step=0.001, scale="fixed").size(v, alpha=released.alpha)
    hmc = noise.HMC(step=0.03, scale="fixed").size(v, alpha=released.alpha)
    for time, row in ((mala, (0.728, 0.245, 0.027)), ((3 * hmc) ** 2 / 2, (0.868, 0.126, 0.007))):
        found = cp.freeze_out(RING_BAR, CENTRES, released, 10 * time)
        np.testing.assert_allclose(groups(found.masses[-1]), row, atol=1e-3)


def test_freezing_on_a_line_obeys_the_flow() -> None:
    """Two wells: the relaxation of the Langevin generator on a grid."""
    g = GaussianMixture((0.5, 0.5), (-0.5, 0.5), (0.02, 0.02))
    c = Composition((g,))
    found = cp.freeze_out(c, [[-0.5], [0.5]], [0.0], [1.0])
    x = np.linspace(-1.2, 1.2, 301)
    p = np.exp(g.log_density(x[:, None]))
    between = np.sqrt(p[1:] * p[:-1])
    h = x[1] - x[0]
    root = np.sqrt(p)
    side = between / h**2
    full = np.zeros((len(x), len(x)))
    i = np.arange(len(x) - 1)
    full[i, i + 1] = full[i + 1, i] = side / (root[1:] * root[:-1])
    out = np.zeros(len(x))
    out[:-1] += side / p[:-1]
    out[1:] += side / p[1:]
    gap = -np.sort(np.linalg.eigvalsh(full - np.diag(out)))[-2]
    rate = found.rates[0, 0, 1] + found.rates[0, 1, 0]
    assert rate == pytest.approx(gap, rel=0.05)  # corrections are the ratio of inner to outer times
