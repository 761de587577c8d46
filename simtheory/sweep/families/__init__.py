"""The families of cells that a spec can name, by their kinds."""

from simtheory._names import public
from simtheory.sweep.families.flows import Flows
from simtheory.sweep.family import Family

__all__ = ["FAMILIES"]

FAMILIES: dict[str, Family] = {family.kind: family for family in (Flows(),)}

public(__name__)
