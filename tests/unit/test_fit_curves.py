"""Reading measured curves: every road in, and a clear answer to every bad file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import simtheory as st
from simtheory.errors import ArgumentError, ShapeError
from simtheory.fit import Curves, curves
from simtheory.units import Clock

GOOD = "step,size,colour\n0,0.1,0.2\n10,0.3,0.5\n25,0.6,0.9\n"
TASK = st.SIMTask(mu=(1.0, 2.0), sigma=0.1)


@pytest.fixture
def file(tmp_path: Path):
    def write(text: str, name: str = "curves.csv") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="module")
def run():
    return st.sim.solve(st.sim.Tied(), TASK, [[0.3, 0.0], [0.2, 0.2]], np.linspace(0, 3, 13))


def test_a_file_is_read_as_it_stands(file):
    read = curves(file(GOOD))
    assert (read.names, read.unit, read.observed) == (("size", "colour"), "step", "concepts")
    np.testing.assert_array_equal(read.t, [0, 10, 25])
    np.testing.assert_array_equal(read.values, [[0.1, 0.2], [0.3, 0.5], [0.6, 0.9]])


def test_a_mark_of_order_and_blank_lines_do_no_harm(file):
    assert curves(file("\ufeff" + GOOD + "\n\n")).values.shape == (3, 2)


def test_columns_choose_and_order(file):
    read = curves(file(GOOD), columns=["colour"])
    assert read.names == ("colour",)
    assert curves(file(GOOD), columns=["colour", "size"]).names == ("colour", "size")


def test_a_lone_loss_is_known_by_its_name(file):
    assert curves(file("t,test_loss\n0,2\n1,1\n")).observed == "loss"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("step,size\n0,0.1\n10,\n", r"line 3, column 'size'.*empty"),
        ("step,size\n0,0.1\n\n10,\n", r"line 4, column 'size'"),
        ("step,size\n0,0.1\n10,much\n", r"line 3, column 'size'.*'much'"),
        ("step,size\n0,0.1\n10,nan\n", r"line 3, column 'size'.*finite.*nan"),
        ("step,size\n0,0.1\n10,inf\n", r"line 3, column 'size'.*inf"),
        ("step,size\n0,0.1\n10\n", r"line 3: there are 1 cells.*2 columns"),
        ("step,size\n0,0.1\n10,0.2\n10,0.3\n", r"line 4, column 'step'.*10 repeats 10"),
        ("step,size\n0,0.1\n20,0.2\n10,0.3\n", r"line 4, column 'step'.*10 comes after 20"),
        ("step,size\n-1,0.1\n20,0.2\n", r"line 2, column 'step'.*not be negative"),
        ("size,colour\n1,2\n", r"one column of times.*'size', 'colour'"),
        ("t,step,size\n1,2,3\n", r"one column of times.*2 of them"),
        ("step\n1\n", r"a column beside the times"),
        ("step,size,size\n1,2,3\n", r"line 1.*two columns 'size'"),
        ("step,size\n", r"no numbers"),
        ("", r"column names"),
        ("step,loss,size\n1,2,3\n", r"`columns` is needed.*loss.*size"),
    ],
)
def test_a_bad_file_is_answered_with_its_place(file, text, words):
    with pytest.raises(ArgumentError, match=words):
        curves(file(text))


def test_a_file_that_is_none_is_answered(file, tmp_path):
    with pytest.raises(ArgumentError, match="does not exist"):
        curves(tmp_path / "none.csv")
    with pytest.raises(ArgumentError, match="must end in"):
        curves(file(GOOD, "curves.txt"))
    with pytest.raises(ArgumentError, match="no arrays"):
        curves(file("words", "curves.npz"))
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00step")
    with pytest.raises(ArgumentError, match="cannot be read"):
        curves(tmp_path / "bytes.csv")


def test_the_error_of_an_unknown_name_has_the_nearest_name(file):
    with pytest.raises(ArgumentError, match=r"'colur'.*did you mean colour"):
        curves(file(GOOD), columns=["colur"])
    with pytest.raises(ArgumentError, match=r"'concept'.*did you mean concepts"):
        curves(file(GOOD), observed="concept")
    with pytest.raises(ArgumentError, match="Trajectory, an xarray Dataset"):
        curves(3.0)


def test_a_broken_npz_and_complex_numbers_are_refused(tmp_path):
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ArgumentError, match="holds no arrays that NumPy reads"):
        curves(tmp_path / "cut.npz")
    np.savez(tmp_path / "phase.npz", t=[0.0, 1.0], size=[0.1 + 1j, 0.2])
    with pytest.raises(ArgumentError, match=r"Column 'size' of .* must hold real numbers"):
        curves(tmp_path / "phase.npz")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"columns": ["a", "b", "a"]}, "names 'a' twice"),
        ({"columns": ["a"], "observed": "loss", "concepts": 0}, "`concepts` must be a positive"),
    ],
)
def test_what_is_asked_for_makes_sense(changes, says):
    with pytest.raises(ArgumentError, match=says):
        curves({"t": [0.0, 1.0], "a": [0.1, 0.2], "b": [0.3, 0.4]}, **changes)


def test_npz_of_arrays_and_of_a_trajectory(tmp_path, run):
    np.savez(tmp_path / "plain.npz", t=[0.0, 1.0], w=[[0.1, 0.2], [0.3, 0.4]])
    read = curves(tmp_path / "plain.npz")
    assert (read.names, read.unit) == (("w_1", "w_2"), "t")
    run.save(tmp_path / "run.npz")
    np.testing.assert_array_equal(curves(tmp_path / "run.npz").values, curves(run).values)


def test_a_trajectory_gives_what_is_asked(run):
    own = curves(run)
    np.testing.assert_allclose(own.values, np.diagonal(run.weights, axis1=1, axis2=2), atol=1e-14)
    target = curves(run, observed="target")
    np.testing.assert_allclose(target.values, run.weights @ TASK.mu / TASK.mu, atol=1e-14)
    np.testing.assert_array_equal(curves(run, observed="loss").values[:, 0], st.observe.loss(run))
    np.testing.assert_array_equal(own.mu, TASK.mu)
    with pytest.raises(ArgumentError, match="does not go with a trajectory"):
        curves(run, clock=Clock(lr=0.1))


def test_an_ensemble_is_refused(run):
    many = st.Trajectory.from_weights(
        run.t, np.stack([run.weights] * 2), TASK, origin="sim", exact=True
    )
    with pytest.raises(ShapeError, match="single run"):
        curves(many)


def test_a_dataset_of_a_trajectory_and_of_curves(run):
    xarray = pytest.importorskip("xarray")
    np.testing.assert_array_equal(curves(run.to_xarray()).values, curves(run).values)
    share = xarray.DataArray(
        [[0.1, 0.3], [0.2, 0.4]],
        dims=("concept", "step"),
        coords={"step": [0, 5], "concept": ["size", "colour"]},
    )
    read = curves(xarray.Dataset({"share": share}))
    assert (read.names, read.unit) == (("size", "colour"), "step")
    np.testing.assert_array_equal(read.values, [[0.1, 0.2], [0.3, 0.4]])


def test_named_arrays_must_fit_one_another():
    with pytest.raises(ArgumentError, match="run over the 2 times"):
        curves({"t": [0, 1], "size": [1, 2, 3]})
    with pytest.raises(ArgumentError, match="must hold real numbers"):
        curves({"t": [0, 1], "size": ["a", "b"]})


def test_curves_check_themselves():
    t, values = np.arange(3.0), np.zeros((3, 2))
    for wrong, kind, words in [
        ({"names": ("a",)}, ShapeError, "must have shape"),
        ({"mu": [1.0]}, ShapeError, "one entry for each"),
        ({"mu": [1.0, -1.0]}, ArgumentError, "positive signal"),
        ({"observed": "loss"}, ShapeError, "One loss"),
        ({"clock": Clock(lr=0.1)}, ArgumentError, "canonical already"),
        ({"unit": "epoch"}, ArgumentError, "did you mean step"),
    ]:
        with pytest.raises(kind, match=words):
            replace(Curves(t, values, ("a", "b")), **wrong)
    with pytest.raises(ArgumentError, match="must leave some times"):
        Curves(t + 1, values, ("a", "b")).until(0.5)
    text = str(Curves(t, values, ("a", "b"), unit="step", clock=Clock(lr=0.1)))
    assert "a, b" in text
    assert "steps, 0.1 half_sum" in text
