"""For each label: how to compute it by its code, from the numbers that its other text takes.

`CASES` compares proved labels with their statements at 50 digits, `REFERENCES` computed labels with
an exact reference on small cases, `SIMULATIONS` cited constants with an independent simulation. A new
label needs one entry in the module of its subject.
"""

import pkgutil
from importlib import import_module

from tests.statements.cases.case import Case, Reference, Simulation

__all__ = ["CASES", "REFERENCES", "SIMULATIONS", "Case", "Reference", "Simulation"]

_MODULES = [
    import_module(module.name)
    for module in pkgutil.walk_packages(__path__, f"{__name__}.")
    if not module.ispkg and not module.name.endswith(".case")
]

CASES: dict[str, Case] = {
    label: case for module in _MODULES for label, case in getattr(module, "CASES", {}).items()
}
REFERENCES: dict[str, Reference] = {
    label: case for module in _MODULES for label, case in getattr(module, "REFERENCES", {}).items()
}
SIMULATIONS: dict[str, Simulation] = {
    label: case for module in _MODULES for label, case in getattr(module, "SIMULATIONS", {}).items()
}
