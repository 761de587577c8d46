"""Gaussian mixtures with full covariances: an algebra that noise, maps and conditions do not leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from simtheory._checks import (
    as_finite,
    as_generator,
    frozen,
    frozen_again,
    non_negative,
    positive_int,
)
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, RegimeError, ShapeError, TaskError
from simtheory.tasks._plain import Plain
from simtheory.tasks.composition.arrays import condition, diffuse, log_terms, tilt
from simtheory.tasks.composition.parameters import as_covariances, as_weights, is_diagonal

if TYPE_CHECKING:
    from simtheory.tasks.composition.compositions import Composition

__all__ = ["GaussianMixture"]

_BLOCK = 2**21
"""Entries of the largest intermediate array; more points are taken in blocks."""


@face(but=("weights", "means", "covariances"))
@dataclass(frozen=True, slots=True, eq=False)
class GaussianMixture(Plain):
    r"""A mixture of Gaussians, :math:`\sum_j \pi_j N(m_j, C_j)`.

    It is an expert of compositions: ``p * q``, ``p**2`` and ``p / q`` are a `Composition`, and ``p | q`` is the
    mixture of both with equal weights.

    Parameters
    ----------
    weights : array_like, shape (k,)
        Weights of the components, which sum to one. A component of weight 0 is dropped.
    means : array_like, shape (k, d), or (k,) on a line
        Means of the components.
    covariances : array_like, shape (k,), (k, d) or (k, d, d)
        A variance for each component, its variances along the coordinate axes, or a full covariance,
        symmetric and positive definite.
    normalised : bool
        Whether the weights sum to one already; if not, they are divided by their sum.

    Raises
    ------
    TaskError
        If a weight is negative, the weights do not sum to one, or a covariance is not symmetric and
        positive definite.
    ShapeError
        If shapes do not fit.

    References
    ----------
    du2023.

    Examples
    --------
    >>> g = GaussianMixture((0.3, 0.7), ((-1.0, 0.0), (0.5, 1.0)), (0.2, 0.1))
    >>> g.noised(0.4).score([[0.0, 0.0]]).round(4)
    array([[0.063 , 1.2972]])
    >>> (g * g**2).total_weight
    3.0
    """

    kind: ClassVar[str] = "mixture"
    _noun: ClassVar[str] = "mixture"

    weights: Array
    means: Array
    covariances: Array
    variances: Array = field(init=False)
    axes: Array | None = field(init=False)

    def __init__(
        self,
        weights: ArrayLike,
        means: ArrayLike,
        covariances: ArrayLike,
        *,
        normalised: bool = True,
    ) -> None:
        pi = as_weights(weights, normalised)
        centres = as_finite("means", means, error=TaskError)
        if centres.ndim == 1:
            centres = centres[:, None]
        if centres.ndim != 2 or centres.shape[0] != pi.size or not centres.shape[1]:
            raise ShapeError(
                f"Argument `means` must have shape ({pi.size}, d), a row for each of the {pi.size} "
                f"weights, but its shape is {np.shape(means)}."
            )
        spread, variances, axes = as_covariances(covariances, *centres.shape)
        kept = pi > 0.0
        values = {
            "weights": pi[kept],
            "means": centres[kept],
            "covariances": spread[kept],
            "variances": variances[kept],
            "axes": None if axes is None else axes[kept],
        }
        for name, value in values.items():
            object.__setattr__(
                self, name, value if value is None else frozen(np.ascontiguousarray(value))
            )

    @classmethod
    def from_fitted(cls, fitted: Any) -> GaussianMixture:
        """Take over a mixture that scikit-learn fitted.

        Parameters
        ----------
        fitted : object
            With `weights_`, `means_`, `covariances_` and `covariance_type`, such as a fitted
            ``sklearn.mixture.GaussianMixture``.

        Returns
        -------
        GaussianMixture
            The mixture.

        Raises
        ------
        ArgumentError
            If one of them is missing, as before a fit.
        """
        names = ("weights_", "means_", "covariances_", "covariance_type")
        missing = [name for name in names if not hasattr(fitted, name)]
        if missing:
            raise ArgumentError(
                f"Argument `fitted` must be a fitted mixture with {', '.join(names)}, but it has no "
                f"{missing[0]}. Call its .fit(samples) first."
            )
        spread = np.asarray(fitted.covariances_)
        if fitted.covariance_type == "tied":
            spread = np.broadcast_to(spread, (len(fitted.weights_), *spread.shape))
        return cls(fitted.weights_, fitted.means_, spread, normalised=False)

    @property
    def dim(self) -> int:
        """Number of coordinates, d."""
        return int(self.means.shape[1])

    @property
    def components(self) -> int:
        """Number of components, k."""
        return int(self.weights.size)

    @property
    def mean(self) -> Array:
        """Mean, shape (d,)."""
        return np.asarray(self.weights @ self.means)

    @property
    def covariance(self) -> Array:
        """Covariance, shape (d, d)."""
        gaps = self.means - self.mean
        within = np.einsum("k,kij->ij", self.weights, self.covariances)
        return np.asarray(within + np.einsum("k,ki,kj->ij", self.weights, gaps, gaps))

    def log_density(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        """Return the logarithm of the density of the mixture with noise.

        Parameters
        ----------
        x : array_like, shape (..., d)
            Points.
        level : float
            Variance of the noise.

        Returns
        -------
        ndarray, shape (...)
            Logarithms of the density.
        """
        return self._over(x, level, _log_density, ())

    def score(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        """Return the gradient of `log_density`.

        Parameters
        ----------
        x : array_like, shape (..., d)
            Points.
        level : float
            Variance of the noise.

        Returns
        -------
        ndarray, shape (..., d)
            Scores.
        """
        return self._over(x, level, _score, (self.dim,))

    def hessian(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        """Return the second derivatives of `log_density`.

        Parameters
        ----------
        x : array_like, shape (..., d)
            Points.
        level : float
            Variance of the noise.

        Returns
        -------
        ndarray, shape (..., d, d)
            Symmetric matrices.
        """
        return self._over(x, level, _hessian, (self.dim, self.dim))

    def responsibilities(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        """Return the probability that each component gave a noised point.

        Parameters
        ----------
        x : array_like, shape (..., d)
            Points.
        level : float
            Variance of the noise.

        Returns
        -------
        ndarray, shape (..., k)
            Probabilities, which sum to one.
        """
        return self._over(x, level, lambda logs, *_: _shares(logs), (self.components,))

    def sample(self, n: int, *, rng: np.random.Generator | int) -> Array:
        """Draw points.

        Parameters
        ----------
        n : int
            Number of points.
        rng : numpy.random.Generator or int
            Source of randomness.

        Returns
        -------
        ndarray, shape (n, d)
            Independent points.
        """
        size, draw = positive_int("n", n), as_generator(rng)
        which = draw.choice(self.components, size=size, p=self.weights / self.weights.sum())
        steps = draw.standard_normal((size, self.dim)) * np.sqrt(self.variances)[which]
        if self.axes is not None:
            steps = np.einsum("nij,nj->ni", self.axes[which], steps)
        return np.asarray(self.means[which] + steps)

    def noised(self, level: float) -> GaussianMixture:
        """Return the mixture of points with noise of variance `level` in every direction.

        Parameters
        ----------
        level : float
            Variance of the noise.

        Returns
        -------
        GaussianMixture
            The mixture.
        """
        noise = non_negative("level", level)
        return self._like(
            *diffuse(
                self.weights, self.means, self.covariances, alpha=1.0, sigma=float(np.sqrt(noise))
            )
        )

    def moved(self, matrix: ArrayLike, shift: ArrayLike = 0.0) -> GaussianMixture:
        """Return the mixture of ``matrix @ x + shift``.

        Parameters
        ----------
        matrix : array_like, shape (), or (e, d)
            A factor, or a matrix whose rows are independent.
        shift : array_like, shape () or (e,)
            What is added.

        Returns
        -------
        GaussianMixture
            The mixture, of dimension e.

        Raises
        ------
        ShapeError
            If the matrix has another number of columns than the mixture has coordinates.
        TaskError
            If the rows are dependent, so that the result has no density.
        """
        turn = as_finite("matrix", matrix)
        turn = turn * np.eye(self.dim) if turn.ndim == 0 else turn
        if turn.ndim != 2 or turn.shape[1] != self.dim:
            raise ShapeError(
                f"Argument `matrix` must be a number or have shape (e, {self.dim}), but its shape is "
                f"{turn.shape}."
            )
        if np.linalg.matrix_rank(turn) < turn.shape[0]:
            raise TaskError(
                "Argument `matrix` must have independent rows, but its rank is "
                f"{np.linalg.matrix_rank(turn)} for {turn.shape[0]} rows: the result would have no density."
            )
        spread = turn @ self.covariances @ turn.T
        centres = self.means @ turn.T + as_finite("shift", shift)
        return self._like(self.weights, centres, 0.5 * (spread + np.swapaxes(spread, 1, 2)))

    def marginal(self, axes: ArrayLike) -> GaussianMixture:
        """Return the mixture of some coordinates.

        Parameters
        ----------
        axes : array_like of int, shape (e,)
            Coordinates, counted from 0.

        Returns
        -------
        GaussianMixture
            Their mixture, in the order given.
        """
        kept = self._coordinates(axes)
        return self._like(self.weights, self.means[:, kept], self.covariances[:, kept][:, :, kept])

    def given(self, axes: ArrayLike, values: ArrayLike) -> GaussianMixture:
        """Return the mixture of the other coordinates, given the values of some.

        Parameters
        ----------
        axes : array_like of int, shape (e,)
            Coordinates that are known, fewer than all.
        values : array_like, shape (e,)
            Their values.

        Returns
        -------
        GaussianMixture
            The mixture of the others, in their order.

        Raises
        ------
        ShapeError
            If there is not one value for each coordinate, or none is left.
        """
        known = self._coordinates(axes)
        held = np.atleast_1d(as_finite("values", values))
        if held.shape != known.shape or known.size >= self.dim:
            raise ShapeError(
                f"Arguments `axes` and `values` must name up to {self.dim - 1} coordinates and as many "
                f"values, but they have shapes {known.shape} and {held.shape}."
            )
        return self._like(*condition(self.weights, self.means, self.covariances, known, held))

    def tilted(self, linear: ArrayLike = 0.0, quadratic: ArrayLike = 0.0) -> GaussianMixture:
        r"""Return the mixture times :math:`\exp(b^Tx - \tfrac12x^TQx)`, normalised.

        Parameters
        ----------
        linear : array_like, shape () or (d,)
            The vector b.
        quadratic : array_like, shape (), (d,) or (d, d)
            The symmetric matrix Q, or its diagonal. It may be negative.

        Returns
        -------
        GaussianMixture
            The mixture.

        Raises
        ------
        RegimeError
            If a component would not be normalisable.
        """
        d = self.dim
        pull = np.broadcast_to(as_finite("linear", linear), (d,))
        Q = as_finite("quadratic", quadratic)
        Q = Q * np.eye(d) if Q.ndim < 2 else Q
        if Q.shape != (d, d):
            raise ShapeError(
                f"Argument `quadratic` must be a number or have shape ({d},) or ({d}, {d}), but its "
                f"shape is {Q.shape}."
            )
        if np.abs(Q - Q.T).max() > 1e-10 * np.abs(Q).max():
            raise ArgumentError(
                "Argument `quadratic` must be symmetric, but it differs from its transpose by "
                f"{np.abs(Q - Q.T).max():g}."
            )
        least = np.linalg.eigvalsh(np.linalg.inv(self.covariances) + Q)[:, 0]
        if least.min() <= 0.0:
            raise RegimeError(
                "Argument `quadratic` must leave every component normalisable (label gmm-tilt), but "
                f"C⁻¹ + Q of component {int(least.argmin())} has the eigenvalue {least.min():g}."
            )
        return self._like(*tilt(self.weights, self.means, self.covariances, pull, Q)[:3])

    def to_dict(self) -> dict[str, Any]:
        """Return the mixture as plain numbers and lists, ready for JSON or TOML.

        Returns
        -------
        dict
            The arguments of the constructor.
        """
        spread = self.covariances if self.axes is not None else self.variances
        return {
            "weights": self.weights.tolist(),
            "means": self.means.tolist(),
            "covariances": spread.tolist(),
        }

    __setstate__ = frozen_again

    def __mul__(self, other: Any) -> Composition:
        return self._composition() * other

    def __truediv__(self, other: Any) -> Composition:
        return self._composition() / other

    def __pow__(self, power: float) -> Composition:
        return self._composition() ** power

    def __or__(self, other: Any) -> GaussianMixture:
        if not isinstance(other, GaussianMixture):
            return NotImplemented
        if other.dim != self.dim:
            raise ShapeError(
                "Mixtures that are mixed must have one dimension, but they have "
                f"{self.dim} and {other.dim}."
            )
        return self._like(
            np.concatenate([0.5 * self.weights, 0.5 * other.weights]),
            np.concatenate([self.means, other.means]),
            np.concatenate([self.covariances, other.covariances]),
        )

    def __repr__(self) -> str:
        noun = "component" if self.components == 1 else "components"
        return f"GaussianMixture({self.components} {noun} in {self.dim}D)"

    def _composition(self) -> Composition:
        from simtheory.tasks.composition.compositions import Composition

        return Composition((self,))

    def _like(self, weights: Array, means: Array, covariances: Array) -> GaussianMixture:
        if self.axes is None and is_diagonal(covariances):
            covariances = np.diagonal(covariances, axis1=1, axis2=2)
        return GaussianMixture(weights, means, covariances, normalised=False)

    def _coordinates(self, axes: ArrayLike) -> Any:
        given = np.atleast_1d(np.asarray(axes))
        whole = given.ndim == 1 and given.size and given.dtype.kind in "iu"
        if not whole or given.min() < 0 or given.max() >= self.dim or len(set(given)) < given.size:
            raise ArgumentError(
                f"Argument `axes` must hold different coordinates from 0 to {self.dim - 1}, but it is "
                f"{axes!r}."
            )
        return given.astype(np.intp)

    def _over(
        self, x: ArrayLike, level: float, read: Callable[..., Array], shape: tuple[int, ...]
    ) -> Array:
        """Read something off the terms of the components, block by block."""
        noise = non_negative("level", level)
        points = as_finite("x", x)
        if points.ndim == 0 or points.shape[-1] != self.dim:
            raise ShapeError(
                f"Argument `x` must have shape (..., {self.dim}), points of {self.dim} coordinates, but "
                f"its shape is {points.shape}."
            )
        rows = points.reshape(-1, self.dim)
        found = np.empty((len(rows), *shape))
        step = max(1, _BLOCK // self.means.size)
        for start in range(0, len(rows), step):
            block = rows[start : start + step]
            logs, pulls = log_terms(
                block, self.weights, self.means, self.variances, self.axes, noise
            )
            found[start : start + step] = read(logs, pulls, self.axes, self.variances + noise)
        return found.reshape((*points.shape[:-1], *shape))


def _shares(logs: Array) -> Array:
    shares = np.exp(logs.T - logs.max(axis=1))  # points along the last axis, as they lie
    return np.asarray((shares / shares.sum(axis=0)).T)


def _log_density(logs: Array, pulls: Array, axes: Array | None, spread: Array) -> Array:
    top = logs.max(axis=1)
    return np.asarray(top + np.log(np.exp(logs.T - top).sum(axis=0)))


def _turned(pulls: Array, axes: Array | None) -> Array:
    return pulls if axes is None else np.einsum("nke,kde->nkd", pulls, axes)


def _score(logs: Array, pulls: Array, axes: Array | None, spread: Array) -> Array:
    return np.einsum("nk,nki->ni", _shares(logs), _turned(pulls, axes))


def _hessian(logs: Array, pulls: Array, axes: Array | None, spread: Array) -> Array:
    shares, scores = _shares(logs), _turned(pulls, axes)
    gaps = scores - np.einsum("nk,nki->ni", shares, scores)[:, None]
    frames = np.broadcast_to(np.eye(spread.shape[1]), (*spread.shape, spread.shape[1]))
    frames = frames if axes is None else axes
    precisions = np.einsum("kde,ke,kfe->kdf", frames, 1.0 / spread, frames)
    return np.asarray(
        np.einsum("nk,nkd,nke->nde", shares, gaps, gaps)
        - np.einsum("nk,kde->nde", shares, precisions)
    )
