"""The set-ups of the paper have its numbers, as stated and as released."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory import inits
from simtheory.errors import ArgumentError
from simtheory.tasks import yang2024

FIGURES = [getattr(yang2024, name) for name in yang2024.__all__ if name.startswith("figure")]

# The start of the theory figures: upper triangle of W(0) by rows, six digits after the point.
STARTS = {
    yang2024.figure_5: [0.0706067, 0.0227970, 0.0369868, 0.0103991, 0.0048026, 0.0428877],
    yang2024.figure_8: [0.0168632, 0.0131023, 0.0177670, 0.0105771, 0.0132493, 0.0231683],
    yang2024.figure_10: [0.0168632, 0.0131023, 0.0177670, 0.0105771, 0.0132493, 0.0231683],
    yang2024.figure_9: [
        *(0.0170591, 0.0190115, 0.0148262, 0.0052257, 0.0255149),
        *(0.0218473, 0.0088608, 0.0241732, 0.0085646, 0.0040462),
    ],
}

# figure, convention, mu, sigma, rates before squaring
THEORY = [
    (yang2024.figure_5, "stated", (1, 1.5), (0.05,) * 3),
    (yang2024.figure_5, "released", (1, 1.5), (0.05,) * 3),
    (yang2024.figure_8, "stated", (1, 1.5, 2.2), (0.05,) * 3),
    (yang2024.figure_8, "released", (1, 1.7, 2.25), (0.5, 0.25, 0.25)),
    (yang2024.figure_9, "stated", (1, 1.5, 2.2, 2.7), (0.05, 0.05, 0.05, 0.5)),
    (yang2024.figure_9, "released", (1, 1.5, 2.2, 2.7), (0.05,) * 4),
    (yang2024.figure_10, "stated", (0.7, 1.7, 3), (0.05,) * 3),
    (yang2024.figure_10, "released", (0.7, 1.7, 3), (0.05,) * 3),
]


@pytest.mark.parametrize(("figure", "convention", "mu", "sigma"), THEORY)
def test_theory_figures(figure, convention: str, mu: tuple, sigma: tuple) -> None:
    setup = figure(convention=convention)
    np.testing.assert_array_equal(setup.task.mu, mu)
    np.testing.assert_array_equal(setup.task.sigma, sigma)
    assert setup.task.squared_rates == (convention == "released")
    signal = np.pad(np.square(mu) / len(mu), (0, len(sigma) - len(mu)))
    rates = np.square(sigma) + signal
    wanted = rates**2 if convention == "released" else rates
    np.testing.assert_allclose(setup.task.rates, wanted, rtol=1e-14)
    assert setup.clock.step == 0.01
    assert setup.steps == (2000 if figure is yang2024.figure_5 else 10_000)
    assert not setup.bias
    assert setup.samples is None


def test_rates_of_figure_8() -> None:
    rates = yang2024.figure_8().task.rates
    np.testing.assert_allclose(rates, [0.335833, 0.752500, 1.615833], atol=5e-7)


@pytest.mark.parametrize("figure", STARTS, ids=lambda f: f.__name__)
def test_the_seed_draws_the_printed_start(figure) -> None:
    setup = figure()
    U = inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
    upper = (U @ U.T)[np.triu_indices(len(U))]
    np.testing.assert_allclose(upper, STARTS[figure], atol=5.1e-8)


def test_row_cosines_of_the_starts_are_high() -> None:
    def cosines(figure) -> np.ndarray:
        setup = figure()
        U = inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
        rows = U / np.linalg.norm(U, axis=1, keepdims=True)
        return (rows @ rows.T)[np.triu_indices(setup.task.n_concepts, 1)]

    np.testing.assert_allclose(cosines(yang2024.figure_5), [0.84], atol=5e-3)
    np.testing.assert_allclose(sorted(cosines(yang2024.figure_8)), [0.85, 0.90, 0.98], atol=5e-3)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("convention", ["stated", "released"])
def test_every_setup_names_its_figure(figure, convention: str) -> None:
    setup = figure(convention=convention)
    assert figure.__name__ == f"figure_{setup.figure}" or setup.figure == "3"
    assert setup.convention == convention
    assert setup.shape == (setup.task.dim, setup.width)
    assert setup.steps > 0


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.__name__)
def test_unknown_conventions_are_refused(figure) -> None:
    with pytest.raises(ArgumentError, match=r"`convention` is 'relased'.*did you mean released"):
        figure(convention="relased")


def test_released_training_passes_sigma_as_a_variance_with_bias_and_origin() -> None:
    stated, released = (yang2024.figure_2a(convention=c) for c in yang2024.CONVENTIONS)
    assert stated.task.sigma[0] == 0.05
    assert released.task.sigma[0] == pytest.approx(np.sqrt(0.05))
    assert (stated.task.origin, released.task.origin) == (False, True)
    assert (stated.bias, released.bias) == (False, True)
    np.testing.assert_allclose(released.task.rates[:2], [0.05 + 1 / 3, 0.05 + 4 / 3], rtol=1e-14)
    assert released.clock.step == pytest.approx(0.003125)
    assert released.steps == 40 * 118  # 15000 points in batches of 128
    assert stated.depth == 1


def test_figure_3_runs_on_two_clocks() -> None:
    low, high = (yang2024.figure_3(dim, convention="released") for dim in (2, 64))
    np.testing.assert_array_equal(low.task.mu, [2, 4])
    np.testing.assert_array_equal(yang2024.figure_3().task.mu, [1, 2])
    assert (low.width, high.width) == (4, 64)
    assert high.clock.step == pytest.approx(0.003125)
    assert low.clock.step == pytest.approx(0.01)
    with pytest.raises(ArgumentError, match="`dim`"):
        yang2024.figure_3(3)


def test_figure_7_is_a_relu_net_in_the_text_and_linear_in_the_code() -> None:
    stated, released = (yang2024.figure_7(convention=c) for c in yang2024.CONVENTIONS)
    assert (stated.activation, stated.depth) == ("relu", 2)
    assert (released.activation, released.depth) == ("linear", 1)
    assert not released.task.origin
    assert released.task.sigma[0] == pytest.approx(np.sqrt(0.5))


def test_diversity_of_figure_2b() -> None:
    np.testing.assert_array_equal(yang2024.figure_2b(1.0).task.sigma[:2], [1.0, 0.05])
    with pytest.raises(ArgumentError, match="`sigma_1` must be a positive number"):
        yang2024.figure_2b(0.0)
