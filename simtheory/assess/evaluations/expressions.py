"""How a joint evaluation is composed of others: ``color_attr = two_object * colors^2``, read without eval."""

from __future__ import annotations

import re
from dataclasses import dataclass

from simtheory._faces import face
from simtheory.errors import ArgumentError

__all__ = ["Joint", "joint_of"]

_TOKEN = re.compile(r"\s*(?:(?P<name>[^\W\d][\w.\-]*)|(?P<number>\d+)|(?P<sign>[=*^]))")
_MOST = 64  # largest power; a larger one is a slip


@face
@dataclass(frozen=True, slots=True)
class Joint:
    """A joint evaluation and those whose product it should be.

    Parameters
    ----------
    name : str
        The joint evaluation.
    factors : tuple of str
        The others.
    powers : tuple of int
        How often each enters.
    """

    name: str
    factors: tuple[str, ...]
    powers: tuple[int, ...]


@face
def joint_of(joint: str) -> Joint:
    """Read an expression such as ``color_attr = two_object * colors^2``.

    Parameters
    ----------
    joint : str
        ``name = factor * factor^power``; a name begins with a letter and goes on with letters, digits,
        dots, hyphens and underscores; a power is a whole number from 1 on.

    Returns
    -------
    Joint
        The names and powers.

    Raises
    ------
    ArgumentError
        If the text is anything else; the message names the place.

    Examples
    --------
    >>> joint_of("color_attr = two_object * colors^2")
    Joint(name='color_attr', factors=('two_object', 'colors'), powers=(1, 2))
    """
    tokens = _tokens(joint)
    place = 0

    def take(kind: str, what: str) -> str:
        nonlocal place
        found, value, at = tokens[place]
        if found != kind:
            came = f"{value!r} stands at place {at + 1}" if value else "the text ends"
            raise ArgumentError(
                f"Argument `joint` must be such as color_attr = two_object * colors^2: {what} is due, but "
                f"{came} of {joint!r}."
            )
        place += 1
        return value

    name = take("name", "the name of the joint evaluation")
    take("=", "the sign =")
    powers: dict[str, int] = {}
    while True:
        factor, power = take("name", "the name of a factor"), 1
        if tokens[place][0] == "^":
            place += 1
            power = int(take("number", "a whole number")[:9])
            if not 1 <= power <= _MOST:
                raise ArgumentError(
                    f"Argument `joint` must have powers from 1 to {_MOST}, but {factor} has {power}."
                )
        powers[factor] = powers.get(factor, 0) + power
        if tokens[place][0] == "end":
            break
        take("*", "the sign * or the end")
    if name in powers:
        raise ArgumentError(
            f"Argument `joint` must name other evaluations on its right side, but {name} stands on both."
        )
    return Joint(name, tuple(powers), tuple(powers.values()))


def _tokens(text: str) -> list[tuple[str, str, int]]:
    """Return kind, text and place of every token, and the end."""
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise ArgumentError(
                "Argument `joint` must hold names, powers and the signs = * ^ only, but it holds "
                f"{text[at:].strip()[:1]!r} at place {at + 1} of {text!r}."
            )
        kind = match.lastgroup or ""
        value = match.group(kind)
        found.append((value if kind == "sign" else kind, value, match.start(kind)))
        at = match.end()
    return [*found, ("end", "", end)]
