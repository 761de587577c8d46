"""Check the proofs: ``python -m derivations [LABEL ...]``. Exit status 1 when a step fails."""

from __future__ import annotations

import sys
import textwrap

from derivations import PROOFS


def main(labels: list[str]) -> int:
    """Print every step of the proofs of `labels`, and say whether all of them hold.

    Parameters
    ----------
    labels : list of str
        Labels to prove; all when empty.

    Returns
    -------
    int
        0 when every step holds, 1 when one fails, 2 for a label without a proof.
    """
    unknown = [label for label in labels if label not in PROOFS]
    if unknown:
        print(f"No proof of {', '.join(unknown)}; there are {', '.join(PROOFS)}.", file=sys.stderr)
        return 2
    failed: list[str] = []
    for label in labels or PROOFS:
        print(label)
        for step in PROOFS[label]():
            holds = step.holds
            mark = "  ✓ " if holds else "  ✗ "
            print(textwrap.fill(step.text, 96, initial_indent=mark, subsequent_indent="    "))
            if not holds:
                failed.append(f"{label}: {step.text}")
    if failed:
        print("\nA PROOF FAILS. These steps leave something that is not zero:", file=sys.stderr)
        print("\n".join(f"  {line}" for line in failed), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
