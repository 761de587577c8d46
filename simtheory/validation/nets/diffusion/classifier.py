"""The judge: a classifier trained on images of all classes, which reads the concepts of a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from simtheory._checks import require
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.validation.nets.diffusion.worlds import Judge

__all__ = ["Classifier", "train_classifier"]

Layers: TypeAlias = tuple[tuple[Array, Array], tuple[Array, Array]]

_WIDTH = 64
_STEPS = 800
_BATCH = 128
_NOISE = 0.1  # up to this much is added, because samples are not clean


@face
@dataclass(frozen=True, slots=True)
class Classifier(Judge):
    """One hidden layer on the pixels, one probability for each concept.

    Parameters
    ----------
    layers : tuple of (weight, bias)
        Hidden and last layer.
    held_out : ndarray, shape (n,)
        Share of fresh images of all classes whose concept it reads rightly.
    """

    layers: Layers
    held_out: Array

    def place(self, points: Array) -> Array:
        """Return where images lie in concept space.

        Parameters
        ----------
        points : ndarray, shape (N, pixels, pixels, 3)
            Images.

        Returns
        -------
        ndarray, shape (N, n)
            Probability that each concept is 1.
        """
        return _probability(self.layers, points)


@face
def train_classifier(images: Array, fresh: Array, values: Array) -> Classifier:
    """Train the judge.

    Parameters
    ----------
    images : ndarray, shape (N, pixels, pixels, 3)
        Images of all classes, the unseen combinations too.
    fresh : ndarray, shape (N, pixels, pixels, 3)
        Others, on which it is tested.
    values : ndarray of {0, 1}, shape (N, n)
        Concept values of either.

    Returns
    -------
    Classifier
        The judge.
    """
    for module in ("jax", "optax"):
        require(module, extra="nets")
    layers = _fit(images.reshape(len(images), -1), values)
    right = (_probability(layers, fresh) > 0.5) == (values > 0.5)
    return Classifier(layers, right.mean(axis=0))


def _probability(layers: Layers, points: Array) -> Array:
    (w1, b1), (w2, b2) = layers
    hidden = np.tanh(points.reshape(len(points), -1) @ w1 + b1)
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * (hidden @ w2 + b2))))


def _fit(images: Array, values: Array) -> Layers:
    import jax
    import jax.numpy as jnp
    import optax

    x, y = jnp.asarray(images, jnp.float32), jnp.asarray(values, jnp.float32)
    keys = jax.random.split(jax.random.key(0), 3)
    start = [
        (
            jax.random.normal(key, sides, jnp.float32) / sides[0] ** 0.5,
            jnp.zeros(sides[1], jnp.float32),
        )
        for key, sides in zip(keys, ((x.shape[1], _WIDTH), (_WIDTH, y.shape[1])), strict=False)
    ]
    rule = optax.adam(3e-3)

    def loss(layers: Any, key: Any) -> Any:
        choose, level, draw = jax.random.split(key, 3)
        rows = jax.random.randint(choose, (_BATCH,), 0, len(x))
        spread = _NOISE * jax.random.uniform(level, (_BATCH, 1), x.dtype)
        seen = x[rows] + spread * jax.random.normal(draw, (_BATCH, x.shape[1]), x.dtype)
        (w1, b1), (w2, b2) = layers
        logits = jnp.tanh(seen @ w1 + b1) @ w2 + b2
        return optax.sigmoid_binary_cross_entropy(logits, y[rows]).mean()

    @jax.jit
    def descend(layers: Any) -> Any:
        def step(k: Any, carry: Any) -> Any:
            layers, memory = carry
            slope = jax.grad(loss)(layers, jax.random.fold_in(keys[2], k))
            updates, memory = rule.update(slope, memory)
            return optax.apply_updates(layers, updates), memory

        return jax.lax.fori_loop(0, _STEPS, step, (layers, rule.init(layers)))[0]

    (w1, b1), (w2, b2) = jax.tree.map(lambda a: np.asarray(a, np.float64), descend(start))
    return (w1, b1), (w2, b2)
