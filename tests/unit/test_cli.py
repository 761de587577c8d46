"""The command line: output, files, errors and exit status of every command."""

import csv
import json
import re
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

import simtheory as st
from simtheory import plot
from simtheory.cli import main
from simtheory.cli._group import COMMANDS

THREE = ["predict", "--mu", "1,1.5,2.2", "--sigma", "0.05"]


def type_in(*words):
    return CliRunner().invoke(main, list(words))


def test_predict_names_rate_pivot_and_times_of_every_concept():
    result = type_in(*THREE)
    assert result.exit_code == 0
    task = st.SIMTask(mu=(1, 1.5, 2.2), sigma=0.05)
    U0 = st.inits.uniform((3, 3), scale=0.1, rng=np.random.default_rng(0))
    for time in st.analytic.tied.learning_times(task, U0):
        assert f"{time:.4g}" in result.output
    assert ": 3 → 2 → 1\n" in result.output


def numbers(*words):
    result = type_in("predict", *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_predict_resolves_concepts_whose_rates_are_far_apart():
    """On a uniform grid of 1001 times the fast concept is learned within the first interval."""
    first, second = numbers("--mu", "1,50", "--sigma", "0.05")["concepts"]
    assert second["exact_flow"] == pytest.approx(0.00435, abs=5e-6)
    assert second["exact_flow"] == pytest.approx(second["predicted"], rel=0.01)
    assert first["exact_flow"] == pytest.approx(first["predicted"], rel=0.01)


@pytest.mark.parametrize(
    ("net", "flow", "rtol"),
    # The forms err by about the size of the start, a few hundredths; one layer's is exact, up to the straight line
    # within an interval in which a concept moves by .05: .05 / 4 of a hundredth of its time.
    [("tied", "tied", 0.05), ("untied", "untied", 0.05), ("one-layer", "one layer", 1e-4)],
)
def test_predict_of_every_net_agrees_with_its_flow(net, flow, rtol):
    found = numbers("--mu", "1,1.5,2.2", "--sigma", "0.05", "--net", net)
    assert found["net"].startswith(flow)
    assert found["order"] == [3, 2, 1]
    for concept in found["concepts"]:
        assert concept["predicted"] == pytest.approx(concept["exact_flow"], rel=rtol)


def test_predict_of_a_deep_net_is_that_of_its_flow():
    found = numbers(
        "--mu", "2", "--sigma", "0.05", "--net", "deep", "--depth", "4", "--scale", "0.5"
    )
    (concept,) = found["concepts"]
    assert concept["predicted"] == pytest.approx(concept["exact_flow"], rel=1e-4)
    shallow = numbers(
        "--mu", "2", "--sigma", "0.05", "--net", "deep", "--depth", "2", "--scale", "0.5"
    )
    assert abs(shallow["concepts"][0]["predicted"] / concept["predicted"] - 1) > 0.02


@pytest.mark.parametrize(("net", "factor"), [("tied", 2.0), ("untied", 1.0)])
def test_predict_answers_in_steps(net, factor):
    words = ("--mu", "1,2", "--sigma", "0.1", "--net", net)
    times, steps = numbers(*words), numbers(*words, "--lr", "0.01", "--loss", "sum")
    assert (times["unit"], steps["unit"]) == ("canonical time", "optimiser step")
    for before, after in zip(times["concepts"], steps["concepts"], strict=True):
        assert after["exact_flow"] == pytest.approx(before["exact_flow"] / (factor * 2 * 0.01))
    assert "learned at step" in type_in("predict", *words, "--lr", "0.01").output


def test_the_closed_form_is_printed_where_the_flow_fails():
    result = type_in("predict", "--mu", "1,2000", "--sigma", "0.05", "--net", "untied")
    assert result.exit_code == 1
    assert re.search(r"^2 +2000 +2e\+06 +1\.\d+e-06 +–$", result.output, flags=re.MULTILINE)
    assert "The exact flow stopped at t = " in result.output
    assert "--t-max" in result.output


def test_a_picture_has_the_plane_that_was_asked_for_and_time_on_a_logarithmic_axis(
    tmp_path, monkeypatch
):
    kept = []

    @contextmanager
    def keep(path, *, widths):
        kept[:] = np.ravel(Figure().subplots(1, len(widths)))
        yield kept

    monkeypatch.setattr(plot, "picture", keep)
    words = ("--sigma", "0.05", "--plot", str(tmp_path / "out.svg"), "--lr", "0.01")
    assert type_in("predict", "--mu", "1,2,9", "--concepts", "1,3", *words).exit_code == 0
    assert kept[1].get_ylabel() == "output along concept 3"
    assert [ax.get_xscale() for ax in kept] == ["log", "linear", "log"]
    assert [child.get_xlabel() for child in kept[0].child_axes] == ["optimiser step"]
    assert type_in("predict", "--mu", "1,2,2.5", *words).exit_code == 0
    assert kept[0].get_xscale() == "linear"


def test_predict_names_the_concept_that_a_narrow_start_cannot_learn():
    result = type_in("predict", "--mu", "1,2", "--sigma", "0.1", "--width", "1")
    assert result.exit_code == 0
    assert re.search(r"^1 .* never +not yet$", result.output, flags=re.MULTILINE)
    assert re.search(r"order of learning until t = \S+: 2$", result.output, flags=re.MULTILINE)


BUDGET = ["predict", "hierarchy", "--v", "8", "--m", "2", "--depth", "4"]


def test_predict_hierarchy_prints_the_strings_of_each_level():
    result = type_in(*BUDGET, "--strings", "100")
    assert result.exit_code == 0
    assert "100 strings reach level 3 of 4" in result.output
    answer = json.loads(type_in(*BUDGET, "--strings", "100", "--json").output)
    assert answer["law"][1:] == pytest.approx([21.33, 85.33, 341.33], abs=5e-3)
    assert answer["reached"] == 3
    assert answer["low"][0] is None
    assert answer["nets_measured"] == [False, True, True, True]
    other = json.loads(type_in(*BUDGET, "--seed", "1", "--json").output)
    assert other["law"] == answer["law"]
    assert other["grammar"][1:] != answer["grammar"][1:]
    assert other["reached"] is None
    assert "about 1e" in type_in(*BUDGET[:-1], "9").output


def test_predict_hierarchy_takes_a_grammar_and_draws(tmp_path):
    file = st.RandomHierarchy(v=8, m=2, L=4).grammar.save(tmp_path / "g.npz")
    picture = tmp_path / "budget.svg"
    result = type_in(
        "predict", "hierarchy", "--grammar", str(file), "--plot", str(picture), "--json"
    )
    assert result.exit_code == 0
    assert picture.read_text(encoding="utf-8").count("<path") > 10
    drawn = json.loads(type_in(*BUDGET, "--json").output)
    assert json.loads(result.stdout) == drawn


def test_predict_factorization_prints_the_examples_of_each_law():
    flags = ["predict", "factorization", "--side", "32", "--sigma", "1", "--accuracy", ".6"]
    result = type_in(*flags)
    assert result.exit_code == 0
    assert re.search(r"^random coverage +299 +nearest-random", result.output, flags=re.MULTILINE)
    answer = json.loads(type_in(*flags, "--json").output)
    assert {need["law"]: need["n"] for need in answer["needs"]} == {
        "random coverage": 299,
        "grid": 196,
        "two factors apart": 24,
        "connected": answer["needs"][3]["n"],
        "percolating": 123,
    }
    stripes = json.loads(type_in(*flags, "--shape", "stripes", "--json").output)
    assert stripes["theta"] is None
    refused = type_in(*flags, "--theta", "2")
    assert refused.exit_code == 2
    assert "Option --theta must lie in (0, 1)" in refused.output


def test_the_topic_of_a_prediction_may_be_left_out():
    flags = ["--mu", "1,2", "--sigma", "0.1"]
    assert type_in("predict", "identity", *flags).output == type_in("predict", *flags).output


def test_predict_reads_a_file_and_a_flag_overrides_it(tmp_path):
    file = tmp_path / "task.toml"
    file.write_text(
        '[task]\nmu = [1.0, 2.0]\nsigma = 0.1\n[init]\ninit = "correlated"\nscale = 0.1\n'
        "cosine = 0.5\n[time]\nt_max = 20.0\npoints = 101\n"
    )
    same = type_in("predict", "--mu", "1,2", "--sigma", "0.1", "--init", "correlated", "--scale", "0.1",
                   "--cosine", "0.5", "--t-max", "20", "--points", "101")  # fmt: skip
    assert type_in("predict", str(file)).output == same.output
    assert type_in("predict", str(file), "--cosine", "0.9").output != same.output


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    file = tmp_path / "task.toml"
    file.write_text("[task]\nmu = [1.0, 2.0]\nsigma = 0.1\n", encoding="utf-8-sig")
    assert (
        type_in("predict", str(file)).output
        == type_in("predict", "--mu", "1,2", "--sigma", "0.1").output
    )


def test_predict_writes_the_curves_of_its_table(tmp_path):
    table, picture = tmp_path / "out.csv", tmp_path / "out.png"
    result = type_in(*THREE, "--csv", str(table), "--plot", str(picture), "--points", "51")
    assert result.exit_code == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) == 51
    loss = np.array([float(r["exact_loss"]) for r in rows])
    task = st.SIMTask(mu=(1, 1.5, 2.2), sigma=0.05)
    U0 = st.inits.uniform((3, 3), scale=0.1, rng=np.random.default_rng(0))
    t = np.array([float(r["t"]) for r in rows])
    again = st.observe.loss(st.sim.solve(st.sim.Tied(), task, U0, t))
    # Twelve digits are printed, of the times too: their last digit moves the loss by 1e-11.
    np.testing.assert_allclose(loss, again, rtol=1e-9, atol=1e-12)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert {p.name for p in tmp_path.iterdir()} == {"out.csv", "out.png"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["predcit"], "did you mean predict"),
        (["predict"], "needs --mu and --sigma"),
        (["predict", "hierarch"], "did you mean hierarchy"),
        (["predict", "hierarchy", "--v", "8"], "--m, --depth are missing"),
        ([*BUDGET[:-1], "0"], "`L` must be a positive integer"),
        ([*BUDGET, "--m", "9"], "must be at most v**(s-1) = 8"),
        ([*BUDGET, "--m", "8"], "no number of strings is enough"),
        ([*BUDGET, "--strings=-1"], "Option --strings must be a positive number"),
        ([*BUDGET, "--plot", "x.gif"], ".png"),
        (["predict", "--mu", "1;2", "--sigma", "1"], "--mu must be numbers with commas"),
        (["predict", "--mu", "1,2", "--sigma=-1"], "Option --sigma must not be negative"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--dim", "1"], "Option --dim must be at least"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--weights", "0.5,0.6"], "must sum to 1"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--init", "unifrom"], "did you mean uniform"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--plot", "x.gif"], ".png"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--plot", "/no/such/place.png"], "does not exist"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--seed=-4"], "--seed"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--t-max=-4"], "Option --t-max must"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--scale", "3"], "W(0)"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--net", "ti"], "did you mean tied or untied"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--depth", "4"], "it needs --net deep"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--loss", "sum"], "it needs --lr"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--net", "untied", "--lr", "1", "--loss", "recurrence"], "Option --loss"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--net", "one-layer", "--width", "3"], "--width is of no use"),
        (["predict", "--mu", "1,2", "--sigma", "1", "--concepts", "1,3"], "--concepts must name two"),
        (["fit", "docs/curves.csv", "--lr=-1"], "Option --lr must be a positive number"),
        (["fit", "docs/curves.csv", "--confidence", "2"], "Option --confidence must lie in"),
        (["validate", "identity/nothing-like-it"], "unknown"),
        (["validate", "--budget", "huge"], "budget"),
        (["validate", "--device", "tpu"], "device"),
        (["validate", "--device", "gpu", "--out", "never"], "JAX finds no such device"),
    ],
)  # fmt: skip
def test_bad_input_gives_one_line_and_status_two(words, says):
    result = type_in(*words)
    assert result.exit_code == 2
    assert says in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(("flag", "name"), [("--plot", "out.svg"), ("--csv", "out.csv")])
