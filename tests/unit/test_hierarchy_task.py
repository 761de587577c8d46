"""Tree grammars: strings and their numbers, draws, files, and the arguments that they refuse."""

from __future__ import annotations

import copy
import itertools
import pickle
import re
from collections import Counter

import numpy as np
import pytest

from simtheory import RandomHierarchy, TreeGrammar
from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.tasks import KINDS, favero2025, from_dict
from simtheory.tasks.hierarchy._growing import parsed

UNEVEN = TreeGrammar(
    [
        [[[0, 1, 4], [3, 3, 3]], [[1, 1, 1], [2, 0, 2]], [[4, 4, 0], [0, 0, 0]]],
        [[[0, 1], [2, 2], [1, 0]], [[1, 1], [0, 0], [2, 0]]],
    ],
    weights=[[[0.3, 0.7], [0.5, 0.5], [1.0, 0.0]], [[0.2, 0.3, 0.5], [0.6, 0.4, 0.0]]],
    root=[0.25, 0.75],
)
AMBIGUOUS = TreeGrammar(
    [[[[0, 1], [1, 0]], [[0, 1], [1, 1]]], [[[0, 1], [1, 1]], [[0, 0], [1, 1]]]],
    weights=[[[0.3, 0.7], [0.5, 0.5]], [[1.0, 0.0], [0.25, 0.75]]],
    root=[0.4, 0.6],
)
SMALL = RandomHierarchy(v=4, m=2, s=2, L=3)


def probabilities(grammar: TreeGrammar) -> dict[tuple[int, ...], float]:
    """Sum the probabilities of all trees of each string."""
    blocks = [Counter({(b,): 1.0}) for b in range(grammar.alphabet)]
    for rules, weights in zip(grammar.rules, grammar.weights, strict=True):
        above = []
        for words, chances in zip(rules.tolist(), weights.tolist(), strict=True):
            found: Counter[tuple[int, ...]] = Counter()
            for word, chance in zip(words, chances, strict=True):
                for parts in itertools.product(*(blocks[b].items() for b in word)):
                    string = sum((part for part, _ in parts), ())
                    found[string] += chance * np.prod([p for _, p in parts])
            above.append(found)
        blocks = above
    total: Counter[tuple[int, ...]] = Counter()
    for p, found in zip(grammar.root, blocks, strict=True):
        for string, chance in found.items():
            total[string] += float(p) * chance
    return {string: p for string, p in total.items() if p > 0}


@pytest.mark.parametrize(
    ("v", "m", "s", "L", "count"),
    [(3, 2, 2, 2, 24), (4, 3, 2, 2, 108), (3, 2, 3, 2, 48), (4, 2, 2, 3, 512), (3, 1, 2, 3, 3)],
)
def test_the_number_of_strings_is_exact(v: int, m: int, s: int, L: int, count: int) -> None:
    task = RandomHierarchy(v=v, m=m, s=s, L=L, seed=3)
    assert task.n_strings == task.grammar.n_strings == count
    assert task.grammar.unambiguous
    law = probabilities(task.grammar)
    assert len(law) == count
    np.testing.assert_allclose(list(law.values()), 1.0 / count, rtol=1e-13)
    assert task.entropy == pytest.approx(np.log(count), rel=1e-14)


@pytest.mark.parametrize("grammar", [UNEVEN, AMBIGUOUS, SMALL.grammar])
def test_count_entropy_and_marginals_are_those_of_the_law(grammar: TreeGrammar) -> None:
    law = probabilities(grammar)
    chances = np.array(list(law.values()))
    assert grammar.n_strings == len(law)
    assert grammar.entropy == pytest.approx(-(chances @ np.log(chances)), rel=1e-13)
    words = np.array(list(law))
    found = [
        [chances[words[:, i] == b].sum() for b in range(grammar.alphabet)]
        for i in range(grammar.length)
    ]
    np.testing.assert_allclose(grammar.marginals[0], found, atol=1e-15)
    assert [len(level) for level in grammar.marginals] == list(grammar.nodes)


def test_the_released_grammar_and_strings_come_from_their_seeds() -> None:
    grammar = favero2025.grammar(v=8, m=3, s=2, L=3, seed_rules=42)
    assert grammar.rules[2][0].tolist() == [[1, 6], [0, 1], [5, 7]]
    assert grammar.rules[0][0].tolist() == [[1, 4], [2, 6], [6, 6]]
    strings = favero2025.strings(grammar, 1024, seed_sample=0, test=1024)
    assert strings.shape == (2048, 8)
    assert strings[:2].tolist() == [[2, 0, 4, 6, 2, 6, 6, 6], [3, 5, 0, 2, 2, 7, 7, 7]]
    assert len(np.unique(grammar.index(strings))) == 2048
    other = favero2025.strings(grammar, 1024, seed_sample=1)
    assert (other != strings[:1024]).any()


