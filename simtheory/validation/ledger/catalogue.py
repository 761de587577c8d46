"""All claims of the ledger, and how to find some of them by name."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from simtheory._checks import nearest
from simtheory.errors import ArgumentError
from simtheory.validation import identity
from simtheory.validation.claims.claim import Claim
from simtheory.validation.concept_diffusion import claims as concepts
from simtheory.validation.denoiser import claims as denoiser

__all__ = ["claims", "select"]


def claims() -> tuple[Claim, ...]:
    """Return every claim of the ledger.

    Returns
    -------
    tuple of Claim
        In the order of the page.
    """
    return (*identity.CLAIMS, *denoiser.CLAIMS, *concepts.CLAIMS)


def select(patterns: Iterable[str] | None = None) -> tuple[Claim, ...]:
    """Return the claims that some patterns name.

    Parameters
    ----------
    patterns : iterable of str, optional
        Claim ids; ``identity/*`` and ``identity`` stand for a whole topic. Default: all claims.

    Returns
    -------
    tuple of Claim
        In the order of the ledger, each once.

    Raises
    ------
    ArgumentError
        If a pattern names nothing; the message names the nearest ids.
    """
    everything = claims()
    if patterns is None:
        return everything
    chosen: set[str] = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        topic = pattern.rstrip("/") + "/*"
        hits = {c.id for c in everything if fnmatchcase(c.id, pattern) or fnmatchcase(c.id, topic)}
        if not hits:
            raise ArgumentError(
                f"Claim {pattern!r} is unknown; {nearest(pattern, [c.id for c in everything])}"
            )
        chosen |= hits
    return tuple(c for c in everything if c.id in chosen)
