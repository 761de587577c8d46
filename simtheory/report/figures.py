"""Figures of a page: drawn small, put inside, and the strip that shows a value against a band."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite, isinf
from pathlib import Path
from typing import Any

from simtheory import plot
from simtheory._checks import between
from simtheory._faces import face
from simtheory._files import write_text
from simtheory.plot.style import INCHES
from simtheory.report.pages import text

__all__ = ["draw", "figure", "interval"]

_DECIMALS = re.compile(r"(\d+\.\d\d)\d+")
_HEAD = re.compile(r"<\?xml[^>]*>\s*|<!DOCTYPE[^>]*>\s*|<metadata>.*?</metadata>\s*", re.DOTALL)
_ATTRIBUTE = re.compile(r'"[^"<>]*"')
_BETWEEN = re.compile(r">\s+<")


@face
def draw(path: str | Path, paint: Callable[[Any], object], *, width: float = 5.2) -> None:
    """Draw on Axes in the house style and write an SVG that is small enough for a page.

    Parameters
    ----------
    path : str or Path
        The file, ``.svg``; written whole or not at all.
    paint : callable
        Takes Axes and draws on them.
    width : float
        Width of the figure, in inches.

    Raises
    ------
    ArgumentError
        If the file name has another suffix.
    OSError
        If the file cannot be written.
    """
    between("width", width, *INCHES)
    with plot.picture(path, widths=(width,), compact=True) as (ax,):
        paint(ax)
    target = Path(path)
    # a hundredth of a point is far below what a screen or a printer shows
    short = _DECIMALS.sub(r"\1", _HEAD.sub("", target.read_text(encoding="utf-8")))
    write_text(target, _BETWEEN.sub("><", short).replace("\n", " ").strip() + "\n")


@face
def figure(svg: str, *, alt: str) -> str:
    """Return an SVG as an image inside the page.

    Parameters
    ----------
    svg : str
        Text of the SVG.
    alt : str
        What the figure shows, for readers who do not see it.

    Returns
    -------
    str
        An HTML element. The image stands apart from the page, so that names inside two SVGs never
        meet.
    """
    # inside an attribute in double quotes: names of fonts go without quotes, attributes take single ones
    bare = _ATTRIBUTE.sub(lambda found: found.group().replace("'", ""), svg.strip())
    packed = bare.replace("'", "&#39;").replace("%", "%25").replace("#", "%23").replace('"', "'")
    packed = packed.replace("<", "%3C").replace(">", "%3E").replace("\n", " ")
    return f'<img loading="lazy" alt="{text(alt)}" src="data:image/svg+xml,{packed}">'


_WIDTH, _HEIGHT = 180.0, 30.0
_BAND = 0.4  # share of the strip that the band takes


@face
def interval(
    low: float,
    high: float,
    *,
    value: float | None = None,
    spread: tuple[float, float] | None = None,
    marks: Mapping[str, float] | None = None,
) -> str:
    """Draw a band with a value in it or beside it, as a strip of one line.

    The band lies in the middle. What lies beyond the ends of the strip is an arrow at its end.

    Parameters
    ----------
    low, high : float
        Ends of the band; ``inf`` above for one that goes on.
    value : float, optional
        The measured value, a dot.
    spread : (float, float), optional
        Ends of its interval, a line through the dot.
    marks : mapping, optional
        Name to another number, a tick with its name as a tooltip.

    Returns
    -------
    str
        An SVG element.
    """
    ends = f"{low:g} to {'∞' if isinf(high) else f'{high:g}'}"
    if isinf(high):  # the strip ends beyond all numbers that it shows
        shown = [x for x in (value, *(marks or {}).values()) if x is not None and isfinite(x)]
        size = max([*shown, low]) - low or abs(low) or 1.0
        first, last, high = low - 0.5 * size, low + 1.25 * size, low + 1.25 * size
    else:
        reach = (high - low) * (1.0 / _BAND - 1.0) / 2.0
        first, last = low - reach, high + reach

    def place(x: float) -> float:
        inside = min(max(x, first), last)
        return round(4.0 + (_WIDTH - 8.0) * (inside - first) / (last - first), 1)

    def at(x: float, name: str, look: str) -> str:
        where, hint = place(x), f"<title>{text(name)} {x:.4g}</title>"
        if not first <= x <= last:
            side = 1 if x > last else -1
            tip, base = where + 3 * side, where - 4 * side
            return f"<path class='{look}' d='M{tip} 11L{base} 6.5V15.5Z'>{hint}</path>"
        if look == "dot":
            return f"<circle class='dot' cx='{where}' cy='11' r='4'>{hint}</circle>"
        return f"<path class='{look}' d='M{where} 4V18'>{hint}</path>"

    left, right = place(low), place(high)
    parts = [
        f"<path class='axis' d='M0 11H{_WIDTH:g}'/>",
        f"<rect class='band' x='{left}' y='4' width='{round(right - left, 1)}' height='14'/>",
        f"<text x='{left}' y='28'>{low:g}</text><text x='{right}' y='28'>{ends.split()[-1]}</text>",
    ]
    parts += [at(x, name, "mark") for name, x in ({} if marks is None else marks).items()]
    if spread is not None and value is not None and first <= value <= last:
        parts.append(f"<path class='spread' d='M{place(spread[0])} 11H{place(spread[1])}'/>")
    label = f"band {ends}"
    if value is not None:
        parts.append(at(value, "measured", "dot"))
        label += f", measured {value:.4g}"
    return (
        f"<svg class='interval' role='img' aria-label='{label}' viewBox='0 0 {_WIDTH:g} {_HEIGHT:g}'>"
        f"{''.join(parts)}</svg>"
    )
