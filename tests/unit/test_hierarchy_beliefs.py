"""Beliefs of noisy strings against the sum over all trees. Sums of some hundred terms round by 1e-13."""

import numpy as np
import pytest

from simtheory.errors import ArgumentError, ShapeError
from simtheory.noise import MASKED, Erasure, Mask, Uniform
from simtheory.sim import hierarchy as h
from simtheory.sim.hierarchy import logs, running
from simtheory.sim.hierarchy.tree import tree_of
from simtheory.tasks import RandomHierarchy, TreeGrammar
from tests.unit.hierarchy_cases import GRAMMARS, blocks, enumerated, trees

TOLERANCE = 1e-12


def seen(grammar, count=11, seed=0):
    """Likelihoods of noisy strings: any numbers, uniform noise on any strings, masks on strings of the grammar."""
    rng = np.random.default_rng(seed)
    size = (count, grammar.length)
    clean = grammar.sample(count, rng=rng)
    masked = Mask(0.5).noised(clean, grammar.alphabet, rng=rng)
    return np.concatenate(
        [
            rng.random((*size, grammar.alphabet)),
            Uniform(0.6).likelihood(rng.integers(0, grammar.alphabet, size), grammar.alphabet),
            h.likelihood(grammar, masked, Mask(0.5)),
        ]
    )


def gap(a, b):
    return float(np.abs(np.asarray(a) - np.asarray(b)).max())


@pytest.mark.parametrize("name", GRAMMARS)
def test_beliefs_are_sums_over_all_trees(name):
    grammar = GRAMMARS[name]
    given = seen(grammar)
    nodes, cavity, evidence = enumerated(grammar, given)
    found = h.infer(grammar, given)
    for level, exact in zip(found.nodes, nodes, strict=True):
        assert gap(level, exact) < TOLERANCE
    assert gap(found.posterior, nodes[0]) < TOLERANCE
    assert gap(found.cavity, cavity) < TOLERANCE
    assert gap(found.log_evidence, evidence) < TOLERANCE * 10
    # The likelihood alone, and the prior alone, are far off.
    alone = given / given.sum(axis=-1, keepdims=True)
    assert gap(alone, nodes[0]) > 0.1
    assert gap(grammar.marginals[0], nodes[0]) > 0.1
    for level in found.nodes:
        assert gap(level.sum(axis=-1), 1.0) < TOLERANCE


@pytest.mark.parametrize("name", GRAMMARS)
def test_logarithms_agree_with_kernels(name):
    grammar = GRAMMARS[name]
    given = seen(grammar, count=3)
    for level in range(grammar.depth + 1):
        found, slow = h.infer(grammar, given, level=level), logs.log_messages(grammar, given, level)
        assert gap(found.log_evidence, slow.evidence) < TOLERANCE * 10
        for l in range(level + 1):
            assert gap(found.nodes[l], slow.beliefs(l)) < TOLERANCE


@pytest.mark.parametrize("name", GRAMMARS)
def test_truncated_beliefs_are_those_of_the_own_block(name):
    grammar = GRAMMARS[name]
    given = seen(grammar, count=4)
    for level in range(grammar.depth + 1):
        found = h.infer(grammar, given, level=level)
        width = grammar.length // grammar.nodes[level]
        total = 0.0
        for i, block in enumerate(blocks(grammar, level) if level else []):
            part = slice(i * width, (i + 1) * width)
            nodes, cavity, evidence = enumerated(block, given[:, part])
            assert gap(found.posterior[:, part], nodes[0]) < TOLERANCE
            assert gap(found.cavity[:, part], cavity) < TOLERANCE
            total = total + evidence
        if level:
            assert gap(found.log_evidence, total) < TOLERANCE * 10
        else:
            prior = grammar.marginals[0]
            assert gap(found.cavity, prior) < TOLERANCE
            assert gap(found.log_evidence, np.log((prior * given).sum(-1)).sum(-1)) < 1e-11


