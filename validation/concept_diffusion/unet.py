"""The weak colour again, drawn by a small U-Net.

It composes the weak colour sooner than the perceptron, but its seeds differ more. Five seeds; training takes
some minutes on two cores. With ``--store FOLDER`` an interrupted run goes on from there.
"""

import json

import simtheory as st
from validation.common import Figure
from validation.concept_diffusion.readings import (
    OF_IMAGES,
    SEEDS,
    coordinates,
    numbers,
    path,
    store,
    strip,
)

df, concepts = st.validation.diffusion, st.validation.concept_diffusion
FIGURE = Figure(
    __file__,
    title="A U-Net composes a weak colour sooner, but its seeds differ",
    alt="Samples of the U-Net through training, path in concept space, coordinates over steps",
    caption=f"A small U-Net learns to draw {OF_IMAGES}",
)


def main() -> None:
    """Train on the weak colour, print the numbers, write record and picture."""
    folder = store()
    run = concepts.image_run(
        0.2,
        net=df.UNetDenoiser((16, 32)),
        steps=3000,
        seeds=SEEDS,
        progress=True,
        store=folder and folder / "unet-0.2",
    )
    record = numbers(run)
    print("U-Net, colour 0.2:", json.dumps(record, indent=1))
    FIGURE.write({"seeds": list(SEEDS)} | record)
    with FIGURE.sheet(widths=(3.4, 3.1, 3.2), height=4.1) as axes:
        strip(axes[0], run, 0, (0, 200, 500, 1000, 1500, 2000, 3000))
        path(axes[1], run, "U-Net, weak colour")
        coordinates(axes[2], run, "U-Net, weak colour")


if __name__ == "__main__":
    main()
