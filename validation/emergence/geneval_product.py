"""The product law on published scores of text-to-image models: attribute binding from objects and colours.

GenEval asks for two objects with a colour each (`color_attr`). If the errors were independent, its score would be
that of two objects times the square of that of one coloured object.
"""

import numpy as np

import simtheory as st
from validation.common import Figure

FIGURE = Figure(
    __file__,
    title="Binding two colours against the product of its parts",
    alt="Score of color_attr over the product of two_object and colors squared, for three models",
    section="Products",
    caption="""
Scores of three text-to-image models in public reports of the benchmark GenEval, of 400, 364 and 400 samples: color_attr
over two_object · colors². Bars: two standard errors of counting in color_attr alone. The prompts of the categories
differ, so a score below the product is a finding, not an error.""",
)
MODELS = "Z-Image", "Meissonic", "Image-Generation-CoT"
PRODUCTS, SCORES, SAMPLES = (0.671, 0.351, 0.546), (0.565, 0.165, 0.530), (400, 364, 400)


def main() -> None:
    """Write record and picture."""
    products, scores = np.array(PRODUCTS), np.array(SCORES)
    errors = np.sqrt(scores * (1.0 - scores) / np.array(SAMPLES))
    FIGURE.write(
        {
            "seeds": None,
            "models": MODELS,
            "product": products,
            "color_attr": scores,
            "standard errors": errors,
            "gap in errors": (scores - products) / errors,
        }
    )
    with FIGURE.sheet(widths=(6.0,)) as (ax,):
        ax.plot([0, 1], [0, 1], "--", color=st.plot.INK, label="product")
        for k, name in enumerate(MODELS):
            ax.errorbar(
                products[k], scores[k], yerr=2 * errors[k], fmt="o", color=st.plot.colour(k), capsize=3,
                label=name,
            )  # fmt: skip
        ax.set(xlabel="two_object · colors²", ylabel="color_attr", xlim=(0, 0.8), ylim=(0, 0.8))
        ax.legend()


if __name__ == "__main__":
    main()
