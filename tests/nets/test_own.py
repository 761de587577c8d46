"""A user's own data, optimiser, start, world and denoiser train as the built-in ones do."""

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simtheory.noise import DDPM
from simtheory.units import Clock
from simtheory.validation.nets import diffusion as df
from simtheory.validation.nets.architectures import MLP, Init
from simtheory.validation.nets.data import Data, Points
from simtheory.validation.nets.optimisers import SGD, Adam, Optimiser
from tests.nets.teaching import EYE, TIGHT, gap, teach

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Axes(Data):
    """Five points on each axis, and targets twice as long."""

    def shape(self, task, *, seeds):
        return len(seeds), 5 * task.dim, task.dim

    def draw(self, task, *, seeds):
        x = np.broadcast_to(np.repeat(np.eye(task.dim), 5, axis=0), self.shape(task, seeds=seeds))
        return x, 2.0 * x


@pytest.mark.parametrize("batch", [None, 15])
def test_own_data(batch):
    run = teach(MLP(1), data=Axes(), batch=batch, steps=3000, lr=0.05)
    # W = 2 is reached at the rate 1/3: e^-50
    assert gap(run.weights[:, -1], np.stack([2 * EYE] * 2)) < TIGHT
    assert gap(run.weights[:, 0], run.weights[:, -1]) > 0.5  # nothing learned


@dataclass(frozen=True)
class SignDescent(Optimiser):
    """Steps of one size in the direction of the gradient's signs."""

    @property
    def adaptive(self):
        return True

    @property
    def time_axis(self):
        return "lr * steps"

    def clock(self, lr, *, loss, dim, tied):
        return Clock(lr)

    def transform(self, lr, factors=None):
        import optax

        return optax.chain(
            optax.stateless(lambda slope, _: jax.tree.map(jnp.sign, slope)), optax.scale(-lr)
        )


def test_own_optimiser():
    settings = {"data": Points(np.sqrt(3.0) * EYE), "init": (0.5 * EYE,), "steps": 10, "lr": 0.01}
    run = teach(MLP(1), optimiser=SignDescent(), looks=11, **settings)
    # the gradient of a diagonal start is diagonal and negative: each entry gains lr a step
    exact = (0.5 + 0.01 * np.arange(11))[:, None, None] * EYE
    assert gap(run.weights, np.stack([exact] * 2)) < TIGHT
    other = teach(MLP(1), optimiser=SGD(), looks=11, **settings)
    assert gap(other.weights, run.weights) > 1e-3


@dataclass(frozen=True)
class Constant(Init):
    """Every weight alike."""

    value: float

    def layer(self, shape, *, bias, rng):
        return np.full(shape, self.value), np.zeros(shape[0]) if bias else None


def test_own_start():
    run = teach(MLP(2, 4), init=Constant(0.1), steps=2, looks=3)
    assert gap(run.weights[:, 0], 4 * 0.01) < TIGHT
    assert gap(run.weights[:, 0], run.weights[:, -1]) > 1e-4


@dataclass(frozen=True)
class Line(df.World):
    """Points on a line, told where they are: one value, any number in [0, 1]."""

    spread: float = 0.02

    @property
    def names(self):
        return ("place",)

    @property
    def shape(self):
        return (2,)

    @property
    def prompts(self):
        return np.array([[0.2], [0.5], [0.8]])

    def condition(self, values):
        return 2.0 * np.asarray(values, dtype=float) - 1.0

    def data(self, samples, *, seed):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
        value = rng.uniform(0.0, 1.0, (samples, 1))
        x = np.hstack([2.0 * value - 1.0, 1.0 - 2.0 * value])
        return x + self.spread * rng.standard_normal(x.shape), self.condition(value)

    def judge(self):
        return Ruler()


@dataclass(frozen=True)
class Ruler(df.Judge):
    """Right is what lies within a fifth."""

    def place(self, points):
        return (0.5 + 0.25 * (points[:, :1] - points[:, 1:])).astype(float)

    def right(self, placed, asked):
        return np.abs(placed - asked) < 0.2


class Affine(eqx.Module):
    """One layer on z, the condition and the noise share."""

    weight: jax.Array

    def __call__(self, z, condition, u):
        inputs = jnp.concatenate([z, condition, jnp.sin(0.5 * jnp.pi * u)[:, None]], axis=1)
        return inputs @ self.weight.T


@dataclass(frozen=True)
class AffineDenoiser(df.Denoiser):
    """A denoiser whose guess is linear in what it sees."""

    prediction: str = "x0"

    def build(self, shape, n_conditions, key, dtype):
        return Affine(jnp.zeros((shape[0], shape[0] + n_conditions + 1), dtype))


@pytest.mark.parametrize("net", [df.MLPDenoiser(32, prediction="x0"), AffineDenoiser()], ids=repr)
def test_own_world_of_continuous_values_and_own_denoiser(net, tmp_path):
    settings = {"steps": 800, "lr": 5e-3, "seeds": (0, 1), "optimiser": Adam(), "looks": 3}
    settings |= {"sampler": DDPM(30), "device": "cpu", "store": tmp_path}
    run = df.train(net, Line(), **settings)
    assert run.coordinates.shape == (2, 3, 3, 1)
    assert not run.trained.any()  # no value is a class
    assert run.accuracy[:, -1].min() > 0.9
    # an untrained net puts its samples anywhere: the noise alone, 0.35 in the value
    assert run.accuracy[:, 0].mean() < 0.6
    assert np.ptp(run.coordinates[:, -1, :, 0], axis=1).min() > 0.4
    assert np.array_equal(df.train(net, Line(), **settings).coordinates, run.coordinates)
    with pytest.raises(ValueError, match="`world`"):
        df.train(net, Line(0.03), **settings)


def test_bases_are_abstract():
    for base in (Data, Optimiser, Init, df.World, df.Judge, df.Denoiser):
        with pytest.raises(TypeError, match="abstract"):
            base()
