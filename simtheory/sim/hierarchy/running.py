"""Strings cut into chunks, and chunks given to the kernels and to threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from simtheory._checks import as_numbers, positive_int
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError, SolveError
from simtheory.sim.engine.layout import LANES
from simtheory.sim.engine.threads import work
from simtheory.sim.hierarchy.logs import log_draw, log_messages
from simtheory.sim.hierarchy.tree import NUMBERS, Tree, tree_of
from simtheory.tasks.hierarchy import TreeGrammar

_CHUNK = 2**15
"""Messages at the leaves of a chunk, each of eight strings; starting a smaller one costs a tenth of its work."""

_SHORT = 2_000_000
"""Messages at the leaves, over all steps, from which on chunks go to threads; fewer take as long as a start."""


class Answers(NamedTuple):
    """Beliefs of strings with the prior at some level.

    Parameters
    ----------
    nodes : tuple of ndarray, shape (N, nodes, symbols)
        Beliefs at the nodes of each level, from 0 to the prior's, as far as they were wanted.
    cavity : ndarray, shape (N, d, v), or None
        Downward messages at the leaves, over their sum.
    evidence : ndarray, shape (N,)
        Logarithm of the probability of what is seen.
    """

    nodes: tuple[Array, ...]
    cavity: Array | None
    evidence: Array


def as_likelihood(grammar: TreeGrammar, likelihood: ArrayLike) -> Array:
    """Return likelihoods as an array of shape (N, d, v).

    Kernels tell strings with negative, infinite or NaN entries apart; `_refuse_wrong` names the first.
    """
    given: Any = likelihood
    plain = type(given) is np.ndarray and given.dtype == np.float64
    array = np.ascontiguousarray(given if plain else as_numbers("likelihood", given))
    wanted = (grammar.length, grammar.alphabet)
    if array.ndim != 3 or array.shape[1:] != wanted:
        raise ShapeError(
            f"Argument `likelihood` must have shape (N, {wanted[0]}, {wanted[1]}): strings, sites, tokens; "
            f"but its shape is {array.shape}."
        )
    return array


def _refuse_wrong(likelihood: Array, rows: IntArray) -> None:
    """Raise an error if one of some strings has a negative, infinite or NaN entry."""
    for first in range(0, rows.size, 256):
        part = likelihood[rows[first : first + 256]]
        wrong = np.argwhere(~((part >= 0.0) & (part < np.inf)))  # -0.0 is right
        if len(wrong):
            row, site, token = wrong[0]
            raise ArgumentError(
                "Argument `likelihood` must hold finite numbers that are not negative, but it holds "
                f"{part[row, site, token]} for token {token} at site {site} of string "
                f"{rows[first + row]}."
            )


def compute(
    grammar: TreeGrammar,
    likelihood: Array,
    tops: Sequence[int],
    *,
    nodes: bool = False,
    cavity: bool = False,
    threads: int | None = None,
) -> list[Answers]:
    """Return beliefs with the prior at each level of `tops`, which rise; one upward pass serves all.

    Beliefs at the leaves are always given, those at other nodes and the cavity if they are wanted.
    """
    from simtheory.sim.hierarchy import kernels  # loads Numba

    tree, count = tree_of(grammar), len(likelihood)
    answers = []
    for top in tops:
        shapes = [(count, tree.nodes[l], tree.sizes[l]) for l in range(top + 1)]
        arrays = _rooms((shapes if nodes else shapes[:1]) + [shapes[0]] * cavity)
        held = arrays[:-1] if cavity else arrays
        answers.append(Answers(tuple(held), arrays[-1] if cavity else None, np.empty(count)))
    evidence, used = np.empty((count, len(tops))), np.empty((count, len(tops)))
    top_levels = np.array(tops, dtype=np.int64)

    def job(part: slice, stop: Any) -> Callable[[], object]:
        def run() -> None:
            m, parts = memory(tree)
            outs = np.zeros((len(tops), tree.depth + 2), dtype=np.int64)
            for t, answer in enumerate(answers):
                if answer.cavity is not None:
                    outs[t, 0] = answer.cavity[part].ctypes.data
                for l, array in enumerate(answer.nodes, start=1):
                    outs[t, l] = array[part].ctypes.data
            kernels.beliefs(
                m.ctypes.data, tree.at.ctypes.data, parts, likelihood[part].ctypes.data,
                part.stop - part.start, top_levels, outs, tree.even, evidence[part], used[part],
                np.zeros(LANES, np.int64), np.empty(tree.row), stop,
            )  # fmt: skip

        return run

    in_chunks(job, count, grammar, threads)
    for t, (answer, top) in enumerate(zip(answers, tops, strict=True)):
        answer.evidence[:] = evidence[:, t]
        spent = np.flatnonzero(~(used[:, t] >= kernels.SPENT))
        _refuse_wrong(likelihood, spent)
        for first in range(0, spent.size, 16):
            _again(grammar, likelihood, top, answer, spent[first : first + 16])
    return answers


def _rooms(shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """Return arrays of one block of memory, each from a multiple of 64 bytes on.

    One block costs the system less than many, and rows that begin with a line of the cache are written faster.
    """
    line = 64 // 8  # numbers of a line of the cache, however many a register holds
    sizes = [-(-prod(shape) // line) * line for shape in shapes]
    raw = np.empty(sum(sizes) + line)
    first = -raw.ctypes.data % 64 // 8
    block = raw[first:]
    ends = np.cumsum([0, *sizes])
    return [
        block[begin : begin + prod(shape)].reshape(shape)
        for begin, shape in zip(ends[:-1], shapes, strict=True)
    ]


def _again(
    grammar: TreeGrammar, likelihood: Array, top: int, answer: Answers, rows: IntArray
) -> None:
    """Compute some strings in logarithms."""
    found = log_messages(grammar, likelihood[rows], top)
    impossible = np.isneginf(found.evidence)
    if impossible.any():
        raise no_evidence(likelihood, int(rows[impossible][0]))
    for l, array in enumerate(answer.nodes):
        array[rows] = found.beliefs(l)
    if answer.cavity is not None:
        whole = np.logaddexp.reduce(found.down[0], axis=-1, keepdims=True)
        answer.cavity[rows] = np.exp(found.down[0] - whole)
    answer.evidence[rows] = found.evidence


def no_evidence(likelihood: Array, string: int) -> ArgumentError:
    """Return the error of a string that no string of the grammar explains."""
    nothing = np.flatnonzero(likelihood[string].max(axis=-1) == 0.0)
    if nothing.size:
        return ArgumentError(
            "Argument `likelihood` must be positive for some token at each site, but it is zero for all "
            f"at site {nothing[0]} of string {string}."
        )
    return ArgumentError(
        f"Argument `likelihood` holds evidence that is impossible under the grammar: no string of it "
        f"explains string {string}. Use noise > 0, which leaves every token possible."
    )


def draw(
    grammar: TreeGrammar, likelihood: Array, rng: np.random.Generator, threads: int | None
) -> IntArray:
    """Draw a string from the posterior of each."""
    from simtheory.sim.hierarchy import kernels  # loads Numba

    tree, count = tree_of(grammar), len(likelihood)
    key = rng.integers(0, 2**64, size=2, dtype=np.uint64)
    strings, used = np.zeros((count, grammar.length), dtype=np.int64), np.empty(count)

    def job(part: slice, stop: Any) -> Callable[[], object]:
        def run() -> None:
            m, parts = memory(tree)
            kernels.draw(
                m.ctypes.data, tree.at.ctypes.data, parts, tree.depth, likelihood[part].ctypes.data, key,
                np.uint64(part.start), strings[part], used[part], np.zeros(LANES, np.int64),
                np.zeros((2, grammar.length), np.int64), stop,
            )  # fmt: skip

        return run

    in_chunks(job, count, grammar, threads)
    spent = np.flatnonzero(~(used >= kernels.SPENT))
    _refuse_wrong(likelihood, spent)
    for row in spent:
        if np.isneginf(log_messages(grammar, likelihood[[row]], grammar.depth).evidence[0]):
            raise no_evidence(likelihood, int(row))
        source = np.random.Generator(np.random.Philox(key=key, counter=int(row)))
        strings[row] = log_draw(grammar, likelihood[row], source)
    return strings


def reversed_noise(
    grammar: TreeGrammar,
    count: int,
    kept: Array,
    top: int,
    rng: np.random.Generator,
    *,
    posterior: bool,
    threads: int | None,
) -> IntArray:
    """Draw strings by the reverse process, with beliefs that have their prior at level `top`."""
    from simtheory.sim.hierarchy import kernels  # loads Numba

    tree = tree_of(grammar)
    key = rng.integers(0, 2**64, size=2, dtype=np.uint64)
    strings, used = random_strings(grammar, count, key), np.empty(count)

    def job(part: slice, stop: Any) -> Callable[[], object]:
        def run() -> None:
            m, parts = memory(tree)
            kernels.generate(
                m.ctypes.data, tree.at.ctypes.data, parts, top, kept, posterior, key,
                np.uint64(part.start), strings[part], used[part], np.zeros(LANES, np.int64),
                np.empty((LANES, grammar.length * grammar.alphabet)), stop,
            )  # fmt: skip

        return run

    in_chunks(job, count, grammar, threads, steps=len(kept) - 1)
    spent = np.flatnonzero(~(used >= kernels.SPENT))
    if spent.size:
        raise SolveError(
            f"Messages of string {spent[0]} left the range of float64 on the way from noise to data. "
            "Take more steps, so that no step is nearly free of noise, or a lower level.",
            time=0.0,
        )
    return strings


def random_strings(grammar: TreeGrammar, count: int, key: Any) -> IntArray:
    """Return strings of random tokens; those of a string depend on its number alone."""
    draws = np.random.Generator(np.random.Philox(key=key)).random((count, grammar.length))
    return (draws * grammar.alphabet).astype(np.int64)


def memory(tree: Tree) -> tuple[Array, tuple[int, int, int]]:
    """Return the memory of eight strings, with the numbers of the grammar, and the parts of the kernels."""
    from simtheory.sim.engine.compilation import address  # loads Numba
    from simtheory.sim.engine.lanes import room
    from simtheory.sim.hierarchy.kernels import believe, downward, upward

    m, begin = room(tree.groups), int(tree.at[NUMBERS])
    m[begin : begin + tree.numbers.size] = tree.numbers
    return m, (address(upward), address(downward), address(believe))


def in_chunks(
    job: Callable[[slice, Any], Callable[[], object]],
    count: int,
    grammar: TreeGrammar,
    threads: int | None,
    *,
    steps: int = 1,
) -> None:
    """Run the chunks of `count` strings, in threads if they are long enough."""
    workers = None if threads is None else positive_int("threads", threads)
    if not count:
        return
    stop = np.zeros(1, dtype=np.uint8)
    each = grammar.length * grammar.alphabet * steps
    chunk = max(_CHUNK // each, 1) * LANES
    jobs = [job(slice(first, min(first + chunk, count)), stop) for first in range(0, count, chunk)]
    if count * each < _SHORT or workers == 1:
        for one in jobs:
            one()
        return
    work(jobs, stop, None, workers, alone=False)
