"""The data-generating processes, one frozen dataclass each, and the papers' named set-ups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simtheory._checks import one_of
from simtheory._faces import face
from simtheory._names import public
from simtheory.tasks import (
    du2023,
    favero2025,
    liang2024,
    okawa2023,
    park2024,
    saxe2019,
    yang2024,
)
from simtheory.tasks.composition import Composition, GaussianMixture
from simtheory.tasks.denoiser import DenoisingTask
from simtheory.tasks.emergence import ConceptGraph
from simtheory.tasks.factorization import BumpTask
from simtheory.tasks.hierarchy import RandomHierarchy, TreeGrammar
from simtheory.tasks.identity import SIMTask
from simtheory.tasks.linear import LinearTask, Modes

__all__ = [
    "KINDS",
    "BumpTask",
    "Composition",
    "ConceptGraph",
    "DenoisingTask",
    "GaussianMixture",
    "LinearTask",
    "Modes",
    "RandomHierarchy",
    "SIMTask",
    "TreeGrammar",
    "du2023",
    "favero2025",
    "from_dict",
    "liang2024",
    "okawa2023",
    "park2024",
    "saxe2019",
    "yang2024",
]

KINDS: dict[str, Any] = {
    task.kind: task
    for task in (
        SIMTask,
        LinearTask,
        DenoisingTask,
        GaussianMixture,
        Composition,
        RandomHierarchy,
        TreeGrammar,
        BumpTask,
        ConceptGraph,
    )
}
"""Every class of tasks by its kind, the name that files keep."""


@face
def from_dict(kind: str, values: Mapping[str, Any]) -> Any:
    """Make a task of a kind from plain numbers, words and lists.

    Parameters
    ----------
    kind : str
        Name of the class, such as ``"identity"`` for `SIMTask`.
    values : mapping
        Arguments of its constructor, as its `to_dict` returns them.

    Returns
    -------
    task
        A `SIMTask`, or another class of `KINDS`.

    Raises
    ------
    ArgumentError
        If no task has this kind.

    Examples
    --------
    >>> from_dict("identity", {"mu": [1.0, 2.0], "sigma": 0.5})
    SIMTask(mu=(1, 2), sigma=0.5)
    """
    return KINDS[one_of("kind", kind, KINDS)].from_dict(values)


public(__name__)
