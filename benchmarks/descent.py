"""Cost of a step of SGD in `sim.descend`, a NumPy loop and JAX: ``python -m benchmarks.descent``.

The tied net f = U Uᵀ x, d = 8 and h = 16, on a training set of 256 points, float64, seeds side by
side. Three programs alternate in one process: `sim.descend` on one thread, a plain NumPy loop over
steps and seeds, and JAX with ``vmap`` over seeds inside ``lax.scan``.
Each draws its own batches. Costs are CPU seconds per step and seed; a ratio is the median over
rounds, with its range. Before they are timed, one step of NumPy and of JAX on all data is compared
with one of `sim.descend`, and so are the mean losses at the end of the runs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from threadpoolctl import threadpool_limits

import simtheory as st

ROUNDS, DIM, WIDTH, POINTS, SEEDS, LR = 7, 8, 16, 256, 64, 1e-3
STEPS = {1: (20_000, 40, 2_000), 32: (4_000, 40, 400)}
"""For each batch: steps of `descend`, of NumPy (one seed in eight), of JAX."""


def typed(U: np.ndarray, points: np.ndarray, batch: int, steps: int, seed: int) -> np.ndarray:
    """Return U after SGD, by a plain NumPy loop."""
    rng, U = np.random.default_rng(seed), U.copy()
    for _ in range(steps):
        x = points[rng.choice(len(points), batch, replace=False)]
        z = x @ U
        error = x - z @ U.T
        U += LR / batch * (error.T @ z + x.T @ (error @ U))
    return U


def scanned(batch: int, steps: int) -> Callable[..., jax.Array]:
    """Return the compiled program of JAX: seeds under ``vmap``, steps under ``scan``."""

    def loss(U: jax.Array, x: jax.Array) -> jax.Array:
        return 0.5 * jnp.sum((x - x @ U @ U.T) ** 2) / batch

    def train(U: jax.Array, points: jax.Array, key: jax.Array) -> jax.Array:
        def step(U: jax.Array, key: jax.Array) -> tuple[jax.Array, None]:
            x = points[jax.random.randint(key, (batch,), 0, len(points))]
            return U - LR * jax.grad(loss)(U, x), None

        return jax.lax.scan(step, U, jax.random.split(key, steps))[0]

    return jax.jit(jax.vmap(train, (0, None, 0)))


def spent(work: Callable[[], object]) -> float:
    """Return the CPU seconds of `work`, summed over threads."""
    start = time.process_time()
    work()
    return time.process_time() - start


def compare(batch: int) -> None:
    """Time the three programs in turn and print their costs and ratios."""
    task = st.SIMTask(mu=np.linspace(1, 2, DIM), sigma=0.3)
    rng = np.random.default_rng(0)
    points = task.sample(POINTS // DIM, rng=rng)[0]
    starts = st.inits.gaussian((SEEDS, DIM, WIDTH), scale=0.3, rng=rng)
    steps, few, some = STEPS[batch]
    train, flow = scanned(batch, some), st.sim.Tied()
    keys = jax.random.split(jax.random.key(0), SEEDS)

    def ours() -> st.Trajectory:
        return st.sim.descend(
            flow, task, starts, steps=steps, every=steps, lr=LR, data=points, batch=batch,
            rng=np.random.default_rng(0), threads=1,
        )  # fmt: skip

    seeds = range(0, SEEDS, 8)
    programs = {
        "sim.descend": (ours, steps * SEEDS),
        "NumPy loop": (
            lambda: [typed(starts[k], points, batch, few, k) for k in seeds],
            few * len(seeds),
        ),
        "JAX vmap + scan": (lambda: train(starts, points, keys).block_until_ready(), some * SEEDS),
    }
    costs: dict[str, list[float]] = {name: [] for name in programs}
    for n in range(ROUNDS + 1):
        for name, (work, count) in programs.items():
            cost = spent(work) / count
            if n:  # the first round warms up
                costs[name].append(cost)
    print(f"batch {batch}")
    for name, found in costs.items():
        ratios = [a / b for a, b in zip(found, costs["sim.descend"], strict=True)]
        print(
            f"  {name:16s} {1e9 * min(found):9.0f} ns at best, {1e9 * statistics.median(found):9.0f} "
            f"in the median; {statistics.median(ratios):6.1f} x ({min(ratios):.1f} to {max(ratios):.1f})"
        )


def check() -> None:
    """Check that the three programs agree on a step whose batch is all the data (no draws)."""
    task = st.SIMTask(mu=np.linspace(1, 2, DIM), sigma=0.3)
    rng = np.random.default_rng(0)
    U = st.inits.gaussian((DIM, WIDTH), scale=0.3, rng=rng)
    points = np.repeat(
        task.sample(1, rng=rng)[0][:1], 4, axis=0
    )  # equal points, so every draw is the same
    run = st.sim.descend(st.sim.Tied(), task, U, steps=50, every=50, lr=LR, data=points)
    for other in (
        typed(U, points, 4, 50, 0),
        np.asarray(scanned(4, 50)(U[None], points, jax.random.split(jax.random.key(0), 1))[0]),
    ):
        gap = float(np.abs(other @ other.T - run.weights[-1]).max())
        moved = float(np.abs(U @ U.T - run.weights[-1]).max())
        assert gap < 1e-12 < 1e-3 * moved, (gap, moved)


def main() -> None:
    """Check that the programs agree, then time them for both batch sizes."""
    with threadpool_limits(1), jax.enable_x64(True):
        check()
        for batch in STEPS:
            compare(batch)


if __name__ == "__main__":
    main()
