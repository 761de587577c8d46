"""Claims about the other operators, with exact scores: mixtures, backgrounds, negation, classifiers, AND."""

from __future__ import annotations

import numpy as np

from simtheory import plot
from simtheory._typing import Array
from simtheory.analytic.composition.freezing import cell_masses
from simtheory.validation.claims.claim import Evidence, gathered
from simtheory.validation.claims.record import Verdict
from simtheory.validation.composition.claims._common import bars, dots, of_paper
from simtheory.validation.composition.experiments import (
    BlobRun,
    blob_run,
    classes,
    classified_run,
    frame_shares,
    line_pairs,
    slot_means,
)

__all__ = ["CLAIMS"]

_du, _bradley, _skreta = of_paper("du2023"), of_paper("bradley2025"), of_paper("skreta2024")
_BLOBS = ("left", "left", "left", "right", "right", "right", "none")
_OFFSETS = (-2.0, -1.0, 0.0, 1.0, 2.0)


def _seeds(values: Array) -> list[int]:
    return list(range(len(values)))


@_du(
    "energies-needed",
    where="Section 3.2",
    statement="A mixture needs normalised energies, and with them it needs no MCMC.",
    quantity="total variation distance of the masses of six modes from the truth, mixed energies, reverse SDE",
    band=(0.0, 0.03),
    null="averaged scores",
    reads=[blob_run.of(0.0, False, 3, 10), blob_run.of(0.0, True, 3, 10)],
    budget="quick",
)
def energies_needed(mixed: BlobRun, averaged: BlobRun) -> Evidence:
    return Evidence(
        predicted=0.0,
        values=mixed.distances.tolist(),
        null=float(averaged.distances.mean()),
        seeds=_seeds(mixed.distances),
        draw=bars(
            {
                "exact": mixed.truth,
                "mixed energies": mixed.masses.mean(axis=0),
                "averaged scores": averaged.masses.mean(axis=0),
            },
            _BLOBS,
        ),
    )


@_du(
    "offset",
    where="Section 3.2",
    statement="An offset between two energies moves the weight of the mixture as a logistic function.",
    quantity="slope of the logit of the sampled weight in the offset, offsets from −2 to 2",
    band=(0.9, 1.1),
    null="a weight that does not depend on the offset",
    reads=[blob_run.of(offset, False, 5, 20) for offset in _OFFSETS],
)
def offset(*runs: BlobRun) -> Evidence:
    left, right = (
        np.array([run.masses[:, part].sum(axis=1) for run in runs])
        for part in (slice(0, 3), slice(3, 6))
    )
    logits = np.log(left / right)
    values = np.polyfit(_OFFSETS, logits, 1)[0]

    def draw(ax) -> None:  # type: ignore[no-untyped-def]
        ax.plot(_OFFSETS, logits, "o", ms=3, color=plot.colour(0))
        ax.plot(_OFFSETS, _OFFSETS, "--", color=plot.INK, label="logistic law")
        ax.set(xlabel="offset of the energies", ylabel="logit of the left weight")
        ax.legend()

    return Evidence(
        predicted=1.0, values=values.tolist(), null=0.0, seeds=_seeds(values), draw=draw
    )


@_skreta(
    "and-is-not-product",
    where="Section 4",
    statement="Draws at which both densities are equal are draws from the product.",
    quantity="spread of x over that of the product, N(0, 0.05²) and N(0.1, 0.05²), 4000 draws, 1000 levels",
    band=(0.8, 1.2),
    null="the spread of one expert",
    reads=[line_pairs.of(2, 6)],
    expected=Verdict.DISAGREES,
    reason="The sampler keeps the two densities equal along every path, so that its draws end on the surface "
    "where they are equal, which has no width across.",
    errata="equal-densities",
)
def and_is_not_product(values: Array) -> Evidence:
    return Evidence(
        predicted=0.0,
        stated=1.0,
        values=values.tolist(),
        null=2.0**0.5,
        seeds=_seeds(values),
        draw=dots({"sampled": values}, line=1.0, ylabel="spread over the product's", law="product"),
    )


