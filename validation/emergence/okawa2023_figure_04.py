"""The order in which classes emerge (Okawa et al. 2023): by distance from the training classes.

The statement of the paper's figure on emergence over training, in four settings: the closed form of a linear
denoiser, the same by SGD, a perceptron on vectors and one on images of a background, a colour and a size.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.emergence.curves import by_distance, distances, em, nets, rows

FIGURE = Figure(
    __file__,
    title="Classes emerge in the order of their distance from the training classes (Okawa et al. 2023)",
    alt="Joint accuracy of trained, near and far classes over training: closed form with SGD, vectors, images",
    section="Order",
    caption="""
Joint accuracy, mean over the classes of each distance; the trained classes have at most one concept on. Left: the
closed form of a linear denoiser of clean data (dashed), σ = 0.15, and eight runs of SGD (colours; batch 64, learning rate
0.02), which lie on it. Middle: a perceptron of width 64 on vectors, velocity, σ = 0.2, SGD 0.02, 256 samples a look, five
seeds. Right: a perceptron of width 256 on 8 × 8 images, Adam 1e-3, 64 samples a look judged by a classifier, three seeds: two
changes are not learned in these 4000 steps.""",
)


def main() -> None:
    """Solve, train, write record and picture."""
    graph = nets.main_split()
    linear = nets.judged(nets.linear_run(graph, until=40.0), graph.classes)
    law = em.diffusion(graph, linear.t)
    vectors = nets.vector_run(nets.main_split(sigma=0.2), seeds=range(5), progress=True)
    images = nets.image_run(seeds=range(3), progress=True)
    FIGURE.write(
        {
            "seeds": {"linear": 8, "vectors": 5, "images": 3},
            "largest distance of SGD from the closed form": np.abs(linear.joint - law.joint).max(),
            "times to 0.5, closed form": dict(
                zip(map(graph.name, graph.classes), law.times(0.5), strict=True)
            ),
            "steps to half accuracy, vectors": rows(vectors),
            "steps to half accuracy, images": rows(images),
        }
    )
    with FIGURE.sheet(widths=(4.0, 4.0, 4.0)) as (first, second, third):
        by_distance(first, linear.t, linear.joint, graph.distances)
        for k in range(3):
            first.plot(
                law.t,
                law.joint[:, graph.distances == k].mean(axis=1),
                "--",
                color=st.plot.INK,
                lw=1.0,
            )
        by_distance(second, vectors.steps, vectors.joint, distances(vectors))
        by_distance(third, images.steps, images.joint, distances(images))
        first.set(xscale="log", xlabel="learning rate × steps", ylabel="joint accuracy")
        second.set(xscale="symlog", xlabel="optimiser step", xlim=(30, 6000))
        third.set(xscale="symlog", xlabel="optimiser step", xlim=(50, 4000))
        for ax, name in zip((first, second, third), ("linear", "vectors", "images"), strict=True):
            ax.set_title(name, fontsize=9)
        first.legend()


if __name__ == "__main__":
    main()
