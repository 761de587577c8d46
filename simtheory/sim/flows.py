r"""The gradient flows of linear networks on the identity task.

Problem
-------
A linear network f(x) = W x learns to return its input. In canonical time (`units` converts
optimiser steps) its weights follow the gradient of :math:`\tfrac12 E\|f(x)-x\|^2`, which depends on
the data only through their second moment A.

Symbols
-------
A : uncentred second moment, shape (d, d); W : end-to-end map, shape (d, d); U : weights of a tied
net, shape (d, h); :math:`W_l` : layer l of a deep net, first layer first; L : depth.

Result
------
===========  ====================================  ==============================================
flow         network                               weights
===========  ====================================  ==============================================
`OneLayer`   W                                     :math:`W' = (I-W)A`
`Tied`       :math:`W = UU^T`                      :math:`U' = (A-\tfrac12(WA+AW))U`
`Untied`     :math:`W = W_2W_1`                    as `Deep` with L = 2
`Deep`       :math:`W = W_L\cdots W_1`             :math:`W_l' = (W_L\cdots W_{l+1})^T (I-W)A
                                                   (W_{l-1}\cdots W_1)^T`
===========  ====================================  ==============================================

Reading
-------
A mode grows as w' = a(1−w) in one layer and as w' = 2a w(1−w) in two. The tied flow is integrated
in W, of which the triangle is enough, where W is far from singular. Elsewhere it is integrated in
U: so W stays positive semidefinite, and a row of U only ever mixes with rows, which keeps small
modes beside large ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from simtheory._checks import as_finite, as_matrix, positive_int
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError

__all__ = ["Deep", "Flow", "Init", "Layers", "OneLayer", "State", "Tied", "Untied"]

Layers: TypeAlias = tuple[Array, ...]
Init: TypeAlias = ArrayLike | Sequence[ArrayLike]

# An error of W is weighed against √(w_ii w_jj), and the mode that the last pivot stands for is that
# much smaller: rounding disturbs it by 1e-16 over the pivot, which the flow lets grow by hundreds,
# and steps disturb it likewise. Over drawn nets errors kept to the request from a pivot of 1e-3 on.
_LEAST_PIVOT, _LEAST_PIVOT_ROUNDING = 1e-2, 3e-14


class State(NamedTuple):
    """What the integrator starts from, for some members of an ensemble.

    Parameters
    ----------
    form : {"map", "factor", "chain"}
        How a net is written down: the lower triangle of W, a factor of it, or the layers.
    entries : ndarray, shape (members, n)
        The numbers that are integrated.
    sizes : ndarray of int
        Widths from which the kernel knows the shapes of the matrices.
    group : ndarray of int, shape (n,)
        Group of each entry: errors are measured against the common norm of a group. A map has no
        need of it.
    members : ndarray of int, shape (members,)
        Which members of the ensemble these are.
    """

    form: str
    entries: Array
    sizes: IntArray
    group: IntArray
    members: IntArray


class Flow(ABC):
    """A linear network whose weights follow the gradient.

    The face takes flows as arguments; their methods are what `solve` and `descend` need of them.
    """

    __slots__ = ()

    @property
    def name(self) -> str:
        """Name of the flow, as in the origin of its trajectories."""
        return type(self).__name__

    @property
    @abstractmethod
    def depth(self) -> int:
        """Number of factors of W; near W = I a mode relaxes at depth times its rate."""

    @abstractmethod
    def layers(self, init: Init, dim: int) -> Layers:
        """Return the initial weights as checked arrays.

        Parameters
        ----------
        init : array_like or tuple of array_like
            What the user gave.
        dim : int
            Dimension d of the inputs.

        Returns
        -------
        tuple of ndarray
            The trained matrices; leading axes are ensembles.
        """

    @abstractmethod
    def weights(self, layers: Layers) -> Array:
        """Return the end-to-end map.

        Parameters
        ----------
        layers : tuple of ndarray
            The trained matrices.

        Returns
        -------
        ndarray, shape (..., d, d)
            W.
        """

    @abstractmethod
    def field(self, layers: Layers, second_moment: Array) -> Layers:
        """Return the time derivative of the layers, in canonical time.

        The flow as one would write it; tests hold the compiled right-hand sides against it.

        Parameters
        ----------
        layers : tuple of ndarray
            The trained matrices.
        second_moment : ndarray, shape (..., d, d)
            A, of the population or of a batch.

        Returns
        -------
        tuple of ndarray
            One derivative for each layer.
        """

    @abstractmethod
    def turned(self, layers: Layers, axes: Array) -> Layers:
        """Express the layers in another basis of the inputs; the flow commutes with the turn.

        Parameters
        ----------
        layers : tuple of ndarray
            The trained matrices.
        axes : ndarray, shape (..., d, d)
            Orthogonal; its columns are the new basis.

        Returns
        -------
        tuple of ndarray
            The turned layers.
        """

    @abstractmethod
    def states(self, layers: Layers, rtol: float) -> list[State]:
        """Return what the integrator starts from.

        Parameters
        ----------
        layers : tuple of ndarray, each of shape (members, n, m)
            The trained matrices, in the eigenbasis of the second moment.
        rtol : float
            Error wanted in W.

        Returns
        -------
        list of State
            Every member is in one of them.
        """


@dataclass(frozen=True, slots=True)
class Tied(Flow):
    """Two layers with tied weights, f = U Uᵀ x; starts from U₀, shape (..., d, h).

    Examples
    --------
    >>> Tied().depth
    2
    """

    @property
    def depth(self) -> int:
        """Number of factors of W."""
        return 2

    def layers(self, init: Init, dim: int) -> Layers:
        """Return U₀ as a checked array, in a tuple of one."""
        return (as_matrix("init", _alone(init), rows=dim),)

    def weights(self, layers: Layers) -> Array:
        """Return W = U Uᵀ."""
        (U,) = layers
        return np.asarray(U @ np.swapaxes(U, -1, -2))

    def field(self, layers: Layers, second_moment: Array) -> Layers:
        """Return U' = (A − (WA + AW)/2) U."""
        WA = self.weights(layers) @ second_moment
        return ((second_moment - 0.5 * (WA + np.swapaxes(WA, -1, -2))) @ layers[0],)

    def turned(self, layers: Layers, axes: Array) -> Layers:
        """Turn the rows of U."""
        return (np.swapaxes(axes, -1, -2) @ layers[0],)

    def states(self, layers: Layers, rtol: float) -> list[State]:
        """Return W where its small modes survive the rounding of its entries, elsewhere U."""
        (U,) = layers
        d, h = U.shape[-2:]
        W = self.weights(layers)
        enough = max(_LEAST_PIVOT, _LEAST_PIVOT_ROUNDING / rtol)
        safe = _least_pivot(W) > enough if h >= d else np.zeros(len(U), dtype=bool)
        states = []
        if safe.any():
            i, j = np.tril_indices(d)
            sizes, group = np.array([d, d]), np.zeros(1, dtype=np.intp)
            states.append(State("map", W[safe][:, i, j], sizes, group, np.flatnonzero(safe)))
        if not safe.all():
            rows = np.swapaxes(U[~safe], -1, -2)
            if h > d:  # the triangular factor has the same W
                rows, h = np.asarray(np.linalg.qr(rows, mode="r")), d
            entries, group = rows.reshape(len(rows), h * d), np.tile(np.arange(d), h)
            states.append(State("factor", entries, np.array([d, h]), group, np.flatnonzero(~safe)))
        return states


