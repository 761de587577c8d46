"""A few images of both factors beside stripes of one (Liang et al. 2024, Fig. 10).

The canvas has a margin, so that most images show one stripe or none, and a few show both factors. An additive
learner needs none of the few for stripes. Bumps are a product: the centre of what a net draws is often right all the same,
but its image is not, as the record tells by the cosine.
"""

import numpy as np
from tqdm import tqdm

import simtheory as st
from validation.common import Figure
from validation.factorization.drawn import SEEDS, SHAPES, answers

FIGURE = Figure(
    __file__,
    title="With stripes of each factor, how many images of both? (Liang et al. 2024, Fig. 10)",
    alt="Shares of right answers over the number of images that show both factors, for stripes and bumps",
    caption="""
Window of 16 on a canvas of 22, 1500 images of at most one factor and m of both; queries with both factors in view, within
1 px, two seeds. Dashed: the nearest of the m images.""",
)
NUMBERS = np.array([0, 1, 5, 20])


def main() -> None:
    """Train, then write the record and the picture."""
    right = np.empty((len(SHAPES), NUMBERS.size, len(SEEDS), 3))
    cells = list(np.ndindex(len(SHAPES), NUMBERS.size))
    for i, k in tqdm(cells, desc="nets", disable=None):
        task = st.BumpTask(
            16,
            shape=list(SHAPES.values())[i],
            layout=st.tasks.factorization.Random(1500),
            held_out=st.tasks.factorization.Hole(30.0),
            margin=3,
        )
        code = st.validation.factorization.Sinusoids(5.25, period=21.0)
        world = st.validation.factorization.BumpImages(task, code, leaked=int(NUMBERS[k]))
        right[i, k] = answers(world)["right"]
    null = st.analytic.factorization.nearest_random(
        NUMBERS, side=16.0, tolerance=np.sqrt(4.0 / np.pi)
    )  # a disc of the area of the box of 2×2 pixels
    FIGURE.write(
        {
            "seeds": SEEDS,
            "shapes": list(SHAPES),
            "numbers": NUMBERS,
            "right": right,
            "nearest_example": null,
        }
    )
    with FIGURE.sheet(widths=(7.5,)) as (ax,):
        for i, name in enumerate(SHAPES):
            ax.plot(NUMBERS, right[i, :, :, 0], "o", ms=3, color=st.plot.colour(i), alpha=0.6)
            ax.plot(NUMBERS, right[i, :, :, 0].mean(axis=1), color=st.plot.colour(i), label=name)
        ax.plot(NUMBERS, null, "--", color=st.plot.INK, label="nearest image of both")
        ax.set(
            xlabel="images of both factors m", ylabel="share right", xticks=NUMBERS, ylim=(0, 1.05)
        )
        ax.legend()


if __name__ == "__main__":
    main()
