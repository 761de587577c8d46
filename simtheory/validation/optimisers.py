r"""Which optimiser trains a network, and on which clock.

=================  ================================================  ============================
optimiser          update of a weight w with gradient g              canonical time of k steps
=================  ================================================  ============================
``SGD()``          w ← w − η g                                       ``units.Clock``
``SGD(momentum)``  v ← β v + g, w ← w − η v, from v = 0              ``units.Clock``, late clock
``Adam()``         g over its root mean square, step by step         none: η k stands in for it
=================  ================================================  ============================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from simtheory._checks import positive
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.units import Clock

__all__ = ["SGD", "Adam", "Optimiser"]


@dataclass(frozen=True, slots=True)
class SGD:
    """Gradient descent, with heavy-ball momentum if asked for.

    Parameters
    ----------
    momentum : float
        Heavy-ball momentum β in [0, 1); the velocity starts at zero and is not damped.
    """

    momentum: float = 0.0

    def __post_init__(self) -> None:
        _fraction("momentum", self.momentum)

    @property
    def clock(self) -> str:
        """What the time axis is."""
        return "canonical, late clock of heavy ball" if self.momentum else "canonical"

    def time(self, steps: ArrayLike, *, lr: float, loss: str, dim: int) -> Array:
        """Return the canonical time after some steps.

        Parameters
        ----------
        steps : array_like
            Step numbers.
        lr : float
            Learning rate.
        loss : {"half_sum", "sum", "mean"}
            What is minimised.
        dim : int
            Number of outputs.

        Returns
        -------
        ndarray
            Canonical times.
        """
        return Clock(lr=lr, loss=loss, dim=dim, momentum=self.momentum).time(steps)

    def advice(self, *, loss: str, dim: int, rate: float) -> str:
        """Say below which learning rate training is stable.

        Parameters
        ----------
        loss : {"half_sum", "sum", "mean"}
            What is minimised.
        dim : int
            Number of outputs.
        rate : float
            Largest rate of the task.

        Returns
        -------
        str
            One sentence.
        """
        bound = 2.0 * (1.0 + self.momentum) / (Clock(lr=1.0, loss=loss, dim=dim).step * rate)
        return (
            f"Lower `lr`: full-batch training of one linear layer is stable below about {bound:.3g}; "
            "deeper nets, biases and small batches need less."
        )

    def transform(self, lr: Any) -> Any:
        """Return the Optax transformation.

        Parameters
        ----------
        lr : float
            Learning rate.

        Returns
        -------
        optax.GradientTransformation
            The update.
        """
        import optax

        return optax.sgd(lr, momentum=self.momentum or None)


@dataclass(frozen=True, slots=True)
class Adam:
    """Adam, whose step does not depend on the size of the gradient, and so erases the rates.

    Parameters
    ----------
    b1, b2 : float
        Decay of the running mean of the gradient and of its square, in [0, 1).
    eps : float
        Added to the root mean square; rates matter again for gradients below it.
    """

    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        _fraction("b1", self.b1)
        _fraction("b2", self.b2)
        positive("eps", self.eps)

    @property
    def clock(self) -> str:
        """What the time axis is."""
        return "lr * steps: Adam has no canonical clock"

    def time(self, steps: ArrayLike, *, lr: float, loss: str, dim: int) -> Array:
        """Return lr times the steps: Adam has no canonical clock, and the loss does not enter.

        Parameters
        ----------
        steps : array_like
            Step numbers.
        lr : float
            Learning rate.
        loss : {"half_sum", "sum", "mean"}
            What is minimised; a factor on it changes nothing but the role of `eps`.
        dim : int
            Number of outputs.

        Returns
        -------
        ndarray
            The stand-in for time.
        """
        return Clock(lr=lr).time(steps)

    def advice(self, *, loss: str, dim: int, rate: float) -> str:
        """Say what to try when training diverges.

        Parameters
        ----------
        loss : {"half_sum", "sum", "mean"}
            What is minimised.
        dim : int
            Number of outputs.
        rate : float
            Largest rate of the task.

        Returns
        -------
        str
            One sentence.
        """
        return "Lower `lr`: an Adam step moves every weight by about that much."

    def transform(self, lr: Any) -> Any:
        """Return the Optax transformation.

        Parameters
        ----------
        lr : float
            Learning rate.

        Returns
        -------
        optax.GradientTransformation
            The update.
        """
        import optax

        return optax.adam(lr, b1=self.b1, b2=self.b2, eps=self.eps)


Optimiser: TypeAlias = SGD | Adam


def _fraction(name: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 1.0:
        raise ArgumentError(f"Argument `{name}` must lie in [0, 1), but it is {value!r}.")
