"""Reading measured curves: every road in, and a clear answer to every bad file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
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
        ({"unit": "steps"}, ArgumentError, "did you mean step"),
    ]:
        with pytest.raises(kind, match=words):
            replace(Curves(t, values, ("a", "b")), **wrong)
    with pytest.raises(ArgumentError, match="must leave some times"):
        Curves(t + 1, values, ("a", "b")).until(0.5)
    text = str(Curves(t, values, ("a", "b"), unit="step", clock=Clock(lr=0.1)))
    assert "a, b" in text
    assert "lr 0.1, loss half_sum" in text


ROWS = [(0, 0.1, 0.2), (10, 0.3, 0.5), (25, 0.6, 0.9)]
"""The rows of `GOOD`."""


def written(header, row, rows=ROWS):
    return "\n".join([header, *(row.format(*cells, k=k) for k, cells in enumerate(rows))]) + "\n"


def as_good(read):
    np.testing.assert_array_equal(read.t, [0, 10, 25])
    np.testing.assert_array_equal(read.values, [[0.1, 0.2], [0.3, 0.5], [0.6, 0.9]])
    return read.names == ("size", "colour") and read.unit == "step"


@pytest.mark.parametrize("mark", [";", "\t", "|", " ", ","])
def test_the_separator_is_that_of_the_header(file, mark):
    assert as_good(curves(file(GOOD.replace(",", mark))))
    if mark == "\t":
        assert as_good(curves(file(GOOD.replace(",", mark), "curves.tsv")))


@pytest.mark.parametrize("mark", [";", "\t"])
def test_commas_may_be_decimal(file, mark):
    assert as_good(curves(file(GOOD.replace(",", mark).replace(".", ","))))


def test_other_separators_are_answered(file):
    with pytest.raises(ArgumentError, match=r"separated by a comma, a semicolon, a tab, a bar"):
        curves(file(GOOD.replace(",", "#")))
    with pytest.raises(ArgumentError, match=r"line 3: there are 1 cells.*is the semicolon"):
        curves(file("step;size\n0;0.1\n10,0.2\n"))


@pytest.mark.parametrize(
    ("header", "row", "left"),
    [
        ("epoch,step,size,colour", "0,{},{},{}", "epoch"),
        (",step,size,colour", "{k},{},{},{}", "a nameless one"),
        ("step,lr,size,colour", "{},0.01,{},{}", "lr"),
        ("Wall time,Step,size,colour", "1700000000.{k},{},{},{}", "Wall time"),
        ("lr-SGD,global_step,size,colour", "0.1,{},{},{}", "lr-SGD"),
        ("run,step,size,colour", "baseline,{},{},{}", "run"),
    ],
)
def test_columns_of_loggers_are_no_concepts(file, header, row, left):
    read = curves(file(written(header, row)))
    assert as_good(read)
    assert read.note == f"columns that are no concepts left out: {left}"
    assert left in str(read)
    asked = curves(file(written(header, row)), columns=["size", "colour"])
    assert as_good(asked)
    assert asked.note is None


def test_columns_that_are_not_asked_for_are_not_read(file):
    text = "step,much,size\n0,,0.1\n10,often,0.3\n25,inf,0.6\n"
    np.testing.assert_array_equal(
        curves(file(text), columns=["size"]).values[:, 0], [0.1, 0.3, 0.6]
    )
    with pytest.raises(ArgumentError, match=r"line 3, column 'much'.*'often'"):
        curves(file(text))


def test_incomplete_rows_go_on_request(file):
    text = "step,size,colour\n0,0.1,0.2\n5,,0.1\n7,NaN,0.1\n10,0.3,0.5\n,0.3,0.5\n25,0.6,0.9\n"
    with pytest.raises(ArgumentError, match=r"line 3, column 'size'.*empty.*incomplete='drop'"):
        curves(file(text))
    read = curves(file(text), incomplete="drop")
    assert as_good(read)
    assert read.note == "3 incomplete rows left out"
    assert curves(file(text), columns=["colour"], incomplete="drop").t.size == 5
    with pytest.raises(ArgumentError, match=r"must have rows in which size, colour"):
        curves(file("step,size,colour\n0,,1\n1,1,\n"), incomplete="drop")
    with pytest.raises(ArgumentError, match=r"line 2, column 'size'.*inf"):
        curves(file("step,size\n0,inf\n1,1\n"), incomplete="drop")


def test_rows_of_one_time_complete_one_another(file):
    """As a logger writes that has one row for every metric."""
    text = "epoch,step,size,colour\n" + "".join(f"0,{t},{a},\n0,{t},,{b}\n" for t, a, b in ROWS)
    read = curves(file(text))
    assert as_good(read)
    assert "3 rows completed others" in read.note
    with pytest.raises(
        ArgumentError, match="line 3, column 'step': times must increase, but 0 rep"
    ):
        curves(file("step,size\n0,0.1\n0,0.2\n"))
    with pytest.raises(ArgumentError, match=r"line 4, column 'step'.*8 comes after 9"):
        curves(file("step,size\n8,0.1\n9,0.2\n8,0.3\n"))


def test_epochs_are_times_on_request(file):
    text = written("epoch,size,colour", "{},{},{}")
    with pytest.raises(ArgumentError, match="pass time='epoch'"):
        curves(file(text))
    read = curves(file(text), time="epoch")
    assert (read.unit, read.names) == ("epoch", ("size", "colour"))
    steps = curves(file(text), time="epoch", steps_per_epoch=50, clock=Clock(lr=0.1))
    assert steps.unit == "step"
    np.testing.assert_array_equal(steps.t, [0, 500, 1250])
    both = curves(file(written("epoch,step,size,colour", "{k},{},{},{}")), time="epoch")
    np.testing.assert_array_equal(both.t, [0, 1, 2])
    for options, words in (
        ({"time": "epoch", "clock": Clock(lr=0.1)}, "epochs. Pass `steps_per_epoch`"),
        ({"time": "epok"}, "did you mean epoch"),
        ({"time": "epoch", "columns": ["epoch"]}, "the column of times"),
        ({"time": "epoch", "steps_per_epoch": -1}, "`steps_per_epoch`"),
    ):
        with pytest.raises(ArgumentError, match=words):
            curves(file(text), **options)
    with pytest.raises(ArgumentError, match="makes steps of epochs"):
        curves(file(GOOD), steps_per_epoch=5)


def test_lines_of_json(file):
    lines = [{"step": t, "size": a, "colour": b, "tag": "x"} for t, a, b in ROWS]
    read = curves(file("\n".join(map(json.dumps, lines)), "log.jsonl"))
    assert as_good(read)
    assert read.note.endswith("tag")
    split = [{"step": t, key: v} for t, a, b in ROWS for key, v in (("size", a), ("colour", b))]
    assert as_good(curves(file("\n".join(map(json.dumps, split)), "log.jsonl")))
    for bad, words in (
        ('{"step": 0, "size": 0.1}\n{"step"', "line 2: this is no JSON"),
        ("[1, 2]", "line 1: there must be an object"),
        ("\n", "no lines"),
        ('{"step": 0, "size": "0.1"}\n{"step": 1, "size": 2}', "line 1, column 'size'.*'0.1'"),
        ('{"step": 0, "size": true}', "line 1, column 'size'.*True"),
        ('{"step": 0, "size": 1}\n{"step": 1, "size": null}', "line 2, column 'size'.*empty"),
    ):
        with pytest.raises(ArgumentError, match=words):
            curves(file(bad, "log.jsonl"))


def test_a_table_of_pandas():
    frame = pd.DataFrame(ROWS, columns=["step", "size", "colour"])
    assert as_good(curves(frame))
    assert as_good(curves(frame.set_index("step")))
    assert as_good(curves(frame.astype({"size": "Float64"})))
    assert as_good(curves(frame.assign(run="baseline")))
    single = frame.astype({"size": np.float32})
    np.testing.assert_allclose(curves(single).values, curves(frame).values, rtol=1e-7)
    gap = frame.astype({"size": "Float64"})
    gap.loc[1, "size"] = pd.NA
    with pytest.raises(ArgumentError, match="Row 1 of the DataFrame, column 'size'"):
        curves(gap)
    assert curves(gap, incomplete="drop").t.size == 2
    for column in (frame["size"] > 0.2, pd.to_datetime(frame["step"]), frame["size"] + 1j):
        with pytest.raises(ArgumentError, match="column 'bad': the cell must be a number"):
            curves(frame.assign(bad=column))
    doubled = pd.concat([frame, frame["size"]], axis=1)
    with pytest.raises(ArgumentError, match="one comes twice"):
        curves(doubled)


@pytest.mark.parametrize(
    "bad",
    [
        np.ma.array([1.0, 2.0], mask=[False, True]),
        np.array(["2020", "2021"], dtype="datetime64[Y]"),
        np.array([True, False]),
        np.array([1.0, 1j]),
        np.zeros((2, 2, 2)),
        [[1.0], [1.0, 2.0]],
        1.0,
    ],
)
def test_what_is_no_column_of_numbers_is_refused(bad):
    with pytest.raises(ArgumentError, match="Column 'size' of The mapping must hold real numbers"):
        curves({"t": [0.0, 1.0], "size": bad})


def test_until_keeps_the_last_time():
    read = Curves(np.arange(4.0), np.arange(4.0)[:, None], ("a",))
    np.testing.assert_array_equal(read.until(2.0).t, [0, 1, 2])
    np.testing.assert_array_equal(read.until(1.999).values[:, 0], [0, 1])
    assert read.until(3.0).t.size == read.until(99.0).t.size == 4
