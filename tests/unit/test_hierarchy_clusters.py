"""Synonyms from statistics: known brackets of numbers of strings, and the master curve of sensitivity."""

from functools import cache

import numpy as np
import pytest

from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.sim import hierarchy as h
from simtheory.tasks import RandomHierarchy, TreeGrammar
from tests.unit.hierarchy_cases import GRAMMARS

TASK = RandomHierarchy(v=8, m=2, s=2, L=2, seed=0)

WRONG = next(x for x in np.ndindex(8, 8, 8, 8) if h.parse(TASK, [x]).symbols[1].min() < 0)


@cache
def agreement(P, *, v=16, m=4, level=1, L=2, grammars=3, **options):
    tasks = [RandomHierarchy(v=v, m=m, s=2, L=L, seed=seed) for seed in range(grammars)]
    found = [h.cluster(t, t.sample(P, rng=1), level, rng=0, **options) for t in tasks]
    return np.mean([each.ari for each in found])


def test_clusters_are_the_symbols_when_there_are_many_strings():
    found = h.cluster(TASK, TASK.sample(20_000, rng=0), 1, rng=0)
    assert found.ari == 1.0
    assert found.auc > 0.98  # inner products of unequal symbols overlap even without noise
    assert (found.labels[:, 0] == found.labels[:, 1]).all()
    assert len(np.unique(found.labels)) == 8


def test_half_of_the_agreement_comes_at_some_hundred_strings():
    # The bracket of the sheet: ARI = .5 at .2 to 1.7 of (v-1) m^3/(1-f) = 1280 strings, and about 900.
    low, middle, high = (agreement(P) for P in (256, 800, 2200))
    assert low < 0.25 < middle < 0.8 < 0.9 < high


def test_each_further_level_halves_the_strings():
    two, three = agreement(800), agreement(400, L=3)
    assert three == pytest.approx(two, abs=0.15)
    assert agreement(400) < two - 0.15  # half the strings without the further level


def test_latent_context_takes_the_depth_away():
    # At level 2 leaves give little at the number of strings that suffices at level 1; latents as much.
    leaf, latent = (agreement(800, level=2, L=3, context=context) for context in ("leaf", "latent"))
    assert latent == pytest.approx(agreement(800), abs=0.15)
    assert leaf < latent - 0.25


def test_tuples_that_were_not_seen_have_clusters_of_their_own():
    found = h.cluster(TASK, TASK.sample(3, rng=0), 1, rng=0)
    assert found.ari < 0.5
    counts = np.bincount(found.labels.ravel())
    assert (counts > 0).all()
    assert (counts == 1).sum() > 4


def test_rules_that_are_never_used_have_no_cluster():
    labels = h.cluster(GRAMMARS["uneven"], GRAMMARS["uneven"].sample(500, rng=0), 1, rng=0).labels
    assert labels[1, 1] == -1
    assert (np.delete(labels.ravel(), 4) >= 0).all()


@pytest.mark.parametrize("x", [0.125, 1.0, 8.0])
def test_sensitivity_lies_on_the_master_curve(x):
    # P_1 = 1649 at v=16, m=4, l=1; kappa = [v/(v-1)]/[(1-1/v)(1-1/(vm))] = 1.156. Six grammars: .02.
    tasks = [RandomHierarchy(v=16, m=4, s=2, L=2, seed=seed) for seed in range(6)]
    found = np.mean([h.sensitivity(t, t.sample(round(x * 1649), rng=1), 1) for t in tasks])
    assert found == pytest.approx(1 / (1 + 1.156 * x), abs=0.02)
    assert found < 0.9  # a learner that has seen nothing is at 1


def test_sensitivity_is_the_ratio_of_mean_distances():
    strings = TASK.sample(50, rng=3)
    pairs = strings.reshape(50, 2, 2)
    words = TASK.grammar.rules[0].reshape(-1, 2)
    parents = np.repeat(np.arange(8), 2)
    sums = np.zeros(2)
    for node, place in ((0, 0), (0, 1), (1, 0), (1, 1)):
        here = (pairs[:, node][:, None] == words).all(-1).astype(float)
        there = (pairs[:, 1 - node, place][:, None] == np.arange(8)).astype(float)
        w = here.T @ there / 50 - np.outer(here.mean(0), there.mean(0))
        d = ((w[:, None] - w) ** 2).sum(-1)
        same = (parents[:, None] == parents) & ~np.eye(16, dtype=bool)
        sums += d[same].mean(), d[parents[:, None] != parents].mean()
    assert h.sensitivity(TASK, strings, 1) == pytest.approx(sums[0] / sums[1], rel=1e-12)


@pytest.mark.parametrize(
    ("call", "kind", "what"),
    [
        (lambda: h.cluster(TASK, TASK.sample(5, rng=0), 2, rng=0), ArgumentError, "from 1 to 1"),
        (
            lambda: h.cluster(TASK, TASK.sample(5, rng=0), 1, context="leaves", rng=0),
            ArgumentError,
            "leaf",
        ),
        (
            lambda: h.cluster(TASK, [WRONG], 1, rng=0),
            ArgumentError,
            "no rule of level 1",
        ),
        (lambda: h.cluster(TASK, [[0, 0, 0]], 1, rng=0), ShapeError, "shape"),
        (lambda: h.sensitivity(TASK, np.zeros((0, 4), int), 1), ArgumentError, "holds none"),
        (
            lambda: h.sensitivity(GRAMMARS["ambiguous"], GRAMMARS["ambiguous"].sample(9, rng=0), 1),
            RegimeError,
            "unambiguous",
        ),
        (
            lambda: h.sensitivity(
                TreeGrammar([[[[0, 1]], [[1, 0]]], [[[0, 1]]]]), [[0, 1, 1, 0]], 1
            ),
            RegimeError,
            "synonyms",
        ),
    ],
)
def test_wrong_arguments(call, kind, what):
    with pytest.raises(kind, match=what):
        call()
