r"""Where the weights start.

Shapes are (..., d, h): d outputs, h hidden units, leading axes an ensemble. Every draw takes an
explicit generator. What matters for a tied net is :math:`W(0) = U_0 U_0^T`: its size
:math:`\omega` sets the time scale of learning, the cosines between its rows set the swing-by.

=============  ======================================  ==========================================
init           entries of U₀                           W(0)
=============  ======================================  ==========================================
gaussian       N(0, scale²/h)                          diagonal scale² on average, cosines ~ 1/√h
uniform        scale · Unif(0, 1)                      all positive: cosines near 3/4 and above
correlated     rows of length scale, given cosine      scale² ((1−cosine) I + cosine 11ᵀ), exactly
torch_uniform  scale · Unif(0, 1), a published seed    as uniform
=============  ======================================  ==========================================
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from simtheory._checks import (
    as_finite,
    as_generator,
    as_seed,
    frozen,
    number,
    positive,
    positive_int,
)
from simtheory._faces import face
from simtheory._names import public
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError

__all__ = ["DRAWS", "balanced", "correlated", "explicit", "gaussian", "torch_uniform", "uniform"]


@face
def gaussian(shape: tuple[int, ...], *, scale: float, rng: np.random.Generator | int) -> Array:
    """Return independent Gaussian weights whose W(0) has the diagonal scale² on average.

    Parameters
    ----------
    shape : tuple of int, (..., d, h)
        Shape of the draw.
    scale : float
        Entries have standard deviation ``scale / sqrt(h)``, so that E w_ii(0) = scale².
    rng : numpy.random.Generator or int
        Source of randomness.

    Returns
    -------
    ndarray, shape (..., d, h)
        The weights.
    """
    shape = _shape(shape)
    return as_generator(rng).standard_normal(shape) * (
        positive("scale", scale) / np.sqrt(shape[-1])
    )


@face
def uniform(shape: tuple[int, ...], *, scale: float, rng: np.random.Generator | int) -> Array:
    """Return weights drawn uniformly from (0, scale): all positive, hence correlated rows.

    Parameters
    ----------
    shape : tuple of int, (..., d, h)
        Shape of the draw.
    scale : float
        Upper end of the interval.
    rng : numpy.random.Generator or int
        Source of randomness.

    Returns
    -------
    ndarray, shape (..., d, h)
        The weights.
    """
    return as_generator(rng).random(_shape(shape)) * positive("scale", scale)


@face
def correlated(
    shape: tuple[int, ...], *, cosine: float, scale: float, rng: np.random.Generator | int
) -> Array:
    """Return weights whose rows have length `scale` and the given cosine with one another.

    W(0) = scale² ((1 − cosine) I + cosine 11ᵀ) exactly; the rows as a whole are turned at random.

    Parameters
    ----------
    shape : tuple of int, (..., d, h)
        Shape of the draw; h must be at least d.
    cosine : float
        Cosine between every two rows, in [−1/(d−1), 1].
    scale : float
        Length of every row.
    rng : numpy.random.Generator or int
        Source of randomness.

    Returns
    -------
    ndarray, shape (..., d, h)
        The weights.
    """
    shape = _shape(shape)
    d, h = shape[-2:]
    lowest = -1.0 / (d - 1) if d > 1 else -1.0
    common = number("cosine", cosine)
    if not lowest <= common <= 1.0:
        raise ArgumentError(
            f"Argument `cosine` must lie in [{lowest:g}, 1] for {d} rows, but it is {common:g}."
        )
    if h < d:
        raise ShapeError(
            f"Argument `shape` must have width at least {d}, the number of rows, but it is {h}."
        )
    root = _root(d, common)
    frames, _ = np.linalg.qr(as_generator(rng).standard_normal((*shape[:-2], h, d)))
    return np.asarray(positive("scale", scale) * root @ np.swapaxes(frames, -1, -2))


@face
def torch_uniform(shape: tuple[int, ...], *, scale: float, seed: int) -> Array:
    """Return the draw that ``torch.manual_seed(seed); torch.rand(shape) * scale`` makes on a CPU.

    The generator is MT19937 started by its integer seeding; each entry is the low 24 bits of a
    32-bit output, times 2⁻²⁴, in row-major order. No PyTorch is needed, so a published seed of a
    small script can be replayed exactly.

    Parameters
    ----------
    shape : tuple of int, (..., d, h)
        Shape of the draw.
    scale : float
        Factor on the uniform numbers.
    seed : int
        Seed, from 0 to 2³²−1.

    Returns
    -------
    ndarray, shape (..., d, h)
        The weights, float64 (each uniform number is exact in float32).

    Notes
    -----
    Holds for float32 draws of any size and contiguous layout: PyTorch fills a uniform tensor entry
    by entry. (Its *normal* draws go in blocks of 16 entries; this function does not give them.)

    Examples
    --------
    >>> torch_uniform((1, 4), scale=1.0, seed=0).round(4)
    array([[0.4963, 0.7682, 0.0885, 0.132 ]])
    """
    shape = _shape(shape)
    stream = np.random.RandomState(as_seed("seed", seed))
    words = np.frombuffer(stream.bytes(4 * int(np.prod(shape))), dtype="<u4")
    draws = (words & 0xFFFFFF).astype(np.float64).reshape(shape) * 2.0**-24
    return draws * positive("scale", scale)


@face
def explicit(weights: ArrayLike) -> Array:
    """Return given weights as a checked float64 array.

    Parameters
    ----------
    weights : array_like, shape (..., d, h)
        The weights.

    Returns
    -------
    ndarray, shape (..., d, h)
        A copy.
    """
    return _explicit("weights", weights)


def _explicit(name: str, weights: ArrayLike) -> Array:
    """Return the weights that an argument of that name holds, as a checked array."""
    values = as_finite(name, weights)
    if values.ndim < 2:
        raise ShapeError(
            f"Argument `{name}` must have shape (..., d, h), but its shape is {values.shape}."
        )
    return values


@face
def balanced(U0: ArrayLike) -> tuple[Array, Array]:
    """Return the layers (W₁, W₂) = (U₀ᵀ, U₀) of an untied net that starts as the tied one does.

    Parameters
    ----------
    U0 : array_like, shape (..., d, h)
        Weights of a tied net.

    Returns
    -------
    W1 : ndarray, shape (..., h, d)
        First layer.
    W2 : ndarray, shape (..., d, h)
        Second layer.
    """
    second = _explicit("U0", U0)
    return np.swapaxes(second, -1, -2).copy(), second


DRAWS: dict[str, Callable[..., Array]] = {
    "uniform": uniform,
    "gaussian": gaussian,
    "correlated": correlated,
}
"""Draws from a generator by name: each takes a shape, `scale=` and `rng=`, and `correlated` a `cosine=`."""


@lru_cache(maxsize=256)  # a phase diagram asks for the same few, thousands of times each
def _root(d: int, cosine: float) -> Array:
    """Return the square root of the Gram matrix of d unit rows with one cosine."""
    values, vectors = np.linalg.eigh((1.0 - cosine) * np.eye(d) + cosine)
    return frozen((vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T)


def _shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    if not isinstance(shape, tuple | list) or len(shape) < 2:
        raise ShapeError(f"Argument `shape` must be (..., d, h), but it is {shape!r}.")
    return tuple(positive_int("shape", size) for size in shape)


public(__name__)
