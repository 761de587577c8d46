"""Levels one by one (Favero et al. 2025): a denoiser learns a grammar from below, in time and with strings.

The order of the levels in training time and in the number of strings, by level shares, which need no samples.
The figure stands for the order and the onsets in the paper's panels on accuracy over training time and over
the number of strings, whose grids are larger; nets of this size do not measure the exponents.
"""

import numpy as np
from tqdm import tqdm

import simtheory as st
from validation.common import Figure

FIGURE = Figure(
    __file__,
    title="A denoiser learns the levels of a grammar one by one, in time and with strings (Favero et al. 2025)",
    alt="Level shares of small denoisers over training steps, over training strings, and excess over Bayes",
    caption="""
Denoisers (hierarchical U-Net of width 48, Adam 1e-2, batch 64, 50 steps of noise, averaged weights) of strings
of grammars with v = 8, m = 2, L = 3. Left: share of each level over training steps on fresh strings, three
grammars; 0 before a level is used, 1 where it is used as the rules tell. Middle: excess over the exact Bayes
denoiser for the first grammar; dashed: models that know the rules up to a level. Right: shares of one net
for each number of training strings, at the step of its least excess; the language has 1024 strings.""",
)
SEEDS = (0, 1, 2)
STEPS = np.array([20, 30, 50, 70, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200])
STRINGS = (16, 32, 64, 128, 256, 512)


def trained(
    seed: int, strings: int | None, looks: np.ndarray
) -> "st.validation.hierarchy.DenoiserRun":
    """Return a run on one grammar."""
    h = st.validation.hierarchy
    return h.train(
        h.HierarchicalUNet(width=48),
        st.RandomHierarchy(v=8, m=2, L=3, seed=seed),
        strings=strings,
        steps=int(looks[-1]),
        lr=1e-2,
        noise_steps=50,
        seeds=[seed],
        record=looks,
        samples=0,
    )


def main() -> None:
    """Train, then write the record and the picture."""
    runs = [trained(seed, None, STEPS) for seed in tqdm(SEEDS, desc="time", disable=None)]
    few = [trained(0, P, STEPS[STEPS <= 1600]) for P in tqdm(STRINGS, desc="strings", disable=None)]
    best = [int(np.argmin(run.excess[0])) for run in few]
    shares = np.array([run.shares[0, k] for run, k in zip(few, best, strict=True)])
    steps = np.array([st.validation.hierarchy.learning_steps(run)[0] for run in runs])
    FIGURE.write(
        {
            "seeds": SEEDS,
            "steps": STEPS,
            "shares": [run.shares[0] for run in runs],
            "excess": [run.excess[0] for run in runs],
            "staircase": [run.staircase for run in runs],
            "steps_to_a_quarter": steps,
            "strings": STRINGS,
            "shares_at_the_best_step": shares,
            "best_step": [int(run.steps[k]) for run, k in zip(few, best, strict=True)],
        }
    )
    with FIGURE.sheet(widths=(4.0, 4.0, 4.0)) as (time, excess, number):
        for k, run in enumerate(runs):
            for l in range(3):
                name = f"level {l + 1}" if k == 0 else None
                time.plot(STEPS, run.shares[0, :, l], color=st.plot.colour(l), label=name)
        excess.plot(STEPS, runs[0].excess[0], color=st.plot.INK, label="net")
        for k, height in enumerate(runs[0].staircase[:-1]):
            excess.axhline(height, ls="--", color=st.plot.colour(k), label=f"knows {k}")
        for l in range(3):
            number.plot(
                STRINGS, shares[:, l], "o-", color=st.plot.colour(l), label=f"level {l + 1}"
            )
        time.set(xscale="log", xlabel="step", ylabel="level share")
        excess.set(xscale="log", yscale="log", xlabel="step", ylabel="excess (nats a token)")
        number.set(xscale="log", xlabel="training strings", ylabel="level share at the best step")
        number.set_xticks(STRINGS, [str(n) for n in STRINGS])
        number.set_xticks([], minor=True)
        excess.set_yticks([0.02, 0.05, 0.1, 0.2, 0.5], ["0.02", "0.05", "0.1", "0.2", "0.5"])
        excess.set_yticks([], minor=True)
        for ax in (time, excess, number):
            ax.legend()


if __name__ == "__main__":
    main()
