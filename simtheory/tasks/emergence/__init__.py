r"""Concept graphs: classes that are tuples of values, some of which are trained.

Problem
-------
A class is one value for each of n concepts. A model is trained on some classes, each with a frequency, and is
then asked for all of them. Which does it learn, and when?

Symbols
-------
n : number of concepts; v : a class, one value for each concept; K : number of trained classes; p : their
frequencies, the *weights*, which sum to one; mu : strength of a concept; sigma : spread of the data around
their class, a standard deviation; c(v) : code of a class; m : number of coordinates of the code.

Result
------
The data of a class are :math:`x = \mu \circ c(v) + \sigma z`, z standard normal.

==============  =====================================================================
what            what it says
==============  =====================================================================
`ConceptGraph`  classes, which of them are trained, how often, and how strongly
`Presence`      code of a value: 0 for the first one, an indicator for each other
`Signed`        −1 and 1; corners of a regular simplex for more than two values
`OneHot`        an indicator for every value
==============  =====================================================================

Reading
-------
The *distance* of a class is the number of concepts by which it differs from the nearest trained class. It
orders the times of learning under some codes and splits only; `simtheory.analytic.emergence` says when.
"""

from simtheory._names import public
from simtheory.tasks.emergence.boundaries import Boundaries
from simtheory.tasks.emergence.codes import CODES, Code, OneHot, Presence, Signed
from simtheory.tasks.emergence.graph import ConceptGraph

__all__ = ["CODES", "Boundaries", "Code", "ConceptGraph", "OneHot", "Presence", "Signed"]

public(__name__)
