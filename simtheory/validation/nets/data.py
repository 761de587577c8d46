r"""What a network is trained on, and in which order it sees it.

=====================  =====================================================================
data                   what a seed trains on
=====================  =====================================================================
``Samples(n)``         n points per cluster, drawn once for each seed
``Points(x)``          points of your own, shared by the seeds or one set for each
``Fresh()``            new points in every step: the population, as stochastic gradients see it
=====================  =====================================================================

Targets are the inputs, or the answers of a `LinearTask`, with Gaussian noise on each label if asked for. A finite set keeps its noise;
fresh points bring fresh noise.

A minibatch comes from a finite set in one of three orders. ``epochs`` shuffles the set for each
pass and takes it apart without replacement; what is left at the end is a smaller batch. ``once``
shuffles it for the first pass only, as the released runs of yang2024 do. ``independent`` draws with
replacement, so that steps are independent.

A linear net without biases sees n points through their moments only, so in full-batch training d
points serve it as well (`condensed`): with X = QR, the rows of :math:`\sqrt{d/n}\,R` and the
targets :math:`\sqrt{d/n}\,Q^TY` give the same mean squared distance at every map, up to a constant,
and so the same gradients.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simtheory._checks import as_finite, frozen, not_negative, one_of, positive_int
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ShapeError
from simtheory.tasks import LinearTask, SIMTask

__all__ = ["ORDERS", "Data", "Fresh", "Points", "Samples", "Source", "condensed"]

ORDERS = ("epochs", "once", "independent")


@face
class Source(NamedTuple):
    """Where fresh points come from: x = centre + spread z, y = B x + noise z', with normal z and z'.

    Parameters
    ----------
    centres : ndarray, shape (K, d)
        Centres of the clusters.
    log_weights : ndarray, shape (K,)
        Logarithm of the weight of each.
    spread : ndarray, shape (d, d)
        Spread around the centres.
    noise : ndarray, shape (), or None
        Standard deviation of the noise on each target.
    teacher : ndarray, shape (k, d), or None
        The map B; None where targets are inputs.
    """

    centres: Any
    log_weights: Any
    spread: Any
    noise: Any
    teacher: Any = None


@face
class Data(ABC):
    """What each seed is trained on.

    Data of your own give `shape` and `draw`; make them a frozen dataclass, so that their printed form
    names their numbers, or print a digest of their arrays as `Points` does.
    """

    __slots__ = ()

    @property
    def order(self) -> str:
        """How minibatches are taken, one of `ORDERS`."""
        return "epochs"

    @abstractmethod
    def shape(self, task: SIMTask | LinearTask, *, seeds: Sequence[int]) -> tuple[int, int, int]:
        """Return the shape (S, n, d) of the inputs of some seeds.

        Parameters
        ----------
        task : SIMTask or LinearTask
            The task.
        seeds : sequence of int, length S
            The seeds.

        Returns
        -------
        (int, int, int)
            Number of seeds, points of a seed, and dimensions.
        """

    @abstractmethod
    def draw(self, task: SIMTask | LinearTask, *, seeds: Sequence[int]) -> tuple[Array, Array]:
        """Return the data of some seeds; those of a seed depend on it and on the task alone.

        Parameters
        ----------
        task : SIMTask or LinearTask
            The task.
        seeds : sequence of int, length S
            The seeds.

        Returns
        -------
        x : ndarray, shape (S, n, d)
            Inputs.
        y : ndarray, shape (S, n, k)
            Targets; `x` itself where they are the inputs.
        """

    def source(self, task: SIMTask | LinearTask) -> Source | None:
        """Return where each step draws new points from, if it does; `draw` then gives the watched ones.

        Parameters
        ----------
        task : SIMTask or LinearTask
            The task.

        Returns
        -------
        Source or None
            The source; None for a finite set.
        """
        return None


@face
@dataclass(frozen=True, slots=True)
class Samples(Data):
    """Points drawn from the task, once for each seed.

    Parameters
    ----------
    per_cluster : int
        Points per cluster.
    order : {"epochs", "once", "independent"}
        How minibatches are taken: reshuffled for each pass, shuffled once, or with replacement.
    label_noise : float
        Variance of Gaussian noise on each target.

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.1)
    >>> x, y = Samples(5).draw(task, seeds=(0, 1, 2))
    >>> x.shape, y is x
    ((3, 10, 2), True)
    """

    per_cluster: int = 1000
    order: str = "epochs"
    label_noise: float = 0.0

    def __post_init__(self) -> None:
        positive_int("per_cluster", self.per_cluster)
        one_of("order", self.order, ORDERS)
        not_negative("label_noise", self.label_noise)

    def shape(self, task: SIMTask | LinearTask, *, seeds: Sequence[int]) -> tuple[int, int, int]:
        """Return the shape (S, n, d) of the inputs of some seeds."""
        return len(seeds), self.per_cluster * _clusters(task), task.dim

    def draw(self, task: SIMTask | LinearTask, *, seeds: Sequence[int]) -> tuple[Array, Array]:
        """Return the data of some seeds; those of a seed depend on it and on the task alone."""
        x = _sampled(task, self.per_cluster, seeds)
        return x, _noisy(_answers(task, x), self.label_noise, seeds)


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Points(Data):
    """Given points.

    Parameters
    ----------
    x : array_like, shape (n, d) or (S, n, d)
        Inputs, shared by all seeds or one set for each.
    order : {"epochs", "once", "independent"}
        How minibatches are taken: reshuffled for each pass, shuffled once, or with replacement.
    label_noise : float
        Variance of Gaussian noise on each target.
    labels : array_like, shape (n, k) or (S, n, k), optional
        Targets. Default: the inputs, or the answers of a `LinearTask`.
    """

    x: Array
    order: str = "epochs"
    label_noise: float = 0.0
    labels: Array | None = None

    def __post_init__(self) -> None:
        x = as_finite("x", self.x)
        if x.ndim not in (2, 3) or x.size == 0:
            raise ShapeError(
                f"Argument `x` must have shape (n, d) or (S, n, d), but its shape is {x.shape}."
            )
        object.__setattr__(self, "x", frozen(x))
        if self.labels is not None:
            labels = as_finite("labels", self.labels)
            if labels.shape[:-1] != x.shape[:-1] or not labels.size:
                raise ShapeError(
                    "Argument `labels` must hold a label for each point of `x`, whose shape is "
                    f"{x.shape}, but its shape is {labels.shape}."
                )
            object.__setattr__(self, "labels", frozen(labels))
        one_of("order", self.order, ORDERS)
        not_negative("label_noise", self.label_noise)

    def shape(self, task: SIMTask | LinearTask, *, seeds: Sequence[int]) -> tuple[int, int, int]:
        """Return the shape (S, n, d) of the inputs of some seeds."""
        if self.x.shape[-1] != task.dim:
            raise ShapeError(
                f"Argument `data` must hold points of {task.dim} dimensions, but the shape of its `x` "
                f"is {self.x.shape}."
            )
        if self.x.ndim == 3 and len(self.x) != len(seeds):
            raise ShapeError(
                f"Argument `data` must hold one set of points for each of {len(seeds)} seeds, or one "
                f"for all, but the shape of its `x` is {self.x.shape}."
            )
        if self.labels is not None and self.labels.shape[-1] != task.n_outputs:
            raise ShapeError(
                f"Argument `data` must hold labels of {task.n_outputs} outputs, but the shape of its "
                f"`labels` is {self.labels.shape}."
            )
        return len(seeds), self.x.shape[-2], task.dim

    def draw(self, task: SIMTask | LinearTask, *, seeds: Sequence[int]) -> tuple[Array, Array]:
        """Return the data of some seeds."""
        x = np.broadcast_to(self.x, self.shape(task, seeds=seeds))
        y = _answers(task, x)
        if self.labels is not None:
            y = np.broadcast_to(self.labels, (*x.shape[:-1], task.n_outputs))
        return x, _noisy(y, self.label_noise, seeds)

    def __repr__(self) -> str:
        held = self.x.tobytes() + (b"" if self.labels is None else self.labels.tobytes())
        mark = hashlib.sha256(held).hexdigest()[:12]
        return (
            f"Points(<{'×'.join(map(str, self.x.shape))} {mark}>, order={self.order!r}, "
            f"label_noise={self.label_noise!r})"
        )


@face
@dataclass(frozen=True, slots=True)
class Fresh(Data):
    """New points in every step, as many as the batch holds.

    Parameters
    ----------
    watched : int
        Points per cluster on which the training loss is looked at; no step is made on them.
    label_noise : float
        Variance of Gaussian noise on each target of a step; the loss that is looked at has none.
    """

    watched: int = 1000
    label_noise: float = 0.0

    def __post_init__(self) -> None:
        positive_int("watched", self.watched)
        not_negative("label_noise", self.label_noise)

    def shape(self, task: SIMTask | LinearTask, *, seeds: Sequence[int]) -> tuple[int, int, int]:
        """Return the shape (S, n, d) of the points on which the loss is looked at."""
        return len(seeds), self.watched * _clusters(task), task.dim

    def draw(self, task: SIMTask | LinearTask, *, seeds: Sequence[int]) -> tuple[Array, Array]:
        """Return the points on which the loss of some seeds is looked at."""
        x = _sampled(task, self.watched, seeds)
        return x, _answers(task, x)

    @property
    def order(self) -> str:
        """How minibatches are taken: each draws for itself."""
        return "independent"

    def source(self, task: SIMTask | LinearTask) -> Source:
        """Return where each step draws new points from; those of a `LinearTask` are Gaussian."""
        noise = np.asarray(np.sqrt(self.label_noise)) if self.label_noise else None
        if isinstance(task, LinearTask):
            spread = np.diag(np.sqrt(task.rates))
            return Source(
                centres=np.zeros((1, task.dim)),
                log_weights=np.zeros(1),
                spread=spread if task.rotation is None else task.rotation @ spread,
                noise=noise,
                teacher=task.teacher,
            )
        with np.errstate(divide="ignore"):  # a cluster of weight zero is never drawn
            return Source(
                centres=task.centroids,
                log_weights=np.log(task.weights),
                spread=task.from_concept_axes(np.diag(task.sigma)).T,
                noise=noise,
            )


@face
def condensed(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Return d points on which every linear map has the mean squared distance that it has on n.

    Parameters
    ----------
    x : ndarray, shape (S, n, d)
        Inputs, more than d of each seed.
    y : ndarray, shape (S, n, k)
        Targets; `x` itself where the targets are the inputs.

    Returns
    -------
    x : ndarray, shape (S, d, d)
        Inputs.
    y : ndarray, shape (S, d, k)
        Targets; `x` itself if `y` was.
    rest : ndarray, shape (S,)
        Mean squared distance on the n points less that on the d points, the same for every map.

    Notes
    -----
    Costs O(S n d²), once. It holds for squared distances, linear maps without bias and all points
    in every step; nothing else passes through R and QᵀY alone.

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal((1, 100, 2))
    >>> few, same, rest = condensed(x, x)
    >>> few.shape, same is few, float(rest[0])
    ((1, 2, 2), True, 0.0)
    >>> np.allclose((x**2).sum() / 100, (few**2).sum() / 2)
    True
    """
    n, d = x.shape[1:]
    scale = np.sqrt(d / n)
    if y is x:
        few = np.asarray(scale * np.linalg.qr(x, mode="r"))
        return few, few, np.zeros(len(x))
    axes, few = np.linalg.qr(x)
    along = np.swapaxes(axes, -1, -2) @ y
    beyond = y - axes @ along  # of the targets, what no linear map of the inputs reaches
    return np.asarray(scale * few), np.asarray(scale * along), (beyond**2).sum(axis=(1, 2)) / n


def _stream(seed: int, which: int) -> np.random.Generator:
    """Return the data's (0) or the label noise's (2) own stream of a seed; the start's is 1."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(which,)))


def _sampled(task: SIMTask | LinearTask, per_cluster: int, seeds: Sequence[int]) -> Array:
    return np.stack([task.sample(per_cluster, rng=_stream(seed, 0))[0] for seed in seeds])


def _clusters(task: SIMTask | LinearTask) -> int:
    return 1 if isinstance(task, LinearTask) else task.weights.size


def _answers(task: SIMTask | LinearTask, x: Array) -> Array:
    return task.answers(x) if isinstance(task, LinearTask) else x


def _noisy(x: Array, variance: float, seeds: Sequence[int]) -> Array:
    if not variance:
        return x
    noise = np.stack([_stream(seed, 2).standard_normal(x.shape[1:]) for seed in seeds])
    return np.asarray(x + np.sqrt(variance) * noise)
