"""One training run: its checked arguments, and what was seen of it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from simtheory._checks import warn_caller
from simtheory._files import digest
from simtheory._typing import Array, IntArray
from simtheory.errors import SolveError, TrainingWarning
from simtheory.results import Arrays, Trajectory
from simtheory.tasks import LinearTask, SIMTask
from simtheory.units import Clock
from simtheory.validation.nets.architectures import MLP, Layer
from simtheory.validation.nets.data import Data
from simtheory.validation.nets.optimisers import Optimiser
from simtheory.validation.nets.running import Watched
from simtheory.validation.nets.store import Store

__all__ = ["Job", "Seen", "stability_bound"]

# Multiplications of one seed's step, points times weights, up to which seeds side by side are faster
# on a CPU; beyond it they take the same time to run and longer to compile.
_SMALL = 2**15
_PIECES = 50  # parts of a run at whose ends the bar moves, files are written and divergence is met


@dataclass(frozen=True)
class Job:
    """The checked arguments of one call of `train`."""

    net: MLP
    task: SIMTask | LinearTask
    lr: float
    seeds: tuple[int, ...]
    optimiser: Optimiser
    data: Data
    batch: int | None
    loss: str
    layers: tuple[Layer, ...]
    stops: IntArray
    probes: Array
    jacobians: bool
    device: Any
    precision: str
    batched: bool

    @cached_property
    def clock(self) -> Clock:
        """What turns steps into time."""
        return self.optimiser.clock(
            self.lr, loss=self.loss, dim=self.task.n_outputs, tied=self.net.tied
        )

    @property
    def factor(self) -> float:
        """Loss over the mean squared distance."""
        return 0.5 * Clock(1.0, self.loss, dim=self.task.n_outputs).step

    @property
    def condenses(self) -> bool:
        """Whether as many points as dimensions give the same gradients as all of them."""
        _, n, d = self.data.shape(self.task, seeds=self.seeds)
        return self.net.is_linear and self.batch is None and n > d

    @property
    def is_small(self) -> bool:
        """Whether the cost of a step is that of starting its operations, not of their numbers."""
        if self.batch is not None:
            return False
        _, n, d = self.data.shape(self.task, seeds=self.seeds)
        weights = sum(out * into for out, into in self.net.shapes(d, self.task.n_outputs))
        return (d if self.condenses else n) * weights <= _SMALL

    @cached_property
    def pieces(self) -> IntArray:
        """Steps to stop at, shape (pieces, stops of a piece): the looks, and a grid beside them.

        The last one is repeated to fill the last piece; no step is made for it.
        """
        grid = np.linspace(0, self.stops[-1], _PIECES + 1).round().astype(np.intp)
        marks = np.union1d(self.stops, grid)
        # a power of two, so that runs that look at other steps share what was compiled
        size = 1 << (-(-marks.size // _PIECES) - 1).bit_length()
        return np.pad(marks, (0, -marks.size % size), mode="edge").reshape(-1, size)

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that the numbers of this run depend on."""
        arrays = [a for layer in self.layers for a in layer if a is not None]
        return {
            "net": repr(self.net),
            "task": self.task.to_dict(),
            "lr": self.lr,
            "seeds": list(self.seeds),
            "optimiser": repr(self.optimiser),
            "data": repr(self.data),
            "batch": self.batch,
            "loss": self.loss,
            "init": digest(*arrays),
            "looks": digest(self.stops.tobytes()),
            "probes": digest(self.probes),
            "jacobians": self.jacobians,
            "device": self.device.platform,
            "precision": self.precision,
            "seeds_as": "batch" if self.batched else "loop",
        }


