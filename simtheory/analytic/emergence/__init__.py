r"""Concept graphs in closed form: which class is learned when, which never.

Problem
-------
A model is trained on some classes of a concept graph (`simtheory.tasks.ConceptGraph`) and asked for all of
them. A class is learned when every concept of its output is nearer to the own value than to any other, and
stays so.

Symbols
-------
n : concepts; v : class; p : frequencies of the trained classes; mu : strengths; sigma : spread;
:math:`\varphi(v) = (1, \mu \circ c(v))` : features of a class, with the constant one of the bias; A : their
second moment, with the spread; t : canonical time, of gradient flow on half the squared error.

Result
------
=====================  ===========================================================================
function               what it gives
=====================  ===========================================================================
`regression`           outputs of affine regression for any class, at any time
`learning_times`       when each class is learned for good, and which never
=====================  ===========================================================================

Reading
-------
Order by distance is a result about a code, a bias and a split, not a law.
"""

from __future__ import annotations

from simtheory._names import public
from simtheory.analytic.emergence.regression import learning_times, regression

__all__ = ["learning_times", "regression"]

public(__name__)
