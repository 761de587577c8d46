"""The register of labelled results: what each says, where it holds, where it comes from.

A *label* names one result everywhere. Four texts carry it and stand or fall together:

* the statement, in SymPy (``simtheory.analytic.symbolic``);
* the proof (``derivations``), which ``python -m derivations`` checks;
* the numerically stable code, a function that wears ``@implements(label)``;
* the page (``docs/theory``), whose equation is printed from the statement.

A test fails when a label lacks one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeVar

from simtheory._checks import nearest
from simtheory.errors import ArgumentError

__all__ = ["EQUATIONS", "Equation", "cite", "equation", "implements", "label_of"]

Code = TypeVar("Code", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Equation:
    """One labelled result.

    Parameters
    ----------
    label : str
        Its name, the same in code, proofs and docs.
    title : str
        What it gives, in a few words.
    topic : str
        The file name of its topic's room on every road.
    error : str
        ``"exact"``, or the order of the error in the small parameter.
    regime : str
        Where it holds.
    source : str
        Key of the paper in the bibliography.
    where : str
        Place in that source, or that it was derived here.
    """

    label: str
    title: str
    topic: str
    error: str
    regime: str
    source: str
    where: str

    @property
    def exact(self) -> bool:
        """Whether the result holds without error inside its regime."""
        return self.error == "exact"


EQUATIONS: dict[str, Equation] = {
    e.label: e
    for e in (
        Equation(
            "moment-rates",
            "Rates of the concepts",
            "identity",
            "exact",
            "axis-aligned clusters, infinite data",
            "yang2024",
            "Theorem 4.1",
        ),
        Equation(
            "unit-map",
            "Optimiser steps and canonical time",
            "identity",
            "exact",
            "learning rate to zero",
            "yang2024",
            "derived here from the loss of section 2.1",
        ),
        Equation(
            "one-layer-flow",
            "One layer: the whole trajectory",
            "one_layer",
            "exact",
            "any second moment, any start",
            "yang2024",
            "Theorem 4.1, Eq. 4.2",
        ),
        Equation(
            "one-layer-ood",
            "One layer: losses from a zero start",
            "one_layer",
            "exact",
            "zero start",
            "yang2024",
            "derived here from Theorem 4.1",
        ),
        Equation(
            "tied-field",
            "Tied net: the flow of W",
            "tied",
            "exact",
            "any second moment, any start",
            "yang2024",
            "Section 4.2, Eq. 4.3",
        ),
        Equation(
            "tied-mode",
            "Tied net: an isolated mode",
            "tied",
            "exact",
            "W(0) commutes with the second moment",
            "saxe2014",
            "Eq. 7, with the identity as target",
        ),
        Equation(
            "tied-isotropic",
            "Tied net: equal rates",
            "tied",
            "exact",
            "all rates equal, any start",
            "yang2024",
            "derived here from Eq. 4.3",
        ),
        Equation(
            "tied-rank-one",
            "Tied net of width one",
            "tied",
            "exact",
            "width 1, any second moment, |u(0)| < 1",
            "yang2024",
            "derived here from Eq. 4.3",
        ),
        Equation(
            "det-law",
            "Tied net: the determinant law",
            "tied",
            "exact",
            "full-rank start with W(0) < I, any second moment",
            "yang2024",
            "derived here from Eq. 4.3",
        ),
        Equation(
            "sum-rule",
            "Tied net: the sum rule",
            "tied",
            "exact",
            "full-rank start, second moment of full rank",
            "yang2024",
            "derived here from the determinant law",
        ),
        Equation(
            "first-order",
            "Tied net: first order in the off-diagonals",
            "tied",
            "O(ε²) on the diagonal, ε the largest cosine between rows of U(0)",
            "nearly orthogonal rows (ε ≲ 0.1)",
            "yang2024",
            "derived here from Eq. 4.3",
        ),
        Equation(
            "ldl-logit",
            "Tied net: the pivots' resummation",
            "tied",
            "O(ω^(1−ρ)), ω the size of W(0), ρ the largest ratio of adjacent rates",
            "W(0) < I, small ω, any width",
            "yang2024",
            "derived here from Eq. 4.3",
        ),
        Equation(
            "learning-time",
            "Tied net: learning times",
            "tied",
            "relative O(ω^(1−ρ)) in the pivot",
            "W(0) < I, small ω, any width",
            "yang2024",
            "derived here from the pivots' resummation",
        ),
        Equation(
            "swing-peak",
            "Tied net: peak of an off-diagonal entry",
            "tied",
            "leading order; w_jj still small at the peak",
            "rate ratio ρ ≤ 0.5, ω ≤ 0.01",
            "yang2024",
            "derived here from the first-order form",
        ),
    )
}


def equation(label: str) -> Equation:
    """Return the registered result of that label.

    Parameters
    ----------
    label : str
        A label, such as ``"ldl-logit"``.

    Returns
    -------
    Equation
        What it says, where it holds, where it comes from.

    Raises
    ------
    ArgumentError
        If no result has that label; the message names the nearest.
    """
    if label not in EQUATIONS:
        raise ArgumentError(f"Label {label!r} is unknown; {nearest(label, EQUATIONS)}")
    return EQUATIONS[label]


def implements(label: str) -> Callable[[Code], Code]:
    """Mark a function as the numerically stable code of a labelled result.

    Parameters
    ----------
    label : str
        The label; it must be registered.

    Returns
    -------
    callable
        A decorator that leaves the function as it is, but for the label it now wears.
    """
    equation(label)

    def wear(code: Code) -> Code:
        code.__equation__ = label  # type: ignore[attr-defined]
        return code

    return wear


def label_of(code: Callable[..., Any]) -> str | None:
    """Return the label that a function wears, or None.

    Parameters
    ----------
    code : callable
        A function of simtheory.

    Returns
    -------
    str or None
        Its label.
    """
    return getattr(code, "__equation__", None)


def cite(*results: str | Callable[..., Any]) -> str:
    """Return the BibTeX entries of the sources of some results.

    Parameters
    ----------
    *results : str or callable
        Labels, or functions that implement one. With none, all of the bibliography.

    Returns
    -------
    str
        BibTeX, each source once.

    Raises
    ------
    ArgumentError
        If a label is unknown or a function implements none.

    Examples
    --------
    >>> print(cite("tied-mode").splitlines()[0])
    @inproceedings{saxe2014,
    """
    entries = _bibliography()
    if not results:
        return "\n\n".join(entries.values())
    keys: list[str] = []
    for result in results:
        label = result if isinstance(result, str) else label_of(result)
        if label is None:
            raise ArgumentError(f"{result!r} implements no labelled result; pass a label instead.")
        keys.append(equation(label).source)
    return "\n\n".join(entries[key] for key in dict.fromkeys(keys))


def _bibliography() -> dict[str, str]:
    text = files("simtheory").joinpath("references.bib").read_text(encoding="utf-8")
    entries = ["@" + part.strip() for part in ("\n" + text).split("\n@")[1:]]
    return {entry[entry.index("{") + 1 : entry.index(",")].strip(): entry for entry in entries}
