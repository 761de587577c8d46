"""Guidance of two modes: the ODE overshoots, the SDE hardly, and trained nets leave the law at high strength.

The target is the mode at 1 for every strength. With exact scores the probability-flow ODE moves the draws
past the edge of the support, and trained nets do so each in its own way.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.composition.plane import draw

FIGURE = Figure(
    __file__,
    title="Guidance overshoots under the ODE (Chidambaram et al. 2024)",
    alt="Mean and spread of guided draws over the strength, exact and trained, ODE and SDE",
    section="Trained nets and guidance",
    caption="""
Modes N(±1, 0.04), condition on the right one, guidance γ, start at Λ = 400. Left: mean of the draws with exact
scores by the ODE (2000 steps) and the SDE, and of trained score nets (three layers of 48, two seeds, dotted);
grey: the target. Right: standard deviation of the same draws.""",
)
SEEDS, GAMMAS = range(2), np.array([1.0, 2.0, 4.0, 8.0, 16.0])
COND = st.GaussianMixture([1.0], [1.0], [0.04])
UNCOND = st.GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.04, 0.04])
FINE = st.noise.Levels.geometric(400.0, 1e-5, 2000)
COARSE = st.noise.Levels.geometric(400.0, 1e-4, 200, clean=False)


def main() -> None:
    """Train, draw, write record and picture."""
    vc, sp = st.validation.composition, st.sim.composition
    roads = {"ODE": sp.Reverse(churn=0.0), "SDE": sp.Reverse(churn=1.0)}
    cond, uncond = (
        vc.train_expert(vc.ScoreNet(48, 3), mixture, levels=(1e-4, 400.0), seeds=SEEDS)
        for mixture in (COND, UNCOND)
    )
    exact, trained = {}, {}
    for name, method in roads.items():
        found = [
            draw(method, st.Composition.guided(COND, UNCOND, gamma=g), 4000, levels=FINE, seed=0)
            for g in GAMMAS
        ]
        exact[name] = np.array([(s.points.mean(), s.points.std()) for s in found])
        trained[name] = np.empty((len(SEEDS), len(GAMMAS), 2))
        for k, (a, b) in enumerate(zip(cond.experts, uncond.experts, strict=True)):
            for j, g in enumerate(GAMMAS):
                c = st.Composition.guided(a, b, gamma=g)
                x = vc.sample(method, c, 1000, levels=COARSE, rng=k).points
                trained[name][k, j] = x.mean(), x.std()
        print(f"{name}: exact {exact[name].round(3).tolist()}")
        print(f"{name}: trained {trained[name][..., 0].round(3).tolist()}")
    FIGURE.write(
        {
            "seeds": list(SEEDS),
            "gammas": GAMMAS,
            "exact: mean and standard deviation": exact,
            "trained: mean and standard deviation, each seed": trained,
        }
    )
    with FIGURE.sheet(widths=(5.0, 5.0), height=3.8) as axes:
        for j, (ax, what) in enumerate(zip(axes, ("mean", "standard deviation"), strict=True)):
            for k, name in enumerate(roads):
                hue = st.plot.colour(k)
                ax.plot(GAMMAS, exact[name][:, j], "-", color=hue, label=f"{name}, exact scores")
                ax.plot(GAMMAS, trained[name][..., j].T, "o:", ms=3, color=hue, alpha=0.7)
            ax.plot([], [], "o:", color=st.plot.INK, label="trained nets")
            ax.axhline((1.0, 0.2)[j], color=st.plot.GREY, lw=0.8, label="target")
            ax.set(xscale="log", xlabel="guidance γ", ylabel=f"{what} of the draws")
            ax.legend()


if __name__ == "__main__":
    main()
