r"""Products of accuracies: how far a joint accuracy may be from the product, and how sharp a product is.

Problem
-------
A class is right when all its concepts are. With marginals :math:`q_i` the joint accuracy lies between the
bounds of Fréchet, whatever the errors have to do with one another, and is the product if they are
independent. How far from the product may it be, and is a product of learning curves sudden?

Symbols
-------
q : marginal accuracies; :math:`\Pi` : their product; k : number of concepts; z : limits, :math:`q_i = \Phi(z_i)`;
R, :math:`\rho_{ij}` : correlations of the errors; :math:`\theta` : threshold; w, :math:`\tau` : width and
midpoint of a logistic curve.

Reading
-------
A product of k curves is hardly sharper than one: the width of a product of logistic curves falls to 0.70 of
one curve at most, and that of the curves :math:`1 - e^{-\lambda t}` grows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from simtheory._checks import all_positive, as_finite, as_numbers, share, shares, shown
from simtheory._faces import face
from simtheory._later import special
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.orthants import checked, comparison_bound
from simtheory.errors import ArgumentError, ShapeError
from simtheory.labels import implements

__all__ = [
    "acquisition_width",
    "frechet_bounds",
    "product_bound",
    "product_bracket",
    "product_crossing",
    "product_gap",
    "product_noise",
    "product_slope",
    "product_width",
]


@implements(
    "frechet-bounds",
    title="bounds on a joint accuracy from its marginals",
    regime="any dependence of the errors",
    source="okawa2023",
    where="derived here from the indicators of the errors",
)
@face
def frechet_bounds(q: ArrayLike) -> tuple[Array, Array]:
    r"""Return the least and the largest joint accuracy that marginals allow.

    .. math:: \max\Bigl(0, \sum_i q_i - k + 1\Bigr) \le P(\text{all right}) \le \min_i q_i .

    Parameters
    ----------
    q : array_like, shape (..., k)
        Marginal accuracies, in [0, 1].

    Returns
    -------
    low, high : ndarray, shape (...)
        The bounds.

    Examples
    --------
    >>> low, high = frechet_bounds([0.9, 0.8, 0.7])
    >>> low.round(3), high
    (np.float64(0.4), array(0.7))
    """
    given = _marginals(q)
    low = np.maximum(np.sum(given, axis=-1) - (given.shape[-1] - 1.0), 0.0)
    high = np.asarray(np.min(given, axis=-1))
    return np.minimum(low, high), high


@implements(
    "product-gap",
    title="joint accuracy minus product, to first order in the correlations",
    exactness="O(ρ²)",
    regime="normal errors",
    source="okawa2023",
    where="derived here from Plackett's identity",
)
@face
def product_gap(z: ArrayLike, R: ArrayLike) -> Array:
    r"""Return joint accuracy minus product of the marginals, to first order in the correlations.

    .. math:: \Phi_n(z; R) - \prod_iq_i
        = \sum_{i<j}\rho_{ij}\,\varphi(z_i)\varphi(z_j)\prod_{l \ne i,j}q_l + O(\rho^2) .

    Parameters
    ----------
    z : array_like, shape (..., n)
        Limits; they may be infinite.
    R : array_like, shape (..., n, n)
        Correlation matrices.

    Returns
    -------
    ndarray, shape (...)
        The gap.

    Examples
    --------
    >>> product_gap([0.0, 0.0], [[1.0, 0.1], [0.1, 1.0]]).round(5)
    np.float64(0.01592)
    """
    limits, matrices = checked(z, R)
    q = special.ndtr(limits)
    density = np.exp(-0.5 * np.minimum(limits**2, 1400.0)) / np.sqrt(2.0 * np.pi)
    total = np.zeros(np.broadcast_shapes(q.shape[:-1], matrices.shape[:-2]))
    n = q.shape[-1]
    for i in range(n):
        for j in range(i + 1, n):
            others = [l for l in range(n) if l not in (i, j)]
            pair = density[..., i] * density[..., j] * np.prod(q[..., others], axis=-1)
            total = total + matrices[..., i, j] * pair
    return np.asarray(total)


@implements(
    "product-bound",
    title="bound on joint accuracy minus product",
    regime="normal errors; a bound for any correlations",
    source="okawa2023",
    where="derived here from Plackett's identity, as in the normal comparison inequality",
)
@face
def product_bound(z: ArrayLike, R: ArrayLike) -> Array:
    r"""Return a bound on the size of joint accuracy minus product of the marginals.

    .. math:: \Bigl|\Phi_n(z; R) - \prod_iq_i\Bigr| \le \sum_{i<j}
        \frac{\arcsin|\rho_{ij}|}{2\pi}\, e^{-\frac{z_i^2 + z_j^2}{2(1 + |\rho_{ij}|)}} .

    Parameters
    ----------
    z : array_like, shape (..., n)
        Limits; they may be infinite.
    R : array_like, shape (..., n, n)
        Correlation matrices.

    Returns
    -------
    ndarray, shape (...)
        The bound. It is sharp for two limits of 0.

    Examples
    --------
    >>> product_bound([0.0, 0.0], [[1.0, 0.5], [0.5, 1.0]]).round(5)
    np.float64(0.08333)
    """
    limits, matrices = checked(z, R)
    lead = np.broadcast_shapes(limits.shape[:-1], matrices.shape[:-2])
    return comparison_bound(np.broadcast_to(limits, (*lead, limits.shape[-1])), matrices)


@implements(
    "product-noise",
    title="noise of joint accuracy minus product of the marginals, of counts",
    exactness="O(1/N²) in the variance",
    regime="all concepts of a sample judged together, errors independent between concepts and samples",
    source="okawa2023",
    where="derived here from the variance of indicators",
)
@face
def product_noise(q: ArrayLike, n: ArrayLike) -> Array:
    r"""Return the standard deviation of joint accuracy minus product of the marginals, in n samples.

    .. math:: \operatorname{Var}(\hat\jmath - \textstyle\prod\hat q_i)
        = \frac{\Pi}{n}\Bigl[1 - \Pi - \Pi\sum_i\frac{1 - q_i}{q_i}\Bigr] + O(n^{-2}) .

    Parameters
    ----------
    q : array_like, shape (..., k)
        Marginal accuracies, in [0, 1].
    n : array_like, shape (...)
        Number of samples, positive.

    Returns
    -------
    ndarray, shape (...)
        Standard deviations.

    Examples
    --------
    >>> product_noise([0.3, 0.5, 0.8], 256).round(5)
    np.float64(0.01452)
    """
    given, count = _marginals(q), all_positive("n", n)
    product = np.prod(given, axis=-1)
    total = product * (1.0 - product)
    for i in range(given.shape[-1]):
        # Π²(1 − q)/q with the division done by leaving q out of one of the products
        rest = np.prod(np.delete(given, i, axis=-1), axis=-1)
        total = total - product * rest * (1.0 - given[..., i])
    return np.asarray(np.sqrt(np.maximum(total, 0.0) / count))


@face
def product_crossing(k: ArrayLike, level: ArrayLike) -> Array:
    r"""Return when a product of k equal logistic curves crosses a level, (t − τ)/w.

    .. math:: \frac{t_\theta - \tau}w = \operatorname{logit}\theta^{1/k} .

    Parameters
    ----------
    k : array_like
        Number of curves, at least 1.
    level : array_like
        Threshold θ, in (0, 1).

    Returns
    -------
    ndarray
        The time in widths w of one curve after its midpoint τ.

    Examples
    --------
    >>> product_crossing([1, 3], 0.5).round(4)
    array([0.    , 1.3474])
    """
    return _log_odds(shares("level", level, ends="()"), _counts("k", k))


def _counts(name: str, value: ArrayLike) -> Array:
    """Return numbers of factors, which need not be whole."""
    count = all_positive(name, value)
    if count.size and count.min() < 1.0:
        raise ArgumentError(
            f"Argument `{name}` must be at least 1, but its smallest entry is {count.min():g}."
        )
    return count


def _thresholds(low: ArrayLike, high: ArrayLike) -> tuple[Array, Array]:
    """Return two thresholds, the lower one first."""
    first, last = shares("low", low, ends="()"), shares("high", high, ends="()")
    if (first > last).any():
        raise ArgumentError(
            f"Argument `low` must not exceed `high`, but they are {shown(low)} and {shown(high)}."
        )
    return first, last


def _log_odds(level: Array, count: Array) -> Array:
    """Return the log-odds of a root of a level."""
    log = np.log(level) / count
    return np.asarray(log - np.log(-np.expm1(log)))


@implements(
    "product-logistic",
    title="crossing, width and slope of a product of equal logistic curves",
    regime="equal midpoints and widths",
    source="okawa2023",
    where="derived here from q = 1/(1 + exp(−(t − τ)/w))",
)
@face
def product_width(k: ArrayLike, low: ArrayLike = 0.1, high: ArrayLike = 0.9) -> Array:
    r"""Return the width of a product of k equal logistic curves, in widths w of one.

    .. math:: \frac{t_{high} - t_{low}}w
        = \operatorname{logit}\,high^{1/k} - \operatorname{logit}\,low^{1/k} .

    For large k it tends to ln(ln low/ln high), 3.084 from .1 to .9.

    Parameters
    ----------
    k : array_like
        Number of curves, at least 1.
    low, high : array_like
        Thresholds between which the width is taken, in (0, 1).

    Returns
    -------
    ndarray
        Widths.

    Examples
    --------
    >>> product_width([1, 2, 3, 4, 10]).round(3)
    array([4.394, 3.688, 3.475, 3.373, 3.196])
    """
    count = _counts("k", k)
    first, last = (_log_odds(level, count) for level in _thresholds(low, high))
    return np.asarray(last - first)


@face
def product_slope(k: ArrayLike) -> Array:
    r"""Return the largest slope of a product of k equal logistic curves, times w.

    .. math:: \Bigl(\frac k{k + 1}\Bigr)^{k+1}, \text{ where each curve is at } \frac k{k+1} .

    Parameters
    ----------
    k : array_like
        Number of curves, at least 1.

    Returns
    -------
    ndarray
        Slopes; they tend to 1/e.

    Examples
    --------
    >>> product_slope([1, 2, 3, 4, 10]).round(3)
    array([0.25 , 0.296, 0.316, 0.328, 0.35 ])
    """
    count = _counts("k", k)
    return np.asarray(np.exp(-(count + 1.0) * np.log1p(1.0 / count)))


@face
def acquisition_width(n: ArrayLike, low: ArrayLike = 0.1, high: ArrayLike = 0.9) -> Array:
    r"""Return the width of a product of n curves 1 − exp(−λt), times λ.

    .. math:: \lambda(t_{high} - t_{low}) = \ln\frac{1 - low^{1/n}}{1 - high^{1/n}} .

    It grows with n: a product of abilities that are gained at random is less sudden than one.

    Parameters
    ----------
    n : array_like
        Number of abilities, at least 1.
    low, high : array_like
        Thresholds between which the width is taken, in (0, 1).

    Returns
    -------
    ndarray
        Widths.

    Examples
    --------
    >>> acquisition_width([1, 2, 3, 4]).round(3)
    array([2.197, 2.59 , 2.743, 2.823])
    """
    count = _counts("n", n)
    ends = (np.log(level) / count for level in _thresholds(low, high))
    first, last = (np.log(-np.expm1(end)) for end in ends)
    return np.asarray(first - last)


@implements(
    "product-bracket",
    title="when a product of learning curves crosses a level, from the crossings of its factors",
    regime="increasing curves",
    source="okawa2023",
    where="derived here from monotone factors",
)
@face
def product_bracket(
    times: Callable[[float], ArrayLike] | Sequence[Callable[[float], float]], level: float
) -> tuple[Array, Array]:
    r"""Return between which times a product of increasing curves crosses a level.

    .. math:: \max_i t^{(i)}_\theta \le t_\theta\Bigl(\prod_iq_i\Bigr)
        \le \max_i t^{(i)}_{\theta^{1/k}} .

    Parameters
    ----------
    times : callable or sequence of callables
        When the factors cross a level: ``times(level)`` of shape (..., k), or one such function for each
        factor, which returns a number.
    level : float
        Threshold θ, in (0, 1).

    Returns
    -------
    low, high : ndarray, shape (...)
        The bracket.

    Examples
    --------
    >>> def times(level):  # two logistic curves
    ...     return np.array([10.0, 12.0]) + np.log(level / (1 - level))
    >>> low, high = product_bracket(times, 0.5)
    >>> low.round(3), high.round(3)
    (np.float64(12.0), np.float64(12.881))
    """
    height = share("level", level)
    if callable(times):
        read = times
    else:
        each = list(times)
        if not each or not all(map(callable, each)):
            raise ArgumentError(
                "Argument `times` must be a function of the level, or a sequence of such functions, one "
                f"for each factor, but it is {times!r}."
            )

        def read(level: float) -> ArrayLike:
            return [float(one(level)) for one in each]

    at = _crossings(read(height))
    return np.asarray(at.max(axis=-1)), np.asarray(
        _crossings(read(height ** (1.0 / at.shape[-1]))).max(axis=-1)
    )


def _crossings(found: ArrayLike) -> Array:
    times = as_numbers("times(level)", found)
    if times.ndim < 1 or times.shape[-1] == 0 or np.isnan(times).any():
        raise ShapeError(
            "Argument `times` must return crossing times of shape (..., k), one for each factor, but it "
            f"returns {found!r}."
        )
    return times


def _marginals(q: ArrayLike) -> Array:
    given = as_finite("q", q)
    if given.size and given.min() >= 0.0 and 1.0 < given.max() <= 100.0:
        raise ArgumentError(
            f"Argument `q` must hold accuracies, which lie between 0 and 1, but it holds {given.max():g}. "
            "Divide percentages by 100."
        )
    if given.ndim < 1 or given.shape[-1] == 0:
        raise ShapeError(
            f"Argument `q` must have shape (..., k), one for each concept, but its shape is {given.shape}."
        )
    return shares("q", given)
