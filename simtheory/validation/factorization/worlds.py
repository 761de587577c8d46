r"""Images of two factors to learn: labels as a code, and a judge that finds the centre of a sample.

Problem
-------
A net learns to draw a bump, or two crossing stripes, at the place that a label names. It sees some labels and is
asked for others. What counts as right, and in which form it is told the label, decide what it seems to learn.

Symbols
-------
c : label, two numbers in pixels; N : side of the image; L : period of a code; τ : tolerance in pixels.

Result
------
A sample is *right* where the template that matches it best, on a grid of ¼ pixel, lies within τ of the label on
both axes. Pixels are standardised: mean 0 and variance 1 over all labels in view. A *code* turns a label into the numbers of a condition:

==============  ==============================================================================
code            numbers of each factor
==============  ==============================================================================
`Sinusoids`     :math:`\sin, \cos(2\pi k c / L)` for all wavelengths down to the shortest
`LocalBumps`    bumps of a width, one at each pixel
`OneHot`        1 at the nearest pixel
`Ramp`          the label itself, from -1 to 1
`Joint`         none: :math:`\sin, \cos(w \cdot c)` of both factors, at random wave vectors w
==============  ==============================================================================

Reading
-------
The first four are factorised by construction, so a net that is too has learned nothing of it. The other criterion
in use, a cosine with the true image above .9, has a tolerance that grows with the width of the shape.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_seed, flag, non_negative_int, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.tasks import BumpTask
from simtheory.tasks.factorization import Random
from simtheory.validation.nets.diffusion.worlds import Judge, World

__all__ = [
    "BumpImages",
    "CentreJudge",
    "Code",
    "Joint",
    "LocalBumps",
    "OneHot",
    "Ramp",
    "Sinusoids",
]

_GRID = 0.25
"""Spacing of templates in pixels; the pixels' mean and variance are taken over them too."""
_WIDEST = 1e4
"""Largest space of labels, in pixels, that codes are made for: beyond, they have too many numbers to learn from."""


@face
class Code(ABC):
    """How a label is told to a net.

    A code of your own gives `encode`; make it a frozen dataclass, so that its printed form names its numbers.
    """

    __slots__ = ()

    @property
    def separate(self) -> bool:
        """Whether the first half of the numbers says x and the second y."""
        return True

    @abstractmethod
    def encode(self, labels: Array, *, extent: float, periodic: bool) -> Array:
        """Return the numbers of a condition.

        Parameters
        ----------
        labels : ndarray, shape (n, 2)
            Labels in pixels.
        extent : float
            The largest label; the smallest is 0.
        periodic : bool
            Whether both are one place.

        Returns
        -------
        ndarray, shape (n, c)
            The numbers.
        """


@face
@dataclass(frozen=True, slots=True)
class Sinusoids(Code):
    """Sines and cosines of each factor alone, at all wavelengths L/k down to the shortest.

    Parameters
    ----------
    shortest : float
        Shortest wavelength, in pixels.
    period : float, optional
        The longest, L. Default: the range of labels on a torus, and twice the range elsewhere, so that no two
        labels look alike.
    """

    shortest: float = 4.0
    period: float | None = None

    def __post_init__(self) -> None:
        positive("shortest", self.shortest)
        if self.period is not None and positive("period", self.period) < self.shortest:
            raise ArgumentError(
                f"Argument `period` must be at least the shortest wavelength, {self.shortest:g}, "
                f"but it is {self.period:g}."
            )

    def encode(self, labels: Array, *, extent: float, periodic: bool) -> Array:
        """Return the numbers of a condition."""
        places, far = _given(labels, extent, joined=periodic)
        longest = self.period or (far if periodic else 2.0 * far)
        waves = np.arange(1, int(longest / self.shortest + 1e-9) + 1)
        angles = 2.0 * np.pi * places[:, :, None] * waves / longest
        return np.concatenate([np.sin(angles), np.cos(angles)], axis=2).reshape(len(places), -1)


@face
@dataclass(frozen=True, slots=True)
class LocalBumps(Code):
    """Bumps of each factor alone, one at each pixel of its range: a population of cells.

    Parameters
    ----------
    width : float
        Width of a bump, in pixels.
    """

    width: float = 1.0

    def __post_init__(self) -> None:
        positive("width", self.width)

    def encode(self, labels: Array, *, extent: float, periodic: bool) -> Array:
        """Return the numbers of a condition."""
        places, far = _given(labels, extent, joined=periodic)
        apart = _to_cells(places, far, periodic=periodic)
        return np.asarray(np.exp(-((apart / self.width) ** 2) / 2.0).reshape(len(places), -1))


