"""The two concepts of Park et al. (park2024): colour, whose strength is varied, and size.

Classes are written as colour, size: 00 is the large red object, 10 the large blue one and 01 the small red one.
The small blue one, 11, is never shown.
"""

from __future__ import annotations

import numpy as np

from simtheory._checks import positive
from simtheory._faces import face
from simtheory._typing import ArrayLike
from simtheory.errors import TaskError
from simtheory.tasks.emergence import Code, ConceptGraph
from simtheory.tasks.emergence._arguments import as_sizes
from simtheory.tasks.emergence.codes import PRESENCE

__all__ = ["NAMES", "two_concepts"]

NAMES = {"colour": ("red", "blue"), "size": ("large", "small")}
"""The concepts, the weak one first, and their values."""


@face
def two_concepts(
    weak: float, strong: float = 0.8, *, sigma: ArrayLike = 0.05, code: Code = PRESENCE
) -> ConceptGraph:
    """Return the graph of a weak and a strong concept, of which 00, 10 and 01 are trained.

    Parameters
    ----------
    weak : float
        Strength of colour.
    strong : float
        Strength of size.
    sigma : array_like, shape () or (2,)
        Spread of colour and size.
    code : Code
        What stands for a value.

    Returns
    -------
    ConceptGraph
        The graph, with names.

    References
    ----------
    park2024.

    Examples
    --------
    >>> graph = two_concepts(0.2)
    >>> graph.mu, graph.name((1, 1))
    (array([0.2, 0.8]), 'blue, small')
    """
    mu = np.concatenate(
        [
            as_sizes(name, np.asarray(positive(name, value, error=TaskError)), 1)
            for name, value in (("weak", weak), ("strong", strong))
        ]
    )
    train = ((0, 0), (1, 0), (0, 1))
    return ConceptGraph(train, mu=mu, sigma=sigma, names=NAMES, code=code)
