r"""Geometry of images and representations of two factors: spectra, shares of interaction, tori, and noise.

A periodic world of N pixels shows a bump of width σ, wrapped around, at any place of the ring. The second
moment of such images is circulant, so their spectrum is a theta series.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simtheory._checks import all_positive, one_of, positive, positive_int
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.labels import Computed, implements

__all__ = [
    "Displacements",
    "NoiseMeans",
    "displacement_means",
    "interaction_fraction",
    "local_continuity",
    "noise_means",
    "participation_ratio",
    "ring_spectrum",
    "torus_participation",
]

_TERMS = np.arange(1, 7)
"""Terms of a theta series. The larger of both forms is used, whose seventh term is below 1e-60."""
_EVEN = 1.0 / (2.0 * math.sqrt(math.pi))
"""Share of the ring at which both forms of the theta series fall equally fast."""
_POINTS = 2**15
"""Points of the rule for the three distances of two steps; a mean is then right to 1e-4."""
_RULE = np.array([1, 182667, 469891])
_SHIFT = np.array([0.31830988, 0.57721566, 0.41421356])
"""Generating vector and shift of the rule; the shift keeps points off distances of zero."""
_SMOOTH = 0.35
"""Share of the ring from which the code is a circle: its second wave is 1e-6 of the first."""
_NARROW = 1e-3
"""Share of the ring below which the score is proportional to the width."""
_WIDE = 1.0
"""Share of the ring from which the second wave of a bump is below 1e-50 of the first."""


class Displacements(NamedTuple):
    """Means of the displacement tests of a representation of two factors.

    Parameters
    ----------
    parallelism_x : float
        Mean cosine of one step in x at two values of y.
    parallelism_y : float
        Mean cosine of one step in y at two values of x.
    x_on_y : float
        Mean absolute cosine of a step in x and a step in y from different base points.
    x_on_x : float
        Mean absolute cosine of two steps in x of disjoint pairs of values.
    """

    parallelism_x: float
    parallelism_y: float
    x_on_y: float
    x_on_x: float


class NoiseMeans(NamedTuple):
    """Means of the tests of a representation that is Gaussian noise.

    Parameters
    ----------
    interaction : float
        Share of the interaction in the variance.
    cosine : float
        Mean cosine of two displacements.
    absolute : float
        Mean of its absolute value.
    shared : float
        Mean cosine of two displacements from one base point.
    """

    interaction: float
    cosine: float
    absolute: float
    shared: float


def _excess(share: Array) -> Array:
    """Return the sum over k ≠ 0 of exp(-4π²s²k²)."""
    wide = np.maximum(share, _EVEN)[..., None]
    narrow = np.minimum(share, _EVEN)[..., None]
    direct = 2.0 * np.exp(-((2.0 * np.pi * wide * _TERMS) ** 2)).sum(-1)
    around = 1.0 + 2.0 * np.exp(-((_TERMS / (2.0 * narrow)) ** 2)).sum(-1)
    return np.asarray(np.where(share >= _EVEN, direct, _EVEN * around / narrow[..., 0] - 1.0))


def _powers(side: int, sigma: float) -> Array:
    """Return the sums over j of exp(-4π²σ²(k/N + j)²), for k from 0 to N - 1."""
    at = np.arange(side) / side
    at = np.where(at > 0.5, at - 1.0, at)
    if sigma >= _EVEN:
        images = at[:, None] + np.arange(-3, 4)
        return np.asarray(np.exp(-((2.0 * np.pi * sigma * images) ** 2)).sum(-1))
    lags = np.cos(2.0 * np.pi * at[:, None] * _TERMS) @ np.exp(-((_TERMS / (2.0 * sigma)) ** 2))
    return np.asarray(_EVEN / sigma * (1.0 + 2.0 * lags))


def _ring(side: int, sigma: float) -> tuple[int, float]:
    pixels, width = positive_int("side", side), positive("sigma", sigma)
    if not 1e-150 < width < 1e150:
        raise ArgumentError(
            f"Argument `sigma` must lie between 1e-150 and 1e150 pixels, but it is {width:g}."
        )
    if pixels < 3:
        raise ArgumentError(f"Argument `side` must be at least 3 pixels, but it is {pixels}.")
    return pixels, width


@implements(
    "spectrum-1d",
    kind=Computed(
        r"\lambda_k = \frac{2\pi\sigma^2}{N} \sum_j"
        r" \exp\left(-\frac{4\pi^2\sigma^2 (k + jN)^2}{N^2}\right)"
    ),
    title="spectrum of the images of a bump on a ring of pixels",
    regime="centres continuous and uniform on the ring; any width",
    source="liang2024",
    where="derived here from Poisson's summation",
)
@face
def ring_spectrum(side: int, sigma: float) -> Array:
    r"""Eigenvalues of the second moment of bumps on a ring of pixels.

    From a width of one pixel on, the first term :math:`(2\pi\sigma^2/N)\,e^{-4\pi^2\sigma^2k^2/N^2}` is all
    but the whole. The eigenvalue at k = 0 holds the squared mean image.

    Parameters
    ----------
    side : int
        Number N of pixels, at least 3.
    sigma : float
        Width of the bump, in pixels.

    Returns
    -------
    ndarray, shape (side,)
        Eigenvalue of the wave k, in the order of `numpy.fft.fft`.

    Raises
    ------
    ArgumentError
        If the width is not between 1e-150 and 1e150, or there are fewer than 3 pixels.

    Examples
    --------
    >>> ring_spectrum(32, 2.0)[:3].round(4)
    array([0.7854, 0.6732, 0.4238])
    """
    pixels, width = _ring(side, sigma)
    return np.asarray(2.0 * np.pi * width * (width / pixels) * _powers(pixels, width))


@implements(
    "interaction-fraction",
    kind=Computed(
        r"\frac{T - 1}{T + 1}, \quad T = \sum_{k=-\infty}^{\infty} e^{-4\pi^2\sigma^2k^2/N^2}"
    ),
    title="share of the interaction of x and y in the variance of images of bumps",
    regime="a torus; centres continuous and uniform; any width",
    source="liang2024",
    where="derived here from the spectrum",
)
@face
def interaction_fraction(side: ArrayLike, sigma: ArrayLike) -> Array:
    """Share of the variance of images of bumps that no sum of a function of x and one of y explains.

    For crossing stripes it is 0: their images are such a sum.

    Parameters
    ----------
    side : array_like
        Side of the torus, in pixels.
    sigma : array_like
        Width of the bumps, in pixels; it broadcasts with `side`.

    Returns
    -------
    ndarray
        The shares.

    Raises
    ------
    ArgumentError
        If a length is not positive.

    Examples
    --------
    >>> interaction_fraction(32, [1.0, 2.0, 4.0]).round(4)
    array([0.8005, 0.6373, 0.3859])
    """
    edge, width = all_positive("side", side), all_positive("sigma", sigma)
    with np.errstate(over="ignore"):
        share = np.clip(width / edge, 1e-300, 1e3)  # beyond, the answers are 1 and 0
    beyond = _excess(share)
    return np.asarray(beyond / (beyond + 2.0))


@implements(
    "participation-data",
    kind=Computed(
        r"\text{bumps: } \frac{(T^2-1)^2}{T_2^2-1},\quad"
        r" \text{stripes: } \frac{2(T-1)^2}{T_2-1},\quad"
        r" T = \sum_k e^{-4\pi^2\sigma^2k^2/N^2},\; T_2 = \sum_k e^{-8\pi^2\sigma^2k^2/N^2}"
        r"\quad\text{(and the aliases of narrow bumps)}"
    ),
    title="participation ratio of the images of bumps and of crossing stripes",
    regime="a torus of pixels; centres continuous and uniform; any width",
    source="liang2024",
    where="derived here from the spectrum",
)
@face
def participation_ratio(side: int, sigma: float, *, shape: str = "bump") -> float:
    r"""Participation ratio :math:`(\sum\lambda)^2/\sum\lambda^2` of the covariance of images.

    Parameters
    ----------
    side : int
        Side of the torus, in pixels, at least 3.
    sigma : float
        Width of the shape, in pixels.
    shape : {"bump", "stripes"}
        A bump, or the sum of a vertical and a horizontal stripe.

    Returns
    -------
    float
        Effective number of dimensions; it falls to 4, one wave along each axis, for wide shapes.

    Raises
    ------
    ArgumentError
        If the width is not between 1e-150 and 1e150, or there are fewer than 3 pixels.

    Examples
    --------
    >>> round(participation_ratio(32, 1.0), 1), round(participation_ratio(32, 1.0, shape="stripes"), 2)
    (163.0, 23.94)
    """
    pixels, width = _ring(side, sigma)
    kind = one_of("shape", shape, ("bump", "stripes"))
    if width / pixels > _WIDE:
        return 4.0
    # The mean image is a part of the eigenvalue at k = 0; aliases of narrow bumps are the rest of it.
    powers = _powers(pixels, width)[1:]
    alias = float(_excess(np.asarray(width)))
    first = powers.sum() + alias
    second = float((powers**2).sum())
    if kind == "stripes":
        return float((2.0 * first) ** 2 / (2.0 * second + (2.0 * alias) ** 2))
    zero = (1.0 + alias) ** 2
    rest = second * (second + 2.0 * zero) + (alias * (alias + 2.0)) ** 2
    return float((first * (first + 2.0)) ** 2 / rest)


@implements(
    "torus-constants",
    title="participation ratio of a doughnut",
    regime="both angles uniform",
    source="liang2024",
    where="derived here from the moments of the angles",
)
@face
def torus_participation(R: float, r: float) -> float:
    """Participation ratio of the points of a doughnut in three dimensions.

    A Clifford torus, two circles in four dimensions, has the ratio 4.

    Parameters
    ----------
    R : float
        Distance of the tube from the axis.
    r : float
        Radius of the tube.

    Returns
    -------
    float
        Between 2, a circle, and 3.

    Raises
    ------
    ArgumentError
        If a radius is not positive.

    Examples
    --------
    >>> round(torus_participation(2.0, 1.0), 4)
    2.4096
    """
    big, small = positive("R", R), positive("r", r)
    scale = max(big, small)
    ring, tube = (big / scale) ** 2, (small / scale) ** 2
    across, along = ring / 2.0 + tube / 4.0, tube / 2.0
    return (2.0 * across + along) ** 2 / (2.0 * across**2 + along**2)


_MEANS = {
    "clifford": Displacements(1.0, 1.0, 0.0, 2.0 / math.pi),
    "doughnut": Displacements(1.0, 0.5, 4.0 / math.pi**2, 2.0 / math.pi),
}


@implements(
    "displacement-tests",
    kind=Computed(
        r"\text{Clifford: } (1,\, 1,\, 0,\, 2/\pi), \qquad"
        r" \text{doughnut: } (1,\, \tfrac12,\, 4/\pi^2,\, 2/\pi)"
    ),
    title="parallelism of x and of y, x on y, x on x, of two tori",
    regime="both angles uniform; x is the angle around the axis",
    source="liang2024",
    where="derived here; the tests are defined here too",
)
@face
def displacement_means(torus: str) -> Displacements:
    """Means of the displacement tests of a torus, for any radii.

    Parameters
    ----------
    torus : {"clifford", "doughnut"}
        Two circles in four dimensions, or a doughnut in three, whose x is the angle around the axis.

    Returns
    -------
    Displacements
        Parallelism of x and of y, x on y, and x on x; the last is 2/π on every smooth circle.

    Raises
    ------
    ArgumentError
        If the torus is unknown.

    Examples
    --------
    >>> displacement_means("doughnut").parallelism_y
    0.5
    """
    return _MEANS[one_of("torus", torus, _MEANS)]


@implements(
    "noise-nulls",
    kind=Computed(
        r"\frac{(G_x-1)(G_y-1)}{G_xG_y-1}, \quad 0, \quad"
        r" \frac{\Gamma(d/2)}{\sqrt\pi\,\Gamma(\frac{d+1}2)} \to \sqrt{\frac2{\pi d}}, \quad"
        r" \frac1d \frac{\Gamma(\frac{d+1}2)^2}{\Gamma(\frac d2)^2}\,"
        r" {}_2F_1\!\left(\tfrac12, \tfrac12; \tfrac d2 + 1; \tfrac14\right) \to \tfrac12"
    ),
    title="what a representation of pure noise scores: interaction, cosine, its size, shared base",
    regime="independent Gaussian entries of one variance",
    source="liang2024",
    where="derived here from Gaussian moments",
)
@face
def noise_means(gx: int, gy: int, dim: int) -> NoiseMeans:
    """Means of the tests of a representation that is Gaussian noise on a grid of both factors.

    Parameters
    ----------
    gx : int
        Number of values of x, at least 2.
    gy : int
        Number of values of y, at least 2.
    dim : int
        Number of dimensions.

    Returns
    -------
    NoiseMeans
        Share of interaction; mean cosine of two displacements, of its absolute value, and from one
        base point. The latter is one half in many dimensions: noise looks parallel there.

    Raises
    ------
    ArgumentError
        If a number is no positive integer, or a factor has one value only.

    Examples
    --------
    >>> found = noise_means(12, 9, 256)
    >>> round(found.interaction, 4), round(found.absolute, 4), round(found.shared, 3)
    (0.8224, 0.0499, 0.499)
    """
    across, down, d = positive_int("gx", gx), positive_int("gy", gy), positive_int("dim", dim)
    for name, count in (("gx", across), ("gy", down)):
        if count < 2:
            raise ArgumentError(f"Argument `{name}` must be at least 2 values, but it is {count}.")
    interaction = 1.0 / (1.0 + 1.0 / (across - 1) + 1.0 / (down - 1))
    ratio = float(special.poch(d / 2.0, 0.5))  # of the gamma functions
    shared = ratio * (ratio / d) * float(special.hyp2f1(0.5, 0.5, d / 2.0 + 1.0, 0.25))
    return NoiseMeans(interaction, 0.0, 1.0 / (math.sqrt(math.pi) * ratio), shared)


@implements(
    "continuity-score",
    kind=Computed(
        r"\mathbb{E}\,\frac{|K(x'_1-x'_2) - K(x'_1-x_2) - K(x_1-x'_2) + K(x_1-x_2)|}"
        r"{2\sqrt{(K(0) - K(x_1-x'_1))(K(0) - K(x_2-x'_2))}},\quad"
        r" K(\delta) = \sum_j e^{-(\delta + jN)^2/4w^2}"
    ),
    title="mean absolute cosine of two steps of a factor in a local code",
    regime="a ring of units that is dense against the width; four independent uniform values",
    exactness="of the order 1e-4, from the quadrature",
    source="liang2024",
    where="the test is defined here",
)
@face
def local_continuity(width: float, *, side: float = 32.0) -> float:
    r"""Score x on x of a code in which every value excites the units within a width.

    It is a measure of continuity: :math:`2/\pi` for a smooth circle, towards 0 for a code with a unit of its
    own for every value.

    Parameters
    ----------
    width : float
        Width w of the Gaussian of excited units, in units of the factor.
    side : float
        Length N of the ring of values, in the same units.

    Returns
    -------
    float
        Mean absolute cosine of the steps of two disjoint pairs of values.

    Raises
    ------
    ArgumentError
        If a length is not positive.

    Examples
    --------
    >>> [round(local_continuity(w), 2) for w in (0.5, 1.0, 2.0, 4.0)]
    [0.1, 0.18, 0.31, 0.51]
    """
    wide, ring = positive("width", width), positive("side", side)
    share = wide / ring if wide < ring else 1.0
    if share > _SMOOTH:
        return 2.0 / math.pi
    spread = max(share, _NARROW)

    def kernel(away: Array) -> Array:
        turns = (away - np.round(away))[..., None] + np.arange(-2, 3)
        return np.asarray(np.exp(-((turns / (2.0 * spread)) ** 2)).sum(-1))

    first, between, second = ((np.arange(_POINTS)[:, None] * _RULE / _POINTS + _SHIFT) % 1.0).T
    product = (
        kernel(between + second - first)
        - kernel(between - first)
        - kernel(between + second)
        + kernel(between)
    )
    peak = kernel(np.zeros(1))
    lengths = 2.0 * np.sqrt((peak - kernel(first)) * (peak - kernel(second)))
    return float(np.abs(product / lengths).mean() * (share / spread))
