"""Accuracies from files and runs: which reader takes what, and what was trained."""

from __future__ import annotations

import re
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._checks import positive_int, share, shown
from simtheory._faces import face
from simtheory._files import given_toml
from simtheory._kinds import came
from simtheory.assess.evaluations.cells import Cells, Key, assembled
from simtheory.assess.evaluations.expressions import joint_of
from simtheory.assess.evaluations.lines import read_lines
from simtheory.assess.evaluations.recorded import read_recorded
from simtheory.assess.evaluations.table import Accuracies
from simtheory.assess.evaluations.tables import read_table
from simtheory.errors import ArgumentError, SimTheoryError
from simtheory.results.recorder import is_recorded
from simtheory.tasks import ConceptGraph

__all__ = ["accuracies", "trained_graph"]

_RUN = ("prompts", "accuracy", "joint", "steps", "seeds", "names", "trained", "stats")
_LINES = (".jsonl", ".ndjson", ".json")


@face
def accuracies(
    source: Any,
    *,
    train: ConceptGraph | str | Path | Sequence[Any] | None = None,
    n: int | None = None,
    joint: str | None = None,
    ceiling: float | None = None,
    same_samples: bool = True,
) -> Accuracies:
    """Read accuracies of classes through training.

    Parameters
    ----------
    source : path, list of paths, or ConceptRun
        A table with named columns, in one of two forms: a row for each sample (``step``, ``seed``,
        ``class``, ``sample`` and a column of 0 and 1 for each concept), or a row for each cell (``step``,
        ``seed``, ``class``, the accuracy of each concept, ``joint`` and ``n``). A column ``strength`` tells
        prompts apart, of which 1 is the plain one. Or JSON lines that hold ``correct`` and ``tag`` of an image,
        or ``doc_id`` and ``acc`` of a document, one file for each task. Or files of a `Recorder` on a
        `SIMTask`, a run each: a concept of an output is right when the output along it is nearer to its own
        value than to the other one. Or a run of `simtheory.validation.diffusion.train`.
    train : ConceptGraph, path or sequence, optional
        What was trained: a graph, a TOML file that holds one, or the trained classes as the file names them.
        Without it nothing is known of distances. A class is named by a digit for each concept of the graph, or
        by the names of its values.
    n : int, optional
        Samples behind each accuracy, where the table has no column ``n``.
    joint : str, optional
        For JSON lines, what is composed of what: ``"color_attr = two_object * colors^2"``.
    ceiling : float, optional
        Joint accuracy of the judge on data that were held out, in (0, 1]; every level is a share of it. Default:
        what a run of nets has measured, else 1.
    same_samples : bool
        Whether joint and marginals of a row were counted on the same samples. Then no joint accuracy exceeds a
        marginal, and a row in which one does is refused.

    Returns
    -------
    Accuracies
        Marginals and joint accuracies over seeds, steps and classes.

    Raises
    ------
    ArgumentError
        If a row cannot be; the message names its line.
    MissingFileError
        If there is no such file.

    Notes
    -----
    A million rows of samples take some seconds; the text is never held as a whole.
    """
    top = None if ceiling is None else share("ceiling", ceiling, ends="(]")
    known = None if n is None else positive_int("n", n)
    listed = [source] if isinstance(source, str | PathLike) else source
    if not isinstance(listed, list | tuple):
        return _of_run(source, train, top)
    if not listed or not all(isinstance(one, str | PathLike) for one in listed):
        raise ArgumentError(
            f"Argument `source` must name files, at least one, but it is {shown(source)}."
        )
    paths = [Path(one) for one in listed]
    if all(is_recorded(path) for path in paths):
        if joint is not None:
            raise ArgumentError(
                "Argument `joint` is of no use for a recorded run: its task says it."
            )
        cells, taught = read_recorded(paths)
        given = taught if train is None else trained_graph(train)
        return assembled(
            cells, graph=given, ceiling=1.0 if top is None else top, where=f"The file {paths[0]}"
        )
    lines = [path.suffix.lower() in _LINES for path in paths]
    graph = None if train is None else trained_graph(train)
    if any(lines):
        if not all(lines):
            raise ArgumentError("Argument `source` must name tables or JSON lines, not both.")
        if joint is None:
            raise ArgumentError(
                "Argument `joint` (--joint) must say what is composed of what in JSON lines, such as "
                '"color_attr = two_object * colors^2".'
            )
        cells = read_lines(paths, joint_of(joint))
    else:
        if joint is not None:
            raise ArgumentError(
                "Argument `joint` is for JSON lines; a table has a column of that name."
            )
        cells = _together([read_table(path, n=known, same_samples=same_samples) for path in paths])
    top = 1.0 if top is None else top
    return assembled(cells, graph=graph, ceiling=top, where=f"The file {paths[0]}")


