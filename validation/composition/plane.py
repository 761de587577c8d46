"""What the figures of planar compositions share: samplers, cells and small pictures."""

import numpy as np

import simtheory as st

RING, BAR = st.tasks.du2023.ring(), st.tasks.du2023.bar()
BOTH, CENTRES = RING * BAR, st.tasks.du2023.ring_centres()
LEVELS = st.noise.Levels.geometric(4.0, 1e-4, 100)
CLOCK = st.noise.Levels.geometric(100.0, 1e-5, 400)
TRUTH = st.analytic.composition.cell_masses(BOTH, CENTRES)
GREY, INK = st.plot.GREY, st.plot.INK


def draw(method, c, n, *, levels, seed):
    """Return draws of a composition with exact scores."""
    return st.sim.composition.sample(method, c, n, levels=levels, rng=seed)


def annealed(kernel, moves):
    """Return an annealed chain."""
    return st.sim.composition.Annealed(kernel, steps=moves)


def distance(masses, truth=TRUTH):
    """Return the total variation distance of masses from the truth."""
    return 0.5 * np.abs(np.asarray(masses) - truth).sum(axis=-1)


def frozen(kernel, moves, acceptance, *, c=BOTH, levels=LEVELS):
    """Return the masses that the freeze-out predicts for an annealed kernel."""
    units = st.sim.composition.narrowest(c, levels.values)
    size = np.asarray(kernel.size(units, alpha=levels.alpha))
    step = size if kernel.power == 1.0 else 0.5 * (kernel.leapfrog * size) ** 2
    times = moves * step * acceptance
    return st.analytic.composition.freeze_out(c, CENTRES, levels, times).masses[-1]


def cloud(ax, points, title, *, reach=0.9, hue=0):
    """Draw points in a square frame; grey without a hue."""
    colour = GREY if hue is None else st.plot.colour(hue)
    ax.plot(*points[:, :2].T, ".", ms=2, alpha=0.4, color=colour, rasterized=True)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title=title)
    ax.set(xlabel="$x_1$", ylabel="$x_2$")


def bars(ax, rows, *, labels):
    """Draw groups of masses side by side."""
    for k, (name, masses) in enumerate(rows.items()):
        place = np.arange(len(masses)) + 0.8 * (k + 0.5) / len(rows) - 0.4
        ax.bar(
            place,
            masses,
            0.8 / len(rows),
            color=GREY if k == 0 else st.plot.colour(k - 1),
            label=name,
        )
    ax.set_xticks(range(len(labels)), labels)
    ax.set(ylabel="mass")
    ax.legend(fontsize="x-small")


def grouped(masses):
    """Return the masses of top and bottom, of the diagonals and of the sides."""
    m = np.asarray(masses)
    return np.stack([m[..., 2::4].sum(-1), m[..., 1::2].sum(-1), m[..., ::4].sum(-1)], axis=-1)
