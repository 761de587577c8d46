"""Concept diffusion: what Yang et al. (2024) and Park et al. (2024) describe, on vectors and images.

Trains a conditional denoiser on concepts of different strength, follows the samples of the
combination that it never saw through concept space, and reads off the order of learning, the bend
towards the strong concept and the return, and the slowdown. Writes the numbers to
``concept_diffusion.json`` and draws ``concept_diffusion_vectors.svg`` and
``concept_diffusion_images.svg`` beside it.

    python validation/concept_diffusion.py                # vectors and images: minutes on two cores
    python validation/concept_diffusion.py vectors        # under a minute
    python validation/concept_diffusion.py images unet    # the U-Net too: some minutes more
    python validation/concept_diffusion.py --store runs   # an interrupted run goes on from there

Without a store, nothing but the record and the pictures is kept.
"""

import argparse
import json
from pathlib import Path
from time import perf_counter

import numpy as np
from common import sheet, write

import simtheory as st
from simtheory.plot.style import GREY, INK
from simtheory.validation import diffusion as df

HERE = Path(__file__).parent
SEEDS = range(5)
VECTORS = (0.2, 0.3, 0.4, 0.6, 0.8)  # strength of the first concept; the second has 0.8
COLOURS = (0.1, 0.2, 0.4, 0.8)  # distance of the two colours; the radii differ by 0.4
OF_VECTORS = """
A denoiser learns vectors that hold no concept or one of two, and is asked for both, which it never saw.
Left and middle: its mean sample in concept space through training, from an untrained net to the star;
thin: five seeds, thick: their mean. Right: the step from which on a concept stays learned in the
combination, against the strength of concept 1; dots are seeds, lines their mean."""
OF_IMAGES = """
discs of 8 × 8 pixels before a wall, three classes of four: large red, small red, large blue. The weak
colours differ half as much as the radii. First: what it draws for each prompt, from the same noise. Second
and third: path and coordinates of the small blue disc, which it never saw, as a classifier of all four
classes judges its samples; thin: five seeds, thick: their mean."""
LEARNED = """
Last: the step from which on a concept stays learned in the combination, against the distance of the
colours; dots are seeds, lines the mean of those that learn it."""
UNIT = st.SIMTask(mu=(1.0, 1.0), sigma=0.0, origin=True)  # concept space without scale


def numbers(run: df.ConceptRun) -> dict:
    """Return what is read off one run, a list over seeds each."""
    bend, alone = df.bend_and_return(run), df.terminal_slowdown(run, prompt=(0, 1))
    both = df.terminal_slowdown(run)
    read = {
        "learned": df.learning_steps(run).T,
        "beside": bend.beside,
        "fall": bend.fall,
        "fall_trained": bend.control,
        "end": bend.end,
        "joint_accuracy": run.joint[:, -3:, 3].mean(axis=1),
        "slowdown": both.ratio,
        "slowdown_second_alone": alone.ratio,
        "last_quarter": both.late,
    }
    return {"strengths": run.strengths.tolist()} | {name: plain(v) for name, v in read.items()}


def plain(values: np.ndarray) -> list:
    """Return numbers for JSON, None for what never happened."""
    if values.ndim > 1:
        return [plain(row) for row in values]
    return [round(float(v), 4) if np.isfinite(v) else None for v in values]


def show(name: str, runs: list[df.ConceptRun]) -> dict:
    """Print a table of mean and standard deviation over seeds; return the record."""
    order = df.strength_order(runs)
    print(
        f"\n{name}: mean ± standard deviation over {len(runs[0].seeds)} seeds, (n) of them learned"
    )
    print(
        f"{'strength':>9} {'learned at':>20} {'other at':>20} {'beside':>14} {'fall':>14} {'end':>14}"
    )
    for run, own, other in zip(runs, order.combined, order.other, strict=True):
        bend = df.bend_and_return(run)
        columns = [spread(v, "14.2f") for v in (bend.beside, bend.fall, bend.end)]
        print(
            f"{run.strengths[0]:9g} {spread(own, '20.0f')} {spread(other, '20.0f')} {' '.join(columns)}"
        )
    print(f"power of the strength: {spread(order.exponent, '0.2f')}")
    return {"exponent": plain(order.exponent), "runs": [numbers(run) for run in runs]}


def spread(values: np.ndarray, form: str) -> str:
    """Return mean and deviation of the finite values, and how many if not all."""
    width, digits = form.split(".")
    good = values[np.isfinite(values)]
    if good.size == 0:
        return "never".rjust(int(width))
    text = f"{good.mean():.{digits}} ± {good.std(ddof=min(1, good.size - 1)):.{digits}}"
    return (text if good.size == values.size else f"{text} ({good.size})").rjust(int(width))


def path(ax, run: df.ConceptRun, title: str) -> None:
    """Draw the seeds' paths to the unseen combination and their mean."""
    seeds = run.trajectory(UNIT)
    st.plot.concept_space(seeds, ax=ax, ls="-", markers=0, color=GREY)
    for text, name in zip(ax.texts, (*run.names, "both"), strict=True):
        text.set_text(name)
    mean = seeds.outputs[:, :, 3].mean(axis=0)
    ax.plot(*mean.T, color=INK, lw=1.8)
    ax.set(title=title, xlabel=run.names[0], ylabel=run.names[1])


