"""All claims of the ledger, and how to find some of them by name."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType

from simtheory._checks import nearest
from simtheory._faces import face
from simtheory.errors import ArgumentError
from simtheory.validation import (
    composition,
    concept_diffusion,
    denoiser,
    emergence,
    factorization,
    hierarchy,
    identity,
)
from simtheory.validation.claims.claim import Claim
from simtheory.validation.claims.experiment import BUDGETS
from simtheory.validation.composition.claims import CLAIMS as COMPOSITION
from simtheory.validation.concept_diffusion.claims import CLAIMS as CONCEPT_DIFFUSION
from simtheory.validation.denoiser.claims import CLAIMS as DENOISER
from simtheory.validation.emergence.claims import CLAIMS as EMERGENCE
from simtheory.validation.factorization.claims import CLAIMS as FACTORIZATION
from simtheory.validation.hierarchy.claims import CLAIMS as HIERARCHY
from simtheory.validation.identity.claims import CLAIMS as IDENTITY

__all__ = ["claims", "folder_of", "select", "topics"]

_TOPICS: dict[str, tuple[ModuleType, tuple[Claim, ...]]] = {
    "identity": (identity, IDENTITY),
    "denoiser": (denoiser, DENOISER),
    "diffusion": (concept_diffusion, CONCEPT_DIFFUSION),
    "composition": (composition, COMPOSITION),
    "hierarchy": (hierarchy, HIERARCHY),
    "emergence": (emergence, EMERGENCE),
    "factorization": (factorization, FACTORIZATION),
}


@face
def topics() -> tuple[str, ...]:
    """Return the first parts of the claims' ids.

    Returns
    -------
    tuple of str
        In the order of the page.
    """
    return tuple(_TOPICS)


@face
def folder_of(topic: str) -> Path:
    """Return the folder of a topic, which holds its experiments, claims and committed findings.

    Parameters
    ----------
    topic : str
        One of `topics`.

    Returns
    -------
    Path
        The folder, inside the package.
    """
    return Path(str(_TOPICS[topic][0].__file__)).parent


@face
def claims() -> tuple[Claim, ...]:
    """Return every claim of the ledger.

    Returns
    -------
    tuple of Claim
        In the order of the page.
    """
    return tuple(claim for _, own in _TOPICS.values() for claim in own)


@face
def select(
    patterns: Iterable[str] | None = None, *, budget: str = BUDGETS[-1], device: str = "gpu"
) -> tuple[Claim, ...]:
    """Return the claims that some patterns name and a budget tests.

    Parameters
    ----------
    patterns : iterable of str, optional
        Claim ids; ``identity/*`` and ``identity`` stand for a whole topic. Default: all claims.
    budget : {"quick", "standard", "full"}
        Leaves out the claims of a topic or pattern that belong to a larger budget; a claim that is
        named by its id stays. Default: ``"full"``, which leaves out none.
    device : {"auto", "cpu", "gpu"}
        Leaves out, unless it is ``"gpu"``, the claims that need one; again one that is named by its id stays.

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
    allowed = BUDGETS[: BUDGETS.index(budget) + 1]
    within = {
        claim.id
        for claim in everything
        if claim.budget in allowed and (device == "gpu" or not claim.needs_gpu)
    }
    if patterns is None:
        return tuple(claim for claim in everything if claim.id in within)
    chosen: set[str] = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        topic = pattern.rstrip("/") + "/*"
        hits = {c.id for c in everything if fnmatchcase(c.id, pattern) or fnmatchcase(c.id, topic)}
        if not hits:
            raise ArgumentError(
                f"Claim {pattern!r} is unknown; {nearest(pattern, [c.id for c in everything])}"
            )
        chosen |= hits if hits == {pattern} else hits & within
    return tuple(claim for claim in everything if claim.id in chosen)