@pytest.mark.parametrize("grammar", [UNEVEN, SMALL.grammar])
def test_strings_and_their_numbers_are_inverse(grammar: TreeGrammar) -> None:
    numbers = np.arange(grammar.n_strings)
    strings = grammar.strings(numbers)
    np.testing.assert_array_equal(grammar.index(strings), numbers)
    assert set(map(tuple, strings.tolist())) == set(probabilities(grammar))
    assert grammar.strings(5).tolist() == strings[5:6].tolist()


def test_numbers_may_exceed_a_machine_word() -> None:
    grammar = RandomHierarchy(v=16, m=4, s=2, L=7).grammar
    assert grammar.n_strings == 16 * 4**127
    last = grammar.n_strings - 1
    assert grammar.index(grammar.strings([0, last, 10**60])).tolist() == [0, last, 10**60]
    strings = grammar.sample(20, rng=0)
    np.testing.assert_array_equal(grammar.strings(grammar.index(strings)), strings)


def test_draws_follow_the_law() -> None:
    for grammar in (UNEVEN, AMBIGUOUS):
        law = probabilities(grammar)
        drawn = Counter(map(tuple, grammar.sample(20_000, rng=0).tolist()))
        assert set(drawn) <= set(law)
        # the largest of some 20 deviations, in standard errors
        assert max(abs(drawn[x] - 2e4 * p) / np.sqrt(2e4 * p * (1 - p)) for x, p in law.items()) < 4
        assert max(abs(drawn[x] / 2e4 - 1 / len(law)) * np.sqrt(2e4 * len(law)) for x in law) > 20


def test_a_tree_holds_every_level() -> None:
    levels = UNEVEN.sample(50, rng=1, tree=True)
    assert [level.shape for level in levels] == [(50, 6), (50, 2), (50, 1)]
    np.testing.assert_array_equal(levels[0], UNEVEN.sample(50, rng=1))
    for l, rules in enumerate(UNEVEN.rules, start=1):
        words = levels[l - 1].reshape(50, -1, 1, rules.shape[2])
        assert (words == rules[levels[l]]).all(axis=-1).any(axis=-1).all()


@pytest.mark.parametrize("grammar", [UNEVEN, AMBIGUOUS, SMALL.grammar])
def test_without_replacement_all_strings_come_once(grammar: TreeGrammar) -> None:
    drawn = grammar.sample(grammar.n_strings, rng=0, replace=False)
    assert len(np.unique(drawn, axis=0)) == grammar.n_strings
    with pytest.raises(ArgumentError, match=rf"number of strings, {grammar.n_strings},"):
        grammar.sample(grammar.n_strings + 1, rng=0, replace=False)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_synonyms_keep_what_is_above_and_change_every_block(level: int) -> None:
    grammar = SMALL.grammar
    strings = grammar.sample(40, rng=0)
    other = grammar.synonyms(strings, level, rng=1)
    before, after = parsed(grammar, strings, 3), parsed(grammar, other, 3)
    for l in range(level, 4):
        np.testing.assert_array_equal(before[0][l], after[0][l])
    assert (before[1][level - 1] != after[1][level - 1]).all()  # m = 2: the other rule


def test_a_synonym_of_a_rule_without_another_is_itself() -> None:
    strings = np.array([[4, 4, 0, 4, 4, 0]])
    assert UNEVEN.synonyms(strings, 1, rng=0).tolist() == strings.tolist()


def test_zipf_weights_fall_with_the_rank() -> None:
    task = RandomHierarchy(v=4, m=3, L=2, zipf=1.0)
    np.testing.assert_allclose(task.grammar.weights[0], np.tile([6 / 11, 3 / 11, 2 / 11], (4, 1)))
    assert task.entropy < RandomHierarchy(v=4, m=3, L=2).entropy - 0.1
    law = np.array(list(probabilities(task.grammar).values()))
    assert task.entropy == pytest.approx(-(law @ np.log(law)), rel=1e-13)


