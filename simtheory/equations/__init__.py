"""The register of labelled results: what each says, where it holds, where it comes from.

A *label* names one result everywhere. Four texts carry it and stand or fall together:

* the statement, in SymPy (``simtheory.analytic.symbolic``);
* the proof (``derivations``), which ``python -m derivations`` checks;
* the numerically stable code, a function that wears ``@implements(label)``;
* the page (``docs/theory``), whose equation is printed from the statement.

A test fails when a label lacks one of them. Each topic has its own table in this package.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from importlib.resources import files
from typing import Any, TypeVar

from simtheory._checks import nearest
from simtheory.equations._equation import Equation
from simtheory.errors import ArgumentError

__all__ = ["EQUATIONS", "TOPICS", "Equation", "cite", "equation", "implements", "label_of"]

Code = TypeVar("Code", bound=Callable[..., Any])

TOPICS = tuple(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
"""Names of the topics, the same on every road."""

EQUATIONS: dict[str, Equation] = {
    entry.label: replace(entry, topic=topic)
    for topic in TOPICS
    for entry in import_module(f"{__name__}.{topic}").EQUATIONS
}
"""Every registered result by its label."""


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
