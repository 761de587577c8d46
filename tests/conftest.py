"""What all tests share: one profile of hypothesis, and an interrupt that arrives.

No example has a deadline, because a loaded machine is not a wrong result. A process started in the
background ignores Ctrl-C, and so do its children; some tests send it.
"""

import signal

import pytest
from hypothesis import settings

signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("simtheory", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("simtheory")


@pytest.fixture
def write(tmp_path):
    """Write a text to a file of a temporary folder, and return its path."""

    def made(text, name="runs.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return made