@dataclass
class Seen(Watched):
    """What was seen of a run so far; a seed that diverged, or has not come there yet, is NaN."""

    job: Job
    outputs: Array
    loss: Array
    weights: Array | None
    jacobians: Array | None
    step: int = 0
    limits: Array | None = None  # losses beyond which a seed counts as diverged
    diverged: dict[int, int] = field(default_factory=dict)  # seed -> step at which it was met

    @classmethod
    def empty(cls, job: Job) -> Seen:
        """Return what was seen before the first step: nothing."""
        shape, d = (len(job.seeds), job.stops.size), job.task.dim
        n, k = len(job.probes), job.task.n_outputs
        return cls(
            job,
            np.full((*shape, n, k), np.nan),
            np.full(shape, np.nan),
            np.full((*shape, k, d), np.nan) if job.net.is_linear else None,
            np.full((*shape, n, k, d), np.nan) if job.jacobians else None,
        )

    @property
    def arrays(self) -> dict[str, Array]:
        """Those that there are, by name; seeds and looks are the first two axes."""
        named = {name: getattr(self, name) for name in ("outputs", "loss", "weights", "jacobians")}
        return {name: array for name, array in named.items() if array is not None}

    @property
    def kept(self) -> Any:
        """Which seeds have not diverged, shape (S,)."""
        return np.array([seed not in self.diverged for seed in self.job.seeds])

    def add(self, marks: IntArray, seen: dict[str, Array]) -> None:
        """Take what was seen at some steps, arrays (S, marks, ...)."""
        if self.limits is None:
            # a run that works never gets far above where it, or a net of zeros, starts
            self.limits = 1e6 * np.maximum(seen["loss"][:, 0], self._loss_of_zero())
        axes = {name: tuple(range(2, array.ndim)) for name, array in seen.items()}
        good = np.all([np.isfinite(a).all(axis=axes[name]) for name, a in seen.items()], axis=0)
        good &= seen["loss"] <= self.limits[:, None]
        for s in np.flatnonzero(self.kept & ~good.all(axis=1)):
            self.diverged[self.job.seeds[s]] = int(marks[np.argmin(good[s])])
        steps, first = np.unique(marks, return_index=True)
        wanted = np.isin(steps, self.job.stops)
        places = np.searchsorted(self.job.stops, steps[wanted])
        for name, array in self.arrays.items():
            array[:, places] = seen[name][:, first[wanted]]
        self.step = int(marks[-1])

    def has(self, marks: IntArray) -> bool:
        """Whether these steps were looked at, by an earlier call."""
        return self.limits is not None and bool(marks[-1] <= self.step)

    def save(self, store: Store, step: int, state: list[Array]) -> None:
        """Write the seeds that have not diverged, as a trajectory, and beside it their state."""
        found, keep = self.trajectory(), self.kept
        if found is not None and self.limits is not None:
            arrays = [array[keep] for array in (*state, self.limits)]
            store.save(found, {"step": step}, arrays)

    def restore(self, store: Store, state: list[Array]) -> tuple[int, list[Array]] | None:
        """Take what a file holds; return step and state, of a seed that diverged its start."""
        if (read := store.load()) is None:
            return None
        found, facts, saved = read
        self.diverged = dict(found.stats["diverged"])
        self.step = int(facts["step"])
        keep, done = self.kept, found.t.size
        self.limits = np.full(keep.size, np.nan)
        *saved, self.limits[keep] = saved
        kept = {"outputs": found.outputs, "weights": found.weights, **found.arrays}
        for name, array in self.arrays.items():
            array[keep, :done] = kept["train_loss" if name == "loss" else name]
        whole = [np.array(array) for array in state]
        for array, part in zip(whole, saved, strict=True):
            array[keep] = part
        return self.step, whole

    def _loss_of_zero(self) -> float:
        task = self.job.task
        moment = task.teacher @ task.second_moment @ task.teacher.T
        return self.job.factor * float(np.trace(moment))

    def trajectory(self) -> Trajectory | None:
        """Return what was seen of the seeds that have not diverged, if there is anything."""
        job, keep = self.job, self.kept
        seen = job.stops <= self.step
        if not keep.any() or not seen.any():
            return None
        found = {name: array[keep][:, seen] for name, array in self.arrays.items()}
        arrays = {
            "seeds": ("*ensemble", np.array(job.seeds)[keep]),
            "steps": ("t", job.stops[seen]),
            "train_loss": ("*ensemble t", found["loss"]),
        }
        if "jacobians" in found:
            arrays["jacobians"] = ("*ensemble t probe output coordinate", found["jacobians"])
        stats = {
            "diverged": [list(pair) for pair in self.diverged.items()],
            "lr": job.lr,
            "clock": job.optimiser.time_axis,
            "loss": job.loss,
            "optimiser": repr(job.optimiser),
            "data": repr(job.data),
            "batch": "all" if job.batch is None else job.batch,
            "device": job.device.platform,
            "precision": job.precision,
        }
        return Trajectory(
            t=job.clock.time(job.stops[seen]),
            probes=job.probes,
            outputs=found["outputs"],
            weights=found.get("weights"),
            task=job.task,
            origin=f"validation.train({job.net!r})",
            exact=False,
            stats=stats,
            arrays=Arrays(arrays),
        )

    def result(self) -> Trajectory:
        """Return the trajectory of a finished run; say which seeds diverged."""
        found = self.trajectory()
        if self.diverged:
            job, (seed, step) = self.job, min(self.diverged.items(), key=lambda pair: pair[1])
            lost = list(self.diverged)
            message = (
                f"Training diverged for {len(lost)} of {len(job.seeds)} seeds "
                f"({', '.join(map(str, lost[:8]))}{', …' if len(lost) > 8 else ''}), first for seed "
                f"{seed}, which was met at step {step}. {self._advice()}"
            )
            if found is None:
                before = job.stops[job.stops < step]
                raise SolveError(
                    message, time=float(job.clock.time(before[-1] if before.size else 0))
                )
            warn_caller(
                f"{message} The trajectory holds the others; stats['diverged'] lists seeds and steps.",
                TrainingWarning,
            )
        assert found is not None  # there is a seed, and a look
        return found

    def _advice(self) -> str:
        bound = stability_bound(self.job.net, self.job.task, self.job.optimiser, self.job.loss)
        if bound is None:
            return (
                "Lower `lr`: an Adam step moves every weight by about that much."
                if self.job.optimiser.adaptive
                else "Lower `lr`."
            )
        return (
            f"Lower `lr`: near the solution full-batch training of the linear net is stable below "
            f"about {bound:.3g}; large starts, biases and small batches need less."
        )


def stability_bound(
    net: MLP, task: SIMTask | LinearTask, optimiser: Optimiser, loss: str
) -> float | None:
    """Return the learning rate above which the linear net leaves its solution, if it is known."""
    rate = float(np.linalg.eigvalsh(task.second_moment)[-1])
    if isinstance(task, LinearTask):  # a mode of strength s relaxes at L a s^(2 − 2/L)
        rate *= float(task.strengths.max()) ** (2.0 - 2.0 / net.depth)
        if rate <= 0.0:
            return None
    return optimiser.stable_below(
        loss=loss, dim=task.n_outputs, tied=net.tied, depth=net.depth, rate=rate
    )
