"""The figures' scripts: whole, listed, and with records that can be made again."""

import json
from pathlib import Path

import numpy as np
import pytest

import simtheory as st
from simtheory.tasks import yang2024

FOLDER = Path(__file__).parents[2] / "validation"
SHARED = {"common.py", "trained_nets.py"}
SCRIPTS = sorted(p for p in FOLDER.glob("*.py") if p.name not in SHARED)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.stem)
def test_every_script_has_its_record_its_figure_and_its_line(script):
    record = json.loads(script.with_suffix(".json").read_text(encoding="utf-8"))
    assert {"simtheory", "numpy", "jax"} <= set(record["versions"])
    assert "seeds" in str(record)
    pages = "".join(p.read_text(encoding="utf-8") for p in (FOLDER.parent / "docs").glob("*.md"))
    figures = list(FOLDER.glob(f"{script.stem}*.svg"))
    assert figures
    assert all(f"../validation/{figure.name}" in pages for figure in figures)
    assert f"`{script.name}`" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("figure", "setup"), [("05", yang2024.figure_5), ("08", yang2024.figure_8)]
)
@pytest.mark.parametrize("convention", ["stated", "released"])
def test_the_flow_of_a_record_comes_out_again(figure, setup, convention):
    record = json.loads((FOLDER / f"yang2024_figure_{figure}.json").read_text(encoding="utf-8"))
    kept = record[f"as {convention}"]
    run = setup(convention=convention)
    U0 = st.inits.torch_uniform(run.shape, scale=run.init_scale, seed=run.seed)
    t = np.linspace(0.0, 1.5 * max(kept["learning_times"]["flow"]), 4001)
    flow = st.sim.solve(st.sim.Tied(), run.task, U0, t)
    # the record has six digits, and its grid of times was another: half a step, squared
    times = st.observe.learning_times(flow)
    assert np.allclose(times, kept["learning_times"]["flow"], rtol=1e-4)
    assert not np.allclose(times, kept["learning_times"]["diagonal alone"], rtol=1e-3)
    rise = st.observe.largest_rise(flow)
    assert rise == pytest.approx(kept["largest_rise"]["flow"], rel=1e-3)


def test_the_record_of_figure_10_tells_the_failure_from_the_flow():
    record = json.loads((FOLDER / "yang2024_figure_10.json").read_text(encoding="utf-8"))
    kept = record["as released"]
    assert kept["released loop leaves the positive cone at t"] < 0.4
    assert kept["released loop, w_11 at t = 100"] < 0 < kept["flow, w_11 at t = 100 and 400"][0]
    assert kept["flow, w_11 at t = 100 and 400"][1] > 0.999
    assert kept["learning_times"]["flow"][0] == pytest.approx(144.0, abs=0.1)


def test_a_picture_of_rows_gives_its_axes_row_by_row(tmp_path):
    with st.plot.picture(tmp_path / "a.svg", widths=(1.0, 2.0), rows=3) as axes:
        assert len(axes) == 6
        tops = [ax.get_position().y1 for ax in axes]
        assert tops[0] == tops[1] > tops[2] == tops[3] > tops[4]


def test_a_picture_drawn_again_is_the_same_file(tmp_path):
    for kind in ("svg", "pdf", "png"):
        drawn = []
        for name in ("a", "b"):
            with st.plot.picture(tmp_path / f"{name}.{kind}") as axes:
                axes[0].plot([0.0, 1.0], [0.0, 1.0], "o-", label="a line")
                axes[0].fill_between([0.0, 1.0], [0.0, 1.0], [1.0, 2.0])
                axes[0].legend()
            drawn.append((tmp_path / f"{name}.{kind}").read_bytes())
        assert drawn[0] == drawn[1], kind
