"""Clusters of given points, such as the labels of a data set."""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_finite, increasing, positive, positive_int, shares
from simtheory._faces import face
from simtheory._typing import ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError
from simtheory.results import Curve
from simtheory.sim.percolation.simulation import sites

__all__ = ["clusters", "links", "mass_ratio"]


@face
def links(points: ArrayLike, radius: float, *, period: float | None = None) -> IntArray:
    """Return the pairs of points that lie within a distance.

    Parameters
    ----------
    points : array_like, shape (n, d)
        The points.
    radius : float
        Points at most this far apart are linked.
    period : float, optional
        Side of the torus on which the points lie. Default: no torus.

    Returns
    -------
    ndarray of int, shape (E, 2)
        The pairs, each once.

    Raises
    ------
    ShapeError
        If the points are no rows.
    ArgumentError
        If the radius is not positive, or half the period is below it.
    """
    from scipy.spatial import cKDTree  # slow to import

    given, far = as_finite("points", points), positive("radius", radius)
    if given.ndim != 2 or not given.size:
        raise ShapeError(
            f"Argument `points` must have shape (n, d), but its shape is {given.shape}."
        )
    box = None
    if period is not None:
        box = positive("period", period)
        if box < 2.0 * far:
            raise ArgumentError(
                f"Argument `period` must be at least twice the radius, {2 * far:g}, but it is {box:g}."
            )
        given = np.mod(given, box)
        given[given == box] = 0.0  # mod rounds up to the period itself
    return np.asarray(cKDTree(given, boxsize=box).query_pairs(far, output_type="ndarray"))


@face
def clusters(points: ArrayLike, radius: float, *, period: float | None = None) -> IntArray:
    """Number the clusters of points that are linked within a distance, the largest first.

    Parameters
    ----------
    points : array_like, shape (n, d)
        The points.
    radius : float
        Points at most this far apart are linked.
    period : float, optional
        Side of the torus on which the points lie. Default: no torus.

    Returns
    -------
    ndarray of int, shape (n,)
        Number of the cluster of each point: 0 is the largest; among equals the one with the earliest
        point comes first.

    Raises
    ------
    ShapeError
        If the points are no rows.
    ArgumentError
        If the radius is not positive, or half the period is below it.

    Examples
    --------
    >>> clusters([[0.0], [5.0], [5.5], [6.0]], 0.6)
    array([1, 0, 0, 0])
    """
    from scipy.sparse import coo_array  # slow to import
    from scipy.sparse.csgraph import connected_components

    pairs = links(points, radius, period=period)
    n = len(np.asarray(points))
    graph = coo_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, found = connected_components(graph, directed=False)
    first = np.unique(found, return_index=True)[1]
    order = np.lexsort((first, -np.bincount(found)))
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return np.asarray(rank[found], dtype=np.intp)


@face
def mass_ratio(
    points: ArrayLike,
    radius: float,
    kept: ArrayLike,
    *,
    draws: int = 100,
    period: float | None = None,
    rng: np.random.Generator | int,
) -> Curve:
    """Share of the kept points that the largest cluster holds, over the share that is kept.

    Parameters
    ----------
    points : array_like, shape (n, d)
        The points, such as the labels of a training set.
    radius : float
        Points at most this far apart are linked.
    kept : array_like, shape (X,)
        Increasing shares of points, each kept independently.
    draws : int
        Random orders in which points are added; each gives all shares.
    period : float, optional
        Side of the torus on which the points lie. Default: no torus.
    rng : numpy.random.Generator or int
        Gives the key of the draws.

    Returns
    -------
    Curve
        Row ``largest``, with its standard error over draws.

    Raises
    ------
    ShapeError
        If the points are no rows, or the shares no row.
    ArgumentError
        If the radius is not positive, half the period is below it, or a share is outside [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> found = mass_ratio(np.arange(20.0)[:, None], 1.0, [0.5, 1.0], rng=0)
    >>> float(found.row("largest")[-1])
    1.0
    """
    wanted = np.atleast_1d(shares("kept", kept))
    if wanted.ndim != 1 or not wanted.size:
        raise ShapeError(f"Argument `kept` must have shape (X,), but its shape is {wanted.shape}.")
    increasing("kept", wanted)
    pairs = links(points, radius, period=period)
    count = positive_int("draws", draws)
    n = len(np.asarray(points))
    run = sites(pairs if len(pairs) else np.zeros((1, 2), dtype=np.intp), n, runs=count, rng=rng)
    found = run.curve(wanted)
    row = found.rows.index("largest")
    return Curve(
        wanted,
        found.values[:, [row]],
        rows=("largest",),
        x_name="share of points kept",
        errors=None if found.errors is None else found.errors[:, [row]],
        origin="sim.percolation.mass_ratio",
        stats={"radius": float(radius), "draws": count, "points": n},
    )