@face
@dataclass(frozen=True, slots=True)
class OneHot(Code):
    """A one at the pixel nearest to each factor: no two values look more alike than others."""

    def encode(self, labels: Array, *, extent: float, periodic: bool) -> Array:
        """Return the numbers of a condition."""
        places, far = _given(labels, extent, joined=periodic)
        apart = np.abs(_to_cells(places, far, periodic=periodic))
        return np.asarray(apart == apart.min(axis=2, keepdims=True), float).reshape(len(places), -1)


@face
@dataclass(frozen=True, slots=True)
class Ramp(Code):
    """Each factor as one number, from -1 at the lowest to 1 at the highest."""

    def encode(self, labels: Array, *, extent: float, periodic: bool) -> Array:
        """Return the numbers of a condition."""
        places, far = _given(labels, extent, joined=periodic)
        return np.asarray(2.0 * places / far - 1.0)


@face
@dataclass(frozen=True, slots=True)
class Joint(Code):
    """Sines and cosines of both factors together, at random wave vectors: a code that is not factorised.

    Parameters
    ----------
    waves : int
        Number of wave vectors; each gives two numbers.
    shortest : float
        Shortest wavelength of either factor, in pixels.
    seed : int
        Seed of the wave vectors. On a torus they are whole multiples of 2π/L, none along an axis.
    """

    waves: int = 8
    shortest: float = 4.0
    seed: int = 0

    def __post_init__(self) -> None:
        positive_int("waves", self.waves)
        positive("shortest", self.shortest)
        as_seed("seed", self.seed)

    @property
    def separate(self) -> bool:
        """Every number says both factors."""
        return False

    def encode(self, labels: Array, *, extent: float, periodic: bool) -> Array:
        """Return the numbers of a condition."""
        places, far = _given(labels, extent, joined=periodic)
        longest = far if periodic else 2.0 * far
        most = int(longest / self.shortest + 1e-9)
        one = np.concatenate([np.arange(-most, 0), np.arange(1, most + 1)])
        half = one[one > 0]  # w and -w give the same numbers
        every = np.stack(np.meshgrid(half, one, indexing="ij"), axis=-1).reshape(-1, 2)
        rng = np.random.default_rng(self.seed)
        chosen = every[rng.permutation(len(every))[: self.waves]]
        if len(chosen) < self.waves:
            raise ArgumentError(
                f"Argument `waves` must be at most {len(every)} at a shortest wavelength of "
                f"{self.shortest:g} pixels, but it is {self.waves}."
            )
        angles = 2.0 * np.pi * places @ chosen.T / longest
        return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


def _pairs(name: str, value: ArrayLike) -> Array:
    """Return labels as an array (n, 2)."""
    found = as_finite(name, value)
    if found.ndim != 2 or found.shape[1] != 2:
        raise ShapeError(
            f"Argument `{name}` must have shape (n, 2), two labels a row, but its shape is {found.shape}."
        )
    return found


def _given(labels: ArrayLike, extent: float, *, joined: bool) -> tuple[Array, float]:
    """Check the arguments of `encode`; return labels and extent."""
    flag("periodic", joined)
    if positive("extent", extent) > _WIDEST:
        raise ArgumentError(
            f"Argument `extent` must be at most {_WIDEST:g} pixels, but it is {extent:g}."
        )
    return _pairs("labels", labels), float(extent)


def _to_cells(labels: Array, extent: float, *, periodic: bool) -> Array:
    """Return distances (n, 2, cells) from each factor to cells one pixel apart."""
    cells = np.arange(int(np.ceil(extent)) + (not periodic))
    return _wrapped(labels[:, :, None] - cells, extent if periodic else None)


def _wrapped(gap: Array, period: float | None) -> Array:
    return gap if period is None else gap - period * np.round(gap / period)


