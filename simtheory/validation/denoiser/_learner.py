"""How linear denoisers learn, one at each noise level; needs JAX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax.numpy as jnp

from simtheory.validation.nets.loop import Common, Learner, State
from simtheory.validation.nets.optimisers import Optimiser

__all__ = ["MapsLearner", "Moments"]


class Moments(NamedTuple):
    """Second moment of the data (d, d); variance of the noise and weight of the loss at each level (K,)."""

    data: Any
    noise: Any
    weight: Any


@dataclass(frozen=True)
class MapsLearner(Learner):
    """E‖W(x + σz) − x‖² at each level, summed over levels with their weights; the mean over x and z is taken exactly.

    The network is a matrix for each level, shape (K, d, d): W itself, or U of the tied net W = U Uᵀ.
    """

    optimiser: Optimiser
    tied: bool

    def batch(self, data: Moments, order: Any, key: Any, common: Common, step: Any) -> Moments:
        """Return all there is to know of the data."""
        return data

    def loss(self, net: Any, batch: Moments, key: Any, common: Common) -> Any:
        """Return the loss."""
        w = self._end_to_end(net)
        miss = w - jnp.eye(w.shape[-1])
        each = jnp.sum(
            (miss @ batch.data) * miss + batch.noise[:, None, None] * w**2, axis=(-1, -2)
        )
        return jnp.sum(batch.weight * each)

    def slope(self, net: Any, batch: Moments, key: Any, common: Common) -> tuple[Any, Any]:
        """Return the gradient written out, which takes half the products that derived code does."""
        w = self._end_to_end(net)
        half = (w - jnp.eye(w.shape[-1])) @ batch.data + batch.noise[:, None, None] * w
        half = batch.weight[:, None, None] * half
        return None, 2 * (half + jnp.swapaxes(half, -1, -2)) @ net if self.tied else 2 * half

    def look(self, state: State, data: Moments, common: Common) -> Any:
        """Return the end-to-end maps (K, d, d)."""
        return self._end_to_end(state.net)

    def _end_to_end(self, net: Any) -> Any:
        return net @ jnp.swapaxes(net, -1, -2) if self.tied else net
