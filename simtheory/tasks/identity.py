r"""The structured identity mapping (SIM) task.

Problem
-------
A network learns to return its input. The input comes from s clusters, one per *concept*: cluster p
sits at :math:`\mu_p e_p` with independent Gaussian spread :math:`\sigma_k` along coordinate k. The
network never sees the point :math:`\hat x = \sum_p \mu_p e_p` that combines all concepts, and the
question is when, and by which way, its output arrives there.

Symbols
-------
mu : signal strength of each concept, shape (s,); sigma : diversity, a standard deviation per
coordinate, shape (dim,); weights : probability of each cluster; a : rates, shape (dim,).

Result
------
Population gradient descent on a linear network sees only the *uncentred* second moment. In the
concept axes it is diagonal, with the rates (label ``moment-rates``)

.. math:: a_k = \sigma_k^2 + p_k \mu_k^2 .

Reading
-------
A concept is learned at its rate: signal strength and diversity both speed it up, and the order of
two concepts flips where :math:`\sigma_1^2 - \sigma_2^2 = (\mu_2^2 - \mu_1^2)/s`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np

from simtheory._checks import (
    as_finite,
    as_generator,
    as_second_moment,
    flag,
    frozen,
    frozen_again,
    not_negative,
    positive_int,
    rounding,
    shown,
)
from simtheory._faces import face
from simtheory._text import rows_as_html
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ShapeError, TaskError
from simtheory.labels import implements
from simtheory.tasks._axes import principal_axes
from simtheory.tasks._plain import Plain, short

__all__ = ["SIMTask", "moment_rates"]

_MOST = 16
"""Concepts whose vertices can be listed: their number doubles with each, 65 536 take a second."""


@implements(
    "moment-rates",
    title="Rates of the concepts",
    regime="axis-aligned clusters, infinite data",
    source="yang2024",
    where="Theorem 4.1",
)
@face
def moment_rates(mu: Array, sigma: Array, weights: Array) -> Array:
    """Return the diagonal of the uncentred second moment of the SIM task in its concept axes.

    Parameters
    ----------
    mu : ndarray, shape (..., k)
        Signal strengths; zero where a coordinate carries no concept.
    sigma : ndarray, shape (..., k)
        Standard deviations.
    weights : ndarray, shape (..., k)
        Cluster probabilities.

    Returns
    -------
    ndarray, shape (..., k)
        Rates a = sigma² + weights mu², in units of inverse canonical time.
    """
    return np.asarray(sigma**2 + weights * mu**2)


@face(but=("mu", "sigma", "weights", "rotation", "presence", "dim", "n", "per_cluster"))
@dataclass(frozen=True, slots=True, eq=False)
class SIMTask(Plain):
    """The structured identity mapping task: Gaussian clusters, one per concept, returned as they are.

    Parameters
    ----------
    mu : array_like, shape (s,)
        Signal strength of each concept: the distance of its cluster from the origin. Non-negative.
    sigma : array_like, shape () or (s,) or (dim,)
        Diversity: the *standard deviation* along each coordinate, the same in every cluster. A
        scalar or one value per concept leaves the coordinates beyond s without spread.
    dim : int, optional
        Ambient dimension, at least s. Default: s.
    weights : array_like, shape (s,) or (s + 1,), optional
        Cluster probabilities, the origin cluster's last. Default: equal.
    origin : bool
        Whether a further cluster sits at the origin, as in the released two-concept task.
    rotation : array_like, shape (dim, dim), optional
        Orthogonal matrix that carries the concept axes into the axes of the data.
    squared_rates : bool
        Use a_k² in place of a_k in `rates` and `second_moment`, as the authors' released theory
        scripts do (figures 5, 8, 9, 10 of yang2024). Centroids and samples stay as they are.

    Raises
    ------
    TaskError
        If a number is not finite, negative, or the weights do not sum to one.
    ShapeError
        If shapes do not fit, ``dim < len(mu)`` included.

    References
    ----------
    yang2024, section 2.1.

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.5)
    >>> task.rates
    array([0.75, 2.25])
    >>> task.target
    array([1., 2.])
    """

    kind: ClassVar[str] = "identity"
    _noun: ClassVar[str] = "SIM task"

    mu: Array
    sigma: Array
    dim: int
    weights: Array
    origin: bool
    rotation: Array | None
    squared_rates: bool

    def __init__(
        self,
        mu: ArrayLike,
        sigma: ArrayLike,
        dim: int | None = None,
        *,
        weights: ArrayLike | None = None,
        origin: bool = False,
        rotation: ArrayLike | None = None,
        squared_rates: bool = False,
    ) -> None:
        signal = np.atleast_1d(as_finite("mu", mu, error=TaskError))
        if signal.ndim != 1 or signal.size == 0:
            raise ShapeError(
                f"Argument `mu` must have shape (s,), but its shape is {signal.shape}."
            )
        not_negative("mu", signal, error=TaskError)
        s = signal.size
        size = s if dim is None else positive_int("dim", dim)
        if size < s:
            raise ShapeError(
                f"Argument `dim` must be at least the number of concepts, {s}, but it is {size}."
            )
        values = {
            "mu": frozen(signal),
            "sigma": frozen(_per_coordinate(sigma, s, size)),
            "dim": size,
            "weights": frozen(_cluster_weights(weights, s + bool(origin))),
            "origin": flag("origin", origin),
            "rotation": None if rotation is None else frozen(_orthogonal(rotation, size)),
            "squared_rates": flag("squared_rates", squared_rates),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_second_moment(cls, second_moment: ArrayLike) -> SIMTask:
        """Make the task whose inputs have a given second moment, its concepts along the principal axes.

        Gradient descent on a linear network sees the data through E[x xᵀ] alone, so closed forms and
        flows of this task are those of any data with this second moment. Concept k is the k-th
        principal axis, the one of the largest rate first; its cluster is a point at √(d a_k) with
        probability 1/d. The axes of a diagonal matrix are kept in their order. `sample` draws
        from these points: to train on your own data pass them to `descend` or `train`.

        Parameters
        ----------
        second_moment : array_like, shape (d, d)
            Uncentred second moment E[x xᵀ], symmetric and positive semidefinite.

        Returns
        -------
        SIMTask
            With this `second_moment`, to rounding.

        Raises
        ------
        ShapeError
            If it is not square.
        ArgumentError
            If it is not symmetric, or has a negative eigenvalue.

        Examples
        --------
        >>> task = SIMTask.from_second_moment([[2.0, 1.0], [1.0, 2.0]])
        >>> task.rates.round(12)
        array([3., 1.])
        >>> task.second_moment.round(12)
        array([[2., 1.],
               [1., 2.]])
        """
        moment = as_second_moment(second_moment)
        if moment.ndim != 2:
            raise ShapeError(
                f"Argument `second_moment` must have shape (d, d), but its shape is {moment.shape}."
            )
        rates, axes = principal_axes(moment)
        return cls(np.sqrt(len(rates) * rates), 0.0, rotation=axes)

    @classmethod
    def from_data(cls, x: ArrayLike) -> SIMTask:
        """Make the task whose inputs have the second moment of your data, XᵀX / n.

        Parameters
        ----------
        x : array_like, shape (n, d)
            Inputs, a row each, as the network sees them: they are not centred.

        Returns
        -------
        SIMTask
            As `from_second_moment` gives it.

        Raises
        ------
        ShapeError
            If `x` is not a table.
        ArgumentError
            If an entry is not finite.

        Examples
        --------
        >>> SIMTask.from_data([[2.0, 0.0], [0.0, 1.0]]).rates
        array([2. , 0.5])
        """
        points = as_finite("x", x)
        if points.ndim != 2 or 0 in points.shape:
            raise ShapeError(
                f"Argument `x` must have shape (n, d), a row for each input, but its shape is "
                f"{points.shape}."
            )
        return cls.from_second_moment(points.T @ points / len(points))

    @property
    def n_concepts(self) -> int:
        """Number of concepts, s."""
        return int(self.mu.size)

    @property
    def rates(self) -> Array:
        """Rates a_k in the concept axes, shape (dim,)."""
        s = self.n_concepts
        rates = self.sigma**2
        rates[:s] = moment_rates(self.mu, self.sigma[:s], self.weights[:s])
        return rates**2 if self.squared_rates else rates

    @property
    def second_moment(self) -> Array:
        """Uncentred second moment E[x xᵀ] of the inputs, shape (dim, dim)."""
        if self.rotation is None:
            return np.diag(self.rates)
        return np.asarray((self.rotation * self.rates) @ self.rotation.T)

    @property
    def teacher(self) -> Array:
        """The map that is learned, the identity, shape (dim, dim); that of a `LinearTask` is any."""
        return np.eye(self.dim)

    @property
    def n_outputs(self) -> int:
        """Number of outputs, dim."""
        return self.dim

    @property
    def mean(self) -> Array:
        """Mean input, shape (dim,)."""
        return np.asarray(self.weights @ self.centroids)

    @property
    def centroids(self) -> Array:
        """Centres of the training clusters, shape (s, dim); the origin cluster's, if any, is last."""
        centres = np.zeros((self.weights.size, self.dim))
        np.fill_diagonal(centres[: self.n_concepts], self.mu)
        return self.from_concept_axes(centres)

    @property
    def target(self) -> Array:
        """Test point that combines all concepts, shape (dim,)."""
        return self.vertex((1,) * self.n_concepts)

    @property
    def probes(self) -> Array:
        """Inputs on which outputs are watched unless others are asked for, shape (P, dim).

        All vertices for up to four concepts; the centroids and the target beyond.
        """
        if self.n_concepts <= 4:
            return self.vertices()
        return np.vstack([self.centroids[: self.n_concepts], self.target])

    def vertex(self, presence: Sequence[float]) -> Array:
        """Return the test point that holds the concepts marked in `presence`.

        Parameters
        ----------
        presence : sequence of {0, 1}, length s
            Which concepts are present: (0, ..., 0) is the origin, (1, ..., 1) the target.

        Returns
        -------
        ndarray, shape (dim,)
            The vertex Σ_p presence_p mu_p e_p, rotated as the data are.
        """
        return vertex_of(self, presence, name="presence")

    def vertices(self) -> Array:
        """Return all 2^s vertices in binary order, the origin first and the target last.

        Returns
        -------
        ndarray, shape (2**s, dim)
            The vertices, in the order of ``itertools.product((0, 1), repeat=s)``.

        Raises
        ------
        TaskError
            If there are more than 16 concepts.
        """
        if self.n_concepts > _MOST:
            raise TaskError(
                f"A task must have at most {_MOST} concepts for a list of its vertices, but it has "
                f"{self.n_concepts}, and 2**{self.n_concepts} vertices. Take those that you need: "
                "task.vertex(presence)."
            )
        return np.array([self.vertex(v) for v in product((0, 1), repeat=self.n_concepts)])

    def sample(self, n: int, *, rng: np.random.Generator | int) -> tuple[Array, IntArray]:
        """Draw a training set, n points per cluster on average.

        Parameters
        ----------
        n : int
            Points per cluster; cluster p holds its share ``weights[p]`` of all, rounded.
        rng : numpy.random.Generator or int
            Source of randomness.

        Returns
        -------
        x : ndarray, shape (s*n, dim)
            Inputs, which are the targets too; grouped by cluster. ((s+1)*n with an origin cluster.)
        cluster : ndarray of int, shape (s*n,)
            Cluster of each point.
        """
        generator = as_generator(rng)
        total = positive_int("n", n) * self.weights.size
        edges = np.rint(np.concatenate([[0.0], np.cumsum(self.weights)]) * total).astype(int)
        cluster = np.repeat(np.arange(self.weights.size), np.diff(edges))
        noise = generator.standard_normal((total, self.dim)) * self.sigma
        return self.centroids[cluster] + self.from_concept_axes(noise), cluster

    def to_concept_axes(self, points: Array) -> Array:
        """Express points given in the axes of the data in the concept axes.

        Parameters
        ----------
        points : ndarray, shape (..., dim)
            Points or outputs.

        Returns
        -------
        ndarray, shape (..., dim)
            The same, coordinate k along concept k.
        """
        return points if self.rotation is None else np.asarray(points @ self.rotation)

    def from_concept_axes(self, points: Array) -> Array:
        """Express points given in the concept axes in the axes of the data.

        Parameters
        ----------
        points : ndarray, shape (..., dim)
            Points, coordinate k along concept k.

        Returns
        -------
        ndarray, shape (..., dim)
            The same, rotated as the data are.
        """
        return points if self.rotation is None else np.asarray(points @ self.rotation.T)

    __setstate__ = frozen_again

    def _repr_html_(self) -> str:
        s = self.n_concepts
        rows = [
            ("concepts", f"{s}, in {self.dim} dimensions"),
            ("signal strengths μ", short(self.mu)),
            ("diversity σ", short(self.sigma)),
            ("rates", short(self.rates)),
            ("weights", short(self.weights)),
            ("axes", "those of the data" if self.rotation is None else "rotated"),
        ]
        return rows_as_html("SIM task", rows)

    def __repr__(self) -> str:
        s = self.n_concepts
        spread = self.sigma if self.sigma[s:].any() else self.sigma[:s]
        collapsed = f"{spread[0]:g}" if spread.size == s and np.ptp(spread) == 0 else short(spread)
        parts = [f"mu={short(self.mu)}", f"sigma={collapsed}"]
        if self.dim != s:
            parts.append(f"dim={self.dim}")
        if np.ptp(self.weights) > 0:
            parts.append(f"weights={short(self.weights)}")
        parts += [f"{name}=True" for name in ("origin", "squared_rates") if getattr(self, name)]
        if self.rotation is not None:
            parts.append(f"rotation=<{self.dim}×{self.dim}>")
        return f"SIMTask({', '.join(parts)})"


