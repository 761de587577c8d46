"""``simtheory validate`` and ``simtheory claims``: the ledger."""

from __future__ import annotations

import sys
from pathlib import Path

import click

__all__ = ["claims", "validate"]


@click.command()
@click.argument("claims", nargs=-1, metavar="[CLAIM]...")
@click.option(
    "--budget",
    default="quick",
    show_default=True,
    help="quick (three minutes on two cores) or full.",
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
def validate(claims: tuple[str, ...], budget: str, out: Path, device: str, resume: bool) -> None:
    """Test the claims of the papers and write the ledger's page.

    CLAIM is a claim id or a whole topic, such as identity; without one, all are tested.
    """
    from simtheory.validation.claims.record import Record
    from simtheory.validation.ledger.catalogue import select
    from simtheory.validation.ledger.runner import estimate, run

    def line(record: Record) -> None:
        mark = "✓" if record.as_expected else "✗"
        click.echo(
            f"{mark} {record.id:<34} predicted {record.predicted_text:>8}   "
            f"measured {record.measured_text:<18} {record.verdict}"
            + ("" if record.verdict == "agrees" else f" (expected {record.expected})")
        )

    index = (out / "index.html").resolve()
    chosen = select(claims or None)
    seconds = estimate(chosen, budget)
    minutes = "less than a minute" if seconds < 60 else f"about {seconds / 60:.0f} minutes"
    click.echo(f"{len(chosen)} claims, {minutes} on this machine's cores.", err=True)
    try:
        records = run(
            claims or None,
            budget=budget,
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
    surprises = sum(not record.as_expected for record in records)
    click.echo(f"\n{len(records)} claims, {surprises} other than expected.\n{index}")
    sys.exit(1 if surprises else 0)


@click.command()
def claims() -> None:
    """List the claims of the ledger."""
    from simtheory.validation.ledger.catalogue import claims as every

    for claim in every():
        expected = "" if claim.expected == "agrees" else f" [expected: {claim.expected}]"
        click.echo(f"{claim.id}{expected}\n    {claim.statement}\n    {claim.paper}, {claim.where}")
