"""Mean, covariance and effective number of drawn points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import of_kind
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.results import Samples

__all__ = ["Moments", "effective_size", "moments"]


@face
class Moments(NamedTuple):
    """First two moments of drawn points.

    Parameters
    ----------
    mean : ndarray, shape (..., d)
        Weighted mean.
    covariance : ndarray, shape (..., d, d)
        Weighted covariance about that mean, without a correction for the number of points.
    """

    mean: Array
    covariance: Array


@face
def moments(samples: Samples) -> Moments:
    """Return the mean and the covariance of drawn points, with their weights.

    Parameters
    ----------
    samples : Samples
        Any road's.

    Returns
    -------
    Moments
        Mean and covariance of each member of the ensemble.

    Examples
    --------
    >>> moments(Samples([[0.0], [2.0]], origin="sim"))
    Moments(mean=array([1.]), covariance=array([[1.]]))
    """
    found = of_kind("samples", samples, Samples)
    mean = np.einsum("...n,...ni->...i", found.weights, found.points)
    apart = found.points - mean[..., None, :]
    covariance = np.einsum("...n,...ni,...nj->...ij", found.weights, apart, apart)
    return Moments(np.asarray(mean), np.asarray(covariance))


@face
def effective_size(samples: Samples) -> Array:
    """Return how many points of equal weight carry as much as the weighted ones.

    Parameters
    ----------
    samples : Samples
        Any road's.

    Returns
    -------
    ndarray, shape (...)
        One over the sum of the squared weights: the number of points where all weigh the same.

    Notes
    -----
    It counts weights only. Points of a Markov chain resemble one another, which lowers what they
    carry further.

    Examples
    --------
    >>> effective_size(Samples([[0.0], [2.0]], [0.0, -np.inf], origin="sim"))
    array(1.)
    """
    return np.asarray(1.0 / np.sum(of_kind("samples", samples, Samples).weights ** 2, axis=-1))