@pytest.mark.parametrize("factor", [1e-12, 1e12, 1e-300, 1e290])
def test_scale_of_a_likelihood_only_moves_the_evidence(factor):
    grammar = GRAMMARS["uneven"]
    given = seen(grammar, count=5)
    plain, scaled = h.infer(grammar, given), h.infer(grammar, given * factor)
    assert gap(plain.posterior, scaled.posterior) < TOLERANCE
    assert gap(plain.cavity, scaled.cavity) < TOLERANCE
    moved = grammar.length * np.log(factor)
    assert gap(plain.log_evidence + moved, scaled.log_evidence) < TOLERANCE * abs(moved)


def test_strings_are_drawn_in_logarithms_by_the_same_law():
    grammar, count = GRAMMARS["few classes"], 300
    given = np.broadcast_to(seen(grammar, 1)[1], (count, 8, 4))
    found = h.draw_posterior(grammar, given * 1e-300, rng=0)  # below what a power of two restores
    exact = h.infer(grammar, given[:1]).nodes[1][0]
    drawn = (h.parse(grammar, found).symbols[1][..., None] == np.arange(4)).mean(axis=0)
    assert np.abs(drawn - exact).max() < 4 * 0.5 / np.sqrt(count)  # four standard errors
    assert np.abs(drawn - grammar.marginals[1]).max() > 0.2


def test_messages_beyond_float64_are_computed_in_logarithms():
    grammar = RandomHierarchy(v=3, m=2, s=2, L=3, seed=0).grammar
    x = np.random.default_rng(0).integers(0, 3, (40, 8))
    given = Uniform(1.0).likelihood(x, 3) + 1e-200 * np.random.default_rng(1).random((40, 8, 3))
    nodes, _, _ = enumerated(grammar, np.asarray(given, np.longdouble))
    found = h.infer(grammar, given)
    assert gap(found.posterior, nodes[0]) < 1e-11
    assert found.log_evidence.min() < -700  # below the smallest number


def test_noise_free_and_noise_only():
    grammar = GRAMMARS["few classes"]
    x = grammar.sample(9, rng=0)
    sure = h.infer(grammar, Erasure(0.0).likelihood(x, 4))
    assert (sure.posterior.argmax(-1) == x).all()
    assert sure.posterior.max(-1).min() == 1.0
    assert sure.log_evidence == pytest.approx(-np.log(grammar.n_strings) * np.ones(9))
    none = h.infer(grammar, Erasure(1.0).likelihood(x, 4))
    assert gap(none.nodes[1], grammar.marginals[1]) < TOLERANCE


def test_permuted_symbols_permute_beliefs():
    grammar = GRAMMARS["s=2"]
    order = np.array([2, 0, 1])
    turned = TreeGrammar([order[grammar.rules[0]], grammar.rules[1]], alphabet=3)
    given = seen(grammar, 4)
    moved = np.empty_like(given)
    moved[..., order] = given
    assert (
        gap(h.infer(turned, moved).posterior[..., order], h.infer(grammar, given).posterior) < 1e-14
    )


def test_same_bits_for_any_batch_and_thread_count(monkeypatch):
    grammar = GRAMMARS["few classes"]
    given = seen(grammar, 200)
    whole = h.infer(grammar, given, threads=1)
    monkeypatch.setattr(running, "_SHORT", 0)
    for threads in (1, 2, 3):
        again = h.infer(grammar, given, threads=threads)
        assert (again.posterior == whole.posterior).all()
        assert (again.log_evidence == whole.log_evidence).all()
    monkeypatch.setattr(running, "_CHUNK", 1)
    part = h.infer(grammar, given[37:171], threads=2)
    assert (part.cavity == whole.cavity[37:171]).all()
    one = h.draw_posterior(grammar, given, rng=5, threads=2)
    monkeypatch.setattr(running, "_CHUNK", 2**15)
    assert (one == h.draw_posterior(grammar, given, rng=5, threads=1)).all()
    assert (one[:50] == h.draw_posterior(grammar, given[:50], rng=5)).all()


