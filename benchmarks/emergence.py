"""Linear diffusion on concept graphs against SGD and sampling, orthants against SciPy: ``python -m benchmarks.emergence``.

*Diffusion*: marginal accuracies of all classes at 200 times of training, on a star whose classes have
different frequencies, so that no symmetry helps. The peer is the same model in NumPy: 6000 steps of SGD for all
20 levels at once, batch 64, and 256 samples of each class at each time. Its cost is counted from some steps and
some samples of one time, which is what it would spend; that of ours is a mean over calls, too, where one is short.

*Sweep*: times of 90 % joint accuracy of all classes of many graphs, at once against one by one. *Descent*: SGD of the
linear denoiser, all levels, eight runs in lanes, against the same in NumPy, and in one compiled scan of JAX in
single precision.

*Orthants*: batches of two and three coordinates, with the errors of both sides. From four coordinates on both
sides have an error to choose, so the tolerance of ours is the largest at which its achieved error is not above
that of SciPy, each over several seeds, as the error of one draw varies threefold; SciPy is given its default tolerance, and then 1e-3,
which it often beats by far. Limits are drawn so
that the probabilities are of order ½, as joint accuracies are while a class is learned, and so that they are small. The
reference is ours at a tighter tolerance with other shifts, and its own error is printed.

Ours takes each problem eight times in one call, as many as a map of classes and times has; SciPy takes one covariance a call. Both sides alternate in one process, on one core. A
ratio is the median over rounds of CPU time, with its range. OpenTURNS is compared where it is installed; no extra
brings it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.stats import multivariate_normal
from threadpoolctl import threadpool_limits

from simtheory import ConceptGraph
from simtheory.analytic import emergence as em
from simtheory.noise import CosineVP, Levels
from simtheory.sim.emergence import descend

ROUNDS, BATCH, SAMPLES, STEPS, TIMES = 5, 64, 256, 6000, 200
TOLERANCES = tuple(3e-3 * 1.2**-k for k in range(57))  # to 1e-7
COPIES, SEEDS = 8, 4

Rows = Iterator[dict[str, Any]]


def cost(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU time of a call, and what it returned."""
    begin = time.process_time()
    found = call()
    return time.process_time() - begin, found


def compare(
    ours: Callable[[], Any], theirs: Callable[[], Any], scale: float = 1.0
) -> dict[str, Any]:
    """Return our least seconds, the least of theirs, and theirs over ours: median, least and largest over rounds."""
    ours(), theirs()  # warms up
    return ratio([(cost(ours)[0], scale * cost(theirs)[0]) for _ in range(ROUNDS)])


def ratio(pairs: list[tuple[float, float]]) -> dict[str, Any]:
    ratios = [b / a for a, b in pairs]
    return {
        "seconds": min(a for a, _ in pairs),
        "theirs": min(b for _, b in pairs),
        "ratio": [statistics.median(ratios), min(ratios), max(ratios)],
    }


def told(row: dict[str, Any]) -> str:
    """Return one comparison as a line."""
    middle, low, high = row["ratio"]
    errors = (
        "" if row.get("error") is None else f", errors {row['error']:.1e} and {row['missed']:.1e}"
    )
    return (
        f"{row['work']}, {row['peer']}: {1e3 * row['seconds']:.3g} ms and {1e3 * row['theirs']:.4g} ms{errors}: "
        f"{middle:,.3g} x ({low:,.3g} to {high:,.3g})"
    )


def graph(n: int) -> ConceptGraph:
    """Return a star whose trained classes have different frequencies."""
    weights = np.linspace(1.0, 2.0, n + 1)
    return ConceptGraph.star(n, sigma=0.15, weights=weights / weights.sum())


def in_numpy(task: ConceptGraph, steps: int, prompts: int) -> tuple[Callable[[], Any], Any]:
    """Return SGD of all levels for some steps, and sampling of some prompts at one time."""
    n, levels = task.n, list(Levels.of(CosineVP(), 20))
    alpha, noise = (
        np.array([getattr(x, name) for x in levels[:-1]])[:, None, None]
        for name in ("alpha", "sigma")
    )
    W, rng = np.zeros((20, n, 1 + 2 * n)), np.random.default_rng(0)

    def train() -> None:
        for _ in range(steps):
            rows = rng.choice(len(task.train), (20, BATCH), p=task.weights)
            c = task.centroids[rows]
            x = c + 0.15 * rng.standard_normal(c.shape)
            z = alpha * x + noise * rng.standard_normal(c.shape)
            f = np.concatenate([np.ones((20, BATCH, 1)), c, z], axis=2)
            W[...] -= 0.02 / BATCH * np.swapaxes(f @ np.swapaxes(W, 1, 2) - x, 1, 2) @ f

    asked = np.repeat(task.classes[:prompts].astype(float), SAMPLES, axis=0)

    def draw() -> Any:
        z = rng.standard_normal(asked.shape)
        for k, (here, there) in enumerate(pairwise(levels)):
            clean = W[k, :, 0] + asked @ W[k, :, 1 : 1 + n].T + z @ W[k, :, 1 + n :].T
            keep = there.sigma / here.sigma
            z = there.alpha * clean + keep * (z - here.alpha * clean)
        return ((z > 0.5) == (asked > 0.5)).reshape(prompts, SAMPLES, n).mean(axis=1)

    return train, draw


