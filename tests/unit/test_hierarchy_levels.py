"""Staircases, level shares and samplers, against sums over all noisy strings and reference numbers."""

from itertools import product

import numpy as np
import pytest
from scipy.special import rel_entr

from simtheory.errors import ArgumentError, ShapeError
from simtheory.noise import Mask, Uniform
from simtheory.sim import hierarchy as h
from simtheory.sim.hierarchy import running
from simtheory.tasks import RandomHierarchy, TreeGrammar, favero2025
from tests.unit.hierarchy_cases import GRAMMARS

SMALL = favero2025.grammar(v=4, m=2, s=2, L=3, seed_rules=0)
LITERAL = {
    0.9: (0.17968221, 0.08315829, 0.02120579, 0.14557554),
    0.5: (0.16068220, 0.07720281, 0.01770584, 0.82609098),
    0.2: (0.03101287, 0.01406333, 0.00248056, 1.19264485),
}


def every(grammar, alpha_bar):
    """Return P_0 … P_L and the probability of every noisy string."""
    strings = np.array([*product(range(grammar.alphabet), repeat=grammar.length)])
    given = Uniform(alpha_bar).likelihood(strings, grammar.alphabet)
    found = [h.infer(grammar, given, level=k) for k in range(grammar.depth + 1)]
    return given, [each.posterior for each in found], np.exp(found[-1].log_evidence)


def noisy(grammar, count, alpha_bar=0.5, seed=0):
    seen = Uniform(alpha_bar).noised(
        grammar.sample(count, rng=seed), grammar.alphabet, rng=seed + 1
    )
    return Uniform(alpha_bar).likelihood(seen, grammar.alphabet)


@pytest.mark.parametrize("alpha_bar", LITERAL)
def test_staircase_of_all_noisy_strings_is_the_literal_one(alpha_bar):
    _, beliefs, chance = every(SMALL, alpha_bar)
    assert chance.sum() == pytest.approx(1.0, abs=1e-12)
    excess = [(chance * rel_entr(beliefs[-1], p).sum((1, 2))).sum() / 8 for p in beliefs]
    entropy = (chance * -rel_entr(beliefs[-1], 1.0).sum((1, 2))).sum() / 8
    assert [*excess[:3], entropy] == pytest.approx(LITERAL[alpha_bar], abs=1e-8)
    assert excess[3] == 0.0
    drawn = h.staircase(SMALL, alpha_bar=alpha_bar, samples=4000, rng=0)
    # Four standard errors; the grammar of another seed is far off.
    assert (np.abs(drawn.excess - excess)[:3] < 4 * drawn.error[:3]).all()
    assert drawn.entropy == pytest.approx(entropy, rel=0.05)
    assert (drawn.error[:3] < 0.05 * drawn.excess[0]).all()


def test_increments_are_orthogonal():
    _, beliefs, chance = every(GRAMMARS["few classes"], 0.6)
    steps = np.diff(np.array(beliefs), axis=0)
    products = np.einsum("knia,jnia,n->kj", steps, steps, chance)
    off = products - np.diag(np.diagonal(products))
    assert np.abs(off).max() < 1e-14 < 1e-4 < products.diagonal().min()


@pytest.mark.parametrize("name", ["few classes", "uneven", "ambiguous", "s=3"])
def test_shares_of_truncated_beliefs_and_of_mixtures(name):
    grammar = GRAMMARS[name]
    given = noisy(grammar, 90)
    beliefs = [h.infer(grammar, given, level=k).posterior for k in range(grammar.depth + 1)]
    for known, belief in enumerate(beliefs):
        found = h.level_shares(grammar, given, belief)
        assert found.shares == pytest.approx(1.0 * (np.arange(grammar.depth) < known), abs=1e-9)
        assert found.nearest == known
        assert found.interval == pytest.approx(np.stack([found.shares] * 2, -1), abs=1e-9)
    for alpha in (0.25, 0.8):
        found = h.level_shares(grammar, given, (1 - alpha) * beliefs[0] + alpha * beliefs[-1])
        assert found.shares == pytest.approx(np.full(grammar.depth, alpha), abs=1e-9)
    assert h.level_shares(grammar, given, beliefs[-1]).excess < 1e-12
    # Beliefs of a foreign grammar know no level.
    if name == "few classes":
        foreign = RandomHierarchy(v=4, m=2, s=2, L=3, n_c=2, seed=9)
        wrong = h.level_shares(grammar, given, h.infer(foreign, given).posterior)
        assert np.abs(wrong.shares).max() < 0.5
        assert wrong.excess > 0.1


