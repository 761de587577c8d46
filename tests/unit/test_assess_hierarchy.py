"""Strings and probabilities held against a grammar: literal values, wrong input, and the commands."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from simtheory import RandomHierarchy, TreeGrammar, assess
from simtheory.cli import main
from simtheory.errors import ArgumentError, ShapeError
from simtheory.sim import hierarchy
from simtheory.tasks import favero2025

GRAMMAR = favero2025.grammar(v=4, m=2, s=2, L=3, seed_rules=0)


def broken(level, n=400, seed=0):
    """Return strings that keep the rules up to a level: blocks of independent strings."""
    size = 2**level
    parts = [GRAMMAR.sample(n, rng=(seed + k)) for k in range(8 // size)]
    return np.concatenate(
        [part[:, k * size : (k + 1) * size] for k, part in enumerate(parts)], axis=1
    )


@pytest.mark.parametrize(
    ("level", "row"),
    [
        (0, [0.61083984, 0.23697376, 0.03338723]),
        (1, [1, 0.62890625, 0.23831177]),
        (2, [1, 1, 0.78125]),
    ],
)
def test_strings_that_keep_some_levels_score_the_plateaus(level, row):
    found = assess.score(broken(level, n=4000), GRAMMAR)
    inside = (found.accuracy_interval[:, 0] <= row) & (row <= found.accuracy_interval[:, 1])
    wider = np.abs(found.accuracy - row) < 2 * np.diff(found.accuracy_interval)[:, 0]
    assert inside.sum() >= 2  # of three intervals of 95 %
    assert wider.all()
    assert np.all(np.diff(found.accuracy_interval) < 0.04)  # the next rung is .15 away at least


def test_copies_novelty_distance_and_distinct_strings():
    every = GRAMMAR.strings(range(12))
    found = assess.score(np.concatenate([every[:6], every[:2]]), GRAMMAR, train=every[:4])
    assert (found.copies.value, found.novel.value, found.distinct) == (0.75, 0.25, 6)
    assert found.valid.value == 1.0
    apart = [np.sum(every[k] != every[:4], axis=1).min() for k in (4, 5)]
    assert found.nearest.value == pytest.approx(sum(apart) / 8)
    alone = assess.score(every, GRAMMAR)
    assert alone.copies is alone.novel is alone.nearest is None
    assert json.loads(json.dumps(alone.to_dict()))["copies"] is None


def test_use_of_rules_is_counted():
    tree = TreeGrammar([[[[0, 1], [1, 0]], [[0, 0], [1, 1]]], [[[0, 0], [1, 1]]]])
    strings = [[0, 1, 1, 0], [0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 1, 1]]
    found = assess.score(strings, tree)
    # seven of eight pairs at level 1 are written by rules of their symbol: the last string's too, but no root
    np.testing.assert_allclose(found.rule_usage[0], np.array([[4, 1], [1, 2]]) / 8)
    np.testing.assert_allclose(found.rule_usage[1], [[2 / 3, 1 / 3]])
    assert found.unused == (0, 0)
    np.testing.assert_allclose(found.rule_expected[0], 0.25)
    assert found.valid.value == 0.75
    low, high = found.valid.low, found.valid.high
    assert (round(low, 4), round(high, 4)) == (0.3006, 0.9544)  # Wilson's interval of 3 of 4


def test_strings_are_read_from_arrays_and_texts(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(6, dtype=np.int8).reshape(2, 3))
    (tmp_path / "a.txt").write_text("0 1 2\n\n3 4 5\n")
    (tmp_path / "b.txt").write_text("012\n345\n")
    for found in (
        assess.strings(tmp_path / "a.npy"),
        assess.strings(tmp_path / "a.txt"),
        assess.strings(tmp_path / "b.txt", tokens="characters"),
    ):
        assert found.dtype == np.int64
        assert found.tolist() == [[0, 1, 2], [3, 4, 5]]
    (tmp_path / "c.txt").write_text("0 1 2\n3 4\n")
    with pytest.raises(ShapeError, match="line 2 has 2"):
        assess.strings(tmp_path / "c.txt")
    (tmp_path / "d.txt").write_text("0 x\n")
    with pytest.raises(ArgumentError, match="line 1"):
        assess.strings(tmp_path / "d.txt")
    np.save(tmp_path / "e.npy", np.ones((2, 3)))
    with pytest.raises(ShapeError, match="float64"):
        assess.strings(tmp_path / "e.npy")


@pytest.mark.parametrize(
    ("given", "settings", "error", "words"),
    [
        (np.zeros((3, 4), int), {}, ShapeError, "8"),
        (np.zeros((3, 8)), {}, ArgumentError, "integers"),
        (np.full((3, 8), 4), {}, ArgumentError, "from 0 to 3"),
        (np.zeros((0, 8), int), {}, ArgumentError, "empty"),
        (np.zeros((3, 8), int), {"train": np.full((3, 8), 9)}, ArgumentError, "`train`"),
    ],
)
def test_wrong_strings_are_refused_by_name(given, settings, error, words):
    with pytest.raises(error, match=words):
        assess.score(given, GRAMMAR, **settings)


def test_a_probe_is_even_in_time_and_comes_back_from_its_file(tmp_path):
    asked = assess.probe(RandomHierarchy(v=4, m=2, L=2, seed=0), n=200, steps=50, rng=0)
    assert np.bincount(asked.t).tolist() == [0] + [4] * 50
    again = assess.Probe.load(asked.save(tmp_path / "probe.npz"))
    assert again.grammar == asked.grammar
    np.testing.assert_array_equal(again.strings, asked.strings)
    np.testing.assert_array_equal(again.likelihood, asked.likelihood)
    with np.load(tmp_path / "probe.npz") as held:  # with NumPy alone
        assert {"strings", "t", "alpha_bar"} <= set(held.files)


def test_shares_of_a_model_that_knows_some_levels():
    asked = assess.probe(GRAMMAR, n=400, rng=0)
    known = [hierarchy.infer(GRAMMAR, asked.likelihood, level=k).posterior for k in range(4)]
    np.testing.assert_allclose(assess.level_shares(asked, known[1]).shares, [1, 0, 0], atol=1e-9)
    mixture = assess.level_shares(asked, 0.7 * known[0] + 0.3 * known[3])
    np.testing.assert_allclose(mixture.shares, 0.3, atol=1e-9)
    steps = assess.staircase(asked)
    assert np.all(np.diff(steps) < 0)
    assert steps[3] == 0
    assert assess.level_shares(asked, known[2]).excess == pytest.approx(steps[2])


def type_in(*words):
    return CliRunner().invoke(main, list(map(str, words)))


def test_strings_made_trained_elsewhere_and_assessed(tmp_path):
    made = tmp_path / "made"
    words = ("--v", 4, "--m", 2, "--depth", 3, "--strings", 100, "--test", 50, "--out", made)
    result = type_in("make", "hierarchy", *words, "--probe", "--probes", 300)
    assert result.exit_code == 0, result.output
    train, test = np.load(made / "train.npy"), np.load(made / "test.npy")
    assert (train.shape, test.shape) == ((100, 8), (50, 8))
    assert not {tuple(x) for x in train} & {tuple(x) for x in test}
    np.save(tmp_path / "samples.npy", np.concatenate([train[:30], test]))
    out = tmp_path / "score"
    result = type_in(
        "assess", "strings", tmp_path / "samples.npy", "--grammar", made / "grammar.npz",
        "--train", made / "train.npy", "--out", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    answer = json.loads((out / "answer.json").read_text(), parse_constant=pytest.fail)
    assert answer["copies"]["value"] == 30 / 80
    assert answer["novel"]["value"] == 50 / 80
    page = (out / "index.html").read_text()
    assert "<img" in page
    assert "<td>level 3</td>" in page
    assert "<pre" not in page
    asked = assess.Probe.load(made / "probe.npz")
    for k in (1, 2):
        known = hierarchy.infer(asked.grammar, asked.likelihood, level=k).posterior
        np.save(tmp_path / f"q{k}.npy", known.astype(np.float32))
    words = ("assess", "denoiser", made / "probe.npz", tmp_path / "q1.npy", tmp_path / "q2.npy")
    result = type_in(*words, "--out", tmp_path / "shares")
    assert result.exit_code == 0, result.output
    assert max(map(len, result.output.replace(str(tmp_path), "").splitlines())) <= 80
    assert "P_1" in result.output
    answer = json.loads((tmp_path / "shares" / "answer.json").read_text())
    np.testing.assert_allclose(answer["probabilities"]["q2.npy"]["shares"], [1, 1, 0], atol=1e-5)


def test_checkpoints_of_one_name_deep_grammars_and_impossible_guesses(tmp_path):
    asked = assess.probe(RandomHierarchy(v=4, m=2, L=6, seed=0), n=30, rng=0)
    path = asked.save(tmp_path / "probe.npz")
    known = [hierarchy.infer(asked.grammar, asked.likelihood, level=k).posterior for k in (2, 4)]
    for step, found in zip(("100", "200"), known, strict=True):
        (tmp_path / step).mkdir()
        np.save(tmp_path / step / "q.npy", found)
    np.save(tmp_path / "sure.npy", np.eye(4)[asked.strings])
    files = [tmp_path / name for name in ("100/q.npy", "200/q.npy", "sure.npy")]
    result = type_in("assess", "denoiser", path, *files, "--json")
    rows = json.loads(result.output, parse_constant=pytest.fail)["probabilities"]
    assert [rows[str(file)]["nearest"] for file in files[:2]] == [2, 4]
    sure = rows["sure.npy"]
    assert (sure["excess"], sure["excludes_what_is_possible"]) == (None, True)
    assert rows[str(files[0])]["adds_nothing"] == [False] * 6
    printed = type_in("assess", "denoiser", path, *files).output.splitlines()
    assert max(map(len, printed)) <= 80
    heads = [line for line in printed if line.startswith("probabilities")]  # the table in two parts
    assert " ".join(heads).split()[-1] == "6"
    assert len(heads) == 2
    with pytest.raises(ArgumentError, match="must fit the memory"):
        assess.probe(asked.grammar, n=10**12, rng=0)


def test_wrong_files_are_refused_and_nothing_is_written(tmp_path):
    assert type_in("make", "hierarchy", "--strings", 10**7, "--out", tmp_path / "a").exit_code == 2
    assert type_in("make", "hierarchy", "--m", 9, "--out", tmp_path / "a").exit_code == 2
    for option in ("--strings", "--test"):
        result = type_in("make", "hierarchy", option, -3, "--out", tmp_path / "a")
        assert (result.exit_code, "integer" in result.output) == (2, True), result.output
    deep = type_in("make", "hierarchy", "--depth", 40, "--strings", 4, "--out", tmp_path / "a")
    assert (deep.exit_code, "binary" in deep.output) == (2, True), deep.output
    assert not (tmp_path / "a").exists()
    asked = assess.probe(GRAMMAR, n=20, rng=0)
    path = asked.save(tmp_path / "probe.npz")
    logits = np.random.default_rng(0).normal(size=(20, 8, 4))
    np.save(tmp_path / "q.npy", logits)
    out = tmp_path / "out"
    result = type_in("assess", "denoiser", path, tmp_path / "q.npy", "--out", out)
    assert result.exit_code == 2
    assert "logits" in result.output
    np.save(tmp_path / "q.npy", np.full((20, 8, 5), 0.2))
    assert type_in("assess", "denoiser", path, tmp_path / "q.npy", "--out", out).exit_code == 2
    assert type_in("assess", "denoiser", tmp_path / "q.npy", path, "--out", out).exit_code == 2
    assert not out.exists()


def test_the_first_command_of_the_guide_leaves_the_other_strings_for_the_test(tmp_path):
    guide = (Path(__file__).parents[2] / "docs" / "strings.md").read_text()
    words = next(line for line in guide.splitlines() if line.startswith("simtheory make")).split()
    result = type_in(*words[1:-1], tmp_path / "data")
    assert result.exit_code == 0, result.output
    made = [np.load(tmp_path / "data" / f"{name}.npy") for name in ("train", "test")]
    assert [part.shape for part in made] == [(256, 8), (768, 8)]
    assert len(np.unique(np.concatenate(made), axis=0)) == 1024
    assert (tmp_path / "data" / "probe.npz").exists()


def test_released_strings_are_those_of_the_paper(tmp_path):
    result = type_in(
        "make", "hierarchy", "--released", "--seed", 0, "--strings", 10, "--test", 5,
        "--out", tmp_path,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    grammar = favero2025.grammar(v=8, m=3, s=2, L=3, seed_rules=0)
    expected = favero2025.strings(grammar, 10, seed_sample=0, test=5)
    np.testing.assert_array_equal(np.load(tmp_path / "train.npy"), expected[:10])
    assert TreeGrammar.load(tmp_path / "grammar.npz") == grammar
