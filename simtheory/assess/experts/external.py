r"""A score or an energy of your own as an expert of a composition.

What is noised stands on its own clock: a program gives the score of :math:`z = \alpha x + \sigma\varepsilon` at a
diffusion time u, or the noise that it predicts. A composition asks for the score of :math:`y = z/\alpha` at the
level :math:`\lambda = \sigma^2/\alpha^2`,

.. math:: s_y = \alpha\, s_z = -\hat\varepsilon/\sqrt\lambda .
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory._checks import as_finite, as_seed, non_negative, positive, positive_int, warn_caller
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, RegimeError, RegimeWarning, ShapeError
from simtheory.noise import Schedule

__all__ = ["External", "curl", "external"]

_STEP = 6e-6  # cube root of eps: the error of a central difference is smallest near it
_ASKEW = 0.1  # curl above which a score is reported as no gradient


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class External:
    """A callable as an expert; `external` makes it.

    Parameters
    ----------
    score_of, density_of, noise_of : callable, optional
        What was given, ``f(x, level)``.
    schedule : Schedule, optional
        Clock of the callable; None if it takes levels λ.
    dim : int, optional
        Number of coordinates; a composition needs it.
    normalised : bool
        Whether the log-density integrates to one at every level.
    lowest : float
        Level below which it is asked at this level.
    narrowest : float, optional
        Smallest variance of its density at level 0, from which kernels take their steps.
    """

    score_of: Callable[..., Any] | None
    density_of: Callable[..., Any] | None
    noise_of: Callable[..., Any] | None
    schedule: Schedule | None
    dim: int | None
    normalised: bool
    lowest: float
    narrowest: float | None

    def __post_init__(self) -> None:
        non_negative("lowest", self.lowest)
        if self.narrowest is not None:
            positive("narrowest", self.narrowest)

    @property
    def has_density(self) -> bool:
        """Whether it knows a log-density, up to a constant at each level."""
        return self.density_of is not None

    def score(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        """Return the score of y at a level.

        Parameters
        ----------
        x : array_like, shape (n, d)
            Points y.
        level : float
            Noise level λ.

        Returns
        -------
        ndarray, shape (n, d)
            Gradient of the log-density: of the callable, or its central differences.

        Raises
        ------
        ShapeError
            If the callable returns another shape.
        ArgumentError
            If it returns NaN or infinity, or single precision where differences are needed.
        """
        y, lam, alpha, clock = self._place(x, level)
        if self.score_of is not None:
            return np.asarray(
                alpha * self._called("score", self.score_of, y, lam, alpha, clock, y.shape)
            )
        if self.noise_of is not None:
            if lam <= 0.0:
                raise ArgumentError(
                    "Argument `level` must be positive where predicted noise is divided by its root, but "
                    "it is 0. Give external(lowest=...) the last level of the net."
                )
            found = self._called("eps", self.noise_of, y, lam, alpha, clock, y.shape)
            return np.asarray(-found / lam**0.5)
        return self._differences(y, lam, alpha, clock)

    def log_density(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        """Return the log-density of y at a level, up to a constant.

        Parameters
        ----------
        x : array_like, shape (n, d)
            Points y.
        level : float
            Noise level λ.

        Returns
        -------
        ndarray, shape (n,)
            Logarithm of the density.

        Raises
        ------
        RegimeError
            If no log-density was given.
        """
        if self.density_of is None:
            raise RegimeError(
                "This expert knows no log-density: pass external(log_density=...), or a kernel whose "
                "acceptance needs scores alone, such as MALA(density=Line())."
            )
        y, lam, alpha, clock = self._place(x, level)
        return self._called("log_density", self.density_of, y, lam, alpha, clock, y.shape[:1])

    def _place(self, x: ArrayLike, level: float) -> tuple[Array, float, float, float]:
        """Return points, level, share of the data, and what the callable takes for the level."""
        y = as_finite("x", x)
        if y.ndim != 2 or (self.dim is not None and y.shape[1] != self.dim):
            raise ShapeError(
                f"Argument `x` must have shape (n, {self.dim or 'd'}), but its shape is {y.shape}."
            )
        lam = max(non_negative("level", level), self.lowest)
        if self.schedule is None:
            return y, lam, 1.0, lam
        low, high = self.schedule.ends
        for _ in range(80):  # λ rises with the time; 80 halvings end at rounding
            middle = 0.5 * (low + high)
            if float(self.schedule.at(middle).value) < lam:
                low = middle
            else:
                high = middle
        here = self.schedule.at(high)
        return y, float(here.value), float(here.alpha), high

    def _called(
        self,
        name: str,
        function: Callable[..., Any],
        y: Array,
        level: float,
        alpha: float,
        clock: float,
        shape: tuple[int, ...],
    ) -> Array:
        found = np.asarray(function(alpha * y, clock))
        if found.shape != shape:
            raise ShapeError(
                f"Argument `{name}` must return shape {shape} for points of shape {y.shape}, but it "
                f"returned {found.shape}."
            )
        whole = np.isfinite(found)
        if not whole.all():
            row = int(np.argmin(whole.reshape(len(y), -1).all(axis=1)))
            raise ArgumentError(
                f"Argument `{name}` must return finite numbers, but at level {level:.4g} it returned "
                f"{found[row]} for the point {y[row]} (row {row})."
            )
        return found.astype(np.float64)

    def _differences(self, y: Array, level: float, alpha: float, clock: float) -> Array:
        assert self.density_of is not None
        if np.asarray(self.density_of(alpha * y[:1], clock)).dtype == np.float32:
            raise ArgumentError(
                "Argument `log_density` returns single precision, whose differences are too coarse. "
                "Pass its gradient too: external(log_density=..., score=...)."
            )
        n, d = y.shape
        h = _STEP * np.maximum(1.0, np.abs(y)) * min(1.0, max(level, self.narrowest or 1.0) ** 0.5)
        moved = y[None, None] + np.array([1.0, -1.0])[:, None, None, None] * (
            np.eye(d)[:, None] * h.T[:, :, None]
        )
        logs = self._called(
            "log_density",
            self.density_of,
            moved.reshape(-1, d),
            level,
            alpha,
            clock,
            (2 * d * n,),
        ).reshape(2, d, n)
        return np.asarray(((logs[0] - logs[1]) / (2.0 * h.T)).T)

    def __repr__(self) -> str:
        given = {"score": self.score_of, "log_density": self.density_of, "eps": self.noise_of}
        words = ", ".join(
            f"{name}={getattr(f, '__name__', type(f).__name__)}" for name, f in given.items() if f
        )
        return f"External({words}, d={self.dim})"


@face
def external(
    *,
    score: Callable[..., Any] | None = None,
    log_density: Callable[..., Any] | None = None,
    eps: Callable[..., Any] | None = None,
    schedule: Schedule | None = None,
    dim: int | None = None,
    normalised: bool = False,
    lowest: float = 0.0,
    narrowest: float | None = None,
) -> External:
    r"""Make an expert of a callable, of NumPy or of JAX.

    Parameters
    ----------
    score : callable, optional
        ``score(y, level)``: points (n, d) and the level λ to scores (n, d).
    log_density : callable, optional
        ``log_density(y, level)``: to logarithms of the density (n,), up to a constant at each level.
        Where it is given alone, the score is its central differences: 2d calls.
    eps : callable, optional
        ``eps(y, level)``: to the predicted noise (n, d); the score is −ε/√λ.
    schedule : Schedule, optional
        Clock of the callables: they then take z = αy and the diffusion time u, and `score` is that of
        z.
    dim : int, optional
        Number of coordinates; a `Composition` needs it.
    normalised : bool
        Whether the log-density integrates to one at every level, as a mixture of experts needs.
    lowest : float
        Level below which the callable is asked at this level, such as the last one of its training.
    narrowest : float, optional
        Smallest variance of its density at level 0, from which kernels take their steps.

    Returns
    -------
    External
        An expert of a composition.

    Raises
    ------
    ArgumentError
        If nothing is given, or both a score and predicted noise.

    Examples
    --------
    >>> import numpy as np
    >>> expert = external(eps=lambda y, level: y * level**0.5 / (1.0 + level), dim=1)
    >>> expert.score([[2.0]], level=3.0)
    array([[-0.5]])
    """
    if score is None and log_density is None and eps is None:
        raise ArgumentError("One of the arguments `score`, `log_density` and `eps` must be given.")
    if score is not None and eps is not None:
        raise ArgumentError("Arguments `score` and `eps` say the same thing: pass one of them.")
    for name, given in (("score", score), ("log_density", log_density), ("eps", eps)):
        if given is not None and not callable(given):
            raise ArgumentError(f"Argument `{name}` must be callable, but it is {given!r}.")
    return External(
        score,
        log_density,
        eps,
        schedule,
        None if dim is None else positive_int("dim", dim),
        normalised,
        non_negative("lowest", lowest),
        None if narrowest is None else positive("narrowest", narrowest),
    )


@face
def curl(expert: Any, x: ArrayLike, *, level: float, seed: int = 0, warn: bool = True) -> float:
    r"""Return how far a score is from being a gradient.

    With the Jacobian J of the score and random unit vectors u, v at each point,

    .. math:: \frac{\mathrm{median}\,|u^TJv - v^TJu|}{\mathrm{median}\,\tfrac12(|u^TJu| + |v^TJv|)} .

    Parameters
    ----------
    expert : Expert
        Anything with ``score(x, level=)``.
    x : array_like, shape (n, d)
        Points to look at.
    level : float
        Noise level λ.
    seed : int
        Of the vectors.
    warn : bool
        Whether to warn above 0.1.

    Returns
    -------
    float
        0 for a gradient; of order 1 for a field without any potential. 0 in one dimension.

    Warns
    -----
    RegimeWarning
        If it is above 0.1: a Metropolis step that takes line integrals then depends on the path.
    """
    if not hasattr(expert, "score"):
        raise ArgumentError(
            f"Argument `expert` must have a `score`, but it is of the kind {type(expert).__name__}."
        )
    points = as_finite("x", x)
    if points.ndim != 2:
        raise ShapeError(f"Argument `x` must have shape (n, d), but its shape is {points.shape}.")
    if points.shape[1] == 1:
        return 0.0
    rng = np.random.default_rng(as_seed("seed", seed))
    u, v = rng.standard_normal((2, *points.shape))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v -= (u * v).sum(axis=1, keepdims=True) * u
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    h = 1e-3 * (non_negative("level", level) + 1e-4) ** 0.5  # coarse enough for single precision

    def along(step: Array) -> Array:
        ahead, behind = (
            expert.score(points + sign * h * step, level=level) for sign in (1.0, -1.0)
        )
        return np.asarray((ahead - behind) / (2.0 * h))

    ju, jv = along(u), along(v)
    askew = np.abs((u * jv).sum(axis=1) - (v * ju).sum(axis=1))
    size = 0.5 * (np.abs((u * ju).sum(axis=1)) + np.abs((v * jv).sum(axis=1)))
    found = float(np.median(askew) / np.median(size))
    if warn and found > _ASKEW:
        warn_caller(
            f"The score is no gradient: its Jacobian is askew by {found:.2g} at level {level:.3g}. A "
            "Metropolis step without an energy depends on the path there.",
            RegimeWarning,
        )
    return found
