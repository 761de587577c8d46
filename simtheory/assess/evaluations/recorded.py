"""Accuracies of a recorded run: which concepts of each vertex its outputs show.

A concept of an output is right when the output along it is nearer to the vertex's own value than to the
other one, which lies one signal strength away. One output is one sample.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simtheory._typing import Array
from simtheory.assess.evaluations.cells import Cells, Key
from simtheory.errors import ArgumentError
from simtheory.results.recorder import Recorder
from simtheory.tasks import ConceptGraph, SIMTask

__all__: list[str] = []


def read_recorded(paths: list[Path]) -> tuple[Cells, ConceptGraph]:
    """Return what files of recorders hold, a run a file, and what their task trains."""
    runs = [Recorder.load(path) for path in paths]
    task = runs[0].task
    for run, path in zip(runs, paths, strict=True):
        if not isinstance(run.task, SIMTask):
            raise ArgumentError(
                f"The file {path} must be of a SIMTask, whose vertices are classes, but it is of {run.task!r}."
            )
        if run.task != task:
            raise ArgumentError(
                f"The file {path} must be of the task of {paths[0]}, but it is of another. Read it by itself."
            )
    assert isinstance(task, SIMTask)
    keys: list[Key] = []
    right = []
    for run, path in zip(runs, paths, strict=True):
        places, words = _vertices(task, run.probes, path)
        outputs = run.trajectory().outputs[..., places, :]
        along = task.to_concept_axes(outputs)[..., : task.n_concepts]
        wanted = task.to_concept_axes(run.probes[places])[:, : task.n_concepts]
        shown = np.abs(along - wanted) < 0.5 * task.mu
        shown = shown.reshape(-1, *shown.shape[-3:])  # seeds, steps, classes, concepts
        for member in range(len(shown)):
            seed = path.stem if len(shown) == 1 else f"{path.stem}.{member}"
            keys += [(seed, float(step), word, 1.0) for step in run.steps for word in words]
        right.append(shown.reshape(-1, task.n_concepts))
    marginals = np.concatenate(right).astype(np.float64)
    if len(set(keys)) < len(keys):
        raise ArgumentError(
            "Argument `source` must name each run once, and files of different names."
        )
    counts = np.ones(len(marginals))
    cells = Cells(
        keys,
        tuple(f"concept_{k + 1}" for k in range(task.n_concepts)),
        marginals,
        marginals.min(axis=1),
        counts,
        np.ones_like(marginals),
        marginals[:, :, np.newaxis] * marginals[:, np.newaxis, :],
        (1,) * task.n_concepts,
        True,
    )
    single = np.eye(task.n_concepts, dtype=int).tolist()
    train = [[0] * task.n_concepts, *single] if task.origin else single
    return cells, ConceptGraph(train, mu=task.mu)


def _vertices(task: SIMTask, probes: Array, path: Path) -> tuple[list[int], list[str]]:
    """Return which probes are vertices, and their classes, a digit a concept."""
    along = task.to_concept_axes(probes)
    bits = np.rint(along[:, : task.n_concepts] / np.where(task.mu, task.mu, 1.0))
    near = np.zeros_like(along)
    near[:, : task.n_concepts] = bits * task.mu
    same = np.isclose(along, near, rtol=0.0, atol=1e-9 * max(1.0, float(task.mu.max())))
    fits = same.all(axis=1) & (bits >= 0).all(axis=1) & (bits <= 1).all(axis=1)
    found: dict[str, int] = {}
    for place in np.flatnonzero(fits).tolist():
        found.setdefault("".join(f"{int(bit)}" for bit in bits[place]), place)
    if not found:
        raise ArgumentError(
            f"The file {path} must watch vertices of its task, such as `task.vertices()`, but none of its "
            f"{len(probes)} probes is one."
        )
    return list(found.values()), list(found)
