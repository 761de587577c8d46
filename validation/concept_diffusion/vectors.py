"""Order of learning, bend and return of a conditional diffusion model of vectors.

The weak concept stays behind until the strong one is there. Five seeds; training takes less than a minute on
two cores.
"""

import simtheory as st
from validation.common import Figure
from validation.concept_diffusion.readings import SEEDS, learning, path, show

concepts = st.validation.concept_diffusion
FIGURE = Figure(
    __file__,
    title="A diffusion model of vectors bends to the strong concept, and returns",
    alt="Paths of the samples in concept space at two strengths, and learning steps against strength",
    caption="""
A denoiser learns vectors that hold no concept or one of two, and is asked for both, which it never saw.
Left and middle: its mean sample in concept space through training, from an untrained net to the star;
thin: five seeds, thick: their mean. Right: the step from which on a concept stays learned in the
combination, against the strength of concept 1; dots are seeds, lines their mean.""",
)
STRENGTHS = (0.2, 0.3, 0.4, 0.6, 0.8)  # strength of the first concept; the second has 0.8


def main() -> None:
    """Train under every strength, print the table, write record and picture."""
    runs = [concepts.vector_run(strength, seeds=SEEDS, progress=True) for strength in STRENGTHS]
    FIGURE.write({"seeds": list(SEEDS)} | show("vectors, second concept of strength 0.8", runs))
    with FIGURE.sheet(widths=(3.3, 3.3, 3.4), height=4.0) as axes:
        path(axes[0], runs[0], "strength 0.2 against 0.8: bends, returns")
        path(axes[1], runs[-1], "strength 0.8 against 0.8")
        learning(axes[2], runs, "the stronger, the sooner", "strength of concept 1")


if __name__ == "__main__":
    main()
