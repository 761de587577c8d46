"""The closed forms, one module per network, in numerically stable NumPy.

A face function takes a task and returns a `Trajectory`; below it stand pure functions of arrays.
What each one claims is its *label*: see `simtheory.equations`.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

from simtheory.analytic import (
    deep,
    denoiser,
    descent,
    finite_sample,
    flow_matching,
    one_layer,
    tied,
    untied,
    yang2024,
)
from simtheory.analytic.advice import advice
from simtheory.equations import label_of

__all__ = [
    "advice",
    "deep",
    "denoiser",
    "descent",
    "finite_sample",
    "flow_matching",
    "implementations",
    "one_layer",
    "tied",
    "untied",
    "yang2024",
]

_ELSEWHERE = ("simtheory.tasks.identity", "simtheory.units")


def implementations() -> dict[str, str]:
    """Return where the code of each label is.

    Returns
    -------
    dict of str to str
        Label to ``"module:qualname"``, sorted by label.

    Examples
    --------
    >>> implementations()["ldl-logit"]
    'simtheory.analytic.tied.resummation:pivots'
    """
    found = pkgutil.walk_packages(__path__, f"{__name__}.")
    names = [module.name for module in found if not module.ispkg]
    statements = f"{__name__}.symbolic."
    homes = [name for name in names if "._" not in name and not name.startswith(statements)]
    return dict(
        sorted(
            (label, f"{name}:{thing}")
            for name in (*homes, *_ELSEWHERE)
            for thing, label in _labels_in(import_module(name))
        )
    )


def _labels_in(module: ModuleType) -> list[tuple[str, str]]:
    """Return (name, label) of everything that `module` exports and that wears a label."""
    exported = ((name, getattr(module, name)) for name in module.__all__)
    return [
        (name, label)
        for name, thing in exported
        if callable(thing) and (label := label_of(thing)) is not None
    ]
