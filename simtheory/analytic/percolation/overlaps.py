r"""When two images overlap: the distance up to which examples are linked.

A bump of width σ at c is :math:`e^{-|x-c|^2/2\sigma^2}`. The cosine of two of them falls as
:math:`e^{-\Delta^2/4\sigma^2}` with the distance Δ of their centres, so a threshold θ on the overlap is a
distance between labels, the *link radius*.
"""

from __future__ import annotations

import math

import numpy as np

from simtheory._checks import all_positive, as_finite, one_of, share
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ShapeError
from simtheory.labels import implements

__all__ = ["bump_overlap", "link_radius", "pixel_overlap", "stripes_overlap"]

OVERLAPS = ("cosine", "common", "bhattacharyya", "product")

_WIDE = 0.8
"""Width in pixels from which the series in waves is used. Above it three waves reach 1e-24; below it the
images, a few pixels wide, are summed instead."""
_PIXELS = 12
"""Pixels on each side of a narrow bump that are summed; beyond, it is below e^-100."""


@implements(
    "overlap-link-radius",
    title="distance up to which two bumps overlap by more than a threshold",
    regime="isotropic bumps of at least 0.7 pixels, on an infinite canvas",
    source="liang2024",
    where="derived here from the bump images",
)
@face
def link_radius(sigma: ArrayLike, *, theta: float, overlap: str = "cosine") -> Array:
    r"""Distance of two bumps at which their overlap equals a threshold.

    With the cosine of the images it is :math:`2\sigma\sqrt{\ln 1/\theta}`.

    Parameters
    ----------
    sigma : array_like
        Width of the bumps in pixels; the pair of both widths gives the two half axes of the region.
    theta : float
        Threshold in (0, 1) on the overlap.
    overlap : {"cosine", "common", "bhattacharyya", "product"}
        Cosine of the images; common mass of the densities; Bhattacharyya coefficient; integral of the
        product of the densities, in units of 1 / pixel².

    Returns
    -------
    ndarray, shape of sigma
        In pixels; 0 where even a bump with itself stays below the threshold.

    Raises
    ------
    ArgumentError
        If a width is not positive, or the threshold is outside (0, 1).

    Examples
    --------
    >>> float(link_radius(1.0, theta=0.05).round(4))
    3.4616
    """
    width, below = all_positive("sigma", sigma), share("theta", theta)
    kind = one_of("overlap", overlap, OVERLAPS)
    log = -math.log(below)
    if kind == "cosine":
        return np.asarray(2.0 * width * math.sqrt(log))
    if kind == "common":
        return np.asarray(-2.0 * width * special.ndtri(below / 2.0))
    if kind == "bhattacharyya":
        return np.asarray(2.0 * width * math.sqrt(2.0 * log))
    room = log - np.log(4.0 * np.pi * width**2)
    return np.asarray(2.0 * width * np.sqrt(np.maximum(room, 0.0)))


@implements(
    "overlap-anisotropic",
    title="cosine of two bumps of different widths along x and y",
    regime="bumps of at least 0.7 pixels, on an infinite canvas",
    source="liang2024",
    where="derived here from the bump images",
)
@face
def bump_overlap(dx: ArrayLike, dy: ArrayLike, sigma: ArrayLike) -> Array:
    r"""Cosine of the images of two bumps.

    .. math:: \exp(-\Delta_x^2/4\sigma_x^2 - \Delta_y^2/4\sigma_y^2)

    It exceeds θ inside an ellipse of area :math:`4\pi\sigma_x\sigma_y\ln(1/\theta)`.

    Parameters
    ----------
    dx : array_like
        Distance of the centres along x, in pixels.
    dy : array_like
        Distance along y; it broadcasts with `dx`.
    sigma : array_like, shape () or (2,)
        Width, or the widths along x and y, in pixels.

    Returns
    -------
    ndarray
        The cosines.

    Raises
    ------
    ArgumentError
        If a width is not positive.
    ShapeError
        If there are more than two widths.
    """
    x, y = as_finite("dx", dx), as_finite("dy", dy)
    width = all_positive("sigma", sigma)
    if width.shape not in ((), (2,)):
        raise ShapeError(
            f"Argument `sigma` must have shape () or (2,), but its shape is {width.shape}."
        )
    across, down = np.broadcast_to(width, (2,))
    return np.asarray(np.exp(-((x / (2.0 * across)) ** 2) - (y / (2.0 * down)) ** 2))


