"""The decoder as an Equinox module, and activations on a device; needs JAX."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from simtheory._typing import Array
from simtheory.noise import Level
from simtheory.validation.nets.diffusion._nets import Dense

__all__ = ["Blind", "activations"]


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


def activations(net: Any, images: Array, condition: Array, noises: Array, at: Level) -> Array:
    """Return the hidden layer (P, d) on noised images, averaged over noises that all images share."""
    net = jax.tree.map(jnp.asarray, net)
    dtype = jax.tree.leaves(net)[0].dtype
    asked = jnp.asarray(condition, dtype)
    u = jnp.full(len(images), at.time, dtype)
    total: Any = 0.0
    for noise in noises:
        z = jnp.asarray(at.alpha * images + at.sigma * noise, dtype)
        total = total + np.asarray(_hidden(net, z, asked, u), np.float64)
    return np.asarray(total / len(noises))
