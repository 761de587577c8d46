"""The training loop, compiled: many seeds side by side, from one record to the next.

This is the only file that needs JAX, Equinox and Optax to be imported; `train` loads it after it
has checked its arguments. Every array carries the seeds, S of them, on its leading axis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax

from simtheory.validation.nets import ACTIVATIONS, MLP, Layer
from simtheory.validation.optimisers import Optimiser

__all__ = ["Network", "Plan", "Seen", "State", "advance", "start"]


class Network(eqx.Module):
    """The layers of one network (or, inside `State`, of all seeds') and what lies between them."""

    layers: tuple[Layer, ...]
    activation: Callable[[Any], Any] = eqx.field(static=True)

    def __call__(self, x: Any) -> Any:
        """Return the outputs, shape (n, d), on inputs of that shape."""
        for k, (weight, bias) in enumerate(self.layers):
            x = x if k == 0 else self.activation(x)
            x = x @ weight.T
            x = x if bias is None else x + bias
        return x


class Plan(NamedTuple):
    """What does not change during training and is compiled in."""

    optimiser: Optimiser
    batch: int | None
    is_linear: bool


class State(NamedTuple):
    """Where training stands: steps made, networks, the optimiser's memory."""

    step: Any
    nets: Network
    memory: Any


class Seen(NamedTuple):
    """What is recorded: outputs (S, P, d), loss (S,) and end-to-end maps (S, d, d) or None."""

    outputs: Any
    loss: Any
    weights: Any


def start(net: MLP, layers: tuple[Layer, ...], optimiser: Optimiser, lr: float) -> State:
    """Return the state before the first step, given each layer's weights (S, out, in)."""
    arrays = jax.tree.map(jnp.asarray, layers)
    nets = Network(arrays, ACTIVATIONS[net.activation])
    return State(jnp.asarray(0), nets, jax.vmap(optimiser.transform(lr).init)(nets))


@eqx.filter_jit
def advance(
    plan: Plan,
    state: State,
    points: Any,
    keys: Any,
    probes: Any,
    stops: Any,
    *,
    lr: Any,
    factor: Any,
) -> tuple[State, Seen]:
    """Train up to each of the steps in `stops` and record there.

    `points` (S, n, d) are each seed's data, `factor` is the loss over the mean squared distance.
    The number of steps between two stops is not compiled in, so any grid of records serves.
    """
    transform = plan.optimiser.transform(lr)

    def loss(net: Network, x: Any) -> Any:
        return factor * jnp.mean(jnp.sum((net(x) - x) ** 2, axis=-1))

    def update(step: Any, net: Network, memory: Any, x: Any, key: Any) -> tuple[Network, Any]:
        if plan.batch is not None:
            x = x[jax.random.randint(jax.random.fold_in(key, step), (plan.batch,), 0, len(x))]
        updates, memory = transform.update(jax.grad(loss)(net, x), memory, net)
        return eqx.apply_updates(net, updates), memory

    def one_step(step: Any, carry: tuple[Network, Any]) -> tuple[Network, Any]:
        return jax.vmap(update, in_axes=(None, 0, 0, 0, 0))(step, *carry, points, keys)

    def to_record(state: State, stop: Any) -> tuple[State, Seen]:
        nets, memory = lax.fori_loop(state.step, stop, one_step, (state.nets, state.memory))
        return State(stop, nets, memory), look(nets)

    def look(nets: Network) -> Seen:
        outputs = jax.vmap(lambda net: net(probes))(nets)
        weights = None
        if plan.is_linear:  # rows of the identity go in, rows of Wᵀ come out
            axes = jnp.eye(probes.shape[-1])
            weights = jax.vmap(lambda net: net(axes).T)(nets)
        return Seen(outputs, jax.vmap(loss)(nets, points), weights)

    return lax.scan(to_record, state, stops)
