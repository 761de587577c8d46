"""In which groups claims run, in what order, and how long that takes on this machine."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from simtheory._faces import face
from simtheory.validation.claims.claim import Claim
from simtheory.validation.claims.experiment import Budget, Experiment, budget_named
from simtheory.validation.ledger.findings import findings_of

__all__ = ["Costs", "groups", "yardstick"]

_UNKNOWN = 2.0  # processor seconds of an experiment that no committed run has made
_START_UP = 10.0  # yardsticks: starting one worker and importing what it needs
_LITTLE = 0.15  # yardsticks: measurement and figure of a claim that no committed run has tested


@face
def yardstick() -> float:
    """Return the processor seconds that a fixed piece of work takes here.

    Interpreted Python and small NumPy arrays, about .3 s: what start-up, compilation and drawing
    are made of. One thread, no compiled code of this package.

    Returns
    -------
    float
        Seconds of this process.
    """
    start = time.process_time()
    text, x = 0, np.linspace(0.1, 0.9, 64).reshape(8, 8)
    for k in range(30_000):
        x = x @ x.T
        x = x / np.abs(x).max()
        text += len(f"{k}:{k % 7}".split(":")) + sum(map(int, str(k)))
    return time.process_time() - start


@face
@dataclass(frozen=True, slots=True)
class Costs:
    """Processor seconds of experiments and claims on this machine, from the committed findings.

    Parameters
    ----------
    experiments : dict
        Topic and name of an experiment to its seconds.
    claims : dict
        Claim id to the seconds of its measurement and figure.
    start_up : float
        Seconds to start a worker.
    otherwise : (float, float)
        Seconds of an experiment and of a claim that are not in the findings.
    """

    experiments: dict[tuple[str, str], float]
    claims: dict[str, float]
    start_up: float
    otherwise: tuple[float, float]

    @classmethod
    def here(cls, claims: Iterable[Claim], budget: Budget, *, measured: float) -> Costs:
        """Scale the committed seconds to a budget and to this machine.

        Parameters
        ----------
        claims : iterable of Claim
            The claims to run.
        budget : Budget
            What they may spend; seconds of experiments grow with its seeds.
        measured : float
            What `yardstick` returned here.

        Returns
        -------
        Costs
            For the topics of these claims.
        """
        experiments, own = {}, {}
        runs = ("standard", "full") if budget.name == "full" else ("standard",)
        for topic, run in product({claim.topic for claim in claims}, runs):
            found = findings_of(topic, budget=run)
            if found is None:
                continue
            speed = measured / found.yardstick
            growth = speed * max(1.0, budget.seeds / budget_named(found.budget).seeds)
            for name, seconds in found.experiments.items():
                experiments[topic, name] = growth * seconds
            for name, numbers in found.claims.items():
                own[name] = speed * numbers["seconds"]
        unknown = (_UNKNOWN, _LITTLE * measured)
        return cls(experiments, own, _START_UP * measured, unknown)

    def of_claim(self, claim: Claim, made: set[Experiment[Any]]) -> float:
        """Return what a claim costs where some experiments are made already.

        Parameters
        ----------
        claim : Claim
            The claim.
        made : set of Experiment
            What need not be made again.

        Returns
        -------
        float
            Seconds.
        """
        new = [one for one in claim.reads if one not in made]
        each = (self.experiments.get((claim.topic, one.name), self.otherwise[0]) for one in new)
        return self.claims.get(claim.id, self.otherwise[1]) + sum(each)

    def of_group(self, group: Sequence[Claim]) -> float:
        """Return what a group of claims costs, each of its experiments made once.

        Parameters
        ----------
        group : sequence of Claim
            The claims.

        Returns
        -------
        float
            Seconds.
        """
        made: set[Experiment[Any]] = set()
        total = 0.0
        for claim in group:
            total += self.of_claim(claim, made)
            made.update(claim.reads)
        return total

    def wall(self, parts: Sequence[Sequence[Claim]], workers: int) -> float:
        """Return how long some groups take with several workers, about.

        Parameters
        ----------
        parts : sequence of groups
            As `groups` returns them.
        workers : int
            How many run side by side, each on its own core.

        Returns
        -------
        float
            Seconds: the work over the workers, and no less than the longest group.
        """
        each = [self.of_group(part) for part in parts]
        return self.start_up + max([sum(each) / workers, *each]) if each else 0.0


@face
def groups(claims: Sequence[Claim], costs: Costs) -> list[list[Claim]]:
    """Put claims that share an experiment into one group, and order the groups.

    The shortest group comes first, for an early verdict, then the longest ones. Within a group the
    claim that needs the least new work is next.

    Parameters
    ----------
    claims : sequence of Claim
        The claims to run.
    costs : Costs
        What they cost.

    Returns
    -------
    list of list of Claim
        The groups, in the order in which workers take them.
    """
    parts: list[tuple[set[Experiment[Any]], list[Claim]]] = []
    for claim in claims:
        reads, together, apart = set(claim.reads), [claim], []
        for experiments, members in parts:
            if reads & experiments:
                reads, together = reads | experiments, members + together
            else:
                apart.append((experiments, members))
        parts = [*apart, (reads, together)]
    ordered = [_by_new_work(members, costs) for _, members in parts]
    ordered.sort(key=costs.of_group, reverse=True)
    return [*ordered[-1:], *ordered[:-1]]


def _by_new_work(members: list[Claim], costs: Costs) -> list[Claim]:
    made: set[Experiment[Any]] = set()
    left, ordered = list(members), []
    while left:
        cheapest = min(left, key=lambda claim: costs.of_claim(claim, made))
        left.remove(cheapest)
        ordered.append(cheapest)
        made.update(cheapest.reads)
    return ordered
