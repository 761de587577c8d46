"""A box without a box: reverse diffusion leaves draws inside, MCMC draws the frame.

The weights are the notebook's, 1.3 and −0.3. The composition is a density at every level; the corners are
heavier than the sides, as in the paper's figure.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.composition.plane import CLOCK, LEVELS, annealed, cloud, draw

FIGURE = Figure(
    __file__,
    title="Negation needs MCMC (Du et al. 2023, 2D negation)",
    alt="Density of a box without a smaller box, draws of reverse diffusion and of MALA, share inside",
    section="Mixtures and negation",
    caption="""
A box of half width 0.7 to the power 1.3 without a Gaussian of the size of the box of half width 0.3 to the
power 0.3. Left: contours that hold 5, 50 and 95 % of the exact mass. Middle: reverse diffusion with summed
scores; annealed MALA. Right: share of draws inside the inner box, five seeds of 4000 draws; dashed: exact, by
quadrature.""",
)
SEEDS, FRAME = range(5), st.tasks.du2023.frame()


def exact_share() -> float:
    """Return the exact mass of the inner box, on a grid."""
    line = np.linspace(-1.2, 1.2, 801)
    grid = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(FRAME.log_density(grid))
    return float(density[(np.abs(grid) < 0.3).all(axis=1)].sum() / density.sum())


def main() -> None:
    """Draw, write record and picture."""
    methods = {
        "reverse diffusion": (st.sim.composition.Reverse(churn=1.0), CLOCK),
        "MALA, 10 moves": (annealed(st.noise.MALA(), 10), LEVELS),
        "MALA, 50 moves": (annealed(st.noise.MALA(), 50), LEVELS),
    }
    drawn = {
        name: [draw(method, FRAME, 4000, levels=levels, seed=s).points for s in SEEDS]
        for name, (method, levels) in methods.items()
    }
    shares = {
        name: np.array([(np.abs(x) < 0.3).all(axis=1).mean() for x in runs])
        for name, runs in drawn.items()
    }
    truth = exact_share()
    for name, found in shares.items():
        print(f"{name}: share inside {found.mean():.4f}, exact {truth:.4f}")
    FIGURE.write({"seeds": list(SEEDS), "exact share inside": truth, "share inside": shares})
    with FIGURE.sheet(widths=(3.2, 3.2, 3.2, 4.0), height=3.6) as axes:
        st.plot.density(FRAME, ax=axes[0], extent=[[-1.2, 1.2], [-1.2, 1.2]])
        axes[0].set_title("exact density")
        for k, name in enumerate(("reverse diffusion", "MALA, 10 moves")):
            cloud(axes[1 + k], drawn[name][0][:2500], name, reach=1.2, hue=k)
        for k, found in enumerate(shares.values()):
            axes[3].plot(np.full(len(SEEDS), k), found, "o", color=st.plot.colour(k))
        axes[3].axhline(truth, ls="--", color=st.plot.INK, label="exact")
        axes[3].set_xticks(range(3), ["reverse", "MALA 10", "MALA 50"])
        axes[3].set(ylabel="share of draws in the inner box", ylim=(0, None), xlim=(-0.5, 2.5))
        axes[3].legend()


if __name__ == "__main__":
    main()