class _Chain(Flow):
    """W is a product of `depth` layers of their own."""

    __slots__ = ()

    def layers(self, init: Init, dim: int) -> Layers:
        """Return the layers as checked arrays, first layer first."""
        given = (_alone(init),) if isinstance(self, OneLayer) else init
        if not isinstance(given, tuple | list) or len(given) != self.depth:
            came = f"holds {len(given)}" if isinstance(given, tuple | list) else "is one array"
            raise ShapeError(
                f"Argument `init` must be a tuple of {self.depth} layers, first layer first, "
                f"but it {came}."
            )
        layers = tuple(as_finite("init", layer) for layer in given)
        into = dim
        for l, layer in enumerate(layers):
            out = str(dim) if l == self.depth - 1 else "width"
            fits = layer.ndim >= 2 and layer.shape[-1] == into and layer.shape[-2] > 0
            if not fits or (l == self.depth - 1 and layer.shape[-2] != dim):
                raise ShapeError(
                    f"Argument `init` must have shape (..., {out}, {into}) in layer {l + 1} of "
                    f"{self.depth}, but its shape there is {layer.shape}."
                )
            into = layer.shape[-2]
        return layers

    def weights(self, layers: Layers) -> Array:
        """Return W = W_L … W_1."""
        return reduce(lambda below, layer: np.asarray(layer @ below), layers)

    def field(self, layers: Layers, second_moment: Array) -> Layers:
        """Return W_l' = (W_L … W_{l+1})ᵀ (I − W) A (W_{l-1} … W_1)ᵀ."""
        below = [layers[0]]
        for layer in layers[1:]:
            below.append(layer @ below[-1])
        back = (np.eye(layers[0].shape[-1]) - below[-1]) @ second_moment
        slopes = []
        for l in range(len(layers) - 1, 0, -1):
            slopes.append(back @ np.swapaxes(below[l - 1], -1, -2))
            back = np.swapaxes(layers[l], -1, -2) @ back
        return (back, *reversed(slopes))

    def turned(self, layers: Layers, axes: Array) -> Layers:
        """Turn the columns of the first layer and the rows of the last."""
        turned = [layers[0] @ axes, *layers[1:]]
        turned[-1] = np.swapaxes(axes, -1, -2) @ turned[-1]
        return tuple(turned)

    def states(self, layers: Layers, rtol: float) -> list[State]:
        """Return the layers; concept k's group is its column of the first and its row of the last."""
        d = layers[0].shape[-1]
        sizes = np.array([d, *(layer.shape[-2] for layer in layers)])
        inner = [np.full(sizes[l] * sizes[l + 1], d + l - 1) for l in range(1, len(layers) - 1)]
        first, last = np.tile(np.arange(d), sizes[1]), np.repeat(np.arange(d), sizes[-2])
        members = len(layers[0])
        entries = np.concatenate([layer.reshape(members, -1) for layer in layers], axis=1)
        group = np.concatenate([first, *inner, last])
        return [State("chain", entries, sizes, group, np.arange(members))]


