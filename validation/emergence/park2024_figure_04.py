"""Hidden capability (Park et al. 2024): a stronger prompt shows a weak concept before the plain one does.

Steps to 0.8 of the accuracy that the data allow, under the plain prompt and under stronger ones, over the strength.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.emergence.curves import em, nets, plain_ticks

FIGURE = Figure(
    __file__,
    title="A weak concept is learned before the plain prompt shows it; a strong one is not (Park et al. 2024)",
    alt="Steps to 0.8 of the data's accuracy over the strength of the weak concept, plain and stronger prompts",
    section="Prompts",
    caption="""
Class 11, a weak concept beside one of strength 0.8; prompts multiply the weak word. Left: closed form of a linear
denoiser of the velocity, σ = 0.08. Middle: perceptrons on vectors, SGD 0.02, 128 samples a look, two seeds (marks) and
their geometric mean (lines); prompts that do not pass within the run, of 8000 steps at 0.2 down to 2500 at 0.8, are left
out. Right: plain over best stronger prompt, closed form (dashed) and nets; the end of the run stands for a plain prompt that
does not pass.""",
)
GAINS, STRENGTHS = (1.0, 1.5, 2.5, 3.5, 4.5), (0.2, 0.3, 0.45, 0.6, 0.8)
STEPS, SIGMA = (8000, 6000, 4000, 3000, 2500), 0.08


def law(weak: float, ceiling: float) -> np.ndarray:
    """Return the times of the closed form under each prompt."""
    graph = st.tasks.park2024.two_concepts(weak, sigma=SIGMA)
    return np.array(
        [
            em.diffusion(graph, [1.0], classes=[(1, 1)], prompts=(g, 1.0), prediction="v").times(
                0.8 * ceiling
            )[0]
            for g in GAINS
        ]
    )


def main() -> None:
    """Solve, train, write record and picture."""
    times, steps = [], []
    for weak, last in zip(STRENGTHS, STEPS, strict=True):
        run = nets.vector_run(
            st.tasks.park2024.two_concepts(weak, sigma=SIGMA), seeds=range(2), steps=last, draws=128,
            prompts=[(g, 1.0) for g in GAINS], progress=True,
        )  # fmt: skip
        times.append(law(weak, float(np.prod(run.stats["held_out"]))))
        steps.append(st.validation.diffusion.emergence_steps(run, level=0.8).joint)
    theory, found = np.array(times), np.array(steps)
    end = np.array(STEPS, dtype=float)[:, None]
    window = np.minimum(found[:, :, 0], end) / found[:, :, 1:].min(axis=2)
    FIGURE.write(
        {"seeds": 2, "strengths": STRENGTHS, "gains": GAINS, "steps": found, "closed form": theory}
    )
    with FIGURE.sheet(widths=(4.2, 4.2, 3.4)) as (left, middle, right):
        shown = np.where(np.isfinite(found), found, np.nan)
        for k, gain in enumerate(GAINS):
            hue = st.plot.colour(k)
            left.plot(STRENGTHS, theory[:, k], color=hue, label=f"× {gain:g}")
            middle.plot(STRENGTHS, shown[:, :, k], "o", ms=3, color=hue)
            with np.errstate(invalid="ignore"):
                middle.plot(STRENGTHS, np.exp(np.log(shown[:, :, k]).mean(axis=1)), color=hue)
        right.plot(STRENGTHS, theory[:, 0] / theory[:, 1:].min(axis=1), "--", color=st.plot.INK)
        right.plot(STRENGTHS, window, "o", color=st.plot.colour(0))
        right.axhline(1.0, ls=":", color=st.plot.GREY)
        left.set(ylabel="learning rate × steps")
        middle.set(ylabel="optimiser step")
        right.set(ylabel="plain over best stronger prompt")
        for ax in (left, middle, right):
            ax.set(xscale="log", yscale="log", xlabel="strength of the weak concept")
            plain_ticks(ax.xaxis, STRENGTHS)
            plain_ticks(ax.yaxis, [d * 10**k for k in range(4) for d in (1, 2, 5)])
        left.legend(title="weak word")


if __name__ == "__main__":
    main()
