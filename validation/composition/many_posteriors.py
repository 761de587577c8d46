"""Many posteriors over one prior: summed scores draw half the true variance, and DDIM next to nothing.

K observations, each with a posterior of its own, share a prior; the weights are 1 for each posterior and
1 − K for the prior. The total weight is 1, and the error is the largest of all: the SDE tends to half of the
true variance, the ODE falls as a power, and more churn tends to the truth.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.composition.plane import draw

FIGURE = Figure(
    __file__,
    title="Summed posterior scores are overconfident (simulation-based inference)",
    alt="Variance of summed posterior scores over the true one, over the number of posteriors",
    section="Products",
    caption="""
K posteriors N(0, 0.1) over the prior N(0, 1). Variance of the draws over that of the true joint posterior, by
churn η: closed form (dashed) and 4000 draws of each of two seeds, 3000 levels (marks). The ODE at K = 10 has
the share 9·10⁻⁹, below the picture. Squares: the repaired score, exact for Gaussians, under the SDE.""",
)
SEEDS, COUNTS = range(2), np.array([1, 2, 3, 5, 10, 20, 30])
LEVELS = st.noise.Levels.geometric(1000.0, 1e-5, 3000)


def main() -> None:
    """Draw, write record and picture."""
    cp, sp = st.analytic.composition, st.sim.composition
    prior, one = (st.GaussianMixture([1.0], [0.0], [v]) for v in (1.0, 0.1))
    churns, laws, found = (0.0, 1.0, 3.0), {}, {}
    repaired = np.empty(len(COUNTS))
    for churn in churns:
        laws[churn], found[churn] = np.empty(len(COUNTS)), np.empty((len(COUNTS), len(SEEDS)))
        for k, count in enumerate(COUNTS):
            c = st.Composition(
                (one, prior), (count, 1.0 - count)
            )  # K equal posteriors over a prior
            truth = cp.target_law(c).variances[0]
            laws[churn][k] = cp.naive_law(c, churn=churn).variances[0] / truth
            for s in SEEDS:
                x = draw(sp.Reverse(churn=churn), c, 4000, levels=LEVELS, seed=s).points
                found[churn][k, s] = x.var() / truth
            if churn == 1.0:
                method = sp.Repaired(st.noise.curvatures.Gaussian(), churn=1.0)
                repaired[k] = draw(method, c, 4000, levels=LEVELS, seed=0).points.var() / truth
        print(f"churn {churn:g}: {found[churn].mean(axis=1).round(3)}, law {laws[churn].round(3)}")
    print(f"repaired: {repaired.round(3)}")
    FIGURE.write(
        {
            "seeds": list(SEEDS),
            "posteriors": COUNTS,
            "variance ratio, by churn": {f"{churn:g}": rows for churn, rows in found.items()},
            "closed form, by churn": {f"{churn:g}": row for churn, row in laws.items()},
            "repaired score": repaired,
        }
    )
    with FIGURE.sheet(widths=(9.0,), height=4.0) as (ax,):
        for k, churn in enumerate(churns):
            hue = st.plot.colour(k)
            ax.plot(COUNTS, laws[churn], "--", color=hue, label=f"churn {churn:g}")
            ax.plot(COUNTS, found[churn], "o", ms=3, color=hue)
        ax.plot(COUNTS, repaired, "s", mfc="none", color=st.plot.INK, label="repaired score")
        ax.axhline(0.5, color=st.plot.GREY, lw=0.8)
        ax.set(
            xscale="log", xlabel="posteriors K", ylabel="variance over the true one", ylim=(0, 1.1)
        )
        ax.legend()


if __name__ == "__main__":
    main()
