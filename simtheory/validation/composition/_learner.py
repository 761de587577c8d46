"""How experts learn; needs JAX, Equinox and Optax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from simtheory.units import Clock
from simtheory.validation.composition.nets import EnergyNet, ExpertNet
from simtheory.validation.nets.diffusion._nets import Dense
from simtheory.validation.nets.loop import Common, Learner, State
from simtheory.validation.nets.optimisers import Optimiser

__all__ = ["ExpertLearner", "Known", "Perceptron", "Recipe", "energy", "noise_of", "score"]

_FREQUENCIES = 8
_LOWEST, _HIGHEST = (
    0.2,
    6.0,
)  # per unit of ½ ln λ; beyond the second, neighbouring levels look unlike


class Known(NamedTuple):
    """Points to learn from (N, d), and the mean square of a coordinate."""

    points: Any
    moment: Any


class Perceptron(eqx.Module):
    """Layers of a perceptron with SiLU between them, on one point."""

    layers: tuple[Dense, ...]

    def __init__(self, net: ExpertNet, dim: int, key: Any, dtype: Any):
        keys = jax.random.split(key, net.depth + 1)
        sizes = (dim + 2 * _FREQUENCIES, *(net.width,) * net.depth)
        hidden = tuple(
            Dense(a, b, k, dtype) for a, b, k in zip(sizes, sizes[1:], keys, strict=False)
        )
        # SiLU halves the size of what passes it; a last layer of zeros would be a saddle of |f|²
        self.layers = (*hidden, Dense(sizes[-1], net.outputs(dim), keys[-1], dtype, gain=1.0))

    def __call__(self, y: Any, level: Any, moment: Any) -> Any:
        """Return the outputs at points (..., d)."""
        clock = 0.5 * jnp.log(level)[..., None]
        angles = clock * jnp.geomspace(_LOWEST, _HIGHEST, _FREQUENCIES, dtype=y.dtype)
        h = jnp.concatenate(
            [y / jnp.sqrt(level + moment)[..., None], jnp.sin(angles), jnp.cos(angles)], axis=-1
        )
        *hidden, last = self.layers
        for layer in hidden:
            h = jax.nn.silu(layer(h))
        return last(h)


def energy(net: EnergyNet, weights: Perceptron, y: Any, level: Any, moment: Any) -> Any:
    """Return the energy of one point (d,)."""
    return net.form.energy(y, weights(y, level, moment), level, moment)


def score(net: ExpertNet, weights: Perceptron, y: Any, level: Any, moment: Any) -> Any:
    """Return the score at points (n, d), levels (n,)."""
    if isinstance(net, EnergyNet):
        slope = jax.grad(energy, argnums=2)
        return -jax.vmap(lambda a, b: slope(net, weights, a, b, moment))(y, level)
    wide = (level + moment)[:, None]
    f = weights(y, level, moment)
    return -y / wide - jnp.sqrt(moment / (level[:, None] * wide)) * f


def noise_of(net: ExpertNet, weights: Perceptron, y: Any, level: Any, moment: Any) -> Any:
    """Return the noise that is predicted, ε̂ = −√λ s."""
    return -jnp.sqrt(level)[:, None] * score(net, weights, y, level, moment)


class _Average(NamedTuple):
    count: Any
    weights: Any


@dataclass(frozen=True)
class Recipe(Optimiser):
    """Adam on a cosine, and a running average of the weights in its memory."""

    steps: int
    decay: float

    @property
    def adaptive(self) -> bool:
        """Whether the size of a step does not depend on that of the gradient."""
        return True

    @property
    def time_axis(self) -> str:
        """What the time axis is."""
        return "lr * steps: Adam has no canonical clock"

    def clock(self, lr: float, *, loss: str, dim: int, tied: bool) -> Clock:
        """Return a clock whose time is lr times the steps."""
        return Clock(lr)

    def transform(self, lr: Any, factors: Any = None) -> Any:
        """Return the Optax transformation."""
        return optax.chain(
            optax.scale_by_adam(),
            optax.scale_by_schedule(optax.cosine_decay_schedule(1.0, self.steps)),
            optax.scale_by_learning_rate(lr),
            self._averaging(),
        )

    @staticmethod
    def average(memory: Any) -> Any:
        """Return the averaged weights that the memory holds."""
        return memory[-1].weights

    def _averaging(self) -> optax.GradientTransformation:
        def update(updates: Any, state: _Average, weights: Any = None) -> tuple[Any, _Average]:
            k = state.count
            kept = jnp.minimum(self.decay, (1.0 + k) / (10.0 + k))  # forgets the start
            mixed = jax.tree.map(
                lambda old, new, step: kept * old + (1.0 - kept) * (new + step),
                state.weights,
                weights,
                updates,
            )
            return updates, _Average(k + 1.0, mixed)

        return optax.GradientTransformation(
            lambda weights: _Average(jnp.zeros((), jnp.float32), weights), update
        )


@dataclass(frozen=True)
class ExpertLearner(Learner):
    """The squared error of the predicted noise, at levels that are uniform in the logarithm."""

    optimiser: Recipe
    net: ExpertNet
    size: int  # of a batch
    ends: tuple[float, float]  # levels, low and high

    @property
    def counts_loss(self) -> bool:
        """Whether the loss of the steps is summed up."""
        return True

    def batch(self, data: Known, order: Any, key: Any, common: Common, step: Any) -> Known:
        """Return points, drawn with replacement."""
        choose, _ = jax.random.split(jax.random.fold_in(key, step))
        rows = jax.random.randint(choose, (self.size,), 0, len(data.points))
        return Known(data.points[rows], data.moment)

    def loss(self, net: Perceptron, batch: Known, key: Any, common: Common) -> Any:
        """Return half the squared error, summed over coordinates, mean over the batch.

        The levels of a batch are evenly spaced in the logarithm from a random start.
        """
        x, n = batch.points, len(batch.points)
        mix, draw = jax.random.split(jax.random.split(key)[1])
        share = (jax.random.uniform(mix, (), x.dtype) + jnp.arange(n, dtype=x.dtype) / n) % 1.0
        low, high = jnp.log(jnp.asarray(self.ends, x.dtype))
        level = jnp.exp(low + (high - low) * share)
        noise = jax.random.normal(draw, x.shape, x.dtype)
        y = x + jnp.sqrt(level)[:, None] * noise
        error = noise_of(self.net, net, y, level, batch.moment) - noise
        return 0.5 * jnp.sum(error**2) / n

    def look(self, state: State, data: Any, common: Common) -> Any:
        """Return the averaged weights, and the loss of the steps since the look before, summed."""
        return {"weights": self.optimiser.average(state.memory), "total": state.total}
