"""Blocks of coherence (Favero et al. 2025): strings of a denoiser that knows some levels only.

Token-token correlations of strings that are drawn with the rules up to level k vanish at distance s^k. The
figure stands for the statement on the correlation of generated data over distance on grammars; the paper's
panels on text and images, which need large models, it cannot stand for.
"""

import simtheory as st
from validation.common import Figure

FIGURE = Figure(
    __file__,
    title="Strings of a model that knows k levels are coherent in blocks of 2^k tokens (Favero et al. 2025)",
    alt="Squared correlation of tokens over their distance for the language and for models that know 1 to 4 levels",
    caption="""
Strings of a grammar with v = 8, m = 2, L = 5, drawn by reverse diffusion (50 steps) with exact beliefs of models
that know the rules up to level k, 20 000 each. Left: squared correlation of two tokens over their distance,
place by place, without noise floor; right: its ratio to the language. It vanishes from r = 2^k on. Bars: one
standard error, jackknife over blocks of strings.""",
)
SEED, COUNT, LEVELS = 0, 20_000, (1, 2, 3, 4)


def main() -> None:
    """Draw strings, then write the record and the picture."""
    grammar = st.RandomHierarchy(v=8, m=2, L=5, seed=SEED)
    known = st.assess.coherence(grammar.sample(COUNT, rng=SEED), aligned=True)
    found = {}
    for k in LEVELS:
        strings = st.sim.hierarchy.generate(grammar, COUNT, steps=50, rng=k, level=k)
        found[k] = st.assess.coherence(strings, reference=known, aligned=True)
    FIGURE.write(
        {
            "seeds": [SEED],
            "r": known.r,
            "C2": known.C2,
            "error": known.error,
            "levels": {
                k: {"ratio": c.ratio, "error": c.ratio_error, "length": c.length}
                for k, c in found.items()
            },
        }
    )
    with FIGURE.sheet(widths=(5.0, 5.0)) as (left, right):
        left.errorbar(
            known.r, known.C2, yerr=known.error, fmt="o-", ms=3, color=st.plot.INK, label="language"
        )
        for k, c in found.items():
            style = {"fmt": "o-", "ms": 3, "color": st.plot.colour(k - 1)}
            kept = c.C2 > 0
            left.errorbar(c.r[kept], c.C2[kept], yerr=c.error[kept], label=f"knows {k}", **style)
            right.errorbar(c.r, c.ratio, yerr=c.ratio_error, **style)
            right.axvline(2**k, ls=":", color=st.plot.colour(k - 1))
        right.axhline(1.0, ls="--", color=st.plot.INK)
        left.set(xscale="log", yscale="log", ylim=(known.error.min() / 4, None))
        left.set(xlabel="distance (tokens)", ylabel="squared correlation")
        right.set(
            xscale="log",
            xlabel="distance (tokens)",
            ylabel="ratio to the language",
            ylim=(-0.3, 1.3),
        )
        left.legend()


if __name__ == "__main__":
    main()
