r"""The score that is repaired at the point itself, compiled: precisions from the curvature of each expert.

With :math:`M_i = (I + \lambda\nabla s_i)^{-1}`, which is λ times the precision of the clean point given the
noised one,

.. math:: S = \Bigl((1 - W)I + \sum_iw_iM_i\Bigr)^{-1}\sum_iw_iM_is_i .

The matrices :math:`I + \lambda\nabla s_i` are covariances over λ, so they are inverted without pivots. The
sum may be indefinite where weights are negative; it is eliminated without pivots too.
"""

from __future__ import annotations

from typing import Any

from simtheory.sim.composition.fields import (
    COMPONENTS,
    DATA,
    DIM,
    EXPERTS,
    FIRST,
    FULL,
    LINEAR,
    NUMBERS,
    PRECISION,
    PRECISIONS,
    SHARED,
    WEIGHTS,
    WORK,
    expert,
)
from simtheory.sim.engine.arithmetic import fma
from simtheory.sim.engine.compilation import leaf
from simtheory.sim.engine.lanes import get, load, splat, store


def work_of(d: int) -> int:
    """Return how many groups of lanes `repaired` takes beside those of an expert."""
    return 2 * d * d + 2 * d


@leaf
def _pull(m: Any, x: int, at: Any, level: int, e: int, place: int, k: int, i: int) -> Any:
    """Return entry i of a − P x of component k, from what the expert's score left at `place`."""
    d, data, begin = at[DIM], at[DATA], at[FIRST + 3 * e]
    flags, count = at[FIRST + 3 * e + 1], at[FIRST + 3 * e + 3] - begin
    if flags & FULL and not flags & SHARED:
        return load(m, place + count + d + k * d + i)
    a = get(data, at[LINEAR] + (level * at[COMPONENTS] + begin + k) * d + i)
    if flags & SHARED:
        return a - load(m, place + count + i)
    start = at[PRECISION] + level * at[PRECISIONS] + at[FIRST + 3 * e + 2]
    return a - load(m, x + i) * get(data, start + k * d + i)


@leaf
def _spread(m: Any, x: int, s: int, at: Any, level: int, e: int, place: int, out: int) -> None:
    """Write I + λ times the Hessian of an expert's log-density to `out`, symmetric, row by row."""
    d, data, begin = at[DIM], at[DATA], at[FIRST + 3 * e]
    flags, count = at[FIRST + 3 * e + 1], at[FIRST + 3 * e + 3] - begin
    start = at[PRECISION] + level * at[PRECISIONS] + at[FIRST + 3 * e + 2]
    noise, whole = get(data, at[NUMBERS] + 1 + level), splat(m, 0.0)
    for k in range(count):
        whole = whole + load(m, place + k)
    for i in range(d):
        for j in range(i + 1):
            total = splat(m, 0.0)
            for k in range(count):
                one = _pull(m, x, at, level, e, place, k, i)
                term = one * _pull(m, x, at, level, e, place, k, j)
                if not flags & SHARED:
                    if flags & FULL:
                        term = term - get(data, start + k * d * d + i * d + j)
                    elif i == j:
                        term = term - get(data, start + k * d + i)
                total = fma(load(m, place + k), term, total)
            total = total / whole - load(m, s + i) * load(m, s + j)
            if flags & SHARED:
                if flags & FULL:
                    total = total - get(data, start + i * d + j)
                elif i == j:
                    total = total - get(data, start + i)
            total = noise * total
            if i == j:
                total = total + 1.0
            store(m, out + i * d + j, total)
            store(m, out + j * d + i, total)


@leaf
def _invert(m: Any, a: int, d: int) -> None:
    """Invert a positive definite matrix in its place."""
    for p in range(d):
        over = 1.0 / load(m, a + p * d + p)
        store(m, a + p * d + p, 1.0)
        for j in range(d):
            store(m, a + p * d + j, over * load(m, a + p * d + j))
        for i in range(d):
            if i == p:
                continue
            factor = load(m, a + i * d + p)
            store(m, a + i * d + p, 0.0)
            for j in range(d):
                store(m, a + i * d + j, load(m, a + i * d + j) - factor * load(m, a + p * d + j))


@leaf
def _solve(m: Any, a: int, b: int, d: int) -> None:
    """Solve a symmetric system in the place of its right side."""
    for p in range(d):
        over = 1.0 / load(m, a + p * d + p)
        for i in range(p + 1, d):
            factor = over * load(m, a + i * d + p)
            for j in range(p, d):
                store(m, a + i * d + j, load(m, a + i * d + j) - factor * load(m, a + p * d + j))
            store(m, b + i, load(m, b + i) - factor * load(m, b + p))
    for back in range(d):
        p = d - 1 - back
        value = load(m, b + p)
        for j in range(p + 1, d):
            value = value - load(m, a + p * d + j) * load(m, b + j)
        store(m, b + p, value / load(m, a + p * d + p))


def repaired(m: Any, at: Any, x: int, level: int) -> int:
    """Write the repaired score at x behind the point; λ of a level stands among the numbers, from the second on."""
    d, data = at[DIM], at[DATA]
    matrix, whole = at[WORK], at[WORK] + d * d
    s, place, right = whole + d * d, whole + d * d + d, x + d
    rest = 1.0
    for e in range(at[EXPERTS]):
        rest -= get(data, at[WEIGHTS] + e)
    for i in range(d):
        store(m, right + i, 0.0)
        for j in range(d):
            store(m, whole + i * d + j, rest if i == j else 0.0)
    for e in range(at[EXPERTS]):
        power = get(data, at[WEIGHTS] + e)
        expert(m, x, s, place, at, level, e)
        _spread(m, x, s, at, level, e, place, matrix)
        _invert(m, matrix, d)
        for i in range(d):
            pulled = splat(m, 0.0)
            for j in range(d):
                entry = matrix + i * d + j
                pulled = fma(load(m, entry), load(m, s + j), pulled)
                store(m, whole + i * d + j, fma(load(m, entry), power, load(m, whole + i * d + j)))
            store(m, right + i, fma(pulled, power, load(m, right + i)))
    _solve(m, whole, right, d)
    return 0