@face
@dataclass(frozen=True, slots=True)
class CentreJudge(Judge):
    """Finds the centre of a sample, and counts it as right within a tolerance of the label on both axes.

    Parameters
    ----------
    tolerance : float
        Tolerance τ, in pixels.
    grid : float
        Spacing of the templates' centres, in pixels.
    task : BumpTask, optional
        Whose images are judged; `BumpImages.judge` fills it in.
    """

    tolerance: float = 1.0
    grid: float = _GRID
    task: BumpTask | None = None

    def __post_init__(self) -> None:
        positive("tolerance", self.tolerance)
        positive("grid", self.grid)

    def place(self, points: Array) -> Array:
        """Return the centres (N, 2) of samples, in pixels: those of the templates with the largest cosine."""
        task = self._task
        looks = _looks(_bare(task), self.grid)
        shapes = (np.asarray(points) * looks.size + looks.mean).reshape(len(points), -1)
        return np.asarray(looks.centres[(shapes @ looks.templates.T).argmax(axis=1)])

    def right(self, placed: Array, asked: Array) -> Array:
        """Return which coordinates lie within the tolerance of the label."""
        task = self._task
        gap = _wrapped(np.asarray(placed) - asked, task.extent if task.periodic else None)
        return np.asarray(np.abs(gap) < self.tolerance)

    def alike(self, points: ArrayLike, labels: ArrayLike) -> Array:
        """Return the cosine of each sample with the true image, both without background.

        The criterion "above .9" has a tolerance that grows with the width of the shape, so accuracies by it and
        by the centre are never compared.

        Parameters
        ----------
        points : array_like, shape (N, side, side, 1)
            Samples, in the units of the world's data.
        labels : array_like, shape (N, 2)
            Labels that were asked for, in pixels.

        Returns
        -------
        ndarray, shape (N,)
            The cosines.
        """
        task, given = self._task, as_finite("points", points)
        wanted = as_finite("labels", labels)
        if given.ndim < 2 or given.size != len(given) * task.side**2:
            raise ShapeError(
                f"Argument `points` must have shape (N, {task.side}, {task.side}, 1), "
                f"but its shape is {given.shape}."
            )
        if wanted.shape != (len(given), 2):
            raise ShapeError(
                f"Argument `labels` must have shape ({len(given)}, 2), but its shape is {wanted.shape}."
            )
        looks = _looks(_bare(task), self.grid)
        seen = (given * looks.size + looks.mean).reshape(len(given), -1)
        true = _shapes(task, wanted).reshape(len(given), -1)
        sizes = np.linalg.norm(seen, axis=1) * np.linalg.norm(true, axis=1)
        return np.asarray((seen * true).sum(axis=1) / np.maximum(sizes, 1e-300))

    @property
    def _task(self) -> BumpTask:
        if self.task is None:
            raise ArgumentError(
                "Argument `task` of CentreJudge must be a BumpTask here. Take the judge of a world: "
                "BumpImages(task, judged_by=CentreJudge()).judge()."
            )
        return self.task


class _Looks(NamedTuple):
    """Centres (m, 2) on a grid of the window, their shapes of length one (m, pixels), and the pixels' units."""

    centres: Array
    templates: Array
    mean: float
    size: float


def _shapes(task: BumpTask, labels: Array) -> Array:
    """Return images without background, (n, side, side)."""
    images = task.render(labels)
    return np.asarray(images - 1.0 if task.dark else images)


def _pixels(task: BumpTask, labels: Array) -> Array:
    """Return images (n, side, side, 1) as nets see them: standardised over all labels in view."""
    looks = _looks(_bare(task), _GRID)
    return np.asarray((_shapes(task, labels)[..., None] - looks.mean) / looks.size)


def _bare(task: BumpTask) -> BumpTask:
    """Return the task without what does not change the look of an image."""
    return replace(task, layout=Random(1), held_out=None)


@lru_cache(maxsize=8)
def _looks(task: BumpTask, grid: float) -> _Looks:
    low, high = task.space.view
    one = np.arange(low, high - 1e-9 if task.periodic else high + 1e-9, grid)
    centres = np.stack(np.meshgrid(one, one, indexing="ij"), axis=-1).reshape(-1, 2)
    shapes = _shapes(task, centres).reshape(len(centres), -1)
    lengths = np.linalg.norm(shapes, axis=1, keepdims=True)
    return _Looks(
        centres,
        np.asarray(shapes / lengths, np.float32),
        float(shapes.mean()),
        float(shapes.std()),
    )


