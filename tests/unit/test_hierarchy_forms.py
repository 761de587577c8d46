"""Closed forms of hierarchies: the literal numbers, and the arguments that they refuse."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from simtheory import RandomHierarchy, TreeGrammar
from simtheory.analytic import hierarchy as h
from simtheory.errors import ArgumentError, RegimeError, ShapeError, SimTheoryError, TaskError
from simtheory.noise import Mask, Uniform
from simtheory.tasks import favero2025
from tests.unit.hierarchy_cases import trees

FIRST = favero2025.grammar(v=4, m=2, s=2, L=3, seed_rules=0)


def test_the_staircase_of_a_released_grammar() -> None:
    found = h.exact_staircase(FIRST, [0.9, 0.5, 0.2])
    wanted = [
        [0.17968221, 0.08315829, 0.02120579, 0.0],
        [0.16068220, 0.07720281, 0.01770584, 0.0],
        [0.03101287, 0.01406333, 0.00248056, 0.0],
    ]
    np.testing.assert_allclose(found.excess, wanted, atol=1e-8)
    np.testing.assert_allclose(found.entropy, [0.14557554, 0.82609098, 1.19264485], atol=1e-8)
    other = h.exact_staircase(favero2025.grammar(v=8, m=3, s=2, L=2, seed_rules=0), 0.5)
    np.testing.assert_allclose(other.excess, [0.17024110, 0.03419626, 0.0], atol=1e-8)
    assert other.entropy == pytest.approx(1.25026951, abs=1e-8)
    assert not np.allclose(found.excess[1, :3], other.excess, atol=1e-4)


def test_the_staircase_without_noise_and_without_signal() -> None:
    found = h.exact_staircase(RandomHierarchy(v=3, m=2, L=2), [0.0, 1.0])
    np.testing.assert_allclose(found.excess, 0.0, atol=1e-14)
    assert found.entropy[1] == 0.0
    assert found.entropy[0] > 0.5


def test_plateaus_of_a_released_grammar() -> None:
    wanted = np.array(
        [
            [0.61083984, 0.23697376, 0.03338723],
            [1.0, 0.62890625, 0.23831177],
            [1.0, 1.0, 0.78125],
            [1.0, 1.0, 1.0],
        ]
    )
    np.testing.assert_allclose(h.plateaus(FIRST), wanted, atol=1e-8)
    uniform = h.uniform_plateau([1, 2, 3], v=4, m=2)
    assert np.abs(uniform - wanted[0]).max() > 0.1


@pytest.mark.parametrize(
    ("v", "m", "belief", "noise", "slope", "nu"),
    [
        (32, 8, 0.2917, 0.7312, 1.4422, 1.893),
        (16, 4, 0.25, 0.8, 1.36, 2.254),
        (8, 2, 0.1667, 0.9524, 1.102, 7.13),
        (8, 3, 0.4, 0.6857, 1.2245, 3.42),
    ],
)
def test_the_class_threshold(v: int, m: int, belief: float, noise: float, slope: float, nu: float) -> None:  # fmt: skip
    found = h.class_threshold(v=v, m=m)
    assert found.belief == pytest.approx(belief, abs=5e-5)
    assert found.noise == pytest.approx(noise, abs=5e-5)
    assert found.slope == pytest.approx(slope, abs=5e-5)
    assert found.nu == pytest.approx(nu, abs=5e-3)
    assert abs(found.nu - 1.78) > 0.1


def test_the_class_threshold_at_three_children() -> None:
    found = h.class_threshold(v=8, m=[4, 16], s=3)
    np.testing.assert_allclose(found.belief, [0.1927, 0.6485], atol=5e-5)
    np.testing.assert_allclose(h.class_map(found.belief, v=8, m=[4, 16], s=3), found.belief)
    certain, _ = h.class_slopes(v=4, m=8, s=3)
    assert certain == pytest.approx(1.14, abs=5e-3)
    with pytest.raises(RegimeError, match=r"s\*m\*\(v-1\) = 72 and v\*\*s-1 = 63"):
        h.class_threshold(v=4, m=8, s=3)
    with pytest.raises(RegimeError, match="chance is unstable"):
        h.class_threshold(v=32, m=1)


def test_the_class_map_after_seven_levels() -> None:
    noise = np.array([0.5, 0.7, 0.73, 0.8])
    p = 1 - noise + noise / 32
    for _ in range(7):
        p = h.class_map(p, v=32, m=8)
    np.testing.assert_allclose(p, [0.9835, 0.6639, 0.3067, 0.0335], atol=5e-5)
    assert np.abs(p - (1 - noise)).min() > 0.03


def test_slopes_at_certainty_and_chance() -> None:
    certain, chance = h.class_slopes(v=8, m=3)
    assert certain == pytest.approx(2 / 3, rel=1e-14)
    assert chance == pytest.approx(0.5926, abs=5e-5)


def test_numbers_of_strings() -> None:
    rule = [h.rule_threshold(l, v=8, m=2, L=4) for l in (2, 3, 4)]
    np.testing.assert_allclose(rule, [21.33, 85.33, 341.33], atol=5e-3)
    np.testing.assert_allclose(
        [h.rule_threshold(l, v=8, m=3, L=3) for l in (2, 3)], [172.8, 1036.8], rtol=1e-12
    )
    assert h.latent_threshold(1, v=8, m=2, L=4) == rule[0]
    np.testing.assert_allclose(
        h.token_threshold([1, 2], v=16, m=4), [16 * 4 / 0.75, 16 * 64 / 0.75]
    )
    assert h.supervised_threshold(m=4, L=3, n_c=16) == 1024
    assert h.latent_context_threshold(v=16, m=4) == pytest.approx(1024 / 0.75)
    np.testing.assert_allclose(h.coherence_length(rule, v=8, m=2), [4.0 / 4, 4.0, 16.0])
    assert h.token_range(16 * 4**5 / 0.75, v=16, m=4) == pytest.approx(3.0)
    # 15² / 256² · 99 / 100²; the leading order, 1/(v² P) = 3.906e-5, is a seventh off
    assert h.noise_floor(1 / 16, 1 / 16, 100) == pytest.approx(3.398895264e-5, rel=1e-9)


def test_counts_of_a_perfect_generator_and_of_the_net() -> None:
    assert h.distinct(1972, 17496) == pytest.approx(1864.98, abs=5e-3)
    assert h.distinct(1000, 16 * 4**2000) == 1000
    assert h.distinct(5, 1) == 1
    assert h.copies(8192, 17496) == pytest.approx(8192 / 17496)
    np.testing.assert_array_equal(h.unet_macs(7, 2, [3, 4]), [42 * 49, 90 * 49])
    assert h.mean_plateau(v=8, m=3) == pytest.approx(0.548, abs=5e-4)
    assert h.uniform_plateau(1, v=8, m=3) == 0.375
    np.testing.assert_allclose(h.sensitivity([1, 16], v=16, m=4), [0.464, 0.051], atol=5e-4)


def test_the_mean_correlation_of_drawn_grammars() -> None:
    places = {(1, (0, 0)): ((0, 0), (0, 1)), (2, (1, 0)): ((0, 0), (1, 1)), (3, (2, 0)): ((0, 0), (2, 1)), (3, (2, 2)): ((0, 0), (0, 7))}  # fmt: skip
    squares = dict.fromkeys(places, 0.0)
    for seed in range(200):
        grammar = RandomHierarchy(v=16, m=4, L=3, seed=seed)
        for place, nodes in places.items():
            both = h.joint(grammar, *nodes)
            margins = np.outer(both.sum(axis=1), both.sum(axis=0))
            squares[place] += np.mean((both - margins) ** 2) / 200
    ratios = {
        order: [
            square / h.correlation(v=16, m=4, L=3, lca=lca, down=down, order=order)
            for (lca, down), square in squares.items()
        ]
        for order in ("corrected", "leading")
    }
    assert all(0.9 < ratio < 1.2 for ratio in ratios["corrected"])
    assert not all(0.9 < ratio < 1.2 for ratio in ratios["leading"])
    assert 0.66 < ratios["leading"][3] < 0.73


def test_this_grammars_strings_scatter_about_the_law() -> None:
    """Mean noise over mean signal of 12 grammars: 1649 in the sheet, with 40."""
    from simtheory.analytic.hierarchy.thresholds import snr

    found = np.array([snr(RandomHierarchy(v=16, m=4, L=2, seed=k).grammar, 1) for k in range(12)])
    ratio = found[:, 1].mean() / found[:, 0].mean()
    assert ratio == pytest.approx(1649, rel=0.15)
    assert abs(ratio / h.latent_threshold(1, v=16, m=4, L=2) - 1.21) < 0.2
    one = RandomHierarchy(v=16, m=4, L=2)
    assert h.snr_threshold(one, level=1, noise=3.0) == pytest.approx(
        3 * h.snr_threshold(one, level=1)
    )


def test_further_levels_share_the_strings() -> None:
    rules = RandomHierarchy(v=8, m=2, L=2).grammar.rules
    shared = [h.snr_threshold(TreeGrammar([*rules, *more]), level=1) for more in ([], rules[1:])]
    assert 0.3 < shared[1] / shared[0] < 0.8


def test_the_table_of_strings() -> None:
    table = h.strings_needed(v=8, m=2, L=4, strings=100)
    np.testing.assert_allclose(table.law[1:], [21.33, 85.33, 341.33], atol=5e-3)
    assert table.reached == 3
    assert table.length == pytest.approx(h.coherence_length(100, v=8, m=2))
    assert "100 strings reach level 3 of 4" in str(table)
    assert "<table>" in table._repr_html_()
    assert table.to_dict()["reached"] == 3
    alone = h.strings_needed(v=8, m=2, L=4)
    assert alone.reached is None
    assert "reach" not in str(alone)


def brute(grammar: TreeGrammar, likelihood: np.ndarray) -> tuple[list[np.ndarray], float]:
    """Sum the likelihood over all trees, by symbol of each node."""
    found = [np.zeros((n, a)) for n, a in zip(grammar.nodes, grammar.sizes, strict=True)]

    def grow(levels: list[list[int]], chance: float) -> None:
        l = grammar.depth + 1 - len(levels)
        if l == 0:
            chance *= np.prod([likelihood[i, b] for i, b in enumerate(levels[-1])])
            for below, symbols in enumerate(reversed(levels)):
                found[below][np.arange(len(symbols)), symbols] += chance
            return
        rules, weights = grammar.rules[l - 1], grammar.weights[l - 1]
        for ks in itertools.product(range(rules.shape[1]), repeat=len(levels[-1])):
            p = np.prod([weights[a, k] for a, k in zip(levels[-1], ks, strict=True)])
            if p > 0:
                words = [rules[a, k] for a, k in zip(levels[-1], ks, strict=True)]
                grow([*levels, np.concatenate(words).tolist()], chance * p)

    for a, p in enumerate(grammar.root):
        grow([[a]], float(p))
    return found, float(found[-1].sum())


UNEVEN = TreeGrammar(
    [
        [[[0, 1, 4], [3, 3, 3]], [[0, 1, 4], [2, 0, 2]], [[4, 4, 0], [0, 0, 0]]],
        [[[0, 1], [2, 2]], [[1, 1], [0, 0]]],
    ],
    weights=[[[0.3, 0.7], [0.5, 0.5], [1.0, 0.0]], [[0.2, 0.8], [0.6, 0.4]]],
    root=[0.25, 0.75],
)
GRAMMARS = {
    "uneven, ambiguous": UNEVEN,
    "few classes": RandomHierarchy(v=3, m=2, n_c=2, L=2).grammar,
    "three children": RandomHierarchy(v=3, m=2, s=3, L=1).grammar,
}


@pytest.mark.parametrize("name", GRAMMARS)
@pytest.mark.parametrize("noise", [Uniform(0.3), Mask(0.5)])
def test_beliefs_are_those_of_enumeration(name: str, noise: Uniform | Mask) -> None:
    grammar = GRAMMARS[name]
    rng = np.random.default_rng(0)
    seen = noise.noised(grammar.sample(3, rng=1), grammar.alphabet, rng=rng)
    likelihood = noise.likelihood(seen, grammar.alphabet)
    scale = 10.0 ** rng.uniform(-12, 12, likelihood.shape[:2])[..., None]
    found = h.posterior(grammar, likelihood * scale)
    for i in range(len(likelihood)):
        exact, evidence = brute(grammar, likelihood[i])
        for level, wanted in zip(found.nodes, exact, strict=True):
            np.testing.assert_allclose(level[i], wanted / evidence, atol=1e-13)
        logs = np.log(evidence) + np.log(scale[i]).sum()
        assert found.log_evidence[i] == pytest.approx(logs, abs=1e-11)
        blind = likelihood[i].copy()
        blind[0] = 1.0
        exact, evidence = brute(grammar, blind)
        np.testing.assert_allclose(found.cavity[i, 0], exact[0][0] / evidence, atol=1e-13)
    other = h.posterior(RandomHierarchy(v=grammar.alphabet, m=2, L=1, seed=5), np.ones((1, 2, grammar.alphabet)))  # fmt: skip
    assert not np.allclose(other.posterior[0, 0], found.posterior[0, 0], atol=0.01)


def test_a_block_sees_its_own_tokens_only() -> None:
    grammar = RandomHierarchy(v=3, m=2, L=2).grammar
    likelihood = np.random.default_rng(0).random((2, 4, 3))
    found = h.block_posterior(grammar, likelihood, level=1)
    own = likelihood.copy()
    own[:, 2:] = 1.0
    np.testing.assert_allclose(found.posterior[:, :2], h.posterior(grammar, own).posterior[:, :2], atol=1e-14)  # fmt: skip
    whole = h.block_posterior(grammar, likelihood, level=2)
    np.testing.assert_array_equal(whole.posterior, h.posterior(grammar, likelihood).posterior)
    assert np.abs(whole.posterior - found.posterior).max() > 0.01


def test_increments_are_orthogonal_and_shares_are_steps() -> None:
    grammar = RandomHierarchy(v=3, m=2, L=2, seed=1).grammar
    noisy = np.array(list(itertools.product(range(3), repeat=4)))
    likelihood = Uniform(0.5).likelihood(noisy, 3)
    ladder = np.stack([h.block_posterior(grammar, likelihood, level=k).posterior for k in range(3)])
    chance = np.exp(h.posterior(grammar, likelihood).log_evidence)
    assert chance.sum() == pytest.approx(1.0, abs=1e-13)
    first, second = np.diff(ladder, axis=0)
    overlap = np.einsum("n,nia,nia->", chance, first, second)
    assert abs(overlap) < 1e-15
    assert np.einsum("n,nia,nia->", chance, first, first) > 1e-3
    for k in range(3):
        shares = h.exact_shares(ladder, ladder[k], weights=chance)
        np.testing.assert_allclose(shares, [k >= 1, k >= 2], atol=1e-9)
    mixture = 0.7 * ladder[0] + 0.3 * ladder[2]
    np.testing.assert_allclose(h.exact_shares(ladder, mixture, weights=chance), 0.3, atol=1e-9)


def test_the_cavity_makes_the_exact_reverse_step() -> None:
    grammar, keep, beta = RandomHierarchy(v=3, m=2, L=2).grammar, 0.6, 0.2
    noisy = np.random.default_rng(0).integers(0, 3, (5, 4))
    found = h.posterior(grammar, Uniform(keep * (1 - beta)).likelihood(noisy, 3))
    weights = h.optimal_weights(found.posterior, noisy, alpha_bar=keep * (1 - beta))
    np.testing.assert_allclose(weights, found.cavity, atol=1e-13)
    stated = h.reverse_step(weights, noisy, alpha_bar_before=keep, beta=beta)
    step = (1 - beta) * np.eye(3) + beta / 3
    before = keep * np.eye(3) + (1 - keep) / 3
    earlier = step[noisy][:, :, :, None] * before  # axes: x_{t-1}, clean token
    earlier /= earlier.sum(axis=2, keepdims=True)
    exact = np.einsum("nia,niba->nib", found.posterior, earlier)
    np.testing.assert_allclose(stated, exact, atol=1e-14)
    wrong = h.reverse_step(found.posterior, noisy, alpha_bar_before=keep, beta=beta)
    assert np.abs(wrong - exact).max() > 0.01


def test_a_level_that_adds_nothing_has_no_share() -> None:
    grammar = RandomHierarchy(v=3, m=3, L=2).grammar  # f = 1: every tuple is written
    likelihood = np.random.default_rng(0).random((50, 4, 3))
    ladder = np.stack([h.block_posterior(grammar, likelihood, level=k).posterior for k in range(3)])
    assert np.isnan(h.exact_shares(ladder, ladder[2])).all()


@pytest.mark.parametrize("name", GRAMMARS)
def test_joint_probabilities_are_those_of_enumeration(name: str) -> None:
    grammar = GRAMMARS[name]
    (levels, chance), apart = trees(grammar), 0.0
    for one, other in itertools.product([(0, 0), (0, grammar.length - 1), (1, 0), (grammar.depth, 0)], repeat=2):  # fmt: skip
        found = h.joint(grammar, one, other)
        np.testing.assert_allclose(found.sum(axis=1), grammar.marginals[one[0]][one[1]], atol=1e-14)
        np.testing.assert_allclose(found.sum(axis=0), grammar.marginals[other[0]][other[1]], atol=1e-14)  # fmt: skip
        exact = np.zeros_like(found)
        np.add.at(exact, (levels[one[0]][:, one[1]], levels[other[0]][:, other[1]]), chance)
        np.testing.assert_allclose(found, exact, atol=1e-14)
        if one != other:
            product = np.outer(exact.sum(axis=1), exact.sum(axis=0))
            apart = max(apart, np.abs(found - product).max())
    assert apart > 0.05  # so that independent nodes fail


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: h.class_map(0.5, v=4, m=5), TaskError, r"v\*\*\(s-1\) = 4, .* but it is 5"),
        (lambda: h.class_map(1.5, v=4, m=2), ArgumentError, "`p` must lie in"),
        (lambda: h.rule_threshold(1, v=8, m=2, L=3), RegimeError, "level 1 are the tuples"),
        (lambda: h.rule_threshold(4, v=8, m=2, L=3), ArgumentError, "from 1 to 3"),
        (
            lambda: h.latent_threshold(1, v=4, m=4, L=3),
            RegimeError,
            "no number of strings is enough",
        ),
        (lambda: h.coherence_length(10, v=4, m=1), RegimeError, "`m` must be at least 2"),
        (lambda: h.correlation(v=4, m=2, L=2, lca=1), RegimeError, "strict=False"),
        (lambda: h.correlation(v=8, m=2, L=2, lca=3), ArgumentError, "from 1 to 2"),
        (lambda: h.correlation(v=8, m=2, L=2, lca=1, down=(1, 0)), ArgumentError, "from 0 to 0"),
        (lambda: h.joint(FIRST, (0, 8), (0, 0)), ArgumentError, r"`one` .* \(0, 8\)"),
        (lambda: h.snr_threshold(FIRST, level=3), ArgumentError, "from 1 to 2"),
        (lambda: h.plateaus(UNEVEN), RegimeError, "must write no tuple twice"),
        (lambda: h.exact_staircase(RandomHierarchy(v=8, m=3), 0.5), ArgumentError, r"8\*\*8 noisy"),
        (lambda: h.posterior(FIRST, np.ones((1, 8, 3))), ShapeError, r"\(N, 8, 4\)"),
        (lambda: h.posterior(FIRST, -np.ones((1, 8, 4))), ArgumentError, "must not be negative"),
        (lambda: h.posterior(FIRST, np.full((1, 8, 4), np.nan)), ArgumentError, "must be finite"),
        (lambda: h.posterior(FIRST, np.zeros((1, 8, 4))), ArgumentError, "string 0 at site 0"),
        (
            lambda: h.posterior(FIRST, np.eye(4)[FIRST.sample(3, rng=0)[:, ::-1]]),
            ArgumentError,
            "impossible under the grammar for string .* noise > 0",
        ),
        (
            lambda: h.block_posterior(FIRST, np.ones((1, 8, 4)), level=4),
            ArgumentError,
            "from 0 to 3",
        ),
        (
            lambda: h.optimal_weights(np.ones((1, 8, 4)), np.zeros((1, 8), int), alpha_bar=0.5),
            ArgumentError,
            "softmax of logits",
        ),
        (lambda: h.copies(600, 512), ArgumentError, "number of strings, 512"),
        (lambda: h.strings_needed(v=4, m=2, L=2, grammar=FIRST), RegimeError, "depth L = 2"),
        (lambda: h.strings_needed(v=4, m=2, L=2, strings=0.5), ArgumentError, "`strings` .* 0.5"),
    ],
)
def test_what_is_wrong_is_named(call, error: type[SimTheoryError], words: str) -> None:
    with pytest.raises(error, match=words):
        call()
