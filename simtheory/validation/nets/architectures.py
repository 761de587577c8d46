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
is its end-to-end map :math:`W = W_L \cdots W_1`. A *tied* net has an even number of layers and
:math:`W_l = W_{L+1-l}^T`: two linear layers are the theory's :math:`W = U U^T` with U = W₂.

=================  ===============================================  =============================
init               weights of a layer with n inputs                 biases
=================  ===============================================  =============================
``DefaultInit()``  Unif(−1/√n, 1/√n), the usual default             Unif(−1/√n, 1/√n)
``SmallInit(s)``   N(0, s²/n), so that E‖f(x)‖² = s^{2L} ‖x‖² in a  zero
                   linear network
explicit layers    as given                                         zero
=================  ===============================================  =============================

Wider nets start and learn otherwise than narrow ones. With ``mup=B`` they learn alike: a net of
width h = rB starts with its last layer smaller by 1/√r, and its layers take steps that are larger or
smaller by the factors below (maximal update parametrisation, yang2021). At h = B nothing changes.

=========  ===========  =======  ==========  ==============  ==========
optimiser  first layer  between  last layer  hidden biases   last bias
=========  ===========  =======  ==========  ==============  ==========
``SGD``    r            1        1/r         r               1
``Adam``   1            1/r      1/r         1               1
=========  ===========  =======  ==========  ==============  ==========
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from simtheory._checks import as_finite, non_negative_int, one_of, positive, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError

__all__ = ["ACTIVATIONS", "MLP", "DefaultInit", "Init", "Layer", "SmallInit", "initial_layers"]

Layer: TypeAlias = tuple[Array | None, Array | None]  # no weights of its own: a tied layer

ACTIVATIONS = ("linear", "relu", "gelu", "tanh")


@face
@dataclass(frozen=True, slots=True, repr=False)
class MLP:
    """A multilayer perceptron from the task's space to itself.

    Parameters
    ----------
    depth : int
        Number of layers; 1 is one linear layer.
    width : int, optional
        Hidden units of each layer; needed from depth 2 on.
    activation : {"linear", "relu", "gelu", "tanh"}
        What is applied between layers, never after the last; ``gelu`` is x Φ(x), with Φ exact.
    bias : bool
        Whether each layer adds a trained bias. Default: no, as in the theory. The released runs of
        yang2024 have biases, which slow the concepts down (``one-layer-affine``).
    tied : bool
        Whether layer l is the transpose of layer L + 1 − l; the depth is even then.
    mup : int, optional
        Width at which the net is the standard one and like which it learns at any other width.
        Default: the standard net at every width.

    Raises
    ------
    ArgumentError
        If a number is not a positive integer, the width is missing, the activation unknown, or a
        tied net has an odd depth or asks for `mup`.

    Examples
    --------
    >>> MLP(depth=2, width=64, activation="relu").shapes(3)
    ((64, 3), (3, 64))
    """

    depth: int
    width: int | None = None
    activation: str = "linear"
    bias: bool = False
    tied: bool = False
    mup: int | None = None

    def __post_init__(self) -> None:
        positive_int("depth", self.depth)
        if self.width is not None:
            positive_int("width", self.width)
        elif self.depth > 1:
            raise ArgumentError(f"Argument `width` is needed for a network of depth {self.depth}.")
        one_of("activation", self.activation, ACTIVATIONS)
        if self.tied and self.depth % 2:
            raise ArgumentError(
                "Argument `depth` of a tied net must be even, each layer having its transpose, "
                f"but it is {self.depth}."
            )
        if self.mup is not None:
            positive_int("mup", self.mup)
            if self.tied:
                raise ArgumentError(
                    "Argument `mup` scales the first and the last layer apart, which a tied net cannot; "
                    "leave it out."
                )

    @property
    def is_linear(self) -> bool:
        """Whether the network is an end-to-end map W, whatever its layers."""
        return not self.bias and (self.depth == 1 or self.activation == "linear")

    def shapes(self, dim: int, outputs: int | None = None) -> tuple[tuple[int, int], ...]:
        """Return the shapes (out, in) of the layers, the first layer first.

        Parameters
        ----------
        dim : int
            Dimension of the task.
        outputs : int, optional
            Number of outputs. Default: as many as inputs.

        Returns
        -------
        tuple of (int, int)
            One shape for each layer.
        """
        sizes = [dim, *[self.width or dim] * (self.depth - 1), dim if outputs is None else outputs]
        return tuple(zip(sizes[1:], sizes[:-1], strict=True))

    def step_factors(self, *, adaptive: bool) -> tuple[tuple[float, float], ...] | None:
        """Return the factors on the learning rate of each layer's weights and biases.

        Parameters
        ----------
        adaptive : bool
            Whether the size of a step does not depend on that of the gradient, as in Adam.

        Returns
        -------
        tuple of (float, float), or None
            One pair for each layer; None without `mup`, when all are one.
        """
        if self.mup is None or self.depth == 1:
            return None
        r = self._widening
        first, hidden = (1.0, 1.0) if adaptive else (r, r)
        between = [(1.0 / r if adaptive else 1.0, hidden)] * (self.depth - 2)
        return ((first, hidden), *between, (1.0 / r, 1.0))

    @property
    def _widening(self) -> float:
        """Width over the width like which the net learns."""
        return 1.0 if self.mup is None or self.width is None else self.width / self.mup

    def _drawn(
        self, family: Init, dim: int, rng: np.random.Generator, outputs: int | None = None
    ) -> Any:
        """Draw the layers of one seed; a tied layer has no weights of its own."""
        layers = [family.layer(s, bias=self.bias, rng=rng) for s in self.shapes(dim, outputs)]
        if self.tied:
            return [(None if 2 * k < self.depth else w, b) for k, (w, b) in enumerate(layers)]
        if self.mup is not None and self.depth > 1:
            root = (
                self._widening**0.5
            )  # a family's biases shrink with their inputs; these shall not
            layers[1:] = [(w, b if b is None else b * root) for w, b in layers[1:]]
            layers[-1] = (layers[-1][0] / root, layers[-1][1])
        return layers

    def __repr__(self) -> str:
        parts = [f"depth={self.depth}"]
        if self.depth > 1:
            parts += [f"width={self.width}", f"activation={self.activation!r}"]
        parts += [f"{name}=True" for name in ("bias", "tied") if getattr(self, name)]
        return f"MLP({', '.join(parts if self.mup is None else [*parts, f'mup={self.mup}'])})"