@pytest.mark.parametrize("name", ["uneven", "ambiguous", "few classes"])
def test_posterior_strings_have_the_joint_posterior(name):
    grammar = GRAMMARS[name]
    count = 20_000
    given = np.broadcast_to(seen(grammar, 1)[1], (count, grammar.length, grammar.alphabet))
    found = h.draw_posterior(grammar, given, rng=0)
    assert h.parse(grammar, found).valid.all()
    levels, chance = trees(grammar)
    joint = given[0, np.arange(grammar.length), levels[0]].prod(axis=-1) * chance
    strings, which = np.unique(levels[0], axis=0, return_inverse=True)
    exact = np.bincount(which.ravel(), joint) / joint.sum()
    lookup = {tuple(x): k for k, x in enumerate(strings.tolist())}
    drawn = np.bincount([lookup[tuple(x)] for x in found.tolist()], minlength=len(strings)) / count
    # Half the sum of |p - p'| has mean below sqrt(K / (2 pi n)) for K strings; uniform strings miss it.
    bound = 1.3 * np.sqrt(len(strings) / (2 * np.pi * count))
    assert 0.5 * np.abs(drawn - exact).sum() < bound
    assert 0.5 * np.abs(drawn - 1 / len(strings)).sum() > 3 * bound


def test_parse_names_the_tree():
    for name in ("s=2", "few classes", "s=3", "zipf", "uneven"):
        grammar = GRAMMARS[name]
        levels = grammar.sample(50, rng=1, tree=True)
        found = h.parse(grammar, levels[0])
        assert found.valid.all()
        assert (found.accuracy == 1.0).all()
        for a, b in zip(found.symbols, levels, strict=True):
            assert (a == b).all()


def test_parse_of_any_strings_is_nested():
    grammar = RandomHierarchy(v=4, m=3, s=2, L=3, seed=0)
    found = h.parse(grammar, np.random.default_rng(0).integers(0, 4, (4000, 8)))
    f = grammar.f
    # Uniform tokens, and so uniform latents: f, f^3, f^7 in the mean over nodes; 4000 strings.
    assert found.accuracy == pytest.approx([f, f**3, f**7], abs=0.03)
    assert (np.diff(found.accuracy) < 0).all()
    assert found.valid.mean() == found.accuracy[-1]


def test_parse_of_an_ambiguous_grammar_and_of_unused_rules():
    grammar = GRAMMARS["ambiguous"]
    found = h.parse(grammar, grammar.sample(60, rng=0))
    assert found.valid.all()
    # (1, 1) is written by 0 with .7 and by 1 with .6; at node 0 the root makes 0 likelier: .7 against .3.
    assert h.parse(grammar, [[1, 1, 1, 1]]).symbols[1][0, 0] == 0
    assert h.parse(grammar, [[3, 3, 0, 1]]).symbols[1][0, 0] == -1
    never = GRAMMARS["uneven"].rules[0][1, 1]
    assert h.parse(GRAMMARS["uneven"], [[*never, *never]]).symbols[1].max() == -1


def test_answers_print():
    grammar = GRAMMARS["s=2"]
    text = str(h.infer(grammar, seen(grammar, 3)))
    assert "Beliefs" in text
    assert "9 of 4 tokens" in text
    assert "nats" in text
    found = h.parse(grammar, grammar.sample(3, rng=0))
    assert "accuracy, level 2" in str(found)
    assert "<table>" in found._repr_html_()
    assert repr(found) == "Parse(N=3, accuracy=[1, 1])"
    assert repr(h.infer(grammar, seen(grammar, 3), level=1)) == "Beliefs(N=9, d=4, v=3, level=1)"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda x: x[:, :3], r"shape \(N, 4, 3\)"),
        (lambda x: x - 1.0, "token 0 at site 0 of string 0"),
        (lambda x: np.where(x == x[2, 1, 2], np.nan, x), "nan for token 2 at site 1 of string 2"),
        (lambda x: np.where(x == x[2, 1, 2], np.inf, x), "inf for token 2 at site 1 of string 2"),
        (lambda x: x * (np.arange(4) != 2)[:, None], "zero for all at site 2 of string 0"),
        (lambda x: "word", "likelihood"),
    ],
)
def test_wrong_likelihoods(change, what):
    grammar = GRAMMARS["s=2"]
    given = np.random.default_rng(0).random((4, 4, 3)) + 0.1
    with pytest.raises((ArgumentError, ShapeError), match=what):
        h.infer(grammar, change(given))


