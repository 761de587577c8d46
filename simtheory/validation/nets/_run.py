"""Run the compiled loop piece by piece, with a bar and a checkpoint."""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError, TrainingWarning
from simtheory.results import Trajectory
from simtheory.results.files import load_beside, save_beside
from simtheory.validation.nets._job import Job, Records
from simtheory.validation.nets.data import condensed
from simtheory.validation.nets.devices import computing_on

__all__ = ["descend"]

_PAUSE = 2.0  # seconds between two checkpoints


def descend(job: Job, *, checkpoint: Path | None, progress: bool) -> Records:
    """Train until the last record, from the checkpoint on if there is one."""
    records = Records.empty(job)
    hidden = not (progress and sys.stderr.isatty())
    with (
        computing_on(job.device, precision=job.precision),
        tqdm(total=int(job.stops[-1]), unit="step", disable=hidden, leave=False) as bar,
    ):
        engine = _Engine(job)
        if checkpoint is not None and checkpoint.exists():
            _restore(records, engine, checkpoint)
        saved_step, saved_at = records.step, time.monotonic()
        bar.update(records.step)
        try:
            for marks in job.pieces:
                if records.limits is not None and marks[-1] <= records.step:
                    continue  # the checkpoint has it
                if not records.kept.any():
                    break
                records.add(marks, engine.advance(marks, kept=records.kept))
                bar.update(records.step - bar.n)
                if checkpoint is not None and time.monotonic() > saved_at + _PAUSE:
                    _save(records, engine, checkpoint)
                    saved_step, saved_at = records.step, time.monotonic()
        finally:  # also where the user interrupts
            if checkpoint is not None and records.step != saved_step:
                _save(records, engine, checkpoint)
    return records


class _Engine:
    """The compiled loop on the device, and there the state, the data and the key of every seed.

    They lie in groups of one seed each, or of all seeds on a leading axis, whichever is faster.
    Step and states change in one assignment, so that an interrupt finds them together.
    """

    def __init__(self, job: Job) -> None:
        import jax
        import jax.numpy as jnp

        from simtheory.validation.nets import _descent

        self._job = job
        self._plan = _descent.Plan(
            optimiser=job.optimiser,
            factors=job.net.step_factors(adaptive=job.optimiser.adaptive),
            order=job.data.order,
            batch=job.batch,
            is_linear=job.net.is_linear,
            jacobians=job.jacobians,
        )
        self._common = jax.tree.map(
            jnp.asarray,
            _descent.Common(
                step=np.asarray(0),
                stops=job.pieces[0],
                lr=np.asarray(job.lr),
                factor=np.asarray(job.factor),
                probes=job.probes,
                source=job.data.source(job.task),
            ),
        )

        def begin(layers: Any, points: Any, key: Any) -> Any:
            return _descent.start(
                self._plan, layers, job.net.activation, points, key, self._common.lr
            )

        x, y = job.data.draw(job.task, seeds=job.seeds)
        rest = np.zeros(len(job.seeds))
        if job.condenses:
            x, y, rest = condensed(x, y)
        keys = np.array(job.seeds, dtype=np.uint32)
        parts = [slice(None)] if job.batched else list(range(len(job.seeds)))
        make = jax.vmap if job.batched else lambda function: function
        self._loop = _descent.advance_all if job.batched else _descent.advance
        self._data, self._keys, states = [], [], []
        for part in parts:
            points = jnp.asarray(x[part])
            targets = points if y is x else jnp.asarray(y[part])
            self._data.append((points, targets, jnp.asarray(rest[part])))
            self._keys.append(make(jax.random.key)(jnp.asarray(keys[part])))
            layers = jax.tree.map(lambda a, part=part: jnp.asarray(a[part]), job.layers)
            states.append(make(begin)(layers, points, self._keys[-1]))
        self._at = (0, states)

    def advance(self, marks: IntArray, *, kept: Any) -> dict[str, Array]:
        """Train the seeds that are kept up to the last of `marks`; return what was seen there."""
        import jax.numpy as jnp

        step, states = self._at
        common = self._common._replace(step=jnp.asarray(np.asarray(step)), stops=jnp.asarray(marks))
        seen: list[dict[str, Array]] = []
        later = list(states)
        for k, state in enumerate(states):
            if not (self._job.batched or kept[k]):
                seen.append({})
                continue
            later[k], found = self._loop(self._plan, state, self._data[k], self._keys[k], common)
            seen.append(
                {name: np.asarray(a) for name, a in found._asdict().items() if a is not None}
            )
        self._at = (int(marks[-1]), later)
        if self._job.batched:
            return seen[0]
        (full, *_) = (found for found in seen if found)
        return {
            name: np.stack([found.get(name, np.full_like(a, np.nan)) for found in seen])
            for name, a in full.items()
        }

    def save(self) -> tuple[int, list[Array]]:
        """Return the step and the arrays of the states, seeds on the leading axis."""
        import jax

        step, states = self._at
        leaves = [jax.tree.leaves(state) for state in states]
        if self._job.batched:
            return step, [np.asarray(leaf) for leaf in leaves[0]]
        return step, [np.stack(parts) for parts in zip(*leaves, strict=True)]

    def load(self, step: int, arrays: list[Array]) -> None:
        """Go back to what `save` returned."""
        import jax
        import jax.numpy as jnp

        _, states = self._at
        shape = jax.tree.structure(states[0])
        parts = (
            [arrays] if self._job.batched else [list(part) for part in zip(*arrays, strict=True)]
        )
        later = [jax.tree.unflatten(shape, [jnp.asarray(a) for a in part]) for part in parts]
        self._at = (step, later)