@face
class Init(ABC):
    """A family from which the start of each layer is drawn.

    A family of your own gives `layer`; make it a frozen dataclass, so that its printed form names its
    numbers.
    """

    __slots__ = ()

    @abstractmethod
    def layer(
        self, shape: tuple[int, int], *, bias: bool, rng: np.random.Generator
    ) -> tuple[Array, Array | None]:
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


@face
@dataclass(frozen=True, slots=True)
class DefaultInit(Init):
    """The usual default of linear layers: weights and biases Unif(−1/√n, 1/√n), n the inputs."""

    def layer(
        self, shape: tuple[int, int], *, bias: bool, rng: np.random.Generator
    ) -> tuple[Array, Array | None]:
        """Draw one layer."""
        bound = 1.0 / np.sqrt(shape[1])
        weight = rng.uniform(-bound, bound, shape)
        return weight, rng.uniform(-bound, bound, shape[0]) if bias else None


@face
@dataclass(frozen=True, slots=True)
class SmallInit(Init):
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

    def layer(
        self, shape: tuple[int, int], *, bias: bool, rng: np.random.Generator
    ) -> tuple[Array, Array | None]:
        """Draw one layer."""
        weight = rng.standard_normal(shape) * (self.scale / np.sqrt(shape[1]))
        return weight, np.zeros(shape[0]) if bias else None


@face(but=("init",))
def initial_layers(
    net: MLP,
    dim: int,
    seeds: Sequence[int],
    init: Init | Sequence[ArrayLike] | None = None,
    *,
    outputs: int | None = None,
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
    init : Init or sequence of array_like, optional
        A family to draw from, or explicit layers (W₁, ..., W_L), each of shape (out, in), or
        (S, out, in) with one start per seed. Of a tied net the second half, whose transposes are
        the first: ``(U,)`` for two layers, U of shape (d, h). Default: ``DefaultInit()``.
    outputs : int, optional
        Number of outputs. Default: `dim`.

    Returns
    -------
    tuple of (weight, bias)
        For each layer the weights, shape (S, out, in), and the biases, shape (S, out), or None. The
        weights of a tied net's first half are None: they are the others' transposes.

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
    positive_int("dim", dim)
    if outputs is not None:
        positive_int("outputs", outputs)
    seeds = [non_negative_int("seeds", seed) for seed in seeds]
    family = DefaultInit() if init is None else init
    if not isinstance(family, Init):
        return _explicit(net, dim, len(seeds), family, outputs)
    members = []
    for seed in seeds:
        # a stream of its own: the data of this seed and default_rng(seed) share nothing with it
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
        members.append(net._drawn(family, dim, rng, outputs))
    return tuple(
        (_stacked([weight for weight, _ in layer]), _stacked([bias for _, bias in layer]))
        for layer in zip(*members, strict=True)
    )


def _stacked(values: list[Array | None]) -> Array | None:
    present = [value for value in values if value is not None]
    return np.stack(present) if present else None


def _explicit(
    net: MLP, dim: int, n_seeds: int, layers: Any, outputs: int | None
) -> tuple[Layer, ...]:
    if isinstance(layers, str) or not isinstance(layers, Sequence | np.ndarray):
        raise ArgumentError(
            "Argument `init` must be DefaultInit(), SmallInit(scale) or one array per layer, "
            f"but got {layers!r}."
        )
    own = net.depth // 2 if net.tied else net.depth
    if len(layers) != own:
        raise ShapeError(
            f"Argument `init` must hold one array for each of {own} layers"
            f"{', those of the second half of a tied net' if net.tied else ''}, "
            f"but it holds {len(layers)}."
        )
    result: list[Layer] = []
    for k, shape in enumerate(net.shapes(dim, outputs)):
        bias = np.zeros((n_seeds, shape[0])) if net.bias else None
        place = k - (net.depth - own)
        if place < 0:
            result.append((None, bias))
            continue
        weight = as_finite(f"init[{place}]", layers[place])
        if weight.shape not in (shape, (n_seeds, *shape)):
            raise ShapeError(
                f"Argument `init[{place}]`, the weights of layer {k + 1}, must have shape {shape} or "
                f"{(n_seeds, *shape)}, but its shape is {weight.shape}."
            )
        result.append((np.broadcast_to(weight, (n_seeds, *shape)), bias))
    return tuple(result)