@_bradley(
    "background",
    where="Section 3, Fig. 3",
    statement="With the unconditional model as background, three composed objects have a third of their size.",
    quantity="mean of three composed slots, objects at 1, reverse SDE",
    band=(0.31, 0.38),
    null="whole objects",
    reads=[slot_means.of(3, "unconditional", 3, 10)],
    budget="quick",
)
def background(values: Array) -> Evidence:
    return Evidence(
        predicted=1.0 / 3.0,
        values=values.tolist(),
        null=1.0,
        seeds=_seeds(values),
        draw=dots({"sampled": values}, line=1.0 / 3.0, ylabel="mean of a slot"),
    )


@_bradley(
    "factorised",
    where="Theorem 5.3",
    statement="With an empty background the conditionals factorise, and reverse diffusion keeps every object.",
    quantity="mean of five composed slots, objects at 1, reverse SDE",
    band=(0.98, 1.02),
    null="the unconditional background",
    reads=[slot_means.of(5, "empty", 3, 10)],
    budget="quick",
)
def factorised(values: Array) -> Evidence:
    return Evidence(
        predicted=1.0,
        values=values.tolist(),
        null=0.2,
        seeds=_seeds(values),
        draw=dots({"sampled": values}, line=1.0, ylabel="mean of a slot"),
    )


@_du(
    "negation",
    where="Section 3.3",
    statement="Under negation, reverse diffusion leaves draws inside the region that is taken out, and MCMC fewer.",
    quantity="share of draws in the inner box of the frame, reverse diffusion over MALA with ten moves a level",
    band=(1.3, 10.0),
    null="equal shares",
    reads=[frame_shares.of("reverse", 3, 10), frame_shares.of("MALA 10", 3, 10)],
)
def negation(reverse: Array, annealed: Array) -> Evidence:
    return Evidence(
        values=(reverse / annealed.mean()).tolist(),
        null=1.0,
        seeds=_seeds(reverse),
        draw=dots(
            {"reverse diffusion": reverse, "MALA": annealed}, line=None, ylabel="share inside"
        ),
    )


_ROW = ("A", "A", "A", "B")
_GAMMA = 4.0


def _unguided() -> Array:
    mixture = classes()
    return np.asarray(cell_masses(mixture, mixture.means))


@_du(
    "classifier-guidance",
    where="Section 3.4",
    statement="Guidance by a classifier reaches the powered target under MCMC.",
    quantity="distance of the masses of four blobs from the powered target, γ = 4, MALA with 20 moves a level",
    band=(0.0, 0.05),
    null="unguided masses",
    reads=[classified_run.of("MALA 20", _GAMMA, 3, 10)],
)
def classifier_guidance(run: BlobRun) -> Evidence:
    return Evidence(
        predicted=0.0,
        values=run.distances.tolist(),
        null=0.5 * float(np.abs(_unguided() - run.truth).sum()),
        seeds=_seeds(run.distances),
        draw=bars(
            {"powered target": run.truth, "MALA": run.masses.mean(axis=0), "unguided": _unguided()},
            _ROW,
        ),
    )


@_du(
    "classifier-guidance-reverse",
    where="Section 3.4",
    statement="Guidance by a classifier misses the powered target under reverse diffusion.",
    quantity="distance of the masses of four blobs from the powered target, γ = 4, reverse SDE",
    band=(0.05, 0.6),
    null="draws from the target",
    reads=[classified_run.of("reverse", _GAMMA, 3, 10)],
)
def classifier_guidance_reverse(run: BlobRun) -> Evidence:
    return Evidence(
        values=run.distances.tolist(),
        null=0.01,
        seeds=_seeds(run.distances),
        draw=bars(
            {"powered target": run.truth, "reverse diffusion": run.masses.mean(axis=0)}, _ROW
        ),
    )


@_du(
    "classifier-guidance-one",
    where="Section 3.4",
    statement="At strength 1 a classifier that knows the noise level guides reverse diffusion exactly.",
    quantity="distance of the masses of four blobs from the class asked for, γ = 1, reverse SDE",
    band=(0.0, 0.03),
    null="unguided masses",
    reads=[classified_run.of("reverse", 1.0, 3, 10)],
)
def classifier_guidance_one(run: BlobRun) -> Evidence:
    return Evidence(
        predicted=0.0,
        values=run.distances.tolist(),
        null=0.5 * float(np.abs(_unguided() - run.truth).sum()),
        seeds=_seeds(run.distances),
        draw=bars({"class A": run.truth, "reverse diffusion": run.masses.mean(axis=0)}, _ROW),
    )


CLAIMS = gathered(vars())
