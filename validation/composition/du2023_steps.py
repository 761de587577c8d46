"""The error over the number of MCMC moves: the exact analogue of the multi-object curve.

Du et al. count how often composed objects are right over the number of moves a level. The masses of ring
times bar have the same curve, and the freeze-out predicts it from the acceptance alone.
"""

import numpy as np

import simtheory as st
from validation.common import Figure
from validation.composition.plane import BOTH, CENTRES, LEVELS, annealed, distance, draw, frozen

FIGURE = Figure(
    __file__,
    title="More MCMC moves help slowly (Du et al. 2023, the multi-object curve)",
    alt="Error of the masses of ring times bar over the number of moves a level, measured and predicted",
    section="Products",
    caption="""
Left: total variation distance of the masses of ring times bar from the truth, exact scores, 100 levels, three
seeds of 2000 draws (marks) and the freeze-out (dashed). ULA and MALA have the same masses; HMC hops further.
Its Langevin time is approximate. Right: variance of the top mode along x over the true one: ULA keeps the
bias of its step, 1/(1 − δ/2v) (dashed), whatever the number of moves.""",
)
SEEDS, MOVES = range(3), (1, 2, 5, 10, 20, 50)


def main() -> None:
    """Draw, predict, write record and picture."""
    kernels = {"ULA": st.noise.ULA(), "MALA": st.noise.MALA(), "HMC": st.noise.HMC()}
    clean = st.analytic.composition.local_variance(BOTH, (1.0, 0.0))
    errors = {name: np.empty((len(MOVES), len(SEEDS))) for name in kernels}
    widths = {name: np.empty((len(MOVES), len(SEEDS))) for name in kernels}
    laws = {name: np.empty(len(MOVES)) for name in kernels}
    for name, kernel in kernels.items():
        for k, moves in enumerate(MOVES):
            runs = [draw(annealed(kernel, moves), BOTH, 2000, levels=LEVELS, seed=s) for s in SEEDS]
            found = np.array([st.observe.cell_masses(one, CENTRES) for one in runs])
            errors[name][k] = distance(found)
            widths[name][k] = [
                st.observe.mode_variances(one, CENTRES)[2, 0] / clean for one in runs
            ]
            accepted = [one.arrays.get("acceptance", np.ones(len(LEVELS))) for one in runs]
            laws[name][k] = distance(frozen(kernel, moves, np.mean(accepted, axis=0)))
        print(f"{name}: {errors[name].mean(axis=1).round(3)}, predicted {laws[name].round(3)}")
    FIGURE.write(
        {"seeds": list(SEEDS), "moves": MOVES}
        | {
            name: {
                "distance, each seed": errors[name],
                "distance, predicted": laws[name],
                "variance of the top mode, each seed": widths[name],
            }
            for name in kernels
        }
    )
    with FIGURE.sheet(widths=(5.0, 5.0), height=3.8) as axes:
        for k, name in enumerate(kernels):
            hue = st.plot.colour(k)
            axes[0].plot(MOVES, errors[name], "o", ms=3, color=hue)
            axes[0].plot(MOVES, laws[name], "--", color=hue, label=name)
            axes[1].plot(MOVES, widths[name], "o", ms=3, color=hue)
            axes[1].plot([], [], "o", color=hue, label=name)
        axes[1].axhline(1.0 / 0.85, ls="--", color=st.plot.colour(0))
        axes[1].axhline(1.0, color=st.plot.GREY, lw=0.8)
        axes[0].set(
            xscale="log", xlabel="moves a level", ylabel="error of the masses", ylim=(0, None)
        )
        axes[1].set(
            xscale="log", xlabel="moves a level", ylabel="variance of the top mode, over the true"
        )
        for ax in axes:
            ax.legend()


if __name__ == "__main__":
    main()