def test_the_error_of_a_full_disk_names_the_path(tmp_path, flag, name):
    (tmp_path / f"{name}.part").symlink_to("/dev/full")
    result = type_in(*THREE, flag, str(tmp_path / name), "--points", "51")
    assert result.exit_code == 2
    said = " ".join(result.output.split())
    assert f"Cannot write {tmp_path / name}: No space left on device" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tusk]\nmu = 1", "tusk"),
        ("[task]\nmux = [1.0]", "did you mean mu"),
        ("mu = [1.0]", "mu"),
        ("[task", "no readable TOML"),
        ('[task]\nmu = ["a"]\nsigma = 1.0', "array of real numbers"),
    ],
)
def test_the_error_of_a_bad_file_names_the_place(tmp_path, text, says):
    file = tmp_path / "task.toml"
    file.write_text(text)
    result = type_in("predict", str(file))
    assert result.exit_code == 2
    assert says in result.output


def test_an_out_folder_that_holds_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    result = type_in("validate", "identity/figure-10-euler", "--out", str(tmp_path))
    assert result.exit_code == 2
    assert "holds something else" in " ".join(result.output.split())


def test_validate_prints_a_line_for_each_claim_and_the_path_of_the_page(tmp_path):
    out = tmp_path / "ledger"
    result = type_in(
        "validate", "identity/figure-10-euler", "identity/figure-10-failure", "--out", str(out)
    )
    assert result.exit_code == 0
    assert str(out / "index.html") in result.output
    assert result.output.count("✓") == 2
    assert "disagrees" in result.output
    names = {p.name for p in out.iterdir()}
    assert names == {
        "index.html",
        "records.json",
        "manifest.json",
        "identity-figure-10-euler.svg",
        "identity-figure-10-failure.svg",
    }


