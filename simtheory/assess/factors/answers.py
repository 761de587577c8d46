"""What is said of a representation: measures with intervals and nulls, as a table and in sentences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from simtheory._checks import share
from simtheory._faces import face
from simtheory._text import aligned, rows_as_html

__all__ = ["FEWEST", "Estimate", "Factor", "Geometry", "Pair"]

FEWEST = 5  # levels of a factor below which no interval is given


@face
@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure with its interval, and what its null gives.

    Parameters
    ----------
    value : float
        The measure; NaN where it is not defined.
    low, high : float
        Ends of the interval; NaN where it is withheld.
    null : float
        Mean of the measure over shuffles of the labels; of noise for a participation ratio.
    null_spread : float
        Standard deviation of the null from shuffle to shuffle.
    """

    value: float
    low: float
    high: float
    null: float
    null_spread: float = 0.0

    def __str__(self) -> str:
        if math.isnan(self.value):
            return "not defined"
        inside = "" if math.isnan(self.low) else f" [{self.low:.4g}, {self.high:.4g}]"
        return f"{self.value:.4g}{inside}, null {self.null:.4g}"

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers, ready for JSON; what is not known is None, with a flag beside it.

        Returns
        -------
        dict
            One entry for each field, and ``defined`` and ``withheld``.
        """
        named = ("value", "low", "high", "null", "null_spread")
        found = {name: float(getattr(self, name)) for name in named}
        plain: dict[str, Any] = {k: None if math.isnan(x) else x for k, x in found.items()}
        return plain | {
            "defined": not math.isnan(self.value),
            "withheld": math.isnan(self.low),
        }


@face
@dataclass(frozen=True, slots=True)
class Factor:
    """What concerns one factor.

    Parameters
    ----------
    name : str
        Its name: x, y, z, in the order of the columns of the labels.
    levels : int
        Number of its values.
    parallelism : Estimate
        Mean cosine of one step of it at two values of the others.
    continuity : Estimate
        Mean absolute cosine of two of its steps of disjoint pairs of values.
    """

    name: str
    levels: int
    parallelism: Estimate
    continuity: Estimate


@face
@dataclass(frozen=True, slots=True)
class Pair:
    """What concerns two factors.

    Parameters
    ----------
    name : str
        Their names.
    interaction : Estimate
        Share of the interaction in the variance of their means over the other factors.
    orthogonality : Estimate
        Mean absolute cosine of a step of each, without a common cell.
    """

    name: str
    interaction: Estimate
    orthogonality: Estimate


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Geometry:
    """How a layer represents the factors of its inputs, each number with interval and null.

    Parameters
    ----------
    participation_ratio : Estimate
        Effective number of dimensions of the cells.
    interaction : Estimate
        Share of the variance of the cells that no sum of functions of one factor explains.
    parallelism : Estimate
        Mean over the factors of the cosine of one step at two values of the others.
    orthogonality : Estimate
        Mean over pairs of factors of the absolute cosine of a step of each: x on y.
    continuity : Estimate
        Mean over the factors of the absolute cosine of two steps of disjoint pairs of values: x on x.
    factors : tuple of Factor
        Parallelism and continuity of each factor.
    pairs : tuple of Pair
        Interaction and orthogonality of each pair of factors.
    shape : tuple of int
        Number of levels of each factor.
    rows, dim : int
        Rows of the activations, and their length.
    level : float
        Confidence of the intervals.
    periodic : bool
        Whether all factors are periodic, so that the ideal is a torus.
    baseline : Geometry or None
        The same of the baseline.
    """

    participation_ratio: Estimate
    interaction: Estimate
    parallelism: Estimate
    orthogonality: Estimate
    continuity: Estimate
    factors: tuple[Factor, ...]
    pairs: tuple[Pair, ...]
    shape: tuple[int, ...]
    rows: int
    dim: int
    level: float
    periodic: bool
    baseline: Geometry | None = None

    def __post_init__(self) -> None:
        share("level", self.level)

    @property
    def named(self) -> dict[str, Estimate]:
        """All measures by name: the five of the layer, then those of factors and pairs."""
        found = {
            "participation ratio": self.participation_ratio,
            "interaction": self.interaction,
            "parallelism": self.parallelism,
            "orthogonality (x on y)": self.orthogonality,
            "continuity (x on x)": self.continuity,
        }
        for each in self.factors:
            found[f"parallelism of {each.name}"] = each.parallelism
        if len(self.pairs) > 1:
            for pair in self.pairs:
                found[f"interaction of {pair.name}"] = pair.interaction
                found[f"{pair.name.replace(', ', ' on ')}"] = pair.orthogonality
        for each in self.factors:
            found[f"{each.name} on {each.name}"] = each.continuity
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain numbers, words and tables, ready for strict JSON.

        Returns
        -------
        dict
            One entry for each field; an interval that is withheld is None, with a flag.
        """
        found: dict[str, Any] = {
            name: getattr(self, name).to_dict()
            for name in (
                "participation_ratio",
                "interaction",
                "parallelism",
                "orthogonality",
                "continuity",
            )
        }
        found["factors"] = [
            {
                "name": each.name,
                "levels": each.levels,
                "parallelism": each.parallelism.to_dict(),
                "continuity": each.continuity.to_dict(),
            }
            for each in self.factors
        ]
        found["pairs"] = [
            {
                "name": each.name,
                "interaction": each.interaction.to_dict(),
                "orthogonality": each.orthogonality.to_dict(),
            }
            for each in self.pairs
        ]
        found |= {
            "shape": list(self.shape),
            "rows": self.rows,
            "dim": self.dim,
            "level": self.level,
            "periodic": self.periodic,
            "intervals": min(self.shape) >= FEWEST,
            "baseline": None if self.baseline is None else self.baseline.to_dict(),
        }
        return found

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return the head and the rows of the answer as a table.

        Returns
        -------
        (list of str, list of list of str)
            Names of columns; a row for each measure.
        """
        head = ["", "value", f"{100 * self.level:g} %", "null"]
        head += ["baseline"] * (self.baseline is not None)
        head += ["circles"] * self.periodic
        rows = []
        base = {} if self.baseline is None else self.baseline.named
        for name, found in self.named.items():
            row = [name, _said(found.value)]
            withheld = math.isnan(found.low)
            row.append("-" if withheld else f"{_said(found.low)} to {_said(found.high)}")
            row.append(_said(found.null))
            if self.baseline is not None:
                row.append(_said(base[name].value))
            row += [_ideal(name)] * self.periodic
            rows.append(row)
        return head, rows

    def summary(self) -> list[str]:
        """Return the answer in sentences.

        Returns
        -------
        list of str
            Whether the layer is factorised, whether it is continuous, and what was left out.
        """
        lines = [self._factorised(), self._continuous()]
        if min(self.shape) < FEWEST:
            few = [each for each in self.factors if each.levels < FEWEST]
            lines.append(
                f"Intervals are withheld: {', '.join(f'{f.name} has {f.levels} levels' for f in few)}, and "
                f"resampling takes {FEWEST}."
            )
        if self.baseline is None:
            lines.append(
                "No baseline: a code that is fed to the net may be factorised by itself. Compare with the "
                "untrained net or the inputs."
            )
        return lines

    def _factorised(self) -> str:
        found = self.interaction
        words = f"Interaction is {_said(found.value)} of the variance, of shuffled labels {_said(found.null)}"
        sizes = (
            "nearly"
            if found.value < 0.1
            else "in part"
            if found.value < 0.5 * found.null
            else "not"
        )
        words = f"{sizes.capitalize()} factorised. {words}"
        if self.baseline is not None:
            than = self.baseline.interaction
            apart = found.value - than.value
            inside = _inside(found, than)
            how = "as in" if inside else "less than in" if apart < 0 else "more than in"
            words += f"; {how} the baseline, {_said(than.value)}"
        return words + "."

    def _continuous(self) -> str:
        found = self.continuity
        if math.isnan(found.value):
            return "Continuity is not defined: it takes four levels of a factor that the layer represents."
        words = f"Steps of one factor have a mean absolute cosine of {_said(found.value)}"
        words += f" (a smooth circle: {2 / math.pi:.3g}; shuffled: {_said(found.null)})"
        if self.baseline is not None:
            words += f"; in the baseline {_said(self.baseline.continuity.value)}"
        return words + "."

    def __str__(self) -> str:
        head, rows = self.table()
        cells = " x ".join(map(str, self.shape))
        lines = [f"Geometry of {cells} cells, {self.rows} rows of {self.dim} numbers"]
        lines += [f"  {line}" for line in aligned([head, *rows])]
        return "\n".join([*lines, *self.summary()])

    def _repr_html_(self) -> str:
        named = [(name, str(found)) for name, found in self.named.items()]
        return rows_as_html(" ".join(self.summary()), named)

    def __repr__(self) -> str:
        return (
            f"Geometry(interaction={self.interaction.value:.4g}, "
            f"parallelism={self.parallelism.value:.4g}, shape={self.shape})"
        )


def _inside(found: Estimate, other: Estimate) -> bool:
    """Whether an estimate does not differ from another, by its interval."""
    return not math.isnan(found.low) and found.low <= other.value <= found.high


def _said(value: float) -> str:
    return (
        "-"
        if math.isnan(value)
        else f"{value:.3g}"
        if abs(value) >= 5e-4
        else "0"
        if abs(value) < 1e-9
        else f"{value:.1e}"
    )


def _ideal(name: str) -> str:
    """Return what two circles give, of a measure by its name."""
    first, _, second = name.partition(" on ")
    same = first == second or name.startswith("continuity")
    return {"participation": "4", "parallelism": "1"}.get(
        name.split()[0], f"{2 / math.pi:.3f}" if same else "0"
    )
