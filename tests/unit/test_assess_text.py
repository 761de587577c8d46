"""Coherence of token sequences: literal values, limits, wrong input, and the command."""

import json
import tracemalloc

import numpy as np
import pytest
from click.testing import CliRunner

from simtheory import RandomHierarchy, assess
from simtheory.assess import Coherence, coherence
from simtheory.cli import main
from simtheory.errors import ArgumentError, FitError, ShapeError


def walk(n, seed=0, stay=0.8, size=6):
    """Return a chain that stays with a probability: its joint at distance r is known."""
    rng = np.random.default_rng(seed)
    moves = rng.random(n) > stay
    fresh = rng.integers(0, size, size=n)
    place = np.maximum.accumulate(np.where(moves, np.arange(n), 0))
    return fresh[place]


def test_a_chain_has_the_squared_correlation_of_its_joint():
    """C(r) = stay^r (δ/6 − 1/36), whose squared norm is stay^2r · 5/36."""
    found = coherence(walk(200_000), distances=[1, 2, 4, 8])
    expected = 0.8 ** (2 * found.r) * 5 / 36
    assert np.all(np.abs(found.C2 - expected) < 4 * found.error)
    assert np.all(found.error < 0.1 * expected)  # so that zero fails by a factor of ten


def test_sequences_against_themselves_have_ratio_one():
    text = "".join("abcdef"[k] for k in walk(20_000))
    found = coherence(text, reference=text)
    np.testing.assert_array_equal(found.ratio[found.resolvable], 1.0)
    assert found.length == found.r[found.resolvable][-1]
    assert found.censored


def test_a_chain_that_forgets_sooner_is_coherent_less_far():
    corpus = walk(200_000)
    grid = [1, 2, 3, 4, 6, 8, 12]
    known = coherence(corpus, distances=grid)
    found = coherence(walk(100_000, seed=1, stay=0.7), reference=known)
    # ratio (.7/.8)^2r is one half at r = 2.6
    assert (found.length, found.interval) == (2, (2, 2))
    same = coherence(walk(100_000, seed=2), reference=corpus, distances=grid)
    assert same.length >= 8
    apart = coherence(np.random.default_rng(0).integers(0, 6, 100_000), reference=known)
    assert apart.length == 0


def test_short_samples_leave_out_the_distances_that_their_blocks_do_not_hold():
    corpus = assess.coherence(walk(40_000))
    found = assess.coherence(walk(6400, seed=1), reference=corpus)  # blocks of 200 tokens
    assert corpus.r[-1] == 256
    assert list(found.r) == [r for r in corpus.r if r < 200]
    np.testing.assert_array_equal(found.reference_C2, corpus.C2[: found.r.size])
    assert 0.8 < found.ratio[0] < 1.2


def test_tokens_are_labels_only():
    chain = walk(5_000)
    ids = coherence(chain, distances=[1, 3]).C2
    words = coherence([[f"w{k}" for k in chain]], distances=[1, 3]).C2
    many = coherence(1_000_003 * (5 - chain), distances=[1, 3]).C2
    np.testing.assert_allclose(words, ids, rtol=1e-12)
    np.testing.assert_allclose(many, ids, rtol=1e-12)


def test_independent_tokens_with_frequencies_of_their_place_need_alignment():
    rng = np.random.default_rng(0)
    places = np.cumsum(rng.dirichlet(np.full(4, 0.5), size=8), axis=1)
    strings = (rng.random((4000, 8, 1)) > places).sum(axis=-1)
    pooled = coherence(strings, distances=[1, 4])
    assert np.all(10 * pooled.error < pooled.C2)
    with pytest.raises(FitError, match="none"):
        coherence(strings, aligned=True, distances=[1, 4])


def test_pooled_over_places_independent_tokens_seem_as_coherent_as_strings():
    """The spread of the places' frequencies is what is left at r = 4 and 8: .89 and .91 of the strings' C2."""
    strings = RandomHierarchy(v=8, m=2, L=5, seed=0).sample(4000, rng=0)
    rng = np.random.default_rng(0)
    shuffled = np.stack([rng.permutation(column) for column in strings.T], axis=1)
    pooled = coherence(shuffled, reference=coherence(strings, distances=[1, 4, 8]))
    np.testing.assert_allclose(pooled.ratio[1:], [0.89, 0.91], atol=0.1)
    assert pooled.ratio[0] < 0.1
    whole = coherence(strings, aligned=True, distances=[4])
    found = coherence(shuffled, reference=whole, aligned=True)
    assert abs(found.ratio[0]) < 4 * found.ratio_error[0] < 0.2


def test_aligned_strings_of_a_grammar_have_the_correlation_of_their_joint():
    grammar = RandomHierarchy(v=4, m=2, s=2, L=2, seed=1)
    every = grammar.sample(grammar.n_strings, rng=0, replace=False)
    exact = []
    for r in (1, 2, 3):
        total = 0.0
        for i in range(4 - r):
            joint = np.zeros((4, 4))
            np.add.at(joint, (every[:, i], every[:, i + r]), 1 / len(every))
            total += np.sum((joint - np.outer(joint.sum(1), joint.sum(0))) ** 2) / (4 - r)
        exact.append(total)
    found = coherence(grammar.sample(20_000, rng=0), aligned=True)
    assert found.r.tolist() == [1, 2, 3]
    assert np.all(np.abs(found.C2 - exact) < 4 * found.error)
    assert np.all(found.error < 0.1 * np.array(exact))


