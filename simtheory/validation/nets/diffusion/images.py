r"""Rendered images of one object, with concepts of adjustable strength.

Problem
-------
The images of the papers hold an object of some colour and size before some background. How strong a
concept is can be set: the distance between the two colours, or between the two sizes.

Symbols
-------
v_k : value of concept k, 0 or 1, and in a prompt any number; mu_k : its strength; G(v) : the image.

Result
------
==============  ===========================  ===================  ================================
concept         0                            1                    strength mu
==============  ===========================  ===================  ================================
``colour``      red (½+μ/2, ½−μ/2, ½−μ/2)    blue, the mirror     distance of red from blue
``size``        radius .45 + μ/2             radius .45 − μ/2     distance of the radii
``background``  light grey (.9, .9, .9)      darker, by μ, green  distance of the grey and the green
``shape``       disc                         μ of the way from a  1 is a triangle
                                             disc to a triangle
==============  ===========================  ===================  ================================

The image spans [−1, 1]², so a radius of 1 fills it; colours run from 0 to 1, and data from −1 to 1.
The condition of the denoiser is :math:`\mu_k(2v_k - 1)`: a strength scales the condition as well. Position,
colour, radius and background of every image are shaken a little, which the condition leaves out.

Reading
-------
The *concept signal* of the papers, :math:`\|\partial G/\partial v_k\|`, is what `signals` measures:
how far apart two images are, all pixels together. It compares concepts of different kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from simtheory._checks import as_finite, as_generator, as_seed, one_of, positive_int, shares
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError
from simtheory.validation.nets.diffusion.classifier import Classifier, train_classifier
from simtheory.validation.nets.diffusion.worlds import World

__all__ = ["CONCEPTS", "ConceptImages"]

CONCEPTS = {"colour": 0.8, "size": 0.4, "background": 0.5, "shape": 1.0}
"""The concepts and their usual strengths."""

_LARGEST = {"colour": 1.0, "size": 0.8, "background": 0.9, "shape": 1.0}
_POSITION = 0.1  # half the range of the object's place, on both axes
_SHAKE = 1.0 / 8.0  # half the range of a concept's jitter, as a share of its strength
_JUDGED = 500  # images of each class that the classifier learns from
_SEED = 2**31  # of these images, the same for every seed of a denoiser
_EDGE = 0.5  # width of the object's edge, in pixels


@face
@dataclass(frozen=True, slots=True)
class ConceptImages(World):
    """Images of an object, conditioned on the concepts they hold.

    Parameters
    ----------
    concepts : tuple of {"colour", "size", "background", "shape"}
        Which concepts vary; the others keep the value 0.
    strengths : tuple of float, optional
        Strength of each. Default: those of `CONCEPTS`.
    pixels : int
        Side of the image.
    trained_classes : tuple of tuple of {0, 1}, optional
        The training classes. Default: no concept, and each single one, so that combinations are
        out of distribution.
    weights : tuple of float, optional
        Frequency of each training class, positive, with sum one. Default: equal.

    Raises
    ------
    ArgumentError
        If a concept is unknown or comes twice, a strength is out of range, a class is none, or weights
        are no frequencies.

    Examples
    --------
    >>> world = ConceptImages(("colour", "size"), strengths=(0.2, 0.4))
    >>> world.signals.round(2)
    array([1.53, 4.43])
    >>> world.render([[1, 1]]).shape
    (1, 8, 8, 3)
    """

    concepts: tuple[str, ...] = ("colour", "size")
    strengths: tuple[float, ...] | None = None
    pixels: int = 8
    trained_classes: tuple[tuple[int, ...], ...] | None = None
    weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.concepts, tuple) or not self.concepts:
            raise ArgumentError(
                "Argument `concepts` must be a tuple of names, such as ('colour', 'size'), "
                f"but it is {self.concepts!r}."
            )
        names = tuple(one_of("concepts", name, CONCEPTS) for name in self.concepts)
        if len(set(names)) < len(names):
            raise ArgumentError(f"Argument `concepts` must hold each name once, but it is {names}.")
        given = [CONCEPTS[name] for name in names] if self.strengths is None else self.strengths
        values = as_finite("strengths", given)
        if values.shape != (len(names),):
            raise ShapeError(
                f"Argument `strengths` must hold one number for each of {len(names)} concepts, "
                f"but its shape is {values.shape}."
            )
        for name, value in zip(names, values, strict=True):
            if not 0.0 < value <= _LARGEST[name]:
                raise ArgumentError(
                    f"Argument `strengths` of {name} must lie in (0, {_LARGEST[name]:g}], "
                    f"but it is {value:g}."
                )
        if positive_int("pixels", self.pixels) < 4:
            raise ArgumentError(f"Argument `pixels` must be at least 4, but it is {self.pixels}.")
        object.__setattr__(self, "concepts", names)
        object.__setattr__(self, "strengths", tuple(float(v) for v in values))
        object.__setattr__(self, "trained_classes", self._classes())
        if self.weights is not None:
            object.__setattr__(self, "weights", self._frequencies(self.weights))

    def _frequencies(self, weights: ArrayLike) -> tuple[float, ...]:
        given = shares("weights", weights, ends="(]")
        if given.shape != (len(self.trained),) or abs(given.sum() - 1.0) > 1e-9:
            raise ArgumentError(
                f"Argument `weights` must hold a frequency for each of {len(self.trained)} training "
                f"classes, with sum one, but it is {weights!r}."
            )
        return tuple(float(w) for w in given)

    def _classes(self) -> tuple[tuple[int, ...], ...]:
        n = len(self.concepts)
        if self.trained_classes is None:
            return ((0,) * n, *(tuple(int(k == j) for j in range(n)) for k in range(n)))
        classes = tuple(tuple(row) for row in self.trained_classes)
        known = set(product((0, 1), repeat=n))
        if not classes or len(set(classes)) < len(classes) or not set(classes) <= known:
            raise ArgumentError(
                f"Argument `trained_classes` must hold different rows of {n} zeros and ones, "
                f"but it is {self.trained_classes!r}."
            )
        return tuple(tuple(int(v) for v in row) for row in classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the concepts."""
        return self.concepts

    @property
    def trained(self) -> Array:
        """Concept values of the training classes, shape (K, n)."""
        return np.array(self.trained_classes, dtype=np.float64)

    @property
    def classes(self) -> Array:
        """All classes, shape (2**n, n)."""
        return np.array(list(product((0.0, 1.0), repeat=len(self.concepts))))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one data point."""
        return (self.pixels, self.pixels, 3)

    @property
    def precision(self) -> str:
        """Numbers that nets train in."""
        return "float32"

    @property
    def signals(self) -> Array:
        """Distance between images that differ in one concept, mean over the others, shape (n,)."""
        classes = self.classes
        images = self.render(classes)
        result = []
        for k in range(len(self.concepts)):
            off, on = images[classes[:, k] == 0], images[classes[:, k] == 1]
            result.append(np.sqrt(((on - off) ** 2).sum(axis=(1, 2, 3))).mean())
        return np.array(result)

    def judge(self) -> Classifier:
        """Return a classifier, trained on all classes in seconds."""
        return _judge(self)

    def condition(self, values: ArrayLike) -> Array:
        """Return the conditions that the denoiser is given.

        Parameters
        ----------
        values : array_like, shape (P, n)
            Concept values; any numbers, so that a prompt may ask for more than there is.

        Returns
        -------
        ndarray, shape (P, n)
            Strength times 2v − 1.
        """
        return np.asarray(np.array(self.strengths) * (2.0 * self._values(values) - 1.0))

    def render(self, values: ArrayLike, *, rng: np.random.Generator | int | None = None) -> Array:
        """Return images.

        Parameters
        ----------
        values : array_like, shape (N, n)
            Concept values of each.
        rng : numpy.random.Generator or int, optional
            Source of the jitter. Default: none, the class's centre.

        Returns
        -------
        ndarray, shape (N, pixels, pixels, 3)
            Images, from −1 to 1.
        """
        source = None if rng is None else as_generator(rng)
        marks = self._values(values)
        value = dict.fromkeys(CONCEPTS, np.zeros(len(marks)))
        strength = dict(CONCEPTS)
        for k, name in enumerate(self.concepts):
            value[name], strength[name] = marks[:, k], self.strengths[k]  # type: ignore[index]

        def shake(half: float, columns: int) -> Array:
            if source is None:
                return np.zeros((len(marks), columns))
            return source.uniform(-half, half, (len(marks), columns))

        tint = 0.5 * strength["colour"] * (1.0 - 2.0 * value["colour"])
        green = np.full(len(marks), 0.5 - 0.5 * strength["colour"])
        paint = np.stack([0.5 + tint, green, 0.5 - tint], axis=1)
        paint = paint + shake(strength["colour"] * _SHAKE, 3)
        radius = 0.45 + strength["size"] * (0.5 - value["size"])
        radius = radius + shake(strength["size"] * _SHAKE, 1)[:, 0]
        dark = strength["background"] * value["background"]
        wall = 0.9 - dark[:, None] * np.array([1.0, 0.4, 1.0])
        wall = wall + shake(strength["background"] * _SHAKE, 3)
        place = shake(_POSITION, 2)
        mask = self._mask(radius, place, strength["shape"] * value["shape"])[..., None]
        image = mask * paint[:, None, None, :] + (1.0 - mask) * wall[:, None, None, :]
        return np.asarray(2.0 * image - 1.0)

    def _mask(self, radius: Array, place: Array, morph: Array) -> Array:
        """Share of each pixel that the object covers, from the distance to its edge."""
        axis = (np.arange(self.pixels) + 0.5) * (2.0 / self.pixels) - 1.0
        x = axis[None, None, :] - place[:, 0, None, None]
        y = axis[None, :, None] - place[:, 1, None, None]
        disc = radius[:, None, None] - np.hypot(x, y)
        # an equilateral triangle of the same area, by its inscribed circle
        inner = radius[:, None, None] * np.sqrt(np.pi / (3.0 * np.sqrt(3.0)))
        sides = [x * np.sin(a) + y * np.cos(a) for a in 2.0 * np.pi / 3.0 * np.arange(3)]
        triangle = inner - np.max(sides, axis=0)
        inside = disc + morph[:, None, None] * (triangle - disc)
        with np.errstate(over="ignore"):  # 0 far outside
            return np.asarray(1.0 / (1.0 + np.exp(-inside * (self.pixels / (2.0 * _EDGE)))))

    def data(self, samples: int, *, seed: int) -> tuple[Array, Array]:
        """Return the training set of a seed.

        Parameters
        ----------
        samples : int
            Images per training class.
        seed : int
            The seed.

        Returns
        -------
        x : ndarray, shape (N, pixels, pixels, 3)
            The images.
        condition : ndarray, shape (N, n)
            Their conditions.
        """
        stream = np.random.SeedSequence(as_seed("seed", seed), spawn_key=(0,))
        values = np.repeat(self.trained, positive_int("samples", samples), axis=0)
        return self.render(values, rng=np.random.default_rng(stream)), self.condition(values)

    def _values(self, values: ArrayLike | Sequence[Sequence[float]]) -> Array:
        marks = as_finite("values", values)
        if marks.ndim != 2 or marks.shape[1] != len(self.concepts):
            raise ShapeError(
                f"Argument `values` must have shape (N, {len(self.concepts)}), one column for each "
                f"of {', '.join(self.concepts)}, but its shape is {marks.shape}."
            )
        return marks


@lru_cache(maxsize=8)
def _judge(world: ConceptImages) -> Classifier:
    """Return the judge of a world, which is the same whenever it is trained."""
    values = np.repeat(world.classes, _JUDGED, axis=0)
    rng = np.random.default_rng(_SEED)
    images, fresh = world.render(values, rng=rng), world.render(values, rng=rng)
    return train_classifier(images, fresh, values)
