"""The tasks of saxe2019: semantic hierarchies, one-hot items and the properties that they have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simtheory._checks import positive_int
from simtheory._faces import face
from simtheory.errors import ArgumentError, TaskError
from simtheory.tasks.linear import LinearTask

__all__ = ["hierarchy"]

_MOST = 4096
"""Items of a hierarchy: its second moment holds the square of their number, 134 MB here."""


@face
def hierarchy(branching: Sequence[int] = (2, 2)) -> LinearTask:
    r"""Return the task of a tree of items: each node of the tree is a property of the items below it.

    Items are one-hot inputs, equally frequent. The default is the toy world of the paper: canary,
    salmon, oak and rose, which all grow; two move and two have roots; each has one property of its own.

    Parameters
    ----------
    branching : sequence of int
        Children of each node, level by level from the root. Default: two levels of two.

    Returns
    -------
    LinearTask
        With an output for each node, the root's first, then level by level, and an input for each leaf.

    Raises
    ------
    TaskError
        If the tree has more than 4096 leaves, or no level.

    Notes
    -----
    Each mode of the teacher tells the children of a level apart. The squared strength of a mode that
    tells apart the children of a node is the number of items below each child, summed over the levels
    below the node: broad distinctions are strong, and are learned first.

    References
    ----------
    saxe2019, figures 2 and 3.

    Examples
    --------
    >>> task = hierarchy()
    >>> task.teacher.astype(int)
    array([[1, 1, 1, 1],
           [1, 1, 0, 0],
           [0, 0, 1, 1],
           [1, 0, 0, 0],
           [0, 1, 0, 0],
           [0, 0, 1, 0],
           [0, 0, 0, 1]])
    >>> (task.strengths**2).round(9)
    array([7., 3., 1., 1.])
    """
    if not isinstance(branching, tuple | list) or not branching:
        raise TaskError(
            "Argument `branching` must hold the number of children of each level, such as (2, 2), but "
            f"it is {branching!r}."
        )
    try:
        counts = [positive_int("branching", count) for count in branching]
    except ArgumentError as reason:
        raise TaskError(str(reason)) from reason
    leaves = 1
    for count in counts:
        leaves *= count
        if leaves > _MOST:
            raise TaskError(
                f"A hierarchy must have at most {_MOST} items, but branching {tuple(counts)} has more."
            )
    nodes = np.cumprod([1, *counts])
    properties = [np.repeat(np.eye(count), leaves // count, axis=1) for count in nodes]
    return LinearTask(np.concatenate(properties), np.eye(leaves) / leaves)
