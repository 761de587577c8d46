"""The decoder as an Equinox module, and activations on a device; needs JAX."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from simtheory._typing import Array
from simtheory.validation.nets.diffusion._nets import Dense

__all__ = ["Blind", "layers"]


class Blind(eqx.Module):
    """The residual perceptron that sees the condition only."""

    first: Dense
    blocks: tuple[Dense, ...]
    last: Dense

    def __init__(self, net: Any, shape: tuple[int, ...], n_conditions: int, key: Any, dtype: Any):
        keys = jax.random.split(key, net.blocks + 2)
        self.first = Dense(n_conditions, net.width, keys[0], dtype)
        self.blocks = tuple(Dense(net.width, net.width, k, dtype) for k in keys[1:-1])
        self.last = Dense(net.width, int(np.prod(shape)), keys[-1], dtype, gain=0.1)

    def __call__(self, z: Any, condition: Any, u: Any) -> Any:
        """Return the images (n, *shape) of conditions (n, c)."""
        return self.last(jax.nn.gelu(self.hidden(z, condition, u))).reshape(z.shape)

    def hidden(self, z: Any, condition: Any, u: Any) -> Any:
        """Return the sum that the residual blocks leave, (n, width)."""
        h = self.first(condition)
        for block in self.blocks:
            h = h + block(jax.nn.gelu(h))
        return h


@eqx.filter_jit
def _hidden(net: Any, z: Any, condition: Any, u: Any) -> Any:
    return net.hidden(z, condition, u)


def layers(
    net: Any,
    world: Any,
    seed: int,
    weights: tuple[Array, ...],
    asked: Array,
    noised: Array,
    time: float,
) -> tuple[Array, Array]:
    """Return the hidden layer (P, d) after and before training, the mean over noised images (draws, P, ...)."""
    dtype = np.dtype(world.precision)
    init, _ = jax.random.split(jax.random.key(seed))
    before = net.build(world.shape, asked.shape[1], init, dtype)
    shape = jax.tree.structure(before)
    after = jax.tree.unflatten(shape, [jnp.asarray(part) for part in weights])
    condition, u = jnp.asarray(asked, dtype), jnp.full(len(asked), time, dtype)
    found = []
    for one in (after, before):
        seen = [_hidden(one, jnp.asarray(z, dtype), condition, u) for z in noised]
        found.append(np.mean(np.asarray(seen, np.float64), axis=0))
    return found[0], found[1]