def test_a_draw_has_distinct_tuples_and_depends_on_its_seed() -> None:
    task = RandomHierarchy(v=5, m=5, s=2, L=2, n_c=3, seed=1)
    assert task.n_rules == 3 * 5 + 25
    assert [level.shape for level in task.grammar.rules] == [(5, 5, 2), (3, 5, 2)]
    assert task.grammar.unambiguous
    assert task != RandomHierarchy(v=5, m=5, s=2, L=2, n_c=3, seed=2)
    assert task.grammar != RandomHierarchy(v=5, m=5, s=2, L=2, n_c=3, seed=2).grammar


def read_pcfg(text: str) -> dict[str, list[tuple[list[str], float]]]:
    """Read productions as nltk does: a name, an arrow, sides apart by bars, weights in brackets."""
    found = {}
    for line in text.strip().splitlines():
        left, right = line.split(" -> ")
        assert re.fullmatch(r"[\w/][\w/^<>-]*", left)
        sides = []
        for side in right.split(" | "):
            match = re.fullmatch(r"(.+) \[([\d.e-]+)\]", side)
            assert match
            sides.append((match[1].split(), float(match[2])))
        assert sum(p for _, p in sides) == pytest.approx(1.0, abs=1e-12)
        found[left] = sides
    return found


@pytest.mark.parametrize("grammar", [UNEVEN, AMBIGUOUS])
def test_the_pcfg_text_has_the_same_law(grammar: TreeGrammar) -> None:
    productions = read_pcfg(grammar.to_pcfg())

    def expand(symbols: list[str]) -> Counter[tuple[int, ...]]:
        law: Counter[tuple[int, ...]] = Counter({(): 1.0})
        for symbol in symbols:
            if symbol.startswith("'"):
                step: Counter[tuple[int, ...]] = Counter({(int(symbol.strip("'")),): 1.0})
            else:
                step = Counter()
                for side, p in productions[symbol]:
                    for string, chance in expand(side).items():
                        step[string] += p * chance
            found: Counter[tuple[int, ...]] = Counter()
            for a, p in law.items():
                for b, q in step.items():
                    found[a + b] += p * q
            law = found
        return law

    law, exact = expand(["S"]), probabilities(grammar)
    assert set(law) == set(exact)
    assert max(abs(law[x] - exact[x]) for x in exact) < 1e-15


@pytest.mark.parametrize("task", [UNEVEN, AMBIGUOUS, SMALL, RandomHierarchy(v=4, m=3, zipf=0.5)])
def test_tasks_survive_plain_values_copies_and_pickles(task: RandomHierarchy | TreeGrammar) -> None:
    assert KINDS[task.kind] is type(task)
    for twin in (
        from_dict(task.kind, task.to_dict()),
        pickle.loads(pickle.dumps(task)),
        copy.deepcopy(task),
    ):
        assert twin == task
        assert hash(twin) == hash(task)
    twin = pickle.loads(pickle.dumps(task))
    with pytest.raises(ValueError, match="read-only"):
        getattr(twin, "grammar", twin).rules[0][0, 0, 0] = 1


def test_a_saved_grammar_is_read_back_and_damage_is_found(tmp_path) -> None:
    path = UNEVEN.save(tmp_path / "g")
    assert path.name == "g.npz"
    assert TreeGrammar.load(path) == UNEVEN
    with np.load(path) as file:
        members = dict(file)
    members["weights_1"] = members["weights_1"] + 0.0
    members["weights_1"][0] = [0.4, 0.6]
    np.savez(tmp_path / "h.npz", **members)
    with pytest.raises(ArgumentError, match="do not match their checksum"):
        TreeGrammar.load(tmp_path / "h.npz")
    (tmp_path / "t.npz").write_text("text")
    with pytest.raises(ArgumentError, match=r"a saved TreeGrammar.* is damaged"):
        TreeGrammar.load(tmp_path / "t.npz")


