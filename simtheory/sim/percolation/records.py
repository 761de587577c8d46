"""What a run of percolation keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

__all__ = ["Everything", "Largest", "Record", "Wrapping"]


@dataclass(frozen=True, slots=True)
class Wrapping:
    """Keep when each run first wraps round the torus; a run ends there. The cheapest record."""

    winds: ClassVar[bool] = True
    sizes: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Largest:
    """Keep the largest cluster and the squares of all clusters at every number of sites."""

    winds: ClassVar[bool] = False
    sizes: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Everything:
    """Keep both; a run goes on until all sites are there."""

    winds: ClassVar[bool] = True
    sizes: ClassVar[bool] = True


Record: TypeAlias = Wrapping | Largest | Everything
"""What a run keeps."""
