"""What is counted: strings that a perfect generator repeats, and operations of a network."""

from __future__ import annotations

import numpy as np

from simtheory._checks import not_negative, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.hierarchies import whole
from simtheory.errors import ArgumentError
from simtheory.labels import implements

__all__ = ["copies", "distinct", "unet_macs"]


@face
def copies(P: ArrayLike, n_strings: int) -> Array:
    """Share of the strings of a perfect generator that stand in its training set, P/P_max.

    Parameters
    ----------
    P : array_like, shape (...)
        Numbers of distinct training strings.
    n_strings : int
        Number of strings of the grammar, all equally likely.

    Returns
    -------
    ndarray, shape (...)
        Shares; the second equation of ``perfect-generator``.

    Raises
    ------
    ArgumentError
        If there are more training strings than strings.

    Examples
    --------
    >>> print(copies(8192, 17496).round(4))
    0.4682
    """
    seen, total = not_negative("P", P), positive_int("n_strings", n_strings)
    if seen.size and seen.max() > total:
        raise ArgumentError(
            f"Argument `P` must be at most the number of strings, {total}, but it is {seen.max():g}."
        )
    return np.asarray(seen * (1.0 / total if total < 10**300 else 0.0))


@implements(
    "perfect-generator",
    title="distinct strings and copies among the samples of a perfect generator",
    regime="all strings equally likely, drawn independently",
    source="favero2025",
    where="derived here from the uniform law of the strings",
)
@face
def distinct(n: ArrayLike, n_strings: int) -> Array:
    r"""Expected number of distinct strings among n samples of a perfect generator.

    :math:`P_{\max}\,(1 - (1 - 1/P_{\max})^n)`.

    Parameters
    ----------
    n : array_like, shape (...)
        Numbers of samples.
    n_strings : int
        Number of strings of the grammar, P_max, of any size.

    Returns
    -------
    ndarray, shape (...)
        Expected numbers.

    Examples
    --------
    >>> print(distinct(1972, 17496).round(2))
    1864.98
    """
    drawn, total = not_negative("n", n), positive_int("n_strings", n_strings)
    if total == 1:
        return np.minimum(drawn, 1.0)
    if total > 10**300:
        return np.array(drawn)
    return np.asarray(-np.expm1(drawn * np.log1p(-1.0 / total)) * float(total))


@implements(
    "unet-cost",
    title="multiply-adds of the hierarchical U-Net for one string",
    regime="s = 2 and the layers of the released code; embedding and readout, of order v·w·d, left out",
    source="favero2025",
    where="derived here from the layers of the released code",
)
@face
def unet_macs(width: ArrayLike, s: ArrayLike, L: ArrayLike) -> Array:
    r"""Multiply-adds of one forward pass of the hierarchical U-Net for one string.

    A node of each level above the tokens is made from its s children (s w² multiply-adds), and its s
    children are made again from it and its own skip (2 s w²): :math:`3 s w^2 (s^L - 1)/(s - 1)`.

    Parameters
    ----------
    width : array_like, shape (...)
        Channels w.
    s : array_like, shape (...)
        Branching.
    L : array_like, shape (...)
        Depth.

    Returns
    -------
    ndarray, shape (...)
        Multiply-adds, without embedding and readout.

    Examples
    --------
    >>> print(unet_macs(1, 2, [3, 4]))
    [42. 90.]
    """
    w = whole("width", width, least=1)
    s, L = whole("s", s, least=2), whole("L", L, least=1)
    return np.asarray(3.0 * s * w**2 * (s**L - 1.0) / (s - 1.0))
