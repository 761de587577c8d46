"""Figures 5, 8, 9 and 10 of Yang et al. (2024), replayed.

Each figure integrates a tied two-layer net from a published seed. Here the exact flow stands beside
the pivots' law, with the rates as stated and, as in the released scripts, squared. Writes the numbers
to ``yang2024_tied_figures.json`` and draws ``yang2024_tied_figures.svg`` beside it.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

import simtheory as st
from simtheory.tasks import yang2024

HERE = Path(__file__).parent
FIGURES = {
    "5": yang2024.figure_5(),
    "8": yang2024.figure_8(),
    "9": yang2024.figure_9(convention="released"),  # the caption's last sigma makes another task
    "10": yang2024.figure_10(),
}


def replay(setup: yang2024.Setup, *, squared: bool) -> tuple[dict, st.Trajectory, st.Trajectory]:
    """Return the numbers of one run, its exact flow and the pivots' law."""
    task = replace(setup.task, squared_rates=squared)
    U0 = st.inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)
    predicted = st.analytic.tied.learning_times(task, U0)
    t = np.linspace(0.0, 1.6 * predicted.max(), 4001)
    exact = st.sim.solve(st.sim.Tied(), task, U0, t)
    law = st.analytic.tied.pivots(task, U0, t)
    numbers = {
        "rates": "squared, as released" if squared else "as stated",
        "first_loss": float(st.observe.loss(exact)[0]),
        "learning_times": st.observe.learning_times(exact).tolist(),
        "learning_times_pivots": predicted.tolist(),
        "rises": [[r.t_min, r.t_max, r.size] for r in st.observe.swing_by(exact).rises],
        "rises_pivots": [[r.t_min, r.t_max, r.size] for r in st.observe.swing_by(law).rises],
        "max_error_pivots": float(np.abs(law.weights - exact.weights).max()),
    }
    return numbers, exact, law


def main() -> None:
    """Replay every figure, print the table, write the record and the picture."""
    record: dict[str, list] = {}
    last: list[tuple[str, st.Trajectory, st.Trajectory]] = []
    print("figure  rates                 learned at (exact)        learned at (pivots)       rises")
    for name, setup in FIGURES.items():
        record[name] = []
        for squared in (False, True):
            numbers, exact, law = replay(setup, squared=squared)
            record[name].append(numbers)
            columns = [
                " ".join(f"{v:.4g}" for v in numbers[key]).ljust(24)
                for key in ("learning_times", "learning_times_pivots")
            ]
            rises = " ".join(f"{size:.2g}" for _, _, size in numbers["rises"]) or "none"
            print(f"{name:<8}{numbers['rates']:<22}{columns[0]}  {columns[1]}  {rises}")
        last.append((name, exact, law))
    target = HERE / "yang2024_tied_figures.json"
    target.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    with st.plot.picture(target.with_suffix(".svg"), widths=(3.6,) * len(last), height=3.0) as axes:
        for ax, (name, exact, law) in zip(axes, last, strict=True):
            st.plot.prediction(law, exact, ax=ax)
            ax.set_title(f"figure {name}, squared rates")


if __name__ == "__main__":
    main()
