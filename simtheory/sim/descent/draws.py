"""The draws of the optimiser: samples of a task, and the choices of a batch.

The counter of the generator is (block, sample, step, stream), the stream being the number of a
member.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.engine.arithmetic import fused
from simtheory.sim.engine.compilation import entry, leaf, merged
from simtheory.sim.engine.lanes import LANES
from simtheory.sim.engine.random_numbers import fraction, normals, philox

Law: TypeAlias = tuple[Array, Array, Array, float, Array]

_APART = np.uint64(0xFFFFFFFFFFFFFFFF)  # as a sample: the choice of a batch; as a step: a data set


@leaf
def sample_of(law: Law, key: Any, sample: Any, step: Any, stream: Any, x: Array, y: Array) -> None:
    """Draw one input x of the task, in the concept axes, and its label y: x, or the teacher's answer.

    A teacher of k outputs leaves the labels beyond them zero, without noise.
    """
    centres, shares, spread, label_spread, teacher = law
    d, outputs = x.size, teacher.shape[0]
    u = fraction(philox(key[0], key[1], np.uint64(0), sample, step, stream)[0])
    cluster = 0
    while cluster < shares.size - 1 and u >= shares[cluster]:
        cluster += 1
    normals(key, np.intp(1), sample, step, stream, x)
    if label_spread > 0.0:
        normals(key, 1 + (d + 3) // 4, sample, step, stream, y)
    for i in range(d):
        x[i] = fused(spread[i], x[i], centres[cluster, i])
        if outputs == 0:
            y[i] = fused(label_spread, y[i], x[i]) if label_spread > 0.0 else x[i]
    if outputs > 0:
        for i in range(d):
            y[i] = label_spread * y[i] if label_spread > 0.0 and i < outputs else 0.0
            if i < outputs:
                for j in range(d):
                    y[i] = fused(teacher[i, j], x[j], y[i])


@merged
def choose(
    key: Any, step: int, streams: Any, order: IntArray, swaps: IntArray, words: Any, picks: IntArray
) -> None:
    """Pick distinct samples for each lane: the first steps of a shuffle of `order`, then undone.

    The draws of a member are counted through all steps, four to a block of the generator; `words`
    holds the block at hand.
    """
    n, count = order.size, swaps.size
    for lane in range(LANES):
        for s in range(count):
            draw = step * count + s
            if draw % 4 == 0:
                block = np.uint64(draw // 4)
                fresh = philox(key[0], key[1], block, _APART, _APART, streams[lane])
                for j in range(4):
                    words[lane, j] = fresh[j]
            swap = s + int(fraction(words[lane, draw % 4]) * (n - s))
            picks[lane, s] = order[swap]
            if count > 1:  # a single pick leaves the order as it is
                order[s], order[swap], swaps[s] = order[swap], order[s], swap
        if count > 1:
            for s in range(count):
                order[s], order[swaps[s]] = s, swaps[s]


@entry
def draw(law: Law, key: Any, streams: Any, x: Array, y: Array) -> None:
    """Draw data sets x and their labels y, both of shape (streams, n, d)."""
    for k in range(streams.size):
        for s in range(x.shape[1]):
            sample_of(law, key, np.uint64(s), _APART, streams[k], x[k, s], y[k, s])
