"""What conditional diffusion leaves: where its samples lie in concept space, through training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from simtheory._checks import as_finite, frozen
from simtheory._faces import face
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError, ShapeError
from simtheory.noise import Schedule
from simtheory.results import Arrays, Trajectory
from simtheory.results.axes import over, settle
from simtheory.tasks import SIMTask
from simtheory.validation.nets.diffusion.denoisers import Denoiser
from simtheory.validation.nets.diffusion.worlds import World

__all__ = ["ConceptRun", "Learned", "Looks"]


@face
@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """What was seen of one seed at each look, as its file holds it.

    Parameters
    ----------
    steps : ndarray of int, shape (T,)
        Steps of the looks.
    arrays : mapping
        Arrays (T, ...) by name.
    """

    steps: IntArray = field(metadata=over("look", allow="integer"))
    arrays: Arrays = field(default_factory=Arrays)

    def __post_init__(self) -> None:
        settle(self)


class Learned(NamedTuple):
    """Which net learned which world.

    Parameters
    ----------
    net : Denoiser
        The net.
    world : World
        Its data.
    schedule : Schedule
        Its noise.
    """

    net: Denoiser
    world: World
    schedule: Schedule


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ConceptRun:
    """Samples of several seeds in concept space, prompt by prompt, at some steps of training.

    Parameters
    ----------
    steps : ndarray of int, shape (T,)
        Steps of the optimiser at which it was looked at.
    prompts : ndarray, shape (P, n)
        Concept values asked for, 0 absent and 1 present; beyond 1 asks for more than there is.
    coordinates : ndarray, shape (S, T, P, n)
        Mean concept coordinates of the samples: x_k/mu_k of vectors, the classifier's mean
        probability of images.
    accuracy : ndarray, shape (S, T, P, n)
        Share of the samples whose concept k is as asked for.
    joint : ndarray, shape (S, T, P)
        Share of the samples all of whose concepts are.
    examples : ndarray, shape (S, T, P, ...)
        The first sample of each prompt, from the same noise at every look.
    losses : ndarray, shape (S, T)
        Mean training loss of the steps since the look before; NaN at step 0.
    trained : ndarray of bool, shape (P,)
        Which prompts are training classes.
    names : tuple of str, length n
        The concepts.
    strengths : ndarray, shape (n,)
        Their signal strengths.
    stats : mapping
        Seeds and settings.
    nets : tuple
        Weights of the net of each seed at the end of training, arrays in the order of its layers; empty
        where they were not kept.
    learned : Learned, optional
        Which net learned which world.
    """

    steps: IntArray
    prompts: Array
    coordinates: Array
    accuracy: Array
    joint: Array
    examples: Array
    losses: Array
    trained: Any
    names: tuple[str, ...]
    strengths: Array
    stats: Mapping[str, Any]
    nets: tuple[tuple[Array, ...], ...] = ()
    learned: Learned | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, each.name, frozen(value.copy()))
        object.__setattr__(self, "stats", MappingProxyType(dict(self.stats)))
        if "seeds" not in self.stats:
            raise ArgumentError(
                "Argument `stats` must hold `seeds`, the seed of each run, but it has none."
            )
        wanted = (len(self.seeds), self.steps.size, *self.prompts.shape)
        if self.coordinates.shape != wanted:
            raise ShapeError(
                f"Argument `coordinates` must have shape {wanted}, "
                f"but its shape is {self.coordinates.shape}."
            )

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, along the first axis of the arrays."""
        return tuple(int(seed) for seed in self.stats["seeds"])

    def place(self, prompt: Sequence[float]) -> int:
        """Return where a prompt stands.

        Parameters
        ----------
        prompt : sequence of float, length n
            Concept values.

        Returns
        -------
        int
            Its index along the axis P.

        Raises
        ------
        ArgumentError
            If it was not asked.
        """
        wanted = as_finite("prompt", prompt)
        if wanted.shape == self.prompts.shape[1:]:
            found = np.flatnonzero((np.abs(self.prompts - wanted) < 1e-9).all(axis=1))
            if found.size:
                return int(found[0])
        known = ", ".join(str(tuple(float(f"{x:g}") for x in row)) for row in self.prompts[:8])
        raise ArgumentError(
            f"Argument `prompt` must be one of the {len(self.prompts)} that were asked, {known}"
            f"{', …' if len(self.prompts) > 8 else ''}, but it is {tuple(prompt)}."
        )

    def trajectory(self, task: SIMTask) -> Trajectory:
        """Return the mean samples as a trajectory, which every observable and picture reads.

        The prompts that are vertices become its probes, and the mean sample under a prompt is the
        output on it.

        Parameters
        ----------
        task : SIMTask
            The vectors' task, or, for images, one whose `mu` sets the scale of the axes.

        Returns
        -------
        Trajectory
            Outputs (S, T, P, d) over lr · steps, which is no canonical time.

        Raises
        ------
        ShapeError
            If the task has another number of concepts.
        """
        if task.n_concepts != self.prompts.shape[1]:
            raise ShapeError(
                f"Argument `task` must have {self.prompts.shape[1]} concepts, "
                f"but it has {task.n_concepts}."
            )
        kept = np.isin(self.prompts, (0.0, 1.0)).all(axis=1)
        outputs = np.zeros((*self.joint[:, :, kept].shape, task.dim))
        outputs[..., : task.n_concepts] = self.coordinates[:, :, kept] * task.mu
        return Trajectory(
            t=self.stats["lr"] * self.steps,
            probes=np.array([task.vertex(tuple(row)) for row in self.prompts[kept]]),
            outputs=task.from_concept_axes(outputs),
            weights=None,
            task=task,
            origin="validation.diffusion.train",
            exact=False,
            stats={"clock": "lr * steps: diffusion has no canonical clock"},
            arrays=Arrays(
                {"seeds": ("*ensemble", np.array(self.seeds)), "steps": ("t", self.steps)}
            ),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # the read-only view of `stats` cannot be pickled; a process pool has to
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return ConceptRun, tuple((values | {"stats": dict(self.stats)}).values())

    def __repr__(self) -> str:
        s, t, p, _ = self.coordinates.shape
        return f"ConceptRun({', '.join(self.names)}; seeds={s}, looks={t}, prompts={p})"

    def __str__(self) -> str:
        return rows_as_text("ConceptRun", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("ConceptRun", self._rows())

    def _rows(self) -> list[tuple[str, str]]:
        strengths = zip(self.names, self.strengths, strict=True)
        rows = [
            ("concepts", ", ".join(f"{name} {strength:g}" for name, strength in strengths)),
            ("steps", f"{self.steps.size} looks from {self.steps[0]} to {self.steps[-1]}"),
            ("prompts", f"{len(self.prompts)}, {int(self.trained.sum())} of them trained"),
        ]
        return rows + [(name, str(value)) for name, value in self.stats.items()]
