"""Claims about the released programs' settings and faults, replayed with exact scores."""

from __future__ import annotations

import numpy as np

from simtheory._typing import Array
from simtheory.analytic.composition.freezing import FreezeOut
from simtheory.analytic.composition.mcmc import last_level_bias, local_variance
from simtheory.tasks import du2023
from simtheory.validation.claims.claim import Evidence, gathered
from simtheory.validation.composition.claims._common import bars, dots, of_paper
from simtheory.validation.composition.claims.sampling import spread_of_top
from simtheory.validation.composition.experiments import (
    RELEASED,
    PlaneRun,
    freezing,
    frozen_masses,
    plane_run,
    wandering,
)

__all__ = ["CLAIMS"]

_du = of_paper("du2023")


@_du(
    "released-settings",
    where="Released code, 2D notebook",
    statement="The released settings of HMC land on the masses that the freeze-out predicts.",
    quantity="mass of top and bottom of ring times bar, released HMC settings",
    band=(0.848, 0.888),
    null="the product's own masses",
    reads=[plane_run.of("released HMC", 2000, 5, 20), freezing.of("released")],
)
def released_settings(run: PlaneRun, rates: FreezeOut) -> Evidence:
    law = frozen_masses(rates, "released HMC", run)
    return Evidence(
        predicted=float(law[2::4].sum()),
        values=run.grouped[:, 0].tolist(),
        null=float(run.truth[2::4].sum()),
        seeds=list(range(len(run.samples))),
        draw=bars({"exact": run.truth, "released": run.masses.mean(axis=0), "freeze-out": law}),
    )


@_du(
    "last-level",
    where="Released code, 2D notebook",
    statement="Annealing that stops at the schedule's last level leaves its noise in the draws.",
    quantity="variance of the top mode of ring times bar along x over its clean variance, released MALA settings",
    band=(1.55, 1.72),
    null="clean draws",
    reads=[plane_run.of("released MALA", 8000, 3, 10)],
    budget="quick",
)
def last_level(run: PlaneRun) -> Evidence:
    c, across = du2023.ring_times_bar(), (1.0, 0.0)
    law = last_level_bias(c, float(RELEASED.values[-1]), across)
    clean = local_variance(c, across)
    values = (RELEASED.alpha[-1] ** 2 * spread_of_top(run) / clean).tolist()
    return Evidence(
        predicted=float(law),
        values=values,
        null=1.0,
        seeds=list(range(len(values))),
        draw=dots({"measured": values}, line=float(law), ylabel="variance over the clean one"),
    )


@_du(
    "released-mala",
    where="Released code, samplers",
    statement="The released MALA has no stationary law: its variance grows with the logarithm of the moves.",
    quantity="growth of the variance on N(0, 1) from 5000 to 20 000 moves at δ = 0.3, over (4/δ) ln 4",
    band=(0.8, 1.1),
    null="a chain that has settled",
    reads=[wandering.of(5000, 2, 5), wandering.of(20_000, 2, 5)],
)
def released_mala(early: Array, late: Array) -> Evidence:
    law = 4.0 / 0.3 * np.log(4.0)
    values = ((late - early) / law).tolist()
    return Evidence(
        predicted=1.0,
        values=values,
        null=0.0,
        seeds=list(range(len(values))),
        draw=dots(
            {"5000 moves": early, "20 000 moves": late}, line=1.0, ylabel="variance", law="N(0, 1)"
        ),
    )


CLAIMS = gathered(vars())
