"""What leaves the geometry of a layer as it is, and codes whose geometry is known."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group

from simtheory import assess

SEEDS = st.integers(0, 2**31)
SIZES = st.tuples(st.integers(4, 7), st.integers(4, 6))
SETTINGS = settings(max_examples=4, deadline=None)


def labels(sizes):
    return np.stack([each.ravel() for each in np.indices(sizes)], axis=1)


def values(rows, sizes):
    found = assess.activations(rows, labels(sizes), rng=0)
    return np.array([(each.value, each.null) for each in found.named.values()])


@SETTINGS
@given(SEEDS, SIZES, st.floats(-8, 8))
def test_rotation_scale_shift_and_twins_change_nothing(seed, sizes, exponent):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(sizes[0] * sizes[1], 6)) ** 3
    known = values(rows, sizes)
    turned = rows @ ortho_group.rvs(6, random_state=np.random.default_rng(seed))
    for other in (
        turned,
        10.0**exponent * rows,
        rows + rng.normal(size=6),
        np.hstack([rows, rows]),
    ):
        np.testing.assert_allclose(values(other, sizes), known, rtol=1e-6, atol=1e-9)
    bent = values(np.sign(rows), sizes)  # what is no rotation does change it
    assert np.abs(bent - known).max() > 1e-3


@SETTINGS
@given(SEEDS, SIZES)
def test_additive_codes_have_no_interaction(seed, sizes):
    rng = np.random.default_rng(seed)
    grid = labels(sizes)
    rows = sum(rng.normal(size=(n, 5))[grid[:, f]] for f, n in enumerate(sizes))
    found = assess.activations(rows, grid, rng=0)
    assert found.interaction.value < 1e-12
    assert abs(found.parallelism.value - 1.0) < 1e-6
    assert found.interaction.null > 0.2


@SETTINGS
@given(SEEDS, SIZES)
def test_estimates_lie_in_their_intervals_and_ranges(seed, sizes):
    rng = np.random.default_rng(seed)
    found = assess.activations(rng.normal(size=(sizes[0] * sizes[1], 3)), labels(sizes), rng=0)
    for each in found.named.values():
        if not np.isnan(each.low):
            assert each.low <= each.value <= each.high
    assert 0.0 <= found.interaction.value <= 1.0
    assert 1.0 <= found.participation_ratio.value <= 3.0
