"""The ledger's page: one HTML file, no requests, for a screen, a phone or paper."""

from __future__ import annotations

import base64
import html
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from simtheory.validation.claims.record import Record, Verdict

__all__ = ["page"]

_STYLE = """
:root { --ink: #1c2330; --soft: #5b6575; --line: #dde1e8; --paper: #fff; --wash: #f6f7f9;
        --agrees: #1a7f4b; --disagrees: #b3401f; --inconclusive: #8a6d00; --failed: #7a1f5c; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.2rem 4rem; color: var(--ink);
       background: var(--paper); font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; line-height: 1.35; margin: 0; }
p { margin: .5rem 0; } .soft { color: var(--soft); } code { font-size: .92em; }
.counts { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0; padding: 0; list-style: none; }
.counts li { border: 1px solid var(--line); border-radius: .4rem; padding: .3rem .7rem; }
.warning { border-left: .3rem solid var(--disagrees); background: var(--wash); padding: .6rem 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line);
         vertical-align: top; }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
a { color: inherit; }
article { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: 1.4rem; }
.verdict { font-weight: 650; white-space: nowrap; }
.agrees { color: var(--agrees); } .disagrees { color: var(--disagrees); }
.inconclusive { color: var(--inconclusive); } .failed { color: var(--failed); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .7rem 1.2rem;
     margin: 1rem 0; }
dt { color: var(--soft); font-size: .82rem; } dd { margin: 0; font-variant-numeric: tabular-nums; }
dd.big { font-size: 1.2rem; white-space: nowrap; }
figure { margin: 1rem 0; display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
img { flex: 5.2 1 22rem; max-width: 36rem; min-width: 0; } img + img { flex: 3.2 1 14rem; max-width: 22rem; }
pre { background: var(--wash); padding: .8rem; overflow-x: auto; font-size: .8rem; }
@media (max-width: 40rem) {
  thead { display: none; } tr { display: block; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  td { display: block; border: 0; padding: .05rem 0; }
  td[data-name]::before { content: attr(data-name) ' '; color: var(--soft); }
  img, img + img { flex-basis: 100%; } img + img { max-width: 17rem; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 9pt; } dl { grid-template-columns: repeat(6, 1fr); }
  article { break-inside: avoid; }
  figure { max-width: 75%; flex-wrap: nowrap; } img, img + img { flex-basis: 0; }
}
"""

_MEANING = {
    Verdict.AGREES: "the measurement falls in the band stated before it, and the null predictor does not",
    Verdict.DISAGREES: "the measurement falls outside the band",
    Verdict.INCONCLUSIVE: "the null predictor would pass too, or the spread is wider than the band",
    Verdict.FAILED: "the test itself broke",
}


def page(
    records: Sequence[Record], *, pictures: Mapping[str, str], manifest: Mapping[str, Any]
) -> str:
    """Return the ledger as one self-contained HTML page.

    Parameters
    ----------
    records : sequence of Record
        What is finished, in the order to show.
    pictures : mapping
        File name to the SVG text of a figure.
    manifest : mapping
        Versions, machine, and what the last run planned and misses.

    Returns
    -------
    str
        The page; figures are inlined, nothing is loaded from elsewhere.
    """
    articles = "".join(_article(r, pictures) for r in records)
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Claims of concept learning, tested</title><style>{_STYLE}</style></head><body>"
        f"<header><h1>Claims of concept learning, tested</h1>{_summary(records, manifest)}</header>"
        f"<main>{_table(records)}{articles}</main>{_footer(records, manifest)}</body></html>"
    )


def _summary(records: Sequence[Record], manifest: Mapping[str, Any]) -> str:
    counts = Counter(r.verdict for r in records)
    items = "".join(
        f"<li><span class='verdict {v}'>{counts[v]} {v}</span></li>" for v in Verdict if counts[v]
    )
    surprises = [r for r in records if not r.as_expected]
    lines = [
        "<p class='soft'>Each claim of a paper stands beside the theory's prediction, a measurement on an "
        "integrated flow or on trained networks, and a band that was stated before the measurement. A "
        "claim that does not hold is shown as such, with the reason.</p>",
        f"<ul class='counts'>{items}</ul>",
    ]
    if manifest["missing"]:
        names = ", ".join(f"<code>{html.escape(i)}</code>" for i in manifest["missing"])
        lines.append(f"<p class='warning'>Not finished in the last run: {names}.</p>")
    if surprises:
        names = ", ".join(f"<a href='#{_anchor(r)}'>{html.escape(r.id)}</a>" for r in surprises)
        lines.append(f"<p class='warning'>Other than expected: {names}.</p>")
    elif records and not manifest["missing"]:
        lines.append("<p>Every verdict is the one that the ledger expects.</p>")
    return "".join(lines)


