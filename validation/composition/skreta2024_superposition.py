"""Superposed densities: OR is the mixture without energies, AND is no product.

Log-densities are followed along the paths of reverse diffusion. Their softmax gives the mixture. Keeping them
equal gives draws on the surface where they are equal, which has no width.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.composition.plane import cloud, draw

FIGURE = Figure(
    __file__,
    title="OR is the mixture, AND is not the product (Skreta et al. 2024, SuperDiff)",
    alt="Draws of OR, of AND, and of the product of two experts, with the spread of AND",
    section="Repairs",
    caption="""
Left: OR of two experts of three blobs each, without their energies. Middle: AND of N(0, 0.05²) and N(0.1, 0.05²)
in the plane, and exact draws of their product. Right: standard deviation of x under AND over the number of
levels, three seeds of 2000 draws; dashed: that of the product.""",
)
SEEDS, COUNTS = range(3), (100, 200, 500, 1000, 2000)


def main() -> None:
    """Draw, write record and picture."""
    sp = st.sim.composition
    left, right = st.tasks.du2023.blobs()
    halves = st.Composition((left, right), (0.5, 0.5))
    levels = st.noise.Levels.geometric(100.0, 1e-5, 1000)
    mixed = draw(sp.SuperposedOr(), halves, 4000, levels=levels, seed=0)
    share = float((mixed.points[:, 0] < 0.0).mean())
    a, b = (st.GaussianMixture([1.0], [[x, 0.0]], [0.05**2]) for x in (0.0, 0.1))
    spreads = np.empty((len(COUNTS), len(SEEDS)))
    for k, count in enumerate(COUNTS):
        path = st.noise.Levels.geometric(100.0, 1e-5, count)
        for s in SEEDS:
            last = draw(sp.SuperposedAnd(), a * b, 2000, levels=path, seed=s)
            spreads[k, s] = last.points[:, 0].std()
    product = st.analytic.composition.product(a * b).mixture.sample(2000, rng=0)
    print(f"OR: share of the left {share:.3f}; AND: spread of x {spreads.mean(axis=1).round(5)}")
    FIGURE.write(
        {
            "seeds": list(SEEDS),
            "levels": COUNTS,
            "OR, share of the left expert": share,
            "AND, spread of x, each seed": spreads,
            "product, spread of x": 0.05 / 2**0.5,
        }
    )
    with FIGURE.sheet(widths=(3.2, 3.2, 3.2, 4.2), height=3.6) as axes:
        cloud(axes[0], mixed.points, "OR")
        for ax, points, title, hue in (
            (axes[1], last.points, "AND", 1),
            (axes[2], product, "product", 2),
        ):
            cloud(ax, points - [0.05, 0.0], title, reach=0.25, hue=hue)
            ax.set_xlabel("$x_1$ − 0.05")
        axes[3].plot(COUNTS, spreads, "o", ms=3, color=st.plot.colour(1))
        axes[3].axhline(0.05 / 2**0.5, ls="--", color=st.plot.INK, label="product")
        axes[3].set(xscale="log", yscale="log", xlabel="levels", ylabel="standard deviation of x")
        axes[3].legend()


if __name__ == "__main__":
    main()
