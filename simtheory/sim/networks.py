r"""The linear networks whose gradient flow is integrated, and which the optimiser trains.

Problem
-------
A linear network f(x) = W x learns to return its input, or the answer B x of a teacher. In canonical
time (`units` converts optimiser steps) its weights follow the gradient of
:math:`\tfrac12 E\|f(x)-Bx\|^2`, which depends on the data only through their second moment A.

Symbols
-------
A : uncentred second moment, shape (d, d); W : end-to-end map, shape (d, d); U : weights of a tied
net, shape (d, h); :math:`W_l` : layer l of a deep net, first layer first; L : depth; B : teacher,
shape (k, d), the identity unless another is named.

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

With a teacher W is drawn to B: :math:`(B-W)A` stands for :math:`(I-W)A`, and for a tied net, whose
teacher is symmetric and positive semidefinite, :math:`\tfrac12(BA+AB)` for A.

Reading
-------
A mode grows as w' = a(1−w) in one layer and as w' = 2a w(1−w) in two.

The right-hand sides are compiled for two parametrisations: `Gram`, W = U Uᵀ, and `Product`,
W = W_L ⋯ W_1. A flow of your own is a subclass of `Flow` that names one of them and says how its
start makes the trained matrices; another right-hand side needs kernels of its own.

Examples
--------
A tied net that starts from W₀ itself, positive definite, instead of U₀:

>>> import numpy as np
>>> from simtheory import sim
>>> class FromMap(sim.Flow):
...     depth = 2
...     parametrisation = sim.Tied().parametrisation
...     def layers(self, init, dim):
...         return (np.linalg.cholesky(np.asarray(init, dtype=float)),)
>>> W0 = np.array([[0.02, 0.01], [0.01, 0.03]])
>>> W = sim.integrate(FromMap(), np.diag([0.5, 2.0]), W0, [0.0, 4.0])
>>> W[-1].round(3)
array([[0.484, 0.003],
       [0.003, 1.   ]])
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import numpy as np

from simtheory._checks import as_finite, as_matrix, as_second_moment, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError

__all__ = [
    "Deep",
    "Flow",
    "Gram",
    "Init",
    "Layers",
    "OneLayer",
    "Parametrisation",
    "Product",
    "Tied",
    "Untied",
]

Layers: TypeAlias = tuple[Array, ...]
Init: TypeAlias = ArrayLike | Sequence[ArrayLike]


class Parametrisation(ABC):
    """How the trained matrices make up W, and the field that they follow.

    Kernels exist for `Gram` and `Product`, so a subclass of your own cannot be integrated.
    """

    __slots__ = ()

    @abstractmethod
    def checked(
        self, layers: Sequence[ArrayLike], depth: int, dim: int, outputs: int | None = None
    ) -> Layers:
        """Return the trained matrices as checked arrays.

        Parameters
        ----------
        layers : sequence of array_like
            The trained matrices; leading axes are ensembles.
        depth : int
            Number of factors of W.
        dim : int
            Dimension d of the inputs.
        outputs : int, optional
            Dimension of the outputs. Default: d.

        Returns
        -------
        tuple of ndarray
            Finite float64 arrays whose shapes fit.

        Raises
        ------
        ShapeError, ArgumentError
            If they do not fit.
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
    def field(self, layers: Layers, second_moment: Array, teacher: Array | None = None) -> Layers:
        """Return the time derivative of the trained matrices, in canonical time.

        In plain NumPy; tests hold the compiled right-hand sides against it.

        Parameters
        ----------
        layers : tuple of ndarray
            The trained matrices.
        second_moment : ndarray, shape (..., d, d)
            A, of the population or of a batch.
        teacher : ndarray, shape (..., k, d), optional
            B. Default: the identity.

        Returns
        -------
        tuple of ndarray
            One derivative for each matrix.
        """

    @abstractmethod
    def turned(self, layers: Layers, axes: Array) -> Layers:
        """Express the trained matrices in another basis of the inputs; the field commutes with it.

        Parameters
        ----------
        layers : tuple of ndarray
            The trained matrices.
        axes : ndarray, shape (..., d, d)
            Orthogonal; its columns are the new basis.

        Returns
        -------
        tuple of ndarray
            The turned matrices.
        """


