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
from simtheory.sim.engine.prefetching import prefetch
from simtheory.sim.engine.random_numbers import fraction, philox

EMPTY = np.int32(-(2**31))
"""Parent of a site that has not been added. A cluster cannot have as many sites."""

_ORDER, _PLACES = np.uint64(0), np.uint64(1)  # streams of the generator
BLOCK = 64
"""Steps of a shuffle that are drawn at once: what they need of the memory is asked for together."""

_EARLY = 12  # added sites between asking for the memory of a site and using it
_SOON = 6  # the same for what its neighbours are tied to, which is read when the site has come
_CACHED = 2**16  # sites whose arrays stay in the caches, so that nothing is asked for early
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
def _shuffle(key: Any, run: Any, start: int, order: Any, swaps: Any) -> int:
    """Draw the next block of a random order from place `start` on, by Fisher and Yates; return its end."""
    end = min(start + BLOCK, order.size)
    for k in range(start, end, 4):
        words = philox(key[0], key[1], np.uint64(k // 4), run, np.uint64(0), _ORDER)
        for j in range(4):
            swap = k + j + int(fraction(words[j]) * (order.size - k - j))
            swaps[k + j - start] = swap
            prefetch(order, swap)
    for k in range(start, end):
        swap = swaps[k - start]
        order[k], order[swap] = order[swap], order[k]
    return end


@merged
def _root(parent: Any, i: Any) -> Any:
    """Return the root of a site; every other site on the way is tied to the next but one.

    The first step is a choice and no branch: whether a site is a root is as good as random. Unsigned places
    spare the test for negative ones, which count from the end.
    """
    at = np.uint32(i)
    above = parent[at]
    up = np.uint32(above) if above >= 0 else at
    above = parent[up]
    while above >= 0:
        parent[at] = above
        at = up
        up = np.uint32(above)
        above = parent[up]
    return up


@merged
def _root_and_turns(parent: Any, turns: Any, i: Any) -> Any:
    """Return the root of a site, and how often the way to it crosses the edge along x and y."""
    at = np.uint32(i)
    above = parent[at]
    x, y = (int(turns[at, 0]), int(turns[at, 1])) if above >= 0 else (0, 0)
    up = np.uint32(above) if above >= 0 else at
    above = parent[up]
    while above >= 0:
        right, down = turns[up, 0], turns[up, 1]
        turns[at, 0] += right
        turns[at, 1] += down
        x += right
        y += down
        parent[at] = above
        at = up
        up = np.uint32(above)
        above = parent[up]
    return up, x, y


@merged
def _join(parent: Any, a: Any, size: Any, i: Any) -> Any:
    """Join the cluster of root a with that of site i; return its root, its size and the product of the parts.

    Choices and no branches, also where both are one cluster already: that is as good as random.
    """
    b = _root(parent, i)
    other = np.int64(0) if a == b else -np.int64(parent[b])
    above, below = (a, b) if size >= other else (b, a)
    parent[below] = above
    parent[above] = -(size + other)
    return above, size + other, size * other


@merged
def _join_and_wind(
    parent: Any, turns: Any, a: Any, size: Any, ax: Any, ay: Any, i: Any, x: Any, y: Any, n: int,
    first: Any,
) -> Any:  # fmt: skip
    """As `_join`, for a link that crosses the edge x and y times; note the first wraps.

    The way from the site that is added to root a crosses the edge ax and ay times; that to the root of
    both is returned too.
    """
    b, bx, by = _root_and_turns(parent, turns, i)
    x, y = x + bx, y + by  # of the way from the added site to root b
    if a == b:
        if x != ax and first[0] == 0:
            first[0] = n
        if y != ay and first[1] == 0:
            first[1] = n
        return a, size, ax, ay, np.int64(0)
    other = -np.int64(parent[b])
    total, product = size + other, size * other
    if size >= other:
        parent[b] = a
        turns[b, 0], turns[b, 1] = ax - x, ay - y
        parent[a] = -total
        return a, total, ax, ay, product
    parent[a] = b
    turns[a, 0], turns[a, 1] = x - ax, y - ay
    parent[b] = -total
    return b, total, x, y, product


@merged
def _add_up(sums: Any, n: int, largest: Any, squares: Any) -> None:
    """Add the largest cluster, its square and the squares of all clusters to the sums at n."""
    big = np.int64(largest)
    sums[0, n] += big
    sums[1, n] += big * big
    sums[2, n] += squares


@merged
def _neighbours(site: Any, side: int, reach: Any, parent: Any, near: Any) -> int:
    """List the added neighbours of a site: place, and how often the link crosses the edge; return their number.

    Every neighbour is written, and the next one over it where it has not been added: whether it has is as
    good as random, and a branch on it would be foretold wrongly half the time.
    """
    row = site // side
    column = site - row * side
    far = -reach[0, 0]  # the offsets are sorted
    found = 0
    if far <= column < side - far and far <= row < side - far:
        for z in range(reach.shape[0]):
            other = np.uint32(site + reach[z, 1] * side + reach[z, 0])
            near[found, 0], near[found, 1], near[found, 2] = other, 0, 0
            found += parent[other] != EMPTY
        return found
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
        near[found, 0], near[found, 1], near[found, 2] = other, x, y
        found += parent[other] != EMPTY
    return found


@leaf
def _grow(
    key: Any, run: Any, side: int, reach: Any, order: Any, parent: Any, turns: Any, near: Any,
    swaps: Any, first: Any, sums: Any, stop: Any,
) -> None:  # fmt: skip
    """Add sites of a square lattice on a torus, each linked to those at the offsets `reach`."""
    for k in range(order.size):
        order[k] = k
        parent[k] = EMPTY
    wind, large = len(turns) > 0, order.size > _CACHED
    far = -reach[0, 0]
    largest, squares, drawn = np.int64(1), np.int64(0), 0
    for k in range(order.size):
        if k == drawn:
            if stop[0]:
                return
            drawn = _shuffle(key, run, k, order, swaps)
        if large and k + _EARLY < drawn:
            for row in range(-far, far + 1):
                ahead = order[k + _EARLY] + row * side
                prefetch(parent, ahead)
                if wind:
                    prefetch(turns, 2 * ahead)
            for z in range(reach.shape[0]):
                ahead = order[k + _SOON] + reach[z, 1] * side + reach[z, 0]
                above = max(parent[min(max(ahead, 0), order.size - 1)], 0)
                prefetch(parent, above)
                if wind:
                    prefetch(turns, 2 * above)
        site = np.uint32(order[k])
        found = _neighbours(np.int64(site), side, reach, parent, near)
        parent[site] = -1
        squares += 1
        root, size = site, np.int64(1)
        if wind:
            turns[site, 0] = 0
            turns[site, 1] = 0
            ax = ay = np.int64(0)
            for z in range(found):
                root, size, ax, ay, product = _join_and_wind(
                    parent, turns, root, size, ax, ay, near[z, 0], near[z, 1], near[z, 2], k + 1, first
                )  # fmt: skip
                squares += 2 * product
        else:
            for z in range(found):
                root, size, product = _join(parent, root, size, near[z, 0])
                squares += 2 * product
        largest = max(largest, size)
        if sums.size:
            _add_up(sums, k + 1, largest, squares)
        elif first[0] and first[1]:
            return


@entry
def lattice_runs(
    key: Any, runs: Any, side: int, reach: Any, order: Any, parent: Any, turns: Any, near: Any,
    swaps: Any, first: Any, sums: Any, stop: Any,
) -> None:  # fmt: skip
    """Note when each run wraps, where there are turns; sum up sizes, where there are sums."""
    for r in range(runs.size):
        _grow(
            key, runs[r], side, reach, order, parent, turns, near, swaps,
            first[r if len(turns) else 0], sums, stop,
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
        largest, squares = np.int64(1), np.int64(0)
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
            root, size = np.uint32(k), np.int64(1)
            ax = ay = np.int64(0)  # one type from the start: another one would be compiled too
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
                            root, size, ax, ay, product = _join_and_wind(
                                parent, turns, root, size, ax, ay, other, tx, ty, k + 1, first[r]
                            )
                            squares += 2 * product
                        other = after[other]
            largest = max(largest, size)
            own = row * cells + column
            after[k] = head[own]
            head[own] = k
            if sums.size:
                _add_up(sums, k + 1, largest, squares)
            elif first[r, 0] and first[r, 1]:
                break


@entry
def graph_bonds(
    key: Any, runs: Any, edges: Any, order: Any, parent: Any, swaps: Any, sums: Any, stop: Any
) -> None:
    """Add the bonds of a graph in random order; all its nodes are there from the start."""
    large = parent.size > _CACHED
    for r in range(runs.size):
        for k in range(order.size):
            order[k] = k
        for k in range(parent.size):
            parent[k] = -1
        largest, squares, drawn = np.int64(1), np.int64(parent.size), 0
        _add_up(sums, 0, largest, squares)
        for k in range(order.size):
            if k == drawn and largest < parent.size:  # later bonds change nothing
                if stop[0]:
                    return
                drawn = _shuffle(key, runs[r], k, order, swaps)
                for i in range(k, drawn):
                    prefetch(edges, 2 * order[i])
            if k < drawn:
                if large and k + _EARLY < drawn:
                    for end in range(2):
                        prefetch(parent, edges[order[k + _EARLY], end])
                        prefetch(parent, max(parent[edges[order[k + _SOON], end]], 0))
                bond = np.uint32(order[k])
                root = _root(parent, edges[bond, 0])
                size = -np.int64(parent[root])
                root, size, product = _join(parent, root, size, edges[bond, 1])
                squares += 2 * product
                largest = max(largest, size)
            _add_up(sums, k + 1, largest, squares)


@entry
def graph_sites(
    key: Any, runs: Any, starts: Any, ends: Any, order: Any, parent: Any, swaps: Any,
    sums: Any, stop: Any,
) -> None:  # fmt: skip
    """Add the nodes of a graph in random order; node i has the neighbours ends[starts[i]:starts[i+1]]."""
    for r in range(runs.size):
        for k in range(order.size):
            order[k] = k
            parent[k] = EMPTY
        largest, squares, drawn = np.int64(1), np.int64(0), 0
        for k in range(order.size):
            if k == drawn:
                if stop[0]:
                    return
                drawn = _shuffle(key, runs[r], k, order, swaps)
            node = np.uint32(order[k])
            parent[node] = -1
            squares += 1
            root, size = node, np.int64(1)
            for e in range(starts[node], starts[node + 1]):
                if parent[ends[e]] != EMPTY:
                    root, size, product = _join(parent, root, size, ends[e])
                    squares += 2 * product
            largest = max(largest, size)
            _add_up(sums, k + 1, largest, squares)
