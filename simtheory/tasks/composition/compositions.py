"""Compositions of experts: a density up to its constant, its score, and what summed scores miss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simtheory._checks import as_finite, frozen, frozen_again, kind_of, number
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, Expert
from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.tasks._plain import Plain
from simtheory.tasks.composition.mixtures import GaussianMixture

__all__ = ["Composition"]


def _held(experts: Sequence[Expert]) -> tuple[Any, ...]:
    """Return the experts of a sequence, which a mixture, though it may look like one, is not."""
    if isinstance(experts, GaussianMixture) or not isinstance(experts, Sequence):
        raise ArgumentError(
            f"Argument `experts` must be a sequence of experts, but it is {kind_of(experts)}."
        )
    return tuple(experts)


@face(but=("experts", "weights"))
@dataclass(frozen=True, slots=True, eq=False)
class Composition(Plain):
    r"""Experts and their weights: :math:`\prod_i p_i^{w_i}`, and at a level :math:`\prod_i q_{i,\lambda}^{w_i}`.

    It is kept factored: a product of mixtures is never expanded into the product of their components.

    Parameters
    ----------
    experts : sequence of Expert
        Mixtures, or other objects with `dim` and ``score(x, level=)``.
    weights : array_like, shape (K,), optional
        Their powers, which may be negative. Default: 1 for each.

    Raises
    ------
    TaskError
        If there is no expert, or all weights are zero.
    ShapeError
        If the experts differ in dimension, or there is not a weight for each.

    References
    ----------
    du2023.

    Examples
    --------
    >>> a, b = GaussianMixture([1.0], [-1.0], [1.0]), GaussianMixture([1.0], [1.0], [0.25])
    >>> both = a * b
    >>> both.score([[0.6]])
    array([[0.]])
    >>> Composition.guided(a, b, gamma=3.0).weights
    array([ 3., -2.])
    """

    kind: ClassVar[str] = "composition"
    _noun: ClassVar[str] = "composition"

    experts: tuple[Any, ...]
    weights: Array

    def __init__(self, experts: Sequence[Expert], weights: ArrayLike | None = None) -> None:
        held = _held(experts)
        if not held:
            raise TaskError("Argument `experts` must hold at least one expert, but it is empty.")
        for index, expert in enumerate(held):
            if isinstance(expert, type) or not isinstance(expert, Expert):
                raise ArgumentError(
                    f"Argument `experts[{index}]` must have `dim` and `score`, as a GaussianMixture "
                    f"has, but it is {kind_of(expert)}."
                )
        dims = [expert.dim for expert in held]
        if len(set(dims)) > 1:
            raise ShapeError(
                f"Argument `experts` must hold experts of one dimension, but theirs are {dims}."
            )
        w = (
            np.ones(len(held))
            if weights is None
            else as_finite("weights", weights, error=TaskError)
        )
        if w.shape != (len(held),):
            raise ShapeError(
                f"Argument `weights` must have shape ({len(held)},), one for each expert, but its shape "
                f"is {w.shape}."
            )
        if not w.any():
            raise TaskError("Argument `weights` must not be all zero, but it is.")
        object.__setattr__(self, "experts", held)
        object.__setattr__(self, "weights", frozen(w))

    @classmethod
    def guided(cls, cond: Expert, uncond: Expert, *, gamma: float) -> Composition:
        r"""Return classifier-free guidance, :math:`p_c^\gamma p_u^{1-\gamma}`.

        Parameters
        ----------
        cond : Expert
            The conditional expert.
        uncond : Expert
            The unconditional one.
        gamma : float
            Strength: 1 is the conditional expert alone.

        Returns
        -------
        Composition
            Of total weight 1.
        """
        strength = number("gamma", gamma)
        return cls((cond, uncond), (strength, 1.0 - strength))

    @classmethod
    def over(cls, experts: Sequence[Expert], background: Expert) -> Composition:
        r"""Return :math:`p_b\prod_i(p_i/p_b)`: each expert adds what it says beyond the background.

        Parameters
        ----------
        experts : sequence of Expert
            The K experts, such as conditional models or posteriors.
        background : Expert
            What they share, such as an unconditional model or a prior.

        Returns
        -------
        Composition
            Weights 1 for the experts and 1 − K for the background: of total weight 1.
        """
        held = _held(experts)
        return cls((*held, background), (*(1.0 for _ in held), 1.0 - len(held)))

    @classmethod
    def negated(cls, a: Expert, b: Expert, *, weights: ArrayLike = (1.3, -0.3)) -> Composition:
        """Return one expert without another, such as ``a^1.3 / b^0.3``.

        Parameters
        ----------
        a : Expert
            What is wanted.
        b : Expert
            What is not.
        weights : array_like, shape (2,)
            Their powers, the second negative.

        Returns
        -------
        Composition
            The composition.

        Raises
        ------
        ArgumentError
            If the second weight is not negative.
        """
        w = as_finite("weights", weights)
        if w.shape != (2,) or w[0] <= 0.0 or w[1] >= 0.0:
            raise ArgumentError(
                "Argument `weights` of a negation must be a positive and a negative number, such as "
                f"(1.3, -0.3), but it is {w.tolist()}."
            )
        return cls((a, b), w)

    @classmethod
    def classified(
        cls, mixture: GaussianMixture, labels: ArrayLike, target: int, *, gamma: float
    ) -> Composition:
        r"""Return guidance by the exact classifier of a mixture, :math:`p\,p(y \mid x)^\gamma`.

        At each level the classifier is that of the noised mixture: the responsibilities of the
        components that carry the label. So this is :math:`p_y^\gamma p^{1-\gamma}` with the
        mixture :math:`p_y` of these components.

        Parameters
        ----------
        mixture : GaussianMixture
            The unconditional density p.
        labels : array_like of int, shape (k,)
            The class of each component.
        target : int
            The class y that is asked for.
        gamma : float
            Strength of the guidance.

        Returns
        -------
        Composition
            Of total weight 1.

        Raises
        ------
        ArgumentError
            If there is not a label for each component, or none is the target.
        """
        classes = np.asarray(labels)
        if classes.shape != (mixture.components,):
            raise ShapeError(
                f"Argument `labels` must have shape ({mixture.components},), one for each component, but "
                f"its shape is {classes.shape}."
            )
        mine = classes == target
        if not mine.any():
            raise ArgumentError(
                f"Argument `target` must be one of the labels {sorted(set(classes.tolist()))}, but it is "
                f"{target!r}."
            )
        part = GaussianMixture(
            mixture.weights[mine], mixture.means[mine], mixture.covariances[mine], normalised=False
        )
        return cls.guided(part, mixture, gamma=gamma)

    @property
    def dim(self) -> int:
        """Number of coordinates, d."""
        return int(self.experts[0].dim)

    @property
    def total_weight(self) -> float:
        """Sum of the weights, W."""
        return float(self.weights.sum())

    def log_density(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        r"""Return :math:`\sum_i w_i\log q_{i,\lambda}(x)`, up to the constant of the product.

        Parameters
        ----------
        x : array_like, shape (..., d)
            Points.
        level : float
            Variance of the noise.

        Returns
        -------
        ndarray, shape (...)
            Logarithms of the unnormalised density.

        Raises
        ------
        ArgumentError
            If an expert gives scores alone.
        """
        total: Any = 0.0
        for weight, expert in self._weighted():
            if not hasattr(expert, "log_density"):
                raise ArgumentError(
                    f"Every expert must have `log_density`, but {type(expert).__name__} has scores "
                    "alone."
                )
            total = total + weight * expert.log_density(x, level=level)
        return np.asarray(total)

    def score(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        r"""Return the composed score :math:`S = \sum_i w_i\nabla\log q_{i,\lambda}`.

        Parameters
        ----------
        x : array_like, shape (..., d)
            Points.
        level : float
            Variance of the noise.

        Returns
        -------
        ndarray, shape (..., d)
            Scores.
        """
        total: Any = 0.0
        for weight, expert in self._weighted():
            total = total + weight * expert.score(x, level=level)
        return np.asarray(total)

    def defect(self, x: ArrayLike, *, level: float = 0.0) -> Array:
        r"""Return the defect :math:`D = \tfrac12(|S|^2 - \sum_iw_i|s_i|^2)`.

        Reverse diffusion with summed scores is exact if and only if D is constant in x at every level.

        Parameters
        ----------
        x : array_like, shape (..., d)
            Points.
        level : float
            Variance of the noise.

        Returns
        -------
        ndarray, shape (...)
            Defects: the rate, per unit of falling level, at which the path gains weight that the
            sampler does not give.
        """
        total: Any = 0.0
        squares: Any = 0.0
        for weight, expert in self._weighted():
            score = expert.score(x, level=level)
            total = total + weight * score
            squares = squares + weight * np.sum(score**2, axis=-1)
        return np.asarray(0.5 * (np.sum(total**2, axis=-1) - squares))

    def to_dict(self) -> dict[str, Any]:
        """Return the composition as plain numbers and lists; a foreign expert is kept by its name alone.

        Returns
        -------
        dict
            The arguments of the constructor.
        """
        return {
            "experts": [
                expert.to_dict() if hasattr(expert, "to_dict") else {"name": repr(expert)}
                for expert in self.experts
            ],
            "weights": self.weights.tolist(),
        }

    @classmethod
    def _parsed(cls, values: dict[str, Any]) -> dict[str, Any]:
        if "experts" in values:
            values["experts"] = [GaussianMixture.from_dict(one) for one in values["experts"]]
        return values

    __setstate__ = frozen_again

    def __mul__(self, other: Any) -> Composition:
        return self._joined(other, 1.0)

    def __truediv__(self, other: Any) -> Composition:
        return self._joined(other, -1.0)

    def __pow__(self, power: float) -> Composition:
        return Composition(self.experts, number("power", power) * self.weights)

    def __repr__(self) -> str:
        powers = ", ".join(f"{w:g}" for w in self.weights[:6])
        more = ", …" if len(self.weights) > 6 else ""
        noun = "expert" if len(self.experts) == 1 else "experts"
        return f"Composition({len(self.experts)} {noun} in {self.dim}D, weights ({powers}{more}))"

    def _weighted(self) -> list[tuple[float, Any]]:
        """Return weights and experts, without those of weight 0."""
        pairs = zip(self.weights.tolist(), self.experts, strict=True)
        return [(weight, expert) for weight, expert in pairs if weight]

    def _joined(self, other: Any, sign: float) -> Composition:
        if isinstance(other, Composition):
            experts, weights = other.experts, other.weights
        elif isinstance(other, Expert) and not isinstance(other, type):
            experts, weights = (other,), np.ones(1)
        else:
            return NotImplemented
        return Composition(
            (*self.experts, *experts), np.concatenate([self.weights, sign * weights])
        )
