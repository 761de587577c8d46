"""Simulated evaluations of seeds whose truth is known."""

import numpy as np

from simtheory.assess import Accuracies

MIDDLES = np.array([20.0, 35.0, 50.0])
"""Median over seeds of the time at which one concept of each class is half learned."""
WIDTH = 0.12  # of a logistic curve, as a share of its middle
OFFSETS = {2: np.array([-0.5, 0.5]), 3: np.array([-0.5, 0.0, 0.5])}


def log(rng, *, seeds, steps, samples, concepts=3, together=0.0, spread=0.15):
    """Return accuracies, and the gap of each cell that its samples are drawn with.

    A share `together` of the samples has errors that meet: one uniform number decides all concepts.
    """
    x = np.linspace(0.0, 100.0, steps)
    middles = MIDDLES * np.exp(spread * rng.standard_normal((seeds, MIDDLES.size)))
    clock = (x[None, :, None] - middles[:, None]) / (WIDTH * MIDDLES)
    q = 1.0 / (1.0 + np.exp(OFFSETS[concepts] - clock[..., None]))
    drawn = rng.random((*q.shape[:-1], samples, concepts))
    drawn = np.where(rng.random((*drawn.shape[:-1], 1)) < together, drawn[..., :1], drawn)
    right = drawn < q[..., None, :]
    counts = np.full(q.shape[:-1], float(samples))
    moments = np.einsum("...ni,...nj->...ij", right.astype(float), right.astype(float)) / samples
    acc = Accuracies(
        seeds=tuple(f"{s}" for s in range(seeds)),
        steps=x,
        classes=("near", "far", "farther"),
        concepts=tuple(f"concept {i}" for i in range(concepts)),
        marginals=right.mean(axis=-2),
        joint=right.all(axis=-1).mean(axis=-1),
        counts=counts,
        concept_counts=np.repeat(counts[..., None], concepts, axis=-1),
        powers=np.ones(concepts),
        moments=moments,
    )
    return acc, together * (q.min(axis=-1) - q.prod(axis=-1))


def half_time(concepts=3):
    """Return the median time at which the product is ½, a class each."""
    low, high = -10.0, 10.0
    for _ in range(80):
        z = 0.5 * (low + high)
        low, high = (
            (z, high) if np.prod(1 / (1 + np.exp(OFFSETS[concepts] - z))) < 0.5 else (low, z)
        )
    return MIDDLES + low * WIDTH * MIDDLES


SIX = """step,seed,class,shape,size,joint,n
100,0,11,.30,.35,.11,256
200,0,11,.52,.60,.31,256
300,0,11,.88,.85,.75,256
100,0,10,.80,.85,.70,256
200,0,10,.95,.95,.91,256
300,0,10,.99,.99,.98,256
"""


def table(joint, marginals, *, steps=None, n=100, **more):
    """Return accuracies from arrays (S, T, P) and (S, T, P, n)."""
    q, j = np.asarray(marginals, float), np.asarray(joint, float)
    s, t, p, k = q.shape
    counts = np.full(j.shape, float(n))
    return Accuracies(
        seeds=tuple(map(str, range(s))),
        steps=np.arange(t, dtype=float) if steps is None else steps,
        classes=tuple(f"class {i}" for i in range(p)),
        concepts=tuple(f"concept {i}" for i in range(k)),
        marginals=q,
        joint=j,
        counts=counts,
        concept_counts=np.repeat(counts[..., None], k, axis=-1),
        powers=np.ones(k),
        **more,
    )
