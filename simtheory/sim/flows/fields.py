"""The right-hand sides of the flows on many nets at once, and how errors in them are weighed.

Three forms of state carry the four networks:

map : the lower triangle of W = U Uᵀ, row after row, n = d(d+1)/2. The cheapest form of the tied net.
factor : Uᵀ, shape (h, d). Keeps W positive semidefinite, and small modes beside large ones.
chain : the layers one after the other, first layer first, as an untied or deep net has them.

Each form is a few *parts*, all with the arguments m, at (see `engine`) and two places. The integrator
calls them by their addresses, so that each is compiled once, and only when it is needed.

Symbols
-------
h : step of a lane, which every slope is multiplied with; a : rates; x : fraction of the step.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from simtheory.sim.engine.arithmetic import (
    exp,
    fma,
    highest,
    larger,
    magnitude,
    mean_growth,
    root,
    where,
)
from simtheory.sim.engine.compilation import common
from simtheory.sim.engine.lanes import get, load, put, single, splat, spread, store, width
from simtheory.sim.engine.products import multiply, unfold
from simtheory.sim.engine.tied_slope import tied_slope

Lanes: TypeAlias = Any
Places: TypeAlias = Any  # the table `at`, whose names `engine.layout` lists

_TINY = 1e-200  # square of a norm below which the norm counts as zero
_REST = 1e-14  # distance of W from its limit up to which a net is at rest; a hundredth of the least rtol
_LEARNED = 1e-9  # distance of a diagonal entry from 1 up to which f alone tells the distance of W
_CAP = 16.0  # largest exponent of the frame; beyond, its interpolant is lost in rounding


def nothing(m: int, at: Places, i: int, j: int) -> int:
    """Stand in for a part that a form does not need."""
    return 0


def map_prepare(m: int, at: Places, i: int, j: int) -> int:
    """Write the mean rates of each entry, for nets that were just admitted."""
    for p in range(at.n):
        a, b = spread(m, at.rates, at[at.row + p]), load(m, at.rates + at[at.column + p])
        store(m, at.means + p, 0.5 * (a + b))
    return 0


@common
def map_field(m: int, at: Places, y: int, out: int) -> int:
    """W' = AW + WA − (AW² + W²A)/2 − WAW."""
    tied_slope(m, at, y, out)
    return 0


@common
def _diagonal(m: int, at: Places, y: int, k: int) -> Lanes:
    """Return the entry, or the eight of a single net, in place k of the diagonal of a triangle."""
    before = k * (k + 3) // 2
    if not single(m):
        return load(m, y + before)
    size = width(m)
    for lane in range(size):
        row = y + before * size + lane
        put(m, at.corner * size + lane, get(m, row * size + lane))
    return load(m, at.corner)


def map_weigh(m: int, at: Places, i: int, j: int) -> int:
    """Write one over √(w_ii w_jj), which bounds |w_ij|: an error of a small W grows with it."""
    for k in range(at.across):
        top = larger(_diagonal(m, at, at.y, k), _diagonal(m, at, at.y_new, k))
        store(m, at.norms + k, 1.0 / root(larger(top, _TINY)))
    for p in range(at.n):
        a, b = spread(m, at.norms, at[at.row + p]), load(m, at.norms + at[at.column + p])
        store(m, at.scale + p, a * b)
    return 0


def map_mapped(m: int, at: Places, y: int, j: int) -> int:
    """Return where the triangle of W stands."""
    return y


def map_turned(m: int, at: Places, y: int, j: int) -> int:
    """Return where Q W Qᵀ stands, in full."""
    unfold(m, at, y, at.full)
    return _turned(m, at, at.full)


@common
def _turned(m: int, at: Places, W: int) -> int:
    """Return where Q W Qᵀ stands; axes are the rows of Qᵀ, eigenvectors of the second moment."""
    d, line, square = at.d, at.line, at.line * at.across
    half, turned = at.full + square, at.full + 2 * square
    multiply(m, W, line, 1, at.axes, line, 1, half, d, d, d)
    multiply(m, at.axes, 1, line, half, line, 1, turned, d, d, d)
    return turned


def map_rest(m: int, at: Places, i: int, j: int) -> int:
    """Write to `share` 0 for each net that is at rest at W = I, else a positive number.

    Near I entry ij relaxes alone, at the rate a_i + a_j: its slope tells its distance.
    """
    worst = splat(m, 0.0)
    for p in range(at.n):
        far = fma(-2.0 * _REST, load(m, at.means + p), magnitude(load(m, at.f + p)))
        worst = larger(worst, far)
    for k in range(at.across):
        lacking = (1.0 - _LEARNED) - _diagonal(m, at, at.y, k)
        worst = larger(worst, load(m, at.rates + k) * lacking)
    store(m, at.share, highest(worst) if single(m) else worst)
    return 0


