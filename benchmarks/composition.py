"""Cost of a move of annealed chains in `sim.composition` and four peers: ``python -m benchmarks.composition``.

Each program brings 1024 chains down 100 levels, from λ = 4 to 1e-4 and then 0, with five moves at each:
MALA with δ = 0.3 v, or HMC with h = 0.7 √v and three leapfrog steps, float64, one thread. The peers are
blackjax under ``vmap``, the same chains written out for batches in JAX, in NumPy, and chain by chain in
Numba. All are given the precision matrices of each level, and alternate in one process. Costs are CPU
seconds per move and chain; a ratio is the median over rounds, with its range. Before they are timed,
their acceptance is compared, within 0.002, and so are masses and variances at the end, within three
standard errors.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import blackjax
import jax
import jax.numpy as jnp
import numpy as np
from numba import njit
from threadpoolctl import threadpool_limits

from simtheory import observe
from simtheory.results import Samples
from simtheory.sim import composition as sp
from simtheory.tasks import Composition, GaussianMixture, du2023

ROUNDS, CHAINS, MOVES, LEAPFROG = 5, 1024, 5, 3
LEVELS = sp.Levels.geometric(4.0, 1e-4, 100)


class Problem(NamedTuple):
    """A composition, the cells whose masses are compared, and the kernel."""

    name: str
    composition: Composition
    centres: np.ndarray
    kernel: Any


def _many(full: bool) -> Composition:
    """Return five experts of four components in ten dimensions."""
    rng, experts = np.random.default_rng(0), []
    for _ in range(5):
        means, A = rng.standard_normal((4, 10)), rng.standard_normal((4, 10, 10)) / 4
        spread = A @ np.swapaxes(A, 1, 2) + 0.2 * np.eye(10)
        diagonal = np.diagonal(spread, axis1=1, axis2=2)
        experts.append(GaussianMixture(np.full(4, 0.25), means, spread if full else diagonal))
    return Composition(experts)


def problems() -> list[Problem]:
    """Return the four problems."""
    plane, centres = du2023.ring_times_bar(), du2023.ring_centres()
    halves = np.stack([np.eye(10)[0], -np.eye(10)[0]])
    return [
        Problem("ring x bar, MALA", plane, centres, sp.MALA()),
        Problem("ring x bar, HMC", plane, centres, sp.HMC(damping=0.0)),
        Problem("10-D, 5 experts x 4, diagonal, MALA", _many(False), halves, sp.MALA()),
        Problem("10-D, 5 experts x 4, full, MALA", _many(True), halves, sp.MALA()),
    ]


class Arrays(NamedTuple):
    """Experts at all levels: constants (T, k), precisions (T, k, d) or (T, k, d, d); means (k, d)."""

    constants: Any
    means: Any
    precisions: Any


def arrays_of(problem: Problem) -> tuple[list[Arrays], np.ndarray, float]:
    """Return the experts, the step at each level, and the variance of the start."""
    c, found = problem.composition, []
    for expert in c.experts:
        spread = expert.variances + LEVELS.values[:, None, None]
        constants = np.log(expert.weights) - 0.5 * np.log(2 * np.pi * spread).sum(2)
        precisions = 1.0 / spread
        if expert.axes is not None:
            precisions = np.einsum("kde,tke,kfe->tkdf", expert.axes, precisions, expert.axes)
        found.append(Arrays(constants, expert.means, np.ascontiguousarray(precisions)))
    sizes = problem.kernel.size(sp.narrowest(c, LEVELS.values))
    return found, sizes, float(LEVELS.values[0] / c.total_weight)


def ours(problem: Problem) -> Callable[[int], tuple[np.ndarray, float]]:
    """Return the program of `sim.composition`."""

    def run(seed: int) -> tuple[np.ndarray, float]:
        method = sp.Annealed(problem.kernel, steps=MOVES)
        drawn = sp.sample(method, problem.composition, CHAINS, levels=LEVELS, rng=seed, threads=1)
        assert drawn.acceptance is not None
        return drawn.points, float(drawn.acceptance.mean())

    return run


def _log_density(xp: Any, x: Any, experts: list[Arrays]) -> tuple[Any, Any]:
    """Return log-densities and scores of points (n, d), for NumPy and JAX."""
    total, score = 0.0, 0.0
    for constants, means, precisions in experts:
        gap = x[:, None, :] - means
        pull = (
            gap * precisions if precisions.ndim == 2 else xp.einsum("nki,kij->nkj", gap, precisions)
        )
        logs = constants - 0.5 * (gap * pull).sum(-1)
        top = logs.max(1, keepdims=True)
        shares = xp.exp(logs - top)
        sums = shares.sum(1, keepdims=True)
        total = total + (top + xp.log(sums))[:, 0]
        score = score - xp.einsum("nk,nki->ni", shares / sums, pull)
    return total, score


def _move(xp: Any, state: Any, experts: Any, size: Any, hmc: bool, noise: Any, u: Any) -> Any:
    """Return the state after a move of a batch, and the mean probability of acceptance."""
    x, logs, score = state
    if hmc:
        y, v, pull = x, noise, score
        for _ in range(LEAPFROG):
            v = v + 0.5 * size * pull
            y = y + size * v
            new_logs, pull = _log_density(xp, y, experts)
            v = v + 0.5 * size * pull
        gain = new_logs - logs + 0.5 * ((noise**2).sum(1) - (v**2).sum(1))
    else:
        y = x + size * score + xp.sqrt(2 * size) * noise
        new_logs, pull = _log_density(xp, y, experts)
        back = ((x - y - size * pull) ** 2).sum(1) - 2 * size * (noise**2).sum(1)
        gain = new_logs - logs - back / (4 * size)
    chance = xp.exp(xp.minimum(gain, 0.0))
    taken = u < chance
    state = (
        xp.where(taken[:, None], y, x),
        xp.where(taken, new_logs, logs),
        xp.where(taken[:, None], pull, score),
    )
    return state, chance.mean()


def in_numpy(problem: Problem) -> Callable[[int], tuple[np.ndarray, float]]:
    """Return batches in NumPy."""
    experts, sizes, start = arrays_of(problem)
    hmc, d = isinstance(problem.kernel, sp.HMC), problem.composition.dim

    def run(seed: int) -> tuple[np.ndarray, float]:
        rng, rates = np.random.default_rng(seed), 0.0
        x = np.sqrt(start) * rng.standard_normal((CHAINS, d))
        for level, size in enumerate(sizes):
            here = [Arrays(e.constants[level], e.means, e.precisions[level]) for e in experts]
            state = (x, *_log_density(np, x, here))
            for _ in range(MOVES):
                noise, u = rng.standard_normal((CHAINS, d)), rng.random(CHAINS)
                state, rate = _move(np, state, here, size, hmc, noise, u)
                rates += float(rate)
            x = state[0]
        return x, rates / (len(sizes) * MOVES)

    return run


def in_jax(problem: Problem) -> Callable[[int], tuple[np.ndarray, float]]:
    """Return batches in JAX: scans over levels and moves."""
    experts, sizes, start = arrays_of(problem)
    hmc, d = isinstance(problem.kernel, sp.HMC), problem.composition.dim
    means = [jnp.asarray(e.means) for e in experts]
    inputs = [(jnp.asarray(e.constants), jnp.asarray(e.precisions)) for e in experts]

    @jax.jit
    def program(key: Any) -> Any:
        first, rest = jax.random.split(key)

        def one(x: Any, here: Any) -> Any:
            parts, size, key = here
            found = [Arrays(b, m, P) for (b, P), m in zip(parts, means, strict=True)]

            def move(state: Any, key: Any) -> Any:
                a, b = jax.random.split(key)
                noise, u = jax.random.normal(a, (CHAINS, d)), jax.random.uniform(b, (CHAINS,))
                return _move(jnp, state, found, size, hmc, noise, u)

            state = (x, *_log_density(jnp, x, found))
            state, rates = jax.lax.scan(move, state, jax.random.split(key, MOVES))
            return state[0], rates.mean()

        x = jnp.sqrt(start) * jax.random.normal(first, (CHAINS, d))
        keys = jax.random.split(rest, len(sizes))
        x, rates = jax.lax.scan(one, x, (inputs, jnp.asarray(sizes), keys))
        return x, rates.mean()

    def run(seed: int) -> tuple[np.ndarray, float]:
        x, rate = program(jax.random.key(seed))
        return np.asarray(x), float(rate)

    return run


def by_blackjax(problem: Problem) -> Callable[[int], tuple[np.ndarray, float]]:
    """Return the kernels of blackjax under ``vmap``, made anew at each level, as they keep densities."""
    experts, sizes, start = arrays_of(problem)
    hmc, d = isinstance(problem.kernel, sp.HMC), problem.composition.dim
    means = [jnp.asarray(e.means) for e in experts]
    inputs = [(jnp.asarray(e.constants), jnp.asarray(e.precisions)) for e in experts]

    @jax.jit
    def program(key: Any) -> Any:
        first, rest = jax.random.split(key)

        def one(x: Any, here: Any) -> Any:
            parts, size, key = here

            def target(x: Any) -> Any:
                total = 0.0
                for (constants, precisions), m in zip(parts, means, strict=True):
                    gap = x - m
                    if precisions.ndim == 2:
                        square = (gap**2 * precisions).sum(-1)
                    else:
                        square = jnp.einsum("ki,kij,kj->k", gap, precisions, gap)
                    total = total + jax.nn.logsumexp(constants - 0.5 * square)
                return total

            if hmc:
                kernel = blackjax.hmc(target, size, jnp.ones(d), LEAPFROG)
            else:
                kernel = blackjax.mala(target, size)

            def move(states: Any, key: Any) -> Any:
                states, info = jax.vmap(kernel.step)(jax.random.split(key, CHAINS), states)
                return states, info.acceptance_rate.mean()

            states = jax.vmap(kernel.init)(x)
            states, rates = jax.lax.scan(move, states, jax.random.split(key, MOVES))
            return states.position, rates.mean()

        x = jnp.sqrt(start) * jax.random.normal(first, (CHAINS, d))
        keys = jax.random.split(rest, len(sizes))
        x, rates = jax.lax.scan(one, x, (inputs, jnp.asarray(sizes), keys))
        return x, rates.mean()

    def run(seed: int) -> tuple[np.ndarray, float]:
        x, rate = program(jax.random.key(seed))
        return np.asarray(x), float(rate)

    return run


@njit(error_model="numpy", fastmath={"contract", "reassoc", "arcp", "nsz"})
def _scalar(x, first, constants, means, precisions, full, score, pull):  # type: ignore[no-untyped-def]
    """Return the log-density at a point, and write its score."""
    d, total = x.size, 0.0
    score[:] = 0.0
    logs = np.empty(constants.size)
    for e in range(first.size - 1):
        top, sums = -1e300, 0.0
        for k in range(first[e], first[e + 1]):
            square = 0.0
            for i in range(d):
                if full:
                    row = 0.0
                    for j in range(d):
                        row += precisions[k, i * d + j] * (x[j] - means[k, j])
                else:
                    row = precisions[k, i] * (x[i] - means[k, i])
                pull[k, i] = row
                square += row * (x[i] - means[k, i])
            logs[k] = constants[k] - 0.5 * square
            top = max(top, logs[k])
        for k in range(first[e], first[e + 1]):
            logs[k] = np.exp(logs[k] - top)
            sums += logs[k]
        for k in range(first[e], first[e + 1]):
            for i in range(d):
                score[i] -= logs[k] / sums * pull[k, i]
        total += top + np.log(sums)
    return total


@njit(error_model="numpy", fastmath={"contract", "reassoc", "arcp", "nsz"})
def _chains(points, seed, first, constants, means, precisions, full, sizes, moves, leaps):  # type: ignore[no-untyped-def]
    """Run the chains one after the other, and return the mean probability of acceptance."""
    np.random.seed(seed)  # noqa: NPY002
    n, d = points.shape
    rates, pull = 0.0, np.empty((constants.shape[1], d))
    score, new, v, y = np.empty(d), np.empty(d), np.empty(d), np.empty(d)
    for chain in range(n):
        x = points[chain]
        for level in range(sizes.size):
            size = sizes[level]
            b, P = constants[level], precisions[level]
            logs = _scalar(x, first, b, means, P, full, score, pull)
            for _ in range(moves):
                before = back = 0.0
                for i in range(d):
                    v[i] = np.random.standard_normal()  # noqa: NPY002
                    before += v[i] * v[i]
                if leaps:
                    y[:], new[:], after = x, score, 0.0
                    for _ in range(leaps):
                        for i in range(d):
                            v[i] += 0.5 * size * new[i]
                            y[i] += size * v[i]
                        new_logs = _scalar(y, first, b, means, P, full, new, pull)
                        for i in range(d):
                            v[i] += 0.5 * size * new[i]
                    for i in range(d):
                        after += v[i] * v[i]
                    gain = new_logs - logs + 0.5 * (before - after)
                else:
                    for i in range(d):
                        y[i] = x[i] + size * score[i] + np.sqrt(2 * size) * v[i]
                    new_logs = _scalar(y, first, b, means, P, full, new, pull)
                    for i in range(d):
                        back += (x[i] - y[i] - size * new[i]) ** 2
                    gain = new_logs - logs - (back - 2 * size * before) / (4 * size)
                chance = np.exp(min(gain, 0.0))
                rates += chance
                if np.random.random() < chance:  # noqa: NPY002
                    x[:], score[:], logs = y, new, new_logs
    return rates / (n * sizes.size * moves)


def in_numba(problem: Problem) -> Callable[[int], tuple[np.ndarray, float]]:
    """Return chain after chain in Numba, with its own compiler flags for speed."""
    experts, sizes, start = arrays_of(problem)
    d = problem.composition.dim
    first = np.cumsum([0, *(len(e.means) for e in experts)])
    constants = np.concatenate([e.constants for e in experts], axis=1)
    means = np.concatenate([e.means for e in experts])
    flat = [e.precisions.reshape(*e.constants.shape, -1) for e in experts]
    precisions, full = np.concatenate(flat, axis=1), experts[0].precisions.ndim == 4
    leaps = LEAPFROG if isinstance(problem.kernel, sp.HMC) else 0

    def run(seed: int) -> tuple[np.ndarray, float]:
        rng = np.random.default_rng(seed)
        x = np.sqrt(start) * rng.standard_normal((CHAINS, d))
        rate = _chains(x, seed, first, constants, means, precisions, full, sizes, MOVES, leaps)
        return x, rate

    return run


PROGRAMS = {
    "sim.composition": ours,
    "blackjax vmapped": by_blackjax,
    "JAX in batches": in_jax,
    "NumPy in batches": in_numpy,
    "Numba, chain by chain": in_numba,
}


def check(problem: Problem, found: dict[str, tuple[np.ndarray, float]]) -> None:
    """Check that all programs sample alike."""
    points, rate = found["sim.composition"]
    mine = observe.cell_masses(Samples(points, origin="ours"), problem.centres)
    for name, (other, share) in found.items():
        assert abs(share - rate) < 0.002, (name, share, rate)
        drawn = Samples(other, origin=name)
        apart = observe.mass_distance(drawn, mine, problem.centres)
        # Both masses are estimates: twice the variance of one.
        assert apart.value < apart.floor * 2**0.5 + 3 * 2**0.5 * apart.error, (name, apart)
        squares = [(x - x.mean(axis=0)) ** 2 for x in (points, other)]
        gap = squares[1].mean(axis=0) - squares[0].mean(axis=0)
        error = np.sqrt(sum(square.var(axis=0) for square in squares) / CHAINS)
        assert np.all(np.abs(gap) < 4 * error), (name, gap / error)


def compare(problem: Problem, rounds: int) -> dict[str, list[float]]:
    """Time the programs in turn: CPU seconds of each per move and chain, in each round."""
    runs = {name: make(problem) for name, make in PROGRAMS.items()}
    check(problem, {name: run(0) for name, run in runs.items()})  # which also warms up
    count = CHAINS * len(LEVELS) * MOVES
    costs: dict[str, list[float]] = {name: [] for name in runs}
    for seed in range(rounds):
        for name, run in runs.items():
            begin = time.process_time()
            run(seed)
            costs[name].append((time.process_time() - begin) / count)
    return costs


def measure(*, quick: bool, say: Callable[[str], object]) -> dict[str, Any]:
    """Compare the programs on all problems; return costs in nanoseconds and ratios."""
    rounds, rows = 3 if quick else ROUNDS, []
    with threadpool_limits(1), jax.enable_x64(True):
        for problem in problems():
            say(problem.name)
            costs = compare(problem, rounds)
            for name, found in costs.items():
                ratios = [a / b for a, b in zip(found, costs["sim.composition"], strict=True)]
                low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
                cost = 1e9 * statistics.median(found)
                rows.append(
                    {
                        "problem": problem.name,
                        "program": name,
                        "ns": cost,
                        "ratio": [middle, low, high],
                    }
                )
                say(f"  {name:22s} {cost:8.0f} ns; {middle:6.1f} x ({low:.1f} to {high:.1f})")
    return {"rounds": rounds, "chains": CHAINS, "moves": MOVES, "rows": rows}


def threads() -> None:
    """Print how much faster two threads are, by the clock."""
    problem, times = problems()[0], {1: list[float](), 2: list[float]()}
    method = sp.Annealed(problem.kernel, steps=20)
    for _ in range(ROUNDS):
        for count in times:
            begin = time.perf_counter()
            sp.sample(method, problem.composition, 16 * CHAINS, levels=LEVELS, rng=0, threads=count)
            times[count].append(time.perf_counter() - begin)
    ratios = [one / two for one, two in zip(times[1], times[2], strict=True)]
    print(
        f"two threads: {statistics.median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f})"
    )


def main() -> None:
    """Check that the programs sample alike, then time them; or time two threads, with ``threads``."""
    if "threads" in sys.argv[1:]:
        threads()
        return
    measure(quick=False, say=print)


if __name__ == "__main__":
    main()
