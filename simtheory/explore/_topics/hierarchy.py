"""Random hierarchies: the map of the belief in the class from level to level, and the strings each level needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simtheory.analytic.hierarchy import (
    ClassThreshold,
    class_map,
    class_threshold,
    strings_needed,
)
from simtheory.errors import RegimeError
from simtheory.explore._parts import Chart, Column, Drawn, Line, Number, Table, Topic
from simtheory.plot.style import GREY, INK, colour

_POINTS = 201


def _shape(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("v", "m", "s")}


def _transition(shape: Mapping[str, Any]) -> ClassThreshold | None:
    """Return the noise at which the class is lost, or None where there is none."""
    try:
        return class_threshold(**shape)
    except RegimeError:
        return None


def _draw(values: Mapping[str, Any]) -> Drawn:
    shape, depth = _shape(values), values["L"]
    needed = strings_needed(**shape, L=depth)
    p, noise = np.linspace(1.0 / shape["v"], 1.0, _POINTS), np.linspace(0.0, 1.0, _POINTS)
    beliefs = [1.0 - noise + noise / shape["v"]]
    for _ in range(depth):
        beliefs.append(class_map(beliefs[-1], **shape))
    known, levels = np.isfinite(needed.grammar), needed.levels.astype(float)
    charts = (
        Chart(
            "Class map",
            "belief at a level",
            "belief one level above",
            (
                Line("unchanged", p, p, GREY, width=1.0),
                Line("class map", p, class_map(p, **shape), INK),
            ),
        ),
        Chart(
            "Belief in the true symbol",
            "noise: share of erased evidence",
            "belief",
            tuple(
                Line("tokens" if k == 0 else f"level {k}", noise, belief, colour(k))
                for k, belief in enumerate(beliefs)
            ),
        ),
        Chart(
            "Strings needed",
            "level of the rules",
            "strings",
            (
                Line("law", levels, needed.law, INK, marker=6.0),
                Line("grammar of seed 0", levels[known], needed.grammar[known], colour(0), "dashed", marker=6.0),
            ),
            logarithmic="y",
        ),
    )  # fmt: skip
    budget = Table(
        "Strings needed",
        tuple(f"level {level}" for level in needed.levels),
        (
            Column("law", needed.law, "needed.law"),
            Column("grammar of seed 0", needed.grammar, "needed.grammar"),
            Column("trained nets, from", needed.low, "needed.low"),
            Column("trained nets, to", needed.high, "needed.high"),
        ),
    )
    lost = _transition(shape)
    columns = [("belief", "belief"), ("noise", "noise"), ("slope", "slope"), ("exponent ν", "nu")]
    where = Table(
        "The class is lost at",
        ("class",) if lost is not None else (),
        tuple(
            Column(title, [] if lost is None else getattr(lost, name), f"lost.{name}")
            for title, name in columns
            if lost is not None
        ),
    )
    return charts, (budget, where)


def _code(values: Mapping[str, Any]) -> str:
    shape = ", ".join(f"{name}={value}" for name, value in _shape(values).items())
    lost = [f"lost = H.class_threshold({shape})"] if _transition(_shape(values)) else []
    return "\n".join(
        [
            "import numpy as np, simtheory as st",
            "H = st.analytic.hierarchy",
            f"needed = H.strings_needed({shape}, L={values['L']})",
            *lost,
            f"p, noise = np.linspace(1 / {values['v']}, 1, {_POINTS}), np.linspace(0, 1, {_POINTS})",
            f"beliefs = [1 - noise + noise / {values['v']}]",
            f"for _ in range({values['L']}):",
            f"    beliefs.append(H.class_map(beliefs[-1], {shape}))",
            'with st.plot.picture("hierarchy.svg", widths=(4.2, 4.2, 4.2)) as axes:',
            f"    axes[0].plot(p, p), axes[0].plot(p, H.class_map(p, {shape}))",
            "    axes[1].plot(noise, np.transpose(beliefs))",
            "    st.plot.strings_needed(needed, ax=axes[2])",
            "print(needed)",
        ]
    )


TOPIC = Topic(
    name="hierarchy",
    title="Hierarchy",
    text="Strings of a random hierarchy: v symbols, m rules of each, s symbols a rule, L levels. Under erased "
    "evidence the class is lost at a sharp noise in the limit of many levels; each level of rules needs "
    "more strings than the one below.",
    controls=(
        Number("v", "symbols v", 8, 2, 32, whole=True),
        Number("m", "rules of a symbol m", 2, 2, 16, whole=True),
        Number("s", "branching s", 2, 2, 3, whole=True),
        Number("L", "levels L", 4, 2, 5, whole=True),
    ),
    draw=_draw,
    code=_code,
)
