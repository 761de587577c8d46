"""Weights that follow the defect correct reverse diffusion; symmetric modes drift from island to island.

Particles gain weight at the rate of the defect and are resampled. The masses come right within the error of
the steps; the share of one of two equal modes wanders in each island, with 8000 particles too.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.composition.plane import BOTH, CENTRES, TRUTH, bars, draw, grouped

FIGURE = Figure(
    __file__,
    title="Weights repair reverse diffusion (Skreta et al. 2025, Feynman-Kac correctors)",
    alt="Masses of ring times bar with and without weights, and the share of the top mode by island size",
    section="Repairs",
    caption="""
Ring times bar, exact scores, 500 levels. Left: masses of the modes without weights, with weights and
resampling (eight islands of 2000, six seeds), and exact. Right: share of the top mode among top and bottom,
one mark for each run of a single island, over its number of particles; grey: one half.""",
)
SEEDS, SIZES = range(6), (500, 2000, 8000)
LEVELS = st.noise.Levels.geometric(100.0, 1e-5, 500)


def main() -> None:
    """Draw, write record and picture."""
    sp = st.sim.composition
    plain = np.array(
        [
            st.observe.cell_masses(draw(sp.Reverse(), BOTH, 16_000, levels=LEVELS, seed=s), CENTRES)
            for s in range(2)
        ]
    )
    method = sp.Corrected(ess=0.5, islands=8)
    weighted = np.array(
        [
            st.observe.cell_masses(draw(method, BOTH, 16_000, levels=LEVELS, seed=s), CENTRES)
            for s in SEEDS
        ]
    )
    tops = {}
    for n in SIZES:
        alone = sp.Corrected(ess=0.5, islands=1)
        found = [
            st.observe.cell_masses(draw(alone, BOTH, n, levels=LEVELS, seed=s), CENTRES)
            for s in SEEDS
        ]
        tops[n] = np.array([m[2] / (m[2] + m[6]) for m in found])
        print(f"{n} particles: share of the top {tops[n].mean():.3f} ± {tops[n].std(ddof=1):.3f}")
    diagonals = grouped(weighted)[:, 1]
    print(
        f"diagonals {diagonals.mean():.4f} ± {diagonals.std(ddof=1):.4f}, exact {grouped(TRUTH)[1]:.4f}"
    )
    FIGURE.write(
        {
            "seeds": list(SEEDS),
            "exact masses": grouped(TRUTH),
            "without weights": grouped(plain).mean(axis=0),
            "with weights, each seed": grouped(weighted),
            "share of the top mode, by particles": tops,
        }
    )
    with FIGURE.sheet(widths=(5.0, 4.6), height=3.7) as axes:
        rows = {
            "exact": grouped(TRUTH),
            "without weights": grouped(plain).mean(axis=0),
            "with weights": grouped(weighted).mean(axis=0),
        }
        bars(axes[0], rows, labels=("top, bottom", "diagonals", "sides"))
        for k, (n, found) in enumerate(tops.items()):
            axes[1].plot(np.full(len(found), n), found, "o", color=st.plot.colour(k), alpha=0.7)
        axes[1].axhline(0.5, color=st.plot.GREY, lw=0.8)
        axes[1].set(xscale="log", xlabel="particles of an island", ylabel="share of the top mode")
        axes[1].set(ylim=(0.2, 0.8))
        axes[1].set_xticks(SIZES, [str(n) for n in SIZES])
        axes[1].set_xticks([], minor=True)


if __name__ == "__main__":
    main()
