"""The training loop of one seed, compiled, and of all seeds side by side.

This is the only file of the training that needs JAX, Equinox and Optax to be imported; it is loaded
after the arguments are checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax

from simtheory.validation.nets.architectures import Layer
from simtheory.validation.nets.data import Source
from simtheory.validation.nets.optimisers import Factors, Optimiser

__all__ = ["Common", "Network", "Plan", "Seen", "State", "advance", "advance_all", "start"]

_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x,
    "relu": jax.nn.relu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "tanh": jnp.tanh,
}


class Network(eqx.Module):
    """The layers of one network and what lies between them."""

    layers: tuple[tuple[Any, Any], ...]
    activation: str = eqx.field(static=True)

    def __call__(self, x: Any) -> Any:
        """Return the outputs, shape (n, d), on inputs of that shape."""
        last = len(self.layers) - 1
        for k, (weight, bias) in enumerate(self.layers):
            matrix = self.layers[last - k][0].T if weight is None else weight
            x = x @ matrix.T
            x = x if bias is None else x + bias
            x = x if k == last else _ACTIVATIONS[self.activation](x)
        return x


class Plan(NamedTuple):
    """What does not change during training and is compiled in."""

    optimiser: Optimiser
    factors: Factors
    order: str  # of `data.ORDERS`
    batch: int | None
    is_linear: bool
    jacobians: bool


class Common(NamedTuple):
    """What all seeds share: numbers that are not compiled in.

    `factor` is the loss over the mean squared distance; training goes from `step` to the last of
    `stops` and records at each.
    """

    step: Any
    stops: Any
    lr: Any
    factor: Any
    probes: Any
    source: Source | None


class State(NamedTuple):
    """Where a seed stands: its network, the optimiser's memory, the order of its points."""

    net: Network
    memory: Any
    order: Any


class Seen(NamedTuple):
    """What is recorded: outputs (T, P, d), loss (T,), and maybe weights and Jacobians."""

    outputs: Any
    loss: Any
    weights: Any  # (T, d, d)
    jacobians: Any  # (T, P, d, d)


def start(
    plan: Plan, layers: tuple[Layer, ...], activation: str, points: Any, key: Any, lr: Any
) -> State:
    """Return the state of one seed before its first step."""
    net = Network(jax.tree.map(jnp.asarray, layers), activation)
    shuffled = plan.batch is not None and plan.order in ("epochs", "once")
    order = jax.random.permutation(key, len(points)) if shuffled else None
    return State(net, plan.optimiser.transform(lr, plan.factors).init(net), order)


@eqx.filter_jit
def advance(
    plan: Plan, state: State, data: tuple[Any, Any, Any], key: Any, common: Common
) -> tuple[State, Seen]:
    """Train one seed on its data (x, y, rest) and record on the way.

    `rest` is added to the mean squared distance where the loss is recorded.
    """
    return _advance(plan, state, data, key, common)


@eqx.filter_jit
def advance_all(
    plan: Plan, states: State, data: tuple[Any, Any, Any], keys: Any, common: Common
) -> tuple[State, Seen]:
    """Train all seeds, which lie on the leading axes of everything but `common`."""
    return jax.vmap(lambda s, d, k: _advance(plan, s, d, k, common))(states, data, keys)


def _advance(
    plan: Plan, state: State, data: tuple[Any, Any, Any], key: Any, common: Common
) -> tuple[State, Seen]:
    x, y, rest = data
    transform = plan.optimiser.transform(common.lr, plan.factors)

    def loss(net: Network, x: Any, y: Any, weights: Any = None) -> Any:
        distance = jnp.sum((net(x) - y) ** 2, axis=-1)
        return common.factor * jnp.average(distance, weights=weights)

    def one_step(step: Any, state: State) -> State:
        order = _reshuffled(plan, state.order, key, step)
        batch = _batch(plan, (x, y), order, common.source, key, step)
        slope = jax.grad(loss)(state.net, *batch)
        updates, memory = transform.update(slope, state.memory, state.net)
        return State(eqx.apply_updates(state.net, updates), memory, order)

    def look(net: Network) -> Seen:
        probes = common.probes
        axes = jnp.eye(probes.shape[-1], dtype=probes.dtype)
        return Seen(
            net(probes),
            loss(net, x, y) + common.factor * rest,
            net(axes).T if plan.is_linear else None,  # rows of 1 go in, rows of Wᵀ come out
            jax.vmap(jax.jacfwd(lambda x: net(x[None])[0]))(probes) if plan.jacobians else None,
        )

    def to_record(carry: tuple[Any, State], stop: Any) -> tuple[tuple[Any, State], Seen]:
        step, state = carry
        state = lax.fori_loop(step, stop, one_step, state)
        return (stop, state), look(state.net)

    (_, state), seen = lax.scan(to_record, (common.step, state), common.stops)
    return state, seen


def _passes(plan: Plan, n: int) -> int:
    """Return the number of steps of one pass through n points."""
    return -(-n // (plan.batch or n))


def _reshuffled(plan: Plan, order: Any, key: Any, step: Any) -> Any:
    """Return a new order of the points where a new pass begins."""
    if order is None or plan.order == "once":
        return order
    return lax.cond(
        step % _passes(plan, len(order)) == 0,
        lambda: jax.random.permutation(jax.random.fold_in(key, step), len(order)),
        lambda: order,
    )


def _batch(
    plan: Plan, data: tuple[Any, Any], order: Any, source: Source | None, key: Any, step: Any
) -> tuple[Any, Any, Any]:
    """Return inputs, targets and weights (None: all equal) of one step."""
    x, y = data
    if source is not None:
        return (*_fresh(source, plan.batch, jax.random.fold_in(key, step)), None)
    if plan.batch is None:
        return x, y, None
    n = len(x)
    if order is None:
        chosen = jax.random.randint(jax.random.fold_in(key, step), (plan.batch,), 0, n)
        return x[chosen], y[chosen], None
    passes = _passes(plan, n)
    places = step % passes * plan.batch + jnp.arange(plan.batch)
    chosen = order[places % n]
    # the last batch of a pass may be smaller: what would run over the end has no weight
    weights = None if n % plan.batch == 0 else (places < n).astype(x.dtype)
    return x[chosen], y[chosen], weights


def _fresh(source: Source, batch: int | None, key: Any) -> tuple[Any, Any]:
    for_cluster, for_spread, for_noise = jax.random.split(key, 3)
    cluster = jax.random.categorical(for_cluster, source.log_weights, shape=(batch,))
    shape, dtype = (batch, source.centres.shape[-1]), source.centres.dtype
    x = source.centres[cluster] + jax.random.normal(for_spread, shape, dtype) @ source.spread.T
    if source.noise is None:
        return x, x
    return x, x + source.noise * jax.random.normal(for_noise, shape, dtype)
