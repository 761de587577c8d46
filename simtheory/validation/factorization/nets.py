"""A decoder without noise, and the activations of trained nets on a grid of labels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from simtheory._checks import as_generator, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.noise import Schedule
from simtheory.validation.factorization.worlds import BumpImages
from simtheory.validation.nets.devices import computing_on, find_device
from simtheory.validation.nets.diffusion.denoisers import Denoiser, MLPDenoiser, UNetDenoiser
from simtheory.validation.nets.diffusion.runs import ConceptRun

__all__ = ["Decoder", "Hidden", "hidden"]


@face
@dataclass(frozen=True, slots=True)
class Decoder(Denoiser):
    """A residual perceptron from the code of a label to its image: the denoiser's task without noise.

    It sees neither the noised image nor the diffusion time, and returns the clean image. Train it as a denoiser.

    Parameters
    ----------
    width : int
        Hidden units.
    blocks : int
        Residual blocks h ← h + W φ(h), φ the GELU.
    prediction : {"x0"}
        What it returns, the clean data.
    """

    width: int = 192
    blocks: int = 2
    prediction: str = "x0"

    def __post_init__(self) -> None:
        positive_int("width", self.width)
        positive_int("blocks", self.blocks)
        if self.prediction != "x0":
            raise ArgumentError(
                f"Argument `prediction` of a decoder must be 'x0', but it is {self.prediction!r}."
            )

    def build(self, shape: tuple[int, ...], n_conditions: int, key: Any, dtype: Any) -> Any:
        """Draw the net's start."""
        from simtheory.validation.factorization._modules import Blind

        return Blind(self, shape, n_conditions, key, dtype)


class Hidden(NamedTuple):
    """Activations of the hidden layer of trained nets.

    Parameters
    ----------
    labels : ndarray, shape (P, 2)
        Labels, in pixels.
    activations : ndarray, shape (S, P, d)
        Activations of each seed, averaged over noise.
    baseline : ndarray, shape (S, P, d)
        Those of the nets before training: the null of factorisation.
    """

    labels: Array
    activations: Array
    baseline: Array


@face
def hidden(
    run: ConceptRun,
    labels: ArrayLike,
    *,
    level: float = math.inf,
    draws: int = 8,
    rng: np.random.Generator | int = 0,
) -> Hidden:
    """Return what the hidden layer of trained nets, and of the same nets before training, makes of labels.

    All labels see the same noise, so differences between them are not noise. `st.assess.activations` measures
    the geometry of what is returned.

    Parameters
    ----------
    run : ConceptRun
        A run of `train` on `BumpImages`.
    labels : array_like, shape (P, 2)
        Labels to ask for, in pixels, such as a full grid.
    level : float
        Noise level λ = σ²/α² of the noised images that the net sees; at most the end of the schedule. Default:
        that end, where the net sees the label and nothing of the image.
    draws : int
        Draws of the noise that are averaged.
    rng : numpy.random.Generator or int
        Draws the noise.

    Returns
    -------
    Hidden
        Of `MLPDenoiser` and `Decoder` the sum that the residual blocks leave, of `UNetDenoiser` the last block
        on the way down.

    Raises
    ------
    ArgumentError
        If the run does not hold its nets, or a net has no hidden layer of its own.
    ShapeError
        If the labels are no pairs.
    """
    learned = run.learned
    if learned is None or not isinstance(learned.world, BumpImages) or not run.nets:
        raise ArgumentError(
            f"Argument `run` must be a run of `train` on BumpImages, but it is {run!r}."
        )
    if not isinstance(learned.net, MLPDenoiser | UNetDenoiser | Decoder):
        raise ArgumentError(
            "Argument `run` must be of an MLPDenoiser, a UNetDenoiser or a Decoder, but its net is "
            f"{learned.net!r}."
        )
    world = learned.world
    images = world.images(labels)
    asked = world.condition(labels)
    time = _time(learned.schedule, level)
    at = learned.schedule.at(np.asarray(time))
    at = at if learned.schedule.preserves_variance else at.normalised
    noises = as_generator(rng).standard_normal((positive_int("draws", draws), 1, *world.shape))
    noised = at.alpha * images + at.sigma * noises
    from simtheory.validation.factorization._modules import layers

    with computing_on(find_device("cpu"), precision=world.precision):
        found = [
            layers(learned.net, world, seed, weights, asked, noised, time)
            for seed, weights in zip(run.seeds, run.nets, strict=True)
        ]
    after, before = (np.stack(part) for part in zip(*found, strict=True))
    return Hidden(np.array(labels, np.float64), after, before)


def _time(schedule: Schedule, level: float) -> float:
    """Return the diffusion time at which the noise has a level, within the ends of the schedule."""
    low, high = schedule.ends
    if not level >= 0.0:
        raise ArgumentError(f"Argument `level` must be 0 or more, but it is {level!r}.")
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = float(schedule.level(np.asarray(middle))) < level
        low, high = (middle, high) if below else (low, middle)
    return high
