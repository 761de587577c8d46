"""Starts: their documented statistics, and the published seeds."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory import inits
from simtheory.errors import ArgumentError, ShapeError

N = 20_000


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def gram(U: np.ndarray) -> np.ndarray:
    return U @ np.swapaxes(U, -1, -2)


def test_gaussian_diagonal_of_w_is_scale_squared_at_every_width() -> None:
    for width in (2, 64):
        U = inits.gaussian((N, 3, width), scale=0.3, rng=rng())
        diagonal = gram(U)[:, range(3), range(3)].mean(axis=0)
        # The mean of h squares of N(0, scale²/h) has standard deviation scale² √(2/h).
        error = 5 * 0.3**2 * np.sqrt(2 / width / N)
        assert np.abs(diagonal - 0.3**2).max() < error
        assert 10 * error < 0.3**2  # weights that are zero fail


def test_uniform_weights_are_positive_and_below_the_scale() -> None:
    U = inits.uniform((N, 2, 2), scale=0.2, rng=rng())
    assert U.min() >= 0.0
    assert U.max() < 0.2
    error = 5 * 0.2 / np.sqrt(12 * U.size)  # standard deviation of Unif(0, scale) is scale/√12
    assert abs(U.mean() - 0.1) < error < 0.01


@pytest.mark.parametrize("cosine", [-0.5, 0.0, 0.3, 0.9, 1.0])
def test_correlated_rows_are_exact(cosine: float) -> None:
    U = inits.correlated((4, 3, 5), cosine=cosine, scale=0.1, rng=rng())
    wanted = 0.01 * ((1 - cosine) * np.eye(3) + cosine)
    # The matrix root of the Gram matrix loses half the digits where an eigenvalue is zero, and
    # enters squared: rounding stays near eps.
    np.testing.assert_allclose(gram(U), np.broadcast_to(wanted, (4, 3, 3)), atol=1e-16, rtol=1e-14)
    assert not np.allclose(U[0], U[1])


def test_torch_seed_0() -> None:
    # Published print of torch.manual_seed(0); torch.rand(7, 7): 49 entries, more than one block
    # of 16. Four digits each.
    first = "0.4963 0.7682 0.0885 0.1320 0.3074 0.6341 0.4901 0.8964 0.4556 0.6323 0.3489 0.4017"
    later = "0.9152 0.3971 0.8742 0.4194 0.5529 0.9527 0.0362 0.1852 0.3734 0.3051 0.9320 0.1759"
    draw = inits.torch_uniform((7, 7), scale=1.0, seed=0).ravel()
    np.testing.assert_allclose(draw[:12], [float(v) for v in first.split()], atol=5.1e-5)
    np.testing.assert_allclose(draw[21:33], [float(v) for v in later.split()], atol=5.1e-5)


def test_torch_seed_42_and_scale() -> None:
    draw = inits.torch_uniform((2, 2), scale=1.0, seed=42)
    np.testing.assert_allclose(draw.ravel(), [0.8823, 0.9150, 0.3829, 0.9593], atol=5.1e-5)
    np.testing.assert_array_equal(inits.torch_uniform((2, 2), scale=0.5, seed=42), draw / 2)
    np.testing.assert_array_equal(draw, draw.astype(np.float32))


def test_a_published_seed_leaves_numpys_global_state_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    inits.torch_uniform((2, 2), scale=1.0, seed=1)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("draw", [inits.gaussian, inits.uniform])
def test_draws_repeat_with_the_generator(draw) -> None:
    one, two = (draw((2, 3, 4), scale=0.1, rng=rng()) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert one.shape == (2, 3, 4)


def test_balanced_layers_multiply_to_the_tied_map() -> None:
    U = inits.uniform((5, 3, 4), scale=0.2, rng=rng())
    W1, W2 = inits.balanced(U)
    np.testing.assert_array_equal(W2 @ W1, gram(U))
    assert W1.shape == (5, 4, 3)
    W1[0, 0, 0] = 9.0
    assert W2[0, 0, 0] == U[0, 0, 0]


def test_explicit_weights_are_a_copy() -> None:
    given = np.ones((2, 2))
    got = inits.explicit(given)
    given[0, 0] = 5.0
    assert got[0, 0] == 1.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: inits.gaussian((3,), scale=1.0, rng=rng()), ShapeError, r"`shape` must be"),
        (lambda: inits.gaussian((3, 0), scale=1.0, rng=rng()), ArgumentError, "`shape` must be a"),
        (lambda: inits.uniform((3, 3), scale=-1.0, rng=rng()), ArgumentError, "`scale` must"),
        (lambda: inits.uniform((3, 3), scale=1.0, rng=None), ArgumentError, "`rng` must be"),
        (
            lambda: inits.correlated((3, 3), cosine=-0.6, scale=1.0, rng=rng()),
            ArgumentError,
            r"`cosine` must lie in \[-0.5, 1\] for 3 rows, but it is -0.6",
        ),
        (
            lambda: inits.correlated((3, 2), cosine=0.5, scale=1.0, rng=rng()),
            ShapeError,
            "width at least 3",
        ),
        (
            lambda: inits.torch_uniform((2, 2), scale=1.0, seed=-1),
            ArgumentError,
            "`seed` must be an integer from 0",
        ),
        (
            lambda: inits.torch_uniform((2, 2), scale=1.0, seed=1.5),
            ArgumentError,
            "`seed` must be an integer",
        ),
        (lambda: inits.explicit([1.0]), ShapeError, "`weights` must have shape"),
        (lambda: inits.explicit([[np.nan]]), ArgumentError, "`weights` must be finite"),
    ],
)
def test_bad_starts(call, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
