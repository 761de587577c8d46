"""Betti numbers of tori, a plane, a loop and noise, and the command of activations."""

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from simtheory import assess
from simtheory.cli import main
from simtheory.errors import ArgumentError, MissingExtraError
from tests.unit.test_activations import clifford, doughnut, labels

NOISE = np.random.default_rng(7).normal(size=(256, 40))


@pytest.mark.parametrize(
    ("rows", "betti"),
    [
        (clifford(), (1, 2, 1)),
        pytest.param(doughnut(), (1, 2, 1), marks=pytest.mark.slow),
        pytest.param(clifford()[:, :2] + 1e-3 * NOISE[:, :2], (1, 1, 0), marks=pytest.mark.slow),
        (labels(16, 16) + 0.1 * NOISE[:, :2], (1, 0, 0)),
        pytest.param(
            np.concatenate([NOISE[:60, :2], NOISE[60:120, :2] + 30.0]),
            (2, 0, 0),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_shapes_have_their_betti_numbers(rows, betti):
    found = assess.topology(rows, nulls=6, rng=0)
    assert found.betti == betti
    assert found.torus == (betti == (1, 2, 1))
    if found.torus:  # well above noise
        assert found.lengths[1, 1] > 1.3 * found.null[1]


@pytest.mark.slow
def test_noise_around_a_torus_is_left_out_with_the_components_that_are_left_out():
    rows = clifford() @ np.random.default_rng(1).normal(size=(4, 40)) + 0.4 * NOISE
    found = assess.topology(rows, components=4, nulls=6, rng=0)
    assert found.torus
    assert 0.8 < found.explained < 1.0
    assert not assess.topology(NOISE, landmarks=60, nulls=6, rng=0).torus


def test_a_missing_package_and_few_landmarks_are_said(monkeypatch):
    with pytest.raises(ArgumentError, match="between 20 and 400"):
        assess.topology(NOISE, landmarks=5, rng=0)
    with pytest.raises(ArgumentError, match="at least 20 rows"):
        assess.topology(NOISE[:10], rng=0)
    monkeypatch.setitem(sys.modules, "ripser", None)
    with pytest.raises(MissingExtraError, match=r"ripser.*simtheory\[topology\]"):
        assess.topology(NOISE, rng=0)


def run(*arguments, status=0):
    found = CliRunner().invoke(main, ["assess", *map(str, arguments)])
    assert found.exit_code == status, found.output
    return found


@pytest.mark.slow
def test_a_file_of_activations_becomes_a_table_a_page_and_json(tmp_path):
    grid, rows = labels(16, 16), doughnut()
    path = tmp_path / "activations.npz"
    np.savez(path, activations=rows, labels=grid, baseline=clifford())
    shown = run(
        "activations", path, "--period", "16", "--topology", "--out", tmp_path / "out"
    ).stdout
    assert "interaction" in shown
    assert "null" in shown
    assert "more than in the baseline" in " ".join(shown.split())
    assert max(map(len, shown.replace(str(tmp_path), "").splitlines())) <= 80
    packed = json.loads((tmp_path / "out" / "answer.json").read_text())
    assert packed["interaction"]["value"] == pytest.approx(0.1)
    assert packed["baseline"]["interaction"]["value"] < 1e-12
    assert packed["topology"]["betti"] == [1, 2, 1]
    assert (tmp_path / "out" / "index.html").read_text().count("<figcaption") == 3
    same = json.loads(run("activations", path, "--period", "16,16", "--json").stdout)
    assert same["orthogonality"] == packed["orthogonality"]
    assert run("activations", path, "--period", "a", status=2)
    np.savez(tmp_path / "b.npz", h=rows)
    assert "must hold activations" in run("activations", tmp_path / "b.npz", status=2).output
    (tmp_path / "c.npz").write_text("no")
    assert "no readable npz" in run("activations", tmp_path / "c.npz", status=2).output
    assert "no readable npz" in run("activations", tmp_path / "none.npz", status=2).output


def test_the_command_names_the_extra_that_is_missing(tmp_path, monkeypatch):
    path = tmp_path / "activations.npz"
    np.savez(path, activations=labels(5, 5) * 1.0, labels=labels(5, 5))
    monkeypatch.setitem(sys.modules, "ripser", None)
    assert "simtheory[topology]" in run("activations", path, "--topology", status=2).output
    assert "interaction" in run("activations", path).stdout  # the rest needs no extra


def test_a_wide_table_fits_a_terminal_and_stands_on_the_page(tmp_path):
    grid, rows = labels(16, 16), clifford()
    path = tmp_path / "activations.npz"
    np.savez(path, activations=rows + 0.05 * NOISE[:, :4], labels=grid, baseline=NOISE)
    out = tmp_path / "out"
    found = run("activations", path, "--period", "16", "--out", out).stdout.splitlines()
    head = next(line for line in found if "baseline" in line)
    assert head.endswith(" circles")
    assert max(map(len, found[:-1])) <= 80
    page = (out / "index.html").read_text()
    assert "<td>orthogonality (x on y)</td>" in page
    assert "<pre" not in page
