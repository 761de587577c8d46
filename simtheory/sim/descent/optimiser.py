r"""The discrete optimiser itself: gradient descent, step by step.

Problem
-------
The theory describes the flow; an optimiser takes steps of finite size, on batches of data, with
momentum and decay. For a linear network all of this is short to write down: the loss is quadratic in
W, so its gradient on a batch depends on the batch only through two moments.

Symbols
-------
:math:`\eta` : learning rate; h : canonical time of a step (`units.Clock`); θ : the trained
matrices; x, y : inputs and labels; :math:`\hat A = \tfrac1n \sum x x^T`,
:math:`\hat C = \tfrac1n \sum y x^T` : moments of the population or of a batch; β : momentum; λ : weight
decay.

Result
------
With F the canonical field of the flow, where :math:`\hat C - W\hat A` stands in place of
:math:`(I - W)A`, a step on any of the losses of `units` is

.. math:: v \leftarrow \beta v - h F(\theta; \hat A, \hat C) + \eta\lambda\theta, \qquad
          \theta \leftarrow \theta - v ,

from v = 0: v is η times the buffer that the common frameworks keep, in which the gradient is not
damped. ``recurrence`` steps the tied field on W itself, θ = W, as the released scripts of yang2024 do.

Reading
-------
Descent tends to the flow as O(η). The recurrence may leave the cone of positive semidefinite W,
which no step on U can; figure 10 of yang2024 shows what happens then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from simtheory._checks import flag, not_negative, one_of, positive_int, warn_caller
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, RegimeWarning, ShapeError, SolveError
from simtheory.results import Trajectory
from simtheory.sim.descent.gradients import Inputs, as_gradients
from simtheory.sim.engine.status import Status
from simtheory.sim.engine.threads import work
from simtheory.sim.networks import (
    Flow,
    Gram,
    Init,
    Layers,
    ensemble_of,
    layers_of,
    named,
    teacher_of,
    widened_layers,
)
from simtheory.tasks import LinearTask, SIMTask
from simtheory.units import LOSSES, Clock

__all__ = ["descend"]

_CHUNK = 64
"""Members of a chunk, a multiple of the eight lanes; more members are cut into chunks for threads."""

_SHORT = 1_000_000
"""Updates of single weights from which on a run goes to a thread, so that an interrupt can end it."""


@face(but=("flow",))
def descend(
    flow: Flow,
    task: SIMTask | LinearTask,
    init: Init,
    *,
    steps: int,
    lr: float,
    batch: int | None = None,
    data: int | ArrayLike | None = None,
    labels: ArrayLike | None = None,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    label_noise: float = 0.0,
    rng: np.random.Generator | int | None = None,
    members: ArrayLike | None = None,
    loss: str = "half_sum",
    every: int = 1,
    probes: ArrayLike | None = None,
    threads: int | None = None,
    layers: bool = False,
) -> Trajectory:
    r"""Train a linear network by gradient descent or SGD, as an optimiser does it.

    The optimiser that the flow idealises, on the same canonical clock. Which gradient it takes:

    ==============  =========================  ==============================================
    \               ``batch=None``             ``batch=n``
    ==============  =========================  ==============================================
    ``data=None``   of the population          of n fresh samples a step
    ``data=...``    of all the data            of n distinct samples of the data, chosen anew
                                               for each step
    ==============  =========================  ==============================================

    With g the gradient of the loss, a step is v ← momentum · v + g + weight_decay · θ from v = 0, then
    θ ← θ − lr · v: the heavy ball, not damped, as in PyTorch's ``SGD``.

    Parameters
    ----------
    flow : Flow
        `OneLayer`, `Tied`, `Untied` or `Deep`.
    task : SIMTask or LinearTask
        What is learned. Fresh samples of a `LinearTask` are Gaussian.
    init : array_like or tuple of array_like
        Weights at step 0, as for `solve`; leading axes are an ensemble.
    steps : int
        Number of steps.
    lr : float
        Learning rate of the optimiser.
    batch : int, optional
        Samples per step and member. Default: no batches.
    data : int or array_like, shape (..., n, d), optional
        The training set: a number of samples that each member draws for itself from the task, or the
        samples, whose leading axes are part of the ensemble. Default: unlimited data.
    labels : array_like, shape (..., n, k), optional
        Labels of given samples. Default: the answers of the task, which are the inputs on a `SIMTask`.
    momentum : float
        Heavy-ball momentum in [0, 1).
    weight_decay : float
        Share of the weights in the gradient, not negative; in canonical time it decays them at the
        rate weight_decay · lr / h, with h the canonical time of a step without momentum.
    label_noise : float
        Variance of Gaussian noise on each entry of a label. It belongs to the sample: fresh samples
        bring fresh noise, a training set keeps its own.
    rng : numpy.random.Generator or int, optional
        Gives the key of all draws; needed when samples, batches or noise are drawn.
    members : array_like of int, optional
        Number of each member, in the shape of the ensemble. The draws of a member depend on the key
        and on its number alone. Default: 0, 1, 2, … in order; give other numbers to train some
        members of a larger ensemble again.
    loss : {"half_sum", "sum", "mean", "recurrence"}
        What is minimised, see `units`; ``"recurrence"`` is for `Tied` and steps W itself.
    every : int
        Record step 0 and every so many steps.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.
    threads : int, optional
        Threads that share the members; the result is the same for any number. Default: one for each
        core that this process may use.
    layers : bool
        Whether to keep the layers too, for `observe.layers` and what reads them.

    Returns
    -------
    Trajectory
        With weights, at the canonical times of the recorded steps, the late ones with momentum; with
        `layers` its `arrays` hold ``W1``, ``W2``, …, or the ``U`` of a tied net. It is not marked
        exact, because descent only approximates the flow whose time it has.

    Raises
    ------
    ShapeError, ArgumentError
        If an argument does not fit.
    SolveError
        If members outgrow float64. Its `partial` is the trajectory on the steps that all members
        recorded, its `status` says of each member how it ended, and its `finished` is the
        trajectory of those that reached the end, one after the other.

    Warns
    -----
    RegimeWarning
        If the step is too large to settle at W = I: depth · a_max · h above 2 (1 + momentum). At a
        teacher of strength s a step counts s^(2 − 2/depth) times.

    Notes
    -----
    Draws come from Philox4x64-10, a function of a key and of the place (member, step, sample) of a
    draw. They depend neither on `threads` nor on which other members are trained.

    Eight members take little longer than one, since they share the registers of a core.

    Examples
    --------
    >>> import numpy as np
    >>> from simtheory.sim import OneLayer
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.5)
    >>> run = descend(OneLayer(), task, np.zeros((2, 2)), steps=2, lr=0.1)
    >>> run.weights[-1].diagonal().round(6)
    array([0.144375, 0.399375])
    """
    start, gram = layers_of(flow, init, task.dim, task.n_outputs), flow.parametrisation == Gram()
    teacher = teacher_of(flow, task.teacher, task.dim) if isinstance(task, LinearTask) else None
    plan = positive_int("steps", steps), positive_int("every", every)
    clock = Clock(
        lr,
        one_of("loss", loss, LOSSES),
        dim=task.n_outputs,
        tied=gram,
        momentum=momentum,
    )
    if flag("layers", layers) and clock.loss == "recurrence":
        raise ArgumentError(
            'Argument `layers` must be False with loss="recurrence", which steps W itself, but it is '
            "True."
        )
    decay = _as_share("weight_decay", weight_decay)
    axes = _Axes(task, both=gram or task.n_outputs == task.dim)
    gradients = as_gradients(
        task,
        batch,
        data,
        _as_share("label_noise", label_noise),
        rng,
        teacher=None if teacher is None else axes.enter((teacher,))[0],
        labels=labels,
        turns=axes.both,
    )
    ensemble = ensemble_of(*start, np.empty((*gradients.ensemble, 0, 0)))
    numbers = _as_numbers(members, ensemble)
    workers = None if threads is None else positive_int("threads", threads)
    _warn_if_unstable(flow, task, clock)
    start = axes.enter(start, gram=gram)
    if clock.loss == "recurrence":
        start = (flow.parametrisation.weights(start),)
    side = max(task.dim, task.n_outputs)
    if not gram:
        start = widened_layers(start, side)
    starts = [np.broadcast_to(x, (*ensemble, *x.shape[-2:])) for x in start]
    kind = "MAP" if clock.loss == "recurrence" else "TIED" if gram else "CHAIN"
    widths = start[0].shape[-1:] if kind == "TIED" else (x.shape[-2] for x in start)
    weights, kept, stopped = _train(
        kind,
        np.array([side, *widths]),
        np.concatenate([x.reshape(numbers.size, -1) for x in starts], axis=1),
        numbers,
        gradients.inputs(ensemble, numbers),
        plan,
        (clock.step * (1.0 - clock.momentum), clock.momentum, clock.lr * decay),
        workers,
        layers=layers,
    )
    with np.errstate(invalid="ignore", over="ignore"):  # members that diverged
        (weights,) = axes.leave((weights[..., : task.n_outputs, : task.dim],))
        inside = _split(kept, start, axes, gram=gram) if layers else ()
    stats = {
        "method": "gradient descent" if batch is None else "SGD",
        "loss": clock.loss,
        "lr": clock.lr,
        "steps": plan[0],
        "batch": batch or ("population" if data is None else "all"),
        "data": gradients.size or "unlimited",
        "momentum": clock.momentum,
        "weight_decay": decay,
        "label_noise": gradients.label_noise,
        "step_time": clock.step,
    }

    def trajectory(maps: Array, chain: Layers) -> Trajectory:
        return Trajectory.from_weights(
            clock.time(plan[1] * np.arange(maps.shape[-3])),
            maps,
            task,
            origin=f"sim.descend({flow.name})",
            exact=False,
            probes=probes,
            stats=stats,
            arrays=named(flow, chain) if layers else None,
        )

    def shaped(found: Array) -> Array:
        return found.reshape(*ensemble, *found.shape[1:])

    whole, chain = shaped(weights), tuple(map(shaped, inside))
    if (stopped < 0).all():
        return trajectory(whole, chain)
    error = _diverged(flow, task, clock, ensemble, stopped)
    ended = stopped < 0
    common = 1 + int(stopped[~ended].min() - 1) // plan[1]
    if common:
        early = tuple(layer[..., :common, :, :] for layer in chain)
        error.partial = trajectory(whole[..., :common, :, :], early)
    if ended.any():
        error.finished = trajectory(weights[ended], tuple(layer[ended] for layer in inside))
    error.status = np.where(ended, Status.OK, Status.NON_FINITE).reshape(ensemble)
    raise error


class _Axes(NamedTuple):
    """Between the axes of the data and those of the kernel, in which the second moment is diagonal.

    Outputs are turned as inputs are where there are as many of them (`both`).
    """

    task: SIMTask | LinearTask
    both: bool

    def enter(self, chain: Layers, *, gram: bool = False) -> Layers:
        """Return layers in the axes of the kernel."""
        axes = self.task.rotation
        return chain if axes is None else self._turned(chain, axes, gram)

    def leave(self, chain: Layers, *, gram: bool = False) -> Layers:
        """Return layers in the axes of the data."""
        axes = self.task.rotation
        return chain if axes is None else self._turned(chain, axes.T, gram)

    def _turned(self, chain: Layers, axes: Array, gram: bool) -> Layers:
        if gram:
            return (axes.T @ chain[0],)
        turned = [chain[0] @ axes, *chain[1:]]
        if self.both:
            turned[-1] = axes.T @ turned[-1]
        return tuple(turned)


def _split(kept: Array, start: Layers, axes: _Axes, *, gram: bool) -> Layers:
    """Return the layers over time, in the axes of the data, from the weights one after the other."""
    ends = np.cumsum([layer.shape[-2] * layer.shape[-1] for layer in start])[:-1]
    chain = [
        part.reshape(*kept.shape[:-1], *layer.shape[-2:])
        for part, layer in zip(np.split(kept, ends, axis=-1), start, strict=True)
    ]
    if not gram:
        chain[0] = chain[0][..., : axes.task.dim]
        chain[-1] = chain[-1][..., : axes.task.n_outputs, :]
    return axes.leave(tuple(chain), gram=gram)


def _train(
    kind: str,
    sizes: IntArray,
    starts: Array,
    numbers: IntArray,
    inputs: Inputs,
    plan: tuple[int, int],
    rule: tuple[float, float, float],
    threads: int | None,
    *,
    layers: bool,
) -> tuple[Array, Array, IntArray]:
    """Train the members in chunks; return W and the layers at the recorded steps, and where W was lost."""
    from simtheory.sim.descent import kernels  # loads Numba
    from simtheory.sim.descent.batches import batch_of
    from simtheory.sim.engine.lanes import LANES, room

    d, (members, count) = int(sizes[0]), starts.shape
    maps = np.empty((members, plan[0] // plan[1] + 1, d, d))
    kept = np.empty((*maps.shape[:2], count if layers else 0))
    stopped = np.empty(members, dtype=np.intp)
    stop = np.zeros(1, dtype=np.uint8)
    code, at = getattr(kernels, kind), kernels.rooms(sizes, count)

    def job(part: slice) -> Callable[[], object]:
        def train() -> None:
            m = room(at.end)
            kernels.train(
                m.ctypes.data, code, sizes, at, starts[part], inputs.sets[part], numbers[part],
                inputs.moments, batch_of(inputs), (*plan, inputs.samples), rule,
                np.zeros(sizes.size, dtype=np.intp), np.zeros(LANES, dtype=np.intp), maps[part],
                kept[part], stopped[part], stop,
            )  # fmt: skip

        return train

    jobs = [job(slice(first, first + _CHUNK)) for first in range(0, members, _CHUNK)]
    short = len(jobs) == 1 and members * plan[0] * count < _SHORT
    work(jobs, stop, None, threads, alone=short)
    return maps, kept, stopped


def _as_share(name: str, value: float) -> float:
    """Return `value` as a number that is not negative."""
    number = not_negative(name, value)
    if number.ndim:
        raise ArgumentError(f"Argument `{name}` must be a number, but its shape is {number.shape}.")
    return float(number)


def _as_numbers(members: ArrayLike | None, ensemble: tuple[int, ...]) -> Any:
    """Return the number of each member, shape (M,)."""
    count = int(np.prod(ensemble))
    if members is None:
        return np.arange(count, dtype=np.uint64)
    numbers = np.asarray(members)
    if numbers.dtype.kind not in "iu" or (numbers.size and numbers.min() < 0):
        raise ArgumentError(
            f"Argument `members` must hold integers from 0 on, but it is {members!r}."
        )
    if numbers.shape != ensemble:
        raise ShapeError(
            f"Argument `members` must have the shape {ensemble} of the ensemble, but its shape is "
            f"{numbers.shape}."
        )
    return numbers.astype(np.uint64).ravel()


def _largest_rate(flow: Flow, task: SIMTask | LinearTask, clock: Clock) -> float:
    """Return the largest learning rate at which the teacher, or W = I, is stable on the population.

    At a balanced rest a mode of strength s relaxes at the rate L a s^(2 − 2/L).
    """
    step = clock.step * (1.0 - clock.momentum) / clock.lr
    fastest = float(task.rates.max())
    if isinstance(task, LinearTask):
        fastest *= float(task.strengths.max()) ** (2.0 - 2.0 / flow.depth)
    speed = flow.depth * fastest * step
    return 2.0 * (1.0 + clock.momentum) / speed if speed > 0.0 else np.inf


def _goal(task: SIMTask | LinearTask) -> str:
    return "the teacher" if isinstance(task, LinearTask) else "W = I"


def _warn_if_unstable(flow: Flow, task: SIMTask | LinearTask, clock: Clock) -> None:
    bound = _largest_rate(flow, task, clock)
    if clock.lr > bound:
        warn_caller(
            f"Argument `lr` is {clock.lr:g}, but near {_goal(task)} descent is stable below {bound:.3g} only: "
            "the run does not settle there.",
            RegimeWarning,
        )


def _diverged(
    flow: Flow,
    task: SIMTask | LinearTask,
    clock: Clock,
    ensemble: tuple[int, ...],
    stopped: IntArray,
) -> SolveError:
    """Return the error of the members that left the range of float64."""
    lost = np.flatnonzero(stopped >= 0)
    first = int(lost[np.argmin(stopped[lost])])
    step = int(stopped[first])
    time = (step - 1) * clock.step
    place = tuple(int(i) for i in np.unravel_index(first, ensemble)) if ensemble else ()
    who = (
        f"The weights of member {place[0] if len(place) == 1 else place}"
        if place
        else "The weights"
    )
    others = ""
    if len(lost) > 1:
        others = f" So did {len(lost) - 1} more of {stopped.size} members later."
    advice = (
        f"Near {_goal(task)} descent is stable for lr below {_largest_rate(flow, task, clock):.3g}; large "
        "weights need less, and so do small batches."
    )
    if clock.loss == "recurrence":
        advice += " The recurrence also diverges once W is not positive: step U, with another loss."
    return SolveError(
        f"{who} outgrew float64 at step {step}, time {time:g}, with lr={clock.lr:g}.{others} {advice}",
        time=time,
    )