def test_a_large_vocabulary_fits():
    tokens = np.random.default_rng(0).integers(0, 50_257, size=100_000)
    tokens[1::2] = (tokens[::2] * 7) % 50_257
    tracemalloc.start()
    found = coherence(tokens, distances=[1])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.C2[0] > 0
    assert peak < 2**28  # one table of pairs would take 20 GB


@pytest.mark.parametrize(
    ("given", "settings", "error", "words"),
    [
        ([[1, 2], [2, 1], [1, 1]], {}, FitError, "4 sequences or 1024 tokens"),
        (np.ones((3, 4), int), {"aligned": True}, FitError, "4 sequences"),
        ([[1, 2], [1, 2, 3]] * 4, {"aligned": True}, ShapeError, "one length"),
        (np.ones((30, 4)), {}, ArgumentError, "integers or words"),
        ([[1.5, 2.0]] * 9, {}, ArgumentError, "integers or words"),
        (7, {}, ArgumentError, "a text"),
        ([], {}, FitError, "empty"),
        (np.random.default_rng(0).integers(0, 9, 4000), {}, FitError, r"It takes up to \S+ tokens"),
        (walk(5000), {"distances": [2, 1]}, ArgumentError, "increase"),
        (walk(5000), {"distances": [4000]}, ArgumentError, "leave pairs"),
        (walk(5000), {"reference": walk(5000) + 6}, ArgumentError, "one alphabet"),
        (walk(5000), {"reference": walk(5000, size=60)}, ArgumentError, "one alphabet"),
    ],
)
def test_wrong_input_is_refused_by_name(given, settings, error, words):
    with pytest.raises(error, match=words):
        coherence(given, **settings)


def type_in(*words):
    return CliRunner().invoke(main, ["assess", "text", *map(str, words)])


@pytest.fixture
def files(tmp_path):
    for name, chain in (
        ("corpus", walk(40_000)),
        ("late", walk(20_000, 1)),
        ("early", walk(20_000, 2, 0.3)),
    ):
        (tmp_path / f"{name}.txt").write_text("".join("abcdef"[k] for k in chain))
    return tmp_path


def test_the_command_prints_a_line_for_each_file_and_writes_page_and_numbers(files):
    out = files / "out"
    words = (files / "early.txt", files / "late.txt", "--reference", files / "corpus.txt")
    result = type_in(*words, "--out", out)
    assert result.exit_code == 0, result.output
    assert max(map(len, result.output.replace(str(files), "").splitlines())) <= 80
    answer = json.loads((out / "answer.json").read_text(), parse_constant=pytest.fail)
    lengths = {name: each["length"] for name, each in answer["samples"].items()}
    assert lengths["early.txt"] <= 1 < lengths["late.txt"]
    assert None in answer["samples"]["late.txt"]["ratio"]
    page = (out / "index.html").read_text()
    assert "<td>late.txt</td>" in page
    assert "<pre" not in page
    assert "data:image/svg+xml" in page
    assert "http" not in page.replace("http://www.w3.org", "").replace("http%3A", "")
    printed = type_in(*words, "--json")
    assert json.loads(printed.output) == answer


def test_files_of_one_name_are_told_apart(files):
    for step in ("100", "200"):
        (files / step).mkdir()
        name = "early.txt" if step == "100" else "late.txt"
        (files / step / "samples.txt").write_text((files / name).read_text())
    found = type_in(
        files / "100" / "samples.txt",
        files / "200" / "samples.txt",
        "--reference",
        files / "corpus.txt",
        "--json",
    )
    samples = json.loads(found.output)["samples"]
    lengths = [samples[str(files / step / "samples.txt")]["length"] for step in ("100", "200")]
    assert lengths[0] <= 1 < lengths[1]


def test_a_command_that_fails_writes_nothing(files):
    out = files / "out"
    result = type_in(files / "missing.txt", "--out", out)
    assert result.exit_code == 2
    assert "missing.txt" in result.output
    assert not out.exists()
    (files / "few.txt").write_text("abc")
    assert type_in(files / "few.txt", "--out", out).exit_code == 2
    assert not out.exists()


def test_texts_are_read_by_characters_letters_words_and_documents(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Ab, c!|de", encoding="utf-8")
    assert assess.texts(path) == ["Ab, c!|de"]
    assert assess.texts(path, separator="|") == ["Ab, c!", "de"]
    assert assess.texts(path, tokens="letters") == ["ab c de"]
    assert assess.texts(path, tokens="spaces") == [["Ab,", "c!|de"]]
    np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))
    assert [row.tolist() for row in assess.texts(tmp_path / "a.npy")] == [[0, 1, 2], [3, 4, 5]]
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ArgumentError, match="UTF-8"):
        assess.texts(tmp_path / "b.txt")


def test_the_answer_prints_and_becomes_a_table():
    found = coherence(walk(5000), reference=walk(9000, 1), distances=[1, 2])
    assert isinstance(found, Coherence)
    assert "coherent up to r = 2" in str(found)
    assert "<table>" in found._repr_html_()
