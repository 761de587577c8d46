"""A lesion of one factor: nets fail in it and stand in the other (Liang et al. 2024, Fig. 11).

All labels with x in a strip are held out. The null is the nearest example, which is right up to the tolerance from
both rims; a lesion narrower than twice the tolerance tests nothing.
"""

import numpy as np
from tqdm import tqdm

import simtheory as st
from validation.common import Figure
from validation.factorization.drawn import SEEDS, SHAPES, answers

FIGURE = Figure(
    __file__,
    title="Inside a lesion in x nets are right in y and not in x (Liang et al. 2024, Fig. 11)",
    alt="Shares right in x and in y inside lesions of five widths, for stripes and for bumps",
    caption="""
Queries inside a strip of x that is held out, 1500 examples outside, σ = 1, two seeds; each factor within ½ px. Dashed: the
nearest example, min(1, 2τ/w).""",
)
WIDTHS = np.array([1.0, 2.0, 3.0, 4.0, 6.0])


def main() -> None:
    """Train, then write the record and the picture."""
    axes = np.empty((len(SHAPES), WIDTHS.size, len(SEEDS), 2))
    known = np.empty((len(SHAPES), WIDTHS.size, len(SEEDS), 3))
    places = list(np.ndindex(len(SHAPES), WIDTHS.size))
    for i, k in tqdm(places, desc="nets", disable=None):
        task = st.BumpTask(
            16,
            shape=list(SHAPES.values())[i],
            layout=st.tasks.factorization.Random(1500),
            held_out=st.tasks.factorization.Lesion(float(WIDTHS[k])),
            periodic=True,
        )
        found = answers(st.validation.factorization.BumpImages(task))
        axes[i, k], known[i, k] = found["axes"][:, 1], found["known"]
    null = st.analytic.factorization.nearest_lesion(WIDTHS, tolerance=0.5)
    FIGURE.write(
        {
            "seeds": SEEDS,
            "shapes": list(SHAPES),
            "widths": WIDTHS,
            "right_in_x_and_y": axes,
            "least_known": known.min(axis=(0, 1, 2)),
            "nearest_example": null,
        }
    )
    with FIGURE.sheet(widths=(4.0, 4.0)) as panels:
        for ax, name, shares in zip(panels, SHAPES, axes, strict=True):
            for j, factor in enumerate("xy"):
                ax.plot(WIDTHS, shares[:, :, j], "o", ms=3, color=st.plot.colour(j), alpha=0.6)
                ax.plot(WIDTHS, shares[:, :, j].mean(axis=1), color=st.plot.colour(j), label=factor)
            ax.plot(WIDTHS, null, "--", color=st.plot.INK, label="nearest example")
            ax.set(
                xlabel="width of the lesion (px)", ylabel="share right", ylim=(0, 1.05), title=name
            )
            ax.legend()


if __name__ == "__main__":
    main()
