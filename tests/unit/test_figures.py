"""The figures' scripts: complete, on the page, on the public face, and with records that can be made again."""

import ast
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import simtheory as st
from simtheory.tasks import yang2024
from validation.common import found, introduction

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "validation"
FIGURES = found()
SCRIPT = """\"\"\"A circle.\"\"\"
from validation.common import Figure
FIGURE = Figure(__file__, section="Round", title="Circle", alt="A circle", caption=str(1 / 0))
"""


@pytest.fixture(scope="module")
def extension():
    spec = importlib.util.spec_from_file_location("figures_page", ROOT / "docs/_ext/figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def page(extension):
    return extension.page


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f"{f.topic}/{f.name}")
def test_every_figure_has_its_record_and_its_picture(figure):
    record = json.loads(figure.record.read_text(encoding="utf-8"))
    assert {"simtheory", "numpy", "jax"} <= set(record["versions"])
    assert "seeds" in str(record)
    assert figure.picture.read_text(encoding="utf-8").startswith("<?xml")
    assert figure.title
    assert figure.alt
    assert figure.text


def test_every_record_and_picture_belongs_to_a_figure():
    files = {
        path.with_suffix("") for kind in ("json", "svg") for path in FOLDER.glob(f"*/*.{kind}")
    }
    assert files == {figure.record.with_suffix("") for figure in FIGURES}


def test_figures_differ_in_the_first_words_of_title_and_text():
    for texts in ([f.title for f in FIGURES], [f.text.splitlines()[0] for f in FIGURES]):
        assert len({text[:30] for text in texts}) == len(texts)


def test_the_page_shows_every_figure_once(page):
    lines = page(FIGURES, ["identity"], docs=ROOT / "docs")
    for figure in FIGURES:
        path = f"../validation/{figure.topic}/{figure.name}.svg"
        assert lines.count(f"```{{figure}} {path}") == 1
    headings = [line for line in lines if line.startswith("## ")]
    assert headings[0] == f"## {introduction('identity')[0]}"
    assert len(headings) == len({figure.topic for figure in FIGURES})


def test_a_new_script_is_found_and_shown_without_a_list(tmp_path, page):
    (tmp_path / "shapes").mkdir()
    (tmp_path / "shapes" / "__init__.py").write_text('"""Shapes.\n\nRound ones.\n"""\n')
    (tmp_path / "shapes" / "circle.py").write_text(SCRIPT)
    (tmp_path / "shapes" / "shared.py").write_text('"""No figure."""\n')
    (figure,) = found(tmp_path)
    assert (figure.topic, figure.name, figure.title) == ("shapes", "circle", "Circle")
    lines = page([figure], [], docs=tmp_path)
    assert lines[:3] == ["## Shapes", "", "Round ones."]
    assert "```{figure} shapes/circle.svg" in lines
    assert "### Round" in lines


def test_a_title_that_only_a_run_can_give_is_refused(tmp_path):
    (tmp_path / "shapes").mkdir()
    (tmp_path / "shapes" / "circle.py").write_text(SCRIPT.replace('"Circle"', "name()"))
    with pytest.raises(
        ValueError, match=r"title, alt and section of FIGURE in .* must be literals"
    ):
        found(tmp_path)


@pytest.mark.parametrize("script", sorted(FOLDER.rglob("*.py")), ids=lambda p: p.stem)
def test_scripts_import_the_public_face_only(script):
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.module.startswith("simtheory"), node.module
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("simtheory.") for alias in node.names)
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_") or node.attr.startswith("__"), node.attr


@pytest.mark.parametrize(
    ("figure", "setup"), [("05", yang2024.figure_5), ("08", yang2024.figure_8)]
)
@pytest.mark.parametrize("convention", ["stated", "released"])
def test_the_flow_of_a_record_comes_out_again(figure, setup, convention):
    record = json.loads(
        (FOLDER / f"identity/yang2024_figure_{figure}.json").read_text(encoding="utf-8")
    )
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
    record = json.loads((FOLDER / "identity/yang2024_figure_10.json").read_text(encoding="utf-8"))
    kept = record["as released"]
    assert kept["released loop leaves the positive cone at t"] < 0.4
    assert kept["released loop, w_11 at t = 100"] < 0 < kept["flow, w_11 at t = 100 and 400"][0]
    assert kept["flow, w_11 at t = 100 and 400"][1] > 0.999
    assert kept["learning_times"]["flow"][0] == pytest.approx(144.0, abs=0.1)


@pytest.mark.parametrize("ratio", [0.2, 0.5])
def test_the_record_of_the_forms_errors_has_the_powers_of_the_theory(ratio):
    record = json.loads((FOLDER / "identity/closed_form_errors.json").read_text(encoding="utf-8"))
    powers = {
        form: numbers["power of the size, up to 1e-3"]
        for form, numbers in record[f"ratio {ratio:g}"].items()
    }
    # the error of the pivots is O(size^(1 - ratio)); the next order bends the fitted power by 0.02
    assert powers["LDL-logit"] == pytest.approx(1.0 - ratio, abs=0.03)
    assert powers["Schur complements"] == pytest.approx(1.0 - ratio, abs=0.03)
    assert abs(powers["first order"]) < 0.01  # of order one at every size
    scale = record["first order, size 1e-05"]["error over squared cosine, cosines below 0.1"]
    assert scale == pytest.approx(0.25, abs=0.01)


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


def test_pictures_of_cells_are_described_by_their_axes_and_curves(extension):
    source = 'plt.style.use(st.plot.style())\nst.plot.concept_space(run)\naxes.plot(n, f, label="one chain")'
    source += '\naxes.set(xlabel="number of examples", ylabel="probability"); axes.plot(n, g, label="one chain")'
    assert extension.described("One factor", source) == (
        "One factor: concept space, one chain, number of examples, probability"
    )
    assert extension.described("One factor", "axes.plot(n, f)") == "One factor"