def factor_field(m: int, at: Places, y: int, out: int) -> int:
    """U' = (A − (WA + AW)/2) U, on the transposes; with a teacher B, symmetric, (BA + AB)/2 for A."""
    d, width = at.d, at[at.sizes + 1]
    M = at.work
    multiply(m, y, 1, d, y, d, 1, M, d, width, d)
    h = load(m, at.h)
    if at.is_aimed:
        for p in range(d * d):
            store(m, M + p, load(m, M + p) - load(m, at.teacher + p))
    for i in range(d):
        a = load(m, at.rates + i)
        for j in range(d):
            g = -0.5 * h * (a + load(m, at.rates + j)) * load(m, M + i * d + j)
            store(m, M + i * d + j, g)
        if not at.is_aimed:
            store(m, M + i * d + i, load(m, M + i * d + i) + h * a)
    multiply(m, y, d, 1, M, d, 1, out, width, d, d)
    return 0


@common
def factor_mapped(m: int, at: Places, y: int, j: int) -> int:
    """Return where W = U Uᵀ stands."""
    d = at.d
    multiply(m, y, 1, d, y, d, 1, at.full, d, at[at.sizes + 1], d)
    return at.full


def factor_rest(m: int, at: Places, i: int, j: int) -> int:
    """Write to `share` 0 for each net that is at rest, else a positive number.

    `share` comes with the distance that counts as rest: relaxed modes hover within the tolerance of a
    step, since stability alone limits their steps. At rest W is the projector onto h concepts, all of which are faster than the others, or onto fewer
    if the other rows of U are exactly zero. Any other projector is a saddle.
    """
    d, h = at.d, at[at.sizes + 1]
    factor_mapped(m, at, at.y, 0)
    close = larger(load(m, at.share), _REST)
    worst, count, others = splat(m, 0.0), splat(m, 0.0), splat(m, 0.0)
    slowest, fastest = splat(m, np.inf), splat(m, 0.0)
    for i in range(d):
        w, a = load(m, at.full + i * d + i), load(m, at.rates + i)
        kept = where(w - 0.5, splat(m, 1.0), 0.0)
        count = count + kept
        slowest = where(kept * (slowest - a), a, slowest)
        alive = where(w, 1.0 - kept, 0.0)
        others = others + alive
        fastest = where(alive, larger(fastest, a), fastest)
        for j in range(d):
            entry = load(m, at.full + i * d + j)
            worst = larger(worst, magnitude(entry - kept if i == j else entry))
    far = larger(worst - close, 0.0)
    unsettled = where(h - 0.5 - count, 1.0, where(fastest - slowest, splat(m, 1.0), 0.0))
    store(m, at.share, far + where(others, unsettled, 0.0))
    return 0


def factor_turned(m: int, at: Places, y: int, j: int) -> int:
    """Return where Q W Qᵀ stands."""
    return _turned(m, at, factor_mapped(m, at, y, j))


@common
def _products(m: int, at: Places, y: int) -> int:
    """Write W_2 W_1, W_3 W_2 W_1, … one after the other; return where W begins."""
    d, sizes = at.d, at.sizes
    layer, below, above = y + at[sizes + 1] * d, y, at.work
    for l in range(1, at.layers):
        rows, columns = at[sizes + l + 1], at[sizes + l]
        multiply(m, layer, columns, 1, below, d, 1, above, rows, columns, d)
        layer += rows * columns
        below = above
        above += rows * d
    return below


def chain_field(m: int, at: Places, y: int, out: int) -> int:
    """W_l' = (W_L … W_{l+1})ᵀ (B − W) A (W_{l-1} … W_1)ᵀ, by back-propagation; B = I or a teacher."""
    d, sizes = at.d, at.sizes
    below = _products(m, at, y)
    here = below + d * d  # two buffers take turns to hold (W_L … W_{l+1})ᵀ (I − W) A
    other = here
    for l in range(at.layers):
        other = max(other, here + at[sizes + l] * d)
    h = load(m, at.h)
    for i in range(d):
        for j in range(d):
            w = load(m, below + i * d + j)
            a = h * load(m, at.rates + j)
            if at.is_aimed:
                store(m, here + i * d + j, a * (load(m, at.teacher + i * d + j) - w))
            else:
                store(m, here + i * d + j, a * ((1.0 if i == j else 0.0) - w))
    layer = at.n
    for l in range(at.layers - 1, 0, -1):
        rows, columns = at[sizes + l + 1], at[sizes + l]
        layer -= rows * columns
        below = y if l == 1 else below - columns * d
        multiply(m, here, d, 1, below, 1, d, out + layer, rows, d, columns)
        multiply(m, y + layer, 1, columns, here, d, 1, other, columns, rows, d)
        here, other = other, here
    for p in range(at[sizes + 1] * d):
        store(m, out + p, load(m, here + p))
    return 0


def chain_mapped(m: int, at: Places, y: int, j: int) -> int:
    """Return where W = W_L … W_1 stands."""
    return _products(m, at, y)


