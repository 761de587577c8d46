"""Number of examples and side of the image, with and without stripes (Liang et al. 2024, Fig. 5).

The paper counts the examples for 60 % of right answers over the side of the image, for bumps alone and with stripes of
one factor beside them, and draws a linear and a quadratic guide. Coverage alone gives the quadratic one; a net that
learned each factor from its stripes would need a number that is linear.
"""

import numpy as np
from tqdm import tqdm

import simtheory as st
from validation.common import Figure
from validation.factorization.drawn import answers, half

FIGURE = Figure(
    __file__,
    title="Examples for 60 % over the side of the image, with and without stripes (Liang et al. 2024, Fig. 5)",
    alt="Accuracy over the number of examples for three sides, without and with a margin of stripes, and examples for .6",
    caption="""
Bumps (σ = 1) in a window of side N, one seed. First: examples in the window only. Second: on a canvas with a margin of N/4,
where a bump with one factor out of view is a stripe; all images count. Empty dots: nets that do not draw .95 of their own labels by
the cosine. Third: examples for .6, with their exponents in N; grey: N² and N.""",
)
SIDES = np.array([12, 16, 24])
DENSITIES = np.array([20, 40, 80, 160])
NAMES = ("bumps", "bumps and stripes")


def main() -> None:
    """Train, then write the record and the picture."""
    numbers = np.rint(DENSITIES * (SIDES[:, None] / 16) ** 2).astype(int)
    known, right = np.empty((2, 2, *numbers.shape, 3))
    for margin, i, k in tqdm(list(np.ndindex(2, *numbers.shape)), desc="nets", disable=None):
        task = st.BumpTask(
            int(SIDES[i]),
            layout=st.tasks.factorization.Random(int(numbers[i, k])),
            margin=margin * int(SIDES[i]) // 4,
        )
        found = answers(st.validation.factorization.BumpImages(task), seeds=(0,))
        known[margin, i, k], right[margin, i, k] = found["known"][0], found["right"][0]
    needed = np.array(
        [[half(numbers[i], right[m, i, :, 0], 0.6) for i in range(3)] for m in (0, 1)]
    )
    slopes = [float(np.polyfit(np.log(SIDES), np.log(row), 1)[0]) for row in needed]
    FIGURE.write(
        {
            "seeds": [0],
            "sides": SIDES,
            "numbers": numbers,
            "known": known,
            "right": right,
            "examples_for_60": needed,
            "exponents": slopes,
        }
    )
    with FIGURE.sheet(widths=(3.6, 3.6, 3.6)) as panels:
        for m, ax in enumerate(panels[:2]):
            for i, side in enumerate(SIDES):
                sure = known[m, i, :, 2] >= 0.95
                ax.plot(numbers[i], right[m, i, :, 0], color=st.plot.colour(i), label=f"N = {side}")
                for each, face in ((sure, st.plot.colour(i)), (~sure, "white")):
                    ax.plot(
                        numbers[i, each], right[m, i, each, 0], "o", ms=4,
                        color=st.plot.colour(i), markerfacecolor=face,
                    )  # fmt: skip
            ax.axhline(0.6, ls=":", color=st.plot.GREY)
            ax.set(xscale="log", xlabel=f"examples n, {NAMES[m]}", ylim=(0, 1.05))
        panels[0].set_ylabel("share of right answers")
        panels[0].legend()
        last = panels[2]
        for m, name in enumerate(NAMES):
            last.plot(
                SIDES, needed[m], "o-", color=st.plot.colour(m), label=f"{name}: {slopes[m]:.2f}"
            )
        for power, style in ((2, "--"), (1, ":")):
            last.plot(SIDES, needed[0, 1] * (SIDES / 16) ** power, style, color=st.plot.GREY)
        last.set(xscale="log", yscale="log", xlabel="side N (px)", ylabel="examples for .6")
        last.set_xticks(SIDES, [str(side) for side in SIDES])
        last.set_xticks([], minor=True)
        last.legend()


if __name__ == "__main__":
    main()
