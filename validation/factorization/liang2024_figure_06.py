"""Width of the bumps and number of examples: percolation or coverage (Liang et al. 2024, Fig. 6).

The paper lets the kept share of a lattice of examples vary for bumps of several widths and reads accuracy as
percolation of their overlaps. Here the examples lie at random. If percolation decided, the curves would collapse over
n r²/N² with the link radius r ∝ σ; if coverage decides, over n ρ²/N² with the reach ρ of the net. A criterion
whose tolerance grows with the width, the cosine with the true image, shows the slope of percolation all the same.
"""

import numpy as np
from tqdm import tqdm

import simtheory as st
from validation.common import Figure
from validation.factorization.drawn import CRITERIA, answers, half

FIGURE = Figure(
    __file__,
    title="Accuracy over the number of examples: coverage, not percolation (Liang et al. 2024, Fig. 6)",
    alt="Accuracy of nets over the number of examples for five widths, over two scaled numbers, and the number for one half",
    caption="""
Bumps on a torus of 16×16, labels at random, one seed; a centre within 1 px is right. First: shares of right answers.
Second: over the mean number of linked neighbours nπr²/N², link radius r at an overlap of .05; dotted: the threshold 4.512.
Third: over nπρ²/N² with a reach ρ = a σ^b, both fitted; dashed: 1 − exp(−x). Fourth: examples for one half by the
centre and by a cosine above .9, with slopes; dashed: −2.""",
)
WIDTHS = np.array([0.7, 1.0, 1.4, 2.0, 2.8])
NUMBERS = np.array([14, 20, 32, 50, 80, 126])
SIDE = 16


def reach(right: np.ndarray) -> tuple[float, float]:
    """Return a and b of the reach a σ^b whose coverage is nearest to the shares (widths, numbers)."""
    a, b = np.meshgrid(np.linspace(0.5, 2.5, 201), np.linspace(-0.5, 1.5, 201), indexing="ij")
    rho = a[..., None, None] * WIDTHS[:, None] ** b[..., None, None]
    law = st.analytic.factorization.nearest_random(NUMBERS, side=float(SIDE), tolerance=rho)
    best = np.unravel_index(((law - right) ** 2).sum(axis=(-2, -1)).argmin(), a.shape)
    return float(a[best]), float(b[best])


def main() -> None:
    """Train, then write the record and the picture."""
    known, right = np.empty((2, WIDTHS.size, NUMBERS.size, 3))
    for i, k in tqdm(list(np.ndindex(WIDTHS.size, NUMBERS.size)), desc="nets", disable=None):
        layout = st.tasks.factorization.Random(int(NUMBERS[k]))
        task = st.BumpTask(SIDE, float(WIDTHS[i]), layout=layout, periodic=True)
        found = answers(st.validation.factorization.BumpImages(task), seeds=(0,))
        known[i, k], right[i, k] = found["known"][0], found["right"][0]
    a, b = reach(right[:, :, 0])
    halves = np.array([[half(NUMBERS, right[i, :, c]) for i in range(WIDTHS.size)] for c in (0, 2)])
    slopes = [float(np.polyfit(np.log(WIDTHS), np.log(row), 1)[0]) for row in halves]
    FIGURE.write(
        {
            "seeds": [0],
            "criteria": CRITERIA,
            "widths": WIDTHS,
            "numbers": NUMBERS,
            "right": right,
            "least_known": known.min(axis=(0, 1)),
            "reach": [a, b],
            "examples_for_half_by_centre": halves[0],
            "examples_for_half_by_cosine": halves[1],
            "slopes": slopes,
        }
    )
    with FIGURE.sheet(widths=(3.2, 3.2, 3.2, 3.2)) as (plain, linked, covered, needed):
        for i, sigma in enumerate(WIDTHS):
            radius = float(st.analytic.percolation.link_radius(sigma, theta=0.05))
            area = np.pi / SIDE**2
            for ax, x in (
                (plain, NUMBERS),
                (linked, NUMBERS * area * radius**2),
                (covered, NUMBERS * area * (a * sigma**b) ** 2),
            ):
                ax.plot(
                    x, right[i, :, 0], "o-", ms=3, color=st.plot.colour(i), label=f"σ = {sigma:g}"
                )
        linked.axvline(4.512, ls=":", color=st.plot.GREY)
        x = np.geomspace(0.1, 5.0, 100)
        covered.plot(x, -np.expm1(-x), "--", color=st.plot.INK)
        plain.set(xscale="log", xlabel="examples n", ylabel="share of right answers")
        linked.set(xscale="log", xlabel="neighbours nπr²/N²")
        covered.set(xscale="log", xlabel=f"nπρ²/N², ρ = {a:.2f} σ^{b:.2f}")
        for row, name, k in zip(halves, ("centre", "cosine"), (0, 1), strict=True):
            needed.plot(
                WIDTHS, row, "o-", color=st.plot.colour(k), label=f"{name}: {slopes[k]:.2f}"
            )
        needed.plot(WIDTHS, halves[0, 0] * (WIDTHS / WIDTHS[0]) ** -2.0, "--", color=st.plot.GREY)
        needed.set(
            xscale="log", yscale="log", xlabel="width σ (px)", ylabel="examples for one half"
        )
        for ax, ticks in ((plain, [14, 32, 80]), (needed, [0.7, 1.4, 2.8])):
            ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            ax.set_xticks([], minor=True)
        plain.legend()
        needed.legend()


if __name__ == "__main__":
    main()
