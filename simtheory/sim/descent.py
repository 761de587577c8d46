r"""The discrete optimiser itself: gradient descent, step by step.

Problem
-------
A theory speaks of the flow; an optimiser takes steps of finite size, on batches. For a linear
network both are short to write down: the loss is quadratic in W, so its gradient on a batch depends
on the batch only through the second moment :math:`\hat A = \tfrac1n \sum x x^T`.

Symbols
-------
:math:`\eta` : learning rate; h : canonical time of a step (`units.Clock`); A : second moment of the
population, or of a batch.

Result
------
With the canonical field F of the flow, a step of descent on any of the losses of `units` is

.. math:: \theta \leftarrow \theta + h F(\theta; A) .

``recurrence`` steps the tied field on W itself, :math:`W \leftarrow W + \eta V(W)`, as the released
scripts of yang2024 do.

Reading
-------
Descent tends to the flow as O(η). The recurrence may leave the cone of positive semidefinite W,
which no step on U can; figure 10 of yang2024 shows what happens then.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import as_generator, one_of, positive_int
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, SolveError
from simtheory.sim.flows import Flow, Init, Tied, ensemble_of, require_flow
from simtheory.tasks import SIMTask
from simtheory.trajectory import Trajectory
from simtheory.units import LOSSES, Clock

__all__ = ["descend"]


def descend(
    flow: Flow,
    task: SIMTask,
    init: Init,
    *,
    steps: int,
    lr: float,
    batch: int | None = None,
    rng: np.random.Generator | None = None,
    loss: str = "half_sum",
    every: int = 1,
    probes: ArrayLike | None = None,
) -> Trajectory:
    """Run plain gradient descent, or SGD on fresh samples, on a linear network.

    The optimiser that the flow idealises, on the same canonical clock.

    Parameters
    ----------
    flow : Flow
        `OneLayer`, `Tied`, `Untied` or `Deep`.
    task : SIMTask
        What is learned.
    init : array_like or tuple of array_like
        Weights at step 0, as for `solve`; leading axes are an ensemble.
    steps : int
        Number of steps.
    lr : float
        Learning rate of the optimiser.
    batch : int, optional
        Samples per step, drawn anew for each step and member. Default: none, the gradient is that
        of the population.
    rng : numpy.random.Generator, optional
        Source of the samples; needed with `batch` only.
    loss : {"half_sum", "sum", "mean", "recurrence"}
        What is minimised, see `units`; ``"recurrence"`` is for `Tied` and steps W itself.
    every : int
        Record step 0 and every so many steps.
    probes : array_like, shape (P, d), optional
        Inputs to watch. Default: ``task.probes``.

    Returns
    -------
    Trajectory
        With weights, at the canonical times of the recorded steps. It is not marked exact: though
        descent on the population is computed without error, it is not the flow whose time it bears.

    Raises
    ------
    ShapeError, ArgumentError
        If an argument does not fit.
    SolveError
        If the weights outgrow float64. Its `partial` is the trajectory recorded before.

    Notes
    -----
    Near W = I descent is stable while depth · a_max · h < 2, with h the canonical time of a step.

    Examples
    --------
    >>> import numpy as np
    >>> from simtheory.sim.flows import OneLayer
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.5)
    >>> run = descend(OneLayer(), task, np.zeros((2, 2)), steps=2, lr=0.1)
    >>> run.weights[-1].diagonal().round(6)
    array([0.144375, 0.399375])
    """
    layers = require_flow(flow).layers(init, task.dim)
    count, stride = positive_int("steps", steps), positive_int("every", every)
    clock = Clock(lr, one_of("loss", loss, LOSSES), dim=task.dim, tied=isinstance(flow, Tied))
    size = None if batch is None else positive_int("batch", batch)
    if size is not None:
        as_generator(rng)
        if task.squared_rates:
            raise ArgumentError(
                "Argument `batch` needs a task whose samples have its rates, but squared_rates=True "
                "changes the rates alone. Use the population gradient, batch=None."
            )
    ensemble = ensemble_of(*layers)
    layers = tuple(np.broadcast_to(x, (*ensemble, *x.shape[-2:])) for x in layers)
    on_map = clock.loss == "recurrence"
    if on_map:
        layers = (flow.weights(layers),)
    moment = task.second_moment
    recorded: list[Array] = []

    def trajectory() -> Trajectory:
        return Trajectory.from_weights(
            clock.time(stride * np.arange(len(recorded))),
            np.stack(recorded, axis=-3),
            task,
            origin=f"sim.descend({flow.name})",
            exact=False,
            probes=probes,
            stats={
                "method": "gradient descent" if size is None else "SGD",
                "loss": clock.loss,
                "lr": clock.lr,
                "steps": count,
                "batch": "population" if size is None else size,
                "step_time": clock.step,
            },
        )

    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(count + 1):
            W = layers[0] if on_map else flow.weights(layers)
            if not np.isfinite(W).all():
                raise _diverged(flow, task, clock, k, trajectory(), on_map=on_map)
            if k % stride == 0:
                recorded.append(W)
            if k == count:
                break
            if size is not None and rng is not None:
                moment = _drawn_moment(task, size, ensemble, rng)
            slopes = (_tied_drift(W, moment),) if on_map else flow.field(layers, moment)
            layers = tuple(x + clock.step * s for x, s in zip(layers, slopes, strict=True))
    return trajectory()


def _tied_drift(W: Array, moment: Array) -> Array:
    """Return V(W) = MW + WM with M = A − (WA + AW)/2, for W that may be indefinite."""
    WA = W @ moment
    half = (moment - 0.5 * (WA + np.swapaxes(WA, -1, -2))) @ W
    return np.asarray(half + np.swapaxes(half, -1, -2))


def _drawn_moment(
    task: SIMTask, n: int, ensemble: tuple[int, ...], rng: np.random.Generator
) -> Array:
    """Return the second moment of n fresh samples for each member, shape (..., d, d)."""
    cluster = rng.choice(task.weights.size, size=(*ensemble, n), p=task.weights)
    noise = rng.standard_normal((*ensemble, n, task.dim)) * task.sigma
    x = task.centroids[cluster] + task.from_concept_axes(noise)
    return np.asarray(np.swapaxes(x, -1, -2) @ x / n)


def _diverged(
    flow: Flow, task: SIMTask, clock: Clock, step: int, partial: Trajectory, *, on_map: bool
) -> SolveError:
    """Return the error of a run that left the range of float64 at `step`."""
    time = (step - 1) * clock.step
    bound = 2.0 * clock.lr / (flow.depth * float(task.rates.max()) * clock.step)
    advice = (
        f"Near W = I descent is stable for lr below {bound:.3g}; large weights need less, and so do "
        "small batches."
    )
    if on_map:
        advice += " The recurrence also diverges once W is not positive: step U, with another loss."
    return SolveError(
        f"The weights outgrew float64 at step {step}, time {time:g}, with lr={clock.lr:g}. {advice}",
        time=time,
        partial=partial,
    )
