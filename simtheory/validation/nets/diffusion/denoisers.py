"""Which net denoises: plain descriptions, made before JAX is loaded.

Both nets see the noised data z, the condition (the concepts' numbers, *as strong as the concepts
are*) and the diffusion time u as (u, sin 2^k πu/2, cos 2^k πu/2), k = 0..3. What they return is their
`prediction`: the velocity v, the noise or the clean data (`simtheory.noise.target_of`). A small net
learns data that lie on a thin set, such as sharp images, best as clean data; the velocity weighs all
noise levels more evenly.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from simtheory._checks import one_of, positive_int
from simtheory._faces import face
from simtheory.errors import ArgumentError, ShapeError
from simtheory.noise import PREDICTIONS

__all__ = ["Denoiser", "MLPDenoiser", "UNetDenoiser"]


@face
class Denoiser(ABC):
    """Which net denoises.

    A denoiser of your own has a `prediction` and gives `build`; make it a frozen dataclass, so that its
    printed form names its numbers and compiled code may hold it.
    """

    __slots__ = ()

    prediction: str

    @abstractmethod
    def build(self, shape: tuple[int, ...], n_conditions: int, key: Any, dtype: Any) -> Any:
        """Draw the net's start.

        Parameters
        ----------
        shape : tuple of int
            Shape of one data point.
        n_conditions : int
            Numbers in a condition.
        key : jax.Array
            Source of randomness.
        dtype : numpy.dtype
            What its weights are made of.

        Returns
        -------
        equinox.Module
            The net: from z (n, ...), conditions (n, c) and diffusion times (n,) to the prediction,
            shaped as z.
        """

    @property
    def convolves(self) -> bool:
        """Whether it has convolutions, which are slow inside a compiled loop on a CPU."""
        return False

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise if the net cannot take data of that shape.

        Parameters
        ----------
        shape : tuple of int
            Shape of one data point.

        Raises
        ------
        ShapeError
            If it does not fit.
        """
        return None


@face
@dataclass(frozen=True, slots=True)
class MLPDenoiser(Denoiser):
    """A residual perceptron on everything at once; seconds on a CPU.

    Parameters
    ----------
    width : int
        Hidden units.
    blocks : int
        Residual blocks h ← h + W φ(h), φ the GELU.
    prediction : {"v", "eps", "x0"}
        What the net returns.
    """

    width: int = 64
    blocks: int = 1
    prediction: str = "v"

    def __post_init__(self) -> None:
        one_of("prediction", self.prediction, PREDICTIONS)
        positive_int("width", self.width)
        positive_int("blocks", self.blocks)

    def build(self, shape: tuple[int, ...], n_conditions: int, key: Any, dtype: Any) -> Any:
        """Draw the net's start."""
        from simtheory.validation.nets.diffusion._nets import Perceptron

        return Perceptron(self, shape, n_conditions, key, dtype)


@face
@dataclass(frozen=True, slots=True)
class UNetDenoiser(Denoiser):
    """A small U-Net on images; minutes on a CPU.

    At each size of the image one residual block goes down and one up, joined by a skip connection;
    condition and time are embedded and added in every block.

    Parameters
    ----------
    channels : tuple of int
        Channels at each size: the full one, half of it, a quarter, and so on.
    prediction : {"v", "eps", "x0"}
        What the net returns.
    """

    channels: tuple[int, ...] = (16, 32)
    prediction: str = "v"

    def __post_init__(self) -> None:
        one_of("prediction", self.prediction, PREDICTIONS)
        if not isinstance(self.channels, tuple) or len(self.channels) < 2:
            raise ArgumentError(
                "Argument `channels` must be a tuple of two or more positive integers, "
                f"but it is {self.channels!r}."
            )
        for number in self.channels:
            if positive_int("channels", number) % 4:
                raise ArgumentError(
                    f"Argument `channels` must hold multiples of 4, but it holds {number}."
                )

    @property
    def convolves(self) -> bool:
        """Whether it has convolutions, which are slow inside a compiled loop on a CPU."""
        return True

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise if the data are no images, or their side cannot be halved often enough."""
        if len(shape) != 3:
            raise ShapeError(
                "Argument `net` is a U-Net, which needs images, but a data point has shape "
                f"{shape}. Take MLPDenoiser()."
            )
        halvings = len(self.channels) - 1
        if shape[0] % 2**halvings:
            raise ShapeError(
                f"Argument `net` halves the image {halvings} times, but its side is {shape[0]} pixels. "
                "Take fewer `channels`."
            )

    def build(self, shape: tuple[int, ...], n_conditions: int, key: Any, dtype: Any) -> Any:
        """Draw the net's start."""
        from simtheory.validation.nets.diffusion._nets import UNet

        return UNet(self, shape, n_conditions, key, dtype)
