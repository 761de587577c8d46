"""What the figures of concept diffusion share: numbers of a run, tables, and the parts of the pictures.

The figures follow the samples of a combination that was never trained through concept space, and measure
the order of learning, the bend towards the strong concept and the return, and the slowdown, as Yang et al.
(2024) and Park et al. (2024) describe them.
"""

import argparse
from pathlib import Path

import numpy as np

import simtheory as st

df = st.validation.diffusion
GREY, INK = st.plot.GREY, st.plot.INK
SEEDS = range(5)
UNIT = st.SIMTask(mu=(1.0, 1.0), sigma=0.0, origin=True)  # concept space without scale
OF_IMAGES = """discs of 8 × 8 pixels before a wall, three classes of four: large red, small red, large blue.
The weak colours differ half as much as the radii. First: what it draws for each prompt, from the same
noise. Second and third: path and coordinates of the small blue disc, which it never saw, as a classifier of
all four classes judges its samples; thin: five seeds, thick: their mean."""


def numbers(run: df.ConceptRun) -> dict:
    """Return the measurements of one run, each a list over seeds."""
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
    """Return numbers for JSON; a number that is not finite (never learned) becomes None."""
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
    """Return mean and deviation of the finite values, and their number where some are not."""
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


def store() -> Path | None:
    """Return the folder of the flag ``--store``, from which an interrupted run goes on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", type=Path, help="folder from which an interrupted run goes on")
    return parser.parse_args().store
