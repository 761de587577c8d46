"""Many fits of a right model, of which a known share is called wrong."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from scipy.stats import binom

from simtheory.errors import FitWarning

__all__ = ["few_alarms"]


@contextmanager
def few_alarms(draws: int) -> Iterator[None]:
    """Let right models be called wrong as often as is expected, 5 % of the draws; fail beyond.

    Parameters
    ----------
    draws : int
        Number of fits inside. More alarms than one set of draws in a thousand has fail the test.
    """
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", FitWarning)
        yield
    assert len(said) <= binom.isf(1e-3, draws, 0.05), [str(each.message) for each in said]