def _save(records: Records, engine: _Engine, path: Path) -> None:
    """Write the records so far as a trajectory, and beside it the state of the training."""
    found, keep = records.trajectory(), records.kept
    step, arrays = engine.save()
    if found is None or records.limits is None or step != records.step:
        return  # nothing was recorded yet, or an interrupt came before it was
    state = {f"state_{k}": array[keep] for k, array in enumerate(arrays)}
    state["limits"] = records.limits[keep]
    facts = {"settings": records.job.settings, "step": step}
    try:
        save_beside(found, path, facts=facts, arrays=state)
    except OSError as reason:
        warnings.warn(
            f"The checkpoint {path} could not be written at step {step}: {reason}. What it "
            "held before is still there; training goes on.",
            TrainingWarning,
            stacklevel=4,
        )


def _restore(records: Records, engine: _Engine, path: Path) -> None:
    """Put records and engine where the checkpoint left off."""
    found, facts, saved = load_beside(Trajectory, path)
    if "settings" not in facts:
        raise ArgumentError(
            f"Argument `checkpoint` must name a checkpoint of `train`, but {path} is another trajectory."
        )
    _compare(json.loads(facts["settings"]), json.loads(records.job.settings), path)
    records.diverged = dict(found.stats["diverged"])
    records.step = int(facts["step"])
    keep, done = records.kept, found.t.size
    records.limits = np.full(keep.size, np.nan)
    records.limits[keep] = saved["limits"]
    kept = {"outputs": found.outputs, "weights": found.weights, **found.arrays}
    for name, array in records.arrays.items():
        array[keep, :done] = kept["train_loss" if name == "loss" else name]
    state = [np.array(array) for array in engine.save()[1]]  # of a seed that diverged: its start
    for k, array in enumerate(state):
        array[keep] = saved[f"state_{k}"]
    engine.load(records.step, state)


def _compare(theirs: dict[str, Any], ours: dict[str, Any], path: Path) -> None:
    """Refuse to go on from a run with other settings."""
    other = [name for name in ours if theirs.get(name) != ours[name]]
    if not other:
        return
    digests = [name for name in other if name in ("init", "record", "probes")]
    plain = [name for name in other if name not in digests]
    details = [f"`{name}` was {theirs.get(name)!r} and is {ours[name]!r}" for name in plain]
    details += [f"`{name}` is another" for name in digests]
    raise ArgumentError(
        f"Argument `checkpoint` names {path}, which belongs to another run: {'; '.join(details)}. "
        "Name another file, or delete this one."
    )