@face
def trained_graph(train: ConceptGraph | str | Path | Sequence[Any]) -> ConceptGraph:
    """Return what was trained as a concept graph.

    Parameters
    ----------
    train : ConceptGraph, path or sequence
        A graph; a TOML file with the arguments of `ConceptGraph`, at its top or in a table ``graph``; or the
        trained classes, each a word of digits or a tuple of values.

    Returns
    -------
    ConceptGraph
        The graph.

    Raises
    ------
    ArgumentError
        If it is none of these.

    Examples
    --------
    >>> trained_graph(["00", "10", "01"]).train.tolist()
    [[0, 0], [1, 0], [0, 1]]
    """
    if isinstance(train, ConceptGraph):
        return train
    if not isinstance(train, str | Path):
        return ConceptGraph.from_dict({"train": train})
    path = Path(train)
    held = given_toml(path)
    table = held.get("graph", held)
    if not isinstance(table, dict) or "train" not in table:
        raise ArgumentError(f"The file {path} must hold train = [[0, 0, 0], [1, 0, 0], ...].")
    if table is not held and len(held) > 1:
        raise ArgumentError(
            f"The file {path} must hold the table [graph] alone, but it has "
            f"{', '.join(sorted(set(held) - {'graph'}))} too."
        )
    try:
        return ConceptGraph.from_dict(table)
    except SimTheoryError as reason:
        told = re.sub(r"Argument `(\w+)`", r"Its entry \1", str(reason))
        raise ArgumentError(f"The file {path} holds no concept graph. {told}") from reason


def _together(parts: list[Cells]) -> Cells:
    """Return tables of several files as one."""
    first = parts[0]
    for one in parts[1:]:
        if one.concepts != first.concepts or (one.moments is None) != (first.moments is None):
            raise ArgumentError(
                "Argument `source` must name tables with the same columns, but they name "
                f"{', '.join(first.concepts)} and {', '.join(one.concepts)}."
            )
    keys = [key for one in parts for key in one.keys]
    if len(set(keys)) < len(keys):
        seed, step, name, _ = next(key for key in keys if keys.count(key) > 1)
        raise ArgumentError(
            f"Argument `source` must name each cell once, but class {name}, step {step:g}, seed {seed} stands in "
            "two files. Give their runs different seeds."
        )

    def stacked(name: str) -> Any:
        return np.concatenate([getattr(one, name) for one in parts])

    return Cells(
        keys,
        first.concepts,
        stacked("marginals"),
        stacked("joint"),
        stacked("counts"),
        stacked("concept_counts"),
        None if first.moments is None else stacked("moments"),
        first.powers,
        first.paired,
        tuple(dict.fromkeys(note for one in parts for note in one.notes)),
    )


def _of_run(run: Any, train: Any, ceiling: float | None) -> Accuracies:
    """Return what a run of nets measured.

    A prompt beyond the values of its class asks for it more strongly: its strength is 1 and the excess. Of two
    prompts of one class and strength the first is kept.
    """
    missing = [name for name in _RUN if not hasattr(run, name)]
    if missing:
        raise ArgumentError(
            "Argument `source` must be a path, several paths, or a run of simtheory.validation.diffusion.train, but "
            f"it is {came(run)}."
        )
    prompts = np.asarray(run.prompts, dtype=np.float64)
    shown_classes = prompts[np.asarray(run.trained, dtype=bool)]
    most = np.maximum(shown_classes.max(axis=0, initial=1.0), 1.0)
    base = np.clip(prompts, 0.0, most)
    named = np.all(base == np.rint(base), axis=1)  # a prompt between two values names no class
    names = ["".join(f"{int(x)}" for x in row) for row in base]
    strengths = 1.0 + np.abs(prompts - base).max(axis=1)
    seeds = [str(seed) for seed in run.seeds]
    keys = [
        (seed, float(step), name, float(strength)) if good else None
        for seed in seeds
        for step in run.steps
        for name, strength, good in zip(names, strengths, named, strict=True)
    ]
    first: dict[Key, int] = {}
    for k, key in enumerate(keys):
        if key is not None:
            first.setdefault(key, k)
    kept = np.array(list(first.values()), dtype=np.intp)
    n = len(run.names)
    marginals = np.asarray(run.accuracy).reshape(-1, n)[kept]
    counts = np.full(len(kept), float(run.stats.get("draws", np.nan)))
    cells = Cells(
        list(first),
        tuple(run.names),
        marginals,
        np.asarray(run.joint).reshape(-1)[kept],
        counts,
        np.repeat(counts[:, None], n, axis=1),
        None,
        (1,) * n,
        True,
    )
    graph = trained_graph(train) if train is not None else None
    if graph is None and len(shown_classes):
        graph = ConceptGraph(np.unique(shown_classes, axis=0), values=most + 1.0)
    if ceiling is None:
        held_out = run.stats.get("held_out")
        ceiling = 1.0 if held_out is None else float(np.prod(held_out))
    return assembled(cells, graph=graph, ceiling=ceiling, where="Argument `source`")