def diffusion(quick: bool) -> Rows:
    """Compare marginals of all classes."""
    for n in (3, 8) if quick else (3, 8, 12):
        task, t = graph(n), np.geomspace(0.1, 100.0 * n, TIMES)
        steps, prompts = 100, min(256, 2**n)
        train, draw = in_numpy(task, steps, prompts)
        share = TIMES * 2**n / prompts

        def ours(task: Any = task, t: Any = t, calls: int = max(1, 16 // 2 ** (n - 3))) -> float:
            return cost(lambda: [em.diffusion(task, t).marginals for _ in range(calls)])[0] / calls

        def theirs(
            train: Any = train, draw: Any = draw, steps: int = steps, share: float = share
        ) -> float:
            return cost(train)[0] * STEPS / steps + cost(draw)[0] * share

        ours(), theirs()
        found = ratio([(ours(), theirs()) for _ in range(ROUNDS)])
        yield {
            "work": f"marginals of {2**n} classes at {TIMES} times",
            "peer": "SGD and sampling",
            **found,
        }


def sweep(quick: bool) -> Rows:
    """Time the sustained times of joint accuracies of many graphs, at once against one by one."""
    rng = np.random.default_rng(0)
    graphs = [
        ConceptGraph.star(
            3, sigma=rng.uniform(0.1, 0.2), mu=rng.uniform(0.6, 1.4, 3), weights=rng.dirichlet(np.full(4, 5.0))
        )
        for _ in range(256)
    ]  # fmt: skip
    few = graphs[:32]
    found = compare(
        lambda: em.diffusion_times(graphs),
        lambda: [em.diffusion(one, [1.0]).times() for one in few],
        len(graphs) / len(few),
    )
    yield {"work": f"t90 of all classes of {len(graphs)} graphs", "peer": "one by one", **found}


def descent(quick: bool) -> Rows:
    """Compare SGD of the linear denoiser, 20 levels, batch 64, n=3, in time for a step of one run."""
    task, steps, runs = graph(3), 500, 8

    def ours() -> Any:
        return descend(
            task, steps=steps, lr=0.02, batch=BATCH, rng=0, runs=runs, looks=[steps], threads=1
        )

    train, _ = in_numpy(task, 100, 1)
    peers = {"NumPy": (train, 100.0), "JAX scan": (in_jax(task, steps), float(steps))}
    for name, (theirs, count) in peers.items():
        found = compare(ours, theirs, runs * steps / count)
        yield {"work": f"{steps} steps of SGD, {runs} runs", "peer": name, **found}


def in_jax(task: ConceptGraph, steps: int) -> Callable[[], Any]:
    """Return SGD of all levels of one run as one compiled scan."""
    import jax

    n, levels = task.n, list(Levels.of(CosineVP(), 20))[:-1]
    alpha, noise = (
        np.array([getattr(x, name) for x in levels], dtype=np.float32)[:, None, None]
        for name in ("alpha", "sigma")
    )
    centres, law = task.centroids.astype(np.float32), np.log(task.weights)

    @jax.jit
    def train(key: Any) -> Any:
        def step(W: Any, key: Any) -> tuple[Any, None]:
            a, b, c = jax.random.split(key, 3)
            points = jax.numpy.asarray(centres)[jax.random.categorical(a, law, shape=(20, BATCH))]
            x = points + 0.15 * jax.random.normal(b, points.shape, dtype=np.float32)
            z = alpha * x + noise * jax.random.normal(c, points.shape, dtype=np.float32)
            f = jax.numpy.concatenate([jax.numpy.ones_like(x[..., :1]), points, z], axis=2)
            wrong = f @ W.swapaxes(1, 2) - x
            return W - 0.02 / BATCH * wrong.swapaxes(1, 2) @ f, None

        start = jax.numpy.zeros((20, n, 1 + 2 * n), dtype=np.float32)
        return jax.lax.scan(step, start, jax.random.split(key, steps))[0]

    return lambda: train(jax.random.key(0)).block_until_ready()


def drawn(count: int, n: int, extra: int) -> tuple[Any, Any]:
    """Return limits, and correlations of n + extra random directions."""
    rng = np.random.default_rng(n)
    L = rng.normal(size=(count, n, n + extra))
    C = L @ np.swapaxes(L, 1, 2)
    size = np.sqrt(np.diagonal(C, axis1=1, axis2=2))
    return rng.normal(size=(count, n)) + 0.5, C / (size[:, :, None] * size[:, None, :])


def rms(x: Any) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


def openturns(R: Any) -> Callable[[Any], float] | None:
    """Return the distribution function of OpenTURNS, or None where it is not installed."""
    try:
        import openturns
    except ImportError:
        return None
    n = len(R)
    matrix = openturns.CorrelationMatrix(n, [float(x) for x in R.ravel()])
    law = openturns.Normal([0.0] * n, [1.0] * n, matrix)
    return lambda z: float(law.computeCDF([float(x) for x in z]))


def exact_orthants(quick: bool) -> Rows:
    """Compare two and three coordinates, in batches of ours and call by call of theirs."""
    for n in (2, 3):
        z, R = drawn(20_000, n, 2)
        few = 40 if n == 3 else 200
        found = em.estimate_orthant(z, R)

        def ours(z: Any = z, R: Any = R) -> Any:
            return em.orthant(z, R)

        def theirs(z: Any = z, R: Any = R, few: int = few) -> Any:
            return np.array([multivariate_normal.cdf(z[k], cov=R[k]) for k in range(few)])

        missed = float(np.abs(found.value[:few] - theirs()).max())
        peers: dict[str, tuple[Callable[[], Any], int, float | None]] = {
            "SciPy": (theirs, few, missed)
        }
        peer = openturns(R[0])
        if peer is not None:

            def turns(peer: Any = peer, z: Any = z) -> Any:
                return [peer(z[k]) for k in range(1000)]

            peers["OpenTURNS"] = turns, 1000, None
        for name, (call, count, gap) in peers.items():
            each = compare(ours, call, len(z) / count)
            for what in ("seconds", "theirs"):
                each[what] /= len(z)
            error = None if gap is None else float(found.error.max())
            yield {"work": f"orthant n = {n}", "peer": name, "error": error, "missed": gap, **each}


def estimated_orthants(quick: bool) -> Rows:
    """Compare four and more coordinates at equal achieved error, of probable and of rare orthants."""
    for n, extra in ((4, 1), (6, 1), (8, 1), (12, 1), (8, 8), (12, 12)):
        z, R = drawn(32 if n == 4 else 8, n, extra)
        for limits in (1.25 + 0.5 * z, z):
            if not quick:
                yield at_equal_error(limits[: len(z) // 2], R[: len(z) // 2], "default", {})
            yield at_equal_error(limits, R, "abseps=1e-3", {"abseps": 1e-3})


def at_equal_error(z: Any, R: Any, name: str, more: dict[str, float]) -> dict[str, Any]:
    """Compare problems of one kind with SciPy at one of its settings."""
    count, n = z.shape
    tight = [em.estimate_orthant(z, R, tolerance=1e-7, seed=s).value for s in (90, 91)]
    reference = np.mean(tight, axis=0)
    doubt = max(rms(tight[0] - tight[1]) / 2.0, 1e-10)
    many = np.tile(z, (COPIES, 1)), np.tile(R, (COPIES, 1, 1))

    def ours(seed: int) -> Any:
        return em.estimate_orthant(*many, tolerance=tolerance, seed=seed)

    def theirs(seed: int) -> Any:
        cdf = multivariate_normal.cdf
        return np.array([cdf(z[k], cov=R[k], rng=seed, **more) for k in range(count)])

    spent, others = zip(*(cost(partial(theirs, s)) for s in range(SEEDS)), strict=True)
    missed = rms(np.array(others) - reference)
    for tolerance in TOLERANCES[np.searchsorted(-np.array(TOLERANCES), -20.0 * missed) :]:
        mine = [em.estimate_orthant(z, R, tolerance=tolerance, seed=s) for s in range(SEEDS)]
        error = rms(np.array([one.value for one in mine]) - reference)
        if error <= max(missed, doubt):
            break
    rounds = []
    for _ in range(ROUNDS if sum(spent) < 2.0 else 1):
        pairs = [(cost(partial(ours, s))[0], cost(partial(theirs, s))[0]) for s in range(SEEDS)]
        a, b = (sum(side) / SEEDS / count for side in zip(*pairs, strict=True))
        rounds.append((a / COPIES, b))
    return {
        "work": f"orthant n = {n}, p ≈ {np.median(reference):.2g}",
        "peer": f"SciPy, {name}",
        "error": error,
        "reported": rms([one.error for one in mine]),
        "missed": missed,
        "doubt": doubt,
        **ratio(rounds),
    }


def measure(*, quick: bool = False, say: Callable[[str], Any] = print) -> dict[str, Any]:
    """Return all comparisons, and tell each."""
    rows = []
    with threadpool_limits(1):
        for study in (diffusion, sweep, descent, exact_orthants, estimated_orthants):
            for row in study(quick):
                say(told(row))
                rows.append(row)
    return {"rounds": ROUNDS, "copies": COPIES, "seeds": SEEDS, "rows": rows}


if __name__ == "__main__":
    measure()
