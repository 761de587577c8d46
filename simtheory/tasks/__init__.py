"""The data-generating processes, one frozen dataclass each, and the papers' named set-ups."""

from simtheory.tasks import yang2024
from simtheory.tasks.identity import SIMTask

__all__ = ["SIMTask", "yang2024"]
