"""Linear denoisers: the variance of their samples through training, mode by mode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simtheory.analytic.denoiser import (
    OneLayerDenoiser,
    TiedDenoiser,
    emergence_times,
    generated_variance,
    kl_through_training,
)
from simtheory.explore._parts import (
    Chart,
    Choice,
    Column,
    Drawn,
    Line,
    Number,
    Table,
    Topic,
)
from simtheory.plot.style import GREY, INK, colour
from simtheory.tasks import DenoisingTask

_TIMES = 1e-4, 1e4, 241
_NETS: dict[str, Any] = {"tied": TiedDenoiser, "one layer": OneLayerDenoiser}


def _draw(values: Mapping[str, Any]) -> Drawn:
    task = DenoisingTask(values["variances"], sigma_min=0.002, sigma_max=values["sigma_max"])
    net = _NETS[values["net"]](values["start"])
    t = np.geomspace(*_TIMES)
    made, times = generated_variance(task, net, t), emergence_times(task, net)
    ends = np.array([t[0], t[-1]])
    data = [Line("data", ends, np.full(2, lam), GREY, width=1.0) for lam in task.variances]
    modes = [Line(f"mode {k + 1}", t, made[:, k], colour(k)) for k in range(task.dim)]
    charts = (
        Chart("Variance of the samples", "time t", "variance", (*data, *modes), logarithmic="xy"),
        Chart(
            "Divergence from the data",
            "time t",
            "nats",
            (Line("KL(samples, data)", t, kl_through_training(task, net, t), INK),),
            logarithmic="xy",
        ),
    )
    table = Table(
        "Modes",
        tuple(f"mode {k + 1}" for k in range(task.dim)),
        (
            Column("variance of the data", task.variances, "task.variances"),
            Column("emerges at t", times, "times"),
            Column("variance of the samples at the end", made[-1], "made[-1]"),
        ),
    )
    return charts, (table,)


def _code(values: Mapping[str, Any]) -> str:
    first, last, count = _TIMES
    levels = f"sigma_min=0.002, sigma_max={values['sigma_max']}"
    return "\n".join(
        [
            "import numpy as np, simtheory as st",
            "D = st.analytic.denoiser",
            f"task = st.tasks.DenoisingTask({values['variances']}, {levels})",
            f"net = D.{_NETS[values['net']].__name__}({values['start']})",
            f"t = np.geomspace({first}, {last}, {count})",
            "made, times = D.generated_variance(task, net, t), D.emergence_times(task, net)",
            'with st.plot.picture("denoiser.svg", widths=(4.2, 4.2)) as axes:',
            "    axes[0].plot(t, made)",
            "    for lam in task.variances:",
            "        axes[0].plot(t[[0, -1]], [lam, lam])",
            "    axes[1].plot(t, D.kl_through_training(task, net, t))",
            '    axes[0].set(xscale="log", yscale="log"), axes[1].set(xscale="log", yscale="log")',
            "print(times)",
        ]
    )


TOPIC = Topic(
    name="denoiser",
    title="Denoisers",
    text="A linear denoiser at every noise level, trained, and sampled from by the probability-flow ODE: modes of "
    "large variance emerge first. Time is canonical: 2ητ for one layer and 4ητ for the tied net.",
    controls=(
        Number("variances", "variances of the data", (0.1, 1.0, 10.0), 0.01, 100.0, most=6, logarithmic=True),
        Choice("net", "net", tuple(_NETS)),
        Number("start", "start of the weights", 0.1, 0.001, 0.9, logarithmic=True),
        Number("sigma_max", "largest noise level", 80.0, 5.0, 200.0, logarithmic=True),
    ),
    draw=_draw,
    code=_code,
)  # fmt: skip
