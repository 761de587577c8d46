"""What label sets cover and connect: grids, islands, lines, random places, embeddings, and wrong input."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from simtheory import analytic, assess
from simtheory.cli import main
from simtheory.errors import ArgumentError, ShapeError


def lattice(side, spacing):
    along = np.arange(0.0, side, spacing)
    return np.stack([each.ravel() for each in np.meshgrid(along, along)], axis=1)


@pytest.mark.parametrize(("spacing", "share"), [(1.5, 0.9933), (1.8, 0.8971), (2.5, 0.5027)])
def test_lattices_cover_what_their_closed_form_says(spacing, share):
    side = 8 * spacing
    found = assess.labels(lattice(side, spacing), radius=1.0, tolerance=1.0, period=side, rng=0)
    assert found.covered == pytest.approx(share, abs=0.01)
    random = 1 - np.exp(-len(lattice(side, spacing)) * np.pi / side**2)
    assert found.covered_null == pytest.approx(random, abs=0.04)
    assert abs(found.covered_null - share) > 0.08
    assert found.connected == 1 / 64  # the spacing is above the radius


def test_islands_are_covered_and_not_connected_and_lines_the_reverse():
    rng = np.random.default_rng(0)
    islands = np.concatenate(
        [rng.uniform(0, 4, size=(60, 2)) + at for at in ([0, 0], [0, 8], [8, 0], [8, 8])]
    )
    inside = rng.uniform(0.5, 3.5, size=(200, 2))
    found = assess.labels(islands, radius=2.0, tolerance=1.0, queries=inside, period=16.0, rng=0)
    assert found.covered == 1.0
    assert found.sizes.tolist() == [60, 60, 60, 60]
    assert found.connected == 0.25
    assert found.queries == 200
    along = np.arange(0, 16, 0.25)
    line = np.stack([along, 0 * along + 8.0], axis=1)
    found = assess.labels(line, radius=2.0, tolerance=1.0, period=16.0, rng=0)
    assert found.connected == 1.0
    assert found.covered == pytest.approx(2 / 16, abs=0.02)
    assert found.distances[0] == pytest.approx(8.0, abs=0.1)  # half the torus away
    assert found.gaps[0][1] == pytest.approx(0.0, abs=0.1)
    assert found.half < 0.5
    assert found.largest_null < 0.9


def test_random_examples_score_their_own_null_and_proposals_help():
    points = np.random.default_rng(3).uniform(0, 20, size=(100, 2))
    found = assess.labels(points, radius=1.5, tolerance=1.0, side=20.0, add=4, rng=0)
    assert found.covered == pytest.approx(found.covered_null, abs=0.06)
    assert found.covered_null == pytest.approx(
        float(analytic.factorization.nearest_random(100, side=20.0, tolerance=1.0)), abs=0.06
    )
    assert found.next.covered[-1] > found.next.covered[0] + 3 * np.pi / 400
    more = np.concatenate([points, found.next.cover])
    again = assess.labels(more, radius=1.5, tolerance=1.0, side=20.0, rng=0)
    assert again.covered == pytest.approx(found.next.covered[-1], abs=0.01)
    assert again.distances[0] <= found.distances[0]


def test_an_embedding_has_clusters_and_queries_but_no_space():
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(size=(30, 5)), 30 + rng.normal(size=(20, 5))])
    found = assess.labels(rows, radius=6.0, tolerance=2.0, rng=0)
    assert found.sizes.tolist() == [30, 20]
    assert np.isnan(found.covered)
    assert found.next is None
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["covered"] is None
    asked = assess.labels(rows, radius=6.0, tolerance=2.0, queries=rows[:3] + 0.1, rng=0)
    assert asked.covered == 1.0
    assert len(asked.gaps) == 0


POINTS = np.random.default_rng(0).uniform(0, 8, size=(9, 2))


@pytest.mark.parametrize(
    ("points", "change", "error", "words"),
    [
        (np.zeros((0, 2)), {}, ShapeError, r"\(n, d\)"),
        (POINTS[0], {}, ShapeError, r"\(n, d\)"),
        (POINTS, {"radius": 0.0}, ArgumentError, "radius"),
        (POINTS, {"tolerance": np.nan}, ArgumentError, "tolerance"),
        (POINTS, {"period": 1.5}, ArgumentError, "period.*twice the radius"),
        (POINTS, {"side": 8.0, "period": 8.0}, ArgumentError, "must not both"),
        (POINTS, {"side": 2.0}, ArgumentError, "between 0 and the side"),
        (POINTS, {"queries": np.zeros((3, 3))}, ShapeError, "queries"),
        (POINTS * np.nan, {}, ArgumentError, "finite"),
        (POINTS, {"rng": None}, ArgumentError, "rng"),
    ],
)
def test_wrong_input_is_refused_by_name(points, change, error, words):
    with pytest.raises(error, match=words):
        assess.labels(points, **{"radius": 1.0, "tolerance": 1.0, "rng": 0, **change})


def test_a_table_of_labels_becomes_an_answer_a_page_and_json(tmp_path):
    path = tmp_path / "labels.csv"
    np.savetxt(path, lattice(8, 2.0), delimiter=",", header="x,y", comments="")
    arguments = ["assess", "labels", str(path), "--radius", "3.5", "--tolerance", "1"]
    found = CliRunner().invoke(main, [*arguments, "--period", "8", "--out", str(tmp_path / "out")])
    assert found.exit_code == 0, found.output
    assert "at random places" in found.stdout
    assert max(map(len, found.stdout.splitlines()[:-1])) <= 80
    packed = json.loads((tmp_path / "out" / "answer.json").read_text())
    assert packed["clusters"] == 1
    assert packed["covered"] == pytest.approx(np.pi / 4, abs=0.01)
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("<figcaption") == 2
    assert "<li>clusters within 3.5: 1: " in page
    assert "<pre" not in page
    np.save(tmp_path / "labels.npy", lattice(8, 2.0))
    arguments[2] = str(tmp_path / "labels.npy")
    found = CliRunner().invoke(main, [*arguments, "--period", "8", "--json"])
    assert json.loads(found.stdout) == packed
    path.write_text("x,y\n1,2\n1\n")
    arguments[2] = str(path)
    found = CliRunner().invoke(main, arguments)
    assert found.exit_code == 2
    assert "line 3" in found.output


@pytest.mark.parametrize(
    ("head", "named", "advice"),
    [
        ("n,right,asked,seed", "n, right, asked, seed are no coordinates", "assess accuracy"),
        ("step,train_loss", "step, train_loss are no coordinates", "Leave such columns out"),
        ('x,y,"Seed"', "Seed is no coordinate", "Leave such columns out"),
    ],
)
def test_a_log_or_table_of_results_is_no_label_set(tmp_path, head, named, advice):
    path = tmp_path / "table.csv"
    columns = head.count(",") + 1
    np.savetxt(path, np.ones((5, columns)), delimiter=",", header=head, comments="")
    arguments = ["assess", "labels", str(path), "--radius", "3.5", "--tolerance", "1"]
    found = CliRunner().invoke(main, arguments)
    assert found.exit_code == 2
    told = " ".join(found.output.split())
    assert named in told
    assert advice in told


@pytest.mark.parametrize("head", ["x,y", "colour,size_of_n", "mu,nu", "n_x,n_y"])
def test_other_heads_are_labels(tmp_path, head):
    path = tmp_path / "table.csv"
    np.savetxt(path, POINTS, delimiter=",", header=head, comments="")
    arguments = ["assess", "labels", str(path), "--radius", "3.5", "--tolerance", "1"]
    found = CliRunner().invoke(main, arguments)
    assert found.exit_code == 0, found.output
