"""One hypothesis profile for all: no deadline, because a loaded machine is not a wrong result."""

from hypothesis import settings

settings.register_profile("simtheory", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("simtheory")
