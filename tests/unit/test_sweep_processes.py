"""Sweeps over real processes: byte-identical stores, and nothing lost when something is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

import simtheory as st
from simtheory.errors import ArgumentError
from simtheory.sweep import running
from tests import sweep_functions as functions

pytestmark = pytest.mark.slow  # each test starts a pool or a cluster

ROOT = Path(__file__).parents[2]
CELLS = 80  # of the watched sweep, in chunks of four: two seeds of each point


def files(root):
    """Every file of a store, with its bytes."""
    return {p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture
def let_through(tmp_path):
    """Let so many cells of the watched sweeps through; the others wait."""
    os.mkfifo(tmp_path / "gate")
    end = os.open(tmp_path / "gate", os.O_RDWR)
    yield lambda cells: os.write(end, bytes(cells))
    os.close(end)


@pytest.fixture
def shell(tmp_path):
    """Start a Python module in a session of its own; whatever still runs at the end is killed."""
    started = []
    own = {"SWEEP_LOG": tmp_path / "log", "SWEEP_GATE": tmp_path / "gate", "PYTHONPATH": ROOT}

    def start(*words, **options):
        process = subprocess.Popen(
            [sys.executable, "-m", *map(str, words)], cwd=tmp_path, text=True,
            env=os.environ | {name: str(value) for name, value in own.items()},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, **options,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        end(process)


def end(process):
    """Kill a process and all that it started, at once, as a power cut does."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def watched(store, executor):
    return ("tests.sweep_functions", store, executor, 0)


def until(condition, what, seconds=60):
    """Wait for something that other processes do."""
    for _ in range(20 * seconds):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail(f"waited in vain until {what}")


def finished(store):
    return st.sweep.status(store).done if store.exists() else 0


