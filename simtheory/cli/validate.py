"""``simtheory validate`` and ``simtheory claims``: the ledger."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from simtheory.cli._flags import in_flags
from simtheory.cli._json import as_json, json_flag, strict

if TYPE_CHECKING:
    from simtheory.validation.claims.record import Record

__all__ = ["claims", "validate"]


def _complete(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the topics and claim ids that begin so, for the completion of a shell."""
    from simtheory.validation.ledger.catalogue import claims as every
    from simtheory.validation.ledger.catalogue import topics

    known = dict.fromkeys(topics(), "all claims of the topic")
    known |= {claim.id: claim.statement for claim in every()}
    return [
        CompletionItem(name, help=line) for name, line in known.items() if name.startswith(begun)
    ]


@click.command()
@click.argument("claims", nargs=-1, metavar="[TOPIC|CLAIM]...", shell_complete=_complete)
@click.option(
    "--budget",
    help="quick (the claims that decide; the default without a name), standard (the default of a topic or "
    "claim) or full (more seeds and starts).",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("simtheory-ledger"),
    show_default=True,
    help="Folder of the ledger: new, empty, or an earlier ledger.",
)
@click.option(
    "--device", default="auto", show_default=True, help="Where networks train: cpu, gpu or auto."
)
@click.option(
    "--resume", is_flag=True, help="Go on with an interrupted ledger: keep what is finished."
)
@click.option(
    "--commit",
    is_flag=True,
    help="Make the numbers of these topics what the documentation shows and what durations are estimated from.",
)
@json_flag
@in_flags
def validate(
    claims: tuple[str, ...],
    budget: str | None,
    out: Path,
    device: str,
    resume: bool,
    commit: bool,
    json: bool,
) -> None:
    """Test the claims of the papers and write the ledger's page.

    CLAIM is a claim id, TOPIC all claims of one topic, such as identity; without a name, the claims
    that decide are tested, of all topics.
    """
    from simtheory.validation.ledger import findings
    from simtheory.validation.ledger.plan import yardstick
    from simtheory.validation.ledger.runner import run

    def line(record: Record) -> None:
        if not json:
            click.echo(_line(record))

    index = (out / "index.html").resolve()
    try:
        records = run(
            claims or None,
            budget=budget or ("standard" if commit else None),
            out=out,
            device=device,
            resume=resume,
            progress=True,
            report=line,
        )
    except KeyboardInterrupt:
        click.echo(
            f"Interrupted. What was finished is on {index}, with what is missing; "
            "the same command with --resume goes on.",
            err=True,
        )
        sys.exit(130)
    topics: list[str] = []
    if commit:
        topics = list(findings.commit(records, budget=budget or "standard", yardstick=yardstick()))
    surprises = sum(not record.as_expected for record in records)
    if json:
        found = [{**record.to_dict(), "as_expected": record.as_expected} for record in records]
        click.echo(strict({"records": found, "committed": topics, "page": str(index)}))
        sys.exit(1 if surprises else 0)
    if topics:
        click.echo(f"Committed: {', '.join(topics)}.")
    noun = "claim" if len(records) == 1 else "claims"
    click.echo(f"\n{len(records)} {noun}, {surprises} other than expected.\n{index}")
    sys.exit(1 if surprises else 0)


def _line(record: Record) -> str:
    """One record in 80 columns: the claim, whose number, what was measured, the verdict."""
    whose, value = record.claimed
    mark = "✓" if record.as_expected else "✗"
    numbers = f"{value}{'*' if whose == 'stated' else ''}"
    return f"{mark} {record.id:<39}{numbers:>8} {record.measured_text:<17} {record.verdict}"


@click.command()
@as_json
def claims(json: bool) -> list[dict[str, Any]] | None:
    """List the claims of the ledger."""
    from simtheory.validation.ledger.catalogue import claims as every

    if json:
        return [
            {
                "id": claim.id,
                "budget": claim.budget,
                "needs_gpu": claim.needs_gpu,
                "expected": claim.expected,
                "expected_at": dict(claim.expected_at),
                "statement": claim.statement,
                "quantity": claim.quantity,
                "band": [claim.band.low, claim.band.high],
                "band_open": claim.band.high == float("inf"),
                "null": claim.null_name,
                "paper": claim.paper,
                "where": claim.where,
            }
            for claim in every()
        ]
    for claim in every():
        others = "".join(f"; {budget}: {verdict}" for budget, verdict in claim.expected_at.items())
        expected = (
            f" [expected: {claim.expected}{others}]" if others or claim.expected != "agrees" else ""
        )
        needed = f"{claim.budget}, GPU" if claim.needs_gpu else claim.budget
        click.echo(
            f"{claim.id} [{needed}]{expected}\n    {claim.statement}\n    {claim.paper}, {claim.where}"
        )
    return None
