"""For each label: how to compute it by its stable code, from the numbers its statement takes.

A new label needs one entry in the module of its topic: a function that draws the numbers of one
case, edges included, and one that runs the code on them.
"""

from importlib import import_module

from simtheory.equations import TOPICS
from tests.statements.cases.case import Case

__all__ = ["CASES", "Case"]

CASES: dict[str, Case] = {
    label: case
    for topic in TOPICS
    for label, case in import_module(f"{__name__}.{topic}").CASES.items()
}