def vertex_of(task: SIMTask, presence: Sequence[float], *, name: str) -> Array:
    """Return the vertex of a task, (dim,), that holds the concepts marked in an argument of that name."""
    truths = isinstance(presence, list | tuple) and all(isinstance(p, bool) for p in presence)
    marks = as_finite(name, [int(p) for p in presence] if truths else presence, error=TaskError)
    if marks.shape != (task.n_concepts,):
        raise ShapeError(
            f"Argument `{name}` must hold one entry for each of {task.n_concepts} concepts, "
            f"but its shape is {marks.shape}."
        )
    if not np.isin(marks, (0.0, 1.0)).all():
        raise TaskError(
            f"Argument `{name}` must hold only 0 and 1, but it is {shown(tuple(presence))}."
        )
    point = np.zeros(task.dim)
    point[: task.n_concepts] = marks * task.mu
    return task.from_concept_axes(point)


def _per_coordinate(sigma: ArrayLike, s: int, dim: int) -> Array:
    values = as_finite("sigma", sigma, error=TaskError)
    if values.shape not in ((), (s,), (dim,)):
        raise ShapeError(
            f"Argument `sigma` must be a scalar or have one entry per concept, shape ({s},), or per "
            f"coordinate, shape ({dim},), but its shape is {values.shape}."
        )
    not_negative("sigma", values, error=TaskError)
    if values.shape == (dim,):
        return values
    padded = np.zeros(dim)
    padded[:s] = values
    return padded


