"""Trained energies of ring and bar: which error is the sampler's, and which the score's.

With ten moves a level the sampler's error dominates. The trained energies are wrong by more at the lowest
level, but the chains have stopped to hop before they see it: freezing hides the error of the score.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.composition.plane import BAR, BOTH, CENTRES, RING, TRUTH, annealed, bars, grouped

FIGURE = Figure(
    __file__,
    title="Sampler or model? Both, at different levels (Du et al. 2023, trained energies)",
    alt="Errors of trained energies over the level, masses of the modes, and the split of the error",
    section="Trained nets and guidance",
    caption="""
Energy nets of ring and bar, three layers of 64, 2000 steps of Adam, one pair for each of two seeds. Left:
share of the exact noise that each net misses, over the level. Middle: masses of the modes by MALA with ten
moves at each of 60 levels, with exact and with trained energies. Right: total variation distance of the
masses of the trained product from the exact ones at each level, by quadrature; dashed: the sampler's error
with exact energies.""",
)
SEEDS, GRID = range(2), np.geomspace(1e-4, 1.0, 13)


def main() -> None:
    """Train, split the error, write record and picture."""
    vc = st.validation.composition
    runs = {
        name: vc.train_expert(vc.EnergyNet(), mixture, seeds=SEEDS)
        for name, mixture in (("ring", RING), ("bar", BAR))
    }
    misses = {name: run.errors(GRID) for name, run in runs.items()}
    levels = st.noise.Levels.geometric(4.0, 1e-4, 60)
    splits, gaps = [], np.empty((len(SEEDS), len(GRID)))
    exact = [st.analytic.composition.cell_masses(BOTH, CENTRES, level=level) for level in GRID]
    for k, pair in enumerate(zip(*(run.experts for run in runs.values()), strict=True)):
        learned = st.Composition(pair)
        for j, level in enumerate(GRID):
            own = st.analytic.composition.cell_masses(learned, CENTRES, level=level)
            gaps[k, j] = 0.5 * np.abs(own - exact[j]).sum()
        splits.append(
            st.assess.error_split(
                BOTH,
                pair,
                annealed(st.noise.MALA(), 10),
                levels=levels,
                n=2000,
                seeds=[k],
                centres=CENTRES,
            )
        )
        print(splits[-1])
    sampler = np.array([one.sampler for one in splits])
    FIGURE.write(
        {
            "seeds": list(SEEDS),
            "levels": GRID,
            "share of the noise missed": misses,
            "distance of the masses by quadrature": gaps,
            "errors": [
                {name: getattr(one, name) for name in ("sampler", "score", "floor")}
                for one in splits
            ],
        }
    )
    with FIGURE.sheet(widths=(4.4, 4.2, 4.4), height=3.7) as axes:
        for k, (name, found) in enumerate(misses.items()):
            axes[0].plot(GRID, found.T, "o-", ms=3, color=st.plot.colour(k))
            axes[0].plot([], [], "o-", color=st.plot.colour(k), label=name)
        axes[0].set(
            xscale="log", yscale="log", xlabel="level λ", ylabel="share of the noise missed"
        )
        axes[0].legend()
        rows = {"exact": grouped(TRUTH)}
        rows["exact energies, MALA"] = np.mean([grouped(s.sampled[0]) for s in splits], axis=0)
        rows["trained energies, MALA"] = np.mean([grouped(s.learned[0]) for s in splits], axis=0)
        bars(axes[1], rows, labels=("top, bottom", "diagonals", "sides"))
        axes[2].plot(GRID, gaps.T, "o-", ms=3, color=st.plot.colour(0))
        axes[2].plot([], [], "o-", color=st.plot.colour(0), label="trained energies")
        axes[2].axhline(sampler.mean(), ls="--", color=st.plot.INK, label="the sampler")
        axes[2].set(xscale="log", xlabel="level λ", ylabel="error of the masses", ylim=(0, None))
        axes[2].legend()


if __name__ == "__main__":
    main()
