"""Fits on pictures and from the shell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

import simtheory as st
from simtheory import plot
from simtheory.cli import main
from simtheory.fit import Curves, fit, predict
from simtheory.plot.style import INK

ROOT = Path(__file__).parents[2]
EXAMPLE = str(ROOT / "docs" / "curves.csv")
KNOWN = ["--model", "tied", "--observed", "target", "--mu", "1,1.8", "--lr", "0.01"]
KNOWN += ["--until", "140"]


def type_in(*words):
    return CliRunner().invoke(main, ["fit", *words])


@pytest.fixture(scope="module")
def found():
    t = np.linspace(0, 9, 70)
    clean = st.analytic.tied.mode([1.0, 0.4], [0.01, 0.02], t).T
    noise = 0.02 * np.random.default_rng(0).standard_normal(clean.shape)
    return fit(Curves(t, clean + noise, ("size", "colour")), until=5.0, model="tied")


def test_the_picture_shows_data_fit_and_forecast(found):
    ax = Figure().subplots()
    ahead = predict(found)
    assert plot.fitted(found, forecast=ahead, ax=ax) is ax
    lines = {line.get_label(): line for line in ax.get_lines()}
    np.testing.assert_array_equal(lines["size"].get_ydata(), ahead.values[:, 0])
    assert lines["colour"].get_color() == plot.colour(1)
    drawn = [line.get_xydata() for line in ax.get_lines() if line.get_marker() == "o"]
    np.testing.assert_array_equal(drawn[0][:, 1], found.curves.values[:, 0])
    np.testing.assert_array_equal(drawn[1][:, 1], found.withheld.values[:, 0])
    diamonds = [line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() == "D"]
    np.testing.assert_allclose(diamonds, [time.value for time in ahead.learning_times])
    assert "canonical time" in ax.get_xlabel()


def test_residuals_are_what_is_left(found):
    ax = plot.residuals(found, ax=Figure().subplots())
    left = found.curves.values - predict(found, t=found.curves.t).values
    np.testing.assert_array_equal(ax.get_lines()[1].get_ydata(), left[:, 0])


def test_a_loss_is_ink_and_a_coming_swing_a_stripe():
    t = np.linspace(0, 12, 200)
    U0 = 0.1 * np.array([[1.0, 0.0], [0.92, np.sqrt(1 - 0.92**2)]])
    W = st.sim.integrate(st.sim.Tied(), np.diag([0.5, 1.6]), U0, t)
    mu = np.array([1.0, 1.8])
    loss = 0.5 * np.sum((W @ mu - mu) ** 2, axis=1, keepdims=True)
    loss += 0.003 * np.random.default_rng(0).standard_normal(loss.shape)
    swinging = fit(Curves(t, loss, ("loss",), "loss", mu), until=3.0)
    ax = plot.fitted(swinging, ax=Figure().subplots())
    (line,) = [line for line in ax.get_lines() if line.get_label() == "loss"]
    assert line.get_color() == INK
    assert any("test loss" in text.get_text() for text in ax.texts)
    assert {"concept 1 learned", "concept 2 learned"} <= set(ax.get_legend_handles_labels()[1])


def test_the_shell_prints_the_numbers_of_the_library(tmp_path):
    result = type_in(EXAMPLE, *KNOWN, "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    clock = st.units.Clock(lr=0.01)
    curves = st.fit.curves(EXAMPLE, observed="target", mu=(1, 1.8), clock=clock)
    again = fit(curves, model="tied", until=140)
    assert str(again) in result.output
    assert str(predict(again)) in result.output
    record = json.loads((tmp_path / "out" / "fit.json").read_text())
    assert record["parameters"][0]["value"] == again["rate_1"].value
    assert record["data"]["clock"]["lr"] == 0.01
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "fit.json",
        "fit.png",
        "fit.svg",
    ]


def test_the_shell_bootstraps(tmp_path):
    words = [EXAMPLE, "--observed", "target", "--mu", "1,1.8", "--model", "tied", "--rows"]
    result = type_in(*words, "correlated", "--until", "200", "--bootstrap", "40")
    assert re.search(r"^ +intervals +bootstrap$", result.output, re.MULTILINE)
    assert "per step" in result.output


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["none.csv"], "does not exist"),
        ([EXAMPLE, "--model", "tide"], "did you mean tied"),
        ([EXAMPLE, "--mu", "one,two"], "--mu must be numbers"),
        ([EXAMPLE, "--columns", "shape"], "'shape', which is no column"),
        ([EXAMPLE, "--loss", "mean"], "needs --lr"),
        ([EXAMPLE, "--lr", "0.1", "--loss", "mean"], "`dim` is needed"),
        ([EXAMPLE, "--until", "20"], "not identified|do not identify"),
        ([EXAMPLE, "--bootstrap", "-1"], "Option --bootstrap"),
        ([EXAMPLE, "--bootstrap", "39"], "Option --bootstrap must be at least 40"),
        ([EXAMPLE, "--seed", "-1"], "--seed"),
    ],
)
def test_bad_input_is_answered_in_one_line(words, answer):
    result = type_in(*words)
    assert result.exit_code == 2
    assert re.search(answer, result.output.replace("\n", " "))
    assert "Traceback" not in result.output


def test_a_folder_that_cannot_be_written_is_answered(tmp_path):
    (tmp_path / "file").write_text("")
    result = type_in(EXAMPLE, *KNOWN, "--out", str(tmp_path / "file" / "out"))
    assert result.exit_code == 2
    assert "Cannot write" in result.output


def test_the_error_of_a_full_disk_names_the_path(tmp_path):
    (tmp_path / "fit.png.part").symlink_to("/dev/full")
    result = type_in(EXAMPLE, *KNOWN, "--out", str(tmp_path))
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert f"Cannot write {tmp_path / 'fit.png'}: No space left on device" in said
    assert not list(tmp_path.iterdir())


T = np.linspace(0.0, 9.0, 100)
LAYER = 1.0 - np.exp(-np.outer(T, [1.0, 0.4]))
MODES = st.analytic.tied.mode([1.0, 0.4], [0.01, 0.02], T).T


def noisy(clean):
    return clean + 0.005 * np.random.default_rng(0).standard_normal(clean.shape)


@pytest.fixture
def file(tmp_path):
    def write(values, header="step,size,colour"):
        path = tmp_path / "curves.csv"
        steps = (T / 0.01).round()
        rows = [",".join(f"{x:.5f}" for x in row) for row in np.column_stack([steps, values])]
        path.write_text("\n".join([header, *rows]) + "\n")
        return str(path)

    return write


def test_the_shell_says_that_a_model_is_wrong_and_exits_with_one(file):
    result = type_in(file(noisy(LAYER)), "--model", "tied", "--lr", "0.01", "--rows", "orthogonal")
    assert result.exit_code == 1
    assert "Warning: the tied model does not fit" in result.output
    assert "try model='one-layer'" in result.output
    right = type_in(file(noisy(LAYER)), "--model", "one-layer", "--lr", "0.01")
    assert right.exit_code == 0
    assert "Warning" not in right.output


def test_the_shell_prints_json(file):
    result = type_in(file(noisy(MODES)), "--lr", "0.01", "--json")
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert record["model"] == "untied"
    assert record["verdict"] == "fits"
    assert record["forecast"]["unit"] == "step"
    assert record["parameters"][0]["value"] == pytest.approx(1.0, rel=0.02)


def test_the_shell_refuses_per_cent(file):
    result = type_in(file(100 * noisy(MODES)))
    assert result.exit_code == 2
    assert "divide by 100" in " ".join(result.output.split())
