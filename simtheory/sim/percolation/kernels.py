"""Clusters that grow site by site, disc by disc or bond by bond, and when they wrap round a torus.

The algorithm of Newman and Ziff: what is added comes in random order, a forest of trees holds the
clusters, and one run gives every number n of added sites. A root keeps minus the size of its cluster
in `parent`; any other site keeps its parent, and in `turns` how often the way to the parent crosses the
edge of the torus along x and along y. Two ways between the same sites that cross the edge a different
number of times close a path round the torus: the cluster wraps. A path that winds along both axes, a
spiral, counts for both.

Entries add up whole numbers, so that the order of threads does not matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory._typing import Array
from simtheory.sim.engine.compilation import entry, leaf, merged
from simtheory.sim.engine.random_numbers import fraction, philox

EMPTY = np.int32(-(2**31))
"""Parent of a site that has not been added. A cluster cannot have as many sites."""

_ORDER, _PLACES = np.uint64(0), np.uint64(1)  # streams of the generator
_AHEAD = 64  # steps of a shuffle at once, so that their misses of the cache overlap
_EVERY = 4096  # added sites between two looks at the flag that ends a run early


@leaf
def _word(key: Any, run: Any, k: int, words: Any) -> Any:
    """Return random word number k of the places of a run; a block of the generator holds four."""
    if k % 4 == 0:
        fresh = philox(key[0], key[1], np.uint64(k // 4), run, np.uint64(0), _PLACES)
        for j in range(4):
            words[j] = fresh[j]
    return words[k % 4]


@leaf
def _next(key: Any, run: Any, k: int, order: Any) -> int:
    """Return the k-th entry of a random order: steps of the shuffle of Fisher and Yates, a block at a time."""
    if k % _AHEAD == 0:
        for start in range(k, min(k + _AHEAD, order.size), 4):
            words = philox(key[0], key[1], np.uint64(start // 4), run, np.uint64(0), _ORDER)
            for j in range(4):
                i = start + j
                if i < order.size:
                    swap = np.uint32(i + int(fraction(words[j]) * (order.size - i)))
                    order[i], order[swap] = order[swap], order[i]
    return order[k]


@leaf
def _root(parent: Any, i: int) -> Any:
    """Return the root of a site; every other site on the way moves up by one.

    Unsigned places spare the test for negative ones, which count from the end.
    """
    at = np.uint32(i)
    above = parent[at]
    while above >= 0:
        up = np.uint32(above)
        further = parent[up]
        if further < 0:
            return up
        parent[at] = further
        at = np.uint32(further)
        above = parent[at]
    return at


@leaf
def _root_and_turns(parent: Any, turns: Any, i: int) -> Any:
    """Return the root of a site, and how often the way to it crosses the edge along x and y."""
    x = y = 0
    at = np.uint32(i)
    above = parent[at]
    while above >= 0:
        up = np.uint32(above)
        further = parent[up]
        if further >= 0:
            turns[at, 0] += turns[up, 0]
            turns[at, 1] += turns[up, 1]
            parent[at] = further
            above = further
        x += turns[at, 0]
        y += turns[at, 1]
        at = np.uint32(above)
        above = parent[at]
    return at, x, y


@leaf
def _join(parent: Any, i: int, j: int) -> Any:
    """Join the clusters of two sites; return the size of the cluster and the product of the parts."""
    a, b = _root(parent, i), _root(parent, j)
    one, two = np.int64(parent[a]), np.int64(parent[b])
    if a == b:
        return -one, np.int64(0)
    if one > two:
        a, b = b, a
    parent[a] = one + two
    parent[b] = a
    return -(one + two), one * two


@leaf
def _join_and_wind(
    parent: Any, turns: Any, i: int, j: int, x: int, y: int, n: int, first: Any
) -> Any:
    """As `_join`, for a link from i to j that crosses the edge x and y times; note the first wraps."""
    a, ax, ay = _root_and_turns(parent, turns, i)
    b, bx, by = _root_and_turns(parent, turns, j)
    x, y = x + bx - ax, y + by - ay  # of the way from root a to root b
    if a == b:
        if x != 0 and first[0] == 0:
            first[0] = n
        if y != 0 and first[1] == 0:
            first[1] = n
        return -np.int64(parent[a]), np.int64(0)
    one, two = np.int64(parent[a]), np.int64(parent[b])
    if one > two:
        a, b = b, a
        x, y = -x, -y
    parent[a] = one + two
    parent[b] = a
    turns[b, 0] = -x
    turns[b, 1] = -y
    return -(one + two), one * two


@leaf
def _add_up(sums: Any, n: int, largest: Any, squares: Any) -> None:
    """Add the largest cluster, its square and the squares of all clusters to the sums at n."""
    big = np.int64(largest)
    sums[0, n] += big
    sums[1, n] += big * big
    sums[2, n] += squares


@merged
def _grow(
    key: Any, run: Any, side: int, reach: Any, order: Any, parent: Any, turns: Any, first: Any,
    sums: Any, stop: Any,
) -> None:  # fmt: skip
    """Add sites of a square lattice on a torus, each linked to those at the offsets `reach`."""
    for k in range(order.size):
        order[k] = k
        parent[k] = EMPTY
    wind = len(turns) > 0
    largest, squares = 1, np.int64(0)
    for k in range(order.size):
        if k % _EVERY == 0 and stop[0]:
            return
        site = _next(key, run, k, order)
        parent[site] = -1
        squares += 1
        row = site // side
        column = site - row * side
        if wind:
            turns[site, 0] = 0
            turns[site, 1] = 0
        for z in range(reach.shape[0]):
            u, v, x, y = column + reach[z, 0], row + reach[z, 1], 0, 0
            if u < 0:
                u, x = u + side, -1
            elif u >= side:
                u, x = u - side, 1
            if v < 0:
                v, y = v + side, -1
            elif v >= side:
                v, y = v - side, 1
            other = np.uint32(v * side + u)
            if parent[other] != EMPTY:
                if wind:
                    size, product = _join_and_wind(parent, turns, site, other, x, y, k + 1, first)
                else:
                    size, product = _join(parent, site, other)
                squares += 2 * product
                largest = max(largest, size)
        if sums.size:
            _add_up(sums, k + 1, largest, squares)
        elif first[0] and first[1]:
            return


@entry
def lattice_runs(
    key: Any, runs: Any, side: int, reach: Any, order: Any, parent: Any, turns: Any, first: Any,
    sums: Any, stop: Any,
) -> None:  # fmt: skip
    """Note when each run wraps, where there are turns; sum up sizes, where there are sums."""
    for r in range(runs.size):
        _grow(
            key, runs[r], side, reach, order, parent, turns, first[r if len(turns) else 0],
            sums, stop,
        )  # fmt: skip


@entry
def disc_runs(
    key: Any, runs: Any, side: float, cells: int, places: Array, after: Any, head: Any, parent: Any,
    turns: Any, words: Any, first: Any, sums: Any, stop: Any,
) -> None:  # fmt: skip
    """Add discs of diameter one at random places of a torus; note when each run wraps."""
    across = cells / side
    for r in range(runs.size):
        for c in range(head.size):
            head[c] = -1
        largest, squares = 1, np.int64(0)
        for k in range(parent.size):
            if k % _EVERY == 0 and stop[0]:
                return
            x = side * fraction(_word(key, runs[r], 2 * k, words))
            y = side * fraction(_word(key, runs[r], 2 * k + 1, words))
            places[k, 0], places[k, 1] = x, y
            parent[k] = -1
            turns[k, 0] = 0
            turns[k, 1] = 0
            squares += 1
            column, row = min(int(x * across), cells - 1), min(int(y * across), cells - 1)
            for down in range(-1, 2):
                v, ty = row + down, 0
                if v < 0:
                    v, ty = v + cells, -1
                elif v >= cells:
                    v, ty = v - cells, 1
                for right in range(-1, 2):
                    u, tx = column + right, 0
                    if u < 0:
                        u, tx = u + cells, -1
                    elif u >= cells:
                        u, tx = u - cells, 1
                    other = head[v * cells + u]
                    while other >= 0:
                        dx = places[other, 0] + tx * side - x
                        dy = places[other, 1] + ty * side - y
                        if dx * dx + dy * dy < 1.0:
                            size, product = _join_and_wind(
                                parent, turns, k, other, tx, ty, k + 1, first[r]
                            )
                            squares += 2 * product
                            largest = max(largest, size)
                        other = after[other]
            own = row * cells + column
            after[k] = head[own]
            head[own] = k
            if sums.size:
                _add_up(sums, k + 1, largest, squares)
            elif first[r, 0] and first[r, 1]:
                break


@entry
def graph_bonds(
    key: Any, runs: Any, edges: Any, order: Any, parent: Any, sums: Any, stop: Any
) -> None:
    """Add the bonds of a graph in random order; all its nodes are there from the start."""
    for r in range(runs.size):
        for k in range(order.size):
            order[k] = k
        for k in range(parent.size):
            parent[k] = -1
        largest, squares = 1, np.int64(parent.size)
        _add_up(sums, 0, largest, squares)
        for k in range(order.size):
            if k % _EVERY == 0 and stop[0]:
                return
            bond = _next(key, runs[r], k, order)
            size, product = _join(parent, edges[bond, 0], edges[bond, 1])
            squares += 2 * product
            largest = max(largest, size)
            _add_up(sums, k + 1, largest, squares)


@entry
def graph_sites(
    key: Any, runs: Any, starts: Any, ends: Any, order: Any, parent: Any, sums: Any,
    stop: Any,
) -> None:  # fmt: skip
    """Add the nodes of a graph in random order; node i has the neighbours ends[starts[i]:starts[i+1]]."""
    for r in range(runs.size):
        for k in range(order.size):
            order[k] = k
            parent[k] = EMPTY
        largest, squares = 1, np.int64(0)
        for k in range(order.size):
            if k % _EVERY == 0 and stop[0]:
                return
            node = _next(key, runs[r], k, order)
            parent[node] = -1
            squares += 1
            for e in range(starts[node], starts[node + 1]):
                if parent[ends[e]] != EMPTY:
                    size, product = _join(parent, node, ends[e])
                    squares += 2 * product
                    largest = max(largest, size)
            _add_up(sums, k + 1, largest, squares)
