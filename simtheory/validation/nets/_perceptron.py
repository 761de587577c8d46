"""The network of an `MLP` and how it learns points; needs JAX and Equinox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax

from simtheory.validation.nets.data import Source
from simtheory.validation.nets.loop import Common, Learner, State
from simtheory.validation.nets.optimisers import Factors, Optimiser

__all__ = ["Network", "Points", "PointsLearner", "Watch"]

_ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x,
    "relu": jax.nn.relu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "tanh": jnp.tanh,
}


class Network(eqx.Module):
    """The layers of one network, and the activation between them."""

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


class Points(NamedTuple):
    """The data of a seed; `rest` is added to the mean squared distance where the loss is watched."""

    x: Any
    y: Any
    rest: Any


class Watch(NamedTuple):
    """What all seeds share: the loss over the mean squared distance, probes, and the fresh points."""

    factor: Any
    probes: Any
    source: Source | None


@dataclass(frozen=True)
class PointsLearner(Learner):
    """Mean squared distance from outputs to targets, on all points, minibatches or fresh points."""

    optimiser: Optimiser
    layer_factors: Factors
    order: str  # of `data.ORDERS`
    size: int | None  # of a batch
    is_linear: bool
    jacobians: bool

    @property
    def factors(self) -> Factors:
        """Factors on the learning rate of each layer."""
        return self.layer_factors

    def first_order(self, points: Any, key: Any) -> Any:
        """Return the order of the points before the first step, if they are shuffled."""
        shuffled = self.size is not None and self.order in ("epochs", "once")
        return jax.random.permutation(key, len(points)) if shuffled else None

    def ordered(self, order: Any, key: Any, step: Any) -> Any:
        """Return a new order of the points where a new pass begins."""
        if order is None or self.order == "once":
            return order
        return lax.cond(
            step % self._passes(len(order)) == 0,
            lambda: jax.random.permutation(jax.random.fold_in(key, step), len(order)),
            lambda: order,
        )

    def batch(self, data: Points, order: Any, key: Any, common: Common, step: Any) -> Any:
        """Return inputs, targets and weights (None: all equal) of one step."""
        x, y, _ = data
        if common.more.source is not None:
            return (*_fresh(common.more.source, self.size, jax.random.fold_in(key, step)), None)
        if self.size is None:
            return x, y, None
        n = len(x)
        if order is None:
            chosen = jax.random.randint(jax.random.fold_in(key, step), (self.size,), 0, n)
            return x[chosen], y[chosen], None
        places = step % self._passes(n) * self.size + jnp.arange(self.size)
        chosen = order[places % n]
        # the last batch of a pass may be smaller: what would run over the end has no weight
        weights = None if n % self.size == 0 else (places < n).astype(x.dtype)
        return x[chosen], y[chosen], weights

    def loss(self, net: Network, batch: Any, key: Any, common: Common) -> Any:
        """Return the mean squared distance in the units of the loss."""
        x, y, weights = batch
        distance = jnp.sum((net(x) - y) ** 2, axis=-1)
        return common.more.factor * jnp.average(distance, weights=weights)

    def look(self, state: State, data: Points, common: Common) -> dict[str, Any]:
        """Return outputs (P, d), loss, and maybe the map (d, d) and Jacobians (P, d, d)."""
        net, (x, y, rest), probes = state.net, data, common.more.probes
        seen = {
            "outputs": net(probes),
            "loss": self.loss(net, (x, y, None), None, common) + common.more.factor * rest,
        }
        if self.is_linear:  # rows of 1 go in, rows of Wᵀ come out
            seen["weights"] = net(jnp.eye(probes.shape[-1], dtype=probes.dtype)).T
        if self.jacobians:
            seen["jacobians"] = jax.vmap(jax.jacfwd(lambda x: net(x[None])[0]))(probes)
        return seen

    def _passes(self, n: int) -> int:
        """Return the number of steps of one pass through n points."""
        return -(-n // (self.size or n))


def _fresh(source: Source, batch: int | None, key: Any) -> tuple[Any, Any]:
    for_cluster, for_spread, for_noise = jax.random.split(key, 3)
    cluster = jax.random.categorical(for_cluster, source.log_weights, shape=(batch,))
    shape, dtype = (batch, source.centres.shape[-1]), source.centres.dtype
    x = source.centres[cluster] + jax.random.normal(for_spread, shape, dtype) @ source.spread.T
    y = x if source.teacher is None else x @ source.teacher.T
    if source.noise is None:
        return x, y
    return x, y + source.noise * jax.random.normal(for_noise, y.shape, dtype)
