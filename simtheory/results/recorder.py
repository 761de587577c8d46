"""A recorder for a training loop of one's own: outputs on probes, row by row, in a file.

The loop calls the recorder with its step and with a function from arrays to arrays, whatever
framework is behind it. A file is JSON lines: a head that says what was watched, then one row for each
look. Every line carries a checksum that runs on from the line before, so that an edited, a lost and a
torn row are told from a sound one. A row is appended in one write: a loop that is killed keeps all
looks but, at worst, the last one.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np

from simtheory._checks import as_finite, floats, frozen, is_integer, non_negative_int, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, Task
from simtheory.errors import ArgumentError, MissingFileError, ShapeError
from simtheory.results.axes import plain
from simtheory.results.files import task_of
from simtheory.results.trajectory import Trajectory, watched
from simtheory.units import Clock

__all__ = ["Recorder", "is_recorded"]

_FORMAT = "simtheory.Recorder/1"
_START = f'{{"format": "{_FORMAT}"'.encode()
_CHECKED = ', "checksum": "'


@face
class Recorder:
    """Looks at a network while it trains, and what it put out on probes.

    Parameters
    ----------
    task : Task
        What is learned.
    clock : Clock
        How steps become canonical time.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.
    every : int or sequence of int
        Steps between two looks; or the steps of the looks themselves, increasing.
    file : str or Path, optional
        A ``.jsonl`` file to which each look is appended. Without one the looks are kept in memory alone.
    resume : bool
        Whether to go on with a file that is there. Its looks from the first step of the resumed loop on
        are replaced.
    origin : str
        Where the run comes from, as prints and plots name it, such as ``"elsewhere.torch"``.

    Raises
    ------
    ArgumentError
        If the file is there and `resume` is not set, if it was recorded of something else, or if it
        is damaged.
    ShapeError
        If the probes do not fit the task.

    Notes
    -----
    A look costs one evaluation of the network on P inputs and one write of about 20 bytes for each
    output.

    Examples
    --------
    >>> from simtheory.tasks import SIMTask
    >>> task, clock = SIMTask(mu=(1.0, 2.0), sigma=0.0), Clock(lr=0.1)
    >>> recorder = Recorder(task, clock, every=10)
    >>> for step in range(21):
    ...     looked = recorder(step, lambda x: (1.0 - 0.9**step) * x)
    >>> recorder.steps
    array([ 0, 10, 20])
    >>> recorder.trajectory()
    Trajectory(elsewhere, T=3, P=4, d=2)
    """

    def __init__(
        self,
        task: Task,
        clock: Clock,
        *,
        probes: ArrayLike | None = None,
        every: int | Sequence[int] = 1,
        file: str | Path | None = None,
        resume: bool = False,
        origin: str = "elsewhere",
    ) -> None:
        self.task, self.clock, self.origin = task, clock, origin
        self.probes: Array = frozen(np.array(watched(task, probes)))
        self._every = _looks(every)
        self._rows: list[tuple[int, Array]] = []
        self._restarted = False
        self._checksum = 0
        self.file = None if file is None else _named(Path(file))
        if self.file is None:
            if resume:
                raise ArgumentError("Argument `resume` goes on with a file: pass `file`, too.")
        elif self.file.exists():
            if not resume:
                raise ArgumentError(
                    f"Argument `file` must not be there yet, but {self.file} is. Pass resume=True to go "
                    "on with it, or another name."
                )
            self._go_on(self.file)
        else:
            self._append({"format": _FORMAT, **self._head()})

    @classmethod
    def load(cls, path: str | Path, *, tasks: Sequence[type] = ()) -> Recorder:
        """Read the looks of a file that a recorder wrote, and verify them; the file is left alone.

        Parameters
        ----------
        path : str or Path
            The file, of a loop that has ended, crashed or still runs.
        tasks : sequence of classes, optional
            Your own tasks that may occur, each with a `kind` and a `from_dict`.

        Returns
        -------
        Recorder
            With all whole looks, in memory. Looks of a step that a resumed loop did again are replaced.

        Raises
        ------
        ArgumentError
            If the file holds something else, or is damaged.
        MissingFileError
            If there is no file.
        """
        head, rows, _, _ = _lines(Path(path), "path")
        found = cls(
            task_of(head["task"], tasks),
            Clock(**head["clock"]),
            probes=head["probes"],
            every=head["every"],
            origin=head["origin"],
        )
        found._rows = rows
        return found

    @property
    def steps(self) -> Array:
        """Steps of the looks, shape (T,)."""
        return np.array([step for step, _ in self._rows], dtype=np.int64)

    @property
    def t(self) -> Array:
        """Canonical times of the looks, shape (T,): where to evaluate the theory."""
        return self.clock.time(self.steps)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        last = f", last step {self._rows[-1][0]}" if self._rows else ""
        return f"Recorder({len(self)} looks{last}, {len(self.probes)} probes, {self.file or 'in memory'})"

    def due(self, step: int) -> bool:
        """Tell whether a step is one of those that are recorded.

        Parameters
        ----------
        step : int
            Step of the optimiser, counted from 0.

        Returns
        -------
        bool
            Whether a call with this step looks at the network.
        """
        return self._due(step)

    def __call__(self, step: int, function: Callable[[Array], Any]) -> bool:
        """Look at a network, if its step is one of those that are recorded.

        Parameters
        ----------
        step : int
            Step of the optimiser, counted from 0; larger than that of the last look.
        function : callable
            The network: takes the probes, a float64 array of shape (P, d), and returns its outputs,
            shape (..., P, k), as an array of NumPy or anything that becomes one: a JAX array, or a
            tensor with ``detach`` and ``cpu``. Leading axes are members of an ensemble.

        Returns
        -------
        bool
            Whether it looked.

        Raises
        ------
        ArgumentError
            If the step is not larger than the last one, or what the function returns is no array of
            finite numbers. The looks before it are kept.
        ShapeError
            If the outputs are not of one shape with the probes and with the looks before.
        """
        if not self._due(step):
            return False
        if self._restarted:
            # The loop goes on from a checkpoint: what it now does again is replaced.
            self._rows = [row for row in self._rows if row[0] < step]
            self._restarted = False
        if self._rows and step <= self._rows[-1][0]:
            raise ArgumentError(
                f"Argument `step` must be larger than that of the last look, {self._rows[-1][0]}, but it "
                f"is {step}. Make a recorder for each run; seeds are leading axes of the outputs."
            )
        outputs = self._outputs(function, step)
        if self.file is not None:
            self._append({"step": int(step), "outputs": outputs.tolist()})
        self._rows.append((int(step), outputs))
        return True

    def trajectory(self) -> Trajectory:
        """Return what was recorded so far.

        Returns
        -------
        Trajectory
            Over canonical time, with the steps among its `arrays`.

        Raises
        ------
        ArgumentError
            If nothing was recorded yet.
        """
        if not self._rows:
            raise ArgumentError("Nothing was recorded yet: call the recorder in the loop, first.")
        return Trajectory.from_outputs(
            self.t,
            np.stack([outputs for _, outputs in self._rows], axis=-3),
            self.task,
            probes=self.probes,
            origin=self.origin,
            stats={"clock": asdict(self.clock)},
            arrays={"steps": ("t", self.steps)},
        )

    def _due(self, step: int) -> bool:
        """As `due`; a call is checked once."""
        step = non_negative_int("step", step)
        if isinstance(self._every, int):
            return step % self._every == 0
        place = bisect_left(self._every, step)
        return place < len(self._every) and self._every[place] == step

    def _outputs(self, function: Callable[[Array], Any], step: int) -> Array:
        """Return what a network puts out on the probes, checked."""
        try:
            found = function(self.probes.copy())
        except Exception as reason:
            reason.add_note(
                "A recorder calls the network with its probes, a float64 array of NumPy. Wrap a network that "
                "wants tensors: recorder(step, lambda x: net(torch.as_tensor(x, dtype=torch.float32)))."
            )
            raise
        for away in ("detach", "cpu"):  # of a gradient's record, and of a device
            if hasattr(found, away):
                found = getattr(found, away)()
        try:
            array = np.asarray(floats("function", found), dtype=np.float64)
        except Exception as reason:
            raise ArgumentError(
                f"Argument `function` must return an array of numbers, but at step {step} it returned "
                f"a {type(found).__name__}: {reason}"
            ) from reason
        outputs = getattr(self.task, "n_outputs", "k")  # a task of your own may leave it open
        wanted = self._rows[0][1].shape if self._rows else ("...", len(self.probes), outputs)
        fits = array.shape == wanted
        if not self._rows:
            fits = array.shape[-2:-1] == (len(self.probes),) and outputs in ("k", array.shape[-1])
        if not fits:
            raise ShapeError(
                f"Argument `function` must return outputs of shape {_shape(wanted)}, but at step {step} "
                f"their shape is {array.shape}."
            )
        try:
            return as_finite("function", array)
        except ArgumentError as reason:
            bad = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise ArgumentError(
                f"Argument `function` must return finite numbers, but at step {step} output {bad} is "
                f"{array[bad]}. The {len(self)} looks before are kept."
            ) from reason

    def _head(self) -> dict[str, Any]:
        """Return what was watched, as a file keeps it."""
        return {
            "task": plain(self.task),
            "clock": asdict(self.clock),
            "probes": self.probes.tolist(),
            "every": self._every,
            "origin": self.origin,
        }

    def _append(self, line: dict[str, Any]) -> None:
        """Append a line with its checksum to the file, in one write."""
        assert self.file is not None
        text = json.dumps(line)[:-1]
        checksum = crc32(text.encode(), self._checksum)
        with self.file.open("ab") as stream:
            stream.write(f'{text}{_CHECKED}{checksum:08x}"}}\n'.encode())
        self._checksum = checksum

    def _go_on(self, file: Path) -> None:
        """Take over the looks of a file, and remove a row that a crash tore."""
        head, rows, self._checksum, sound = _lines(file, "file")
        ours = json.loads(json.dumps(self._head()))
        for name, value in ours.items():
            if head.get(name) != value:
                raise ArgumentError(
                    f"Argument `file` must have been recorded with the same `{name}` to be resumed, but "
                    f"{file} has another one. Choose another name."
                )
        self._rows, self._restarted = rows, bool(rows)
        if sound < file.stat().st_size:
            with file.open("rb+") as stream:
                stream.truncate(sound)


@face
def is_recorded(path: str | Path) -> bool:
    """Tell whether a file was written by a `Recorder`.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    bool
        By its first line; False where there is no file.
    """
    file = Path(path)
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return stream.read(len(_START)) == _START


def _lines(file: Path, argument: str) -> tuple[dict[str, Any], list[tuple[int, Array]], int, int]:
    """Return the head, the looks, the last checksum and the length of the sound part of a file."""
    try:
        content = file.read_bytes()
    except FileNotFoundError as reason:
        raise MissingFileError(
            f"Argument `{argument}` must name a recorded run, but {file} does not exist."
        ) from reason
    if not content.startswith(_START):
        raise ArgumentError(
            f"Argument `{argument}` must name a recorded run, but {file} holds something else."
        )
    checksum, sound = 0, 0
    found: list[dict[str, Any]] = []
    lines = content.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):  # what follows the last newline was torn
        text, _, stated = line.rpartition(_CHECKED.encode())
        checksum = crc32(text, checksum)
        if stated != f'{checksum:08x}"}}'.encode():
            raise ArgumentError(
                f"{file}, line {number}: its checksum does not fit, so this line or one before it is "
                f"damaged or missing. The {max(number - 2, 0)} looks before it are sound."
            )
        found.append(json.loads(line))
        sound += len(line) + 1
    if not found:
        raise ArgumentError(f"{file}: its first line is torn, so it holds no look. Remove it.")
    rows: list[tuple[int, Array]] = []
    for row in found[1:]:
        while rows and rows[-1][0] >= row["step"]:  # a resumed loop did it again
            rows.pop()
        rows.append((row["step"], np.array(row["outputs"])))
    return found[0], rows, checksum, sound


def _named(file: Path) -> Path:
    if file.suffix != ".jsonl":
        raise ArgumentError(f"Argument `file` must end in .jsonl, but it is {file}.")
    return file


def _looks(every: int | Sequence[int]) -> int | list[int]:
    """Return the interval of looks or their steps, checked."""
    if is_integer(every):
        return positive_int("every", every)  # type: ignore[arg-type]
    steps = as_finite("every", every)
    whole = steps.ndim == 1 and steps.size > 0 and np.all(steps == np.round(steps))
    if not whole or steps[0] < 0 or np.any(np.diff(steps) <= 0):
        raise ArgumentError(
            "Argument `every` must be a positive integer or increasing steps from 0 on, but it is "
            f"{every!r}."
        )
    return [int(step) for step in steps]


def _shape(wanted: tuple[Any, ...]) -> str:
    return f"({', '.join(map(str, wanted))})"
