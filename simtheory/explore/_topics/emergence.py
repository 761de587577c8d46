"""Classes of a concept graph: which is learned when, and which a stronger prompt shows earlier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simtheory.analytic.emergence import Affine, Denoiser, Lazy, Learner, outlook
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
from simtheory.plot.style import GREY, colour
from simtheory.tasks import ConceptGraph


def _learner(values: Mapping[str, Any]) -> tuple[Learner, str]:
    """Return what learns, and the code that makes it."""
    rho = values["rho"]
    return {
        "linear regression": (Affine(), "Affine()"),
        "diffusion model": (Denoiser(), "Denoiser()"),
        "lazy net": (Lazy(rho), f"Lazy({rho})"),
    }[values["learner"]]


def _trained(values: Mapping[str, Any]) -> list[list[int]]:
    """Return the class without concepts, and those with one."""
    count = len(values["mu"])
    return [[0] * count, *np.eye(count, dtype=int).tolist()]


def _draw(values: Mapping[str, Any]) -> Drawn:
    graph = ConceptGraph(_trained(values), mu=values["mu"], sigma=values["sigma"])
    found = outlook(graph, model=_learner(values)[0], gains=(values["gain"],))
    order, known = np.arange(1.0, len(found.names) + 1), np.isfinite(found.times)
    lines = [
        Line(
            "trained" if distance == 0 else f"{distance} from the trained",
            order[known & (found.distances == distance)],
            found.times[known & (found.distances == distance)],
            colour(distance),
            width=0.0,
            marker=9.0,
        )
        for distance in range(int(found.distances.max()) + 1)
    ]
    asked = np.isfinite(found.prompted)
    lines.append(
        Line("by a stronger prompt", order[asked], found.prompted[asked], GREY, width=0.0, marker=6.0)
    )  # fmt: skip
    chart = Chart("Order by class", "class, in the order of learning", "learned at t", tuple(lines))
    table = Table(
        "Classes, a digit a concept",
        found.names,
        (
            Column("concepts from the trained", found.distances, "found.distances"),
            Column("learned at t", found.times, "found.times"),
            Column("by a stronger prompt at t", found.prompted, "found.prompted"),
        ),
    )
    return (chart,), (table,)


def _code(values: Mapping[str, Any]) -> str:
    return "\n".join(
        [
            "import numpy as np, simtheory as st",
            "E = st.analytic.emergence",
            f"graph = st.ConceptGraph({_trained(values)}, mu={values['mu']}, sigma={values['sigma']})",
            f"found = E.outlook(graph, model=E.{_learner(values)[1]}, gains=({values['gain']},))",
            "order, known = np.arange(1, len(found.names) + 1), np.isfinite(found.times)",
            'with st.plot.picture("emergence.svg") as axes:',
            "    for distance in range(found.distances.max() + 1):",
            "        here = known & (found.distances == distance)",
            '        axes[0].plot(order[here], found.times[here], "o", label=distance)',
            "    asked = np.isfinite(found.prompted)",
            '    axes[0].plot(order[asked], found.prompted[asked], "x", label="stronger prompt")',
            "print(found)",
        ]
    )


TOPIC = Topic(
    name="emergence",
    title="Emergence",
    text="Classes of a concept graph. Those with at most one concept are trained; combinations come later, or "
    "never, and a stronger prompt may show them before they are learned.",
    controls=(
        Number("mu", "strengths of the concepts μ", (1.0, 1.4, 0.7), 0.2, 4.0, most=4),
        Number("sigma", "spread σ", 0.1, 0.0, 1.0),
        Choice("learner", "what learns", ("linear regression", "diffusion model", "lazy net")),
        Number("rho", "kernel of a lazy net at distance 1", 0.6, 0.05, 0.95),
        Number("gain", "gain of the prompt", 2.5, 1.1, 6.0),
    ),
    draw=_draw,
    code=_code,
)