def computed(tmp_path):
    """How often each cell was computed, as the cells' own log says."""
    cells, pids = np.loadtxt(tmp_path / "log", dtype=int, ndmin=2).T
    return np.bincount(cells, minlength=CELLS // 2), set(pids.tolist())


def goes_on(store, tmp_path):
    """Finish a sweep that was cut off; what was finished is whole, and is not computed again.

    Its cells do not wait, because this process names no gate.
    """
    data = st.sweep.read(store)
    done = data["status"].values == st.sweep.CellStatus.DONE
    assert 0 < done.sum() < CELLS
    right = data["x"].values[:, None, None] * data["y"].values[:, None] * np.ones(2)
    np.testing.assert_array_equal(data["product"].values, np.where(done, right, np.nan))
    before, _ = computed(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEEP_LOG", str(tmp_path / "log"))
        st.sweep.run(functions.spec(functions.watched), store)
        again, _ = computed(tmp_path)
        np.testing.assert_array_equal(again - before, (~done).sum(axis=-1).ravel())
        st.sweep.run(functions.spec(functions.watched), tmp_path / "whole")
    assert files(store) == files(tmp_path / "whole")


@contextmanager
def cluster(shell, tmp_path, workers):
    """A Dask cluster as the documentation starts it."""
    note = tmp_path / "scheduler.json"
    scheduler = shell(
        "dask", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
        "--scheduler-file", note,
    )  # fmt: skip
    until(lambda: note.exists() and note.read_text().endswith("}"), "the scheduler is up")
    address = json.loads(note.read_text())["address"]
    hands = [
        shell("dask", "worker", address, "--nthreads", "1", "--no-dashboard")
        for _ in range(workers)
    ]
    yield address, scheduler, hands


SPEC = """
measure = ["swing_by", "largest_rise", "learning_times", "loss"]
theory = "tied.pivots"
seeds = 2
entropy = 7
cells_per_chunk = 6
[axes]
cosine = [0.5, 0.9, 1.5]    # the last one cannot be
ratio = [0.2, 0.4, 0.7]
[task]
mu = ["sqrt(2)", "sqrt(2 * ratio)"]
sigma = 0.0
[init]
init = "correlated"
cosine = "cosine"
[time]
points = 51
"""


def test_serial_pool_cluster_and_shards_leave_the_same_bytes(shell, tmp_path):
    spec = tmp_path / "spec.toml"
    spec.write_text(SPEC)
    sweep = ("simtheory", "sweep", spec, "--out")
    with cluster(shell, tmp_path, 2) as (address, _, _):
        runs = [
            shell(*sweep, "serial"),
            shell(*sweep, "pool", "--workers", 2),
            shell(*sweep, "dask", "--scheduler", address),
            *(shell(*sweep, "shards", "--shard", f"{i}/4") for i in (2, 4, 1, 3)),
        ]
        outputs = [run.communicate(timeout=120)[0] for run in runs]
    # Failed cells make a status of 1; a shard may end before they are there.
    assert {run.returncode for run in runs[:3]} == {1}, outputs
    assert {run.returncode for run in runs[3:]} <= {0, 1}, outputs
    serial = files(tmp_path / "serial")
    assert sum(path.parts[0] == "status" for path in serial) == 1 + 3
    for other in ("pool", "dask", "shards"):
        assert files(tmp_path / other) == serial, other


@pytest.mark.parametrize(("executor", "pids"), [("serial", 2), ("2", 4)])
def test_two_runs_in_one_store_share_its_chunks_and_compute_none_twice(
    shell, let_through, tmp_path, executor, pids
):
    store = tmp_path / "s"
    runs = [shell(*watched(store, executor)) for _ in range(2)]
    log = tmp_path / "log"
    until(lambda: log.exists() and len(computed(tmp_path)[1]) == pids, "all are in a cell")
    let_through(2 * CELLS)  # as many as if each run computed every cell
    outputs = [run.communicate(timeout=120)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    cells, workers = computed(tmp_path)
    np.testing.assert_array_equal(cells, 2)
    assert len(workers) == pids
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWEEP_LOG", str(log))
        st.sweep.run(functions.spec(functions.watched), tmp_path / "whole")
    assert files(store) == files(tmp_path / "whole")


@pytest.mark.parametrize(("executor", "pids"), [("serial", 2), ("2", 3)])
def test_a_run_takes_over_the_chunks_of_one_that_was_killed(
    shell, let_through, tmp_path, executor, pids
):
    store, log = tmp_path / "s", tmp_path / "log"
    first = shell(*watched(store, "serial"))
    until(log.exists, "the first run is in a cell")
    second = shell(*watched(store, executor))
    until(lambda: len(computed(tmp_path)[1]) == pids, "so is the second")
    end(first)
    let_through(2 * CELLS)
    output, _ = second.communicate(timeout=120)
    assert second.returncode == 0, output
    again, _ = computed(tmp_path)
    assert again.sum() == CELLS + 1  # the cell in which the first one was killed
    assert st.sweep.status(store).done == CELLS


# A process holds at most one chunk, and waits in it after three of its cells: of so many cells that
# are let through, all but three for each process are in finished chunks.


@pytest.mark.parametrize("executor", ["serial", "2"])
def test_a_machine_that_is_killed_loses_no_finished_cell(shell, let_through, tmp_path, executor):
    store = tmp_path / "s"
    let_through(12 + 2 * 3)
    process = shell(*watched(store, executor))
    until(lambda: finished(store) >= 12, "some cells are done")
    end(process)
    goes_on(store, tmp_path)


def test_a_pool_ends_with_its_parent_and_says_so_when_a_worker_is_killed(
    shell, let_through, tmp_path
):
    store = tmp_path / "s"
    let_through(4 + 2 * 3)
    process = shell(*watched(store, 2))
    until(lambda: finished(store) >= 4, "some cells are done")
    _, workers = computed(tmp_path)
    os.kill(max(workers), signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output.splitlines()[-1].startswith("SweepError: A worker or its scheduler died")
    process = shell(*watched(store, 2))
    let_through(24 + 2 * 3)
    until(lambda: finished(store) >= 24, "more cells are done")
    _, workers = computed(tmp_path)
    os.kill(process.pid, signal.SIGKILL)
    for worker in workers:
        stat = Path(f"/proc/{worker}/stat")
        until(lambda s=stat: not s.exists() or " Z " in s.read_text(), "the workers are gone")
    goes_on(store, tmp_path)


def test_a_cluster_that_loses_a_worker_goes_on_and_without_scheduler_says_so(
    shell, let_through, tmp_path
):
    store = tmp_path / "s"
    let_through(8 + 2 * 3)
    with cluster(shell, tmp_path, 2) as (address, scheduler, hands):
        process = shell(*watched(store, address))
        until(lambda: finished(store) >= 8, "some cells are done")
        end(hands[0])
        reached = finished(store)
        let_through(8 + 3)
        until(lambda: finished(store) >= reached + 8, "the other worker goes on")
        end(scheduler)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert output.startswith("SweepError: A worker or its scheduler died"), output
    assert "Traceback" not in output
    end(hands[1])
    goes_on(store, tmp_path)


def test_a_cluster_without_workers_does_not_keep_one_waiting(shell, tmp_path, monkeypatch):
    monkeypatch.setattr(running, "_PATIENCE", 1)
    with (
        cluster(shell, tmp_path, 0) as (address, _, _),
        pytest.raises(ArgumentError, match="has no workers"),
        st.sweep.dask(address),
    ):
        pass


@pytest.mark.parametrize("address", ["", "nonsense", "http://localhost:80"])
def test_what_is_no_address_of_a_cluster_is_refused_at_once(address):
    with (
        pytest.raises(ArgumentError, match="must be the address of a running Dask scheduler"),
        st.sweep.dask(address),
    ):
        pass


@pytest.mark.parametrize(("limit", "there"), [(1000, False), (20_000, True)])
def test_a_full_disk_is_answered_in_one_line(shell, tmp_path, limit, there):
    """The limit on file sizes stands in for it: the system refuses the bytes in the same way."""
    store = tmp_path / "s"
    process = shell("tests.sweep_functions", store, "serial", limit)
    output, _ = process.communicate(timeout=60)
    assert output.startswith("SweepError: Cannot write to the store")
    assert len(output.splitlines()) == 1
    left = {p.name for p in tmp_path.iterdir()}
    assert left == ({"s"} if there else set())
    if there:
        assert st.sweep.status(store).pending == 5000
        assert not list(store.glob("partial/*"))
