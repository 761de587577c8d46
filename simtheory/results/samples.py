"""What a sampler or a generative model drew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from simtheory._checks import as_generator
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.results import axes, files
from simtheory.results.axes import Arrays, over

__all__ = ["Samples"]


@face(but=("arrays",))
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Samples:
    """Points that were drawn, with their weights where they have unequal ones.

    Parameters
    ----------
    points : array_like, shape (..., N, d)
        What was drawn; leading axes are ensembles.
    log_weights : array_like, shape (..., N), optional
        Logarithms of the weights, up to a constant; minus infinity for a point of no weight.
        Default: all points weigh the same.
    levels : array_like, shape (L,), optional
        Noise levels or temperatures that were visited, in this order.
    path : array_like, shape (..., L, N, d), optional
        The points at every level, where a run was asked to record them.
    origin : str
        Road and method.
    exact : bool
        Whether the points are independent draws from the law itself. Default: no.
    stats : mapping, optional
        Plain facts: numbers, words, and lists and tables of them.
    arrays : mapping, optional
        What else was measured, each array with its axes:
        ``{"acceptance": ("*ensemble level", shares)}``.
    label : str, optional
        Label of the closed form that was evaluated, for `cite`.

    Raises
    ------
    ShapeError
        If shapes do not fit one another.
    ArgumentError
        If a point is not finite, a weight is NaN or infinite, all points of a member have no weight,
        or there is a path without levels.

    Examples
    --------
    >>> Samples([[0.0, 1.0], [2.0, 3.0]], origin="sim.sample")
    Samples(sim.sample, N=2, d=2)
    """

    points: Array = field(metadata=over("*ensemble", "sample", "coordinate"))
    log_weights: Array | None = field(
        default=None, metadata=over("*ensemble", "sample", allow="real")
    )
    levels: Array | None = field(default=None, metadata=over("level", labels=True))
    _: KW_ONLY
    path: Array | None = field(
        default=None, metadata=over("*ensemble", "level", "sample", "coordinate")
    )
    origin: str
    exact: bool = False
    stats: Mapping[str, Any] = field(default_factory=dict)
    arrays: Arrays = field(default_factory=Arrays)
    label: str | None = None

    def __post_init__(self) -> None:
        axes.settle(self)
        if self.path is not None and self.levels is None:
            raise ArgumentError("Argument `levels` must be given with `path`, but it is None.")
        if self.log_weights is not None:
            top = self.log_weights.max(axis=-1, initial=-np.inf)
            if np.isnan(top).any() or np.isposinf(top).any():
                raise ArgumentError(
                    "Argument `log_weights` must be below infinity, but it holds NaN or infinity."
                )
            if self.log_weights.size and np.isneginf(top).any():
                raise ArgumentError(
                    "Argument `log_weights` must leave a point with weight, but all of a member are "
                    "minus infinity."
                )

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    ensemble = property(axes.ensemble)
    member = axes.member
    to_xarray = files.to_xarray
    from_xarray: ClassVar[Callable[..., Samples]] = classmethod(files.from_xarray)  # type: ignore[assignment]
    save = files.save
    load: ClassVar[Callable[..., Samples]] = classmethod(files.load)  # type: ignore[assignment]

    @property
    def road(self) -> str:
        """First part of the origin: analytic, sim or validation."""
        return self.origin.split(".")[0]

    @property
    def weights(self) -> Array:
        """Weights that sum to one over the points, shape (..., N)."""
        n = self.points.shape[-2]
        if self.log_weights is None:
            return (
                np.full(self.points.shape[:-1], 1.0 / n) if n else np.zeros(self.points.shape[:-1])
            )
        raw = np.exp(
            self.log_weights - self.log_weights.max(axis=-1, keepdims=True, initial=-np.inf)
        )
        return np.asarray(raw / raw.sum(axis=-1, keepdims=True))

    @property
    def acceptance(self) -> Array | None:
        """Mean probability of acceptance at each level, where moves were accepted or rejected."""
        return self.arrays.get("acceptance")

    @property
    def evaluations(self) -> int | None:
        """Evaluations of the score for each point, where they were counted."""
        return self.stats.get("evaluations")

    @property
    def method(self) -> str | None:
        """The method and its numbers, where it was named."""
        return self.stats.get("method")

    @property
    def key(self) -> tuple[int, ...] | None:
        """Key of all draws, where the draws are a function of one."""
        return self.stats.get("key")

    def resampled(self, rng: np.random.Generator | int) -> Samples:
        """Return points of equal weights: copies of the points, in number to their weights.

        The copies stand at even distances along the summed weights (systematic resampling), so a
        point of weight w among N has floor(wN) or ceil(wN) of them.

        Parameters
        ----------
        rng : numpy.random.Generator or int
            Source of the one number that is drawn for each member.

        Returns
        -------
        Samples
            As many points, without weights; `arrays` over the points, and the path, follow them.
        """
        draw = as_generator(rng)
        n = self.points.shape[-2]
        if self.log_weights is None or not n:
            return replace(self, log_weights=None)
        flat = self.weights.reshape(-1, n)
        rows = [
            np.searchsorted(np.cumsum(w), (np.arange(n) + draw.random()) / n * w.sum())
            for w in flat
        ]
        pick = np.minimum(rows, n - 1).reshape(self.weights.shape)

        def taken(over_axes: tuple[str, ...], values: Any) -> Any:
            if "sample" not in over_axes or values is None:
                return values
            axis = over_axes.index("sample") - len(over_axes) + values.ndim
            lead = len(self.ensemble) if over_axes[0] == "*ensemble" else 0
            if lead != len(self.ensemble):
                raise ArgumentError(
                    "Argument `arrays` must run over the ensemble where it runs over samples, for "
                    "points to be resampled."
                )
            shape = [1] * values.ndim
            shape[:lead], shape[axis] = self.ensemble, n
            return np.take_along_axis(values, pick.reshape(shape), axis=axis)

        changed = {
            name: taken(spec.axes, getattr(self, name))
            for name, spec in axes.declared(type(self)).items()
        }
        changed["arrays"] = {
            name: (named, taken(named, values))
            for name, (named, values) in self.arrays.declared().items()
        }
        return replace(self, **(changed | {"log_weights": None}))

    def __repr__(self) -> str:
        ensemble = f", ensemble={self.ensemble}" if self.ensemble else ""
        n, d = self.points.shape[-2:]
        return f"Samples({self.origin}, N={n}, d={d}{ensemble})"
