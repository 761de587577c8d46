"""Beliefs on drawn grammars: ambiguous, uneven, with unused rules, under likelihoods of any size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simtheory.analytic import hierarchy as analytic
from simtheory.errors import ArgumentError
from simtheory.sim import hierarchy as h
from simtheory.tasks import TreeGrammar
from tests.unit.hierarchy_cases import enumerated, trees


@st.composite
def grammars(draw):
    """Two levels of rules drawn with repetition, some of them never used."""
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    below = alphabet = draw(st.integers(2, 3))
    rules, weights = [], []
    for _ in range(2):
        n, m, s = (draw(st.integers(1, 3)) for _ in range(3))
        rules.append(rng.integers(0, below, (n, m, s)))
        chances = rng.dirichlet(np.full(m, 0.7), size=n) * (rng.random((n, m)) > 0.2)
        chances[chances.sum(axis=1) == 0.0, 0] = 1.0
        weights.append(chances / chances.sum(axis=1, keepdims=True))
        below = n
    return TreeGrammar(
        rules, alphabet=alphabet, weights=weights, root=rng.dirichlet(np.ones(below))
    )


@settings(max_examples=40)
@given(grammars(), st.integers(0, 2**31), st.floats(0.0, 0.6), st.floats(-200.0, 200.0))
def test_beliefs_are_sums_over_trees_or_the_string_is_impossible(grammar, seed, zeros, scale):
    rng = np.random.default_rng(seed)
    size = (3, grammar.length, grammar.alphabet)
    likelihood = 10.0 ** (rng.uniform(-40.0, 0.0, size) + scale) * (rng.random(size) >= zeros)
    levels, chance = trees(grammar)
    sites = np.arange(grammar.length)
    possible = ((likelihood[:, sites, levels[0]] > 0).all(-1) * chance).sum(axis=1) > 0
    if not possible.all():
        with pytest.raises(ArgumentError, match=rf"string {int(np.argmin(possible))}"):
            h.infer(grammar, likelihood)
        return
    found = h.infer(grammar, likelihood)
    nodes, cavity, evidence = enumerated(grammar, likelihood)
    for level, exact in zip(found.nodes, nodes, strict=True):
        assert np.abs(level - exact).max() < 1e-12
        assert np.abs(level.sum(axis=-1) - 1.0).max() < 1e-14
    assert np.abs(found.cavity - cavity).max() < 1e-12
    assert found.log_evidence == pytest.approx(evidence, abs=1e-11, rel=1e-13)
    drawn = h.draw_posterior(grammar, likelihood, rng=seed)
    assert (likelihood[np.arange(3)[:, None], sites, drawn] > 0).all()
    assert h.parse(grammar, drawn).valid.all()


@settings(max_examples=25)
@given(grammars(), st.floats(0.05, 0.95))
def test_the_excess_falls_with_each_level_that_is_known(grammar, kept):
    if grammar.alphabet**grammar.length > 3**6:
        return  # the sum over noisy strings is long
    excess = analytic.exact_staircase(grammar, kept).excess
    assert excess[-1] == 0.0
    assert (np.diff(excess) <= 1e-15).all()


def permuted(grammar, turns):
    """Return a grammar whose symbol a of level l is called ``turns[l][a]``."""
    rules, weights = [], []
    for l in range(1, grammar.depth + 1):
        back = np.argsort(turns[l])
        rules.append(turns[l - 1][grammar.rules[l - 1]][back])
        weights.append(grammar.weights[l - 1][back])
    back = np.argsort(turns[-1])
    return TreeGrammar(rules, alphabet=grammar.alphabet, weights=weights, root=grammar.root[back])


@settings(max_examples=25)
@given(grammars(), st.integers(0, 2**31))
def test_a_permutation_of_symbols_permutes_everything(grammar, seed):
    rng = np.random.default_rng(seed)
    turns = [rng.permutation(n) for n in grammar.sizes]
    other = permuted(grammar, turns)
    likelihood = 0.05 + rng.random((5, grammar.length, grammar.alphabet))
    moved = np.empty_like(likelihood)
    moved[..., turns[0]] = likelihood
    for level in range(grammar.depth + 1):
        here, there = (
            h.infer(g, given, level=level) for g, given in ((grammar, likelihood), (other, moved))
        )
        for l in range(level + 1):
            assert np.abs(there.nodes[l][..., turns[l]] - here.nodes[l]).max() < 1e-13
        assert np.abs(there.cavity[..., turns[0]] - here.cavity).max() < 1e-13
        assert there.log_evidence == pytest.approx(here.log_evidence, abs=1e-12)
    # strings and their symbols, where tuples have one parent
    strings = h.draw_posterior(grammar, likelihood, rng=seed)
    one, two = h.parse(grammar, strings), h.parse(other, turns[0][strings])
    assert (one.valid == two.valid).all()
    assert (one.accuracy == two.accuracy).all()
    if grammar.unambiguous:
        for l, (a, b) in enumerate(zip(one.symbols, two.symbols, strict=True)):
            assert (turns[l][a] == b).all()
        assert analytic.plateaus(other) == pytest.approx(analytic.plateaus(grammar), abs=1e-13)
    # probabilities of pairs, rates of valid blocks, and steps of the loss
    pair = analytic.joint(grammar, (0, 0), (grammar.depth, 0))
    assert (
        np.abs(
            analytic.joint(other, (0, 0), (grammar.depth, 0))[np.ix_(turns[0], turns[-1])] - pair
        ).max()
        < 1e-14
    )
    probabilities = 0.7 * h.infer(grammar, likelihood).posterior + 0.3 / grammar.alphabet
    swapped = np.empty_like(probabilities)
    swapped[..., turns[0]] = probabilities
    shares, again = (
        h.level_shares(grammar, likelihood, probabilities),
        h.level_shares(other, moved, swapped),
    )
    assert again.excess == pytest.approx(shares.excess, abs=1e-12)
    assert np.allclose(again.shares, shares.shares, rtol=1e-6, atol=1e-9, equal_nan=True)