@dataclass(frozen=True, slots=True)
class Gram(Parametrisation):
    """W = U Uᵀ, with one trained matrix U of shape (..., d, h)."""

    def checked(
        self, layers: Sequence[ArrayLike], depth: int, dim: int, outputs: int | None = None
    ) -> Layers:
        """Return U as a checked array, in a tuple of one; it has as many outputs as inputs."""
        if depth != 2 or len(layers) != 1:
            raise ArgumentError(
                "Argument `flow` must have depth 2 and one trained matrix if its parametrisation is "
                f"sim.Gram(), but its depth is {depth} and it has {len(layers)} matrices."
            )
        U = layers[0]
        return (as_matrix("init", U, rows=dim),)

    def weights(self, layers: Layers) -> Array:
        """Return W = U Uᵀ."""
        (U,) = layers
        return np.asarray(U @ np.swapaxes(U, -1, -2))

    def field(self, layers: Layers, second_moment: Array, teacher: Array | None = None) -> Layers:
        """Return U' = (BA + AB − WA − AW) U/2, which is (A − (WA + AW)/2) U for B = I."""
        WA = self.weights(layers) @ second_moment
        BA = second_moment if teacher is None else teacher @ second_moment
        slope = 0.5 * (BA + np.swapaxes(BA, -1, -2)) - 0.5 * (WA + np.swapaxes(WA, -1, -2))
        return (slope @ layers[0],)

    def turned(self, layers: Layers, axes: Array) -> Layers:
        """Turn the rows of U."""
        return (np.swapaxes(axes, -1, -2) @ layers[0],)


@dataclass(frozen=True, slots=True)
class Product(Parametrisation):
    """W = W_L ⋯ W_1, with a trained matrix for each layer, first layer first."""

    def checked(
        self, layers: Sequence[ArrayLike], depth: int, dim: int, outputs: int | None = None
    ) -> Layers:
        """Return the layers as checked arrays."""
        if not isinstance(layers, tuple | list) or len(layers) != depth:
            came = f"holds {len(layers)}" if isinstance(layers, tuple | list) else "is one array"
            raise ShapeError(
                f"Argument `init` must be a tuple of {depth} layers, first layer first, "
                f"but it {came}."
            )
        arrays = tuple(as_finite("init", layer) for layer in layers)
        into, last = dim, dim if outputs is None else outputs
        for l, layer in enumerate(arrays):
            out = str(last) if l == depth - 1 else "width"
            fits = layer.ndim >= 2 and layer.shape[-1] == into and layer.shape[-2] > 0
            if not fits or (l == depth - 1 and layer.shape[-2] != last):
                raise ShapeError(
                    f"Argument `init` must have shape (..., {out}, {into}) in layer {l + 1} of "
                    f"{depth}, but its shape there is {layer.shape}."
                )
            into = layer.shape[-2]
        return arrays

    def weights(self, layers: Layers) -> Array:
        """Return W = W_L … W_1."""
        return reduce(lambda below, layer: np.asarray(layer @ below), layers)

    def field(self, layers: Layers, second_moment: Array, teacher: Array | None = None) -> Layers:
        """Return W_l' = (W_L … W_{l+1})ᵀ (B − W) A (W_{l-1} … W_1)ᵀ."""
        below = [layers[0]]
        for layer in layers[1:]:
            below.append(layer @ below[-1])
        aim = np.eye(layers[0].shape[-1]) if teacher is None else teacher
        back = (aim - below[-1]) @ second_moment
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


@face
class Flow(ABC):
    """A linear network whose weights follow the gradient.

    A subclass defines `depth`, `parametrisation` and `layers`; `solve`, `integrate`, `summarize` and
    `descend` then take it like the four flows of this module.
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

    @property
    @abstractmethod
    def parametrisation(self) -> Parametrisation:
        """How the trained matrices make up W: `Gram()` or `Product()`."""

    @abstractmethod
    def layers(self, init: Init, dim: int) -> Sequence[ArrayLike]:
        """Return the trained matrices at time 0; their shapes are checked afterwards.

        Parameters
        ----------
        init : array_like or tuple of array_like
            Start, as the user gave it.
        dim : int
            Dimension d of the inputs.

        Returns
        -------
        sequence of array_like
            U alone for `Gram`, the layers, first layer first, for `Product`; leading axes are
            ensembles.
        """


@face
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

    @property
    def parametrisation(self) -> Parametrisation:
        """W = U Uᵀ."""
        return Gram()

    def layers(self, init: Init, dim: int) -> Sequence[ArrayLike]:
        """Return U₀ in a tuple of one."""
        return (_alone(init),)


@face
@dataclass(frozen=True, slots=True)
class OneLayer(Flow):
    """One layer, f = W x; starts from W₀, shape (..., d, d)."""

    @property
    def depth(self) -> int:
        """Number of factors of W."""
        return 1

    @property
    def parametrisation(self) -> Parametrisation:
        """A product of one layer."""
        return Product()

    def layers(self, init: Init, dim: int) -> Sequence[ArrayLike]:
        """Return W₀ in a tuple of one."""
        return (_alone(init),)


@face
@dataclass(frozen=True, slots=True)
class Untied(Flow):
    """Two layers, f = W₂ W₁ x; starts from (W₁, W₂), shapes (..., h, d) and (..., d, h)."""

    @property
    def depth(self) -> int:
        """Number of factors of W."""
        return 2

    @property
    def parametrisation(self) -> Parametrisation:
        """A product of two layers."""
        return Product()

    def layers(self, init: Any, dim: int) -> Sequence[ArrayLike]:
        """Return the layers as they are given."""
        return init


@face(but=("depth",))
@dataclass(frozen=True, slots=True)
class Deep(Flow):
    """A product of `depth` layers; starts from a tuple of as many matrices, first layer first.

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

    @property
    def parametrisation(self) -> Parametrisation:
        """A product of `depth` layers."""
        return Product()

    def layers(self, init: Any, dim: int) -> Sequence[ArrayLike]:
        """Return the layers as they are given."""
        return init


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


