"""The class transition (Sclocchi et al. 2025): at which noise exact inference loses the class.

Exact belief propagation on drawn grammars against the annealed map, and under noise of diffusion. The figure
stands for the belief in the class over noise in the ε-process; the paper's panels on images it cannot stand for.
"""

import numpy as np

import simtheory as st
from validation.common import Figure

FIGURE = Figure(
    __file__,
    title="Exact inference loses the class at the noise that the annealed map tells (Sclocchi et al. 2025)",
    alt="Belief in the class over noise for exact inference and the annealed map, by level, and under real noise",
    caption="""
Left: belief in the true symbol of each level, exact (marks: mean of 12 grammars, v = 32, m = 8, L = 7, 30 strings
each, upward messages of the ε-process) and by the annealed map (lines); dotted: ε⋆. Right: belief in the class under
noise of diffusion, v = 16, m = 4, L = 7, 6 grammars: the class is lost long before ε⋆ (dotted), because real noise
fluctuates while the ε-process takes its mean.""",
)
SEEDS = tuple(range(12))
NOISE = np.array([0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.73, 0.76, 0.8, 0.9])
SHARES = np.linspace(0.05, 0.85, 9)


def belief(grammar: st.RandomHierarchy, tree: tuple, likelihood: np.ndarray) -> float:
    """Return the mean belief in the true class."""
    nodes = st.sim.hierarchy.infer(grammar, likelihood).nodes[-1][:, 0]
    return float(np.take_along_axis(nodes, tree[-1], axis=1).mean())


def main() -> None:
    """Explain strings, then write the record and the picture."""
    depths = (1, 3, 5, 7)
    exact = np.empty((len(SEEDS), len(depths), NOISE.size))
    for seed in SEEDS:
        for j, L in enumerate(depths):  # the root of a grammar of depth l has upward messages alone
            grammar = st.RandomHierarchy(v=32, m=8, L=L, seed=seed)
            tree = grammar.sample(30, rng=seed, tree=True)
            for k, e in enumerate(NOISE):
                exact[seed, j, k] = belief(
                    grammar, tree, st.noise.Erasure(e).likelihood(tree[0], 32)
                )
    law = [1.0 - NOISE + NOISE / 32]
    for _ in range(7):
        law.append(st.analytic.hierarchy.class_map(law[-1], v=32, m=8))
    real = np.empty((2, 6, SHARES.size))
    for seed in range(6):
        grammar = st.RandomHierarchy(v=16, m=4, L=7, seed=seed)
        tree = grammar.sample(100, rng=seed, tree=True)
        for k, share in enumerate(SHARES):
            for row, noise in enumerate((st.noise.Uniform(1 - share), st.noise.Mask(1 - share))):
                seen = noise.noised(tree[0], 16, rng=seed)
                real[row, seed, k] = belief(grammar, tree, noise.likelihood(seen, 16))
    found = st.analytic.hierarchy.class_threshold(v=32, m=8)
    other = st.analytic.hierarchy.class_threshold(v=16, m=4)
    FIGURE.write(
        {
            "seeds": SEEDS,
            "noise": NOISE,
            "levels": depths,
            "exact": exact.mean(axis=0),
            "spread": exact.std(axis=0),
            "law": [law[l] for l in depths],
            "threshold": found.noise,
            "shares": SHARES,
            "uniform": real[0].mean(axis=0),
            "mask": real[1].mean(axis=0),
        }
    )
    with FIGURE.sheet(widths=(5.0, 5.0)) as (left, right):
        for j, l in enumerate(depths):
            left.plot(
                NOISE,
                exact[:, j].mean(axis=0),
                "o",
                ms=4,
                color=st.plot.colour(j),
                label=f"level {l}",
            )
            left.plot(NOISE, law[l], color=st.plot.colour(j), lw=1.0)
        left.axvline(float(found.noise), ls=":", color=st.plot.GREY)
        for k, name in enumerate(("uniform", "mask")):
            right.plot(SHARES, real[k].T, color=st.plot.colour(k), lw=0.6, alpha=0.6)
            right.plot(SHARES, real[k].mean(axis=0), "o-", color=st.plot.colour(k), label=name)
        right.axvline(float(other.noise), ls=":", color=st.plot.GREY)
        left.set(xlabel="noise ε", ylabel="belief in the true symbol")
        right.set(xlabel="share of tokens masked or replaced", ylabel="belief in the class")
        left.legend()
        right.legend()


if __name__ == "__main__":
    main()
