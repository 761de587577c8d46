"""Assumptions D.1 to D.5 of yang2024: whether a run meets each of them, and by what factor it misses the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simtheory._checks import as_finite, as_matrix, positive
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError
from simtheory.labels import implements
from simtheory.results import axes

__all__ = [
    "Assumption",
    "AssumptionCheck",
    "assumption_check",
]


@face
@dataclass(frozen=True, slots=True)
class Assumption:
    """One inequality of the assumptions: a value that must not exceed its limit.

    Parameters
    ----------
    name : str
        Its number in the paper.
    says : str
        The inequality.
    value : float
        Its left side.
    limit : float
        Its right side.
    """

    name: str
    says: str
    value: float
    limit: float

    @property
    def holds(self) -> bool:
        """Whether the inequality holds."""
        return self.value <= self.limit

    @property
    def excess(self) -> float:
        """How many times too large the value is; at most one where the inequality holds."""
        if self.limit <= 0 or not np.isfinite(self.value):
            return 0.0 if self.holds else np.inf
        return self.value / self.limit

    def __str__(self) -> str:
        if self.holds:
            return f"holds: {self.says}"
        if not np.isfinite(self.excess):
            return f"FAILS: {self.says}, and no change of scale would help"
        return (
            f"FAILS: {self.says}, but {self.value:.3g} is {self.excess:.3g} times {self.limit:.3g}"
        )


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AssumptionCheck:
    """Assumptions D.1 to D.5 held against one run.

    Parameters
    ----------
    assumptions : tuple of Assumption
        All of them.
    alpha, gamma, omega, beta : float
        Smallest rate and ratio of the largest to it; smallest absolute entry of W(0) and ratio of
        the largest to it.
    eta_max : float
        Largest step that Assumption D.2 allows for these rates; zero if it allows none.
    log10_omega_max : float
        Logarithm of the largest omega at which D.4 and D.5 hold together for some P, for these
        rates, beta, K and kappa; minus infinity if there is none.
    """

    assumptions: tuple[Assumption, ...]
    alpha: float
    gamma: float
    omega: float
    beta: float
    eta_max: float
    log10_omega_max: float

    title: ClassVar[str] = "Assumptions of Appendix D"
    shown: ClassVar[tuple[str, ...]] = ("holds",)
    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict

    @property
    def holds(self) -> bool:
        """Whether all of them hold."""
        return all(each.holds for each in self.assumptions)

    def __repr__(self) -> str:
        failing = [each.name for each in self.assumptions if not each.holds]
        return f"AssumptionCheck({'fails ' + ', '.join(failing) if failing else 'holds'})"


@implements(
    "assumption-check",
    title="How small a start the assumptions of Appendix D need",
    regime="distinct rates; D.3 and the second part of D.4 are slack there",
    source="yang2024",
    where="derived here from Assumptions D.2, D.4 and D.5",
)
@face
def assumption_check(
    rates: ArrayLike,
    W0: ArrayLike,
    *,
    lr: float,
    K: float = 20.0,
    kappa: float = 1.1,
    P: float = 2.0,
    C: float = 2.0,
) -> AssumptionCheck:
    r"""Return which of the Assumptions D.1 to D.5 a run meets, and how far off the others are.

    With the smallest P that meets D.5, D.4 leaves :math:`\omega \le m/(PK\gamma d\beta^2)`,
    :math:`m = 1-\kappa^{-1/2}` and :math:`\ln P = \frac{1+\rho}{1-\rho} (10\kappa^2\ln\frac{K\gamma
    d\beta}{m} + \ln\beta)`.

    Parameters
    ----------
    rates : array_like, shape (d,)
        Rates.
    W0 : array_like, shape (d, d)
        Start, in the concept axes.
    lr : float
        Step size eta of the recurrence.
    K, kappa, P, C : float
        Free constants of the appendix, above zero. The smallest kappa is the most favourable one.

    Returns
    -------
    AssumptionCheck
        To be printed.

    Examples
    --------
    >>> found = assumption_check((1.0, 0.1), np.full((2, 2), 0.01), lr=0.01)
    >>> found
    AssumptionCheck(fails D.2, D.4, D.5)
    >>> round(found.log10_omega_max)
    -62
    """
    a = np.atleast_1d(as_finite("rates", rates))
    if a.ndim != 1 or a.min() < 0:
        raise ArgumentError(
            f"Argument `rates` must be a list of numbers not below 0, but it is {a}."
        )
    start = np.abs(as_matrix("W0", W0, rows=a.size, columns=a.size))
    eta, top, lift, big, slack = (
        positive(name, value)
        for name, value in (("lr", lr), ("K", K), ("kappa", kappa), ("P", P), ("C", C))
    )
    alpha, gamma, omega, beta = constants_of(a, start)
    eta_max = 1.0 / (9.0 * top * a.max()) if a.max() > 0 else np.inf
    strong, weak = np.sort(a)[:0:-1], np.sort(a)[-2::-1]
    safe = np.where(strong > 0, strong, 1.0)
    ratio = float(np.max(weak / safe, initial=0.0))
    gap = float(np.max((3.0 * weak + alpha / slack) / safe, initial=0.0))
    margin = min(lift - 1.0, 1.0 - lift**-0.5)
    bounded = alpha > 0 and omega > 0
    smallness = margin / (big * top * gamma * a.size * beta**2) if bounded else 0.0
    span = big * beta * omega if bounded else 1.0
    depth = 10.0 * lift**2 * -np.log(span) + np.log(big * beta) if bounded else np.inf
    delay = np.log(big) / depth if depth != 0 else np.inf
    assumptions = (
        Assumption("D.1", "all rates and all entries of W(0) are away from zero", *_zero(bounded)),
        Assumption("D.2", "eta is at most 1/(9 K gamma alpha)", eta, eta_max),
        Assumption("D.2, K", "20 is at most K", 20.0, top),
        Assumption("D.3", "P omega beta is at most 0.4", big * start.max(), 0.4),
        Assumption(
            "D.4", "omega is at most (1 − kappa^(−1/2))/(P K gamma d beta²)", omega, smallness
        ),
        Assumption("D.4, beta", "omega is at most 1/√(2 beta)", omega, (2.0 * beta) ** -0.5),
        Assumption("D.4, kappa", "1.1 is at most kappa", 1.1, lift),
        Assumption("D.4, C", "kappa is at most 1 + K/(2C)", lift, 1.0 + top / (2.0 * slack)),
        Assumption("D.4, P", "2 is at most P", 2.0, big),
        Assumption(
            "D.5",
            "(a_i+a_j)/(2a_i) is at most ln P/(10 kappa² ln(1/(P beta omega)) + ln(P beta))",
            0.5 * (1.0 + ratio) if a.size > 1 else 0.0,
            delay,
        ),
        Assumption("D.5, gap", "3a_j + alpha/C is at most a_i (over a_i)", gap, 1.0),
        Assumption("D.5, C", "1 is at most C", 1.0, slack),
    )
    most = -np.inf
    if bounded and ratio < 1.0 and margin > 0:
        most = _log_omega_max(ratio, gamma, a.size, beta, top, lift) / np.log(10.0)
    return AssumptionCheck(assumptions, alpha, gamma, omega, beta, eta_max, most)


def constants_of(rates: Array, W0: Array) -> tuple[float, float, float, float]:
    """Return alpha, gamma, omega and beta, the tightest for these rates and absolute entries."""
    alpha, omega = float(rates.min()), float(W0.min())
    gamma = float(rates.max()) / alpha if alpha > 0 else np.inf
    return alpha, gamma, omega, float(W0.max()) / omega if omega > 0 else np.inf


def _log_omega_max(
    ratio: float, gamma: float, dim: int, beta: float, K: float, kappa: float
) -> float:
    """Return the logarithm of the largest omega that D.4 and D.5 allow together."""
    span = np.log(K * gamma * dim * beta) - np.log1p(-(kappa**-0.5))
    log_P = (10.0 * kappa**2 * span + np.log(beta)) * (1.0 + ratio) / (1.0 - ratio)
    return float(-span - np.log(beta) - log_P)


def _zero(bounded: bool) -> tuple[float, float]:
    """Return a value and a limit that no scale repairs where a rate or an entry is zero."""
    return (0.0, 1.0) if bounded else (np.inf, 1.0)
