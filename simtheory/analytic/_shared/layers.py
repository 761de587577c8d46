"""Layers of a linear chain, checked and expressed in the concept axes, for untied and deep nets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import numpy as np

from simtheory._checks import as_finite
from simtheory._typing import Array, ArrayLike
from simtheory.errors import RegimeError, ShapeError
from simtheory.tasks import SIMTask

BALANCED = 1e-10
"""Largest imbalance of balanced layers in double precision, relative to their squared size."""


def as_layers(
    layers: Sequence[ArrayLike], *, rows: int, columns: int, least: int = 2, name: str = "layers"
) -> list[Array]:
    """Return a chain of matrices from `columns` inputs to `rows` outputs, first layer first."""
    if not isinstance(layers, tuple | list) or len(layers) < least:
        came = f"holds {len(layers)}" if isinstance(layers, tuple | list) else "is one array"
        raise ShapeError(
            f"Argument `{name}` must be a tuple of {least} layers or more, first layer first, but it {came}."
        )
    chain = [as_finite(name, layer) for layer in layers]
    into = columns
    for place, layer in enumerate(chain, start=1):
        out = rows if place == len(chain) else None
        fits = layer.ndim >= 2 and layer.shape[-1] == into and layer.shape[-2] > 0
        if not fits or (out is not None and layer.shape[-2] != out):
            wanted = f"(..., {'width' if out is None else out}, {into})"
            raise ShapeError(
                f"Argument `{name}` must have shape {wanted} in layer {place} of {len(chain)}, "
                f"but its shape there is {layer.shape}."
            )
        into = layer.shape[-2]
    leading = [layer.shape[:-2] for layer in chain]
    try:
        np.broadcast_shapes(*leading)
    except ValueError as reason:
        raise ShapeError(
            f"Leading axes of `{name}` must broadcast with one another, but they are "
            f"{', '.join(map(str, leading))}."
        ) from reason
    return chain


def as_two_layers(
    layers: Sequence[ArrayLike], *, rows: int, columns: int, name: str = "layers"
) -> tuple[Array, Array]:
    """Return (W₁, W₂), checked."""
    chain = as_layers(layers, rows=rows, columns=columns, name=name)
    if len(chain) != 2:
        raise ShapeError(
            f"Argument `{name}` must hold two layers, (W1, W2), but it holds {len(chain)}; "
            "see `simtheory.analytic.deep` for more."
        )
    return chain[0], chain[1]


def on_concepts(task: SIMTask, chain: list[Array]) -> list[Array]:
    """Return the chain with its inputs and outputs along the concepts."""
    if task.rotation is None:
        return chain
    turned = [chain[0] @ task.rotation, *chain[1:]]
    turned[-1] = task.rotation.T @ turned[-1]
    return turned


def end_to_end(chain: list[Array]) -> Array:
    """Return W = W_L … W_1."""
    return reduce(lambda below, layer: np.asarray(layer @ below), chain)


def imbalance(below: Array, above: Array) -> tuple[Array, Array]:
    """Return λ of W₂ᵀW₂ − W₁W₁ᵀ ≈ λI, and how far the rest is from zero relative to the layers."""
    outgoing = np.swapaxes(above, -1, -2) @ above
    incoming = below @ np.swapaxes(below, -1, -2)
    gap = outgoing - incoming
    h = gap.shape[-1]
    level = np.trace(gap, axis1=-2, axis2=-1) / h
    rest = np.abs(gap - level[..., None, None] * np.eye(h)).max(axis=(-2, -1))
    size = np.trace(outgoing + incoming, axis1=-2, axis2=-1)
    return level, rest / np.where(size > 0, size, 1.0)


def scalar_imbalance(
    below: Array, above: Array, given: ArrayLike | None, *, tolerance: float
) -> Array:
    """Return λ, read off the layers or given, which W₂ᵀW₂ − W₁W₁ᵀ = λI must bear out."""
    level, rest = imbalance(below, above)
    if given is not None:
        wanted = as_finite("imbalance", given)
        size = np.square(below).sum(axis=(-2, -1)) + np.square(above).sum(axis=(-2, -1))
        rest = rest + np.abs(level - wanted) / np.where(size > 0, size, 1.0)
        level = np.broadcast_to(wanted, np.shape(rest))
    if np.max(rest) > tolerance:
        raise RegimeError(
            "The Riccati form needs W2'W2 − W1W1' to be a multiple of the identity, but the layers differ "
            f"from that by {np.max(rest):.3g} of their squared size."
        )
    return level


def require_balanced(chain: list[Array], tolerance: float) -> None:
    """Refuse layers that are not balanced: W_{l+1}ᵀW_{l+1} = W_lW_lᵀ, relative to their size."""
    for place, (below, above) in enumerate(pairwise(chain), start=1):
        level, rest = imbalance(below, above)
        size = np.square(below).sum(axis=(-2, -1)) + np.square(above).sum(axis=(-2, -1))
        apart = rest + np.abs(level) / np.where(size > 0, size, 1.0)
        if np.max(apart) > tolerance:
            raise RegimeError(
                f"This form needs balanced layers, but those numbered {place} and {place + 1} differ by "
                f"{np.max(apart):.3g} of their squared size."
            )