def test_claims_lists_every_claim():
    result = type_in("claims")
    assert result.exit_code == 0
    assert all(claim.id in result.output for claim in st.validation.claims())


def test_versions_names_what_results_depend_on():
    result = type_in("versions")
    assert "numpy" in result.output
    assert np.__version__ in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_begins_with_its_line_in_the_list(command):
    assert COMMANDS[command][1] in " ".join(type_in(command, "--help").output.split())


def test_help_loads_no_command():
    code = (
        "import sys, click.testing; from simtheory.cli import main;"
        "click.testing.CliRunner().invoke(main, ['--help']); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"scipy", "numba", "matplotlib", "jax"} & set(loaded.stdout.split())


def test_the_console_script_is_installed():
    process = subprocess.run(
        [sys.executable, "-m", "simtheory", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert st.__version__ in process.stdout


def test_commands_that_print_numbers_print_json_on_request(tmp_path):
    numbers = json.loads(type_in("versions", "--json").output)
    assert numbers["numpy"] == np.__version__
    listed = json.loads(type_in("claims", "--json").output)
    assert {one["id"] for one in listed} == {claim.id for claim in st.validation.claims()}
    assert all(len(one["band"]) == 2 for one in listed)
    kept = json.loads(type_in("cache", "info", "--json").output)
    assert set(kept) == {"folders", "files", "bytes"}
    compiled = json.loads(type_in("warmup", "--json").output)
    assert compiled["seconds"]
    assert all(seconds >= 0.0 for seconds in compiled["seconds"].values())
    claim = "identity/figure-10-failure"
    tested = type_in("validate", claim, "--json", "--out", str(tmp_path / "ledger"))
    found = json.loads(tested.stdout)
    assert tested.exit_code == 0
    assert [(one["id"], one["as_expected"]) for one in found["records"]] == [(claim, True)]
    assert found["page"].endswith("index.html")


def test_errors_of_sweeps_and_of_the_ledger_speak_of_flags(tmp_path):
    assert "Option --budget is 'huge'" in type_in("validate", "--budget", "huge").output
    spec = tmp_path / "s.toml"
    spec.write_text(
        'measure = ["loss"]\n[task]\nmu = [1.0, "b"]\nsigma = 0.1\n[axes]\nb = [1.0, 2.0]\n'
        "[time]\nt_max = 1.0\npoints = 5\n",
        encoding="utf-8",
    )
    done = type_in("sweep", str(spec), "--out", str(tmp_path / "s.zarr"))
    assert done.exit_code == 0, done.output
    wrong = type_in("sweep", "plot", str(tmp_path / "s.zarr"), "--x", "a")
    assert wrong.exit_code == 2
    assert "Option --x is 'a', which is unknown" in wrong.output


def test_json_has_null_for_what_is_not_finite():
    from simtheory.cli._json import _plain

    assert _plain({"a": np.array([1.0, np.nan]), 2: (float("inf"), 3)}) == {
        "a": [1.0, None],
        "2": [None, 3],
    }


def completed(words, begun):
    import os

    variables = os.environ | {
        "_SIMTHEORY_COMPLETE": "bash_complete",
        "COMP_WORDS": f"simtheory {words}",
        "COMP_CWORD": str(len(words.split()) + (not begun)),
    }
    done = subprocess.run(
        [sys.executable, "-m", "simtheory"],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return {line.partition(",")[2] for line in done.stdout.splitlines()}


def test_a_shell_completes_commands_and_claim_ids():
    assert completed("ver", "ver") == {"versions"}
    begun = "identity/swing"
    found = completed(f"validate {begun}", begun)
    assert found == {c.id for c in st.validation.claims() if c.id.startswith(begun)}
    assert found


SLOW = ("jax", "matplotlib", "numba", "scipy.linalg", "scipy.special", "sympy")


def processor_seconds(code, *words):
    """The processor time of a fresh interpreter that runs `code`, and the modules that it loads."""
    tail = "\nprint(time.process_time(), *sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, time\n{code}{tail}", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, *modules = done.stderr.split()
    return float(seconds), set(modules)


@pytest.mark.parametrize("words", [["versions"], ["claims"]])
def test_short_commands_load_no_slow_library(words):
    code = (
        "from simtheory.cli import main; sys.argv = ['simtheory', *sys.argv[1:]]\n"
        "try: main()\nexcept SystemExit: pass"
    )
    seconds, modules = processor_seconds(code, *words)
    assert not modules & set(SLOW)
    assert seconds < processor_seconds(f"import {', '.join(SLOW)}")[0]
