r"""Affine regression on a concept graph: outputs for every class, and when each is learned for good.

Problem
-------
One affine layer learns to return the data of the trained classes from themselves, by gradient flow on half
the squared error, from zero weights:

.. math:: f(v, t) = W^\star (I - e^{-At}) \varphi(v), \qquad W^\star = (0 \mid I), \qquad
   A = \sum_v p_v \varphi\varphi^{T} + \operatorname{diag}(0, \sigma^2).

Symbols
-------
phi : features (1, mu ∘ c(v)), without the one if there is no bias; A : their second moment; lambda : its
eigenvalues, the rates.

Reading
-------
The bias is what orders classes by distance: the net first learns what the trained classes have in common.
Without it all classes of equal strength are learned together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import as_times, flag, positive, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic._shared.crossings import last_crossing
from simtheory.analytic.descent.momentum import error
from simtheory.errors import RegimeError
from simtheory.labels import implements
from simtheory.tasks.emergence import ConceptGraph

__all__ = ["learning_times", "regression", "regression_descent"]


_BLOCK = 2**22
"""Entries of the largest intermediate array; more classes are taken in blocks."""


_TALL = 64
"""Rows for each column beyond which rows are reduced first: rotations of all of them take ten times as long."""


class Modes(NamedTuple):
    """Eigenvectors of the second moment of the features, and how outputs follow from them."""

    rates: Array  # (J,)
    inputs: Array  # (P, J): component of each class's features
    outputs: Array  # (J, m): what a component gives


def modes_of(features: Array, weights: Array, spread: Array, probes: Array, skip: int) -> Modes:
    """Return the modes of regression on features (K, f), for probes (P, f).

    The first `skip` features are no outputs. The singular values of the weighted features are the roots
    of the rates; so a rate keeps its digits down to 1e-30 of the largest. They are found by Jacobi's
    rotations, which keep those of a concept that is weak beside others.
    """
    from scipy.linalg.lapack import dgejsv

    # with the spread there are more rows than columns, as the routine needs
    rows = np.concatenate([np.sqrt(weights)[:, None] * features, np.diag(spread)])
    if len(rows) > _TALL * rows.shape[1]:
        rows = np.asarray(np.linalg.qr(rows, mode="r"))
    # both sides are asked for: without the left one the routine fails for some square matrices
    sizes, _, axes, scale, _, info = dgejsv(rows, joba=0, jobu=0, jobv=0, jobr=0, jobt=1, jobp=1)
    if info:
        raise RegimeError("The strengths of this graph differ too much for float64.")
    sizes, axes = sizes * (scale[0] / scale[1]), axes.T
    rank = sizes > max(rows.shape) * np.finfo(float).eps * sizes[0]
    axes = axes[rank]
    return Modes(np.square(sizes[rank]), probes @ axes.T, axes[:, skip:])


def _modes(
    graph: ConceptGraph, classes: ArrayLike | None, bias: bool, gain: ArrayLike = 1.0
) -> tuple[Modes, IntArray]:
    asked = graph.classes if classes is None else graph.checked(classes)
    skip = int(flag("bias", bias))
    features, probes = (
        np.concatenate([np.ones((len(codes), skip)), codes], axis=1)
        for codes in (graph.centroids, graph.encode(asked, gain=gain))
    )
    spread = np.concatenate([np.zeros(skip), graph.spread])
    return modes_of(features, graph.weights, spread, probes, skip), asked


@implements(
    "affine-regression",
    title="Affine regression on any concept graph",
    regime="any split, frequency, strength, spread and code; squared error, gradient flow from zero",
    source="okawa2023",
    where="derived here from the linear flow",
)
@face
def regression(
    graph: ConceptGraph, t: ArrayLike, *, classes: ArrayLike | None = None, bias: bool = True
) -> Array:
    """Return the outputs of affine regression for classes, as shares of the strengths.

    Parameters
    ----------
    graph : ConceptGraph
        Trained classes, frequencies, strengths, spread and code.
    t : array_like, shape (T,)
        Canonical times, of gradient flow on half the squared error: learning rate times steps.
    classes : array_like of int, shape (P, n), optional
        Classes. Default: all.
    bias : bool
        Whether the layer has a constant feature.

    Returns
    -------
    ndarray, shape (T, P, m)
        Outputs divided by the strength of their concept; m = n for `Presence` and `Signed` codes of two
        values.

    Notes
    -----
    Errors are about 1e-14 for strengths of one size. Where the trained classes leave directions unseen they grow with
    the square of the ratio between a strong and a weak concept: among 1100 drawn graphs, whose strengths lay between
    1e-3 and 1e3, two had errors above 1e-9 against 50 digits, of at most 4e-9.

    Examples
    --------
    >>> from simtheory.tasks import okawa2023
    >>> regression(okawa2023.main_split(), [3.92], classes=[[1, 1, 1]]).round(3)
    array([[[0.5, 0.5, 0.5]]])
    """
    times = as_times(t)
    modes, _ = _modes(graph, classes, bias)
    with np.errstate(over="ignore"):  # a mode that has come to its end
        spent = np.outer(times, modes.rates)
    return _told(graph, modes, -np.expm1(-spent))


@implements(
    "discrete-descent",
    title="Affine regression by gradient descent in steps of finite size",
    regime="full batch, learning rate below 2/λ of the fastest mode, from zero",
    source="okawa2023",
    where="derived here from gd-linear",
)
@face
def regression_descent(
    graph: ConceptGraph,
    steps: ArrayLike,
    *,
    lr: float,
    classes: ArrayLike | None = None,
    bias: bool = True,
) -> Array:
    """Return the outputs of affine regression after steps of gradient descent, as shares of the strengths.

    Every mode rises as 1 − (1 − ηλ)^s, in place of 1 − e^(−λt) at t = ηs.

    Parameters
    ----------
    graph : ConceptGraph
        Trained classes, frequencies, strengths, spread and code.
    steps : array_like of int, shape (T,)
        Numbers of steps, not negative, rising.
    lr : float
        Learning rate η on half the squared error.
    classes : array_like of int, shape (P, n), optional
        Classes. Default: all.
    bias : bool
        Whether the layer has a constant feature.

    Returns
    -------
    ndarray, shape (T, P, m)
        Outputs divided by the strength of their concept.

    Raises
    ------
    RegimeError
        If descent diverges, which is so from 2/λ of the fastest mode on.

    Examples
    --------
    >>> from simtheory.tasks import okawa2023
    >>> regression_descent(okawa2023.main_split(), [3920], lr=1e-3, classes=[[1, 1, 1]]).round(3)
    array([[[0.5, 0.5, 0.5]]])
    """
    modes, _ = _modes(graph, classes, bias)
    top = float(modes.rates.max(initial=0.0))
    if positive("lr", lr) * top >= 2.0:
        raise RegimeError(
            f"Argument `lr` must be below 2/λ = {2.0 / top:.6g} of the fastest mode, but it is {lr:g}: "
            "descent diverges."
        )
    return _told(graph, modes, 1.0 - error(modes.rates, steps, lr=lr).T)


def modes_for(graph: ConceptGraph, classes: IntArray, bias: bool) -> Modes:
    """Return the modes of affine regression for classes."""
    return _modes(graph, classes, bias)[0]


def _told(graph: ConceptGraph, modes: Modes, risen: Array) -> Array:
    """Return outputs (T, P, m) in units of the strengths, from the share that each mode has risen."""
    outputs = modes.outputs / graph.mu[graph.concepts]
    return np.asarray(np.einsum("tj,pj,jm->tpm", risen, modes.inputs, outputs, optimize=True))


@face
def learning_times(
    graph: ConceptGraph,
    *,
    classes: ArrayLike | None = None,
    level: float = 0.5,
    bias: bool = True,
    gain: ArrayLike = 1.0,
) -> Array:
    """Return when affine regression has learned each class for good.

    Parameters
    ----------
    graph : ConceptGraph
        Trained classes, frequencies, strengths, spread and code.
    classes : array_like of int, shape (P, n), optional
        Classes. Default: all.
    level : float
        Share of the way from any other value of a concept to the own one that counts as learned, in
        (0, 1); ½ is where the own value becomes the nearest.
    bias : bool
        Whether the layer has a constant feature.
    gain : array_like, shape (), (n,) or (P, n)
        What multiplies the strength of each concept in the prompt.

    Returns
    -------
    ndarray, shape (P,)
        Canonical times after which every concept stays right; 0 if it is so from the start, inf if it
        never is.

    Examples
    --------
    >>> from simtheory.tasks import okawa2023
    >>> classes = [[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1]]
    >>> learning_times(okawa2023.main_split(), classes=classes).round(3)
    array([0.   , 1.865, 2.351, 3.92 ])
    """
    height = share("level", level)
    modes, asked = _modes(graph, classes, bias, gain)
    return times_of(modes, graph, asked, height)


def times_of(modes: Modes, graph: ConceptGraph, classes: IntArray, level: float) -> Array:
    """Return when outputs that rise in modes show classes for good, shape (P,)."""
    walls = graph.boundaries(classes)
    times = np.empty(len(classes))
    size = max(1, _BLOCK // (walls.offsets.shape[1] * modes.rates.size or 1))
    for start in range(0, len(classes), size):
        here = slice(start, start + size)
        ways = np.einsum("prm,jm->prj", walls.normals[here], modes.outputs, optimize=True)
        ways *= modes.inputs[here, None, :]
        offsets = walls.offsets[here]
        found = last_crossing(ways.reshape(offsets.size, -1), modes.rates, offsets.ravel(), level)
        times[here] = found.reshape(offsets.shape).max(axis=1)
    return times


def ends_of(modes: Modes, graph: ConceptGraph, classes: IntArray) -> Array:
    """Return the shares of each concept that training ends with, shape (P, n)."""
    return graph.shares(modes.inputs @ modes.outputs, classes)
