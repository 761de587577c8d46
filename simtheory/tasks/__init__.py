"""The data-generating processes, one frozen dataclass each, and the papers' named set-ups."""

from simtheory.tasks import yang2024
from simtheory.tasks.denoiser import DenoisingTask
from simtheory.tasks.identity import SIMTask

__all__ = ["DenoisingTask", "SIMTask", "yang2024"]
