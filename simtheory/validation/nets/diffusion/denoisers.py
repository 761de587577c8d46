"""Which net denoises: plain descriptions, made before JAX is loaded.

Both nets see the noised data z, the condition (the concepts' numbers, *as strong as the concepts
are*) and the diffusion time u as (u, sin 2^k πu/2, cos 2^k πu/2), k = 0..3. What they return is their
`prediction`: the velocity v, the noise or the clean data (`simtheory.noise.target_of`). A small net
learns data that lie on a thin set, such as sharp images, best as clean data; the velocity weighs all
noise levels more evenly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from simtheory._checks import one_of, positive_int
from simtheory.errors import ArgumentError
from simtheory.noise import PREDICTIONS

__all__ = ["Denoiser", "MLPDenoiser", "UNetDenoiser"]


@dataclass(frozen=True, slots=True)
class MLPDenoiser:
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

    @property
    def convolves(self) -> bool:
        """Whether it has convolutions, which are slow inside a compiled loop on a CPU."""
        return False


@dataclass(frozen=True, slots=True)
class UNetDenoiser:
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


Denoiser: TypeAlias = MLPDenoiser | UNetDenoiser