def _cluster_weights(weights: ArrayLike | None, clusters: int) -> Array:
    if weights is None:
        return np.full(clusters, 1.0 / clusters)
    values = as_finite("weights", weights, error=TaskError)
    if values.shape != (clusters,):
        raise ShapeError(
            f"Argument `weights` must hold one entry for each of {clusters} clusters, "
            f"but its shape is {values.shape}."
        )
    not_negative("weights", values, error=TaskError)
    tolerance = rounding(weights, double=1e-9)
    if abs(values.sum() - 1.0) > tolerance:
        raise TaskError(
            f"Argument `weights` must sum to 1, but its sum is {values.sum():.12g}. "
            "Divide it by its sum."
        )
    return values / values.sum() if tolerance > 1e-9 else values


def _orthogonal(rotation: ArrayLike, dim: int) -> Array:
    values = as_finite("rotation", rotation, error=TaskError)
    if values.shape != (dim, dim):
        raise ShapeError(
            f"Argument `rotation` must have shape ({dim}, {dim}), but its shape is {values.shape}."
        )
    off = float(np.abs(values.T @ values - np.eye(dim)).max())
    tolerance = rounding(rotation, double=1e-8)
    if off > tolerance:
        raise TaskError(
            f"Argument `rotation` must be orthogonal, but RᵀR differs from the identity by {off:.3g}. "
            "Take the Q factor of np.linalg.qr, or scipy.stats.ortho_group."
        )
    if tolerance > 1e-8:  # came in short floats: the nearest orthogonal matrix
        left, _, right = np.linalg.svd(values)
        return np.asarray(left @ right)
    return values
