"""Products of two experts and guidance: what is asked for, and what samplers with summed scores return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simtheory._typing import Array
from simtheory.analytic.composition import GaussianLaw, guidance_law, naive_law, target_law
from simtheory.explore._parts import Chart, Column, Drawn, Line, Number, Numbers, Table, Topic
from simtheory.plot.style import GREY, INK, colour
from simtheory.tasks import Composition, GaussianMixture

_CHURNS = {"target": np.inf, "SDE": 1.0, "ODE": 0.0}
_LOOKS = {"target": (INK, "solid"), "SDE": (colour(0), "dashed"), "ODE": (colour(1), "dashed")}
_REACH, _POINTS = 8.0, 401
_GAMMAS = 0.25, 8.0, 32


def _draw(values: Mapping[str, Any]) -> Drawn:
    first, second = values["first"], values["second"]
    experts = [GaussianMixture([1.0], [mean], [spread**2]) for mean, spread in (first, second)]
    c = Composition(experts, values["weights"])
    sampled = {k: naive_law(c, churn=_CHURNS[k], start=values["level"]) for k in ("SDE", "ODE")}
    made = {"target": target_law(c)} | sampled
    guided = _guided(values["gamma"], values["condition"])
    x = np.linspace(-_REACH, _REACH, _POINTS)
    gammas = np.linspace(*_GAMMAS)
    spreads = [_guided(gamma, values["condition"]) for gamma in gammas.tolist()]
    experts_lines = [
        Line("experts", x, np.exp(expert.log_density(x[:, None])), GREY, width=1.2)
        for expert in experts
    ]
    charts = (
        Chart("Product of experts", "x", "density", (*experts_lines, *_densities(made, x))),
        Chart("Guidance", "x", "density", _densities(guided, x)),
        Chart(
            "Variance under guidance",
            "strength γ",
            "variance",
            tuple(
                Line(name, gammas, np.array([_variance(each[name]) for each in spreads]), *look)
                for name, look in _LOOKS.items()
            ),
        ),
    )
    return charts, (
        _table("Product of experts", made, "made"),
        _table("Guidance", guided, "guided"),
    )


def _guided(gamma: float, condition: float) -> dict[str, GaussianLaw]:
    return {k: guidance_law(gamma, churn=h, condition=condition) for k, h in _CHURNS.items()}


def _variance(law: GaussianLaw) -> float:
    return float(law.covariance[0, 0])


def _densities(laws: Mapping[str, GaussianLaw], x: Array) -> tuple[Line, ...]:
    return tuple(Line(name, x, _density(law, x), *_LOOKS[name]) for name, law in laws.items())


def _density(law: GaussianLaw, x: Array) -> Array:
    v = _variance(law)
    return np.asarray(np.exp(-0.5 * (x - law.mean[0]) ** 2 / v) / np.sqrt(2.0 * np.pi * v))


def _table(title: str, laws: Mapping[str, GaussianLaw], name: str) -> Table:
    return Table(
        title,
        tuple(laws),
        (
            Column(
                "mean",
                [law.mean[0] for law in laws.values()],
                f"[g.mean[0] for g in {name}.values()]",
            ),
            Column(
                "variance",
                [_variance(law) for law in laws.values()],
                f"[g.covariance[0, 0] for g in {name}.values()]",
            ),
        ),
    )


def _code(values: Mapping[str, Any]) -> str:
    pair = f"({values['first']}, {values['second']})"
    first, last, count = _GAMMAS
    return "\n".join(
        [
            "import numpy as np, simtheory as st",
            "C, churns = st.analytic.composition, {'target': np.inf, 'SDE': 1.0, 'ODE': 0.0}",
            f"experts = [st.GaussianMixture([1.0], [m], [sd**2]) for m, sd in {pair}]",
            f"c = st.Composition(experts, {values['weights']})",
            "made = {'target': C.target_law(c)} | {",
            f"    k: C.naive_law(c, churn=churns[k], start={values['level']}) for k in ('SDE', 'ODE')}}",
            "guide = lambda g, h: C.guidance_law(g, churn=h, condition="
            + f"{values['condition']})",
            f"guided = {{k: guide({values['gamma']}, h) for k, h in churns.items()}}",
            f"x, gammas = np.linspace({-_REACH}, {_REACH}, {_POINTS}), np.linspace({first}, {last}, {count})",
            "density = lambda m, v: np.exp(-0.5 * (x - m) ** 2 / v) / np.sqrt(2 * np.pi * v)",
            'with st.plot.picture("composition.svg", widths=(4.2, 4.2, 4.2)) as axes:',
            "    axes[0].plot(x, np.transpose([np.exp(e.log_density(x[:, None])) for e in experts]))",
            "    for ax, laws in ((axes[0], made), (axes[1], guided)):",
            "        [ax.plot(x, density(g.mean[0], g.covariance[0, 0]), label=k) for k, g in laws.items()]",
            "    for h in churns.values():",
            "        axes[2].plot(gammas, [guide(g, h).covariance[0, 0] for g in gammas])",
            "print(made, guided)",
        ]
    )


TOPIC = Topic(
    name="composition",
    title="Composition",
    text="Samplers that add the scores of experts, or of a model with and without its condition, do not "
    "return the product that is asked for: the ODE is off most, noise (SDE) brings the law nearer. Guidance "
    "is of data with x given c from N(c, 1) and c from N(0, 1).",
    controls=(
        Numbers("first", "first expert: mean, deviation", (-1.0, 1.0), -3.0, 3.0, most=2, least=2),
        Numbers("second", "second expert: mean, deviation", (1.0, 0.5), -3.0, 3.0, most=2, least=2),
        Numbers("weights", "weights of the experts", (1.0, 1.0), 0.1, 4.0, most=2, least=2),
        Number("level", "level of the start, a variance", 100.0, 1.0, 1e4, logarithmic=True),
        Number("gamma", "guidance γ", 3.0, 0.25, 8.0),
        Number("condition", "its condition c", 1.0, -3.0, 3.0),
    ),
    draw=_draw,
    code=_code,
)
