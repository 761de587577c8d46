"""Composed objects over three backgrounds: with the unconditional one the target itself is wrong.

Objects are slots that are 1 where the object is there. Over an empty or a cluttered background the conditionals
factorise and reverse diffusion returns every object; over the unconditional background k objects have the
size 1/k, under MCMC too, because that is the mode of the composed density.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.composition.plane import CLOCK, annealed, draw

FIGURE = Figure(
    __file__,
    title="The background decides (Bradley et al. 2025, Figure 3)",
    alt="Mean of the composed slots over the number of objects, three backgrounds, and example draws",
    section="Objects",
    caption="""
Nine slots; object i alone is N(e_i, 0.01 I). Left: mean of the composed slots over the number k of objects,
two seeds of 64 draws, by reverse diffusion (marks) and, for the unconditional background, by MALA with 20
moves a level (crosses); dashed: 1/k. Right: ten draws of three objects over each background, slots along x.""",
)
SEEDS, COUNTS = range(2), (1, 2, 3, 5, 9)
BACKGROUNDS = ("empty", "cluttered", "unconditional")


def main() -> None:
    """Draw, write record and picture."""
    reverse, mala = st.sim.composition.Reverse(churn=1.0), annealed(st.noise.MALA(step=0.15), 20)
    levels = st.noise.Levels.geometric(4.0, 1e-4, 60)
    means, rows = {}, {}
    for background in BACKGROUNDS:
        means[background] = np.empty((len(COUNTS), len(SEEDS)))
        for j, k in enumerate(COUNTS):
            c = st.tasks.du2023.slots(k, background=background)
            for s in SEEDS:
                x = draw(reverse, c, 64, levels=CLOCK, seed=s).points
                means[background][j, s] = x[:, :k].mean()
                if k == 3 and s == 0:
                    rows[background] = x[:10]
        print(f"{background}: {means[background].mean(axis=1).round(3)}")
    chains = np.array(
        [
            draw(
                mala,
                st.tasks.du2023.slots(k, background="unconditional"),
                500,
                levels=levels,
                seed=0,
            )
            .points[:, :k]
            .mean()
            for k in COUNTS
        ]
    )
    print(f"MALA, unconditional: {chains.round(3)}")
    FIGURE.write(
        {
            "seeds": list(SEEDS),
            "objects": COUNTS,
            "mean of the composed slots, each seed": means,
            "the same by MALA, unconditional background": chains,
        }
    )
    with FIGURE.sheet(widths=(4.6, 2.4, 2.4, 2.4), height=3.6) as axes:
        for k, (name, found) in enumerate(means.items()):
            hue = st.plot.colour(k)
            axes[0].plot(COUNTS, found, "o", ms=3, color=hue)
            axes[0].plot([], [], "o", color=hue, label=name)
            axes[1 + k].imshow(rows[name], vmin=-0.2, vmax=1.2, cmap="Greys", aspect="auto")
            axes[1 + k].set(title=name, xlabel="slot", yticks=[])
        axes[0].plot(COUNTS, chains, "x", color=st.plot.colour(2), label="unconditional, MALA")
        grid = np.linspace(1.0, 9.0, 80)
        axes[0].plot(grid, 1.0 / grid, "--", color=st.plot.INK, label="1/k")
        axes[0].set(xlabel="composed objects k", ylabel="mean of their slots", ylim=(0, 1.15))
        axes[0].legend(fontsize="x-small")


if __name__ == "__main__":
    main()
