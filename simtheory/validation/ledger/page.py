"""The ledger's page: first what does not hold, then every claim with its band, topic by topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from simtheory._faces import face
from simtheory.report import figure, filters, fold, interval, page, text
from simtheory.validation.claims.record import Record, Verdict

__all__ = ["ledger_page"]

_STYLE = """
.agrees .verdict { color: var(--good); } .disagrees .verdict { color: var(--bad); }
.inconclusive .verdict { color: var(--unsure); } .failed .verdict { color: var(--broken); }
.verdict { font-weight: 650; }
.news { list-style: none; padding: 0; } .news li { padding: .3rem 0; border-top: 1px solid var(--line); }
.claim { border-top: 1px solid var(--line); padding: .7rem 0; display: grid; gap: .1rem 1.4rem;
         grid-template-columns: minmax(0, 1fr) 11.25rem 13.5rem; break-inside: avoid; }
.claim details { grid-column: 1 / -1; } .claim p { margin: .1rem 0; }
.numbers { font-variant-numeric: tabular-nums; }
@media (max-width: 46rem) { .claim { grid-template-columns: minmax(0, 1fr); } }
@media print {
  .claim { grid-template-columns: minmax(0, 1fr) 9rem 11rem; padding: .3rem 0; }
  .news li { padding: .1rem 0; }
}
"""

_MEANING = {
    Verdict.AGREES: "the mean falls in the band stated before the measurement, and the null predictor does not",
    Verdict.DISAGREES: "the mean falls outside the band",
    Verdict.INCONCLUSIVE: "the null predictor would pass too, or the error of the mean is wider than the band and reaches it",
    Verdict.FAILED: "the test itself broke",
}


@face
def ledger_page(
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
        The page; figures are inside, nothing is loaded from elsewhere.
    """
    sections = "".join(
        _section(topic, list(own), pictures)
        for topic, own in groupby(records, key=lambda record: record.id.partition("/")[0])
    )
    body = (
        f"<header>{_summary(records, manifest)}</header><main>{sections}</main>"
        f"{_errata(records)}{_footer(records, manifest)}"
    )
    return page("Claims of concept learning, tested", body, style=_STYLE)


def _summary(records: Sequence[Record], manifest: Mapping[str, Any]) -> str:
    """The first screen: counts, what is missing or unexpected, and what does not hold."""
    counts = Counter(record.verdict for record in records)
    choices = {
        verdict.value: f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict]
    }
    noun = "claim" if len(records) == 1 else "claims"
    parts = [filters(choices, everything=f"{len(records)} {noun}", of="claim")]
    if manifest["missing"]:
        names = ", ".join(f"<code>{text(name)}</code>" for name in manifest["missing"])
        parts.append(f"<p class='warning'>Not finished in the last run: {names}.</p>")
    surprises = [record for record in records if not record.as_expected]
    if surprises:
        parts.append(f"<p class='warning'>Other than expected: {_links(surprises)}.</p>")
    elif records and not manifest["missing"]:
        parts.append("<p>Every verdict is the one that the ledger expects.</p>")
    failing = [record for record in records if record.verdict is Verdict.DISAGREES]
    if failing:
        parts.append("<h2>Statements that do not hold</h2>")
        parts.append(f"<ul class='news'>{''.join(map(_news, failing))}</ul>")
    return "".join(parts)


def _news(record: Record) -> str:
    name, value = record.claimed
    errata = f" · <a href='#errata-{text(record.errata)}'>errata</a>" if record.errata else ""
    return (
        f"<li><a href='#{_anchor(record)}'>{text(record.statement)}</a> <span class='soft numbers'>"
        f"{name} {text(value)}, measured {text(record.measured_text)}{errata}</span></li>"
    )


def _section(topic: str, records: Sequence[Record], pictures: Mapping[str, str]) -> str:
    claims = "".join(_claim(record, pictures) for record in records)
    return f"<section id='{text(topic)}'><h2>{text(topic.capitalize())}</h2>{claims}</section>"


