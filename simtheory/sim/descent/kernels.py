"""The compiled optimiser: many linear nets trained side by side, eight of them in one register.

Nets of an ensemble do the same arithmetic on other numbers, so eight of them go through every
operation together (see `engine`). Lanes do not exchange data, so the numbers of a net do not depend on
the nets beside it.

Symbols
-------
m : memory of a group of eight, by its address; d : dimension; columns : what is sent through a net at
once, a batch of samples, or the d unit vectors when only the second moment of the batch matters;
A : sum of x xᵀ over a batch; C : sum of y xᵀ, with the labels y.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.descent.batches import Batch, read_samples
from simtheory.sim.descent.draws import choose
from simtheory.sim.descent.gradients import FULL, MINIBATCH
from simtheory.sim.engine.arithmetic import fma
from simtheory.sim.engine.compilation import entry, inlined, leaf
from simtheory.sim.engine.lanes import LANES, get, load, put, splat, store
from simtheory.sim.engine.products import add_product, multiply

Rule: TypeAlias = tuple[float, float, float]

CHAIN, TIED, MAP = 0, 1, 2  # what is trained: layers, U of W = U Uᵀ, or W by the tied recurrence
_BLOCK = 16  # samples whose products are summed at once; larger batches go block by block


class Rooms(NamedTuple):
    """Where in m the arrays of a group begin."""

    weights: int
    velocity: int  # where the weights end
    sick: int  # NaN in the lanes that have left float64
    A: int
    C: int
    W: int
    left: int  # errors on their way back, in turns with `right`
    right: int
    columns: int  # on their way through the layers
    samples: int  # a block of inputs, a block of labels
    end: int


def rooms(sizes: IntArray, weights: int) -> Rooms:
    """Return where everything is, for nets of so many weights."""
    d, widest = int(sizes[0]), int(sizes.max())
    lengths = (
        *(weights, weights, 1, d * d, d * d, d * d, widest * d, widest * d),
        *(d * int(sizes.sum()), 2 * _BLOCK * d),
    )
    return Rooms(*(int(k) for k in np.cumsum([0, *lengths])))


@leaf
def _clear(m: int, x: int, n: int) -> None:
    """x = 0, over n places."""
    for i in range(n):
        store(m, x + i, 0.0)


@leaf
def _add(m: int, c: float, x: int, e: float, out: int, n: int) -> None:
    """out = c x + e out, over n places."""
    for i in range(n):
        kept = e * load(m, out + i) if e != 0.0 else splat(m, 0.0)
        store(m, out + i, fma(load(m, x + i), c, kept))


@leaf
def _symmetrise(m: int, x: int, d: int) -> None:
    """x = (x + xᵀ)/2."""
    for i in range(d):
        for j in range(i):
            mean = fma(0.5, load(m, x + j * d + i), 0.5 * load(m, x + i * d + j))
            store(m, x + j * d + i, mean)
            store(m, x + i * d + j, mean)


@leaf
def _watch_and_scale(m: int, x: int, n: int, c: float, sick: int) -> None:
    """x = c x, over n places; `sick` is NaN where an entry is not finite, else zero."""
    total = splat(m, 0.0)
    for i in range(n):
        entry = load(m, x + i)
        total = fma(entry, 0.0, total)
        store(m, x + i, c * entry)
    store(m, sick, total)


@leaf
def _note(m: int, sick: int, step: int, stopped: IntArray) -> bool:
    """Write the step to the lanes that have just become sick; return whether one is well."""
    well = False
    for lane in range(LANES):
        if get(m, sick * LANES + lane) != 0.0 and stopped[lane] < 0:
            stopped[lane] = step
        well = well or stopped[lane] < 0
    return well


@leaf
def _decayed(m: int, rule: Rule, theta: int, velocity: int, n: int) -> int:
    """Apply momentum and decay to n weights; return the place to which the step is added."""
    _, momentum, decay = rule
    if momentum > 0.0:
        _add(m, -decay, theta, momentum, velocity, n)
        return velocity
    if decay > 0.0:
        _add(m, 1.0 - decay, theta, 0.0, theta, n)
    return theta


@leaf
def _forward(m: int, sizes: IntArray, at: Rooms, stop: int, columns: int, places: IntArray) -> int:
    """Send columns through the first `stop` layers; return where they arrive.

    With columns = 0 these are the d unit vectors: they become the product of the layers, and the
    first layer is its own product.
    """
    d, layer, free = sizes[0], at.weights, at.columns
    place = layer if columns == 0 else free
    wide = d if columns == 0 else columns
    for l in range(1, stop + 1):
        above, below = sizes[l], sizes[l - 1]
        places[l - 1] = place
        free += d * below
        if l > 1 or columns > 0:
            multiply(m, layer, below, 1, place, wide, 1, free, above, below, wide)
            place = free
        layer += above * below
    places[stop] = place
    return place


@leaf
def _end_to_end(m: int, kind: int, sizes: IntArray, at: Rooms, places: IntArray) -> int:
    """Compute W and return where it is."""
    if kind == MAP:
        return at.weights
    if kind == CHAIN:
        return _forward(m, sizes, at, sizes.size - 1, np.intp(0), places)
    d, h = sizes[0], sizes[1]
    multiply(m, at.weights, h, 1, at.weights, 1, h, at.W, d, h, d)
    return at.W


@inlined
def _back(m: int, sizes: IntArray, at: Rooms, columns: int, places: IntArray, rule: Rule) -> None:
    """Send the scaled errors of the columns, which stand in `left`, back through the layers.

    A layer is changed as soon as the errors have passed it.
    """
    d, here, other = sizes[0], at.left, at.right
    wide = d if columns == 0 else columns
    layer = at.velocity - d * sizes[sizes.size - 2]
    for l in range(sizes.size - 1, 0, -1):
        above, below = sizes[l], sizes[l - 1]
        if l > 1:
            multiply(m, layer, 1, below, here, wide, 1, other, below, above, wide)
        into = _decayed(m, rule, layer, layer + at.velocity, above * below)
        if l > 1 or columns > 0:
            add_product(m, here, wide, 1, places[l - 1], 1, wide, into, above, wide, below)
        else:
            _add(m, 1.0, here, 1.0, into, above * below)
        here, other = other, here
        if l > 1:
            layer -= below * sizes[l - 2]


@inlined
def _step_on_samples(
    m: int, kind: int, sizes: IntArray, at: Rooms, n: int, places: IntArray, rule: Rule
) -> None:
    """Take a step on n samples, which stand where `read_samples` has put them."""
    d, h, left, right = sizes[0], sizes[1], at.left, at.right
    if kind == TIED:  # all with a row for each sample
        x, z, back = left + n * d, right, right + n * h
        multiply(m, x, d, 1, at.weights, h, 1, z, n, d, h)
        add_product(m, z, h, 1, at.weights, 1, h, left, n, h, d)
        _watch_and_scale(m, left, n * d, -0.5 * rule[0] * (1.0 / n), at.sick)
        multiply(m, left, d, 1, at.weights, h, 1, back, n, d, h)
        into = _decayed(m, rule, at.weights, at.velocity, d * h)
        add_product(m, left, 1, d, right, h, 1, into, d, 2 * n, h)
    else:
        last = sizes.size - 2
        below, width = _forward(m, sizes, at, last, n, places), sizes[last]
        add_product(m, at.velocity - d * width, width, 1, below, n, 1, left, d, width, n)
        _watch_and_scale(m, left, d * n, -rule[0] * (1.0 / n), at.sick)
        _back(m, sizes, at, n, places, rule)


@inlined
def _step_on_moments(
    m: int,
    kind: int,
    sizes: IntArray,
    at: Rooms,
    n: int,
    noisy: bool,
    places: IntArray,
    rule: Rule,
) -> None:
    """Take a step on the moments A and C, sums over n samples."""
    d, h, left, right = sizes[0], sizes[1], at.left, at.right
    W = _end_to_end(m, kind, sizes, at, places)
    _add(m, -1.0, at.C if noisy else at.A, 0.0, left, d * d)
    add_product(m, W, d, 1, at.A, d, 1, left, d, d, d)
    _watch_and_scale(m, left, d * d, -rule[0] * (1.0 / n), at.sick)
    if kind == CHAIN:
        _back(m, sizes, at, 0, places, rule)
        return
    _symmetrise(m, left, d)
    if kind == TIED:
        _add(m, 1.0, at.weights, 0.0, right, d * h)
        into = _decayed(m, rule, at.weights, at.velocity, d * h)
        add_product(m, left, d, 1, right, h, 1, into, d, d, h)
    else:
        multiply(m, left, d, 1, at.weights, d, 1, right, d, d, d)
        _symmetrise(m, right, d)  # to the last bit, or what is left of the skew part would grow
        into = _decayed(m, rule, at.weights, at.velocity, d * d)
        _add(m, 2.0, right, 1.0, into, d * d)


@inlined
def _moments(m: int, d: int, at: Rooms, n: int, step: int, batch: Batch) -> None:
    """Sum A and C over the n samples of this step, a few at a time."""
    x, y = at.samples, at.samples + _BLOCK * d
    _clear(m, at.A, 2 * d * d)
    for first in range(0, n, _BLOCK):
        count = min(_BLOCK, n - first)
        read_samples(m, x, y, d, np.intp(1), 1.0, first, count, step, batch)
        add_product(m, x, 1, d, x, d, 1, at.A, d, count, d)
        if batch.noisy:
            add_product(m, y, 1, d, x, d, 1, at.C, d, count, d)


@entry
def train(
    m: int,
    kind: int,
    sizes: IntArray,
    at: Rooms,
    weights: Array,
    sets: IntArray,
    streams: Any,
    moments: Array,
    batch: Batch,
    plan: tuple[int, int, int],
    rule: Rule,
    places: IntArray,
    stopped: IntArray,
    maps: Array,
    kept: Array,
    ends: IntArray,
    stop: Array,
) -> None:
    """Train all members of an ensemble, eight at a time.

    Parameters
    ----------
    m : int
        Address of ``at.end`` groups of lanes to work in.
    kind : int
        `CHAIN`, `TIED` or `MAP`.
    sizes : ndarray of int
        Dimension and the widths after each layer: (d, h) for a tied net.
    at : Rooms
        Where in m everything is.
    weights : ndarray, shape (M, P)
        Weights of each member at the start, its layers one after the other.
    sets : ndarray of int, shape (M,)
        The data set, or the pair of moments, of each member.
    streams : ndarray of uint64, shape (M,)
        The random numbers of each member.
    moments : ndarray, shape (S, 2, d, d)
        A and C per sample, for a `FULL` gradient.
    batch : Batch
        Where samples come from.
    plan : tuple of int
        Steps, steps from record to record, and samples in a step; one for a `FULL` gradient.
    rule : tuple of float
        Canonical step, momentum, and the share of a weight that decays in a step.
    places, stopped : ndarray of int, shape (layers + 1,) and (8,)
        Room for where the columns are after each layer, and for the ends of a group.
    maps : ndarray, shape (M, T, d, d)
        Takes W at the recorded steps.
    kept : ndarray, shape (M, T, P) or (M, T, 0)
        Takes the weights themselves, or nothing.
    ends : ndarray of int, shape (M,)
        Takes the step at which W was no longer finite, −1 if there was none.
    stop : ndarray of uint8, shape (1,)
        When it is raised from outside, everything is left as it is.
    """
    steps, every, n = plan
    samples_from, key, order, swaps = batch.samples_from, batch.key, batch.order, batch.swaps
    members, P, d = maps.shape[0], weights.shape[1], sizes[0]
    direct = samples_from != FULL and kind != MAP and 2 * n <= d
    for group in range(0, members, LANES):
        _clear(m, at.velocity, P)
        for lane in range(LANES):
            member = min(group + lane, members - 1)
            stopped[lane], batch.sets[lane] = -1, sets[member]
            batch.streams[lane] = streams[member]
            for i in range(P):
                put(m, (at.weights + i) * LANES + lane, weights[member, i])
            if samples_from == FULL:
                for i in range(d):
                    for j in range(d):
                        p = (i * d + j) * LANES + lane
                        put(m, at.A * LANES + p, moments[sets[member], 0, i, j])
                        put(m, at.C * LANES + p, moments[sets[member], 1, i, j])
        well = True
        for step in range(steps + 1):
            if step % every == 0 or step == steps:
                W = _end_to_end(m, kind, sizes, at, places)
                _watch_and_scale(m, W, d * d, 1.0, at.sick)
                well = _note(m, at.sick, step, stopped)
                if step % every == 0:
                    for lane in range(min(LANES, members - group)):
                        for i in range(d):
                            for j in range(d):
                                entry = get(m, (W + i * d + j) * LANES + lane)
                                maps[group + lane, step // every, i, j] = entry
                        for i in range(kept.shape[2]):
                            entry = get(m, (at.weights + i) * LANES + lane)
                            kept[group + lane, step // every, i] = entry
            if step == steps or not well:
                break
            if stop[0] != 0:
                return
            if samples_from == MINIBATCH:
                choose(key, step, batch.streams, order, swaps, batch.words, batch.picks)
            if direct:
                x, across, along = (at.left + n * d, d, 1) if kind == TIED else (at.columns, 1, n)
                read_samples(m, x, at.left, across, along, -1.0, np.intp(0), n, step, batch)
                _step_on_samples(m, kind, sizes, at, n, places, rule)
            else:
                if samples_from != FULL:
                    _moments(m, d, at, n, step, batch)
                _step_on_moments(m, kind, sizes, at, n, batch.noisy, places, rule)
            well = _note(m, at.sick, step, stopped)
            if rule[1] > 0.0:
                _add(m, 1.0, at.velocity, 1.0, at.weights, P)
        for lane in range(min(LANES, members - group)):
            ends[group + lane] = stopped[lane]
