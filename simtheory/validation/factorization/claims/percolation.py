"""Claims about percolation itself: thresholds, the collapse of sizes, and pairs that connect."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory import plot
from simtheory._typing import Array
from simtheory.analytic import percolation as forms
from simtheory.validation.claims.claim import Evidence, Topic, gathered
from simtheory.validation.factorization import experiments as runs

__all__ = ["CLAIMS"]

_liang = Topic("factorization", paper="liang2024").claim
_newman = Topic("factorization", paper="newman2001").claim

_MEAN_DEGREE = 4.0 * forms.CONTINUUM_THRESHOLD.value
_SQUARES = 4.395 / 4.512
"""Mean number of neighbours at the threshold of squares over that of discs."""


@_liang(
    "lattice-threshold",
    where="Section on percolation, Fig. 6",
    statement="Examples on a lattice connect at the threshold of site percolation with a disc of neighbours.",
    quantity="measured share of kept sites at the threshold over the constant, for z = 4, 20 or 68, whichever is "
    "further from one; torus of side 128",
    band=(0.997, 1.003),
    null="the law 4.51235/(z + 3.3) of large discs, at z = 4",
    reads=[runs.lattice_thresholds],
    budget="quick",
)
def lattice_threshold(found: runs.Thresholds) -> Evidence:
    """Thresholds by the probability of wrapping."""
    ratios = found.values / found.constants[:, None]
    k = int(np.abs(ratios.mean(axis=1) - 1.0).argmax())

    def draw(ax: Any) -> None:
        z = np.geomspace(3.5, 80.0, 100)
        ax.plot(z, _MEAN_DEGREE / (z + 3.3), "--", color=plot.GREY, label="4.512/(z + 3.3)")
        ax.plot(
            found.neighbours, found.values.mean(axis=1), "o", color=plot.colour(0), label="runs"
        )
        ax.set(
            xscale="log",
            yscale="log",
            xlabel="neighbours z",
            ylabel="threshold: share of kept sites",
        )
        ax.legend()

    first = float(found.constants[0])
    return Evidence(
        predicted=1.0,
        values=ratios[k].tolist(),
        null=_MEAN_DEGREE / (float(found.neighbours[0]) + 3.3) / first,
        seeds=list(range(ratios.shape[1])),
        draw=draw,
    )


@_liang(
    "continuum-threshold",
    where="Section on percolation, Fig. 6",
    statement="Examples at random places connect at the filling factor of discs.",
    quantity="measured filling factor at the threshold over 1.12808737; torus of side 64 link lengths",
    band=(0.995, 1.005),
    null="the threshold of squares",
    reads=[runs.disc_runs],
    budget="quick",
)
def continuum_threshold(found: runs.Discs) -> Evidence:
    """Threshold of discs by the probability of wrapping."""

    def draw(ax: Any) -> None:
        for k, side in enumerate(found.sides):
            ax.plot(found.filling, found.wrapping[k], color=plot.colour(k), label=f"side {side:g}")
        ax.axvline(forms.CONTINUUM_THRESHOLD.value, ls=":", color=plot.GREY)
        ax.axhline(forms.wrapping_probabilities().either, ls=":", color=plot.GREY)
        ax.set(xlabel="filling factor η", ylabel="probability that a cluster wraps")
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(found.thresholds / forms.CONTINUUM_THRESHOLD.value).tolist(),
        null=_SQUARES,
        seeds=list(range(found.thresholds.size)),
        draw=draw,
    )


@_newman(
    "collapse",
    where="finite-size scaling of the largest cluster",
    statement="The largest cluster's share at the threshold falls as the side to the power -5/48.",
    quantity="share of the largest cluster times side^(5/48) at the threshold of discs, side 64 over side 16",
    band=(0.97, 1.03),
    null="a share that does not depend on the side",
    reads=[runs.disc_runs],
)
def collapse(found: runs.Discs) -> Evidence:
    """Scaled sizes of the largest cluster on two sides."""
    power = forms.EXPONENTS["beta"] / forms.EXPONENTS["nu"]
    ratio = (found.sides[-1] / found.sides[0]) ** power

    def draw(ax: Any) -> None:
        for k, side in enumerate(found.sides):
            x = (found.filling - forms.CONTINUUM_THRESHOLD.value) * side**0.75
            ax.plot(x, found.largest[k] * side**power, color=plot.colour(k), label=f"side {side:g}")
        ax.set(xlabel="(η − η_c) side^(3/4)", ylabel="largest share × side^(5/48)")
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(found.at_threshold[-1] / found.at_threshold[0] * ratio).tolist(),
        null=float(ratio),
        seeds=list(range(found.at_threshold.shape[1])),
        draw=draw,
    )


@_liang(
    "few-pairs",
    where="Fig. 10: a few compositional examples",
    statement="About n ln 2n random pairs connect all values of both factors, out of n² pairs.",
    quantity="share of drawn sets of 630 pairs that connect 100 and 100 values, over exp(-E) of the expected number "
    "E of isolated values",
    band=(0.94, 1.06),
    null="exp(-2n exp(-m/n)), pairs drawn with replacement",
    reads=[runs.connected_pairs],
    budget="quick",
)
def few_pairs(found: runs.Pairs) -> Evidence:
    """Connected sets of pairs."""
    law: Array = np.asarray(forms.connection_probability(found.pairs, nx=100, ny=100))
    k = int(np.argmin(np.abs(found.pairs - 630)))

    def draw(ax: Any) -> None:
        ax.plot(found.pairs, found.connected.mean(axis=1), "o", color=plot.colour(0), label="drawn")
        ax.plot(found.pairs, law, "--", color=plot.INK, label="exp(−E)")
        ax.plot(
            found.pairs, np.exp(-200.0 * np.exp(-found.pairs / 100.0)), ":", color=plot.GREY,
            label="exp(−2n exp(−m/n))",
        )  # fmt: skip
        ax.set(xlabel="pairs m", ylabel="probability that all values connect")
        ax.legend()

    return Evidence(
        predicted=1.0,
        values=(found.connected[k] / law[k]).tolist(),
        null=float(np.exp(-200.0 * np.exp(-found.pairs[k] / 100.0)) / law[k]),
        seeds=list(range(found.connected.shape[1])),
        draw=draw,
    )


CLAIMS = gathered(globals())
