"""Annealed chains against blackjax, and kernels that start from exact draws."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory import observe
from simtheory.results import Samples
from simtheory.sim import composition as sp
from simtheory.sim.composition.oracle import expanded
from simtheory.tasks import du2023

PRODUCT = du2023.ring_times_bar()
CENTRES = du2023.ring_centres()
N, MOVES = 20_000, 500


@pytest.fixture(scope="module")
def exact() -> Samples:
    levels = sp.Levels.geometric(1.0, 0.1, 3)
    return sp.sample(sp.Oracle(), PRODUCT, N, levels=levels, rng=0)


def departures(kernel, exact) -> np.ndarray:
    """How far masses, variances and mean log-density move from exact draws, in standard errors."""
    levels = sp.Levels([1.0, 0.0], [1.0, 1.0], [1e-9, 0.0])  # both are clean
    moved = sp.sample(
        sp.Annealed(kernel, steps=MOVES // 2), PRODUCT, N, levels=levels, rng=1, start=exact.points
    )
    mixture = expanded(PRODUCT)
    masses = [observe.cell_masses(each, CENTRES) for each in (exact, moved)]
    pairs = [(masses[0][k], masses[1][k], np.sqrt(masses[0][k] * 2 / N)) for k in (1, 2, 6)]
    for cell in (2, 6):
        before, after = (observe.mode_variances(each, CENTRES)[cell] for each in (exact, moved))
        # Both are estimates from N masses[cell] points of one Gaussian mode.
        pairs += list(zip(before, after, before * np.sqrt(4 / (N * masses[0][cell])), strict=True))
    logs = [observe.log_density(each, mixture) for each in (exact, moved)]
    pairs.append((logs[0].mean, logs[1].mean, np.hypot(logs[0].error, logs[1].error)))
    return np.array([(after - before) / error for before, after, error in pairs], dtype=float)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kernel",
    [
        sp.MALA(),
        sp.MALA(1.0),
        sp.MALA(density=sp.Line(5)),
        sp.HMC(),
        sp.HMC(1.2, leapfrog=2),
        sp.HMC(density=sp.Line(5)),
    ],
    ids=repr,
)
def test_corrected_kernels_leave_exact_draws_as_they_are(kernel, exact):
    assert np.abs(departures(kernel, exact)).max() < 3.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "kernel",
    [
        sp.MALA(convention="released"),
        sp.HMC(1.8, convention="released"),
        sp.HMC(0.5, convention="in_place"),
        sp.ULA(),
        sp.UHMC(),
    ],
    ids=repr,
)
def test_released_faults_and_uncorrected_kernels_do_not(kernel, exact):
    assert np.abs(departures(kernel, exact)).max() > 10.0


def by_blackjax(name: str, sizes: np.ndarray, levels: np.ndarray, moves: int, n: int):
    """Anneal with blackjax; return the points and the acceptance at each level."""
    import blackjax
    import jax
    import jax.numpy as jnp

    experts = [
        (jnp.asarray(np.log(e.weights)), jnp.asarray(e.means), jnp.asarray(e.variances))
        for e in PRODUCT.experts
    ]

    def log_density(x, level):
        total = 0.0
        for logs, means, variances in experts:
            spread = variances + level
            each = logs - 0.5 * (
                ((x - means) ** 2 / spread).sum(-1) + jnp.log(2 * jnp.pi * spread).sum(-1)
            )
            total = total + jax.nn.logsumexp(each)
        return total

    def one_level(points, here):
        level, size, key = here

        def target(x):
            return log_density(x, level)

        if name == "mala":
            kernel = blackjax.mala(target, size)
        else:
            kernel = blackjax.hmc(target, size, jnp.ones(2), 3)
        states = jax.vmap(kernel.init)(points)

        def move(states, key):
            states, info = jax.vmap(kernel.step)(jax.random.split(key, n), states)
            return states, info.acceptance_rate.mean()

        states, rates = jax.lax.scan(move, states, jax.random.split(key, moves))
        return states.position, rates.mean()

    with jax.enable_x64(True):
        first, rest = jax.random.split(jax.random.key(0))
        start = jnp.sqrt(levels[0] / 2) * jax.random.normal(first, (n, 2))
        keys = jax.random.split(rest, len(levels))
        points, rates = jax.jit(lambda s: jax.lax.scan(one_level, s, (levels, sizes, keys)))(start)
        return np.asarray(points), np.asarray(rates)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mala", "hmc"])
def test_chains_are_those_of_blackjax(name):
    levels, n, moves = sp.Levels.geometric(4.0, 1e-4, 100), 4000, 5
    kernel = sp.MALA() if name == "mala" else sp.HMC(0.7, damping=0.0)
    sizes = kernel.size(sp.narrowest(PRODUCT, levels.values))
    theirs, rates = by_blackjax(name, sizes, levels.values, moves, n)
    ours = sp.sample(sp.Annealed(kernel, steps=moves), PRODUCT, n, levels=levels, rng=0)
    assert ours.acceptance.mean() == pytest.approx(rates.mean(), abs=0.002)
    truth = observe.cell_masses(
        sp.sample(sp.Oracle(), PRODUCT, 200_000, levels=levels, rng=0), CENTRES
    )
    other = observe.mass_distance(Samples(theirs, origin="blackjax"), truth, CENTRES)
    own = observe.mass_distance(ours, truth, CENTRES)
    assert abs(own.value - other.value) < 3 * np.hypot(own.error, other.error)
    # Draws that do nothing fail it: the start has its mass everywhere.
    start = np.sqrt(2.0) * np.random.default_rng(0).standard_normal((n, 2))
    still = observe.mass_distance(Samples(start, origin="start"), truth, CENTRES)
    assert still.value - other.value > 10 * np.hypot(own.error, other.error)
