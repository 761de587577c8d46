"""Accuracies from JSON lines: a line for each image with its tag, or for each document with its task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._names import nearest
from simtheory.assess.evaluations.cells import Cells, Key
from simtheory.assess.evaluations.expressions import Joint
from simtheory.assess.evaluations.tables import refused
from simtheory.errors import ArgumentError, MissingFileError

__all__: list[str] = []

_TAGS = ("tag", "task")
_RIGHT = ("correct", "acc")
_PLACE = ("seed", "step", "class")

Group = tuple[str, float, str]
"""Seed, step and class."""
Judged = dict[Group, dict[str, list[tuple[Any, bool]]]]
"""Documents of each evaluation, and whether each is right."""


def read_lines(paths: list[Path], joint: Joint) -> Cells:
    """Read files of JSON lines, and hold a joint evaluation against its factors."""
    judged: Judged = {}
    tags: set[str] = set()
    for path in paths:
        _read(path, joint, judged, tags)
    wanted = (*joint.factors, joint.name)
    for name in wanted:
        if name not in tags:
            raise ArgumentError(
                f"Argument `joint` names {name}, which no line of {', '.join(map(str, paths))} has; "
                f"{nearest(name, tags)}"
            )
    found = {group: tests for group, tests in judged.items() if set(wanted) <= set(tests)}
    if not found:
        raise ArgumentError(
            f"Argument `joint` names {', '.join(wanted)}, but no step of {paths[0]} has all of them."
        )
    paired = set(joint.powers) == {1} and all(
        _same([tests[name] for name in wanted]) for tests in found.values()
    )
    keys: list[Key] = [(*group, 1.0) for group in found]
    shares = np.array(
        [
            [np.mean([right for _, right in tests[name]]) for name in wanted]
            for tests in found.values()
        ]
    )
    counts = np.array([[len(tests[name]) for name in wanted] for tests in found.values()], float)
    return Cells(
        keys,
        joint.factors,
        shares[:, :-1],
        shares[:, -1],
        counts[:, -1],
        counts[:, :-1],
        _moments(list(found.values()), joint) if paired else None,
        joint.powers,
        paired,
    )


def _read(path: Path, joint: Joint, judged: Judged, tags: set[str]) -> None:
    wanted = {*joint.factors, joint.name}
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for line, text in enumerate(stream, 1):
                if not text.strip():
                    continue
                held = _object(text, path, line)
                tag = str(next((held[key] for key in _TAGS if key in held), path.stem))
                tags.add(tag)
                if tag not in wanted:
                    continue
                step = held.get("step", 0)
                if isinstance(step, bool) or not isinstance(step, int | float):
                    raise refused(path, line, f"step must be a number, but it is {step!r}")
                group = (
                    str(held.get("seed", 0)),
                    float(step),
                    str(held.get("class", joint.name)),
                )
                tests = judged.setdefault(group, {}).setdefault(tag, [])
                tests.append((held.get("doc_id"), _right(held, path, line)))
    except FileNotFoundError as reason:
        raise MissingFileError(f"The file {path} does not exist.") from reason
    except (OSError, UnicodeDecodeError) as reason:
        raise ArgumentError(f"The file {path} is no readable text: {reason}") from reason


def _object(text: str, path: Path, line: int) -> dict[str, Any]:
    try:
        held = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as reason:
        raise refused(path, line, f"this is no JSON: {reason}") from reason
    if not isinstance(held, dict):
        raise refused(path, line, 'a line must hold an object, such as {"tag": …, "correct": …}')
    return held


def _right(held: dict[str, Any], path: Path, line: int) -> bool:
    name = next((key for key in _RIGHT if key in held), None)
    if name is None:
        raise refused(
            path, line, "a line must hold correct or acc, but it holds " + ", ".join(list(held)[:8])
        )
    value = held[name]
    if value not in (0, 1):
        raise refused(path, line, f"{name} must be true, false, 0 or 1, but it is {value!r}")
    return bool(value)


def _same(tests: list[list[tuple[Any, bool]]]) -> bool:
    """Return whether evaluations, the joint one last, judged the same documents, each once.

    Harnesses number the documents of every task from 0, so that equal numbers are not enough: of the same documents
    none is right jointly and wrong in a factor.
    """
    documents = [sorted(map(str, (document for document, _ in test))) for test in tests]
    if any(document is None for document, _ in tests[0]) or len(set(documents[0])) < len(tests[0]):
        return False
    right = [{str(document) for document, bit in test if bit} for test in tests]
    return all(each == documents[0] for each in documents[1:]) and all(
        right[-1] <= each for each in right[:-1]
    )


def _moments(found: list[dict[str, list[tuple[Any, bool]]]], joint: Joint) -> Any:
    """Return the shares of documents that two factors have right, shape (C, n, n)."""
    every = []
    for tests in found:
        right = [
            [bit for _, bit in sorted(tests[name], key=lambda pair: str(pair[0]))]
            for name in joint.factors
        ]
        bits = np.array(right, dtype=float)
        every.append(bits @ bits.T / bits.shape[1])
    return np.array(every)
