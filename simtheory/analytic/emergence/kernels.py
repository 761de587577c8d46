r"""Lazy nets on a concept graph: kernel regression, what is never learned, and what fine-tuning destroys.

Problem
-------
A wide net in the lazy regime is kernel regression, and on a concept graph its kernel depends on the number
of values that two classes share, their *overlap*. Gradient flow from zero gives

.. math:: f(v, t) = k_v (I - e^{-PKt}) K^{-1} Y .

Symbols
-------
K : kernel of the trained classes, (K, K); k_v : kernel of class v with them; P : frequencies as a diagonal
matrix; Y : codes of the trained classes; rho : kernel of two classes that differ in one concept, where the
kernel is :math:`\rho^{\text{distance}}`.

Reading
-------
Affine regression extrapolates to every class. A kernel that falls with the distance forgets: on the star a
class with d concepts on ends at :math:`\rho^{d-1}`, so beyond some d it is *never* learned. Fine-tuning on one
class moves its neighbours along, which destroys some of them.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import (
    as_finite,
    as_times,
    non_negative_int,
    number,
    positive_int,
    share,
    shares,
)
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic.emergence.regression import Modes, times_of
from simtheory.errors import ArgumentError, ShapeError
from simtheory.labels import implements
from simtheory.tasks.emergence import ConceptGraph

__all__ = [
    "critical_overlap",
    "fine_tuned",
    "kernel_regression",
    "kernel_times",
    "memorisation_leak",
]

_MOST = 8192
"""Most trained classes: their kernel is a dense matrix."""


@implements(
    "overlap-kernel",
    title="Flow of any kernel of the overlap, on any split",
    regime="lazy nets, squared error, gradient flow, kernel positive semidefinite",
    source="okawa2023",
    where="derived here from the linear flow in function space",
)
@face
def kernel_regression(
    graph: ConceptGraph,
    overlap: ArrayLike,
    t: ArrayLike,
    *,
    classes: ArrayLike | None = None,
    start: ArrayLike | None = None,
) -> Array:
    """Return the outputs of kernel regression for classes, as shares of the strengths.

    Parameters
    ----------
    graph : ConceptGraph
        Trained classes, frequencies and code. Strengths and spread do not enter.
    overlap : array_like, shape () or (n + 1,)
        A number ρ in [0, 1), for the kernel ρ^distance; or the kernel of two classes that share
        0, 1, …, n values.
    t : array_like, shape (T,)
        Canonical times.
    classes : array_like of int, shape (P, n), optional
        Classes. Default: all.
    start : array_like, shape (V, m), optional
        Outputs for every class of the graph before training, as a result of this function for another
        split: fine-tuning. Default: zero.

    Returns
    -------
    ndarray, shape (T, P, m)
        Outputs in units of the strength of their concept.

    Raises
    ------
    ArgumentError
        If the kernel is not positive semidefinite on the trained classes.
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> from simtheory.tasks import okawa2023
    >>> ends = kernel_regression(okawa2023.main_split(), 0.8, [1e6])[0]
    >>> ends[[1, 3, 7]].max(axis=1).round(3)
    array([1.  , 0.8 , 0.64])
    """
    times = as_times(t)
    modes, before, _ = kernel_modes(graph, overlap, classes, start)
    risen = -np.expm1(-np.outer(times, modes.rates))
    told = np.einsum("tj,pj,jm->tpm", risen, modes.inputs, modes.outputs, optimize=True)
    return np.asarray(before + told)


@face
def kernel_times(
    graph: ConceptGraph,
    overlap: ArrayLike,
    *,
    classes: ArrayLike | None = None,
    level: float = 0.5,
) -> Array:
    """Return when kernel regression has learned each class for good.

    Parameters
    ----------
    graph : ConceptGraph
        Trained classes, frequencies and code. Strengths and spread do not enter.
    overlap : array_like, shape () or (n + 1,)
        A number ρ in [0, 1), for the kernel ρ^distance; or the kernel of two classes that share
        0, 1, …, n values.
    classes : array_like of int, shape (P, n), optional
        Classes. Default: all.
    level : float
        Share of the way from any other value of a concept to the own one that counts as learned, in
        (0, 1).

    Returns
    -------
    ndarray, shape (P,)
        Canonical times; 0 if a class is right from the start, inf if it never is for good.

    Raises
    ------
    ArgumentError
        If the kernel is not positive semidefinite on the trained classes.

    Examples
    --------
    >>> from simtheory.tasks import okawa2023
    >>> kernel_times(okawa2023.main_split(), 0.7, classes=[[0, 0, 1], [0, 1, 1], [1, 1, 1]]).round(3)
    array([ 4.018, 12.82 ,    inf])
    """
    height = share("level", level)
    modes, _, asked = kernel_modes(graph, overlap, classes)
    plain = modes._replace(outputs=modes.outputs * graph.mu[graph.concepts])
    return times_of(plain, graph, asked, height)


def kernel_modes(
    graph: ConceptGraph,
    overlap: ArrayLike,
    classes: ArrayLike | None,
    start: ArrayLike | None = None,
) -> tuple[Modes, Array, IntArray]:
    """Return the modes of kernel regression, in units of the strengths; the start; and the classes."""
    asked = graph.classes if classes is None else graph.checked(classes)
    if len(graph.train) > _MOST:
        raise ArgumentError(
            f"Argument `graph` must have at most {_MOST} trained classes, but it has {len(graph.train)}."
        )
    values = _kernel(overlap, graph.n)
    roots = np.sqrt(graph.weights)
    among = values[_overlaps(graph.train, graph.train)]
    rates, axes = np.linalg.eigh(roots[:, None] * among * roots)
    floor = len(rates) * np.finfo(float).eps * max(abs(rates[0]), rates[-1])
    if rates[0] < -10.0 * floor:
        raise ArgumentError(
            "Argument `overlap` must be a positive semidefinite kernel on the trained classes, but its "
            f"smallest eigenvalue, weighted by the frequencies, is {rates[0]:.3g}."
        )
    kept = rates > floor
    rates, axes = rates[kept], axes[:, kept]
    missing = graph.centroids / graph.mu[graph.concepts]
    before = np.zeros((len(asked), graph.dim))
    if start is not None:
        known = as_finite("start", start)
        if known.shape != (graph.n_classes, graph.dim):
            raise ShapeError(
                f"Argument `start` must have shape ({graph.n_classes}, {graph.dim}), a row for each class of "
                f"the graph, but its shape is {known.shape}."
            )
        places = tuple(graph.values.tolist())
        missing = missing - known[np.ravel_multi_index(tuple(graph.train.T), places)]
        before = known[np.ravel_multi_index(tuple(asked.T), places)]
    # k (I - e^{-PKt}) K⁻¹ y = k √P Q [(1 - e^{-λt})/λ] Qᵀ √P y, which needs no inverse of K
    seen = (values[_overlaps(asked, graph.train)] * roots) @ axes
    told = axes.T @ (roots[:, None] * missing) / rates[:, None]
    return Modes(rates, seen, told), before, asked


def _kernel(overlap: ArrayLike, n: int) -> Array:
    """Return the kernel by the number of shared values, shape (n + 1,)."""
    given = as_finite("overlap", overlap)
    if given.ndim == 0:
        rho = share("overlap", float(given), ends="[)")
        return np.asarray(np.power(rho, np.arange(n, -1, -1.0)))
    if given.shape != (n + 1,):
        raise ShapeError(
            f"Argument `overlap` must be a number or have shape ({n + 1},), the kernel at 0 to {n} shared "
            f"values, but its shape is {given.shape}."
        )
    if given[-1] <= 0:
        raise ArgumentError(
            f"Argument `overlap` must end with a positive kernel, of a class with itself, but that is "
            f"{given[-1]:g}."
        )
    return given


def _overlaps(some: IntArray, others: IntArray) -> IntArray:
    """Return how many values classes share, shape (P, K)."""
    found = np.zeros((len(some), len(others)), dtype=np.intp)
    for here, there in zip(some.T, others.T, strict=True):
        found += here[:, None] == there
    return found


@implements(
    "memorisation-leak",
    title="What a kernel that falls with the distance learns of far classes",
    regime="the star, kernel ρ^distance, after training",
    source="okawa2023",
    where="derived here from overlap-kernel",
)
@face
def memorisation_leak(rho: ArrayLike, d: int) -> Array:
    """Return where a concept that is on ends, for a class of d concepts, on the star.

    Concepts that are off end at 0. So the class is never learned if this is below ½.

    Parameters
    ----------
    rho : array_like
        Kernel of two classes that differ in one concept, in [0, 1].
    d : int
        Number of concepts that are on in the class, at least 1.

    Returns
    -------
    ndarray, shape of rho
        ρ^(d−1).

    Examples
    --------
    >>> [float(memorisation_leak(0.8, d).round(3)) for d in (1, 2, 3, 4)]
    [1.0, 0.8, 0.64, 0.512]
    """
    return np.asarray(np.power(shares("rho", rho), positive_int("d", d) - 1.0))


@face
def critical_overlap(d: int) -> float:
    """Return the ρ below which a class of d concepts is never learned, on the star.

    Parameters
    ----------
    d : int
        Number of concepts that are on in the class, at least 2.

    Returns
    -------
    float
        2^(−1/(d−1)).

    Examples
    --------
    >>> [round(critical_overlap(d), 4) for d in (2, 3, 4, 5)]
    [0.5, 0.7071, 0.7937, 0.8409]
    """
    if positive_int("d", d) < 2:
        raise ArgumentError(
            f"Argument `d` must be at least 2, but it is {d}: one concept is trained."
        )
    return float(0.5 ** (1.0 / (d - 1)))


@implements(
    "kernel-finetune",
    title="What fine-tuning on one class does to every other",
    regime="lazy nets, kernel ρ^distance, tuning on a single class",
    source="okawa2023",
    where="derived here from overlap-kernel",
)
@face
def fine_tuned(
    before: ArrayLike, t: ArrayLike, *, rho: float, distance: int, tuned: float, target: float
) -> Array:
    """Return an output of a class while another class is fine-tuned.

    Parameters
    ----------
    before : array_like, shape (...)
        Output of the class before.
    t : array_like, shape (T,)
        Canonical times of fine-tuning.
    rho : float
        Kernel of two classes that differ in one concept, in [0, 1].
    distance : int
        Number of concepts in which the class differs from the tuned one.
    tuned : float
        Output of the tuned class before.
    target : float
        What the tuned class is tuned to.

    Returns
    -------
    ndarray, shape (T, ...)
        before + ρ^distance (target − tuned)(1 − e^(−t)).

    Examples
    --------
    >>> fine_tuned([0.286, 0.986, 0.560], [1e3], rho=0.7, distance=2, tuned=0.846, target=1.0).round(3)
    array([[0.361, 1.061, 0.635]])
    """
    times, held = as_times(t), as_finite("before", before)
    pull = share("rho", rho, ends="[]") ** non_negative_int("distance", distance)
    gap = number("target", target) - number("tuned", tuned)
    risen = -np.expm1(-times).reshape(-1, *(1,) * held.ndim)
    return np.asarray(held + pull * gap * risen)
