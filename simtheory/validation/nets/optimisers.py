r"""Which optimiser trains a network, and on which clock.

=================  ================================================  ============================
optimiser          update of a weight w with gradient g              canonical time of k steps
=================  ================================================  ============================
``SGD()``          w ← w − η g                                       ``units.Clock``
``SGD(momentum)``  v ← β v + g, w ← w − η v, from v = 0              ``units.Clock``, late clock
``Adam()``         g over its root mean square, step by step         none: η k stands in for it
``CosineAdam()``   the same, η rising at first and falling at last   none: η k stands in for it
=================  ================================================  ============================

Every optimiser takes ``clip``, the largest norm that the gradient of all weights together may have;
a longer one is shortened. Weight decay λ of ``SGD`` is added to the gradient, g + λ w, for weights
and biases alike. With the loss ``half_sum`` it is the decay κ of the flows: λ = κ for untied nets
and λ = 2κ for tied ones, whose clock runs twice as fast. That of ``Adam`` stands beside the gradient:
each step takes the share η λ off every weight, which makes it AdamW.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from simtheory._checks import not_negative, positive, positive_int, share
from simtheory._faces import face
from simtheory.errors import ArgumentError
from simtheory.units import Clock

__all__ = ["SGD", "Adam", "CosineAdam", "Factors", "Optimiser"]

Factors: TypeAlias = tuple[tuple[float, float], ...] | None


@face
class Optimiser(ABC):
    """How a gradient becomes a step, and which clock that is.

    An optimiser of your own gives `adaptive`, `time_axis`, `clock` and `transform`; make it a frozen
    dataclass, so that its printed form names its numbers and compiled code may hold it.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def adaptive(self) -> bool:
        """Whether the size of a step does not depend on that of the gradient."""

    @property
    @abstractmethod
    def time_axis(self) -> str:
        """What the time axis is."""

    @abstractmethod
    def clock(self, lr: float, *, loss: str, dim: int, tied: bool) -> Clock:
        """Return the clock that turns steps into the time of the trajectory.

        Parameters
        ----------
        lr : float
            Learning rate.
        loss : {"half_sum", "sum", "mean"}
            What is minimised.
        dim : int
            Number of outputs.
        tied : bool
            Whether each weight occurs twice.

        Returns
        -------
        Clock
            The clock.
        """

    @abstractmethod
    def transform(self, lr: Any, factors: Factors = None) -> Any:
        """Return the Optax transformation.

        Parameters
        ----------
        lr : float
            Learning rate.
        factors : tuple, optional
            Factors on the learning rate of each layer, from `MLP.step_factors`.

        Returns
        -------
        optax.GradientTransformation
            The update.
        """

    def stable_below(
        self, *, loss: str, dim: int, tied: bool, depth: int, rate: float
    ) -> float | None:
        """Return the learning rate above which a linear net leaves its solution.

        Parameters
        ----------
        loss : {"half_sum", "sum", "mean"}
            What is minimised.
        dim : int
            Number of outputs.
        tied : bool
            Whether each weight occurs twice.
        depth : int
            Number of layers.
        rate : float
            Largest rate of the task.

        Returns
        -------
        float or None
            The rate; None if it is not known.
        """
        return None


@face
@dataclass(frozen=True, slots=True)
class SGD(Optimiser):
    """Gradient descent, with heavy-ball momentum if asked for.

    Parameters
    ----------
    momentum : float
        Heavy-ball momentum β in [0, 1); the velocity starts at zero and is not damped.
    nesterov : bool
        Whether the step looks ahead, w ← w − η (g + β v).
    weight_decay : float
        Decay λ, added to the gradient as λ w.
    clip : float, optional
        Largest norm of the gradient. Default: none.
    """

    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    clip: float | None = None

    def __post_init__(self) -> None:
        share("momentum", self.momentum, ends="[)")
        _check_decay_and_clip(self.weight_decay, self.clip)

    @property
    def adaptive(self) -> bool:
        """Whether the size of a step does not depend on that of the gradient."""
        return False

    @property
    def time_axis(self) -> str:
        """What the time axis is."""
        return "canonical, late clock of heavy ball" if self.momentum else "canonical"

    def clock(self, lr: float, *, loss: str, dim: int, tied: bool) -> Clock:
        """Return the clock that turns steps into canonical time."""
        return Clock(lr, loss, dim=dim, tied=tied, momentum=self.momentum)

    def stable_below(self, *, loss: str, dim: int, tied: bool, depth: int, rate: float) -> float:
        """Return the learning rate above which a linear net leaves its solution.

        The canonical time of a step stays below 2 / (depth · rate); momentum β raises that
        (1 + β)-fold, or changes it (1 + β)/(1 + 2β)-fold if it looks ahead.
        """
        unit = Clock(1.0, loss, dim=dim, tied=tied).step
        layers, largest = positive_int("depth", depth), positive("rate", rate)
        gain = 1.0 + self.momentum
        if self.nesterov:
            gain /= 1.0 + 2.0 * self.momentum
        return 2.0 * gain / (layers * largest * unit)

    def transform(self, lr: Any, factors: Factors = None) -> Any:
        """Return the Optax transformation."""
        import optax

        return optax.chain(
            *_clipped(self.clip),
            *_by_layer(factors),
            *_decayed(self.weight_decay),
            optax.sgd(lr, momentum=self.momentum or None, nesterov=self.nesterov),
        )


