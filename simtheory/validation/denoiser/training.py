r"""The linear denoiser, trained: where theory is exact.

Problem
-------
One matrix for each noise level, trained by gradient descent on :math:`E\|W(x + \sigma z) - x\|^2`,
then samples by `DDIM` with the trained matrices. `simtheory.analytic.denoiser` has the flow of the
weights and the variance of the samples of the probability-flow ODE in closed form.

Symbols
-------
A : uncentred second moment of the data, the population's or a sample's; :math:`\sigma` : noise level;
:math:`\eta` : learning rate; k : step; K : number of noise levels; T : number of looks.

Result
------
The mean over the noise z is taken exactly, so descent has a closed form for finite steps too. For
one layer, and for the weight w of a mode of the tied net UUᵀ from an aligned start,

.. math::
    W_k = W_\star + (W_0 - W_\star)(I - 2\eta(A + \sigma^2I))^k, \qquad
    w_{k+1} = w_k \bigl(1 + 4\eta(\lambda - (\lambda + \sigma^2) w_k)\bigr)^2 .

The covariance of the samples is a product of the sampler's steps,

.. math::
    C = \sigma_{max}^2 M M^T, \qquad
    M = \prod_k \Bigl(W_k + \frac{\sigma_{k+1}}{\sigma_k}(I - W_k)\Bigr) .

Reading
-------
Two errors stand between a trained net and the law: steps of finite size, O(η), and a finite number of
sampling steps, O(1/K). Both can be made arbitrarily small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory._checks import all_positive, frozen, positive, positive_int, require
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic.denoiser import OneLayerDenoiser, TiedDenoiser
from simtheory.errors import ArgumentError, RegimeError, ShapeError, SolveError, TaskError
from simtheory.noise import Levels
from simtheory.noise.weights import Weight, largest_weight, weights_of
from simtheory.tasks import DenoisingTask
from simtheory.units import Clock
from simtheory.validation.nets._arguments import checked_looks
from simtheory.validation.nets.devices import computing_on, find_device
from simtheory.validation.nets.optimisers import SGD

__all__ = ["LinearRun", "log_levels", "sampled_covariance", "train_linear"]


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LinearRun:
    """A linear denoiser at some steps of training.

    Parameters
    ----------
    steps : ndarray of int, shape (T,)
        Steps of the looks.
    t : ndarray, shape (T,)
        Their canonical times, 2ηk for one layer and 4ηk for the tied net.
    levels : ndarray, shape (K,)
        Noise levels σ, falling.
    weights : ndarray, shape (T, K, d, d)
        End-to-end map at each level.
    moment : ndarray, shape (d, d)
        Second moment of the data that it learned from.
    task : DenoisingTask
        What was learned.
    net : OneLayerDenoiser or TiedDenoiser
        The net and its start.
    """

    steps: IntArray
    t: Array
    levels: Array
    weights: Array
    moment: Array
    task: DenoisingTask
    net: OneLayerDenoiser | TiedDenoiser

    def __repr__(self) -> str:
        t, k, d, _ = self.weights.shape
        return f"LinearRun({type(self.net).__name__}, T={t}, levels={k}, d={d})"


@face
def log_levels(task: DenoisingTask, count: int) -> Levels:
    """Return noise levels from the task's highest to its lowest, evenly spaced in their logarithm.

    Parameters
    ----------
    task : DenoisingTask
        Names the ends.
    count : int
        How many.

    Returns
    -------
    Levels
        The levels, whose ratios σ/α are the σ of the linear theory.
    """
    sigma = np.geomspace(task.sigma_max, task.sigma_min, positive_int("count", count))
    return Levels.of_ratios(sigma)


@face
def train_linear(
    net: OneLayerDenoiser | TiedDenoiser,
    task: DenoisingTask,
    *,
    levels: Levels | ArrayLike,
    steps: int,
    lr: float,
    weight: Weight | None = None,
    samples: int | None = None,
    seed: int = 0,
    looks: int | str | ArrayLike = 41,
    device: str = "auto",
) -> LinearRun:
    """Train a linear denoiser by gradient descent on the full loss, one at each noise level.

    Parameters
    ----------
    net : OneLayerDenoiser or TiedDenoiser
        Which net, and its weight along each axis of the data at the start.
    task : DenoisingTask
        The data, without mean.
    levels : Levels or array_like, shape (K,)
        Noise levels, such as those of `log_levels`, or their σ, falling.
    steps : int
        Steps of gradient descent.
    lr : float
        Learning rate η.
    weight : callable, optional
        Weight of the loss of each noise level, σ → w(σ), such as ``noise.LogNormal()``: its learning
        rate is w(σ)η. Default: 1 at all levels.
    samples : int, optional
        Size of a training set drawn from the task. Default: none, the population's moments.
    seed : int
        Of the training set.
    looks : int, "log" or array_like of int
        When to look, as in `train`.
    device : {"auto", "cpu", "gpu"}
        Where to train.

    Returns
    -------
    LinearRun
        End-to-end maps over the steps of the looks.

    Raises
    ------
    ArgumentError, ShapeError, RegimeError
        If an argument breaks a rule; nothing is trained then.
    SolveError
        If training diverges.

    Examples
    --------
    >>> task = DenoisingTask((0.5, 2.0), sigma_min=0.1, sigma_max=5.0)
    >>> run = train_linear(OneLayerDenoiser(0.1), task, levels=(5.0, 1.0), steps=900, lr=0.01, looks=2)
    >>> run.weights[-1, 1].round(3)
    array([[0.333, 0.   ],
           [0.   , 0.667]])
    """
    if not isinstance(net, OneLayerDenoiser | TiedDenoiser):
        raise ArgumentError(
            f"Argument `net` must be OneLayerDenoiser(start) or TiedDenoiser(start), but got {net!r}."
        )
    if not isinstance(task, DenoisingTask):
        raise TaskError(f"Argument `task` must be a DenoisingTask, but got {task!r}.")
    if task.mean.any():
        raise RegimeError("A linear denoiser without bias needs data without mean: subtract it.")
    sigma = _checked_levels(levels)
    rate, tied = positive("lr", lr), isinstance(net, TiedDenoiser)
    stops = checked_looks(looks, positive_int("steps", steps))
    moment = task.second_moment
    if samples is not None:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
        x = task.sample(positive_int("samples", samples), rng=rng)
        moment = x.T @ x / len(x)
    require("jax", extra="nets")
    start = (task.axes * np.broadcast_to(net.start, task.dim)) @ task.axes.T
    largest_weight(weight, sigma)
    speed = weights_of(weight, sigma)
    weights = _descend(
        start, moment, (sigma, speed), stops, rate, tied=tied, device=find_device(device)
    )
    if not np.isfinite(weights).all():
        bound = 1.0 / float(np.max(speed * (np.linalg.eigvalsh(moment)[-1] + sigma**2)))
        raise SolveError(
            f"Training diverged at learning rate {rate:g}. Lower `lr`: one layer is stable below "
            f"{bound:.3g} at every noise level, and a tied net below about half of that.",
            time=0.0,
        )
    t = Clock(lr=rate, loss="sum", tied=tied).time(stops)
    return LinearRun(stops, t, frozen(sigma), frozen(weights), frozen(moment), task, net)


@face
def sampled_covariance(weights: Array, levels: Levels | ArrayLike) -> Array:
    """Return the covariance of DDIM samples from matrices of a linear denoiser, exactly.

    Parameters
    ----------
    weights : ndarray, shape (..., K, d, d)
        The map at each noise level.
    levels : Levels or array_like, shape (K,)
        Noise levels, or their σ, falling; sampling starts at the first and stops at the last, whose
        map is not used.

    Returns
    -------
    ndarray, shape (..., d, d)
        Covariance, where the start is normal with the first level as standard deviation.

    Raises
    ------
    ShapeError
        If the shapes do not fit.
    """
    sigma = _checked_levels(levels)
    if (
        weights.ndim < 3
        or weights.shape[-3] != sigma.size
        or weights.shape[-1] != weights.shape[-2]
    ):
        raise ShapeError(
            f"Argument `weights` must have shape (..., {sigma.size}, d, d), "
            f"but its shape is {weights.shape}."
        )
    eye = np.eye(weights.shape[-1])
    moved = sigma[0] * np.broadcast_to(eye, (*weights.shape[:-3], *eye.shape))
    for k, kept in enumerate(sigma[1:] / sigma[:-1]):
        moved = (weights[..., k, :, :] * (1.0 - kept) + kept * eye) @ moved
    return np.asarray(moved @ np.swapaxes(moved, -1, -2))


def _checked_levels(levels: Levels | ArrayLike) -> Array:
    if isinstance(levels, Levels):
        return levels.ratios
    sigma = np.array(all_positive("levels", levels))
    if sigma.ndim != 1 or sigma.size < 2 or np.any(np.diff(sigma) >= 0):
        raise ArgumentError(
            "Argument `levels` must hold two or more noise levels that fall strictly, "
            f"but its shape is {sigma.shape} and it starts with {sigma.ravel()[:4]}."
        )
    return sigma


def _descend(
    start: Array,
    moment: Array,
    levels: tuple[Array, Array],
    stops: IntArray,
    lr: float,
    *,
    tied: bool,
    device: Any,
) -> Array:
    """Descend at all levels, given with their weights, side by side; return the maps (T, K, d, d)."""
    import jax
    import jax.numpy as jnp

    from simtheory.validation.denoiser._learner import MapsLearner, Moments
    from simtheory.validation.nets import loop

    if tied:
        values, axes = np.linalg.eigh(start)
        start = (axes * np.sqrt(np.maximum(values, 0.0))) @ axes.T
    with computing_on(device):
        learner, rate = MapsLearner(SGD(), tied), jnp.asarray(lr)
        sigma, weight = levels
        maps = jnp.asarray(np.tile(start, (sigma.size, 1, 1)))
        data = Moments(jnp.asarray(moment), jnp.asarray(sigma**2), jnp.asarray(weight))
        _, seen = loop.advance(
            learner,
            loop.start(learner, maps, rate),
            data,
            jax.random.key(0),  # nothing is drawn
            loop.Common(rate),
            jnp.asarray(0),
            jnp.asarray(stops),
        )
        return np.asarray(seen)
