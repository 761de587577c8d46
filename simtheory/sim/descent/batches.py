"""The samples of a step of the optimiser: drawn afresh, or rows of a data set."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.descent.draws import Law, sample_of
from simtheory.sim.descent.gradients import FRESH, Inputs
from simtheory.sim.engine.compilation import merged
from simtheory.sim.engine.lanes import LANES, load, put, store
from simtheory.sim.engine.products import gather


class Batch(NamedTuple):
    """Where the samples of a step come from, and room for what is drawn."""

    samples_from: int
    noisy: bool  # whether labels differ from inputs
    points: Array
    labels: Array
    law: Law
    key: Any
    sets: IntArray  # of each lane: its data set,
    streams: Any  # its random numbers,
    picks: IntArray  # its samples,
    starts: IntArray  # their addresses,
    words: Any  # and a block of random words
    order: IntArray
    swaps: IntArray
    one: Array
    two: Array


def batch_of(inputs: Inputs) -> Batch:
    """Return the batch of a thread, without draws as yet."""
    (points, labels), n = inputs.examples, inputs.samples
    _, size, d = points.shape
    return Batch(
        samples_from=inputs.kind,
        noisy=inputs.noisy,
        points=points,
        labels=labels,
        law=inputs.law,
        key=inputs.key,
        sets=np.zeros(LANES, np.intp),
        streams=np.zeros(LANES, np.uint64),
        picks=np.zeros((LANES, n), np.intp),
        starts=np.zeros(LANES, np.intp),
        words=np.zeros((LANES, 4), np.uint64),
        order=np.arange(size),
        swaps=np.zeros(n, np.intp),
        one=np.zeros(d),
        two=np.zeros(d),
    )


@merged
def read_samples(
    m: int,
    x: int,
    y: int,
    across: int,
    along: int,
    sign: float,
    first: int,
    count: int,
    step: int,
    batch: Batch,
) -> None:
    """Write the samples `first`, `first` + 1, … of this step to x, and `sign` times their labels to y.

    It is `across` places from sample to sample, and `along` from entry to entry.
    """
    n, d = batch.points.shape[1], batch.points.shape[2]
    for s in range(count):
        if batch.samples_from == FRESH:
            for lane in range(LANES):
                number, stream = np.uint64(first + s), batch.streams[lane]
                one, two = batch.one, batch.two
                sample_of(batch.law, batch.key, number, np.uint64(step), stream, one, two)
                for i in range(d):
                    put(m, (x + i * along) * LANES + lane, one[i])
                    put(m, (y + i * along) * LANES + lane, sign * two[i])
        else:
            for lane in range(LANES):
                sample = batch.sets[lane] * n + batch.picks[lane, first + s]
                batch.starts[lane] = batch.points.ctypes.data + 8 * d * sample
            starts = batch.starts.ctypes.data
            gather(m, x, along, d, starts)
            if batch.noisy:
                for lane in range(LANES):
                    batch.starts[lane] += batch.labels.ctypes.data - batch.points.ctypes.data
                gather(m, y, along, d, starts)
            labels = y if batch.noisy else x
            for i in range(0, d * along, along):
                store(m, y + i, sign * load(m, labels + i))
        x += across
        y += across
