"""Correlations and strings (Cagnetta and Wyart 2024): what grammars show, and from how many strings.

Mean square correlations of drawn grammars, computed from their rules, against the law, and the strings at which
signal and noise are equal. The figure stands for the law of correlations and for the exponents in m of the
strings that are needed; learning curves of transformers it cannot stand for.
"""

import numpy as np

import simtheory as st
from validation.common import Figure

FIGURE = Figure(
    __file__,
    title="Correlations fall, and the strings that show them grow, as powers of m (Cagnetta and Wyart 2024)",
    alt="Mean square correlation over the level of the common ancestor, and strings needed over the rules of a symbol",
    caption="""
Left: mean square correlation of two tokens over the level of their common ancestor, 100 grammars each, L = 4; lines: the
law with corrections of finite size, dashed: its leading order. Right: strings at which the correlation of a tuple of
level l with a token equals its sampling noise, 40 grammars each (mean noise over mean signal), v = 16, over the number of
rules of a symbol, after the factor v/(1 − f); dashed: m to the power l + 2. Both are computed from the rules.""",
)
SEEDS = tuple(range(100))
RULES = (2, 3, 4)
SIZES = ((8, 2), (16, 4), (32, 8))


def mean_square(grammar: st.RandomHierarchy, lca: int) -> float:
    """Return the mean square correlation of two tokens whose common ancestor has a level."""
    joint = st.analytic.hierarchy.joint(grammar, (0, 0), (0, 2 ** (lca - 1)))
    return float(np.mean((joint - np.outer(joint.sum(axis=1), joint.sum(axis=0))) ** 2))


def main() -> None:
    """Compute both, then write the record and the picture."""
    h, levels = st.analytic.hierarchy, (1, 2, 3, 4)
    squares, corrected, leading = (np.empty((len(SIZES), 4)) for _ in range(3))
    for k, (v, m) in enumerate(SIZES):
        drawn = [st.RandomHierarchy(v=v, m=m, L=4, seed=seed) for seed in SEEDS]
        for l in levels:
            squares[k, l - 1] = np.mean([mean_square(grammar, l) for grammar in drawn])
            for row, order in ((corrected, "corrected"), (leading, "leading")):
                down = (l - 1, l - 1)
                row[k, l - 1] = h.correlation(v=v, m=m, L=4, lca=l, down=down, order=order)
    needed = np.empty((3, len(RULES)))
    for l in (1, 2, 3):
        for k, m in enumerate(RULES):
            drawn = [st.RandomHierarchy(v=16, m=m, L=l + 1, seed=seed) for seed in range(40)]
            # noise is the same for all to a few per cent, so the harmonic mean is mean noise over mean signal
            needed[l - 1, k] = 1 / np.mean([1 / h.snr_threshold(g, level=l) for g in drawn])
    scaled = needed * (1 - np.array(RULES) / 16) / 16
    slopes = [np.polyfit(np.log(RULES), np.log(row), 1)[0] for row in scaled]
    FIGURE.write(
        {
            "seeds": SEEDS,
            "settings": SIZES,
            "mean_square": squares,
            "over_the_corrected_law": squares / corrected,
            "over_the_leading_order": squares / leading,
            "rules": RULES,
            "strings": needed,
            "exponents": slopes,
        }
    )
    with FIGURE.sheet(widths=(5.0, 5.0)) as (left, right):
        for k, (v, m) in enumerate(SIZES):
            left.plot(levels, squares[k], "o", color=st.plot.colour(k), label=f"v = {v}, m = {m}")
            left.plot(levels, corrected[k], color=st.plot.colour(k), lw=1.0)
            left.plot(levels, leading[k], "--", color=st.plot.colour(k), lw=1.0)
        for l, row in enumerate(scaled, start=1):
            name = f"level {l}: slope {slopes[l - 1]:.2f}"
            right.plot(RULES, row, "o", color=st.plot.colour(l - 1), label=name)
            right.plot(
                RULES, row[0] * (np.array(RULES) / 2) ** (l + 2), "--", color=st.plot.colour(l - 1)
            )
        left.set(
            yscale="log", xlabel="level of the common ancestor", ylabel="mean square correlation"
        )
        right.set(
            xscale="log", yscale="log", xlabel="rules of a symbol m", ylabel="strings (1 − f)/v"
        )
        left.set_xticks(levels)
        right.set_xticks(RULES, [str(m) for m in RULES], minor=False)
        right.set_xticks([], minor=True)
        left.legend()
        right.legend()


if __name__ == "__main__":
    main()