def layers_of(flow: Flow, init: Init, dim: int, outputs: int | None = None) -> Layers:
    """Return the checked matrices from which `flow`, itself checked, starts."""
    if not isinstance(flow, Flow):
        raise ArgumentError(
            f"Argument `flow` must be a flow, such as sim.Tied(), but it is {flow!r}."
        )
    if type(flow.parametrisation) not in (Gram, Product):
        raise ArgumentError(
            f"Argument `flow` must have the parametrisation sim.Gram() or sim.Product(), for which "
            f"right-hand sides are compiled, but that of {flow.name} is {flow.parametrisation!r}. "
            "Another right-hand side needs a kernel package of its own: see CONTRIBUTING.md."
        )
    return flow.parametrisation.checked(flow.layers(init, dim), flow.depth, dim, outputs)


def named(flow: Flow, layers: Layers) -> dict[str, tuple[str, Array]]:
    """Return trained matrices over time by name, each with its axes, as a trajectory keeps them."""
    if isinstance(flow.parametrisation, Gram):
        return {"U": ("*ensemble t coordinate hidden_1", layers[0])}
    sides = ["coordinate", *(f"hidden_{l}" for l in range(1, len(layers))), "output"]
    return {
        f"W{l + 1}": (f"*ensemble t {sides[l + 1]} {sides[l]}", layer)
        for l, layer in enumerate(layers)
    }


def teacher_of(flow: Flow, teacher: ArrayLike, dim: int) -> Array | None:
    """Return the checked teacher, or None if it is the identity; a tied net must be able to reach it."""
    aim = as_finite("teacher", teacher)
    if aim.ndim < 2 or aim.shape[-1] != dim or not aim.shape[-2]:
        raise ShapeError(
            f"Argument `teacher` must have shape (..., outputs, {dim}), with the {dim} inputs of the "
            f"second moment, but its shape is {aim.shape}."
        )
    if isinstance(flow, Flow) and isinstance(flow.parametrisation, Gram):
        reach = f"The map U Uᵀ of {flow.name} reaches no other; take sim.Untied()."
        if aim.shape[-2] != dim:
            raise ShapeError(
                f"Argument `teacher` must have as many outputs as inputs, {dim}, for a tied net, but "
                f"its shape is {aim.shape}. {reach}"
            )
        try:
            aim = as_second_moment(teacher, name="teacher")
        except ArgumentError as reason:
            raise ArgumentError(f"{reason} {reach}") from reason
    return None if aim.shape[-2] == dim and (aim == np.eye(dim)).all() else aim


def widened(matrix: Array, rows: int, columns: int) -> Array:
    """Return stacks of matrices with rows and columns of zeros after their own, up to a shape.

    Inputs without a second moment and outputs whose answer is zero do not move layers that are zero
    there. So a flow to k outputs from d inputs is one of square matrices, of dimension max(k, d).
    """
    above = (rows - matrix.shape[-2], columns - matrix.shape[-1])
    return np.pad(matrix, [(0, 0)] * (matrix.ndim - 2) + [(0, more) for more in above])


def widened_layers(layers: Layers, side: int) -> Layers:
    """Return layers whose first takes and whose last gives `side` numbers."""
    if len(layers) == 1:
        return (widened(layers[0], side, side),)
    first, *middle, last = layers
    return (
        widened(first, first.shape[-2], side),
        *middle,
        widened(last, side, last.shape[-1]),
    )


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