@face
@dataclass(frozen=True, slots=True)
class Adam(Optimiser):
    """Adam, whose step does not depend on the size of the gradient, and so erases the rates.

    Parameters
    ----------
    b1, b2 : float
        Decay of the running mean of the gradient and of its square, in [0, 1).
    eps : float
        Added to the root mean square; rates matter again for gradients below it.
    weight_decay : float
        Decay λ, decoupled from the gradient: AdamW.
    clip : float, optional
        Largest norm of the gradient. Default: none.
    """

    b1: float = 0.9
    b2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    clip: float | None = None

    def __post_init__(self) -> None:
        share("b1", self.b1, ends="[)")
        share("b2", self.b2, ends="[)")
        positive("eps", self.eps)
        _check_decay_and_clip(self.weight_decay, self.clip)

    @property
    def adaptive(self) -> bool:
        """Whether the size of a step does not depend on that of the gradient."""
        return True

    @property
    def time_axis(self) -> str:
        """What the time axis is."""
        return "lr * steps: Adam has no canonical clock"

    def clock(self, lr: float, *, loss: str, dim: int, tied: bool) -> Clock:
        """Return a clock whose time is lr times the steps: Adam has no canonical one."""
        return Clock(lr)

    def transform(self, lr: Any, factors: Factors = None) -> Any:
        """Return the Optax transformation."""
        import optax

        return optax.chain(
            *_clipped(self.clip),
            optax.scale_by_adam(b1=self.b1, b2=self.b2, eps=self.eps),
            *_by_layer(factors),
            *_decayed(self.weight_decay),
            optax.scale_by_learning_rate(lr),
        )


@face
@dataclass(frozen=True, slots=True)
class CosineAdam(Optimiser):
    """Adam whose learning rate rises linearly at first and then falls as half a cosine.

    Parameters
    ----------
    steps : int
        Step at which it reaches its end.
    warmup : int
        Steps over which it rises from zero; fewer than `steps`.
    end : float
        Learning rate at the end, as a share of the largest.
    """

    steps: int
    warmup: int = 100
    end: float = 0.01

    def __post_init__(self) -> None:
        share("end", self.end)
        if positive_int("warmup", self.warmup) >= positive_int("steps", self.steps):
            raise ArgumentError(
                f"Argument `warmup` must be below `steps` = {self.steps}, but it is {self.warmup}."
            )

    @property
    def adaptive(self) -> bool:
        """Whether the size of a step does not depend on that of the gradient."""
        return True

    @property
    def time_axis(self) -> str:
        """What the time axis is."""
        return "lr * steps: Adam has no canonical clock"

    def clock(self, lr: float, *, loss: str, dim: int, tied: bool) -> Clock:
        """Return a clock whose time is lr times the steps: Adam has no canonical one."""
        return Clock(lr)

    def transform(self, lr: Any, factors: Factors = None) -> Any:
        """Return the Optax transformation."""
        import optax

        rate = optax.warmup_cosine_decay_schedule(0.0, 1.0, self.warmup, self.steps, self.end)
        return optax.chain(
            optax.scale_by_adam(),
            *_by_layer(factors),
            optax.scale_by_schedule(rate),
            optax.scale_by_learning_rate(lr),
        )


def _clipped(norm: float | None) -> list[Any]:
    import optax

    return [] if norm is None else [optax.clip_by_global_norm(norm)]


def _decayed(share: float) -> list[Any]:
    import optax

    return [optax.add_decayed_weights(share)] if share else []


def _by_layer(factors: Factors) -> list[Any]:
    """Return the transformation that scales the updates of each layer, if there is anything to it."""
    if factors is None:
        return []
    import optax

    def scaled(updates: Any, _: Any) -> Any:
        layers = tuple(
            tuple(None if x is None else x * f for x, f in zip(layer, pair, strict=True))
            for layer, pair in zip(updates.layers, factors, strict=True)
        )
        return replace(updates, layers=layers)

    return [optax.stateless(scaled)]


def _check_decay_and_clip(weight_decay: float, clip: float | None) -> None:
    not_negative("weight_decay", weight_decay)
    if clip is not None:
        positive("clip", clip)