def softened(belief):
    q = np.sqrt(belief)
    return q / q.sum(axis=-1, keepdims=True)


def test_intervals_cover_the_shares_of_a_soft_denoiser():
    _, beliefs, chance = every(SMALL, 0.5)
    steps = np.diff(np.array(beliefs), axis=0)
    products = np.einsum("knia,nia,n->k", steps, softened(beliefs[-1]) - beliefs[0], chance)
    exact = products / np.einsum("knia,knia,n->k", steps, steps, chance)
    inside = np.zeros(3)
    for seed in range(40):
        given = noisy(SMALL, 200, seed=100 + seed)
        q = softened(h.infer(SMALL, given).posterior)
        bounds = h.level_shares(SMALL, given, q).interval
        inside += (bounds[:, 0] <= exact) & (exact <= bounds[:, 1])
    # 38 of 40 wanted; the binomial has sd 1.4.
    assert (inside >= 33).all()
    assert not ((bounds[:, 0] <= 1.0) & (bounds[:, 1] >= 1.0)).all()  # Bayes is told apart


def test_a_level_that_adds_nothing_has_no_share():
    full = TreeGrammar(
        [[[[0, 1]], [[1, 0]]], [[[0, 0], [0, 1], [1, 0], [1, 1]]]]
    )  # the root says nothing
    given = noisy(full, 40)
    found = h.level_shares(full, given, h.infer(full, given).posterior)
    assert found.shares[0] == pytest.approx(1.0)
    assert np.isnan(found.shares[1])
    assert np.isnan(found.interval[1]).all()


def test_shares_under_masks():
    given = Mask(0.6).likelihood(Mask(0.6).noised(SMALL.sample(60, rng=0), 4, rng=1), 4)
    found = h.level_shares(SMALL, given, h.infer(SMALL, given, level=2).posterior)
    assert found.shares == pytest.approx([1.0, 1.0, 0.0], abs=1e-9)
    assert found.nearest == 2


def test_ceiling_of_the_sampler_and_the_trap_of_the_posterior():
    # Means over 5 grammars of 600 strings each: s.e. .007 at T = 25, below .003 from T = 100 on.
    tasks = [RandomHierarchy(v=8, m=3, s=2, L=3, seed=seed) for seed in range(5)]
    for steps, ceiling in {25: 0.896, 50: 0.959, 100: 0.987, 200: 0.996, 400: 0.997}.items():
        made = [h.parse(t, h.generate(t, 600, steps=steps, rng=1)).accuracy[-1] for t in tasks]
        assert np.mean(made) == pytest.approx(ceiling, abs=0.015)
    trap = [h.parse(t, h.generate(t, 600, rng=0, weights="posterior")) for t in tasks]
    assert np.mean([each.accuracy for each in trap], axis=0) == pytest.approx(
        [0.724, 0.405, 0.17], abs=0.04
    )


def test_generated_strings_are_spread_as_independent_ones():
    task = RandomHierarchy(v=8, m=3, s=2, L=3, seed=0)
    made = h.generate(task, 2000, steps=200, rng=0)
    valid = made[h.parse(task, made).valid]
    n, total = len(valid), task.n_strings
    expected = total * (1 - (1 - 1 / total) ** n)
    # Of 1990 draws 105 repeat, with sd 10; a sampler that repeats itself has more.
    assert len(np.unique(valid, axis=0)) == pytest.approx(expected, abs=40)


def test_truncated_beliefs_write_valid_blocks_only():
    task = RandomHierarchy(v=8, m=3, s=2, L=3, seed=1)
    accuracy = h.parse(task, h.generate(task, 500, steps=200, rng=0, level=1)).accuracy
    assert accuracy[0] > 0.98
    assert 0.4 < accuracy[1] < 0.65
    assert accuracy[2] < 0.2


