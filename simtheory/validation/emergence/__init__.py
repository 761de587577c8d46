"""Concept graphs: linear denoisers and small nets trained on some classes, and the claims about the others."""

from simtheory._names import public
from simtheory.validation.emergence.experiments import (
    Judged,
    image_run,
    judged,
    linear_run,
    main_split,
    vector_run,
)

__all__ = ["Judged", "image_run", "judged", "linear_run", "main_split", "vector_run"]

public(__name__)
