"""Captions that lack a word (Park et al. 2024, underspecification): colour of blue triangles over the rate.

Red triangles often come without the word for their colour; blue triangles are never shown.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.emergence.curves import em, nets

FIGURE = Figure(
    __file__,
    title="The more captions of red triangles lack the colour, the later blue triangles (Park et al. 2024)",
    alt="Time to blue triangles over the share of hidden words in closed form, and accuracy of nets over training",
    section="Captions",
    caption="""
Left: time at which a linear net on words brings the colour of blue triangles to 0.6, closed form; at the share 1 it
never does. Middle: colour that it ends with, by words (1 below the share 1, and the dot there) and by the code ±1 with 0 for no word. Right:
share of blue among samples of blue triangles, perceptrons on vectors with indicators for words, strengths 0.6 and 0.8,
σ = 0.1, SGD 0.02, 128 samples a look, mean of two seeds.""",
)
RATES, STEPS = (0.0, 0.5, 0.9, 1.0), 4000


def main() -> None:
    """Solve, train, write record and picture."""
    code = st.tasks.emergence
    graph = st.ConceptGraph(
        [[0, 0], [1, 0], [0, 1]], mu=(0.6, 0.8), sigma=0.1, code=code.OneHot(),
        names={"colour": ("red", "blue"), "shape": ("circle", "triangle")},
    )  # fmt: skip
    curves = {}
    for rate in RATES:
        mask = st.validation.diffusion.Mask(0, (0, 1), rate)
        run = nets.vector_run(
            graph, seeds=range(2), steps=STEPS, mask=mask, draws=128, progress=True
        )
        curves[rate] = run.accuracy[:, :, run.place((1, 1)), 0]
    grid = np.linspace(0.0, 1.0, 101)
    words, signed = (em.masked_caption(grid, code=c) for c in (code.OneHot(), code.Signed()))
    FIGURE.write(
        {
            "seeds": 2,
            "rates": RATES,
            "end": {str(rate): c[:, -5:].mean(axis=1) for rate, c in curves.items()},
        }
    )
    with FIGURE.sheet(widths=(3.6, 3.6, 4.4)) as (left, middle, right):
        known = np.isfinite(words.time)
        left.plot(grid[known], words.time[known], color=st.plot.INK)
        left.set(yscale="log", xlabel="share of hidden words", ylabel="time to colour 0.6")
        middle.plot(grid[:-1], words.colour[:-1], color=st.plot.colour(0), label="words")
        middle.plot(grid[-1], words.colour[-1], "o", color=st.plot.colour(0))
        middle.plot(grid, signed.colour, color=st.plot.colour(1), label="code ±1")
        middle.set(xlabel="share of hidden words", ylabel="colour in the end")
        middle.legend()
        for k, (rate, curve) in enumerate(curves.items()):
            right.plot(run.steps, curve.mean(axis=0), color=st.plot.colour(k), label=f"{rate:g}")
        right.set(
            xscale="symlog", xlim=(30, STEPS), xlabel="optimiser step", ylabel="share of blue"
        )
        right.legend(title="hidden")


if __name__ == "__main__":
    main()
