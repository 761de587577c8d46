"""Displacement tests of the hidden layer, before and after training (Liang et al. 2024, Fig. 2 and 3).

The paper compares the learned representation with two ideal tori. The null that decides is the untrained net, and the
code of the label itself, which is factorised by construction; a code that mixes both factors shows whether training
factorises.
"""

import numpy as np
from tqdm import tqdm

import simtheory as st
from validation.common import Figure
from validation.factorization.drawn import NET, SEEDS

FIGURE = Figure(
    __file__,
    title="Training adds continuity to the representation, and does not factorise it (Liang et al. 2024, Fig. 2, 3)",
    alt="Interaction, parallelism, x-on-y and x-on-x over training steps for two codes, with the constants of two tori",
    caption="""
Hidden layer of nets that draw 1024 bumps (σ = 1) on a torus, grid of 12×12 labels, pure noise as image, two seeds; the code
separate (sinusoids of each factor) or joint (of random wave vectors). Dashed: Clifford torus; dash-dotted: doughnut;
dotted: noise.""",
)
STEPS = (0, 50, 150, 400, 1000, 2500)
CODES = {
    "separate": st.validation.factorization.Sinusoids(4.0),
    "joint": st.validation.factorization.Joint(8, 4.0),
}
MEASURES = ("interaction", "parallelism", "orthogonality", "continuity", "participation_ratio")
GRID = np.stack(np.meshgrid(*[np.arange(12) * 16.0 / 12.0] * 2, indexing="ij"), axis=-1)


def measured(code: object, seed: int) -> np.ndarray:
    """Return the measures (steps, measures) of one seed, whose training is stopped at each step."""
    task = st.BumpTask(16, layout=st.tasks.factorization.Random(1024), periodic=True)
    labels, rows = GRID.reshape(-1, 2), []
    for step in STEPS[1:]:
        run = st.validation.diffusion.train(
            NET,
            st.validation.factorization.BumpImages(task, code),
            steps=step,
            lr=2e-3,
            seeds=[seed],
            optimiser=st.validation.CosineAdam(STEPS[-1]),
            samples=2048,
            draws=1,
            looks=[step],
        )
        layer = st.validation.factorization.hidden(run, labels)
        if not rows:
            rows.append(layer.baseline[0])
        rows.append(layer.activations[0])
    found = [st.assess.activations(row, labels, period=16.0, rng=0) for row in rows]
    return np.array([[getattr(each, name).value for name in MEASURES] for each in found])


def main() -> None:
    """Train, then write the record and the picture."""
    found = np.array(
        [
            [measured(code, seed) for seed in SEEDS]
            for code in tqdm(CODES.values(), desc="codes", disable=None)
        ]
    )
    FIGURE.write(
        {
            "seeds": SEEDS,
            "codes": list(CODES),
            "steps": STEPS,
            "measures": MEASURES,
            "values": found,
        }
    )
    laws = st.analytic.factorization
    clifford, doughnut = (laws.displacement_means(each) for each in ("clifford", "doughnut"))
    noise = laws.noise_means(12, 12, 192)
    lines = {
        "interaction": (0.0, None, noise.interaction),
        "parallelism": (1.0, (1.0 + doughnut.parallelism_y) / 2, noise.cosine),
        "orthogonality": (clifford.x_on_y, doughnut.x_on_y, noise.absolute),
        "continuity": (clifford.x_on_x, doughnut.x_on_x, noise.absolute),
    }
    places = np.arange(len(STEPS))
    with FIGURE.sheet(widths=(3.2, 3.2, 3.2, 3.2)) as panels:
        for ax, (name, values) in zip(panels, lines.items(), strict=True):
            for i, code in enumerate(CODES):
                rows = found[i, :, :, MEASURES.index(name)]
                ax.plot(places, rows.T, "o", ms=3, color=st.plot.colour(i), alpha=0.6)
                ax.plot(places, rows.mean(axis=0), color=st.plot.colour(i), label=code)
            for value, style in zip(values, ("--", "-.", ":"), strict=True):
                if value is not None:
                    ax.axhline(value, ls=style, color=st.plot.GREY)
            ax.set(xticks=places, xticklabels=STEPS, xlabel="step", ylabel=name, ylim=(-0.2, 1.05))
        panels[0].legend()


if __name__ == "__main__":
    main()
