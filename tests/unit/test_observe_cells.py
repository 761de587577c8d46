"""Masses of cells, their distance from the truth, variances of modes, densities of draws."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory import observe
from simtheory.errors import ArgumentError, ShapeError
from simtheory.results import Samples
from simtheory.sim import composition as sp
from simtheory.tasks import du2023

CENTRES = du2023.ring_centres()
TRUTH = np.array([0.1, 0.2, 0.3, 0.4])
LINE = np.arange(4.0)[:, None]


def drawn(n: int, seed: int, shares=TRUTH) -> Samples:
    rng = np.random.default_rng(seed)
    points = rng.choice(4, size=(n, 1), p=shares) + 0.1 * rng.standard_normal((n, 1))
    return Samples(points, origin="sim")


def test_the_floor_is_the_mean_of_exact_draws():
    values = [observe.mass_distance(drawn(50, seed), TRUTH, LINE) for seed in range(400)]
    found = np.array([float(one.value) for one in values])
    floor = float(values[0].floor)
    assert found.mean() == pytest.approx(floor, abs=3 * found.std() / 20)
    # Ten draws of a fair coin: mean deviation .246 counted by hand, 10 choose 5 over 2^11.
    coin = observe.mass_distance(Samples(np.zeros((10, 1)), origin="sim"), [0.5, 0.5], [[0], [1]])
    assert float(coin.floor) == pytest.approx(252 / 2**11, rel=1e-12)
    assert float(coin.value) == pytest.approx(0.5)


def test_the_error_is_the_spread_over_draws():
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    values = [observe.mass_distance(drawn(400, seed, shares), TRUTH, LINE) for seed in range(200)]
    spread = np.std([float(one.value) for one in values])
    assert float(values[0].error) == pytest.approx(spread, rel=0.2)
    assert np.mean([float(one.value) for one in values]) == pytest.approx(0.4, abs=0.01)


def test_weights_and_ensembles_are_taken():
    points = np.array([[[0.1], [0.9], [2.2]], [[3.0], [3.1], [0.0]]])
    logs = np.log([[0.5, 0.25, 0.25], [0.2, 0.2, 0.6]])
    both = Samples(points, logs, origin="sim")
    masses = observe.cell_masses(both, LINE)
    assert masses == pytest.approx(np.array([[0.5, 0.25, 0.25, 0], [0.6, 0, 0, 0.4]]))
    variances = observe.mode_variances(both, LINE)
    assert variances.shape == (2, 4, 1)
    assert variances[1, 3, 0] == pytest.approx(0.0025)
    assert np.isnan(variances[1, 1, 0])
    found = observe.mass_distance(both, TRUTH, LINE)
    assert found.value == pytest.approx([0.45, 0.5])
    assert observe.mass_distance(both, both, LINE).value == pytest.approx([0.0, 0.0])


def test_exact_draws_of_ring_times_bar():
    exact = sp.sample(
        sp.Oracle(), du2023.ring_times_bar(), 20_000, levels=sp.Levels.geometric(1, 0.1, 3), rng=0
    )
    assert exact.exact
    assert exact.stats["components"] > 8
    masses = observe.cell_masses(exact, CENTRES)
    assert masses[[2, 6]].sum() == pytest.approx(0.9761, abs=0.004)
    assert masses[1::2].sum() == pytest.approx(0.0237, abs=0.004)
    # Variances of the top mode: 8.4309e-4, 8.945e-4; three standard errors of 10 000 draws.
    top = observe.mode_variances(exact, CENTRES)[2] / (8.4309e-4, 8.945e-4)
    assert top == pytest.approx([1.0, 1.0], abs=3 * np.sqrt(2 / 9761))
    from simtheory.sim.composition.oracle import expanded

    log_z = observe.log_density(exact, du2023.ring_times_bar())
    normalised = observe.log_density(exact, expanded(du2023.ring_times_bar()))
    assert float(normalised.mean) == pytest.approx(3.388, abs=3 * float(normalised.error))
    assert float(normalised.error) == pytest.approx(float(log_z.error), rel=1e-9)
    assert float(normalised.median) > float(normalised.mean)  # strays pull the mean down
    shift = float(log_z.mean - normalised.mean)
    again = observe.log_density(exact, du2023.ring_times_bar(), log_partition=shift)
    assert float(again.median) == pytest.approx(float(normalised.median), abs=1e-9)


def test_mistakes_are_answered():
    few = Samples([[0.0], [1.0]], origin="sim")
    for act, words, kind in (
        (lambda: observe.cell_masses(few, [[0.0, 1.0]]), "`centres`", ShapeError),
        (lambda: observe.mass_distance(few, [0.5, 0.6], [[0], [1]]), "sum to 1", ArgumentError),
        (lambda: observe.mass_distance(few, [1.0], [[0], [1]]), "`truth`", ShapeError),
        (lambda: observe.log_density(few, 3.0), "`target`", ArgumentError),
    ):
        with pytest.raises(kind, match=words):
            act()
