"""The command that predicts which mode of a linear map is learned when."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner

from simtheory.analytic import deep, untied
from simtheory.cli import main
from simtheory.tasks import saxe2019


def answered(*flags):
    """Run the command, and return what it printed."""
    return CliRunner().invoke(main, ["predict", "linear", *map(str, flags)])


def numbers(*flags):
    """Run the command, and return its modes."""
    said = answered(*flags, "--json")
    assert said.exit_code == 0, said.output
    return json.loads(said.output)["modes"]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_times_are_the_theorys_and_the_flow_bears_them_out(depth):
    found = numbers("--branching", "2,2", "--depth", depth, "--start", 0.02)
    wanted = deep.aligned_times(saxe2019.hierarchy(), 0.02, depth=depth)
    np.testing.assert_allclose([m["predicted"] for m in found], wanted, rtol=1e-15)
    # straight lines between points of a grid that is 200 times finer than the time
    np.testing.assert_allclose([m["exact_flow"] for m in found], wanted, rtol=1e-4)
    if depth > 1:  # a net of one layer learns all modes of equal rates together
        assert np.ptp(wanted) > 0.1 * wanted.max()


def test_imbalanced_layers_and_steps():
    modes = saxe2019.hierarchy().modes()
    found = numbers("--branching", "2,2", "--imbalance", -0.5, "--lr", 0.01)
    wanted = untied.imbalanced_time(
        modes.rates * modes.strengths, 0.01 / modes.strengths, imbalance=-0.5 / modes.strengths
    )
    np.testing.assert_allclose([m["predicted"] for m in found], 100 * wanted, rtol=1e-12)
    np.testing.assert_allclose([m["exact_flow"] for m in found], 100 * wanted, rtol=1e-4)


def test_a_map_comes_from_data_and_from_moments(tmp_path):
    x = np.sqrt(2) * np.array([[1.0, 0.0], [0.0, 1.0]])
    np.savez(tmp_path / "pairs.npz", x=x, y=x @ np.diag([3.0, 1.0]))
    moments = tmp_path / "moments.toml"
    moments.write_text("second_moment = [[1, 0], [0, 1]]\ncross_moment = [[3, 0], [0, 1]]\n")
    teacher = tmp_path / "teacher.toml"
    teacher.write_text("teacher = [[3.0, 0.0], [0.0, 1.0]]\n")
    found = [numbers(path) for path in (tmp_path / "pairs.npz", moments, teacher)]
    for modes in found[1:]:
        for ours, first in zip(modes, found[0], strict=True):
            assert ours == pytest.approx(first, rel=1e-9)
    assert [mode["strength"] for mode in found[0]] == pytest.approx([3.0, 1.0])
    said = answered(teacher, "--plot", tmp_path / "modes.png").output
    assert "LinearTask(outputs=2, inputs=2, rank=2), 2 layers along its modes" in said
    assert (tmp_path / "modes.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("text", "flags", "why"),
    [
        (None, [], "needs a file, or --branching"),
        ("teacher = [[1, 0]]", ["--branching", "2"], "needs a file, or --branching"),
        (None, ["--branching", "2,x"], "whole numbers with commas"),
        (None, ["--branching", "2", "--depth", 3, "--imbalance", 1], "is of two layers"),
        (None, ["--branching", "2", "--start", 9], "between 0 and its strength"),
        (None, ["--branching", "2", "--level", 1.5], r"Option --level must lie in \(0, 1\)"),
        ("teacher = [[1, 0], [0, 2]]\nsecond_moment = [[1, 0.5], [0.5, 1]]", [], "Modes need a teacher"),
        ("cross_moment = [[1]]", [], "`second_moment` beside `cross_moment`"),
        ("teachers = [[1]]", [], "did you mean teacher"),
        ("teacher = [[1", [], "no readable TOML"),
    ],
)  # fmt: skip
def test_what_theory_or_the_command_refuses(text, flags, why, tmp_path):
    path = tmp_path / "task.toml"
    if text is not None:
        path.write_text(text)
    said = answered(*([path] if text is not None else []), *flags)
    assert said.exit_code == 2
    found = " ".join(said.output.split())
    assert re.search(why, found), found


def test_a_file_that_holds_no_pairs(tmp_path):
    path = tmp_path / "pairs.npz"
    path.write_bytes(b"PK\x03\x04 broken")
    assert "as NPZ" in answered(path).output
    np.savez(path, x=np.eye(2))
    assert "must hold the arrays x and y" in answered(path).output