def test_impossible_evidence_names_the_string():
    grammar = GRAMMARS["s=2"]
    given = Erasure(0.0).likelihood(grammar.sample(20, rng=0), 3)
    wrong = next(x for x in np.ndindex(3, 3, 3, 3) if not h.parse(grammar, np.array([x])).valid[0])
    given[13] = Erasure(0.0).likelihood([wrong], 3)[0]
    for call in (h.infer, lambda g, x: h.draw_posterior(g, x, rng=0)):
        with pytest.raises(
            ArgumentError, match=r"impossible under the grammar.*string 13.*noise > 0"
        ):
            call(grammar, given)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda g: h.infer(g, np.ones((1, 4, 3)), level=3), "level from 0 to 2"),
        (lambda g: h.infer(g, np.ones((1, 4, 3)), level=-1), "level from 0 to 2"),
        (lambda g: h.parse(g, [[0, 1, 2]]), "shape"),
        (lambda g: h.parse(g, [[0, 1, 2, 3]]), "holds 3 in string 0 at place 3"),
        (lambda g: h.parse(g, [[0.0, 1, 2, 2]]), "integers"),
        (lambda g: h.likelihood(g, [[0, 1, 2, 3]], Uniform(0.5)), "3 in string 0 at place 3"),
        (lambda g: h.likelihood(g, [[0, 1, 2, MASKED]], Uniform(0.5)), "-1 in string 0"),
        (lambda g: h.likelihood(g, [[0, 1]], Uniform(0.5)), "shape"),
        (lambda g: h.infer("grammar", np.ones((1, 4, 3))), "RandomHierarchy or TreeGrammar"),
    ],
)
def test_wrong_arguments(call, what):
    with pytest.raises((ArgumentError, ShapeError), match=what):
        call(GRAMMARS["s=2"])


def test_no_strings_give_empty_answers():
    grammar = GRAMMARS["s=2"]
    assert h.infer(grammar, np.ones((0, 4, 3))).posterior.shape == (0, 4, 3)
    assert np.isnan(h.parse(grammar, np.zeros((0, 4), int)).accuracy).all()


def test_memory_grows_with_the_string_and_not_with_the_rules():
    few, many = (tree_of(RandomHierarchy(v=16, m=m, s=2, L=5, seed=0).grammar) for m in (2, 16))
    assert few.groups < 6 * 32 * 16  # numbers of eight strings, for d v = 512
    # Rules bring their own table alone: one probability each, eight to a group.
    assert many.groups - few.groups <= 5 * 16 * 14 / 8 + 1


def test_answers_are_read_only_and_arguments_are_left_alone():
    grammar = GRAMMARS["s=2"]
    strings, given = grammar.sample(3, rng=0), seen(grammar, 3)
    kept = strings.copy(), given.copy()
    parsed, beliefs = h.parse(grammar, strings), h.infer(grammar, given)
    h.draw_posterior(grammar, given, rng=0)
    for array in (*parsed.symbols, parsed.valid, *beliefs.nodes, beliefs.cavity):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert (strings == kept[0]).all()
    assert (given == kept[1]).all()
    strings[0], given[0] = 0, 1.0  # still the caller's own
    given.setflags(write=False)
    assert h.infer(grammar, given).posterior.shape == given.shape
