"""How a denoiser learns, and how samples are drawn from it; needs JAX and Equinox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax

from simtheory.noise import Level, Sampler, Schedule, clean_of, target_of
from simtheory.validation.nets.loop import Common, Learner, State
from simtheory.validation.nets.optimisers import Optimiser

__all__ = ["Asked", "DenoisingLearner"]


class Asked(NamedTuple):
    """What is asked of the net at each look: conditions (N, c), starts (N, ...), noise of the steps."""

    condition: Any
    start: Any
    noise: Any


@dataclass(frozen=True)
class DenoisingLearner(Learner):
    """Half the squared error of the prediction; a look draws samples."""

    optimiser: Optimiser
    schedule: Schedule
    sampler: Sampler
    size: int  # of a batch
    prediction: str
    convolves: bool
    drop: float = 0.0  # share of conditions that are left out
    guidance: float = 0.0

    @property
    def counts_loss(self) -> bool:
        """Whether the loss of the steps is summed up."""
        return True

    @property
    def steps_outside(self) -> bool:
        """Whether each step is a call of its own."""
        return self.convolves

    def batch(self, data: Any, order: Any, key: Any, common: Common, step: Any) -> Any:
        """Return points and conditions, drawn with replacement.

        With a third entry of the data, the frequencies of the classes, summed up, first a class is drawn.
        """
        x, condition, *more = data
        choose, leave, _ = jax.random.split(jax.random.fold_in(key, step), 3)
        if more:
            each = len(x) // len(more[0])
            pick, choose = jax.random.split(choose)
            u = jax.random.uniform(pick, (self.size,), more[0].dtype)
            classes = jnp.searchsorted(more[0][:-1], u, side="right")
            rows = each * classes + jax.random.randint(choose, (self.size,), 0, each)
        else:
            rows = jax.random.randint(choose, (self.size,), 0, len(x))
        if not self.drop:
            return x[rows], condition[rows]
        kept = jax.random.uniform(leave, (self.size, 1), x.dtype) >= self.drop
        return x[rows], condition[rows] * kept

    def loss(self, net: Any, batch: Any, key: Any, common: Common) -> Any:
        """Half the squared error of the prediction, summed over coordinates, mean over the batch.

        The diffusion times of a batch are evenly spaced from a random start, which covers the
        schedule.
        """
        x, condition = batch
        n, (low, high) = len(x), self.schedule.ends
        _, mix, draw = jax.random.split(key, 3)
        share = (jax.random.uniform(mix, (), x.dtype) + jnp.arange(n, dtype=x.dtype) / n) % 1.0
        u = low + (high - low) * share
        noise = jax.random.normal(draw, x.shape, x.dtype)
        level = self._seen(u.reshape(n, *(1,) * (x.ndim - 1)))
        error = net(level.alpha * x + level.sigma * noise, condition, u)
        error = error - target_of(self.prediction, x, noise, level)
        return 0.5 * jnp.sum(error**2) / n

    def look(self, state: State, data: Any, common: Common) -> dict[str, Any]:
        """Return samples (N, ...), and the loss of the steps since the look before, summed.

        Samples are states of the form that preserves variance, as the starts are.
        """
        asked: Asked = common.more
        z, noise = asked.start, asked.noise
        times = jnp.asarray(self.schedule.times(self.sampler.steps), z.dtype)
        if self.convolves:
            for k in range(self.sampler.steps):
                drawn = None if noise is None else noise[k]
                z = _down(self, state.net, asked.condition, z, times[k : k + 2], drawn)
        else:

            def body(z: Any, step: Any) -> tuple[Any, None]:
                ends, drawn = step
                return self.down(state.net, asked.condition, z, ends, drawn), None

            ends = jnp.stack([times[:-1], times[1:]], axis=1)
            z, _ = lax.scan(body, z, (ends, noise))
        return {"points": z, "total": state.total}

    def down(self, net: Any, condition: Any, z: Any, ends: Any, noise: Any) -> Any:
        """Return the samples one level lower."""
        here, there = (self._seen(u) for u in ends)
        times = jnp.broadcast_to(here.time, len(z))
        output = net(z, condition, times)
        if self.guidance:
            without = net(z, jnp.zeros_like(condition), times)
            output = output + self.guidance * (output - without)
        clean = clean_of(self.prediction, output, z, here)
        return self.sampler.step(z, clean, here, there, noise)

    def _seen(self, u: Any) -> Level:
        """Return the level as the net sees it: of every schedule the form that preserves variance."""
        level = self.schedule.at(u)
        return level if self.schedule.preserves_variance else level.normalised


@eqx.filter_jit
def _down(
    learner: DenoisingLearner, net: Any, condition: Any, z: Any, ends: Any, noise: Any
) -> Any:
    return learner.down(net, condition, z, ends, noise)
