"""The adversarial split and fine-tuning on one class (Okawa et al. 2023): nets and the overlap kernel.

The paper reports that compositions of this split are not learned, and that tuning on one of them does not bring or
even destroys the others. Nets on vectors learn them, in the order of the closed form; nets on images do not.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.emergence.curves import em, nets

FIGURE = Figure(
    __file__,
    title="The adversarial split: nets on vectors learn it, nets on images do not (Okawa et al. 2023)",
    alt="Accuracy of compositions over training and over fine-tuning, and the outputs of an overlap kernel",
    section="Fine-tuning",
    caption="""
Trained: 000, 100, 010 and 111. First: joint accuracy of the four compositions in perceptrons on vectors, presence code, σ
= 0.2, SGD 0.02, three seeds, and the times of the closed form by the clock of the trained classes (dashed). Second: the same
nets tuned on 110 alone. Third: a perceptron of width 256 on 8 × 8 images, Adam 1e-3, two seeds. Fourth:
kernel regression with the kernel 0.7 to the power of the distance, before (open) and after (full) tuning on 110: least
share of a concept on its way to the right value; the kernel has lost 011 and 101, and never learned 001.""",
)
SPLIT, TARGET = ((0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 1)), (1, 1, 0)
COMPOSED = ((0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0))


def kernel() -> tuple[np.ndarray, np.ndarray]:
    """Return the least share of a concept of each composition, before and after tuning."""
    graph = st.ConceptGraph(SPLIT)
    before = em.kernel_regression(graph, 0.7, [1e9])[0]
    alone = st.ConceptGraph([TARGET])
    after = em.kernel_regression(alone, 0.7, [1e9], start=before)[0]
    places = [graph.classes.tolist().index(list(one)) for one in COMPOSED]
    before, after = (graph.shares(out[places], COMPOSED).min(axis=1) for out in (before, after))
    return before, after


def main() -> None:
    """Train, tune, write record and picture."""
    graph = st.tasks.okawa2023.adversarial_split(sigma=0.2)
    run = nets.vector_run(graph, seeds=range(3), progress=True)
    clock = em.clock(run, graph)
    alone = st.ConceptGraph([TARGET], sigma=0.2, names=graph.names)
    tuned = nets.vector_run(alone, seeds=range(3), steps=4000, start=run, progress=True)
    images = nets.image_run(seeds=range(2), steps=6000, trained_classes=SPLIT, progress=True)
    before, after = kernel()
    names = ["".join(map(str, one)) for one in COMPOSED]
    runs = {"vectors": run, "tuned": tuned, "images": images}
    ends = {
        name: one.joint[:, -3:][:, :, [one.place(c) for c in COMPOSED]].mean(axis=1)
        for name, one in runs.items()
    }
    FIGURE.write(
        {
            "seeds": {"vectors": 3, "images": 2},
            "compositions": names,
            "joint accuracy in the end": ends,
            "steps by the clock": [
                clock.steps[clock.classes.tolist().index(list(one))] for one in COMPOSED
            ],
            "kernel, before": before,
            "kernel, after": after,
        }
    )
    with FIGURE.sheet(widths=(3.5, 3.5, 3.5, 2.6)) as (first, second, third, fourth):
        for k, (one, name) in enumerate(zip(COMPOSED, names, strict=True)):
            hue = st.plot.colour(k)
            for ax, found in zip((first, second, third), runs.values(), strict=True):
                ax.plot(found.steps, found.joint[:, :, found.place(one)].T, color=hue, lw=1.0)
            first.plot([], [], color=hue, label=name)
            first.axvline(
                clock.steps[clock.classes.tolist().index(list(one))], ls="--", lw=1.0, color=hue
            )
            fourth.plot([k, k], [before[k], after[k]], "-", color=hue)
            fourth.plot(k, before[k], "o", color=hue, mfc="white")
            fourth.plot(k, after[k], "o", color=hue)
        fourth.axhline(0.5, ls=":", color=st.plot.GREY)
        fourth.set_xticks(range(4), names, fontsize=8)
        first.set(xscale="symlog", xlim=(30, 6000), xlabel="step, vectors", ylabel="joint accuracy")
        second.set(xlabel="step of tuning on 110, vectors", ylim=(-0.05, 1.05))
        third.set(xlabel="step, images", ylim=(-0.05, 1.05))
        fourth.set(ylabel="least share of a concept")
        first.legend()


if __name__ == "__main__":
    main()
