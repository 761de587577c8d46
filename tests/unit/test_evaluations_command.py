"""The command on own evaluations, and how often its verdicts err."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure

import simtheory as st
from simtheory.cli import main
from tests.unit.evaluation_logs import SIX, half_time, log


def test_the_command_answers_six_lines(write, tmp_path):
    train = write('train = ["00", "10", "01"]\n', "classes.toml")
    out = tmp_path / "report"
    ran = CliRunner().invoke(
        main, ["assess", "evaluations", str(write(SIX)), "--train", str(train), "--out", str(out)]
    )
    assert ran.exit_code == 0, ran.output
    for word in ("Product law: product.", "Order:", "Sharpness:", "Times to 50%", "One seed"):
        assert word in ran.output
    assert max(map(len, ran.output.splitlines()[:-1])) <= 80
    found = json.loads((out / "emergence.json").read_text(), parse_constant=pytest.fail)
    assert found["product_law"]["verdict"] == "product"
    assert found["product_law"]["interval"] is None
    assert found["times"]["median"][1] == pytest.approx(243.18, abs=0.01)
    page_text = (out / "index.html").read_text()
    assert "Product law: product." in page_text
    assert page_text.count("<img") == 3
    assert "<td>10</td>" in page_text
    assert "<pre" not in page_text
    assert 'src="http' not in page_text
    assert {path.name for path in out.glob("*.svg")} == {"class_1.svg", "class_2.svg", "times.svg"}


def test_what_is_never_learned_is_null_with_a_flag(write, tmp_path):
    path = write(SIX.replace(".75", ".45").replace(".88,.85", ".65,.69"))
    ran = CliRunner().invoke(main, ["assess", "evaluations", str(path), "--json"])
    found = json.loads(ran.output, parse_constant=pytest.fail)
    assert found["times"]["median"][1] is None
    assert found["times"]["never"] == [False, True]
    assert found["times"]["censored"] == [[False, True]]


def test_the_command_says_what_is_wrong_in_a_line(write):
    ran = CliRunner().invoke(main, ["assess", "evaluations", str(write(SIX)), "--level", "1.5"])
    assert ran.exit_code == 2
    assert "Option --level must lie in (0, 1), but it is 1.5" in ran.output


def test_the_command_tells_prompts_apart(write):
    rows = ["step,seed,class,strength,shape,size,joint,n"]
    for step in range(1, 21):
        for strength, late in ((1, 15), (2, 5), (3, 8)):
            q = 1.0 / (1.0 + np.exp(late - step))
            rows.append(f"{step},0,11,{strength},{q:.6f},1,{q:.6f},128")
    ran = CliRunner().invoke(main, ["assess", "evaluations", str(write("\n".join(rows)))])
    assert ran.exit_code == 0, ran.output
    assert "the best prompt passes where the plain one fails" in " ".join(ran.output.split())
    bare = [
        row.rpartition(",")[0] for row in rows
    ]  # without n there is no noise to tell prompts apart
    ran = CliRunner().invoke(main, ["assess", "evaluations", str(write("\n".join(bare)))])
    assert ran.exit_code == 0, ran.output
    assert "Hidden capabilities: not tested, because the number" in " ".join(ran.output.split())


def test_the_command_reads_json_lines(tmp_path):
    lines = [
        json.dumps({"tag": tag, "correct": k < right, "prompt": "a photo"})
        for tag, right in (("two_object", 80), ("colors", 90), ("color_attr", 20), ("counting", 3))
        for k in range(100)
    ]
    (tmp_path / "results.jsonl").write_text("\n".join(lines))
    joint = "color_attr = two_object * colors^2"
    command = ["assess", "evaluations", str(tmp_path / "results.jsonl"), "--joint", joint]
    ran = CliRunner().invoke(main, command)
    assert ran.exit_code == 0, ran.output
    assert "Product law: neither." in ran.output
    assert "One step: no times" in ran.output


# -- pictures --------------------------------------------------------------------------------


def test_the_picture_of_times_shows_intervals_whole_or_with_an_arrow():
    times = np.array([[100.0, 180.0, 200.0], [140.0, 200.0, 200.0]])
    found = st.assess.EmergenceTimes(
        classes=("00", "10", "11"),
        seeds=("0", "1"),
        times=times,
        censored=np.array([[False, False, True], [False, True, True]]),
        at_start=np.zeros((2, 3), dtype=bool),
        median=np.array([120.0, 190.0, np.inf]),
        interval=np.array([[40.0, 350.0], [150.0, 9000.0], [200.0, np.inf]]),
        level=0.5,
        hold=3,
    )
    steps = np.array([0.0, 210.0, 5000.0])
    ax = st.plot.emergence_times(found, expected=steps, ax=Figure().subplots())
    left, right = ax.get_xlim()
    bars = {
        line.get_ydata()[0]: line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2
    }
    arrows = [line.get_ydata()[0] for line in ax.lines if line.get_marker() == ">"]
    assert list(bars[0]) == [40.0, 350.0]  # beyond the last evaluation, and whole
    assert left < 0.0
    assert 350.0 < right < 600.0
    assert list(bars[1]) == [150.0, right]
    assert list(bars[2]) == [200.0, right]
    assert arrows == [1, 2]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "4"] == [right]


def test_the_picture_of_many_times_names_some_classes():
    p = 64
    found = st.assess.EmergenceTimes(
        classes=tuple(f"{k:06b}" for k in range(p)),
        seeds=("0",),
        times=np.arange(1.0, p + 1.0)[None],
        censored=np.zeros((1, p), dtype=bool),
        at_start=np.zeros((1, p), dtype=bool),
        median=np.arange(1.0, p + 1.0),
        interval=np.full((p, 2), np.nan),
        level=0.5,
        hold=3,
    )
    ax = st.plot.emergence_times(found, ax=Figure().subplots())
    assert [word.get_text() for word in ax.texts] == [f"{k:06b}" for k in range(0, p, 4)]
    assert sum(line.get_marker() == "d" for line in ax.lines) == p


# -- rates of errors --------------------------------------------------------------------------


@pytest.mark.slow
def test_intervals_cover_and_verdicts_err_rarely():
    rng = np.random.default_rng(7)
    truth, runs = half_time(), 500
    held, covered, wrong = 0, [], {0.0: 0, 1.0: 0}
    for k in range(runs):
        together = float(k % 2)
        acc, gap = log(
            rng, seeds=int(rng.choice([3, 5, 8])), steps=12, samples=32, together=together
        )
        law = st.assess.product_law(acc)
        held += law.interval[0] <= gap.mean() <= law.interval[1]
        wrong[together] += law.verdict == ("product" if together else "weakest link")
        if not together:
            ends = st.assess.emergence_times(acc).interval
            covered.append((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
    assert 0.92 <= held / runs <= 0.98
    assert 0.92 <= np.mean(covered) <= 0.98
    assert max(wrong.values()) <= 0.05 * runs / 2


@pytest.mark.slow
def test_a_table_of_samples_is_never_held_as_a_whole(write):
    import tracemalloc

    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (200_000, 3))
    rows = (
        f"{k // 1000},0,{k % 8:03b},{k % 1000},{a},{b},{c}"
        for k, (a, b, c) in enumerate(bits.tolist())
    )
    path = write("step,seed,class,sample,shape,size,colour\n" + "\n".join(rows))
    tracemalloc.start()
    acc = st.assess.accuracies(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.nansum(acc.counts) == 200_000
    assert np.nansum(acc.counts * acc.joint) == bits.all(axis=1).sum()
    # 12 bytes a row find samples that stand twice, some copies of them; a row as text takes 400
    assert peak < 20e6


@pytest.mark.slow
def test_a_run_trained_here_is_read():
    from simtheory.validation import diffusion

    run = diffusion.train(
        diffusion.MLPDenoiser(16),
        diffusion.ConceptVectors(st.ConceptGraph.star(2, sigma=0.2)),
        steps=200,
        lr=0.05,
        seeds=2,
        looks=5,
        draws=32,
        prompts=[[0, 0], [1, 0], [0, 1], [1, 1], [1, 2.5]],
    )
    acc = st.assess.accuracies(run)
    assert (acc.joint[..., [0, 2, 1, 3]] == run.joint[..., :4]).all()
    assert acc.distances.tolist() == [0, 0, 0, 1]
    assert acc.ceiling == pytest.approx(0.98762, abs=1e-5)  # Φ(2.5)²
    assert st.assess.overview(acc).hidden is not None