@implements(
    "overlap-stripes",
    title="cosine of two pairs of crossing stripes",
    regime="stripes of at least 1 pixel that do not touch the edge",
    exactness="of the order e^(-pi^2 sigma^2), from the pixels",
    source="liang2024",
    where="derived here from the images of stripes",
)
@face
def stripes_overlap(dx: ArrayLike, dy: ArrayLike, sigma: float, *, side: float) -> Array:
    r"""Cosine of two images, each the sum of a vertical and a horizontal stripe.

    .. math:: \frac{c(\Delta_x) + c(\Delta_y) + \varepsilon}{2 + \varepsilon}, \quad
              c(\Delta) = e^{-\Delta^2/4\sigma^2}, \quad \varepsilon = 4\sqrt\pi\,\sigma/N

    Every pair overlaps by at least ε/(2+ε), so a threshold below it links everything: for stripes the
    graph of pairs of values tells what is determined (`identifiable_pairs`).

    Parameters
    ----------
    dx : array_like
        Distance of the crossings along x, in pixels.
    dy : array_like
        Distance along y; it broadcasts with `dx`.
    sigma : float
        Width of the stripes, in pixels.
    side : float
        Side N of the image, in pixels.

    Returns
    -------
    ndarray
        The cosines.

    Raises
    ------
    ArgumentError
        If a length is not positive.
    """
    x, y = as_finite("dx", dx), as_finite("dy", dy)
    width, n = all_positive("sigma", sigma), all_positive("side", side)
    with np.errstate(over="ignore"):  # beyond the floats the overlap is 1
        crossing = np.minimum(4.0 * math.sqrt(math.pi) * width / n, np.finfo(float).max)
    along = np.exp(-((x / (2.0 * width)) ** 2)) + np.exp(-((y / (2.0 * width)) ** 2))
    return np.asarray((along + crossing) / (2.0 + crossing))


def _image(steps: Array, centre: Array, width: float) -> Array:
    """Return a bump some steps from the pixel nearest to its centre, relative to that pixel."""
    away = (centre - np.round(centre))[..., None]
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.exp(-(steps * (steps - 2.0 * away) / width / width / 2.0)))


@implements(
    "overlap-pixel",
    title="cosine of two bumps on a grid of pixels",
    regime="an infinite grid; any width",
    source="liang2024",
    where="derived here from Poisson's summation",
)
@face
def pixel_overlap(delta: ArrayLike, sigma: float, *, offset: ArrayLike = 0.0) -> Array:
    r"""Cosine of two bumps on a grid of pixels along one axis.

    In more dimensions it is the product over the axes. The continuum form is off by about
    :math:`2e^{-\pi^2\sigma^2}`: by 2e-4 at a width of one pixel, and useless at a third.

    Parameters
    ----------
    delta : array_like
        Distance of the centres, in pixels.
    sigma : float
        Width, in pixels.
    offset : array_like
        Place of the first centre relative to a pixel; it broadcasts with `delta`.

    Returns
    -------
    ndarray
        The cosines.

    Raises
    ------
    ArgumentError
        If the width is not positive.

    Examples
    --------
    >>> float(pixel_overlap(1.0, 1.0).round(4)), float(pixel_overlap(0.25, 0.1).round(4))
    (0.7786, 1.0)
    """
    gap, u = np.broadcast_arrays(as_finite("delta", delta), as_finite("offset", offset))
    width = float(all_positive("sigma", sigma))
    if width >= _WIDE:
        waves = np.arange(1, 4)
        weight = np.exp(-((np.pi * width * waves) ** 2))

        def theta(v: Array) -> Array:
            return 1.0 + 2.0 * (np.cos(2.0 * np.pi * v[..., None] * waves) @ weight)

        shape = theta(u + gap / 2.0) / np.sqrt(theta(u) * theta(u + gap))
        return np.asarray(np.exp(-((gap / (2.0 * width)) ** 2)) * shape)
    # A narrow bump lives on one pixel: each image is taken relative to its nearest pixel.
    ends = (u, u + gap)
    between = np.round(u + gap / 2.0)[..., None] + np.arange(-_PIXELS, _PIXELS + 1)
    shared = np.prod([_image(between - np.round(v)[..., None], v, width) for v in ends], axis=0)
    around = np.arange(-_PIXELS, _PIXELS + 1.0)
    norms = np.prod([np.sum(_image(around, v, width) ** 2, axis=-1) for v in ends], axis=0)
    return np.asarray(np.sum(shared, axis=-1) / np.sqrt(norms))
