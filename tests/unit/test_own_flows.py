"""Flows and readings that a user defines go through every function that takes one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from simtheory import sim
from simtheory.errors import ArgumentError, ShapeError
from simtheory.tasks import SIMTask

TASK = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)
TURNED = SIMTask(mu=(1.0, 2.0), sigma=0.3, rotation=[[0.6, -0.8], [0.8, 0.6]])
T = np.linspace(0.0, 3.0, 7)
RNG = np.random.default_rng(0)


class FromMap(sim.Flow):
    """A tied net that starts from a positive definite W₀."""

    depth = 2
    parametrisation = sim.Gram()

    def layers(self, init, dim):
        return (np.linalg.cholesky(init),)


@dataclass(frozen=True)
class Bottleneck(sim.Flow):
    """Layers from a matrix for each, cut to a width; the layers of an ordinary deep net."""

    width: int
    depth = 3

    @property
    def parametrisation(self):
        return sim.Product()

    def layers(self, init, dim):
        W1, W2, W3 = init
        w = self.width
        return [W1[..., :w, :], W2[..., :w, :w], W3[..., :, :w]]


class Squared(sim.Parametrisation):
    """W = U∘U, for which no kernel exists."""

    def checked(self, layers, depth, dim):
        return tuple(layers)

    def weights(self, layers):
        return layers[0] ** 2

    def field(self, layers, second_moment):
        return layers

    def turned(self, layers, axes):
        return layers


def random_maps(members, d):
    U = 0.3 * np.random.default_rng(members).standard_normal((members, d, d + 2))
    return U @ U.mT


@pytest.mark.parametrize("task", [TASK, TURNED])
def test_a_gram_flow_is_the_tied_flow_of_its_start(task) -> None:
    W0 = random_maps(4, task.dim)
    U0 = np.linalg.cholesky(W0)
    own, tied = FromMap(), sim.Tied()
    run = sim.solve(own, task, W0, T)
    np.testing.assert_array_equal(run.weights, sim.solve(tied, task, U0, T).weights)
    assert run.origin == "sim.solve(FromMap)"
    np.testing.assert_allclose(run.weights[:, 0], W0, rtol=0, atol=1e-14)
    assert np.abs(run.weights[:, -1] - W0).max() > 0.3
    for loss in ("half_sum", "recurrence"):
        options = {"steps": 20, "lr": 0.02, "momentum": 0.5, "loss": loss}
        mine, built_in = (
            sim.descend(flow, task, init, **options) for flow, init in ((own, W0), (tied, U0))
        )
        np.testing.assert_array_equal(mine.weights, built_in.weights)
        np.testing.assert_array_equal(mine.t, built_in.t)
    assert np.abs(mine.weights[:, -1] - W0).max() > 0.1


def test_a_product_flow_is_the_deep_flow_of_its_layers() -> None:
    whole = tuple(0.5 * RNG.standard_normal((5, 3, 3)) for _ in range(3))
    own, deep, init = Bottleneck(2), sim.Deep(3), Bottleneck(2).layers(whole, 3)
    A = TASK.second_moment
    mine = sim.integrate(own, A, whole, T)
    np.testing.assert_array_equal(mine, sim.integrate(deep, A, tuple(init), T))
    assert np.linalg.matrix_rank(mine[0, -1]) == 2
    read = sim.Diagonal()
    found = sim.summarize(
        own, A, lambda a, b: tuple(x[a:b] for x in whole), T, read=read, members=5
    )
    kept = sim.integrate(own, A, whole, T, read=read)
    np.testing.assert_allclose(found.mean, kept.mean(axis=0), rtol=1e-13)
    trained = sim.descend(own, TASK, whole, steps=5, lr=0.01)
    np.testing.assert_array_equal(
        trained.weights, sim.descend(deep, TASK, tuple(init), steps=5, lr=0.01).weights
    )


def test_a_product_of_one_layer_is_a_closed_form() -> None:
    class Shifted(sim.Flow):
        depth = 1
        parametrisation = sim.Product()

        def layers(self, init, dim):
            return (np.asarray(init) + np.eye(dim),)

    W0 = 0.2 * RNG.standard_normal((3, 3))
    run = sim.solve(Shifted(), TASK, W0, T)
    assert run.stats["method"] == "closed form"
    plain = sim.solve(sim.OneLayer(), TASK, W0 + np.eye(3), T)
    np.testing.assert_array_equal(run.weights, plain.weights)


@pytest.mark.parametrize(
    ("members", "error", "message"),
    [
        ({"parametrisation": Squared()}, ArgumentError, "that of Own is .* kernel package"),
        ({"depth": 3}, ArgumentError, "depth 2 and one trained matrix .* its depth is 3"),
        ({"made": lambda U: (U, U)}, ArgumentError, "it has 2 matrices"),
        ({"made": lambda U: (U[:2],)}, ShapeError, r"`init` must have shape \(..., 3, width\)"),
        ({"made": lambda U: (np.nan * U,)}, ArgumentError, "`init`"),
        (
            {"parametrisation": sim.Product(), "made": lambda U: (U,)},
            ShapeError,
            "tuple of 2 layers, first layer first, but it holds 1",
        ),
        (
            {"parametrisation": sim.Product(), "made": lambda U: (U, U[:2])},
            ShapeError,
            r"shape \(..., 3, 3\) in layer 2",
        ),
    ],
)
def test_a_flow_that_does_not_fit_is_refused(members, error, message) -> None:
    class Own(sim.Flow):
        depth = members.get("depth", 2)
        parametrisation = members.get("parametrisation", sim.Gram())

        def layers(self, init, dim):
            return members.get("made", lambda U: (U,))(init)

    for run in (
        lambda: sim.solve(Own(), TASK, 0.1 * np.eye(3), T),
        lambda: sim.descend(Own(), TASK, 0.1 * np.eye(3), steps=2, lr=0.1),
    ):
        with pytest.raises(error, match=message):
            run()


def test_a_reading_of_ones_own() -> None:
    functions = RNG.standard_normal((4, 3, 3))
    functions[1] = 0.0
    functions[1, 0, 2] = 1.0

    class Squares(sim.Reading):
        def rows(self, dim):
            return sim.Rows.of(functions)

        def finish(self, numbers):
            return numbers**2

    U0 = 0.3 * RNG.standard_normal((3, 4))
    W = sim.integrate(sim.Tied(), TASK.second_moment, U0, T)
    found = sim.integrate(sim.Tied(), TASK.second_moment, U0, T, read=Squares())
    expected = np.einsum("kij,tij->tk", functions, W) ** 2
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert expected.std() > 0.1
    rows = sim.Rows.of(functions)
    assert rows.ends.tolist() == [0, 9, 10, 19, 28]
    assert (rows.entries[9], rows.factors[9]) == (2, 1.0)
    assert not rows.plain
    assert sim.Rows.of(functions[1:2]).plain


@pytest.mark.parametrize(
    ("functions", "error"),
    [
        (np.eye(3), ShapeError),
        (np.zeros((1, 2, 3)), ShapeError),
        (np.stack([np.eye(2), np.zeros((2, 2))]), ArgumentError),
    ],
)
def test_functions_that_read_nothing_are_refused(functions, error) -> None:
    with pytest.raises(error, match="`functions`"):
        sim.Rows.of(functions)
