"""Sweeps within one process: what a spec may say, what a store holds, what is refused."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import simtheory as st
from simtheory.cli import main
from simtheory.errors import ArgumentError, MissingExtraError, SweepError
from simtheory.sweep import store as stores
from simtheory.sweep._grid import Grid
from tests import sweep_functions as functions

PHASE = {
    "axes": {
        "omega": {"logspace": [0.1, 0.01, 2]},
        "cosine": [0.5, 0.95],
        "ratio": [0.2, 0.3, 0.7],
    },
    "task": {"mu": ["sqrt(2)", "sqrt(2 * ratio)"], "sigma": 0.0},
    "init": {"init": "correlated", "cosine": "cosine", "scale": "sqrt(omega)"},
    "time": {"points": 201},
    "measure": ["descents", "largest_rise", "learning_times", "order", "loss", "t_max"],
}


def spec(**changes):
    return st.sweep.Spec(**{**PHASE, **changes})


def files(root):
    """Every file of a store, with its bytes."""
    return {p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("shape", [(7,), (3, 5), (4, 1, 6), (100, 3)])
@pytest.mark.parametrize("per_chunk", [1, 4, 10, 1000])
def test_chunks_cover_the_grid_once(shape, per_chunk):
    grid = Grid.cut(shape, per_chunk)
    seen = [index for chunk in range(grid.chunks) for index in grid.indices(chunk)]
    assert sorted(seen) == list(np.ndindex(*shape))
    assert max(len(grid.indices(chunk)) for chunk in range(grid.chunks)) <= per_chunk
    assert all(np.prod(grid.extent(k)) == len(grid.indices(k)) for k in range(grid.chunks))


def test_a_cell_holds_what_observe_reads_off_the_flow(tmp_path):
    sweep = spec(seeds=2, entropy=3)
    data = st.sweep.run(sweep, tmp_path / "s")
    assert (data["status"] == st.sweep.CellStatus.DONE).all()
    cells = list(np.ndindex(2, 2, 3))
    for number in (0, 5, 11):
        for seed in range(2):
            found = data.isel(**dict(zip(data["status"].dims, (*cells[number], seed), strict=True)))
            ratio, omega = float(found["ratio"]), float(found["omega"])
            task = st.SIMTask(mu=(np.sqrt(2), np.sqrt(2 * ratio)), sigma=0.0)
            rng = np.random.default_rng(np.random.SeedSequence(3, spawn_key=(number, seed)))
            cosine = float(found["cosine"])
            U0 = st.inits.correlated((2, 2), cosine=cosine, scale=np.sqrt(omega), rng=rng)
            t_max = 1.5 * st.analytic.tied.learning_times(task, U0).max()
            assert float(found["t_max"]) == t_max
            t = np.linspace(0, t_max, 201)
            run = st.sim.solve(st.sim.Tied(), task, U0, t, rtol=1e-9)
            assert int(found["descents"]) == st.observe.descents(run)
            assert found["order"].values.tolist() == st.observe.order(run).tolist()
            # Both are within 1e-9 in W; loss and rise move by at most ‖x̂‖² ≤ 4 times that, and a
            # crossing by 1e-9 over the slope of W there, at least a_min / 2 = 0.1.
            loss = st.observe.loss(run)
            assert np.abs(found["loss"].values - loss).max() < 1e-8
            assert abs(float(found["largest_rise"]) - st.observe.largest_rise(run)) < 1e-8
            times = st.observe.learning_times(run)
            assert np.abs(found["learning_times"].values - times).max() < 2e-8
            # A net that stands still is far off.
            assert np.abs(loss[0] - loss).max() > 1e-7
            assert np.abs(t[0] - times).max() > 2e-7
    assert data["largest_rise"].values.max() > 0.01


def test_the_phase_table_of_two_concepts(tmp_path):
    """Rises of an independent integration, printed to four digits."""
    rises = {  # (r, ρ): at ω = .1, .01, .001
        (0.9, 0.7): (0.0, 0.0, 0.0), (0.9, 0.5): (0.0039, 0.0013, 0.0025),
        (0.9, 0.3): (0.0474, 0.0277, 0.0162), (0.9, 0.2): (0.0711, 0.0336, 0.0149),
        (0.9, 0.1): (0.0690, 0.0259, 0.0090), (0.5, 0.7): (0.0, 0.0, 0.0),
        (0.5, 0.2): (0.0036, 0.0041, 0.0034), (0.5, 0.1): (0.0187, 0.0092, 0.0038),
    }  # fmt: skip
    axes = {"omega": [0.1, 0.01, 0.001], "cosine": [0.5, 0.9], "ratio": [0.1, 0.2, 0.3, 0.5, 0.7]}
    sweep = spec(axes=axes, time={"points": 2001}, measure=["largest_rise"])
    found = st.sweep.run(sweep, tmp_path / "s")["largest_rise"]
    for (cosine, ratio), printed in rises.items():
        # Half of the last digit that is printed, and as much for the grids of times.
        np.testing.assert_allclose(found.sel(cosine=cosine, ratio=ratio), printed, atol=1e-4)
    assert np.abs(found.values).max() > 1e-3  # a net that never swings by misses most of them


def test_a_rise_counts_from_the_threshold_that_the_label_names(tmp_path):
    """The loss rises by 6e-5 of its start: none at a thousandth, one at the default, a millionth."""
    axes = {"omega": [0.01], "cosine": [0.96], "ratio": [0.65]}
    for k, (observe, counted, named) in enumerate(
        [({}, 1, "1e-06"), ({"observe": {"threshold": 1e-3}}, 0, "0.001")]
    ):
        sweep = spec(axes=axes, measure=["largest_rise", "swing_by", "descents"], **observe)
        found = st.sweep.run(sweep, tmp_path / f"{k}")
        assert 1e-5 < found["largest_rise"].item() < 1e-4
        assert found["swing_by"].item() == counted == found["descents"].item() - 1
        for name in ("swing_by", "descents"):
            assert f"{named} of its start" in found[name].attrs["long_name"]
        assert found["largest_rise"].attrs["scale"] == "log"


def test_numbers_do_not_depend_on_the_size_of_a_chunk(tmp_path):
    one, many = (
        st.sweep.run(spec(cells_per_chunk=n, theory="tied.pivots"), tmp_path / str(n))
        for n in (1, 12)
    )
    assert one.equals(many)


def test_flows_starts_and_widths_are_axes_too(tmp_path):
    data = st.sweep.run(
        st.sweep.Spec(
            axes={
                "flow": ["OneLayer", "Tied", "Untied", "Deep"],
                "start": ["uniform", "gaussian", "torch_uniform"],
                "width": [2, 5],
            },
            task={"mu": [1.0, 2.0], "sigma": 0.3, "rotation": [[0.6, -0.8], [0.8, 0.6]]},
            init={"init": "start", "width": "width", "scale": 0.1},
            flow={"flow": "flow", "depth": 3},
            time={"t_max": 20.0, "points": 51},
            measure=["learning_times", "final_loss", "peak", "peak_time"],
            seeds=2,
        ),
        tmp_path / "s",
    )
    assert (data["status"] == 1).all()
    assert data["final_loss"].sel(flow="OneLayer").max() < 1e-3
    # Along the rotated concepts the stronger one is learned first.
    times = data["learning_times"].sel(flow="OneLayer").values
    assert (times[..., 1] < times[..., 0]).all()
    # A tied net of width 5 starts elsewhere than one of width 2, and every seed elsewhere.
    assert np.unique(data["peak"].sel(flow="Tied").values).size == 3 * 2 * 2


def test_a_bad_cell_has_its_reason_and_does_not_change_the_others(tmp_path):
    init = {**PHASE["init"], "seed": 0}  # of its own: another grid has other cells
    good = st.sweep.run(spec(init=init), tmp_path / "good")
    axes = {**PHASE["axes"], "cosine": [0.5, 0.95, 1.5]}
    data = st.sweep.run(spec(init=init, axes=axes, cells_per_chunk=18), tmp_path / "s")
    assert (data["status"].sel(cosine=1.5) == st.sweep.CellStatus.FAILED).all()
    assert data["largest_rise"].sel(cosine=1.5).isnull().all()
    assert (data["descents"].sel(cosine=1.5) == -1).all()
    assert data.sel(cosine=[0.5, 0.95]).equals(good)
    progress = st.sweep.status(tmp_path / "s")
    assert (progress.done, progress.failed, progress.pending) == (12, 6, 0)
    assert "must lie in [-1, 1] for 2 rows, but it is 1.5" in " ".join(str(progress).split())


def test_a_member_that_cannot_be_integrated_spoils_no_other(tmp_path):
    def starts(*scales):
        sweep = st.sweep.Spec(
            axes={"scale": scales},
            task={"mu": [1.0, 2.0], "sigma": 0.0},
            init={"scale": "scale", "seed": 0},
            time={"t_max": 9.0, "points": 21},
            measure=["loss"],
            cells_per_chunk=3,
        )
        return st.sweep.run(sweep, tmp_path / str(len(scales)))["loss"]

    np.testing.assert_array_equal(starts(0.1, 1e100, 0.3)[[0, 2]], starts(0.1, 0.3))
    progress = st.sweep.status(tmp_path / "3")
    assert (progress.done, progress.failed) == (2, 1)
    assert "stopped after time 0. " in str(progress)


@pytest.mark.parametrize(
    "changes",
    [
        {"task": {"mu": [1.0, "ratio"], "sigma": [0.1, 0.1, 0.1]}},
        {"init": {**PHASE["init"], "scale": "sqrt(-omega)"}},
        {"init": {**PHASE["init"], "width": 0}},
        {"time": {"t_max": "-ratio"}},
    ],
)
def test_a_slip_that_keeps_every_cell_from_starting_leaves_no_store(tmp_path, changes):
    with pytest.raises(ArgumentError, match="No cell of this sweep can start"):
        st.sweep.run(spec(**changes), tmp_path / "s")
    assert not list(tmp_path.iterdir())


def test_a_cell_that_no_memory_holds_is_answered(tmp_path):
    with pytest.raises(SweepError, match="memory does not hold"):
        st.sweep.run(spec(init={**PHASE["init"], "width": 10**13}), tmp_path / "s")


def test_a_function_of_ones_own_sees_its_cell_and_its_seed(tmp_path):
    data = st.sweep.run(functions.spec(functions.product), tmp_path / "s")
    np.testing.assert_array_equal(
        data["product"].isel(seed=1), data["x"].values[:, None] * data["y"].values
    )
    draws = data["draw"].values
    rng = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(2 * 7 + 1, 1)))
    assert draws[7, 1, 1] == rng.random()
    assert np.unique(draws).size == draws.size
    broken = st.sweep.run(functions.spec(functions.fragile), tmp_path / "f")
    assert (broken["status"].sel(x=3) == 2).all()
    assert broken.drop_sel(x=3).equals(data.drop_sel(x=3))
    assert st.sweep.status(tmp_path / "f").reasons == {"RuntimeError: three is too many": 4}


def test_what_is_finished_is_not_computed_again(tmp_path, monkeypatch):
    monkeypatch.setenv("SWEEP_LOG", str(tmp_path / "log"))
    sweep = functions.spec(functions.watched)
    for part in (2, 1, 3, 2):
        st.sweep.run(sweep, tmp_path / "s", shard=(part, 3))
    st.sweep.run(sweep, tmp_path / "s")
    cells = [line.split()[0] for line in (tmp_path / "log").read_text().splitlines()]
    assert sorted(cells) == sorted(str(number) for number in [*range(40)] * 2)
    st.sweep.run(functions.spec(functions.watched), tmp_path / "whole")
    assert files(tmp_path / "s") == files(tmp_path / "whole")


def test_a_chunk_without_its_status_is_not_seen(tmp_path):
    """What a kill between two renames leaves behind."""
    st.sweep.run(functions.spec(functions.product), tmp_path / "s")
    whole = files(tmp_path / "s")
    (tmp_path / "s/status/c/0/0/0").unlink()  # numbers, no status
    (tmp_path / "s/draw/c/1/0/0").unlink()  # status, not all numbers: as after a power cut
    (tmp_path / "s/partial/9-elsewhere-1").mkdir(parents=True)
    (tmp_path / "s/partial/9-elsewhere-1/0").write_bytes(b"half")
    data = st.sweep.read(tmp_path / "s")
    for x in (0, 1):
        assert (data["status"].sel(x=x) == st.sweep.CellStatus.PENDING).all()
        assert data["product"].sel(x=x).isnull().all()
    assert (data["status"].sel(x=range(2, 20)) == st.sweep.CellStatus.DONE).all()
    assert st.sweep.status(tmp_path / "s").pending == 8
    st.sweep.run(functions.spec(functions.product), tmp_path / "s")
    assert files(tmp_path / "s") == whole


@pytest.mark.parametrize("damaged", ["s/draw/c/2/0/0", "s/status/c/2/0/0"])
def test_a_chunk_whose_files_are_cut_short_is_computed_anew(tmp_path, damaged):
    st.sweep.run(functions.spec(functions.product), tmp_path / "s")
    whole = files(tmp_path / "s")
    (tmp_path / damaged).write_bytes(b"")
    assert st.sweep.status(tmp_path / "s").pending == 4
    with pytest.raises(ArgumentError, match="Run the sweep again"):
        st.sweep.read(tmp_path / "s")
    st.sweep.run(functions.spec(functions.product), tmp_path / "s")
    assert files(tmp_path / "s") == whole


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"entropy": 1}, "differ in entropy"),
        ({"measure": ["descents"]}, "differ in measure"),
        ({"task": {**PHASE["task"], "sigma": 0.1}}, "differ in task"),
        ({"axes": {**PHASE["axes"], "cosine": [0.5, 0.9]}}, "differ in axes"),
    ],
)
def test_the_store_of_another_spec_is_refused(tmp_path, changes, says):
    st.sweep.run(spec(), tmp_path / "s")
    before = files(tmp_path / "s")
    with pytest.raises(ArgumentError, match=says):
        st.sweep.run(spec(**changes), tmp_path / "s")
    assert files(tmp_path / "s") == before


def test_the_store_of_other_versions_is_refused(tmp_path, monkeypatch):
    st.sweep.run(spec(), tmp_path / "s")
    monkeypatch.setattr(stores, "versions", lambda: {"numpy": "9.9"})
    with pytest.raises(ArgumentError, match=r"begun with numpy .*, here 9\.9"):
        st.sweep.run(spec(), tmp_path / "s")


def test_a_folder_with_something_else_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ArgumentError, match="must name the folder of a sweep"):
        st.sweep.run(spec(), tmp_path)
    with pytest.raises(ArgumentError, match="must name the folder of a sweep"):
        st.sweep.read(tmp_path / "notes.txt")
    assert files(tmp_path) == {(tmp_path / "notes.txt").relative_to(tmp_path): b"mine"}


def test_a_missing_extra_is_named_before_anything_is_computed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(MissingExtraError, match=r"simtheory\[sweep\]"):
        st.sweep.run(spec(), tmp_path / "s")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_answered_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SweepError, match="Cannot write to the store"):
        st.sweep.run(spec(), tmp_path / "file" / "s")
    (tmp_path / "spec.toml").write_text('measure = ["t_max"]\n[axes]\nx = [1, 2]\n'
                                        '[task]\nmu = ["x"]\nsigma = 1\n')  # fmt: skip
    words = ["sweep", str(tmp_path / "spec.toml"), "--out", str(tmp_path / "file" / "s")]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert "Cannot write to the store" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"axes": {}}, "at least one axis"),
        ({"axes": {**PHASE["axes"], "idle": [1, 2]}}, "'idle' is used nowhere"),
        ({"axes": {**PHASE["axes"], "ratio": {"linspce": [0, 1, 3]}}}, "did you mean linspace"),
        ({"axes": {**PHASE["axes"], "ratio": {"linspace": [0, 1]}}}, r"as \[first, last, n\]"),
        ({"axes": {**PHASE["axes"], "ratio": {"logspace": [0, 1, 3]}}}, "positive ends"),
        ({"axes": {**PHASE["axes"], "ratio": [0.1, 0.1]}}, "holds a value twice"),
        ({"axes": {**PHASE["axes"], "ratio": [0.1, "b"]}}, "all of one kind"),
        ({"axes": {**PHASE["axes"], "ratio": 0.1}}, "must be a list"),
        ({"axes": {**PHASE["axes"], "order": [1]}}, "can be called 'order'"),
        ({"axes": {**PHASE["axes"], "partial": [1]}}, "can be called 'partial'"),
        ({"axes": {**PHASE["axes"], "seed": [1]}, "seeds": 2}, "can be called 'seed'"),
        ({"task": {"mu": ["ratoi"], "sigma": 0}}, "did you mean ratio"),
        ({"task": {"mu": ["__import__('os')"], "sigma": 0}}, "must be arithmetic"),
        ({"task": {"mu": ["ratio.real"], "sigma": 0}}, "must be arithmetic"),
        ({"task": {"mu": ["ratio +"], "sigma": 0}}, "cannot be read"),
        ({"task": {"mu": "ratio", "sigma": 0}}, "a list with an entry for each concept"),
        ({"task": {"mu": ["ratio"]}}, "needs the key 'sigma'"),
        ({"task": {"mu": ["ratio"], "sigma": 0, "sigmo": 1}}, "did you mean sigma"),
        ({"init": {"init": "correlatedd"}}, "did you mean correlated"),
        ({"flow": {"flow": "Deep"}}, "needs the key 't_max'"),
        ({"time": {"points": 0}}, "points"),
        ({"measure": []}, "must be a list of names, such as"),
        ({"measure": ["lose"]}, "did you mean loss"),
        ({"measure": ["loss", "loss"]}, "twice"),
        ({"theory": "tied.pivot"}, "did you mean tied.pivots"),
        ({"seeds": 0}, "`seeds` must be a positive integer"),
        ({"entropy": -1}, "`entropy` must be"),
        ({"cells_per_chunk": 0.5}, "`cells_per_chunk` must be"),
        ({"function": functions.product, "variables": ["product"]}, "no use for `task`"),
        ({"theory": 3}, "`theory` must be a word"),
        ({"init": {"init": ["uniform"]}}, "`init` must be a word"),
        ({"flow": {"flow": 3}}, "`flow` must be a word"),
        ({"task": {**PHASE["task"], "sigma": True}}, "`sigma` .* must not be true or false"),
        ({"task": {**PHASE["task"], "squared_rates": 1}}, "`squared_rates` .* true or false"),
        ({"axes": {**PHASE["axes"], "ratio": {"linspace": [0.1, 1, 10**10]}}}, "at most 1000000"),
        ({"seeds": 10**10}, "`seeds` must be at most 1000000"),
        ({"seeds": 10**6, "cells_per_chunk": 1}, "at most 1000000 chunks"),
        ({"time": {"points": 10**11}}, "lower `points`"),
    ],
)  # fmt: skip
def test_a_slip_in_a_spec_is_answered_before_anything_is_computed(changes, says):
    with pytest.raises(ArgumentError, match=says):
        spec(**changes)


def test_a_function_that_no_worker_could_import_is_refused():
    with pytest.raises(ArgumentError, match="importable by other processes"):
        functions.spec(lambda cell: {})


@pytest.mark.parametrize("shard", [(0, 4), (5, 4), "1/4", (1.0, 2)])
def test_a_shard_counts_from_one(tmp_path, shard):
    with pytest.raises(ArgumentError, match="i from 1 to n"):
        st.sweep.run(spec(), tmp_path / "s", shard=shard)


def test_the_command_line_runs_says_how_far_and_draws(tmp_path):
    lines = ['measure = ["largest_rise"]', 'theory = "tied.pivots"', "[axes]"]
    lines += ["omega = [0.1, 0.01]", "cosine = [0.5, 0.9]", "ratio = [0.2, 0.5, 1.5]"]
    for table in ("task", "init"):
        lines += [f"[{table}]", *(f"{k} = {json.dumps(v)}" for k, v in PHASE[table].items())]
    (tmp_path / "spec.toml").write_text("\n".join(lines))

    def type_in(*words):
        return CliRunner().invoke(main, ["sweep", *words])

    store, picture = str(tmp_path / "s.zarr"), tmp_path / "s.png"
    first = type_in(str(tmp_path / "spec.toml"), "--out", store, "--shard", "1/2")
    assert first.exit_code == 0, first.output
    assert "pending" in type_in("status", store).output
    assert type_in(str(tmp_path / "spec.toml"), "--out", store).exit_code == 0
    assert "done     12" in type_in("status", store).output
    assert type_in("plot", store).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert (
        type_in("plot", store, "--at", "omega=0.1", "--out", str(tmp_path / "p.svg")).exit_code == 0
    )
    for words, says in (
        (["--at", "omega=0.3"], "it has 0.1, 0.01"),
        (["--at", "omegga=0.1"], "did you mean omega"),
        (["--variable", "largest"], "did you mean largest_rise"),
        (["--x", "ratoi"], "did you mean ratio"),
        (["--out", "/no/such/place.png"], "Cannot write"),
        (["--out", "x.gif"], ".png"),
    ):
        wrong = type_in("plot", store, *words)
        assert (wrong.exit_code, says in " ".join(wrong.output.split())) == (2, True), wrong.output
