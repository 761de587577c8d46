r"""The size of the noise on a curve, and the rises of a noisy loss that exceed it.

The noise of a curve is estimated without a model, by differences: each point against the straight
line between its neighbours,

.. math:: e_i = y_i - \alpha_i y_{i-1} - \beta_i y_{i+1} , \qquad
          \operatorname{var} e_i = \sigma^2 (1 + \alpha_i^2 + \beta_i^2) ,

with the median of the scaled :math:`|e_i|`, which a few steep places do not move. Where the curve
bends between neighbours the estimate is too large, never too small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from simtheory._checks import as_finite, as_times, positive_int, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError
from simtheory.observe import arrays
from simtheory.observe.swing import Rise

__all__ = ["NoisyRises", "noise_level", "rises"]


@face
def noise_level(t: ArrayLike, values: ArrayLike) -> Array:
    """Return the standard deviation of the noise on curves, by differences.

    Parameters
    ----------
    t : array_like, shape (T,)
        Times, increasing.
    values : array_like, shape (T, ...)
        Curves; noise independent from time to time.

    Returns
    -------
    ndarray, shape (...)
        Standard deviation; zero on straight lines, NaN with fewer than three times.

    Examples
    --------
    >>> t = np.linspace(0.0, 1.0, 2001)
    >>> noisy = t**2 + 0.1 * np.random.default_rng(0).standard_normal(t.size)
    >>> noise_level(t, noisy).round(2)
    np.float64(0.1)
    """
    times, curves = as_times(t), as_finite("values", values)
    if curves.shape[:1] != times.shape:
        raise ShapeError(
            f"Argument `values` must have {times.size} rows, but its shape is {curves.shape}."
        )
    if times.size < 3:
        return np.full(curves.shape[1:], np.nan)
    after = (times[1:-1] - times[:-2]) / (times[2:] - times[:-2])
    after = after.reshape(-1, *(1,) * (curves.ndim - 1))
    miss = curves[1:-1] - (1.0 - after) * curves[:-2] - after * curves[2:]
    scaled = np.abs(miss) / np.sqrt(1.0 + after**2 + (1.0 - after) ** 2)
    return np.asarray(np.median(scaled, axis=0) / ndtri(0.75))


@face
@dataclass(frozen=True, slots=True)
class NoisyRises:
    """The rises of a noisy loss that are more than noise.

    Parameters
    ----------
    rises : tuple of Rise
        In order of time, read off the smoothed loss.
    noise : float
        Standard deviation of the noise on one point, by differences.
    smooth : int
        Number of points of the moving average.
    threshold : float
        Rise that had to be exceeded, in units of the loss.
    """

    rises: tuple[Rise, ...]
    noise: float
    smooth: int
    threshold: float


@face
def rises(
    t: ArrayLike, loss: ArrayLike, *, smooth: int | None = None, false_alarm: float = 0.01
) -> NoisyRises:
    r"""Return the rises of a noisy loss that are more than noise.

    `simtheory.observe.swing_by` counts rises above a share of the first loss; here the bar comes
    from the noise. A moving average over w points leaves the noise :math:`\sigma/\sqrt w`. Among n
    such points noise alone rises by more than

    .. math:: 2\,\frac{\sigma}{\sqrt w}\,\Phi^{-1}\!\left(1 - \frac{\alpha}{2n}\right)

    with a probability of at most α, because one of the points would have to be off by half of it.

    Parameters
    ----------
    t : array_like, shape (T,)
        Times, increasing.
    loss : array_like, shape (T,)
        The loss, with noise independent from time to time.
    smooth : int, optional
        Odd number of points of the moving average. Default: the largest for which no point lies
        further from the average than noise explains.
    false_alarm : float
        The probability α of a rise where there is none.

    Returns
    -------
    NoisyRises
        The rises, with the noise and the threshold that they were held against.

    Raises
    ------
    ArgumentError
        If there are fewer than five times, or a number is out of range.

    Examples
    --------
    >>> t = np.linspace(0.0, 10.0, 400)
    >>> swing = np.exp(-t) + 0.3 * np.exp(-((t - 5.0) ** 2))
    >>> found = rises(t, swing + 0.02 * np.random.default_rng(0).standard_normal(t.size))
    >>> len(found.rises), round(found.rises[0].t_max)
    (1, 5)
    """
    times, values = as_times(t), as_finite("loss", loss)
    if values.shape != times.shape:
        raise ShapeError(
            f"Argument `loss` must have shape {times.shape}, but its shape is {values.shape}."
        )
    if times.size < 5:
        raise ArgumentError(f"Rises need at least five times, but there are {times.size}.")
    alarm = share("false_alarm", false_alarm)
    noise = float(noise_level(times, values))
    bar = float(-ndtri(alarm / (2.0 * times.size)))
    width = _widest(values, noise * bar) if smooth is None else positive_int("smooth", smooth)
    if width % 2 == 0 or width > times.size:
        raise ArgumentError(
            f"Argument `smooth` must be odd and at most {times.size}, but it is {width}."
        )
    half = width // 2
    kept, average = times[half : times.size - half], arrays.smoothed(values, width)
    least = 2.0 * noise * bar / np.sqrt(width)
    found = tuple(
        Rise(float(kept[low]), float(kept[high]), float(size), float(size / abs(values[0])))
        for low, high in arrays.rises(average, least)
        for size in [average[high] - average[low]]
    )
    return NoisyRises(found, noise, width, float(least))


def _widest(values: Array, far: float) -> int:
    """Return the widest window, at most a tenth of the points, whose average stays near every point."""
    widest = 1
    for width in range(3, max(3, values.size // 10) + 1, 2):
        half = width // 2
        if np.abs(values[half : values.size - half] - arrays.smoothed(values, width)).max() > far:
            break
        widest = width
    return widest
