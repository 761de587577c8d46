"""Products of two experts and guidance: what is asked for, and what samplers with summed scores return.

The first expert may have two bumps, so the law that a sampler returns is integrated along the levels; that of guidance
is closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simtheory._typing import Array
from simtheory.analytic.composition import GaussianLaw, guidance_law, terminal_law
from simtheory.explore._parts import Chart, Column, Drawn, Line, Number, Table, Topic
from simtheory.plot.style import GREY, INK, colour
from simtheory.tasks import Composition, GaussianMixture

_CHURNS = {"target": np.inf, "SDE": 1.0, "ODE": 0.0}
_LOOKS = {"target": (INK, "solid"), "SDE": (colour(0), "dashed"), "ODE": (colour(1), "dashed")}
_REACH, _POINTS = 8.0, 401
_GAMMAS = 0.25, 8.0, 32
_FINE = {"points": 401, "steps": 100}
"""Of a law that a sampler returns: its variance is right to some 1e-6, in some 60 ms."""


def _draw(values: Mapping[str, Any]) -> Drawn:
    (mean, spread), (other, width) = values["first"], values["second"]
    half = values["split"] / 2
    experts = [
        GaussianMixture([0.5, 0.5], [mean - half, mean + half], [spread**2] * 2),
        GaussianMixture([1.0], [other], [width**2]),
    ]
    c = Composition(experts, values["weights"])
    made = {
        k: terminal_law(c, churn=_CHURNS[k], start=values["level"], **_FINE) for k in ("SDE", "ODE")
    }
    z = made["SDE"].x
    asked = np.exp(c.log_density(z[:, None]))
    asked = asked / np.sum(asked * np.gradient(z))
    share = asked * np.gradient(z)
    middle = float(share @ z)
    target = middle, float(share @ z**2) - middle**2
    guided = _guided(values["gamma"], values["condition"])
    x = np.linspace(-_REACH, _REACH, _POINTS)
    gammas = np.linspace(*_GAMMAS)
    spreads = [_guided(gamma, values["condition"]) for gamma in gammas.tolist()]
    experts_lines = [
        Line("experts", x, np.exp(expert.log_density(x[:, None])), GREY, width=1.2)
        for expert in experts
    ]
    charts = (
        Chart(
            "Product of experts",
            "x",
            "density",
            (
                *experts_lines,
                Line("target", z, asked, *_LOOKS["target"]),
                *(Line(k, law.x, law.density, *_LOOKS[k]) for k, law in made.items()),
            ),
        ),
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
        Table(
            "Product of experts",
            ("target", *made),
            (
                Column(
                    "mean",
                    [target[0], *(law.mean for law in made.values())],
                    "[share @ z, *(g.mean for g in made.values())]",
                ),
                Column(
                    "variance",
                    [target[1], *(law.variance for law in made.values())],
                    "[share @ z**2 - (share @ z) ** 2, *(g.variance for g in made.values())]",
                ),
            ),
        ),
        Table(
            "Guidance",
            tuple(guided),
            (
                Column(
                    "mean",
                    [law.mean[0] for law in guided.values()],
                    "[g.mean[0] for g in guided.values()]",
                ),
                Column(
                    "variance",
                    [_variance(law) for law in guided.values()],
                    "[g.covariance[0, 0] for g in guided.values()]",
                ),
            ),
        ),
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


def _code(values: Mapping[str, Any]) -> str:
    (mean, spread), (other, width) = values["first"], values["second"]
    half = values["split"] / 2
    bumps = f"[0.5, 0.5], {[mean - half, mean + half]}, {[spread**2] * 2}"
    first, last, count = _GAMMAS
    fine = f"start={values['level']}, points={_FINE['points']}, steps={_FINE['steps']}"
    return "\n".join(
        [
            "import numpy as np, simtheory as st",
            "C, churns = st.analytic.composition, {'target': np.inf, 'SDE': 1.0, 'ODE': 0.0}",
            f"a = st.GaussianMixture({bumps})",
            f"c = st.Composition([a, st.GaussianMixture([1.0], [{other}], [{width**2}])], {values['weights']})",
            f"made = {{k: C.terminal_law(c, churn=churns[k], {fine}) for k in ('SDE', 'ODE')}}",
            "z, p = made['SDE'].x, np.exp(c.log_density(made['SDE'].x[:, None]))",
            "share = p * np.gradient(z) / np.sum(p * np.gradient(z))",
            f"guide = lambda g, h: C.guidance_law(g, churn=h, condition={values['condition']})",
            f"guided = {{k: guide({values['gamma']}, h) for k, h in churns.items()}}",
            f"x, gammas = np.linspace({-_REACH}, {_REACH}, {_POINTS}), np.linspace({first}, {last}, {count})",
            "density = lambda m, v: np.exp(-0.5 * (x - m) ** 2 / v) / np.sqrt(2 * np.pi * v)",
            'with st.plot.picture("composition.svg", widths=(4.2, 4.2, 4.2)) as axes:',
            "    axes[0].plot(x, np.transpose([np.exp(e.log_density(x[:, None])) for e in c.experts]))",
            "    axes[0].plot(z, share / np.gradient(z)), [axes[0].plot(g.x, g.density) for g in made.values()]",
            "    [axes[1].plot(x, density(g.mean[0], g.covariance[0, 0])) for g in guided.values()]",
            "    [axes[2].plot(gammas, [guide(g, h).covariance[0, 0] for g in gammas]) for h in churns.values()]",
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
        Number("first", "first expert: mean, deviation", (-1.0, 1.0), -3.0, 3.0, most=2, least=2),
        Number("split", "distance of two bumps of the first", 0.0, 0.0, 4.0),
        Number("second", "second expert: mean, deviation", (1.0, 0.5), -3.0, 3.0, most=2, least=2),
        Number("weights", "weights of the experts", (1.0, 1.0), 0.1, 4.0, most=2, least=2),
        Number("level", "level of the start, a variance", 100.0, 1.0, 1e4, logarithmic=True),
        Number("gamma", "guidance γ", 3.0, 0.25, 8.0),
        Number("condition", "its condition c", 1.0, -3.0, 3.0),
    ),
    draw=_draw,
    code=_code,
)
