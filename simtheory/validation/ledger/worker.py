"""Test one claim in a process of its own: ``python -m simtheory.validation.ledger.worker``.

The runner starts one worker per claim, so that a claim that raises, crashes or hangs costs its own
record and no other. The worker leaves two files, each written whole or not at all: the record and
its figure.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from simtheory import plot
from simtheory.validation.claims.claim import Budget, Claim, Evidence, budget_named
from simtheory.validation.claims.record import Record, Verdict, judge
from simtheory.validation.ledger.catalogue import select
from simtheory.validation.nets.devices import find_device

__all__ = ["examine"]


def examine(claim: Claim, spend: Budget, *, folder: Path | None = None) -> Record:
    """Test a claim and draw its figure.

    Parameters
    ----------
    claim : Claim
        The claim.
    spend : Budget
        How much it may spend.
    folder : Path, optional
        Where the figure goes; none is drawn without.

    Returns
    -------
    Record
        What came of it.
    """
    start = time.perf_counter()
    provenance = {
        "simtheory": version("simtheory"),
        "budget": spend.name,
        "device": spend.device,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    try:
        evidence = claim.measure(spend)
        if not np.isfinite([evidence.predicted, evidence.null, *evidence.values]).all():
            raise ArithmeticError(f"A number of the evidence is not finite: {evidence}")
        provenance["ran_on"] = _place(spend)
        record = claim.record(
            judge(evidence.values, band=claim.band, null=evidence.null),
            predicted=float(evidence.predicted),
            values=tuple(float(v) for v in evidence.values),
            null=float(evidence.null),
            seeds=tuple(int(s) for s in evidence.seeds),
            figures=() if folder is None else _drawn(claim, evidence, folder),
            seconds=time.perf_counter() - start,
            provenance=provenance,
        )
    except Exception:  # any failure of a claim's test is a result of the ledger
        return claim.record(
            Verdict.FAILED,
            error=traceback.format_exc(),
            seconds=time.perf_counter() - start,
            provenance=provenance,
        )
    return record


def _place(spend: Budget) -> str:
    """Name the device that networks trained on; what loads no JAX runs on the processor."""
    return str(find_device(spend.device).device_kind) if "jax" in sys.modules else "cpu"


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, killed perhaps: nobody reads its record then."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _drawn(claim: Claim, evidence: Evidence, folder: Path) -> tuple[str, ...]:
    """Draw the evidence; a disk without room costs the figures, not the numbers."""
    try:
        return _figures(claim, evidence, folder)
    except OSError:
        return ()


def _figures(claim: Claim, evidence: Evidence, folder: Path) -> tuple[str, str]:
    """Draw the phenomenon, and the measured values against the band; return the file names."""
    name = claim.id.replace("/", "-")
    phenomenon, numbers = f"{name}.svg", f"{name}-measured.svg"
    with plot.picture(folder / phenomenon, widths=(5.2,)) as (ax,):
        evidence.draw(ax)
    with plot.picture(folder / numbers, widths=(3.2,)) as (ax,):
        plot.measurements(
            evidence.values,
            predicted=evidence.predicted,
            band=(claim.band.low, claim.band.high),
            null=evidence.null,
            ax=ax,
        )
    return phenomenon, numbers


def main(arguments: list[str]) -> None:
    """Test the claim named on the command line and write its record.

    Parameters
    ----------
    arguments : list of str
        Claim id, budget, device, file of the record, and the figures' folder (or nothing).
    """
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    claim_id, name, device, target, *folder = arguments
    (claim,) = select([claim_id])
    record = examine(
        claim, budget_named(name, device=device), folder=Path(folder[0]) if folder else None
    )
    partial = Path(target + ".part")
    partial.write_text(json.dumps(record.to_dict()), encoding="utf-8")
    partial.replace(target)


if __name__ == "__main__":
    main(sys.argv[1:])
