"""The file of a run that goes on after an interrupt: what was seen so far, and the state of training.

A file is written whole or not at all, and verified by a checksum when it is read. It holds a result
(`Trajectory.load` reads that of `train`) and beside it the settings and the state, so that the same call
goes on to the last bit; any other call is refused.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._checks import warn_caller
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError, TrainingWarning
from simtheory.results.files import load_beside, save_beside

__all__ = ["Store"]

PAUSE = 2.0  # seconds between two writes of a run; more often, writing would slow small runs down


@face
class Store:
    """Reads and writes the file of one run; without a path it does neither.

    Parameters
    ----------
    path : Path or None
        The file.
    kind : type
        The result that it holds.
    settings : dict
        Everything that the numbers of the run depend on, as numbers and words.
    argument : str
        The argument that named the file, for errors.
    """

    def __init__(
        self, path: Path | None, kind: Any, settings: dict[str, Any], *, argument: str
    ) -> None:
        self.path, self.kind, self.argument = path, kind, argument
        self.settings = json.loads(json.dumps(settings))
        self.written = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether the last write is long enough ago."""
        return self.path is not None and time.monotonic() > self.written + PAUSE

    def load(self) -> tuple[Any, dict[str, Any], list[Array]] | None:
        """Return result, facts and state of the file.

        Returns
        -------
        tuple or None
            As they were given to `save`; None if there is no file.

        Raises
        ------
        ArgumentError
            If the file holds something else, is damaged, or belongs to a run with other settings.
        """
        if self.path is None or not self.path.exists():
            return None
        found, facts, saved = load_beside(self.kind, self.path)
        if "settings" not in facts:
            raise ArgumentError(
                f"Argument `{self.argument}` must name a file that `train` wrote, but {self.path} is "
                f"another {self.kind.__name__.lower()}."
            )
        self._compare(facts.pop("settings"))
        state = [saved[f"state_{k}"] for k in range(len(saved))]
        return found, facts, state

    def save(self, result: Any, facts: dict[str, Any], state: list[Array]) -> None:
        """Write the file; a disk that is full costs a warning, and what the file held stays.

        Parameters
        ----------
        result : object
            What was seen so far.
        facts : dict
            Numbers and words beside it.
        state : list of ndarray
            The state of training.

        Warns
        -----
        TrainingWarning
            If the file cannot be written.
        """
        if self.path is None:
            return
        arrays = {f"state_{k}": np.asarray(array) for k, array in enumerate(state)}
        try:
            save_beside(result, self.path, facts=facts | {"settings": self.settings}, arrays=arrays)
        except OSError as reason:
            warn_caller(
                f"The file {self.path} could not be written at step {facts.get('step')}: {reason}. "
                "What it held before is still there; training goes on.",
                TrainingWarning,
            )
        self.written = time.monotonic()

    def _compare(self, theirs: dict[str, Any]) -> None:
        """Refuse to go on from a run with other settings."""
        ours = self.settings
        other = [name for name in ours if theirs.get(name) != ours[name]]
        if not other:
            return
        digests = [name for name in other if _is_digest(ours[name])]
        details = [
            f"`{name}` was {theirs.get(name)!r} and is {ours[name]!r}"
            for name in other
            if name not in digests
        ]
        details += [f"`{name}` is another" for name in digests]
        raise ArgumentError(
            f"Argument `{self.argument}` names {self.path}, which belongs to another run: "
            f"{'; '.join(details)}. Name another, or delete this one."
        )


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")
