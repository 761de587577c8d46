"""Noise of tokens: tables of likelihood, and noised strings. Frequencies of 40 000 tokens have s.e. .0025."""

import numpy as np
import pytest

from simtheory.errors import ArgumentError, ShapeError
from simtheory.noise import MASKED, Erasure, Mask, Uniform, alpha_bars

CLEAN = np.zeros((40_000, 1), int)


def test_schedule_is_the_released_one():
    assert alpha_bars(200)[-1] == pytest.approx(2.878864e-05, rel=1e-6)
    assert alpha_bars(10)[0] == 1.0
    assert -np.log(1 - alpha_bars(100)[1]) == pytest.approx(-np.log(0.002))


def test_tables():
    assert Uniform(0.7).likelihood([[1]], 3) == pytest.approx(np.array([[[0.1, 0.8, 0.1]]]))
    assert Mask(0.7).likelihood([[1, MASKED]], 2).tolist() == [[[0, 1], [1, 1]]]
    assert Erasure(0.4).likelihood([[1]], 2) == pytest.approx(np.array([[[0.2, 0.8]]]))


def test_one_noise_for_each_string():
    found = Uniform([0.0, 1.0]).likelihood([[0], [0]], 2)
    assert found.tolist() == [[[0.5, 0.5]], [[1.0, 0.0]]]
    with pytest.raises(ShapeError, match="2 strings, one for each noise"):
        Uniform([0.0, 1.0]).likelihood([[0]], 2)


def test_noised_strings_follow_their_tables():
    seen = Uniform(0.7).noised(CLEAN, 3, rng=0)
    assert np.bincount(seen.ravel()) / seen.size == pytest.approx([0.8, 0.1, 0.1], abs=0.01)
    masked = Mask(0.7).noised(CLEAN, 3, rng=0)
    assert (masked == MASKED).mean() == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    ("strings", "what"),
    [
        ([[0, 3]], "holds 3 in string 0 at place 1"),
        ([[0.5]], "must hold integers"),
        ([0, 1], "shape"),
        ([[MASKED]], "from 0 to 2"),
    ],
)
def test_wrong_strings(strings, what):
    with pytest.raises((ArgumentError, ShapeError), match=what):
        Uniform(0.5).likelihood(strings, 3)


def test_shares_lie_between_zero_and_one():
    with pytest.raises(ArgumentError, match="alpha_bar"):
        Uniform(1.5)
