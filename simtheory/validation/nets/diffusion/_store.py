"""One file for each seed of a long run, written whole, from which an interrupted run goes on."""

from __future__ import annotations

import json
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from simtheory._typing import IntArray
from simtheory.errors import ArgumentError, TrainingWarning

__all__ = ["RECORDED", "SeedStore"]

RECORDED = ("coordinates", "accuracy", "joint", "examples", "losses")
_EVERY = 20.0  # seconds between two writes of a running seed


class SeedStore:
    """Reads and writes the files of the seeds; without a folder it does neither.

    A file holds the settings, what was recorded so far, and the net and the optimiser's memory.
    """

    def __init__(self, folder: str | Path | None, settings: dict[str, Any]) -> None:
        self.folder = None if folder is None else Path(folder)
        self.settings = settings
        self.written = time.monotonic()
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as reason:
                raise ArgumentError(
                    f"Argument `store` must name a folder that can be written, but {folder} cannot: "
                    f"{reason.strerror}."
                ) from reason

    def load(self, seed: int, stops: IntArray, state: Any) -> tuple[Any, dict[str, list[Any]]]:
        """Return the state and the records of a seed's file, or the given state and none."""
        import jax
        import jax.numpy as jnp

        path = self._path(seed)
        if path is None or not path.exists():
            return state, {name: [] for name in RECORDED}
        header, arrays = _read(path)
        ours = self._header(stops)
        other = [name for name in ours if header.get(name) != ours[name]]
        if other:
            details = "; ".join(
                f"`{name}` was {header.get(name)} and is {ours[name]}" for name in other
            )
            raise ArgumentError(
                f"Argument `store` holds another run, in {path}: {details}. Name another folder, or "
                "delete this one."
            )
        leaves, shape = jax.tree.flatten(state)
        kept = [jnp.asarray(arrays[f"state/{k}"]) for k in range(len(leaves))]
        return jax.tree.unflatten(shape, kept), {name: list(arrays[name]) for name in RECORDED}

    def save(
        self, seed: int, stops: IntArray, state: Any, seen: dict[str, list[Any]], *, last: bool
    ) -> None:
        """Write a seed's file, unless it was written a moment ago and more is to come."""
        path = self._path(seed)
        if path is None or (not last and time.monotonic() - self.written < _EVERY):
            return
        import jax

        arrays: dict[str, Any] = {
            f"state/{k}": np.asarray(leaf) for k, leaf in enumerate(jax.tree.leaves(state))
        }
        arrays |= {name: np.array(values) for name, values in seen.items()}
        partial = path.with_name(path.name + ".part")
        try:
            with partial.open("wb") as stream:
                np.savez(stream, header=np.array(json.dumps(self._header(stops))), **arrays)
            partial.replace(path)
        except OSError as reason:
            warnings.warn(
                f"The file {path} could not be written: {reason}. What it held before is still "
                "there; training goes on.",
                TrainingWarning,
                stacklevel=4,
            )
        finally:
            partial.unlink(missing_ok=True)
        self.written = time.monotonic()

    def _path(self, seed: int) -> Path | None:
        return None if self.folder is None else self.folder / f"seed-{seed}.npz"

    def _header(self, stops: IntArray) -> dict[str, Any]:
        return {"format": "simtheory.diffusion/1", **self.settings, "records": stops.tolist()}


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        # Opened here, because np.load leaves a damaged file open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return json.loads(str(arrays.pop("header"))), arrays
    except Exception as reason:
        raise ArgumentError(
            f"Argument `store` holds a file that is none of a diffusion run: {path}."
        ) from reason
