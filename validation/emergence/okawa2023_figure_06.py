"""A rare class and what is composed of it (Okawa et al. 2023): steps over frequency, and the code.

Steps to half accuracy of the thinned class 001, of its compositions 011 and of 111, over its frequency.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.emergence.curves import em, nets, plain_ticks

FIGURE = Figure(
    __file__,
    title="Coded by 0 and 1, a rare class and its compositions emerge together, as 1/frequency (Okawa et al. 2023)",
    alt="Steps to half accuracy of 001, 011 and 111 over the frequency of 001, closed form and nets, two codes",
    section="Frequency",
    caption="""
Class 001 at f times the frequency of each other training class. Lines: closed form of a linear denoiser of the velocity,
with one clock for all frequencies, fitted on the trained classes at f = 1; marks: perceptrons on vectors, σ = 0.2, SGD
0.02, two seeds each; those not learned in their run are left out and listed in the record. Left: presence code, 0 and 1.
Right: signed code, where compositions need more than the rare class itself and all more than the closed form says.""",
)
FREQUENCIES, STEPS = (
    (1.0, 0.3, 0.1, 0.03),
    {"presence": (3000, 3000, 4000, 10000), "signed": (4000,) * 4},
)
CLASSES = ((0, 0, 1), (0, 1, 1), (1, 1, 1))


def main() -> None:
    """Train, write record and picture."""
    codes = {"presence": st.tasks.emergence.Presence(), "signed": st.tasks.emergence.Signed()}
    record: dict = {"seeds": 2, "frequencies": FREQUENCIES}
    with FIGURE.sheet(widths=(5.0, 5.0)) as axes:
        for ax, (name, code) in zip(axes, codes.items(), strict=True):
            found, constant = np.full((len(FREQUENCIES), 2, 3), np.nan), np.nan
            for k, (f, steps) in enumerate(zip(FREQUENCIES, STEPS[name], strict=True)):
                graph = nets.main_split(sigma=0.2, f=f, code=code)
                run = nets.vector_run(graph, seeds=range(2), steps=steps, progress=True)
                clock = em.clock(run, graph)
                constant = clock.constant if k == 0 else constant
                places = [run.place(one) for one in CLASSES]
                found[k] = clock.measured[:, places]
            grid = np.geomspace(0.01, 1.0, 25)
            law = np.array(
                [
                    em.diffusion(
                        nets.main_split(sigma=0.2, f=f, code=code),
                        [1.0],
                        classes=CLASSES,
                        prediction="v",
                    ).times(0.5)
                    for f in grid
                ]
            )
            record[name] = {"steps to half accuracy": found, "steps per unit of time": constant}
            for j, one in enumerate(CLASSES):
                hue, label = st.plot.colour(j), "".join(map(str, one))
                ax.plot(grid, constant * law[:, j], color=hue, label=label)
                shown = np.where(np.isfinite(found[:, :, j]), found[:, :, j], np.nan)
                ax.plot(FREQUENCIES, shown, "o", ms=4, color=hue)
            ax.set(xscale="log", yscale="log", xlabel="frequency of 001, relative", ylabel="steps")
            plain_ticks(ax.xaxis, (0.01, 0.03, 0.1, 0.3, 1.0))
            plain_ticks(ax.yaxis, (50, 100, 200, 500, 1000, 2000, 5000))
            ax.set_title(f"{name} code", fontsize=9)
            ax.legend()
    FIGURE.write(record)


if __name__ == "__main__":
    main()
