"""Claims about the hidden layer: what training adds to the geometry of the code that the net is given."""

from __future__ import annotations

import math
from typing import Any

from simtheory import plot
from simtheory.analytic import factorization as laws
from simtheory.assess import Geometry
from simtheory.validation.claims.claim import Evidence, gathered
from simtheory.validation.claims.record import Verdict
from simtheory.validation.factorization import experiments as runs
from simtheory.validation.factorization.claims._common import doubt, liang

__all__ = ["CLAIMS"]

_LAYER = "hidden layer of an MLP of 192×2 that drew 1024 bumps of 16×16, grid of 12×12 labels, pure noise as image"


def _of(measure: str, found: list[Geometry]) -> list[float]:
    return [float(getattr(each, measure).value) for each in found]


def _change(found: runs.Represented, measure: str) -> list[float]:
    after, before = _of(measure, found.trained), _of(measure, found.untrained)
    return [a - b for a, b in zip(after, before, strict=True)]


def _draw(found: runs.Represented, measure: str, null: float) -> Any:
    def draw(ax: Any) -> None:
        for k, each in enumerate((found.untrained, found.trained)):
            values = _of(measure, each)
            ax.plot([k] * len(values), values, "o", color=plot.colour(k))
        ax.plot([2], [getattr(found.code, measure).value], "s", color=plot.INK)
        ax.axhline(null, ls=":", color=plot.GREY)
        ax.set(
            xticks=range(3),
            xticklabels=["untrained", "trained", "code"],
            xlim=(-0.5, 2.5),
            ylabel=measure,
        )

    return draw


def _by_chance() -> float:
    """Return the share of interaction of pure noise; its formula loads SciPy, so it is not taken at import."""
    return float(laws.noise_means(12, 12, 192).interaction)


@liang(
    "factorised-code",
    where="Fig. 3 and abstract",
    statement="Training makes the representation factorised.",
    quantity=f"share of interaction after training less that before, separate codes; {_LAYER}",
    band=(-1.0, -0.01),
    null="the untrained net",
    reads=[runs.represented.of("separate")],
    expected=Verdict.DISAGREES,
    reason="The code of the label is factorised, and so is the untrained net; training adds interaction.",
    errata="factorised-code",
)
def factorised_code(found: runs.Represented) -> Evidence:
    """Interaction with a code that is factorised."""
    return Evidence(
        values=_change(found, "interaction"),
        null=0.0,
        seeds=list(range(len(found.trained))),
        draw=_draw(found, "interaction", _by_chance()),
        doubt=doubt([found.answers]),
    )


@liang(
    "joint-code",
    where="Fig. 3 and abstract",
    statement="Training factorises the representation of a code that is not factorised.",
    quantity=f"share of interaction after training, sinusoids of random wave vectors as code; {_LAYER}",
    band=(0.0, 0.1),
    null="the untrained net",
    reads=[runs.represented.of("joint")],
    expected=Verdict.DISAGREES,
    reason="The layer stays nearly as joint as the code is.",
    errata="factorised-code",
)
def joint_code(found: runs.Represented) -> Evidence:
    """Interaction with a code that is not factorised."""
    before = _of("interaction", found.untrained)
    return Evidence(
        values=_of("interaction", found.trained),
        null=sum(before) / len(before),
        seeds=list(range(len(found.trained))),
        draw=_draw(found, "interaction", _by_chance()),
        doubt=doubt([found.answers]),
    )


@liang(
    "continuity",
    where="Fig. 3",
    statement="Training makes the representation of each factor more continuous.",
    quantity=f"mean cosine of two steps of one factor after training less that before, separate codes; {_LAYER}",
    band=(0.05, 0.5),
    null="the untrained net",
    reads=[runs.represented.of("separate")],
)
def continuity(found: runs.Represented) -> Evidence:
    """Steps of one factor, from disjoint pairs of values."""
    return Evidence(
        values=_change(found, "continuity"),
        null=0.0,
        seeds=list(range(len(found.trained))),
        draw=_draw(found, "continuity", 2.0 / math.pi),
        doubt=doubt([found.answers]),
    )


@liang(
    "not-continuous",
    where="Fig. 3 and abstract",
    statement="The representation is factorised but not fully continuous.",
    quantity=f"mean cosine of two steps of one factor after training over 2/π, separate codes; {_LAYER}",
    band=(0.3, 0.85),
    null="a smooth circle",
    reads=[runs.represented.of("separate")],
)
def not_continuous(found: runs.Represented) -> Evidence:
    """Steps of one factor against those of a circle."""
    circle = laws.displacement_means("clifford").x_on_x
    return Evidence(
        values=[value / circle for value in _of("continuity", found.trained)],
        null=1.0,
        seeds=list(range(len(found.trained))),
        draw=_draw(found, "continuity", circle),
        doubt=doubt([found.answers]),
    )


@liang(
    "manifold-forms",
    where="Fig. 2",
    statement="The variance of the representation concentrates on four components as training goes on.",
    quantity="share of the variance in the four leading components after training less that before, separate codes; "
    + _LAYER,
    band=(0.05, 0.75),
    null="the untrained net",
    reads=[runs.represented.of("separate")],
    budget="full",
)
def manifold_forms(found: runs.Represented) -> Evidence:
    """Leading components after and before training."""

    def draw(ax: Any) -> None:
        for k in (0, 1):
            ax.plot(
                [1 - k] * len(found.leading), found.leading[:, k], "o", color=plot.colour(1 - k)
            )
        ax.axhline(1.0, ls=":", color=plot.GREY)
        ax.set(
            xticks=range(2), xticklabels=["untrained", "trained"], xlim=(-0.5, 1.5),
            ylabel="share of four components",
        )  # fmt: skip

    return Evidence(
        values=(found.leading[:, 0] - found.leading[:, 1]).tolist(),
        null=0.0,
        seeds=list(range(len(found.leading))),
        draw=draw,
        doubt=doubt([found.answers]),
    )


CLAIMS = gathered(globals())