def _claim(record: Record, pictures: Mapping[str, str]) -> str:
    """One claim: its words, the band with the measured dot, the numbers and the verdict."""
    marks = {
        name: value
        for name, value in (
            ("predicted", record.predicted),
            ("stated", record.stated),
            ("null predictor", record.null),
        )
        if value is not None
    }
    strip = interval(
        record.band.low,
        record.band.high,
        value=record.measured,
        spread=record.interval,
        marks=marks,
    )
    stated = "" if record.stated is None else f"stated {text(record.stated_text)}<br>"
    predicted = "" if record.predicted is None else f"predicted {text(record.predicted_text)}<br>"
    return (
        f"<article class='claim {record.verdict}' id='{_anchor(record)}'>"
        f"<div><h3>{text(record.statement)}</h3><p class='soft'><small>{text(record.quantity)}</small></p></div>"
        f"<div>{strip}</div>"
        f"<div><p class='verdict' title='{text(_MEANING[record.verdict])}'>{_verdict(record)}</p>"
        f"<p class='numbers'><small>{stated}{predicted}measured {text(record.measured_text)}</small></p></div>"
        f"{fold(_label(record), _details(record, pictures))}</article>"
    )


def _verdict(record: Record) -> str:
    note = "" if record.as_expected else f"; expected: {record.expected}"
    if record.as_expected and record.expected is not Verdict.AGREES:
        note = "; as expected"
    return text(record.verdict_text + note)


def _label(record: Record) -> str:
    """The line that stays of what is folded: where the statement stands, and the claim's id."""
    where = f"{text(record.paper)}, {text(record.where)}"
    return f"{'Figure and numbers' if record.figure else 'Numbers'} · {where} · <code>{text(record.id)}</code>"


def _details(record: Record, pictures: Mapping[str, str]) -> str:
    facts = [
        ("mean, 95% by bootstrap", record.interval_text),
        (
            f"null predictor: {record.null_name}",
            "—" if record.null is None else f"{record.null:.4g}",
        ),
        ("seeds", _seeds(record.seeds, len(record.values))),
        ("processor time", f"{record.seconds + sum(record.experiments.values()):.1f} s"),
    ]
    cells = "".join(f"<div><dt>{text(n)}</dt><dd>{text(value)}</dd></div>" for n, value in facts)
    parts = [f"<dl>{cells}</dl>"]
    if record.reason:
        parts.append(f"<p>{text(record.reason)}</p>")
    if record.figure in pictures:
        parts.append(figure(pictures[record.figure], alt=f"What happens: {record.statement}"))
    if record.error:
        parts.append(f"<pre>{text(record.error)}</pre>")
    return "".join(parts)


def _errata(records: Sequence[Record]) -> str:
    """Why statements of the papers do not hold, under the anchors of the errata page."""
    written = [record for record in records if record.errata]
    if not written:
        return ""
    entries = "".join(
        f"<li id='errata-{text(record.errata)}'>{text(record.reason)} <span class='soft'>{text(record.where)} · "
        f"<a href='#{_anchor(record)}'>claim</a> · <code>docs/errata.md#{text(record.errata)}</code></span></li>"
        for record in written
    )
    return f"<section><h2>Errata</h2><ul>{entries}</ul></section>"


def _links(records: Iterable[Record]) -> str:
    return ", ".join(f"<a href='#{_anchor(record)}'>{text(record.id)}</a>" for record in records)


def _footer(records: Sequence[Record], manifest: Mapping[str, Any]) -> str:
    meanings = "".join(f"<li><b>{v}</b>: {text(words)}.</li>" for v, words in _MEANING.items())
    packages = ", ".join(f"{name} {number}" for name, number in manifest["versions"].items())
    devices = sorted({r.provenance["ran_on"] for r in records if "ran_on" in r.provenance})
    where = " and ".join([manifest["machine"], *devices])
    return (
        "<footer class='soft'><h2>How to read this page</h2>"
        "<p><b>Predicted</b> is the theory's number, <b>stated</b> the paper's where it is another, and "
        "<b>measured</b> the mean over seeds of an integrated flow or of trained networks, ± their standard "
        "deviation. The strip shows the band, the measured mean (dot) with its interval, and the other numbers "
        f"(ticks); an arrow points to what lies beyond the strip.</p><ul>{meanings}</ul>"
        f"<p>Last run started {text(manifest['started'])} on {text(where)}; "
        f"{text(packages)}. Numbers behind this page: <code>records.json</code>.</p></footer>"
    )


def _anchor(record: Record) -> str:
    return text(record.id.replace("/", "-"))


def _seeds(seeds: Sequence[int], runs: int) -> str:
    if not seeds:
        return "none: deterministic"
    if len(seeds) > 3 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}–{seeds[-1]} ({len(seeds)})"
    words = ", ".join(map(str, seeds))
    return words if runs <= len(seeds) else f"{words} ({runs} runs)"