def test_a_denoiser_takes_the_place_of_beliefs():
    task = RandomHierarchy(v=4, m=2, s=2, L=2, seed=0)
    asked = []

    def bayes(noised, alpha_bar):
        asked.append(alpha_bar)
        return h.infer(task, h.likelihood(task, noised, Uniform(alpha_bar))).posterior

    by_hand = h.generate(task, 300, steps=60, rng=3, denoiser=bayes)
    inside = h.generate(task, 300, steps=60, rng=3)
    # The same random numbers and, up to rounding, the same chances.
    assert (by_hand == inside).mean() > 0.999
    assert len(asked) == 60
    assert asked[0] < 1e-3 < 0.99 < asked[-1]


def test_generated_strings_depend_on_their_number_alone(monkeypatch):
    task = RandomHierarchy(v=4, m=2, s=2, L=3, seed=0)
    whole = h.generate(task, 100, steps=20, rng=7, threads=1)
    monkeypatch.setattr(running, "_SHORT", 0)
    monkeypatch.setattr(running, "_CHUNK", 1)
    assert (h.generate(task, 100, steps=20, rng=7, threads=2) == whole).all()
    assert (h.generate(task, 37, steps=20, rng=7) == whole[:37]).all()
    assert (h.generate(task, 100, steps=20, rng=8) != whole).any()


def test_nearest_is_the_smallest_distance(monkeypatch):
    rng = np.random.default_rng(0)
    for alphabet, length in ((3, 6), (700, 5), (4, 300)):
        a, b = rng.integers(0, alphabet, (70, length)), rng.integers(0, alphabet, (1300, length))
        a[3] = b[600]
        exact = (a[:, None] != b).sum(axis=-1)
        found = h.nearest(a, b)
        assert (found.distance == exact.min(axis=1)).all()
        assert (found.index == exact.argmin(axis=1)).all()
        assert found.distance[3] == 0
        assert found.copies == (exact.min(axis=1) == 0).mean()


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: h.staircase(SMALL, samples=5, rng=0), "exactly one.*neither"),
        (lambda: h.staircase(SMALL, alpha_bar=0.5, steps=3, samples=5, rng=0), "exactly one.*both"),
        (lambda: h.staircase(SMALL, alpha_bar=1.5, samples=5, rng=0), "alpha_bar"),
        (lambda: h.level_shares(SMALL, np.ones((2, 8, 4)), np.ones((2, 8, 4))), "softmax"),
        (lambda: h.level_shares(SMALL, np.ones((2, 8, 4)), np.ones((2, 8, 3)) / 3), "shape"),
        (lambda: h.level_shares(SMALL, np.ones((0, 8, 4)), np.ones((0, 8, 4))), "none"),
        (lambda: h.generate(SMALL, 2, rng=0, level=4), "level from 0 to 3"),
        (lambda: h.generate(SMALL, 2, rng=0, weights="cavty"), "cavity"),
        (lambda: h.generate(SMALL, 2, rng=0, level=1, denoiser=lambda x, a: x), "left out"),
        (lambda: h.generate(SMALL, 2, rng=0, denoiser=lambda x, a: x), "denoiser.*shape"),
        (lambda: h.generate(SMALL, 2, rng=None), "rng"),
        (lambda: h.generate(SMALL, 10**12, rng=0), "must fit the memory"),
        (lambda: h.staircase(SMALL, steps=9, samples=10**12, rng=0), "must fit the memory"),
        (lambda: h.nearest([[0, 1]], [[0]]), "one length"),
        (lambda: h.nearest([[0, 1]], np.zeros((0, 2), int)), "holds none"),
        (lambda: h.nearest([[0.5, 1]], [[0, 1]]), "integers"),
    ],
)
def test_wrong_arguments(call, what):
    with pytest.raises((ArgumentError, ShapeError), match=what):
        call()


def test_answers_print():
    stairs = h.staircase(SMALL, steps=10, samples=20, rng=0)
    assert "entropy" in str(stairs)
    assert "excess=" in repr(stairs)
    assert stairs.to_dict()["levels"] == [0, 1, 2, 3]
    given = noisy(SMALL, 1)
    found = h.level_shares(SMALL, given, h.infer(SMALL, given).posterior)
    assert np.isnan(found.interval).all()
    assert "nearest" in found._repr_html_()
