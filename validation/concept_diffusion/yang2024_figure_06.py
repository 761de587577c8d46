"""Figure 6 of Yang et al. (2024): a diffusion model's way to a combination that it never saw.

The order of learning, the bend and the return show without a closed form. The paper's figure has images
under six colour signals; here a small conditional denoiser of vectors is trained under those six signals,
which takes seconds.
"""

import numpy as np

import simtheory as st
from validation.common import Figure

df, concepts, GREY = st.validation.diffusion, st.validation.concept_diffusion, st.plot.GREY

FIGURE = Figure(
    __file__,
    title="A diffusion model learns the stronger concept first, passes by it, and returns"
    " (Yang et al. 2024, Fig. 6)",
    alt="Path, loss and speed of the samples of a diffusion model under six strengths of the first concept",
    caption="""
A denoiser learns classes of data that hold no concept or one of two, each told to it as a condition, and
is then asked for the combination of both, which it never saw. Colour is the signal of concept 1; concept
2 keeps its own, 0.8. Left: mean sample in concept space, from an untrained net, near the origin, to (1,
1), where both concepts are there (star), five seeds averaged. Middle: half the squared distance to (1,
1); a line is the mean over seeds, a band their range. Right: speed of the mean sample. A weak concept 1
is learned late: the path first runs towards concept 2 alone, then turns, and the loss of the weakest
rises on its way down. As the end comes near, the samples slow down. Data are vectors; the six signals are
those under the paper's figure. There is no closed form for such a net, and its steps have no canonical
clock.""",
)
STRENGTHS = (0.137, 0.247, 0.358, 0.468, 0.579, 0.689)
SEEDS = range(5)


def numbers(run: df.ConceptRun) -> dict:
    """Return curves and learning steps of one run."""
    bend, slow = df.bend_and_return(run), df.terminal_slowdown(run, prompt=(0, 1))
    return {
        "strengths": run.strengths,
        "steps": run.steps.tolist(),
        "path": run.coordinates[:, :, 3].mean(axis=0),
        "learned at step, each seed": df.learning_steps(run),
        "weak concept when the strong one is learned": bend.beside,
        "weak concept at the end": bend.end,
        "slowdown, strong concept alone": slow.ratio,
        "loss in concept space": df.concept_loss(run),
        "speed": df.speed(run),
    }


def train() -> list[dict]:
    """Train under every signal, print the learning steps, and return the numbers of each run."""
    runs = [
        st.validation.concept_diffusion.vector_run(s, seeds=SEEDS, progress=True) for s in STRENGTHS
    ]
    order = df.strength_order(runs)
    for run, own, other in zip(runs, order.combined, order.other, strict=True):
        share = (other < own).mean()
        print(
            f"strength {run.strengths[0]:g} of concept 1: learned at {np.median(own):.0f}, concept 2 at "
            f"{np.median(other):.0f}; concept 2 first in {share:.0%} of seeds"
        )
    return [numbers(run) for run in runs]


def draw(axes, rows: list[dict]) -> None:
    """Draw paths, losses and speeds."""
    path, loss, speed = axes
    path.plot([0, 1, 1, 0, 0], [0, 0, 1, 1, 0], color=GREY, lw=0.6)
    for k, row in enumerate(rows):
        hue, steps = st.plot.colour(k), np.array(row["steps"])
        path.plot(*np.array(row["path"]).T, color=hue, label=f"{row['strengths'][0]:g}")
        curves = np.array(row["loss in concept space"])
        loss.plot(steps, curves.mean(axis=0), color=hue)
        loss.fill_between(
            steps, curves.min(axis=0), curves.max(axis=0), color=hue, alpha=0.12, lw=0
        )
        moved = np.array(row["speed"]).mean(axis=0)
        smooth = np.convolve(moved, np.ones(3) / 3, mode="valid")
        speed.plot(np.sqrt(steps[1:-2] * steps[2:-1] + 1.0), smooth, color=hue)
    path.plot([1], [1], "*", ms=11, color="k")
    path.set(xlabel="concept 1", ylabel="concept 2", title="path of the mean sample")
    loss.set(xscale="symlog", xlabel="optimiser step", ylabel="½ squared distance to (1, 1)")
    loss.set_title("loss in concept space")
    speed.set(xscale="log", yscale="log", xlabel="optimiser step", ylabel="distance per step")
    speed.set_title("speed, mean of three records")
    names = path.get_legend_handles_labels()
    speed.legend(*names, title="signal of concept 1", fontsize="x-small", title_fontsize="x-small")


def main() -> None:
    """Train, write record and picture."""
    rows = train()
    FIGURE.write({"figure": "6", "seeds": list(SEEDS), "runs": rows})
    with FIGURE.sheet(widths=(3.4, 4.0, 4.0), height=4.2) as axes:
        draw(axes, rows)


if __name__ == "__main__":
    main()
