"""Pictures of the explorer without a page: ranges, text, errors, and the code that makes the same numbers."""

import numpy as np
import pytest

from simtheory import explore
from simtheory.errors import ArgumentError
from simtheory.explore.model import topic_of
from tests.explored import assert_makes, executed

CASES = {
    "identity": [
        {},
        {"mu": (1.3,), "sigma": 0.2, "width": 5, "seed": 3},
        {
            "mu": (1.0, 1.5, 2.2, 0.7),
            "width": 4,
            "start": "correlated",
            "cosine": 0.3,
            "scale": 0.02,
        },
    ],
    "composition": [
        {},
        {"first": (0.5, 2.0), "weights": (2.0, 0.5), "gamma": 0.5, "level": 30.0},
        {"split": 3.0, "second": (0.5, 2.0)},
    ],
    "hierarchy": [{}, {"v": 6, "m": 4, "s": 2, "L": 3}, {"v": 5, "m": 2, "s": 3}],
    "percolation": [{}, {"side": 16, "tolerance": 0.5, "theta": 0.01}],
    "emergence": [
        {},
        {"learner": "lazy net", "rho": 0.4, "mu": (1.0, 1.0)},
        {"learner": "diffusion model", "gain": 2.0},
    ],
    "denoiser": [{}, {"net": "one layer", "variances": (0.3, 30.0), "start": 0.05}],
}


@pytest.mark.parametrize(
    ("topic", "values"),
    [(topic, values) for topic, cases in CASES.items() for values in cases],
)
def test_the_code_makes_the_numbers_of_the_picture(topic, values, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shown = explore.picture(topic, values=values)
    assert len(shown.code.splitlines()) <= 17
    assert all(len(line) <= 110 for line in shown.code.splitlines())
    assert_makes(shown, executed(shown.code))
    assert capsys.readouterr().out
    assert str(shown) == shown.code


def test_other_numbers_are_told_apart(tmp_path, monkeypatch):
    """The comparison would notice a picture that does not follow its controls."""
    monkeypatch.chdir(tmp_path)
    still = explore.picture("identity")
    moved = explore.picture("identity", values={"sigma": 0.05 + 1e-6})
    with pytest.raises(AssertionError):
        assert_makes(still, executed(moved.code))


@pytest.mark.parametrize("topic", explore.TOPICS)
def test_controls_start_in_their_ranges_and_read_what_they_show(topic):
    for control in topic_of(topic).controls:
        assert control.check(control.start) == control.start
        if not hasattr(control, "sliders"):
            continue
        assert control.read(control.text(control.start)) == control.start
        for place, slider in enumerate(control.sliders(control.start)):
            assert slider.low <= slider.position <= slider.high
            for end in (slider.low, slider.high):
                moved = control.moved(control.start, place, end)
                assert control.check(moved) == moved
                assert control.sliders(moved)[place].position == pytest.approx(end)


@pytest.mark.parametrize("topic", explore.TOPICS)
def test_every_control_says_what_it_refuses(topic):
    for control in topic_of(topic).controls:
        with pytest.raises(ArgumentError, match=rf"`{control.name}`"):
            explore.picture(topic, values={control.name: object()})
        if hasattr(control, "sliders"):
            for wrong in ("a lot", "nan", "1e300", ""):
                with pytest.raises(ArgumentError, match=rf"`{control.name}` must"):
                    control.read(wrong)


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(ArgumentError, match="identity"):
        explore.picture("identiti")
    with pytest.raises(ArgumentError, match="did you mean sigma"):
        explore.picture("identity", values={"sigmas": 1.0})
    with pytest.raises(ArgumentError, match="identity"):
        explore.Explorer("identiti")


def test_what_theory_refuses_is_an_error_of_one_line():
    with pytest.raises(ArgumentError, match="`width` must be at least 3"):
        explore.picture("identity", values={"width": 1, "start": "correlated"})


@pytest.mark.parametrize(
    ("head", "rows", "chart"),
    [
        ("t,loss", [[0, 5.0], [2, 1.0], [4, 0.5]], "Test loss"),
        ("step,a,b", [[0, 0.1, 0.1], [100, 0.2, 0.8], [400, 0.9, 1.0]], "Entries of W"),
    ],
)
def test_your_curves_lie_over_the_theory(head, rows, chart, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [head, *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "runs.csv").write_text("\n".join(lines))
    values = {"mu": (1.0, 1.8), "curves": "runs.csv", "lr": 0.02}
    shown = explore.picture("identity", values=values)
    (found,) = [each for each in shown.charts if each.title == chart]
    yours = [line for line in found.lines if line.name.startswith("yours")]
    assert len(yours) == head.count(",")
    # A tied net runs through 2 lr of canonical time a step.
    scale = 2 * 0.02 if head.startswith("step") else 1.0
    assert np.allclose(yours[0].x, scale * np.array(rows)[:, 0], rtol=1e-15)
    assert np.array_equal(yours[0].y, np.array(rows)[:, 1])
    assert_makes(shown, executed(shown.code))


def test_curves_that_do_not_fit_are_refused(tmp_path):
    runs = tmp_path / "runs.csv"
    runs.write_text("step,a,b\n0,.1,.1\n9,.9,.9\n")
    with pytest.raises(ArgumentError, match="a column for each of the 3 concepts"):
        explore.picture("identity", values={"curves": runs})
    runs.write_text("epoch,loss\n0,3\n9,.9\n")
    with pytest.raises(ArgumentError, match="epoch"):
        explore.picture("identity", values={"curves": runs})
