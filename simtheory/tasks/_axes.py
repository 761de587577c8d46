"""Principal axes of a second moment, the same for every task that is given by one."""

from __future__ import annotations

import numpy as np

from simtheory._typing import Array


def principal_axes(moment: Array) -> tuple[Array, Array | None]:
    """Return eigenvalues and eigenvectors, the largest first; the axes of a diagonal matrix are kept.

    The sign of an axis is free: its largest entry is positive, so the axes are reproducible.
    """
    rates = np.diagonal(moment)
    if np.count_nonzero(moment) == np.count_nonzero(rates):
        return np.maximum(rates, 0.0), None
    rates, axes = np.linalg.eigh(0.5 * (moment + moment.T))
    rates, axes = rates[::-1], axes[:, ::-1]
    largest = np.abs(axes).argmax(axis=0)
    return np.maximum(rates, 0.0), axes * np.sign(axes[largest, np.arange(len(axes))])
