r"""Two factors as a graph: which combinations the training pairs determine.

Values of x and of y are nodes and every training pair is an edge. A target f(x) + g(y), such as crossing
stripes or the logarithm of a bump, is determined at an unseen pair exactly where its two nodes lie in one
component: along a path of edges the values of f and g follow from each other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import as_finite, kind_of, positive_int
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError
from simtheory.labels import Computed, implements

__all__ = ["connection_probability", "identifiable_fraction", "identifiable_pairs"]

_ROUNDS = 200
"""Steps of Newton's rule; at the threshold itself they only halve the distance, here to rounding."""


def _numbers(m: ArrayLike, nx: int, ny: int) -> tuple[Array, int, int]:
    given, across, down = as_finite("m", m), positive_int("nx", nx), positive_int("ny", ny)
    if given.size and (given.min() < 0 or given.max() > across * down):
        raise ArgumentError(
            f"Argument `m` must lie between 0 and nx ny = {across * down}, the number of pairs, but it "
            f"runs from {given.min():g} to {given.max():g}."
        )
    return given, across, down


@implements(
    "bipartite-giant",
    title="share of combinations that random pairs determine",
    regime="many values; 1 % at 400 of each",
    exactness="vanishing with the number of values",
    source="liang2024",
    where="derived here from branching of the pairs' graph",
)
@face
def identifiable_fraction(m: ArrayLike, *, nx: int, ny: int) -> Array:
    r"""Share of all combinations that m random training pairs determine, for many values.

    It rises from zero at :math:`m = \sqrt{n_x n_y}`.

    Parameters
    ----------
    m : array_like
        Number of distinct training pairs.
    nx : int
        Number of values of x.
    ny : int
        Number of values of y.

    Returns
    -------
    ndarray, shape of m
        Share of pairs in the giant component.

    Raises
    ------
    ArgumentError
        If there are more pairs than combinations.

    Examples
    --------
    >>> identifiable_fraction([600, 800, 1200], nx=400, ny=400).round(3)
    array([0.34 , 0.635, 0.885])
    """
    given, across, down = _numbers(m, nx, ny)
    least = math.sqrt(across * down)
    pairs = np.maximum(given, least * (1.0 + 1e-9))  # what lies below is answered at once
    u = np.ones_like(given)
    # The law's difference is concave, so Newton's steps from 1 fall to the largest solution.
    for _ in range(_ROUNDS):
        far = np.exp(-pairs * u / down)
        near = np.exp(-pairs * (1.0 - far) / across)
        step = (1.0 - near - u) / (pairs**2 / (across * down) * near * far - 1.0)
        u = np.clip(u - step, 0.0, 1.0)
        if np.all(np.abs(step) <= 1e-15):
            break
    v = -np.expm1(-pairs * u / down)
    return np.asarray(np.where(given <= least, 0.0, u * v))


@implements(
    "bipartite-connected",
    title="chance that random pairs determine every combination",
    regime="100 values of each or more",
    exactness="vanishing with the number of values; the mean E itself is exact",
    source="liang2024",
    where="derived here from isolated values",
)
@face
def connection_probability(m: ArrayLike, *, nx: int, ny: int) -> Array:
    """Probability that m random training pairs determine every combination.

    Parameters
    ----------
    m : array_like
        Number of distinct training pairs.
    nx : int
        Number of values of x.
    ny : int
        Number of values of y.

    Returns
    -------
    ndarray, shape of m
        exp(-E), with E the exact mean number of values that no pair shows.

    Raises
    ------
    ArgumentError
        If there are more pairs than combinations.

    Examples
    --------
    >>> connection_probability([530, 630, 730], nx=100, ny=100).round(3)
    array([0.432, 0.749, 0.906])
    """
    given, across, down = _numbers(m, nx, ny)
    every = float(across * down)

    def isolated(values: int, others: int) -> Array:
        """Mean number of values of one factor, each in `others` pairs, that no pair shows."""
        left = every - others
        with np.errstate(invalid="ignore"):
            log = (
                special.gammaln(left + 1) - special.gammaln(np.maximum(left - given, 0.0) + 1)
                - special.gammaln(every + 1) + special.gammaln(every - given + 1)
            )  # fmt: skip
        return np.asarray(np.where(given > left, 0.0, values * np.exp(log)))

    return np.asarray(np.exp(-isolated(across, down) - isolated(down, across)))


@implements(
    "stripes-suffice",
    kind=Computed(
        r"(x, y)\ \text{determined} \iff \mathbf{e}_x + \mathbf{e}_y \in "
        r"\operatorname{span}\{\mathbf{e}_{x_i} + \mathbf{e}_{y_i}\}"
    ),
    title="combinations that given training pairs determine",
    regime="additive targets f(x) + g(y)",
    source="liang2024",
    where="derived here from the pairs' graph",
)
@face
def identifiable_pairs(pairs: Any, *, nx: int, ny: int) -> NDArray[np.bool_]:
    """Which combinations a set of training pairs determines, for any additive target.

    A stripe alone is a pair too: a value of x with the value "out of view" of y. With all stripes of
    both factors every combination is determined by no two-dimensional example.

    Parameters
    ----------
    pairs : array_like of int, shape (m, 2)
        The training pairs (x, y), numbered from 0.
    nx : int
        Number of values of x.
    ny : int
        Number of values of y.

    Returns
    -------
    ndarray of bool, shape (nx, ny)
        True where f(x) + g(y) follows from the training pairs.

    Raises
    ------
    ShapeError
        If the pairs are no rows of two.
    ArgumentError
        If a pair names a value that is not there.

    Examples
    --------
    >>> identifiable_pairs([(0, 0), (0, 1), (1, 1)], nx=3, ny=2)
    array([[ True,  True],
           [ True,  True],
           [False, False]])
    """
    from scipy.sparse import coo_array  # slow to import
    from scipy.sparse.csgraph import connected_components

    across, down = positive_int("nx", nx), positive_int("ny", ny)
    try:
        given = np.asarray(pairs)
    except ValueError as reason:
        raise ShapeError(
            "Argument `pairs` must have shape (m, 2), but its rows differ in length."
        ) from reason
    except TypeError as reason:
        raise ArgumentError(
            f"Argument `pairs` must be an array of whole numbers, but it is {kind_of(pairs)}."
        ) from reason
    if not given.size:
        return np.zeros((across, down), dtype=bool)
    if given.ndim != 2 or given.shape[1] != 2:
        raise ShapeError(
            f"Argument `pairs` must have shape (m, 2), but its shape is {given.shape}."
        )
    if given.dtype.kind not in "iu":
        raise ArgumentError(
            f"Argument `pairs` must hold whole numbers, but its entries are of the kind {given.dtype}."
        )
    outside = ((given < 0) | (given >= [across, down])).any(1)
    if outside.any():
        bad = int(np.argmax(outside))
        raise ArgumentError(
            f"Argument `pairs` must name x from 0 to {across - 1} and y from 0 to {down - 1}, but pair {bad} "
            f"is {tuple(given[bad].tolist())}."
        )
    x, y = given[:, 0], across + given[:, 1]
    graph = coo_array((np.ones(len(x), dtype=bool), (x, y)), shape=(across + down, across + down))
    _, found = connected_components(graph, directed=False)
    return found[:across, None] == found[None, across:]
