"""How many examples of two factors: the numbers that each law asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simtheory.analytic.factorization import examples_needed
from simtheory.analytic.percolation import connection_probability, identifiable_fraction
from simtheory.explore._parts import Chart, Column, Drawn, Line, Number, Table, Topic
from simtheory.plot.style import INK, colour
from simtheory.tasks import BumpTask

_SHARES = 0.02, 0.98, 49
_COUNTS = 80


def _draw(values: Mapping[str, Any]) -> Drawn:
    side = values["side"]
    task = BumpTask(side, sigma=values["sigma"])
    more = {name: values[name] for name in ("tolerance", "theta")}
    found = examples_needed(task, accuracy=values["accuracy"], **more)
    shares = np.linspace(*_SHARES)
    rows = [[n.n for n in examples_needed(task, accuracy=a, **more).needs] for a in shares.tolist()]
    m = np.arange(1.0, side**2 + 1, max(1, side**2 // _COUNTS))
    size = {"nx": side, "ny": side}
    charts = (
        Chart(
            "Right answers",
            "examples",
            "share of right answers",
            tuple(
                Line(need.law, np.array(numbers), shares, colour(k))
                for k, (need, numbers) in enumerate(zip(found.needs, np.transpose(rows), strict=True))
            ),
            logarithmic="x",
        ),
        Chart(
            "Pairs of values, learned by examples that share one",
            "examples of all pairs",
            "share or probability",
            (
                Line("pairs that are identified", m, identifiable_fraction(m, **size), INK),
                Line("all pairs are", m, connection_probability(m, **size), colour(0), "dashed"),
            ),
        ),
    )  # fmt: skip
    table = Table(
        "Examples needed",
        tuple(need.law for need in found.needs),
        (Column("examples", [need.n for need in found.needs], "[n.n for n in found.needs]"),),
    )
    return charts, (table,)


def _code(values: Mapping[str, Any]) -> str:
    side, tolerance, theta = values["side"], values["tolerance"], values["theta"]
    first, last, count = _SHARES
    return "\n".join(
        [
            "import numpy as np, simtheory as st",
            f"task = st.BumpTask({side}, sigma={values['sigma']})",
            "P, F = st.analytic.percolation, st.analytic.factorization",
            f"need = lambda a: F.examples_needed(task, tolerance={tolerance}, accuracy=a, theta={theta})",
            f"found, shares = need({values['accuracy']}), np.linspace({first}, {last}, {count})",
            "rows = np.array([[n.n for n in need(a).needs] for a in shares.tolist()])",
            f"m = np.arange(1, {side**2 + 1}, {max(1, side**2 // _COUNTS)})",
            'with st.plot.picture("percolation.svg", widths=(4.2, 4.2)) as axes:',
            "    axes[0].plot(rows, shares, label=[n.law for n in found.needs])",
            '    axes[0].set_xscale("log"), axes[0].legend()',
            f"    axes[1].plot(m, P.identifiable_fraction(m, nx={side}, ny={side}))",
            f"    axes[1].plot(m, P.connection_probability(m, nx={side}, ny={side}))",
            "print(found)",
        ]
    )


TOPIC = Topic(
    name="percolation",
    title="Percolation",
    text="How many examples of bumps on a canvas a net needs, by five laws. None is recommended: which one a net "
    "obeys is measured.",
    controls=(
        Number("side", "side of the canvas, px", 32, 8, 64, whole=True),
        Number("sigma", "width of a bump σ, px", 1.0, 0.5, 4.0),
        Number("tolerance", "tolerance of an answer, px", 1.0, 0.25, 4.0),
        Number("accuracy", "wanted share of right answers", 0.6, 0.02, 0.98),
        Number("theta", "overlap that links two examples", 0.05, 0.001, 0.5, logarithmic=True),
    ),
    draw=_draw,
    code=_code,
)
