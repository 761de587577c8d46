r"""Which network to train, and where its weights start.

Everything here is plain NumPy: a network is described, and its start is drawn, before JAX is
loaded, so that the same start can be handed to a simulator.

Symbols
-------
L : depth, the number of layers; h : width; d : dimension of the task; W_l : weights of layer l,
shape (out, in); b_l : its bias, shape (out,).

Result
------
.. math:: f(x) = W_L\,\phi(W_{L-1} \cdots \phi(W_1 x + b_1) \cdots + b_{L-1}) + b_L

with :math:`\phi` between layers only. Without biases, and with a linear :math:`\phi`, the network
is its end-to-end map :math:`W = W_L \cdots W_1`.

=================  ===============================================  =============================
init               weights of a layer with n inputs                 biases
=================  ===============================================  =============================
``DefaultInit()``  Unif(−1/√n, 1/√n), the usual default             Unif(−1/√n, 1/√n)
``SmallInit(s)``   N(0, s²/n), so that E‖f(x)‖² = s^{2L} ‖x‖² in a  zero
                   linear network
explicit layers    as given                                         zero
=================  ===============================================  =============================
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from simtheory._checks import as_finite, one_of, positive, positive_int
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError

__all__ = ["ACTIVATIONS", "MLP", "DefaultInit", "Init", "Layer", "SmallInit", "initial_layers"]

Layer: TypeAlias = tuple[Array, Array | None]


def _linear(x: Any) -> Any:
    return x


def _relu(x: Any) -> Any:
    return x * (x > 0)  # slope 0 at 0; the same text serves NumPy and JAX


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"linear": _linear, "relu": _relu}


@dataclass(frozen=True, slots=True, repr=False)
class MLP:
    """A multilayer perceptron from the task's space to itself.

    Parameters
    ----------
    depth : int
        Number of layers; 1 is one linear layer.
    width : int, optional
        Hidden units of each layer; needed from depth 2 on.
    activation : {"linear", "relu"}
        What is applied between layers, never after the last.
    bias : bool
        Whether each layer adds a trained bias. Default: no, as in the theory. The released runs of
        yang2024 have biases, which slow the concepts down (``one-layer-affine``).

    Raises
    ------
    ArgumentError
        If a number is not a positive integer, the width is missing or the activation unknown.

    Examples
    --------
    >>> MLP(depth=2, width=64, activation="relu").shapes(3)
    ((64, 3), (3, 64))
    """

    depth: int
    width: int | None = None
    activation: str = "linear"
    bias: bool = False

    def __post_init__(self) -> None:
        positive_int("depth", self.depth)
        if self.width is not None:
            positive_int("width", self.width)
        elif self.depth > 1:
            raise ArgumentError(f"Argument `width` is needed for a network of depth {self.depth}.")
        one_of("activation", self.activation, ACTIVATIONS)

    @property
    def is_linear(self) -> bool:
        """Whether the network is an end-to-end map W, whatever its layers."""
        return not self.bias and (self.depth == 1 or self.activation == "linear")

    def shapes(self, dim: int) -> tuple[tuple[int, int], ...]:
        """Return the shapes (out, in) of the layers, the first layer first.

        Parameters
        ----------
        dim : int
            Dimension of the task.

        Returns
        -------
        tuple of (int, int)
            One shape for each layer.
        """
        sizes = [dim, *[self.width or dim] * (self.depth - 1), dim]
        return tuple(zip(sizes[1:], sizes[:-1], strict=True))

    def __repr__(self) -> str:
        parts = [f"depth={self.depth}"]
        if self.depth > 1:
            parts += [f"width={self.width}", f"activation={self.activation!r}"]
        return f"MLP({', '.join([*parts, 'bias=True'] if self.bias else parts)})"


@dataclass(frozen=True, slots=True)
class DefaultInit:
    """The usual default of linear layers: weights and biases Unif(−1/√n, 1/√n), n the inputs."""

    def layer(self, shape: tuple[int, int], *, bias: bool, rng: np.random.Generator) -> Layer:
        """Draw one layer.

        Parameters
        ----------
        shape : (int, int)
            Outputs and inputs.
        bias : bool
            Whether it has a bias.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        weight : ndarray, shape (out, in)
            The weights.
        bias : ndarray, shape (out,), or None
            The bias.
        """
        bound = 1.0 / np.sqrt(shape[1])
        weight = rng.uniform(-bound, bound, shape)
        return weight, rng.uniform(-bound, bound, shape[0]) if bias else None


@dataclass(frozen=True, slots=True)
class SmallInit:
    """Gaussian weights N(0, scale²/n) with n inputs, and biases zero.

    A linear network then starts with E‖f(x)‖² = scale^(2 depth) ‖x‖² at any width.

    Parameters
    ----------
    scale : float
        Size of each layer; well below 1 for the regime of small starts.
    """

    scale: float

    def __post_init__(self) -> None:
        positive("scale", self.scale)

    def layer(self, shape: tuple[int, int], *, bias: bool, rng: np.random.Generator) -> Layer:
        """Draw one layer.

        Parameters
        ----------
        shape : (int, int)
            Outputs and inputs.
        bias : bool
            Whether it has a bias.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        weight : ndarray, shape (out, in)
            The weights.
        bias : ndarray, shape (out,), or None
            The bias, zero.
        """
        weight = rng.standard_normal(shape) * (self.scale / np.sqrt(shape[1]))
        return weight, np.zeros(shape[0]) if bias else None


Init: TypeAlias = DefaultInit | SmallInit | Sequence[ArrayLike]


def initial_layers(
    net: MLP, dim: int, seeds: Sequence[int], init: Init | None = None
) -> tuple[Layer, ...]:
    """Return the layers that `train` starts from.

    The draw of a seed depends on nothing but the seed, the network and the dimension.

    Parameters
    ----------
    net : MLP
        The network.
    dim : int
        Dimension of the task.
    seeds : sequence of int, length S
        Seeds.
    init : DefaultInit, SmallInit or sequence of array_like, optional
        A family to draw from, or explicit layers (W₁, ..., W_L), each of shape (out, in), or
        (S, out, in) with one start per seed. Default: ``DefaultInit()``.

    Returns
    -------
    tuple of (weight, bias)
        For each layer the weights, shape (S, out, in), and the biases, shape (S, out), or None.

    Raises
    ------
    ShapeError
        If explicit layers do not fit the network; the message names the layer.
    ArgumentError
        If they are not finite, or `init` is none of these.

    Examples
    --------
    >>> (weight, bias), = initial_layers(MLP(depth=1), 2, seeds=(0, 1, 2))
    >>> weight.shape, bias
    ((3, 2, 2), None)
    """
    family = DefaultInit() if init is None else init
    if not isinstance(family, DefaultInit | SmallInit):
        return _explicit(net, dim, len(seeds), family)
    members = []
    for seed in seeds:
        # a stream of its own: the data of this seed and default_rng(seed) share nothing with it
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
        members.append([family.layer(s, bias=net.bias, rng=rng) for s in net.shapes(dim)])
    return tuple(
        (
            np.stack([weight for weight, _ in layer]),
            np.stack([bias for _, bias in layer]) if net.bias else None,
        )
        for layer in zip(*members, strict=True)
    )


def _explicit(net: MLP, dim: int, n_seeds: int, layers: Any) -> tuple[Layer, ...]:
    if isinstance(layers, str) or not isinstance(layers, Sequence | np.ndarray):
        raise ArgumentError(
            "Argument `init` must be DefaultInit(), SmallInit(scale) or one array per layer, "
            f"but got {layers!r}."
        )
    if len(layers) != net.depth:
        raise ShapeError(
            f"Argument `init` must hold one array for each of {net.depth} layers, "
            f"but it holds {len(layers)}."
        )
    result: list[Layer] = []
    for k, (given, shape) in enumerate(zip(layers, net.shapes(dim), strict=True)):
        weight = as_finite(f"init[{k}]", given)
        if weight.shape not in (shape, (n_seeds, *shape)):
            raise ShapeError(
                f"Argument `init[{k}]`, the weights of layer {k + 1}, must have shape {shape} or "
                f"{(n_seeds, *shape)}, but its shape is {weight.shape}."
            )
        bias = np.zeros((n_seeds, shape[0])) if net.bias else None
        result.append((np.broadcast_to(weight, (n_seeds, *shape)), bias))
    return tuple(result)
