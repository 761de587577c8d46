"""The hierarchical U-Net and its training step; needs JAX."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from simtheory.validation.nets.optimisers import Adam

__all__ = ["State", "UNet", "begin", "probabilities", "step"]


class UNet(eqx.Module):
    """Weights of a U-Net whose blocks join and split the children of the nodes of a tree."""

    embed: Any  # (v, w)
    down: tuple[Any, ...]  # level l, leaves first: (s_l w, w)
    up: tuple[Any, ...]  # (2w, s_l w)
    gains: tuple[Any, ...]  # of the norm after each block: down, then up
    readout: Any  # (2w, v)

    def __call__(self, x: Any) -> Any:
        """Return logits (n, d, v) on inputs (n, d, v)."""
        depth = len(self.down)
        here = jax.nn.gelu(x @ self.embed)
        skips = []
        for weight, gain in zip(self.down, self.gains[:depth], strict=True):
            skips.append(here)
            n, nodes, w = here.shape
            s = weight.shape[0] // w
            here = _block(here.reshape(n, nodes // s, s * w), weight, gain)
        skips.append(here)
        for weight, gain in zip(reversed(self.up), reversed(self.gains[depth:]), strict=True):
            n, nodes, w = here.shape
            joined = jnp.concatenate([here, skips.pop()], axis=-1)
            wide = (joined @ weight).reshape(n, nodes * (weight.shape[1] // w), w)
            here = jax.nn.gelu(_normed(wide, gain))
        return jnp.concatenate([here, skips.pop()], axis=-1) @ self.readout


def _block(x: Any, weight: Any, gain: Any) -> Any:
    return jax.nn.gelu(_normed(x @ weight, gain))


def _normed(x: Any, gain: Any) -> Any:
    centred = x - x.mean(axis=-1, keepdims=True)
    return gain * centred * jax.lax.rsqrt(jnp.mean(centred**2, axis=-1, keepdims=True) + 1e-5)


class State(NamedTuple):
    """Where training stands: weights, the optimiser's memory, and the running average of the weights."""

    net: Any
    memory: Any
    average: Any


def begin(key: Any, *, branching: tuple[int, ...], alphabet: int, width: int) -> State:
    """Return the state before the first step; the readout starts at zero."""
    keys = iter(jax.random.split(key, 2 * len(branching) + 1))

    def drawn(rows: int, columns: int) -> Any:
        return jax.random.normal(next(keys), (rows, columns)) / jnp.sqrt(rows)

    net = UNet(
        embed=drawn(alphabet, width),
        down=tuple(drawn(s * width, width) for s in branching),
        up=tuple(drawn(2 * width, s * width) for s in branching),
        gains=tuple(jnp.ones(width) for _ in range(2 * len(branching))),
        readout=jnp.zeros((2 * width, alphabet)),
    )
    return State(net, Adam().transform(0.0).init(net), jax.tree.map(jnp.copy, net))


@partial(jax.jit, donate_argnums=0)
def step(state: State, clean: Any, seen: Any, kept: Any, lr: Any, decay: Any) -> tuple[State, Any]:
    """Take one step on the cross-entropy of the clean tokens; return its mean over tokens, in nats."""

    def loss(net: Any) -> Any:
        logs = jax.nn.log_softmax(net(_inputs(seen, kept, net.embed.shape[0])))
        return -jnp.mean(jnp.take_along_axis(logs, clean[..., None], axis=-1))

    value, slope = jax.value_and_grad(loss)(state.net)
    updates, memory = Adam().transform(lr).update(slope, state.memory, state.net)
    net = eqx.apply_updates(state.net, updates)
    average = jax.tree.map(lambda a, w: decay * a + (1.0 - decay) * w, state.average, net)
    return State(net, memory, average), value


@jax.jit
def probabilities(net: UNet, seen: Any, kept: Any) -> Any:
    """Return probabilities (n, d, v) of clean tokens."""
    return jax.nn.softmax(net(_inputs(seen, kept, net.embed.shape[0])))


def _inputs(seen: Any, kept: Any, alphabet: int) -> Any:
    """Return √v ᾱ (1[a = x] − 1/v), and zeros at masked sites, whose token is negative."""
    marks = jax.nn.one_hot(seen, alphabet) - jnp.where(seen >= 0, 1.0 / alphabet, 0.0)[..., None]
    return jnp.sqrt(1.0 * alphabet) * kept[:, None, None] * marks