def learning(ax, runs: list[df.ConceptRun], title: str, xlabel: str) -> None:
    """Draw when both concepts are learned in the combination, against the strength of the first."""
    order = df.strength_order(runs)
    for k, values in enumerate((order.combined, order.other)):
        middle = np.nanmean(np.where(np.isfinite(values), values, np.nan), axis=1)
        ax.plot(order.strengths, middle, "-", color=st.plot.colour(k), label=runs[0].names[k])
        ax.plot(order.strengths, values, "o", ms=3, alpha=0.5, color=st.plot.colour(k))
    ax.set(xscale="log", yscale="log", title=title, xlabel=xlabel, ylabel="step when learned")
    ax.set_xticks(order.strengths, [f"{s:g}" for s in order.strengths])
    ax.set_xticks([], minor=True)
    ax.legend()


def coordinates(ax, run: df.ConceptRun, title: str) -> None:
    """Draw the coordinates of the unseen combination over the steps of training."""
    for k, name in enumerate(run.names):
        ax.plot(
            run.steps, run.coordinates[:, :, 3, k].T, color=st.plot.colour(k), lw=0.6, alpha=0.5
        )
        mean = run.coordinates[:, :, 3, k].mean(axis=0)
        ax.plot(run.steps, mean, color=st.plot.colour(k), label=name)
    ax.axhline(1.0, color=GREY, lw=0.6, zorder=0)
    ax.set(xlabel="optimiser step", ylabel="coordinate, both asked for", title=title)
    ax.legend()


def strip(ax, run: df.ConceptRun, seed: int, moments: tuple[int, ...]) -> None:
    """Draw one sample of every prompt (rows) at some steps (columns), from the same noise."""
    at = [int(np.searchsorted(run.steps, step)) for step in moments]
    shown = np.clip(0.5 + 0.5 * run.examples[seed, at], 0.0, 1.0)  # moment, prompt, y, x, rgb
    framed = np.pad(shown, [(0, 0), (0, 0), (1, 1), (1, 1), (0, 0)], constant_values=1.0)
    moments_n, prompts, height, width, _ = framed.shape
    picture = framed.transpose(1, 2, 0, 3, 4).reshape(prompts * height, moments_n * width, 3)
    ax.imshow(picture, interpolation="nearest")
    ax.set_xticks(width * (np.arange(moments_n) + 0.5), [str(run.steps[k]) for k in at])
    kinds = ("large red", "small red", "large blue", "small blue:\nnever seen")
    ax.set_yticks(height * (np.arange(prompts) + 0.5), kinds)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="optimiser step", title="samples as training goes on, weak colour")


def vectors(_: Path | None) -> dict:
    """Train and draw the vectors."""
    runs = [df.vector_run(strength, seeds=SEEDS, progress=True) for strength in VECTORS]
    record = show("vectors, second concept of strength 0.8", runs)
    with sheet(
        str(HERE / "concept_diffusion_vectors"),
        title="A diffusion model of vectors bends to the strong concept, and returns",
        caption=OF_VECTORS,
        widths=(3.3, 3.3, 3.4),
        height=4.0,
    ) as axes:
        path(axes[0], runs[0], "strength 0.2 against 0.8: bends, returns")
        path(axes[1], runs[-1], "strength 0.8 against 0.8")
        learning(axes[2], runs, "the stronger, the sooner", "strength of concept 1")
    return record


def images(store: Path | None) -> dict:
    """Train and draw the images."""
    runs = [
        df.image_run(c, seeds=SEEDS, progress=True, store=store and store / f"mlp-{c}")
        for c in COLOURS
    ]
    record = show("images, radii that differ by 0.4", runs)
    with sheet(
        str(HERE / "concept_diffusion_images"),
        title="A diffusion model of discs learns size at once and a weak colour late",
        caption=f"A perceptron learns to draw {OF_IMAGES} {LEARNED}",
        widths=(3.4, 3.1, 3.2, 3.2),
        height=4.0,
    ) as axes:
        strip(axes[0], runs[1], 0, (0, 200, 500, 1000, 1600, 2000, 4000))
        path(axes[1], runs[1], "weak colour: bends, returns")
        coordinates(axes[2], runs[1], "weak colour")
        learning(axes[3], runs, "the stronger, the sooner", "distance of the colours")
    return record


def unet(store: Path | None) -> dict:
    """Train the U-Net on the weak colour."""
    run = df.image_run(
        0.2,
        net=df.UNetDenoiser((16, 32)),
        steps=3000,
        seeds=SEEDS,
        progress=True,
        store=store and store / "unet-0.2",
    )
    record = numbers(run)
    print("\nU-Net, colour 0.2:", json.dumps(record, indent=1))
    with sheet(
        str(HERE / "concept_diffusion_unet"),
        title="A U-Net composes a weak colour sooner, but its seeds differ",
        caption=f"A small U-Net learns to draw {OF_IMAGES}",
        widths=(3.4, 3.1, 3.2),
        height=4.1,
    ) as axes:
        strip(axes[0], run, 0, (0, 200, 500, 1000, 1500, 2000, 3000))
        path(axes[1], run, "U-Net, weak colour")
        coordinates(axes[2], run, "U-Net, weak colour")
    return record


PARTS = {"vectors": vectors, "images": images, "unet": unet}


def main() -> None:
    """Run the parts, and merge what they found into the record, each as soon as it is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to run")
    parser.add_argument("--store", type=Path, help="folder from which an interrupted run goes on")
    given = parser.parse_args()
    target = HERE / "concept_diffusion.json"
    record = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    for name in given.parts or ("vectors", "images"):
        begin = perf_counter()
        found = PARTS[name](given.store)
        seconds = round(perf_counter() - begin, 1)
        record[name] = {"seeds": list(SEEDS), "seconds": seconds} | found
        print(f"{name}: {seconds:.0f} s")
        write(__file__, record)


if __name__ == "__main__":
    main()
