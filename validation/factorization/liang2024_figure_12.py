"""A hole of combinations, inside and at a corner: stripes compose, bumps interpolate (Liang et al. 2024, Fig. 12).

All labels in a square are held out. The null is the nearest example, right up to the tolerance from each rim that has
examples: four rims of an interior hole, two of a hole at a corner.
"""

import numpy as np
from tqdm import tqdm

import simtheory as st
from validation.common import Figure
from validation.factorization.drawn import SHAPES, answers

FIGURE = Figure(
    __file__,
    title="Holes of combinations: stripes compose, bumps do not (Liang et al. 2024, Fig. 12)",
    alt="Shares of right answers over the width of a hole, for stripes and bumps, inside and at a corner",
    caption="""
Queries inside a square hole of combinations, 1500 examples outside, σ = 1, one seed, both factors within 1 px; an open canvas.
Dashed: the nearest example.""",
)
WIDTHS = np.array([2.0, 4.0, 6.0, 8.0])
PLACES = ("interior", "corner")


def main() -> None:
    """Train, then write the record and the picture."""
    right, known = np.empty((2, len(SHAPES), len(PLACES), WIDTHS.size, 3))
    cells = list(np.ndindex(len(SHAPES), len(PLACES), WIDTHS.size))
    for i, j, k in tqdm(cells, desc="nets", disable=None):
        task = st.BumpTask(
            16,
            shape=list(SHAPES.values())[i],
            layout=st.tasks.factorization.Random(1500),
            held_out=st.tasks.factorization.Hole(float(WIDTHS[k]), PLACES[j]),
        )
        found = answers(st.validation.factorization.BumpImages(task), seeds=(0,))
        right[i, j, k], known[i, j, k] = found["right"][0], found["known"][0]
    null = np.array(
        [
            st.analytic.factorization.nearest_hole(WIDTHS, tolerance=1.0, place=each)
            for each in PLACES
        ]
    )
    FIGURE.write(
        {
            "seeds": [0],
            "shapes": list(SHAPES),
            "places": PLACES,
            "widths": WIDTHS,
            "right": right,
            "least_known": known.min(axis=(0, 1, 2)),
            "nearest_example": null,
        }
    )
    with FIGURE.sheet(widths=(4.0, 4.0)) as panels:
        for j, (ax, place) in enumerate(zip(panels, PLACES, strict=True)):
            for i, name in enumerate(SHAPES):
                ax.plot(WIDTHS, right[i, j, :, 0], "o-", color=st.plot.colour(i), label=name)
            ax.plot(WIDTHS, null[j], "--", color=st.plot.INK, label="nearest example")
            ax.set(
                xlabel="width of the hole (px)", ylabel="share right", ylim=(0, 1.05), title=place
            )
            ax.legend()


if __name__ == "__main__":
    main()
