"""How the manifold of the representation forms over training (Liang et al. 2024, Fig. 2).

The paper watches the leading components of a layer while a net learns periodic bumps, and holds the persistence of its
points against that of a torus. Here the same numbers stand beside their nulls: the net before training, the code of the label,
the images themselves, and clouds of noise of the same variances. The share of four components rises, by less than a tenth, and
is highest in the middle; no torus stands above the noise in six components, before training or after.
"""

import numpy as np
from tqdm import tqdm

import simtheory as st
from validation.common import Figure
from validation.factorization.drawn import NET, SEEDS
from validation.factorization.liang2024_figure_03 import GRID, STEPS

FIGURE = Figure(
    __file__,
    title="Leading components and loops of the representation over training (Liang et al. 2024, Fig. 2)",
    alt="Share of four components over training steps, the leading eigenvalues, and the longest bars beside those of noise",
    caption="""
Hidden layer of nets that draw 1024 bumps (σ = 1) on a torus, separate codes, grid of 12×12 labels, pure noise as image. First: share
of the variance in the four leading components, two seeds; dashed: the Clifford torus, dotted: code and images. Second: leading
eigenvalues, seed 0. Third: bars of persistence in six components of seed 0 (dots) and the longest of 20 clouds
of noise (lines); a torus has two loops and one hollow above them.""",
)
SHOWN = (0, 2, 5)


def powers(layer: np.ndarray) -> np.ndarray:
    """Return the variances of a layer along its components, as shares."""
    found = np.linalg.svd(layer - layer.mean(axis=0), compute_uv=False) ** 2
    return np.asarray(found / found.sum())


def layers(world: object, seed: int) -> list[np.ndarray]:
    """Return the hidden layer (labels, units) of one seed at each of the steps."""
    found = []
    for step in STEPS[1:]:
        run = st.validation.diffusion.train(
            NET,
            world,
            steps=step,
            lr=2e-3,
            seeds=[seed],
            optimiser=st.validation.CosineAdam(STEPS[-1]),
            samples=2048,
            draws=1,
            looks=[step],
        )
        layer = st.validation.factorization.hidden(run, GRID.reshape(-1, 2))
        if not found:
            found.append(layer.baseline[0])
        found.append(layer.activations[0])
    return found


def main() -> None:
    """Train, then write the record and the picture."""
    task = st.BumpTask(16, layout=st.tasks.factorization.Random(1024), periodic=True)
    world = st.validation.factorization.BumpImages(task, st.validation.factorization.Sinusoids(4.0))
    seen = [layers(world, seed) for seed in tqdm(SEEDS, desc="seeds", disable=None)]
    labels = GRID.reshape(-1, 2)
    spectra = np.array([[powers(layer)[:15] for layer in each] for each in seen])
    plain = {
        "code": powers(world.condition(labels))[:15],
        "images": powers(world.images(labels).reshape(len(labels), -1))[:15],
    }
    holes = [st.assess.topology(seen[0][k], rng=0) for k in tqdm(SHOWN, desc="tori", disable=None)]
    FIGURE.write(
        {
            "seeds": SEEDS,
            "steps": STEPS,
            "spectra": spectra,
            "share_of_four": spectra[..., :4].sum(axis=-1),
            "share_of_four_of_code_and_images": [float(each[:4].sum()) for each in plain.values()],
            "steps_of_bars": [STEPS[k] for k in SHOWN],
            "betti": [each.betti for each in holes],
            "longest_of_noise": [each.null for each in holes],
            "bars": [each.lengths for each in holes],
        }
    )
    with FIGURE.sheet(widths=(3.6, 3.6, 3.6)) as (share, spectrum, bars):
        places = np.arange(len(STEPS))
        four = spectra[..., :4].sum(axis=-1)
        share.plot(places, four.T, "o", ms=4, color=st.plot.colour(0), alpha=0.6)
        share.plot(places, four.mean(axis=0), color=st.plot.colour(0))
        share.axhline(1.0, ls="--", color=st.plot.GREY)
        for name, each in plain.items():
            share.axhline(each[:4].sum(), ls=":", color=st.plot.GREY)
            share.text(places[-1], each[:4].sum() + 0.01, name, ha="right", fontsize=8)
        share.set(
            xticks=places, xticklabels=STEPS, xlabel="step", ylabel="share of four components",
            ylim=(0, 1.05),
        )  # fmt: skip
        count = np.arange(1, 16)
        for i, k in enumerate(SHOWN):
            spectrum.plot(
                count, spectra[0, k], "o-", ms=3, color=st.plot.colour(i), label=f"step {STEPS[k]}"
            )
        spectrum.plot(count, np.where(count <= 4, 0.25, np.nan), "--", color=st.plot.GREY)
        spectrum.set(xlabel="component", ylabel="share of the variance", yscale="log")
        spectrum.legend()
        for i, (k, each) in enumerate(zip(SHOWN, holes, strict=True)):
            for dim in range(3):
                x = 4 * dim + i
                lengths = each.lengths[dim]
                bars.plot(
                    np.full(lengths.size, x), lengths, "o", ms=4, color=st.plot.colour(i),
                    label=f"step {STEPS[k]}: {each.betti}" if not dim else None,
                )  # fmt: skip
                bars.plot([x - 0.4, x + 0.4], [each.null[dim]] * 2, color=st.plot.INK)
        bars.set(
            xticks=[1, 5, 9], xticklabels=["components", "loops", "hollows"],
            ylabel="length of the bar", ylim=(0, None),
        )  # fmt: skip
        bars.legend()


if __name__ == "__main__":
    main()