@face
@dataclass(frozen=True, slots=True)
class BumpImages(World):
    """Images of two factors, conditioned on their labels.

    Parameters
    ----------
    task : BumpTask
        Shapes, training labels and what is held out.
    code : Code
        How a label is told to the net.
    judged_by : CentreJudge
        What counts as right.
    leaked : int
        Number of held-out labels that the training set has all the same.

    Raises
    ------
    TaskError
        If labels are leaked and nothing is held out.

    Examples
    --------
    >>> from simtheory.tasks.factorization import BumpTask, Random
    >>> world = BumpImages(BumpTask(side=16, layout=Random(40), periodic=True))
    >>> x, condition = world.data(64, seed=0)
    >>> x.shape, condition.shape
    ((64, 16, 16, 1), (64, 16))
    """

    task: BumpTask
    code: Code = field(default_factory=Sinusoids)
    judged_by: CentreJudge = field(default_factory=CentreJudge)
    leaked: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.task, BumpTask):
            raise TaskError(f"Argument `task` must be a BumpTask, but got {self.task!r}.")
        if non_negative_int("leaked", self.leaked) and self.task.held_out is None:
            raise TaskError(
                f"Argument `leaked` must be 0 where nothing is held out, but it is {self.leaked}."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The factors."""
        return ("x", "y")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return (self.task.side, self.task.side, 1)

    @property
    def precision(self) -> str:
        """Nets of images train in ``"float32"``."""
        return "float32"

    @property
    def prompts(self) -> Array:
        """Labels that are asked for unless others are, shape (200, 2)."""
        return np.asarray(self.task.queries(200, rng=0))

    def words(self, value: int) -> IntArray:
        """Return which numbers of the condition say a factor; all of them where a code mixes both."""
        which = non_negative_int("value", value)
        if which > 1:
            raise ArgumentError(f"Argument `value` must be 0 for x or 1 for y, but it is {which}.")
        every = np.arange(self.condition(np.zeros((1, 2))).shape[1], dtype=np.intp)
        return np.split(every, 2)[which] if self.code.separate else every

    def judge(self) -> CentreJudge:
        """Return the judge of this task's images."""
        return replace(self.judged_by, task=self.task)

    def condition(self, values: ArrayLike) -> Array:
        """Return the codes of labels.

        Parameters
        ----------
        values : array_like, shape (P, 2)
            Labels, in pixels.

        Returns
        -------
        ndarray, shape (P, c)
            Their codes.
        """
        labels, task = _pairs("values", values), self.task
        return np.asarray(
            self.code.encode(labels, extent=task.extent, periodic=task.periodic), np.float64
        )

    def images(self, labels: ArrayLike) -> Array:
        """Return images as the net sees them.

        Parameters
        ----------
        labels : array_like, shape (P, 2)
            Labels, in pixels.

        Returns
        -------
        ndarray, shape (P, side, side, 1)
            Images, pixels standardised.
        """
        return _pixels(self.task, _pairs("labels", labels))

    def data(self, samples: int, *, seed: int) -> tuple[Array, Array]:
        """Return the training set of a seed, its labels repeated up to a number of rows.

        With rows to spare every size of training set has one shape, and one compiled loop serves all.

        Parameters
        ----------
        samples : int
            Rows; at least the number of training labels.
        seed : int
            Draws the labels.

        Returns
        -------
        x : ndarray, shape (samples, side, side, 1)
            Images, pixels standardised.
        condition : ndarray, shape (samples, c)
            Codes of their labels.
        """
        rows = positive_int("samples", samples)
        labels = self.labels(seed=seed)
        if len(labels) > rows:
            raise ArgumentError(
                f"Argument `samples` must be at least the number of training labels, {len(labels)}, "
                f"but it is {rows}."
            )
        chosen = np.arange(rows) % len(labels)
        return _pixels(self.task, labels)[chosen], self.condition(labels)[chosen]

    def labels(self, *, seed: int) -> Array:
        """Return the training labels of a seed, each once.

        Parameters
        ----------
        seed : int
            The seed.

        Returns
        -------
        ndarray, shape (n, 2)
            Labels, in pixels.
        """
        stream = np.random.SeedSequence(as_seed("seed", seed), spawn_key=(0,))
        rng = np.random.default_rng(stream)
        labels = self.task.labels(rng=rng)
        if not self.leaked:
            return np.asarray(labels)
        return np.concatenate([labels, self.task.queries(self.leaked, rng=rng)])
