"""Decoders of a factorised code: what they draw in a hole of combinations (follow-up of Liang et al., 2025).

The follow-up gives decoders perfectly separate codes of x and y, and they still fail on combinations of bumps that they
never saw; stripes they compose. Here four codes are compared, without diffusion noise.
"""

import numpy as np
from tqdm import tqdm

import simtheory as st
from validation.common import Figure
from validation.factorization.drawn import SEEDS, SHAPES, answers

FIGURE = Figure(
    __file__,
    title="Decoders with separate codes compose stripes, not bumps (Liang et al. 2025)",
    alt="Shares of right answers of decoders inside a hole of combinations, for four codes, stripes and bumps",
    caption="""
Decoder of 192×2 from the code of a label to its image; 1500 examples outside a 6×6 hole of an open canvas, σ = 1, two seeds,
both factors within 1 px. Dashed: the nearest example. Hollow: training labels.""",
)
CODES = {
    "sinusoids": st.validation.factorization.Sinusoids(4.0),
    "local bumps": st.validation.factorization.LocalBumps(1.0),
    "one-hot": st.validation.factorization.OneHot(),
    "ramp": st.validation.factorization.Ramp(),
}


def main() -> None:
    """Train, then write the record and the picture."""
    net = st.validation.factorization.Decoder(192, 2)
    right, known = np.empty((2, len(SHAPES), len(CODES), len(SEEDS), 3))
    cells = list(np.ndindex(len(SHAPES), len(CODES)))
    for i, k in tqdm(cells, desc="decoders", disable=None):
        task = st.BumpTask(
            16,
            shape=list(SHAPES.values())[i],
            layout=st.tasks.factorization.Random(1500),
            held_out=st.tasks.factorization.Hole(6.0),
        )
        world = st.validation.factorization.BumpImages(task, list(CODES.values())[k])
        found = answers(world, net=net)
        right[i, k], known[i, k] = found["right"], found["known"]
    null = float(st.analytic.factorization.nearest_hole(6.0, tolerance=1.0))
    FIGURE.write(
        {
            "seeds": SEEDS,
            "shapes": list(SHAPES),
            "codes": list(CODES),
            "right": right,
            "known": known,
            "nearest_example": null,
        }
    )
    places = np.arange(len(CODES))
    with FIGURE.sheet(widths=(7.5,)) as (ax,):
        for i, name in enumerate(SHAPES):
            at = places + 0.15 * (i - 0.5)
            ax.plot(at, known[i, :, :, 0].mean(axis=1), "o", mfc="none", color=st.plot.colour(i))
            ax.plot(at, right[i, :, :, 0].mean(axis=1), "o", color=st.plot.colour(i), label=name)
        ax.axhline(null, ls="--", color=st.plot.INK, label="nearest example")
        ax.set(xticks=places, xticklabels=list(CODES), ylabel="share right", ylim=(0, 1.05))
        ax.legend()


if __name__ == "__main__":
    main()
