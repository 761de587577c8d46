r"""Train small networks on a task: the third road to a trajectory.

Problem
-------
A theory describes the population and the limit of small steps. A trained network has neither: each
seed draws its own data and its own start, and takes finite steps. Several seeds, side by side, tell
how far the theory carries.

Symbols
-------
S : number of seeds; T : number of looks; P : number of probes; n : number of data points of one
seed; d : dimension of the task; k : step number; :math:`\eta` : learning rate.

Result
------
Full-batch descent of one linear layer has a closed form to hold training against, with the second
moment :math:`\hat A = \frac1n \sum_i x_i x_i^T` of the *seed's own* data and c from
`simtheory.units`:

.. math:: I - W_k = (I - W_0)(I - c\,\eta \hat A)^k .

``data.draw(task, seeds=...)`` and `nets.initial_layers` give the data and the start of any seed, so
that every run can be repeated by other means.

Reading
-------
Everything is float64 unless asked otherwise, and a seed's result depends on the seed, not on the
seeds beside it. A seed that diverges is reported and left out; it is never averaged in.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace

from simtheory._checks import one_of, positive, positive_int, require
from simtheory._faces import face
from simtheory._typing import ArrayLike
from simtheory.errors import ArgumentError
from simtheory.results import Trajectory
from simtheory.tasks import LinearTask, SIMTask
from simtheory.units import LOSSES
from simtheory.validation.nets import _arguments as checks
from simtheory.validation.nets._job import Job
from simtheory.validation.nets._training import descend
from simtheory.validation.nets.architectures import MLP, Init, initial_layers
from simtheory.validation.nets.data import Data, Samples
from simtheory.validation.nets.devices import PRECISIONS, find_device
from simtheory.validation.nets.optimisers import SGD, Optimiser

__all__ = ["train"]

_LOSSES = tuple(name for name in LOSSES if name != "recurrence")


@face(but=("task", "net", "optimiser", "data", "init", "seeds", "looks", "steps", "batch"))
def train(
    net: MLP,
    task: SIMTask | LinearTask,
    *,
    steps: int,
    lr: float,
    seeds: int | Iterable[int],
    optimiser: Optimiser = SGD(),  # noqa: B008 (frozen)
    data: Data = Samples(),  # noqa: B008 (frozen)
    batch: int | None = None,
    loss: str = "half_sum",
    init: Init | Sequence[ArrayLike] | None = None,
    looks: int | str | ArrayLike = 200,
    probes: ArrayLike | None = None,
    jacobians: bool = False,
    device: str = "auto",
    precision: str = "float64",
    seeds_as: str = "auto",
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Trajectory:
    r"""Train a network on a task, once for each seed.

    The loss is the mean over the data of the squared distance from output to target, as `loss`
    counts it; targets are the inputs, or the answers of a `LinearTask`, with noise if `data` says so.

    Parameters
    ----------
    net : MLP
        The network.
    task : SIMTask or LinearTask
        The task.
    steps : int
        Optimiser steps.
    lr : float
        Learning rate.
    seeds : int or iterable of int
        Seeds, all different, or how many: 5 stands for 0 to 4; the leading axis of the result.
    optimiser : Optimiser
        ``SGD()``, ``Adam()`` or one of your own. Default: ``SGD()``, gradient descent without momentum.
    data : Data
        What each seed is trained on, ``Samples(n)``, ``Points(x)``, ``Fresh()`` or data of your own.
        Default: ``Samples()``, 1000 points per cluster, drawn once.
    batch : int, optional
        Points per step. Default: all of the data in every step.
    loss : {"half_sum", "sum", "mean"}
        What is minimised, as in `units.Clock`: half the sum over outputs, the sum, or the mean.
    init : Init or sequence of array_like, optional
        Where the weights start; see `nets.initial_layers`.
    looks : int, "log" or array_like of int
        When to look at the net: a number of looks, evenly spaced with the first at step 0 and the
        last at the end; ``"log"``, up to 200 looks in equal ratios, and step 0; or the step numbers
        themselves. Training ends with the last look.
    probes : array_like, shape (P, d), optional
        Inputs on which outputs are watched. Default: ``task.probes``.
    jacobians : bool
        Whether to look at the Jacobians of the outputs on the probes too.
    device : {"auto", "cpu", "gpu"}
        Where to train; ``"auto"`` takes a GPU if there is one.
    precision : {"float64", "float32"}
        Numbers to compute in; the theory wants float64.
    seeds_as : {"auto", "loop", "batch"}
        Train the seeds one after the other or side by side. ``"auto"`` takes the faster: side by
        side on a GPU and for small nets that take all points in every step, one after the other
        else. Results agree within rounding.
    checkpoint : path, optional
        File that keeps the state of training, written whole every few seconds, at the end, and when
        you interrupt. The same call goes on from there, to the last bit. `Trajectory.load` reads
        what was seen.
    progress : bool
        Show a progress bar, on a terminal only.

    Returns
    -------
    Trajectory
        Outputs (S, T, P, k) over canonical time and, if the network is linear without biases, its
        end-to-end map (S, T, k, d); k = d on a `SIMTask`. `arrays` holds ``seeds`` (S,), ``train_loss`` (S, T) on all of a
        seed's data, ``steps`` (T,) of the looks and, if asked for, ``jacobians`` (S, T, P, k, d);
        `stats` holds the settings. Seeds that diverged are left out; ``stats["diverged"]`` lists
        them with the step.

    Raises
    ------
    ArgumentError, ShapeError, TaskError
        If an argument breaks a rule; nothing is compiled then.
    SolveError
        If every seed diverges.
    MissingExtraError
        If JAX, Equinox or Optax are not installed.

    Warns
    -----
    TrainingWarning
        If the learning rate is beyond the stability bound of the linear net, if some seeds diverge,
        or if the checkpoint cannot be written.

    Notes
    -----
    Time is ``units.Clock(lr, loss, d, tied, momentum)``: exact for lr → 0, and late for momentum.
    With `Adam`, which has no canonical clock, t = lr · k; ``stats["clock"]`` says which it is.

    A seed has diverged when a number is not finite, or its training loss is a million times that of
    the start.

    Only what is seen at the looks is kept. The loop over steps is compiled once for each shape of the
    problem; learning rate and number of steps do not count as shape. What was compiled is kept on
    disk, see `nets.devices`.

    A linear net without biases that takes all points in every step trains on as many points as there
    are dimensions, which give the same gradients (`nets.data.condensed`).

    Examples
    --------
    >>> task = SIMTask(mu=(1.0, 2.0), sigma=0.1)
    >>> net = MLP(depth=1)
    >>> run = train(net, task, steps=100, lr=0.1, seeds=range(3), data=Samples(50), looks=11)
    >>> run.outputs.shape, run.t[-1]
    ((3, 11, 4, 2), np.float64(10.0))
    """
    if not isinstance(net, MLP):
        raise ArgumentError(f"Argument `net` must be an MLP, but got {net!r}.")
    task, chosen = checks.checked_task(task, net), checks.checked_seeds(seeds)
    stops = checks.checked_looks(looks, positive_int("steps", steps))
    points, path = checks.checked_probes(probes, task), checks.checked_path(checkpoint)
    _, n, _ = checks.checked_data(data).shape(task, seeds=chosen)
    where, how = find_device(device), one_of("seeds_as", seeds_as, ("auto", "loop", "batch"))
    job = Job(
        net=net,
        task=task,
        lr=positive("lr", lr),
        seeds=chosen,
        optimiser=checks.checked_optimiser(optimiser),
        data=data,
        batch=checks.checked_batch(batch, data, task, n),
        loss=one_of("loss", loss, _LOSSES),
        layers=(),  # drawn when it is known that they fit
        stops=stops,
        probes=points,
        jacobians=bool(jacobians),
        device=where,
        precision=one_of("precision", precision, PRECISIONS),
        batched=how == "batch",
    )
    if how == "auto":
        job = replace(job, batched=where.platform != "cpu" or job.is_small)
    checks.check_memory(job)
    job = replace(job, layers=initial_layers(net, task.dim, chosen, init, outputs=task.n_outputs))
    checks.warn_if_unstable(job)
    for module in ("equinox", "optax"):
        require(module, extra="nets")
    return descend(job, checkpoint=path, progress=progress).result()