def chain_turned(m: int, at: Places, y: int, j: int) -> int:
    """Return where Q W Qᵀ stands."""
    return _turned(m, at, _products(m, at, y))


def grouped_weigh(m: int, at: Places, i: int, j: int) -> int:
    """Write one over the norm of the group that an entry belongs to, at the larger end."""
    old, new = at.norms, at.norms + at.groups
    for g in range(2 * at.groups):
        store(m, at.norms + g, 0.0)
    for p in range(at.n):
        g, y, y_new = at[at.group + p], load(m, at.y + p), load(m, at.y_new + p)
        store(m, old + g, fma(y, y, load(m, old + g)))
        store(m, new + g, fma(y_new, y_new, load(m, new + g)))
    for g in range(at.groups):
        top = larger(larger(load(m, old + g), load(m, new + g)), _TINY)
        store(m, old + g, 1.0 / root(top))
    for p in range(at.n):
        store(m, at.scale + p, load(m, old + at[at.group + p]))
    return 0


# The exponential frame, for a map. Over a step of size h from W_n, whose slope is F, write
#     W = W_n + φ(x) ∘ hF + E(x) ∘ V,    E_ij = exp((g_i + g_j) x),    φ_ij = ∫ E_ij dx,
# with g_i = h a_i (1 − 2 w_ii), which come near the diagonal of the Jacobian. What V has to follow
# is the rest of the field; so learned concepts, which relax fast, no longer keep the steps short.


def frame_cap(m: int, at: Places, i: int, j: int) -> int:
    """Shorten the step where an exponent would be too large."""
    h, fastest = load(m, at.h), splat(m, 0.0)
    for k in range(at.across):
        slack = 1.0 - 2.0 * _diagonal(m, at, at.y, k)
        fastest = larger(fastest, load(m, at.rates + k) * magnitude(slack))
    if single(m):
        fastest = highest(fastest)
    store(m, at.h, h / larger(h * fastest / _CAP, 1.0))
    return 0


def frame_enter(m: int, at: Places, i: int, j: int) -> int:
    """Write the exponents of the step."""
    for k in range(at.across):
        slack = 1.0 - 2.0 * _diagonal(m, at, at.y, k)
        store(m, at.growth + k, load(m, at.h) * load(m, at.rates + k) * slack)
    return 0


@common
def frame_leave(m: int, at: Places, V: int, out: int) -> int:
    """Write W at the fraction x of the step, given V there."""
    lowered, h, x = at.raised + at.across, load(m, at.h), load(m, at.x)
    for k in range(at.across):
        g = load(m, at.growth + k) * x
        store(m, at.raised + k, exp(g))
        store(m, lowered + k, exp(0.0 - g))
    for p in range(at.n):
        i, j = at[at.row + p], at[at.column + p]
        e = spread(m, at.raised, i) * load(m, at.raised + j)
        g = (spread(m, at.growth, i) + load(m, at.growth + j)) * x
        rise = x * h * load(m, at.f + p) * mean_growth(g, e)
        store(m, out + p, load(m, at.y + p) + fma(e, load(m, V + p), rise))
    return 0


def frame_slope(m: int, at: Places, V: int, out: int) -> int:
    """Write the slope of V at the fraction x of the step."""
    lowered, h = at.raised + at.across, load(m, at.h)
    frame_leave(m, at, V, at.value)
    map_field(m, at, at.value, at.spare)
    for p in range(at.n):
        i, j = at[at.row + p], at[at.column + p]
        shrink = spread(m, lowered, i) * load(m, lowered + j)
        g = spread(m, at.growth, i) + load(m, at.growth + j)
        moved = load(m, at.value + p) - load(m, at.y + p)
        linear = fma(g, moved, h * load(m, at.f + p))
        store(m, out + p, shrink * (load(m, at.spare + p) - linear))
    return 0


def frame_lift(m: int, at: Places, v: int, j: int) -> int:
    """Turn an error of V into one of W, at the fraction x where `frame_leave` came last."""
    for p in range(at.n):
        e = spread(m, at.raised, at[at.row + p]) * load(m, at.raised + at[at.column + p])
        store(m, v + p, e * load(m, v + p))
    return 0


FORMS = {
    "map": {
        "prepare": map_prepare,
        "field": map_field,
        "weigh": map_weigh,
        "mapped": map_mapped,
        "rest": map_rest,
    },
    "factor": {
        "field": factor_field,
        "weigh": grouped_weigh,
        "mapped": factor_mapped,
        "rest": factor_rest,
    },
    "chain": {"field": chain_field, "weigh": grouped_weigh, "mapped": chain_mapped},
}
TURNED = {"map": map_turned, "factor": factor_turned, "chain": chain_turned}  # instead of "mapped"
FRAME = {
    "slope": frame_slope,
    "cap": frame_cap,
    "enter": frame_enter,
    "leave": frame_leave,
    "lift": frame_lift,
}
