"""The labels: what each result says, how it is known, where it holds, and where it comes from.

A *label* names one result in code, proofs, tests and docs. Its *card* stands on the function that
implements it, ``@implements("label", title=..., regime=..., source=..., where=...)``. The kind of the
card says how the result is known and which other texts must exist; a test names any that is missing.

==========  ============================  =====================================================
kind        how it is known               texts beside the code
==========  ============================  =====================================================
`Proved`    derived from the loss         statement in SymPy, proof, case at 50 digits, page
`Computed`  evaluated from a definition   exact reference on small cases, page
`Cited`     taken from a source           independent simulation of the constant, page
==========  ============================  =====================================================

*Proved* may be to an order, which ``exactness`` says. A numerical solution with an error estimate is
*computed*. *Cited* may name a committed record of this project in place of a paper. What is measured
in networks or on samples is a claim and never wears a label.

The statement of a proved label is in ``simtheory/analytic/symbolic``, its proof in ``derivations``,
its case in ``tests/statements/cases``, its page in ``docs/theory``: in each, under the name of the
label's subject. References and simulations stand beside the cases.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, ClassVar, TypeVar

from simtheory._checks import nearest, non_negative, number
from simtheory._faces import face
from simtheory._names import public
from simtheory.errors import ArgumentError

__all__ = [
    "PROVED",
    "Card",
    "Cited",
    "Computed",
    "Constant",
    "Kind",
    "Proved",
    "card",
    "card_of",
    "cards",
    "cite",
    "implements",
    "label_of",
]

Code = TypeVar("Code", bound=Callable[..., Any])

_HOMES = ("simtheory.tasks", "simtheory.units", "simtheory.analytic")
"""Where functions wear cards. A card elsewhere is not found by its label."""

_readers: list[Callable[[str], str]] = []
"""Gives the LaTeX of a proved label; `analytic`, which holds the statements, puts it here."""

_SECTION = re.compile(
    r"^ *(Parameters|Returns|Yields|Raises|Notes|References|Examples)\n *-{3,}", re.M
)


@face
@dataclass(frozen=True, slots=True)
class Constant:
    """A number that is cited, with its error.

    Parameters
    ----------
    value : float
        The number.
    error : float
        Its standard error, in the same units.
    source : str
        Key of the paper in the bibliography, or path of a committed record of this project.
    """

    value: float
    error: float
    source: str

    def __post_init__(self) -> None:
        number("value", self.value)
        non_negative("error", self.error)


@face
@dataclass(frozen=True, slots=True)
class Proved:
    """A result that is derived step by step; to an order, if its card says so."""

    texts: ClassVar[tuple[str, ...]] = ("statement", "proof", "case", "page")


@face
@dataclass(frozen=True, slots=True)
class Computed:
    """A result that is evaluated from its definition.

    Parameters
    ----------
    definition : str
        The definition in LaTeX, as the page prints it.
    """

    definition: str
    texts: ClassVar[tuple[str, ...]] = ("reference", "page")


@face
@dataclass(frozen=True, slots=True)
class Cited:
    """A constant that is taken from a source.

    Parameters
    ----------
    constant : Constant
        The number, its error and its source.
    """

    constant: Constant
    texts: ClassVar[tuple[str, ...]] = ("simulation", "page")


Kind = Proved | Computed | Cited
"""How a result is known. `texts` names what must exist beside the code."""

PROVED = Proved()


@face
@dataclass(frozen=True, slots=True)
class Card:
    """What is known about one labelled result.

    Parameters
    ----------
    label : str
        Its name in code, proofs, tests and docs.
    kind : Proved, Computed or Cited
        How it is known.
    title : str
        What it gives, in a few words.
    exactness : str
        ``"exact"``, or the order of the error in the small parameter.
    regime : str
        Where it holds.
    source : str
        Key of the paper in the bibliography.
    where : str
        Place in that source, or that it was derived here.
    home : str
        ``"module:qualname"`` of the function that implements it.
    subject : str
        Name of the files that hold its statement, proof, case and page.
    """

    label: str
    kind: Kind
    title: str
    exactness: str
    regime: str
    source: str
    where: str
    home: str
    subject: str

    @property
    def exact(self) -> bool:
        """Whether the result holds without error inside its regime."""
        return self.exactness == "exact"

    @property
    def derived(self) -> bool:
        """Whether the result was derived in this project from the model of its source."""
        return re.search(r"\bhere\b", self.where) is not None

    @property
    def latex(self) -> str:
        """The equation of the result in LaTeX, as its theory page prints it.

        For a proved result it is read from the statement, which loads SymPy; a computed one gives its
        definition, a cited one its number.
        """
        if isinstance(self.kind, Computed):
            return self.kind.definition
        if isinstance(self.kind, Cited):
            return rf"{self.kind.constant.value:g} \pm {self.kind.constant.error:g}"
        if not _readers:
            cards()  # loads the rooms with statements, which say how these are read
        return _readers[0](self.label)

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"

    @property
    def line(self) -> str:
        """The sentence that stands in the docstring of the function."""
        how = "" if isinstance(self.kind, Proved) else f"{type(self.kind).__name__.lower()}; "
        error = "exact" if self.exact else f"error: {self.exactness}"
        return (
            f"Implements ``{self.label}`` ({self.source}, {self.where}): {how}{error}; "
            f"holds for: {self.regime}."
        )


@face
def implements(
    label: str,
    *,
    title: str,
    regime: str,
    source: str,
    where: str,
    exactness: str = "exact",
    kind: Kind = PROVED,
    subject: str | None = None,
) -> Callable[[Code], Code]:
    """Put the card of a labelled result on the function that implements it.

    Its docstring gains a sentence before its first section.

    Parameters
    ----------
    label : str
        Name of the result.
    title : str
        What it gives, in a few words.
    regime : str
        Where it holds.
    source : str
        Key of the paper in the bibliography.
    where : str
        Place in that source, or ``"derived here from ..."``.
    exactness : str
        ``"exact"``, or the order of the error in the small parameter.
    kind : Proved, Computed or Cited
        How the result is known.
    subject : str, optional
        Name of the files that hold its statement, proof, case and page. Default: the name of the
        package or module below ``simtheory.analytic`` or ``simtheory.tasks``.

    Returns
    -------
    callable
        A decorator.
    """

    def wear(function: Code) -> Code:
        code: Any = function
        found = Card(
            label=label,
            kind=kind,
            title=title,
            exactness=exactness,
            regime=regime,
            source=source,
            where=where,
            home=f"{code.__module__}:{code.__qualname__}",
            subject=subject or code.__module__.split(".")[2],
        )
        code.__card__ = found
        code.__doc__ = _with_line(code.__doc__, found.line)
        return function

    return wear


def _with_line(doc: str | None, line: str) -> str | None:
    """Return a docstring with one more paragraph before its first section."""
    if doc is None:  # as under python -OO
        return None
    indent = " " * (len(doc) - len(doc.rstrip(" ")))
    paragraph = textwrap.fill(line, 100, initial_indent=indent, subsequent_indent=indent)
    section = _SECTION.search(doc)
    if section is None:
        return f"{doc.rstrip()}\n\n{paragraph}\n{indent}"
    return f"{doc[: section.start()]}{paragraph}\n\n{doc[section.start() :]}"


@face
def card_of(code: object) -> Card | None:
    """Return the card that a function wears, or None.

    Parameters
    ----------
    code : object
        A function of simtheory.

    Returns
    -------
    Card or None
        Its card.
    """
    return getattr(code, "__card__", None)


@face
def label_of(code: object) -> str | None:
    """Return the label that a function wears, or None.

    Parameters
    ----------
    code : object
        A function of simtheory.

    Returns
    -------
    str or None
        Its label.
    """
    found = card_of(code)
    return None if found is None else found.label


@cache
def cards() -> dict[str, Card]:
    """Return every card by its label, as the functions of the package wear them.

    Returns
    -------
    dict of str to Card
        Sorted by label.

    Raises
    ------
    ValueError
        If two functions wear the same label.

    Examples
    --------
    >>> cards()["ldl-logit"].home
    'simtheory.analytic.tied.resummation:pivots'
    """
    found: dict[str, Card] = {}
    for name in _HOMES:
        for module in _public_modules(name):
            for thing in vars(module).values():
                worn = card_of(thing)
                if worn is None or not worn.home.startswith(f"{module.__name__}:"):
                    continue
                if found.setdefault(worn.label, worn).home != worn.home:
                    raise ValueError(
                        f"Label {worn.label!r} is worn by {found[worn.label].home} and {worn.home}."
                    )
    return dict(sorted(found.items()))


def _public_modules(name: str) -> Iterator[ModuleType]:
    """Yield a module and the public modules below it, but not the statements, which load SymPy."""
    module = import_module(name)
    yield module
    for below in iter_modules(getattr(module, "__path__", ())):
        if not below.name.startswith("_") and below.name != "symbolic":
            yield from _public_modules(f"{name}.{below.name}")


@face
def card(label: str) -> Card:
    """Return the card of a label.

    Parameters
    ----------
    label : str
        A label, such as ``"ldl-logit"``.

    Returns
    -------
    Card
        What it says, where it holds, where it comes from.

    Raises
    ------
    ArgumentError
        If no result has that label; the message names the nearest.
    """
    if label not in cards():
        raise ArgumentError(f"Label {label!r} is unknown; {nearest(label, cards())}")
    return cards()[label]


@face
def cite(*results: object) -> str:
    """Return the BibTeX entries of the sources of some results.

    A result that was derived in this project cites the software, and a comment names the source of
    its model, whose entry follows. So does a result of no closed form, such as an integrated flow.

    Parameters
    ----------
    *results : str, callable, module or result
        Labels, functions that implement one, modules that hold some, or results that a closed form
        gave. With none, the software alone.

    Returns
    -------
    str
        BibTeX, each source once.

    Raises
    ------
    ArgumentError
        If a label is unknown, or if a function or module implements none.

    Examples
    --------
    >>> print(cite("tied-mode").splitlines()[0])
    @inproceedings{saxe2014,
    """
    entries = _bibliography()
    if not results:
        return entries[_SOFTWARE]
    found = [worn for result in results for worn in _cards_of(result)]
    keys = [key for worn in found for key in _keys(worn)] or [_SOFTWARE]
    derived = [worn for worn in found if worn.derived]
    models = dict.fromkeys(
        f"% {worn.label} was derived in simtheory from the model of {worn.source}."
        for worn in derived
    )
    bibtex = "\n\n".join(entries[key] for key in dict.fromkeys(keys))
    return "\n".join([*models, bibtex])


def _cards_of(result: object) -> list[Card]:
    if isinstance(result, str):
        return [card(result)]
    worn = card_of(result)
    if worn is not None:
        return [worn]
    if isinstance(result, ModuleType):
        inside = (f"{result.__name__}:", f"{result.__name__}.")
        held = [one for one in cards().values() if one.home.startswith(inside)]
        if held:
            return held
    elif hasattr(result, "label") and hasattr(result, "origin"):
        return [] if result.label is None else [card(result.label)]
    name = getattr(result, "__name__", None) or repr(result)
    raise ArgumentError(
        f"Argument `results` must hold labels, functions that implement one, modules that hold some, "
        f"or results of closed forms, but {name} implements no labelled result."
    )


_SOFTWARE = "simtheory"


def _keys(worn: Card) -> tuple[str, ...]:
    """Return the bibliography keys that a card cites."""
    if worn.derived:
        return (_SOFTWARE, worn.source)
    if isinstance(worn.kind, Cited) and "/" in worn.kind.constant.source:
        return (_SOFTWARE,)
    return (worn.source,)


@cache
def _bibliography() -> dict[str, str]:
    text = files("simtheory").joinpath("references.bib").read_text(encoding="utf-8")
    entries = ["@" + part.strip() for part in ("\n" + text).split("\n@")[1:]]
    papers = {entry[entry.index("{") + 1 : entry.index(",")].strip(): entry for entry in entries}
    software = inspect.cleandoc(
        f"""
        @software{{{_SOFTWARE},
          author  = {{{{The simtheory founders}}}},
          title   = {{simtheory: the theory of concept learning, computable, proved and tested}},
          version = {{{version("simtheory")}}}
        }}
        """
    )
    return {_SOFTWARE: software, **papers}


public(__name__)
