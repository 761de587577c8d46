"""Numbers over something that was varied: a training size, a probability, a distance, a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, ClassVar

import numpy as np

from simtheory._checks import increasing, one_of
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.results import axes, files
from simtheory.results.axes import Arrays, over

__all__ = ["Curve"]


@face(but=("arrays",))
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Curve:
    """Rows of numbers over one quantity x, from any road.

    Parameters
    ----------
    x : array_like, shape (X,)
        What was varied, increasing: training sizes, occupation probabilities, distances, steps.
    values : array_like, shape (..., X, R)
        R numbers at each x; leading axes are ensembles. NaN where nothing was measured.
    rows : sequence of str, length R
        What each row of numbers is.
    x_name : str
        What x is, with its unit.
    origin : str
        Road and method.
    errors : array_like, shape (..., X, R), optional
        Standard errors of the values; NaN where none is known.
    exact : bool
        Whether the road claims no error beyond rounding. Default: no.
    stats : mapping, optional
        Plain facts: numbers, words, and lists and tables of them.
    arrays : mapping, optional
        What else was measured, each array with its axes: ``{"seeds": ("*ensemble", [0, 1])}``.
    label : str, optional
        Label of the closed form that was evaluated, for `cite`.

    Raises
    ------
    ShapeError
        If shapes do not fit one another.
    ArgumentError
        If x does not increase, a value is infinite, or a standard error is negative.

    Examples
    --------
    >>> found = Curve([0.1, 0.5], [[0.0], [0.9]], rows=["largest cluster"], x_name="p", origin="sim")
    >>> found
    Curve(sim, largest cluster over p, X=2, R=1)
    """

    x: Array = field(metadata=over("x", labels=True))
    values: Array = field(metadata=over("*ensemble", "x", "row", allow="nan"))
    _: KW_ONLY
    rows: tuple[str, ...] = field(metadata=over("row", allow="words", labels=True))
    x_name: str
    origin: str
    errors: Array | None = field(default=None, metadata=over("*ensemble", "x", "row", allow="nan"))
    exact: bool = False
    stats: Mapping[str, Any] = field(default_factory=dict)
    arrays: Arrays = field(default_factory=Arrays)
    label: str | None = None

    def __post_init__(self) -> None:
        axes.settle(self)
        increasing("x", self.x)
        if self.errors is not None and np.any(self.errors < 0):
            raise ArgumentError(
                "Argument `errors` must not be negative, but its smallest entry is "
                f"{np.nanmin(self.errors):g}."
            )

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    ensemble = property(axes.ensemble)
    member = axes.member
    to_xarray = files.to_xarray
    from_xarray: ClassVar[Callable[..., Curve]] = classmethod(files.from_xarray)  # type: ignore[assignment]
    save = files.save
    load: ClassVar[Callable[..., Curve]] = classmethod(files.load)  # type: ignore[assignment]

    @property
    def road(self) -> str:
        """First part of the origin: analytic, sim or validation."""
        return self.origin.split(".")[0]

    def row(self, name: str) -> Array:
        """Return the numbers of one row.

        Parameters
        ----------
        name : str
            One of `rows`.

        Returns
        -------
        ndarray, shape (..., X)
            Its values.

        Raises
        ------
        ArgumentError
            If there is no such row.
        """
        return np.asarray(self.values[..., self.rows.index(one_of("name", name, self.rows))])

    def __repr__(self) -> str:
        ensemble = f", ensemble={self.ensemble}" if self.ensemble else ""
        shown = ", ".join(self.rows[:3]) + (", …" if len(self.rows) > 3 else "")
        return (
            f"Curve({self.origin}, {shown} over {self.x_name}, X={self.x.size}, R={len(self.rows)}"
            f"{ensemble})"
        )
