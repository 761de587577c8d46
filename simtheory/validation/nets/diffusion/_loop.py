"""The training loop of one seed and the sampling of one net; needs JAX, Equinox and Optax."""

from __future__ import annotations

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax

from simtheory.noise import Level, Sampler, Schedule, clean_of, target_of
from simtheory.validation.nets.diffusion.denoisers import Denoiser
from simtheory.validation.nets.optimisers import Optimiser

__all__ = ["Plan", "State", "advance", "generate", "start"]


class Plan(NamedTuple):
    """What does not change during training and is compiled in."""

    optimiser: Optimiser
    schedule: Schedule
    batch: int
    convolves: bool
    prediction: str


class State(NamedTuple):
    """Where training stands: the net, the optimiser's memory, the loss summed since the last look."""

    net: Any
    memory: Any
    total: Any


def start(
    plan: Plan, net: Denoiser, shape: tuple[int, ...], n_conditions: int, key: Any, lr: Any
) -> State:
    """Return the state before the first step."""
    drawn = net.build(shape, n_conditions, key, lr.dtype)
    return State(drawn, plan.optimiser.transform(lr).init(drawn), jnp.zeros((), lr.dtype))


def advance(
    plan: Plan, state: State, data: tuple[Any, Any], key: Any, lr: Any, span: tuple[int, int]
) -> tuple[State, float]:
    """Train from step span[0] to span[1]; return the state and the mean loss of these steps."""
    first, last = span
    state = state._replace(total=jnp.zeros_like(state.total))
    if plan.convolves:  # a loop outside: convolutions are slow inside a compiled one on a CPU
        for step in range(first, last):
            state = _one(plan, state, data, key, lr, jnp.asarray(step))
    else:
        state = _many(plan, state, data, key, lr, jnp.asarray(first), jnp.asarray(last))
    return state, float(state.total) / max(last - first, 1)


def _step(plan: Plan, state: State, data: Any, key: Any, lr: Any, step: Any) -> State:
    x, condition = data
    choose, mix, draw = jax.random.split(jax.random.fold_in(key, step), 3)
    rows = jax.random.randint(choose, (plan.batch,), 0, len(x))
    loss, slope = jax.value_and_grad(_loss)(state.net, x[rows], condition[rows], plan, mix, draw)
    updates, memory = plan.optimiser.transform(lr).update(slope, state.memory, state.net)
    return State(eqx.apply_updates(state.net, updates), memory, state.total + loss)


def _loss(net: Any, x: Any, condition: Any, plan: Plan, mix: Any, draw: Any) -> Any:
    """Half the squared error of the prediction, summed over coordinates, mean over the batch.

    The diffusion times of a batch are evenly spaced from a random start, which covers the schedule.
    """
    n = len(x)
    low, high = plan.schedule.ends
    share = (jax.random.uniform(mix, (), x.dtype) + jnp.arange(n, dtype=x.dtype) / n) % 1.0
    u = low + (high - low) * share
    noise = jax.random.normal(draw, x.shape, x.dtype)
    level = _seen(plan.schedule, u.reshape(n, *(1,) * (x.ndim - 1)))
    error = net(level.alpha * x + level.sigma * noise, condition, u)
    error = error - target_of(plan.prediction, x, noise, level)
    return 0.5 * jnp.sum(error**2) / n


def _seen(schedule: Schedule, u: Any) -> Level:
    """Return the level as the net sees it: of every schedule the form that preserves variance."""
    level = schedule.at(u)
    return level if schedule.preserves_variance else level.normalised


_one = eqx.filter_jit(_step)


@eqx.filter_jit
def _many(plan: Plan, state: State, data: Any, key: Any, lr: Any, first: Any, last: Any) -> State:
    def one(step: Any, now: State) -> State:
        return _step(plan, now, data, key, lr, step)

    return lax.fori_loop(first, last, one, state)


def generate(
    plan: Plan, sampler: Sampler, net: Any, condition: Any, z: Any, noise: Any | None
) -> Any:
    """Draw samples (n, *shape) under conditions (n, c) from normal z, as `noise.sample` does.

    They are states of the form that preserves variance, as the starts are.
    """
    times = jnp.asarray(plan.schedule.times(sampler.steps), z.dtype)
    if not plan.convolves:
        return _move_down(plan, sampler, net, condition, z, times, noise)
    for k in range(sampler.steps):
        drawn = None if noise is None else noise[k]
        z = _move(plan, sampler, net, condition, z, times[k : k + 2], drawn)
    return z


def _step_down(
    plan: Plan, sampler: Sampler, net: Any, condition: Any, z: Any, ends: Any, noise: Any
) -> Any:
    here, there = (_seen(plan.schedule, u) for u in ends)
    output = net(z, condition, jnp.broadcast_to(here.time, len(z)))
    return sampler.step(z, clean_of(plan.prediction, output, z, here), here, there, noise)


_move = eqx.filter_jit(_step_down)


@eqx.filter_jit
def _move_down(
    plan: Plan, sampler: Sampler, net: Any, condition: Any, z: Any, times: Any, noise: Any
) -> Any:
    def body(state: Any, step: Any) -> tuple[Any, None]:
        ends, draws = step
        return _step_down(plan, sampler, net, condition, state, ends, draws), None

    return lax.scan(body, z, (jnp.stack([times[:-1], times[1:]], axis=1), noise))[0]
