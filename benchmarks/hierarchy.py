"""Strings of tree grammars against plain NumPy, on one core: ``python -m benchmarks.hierarchy``.

Belief propagation is compared with the same sums vectorised over strings in NumPy, which the kernels must
match to 1e-12; parsing with look-ups in NumPy tables, symbol for symbol. Both sides alternate in one
process; a ratio is the median over rounds of CPU time, with its range. What has no counterpart here (draws
by reverse diffusion, nearest strings, threads, memory) is given in its own units.

The released code runs on PyTorch, which this project does not install. Its times are quoted in the issue
that asked for these kernels and are not repeated.
"""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import simtheory as st

ROUNDS = 9
SETTINGS = ((8, 3, 3, 2000), (16, 4, 6, 400), (16, 4, 7, 200), (32, 8, 5, 200))  # v, m, L, strings


def numpy_beliefs(grammar: Any, likelihood: Any) -> tuple[list[Any], Any, Any]:
    """Return beliefs by level, cavity and log evidence; rules of equal probability, no underflow."""
    up, factors = [_shares(likelihood)], []
    evidence = np.log(likelihood.sum(-1)).sum(-1)
    for rules in grammar.rules:
        s = rules.shape[2]
        children = up[-1].reshape(len(likelihood), -1, s, up[-1].shape[-1])
        terms = [children[:, :, j, :][:, :, rules[:, :, j]] for j in range(s)]
        message = np.prod(terms, axis=0).mean(-1) if s > 2 else (terms[0] * terms[1]).mean(-1)
        total = message.sum(-1, keepdims=True)
        evidence = evidence + np.log(total).sum((1, 2))
        up.append(message / total)
        factors.append(terms)
    down = np.broadcast_to(grammar.root, up[-1].shape)
    evidence = evidence + np.log((down * up[-1]).sum(-1)).sum(-1)
    nodes = [_shares(down * up[-1])]
    for l in range(grammar.depth, 0, -1):
        rules, terms = grammar.rules[l - 1], factors[l - 1]
        n, m, s = rules.shape
        parts = []
        for j in range(s):
            flow = down[..., None]
            for k in range(s):
                flow = flow * terms[k] if k != j else flow
            into = np.zeros((n * m, grammar.sizes[l - 1]))
            into[np.arange(n * m), rules[:, :, j].ravel()] = 1.0
            parts.append(np.broadcast_to(flow, terms[0].shape).reshape(*flow.shape[:2], -1) @ into)
        down = _shares(np.stack(parts, axis=2).reshape(len(likelihood), -1, grammar.sizes[l - 1]))
        nodes.insert(0, _shares(down * up[l - 1]))
    return nodes, down, evidence


def _shares(message: Any) -> Any:
    return message / message.sum(-1, keepdims=True)


def pgmax_beliefs(grammar: Any) -> Callable[[Any], Any]:
    """Return a compiled function from likelihoods to beliefs at the leaves, by PGMax on the same tree.

    Its messages flow everywhere at once, so that 2 L rounds carry them from leaf to leaf; in float32.
    """
    import jax
    from pgmax import fgraph, fgroup, infer, vgroup

    levels = [
        vgroup.NDVarArray(num_states=size, shape=(count,))
        for size, count in zip(grammar.sizes, grammar.nodes, strict=True)
    ]
    graph = fgraph.FactorGraph(variable_groups=levels)
    for l, rules in enumerate(grammar.rules, start=1):
        n, m, s = rules.shape
        words = np.concatenate([np.repeat(np.arange(n), m)[:, None], rules.reshape(-1, s)], axis=1)
        families = [
            [levels[l][i], *(levels[l - 1][i * s + j] for j in range(s))]
            for i in range(grammar.nodes[l])
        ]
        graph.add_factors(
            fgroup.EnumFactorGroup(variables_for_factors=families, factor_configs=words)
        )
    passing = infer.build_inferer(graph.bp_state, backend="bp")

    def one(likelihood: Any) -> Any:
        arrays = passing.init(evidence_updates={levels[0]: jax.numpy.log(likelihood)})
        arrays = passing.run(arrays, num_iters=2 * grammar.depth, damping=0.0, temperature=1.0)
        return infer.get_marginals(passing.get_beliefs(arrays))[levels[0]]

    return jax.jit(jax.vmap(one))


def numpy_parse(grammar: Any, strings: Any) -> list[Any]:
    """Return symbols by level, by a table of all tuples for each level."""
    levels = [strings]
    for l, rules in enumerate(grammar.rules, start=1):
        n, s = grammar.sizes[l - 1], rules.shape[2]
        table = np.full(n**s + 1, -1)
        powers = n ** np.arange(s)
        table[(rules @ powers).ravel()] = np.repeat(np.arange(len(rules)), rules.shape[1])
        below = levels[-1].reshape(len(strings), -1, s)
        codes = np.where((below < 0).any(-1), n**s, below @ powers)
        levels.append(table[codes])
    return levels


def ratio(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float, float, float]:
    """Return their CPU time over ours: median, least and largest over rounds; and our least time."""
    found, least = [], np.inf
    for n in range(ROUNDS + 1):
        times = []
        for call in (ours, theirs):
            begin = time.process_time()
            call()
            times.append(time.process_time() - begin)
        if n:  # the first round warms up
            found.append(times[1] / times[0])
            least = min(least, times[0])
    return statistics.median(found), min(found), max(found), least


def gap(one: Any, two: Any) -> float:
    return float(np.abs(np.asarray(one) - two).max())


