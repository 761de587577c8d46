"""Exact laws of the tied net: its field, an isolated mode, and what no start escapes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import as_finite, as_matrix, as_second_moment, as_times
from simtheory._typing import Array, ArrayLike
from simtheory.analytic import _tied_forms as forms
from simtheory.equations import implements
from simtheory.errors import ArgumentError, RegimeError


@implements("tied-field")
def field(W: ArrayLike, A: ArrayLike) -> Array:
    r"""Return the velocity of W in a tied net.

    :math:`V(W) = AW + WA - \tfrac12(AW^2 + W^2A + 2WAW)`: half the speed of literal gradient flow
    in U, which is the canonical clock. Implements ``tied-field`` (yang2024, Eq. 4.3; exact).

    Parameters
    ----------
    W : array_like, shape (..., d, d)
        End-to-end map.
    A : array_like, shape (..., d, d)
        Uncentred second moment.

    Returns
    -------
    ndarray, shape (..., d, d)
        dW/dt.

    Examples
    --------
    >>> field([[0.5]], [[1.0]])
    array([[0.5]])
    """
    moment = as_second_moment(A)
    weights = as_matrix("W", W, rows=moment.shape[-1], columns=moment.shape[-1])
    ahead, behind = moment @ weights, weights @ moment
    return np.asarray(
        ahead + behind - 0.5 * (ahead @ weights + weights @ behind) - behind @ weights
    )


class FieldTerms(NamedTuple):
    """The tied field in three parts: V = growth − suppression − interaction.

    Parameters
    ----------
    growth : ndarray, shape (..., d, d)
        What drives every entry up.
    suppression : ndarray, shape (..., d, d)
        What an entry loses to the diagonal entries of its own row and column.
    interaction : ndarray, shape (..., d, d)
        What it loses through other concepts.
    """

    growth: Array
    suppression: Array
    interaction: Array


@implements("entry-split")
def field_terms(W: ArrayLike, rates: ArrayLike) -> FieldTerms:
    r"""Return the three forces on each entry of W when the second moment is diagonal.

    Growth :math:`w_{ij}(a_i+a_j)`; suppression by the entry's own diagonal partners,
    :math:`\tfrac12w_{ij}[w_{ii}(3a_i+a_j)+w_{jj}(3a_j+a_i)]` (one bracket term where i = j); and the
    interaction :math:`\tfrac12\sum_{k\ne i,j}w_{ik}w_{kj}(a_i+a_j+2a_k)` through other concepts.
    Implements ``entry-split`` (yang2024, Section 4.2, where the interaction is called noise; exact).

    Parameters
    ----------
    W : array_like, shape (..., d, d)
        End-to-end map, symmetric, in the concept axes.
    rates : array_like, shape (d,)
        Rates.

    Returns
    -------
    FieldTerms
        Growth, suppression and interaction.
    """
    a = as_finite("rates", rates)
    weights = as_matrix("W", W, rows=a.size, columns=a.size)
    w = np.diagonal(weights, axis1=-2, axis2=-1)
    a_i, a_j = a[:, None], a
    growth = weights * (a_i + a_j)
    pull = w[..., :, None] * (3.0 * a_i + a_j)
    partners = pull + np.swapaxes(pull, -1, -2) * (1.0 - np.eye(a.size))
    suppression = 0.5 * weights * partners
    # Off-diagonal entries alone, multiplied: the sum over k ∉ {i, j}, in which nothing cancels.
    tied = weights * (1.0 - np.eye(a.size))
    interaction = 0.5 * (a_i + a_j) * (tied @ tied) + (tied * a) @ tied
    return FieldTerms(growth, suppression, interaction)


@implements("tied-mode")
def mode(rate: ArrayLike, w0: ArrayLike, t: ArrayLike) -> Array:
    r"""Return an isolated mode of a tied net: the logistic :math:`\dot w = 2aw(1-w)`.

    :math:`w(t) = w_0/(w_0 + (1-w_0)e^{-2at})`. Exact for each diagonal entry when W(0) commutes
    with the second moment. Implements ``tied-mode`` (saxe2014, Eq. 7).

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a, in units of inverse canonical time.
    w0 : array_like, shape (...)
        Start, not negative; broadcasts against `rate`.
    t : array_like, shape (T,)
        Canonical times.

    Returns
    -------
    ndarray, shape (..., T)
        The mode over time.

    Raises
    ------
    RegimeError
        If a start or a rate is negative.

    Examples
    --------
    >>> mode(1.0, 0.001, [0.0, 3.45338]).round(4)
    array([0.001, 0.5  ])
    """
    a, start = _mode_arguments(rate, w0)
    values = forms.logistic(a.ravel(), start.ravel(), as_times(t))
    return np.asarray(np.swapaxes(values, 0, 1).reshape(*a.shape, -1))


def time_to_level(rate: ArrayLike, w0: ArrayLike, *, level: float = 0.5) -> Array:
    r"""Return the time that an isolated mode takes to a level f.

    :math:`\frac{1}{2a}\ln\frac{f(1-w_0)}{w_0(1-f)}`: infinite from a zero start or at a zero rate,
    zero for a mode that starts at the level or above.

    Parameters
    ----------
    rate : array_like, shape (...)
        Rate a.
    w0 : array_like, shape (...)
        Start, not negative.
    level : float
        Level f in (0, 1).

    Returns
    -------
    ndarray, shape (...)
        Canonical time.

    Examples
    --------
    >>> time_to_level(1.0, 0.001).round(5)
    np.float64(3.45338)
    """
    a, start = _mode_arguments(rate, w0)
    aim = float(as_finite("level", level))
    if not 0.0 < aim < 1.0:
        raise ArgumentError(f"Argument `level` must lie in (0, 1), but it is {aim:g}.")
    ahead, moving = start < aim, (start > 0) & (a > 0)
    safe = np.where(ahead & moving, start, 0.5 * aim)
    wait = np.log(aim / safe) + np.log1p(-safe) - np.log1p(-aim)
    reached = wait / np.where(a > 0, 2.0 * a, 1.0)
    return np.where(ahead, np.where(moving, reached, np.inf), 0.0)


def _mode_arguments(rate: ArrayLike, w0: ArrayLike) -> tuple[Array, Array]:
    a, start = np.broadcast_arrays(as_finite("rate", rate), as_finite("w0", w0))
    for name, value in (("rate", a), ("w0", start)):
        if value.size and value.min() < 0:
            raise RegimeError(
                f"Argument `{name}` of a mode must not be negative, but its smallest entry is {value.min():g}."
            )
    return a, start


def log_det_ratio(weights: ArrayLike) -> Array:
    """Return ln det W − ln det(I − W), which grows at a constant speed along every tied flow.

    Parameters
    ----------
    weights : array_like, shape (..., d, d)
        Symmetric maps, strictly between 0 and I.

    Returns
    -------
    ndarray, shape (...)
        The invariant of `det_law`.

    Raises
    ------
    RegimeError
        If a map has an eigenvalue outside (0, 1).

    Notes
    -----
    As 1 − w falls to the rounding of W the second determinant loses its digits: stop near 1e-8.
    """
    maps = as_finite("weights", weights)
    as_matrix("weights", maps, rows=maps.shape[-1] if maps.ndim else 1)
    values = np.linalg.eigvalsh(maps)
    if values.size and (values.min() <= 0.0 or values.max() >= 1.0):
        raise RegimeError(
            "The determinant law needs every eigenvalue of W in (0, 1), but they run from "
            f"{values.min():g} to {values.max():g}."
        )
    return np.asarray(
        np.linalg.slogdet(maps)[1] - np.linalg.slogdet(np.eye(maps.shape[-1]) - maps)[1]
    )


@implements("det-law")
def det_law(second_moment: ArrayLike, W0: ArrayLike, t: ArrayLike) -> Array:
    """Return what `log_det_ratio` must be along the exact flow: its start plus 2 t tr A.

    Implements ``det-law`` (derived from yang2024, Eq. 4.3; exact for every second moment and start
    of full rank). It tests an integrator or a training run at no cost.

    Parameters
    ----------
    second_moment : array_like, shape (d, d)
        Uncentred second moment A.
    W0 : array_like, shape (..., d, d)
        Start, strictly between 0 and I.
    t : array_like, shape (T,)
        Canonical times.

    Returns
    -------
    ndarray, shape (..., T)
        ln det W(t) − ln det(I − W(t)).
    """
    growth = 2.0 * np.trace(as_second_moment(second_moment), axis1=-2, axis2=-1) * as_times(t)
    return np.asarray(log_det_ratio(W0)[..., None] + growth)


def log_det_rate(weights: ArrayLike, second_moment: ArrayLike) -> Array:
    """Return d/dt ln det W = 2 tr(A(I − W)) along the tied flow; the integrand of the sum rule.

    Parameters
    ----------
    weights : array_like, shape (..., d, d)
        Maps.
    second_moment : array_like, shape (d, d)
        Uncentred second moment A.

    Returns
    -------
    ndarray, shape (...)
        The rate.
    """
    moment = as_second_moment(second_moment)
    missing = np.eye(moment.shape[-1]) - as_finite("weights", weights)
    return np.asarray(2.0 * np.trace(moment @ missing, axis1=-2, axis2=-1))


@implements("sum-rule")
def sum_rule(W0: ArrayLike) -> Array:
    """Return what `log_det_rate` integrates to over all times: ln 1/det W(0).

    Implements ``sum-rule`` (derived from `det_law` and W → I; exact). It needs a second moment of
    full rank: along a coordinate of rate zero W never moves.

    Parameters
    ----------
    W0 : array_like, shape (..., d, d)
        Start of full rank.

    Returns
    -------
    ndarray, shape (...)
        ∫ 2 tr(A(I − W)) dt from 0 to infinity.

    Raises
    ------
    RegimeError
        If the start is singular: it never reaches the identity.
    """
    start = as_finite("W0", W0)
    as_matrix("W0", start, rows=start.shape[-1] if start.ndim else 1)
    sign, log_det = np.linalg.slogdet(start)
    if np.any(sign <= 0):
        raise RegimeError("The sum rule needs a start of full rank, but W(0) is singular.")
    return np.asarray(-log_det)
