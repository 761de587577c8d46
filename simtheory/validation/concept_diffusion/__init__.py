"""Small conditional diffusion models of concepts: the runs by name, and the claims about them."""

from simtheory._names import public
from simtheory.validation.concept_diffusion.experiments import image_run, vector_run, vector_task

__all__ = ["image_run", "vector_run", "vector_task"]

public(__name__)
