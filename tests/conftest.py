"""What all tests share: one profile of hypothesis, and an interrupt that arrives.

No example has a deadline, because a loaded machine is not a wrong result. A process started in the
background ignores Ctrl-C, and so do its children; some tests send it.
"""

import signal

from hypothesis import settings

signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("simtheory", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("simtheory")
