"""Deep nets' closed forms on hostile input: right, or a clear refusal; never NaN."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simtheory.analytic import deep

depths = st.one_of(st.floats(1.0, 10.0), st.floats(-12.0, -1.0).map(lambda x: 2.0 + 10.0**x))
powers = st.floats(-6.0, 6.0).map(lambda x: 10.0**x)
starts = st.one_of(st.floats(-12.0, 0.0).map(lambda x: 10.0**x), st.just(0.0))
times = st.floats(-6.0, 12.0).map(
    lambda x: np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 12)]) * 10.0**x
)


@given(depths, powers, starts, times)
def test_a_mode_of_any_depth_stays_in_the_unit_interval_and_rises(depth, rate, w0, t) -> None:
    w = deep.mode(rate, w0, t, depth=depth)
    assert np.all((w >= 0) & (w <= 1))
    # Rounding of the waiting time a·t, which the rise turns into L·eps·a·t of w.
    slack = 1e-15 * (100.0 + depth * rate * t[1:])
    assert np.all(np.diff(w) >= -slack * w[1:])


@given(depths, powers, starts, st.floats(1e-6, 1 - 1e-6))
def test_the_time_to_a_level_is_where_the_mode_has_it(depth, rate, w0, level) -> None:
    time = float(deep.time_to_level(rate, w0, depth=depth, level=level))
    if np.isinf(time):
        assert w0 == 0.0
        assert depth >= 2.0
    elif time > 0:
        reached = deep.mode(rate, w0, [time], depth=depth)[0]
        # The rise turns the rounding of the waiting time into L·eps·a·t of the level.
        assert abs(reached / level - 1) <= 1e-15 * (1e3 + 10.0 * depth * rate * time)


@given(powers, starts, times)
def test_infinite_depth_never_overflows(rate, w0, t) -> None:
    w = deep.infinite_depth(rate, w0, t)
    assert np.all((w >= 0) & (w <= 1))
    assert np.all(np.diff(w) >= -1e-15 * (100.0 + rate * t[1:]))