TINY = [[[[0, 1], [1, 0]]]]
DEEP = RandomHierarchy(v=8, m=2, L=40)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: RandomHierarchy(v=4, m=5), TaskError, r"at most v\*\*\(s-1\) = 4, .* but it is 5"),
        (lambda: RandomHierarchy(v=4, m=4, n_c=5), TaskError, r"n_c\*m <= v\*\*s = 16.* is 20"),
        (lambda: RandomHierarchy(v=1, m=1), TaskError, "`v` must be at least 2"),
        (lambda: RandomHierarchy(v=4, m=2, s=1), TaskError, "`s` must be at least 2"),
        (lambda: RandomHierarchy(v=4, m=2, zipf=-1), TaskError, "`zipf` must be a positive"),
        (lambda: RandomHierarchy(v=4, m=2, L=0), ArgumentError, "`L` must be a positive integer"),
        (lambda: favero2025.grammar(v=4, m=5, s=2, L=2, seed_rules=0), TaskError, "v.*= 4"),
        (lambda: TreeGrammar([]), ShapeError, "rules of each level"),
        (lambda: TreeGrammar([[[0, 1]]]), ShapeError, r"at level 1 its shape is \(1, 2\)"),
        (lambda: TreeGrammar([[[[0.5, 1]]]]), TaskError, "must hold integers"),
        (lambda: TreeGrammar([[[[0], [1, 2]]]]), ShapeError, "pad with rules of weight zero"),
        (lambda: TreeGrammar(TINY, alphabet=1), TaskError, "rule 0 of symbol 0 holds 1 at place 1"),
        (lambda: TreeGrammar([[[[0, -1]]]]), TaskError, "holds -1 at place 1"),
        (lambda: TreeGrammar([*TINY, [[[0, 1]]]]), TaskError, "from 0 to 0 at level 2"),
        (lambda: TreeGrammar(TINY, weights=[[[0.5, 0.6]]]), TaskError, "level 1 must sum to 1"),
        (lambda: TreeGrammar(TINY, weights=[[[1.5, -0.5]]]), TaskError, "must not be negative"),
        (lambda: TreeGrammar(TINY, weights=[[0.5, 0.5]]), ShapeError, r"shape \(1, 2\)"),
        (lambda: TreeGrammar(TINY, weights=[]), ShapeError, "each of the 1 levels"),
        (lambda: TreeGrammar(TINY, root=[0.5]), TaskError, "`root` must sum to 1"),
        (
            lambda: AMBIGUOUS.strings(0),
            TaskError,
            r"level 1 the tuple \(0, 1\) .* symbols \[0, 1\]",
        ),
        (lambda: AMBIGUOUS.index(np.zeros((1, 4), int)), TaskError, "`index` needs"),
        (lambda: AMBIGUOUS.synonyms(np.zeros((1, 4), int), 1, rng=0), TaskError, "`synonyms`"),
        (lambda: UNEVEN.strings(UNEVEN.n_strings), ArgumentError, "from 0 to 16, .*17 strings"),
        (lambda: UNEVEN.strings([0, 0.5]), ArgumentError, r"holds 0\.5"),
        (lambda: UNEVEN.index(np.zeros((2, 5), int)), ShapeError, r"\(N, 6\)"),
        (lambda: UNEVEN.index(np.zeros((2, 6))), ArgumentError, "array of (real )?integers"),
        (lambda: UNEVEN.index(np.full((2, 6), 5)), ArgumentError, "holds 5 in string 0 at place 0"),
        (
            lambda: UNEVEN.index(np.array([[4, 4, 0, 3, 3, 3]])),
            ArgumentError,
            r"node 0 of level 2 holds \(2, 0\)",
        ),
        (lambda: UNEVEN.synonyms(np.zeros((1, 6), int), 3, rng=0), ArgumentError, "from 1 to 2"),
        (lambda: UNEVEN.sample(3, rng=None), ArgumentError, "`rng` must be a seed"),
        (lambda: UNEVEN.sample(10**13, rng=0), ArgumentError, "must fit the memory .* Draw fewer"),
        (
            lambda: UNEVEN.sample(10**13, rng=0, replace=False),
            ArgumentError,
            "strings, 17, to draw",
        ),
        (lambda: RandomHierarchy(v=10**6, m=10**5), ArgumentError, "rules must fit the memory"),
        (
            lambda: DEEP.sample(1, rng=0),
            ArgumentError,
            r"The 1 drawn trees must fit .* 1\.76e\+04 GB",
        ),
        (lambda: DEEP.grammar.marginals, ArgumentError, "must fit the memory"),
        (lambda: DEEP.n_strings, TaskError, r"at most 2e\+06 binary digits, .* up to 1\.1e\+12"),
        (lambda: favero2025.strings(UNEVEN, 3, seed_sample=0), TaskError, "equal weights"),
        (
            lambda: favero2025.strings(SMALL, 500, seed_sample=0, test=13),
            ArgumentError,
            "number of strings, 512, but they add up to 513",
        ),
        (
            lambda: favero2025.strings(RandomHierarchy(v=16, m=4, L=7), 3, seed_sample=0),
            ArgumentError,
            "fewer than 2",
        ),
    ],
)
def test_what_is_wrong_is_named(make, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()
