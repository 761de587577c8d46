"""Ring times bar: reverse diffusion with exact scores misses the product, MCMC nearly finds it.

Summed scores give the modes of the sides and diagonals too much mass. Annealed chains return right modes, and
masses that stop where the chains cease to hop, as the freeze-out predicts from the acceptance alone.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.composition.plane import (
    BOTH,
    CENTRES,
    CLOCK,
    LEVELS,
    TRUTH,
    annealed,
    bars,
    cloud,
    distance,
    draw,
    frozen,
    grouped,
)

FIGURE = Figure(
    __file__,
    title="A product needs MCMC, and MCMC freezes (Du et al. 2023, 2D product)",
    alt="Draws of ring times bar: exact, reverse diffusion, annealed chains; and masses of the modes",
    section="Products",
    caption="""
Ring times bar with exact scores. Left to right: exact draws; reverse diffusion with summed scores (400 steps);
annealed MALA and HMC, ten moves at each of 100 levels; masses of the modes, means over five seeds, with the
masses that the freeze-out predicts of MALA.""",
)
SEEDS, N = range(5), 4000


def main() -> None:
    """Draw, predict, write record and picture."""
    sp, kernels = st.sim.composition, {"MALA": st.noise.MALA(), "HMC": st.noise.HMC()}
    methods = {"reverse diffusion": (sp.Reverse(churn=1.0), CLOCK)}
    methods |= {name: (annealed(kernel, 10), LEVELS) for name, kernel in kernels.items()}
    exact = [sp.sample(sp.Oracle(), BOTH, N, levels=LEVELS, rng=seed) for seed in SEEDS]
    drawn = {"exact draws": exact}
    for name, (method, levels) in methods.items():
        drawn[name] = [draw(method, BOTH, N, levels=levels, seed=seed) for seed in SEEDS]
    masses = {
        name: np.array([st.observe.cell_masses(one, CENTRES) for one in runs])
        for name, runs in drawn.items()
    }
    acceptance = np.mean([one.arrays["acceptance"] for one in drawn["MALA"]], axis=0)
    law = frozen(kernels["MALA"], 10, acceptance)
    record = {
        "seeds": list(SEEDS),
        "exact masses: top and bottom, diagonals, sides": grouped(TRUTH),
        "predicted masses, MALA": grouped(law),
        "predicted distance, MALA": float(distance(law)),
    }
    for name, found in masses.items():
        record[name] = {
            "masses, mean": grouped(found).mean(axis=0),
            "distance, each seed": distance(found),
        }
        print(
            f"{name}: {grouped(found).mean(axis=0).round(3)}, off by {distance(found).mean():.3f}"
        )
    print(f"freeze-out, MALA: {grouped(law).round(3)}, off by {distance(law):.3f}")
    FIGURE.write(record)
    with FIGURE.sheet(widths=(2.7, 2.7, 2.7, 2.7, 4.2), height=3.6) as axes:
        for k, (ax, (name, runs)) in enumerate(zip(axes, drawn.items(), strict=False)):
            cloud(ax, runs[0].points[:2000], name, hue=k - 1 if k else None)
        rows = {"exact": grouped(TRUTH)}
        rows |= {name: grouped(masses[name]).mean(axis=0) for name in methods}
        rows["freeze-out of MALA"] = grouped(law)
        bars(axes[4], rows, labels=("top, bottom", "diagonals", "sides"))


if __name__ == "__main__":
    main()
