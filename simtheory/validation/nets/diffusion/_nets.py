"""The denoisers as Equinox modules, on batches."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["Perceptron", "UNet"]

_OCTAVES = 4
_GROUPS = 4


def clock(u: Any) -> Any:
    """Return the features of diffusion times (n,), shape (n, 1 + 2 octaves)."""
    angles = 0.5 * jnp.pi * u[:, None] * 2.0 ** jnp.arange(_OCTAVES, dtype=u.dtype)
    return jnp.concatenate([u[:, None], jnp.sin(angles), jnp.cos(angles)], axis=1)


class Dense(eqx.Module):
    """A linear layer; weights Gaussian with variance gain²/inputs, biases zero."""

    weight: Any
    bias: Any

    def __init__(self, inputs: int, outputs: int, key: Any, dtype: Any, gain: float = 1.0):
        draws = jax.random.normal(key, (outputs, inputs), dtype)
        self.weight = draws * (gain / inputs**0.5)
        self.bias = jnp.zeros(outputs, dtype)

    def __call__(self, x: Any) -> Any:
        """Return the outputs, shape (n, outputs)."""
        return x @ self.weight.T + self.bias


class Perceptron(eqx.Module):
    """The residual perceptron."""

    first: Dense
    blocks: tuple[Dense, ...]
    last: Dense

    def __init__(self, net: Any, shape: tuple[int, ...], n_conditions: int, key: Any, dtype: Any):
        keys = jax.random.split(key, net.blocks + 2)
        size = 1
        for side in shape:
            size *= side
        inputs = size + n_conditions + 1 + 2 * _OCTAVES
        self.first = Dense(inputs, net.width, keys[0], dtype)
        self.blocks = tuple(Dense(net.width, net.width, k, dtype) for k in keys[1:-1])
        self.last = Dense(net.width, size, keys[-1], dtype, gain=0.1)

    def __call__(self, z: Any, condition: Any, u: Any) -> Any:
        """Return the prediction from z (n, *shape) under conditions (n, c) at times (n,)."""
        return self.last(jax.nn.gelu(self.hidden(z, condition, u))).reshape(z.shape)

    def hidden(self, z: Any, condition: Any, u: Any) -> Any:
        """Return the sum that the residual blocks leave, (n, width)."""
        flat = z.reshape(len(z), -1)
        h = self.first(jnp.concatenate([flat, condition, clock(u)], axis=1))
        for block in self.blocks:
            h = h + block(jax.nn.gelu(h))
        return h


class Convolution(eqx.Module):
    """A 3×3 convolution of images (n, side, side, channels), edges filled with zeros."""

    weight: Any
    bias: Any

    def __init__(self, inputs: int, outputs: int, key: Any, dtype: Any, gain: float = 1.0):
        draws = jax.random.normal(key, (3, 3, inputs, outputs), dtype)
        self.weight = draws * (gain / (9 * inputs) ** 0.5)
        self.bias = jnp.zeros(outputs, dtype)

    def __call__(self, x: Any) -> Any:
        """Return the outputs, same size."""
        y = lax.conv_general_dilated(
            x, self.weight, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return y + self.bias


def normalised(x: Any) -> Any:
    """Group normalisation without trained scales."""
    n, rows, columns, channels = x.shape
    groups = x.reshape(n, rows * columns, _GROUPS, channels // _GROUPS)
    centred = groups - groups.mean(axis=(1, 3), keepdims=True)
    variance = (centred**2).mean(axis=(1, 3), keepdims=True)
    return (centred * lax.rsqrt(variance + 1e-5)).reshape(x.shape)


class Block(eqx.Module):
    """Two convolutions with the embedding added between them, and a way past them."""

    first: Convolution
    second: Convolution
    embed: Dense
    past: Dense

    def __init__(self, inputs: int, outputs: int, embedding: int, key: Any, dtype: Any):
        keys = jax.random.split(key, 4)
        self.first = Convolution(inputs, outputs, keys[0], dtype)
        self.second = Convolution(outputs, outputs, keys[1], dtype, gain=0.1)
        self.embed = Dense(embedding, outputs, keys[2], dtype)
        self.past = Dense(inputs, outputs, keys[3], dtype)

    def __call__(self, x: Any, embedding: Any) -> Any:
        """Return the outputs, same size."""
        h = self.first(x) + self.embed(embedding)[:, None, None, :]
        return self.past(x) + self.second(jax.nn.gelu(normalised(h)))


class UNet(eqx.Module):
    """The U-Net."""

    embed: tuple[Dense, Dense]
    first: Convolution
    down: tuple[Block, ...]
    up: tuple[Block, ...]
    last: Convolution

    def __init__(self, net: Any, shape: tuple[int, ...], n_conditions: int, key: Any, dtype: Any):
        sizes = net.channels
        keys = iter(jax.random.split(key, 4 + 2 * len(sizes)))
        width = 2 * sizes[0]
        inputs = n_conditions + 1 + 2 * _OCTAVES
        self.embed = (
            Dense(inputs, width, next(keys), dtype),
            Dense(width, width, next(keys), dtype),
        )
        self.first = Convolution(shape[-1], sizes[0], next(keys), dtype)
        below = (sizes[0], *sizes[:-1])
        self.down = tuple(
            Block(a, b, width, next(keys), dtype) for a, b in zip(below, sizes, strict=True)
        )
        self.up = tuple(
            Block(b + a, a, width, next(keys), dtype)
            for a, b in zip(sizes[-2::-1], sizes[:0:-1], strict=True)
        )
        self.last = Convolution(sizes[0], shape[-1], next(keys), dtype, gain=0.1)

    def __call__(self, z: Any, condition: Any, u: Any) -> Any:
        """Return the prediction from z (n, side, side, k) under conditions (n, c) at times (n,)."""
        code, kept = self._down(z, condition, u)
        h = kept[-1]
        for block, skip in zip(self.up, kept[-2::-1], strict=True):
            h = block(jnp.concatenate([doubled(h), skip], axis=-1), code)
        return self.last(jax.nn.gelu(h))

    def hidden(self, z: Any, condition: Any, u: Any) -> Any:
        """Return what the last block on the way down leaves, (n, pixels · channels)."""
        return self._down(z, condition, u)[1][-1].reshape(len(z), -1)

    def _down(self, z: Any, condition: Any, u: Any) -> tuple[Any, list[Any]]:
        """Return the embedding, and what each block on the way down leaves."""
        into, out = self.embed
        code = jax.nn.gelu(out(jax.nn.gelu(into(jnp.concatenate([condition, clock(u)], axis=1)))))
        h, kept = self.first(z), list[Any]()
        for block in self.down:
            if kept:
                h = halved(h)
            h = block(h, code)
            kept.append(h)
        return code, kept


def halved(x: Any) -> Any:
    """Mean over 2×2 pixels."""
    n, rows, columns, channels = x.shape
    return x.reshape(n, rows // 2, 2, columns // 2, 2, channels).mean(axis=(2, 4))


def doubled(x: Any) -> Any:
    """Each pixel as 2×2."""
    n, rows, columns, channels = x.shape
    spread = jnp.broadcast_to(x[:, :, None, :, None, :], (n, rows, 2, columns, 2, channels))
    return spread.reshape(n, 2 * rows, 2 * columns, channels)
