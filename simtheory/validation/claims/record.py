"""What came of testing a claim: the record, and how a verdict is reached."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import numpy as np

from simtheory._faces import face
from simtheory._text import rows_as_html, rows_as_text

__all__ = ["Band", "Record", "Verdict", "judge"]


class Verdict(enum.StrEnum):
    """How a measurement stands to a prediction."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"


@face
@dataclass(frozen=True, slots=True)
class Band:
    """The interval, stated before the measurement, in which it must fall to agree.

    Parameters
    ----------
    low, high : float
        Ends of the interval, both included; ``inf`` above where there is no largest value.
    """

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return bool(self.low <= value <= self.high and np.isfinite(value))

    def __str__(self) -> str:
        return f"{self.low:g} to {'∞' if np.isinf(self.high) else f'{self.high:g}'}"

    @property
    def width(self) -> float:
        """Length of the interval."""
        return self.high - self.low


@face
def judge(values: list[float], *, band: Band, null: float) -> Verdict:
    """Reach the verdict on measured values.

    A test that the null predictor would pass as well says nothing, and neither does one whose mean
    is known no better than the band is wide, unless the band lies beyond two standard errors of the
    mean: it is inconclusive. Otherwise the mean decides.

    Parameters
    ----------
    values : list of float
        One measurement per seed.
    band : Band
        Where the mean must fall.
    null : float
        What the null predictor says.

    Returns
    -------
    Verdict
        Agrees, disagrees or inconclusive.
    """
    error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
    mean = float(np.mean(values))
    near = band.low - 2.0 * error <= mean <= band.high + 2.0 * error
    if null in band or (error > band.width and near):
        return Verdict.INCONCLUSIVE
    return Verdict.AGREES if mean in band else Verdict.DISAGREES


