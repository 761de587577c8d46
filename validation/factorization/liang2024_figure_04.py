"""A cross of values that is held out, with and without stripes of one factor (Liang et al. 2024, Fig. 4 and 9).

Three training sets of crossing stripes: images of both factors outside a band of x and of y; stripes of one factor of
the full range; both. Queries lie on the arms of the cross, where one factor is in the band, or where both are.
"""

import numpy as np
from tqdm import tqdm

import simtheory as st
from validation.common import Figure
from validation.factorization.drawn import NET, SEEDS

FIGURE = Figure(
    __file__,
    title="Values that were seen compose, others are missed (Liang et al. 2024, Fig. 4)",
    alt="Shares of right answers on the arms and at the intersection of a held-out cross, for three training sets",
    caption="""
Crossing stripes, σ = 1, a band of 4 px of each factor held out in images of both; 1500 images, two seeds, centre within ½ px.
Window of 16 on a canvas of 22. Dashed: the nearest value of each factor, for the set without stripes.""",
)
LOW, HIGH = 8.5, 12.5  # of a canvas of 22 pixels, whose window begins at 3
SETS = ("both, outside the cross", "stripes of one factor", "both sets")
PLACES = ("arm in x", "arm in y", "intersection")


def worlds() -> list[object]:
    """Return the worlds of the three sets."""
    f, code = st.tasks.factorization, st.validation.factorization.Sinusoids(5.25, period=21.0)
    common = {"shape": f.Stripes(), "layout": f.Random(1500)}
    outside = st.BumpTask(16, held_out=f.Cross(LOW - 3.0, HIGH - 3.0), **common)
    stripes = st.BumpTask(16, held_out=f.Hole(30.0), margin=3, **common)
    either = st.BumpTask(16, held_out=f.Cross(LOW, HIGH), margin=3, **common)
    return [
        st.validation.factorization.BumpImages(each, code) for each in (outside, stripes, either)
    ]


def right(world: object, seed: int) -> np.ndarray:
    """Return the shares of right answers at the three places."""
    rng = np.random.default_rng((seed, 2))
    shift = 0.0 if world.task.margin else -3.0
    band = rng.uniform(LOW, HIGH, (100, 2)) + shift
    free = np.concatenate(
        [rng.uniform(3.5, LOW - 1, (50, 2)), rng.uniform(HIGH + 1, 17.5, (50, 2))]
    )
    free = rng.permutation(free) + shift
    asked = [
        np.column_stack([band[:, 0], free[:, 1]]),
        np.column_stack([free[:, 0], band[:, 1]]),
        band,
    ]
    run = st.validation.diffusion.train(
        NET,
        world,
        steps=1000,
        lr=2e-3,
        seeds=[seed],
        optimiser=st.validation.CosineAdam(1000),
        samples=2048,
        draws=1,
        prompts=np.concatenate(asked),
        looks=[1000],
    )
    return run.joint[0, -1].reshape(3, 100).mean(axis=1)


def main() -> None:
    """Train, then write the record and the picture."""
    judge = st.validation.factorization.CentreJudge(tolerance=0.5)
    found = np.array(
        [
            [right(st.validation.factorization.BumpImages(w.task, w.code, judge), s) for s in SEEDS]
            for w in tqdm(worlds(), desc="sets", disable=None)
        ]
    )
    one = float(st.analytic.factorization.nearest_lesion(HIGH - LOW, tolerance=0.5))
    FIGURE.write(
        {
            "seeds": SEEDS,
            "sets": SETS,
            "places": PLACES,
            "right": found,
            "nearest_value": [one, one, one**2],
        }
    )
    places = np.arange(len(PLACES))
    with FIGURE.sheet(widths=(7.5,)) as (ax,):
        for i, name in enumerate(SETS):
            at = places + 0.12 * (i - 1)
            for each in found[i]:
                ax.plot(at, each, "o", ms=5, color=st.plot.colour(i), alpha=0.7, label=name)
                name = None  # one entry for all seeds
        for at, null in zip(places, (one, one, one**2), strict=True):
            ax.plot([at - 0.25, at + 0.25], [null] * 2, "--", color=st.plot.INK)
        ax.plot([], [], "--", color=st.plot.INK, label="nearest value of each")
        ax.set(xticks=places, xticklabels=PLACES, ylabel="share right", ylim=(0, 1.05))
        ax.legend()


if __name__ == "__main__":
    main()
