"""What the figures of emergence share: curves by distance, and the closed form of the nets' data."""

import numpy as np

import simtheory as st

em = st.analytic.emergence
nets = st.validation.emergence
NAMES = ("trained", "1 change", "2 changes")


def distances(run: "st.validation.diffusion.ConceptRun") -> np.ndarray:
    """Return the changes of each prompt from the nearest training class."""
    known = run.prompts[run.trained]
    return np.array([int(np.abs(known - row).sum(axis=1).min()) for row in run.prompts])


def by_distance(ax, x, joint: np.ndarray, distance: np.ndarray, *, style: str = "-") -> None:
    """Draw joint accuracy (S, T, P), the mean over the classes of each distance, seed by seed."""
    for k, name in enumerate(NAMES):
        curves = joint[:, :, distance == k].mean(axis=2)
        ax.plot(x, curves.T, style, color=st.plot.colour(k), lw=0.7, alpha=0.5)
        ax.plot(x, curves.mean(axis=0), style, color=st.plot.colour(k), lw=1.6, label=name)


def plain_ticks(axis, values) -> None:
    """Name those of some values that a logarithmic axis shows, without powers of ten."""
    low, high = axis.get_view_interval()
    shown = [value for value in values if low <= value <= high]
    axis.set_ticks(shown, [f"{value:g}" for value in shown])
    axis.set_ticks([], minor=True)


def rows(run: "st.validation.diffusion.ConceptRun", level: float = 0.5) -> dict:
    """Return when each prompt becomes right, seed by seed; None for not in this run."""
    steps = st.validation.diffusion.emergence_steps(run, level=level).joint
    return {" ".join(f"{v:g}" for v in prompt): steps[:, k] for k, prompt in enumerate(run.prompts)}
