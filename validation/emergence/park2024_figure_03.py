"""Paths through concept space (Park et al. 2024): towards the strong concept first, then the turn.

Mean samples of the class 11, a weak concept beside one of strength 0.8, in closed form and in nets on vectors.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.emergence.curves import em, nets

FIGURE = Figure(
    __file__,
    title="Samples go to the trained class of the strong concept, then turn (Park et al. 2024)",
    alt="Mean samples under the prompt 11 in concept space, for several strengths of the weak concept",
    section="Paths",
    caption="""
Mean samples under the prompt 11 in units of the strengths; 00, 10 and 01 are trained, the strong concept has strength
0.8, the weak one that of the legend. Left: closed form of a linear denoiser of clean data, σ = 0.05. Right: perceptrons on
vectors, velocity, σ = 0.08, SGD 0.02, mean of two seeds and of five looks; the square is the end.""",
)
STRENGTHS = (0.2, 0.3, 0.5, 0.8)
STEPS = (8000, 6000, 4000, 3000)


def main() -> None:
    """Solve, train, write record and picture."""
    t = np.geomspace(0.3, 1000.0, 200)
    laws, runs = {}, {}
    for weak, steps in zip(STRENGTHS, STEPS, strict=True):
        graph = st.tasks.park2024.two_concepts(weak)
        law = em.diffusion(graph, t, classes=[(1, 1)])
        laws[weak] = law.mean[:, 0] / graph.mu
        run = nets.vector_run(
            st.tasks.park2024.two_concepts(weak, sigma=0.08), seeds=range(2), steps=steps, draws=128,
            progress=True,
        )  # fmt: skip
        path = run.coordinates[:, :, run.place((1, 1))].mean(axis=0)
        runs[weak] = st.observe.arrays.smoothed(path.T, 5).T
    looked = {weak: path[:: max(1, len(path) // 25)] for weak, path in runs.items()}
    FIGURE.write({"seeds": 2, "nets, weak and strong": looked})
    with FIGURE.sheet(widths=(4.8, 4.8), height=4.2) as (left, right):
        for k, weak in enumerate(STRENGTHS):
            hue = st.plot.colour(k)
            left.plot(laws[weak][:, 1], laws[weak][:, 0], color=hue, label=f"{weak:g}")
            right.plot(runs[weak][:, 1], runs[weak][:, 0], color=hue, label=f"{weak:g}")
            right.plot(*runs[weak][-1, ::-1], "s", ms=4, color=hue)
        for ax in (left, right):
            for corner in ((0, 0), (0, 1), (1, 0)):
                ax.plot(*corner, "o", ms=6, color=st.plot.INK)
            ax.plot(1, 1, "*", ms=10, color=st.plot.INK)
            ax.set(
                xlabel="strong concept", ylabel="weak concept", xlim=(-0.1, 1.15), ylim=(-0.1, 1.15)
            )
            ax.legend(title="weak strength")


if __name__ == "__main__":
    main()
