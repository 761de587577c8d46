"""When order by distance holds: split, code, prediction and bias decide, not distance alone.

Closed forms only: regression, and linear denoisers of three predictions, on five splits of three and four concepts.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.emergence.curves import em

FIGURE = Figure(
    __file__,
    title="Whether far classes come last is decided by split, code, bias and prediction",
    alt="Table of the ratio of times of the farthest and the nearest changed class, for splits, codes, predictions",
    section="Order",
    caption="""
Time of the class with all concepts on over that of a class with one concept on, of the star and the balls; of the other
splits the mean time of the farthest classes over that of the trained ones. Colour: logarithm of the ratio, blue where far
classes come first; 0⁺: the far class is right from the start; —: both are. Level: half of the way of every concept for
regression, joint accuracy 0.9 for denoisers, σ = 0.15; 20 steps of DDIM.""",
)
CODES = {"0/1": st.tasks.emergence.Presence(), "±1": st.tasks.emergence.Signed()}
SPLITS = {
    "star, n = 3": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "star, n = 4": st.ConceptGraph.star(4).train,
    "ball of 2, n = 4": st.ConceptGraph.ball(4, 2).train,
    "adversarial": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]],
    "001 at 1 %": [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]],
}
COLUMNS = [
    (name, code, bias)
    for name in ("regression", "x0", "v", "eps")
    for code in CODES
    for bias in (True, False)
]


def ratio(split: str, model: str, code: str, bias: bool) -> float:
    """Return the time of the farthest classes over that of the nearest."""
    train = np.array(SPLITS[split])
    weights = np.array([1, 1, 1, 0.01]) / 3.01 if "%" in split else None
    sigma = 0.0 if model == "regression" else 0.15
    graph = st.ConceptGraph(train, sigma=sigma, weights=weights, code=CODES[code])
    n = graph.n
    if "star" in split or "ball" in split:
        far, near = [[1] * n], [[1] + [0] * (n - 1)]
    else:
        far = graph.classes[graph.distances == graph.distances.max()]
        near = train[1:]
    classes = np.concatenate([far, near])
    if model == "regression":
        times = em.learning_times(graph, classes=classes, bias=bias)
    else:
        times = em.diffusion(graph, [1.0], classes=classes, prediction=model, bias=bias).times(0.9)
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(np.mean(times[: len(far)]) / np.mean(times[len(far) :]))


def main() -> None:
    """Solve, write record and picture."""
    table = np.array([[ratio(split, *column) for column in COLUMNS] for split in SPLITS])
    labels = [f"{m} {c}{'' if b else ', no bias'}" for m, c, b in COLUMNS]
    FIGURE.write({"seeds": None, "splits": list(SPLITS), "columns": labels, "ratio": table})
    with FIGURE.sheet(widths=(11.0,), height=4.6) as (ax,):
        with np.errstate(divide="ignore", invalid="ignore"):
            shade = np.clip(np.log(np.where(np.isfinite(table), table, np.nan)), -1.5, 1.5)
        ax.imshow(shade, cmap="RdBu_r", vmin=-1.5, vmax=1.5, aspect="auto")
        for (i, j), value in np.ndenumerate(table):
            text = "—" if not np.isfinite(value) else "0⁺" if value == 0.0 else f"{value:.3g}"
            ink = "white" if abs(shade[i, j]) > 1.0 else st.plot.INK
            ax.text(j, i, text, ha="center", va="center", fontsize=8, color=ink)
        ax.set_xticks(range(len(labels)), labels, rotation=35, ha="right", fontsize=8)
        ax.set_yticks(range(len(SPLITS)), list(SPLITS))
        ax.grid(visible=False)


if __name__ == "__main__":
    main()