@face
@dataclass(frozen=True, slots=True)
class Record:
    """The result of testing one claim.

    Parameters
    ----------
    id, paper, where, statement, quantity : str
        The claim, as `Claim` has them.
    band : Band
        Interval stated before.
    null_name : str
        Which null predictor must fall outside it.
    expected : Verdict
        The verdict that the ledger expects.
    verdict : Verdict
        The verdict reached; ``failed`` if the test itself broke.
    predicted : float or None
        The theory's value of the quantity; None where the theory has none.
    stated : float or None
        The paper's value, where it is not the theory's.
    values : tuple of float
        Measured values, one per seed.
    null : float or None
        What the null predictor says.
    seeds : tuple of int
        Seeds behind `values`.
    reason, errata : str
        Why the ledger expects another verdict than agreement, and where that is written up.
    figure : str
        File name of the figure inside the ledger's folder; empty if none was drawn.
    seconds : float
        Processor time of the claim's own measurement and figure.
    experiments : dict
        Name of each experiment that the claim reads to the processor time that it took.
    provenance : dict
        Version, budget, time of the run, the device that was asked for and the one that it ran on.
    error : str
        What broke, if the verdict is ``failed``.
    doubt : str
        Why the measurement decides nothing, such as a net that has not learned its data; empty if it does.
    """

    id: str
    paper: str
    where: str
    statement: str
    quantity: str
    band: Band
    null_name: str
    expected: Verdict
    verdict: Verdict
    predicted: float | None = None
    stated: float | None = None
    values: tuple[float, ...] = ()
    null: float | None = None
    seeds: tuple[int, ...] = ()
    reason: str = ""
    errata: str = ""
    figure: str = ""
    seconds: float = 0.0
    experiments: dict[str, float] = field(default_factory=dict)
    provenance: dict[str, str] = field(default_factory=dict)
    error: str = ""
    doubt: str = ""

    def _rows(self) -> list[tuple[str, str]]:
        whose, value = self.claimed
        seeds = f" over {len(self.seeds)} seeds" if self.seeds else ""
        return [
            ("statement", self.statement),
            ("source", f"{self.paper}, {self.where}"),
            (whose, value),
            ("measured", f"{self.measured_text}{seeds}"),
            ("verdict", self.verdict_text),
            ("expected", str(self.expected)),
        ]

    def __str__(self) -> str:
        return rows_as_text(self.id, self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html(self.id, self._rows())

    @property
    def measured(self) -> float | None:
        """Mean of the measured values."""
        return float(np.mean(self.values)) if self.values else None

    @property
    def spread(self) -> float | None:
        """Standard deviation of the measured values over seeds."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Interval that holds the mean with 95% confidence, by bootstrap over seeds.

        2000 means of values drawn with replacement by a generator of fixed seed; None for a single
        value.
        """
        if len(self.values) < 2:
            return None
        drawn = np.random.default_rng(0).choice(self.values, (2000, len(self.values)))
        low, high = np.quantile(drawn.mean(axis=1), [0.025, 0.975])
        return float(low), float(high)

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is the one that the ledger expects."""
        return self.verdict == self.expected

    @property
    def verdict_text(self) -> str:
        """The verdict with the band that decides it, as text for a person."""
        band = str(self.band)
        if self.doubt and self.verdict is Verdict.INCONCLUSIVE:
            return f"inconclusive: {self.doubt}"
        return {
            Verdict.AGREES: f"agrees, within {band}",
            Verdict.DISAGREES: f"disagrees, outside {band}",
            Verdict.INCONCLUSIVE: f"inconclusive about {band}",
            Verdict.FAILED: "failed: the test broke",
        }[self.verdict]

    @property
    def claimed(self) -> tuple[str, str]:
        """Whose number the measurement is held against, ``"stated"`` or ``"predicted"``, and it."""
        value = self.predicted if self.stated is None else self.stated
        return "predicted" if self.stated is None else "stated", "—" if value is None else _text(
            value
        )

    @property
    def measured_text(self) -> str:
        """The mean with its spread, as text for a person."""
        if self.measured is None:
            return "—"
        return _with_spread(self.measured, self.spread or 0.0)

    @property
    def interval_text(self) -> str:
        """The interval of the mean, as text for a person."""
        return "—" if self.interval is None else " to ".join(map(_text, self.interval))

    @property
    def predicted_text(self) -> str:
        """The theory's number, as text for a person."""
        return "—" if self.predicted is None else _text(self.predicted)

    @property
    def stated_text(self) -> str:
        """The paper's number where it is not the theory's, as text for a person."""
        return "—" if self.stated is None else _text(self.stated)

    def judged(self) -> Record:
        """Return the record with the verdict that its own values give now.

        Returns
        -------
        Record
            The same if its test broke, or its measurement decides nothing: there is nothing to judge.
        """
        if self.verdict is Verdict.FAILED or self.doubt or self.null is None:
            return self
        verdict = judge(list(self.values), band=self.band, null=self.null)
        return replace(self, verdict=verdict)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain numbers, strings and lists, ready for JSON.

        Returns
        -------
        dict
            Every field, with the derived mean, its interval and the spread beside them; an end of the band
            that is infinite is None.
        """
        band = {"low": self.band.low, "high": None if np.isinf(self.band.high) else self.band.high}
        derived = {"measured": self.measured, "spread": self.spread, "interval": self.interval}
        return {**asdict(self), "band": band, **derived}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Record:
        """Make a record from what `to_dict` gave.

        Parameters
        ----------
        values : dict
            The mapping; derived entries are ignored.

        Returns
        -------
        Record
            The record.
        """
        known = {f.name: values[f.name] for f in fields(cls)}
        low, high = known["band"]["low"], known["band"]["high"]
        known["band"] = Band(low, np.inf if high is None else high)
        for name in ("values", "seeds"):
            known[name] = tuple(known[name])
        known["expected"], known["verdict"] = Verdict(known["expected"]), Verdict(known["verdict"])
        return cls(**known)


def _text(value: float) -> str:
    return f"{value:.4g}"


def _with_spread(mean: float, spread: float) -> str:
    """Return a mean to the two leading digits of its spread, and the spread."""
    if not spread or not np.isfinite([mean, spread]).all():
        return _text(mean)
    if spread < 1e-4:
        return f"{mean:.4g} ± {spread:.0e}" if abs(mean) > 1e-3 else f"{mean:.1e} ± {spread:.1e}"
    digits = max(0, 1 - int(np.floor(np.log10(spread))))
    return f"{mean:.{digits}f} ± {spread:.{digits}f}"
