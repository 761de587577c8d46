"""A perceptron as diffusion model of discs: order of learning, bend and return.

Size is learned at once, a weak colour late: until then the model draws small *red* discs when asked for
small blue ones. Five seeds; training takes some minutes on two cores. With ``--store FOLDER`` an interrupted
run goes on from there.
"""

import simtheory as st
from validation.common import Figure
from validation.concept_diffusion.readings import (
    OF_IMAGES,
    SEEDS,
    coordinates,
    learning,
    path,
    show,
    store,
    strip,
)

concepts = st.validation.concept_diffusion
FIGURE = Figure(
    __file__,
    title="A diffusion model of discs learns size at once and a weak colour late",
    alt="Samples through training, path in concept space, coordinates over steps, learning steps against"
    " colour distance",
    caption=f"""
A perceptron learns to draw {OF_IMAGES} Last: the step from which on a concept stays learned in the
combination, against the distance of the colours; dots are seeds, lines the mean of those that learn it.""",
)
COLOURS = (0.1, 0.2, 0.4, 0.8)  # distance of the two colours; the radii differ by 0.4


def main() -> None:
    """Train under every distance of the colours, print the table, write record and picture."""
    folder = store()
    runs = [
        concepts.image_run(c, seeds=SEEDS, progress=True, store=folder and folder / f"mlp-{c}")
        for c in COLOURS
    ]
    FIGURE.write({"seeds": list(SEEDS)} | show("images, radii that differ by 0.4", runs))
    with FIGURE.sheet(widths=(3.4, 3.1, 3.2, 3.2), height=4.0) as axes:
        strip(axes[0], runs[1], 0, (0, 200, 500, 1000, 1600, 2000, 4000))
        path(axes[1], runs[1], "weak colour: bends, returns")
        coordinates(axes[2], runs[1], "weak colour")
        learning(axes[3], runs, "the stronger, the sooner", "distance of the colours")


if __name__ == "__main__":
    main()