@dataclass(frozen=True, slots=True)
class OneLayer(_Chain):
    """One layer, f = W x; starts from W₀, shape (..., d, d)."""

    @property
    def depth(self) -> int:
        """Number of factors of W."""
        return 1


@dataclass(frozen=True, slots=True)
class Untied(_Chain):
    """Two layers, f = W₂ W₁ x; starts from (W₁, W₂), shapes (..., h, d) and (..., d, h)."""

    @property
    def depth(self) -> int:
        """Number of factors of W."""
        return 2


@dataclass(frozen=True, slots=True)
class Deep(_Chain):
    """A chain of `depth` layers; starts from a tuple of as many matrices, first layer first.

    Parameters
    ----------
    depth : int
        Number of layers.
    """

    depth: int = 3

    def __post_init__(self) -> None:
        positive_int("depth", self.depth)

    @property
    def name(self) -> str:
        """Name of the flow, as in the origin of its trajectories."""
        return f"Deep({self.depth})"


def _alone(init: Init) -> Any:
    """Return `init`, which must not be a tuple of layers: two of them would pass as an ensemble."""
    if isinstance(init, tuple | list) and any(
        isinstance(layer, np.ndarray) and layer.ndim > 1 for layer in init
    ):
        raise ShapeError(
            "Argument `init` must be one array for this flow, but it holds "
            f"{len(init)} of them. Stack the members of an ensemble: np.stack(init)."
        )
    return init


def _least_pivot(W: Array) -> Array:
    """Return the least pivot of each W, scaled to a unit diagonal: 1 if diagonal, 0 if singular."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1.0 / np.sqrt(np.diagonal(W, axis1=-2, axis2=-1))
        rest = np.moveaxis(W * scale[:, :, np.newaxis] * scale[:, np.newaxis, :], 0, -1)
        least, rest = np.ones(len(W)), np.ascontiguousarray(rest)  # long rows: all members at once
        for _ in range(W.shape[-1]):
            column = rest[0]
            least = np.minimum(least, column[0])
            rest = rest[1:, 1:] - column[1:, np.newaxis] * (column[1:] / column[0])
    return np.nan_to_num(least, nan=0.0)


def require_flow(flow: Flow) -> Flow:
    """Return `flow`, which must be one of the flows."""
    if not isinstance(flow, Flow):
        raise ArgumentError(
            f"Argument `flow` must be a flow, such as sim.Tied(), but it is {flow!r}."
        )
    return flow


def ensemble_of(*arrays: Array) -> tuple[int, ...]:
    """Return the shape to which the leading axes of some stacks of matrices broadcast."""
    leading = [array.shape[:-2] for array in arrays]
    try:
        return np.broadcast_shapes(*leading)
    except ValueError as reason:
        raise ShapeError(
            "Leading axes of `init` must broadcast with one another and with those of the second "
            f"moment, but they are {', '.join(map(str, leading))}."
        ) from reason
