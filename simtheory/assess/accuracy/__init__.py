"""Accuracy over the number of examples, held against coverage, factorisation and percolation."""

from simtheory._names import public
from simtheory.assess.accuracy.answers import Fitted, Laws, NextRun, Parameter
from simtheory.assess.accuracy.comparison import laws
from simtheory.assess.accuracy.tables import Counts, counts

__all__ = ["Counts", "Fitted", "Laws", "NextRun", "Parameter", "counts", "laws"]

public(__name__)
