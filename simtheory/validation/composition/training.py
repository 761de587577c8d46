r"""Train an expert: a small net that learns a mixture of Gaussians at every noise level.

Problem
-------
The exact experts of `simtheory.tasks` say what a composition and its sampler do; a trained one adds the
error of the score. A small net learns the noise that was added to draws from the mixture, at levels
that are uniform in the logarithm, and then stands in a composition like any other expert.

Result
------
What is minimised is the mean over draws x, levels and noise of

.. math:: \tfrac12 |\hat\varepsilon(x + \sqrt\lambda\,\varepsilon, \lambda) - \varepsilon|^2,
    \qquad \hat\varepsilon = -\sqrt\lambda\,s .

Reading
-------
The truth is known, so the error of a net is not its loss but the share of the exact noise
:math:`-\sqrt\lambda\,\nabla\ln q` that it misses, `ExpertRun.errors`: large at low noise, where the mixture has
structure, and small at high noise, where the form of the net alone is right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from simtheory._checks import all_positive, as_finite, frozen, positive, positive_int, require
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, RegimeError, ShapeError, SolveError
from simtheory.tasks import GaussianMixture
from simtheory.validation.composition.nets import ExpertNet
from simtheory.validation.nets._arguments import checked_looks, checked_seeds
from simtheory.validation.nets.devices import computing_on, find_device

__all__ = ["ExpertRun", "NetExpert", "train_expert"]

_DRAWS = 100_000  # from the mixture, for one seed; a run of 2000 steps sees each point five times


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NetExpert:
    """A trained net as an expert of a composition.

    Below its lowest level it answers as at its lowest level, because there it learned nothing.

    Parameters
    ----------
    net : ScoreNet or EnergyNet
        Its description.
    weights : object
        The trained weights.
    mixture : GaussianMixture
        What it learned.
    moment : float
        Mean square of a coordinate of the data.
    lowest : float
        Lowest level that it was trained at.
    """

    net: ExpertNet
    weights: Any
    mixture: GaussianMixture
    moment: float
    lowest: float

    @property
    def dim(self) -> int:
        """Dimension of its points."""
        return self.mixture.dim

    @property
    def means(self) -> Array:
        """Means of the components that it learned."""
        return self.mixture.means

    @property
    def variances(self) -> Array:
        """Variances of the components that it learned, along their axes."""
        return self.mixture.variances

    @property
    def narrowest(self) -> float:
        """Smallest variance of what it learned, from which kernels take their steps."""
        return float(self.mixture.variances.min())

    @property
    def has_density(self) -> bool:
        """Whether it knows a log-density, up to a constant at each level."""
        return self.net.has_energy

    def score(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        """Return the score.

        Parameters
        ----------
        x : array_like, shape (n, d)
            Points.
        level : float
            Noise level λ.

        Returns
        -------
        ndarray, shape (n, d)
            The score.
        """
        return self._seen(x, level)[1]

    def log_density(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        """Return the log-density, up to a constant at each level.

        Parameters
        ----------
        x : array_like, shape (n, d)
            Points.
        level : float
            Noise level λ.

        Returns
        -------
        ndarray, shape (n,)
            Minus the energy.

        Raises
        ------
        RegimeError
            If the net learned a score alone.
        """
        return self.density_and_score(x, level=level)[0]

    def density_and_score(self, x: ArrayLike, *, level: float = 0.0) -> tuple[Array, Array]:
        """Return log-density and score from one pass of the net.

        Parameters
        ----------
        x : array_like, shape (n, d)
            Points.
        level : float
            Noise level λ.

        Returns
        -------
        log_density : ndarray, shape (n,)
            Minus the energy.
        score : ndarray, shape (n, d)
            Its gradient.

        Raises
        ------
        RegimeError
            If the net learned a score alone.
        """
        if not self.has_density:
            raise RegimeError(
                "A score net knows no log-density: train an EnergyNet, or take the line integral of "
                "the score, MALA(density=Line())."
            )
        return self._seen(x, level)

    def _seen(self, x: ArrayLike, level: float) -> tuple[Array, Array]:
        points = as_finite("x", x)
        if points.ndim != 2 or points.shape[1] != self.dim:
            raise ShapeError(
                f"Argument `x` must have shape (n, {self.dim}), but its shape is {points.shape}."
            )
        given = np.asarray(max(float(level), self.lowest), np.float32)
        low, slope = _evaluate(self.net)(
            self.weights, points.astype(np.float32), given, np.float32(self.moment)
        )
        return np.asarray(low, np.float64), np.asarray(slope, np.float64)

    def __repr__(self) -> str:
        return f"NetExpert({self.net!r}, d={self.dim})"


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExpertRun:
    """Nets that learned one expert, one of each seed.

    Parameters
    ----------
    net : ScoreNet or EnergyNet
        Their description.
    mixture : GaussianMixture
        What they learned.
    ends : tuple of (float, float)
        Lowest and highest level that they were trained at.
    seeds : tuple of int
        Seeds.
    steps : ndarray of int, shape (T,)
        Steps of the looks.
    losses : ndarray, shape (S, T)
        Mean loss of the steps since the look before; NaN at step 0.
    experts : tuple of NetExpert, length S
        The trained nets, averaged over the last steps.
    """

    net: ExpertNet
    mixture: GaussianMixture
    ends: tuple[float, float]
    seeds: tuple[int, ...]
    steps: IntArray
    losses: Array
    experts: tuple[NetExpert, ...]

    def errors(self, levels: ArrayLike, *, points: int = 4000, seed: int = 0) -> Array:
        """Return the share of the exact noise that the nets miss.

        Parameters
        ----------
        levels : array_like, shape (L,)
            Noise levels λ.
        points : int
            Draws from the mixture at each level.
        seed : int
            Of the draws.

        Returns
        -------
        ndarray, shape (S, L)
            Mean square of the error of the predicted noise, over the mean square of the noise that the
            exact score predicts.
        """
        rng = np.random.default_rng(seed)
        found = []
        for level in all_positive("levels", np.atleast_1d(levels)):
            blurred = self.mixture.noised(float(level))
            x = blurred.sample(positive_int("points", points), rng=rng)
            exact = blurred.score(x)
            found.append(
                [
                    ((expert.score(x, level=float(level)) - exact) ** 2).sum() / (exact**2).sum()
                    for expert in self.experts
                ]
            )
        return np.array(found).T

    def __repr__(self) -> str:
        return f"ExpertRun({self.net!r}, seeds={len(self.seeds)}, steps={self.steps[-1]})"


@face
def train_expert(
    net: ExpertNet,
    mixture: GaussianMixture,
    *,
    levels: tuple[float, float] = (1e-4, 8.0),
    steps: int = 2000,
    lr: float = 3e-3,
    seeds: int | Iterable[int] = 1,
    batch: int = 256,
    average: float = 0.998,
    looks: int | str | ArrayLike = 2,
    device: str = "auto",
) -> ExpertRun:
    """Train a net on draws from a mixture, once for each seed: about ten seconds on a CPU core.

    Adam, whose rate falls on a cosine; the weights are a running average over the steps.

    Parameters
    ----------
    net : ScoreNet or EnergyNet
        Which net.
    mixture : GaussianMixture
        What it learns.
    levels : tuple of (float, float)
        Lowest and highest noise level λ.
    steps : int
        Optimiser steps.
    lr : float
        Learning rate at the start.
    seeds : int or iterable of int
        Seeds, all different, or how many. A seed draws its own data, start and batches.
    batch : int
        Points of a step.
    average : float
        Decay of the running average, below 1.
    looks : int, "log" or array_like of int
        When to look at the loss, as in `train`.
    device : {"auto", "cpu", "gpu"}
        Where to train.

    Returns
    -------
    ExpertRun
        The trained nets.

    Raises
    ------
    ArgumentError
        If an argument breaks a rule; nothing is trained then.
    SolveError
        If a seed diverges.
    MissingExtraError
        If JAX, Equinox or Optax are not installed.
    """
    low, high = _checked_levels(levels)
    stops = checked_looks(looks, positive_int("steps", steps))
    rate, size = positive("lr", lr), positive_int("batch", batch)
    decay = positive("average", average)
    if decay >= 1.0:
        raise ArgumentError(f"Argument `average` must be below 1, but it is {average!r}.")
    chosen = checked_seeds(seeds)
    place = find_device(device)
    for module in ("equinox", "optax"):
        require(module, extra="nets")

    import jax
    import jax.numpy as jnp

    from simtheory.validation.composition._learner import ExpertLearner, Known, Perceptron, Recipe
    from simtheory.validation.nets import loop

    learner = ExpertLearner(Recipe(int(stops[-1]), decay), net, size, (low, high))
    losses, experts = [], []
    with computing_on(place, precision="float32"):
        common = loop.Common(jnp.asarray(rate, jnp.float32))
        for seed in chosen:
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
            x = mixture.sample(_DRAWS, rng=rng)
            moment = float((x**2).mean())
            data = Known(jnp.asarray(x, jnp.float32), jnp.asarray(moment, jnp.float32))
            init, key = jax.random.split(jax.random.key(seed))
            begun = loop.start(learner, Perceptron(net, mixture.dim, init, jnp.float32), common.lr)
            _, seen = loop.advance(
                learner, begun, data, key, common, jnp.asarray(0), jnp.asarray(stops)
            )
            gaps = np.maximum(np.diff(stops, prepend=0), 1)
            losses.append(np.where(stops > 0, np.asarray(seen["total"], np.float64) / gaps, np.nan))
            last = jax.tree.map(lambda a: np.asarray(a[-1]), seen["weights"])
            experts.append(NetExpert(net, last, mixture, moment, low))
    lost = [
        seed for seed, loss in zip(chosen, losses, strict=True) if not np.isfinite(loss[1:]).all()
    ]
    if lost:
        raise SolveError(
            f"Training diverged for the seeds {', '.join(map(str, lost[:8]))}. Lower `lr`.",
            time=rate * float(stops[-1]),
        )
    return ExpertRun(
        net, mixture, (low, high), chosen, stops, frozen(np.array(losses)), tuple(experts)
    )


def _checked_levels(levels: tuple[float, float]) -> tuple[float, float]:
    if len(levels) != 2:
        raise ArgumentError(
            f"Argument `levels` must be the lowest and the highest level, but it is {levels!r}."
        )
    low, high = (positive("levels", level) for level in levels)
    if low >= high:
        raise ArgumentError(
            f"Argument `levels` must rise from the lowest to the highest level, but it is {levels!r}."
        )
    return low, high


@cache
def _evaluate(net: ExpertNet) -> Any:
    """Return the compiled pass of a net: weights, points, level, moment to log-density and score."""
    import jax
    import jax.numpy as jnp

    from simtheory.validation.composition._learner import energy, score

    def both(weights: Any, y: Any, level: Any, moment: Any) -> tuple[Any, Any]:
        levels = jnp.full(len(y), level, y.dtype)
        if not net.has_energy:
            return jnp.zeros(0, y.dtype), score(net, weights, y, levels, moment)
        rise = jax.value_and_grad(lambda a, b: -energy(net, weights, a, b, moment))  # type: ignore[arg-type]
        return jax.vmap(rise)(y, levels)

    return jax.jit(both)
