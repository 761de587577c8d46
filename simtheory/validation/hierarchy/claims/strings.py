"""Claims about nets of few and many strings."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import plot
from simtheory._typing import Array
from simtheory.analytic import hierarchy as forms
from simtheory.assess import coherence
from simtheory.tasks import RandomHierarchy
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.hierarchy import experiments as runs
from simtheory.validation.hierarchy.training import DenoiserRun

__all__ = ["CLAIMS"]

_favero = Topic("hierarchy", paper="favero2025").claim


def _best(run: DenoiserRun) -> int:
    """Number of the look at which the excess is least."""
    return int(np.argmin(run.excess[0]))


def _reached(strings: tuple[int, ...], shares: Array, threshold: float) -> float:
    """Strings at which shares cross a threshold, interpolated in their logarithm, or the ends."""
    above = np.flatnonzero(shares >= threshold)
    if not above.size:
        return float(strings[-1])
    k = int(above[0])
    if not k:
        return float(strings[0])
    part = (threshold - shares[k - 1]) / (shares[k] - shares[k - 1])
    return float(strings[k - 1] * (strings[k] / strings[k - 1]) ** part)


def _from_strings(
    runs_: list[list[DenoiserRun]], values: list[float], null: float, predicted: float | None
) -> Evidence:
    """Evidence beside the picture of level shares at the best step over the number of strings."""

    def draw(ax: Any) -> None:
        for k, row in enumerate(runs_):
            shares = np.array([run.shares[0, _best(run)] for run in row])
            for l in range(shares.shape[1]):
                name = f"level {l + 1}" if k == 0 else "_nolegend_"
                ax.plot(
                    runs.STRINGS, shares[:, l], "o-", color=plot.colour(l), label=name, alpha=0.7
                )
        for l in (2, 3, 4):
            law = float(forms.rule_threshold(l, v=8, m=2, L=4))
            ax.axvline(law, ls="--", color=plot.colour(l - 1))
        ax.set(xscale="log", xlabel="training strings", ylabel="level share at the best step")
        ax.legend()

    return Evidence(
        values=values, null=null, seeds=list(range(len(runs_))), draw=draw, predicted=predicted
    )


_strings_claim: dict[str, Any] = {
    "where": "Section on sample complexity",
    "reads": [runs.by_strings],
    "budget": "full",
}


@_favero(
    "levels-in-strings",
    statement="The levels are learned one by one with more strings.",
    quantity="strings at which the share at the best step is ½, level 4 over level 2; v = 8, m = 2, L = 4",
    band=(3.0, 32.0),
    null="all levels at once",
    **_strings_claim,
)
def levels_in_strings(found: list[list[DenoiserRun]]) -> Evidence:
    """Strings that level 4 needs, over those of level 2."""
    values = []
    for row in found:
        shares = np.array([run.shares[0, _best(run)] for run in row])
        needed = [_reached(runs.STRINGS, shares[:, l], 0.5) for l in (1, 3)]
        values.append(needed[1] / needed[0])
    law = [float(forms.rule_threshold(l, v=8, m=2, L=4)) for l in (2, 4)]
    return _from_strings(found, values, 1.0, law[1] / law[0])


@_favero(
    "creativity",
    statement="From 0.2 % of the language a denoiser writes mostly strings that are valid and new.",
    quantity="share of drawn strings that are valid and no training strings, from 512 of 262144, step 6000",
    band=(0.6, 1.0),
    null="copies only",
    **_strings_claim,
)
def creativity(found: list[list[DenoiserRun]]) -> Evidence:
    """Valid and new strings of nets that saw 512."""
    column = runs.STRINGS.index(512)
    return _from_strings(found, [float(row[column].novel[0, -1]) for row in found], 0.0, None)


@_favero(
    "validity-overstates",
    statement="A net that has learned its training strings by heart writes valid strings without knowing the top level.",
    quantity="share of valid strings less the share of level 4, from 128 strings, step 6000",
    band=(0.3, 1.0),
    null="validity is knowledge",
    **_strings_claim,
)
def validity_overstates(found: list[list[DenoiserRun]]) -> Evidence:
    """Validity beyond knowledge of nets that saw 128 strings too often."""
    column = runs.STRINGS.index(128)
    values = [
        float(row[column].accuracy[0, -1, -1] - row[column].shares[0, -1, -1]) for row in found
    ]
    return _from_strings(found, values, 0.0, None)


@_favero(
    "memorises-later-with-more",
    statement="The more strings, the later a net begins to learn them by heart.",
    quantity="half of log2 of the best step from 128 strings over that from 32",
    band=(0.3, 1.5),
    null="at the same step",
    **_strings_claim,
)
def memorises_later_with_more(found: list[list[DenoiserRun]]) -> Evidence:
    """How the best step grows with the number of strings."""
    steps = [[run.steps[_best(run)] for run in row] for row in found]
    values = [0.5 * float(np.log2(row[1] / row[0])) for row in steps]
    return _from_strings(found, values, 0.0, 1.0)


def _lengths(row: list[DenoiserRun], seed: int) -> list[int]:
    """Lengths over which the strings drawn at the best step are coherent, for each number of strings."""
    grammar = RandomHierarchy(v=8, m=2, L=4, seed=seed)
    known = coherence(grammar.sample(20_000, rng=0), aligned=True)
    return [
        coherence(run.arrays["samples"][0, _best(run)], reference=known, aligned=True).length
        for run in row
    ]


@_favero(
    "coherence-grows",
    statement="The strings that a net writes are coherent over growing lengths the more strings it saw.",
    quantity="log2 of the aligned length from 2048 strings over that from 32, both at the best step",
    band=(1.0, 4.0),
    null="coherent in blocks of two tokens, whatever was seen",
    **_strings_claim,
)
def coherence_grows(found: list[list[DenoiserRun]]) -> Evidence:
    """Lengths of coherence of drawn strings."""
    lengths = [np.maximum(_lengths(row, k), 1) for k, row in enumerate(found)]
    return _from_strings(found, [float(np.log2(row[-1] / row[0])) for row in lengths], 0.0, None)


CLAIMS = gathered(globals())
