"""The answer of a fit: parameters with intervals, goodness of fit, and the models that were tried."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

from simtheory._checks import nearest
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.fit._evidence import Quality
from simtheory.fit.curves import Curves
from simtheory.results import axes
from simtheory.results.axes import over

__all__ = ["Candidate", "Fit", "Parameter", "Quality"]

_NEAR = 6.0
"""Candidates whose AICc is larger by less than this are named: their likelihood is 1/20 or more."""


@face
@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a fit.

    Parameters
    ----------
    name : str
        ``rate_k``, ``start_k`` (w_kk(0)), ``cosine_kp`` (between rows of U(0)), ``start_kp``
        (w_kp(0) of one layer), ``amplitude_k`` (of a loss without known `mu`), ``end_k`` (where an
        output ends), ``floor`` (where a loss ends) or ``imbalance_k`` (of untied layers that differ at
        the start: the part of it that decays, over the part that grows, which ``start_k`` then is);
        concepts count from 1.
    value : float
        The best value.
    low, high : float
        Ends of its confidence interval.
    fixed : bool
        Whether it was given.
    """

    name: str
    value: float
    low: float
    high: float
    fixed: bool = False

    def __str__(self) -> str:
        span = "(given)" if self.fixed else f"[{self.low:.4g}, {self.high:.4g}]"
        return f"{self.value:.4g}  {span}"


@face
@dataclass(frozen=True, slots=True)
class Candidate:
    """One model that was tried.

    Parameters
    ----------
    model, rows : str
        Which.
    quality : Quality
        How well it fits.
    refused : str
        Which parameter the data do not identify in it, and why; empty if all are.
    ends : tuple of int
        Columns whose end is fitted; (0,) for a loss with a floor.
    imbalanced : bool
        Whether the layers of an untied net may differ at the start.
    """

    model: str
    rows: str
    quality: Quality
    refused: str = ""
    ends: tuple[int, ...] = ()
    imbalanced: bool = False

    @property
    def name(self) -> str:
        """Model, rows, layers and ends."""
        layers = ", layers imbalanced" if self.imbalanced else ""
        return f"{self.model}, {self.rows}{layers}" + (", ends fitted" if self.ends else "")

    def __str__(self) -> str:
        refused = f", {self.refused.split(':')[0]} not identified" if self.refused else ""
        return f"AICc {self.quality.aicc:.1f}, residual {self.quality.residual:.3g}{refused}"


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Fit:
    """A model of measured curves.

    Parameters
    ----------
    curves : Curves
        What was fitted.
    withheld : Curves or None
        What was measured later and not fitted.
    model : {"one-layer", "tied", "untied", "deep"}
        The net.
    rows : {"orthogonal", "correlated"}
        Whether concepts are tied at the start.
    parameters : tuple of Parameter
        With intervals.
    quality : Quality
        Goodness of fit.
    candidates : tuple of Candidate
        All that was tried.
    confidence : float
        Confidence of all intervals.
    intervals : {"covariance", "bootstrap"}
        Where they come from.
    draws : ndarray, shape (M, P)
        Parameters that the data leave possible, on the scales of the fit, for forecasts.
    theta : ndarray, shape (P,)
        The best parameters, on the same scales.
    depth : float, optional
        Number of layers of a deep net.
    ends : tuple of int
        Columns whose end is fitted; (0,) for a loss with a floor.
    imbalanced : bool
        Whether the layers of an untied net differ at the start.
    verdict : str
        ``"fits"``, or that the model does not fit, with the likely cause.
    """

    curves: Curves
    withheld: Curves | None
    model: str
    rows: str
    parameters: tuple[Parameter, ...]
    quality: Quality
    candidates: tuple[Candidate, ...]
    confidence: float
    intervals: str
    draws: Array = field(metadata=over("draw", "theta", allow="real"))
    theta: Array = field(metadata=over("theta", allow="real"))
    depth: float | None = None
    ends: tuple[int, ...] = ()
    imbalanced: bool = False
    verdict: str = "fits"

    shown: ClassVar[tuple[str, ...]] = ("rate_unit", "time", "caveat")
    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)

    def __getitem__(self, name: str) -> Parameter:
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        known = [parameter.name for parameter in self.parameters]
        raise ArgumentError(f"This fit has no parameter {name!r}; {nearest(name, known)}")

    @property
    def rate_unit(self) -> str:
        """Unit of the rates."""
        canonical = self.curves.unit == "t" or self.curves.clock is not None
        return "per canonical time" if canonical else f"per {self.curves.unit}"

    @property
    def time(self) -> str:
        """How times of the data become canonical, the time of the rates."""
        unit, clock = self.curves.unit, self.curves.clock
        if unit == "t":
            return "canonical, as given"
        if clock is None:
            return f"{unit}s, as given; a learning rate makes them canonical"
        step = replace(clock, tied=self.model == "tied").step
        net = {
            "tied": "tied net U Uᵀ",
            "untied": "untied net W₂W₁; of a tied one rates would be half as large",
            "deep": f"net of depth {self.depth:g}" if self.depth else "",
        }.get(self.model, "one layer")
        momentum = f", momentum {clock.momentum:g}" if clock.momentum else ""
        return f"one step is {step:g} (lr {clock.lr:g}, loss {clock.loss}{momentum}, {net})"

    @property
    def caveat(self) -> str:
        """Assumption behind the choice of the model that the data do not test; empty if none."""
        if self.ends:
            return self._ended()
        best = min(candidate.quality.aicc for candidate in self.candidates)
        for other in self.candidates:
            near = other.quality.aicc - best < _NEAR
            if near and other.model != self.model:
                return f"the {other.model} model would fit nearly as well"
            if near and other.refused and other.rows == "correlated":
                return "rows are taken as orthogonal: these data do not show ties between them"
        return ""

    def _ended(self) -> str:
        """Say where curves end, which is not where theory has them end."""
        if self.curves.observed == "loss":
            return f"the loss ends at {self['floor'].value:.2g}, not at 0: its floor is fitted"
        ends = (
            f"{self.curves.names[k]} is learned to {self[f'end_{k + 1}'].value:.2f} only"
            for k in self.ends
        )
        return f"{', '.join(ends)}: ends are fitted, and learning times are when outputs cross"

    def __repr__(self) -> str:
        return f"Fit({self.model}, {self.rows} rows, residual={self.quality.residual:.3g})"
