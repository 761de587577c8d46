r"""The denoising task: Gaussian data, noised at every level of a sampling schedule.

Problem
-------
A linear network learns, separately at each noise level :math:`\sigma`, to return the clean x from
:math:`y = x + \sigma z` with z standard normal. Samples are then drawn by running the
probability-flow ODE from :math:`\sigma_{\max}` down to :math:`\sigma_{\min}`, and the question is
when, in the course of training, the variance of the samples arrives at that of the data.

Symbols
-------
Sigma : covariance of the data, shape (d, d); lambda : its eigenvalues, the *variances*, shape (d,);
m : mean of the data, shape (d,); sigma : noise level, a standard deviation (not the diversity of a
concept); sigma_min, sigma_max : ends of the sampling schedule.

Reading
-------
A linear net sees only the first two moments. Both ends of the schedule enter every sampled number,
so a task names them and has no default for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simtheory._checks import (
    as_finite,
    as_generator,
    frozen,
    frozen_again,
    positive,
    positive_int,
    rounding,
)
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ShapeError, TaskError
from simtheory.tasks._plain import Plain, short

__all__ = ["DenoisingTask"]

_SMALLEST = 1e-150
"""Smallest noise level: the square of a smaller one underflows in float64."""


@face(but=("covariance", "mean", "sigma_min", "sigma_max"))
@dataclass(frozen=True, slots=True, eq=False)
class DenoisingTask(Plain):
    """Denoising of Gaussian data, and the ends of the schedule by which samples are drawn.

    Parameters
    ----------
    covariance : array_like, shape (d,) or (d, d)
        Covariance of the data: the positive variances along the coordinate axes, or a symmetric
        positive definite matrix.
    sigma_min : float
        Noise level at which sampling stops, a positive standard deviation.
    sigma_max : float
        Noise level at which sampling starts, above `sigma_min`.
    mean : array_like, shape () or (d,)
        Mean of the data.

    Raises
    ------
    TaskError
        If a number is not finite, a variance or a noise level is not positive, or the levels are
        not in order.
    ShapeError
        If shapes do not fit.

    References
    ----------
    wang2025.

    Examples
    --------
    >>> task = DenoisingTask((0.1, 1.0, 10.0), sigma_min=0.002, sigma_max=80.0)
    >>> task.variances
    array([ 0.1,  1. , 10. ])
    >>> task.target(sigma=1.0).diagonal().round(4)
    array([0.0909, 0.5   , 0.9091])
    """

    kind: ClassVar[str] = "denoiser"
    _noun: ClassVar[str] = "denoising task"

    covariance: Array
    sigma_min: float
    sigma_max: float
    mean: Array

    def __init__(
        self,
        covariance: ArrayLike,
        *,
        sigma_min: float,
        sigma_max: float,
        mean: ArrayLike = 0.0,
    ) -> None:
        spread = _positive_definite(
            np.atleast_1d(as_finite("covariance", covariance, error=TaskError)),
            rounding(covariance, double=1e-10),
        )
        low = positive("sigma_min", sigma_min, error=TaskError)
        high = positive("sigma_max", sigma_max, error=TaskError)
        if low >= high:
            raise TaskError(
                f"Argument `sigma_min` must lie below `sigma_max`, but they are {low:g} and {high:g}."
            )
        if low < _SMALLEST or high > 1.0 / _SMALLEST:
            raise TaskError(
                f"Arguments `sigma_min` and `sigma_max` must lie in [{_SMALLEST:g}, "
                f"{1.0 / _SMALLEST:g}], where their squares exist, but they are {low:g} and {high:g}."
            )
        centre = as_finite("mean", mean, error=TaskError)
        if centre.shape not in ((), spread.shape[:1]):
            raise ShapeError(
                f"Argument `mean` must be a scalar or have shape ({spread.shape[0]},), "
                f"but its shape is {centre.shape}."
            )
        values = {
            "covariance": frozen(spread),
            "sigma_min": low,
            "sigma_max": high,
            "mean": frozen(np.array(np.broadcast_to(centre, spread.shape[:1]))),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def dim(self) -> int:
        """Number of coordinates, d."""
        return int(self.mean.size)

    @property
    def variances(self) -> Array:
        """Eigenvalues of the covariance, shape (d,).

        In the order given for variances along the coordinate axes, rising for a matrix.
        """
        if self.covariance.ndim == 1:
            return self.covariance
        return np.asarray(np.linalg.eigvalsh(self.covariance))

    @property
    def axes(self) -> Array:
        """Eigenvectors of the covariance as columns, in the order of `variances`, shape (d, d)."""
        if self.covariance.ndim == 1:
            return np.eye(self.dim)
        return np.asarray(np.linalg.eigh(self.covariance).eigenvectors)

    @property
    def matrix(self) -> Array:
        """Covariance as a matrix, shape (d, d)."""
        return np.diag(self.covariance) if self.covariance.ndim == 1 else self.covariance

    @property
    def second_moment(self) -> Array:
        """Uncentred second moment E[x xᵀ] of the clean data, shape (d, d)."""
        return np.asarray(self.matrix + np.outer(self.mean, self.mean))

    def target(self, *, sigma: float) -> Array:
        r"""Return the best linear denoiser with a bias, :math:`\Sigma(\Sigma + \sigma^2I)^{-1}`.

        Parameters
        ----------
        sigma : float
            Noise level.

        Returns
        -------
        ndarray, shape (d, d)
            Its matrix W; its bias is (I − W)m.
        """
        noise = positive("sigma", sigma) ** 2
        return np.asarray((self.axes * (self.variances / (self.variances + noise))) @ self.axes.T)

    def sample(self, n: int, *, rng: np.random.Generator | int) -> Array:
        """Draw clean data.

        Parameters
        ----------
        n : int
            Number of points.
        rng : numpy.random.Generator or int
            Source of randomness.

        Returns
        -------
        ndarray, shape (n, d)
            Gaussian points of the task's mean and covariance.
        """
        draws = as_generator(rng).standard_normal((positive_int("n", n), self.dim))
        return np.asarray(self.mean + (draws * np.sqrt(self.variances)) @ self.axes.T)

    __setstate__ = frozen_again

    def __repr__(self) -> str:
        parts = [short(self.variances) if self.covariance.ndim == 1 else f"<{self.dim}×{self.dim}>"]
        parts += [f"sigma_min={self.sigma_min:g}", f"sigma_max={self.sigma_max:g}"]
        if self.mean.any():
            parts.append(f"mean={short(self.mean)}")
        return f"DenoisingTask({', '.join(parts)})"


def _positive_definite(covariance: Array, tolerance: float) -> Array:
    """Return a checked covariance: variances (d,), or a matrix (d, d), symmetric to a tolerance."""
    if (
        covariance.ndim > 2
        or covariance.size == 0
        or (covariance.ndim == 2 and covariance.shape[0] != covariance.shape[1])
    ):
        raise ShapeError(
            "Argument `covariance` must have shape (d,) or (d, d), "
            f"but its shape is {covariance.shape}."
        )
    if covariance.ndim == 1:
        lowest, floor = covariance.min(), 0.0
    else:
        scale = float(np.abs(covariance).max())
        skew = float(np.abs(covariance - covariance.T).max())
        if skew > tolerance * scale:
            raise TaskError(
                f"Argument `covariance` must be symmetric, but it differs from its transpose by {skew:g}."
            )
        covariance = 0.5 * (covariance + covariance.T)
        # Rounding of eigvalsh is as large as a smaller eigenvalue.
        lowest, floor = np.linalg.eigvalsh(covariance).min(), 1e-14 * scale
    if lowest <= floor:
        raise TaskError(
            "Argument `covariance` must be positive definite, but its smallest variance is "
            f"{lowest:g}. Drop the directions in which the data do not vary."
        )
    return covariance
