"""Six blobs from two experts: a mixture needs normalised energies, and with them no MCMC.

The mixture of noised densities is the noised mixture, so reverse diffusion is exact. Averaged scores put all
draws between the experts. An offset between the energies moves the weights as a logistic function.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.composition.plane import CLOCK, cloud, draw

FIGURE = Figure(
    __file__,
    title="A mixture needs energies, not MCMC (Du et al. 2023, 2D mixture)",
    alt="Draws of two experts of three blobs each: mixed energies, averaged scores; weight over offset",
    section="Mixtures and negation",
    caption="""
Two experts of three blobs each, exact scores, reverse diffusion of 400 steps. Left: energies mixed by their
log-sum-exp; all six modes. Second: scores averaged; everything lies between. Third: the mixture followed
without energies, along the paths (SuperDiff OR). Right: weight of the left expert when its energy is lowered
by an offset; marks: five seeds of 4000 draws; dashed: the logistic function.""",
)
SEEDS, OFFSETS = range(5), np.linspace(-3.0, 3.0, 7)


def shifted(offset):
    """Return the mixture of both experts with the left energy lowered by an offset."""
    left, right = st.tasks.du2023.blobs()
    share = 1.0 / (1.0 + np.exp(-offset))
    return st.Composition(
        [
            st.GaussianMixture(
                np.concatenate([share * left.weights, (1.0 - share) * right.weights]),
                np.concatenate([left.means, right.means]),
                np.concatenate([left.covariances, right.covariances]),
            )
        ]
    )


def main() -> None:
    """Draw, write record and picture."""
    sp = st.sim.composition
    left, right = st.tasks.du2023.blobs()
    halves = st.Composition((left, right), (0.5, 0.5))
    reverse = sp.Reverse(churn=1.0)
    clouds = {
        "mixed energies": draw(reverse, shifted(0.0), 2000, levels=CLOCK, seed=0),
        "averaged scores": draw(reverse, halves, 2000, levels=CLOCK, seed=0),
        "followed densities": draw(sp.SuperposedOr(), halves, 2000, levels=CLOCK, seed=0),
    }
    weights = np.array(
        [
            [
                (draw(reverse, shifted(offset), 4000, levels=CLOCK, seed=s).points[:, 0] < 0).mean()
                for s in SEEDS
            ]
            for offset in OFFSETS
        ]
    )
    slope = np.polyfit(OFFSETS, np.log(weights / (1.0 - weights)), 1)[0]
    print(f"slope of the logit in the offset: {slope.mean():.3f}")
    FIGURE.write(
        {
            "seeds": list(SEEDS),
            "offsets": OFFSETS,
            "weight of the left expert, each seed": weights,
            "slope of the logit, each seed": slope,
            "spread of x": {name: float(one.points[:, 0].std()) for name, one in clouds.items()},
        }
    )
    with FIGURE.sheet(widths=(2.9, 2.9, 2.9, 4.2), height=3.6) as axes:
        for k, (ax, (name, one)) in enumerate(zip(axes, clouds.items(), strict=False)):
            cloud(ax, one.points, name, hue=k)
        grid = np.linspace(-3.2, 3.2, 100)
        axes[3].plot(OFFSETS, weights, "o", ms=3, color=st.plot.colour(0))
        axes[3].plot(grid, 1.0 / (1.0 + np.exp(-grid)), "--", color=st.plot.INK, label="logistic")
        axes[3].set(xlabel="offset of the left energy", ylabel="weight of the left expert")
        axes[3].legend()


if __name__ == "__main__":
    main()
