r"""Scores and log-densities of Gaussian mixtures, for the chains of a group at once.

Up to a factor that does not depend on the component, component k of an expert is
:math:`\exp(b_k + a_k^T x - \tfrac12 x^T P_k x)` with the precision :math:`P_k = (C_k + \lambda I)^{-1}` and
:math:`a_k = P_k m_k`. With r the responsibilities,

.. math::
    \log q = \log\sum_k e^{b_k + a_k^Tx - \frac12 x^TP_kx}, \qquad s = \sum_k r_k(a_k - P_kx) .

If all components share one covariance, :math:`\tfrac12 x^TPx` stands outside the sum. A composition is
never expanded: its score is the weighted sum of the scores of its experts.

Three blocks of memory
----------------------
m : numbers in groups of lanes, one lane for each chain (`simtheory.sim.engine`); at : a table of whole
numbers, whose head the names below index and whose tail holds three numbers for each expert; data :
numbers that all chains share, by address.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.engine.arithmetic import exp, fma, larger, log
from simtheory.sim.engine.compilation import leaf
from simtheory.sim.engine.lanes import get, load, splat, store

SHARED, FULL = 1, 2  # flags: one covariance for all components; covariances that are no diagonals

_LOWEST = -700.0
"""Logarithm below which a share counts as e⁻⁷⁰⁰; the exponential of lanes fails beyond."""

HEAD = (
    "dim",
    "experts",
    "components",  # of all experts
    "precisions",  # numbers of all precisions at one level
    "weights",  # where in data: powers of the experts,
    "constants",  # b, shape (T, components),
    "linear",  # a, shape (T, components, dim),
    "precision",  # P, shape (T, precisions),
    "numbers",  # of the kernel: damping, then the step at each level
    "x",  # where in m: point, composed score, log-density of a state,
    "y",  # the same of a proposal,
    "v",  # velocity,
    "kept",  # velocity before the leapfrog steps,
    "z",  # draws,
    "middle",  # a point between two others, and its score,
    "scores",  # of every expert, one after the other,
    "logs",  # log-densities of every expert,
    "gain",  # what a part returns for each chain,
    "tally",  # a sum for each chain,
    "work",
    "acceptance",  # of the kernel
    "convention",
    "points",  # of the line integral
    "leapfrog",
    "data",  # address of data
    "key",  # of all draws, two words
    "word",
    "composed",  # addresses of parts, those that a run calls
    "each",
    "draw",
    "move",
    "line",
)
DIM, EXPERTS, COMPONENTS, PRECISIONS, WEIGHTS, CONSTANTS, LINEAR, PRECISION, NUMBERS = range(9)
X, Y, V, KEPT, Z, MIDDLE, SCORES, LOGS, GAIN, TALLY, WORK = range(9, 20)
ACCEPTANCE, CONVENTION, POINTS, LEAPFROG, DATA, KEY, WORD = range(20, 27)
COMPOSED, EACH, DRAW, MOVE, LINE = range(27, 32)
FIRST = len(HEAD)  # then first component, flags and place of the precisions of each expert


class Field(NamedTuple):
    """The experts of a composition at each level, in arrays.

    Parameters
    ----------
    dim : int
        Dimension d.
    first : ndarray of int, shape (K + 1,)
        First component of each expert, among all M.
    kinds : ndarray of int, shape (K,)
        Flags `SHARED` and `FULL`.
    offsets : ndarray of int, shape (K,)
        Where the precisions of each expert begin.
    weights : ndarray, shape (K,)
        Powers.
    constants : ndarray, shape (T, M)
        b.
    linear : ndarray, shape (T, M, d)
        a.
    precisions : ndarray, shape (T, P)
        Diagonals or rows of P, one after the other.
    """

    dim: int
    first: IntArray
    kinds: IntArray
    offsets: IntArray
    weights: Array
    constants: Array
    linear: Array
    precisions: Array


def field_of(experts: Any, weights: Array, levels: Array, centre: Array) -> Field:
    """Return the arrays of experts, mixtures, at noise levels, in coordinates x − centre."""
    first = np.cumsum([0, *(expert.components for expert in experts)])
    kinds, offsets, size = list[int](), list[int](), 0
    constants, linear, precisions = list[Array](), list[Array](), list[Array]()
    for expert in experts:
        means = expert.means - centre
        spread = expert.variances + levels[:, np.newaxis, np.newaxis]  # (T, k, d)
        shared = bool(np.all(expert.covariances == expert.covariances[0]))
        with np.errstate(divide="ignore"):
            logs = np.maximum(np.log(expert.weights), 2.0 * _LOWEST)
        turned = means if expert.axes is None else np.einsum("kd,kde->ke", means, expert.axes)
        scaled = turned / spread
        constants.append(
            logs
            - 0.5 * np.log(2.0 * np.pi * spread).sum(axis=2)
            - 0.5 * (turned * scaled).sum(axis=2)
        )
        if expert.axes is None:
            linear.append(scaled)
            each = 1.0 / spread
        else:
            linear.append(np.einsum("kde,tke->tkd", expert.axes, scaled))
            each = np.einsum("kde,tke,kfe->tkdf", expert.axes, 1.0 / spread, expert.axes)
        precisions.append(each[:, : 1 if shared else None].reshape(len(levels), -1))
        kinds.append(SHARED * shared + FULL * (expert.axes is not None))
        offsets.append(size)
        size += precisions[-1].shape[1]
    return Field(
        int(experts[0].dim),
        first.astype(np.intp),
        np.array(kinds, dtype=np.intp),
        np.array(offsets, dtype=np.intp),
        np.array(weights, dtype=np.float64),
        np.concatenate(constants, axis=1),
        np.concatenate(linear, axis=1),
        np.concatenate(precisions, axis=1),
    )


@leaf
def _products(m: Any, x: int, px: int, d: int, data: int, start: int) -> None:
    """Write P x to `px`, two rows at a time, for a matrix P whose rows begin at `start`."""
    for i in range(0, d - 1, 2):
        one, two = splat(m, 0.0), splat(m, 0.0)
        for j in range(d):
            point = load(m, x + j)
            one = fma(point, get(data, start + i * d + j), one)
            two = fma(point, get(data, start + (i + 1) * d + j), two)
        store(m, px + i, one)
        store(m, px + i + 1, two)
    if d % 2:
        one = splat(m, 0.0)
        for j in range(d):
            one = fma(load(m, x + j), get(data, start + (d - 1) * d + j), one)
        store(m, px + d - 1, one)


@leaf
def expert(m: Any, x: int, s: int, work: int, at: Any, level: int, e: int) -> Any:
    """Write the score of one expert to `s` and return its log-density.

    What it leaves in `work` is read for curvatures: shares of the components, not normalised; then P x where
    all share P, and a − P x of each where every one has a full matrix.
    """
    d, data = at[DIM], at[DATA]
    begin, flags = at[FIRST + 3 * e], at[FIRST + 3 * e + 1]
    count = at[FIRST + 3 * e + 3] - begin
    shared, full = flags & SHARED, flags & FULL
    constants = at[CONSTANTS] + level * at[COMPONENTS] + begin
    linear = at[LINEAR] + (level * at[COMPONENTS] + begin) * d
    start = at[PRECISION] + level * at[PRECISIONS] + at[FIRST + 3 * e + 2]
    px, pulls = work + count, work + count + d
    top, half = splat(m, -1e300), splat(m, 0.0)
    if shared:
        if full:
            _products(m, x, px, d, data, start)
        for i in range(d):
            if not full:
                store(m, px + i, load(m, x + i) * get(data, start + i))
            half = fma(load(m, x + i), load(m, px + i), half)
        half = 0.5 * half
    for k in range(count):
        logit = splat(m, get(data, constants + k))
        if full and not shared:
            _products(m, x, pulls + k * d, d, data, start + k * d * d)
        for i in range(d):
            a = get(data, linear + k * d + i)
            if shared:
                logit = fma(load(m, x + i), a, logit)
            elif full:
                pull = a - load(m, pulls + k * d + i)
                store(m, pulls + k * d + i, pull)
                logit = fma(0.5 * load(m, x + i), a + pull, logit)
            else:
                point = load(m, x + i)
                logit = fma(point, a - point * (0.5 * get(data, start + k * d + i)), logit)
        store(m, work + k, logit)
        top = larger(logit, top)
    total = splat(m, 0.0)
    for k in range(count):
        share = exp(larger(load(m, work + k) - top, _LOWEST))
        total = total + share
        store(m, work + k, share)
    inverse = 1.0 / total
    for i in range(d):
        pull, narrow = splat(m, 0.0), splat(m, 0.0)
        for k in range(count):
            share = load(m, work + k)
            if full and not shared:
                pull = fma(share, load(m, pulls + k * d + i), pull)
            else:
                pull = fma(share, get(data, linear + k * d + i), pull)
                if not shared:
                    narrow = fma(share, get(data, start + k * d + i), narrow)
        if not full and not shared:
            pull = fma(0.0 - load(m, x + i), narrow, pull)
        pull = pull * inverse
        if shared:
            pull = pull - load(m, px + i)
        store(m, s + i, pull)
    return log(total) + top - half


def each(m: Any, at: Any, x: int, level: int) -> int:
    """Write the score of each expert at x, one after the other, and its log-density."""
    for e in range(at[EXPERTS]):
        s = at[SCORES] + e * at[DIM]
        store(m, at[LOGS] + e, expert(m, x, s, at[WORK], at, level, e))
    return 0


def composed(m: Any, at: Any, x: int, level: int) -> int:
    """Write the composed score at x, and then the composed log-density, behind the point."""
    d, own, data = at[DIM], at[WORK], at[DATA]
    s = x + d
    for i in range(d + 1):
        store(m, s + i, 0.0)
    for e in range(at[EXPERTS]):
        power = get(data, at[WEIGHTS] + e)
        log_density = expert(m, x, own, own + d, at, level, e)
        for i in range(d):
            store(m, s + i, fma(load(m, own + i), power, load(m, s + i)))
        store(m, s + d, fma(log_density, power, load(m, s + d)))
    return 0
