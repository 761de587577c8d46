"""The frame of a page, its style, and the parts that need no picture."""

from __future__ import annotations

import html
from collections.abc import Mapping

from simtheory._faces import face

__all__ = ["filters", "fold", "page", "text"]

_STYLE = """
:root { --ink: #1c2330; --soft: #5b6575; --line: #dde1e8; --paper: #fff; --wash: #f4f6f9;
        --good: #1a7f4b; --bad: #b3401f; --unsure: #8a6d00; --broken: #7a1f5c; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 68rem; padding: 1.6rem 1.2rem 4rem; color: var(--ink);
       background: var(--paper); font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .4rem; }
h3 { font-size: 1rem; line-height: 1.35; margin: 0; }
p { margin: .4rem 0; } ul { margin: .4rem 0; padding-left: 1.2rem; }
a { color: inherit; } .soft { color: var(--soft); } small { font-size: .85rem; }
code { font-size: .9em; } img { max-width: 100%; height: auto; }
pre { background: var(--wash); padding: .8rem; overflow-x: auto; font-size: .8rem; white-space: pre-wrap; }
pre.table { white-space: pre; }
.wide { overflow-x: auto; margin: .6rem 0; } table { border-collapse: collapse; font-size: .9rem; }
th { color: var(--soft); font-weight: normal; font-size: .82rem; vertical-align: bottom; }
th, td { text-align: right; padding: .2rem 1.2rem .2rem 0; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; } td { font-variant-numeric: tabular-nums; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem;
            margin-top: 2rem; }
figure { margin: 0; break-inside: avoid; } figcaption { color: var(--soft); font-size: .85rem; }
.warning { border-left: .3rem solid var(--bad); background: var(--wash); padding: .5rem .9rem; }
summary { cursor: pointer; color: var(--soft); font-size: .85rem; padding: .2rem 0; }
.filters { display: flex; flex-wrap: wrap; gap: .5rem; margin: .9rem 0; }
.filters input { position: absolute; opacity: 0; }
.filters label { border: 1px solid var(--line); border-radius: .4rem; padding: .3rem .7rem; cursor: pointer; }
.filters input:checked + label { background: var(--ink); border-color: var(--ink); color: var(--paper); }
.filters input:focus-visible + label { outline: 2px solid var(--ink); outline-offset: 2px; }
svg.interval { width: 100%; max-width: 11.25rem; display: block; }
svg.interval text { font-size: 9px; fill: var(--soft); text-anchor: middle; }
svg.interval .axis { stroke: var(--line); } svg.interval .band { fill: #b9d4ea; }
svg.interval .mark { stroke: var(--soft); fill: var(--soft); }
svg.interval .spread { stroke: var(--ink); stroke-width: 1.5; } svg.interval .dot { fill: var(--ink); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .5rem 1.2rem; margin: .6rem 0; }
dt { color: var(--soft); font-size: .82rem; } dd { margin: 0; font-variant-numeric: tabular-nums; }
@media (max-width: 40rem) { th, td { padding-right: .7rem; } table { font-size: .82rem; } }
@media print {
  @page { margin: 12mm; } html { font-size: 8pt; }
  body { max-width: none; padding: 0; line-height: 1.3; }
  pre.table { font-size: 7.5pt; white-space: pre-wrap; } .pictures { grid-template-columns: 1fr 1fr; }
  .filters, details:not([open]) { display: none; } h2 { break-after: avoid; margin-top: 1rem; }
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
}
"""


@face
def text(value: object) -> str:
    """Return a text that HTML shows as it is, in elements and in attributes.

    Parameters
    ----------
    value : object
        What to show.

    Returns
    -------
    str
        ``str(value)`` with its special characters escaped.
    """
    return html.escape(str(value), quote=True)


@face
def page(title: str, body: str, *, style: str = "") -> str:
    """Return a page that needs no other file.

    Parameters
    ----------
    title : str
        Plain text, for the window and the first heading.
    body : str
        HTML below the heading.
    style : str
        Rules of style sheets beside those that every page has.

    Returns
    -------
    str
        The HTML document.
    """
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{text(title)}</title><style>{_STYLE}{style}</style></head>"
        f"<body><h1>{text(title)}</h1>{body}</body></html>"
    )


@face
def fold(summary: str, body: str) -> str:
    """Return a line that opens to more; on paper it is left out unless it is open.

    Parameters
    ----------
    summary : str
        HTML of the line.
    body : str
        HTML below it.

    Returns
    -------
    str
        An HTML element.
    """
    return f"<details><summary>{summary}</summary>{body}</details>"


@face
def filters(choices: Mapping[str, str], *, everything: str, of: str) -> str:
    """Return buttons that leave only some entries of the page, by style sheets alone.

    Parameters
    ----------
    choices : mapping
        Class of the entries to keep, to the plain text of the button.
    everything : str
        Text of the first button, which keeps all.
    of : str
        Class that all entries have.

    Returns
    -------
    str
        HTML elements. A section without entries that are kept goes too.
    """
    buttons = [_button(of, "all", everything, " checked")]
    rules = []
    for kept, words in choices.items():
        buttons.append(_button(of, kept, words, ""))
        chosen = f"body:has(#only-{text(of)}-{text(kept)}:checked)"
        rules.append(f"{chosen} .{of}:not(.{kept}){{display:none}}")
        rules.append(f"{chosen} section:has(.{of}):not(:has(.{of}.{kept})){{display:none}}")
    inside = "".join(buttons)
    return f"<style>{''.join(rules)}</style><div class='filters' role='group'>{inside}</div>"


def _button(of: str, kept: str, words: str, state: str) -> str:
    name = f"only-{text(of)}-{text(kept)}"
    return (
        f"<span><input type='radio' name='only-{text(of)}' id='{name}'{state}>"
        f"<label for='{name}'>{text(words)}</label></span>"
    )