def _table(records: Sequence[Record]) -> str:
    if not records:
        return ""
    rows = "".join(
        f"<tr><td><a href='#{_anchor(r)}'>{html.escape(r.statement)}</a></td>"
        f"<td class='number' data-name='predicted'>{html.escape(r.predicted_text)}</td>"
        f"<td class='number' data-name='measured'>{html.escape(r.measured_text)}</td>"
        f"<td>{_verdict(r)}</td></tr>"
        for r in records
    )
    head = "<tr><th>claim</th><th>predicted</th><th>measured</th><th>verdict</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _article(record: Record, pictures: Mapping[str, str]) -> str:
    facts = [
        ("predicted", record.predicted_text, "big"),
        ("measured, ± over seeds", record.measured_text, "big"),
        ("mean, 95% by bootstrap", record.interval_text, ""),
        ("band stated before", f"{record.band.low:g} to {record.band.high:g}", ""),
        (
            f"null predictor: {record.null_name}",
            "—" if record.null is None else f"{record.null:.4g}",
            "",
        ),
        ("seeds", _seeds(record.seeds, len(record.values)), ""),
    ]
    cells = "".join(
        f"<div><dt>{html.escape(name)}</dt><dd class='{size}'>{html.escape(text)}</dd></div>"
        for name, text, size in facts
    )
    parts = [
        f"<article id='{_anchor(record)}'><h2>{html.escape(record.statement)}</h2>",
        f"<p>{_verdict(record)} <span class='soft'>· {html.escape(record.paper)}, "
        f"{html.escape(record.where)} · <code>{html.escape(record.id)}</code> · {record.seconds:.1f} s</span></p>",
        f"<p>Measured: {html.escape(record.quantity)}.</p>",
        f"<dl>{cells}</dl>",
    ]
    if record.reason:
        errata = (
            f" See <code>{html.escape(record.errata)}</code> on the errata page."
            if record.errata
            else ""
        )
        parts.append(f"<p>{html.escape(record.reason)}{errata}</p>")
    captions = ("What happens", "Measured values, the band and the null predictor")
    images = "".join(
        f"<img alt='{caption}: {html.escape(record.statement, quote=True)}' src='{_inlined(pictures[name])}'>"
        for name, caption in zip(record.figures, captions, strict=False)
        if name in pictures
    )
    if images:
        parts.append(f"<figure>{images}</figure>")
    if record.error:
        parts.append(f"<pre>{html.escape(record.error)}</pre>")
    return "".join([*parts, "</article>"])


def _inlined(picture: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"


def _verdict(record: Record) -> str:
    note = "" if record.as_expected else f", expected {record.expected}"
    if record.as_expected and record.expected is not Verdict.AGREES:
        note = ", as expected"
    meaning = html.escape(_MEANING[record.verdict], quote=True)
    return f"<span class='verdict {record.verdict}' title='{meaning}'>{record.verdict}{note}</span>"


def _footer(records: Sequence[Record], manifest: Mapping[str, Any]) -> str:
    meanings = "".join(
        f"<li><span class='verdict {v}'>{v}</span>: {html.escape(text)}.</li>"
        for v, text in _MEANING.items()
    )
    packages = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
    devices = sorted({r.provenance["ran_on"] for r in records if "ran_on" in r.provenance})
    where = " and ".join([manifest["machine"], *devices])
    return (
        f"<footer class='soft'><h2>Verdicts</h2><ul>{meanings}</ul>"
        f"<p>Last run started {html.escape(manifest['started'])} on {html.escape(where)}; "
        f"{html.escape(packages)}. Numbers behind this page: <code>records.json</code>.</p></footer>"
    )


def _anchor(record: Record) -> str:
    return html.escape(record.id.replace("/", "-"), quote=True)


def _seeds(seeds: Sequence[int], runs: int) -> str:
    if not seeds:
        return "none: deterministic"
    if len(seeds) > 3 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}–{seeds[-1]} ({len(seeds)})"
    text = ", ".join(map(str, seeds))
    return text if runs <= len(seeds) else f"{text} ({runs} runs)"
