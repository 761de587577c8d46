"""Labels (Cagnetta et al. 2024): from how many labelled strings the class shows the lowest tuples.

Strings at which the correlation of a tuple of tokens with the class equals its sampling noise, from the rules, over
the law n_c m^L. The figure stands for the law of the sample complexity; the test errors of the paper's deep
networks it cannot stand for.
"""

import numpy as np

import simtheory as st
from validation.common import Figure

FIGURE = Figure(
    __file__,
    title="Labels show the lowest tuples from about n_c m^L strings (Cagnetta et al. 2024)",
    alt="Strings at which tuples and class are seen to be correlated, over the law, for several grammars",
    caption="""
Labelled strings at which the mean square correlation of the tuples of tokens with the class equals its sampling noise,
computed from the rules of 20 grammars (v = n_c, s = 2), over n_c m^L; a colour for each depth, filled marks v = 16, open
ones v = 32. Dashed: the law; crosses: the law of token pairs, m to the power 2L − 1, which labels need not reach. Right: the
ratio to the law, which has no factor 1/(1 − f): with it the ratio would fall as m grows.""",
)
SEEDS = tuple(range(20))
SETTINGS = tuple((v, m, L) for v in (16, 32) for L in (2, 3) for m in (2, 4, 8) if m < v)


def needed(v: int, m: int, L: int) -> float:
    """Return the strings at which signal and noise are equal, mean noise over mean signal."""
    signal, floor = [], []
    for seed in SEEDS:
        grammar = st.RandomHierarchy(v=v, m=m, L=L, seed=seed)
        for node in range(2 ** (L - 1)):
            joint = (
                st.analytic.hierarchy.joint(grammar, (1, node), (L, 0)) / m
            )  # of each of m tuples
            margins = np.outer(joint.sum(axis=1), m * joint.sum(axis=0))
            signal.append(np.mean((joint - margins) ** 2))
            floor.append(np.mean(margins))
    return float(np.mean(floor) / np.mean(signal))


def main() -> None:
    """Compute all settings, then write the record and the picture."""
    found = np.array([needed(*setting) for setting in SETTINGS])
    law = np.array([v * m**L for v, m, L in SETTINGS], dtype=float)
    pairs = np.array([v * m ** (2 * L - 1) for v, m, L in SETTINGS], dtype=float)
    FIGURE.write(
        {"seeds": SEEDS, "settings": SETTINGS, "strings": found, "over_the_law": found / law}
    )
    with FIGURE.sheet(widths=(5.0, 5.0)) as (left, right):
        for (v, m, L), x, y in zip(SETTINGS, law, found, strict=True):
            style = {"color": st.plot.colour(L - 2), "mfc": None if v == 16 else "white"}
            left.plot(x, y, "o", **style)
            right.plot(m, y / x, "o", **style)
        for L in (2, 3):
            left.plot([], [], "o", color=st.plot.colour(L - 2), label=f"L = {L}")
        order = np.argsort(law)
        left.plot(law[order], law[order], "--", color=st.plot.INK, label="n_c m^L")
        left.plot(law, pairs, "x", color=st.plot.GREY, label="token pairs")
        right.axhline(1.0, ls="--", color=st.plot.INK)
        left.set(xscale="log", yscale="log", xlabel="n_c m^L", ylabel="strings")
        right.set(
            xscale="log",
            xlabel="rules of a symbol m",
            ylabel="strings over n_c m^L",
            ylim=(0.0, 1.4),
        )
        left.legend()


if __name__ == "__main__":
    main()
