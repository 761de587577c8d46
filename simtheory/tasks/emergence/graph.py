"""Concept graphs: classes, which of them are trained, how often, and how strongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb, prod
from typing import Any, ClassVar

import numpy as np

from simtheory._checks import (
    all_positive,
    as_finite,
    as_generator,
    frozen,
    frozen_again,
    non_negative_int,
    not_negative,
    one_of,
    positive_int,
)
from simtheory._faces import face
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ShapeError, TaskError
from simtheory.tasks._plain import Plain, short
from simtheory.tasks.emergence._arguments import (
    as_counts,
    as_names,
    as_sizes,
    as_weights,
    as_whole,
    check_train,
    check_values,
)
from simtheory.tasks.emergence._words import one_or_all, rows_in, rows_of, values_in
from simtheory.tasks.emergence.boundaries import Boundaries
from simtheory.tasks.emergence.codes import CODES, PRESENCE, Code, words_of

__all__ = ["ConceptGraph"]

_MOST = 2**20
"""Most classes that are listed; of a larger graph classes must be named."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ConceptGraph(Plain):
    """Classes of a concept graph, some of which are trained.

    Parameters
    ----------
    train : array_like of int, shape (K, n)
        The trained classes, each once: one value for each concept, counted from 0.
    mu : array_like, shape () or (n,)
        Strength of each concept, from 1e-70 to 1e70.
    sigma : array_like, shape () or (n,)
        Spread of the data along the coordinates of each concept, a standard deviation.
    weights : array_like, shape (K,), optional
        Frequencies of the trained classes, positive, with sum one. Default: equal.
    values : int or array_like of int, shape (n,), optional
        Number of values of each concept, at least 2. Default: 2, or as many as `names` gives.
    names : mapping, optional
        From the name of each concept to the names of its values.
    code : Code
        What stands for a value: `Presence`, `Signed` or `OneHot`.

    Raises
    ------
    TaskError
        If a class stands twice, a value is outside its concept, or a number breaks its rule.
    ShapeError
        If shapes do not fit.

    References
    ----------
    okawa2023, park2024.

    Examples
    --------
    >>> graph = ConceptGraph([[0, 0], [1, 0], [0, 1]], sigma=0.1)
    >>> graph.classes.tolist(), graph.distances.tolist()
    ([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    """

    kind: ClassVar[str] = "emergence"
    _noun: ClassVar[str] = "concept graph"

    train: IntArray
    mu: Array
    sigma: Array
    weights: Array
    values: IntArray
    names: Mapping[str, tuple[str, ...]] | None
    code: Code

    def __init__(
        self,
        train: ArrayLike,
        *,
        mu: ArrayLike = 1.0,
        sigma: ArrayLike = 0.0,
        weights: ArrayLike | None = None,
        values: ArrayLike | None = None,
        names: Mapping[str, Any] | None = None,
        code: Code = PRESENCE,
    ) -> None:
        trained = as_whole("train", train)
        if trained.ndim != 2 or 0 in trained.shape:
            raise ShapeError(
                "Argument `train` must have shape (K, n), a row for each trained class, but its shape is "
                f"{trained.shape}."
            )
        if type(code).__hash__ is None:
            raise TaskError(
                "Argument `code` must have a hash, as frozen dataclasses do, but an object of "
                f"{type(code).__name__} has none. Make it a frozen dataclass."
            )
        n = trained.shape[1]
        called = None if names is None else as_names(names, n)
        counts = as_counts(values, called, n)
        check_train(trained, counts, called)
        found = {
            "train": frozen(trained),
            "mu": as_sizes("mu", all_positive("mu", mu, error=TaskError), n),
            "sigma": as_sizes("sigma", not_negative("sigma", sigma, error=TaskError), n),
            "weights": as_weights(weights, trained),
            "values": frozen(counts),
            "names": called,
            "code": code,
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    @classmethod
    def star(
        cls,
        n: int,
        *,
        mu: ArrayLike = 1.0,
        sigma: ArrayLike = 0.0,
        weights: ArrayLike | None = None,
        names: Mapping[str, Any] | None = None,
        code: Code = PRESENCE,
    ) -> ConceptGraph:
        """Return the graph of n concepts whose trained classes have at most one concept on.

        Parameters
        ----------
        n : int
            Number of concepts.
        mu, sigma, weights, names, code : optional
            As in the constructor; the weights are those of 0…0, 10…0, 010…0 and so on.

        Returns
        -------
        ConceptGraph
            n + 1 trained classes.

        Examples
        --------
        >>> ConceptGraph.star(3).train.tolist()
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
        """
        return cls.ball(n, 1, mu=mu, sigma=sigma, weights=weights, names=names, code=code)

    @classmethod
    def ball(
        cls,
        n: int,
        radius: int,
        *,
        mu: ArrayLike = 1.0,
        sigma: ArrayLike = 0.0,
        weights: ArrayLike | None = None,
        names: Mapping[str, Any] | None = None,
        code: Code = PRESENCE,
    ) -> ConceptGraph:
        """Return the graph of n concepts whose trained classes have at most `radius` concepts on.

        Parameters
        ----------
        n : int
            Number of concepts.
        radius : int
            Most concepts that are on in a trained class, at most n.
        mu, sigma, weights, names, code : optional
            As in the constructor; the weights follow the number of concepts that are on.

        Returns
        -------
        ConceptGraph
            The graph.

        Examples
        --------
        >>> ConceptGraph.ball(4, 2).train.shape
        (11, 4)
        """
        n, radius = positive_int("n", n), non_negative_int("radius", radius)
        if radius > n:
            raise TaskError(
                f"Argument `radius` must be at most the number of concepts, {n}, but it is {radius}."
            )
        total = 0
        for r in range(radius + 1):
            total += comb(n, r)
            if total * n > 20 * _MOST:
                raise TaskError(
                    f"Arguments `n` and `radius` must give at most {20 * _MOST // n} trained classes, but "
                    f"they give more: those with at most {r} concepts on are {total}."
                )
        rows = np.zeros((total, n), dtype=np.intp)
        on = (places for r in range(radius + 1) for places in combinations(range(n), r))
        for row, places in zip(rows, on, strict=True):
            row[list(places)] = 1
        return cls(rows, mu=mu, sigma=sigma, weights=weights, names=names, code=code)

    @property
    def n(self) -> int:
        """Number of concepts."""
        return int(self.train.shape[1])

    @property
    def dim(self) -> int:
        """Number of coordinates of the code, m."""
        return int(self.concepts.size)

    @property
    def concepts(self) -> IntArray:
        """Concept of each coordinate, shape (m,)."""
        widths = [words.shape[1] for words in self._words()]
        return np.repeat(np.arange(self.n), widths)

    @property
    def concept_names(self) -> tuple[str, ...]:
        """Names of the concepts: those given, or their places."""
        return tuple(self.names or (f"concept {i + 1}" for i in range(self.n)))

    @property
    def spread(self) -> Array:
        """Standard deviation of the data along each coordinate, shape (m,)."""
        return np.asarray(self.sigma[self.concepts])

    @property
    def classes(self) -> IntArray:
        """Every class, in the order of counting, the last concept fastest, shape (V, n).

        Raises TaskError if there are more than 2**20.
        """
        total = self.n_classes
        if total > _MOST:
            raise TaskError(
                f"The graph must have at most 2**20 classes to list all, but it has {total}. Name those that "
                "you ask for: pass `classes=` (--class)."
            )
        grid = np.unravel_index(np.arange(total), tuple(self.values))
        return np.stack(grid, axis=-1).astype(np.intp)

    @property
    def n_classes(self) -> int:
        """Number of classes, V, exact."""
        return prod(self.values.tolist())

    @property
    def trained(self) -> Any:
        """Whether each of `classes` is trained, array of bool, shape (V,)."""
        return self.distances == 0

    @property
    def distances(self) -> IntArray:
        """Number of concepts in which each of `classes` differs from the nearest trained one, shape (V,)."""
        return self.distance(self.classes)

    @property
    def centroids(self) -> Array:
        """Mean of the data of each trained class, shape (K, m)."""
        return self.encode(self.train)

    @property
    def mean(self) -> Array:
        """Mean of the data, shape (m,)."""
        return np.asarray(self.weights @ self.centroids)

    @property
    def second_moment(self) -> Array:
        """Second moment E[x xᵀ] of the data, not centred, shape (m, m)."""
        centroids = self.centroids
        return np.asarray(
            (centroids.T * self.weights) @ centroids + np.diag(np.square(self.spread))
        )

    def distance(self, classes: ArrayLike) -> IntArray:
        """Return the number of concepts in which classes differ from the nearest trained one.

        Parameters
        ----------
        classes : array_like of int, shape (P, n)
            Classes.

        Returns
        -------
        ndarray of int, shape (P,)
            Distances; 0 for a trained class.
        """
        asked = self.checked(classes)
        nearest = np.full(len(asked), self.n, dtype=np.intp)
        for known in self.train:
            np.minimum(nearest, (asked != known).sum(axis=1), out=nearest)
        return nearest

    def composable(self, classes: ArrayLike) -> Any:
        """Return whether every value of a class is shown by some trained class.

        A class that is not composable asks for a value that no data show.

        Parameters
        ----------
        classes : array_like of int, shape (P, n)
            Classes.

        Returns
        -------
        ndarray of bool, shape (P,)
            Whether each is.
        """
        asked = self.checked(classes)
        seen = np.zeros((self.n, int(self.values.max())), dtype=bool)
        seen[np.arange(self.n), self.train] = True
        return seen[np.arange(self.n), asked].all(axis=1)

    def checked(self, classes: ArrayLike, *, name: str = "classes") -> IntArray:
        """Return classes as integers, after checking that each is one of the graph.

        Parameters
        ----------
        classes : array_like of int, shape (P, n)
            Classes.
        name : str
            What an error calls them.

        Returns
        -------
        ndarray of int, shape (P, n)
            The same.

        Raises
        ------
        TaskError
            If a value is outside its concept.
        ShapeError
            If the shape is another.
        """
        asked = as_whole(name, classes)
        if asked.ndim != 2 or asked.shape[1] != self.n:
            raise ShapeError(
                f"Argument `{name}` must have shape (P, {self.n}), but its shape is {asked.shape}."
            )
        check_values(name, asked, self.values, self.names)
        return asked

    def encode(self, classes: ArrayLike, *, gain: ArrayLike = 1.0) -> Array:
        """Return the prompts of classes, which are the means of their data.

        Parameters
        ----------
        classes : array_like of int, shape (P, n)
            Classes.
        gain : array_like, shape (), (n,) or (P, n)
            What multiplies the strength of each concept in the prompt.

        Returns
        -------
        ndarray, shape (P, m)
            Gain times strength times code.
        """
        asked = self.checked(classes)
        factors = as_finite("gain", gain)
        if factors.shape not in ((), (self.n,), asked.shape):
            raise ShapeError(
                f"Argument `gain` must be a number or have shape ({self.n},) or {asked.shape}, but its shape "
                f"is {factors.shape}."
            )
        strength = np.broadcast_to(factors * self.mu, asked.shape)
        parts = [strength[:, i, None] * words[asked[:, i]] for i, words in enumerate(self._words())]
        return np.concatenate(parts, axis=1)

    def decode(self, outputs: ArrayLike) -> IntArray:
        """Return the class whose code is nearest to an output, concept by concept.

        Parameters
        ----------
        outputs : array_like, shape (..., m)
            Outputs, such as samples.

        Returns
        -------
        ndarray of int, shape (..., n)
            Values; of two that are equally near, the first.
        """
        given = self._outputs(outputs)
        concepts = self.concepts
        found = []
        for i, words in enumerate(self._words()):
            codes = self.mu[i] * words
            scores = given[..., concepts == i] @ codes.T - 0.5 * np.sum(codes**2, axis=1)
            found.append(scores.argmax(axis=-1))
        return np.stack(found, axis=-1)

    def boundaries(self, classes: ArrayLike) -> Boundaries:
        """Return where outputs show the values of a class rather than others.

        Parameters
        ----------
        classes : array_like of int, shape (P, n)
            Classes.

        Returns
        -------
        Boundaries
            Normals and offsets of the shares.
        """
        asked = self.checked(classes)
        concepts = self.concepts
        rows = np.repeat(np.arange(self.n), self.values - 1)
        normals = np.zeros((len(asked), rows.size, concepts.size))
        offsets = np.zeros((len(asked), rows.size))
        start = 0
        for i, words in enumerate(self._words()):
            count = len(words)
            rivals = np.array([[u for u in range(count) if u != v] for v in range(count)])
            gaps = words[:, None] - words[rivals]  # of own value and rival, a row for each pair
            sizes = np.sum(gaps**2, axis=-1)
            ways = gaps / (self.mu[i] * sizes[..., None])
            zeros = -np.sum(gaps * words[rivals], axis=-1) / sizes
            here = slice(start, start + count - 1)
            normals[:, here, concepts == i] = ways[asked[:, i]]
            offsets[:, here] = zeros[asked[:, i]]
            start += count - 1
        return Boundaries(normals, offsets, rows)

    def shares(self, outputs: ArrayLike, classes: ArrayLike) -> Array:
        """Return how far outputs have come from the nearest other value of each concept to the own one.

        Parameters
        ----------
        outputs : array_like, shape (..., P, m)
            Outputs for each class.
        classes : array_like of int, shape (P, n)
            Classes.

        Returns
        -------
        ndarray, shape (..., P, n)
            0 at the code of another value, 1 at the own; the concept is right above ½.
        """
        given = self._outputs(outputs)
        walls = self.boundaries(classes)
        if given.ndim < 2 or given.shape[-2] != len(walls.offsets):
            raise ShapeError(
                f"Argument `outputs` must have shape (..., {len(walls.offsets)}, {self.dim}), a row for each "
                f"class, but its shape is {given.shape}."
            )
        every = np.einsum("...pm,prm->...pr", given, walls.normals) + walls.offsets
        starts = np.flatnonzero(np.diff(walls.concepts, prepend=-1))
        return np.asarray(np.minimum.reduceat(every, starts, axis=-1))

    def name(self, values: ArrayLike) -> str:
        """Return the name of a class: the names of its values, or its digits.

        Parameters
        ----------
        values : array_like of int, shape (n,)
            A class.

        Returns
        -------
        str
            Such as ``"triangle, large, blue"``, or ``"101"`` of a graph without names.
        """
        one = as_whole("values", values)
        if one.shape != (self.n,):
            raise ShapeError(
                f"Argument `values` must have shape ({self.n},), but its shape is {one.shape}."
            )
        check_values("values", one[None], self.values, self.names)
        if self.names is None:
            return ("" if self.values.max() <= 10 else "-").join(map(str, one.tolist()))
        return ", ".join(words[v] for words, v in zip(self.names.values(), one, strict=True))

    def named(self, words: Sequence[str], *, what: str = "Argument `words`") -> IntArray:
        """Return the classes that words name: what `name` says, read back.

        Parameters
        ----------
        words : sequence of str, length P
            Digits, as ``"101"``; or numbers or names of values, with commas, spaces or hyphens between.
        what : str
            What an error calls them, the first words of its sentence.

        Returns
        -------
        ndarray of int, shape (P, n)
            The classes.

        Raises
        ------
        ArgumentError
            If a word names no class of the graph.

        Examples
        --------
        >>> ConceptGraph([[0, 0]], names={"a": ["x", "y"], "b": ["u", "v"]}).named(["y, u", "01"]).tolist()
        [[1, 0], [0, 1]]
        """
        counts = self.values.tolist()
        rows = [values_in(one, what, n=self.n, names=self.names, counts=counts) for one in words]
        return np.array(rows, dtype=np.intp).reshape(len(rows), self.n)

    def sample(self, n: int, *, rng: np.random.Generator | int) -> tuple[Array, IntArray]:
        """Draw data of the trained classes, at their frequencies.

        Parameters
        ----------
        n : int
            Number of points.
        rng : numpy.random.Generator or int
            Source of randomness.

        Returns
        -------
        x : ndarray, shape (n, m)
            Points.
        rows : ndarray of int, shape (n,)
            The trained class of each, a row of `train`.
        """
        draw = as_generator(rng)
        total = self.weights.sum()
        rows = draw.choice(len(self.train), size=positive_int("n", n), p=self.weights / total)
        noise = draw.standard_normal((n, self.dim))
        return self.centroids[rows] + self.spread * noise, np.asarray(rows, dtype=np.intp)

    def to_dict(self) -> dict[str, Any]:
        """Return the graph as plain numbers, words and lists, ready for JSON or TOML.

        Returns
        -------
        dict
            The arguments of the constructor; the code by its name.
        """
        found: dict[str, Any] = {
            name: getattr(self, name).tolist()
            for name in ("train", "mu", "sigma", "weights", "values")
        }
        if self.names is not None:
            found["names"] = {name: list(words) for name, words in self.names.items()}
        return {**found, "code": self.code.name}

    @classmethod
    def _parsed(cls, values: dict[str, Any]) -> dict[str, Any]:
        if "code" in values and not isinstance(values["code"], Code):
            values["code"] = CODES[one_of("code", values["code"], CODES)]
        if "train" in values:
            values["train"] = rows_in(values["train"], values.get("names"))
        return values

    __setstate__ = frozen_again

    def __repr__(self) -> str:
        parts = [f"<{len(self.train)} of {self.n_classes} classes>"]
        parts += [f"mu={one_or_all(self.mu)}", f"sigma={one_or_all(self.sigma)}"]
        if np.ptp(self.weights) > 1e-12:
            parts.append(f"weights={short(self.weights)}")
        return f"ConceptGraph({', '.join([*parts, f'code={self.code}'])})"

    def __str__(self) -> str:
        return rows_as_text("Concept graph", rows_of(self))

    def _repr_html_(self) -> str:
        return rows_as_html("Concept graph", rows_of(self))

    def _words(self) -> list[Array]:
        return [words_of(self.code, count) for count in self.values.tolist()]

    def _outputs(self, outputs: ArrayLike) -> Array:
        given = as_finite("outputs", outputs)
        if given.ndim < 1 or given.shape[-1] != self.dim:
            raise ShapeError(
                f"Argument `outputs` must have shape (..., {self.dim}), but its shape is {given.shape}."
            )
        return given
