"""Denoisers of the strings of a grammar, trained and watched level by level, and the claims about them."""

from simtheory._names import public
from simtheory.validation.hierarchy.training import (
    DenoiserRun,
    HierarchicalUNet,
    Network,
    learning_steps,
    train,
)

__all__ = ["DenoiserRun", "HierarchicalUNet", "Network", "learning_steps", "train"]

public(__name__)
