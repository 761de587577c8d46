"""Laws of accuracy told apart on drawn data, with reaches and their errors; tables that are refused."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from simtheory import assess
from simtheory.assess.accuracy._candidates import clustered
from simtheory.cli import main
from simtheory.errors import ArgumentError, FitError, ShapeError
from simtheory.sim import percolation

SIDE = 16.0
N, SIGMA, SEED = (
    each.ravel().astype(float)
    for each in np.meshgrid([20, 32, 50, 80, 120], [0.7, 1.4, 2.8], range(3), indexing="ij")
)
LAWS = {
    "coverage": 1 - np.exp(-N * np.pi * 1.3**2 / SIDE**2),
    "scaled coverage": 1 - np.exp(-N * np.pi * (1.37 * SIGMA**0.33) ** 2 / SIDE**2),
    "factorised": (1 - np.exp(-2 * N * 0.4 / SIDE)) ** 2,
    "percolation": clustered(N, SIDE / (1.8 * SIGMA)),
    "weibull": 1 - np.exp(-((N * np.pi * (1.37 * SIGMA**0.27) ** 2 / SIDE**2) ** 1.5)),
}


def drawn(p, seed=0, asked=400):
    right = np.random.default_rng(seed).binomial(asked, np.clip(p, 0, 1))
    full = np.full_like(N, asked)
    return {
        "n": N,
        "right": right,
        "asked": full,
        "sigma": SIGMA,
        "side": 0 * N + SIDE,
        "seed": SEED,
    }


@pytest.mark.parametrize("name", LAWS)
def test_each_law_is_found_on_its_own_draws(name):
    found = assess.laws(drawn(LAWS[name]))
    assert found.best.name == name
    assert found.best.fits
    assert len(found.table) == 5
    nested = {"coverage": {"scaled coverage", "weibull"}, "scaled coverage": {"weibull"}}
    others = [law for law in found.table[1:] if law.name not in nested.get(name, set())]
    assert min(law.aic for law in others) > found.best.aic + 10  # rivals fail
    assert not any(law.fits for law in others if law.name in ("coverage", "percolation"))


@pytest.mark.slow
def test_reach_exponent_and_shape_have_honest_intervals():
    found = assess.laws(drawn(LAWS["weibull"])).best
    reach, exponent, shape = found.parameters
    for each, true in ((reach, 1.37), (exponent, 0.27), (shape, 1.5)):
        assert each.low < each.value < each.high
        assert abs(each.value - true) < 2 * (each.high - each.low) / 3.92 + 1e-9
    assert reach.high - reach.low < 0.05
    held = 0
    for seed in range(40):
        reach = assess.laws(drawn(LAWS["coverage"], seed), laws="coverage").best.reach
        held += reach.low <= 1.3 <= reach.high
    assert 33 <= held <= 40  # of 40 intervals of 95 %


def test_spread_over_seeds_widens_intervals_and_spares_the_law():
    rng = np.random.default_rng(1)
    size = 400
    p = np.clip(LAWS["coverage"], 0.02, 0.98)
    shaken = rng.beta(30 * p, 30 * (1 - p))  # overdispersion 1 + 399/31 = 13.9
    table = drawn(shaken, asked=size)
    wide = assess.laws(table, laws="coverage")
    assert 7 < wide.dispersion < 20
    assert wide.repeats > 20
    assert wide.best.fits
    narrow = assess.laws({**table, "seed": np.arange(len(N))}, laws="coverage")
    assert narrow.dispersion == wide.dispersion  # repeats are runs of equal n, sigma and side
    plain = assess.laws(drawn(LAWS["coverage"]), laws="coverage").best.reach
    reach = wide.best.reach
    assert 2.5 < (reach.high - reach.low) / (plain.high - plain.low) < 6
    assert set(wide.by_seed) == {"0", "1", "2"}
    assert max(map(abs, wide.by_seed.values())) < 4


def test_the_cluster_law_is_that_of_runs():
    rng = np.random.default_rng(1)
    joined = []
    for _ in range(400):
        points = rng.uniform(0, 8.0, size=(101, 2))
        numbers = percolation.clusters(points, 1.0, period=8.0)
        joined.append(numbers[-1] == 0)
    expected = float(clustered(np.array(100.0), np.array(8.0)))
    assert abs(np.mean(joined) - expected) < 4 * np.sqrt(expected * (1 - expected) / 400)
    assert 0.5 < expected < 0.95


def test_the_next_run_tells_the_laws_apart():
    found = assess.laws(drawn(LAWS["factorised"]))
    run = found.next_run
    assert run.laws[0] == "factorised"
    assert abs(run.predicted[0] - run.predicted[1]) > 0.2
    assert run.asked < 100
    # asked there, the truth wins by 10 in AIC in most draws
    rng, won = np.random.default_rng(0), 0
    for _ in range(50):
        right = rng.binomial(run.asked, run.predicted[0])
        gain = right * np.log(run.predicted[0] / run.predicted[1])
        gain += (run.asked - right) * np.log((1 - run.predicted[0]) / (1 - run.predicted[1]))
        won += 2 * gain > 4
    assert won > 40


def test_without_widths_or_sides_reaches_are_shares_and_some_laws_are_left_out():
    p = 1 - np.exp(-N * np.pi * 0.08**2)
    table = drawn(p)
    del table["sigma"], table["side"]
    found = assess.laws(table)
    assert found.best.name == "coverage"
    assert found.best.reach.value == pytest.approx(0.08, rel=0.03)
    assert "two widths" in found.left_out["scaled coverage"]
    assert [each.name for each in found.table[1].parameters] == ["reach", "shape"]
    assert "sides" in str(found)
    with pytest.raises(FitError, match="two widths"):
        assess.laws(table, laws=["scaled coverage"])


def test_coverage_of_the_sheet():
    n = np.array([100.0, 200, 299, 400, 800])  # n_60 = .2917 N²/τ² = 299 at N = 32
    right = np.round(10_000 * (1 - np.exp(-n * np.pi / 32**2)))
    found = assess.laws(
        {
            "n": n,
            "right": right,
            "asked": 10_000 + 0 * n,
            "side": 32 + 0 * n,
            "tolerance": 1 + 0 * n,
        },
        laws=("coverage", "factorised"),
    )
    assert found.best.reach.value == pytest.approx(1.0, abs=1e-3)
    assert found.best.predicted[2] == pytest.approx(0.6, abs=1e-3)
    np.testing.assert_allclose(found.collapsed, n * np.pi / 32**2, rtol=2e-3)
    assert "1.13 px" in str(found)


@pytest.mark.parametrize("name", ["coverage", "factorised", "percolation", "weibull"])
def test_reaches_scale_with_the_side(name):
    table = drawn(LAWS[name])
    del table["sigma"]
    one = assess.laws(table, laws=name).best
    two = assess.laws({**table, "side": 3.0 * table["side"]}, laws=name).best
    assert two.reach.value == pytest.approx(3.0 * one.reach.value, rel=1e-4)
    assert two.aic == pytest.approx(one.aic, abs=1e-3)
    assert two.reach.low < two.reach.value < two.reach.high


ROWS = {"n": [10, 20, 40], "right": [3, 5, 9], "asked": [10, 10, 10]}


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"right": [3, 11, 9]}, FitError, "row 2 has 11 of 10"),
        ({"n": [10, 10, 10]}, FitError, "all have n = 10.*n / 2"),
        ({"right": [0, 0, 0]}, FitError, "all 30 are wrong.*more examples"),
        ({"right": [10, 10, 10]}, FitError, "fewer examples"),
        ({"n": [10, -20, 40]}, ArgumentError, "`n` must be positive"),
        ({"right": [0.3, 0.5, 0.9]}, ArgumentError, "counts, not shares"),
        ({"asked": [10, 10]}, ShapeError, "as long as `n`"),
        ({"n": [10, np.nan, 40]}, ArgumentError, "finite"),
    ],
)
def test_wrong_tables_name_what_to_measure(change, error, words):
    with pytest.raises(error, match=words):
        assess.laws({**ROWS, **change})


def test_tables_are_read_from_files_and_frames(tmp_path):
    import pandas as pd

    path = tmp_path / "accuracy.csv"
    frame = pd.DataFrame(ROWS)
    frame.assign(note="a").to_csv(path, index=False)
    for source in (path, str(path), frame, ROWS, assess.counts(ROWS)):
        assert assess.counts(source).accuracy.tolist() == [0.3, 0.5, 0.9]
    path.write_text("m,right,asked\n1,2,3\n")
    with pytest.raises(FitError, match="n is missing"):
        assess.counts(path)
    path.write_text("n,right,asked\n1,x,3\n")
    with pytest.raises(ArgumentError, match="column right, but row 2 has 'x'"):
        assess.counts(path)
    path.write_text("n,right,asked\n1,2\n")
    with pytest.raises(ShapeError, match="row 2 has 2"):
        assess.counts(path)
    path.write_text("")
    with pytest.raises(FitError, match="empty"):
        assess.counts(path)
    with pytest.raises(FitError, match="rows"):
        assess.counts({"n": [], "right": [], "asked": []})
    with pytest.raises(ArgumentError, match="no readable table"):
        assess.counts(tmp_path / "none.csv")
    with pytest.raises(ArgumentError, match="did you mean"):
        assess.laws(ROWS, laws=["coverege"])


def test_a_table_becomes_an_answer_a_page_and_json(tmp_path):
    table = drawn(LAWS["weibull"])
    names = list(table)
    path = tmp_path / "accuracy.csv"
    rows = np.stack([np.asarray(table[name], dtype=float) for name in names], axis=1)
    np.savetxt(path, rows, delimiter=",", header=",".join(names), comments="", fmt="%g")
    found = CliRunner().invoke(
        main, ["assess", "accuracy", str(path), "--out", str(tmp_path / "out")]
    )
    assert found.exit_code == 0, found.output
    assert "Best: weibull" in found.stdout
    assert "Next run" in found.stdout
    assert max(map(len, found.stdout.splitlines()[:-1])) <= 80
    packed = json.loads((tmp_path / "out" / "answer.json").read_text())
    assert packed["best"] == "weibull"
    assert packed["table"][0]["parameters"]["shape"]["value"] == pytest.approx(1.5, abs=0.1)
    page = (tmp_path / "out" / "index.html").read_text()
    assert page.count("<figcaption") == 2
    assert page.count("<td>weibull</td>") == 1
    assert "<pre" not in page
    path.write_text("n,right,asked\n10,11,10\n")
    found = CliRunner().invoke(main, ["assess", "accuracy", str(path)])
    assert found.exit_code == 2
    assert "row 1 has 11 of 10" in found.output