def against_pgmax(
    task: Any, given: Any, posterior: Any, say: Callable[[str], Any]
) -> list[float] | None:
    """Compare with PGMax if it is there: it takes another JAX than the nets, so no extra brings it."""
    try:
        beliefs = pgmax_beliefs(task.grammar)
    except ImportError:
        say("infer   against PGMax: not installed (pip install --no-deps pgmax)")
        return None
    single = given.astype(np.float32)
    worst = gap(beliefs(single), posterior)
    assert worst < 1e-3, worst
    middle, low, high, _ = ratio(
        lambda: st.sim.hierarchy.infer(task, given, threads=1),
        lambda: beliefs(single).block_until_ready(),
    )
    say(f"infer   against PGMax: {middle:.0f} x ({low:.0f} to {high:.0f}), gap {worst:.0e}")
    return [middle, low, high]


def threads(say: Callable[[str], Any]) -> None:
    """Time one thread against two, in turn, by the clock; alone: ``python -m benchmarks.hierarchy threads``.

    The machine must be idle. Two threads on one physical core share its arithmetic, so the processor time of
    the same work is given beside the ratio: it grows where they wait for each other.
    """
    h, task, level = (
        st.sim.hierarchy,
        st.RandomHierarchy(v=16, m=4, s=2, L=6),
        st.noise.Uniform(0.5),
    )
    given = level.likelihood(level.noised(task.sample(8000, rng=0), 16, rng=1), 16)
    calls = {
        "infer": lambda n: h.infer(task, given, threads=n),
        "generate": lambda n: h.generate(task, 2048, steps=20, rng=0, threads=n),
    }
    for name, call in calls.items():
        found = []
        for k in range(ROUNDS + 1):
            wall, spent = [], []
            for n in (1, 2):
                begin = time.perf_counter(), time.process_time()
                call(n)
                wall.append(time.perf_counter() - begin[0])
                spent.append(time.process_time() - begin[1])
            if k:  # the first round warms up
                found.append((wall[0] / wall[1], spent[1] / spent[0]))
        gained, more = np.array(found).T
        say(
            f"2 threads, {name}: {np.median(gained):.2f} x ({gained.min():.2f} to {gained.max():.2f}), "
            f"processor time {np.median(more):.2f} x"
        )


@threadpool_limits.wrap(limits=1)
def measure(*, quick: bool, say: Callable[[str], Any]) -> dict[str, Any]:
    """Time all of it on one core, say one line for each comparison, and return what the page shows."""
    pgmax, rows = None, []
    h, noise = st.sim.hierarchy, st.noise.Uniform(0.5)
    for v, m, L, count in SETTINGS:
        task = st.RandomHierarchy(v=v, m=m, s=2, L=L)
        grammar = task.grammar
        strings = task.sample(count, rng=0)
        given = noise.likelihood(noise.noised(strings, v, rng=1), v)
        ours, theirs = h.infer(task, given), numpy_beliefs(grammar, given)
        worst = max(gap(a, b) for a, b in zip(ours.nodes, theirs[0], strict=True))
        worst = max(worst, gap(ours.cavity, theirs[1]), gap(ours.log_evidence, theirs[2]))
        assert worst < 1e-12, worst
        middle, low, high, least = ratio(
            lambda: h.infer(task, given, threads=1),  # noqa: B023
            lambda: numpy_beliefs(grammar, given),  # noqa: B023
        )
        rows.append(
            {"v": v, "m": m, "L": L, "infer": [middle, low, high], "us": 1e6 * least / count}
        )
        say(
            f"infer   v={v} m={m} L={L}: {middle:.1f} x ({low:.1f} to {high:.1f}), "
            f"{1e6 * least / count:.2f} us a string, gap {worst:.0e}"
        )
        many = np.concatenate([strings] * (40_000 // count))
        parsed, looked = h.parse(task, many).symbols, numpy_parse(grammar, many)
        assert all((a == b).all() for a, b in zip(parsed, looked, strict=True))
        middle, low, high, least = ratio(
            lambda: h.parse(task, many),  # noqa: B023
            lambda: numpy_parse(grammar, many),  # noqa: B023
        )
        rows[-1]["parse"] = [middle, low, high]
        say(
            f"parse   v={v} m={m} L={L}: {middle:.1f} x ({low:.1f} to {high:.1f}), "
            f"{1e6 * least / len(many):.3f} us a string"
        )
        h.generate(task, 8, steps=2, rng=0)  # compiles
        begin = time.process_time()
        h.generate(task, 256, steps=100, rng=0, threads=1)
        spent = (time.process_time() - begin) / (256 * 100 * task.d)
        rows[-1]["ns"] = 1e9 * spent
        say(f"samples v={v} m={m} L={L}: {1e9 * spent:.1f} ns a token and step")
        if (v, L) == (8, 3):
            pgmax = against_pgmax(task, given, ours.posterior, say)
    if quick:
        return {"rounds": ROUNDS, "rows": rows, "pgmax": pgmax}
    threads(say)
    rng = np.random.default_rng(0)
    samples, train = rng.integers(0, 8, (10_000, 16)), rng.integers(0, 8, (100_000, 16))
    begin = time.process_time()
    h.nearest(samples, train, threads=1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    say(
        f"nearest of 10 000 x 100 000 strings of 16: {time.process_time() - begin:.1f} s; "
        f"peak memory of this process {peak:.2f} GiB"
    )
    return {"rounds": ROUNDS, "rows": rows, "pgmax": pgmax}


if __name__ == "__main__":
    if sys.argv[1:] == ["threads"]:
        threads(print)
    else:
        measure(quick=False, say=print)
