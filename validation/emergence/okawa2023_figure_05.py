"""Joint accuracy and the product of the concepts' accuracies (Okawa et al. 2023, multiplicative emergence).

Three rules for the joint accuracy of the farthest class from those of its concepts, held against the noise of
counting, in nets on vectors.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.emergence.curves import em, nets

FIGURE = Figure(
    __file__,
    title="The farthest class is as accurate as the product of its concepts (Okawa et al. 2023)",
    alt="Joint accuracy against product, weakest concept and mean; over training; widths of joint and concepts",
    section="Products",
    caption="""
Class 111 in perceptrons on vectors, presence code, σ = 0.2, SGD, 256 samples a look, five seeds. Left: joint accuracy over
what three rules say; dashed: equal; grey: two standard errors of the joint accuracy less product of independent errors.
Middle: one seed over training: joint (black), concepts, and the band of their product (grey). Right: steps from
0.1 to 0.9 of the joint accuracy over those of the slowest concept; 0.5 would be sudden, and the limits 0.70 and 1.40
(dashed) are those of a product of many equal logistic and of many exponential curves.""",
)
DRAWS = 256


def main() -> None:
    """Train, write record and picture."""
    run = nets.vector_run(nets.main_split(sigma=0.2), seeds=range(5), progress=True)
    place = run.place((1, 1, 1))
    q, joint = run.accuracy[:, :, place], run.joint[:, :, place]
    limited = (q < 0.95).sum(axis=-1) >= 2
    rules = {"product": q.prod(axis=-1), "weakest": q.min(axis=-1), "mean": q.mean(axis=-1)}
    low, high = (st.validation.diffusion.emergence_steps(run, level=x) for x in (0.1, 0.9))
    end = float(run.steps[-1])
    joint_width = np.minimum(high.joint, end) - np.minimum(low.joint, end)
    widths = np.minimum(high.concepts, end) - np.minimum(low.concepts, end)
    ratios = (joint_width / widths.max(axis=-1))[:, place]
    FIGURE.write(
        {
            "seeds": 5,
            "rms": {
                name: [
                    np.sqrt(((a - b)[ok] ** 2).mean())
                    for a, b, ok in zip(joint, rule, limited, strict=True)
                ]
                for name, rule in rules.items()
            },
            "width of joint over slowest concept": ratios,
        }
    )
    with FIGURE.sheet(widths=(4.0, 4.6, 3.0)) as (left, middle, right):
        grid = np.linspace(0.01, 0.99, 99)
        noise = em.product_noise(np.repeat(grid[:, None] ** (1 / 3), 3, axis=1), DRAWS)
        left.fill_between(grid, grid - 2 * noise, grid + 2 * noise, color=st.plot.GREY, alpha=0.3)
        for k, (name, rule) in enumerate(rules.items()):
            left.plot(rule[limited], joint[limited], ".", ms=3, color=st.plot.colour(k), label=name)
        left.plot([0, 1], [0, 1], "--", color=st.plot.INK)
        left.set(xlabel="rule", ylabel="joint accuracy of 111")
        for k in range(3):
            middle.plot(run.steps, q[1, :, k], color=st.plot.colour(k), label=f"concept {k + 1}")
        band = 2 * em.product_noise(np.clip(q[1], 1 / DRAWS, 1.0), DRAWS)
        middle.fill_between(
            run.steps,
            rules["product"][1] - band,
            rules["product"][1] + band,
            color=st.plot.GREY,
            alpha=0.4,
        )
        middle.plot(run.steps, joint[1], color=st.plot.INK, label="joint")
        middle.set(xlim=(0, 2000), xlabel="optimiser step", ylabel="accuracy of 111")
        right.plot(range(5), ratios, "o", color=st.plot.colour(0))
        for ratio in (0.702, 1.404):
            right.axhline(ratio, ls="--", color=st.plot.INK)
        right.axhline(0.5, ls=":", color=st.plot.GREY)
        right.set(xlabel="seed", ylabel="width of joint / slowest concept", ylim=(0.0, 2.2))
        left.legend()
        middle.legend()


if __name__ == "__main__":
    main()
