"""The one result of all roads: checks, outputs, members, files."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

import simtheory as st
from simtheory.errors import ArgumentError, ShapeError
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask

TASK = SIMTask(mu=(1.0, 2.0), sigma=0.1, dim=3)
T = np.linspace(0.0, 4.0, 5)


def one_layer(ensemble: tuple[int, ...] = (), **arguments) -> Trajectory:
    """The exact one-layer flow I + (W(0) − I) e^{−At} from random starts."""
    start = np.random.default_rng(5).normal(size=(*ensemble, 1, 3, 3)) * 0.1
    decay = np.exp(-T[:, None, None] * TASK.rates)
    weights = np.eye(3) + (start - np.eye(3)) * decay
    return Trajectory.from_weights(
        T, weights, TASK, origin="analytic.one_layer", exact=True, **arguments
    )


def outputs_only(ensemble: tuple[int, ...] = (), **arguments) -> Trajectory:
    linear = one_layer(ensemble)
    values = {"stats": {}} | arguments
    return Trajectory(
        T, linear.probes, linear.outputs, None, TASK, "validation.train", False, **values
    )


def test_outputs_are_the_map_applied_to_the_probes() -> None:
    traj = one_layer((2,))
    assert traj.outputs.shape == (2, 5, 4, 3)
    assert traj.ensemble == (2,)
    assert traj.road == "analytic"
    wanted = np.einsum("mtij,pj->mtpi", traj.weights, traj.probes)
    np.testing.assert_allclose(traj.outputs, wanted, atol=1e-15, rtol=1e-14)


def test_default_probes_and_given_ones() -> None:
    np.testing.assert_array_equal(one_layer().probes, TASK.vertices())
    np.testing.assert_array_equal(one_layer(probes=[[1, 0, 0]]).probes, [[1.0, 0, 0]])


def test_any_input_can_be_asked_for_where_there_are_weights() -> None:
    traj, x = one_layer((2,)), np.array([0.3, -1.0, 0.2])
    np.testing.assert_array_equal(traj.output(x), traj.weights @ x)
    np.testing.assert_allclose(traj.output(TASK.target), traj.outputs[..., -1, :], rtol=1e-14)


def test_only_probes_can_be_asked_for_without_weights() -> None:
    traj = outputs_only((2,))
    np.testing.assert_array_equal(traj.output(TASK.target), traj.outputs[..., -1, :])
    with pytest.raises(ArgumentError, match=r"`probe` must be one of the 4 probes.*Pass it in"):
        traj.output([0.3, -1.0, 0.2])
    with pytest.raises(ShapeError, match=r"`probe` must have shape \(3,\), but its shape is \(2,"):
        traj.output([1.0, 0.0])


def test_members_and_what_was_counted_for_them() -> None:
    losses = np.arange(10.0).reshape(2, 5)
    arrays = {
        "train_loss": ("*ensemble t", losses),
        "seeds": ("*ensemble", [3, 4]),
        "edges": ("edge", np.zeros(7)),
    }
    traj = outputs_only((2,), stats={"lr": 0.1}, arrays=arrays)
    one = traj.member(-1)
    assert one.ensemble == ()
    np.testing.assert_array_equal(one.outputs, traj.outputs[1])
    np.testing.assert_array_equal(one.arrays["train_loss"], losses[1])
    assert (one.arrays["seeds"], one.stats["lr"]) == (4, 0.1)
    assert one.arrays["edges"].shape == (7,)
    assert one_layer((2, 3)).member((1, 2)).weights.shape == (5, 3, 3)


@pytest.mark.parametrize("index", [2, -3, (0, 0), ()])
def test_members_that_do_not_exist(index) -> None:
    with pytest.raises(
        ArgumentError, match=r"`index` must name a place on the leading axes \(2,\)"
    ):
        outputs_only((2,)).member(index)


def test_nothing_can_be_changed() -> None:
    traj = one_layer(stats={"steps": 3})
    with pytest.raises(FrozenInstanceError):
        traj.origin = "else"
    for array in (traj.t, traj.probes, traj.outputs, traj.weights):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0
    with pytest.raises(TypeError):
        traj.arrays["steps"] = 4


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"t": T[::-1]}, ArgumentError, "Argument `t` must increase strictly"),
        ({"t": T - 1}, ArgumentError, "Argument `t` must hold non-negative times"),
        ({"t": T[:4]}, ShapeError, r"Argument `outputs` must have shape \(..., 4, 4, output\)"),
        (
            {"probes": np.zeros((4, 2))},
            ShapeError,
            r"Argument `probes` must have shape \(probe, 3\)",
        ),
        ({"probes": np.zeros(3)}, ShapeError, "Argument `probes` must have shape"),
        ({"outputs": np.zeros((5, 3, 3))}, ShapeError, r"Argument `outputs` .* is \(5, 3, 3\)"),
        ({"outputs": np.full((5, 4, 3), np.nan)}, ArgumentError, "Argument `outputs` must be fin"),
        ({"weights": np.zeros((4, 3, 3))}, ShapeError, "Argument `weights` must have shape"),
        ({"weights": np.zeros((2, 5, 3, 3))}, ShapeError, r"is \(2, 5, 3, 3\)"),
        ({"weights": np.full((5, 3, 3), np.inf)}, ArgumentError, "Argument `weights` must be fin"),
    ],
)
def test_parts_that_do_not_fit(change: dict, error: type[Exception], message: str) -> None:
    good = {"t": T, "probes": TASK.probes, "outputs": np.zeros((5, 4, 3)), "weights": None}
    with pytest.raises(error, match=message):
        Trajectory(**(good | change), task=TASK, origin="sim", exact=True)


@pytest.mark.parametrize(
    ("weights", "error"),
    [(np.zeros((5, 2, 2)), ShapeError), (np.full((5, 3, 3), np.nan), ArgumentError)],
)
def test_weights_are_checked_before_they_are_used(weights, error: type[Exception]) -> None:
    with pytest.raises(error, match="Argument `weights` must"):
        Trajectory.from_weights(T, weights, TASK, origin="sim", exact=True)


def same(one: Trajectory, two: Trajectory) -> None:
    for name in ("t", "probes", "outputs", "weights"):
        a, b = getattr(one, name), getattr(two, name)
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            assert a.tobytes() == b.tobytes()
    assert (one.task, one.origin, one.exact) == (two.task, two.origin, two.exact)
    assert one.stats == two.stats
    assert list(one.arrays) == list(two.arrays)
    for name, value in one.arrays.items():
        assert one.arrays.axes(name) == two.arrays.axes(name)
        assert value.dtype == two.arrays[name].dtype
        np.testing.assert_array_equal(two.arrays[name], value)


STATS = {"steps": 12, "rtol": 0.1 + 0.2, "method": "Dopri5"}
ARRAYS = {"final_loss": ("*ensemble", [1 / 3, 2.0]), "seeds": ("*ensemble", [7, 1])}


@pytest.mark.parametrize("make", [one_layer, outputs_only])
def test_a_file_gives_back_the_last_bit(make, tmp_path: Path) -> None:
    traj = make((2,), stats=STATS, arrays=ARRAYS)
    path = traj.save(tmp_path / "run")
    assert path == tmp_path / "run.npz"
    same(traj, Trajectory.load(path))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("make", [one_layer, outputs_only])
def test_a_process_pool_gives_back_the_last_bit(make) -> None:
    traj = make((2,), stats=STATS, arrays=ARRAYS)
    same(traj, pickle.loads(pickle.dumps(traj)))
    same(traj, copy.deepcopy(traj))


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch) -> None:
    path = one_layer().save(tmp_path / "run.npz")
    before = path.read_bytes()

    def half_way(stream, **_) -> None:
        stream.write(b"half a file")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", half_way)
    with pytest.raises(OSError, match="disk full"):
        one_layer((2,)).save(path)
    with pytest.raises(OSError, match="disk full"):
        one_layer((2,)).save(tmp_path / "new.npz")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_others_are_refused(tmp_path: Path) -> None:
    text, array, archive, cut = (tmp_path / f"{k}.npz" for k in range(4))
    text.write_text("t,loss\n0,1\n")
    with array.open("wb") as stream:
        np.save(stream, np.zeros(3))
    np.savez(archive, t=T, header=np.array(json.dumps({"format": "other/1"})))
    cut.write_bytes(one_layer().save(tmp_path / "whole.npz").read_bytes()[:-200])
    for path in (text, array, archive, cut):
        with pytest.raises(ArgumentError, match=f"must name a saved Trajectory, but .*{path.name}"):
            Trajectory.load(path)
    with pytest.raises(FileNotFoundError):
        Trajectory.load(tmp_path / "nowhere.npz")


def test_labels_in_xarray() -> None:
    traj = one_layer((2,))
    data = traj.to_xarray()
    assert data["outputs"].dims == ("member", "t", "probe", "output")
    assert data["weights"].dims == ("member", "t", "output", "coordinate")
    np.testing.assert_array_equal(data["outputs"].sel(t=2.0), traj.outputs[:, 2])
    assert SIMTask.from_dict(json.loads(data.attrs["task"])["values"]) == TASK
    assert one_layer((2, 3)).to_xarray()["outputs"].dims[:2] == ("member_0", "member_1")
    assert "weights" not in outputs_only().to_xarray()


def test_concepts_are_a_coordinate_where_they_lie_along_the_outputs(tmp_path: Path) -> None:
    task = SIMTask(mu=(1.0, 2.0), sigma=0.1, dim=3)
    weights = np.arange(18.0).reshape(2, 3, 3)
    run = Trajectory.from_weights([0.0, 1.0], weights, task, origin="sim", exact=True)
    run.save(tmp_path / "r.npz")
    loaded = Trajectory.load(tmp_path / "r.npz").to_xarray()
    for data in (run.to_xarray(), Trajectory.from_xarray(run.to_xarray()).to_xarray(), loaded):
        assert data["concept"].dims == ("output",)
        assert data["concept"].values.tolist() == [1, 2, 0]
        for name, whole in (("outputs", run.outputs[..., 1]), ("weights", weights[:, 1])):
            second = data[name].swap_dims(output="concept").sel(concept=2)
            np.testing.assert_array_equal(second, whole)
    turned = SIMTask(mu=(1.0, 2.0), sigma=0.1, rotation=np.array([[0.6, -0.8], [0.8, 0.6]]))
    other = Trajectory.from_weights(
        [0.0, 1.0], weights[:, :2, :2], turned, origin="sim", exact=True
    )
    assert "concept" not in other.to_xarray().coords


def test_what_it_tells_of_itself() -> None:
    traj = one_layer((2,), stats=STATS | {"note": "<b>"}, arrays={"steps": ("step", np.arange(20))})
    assert repr(traj) == "Trajectory(analytic.one_layer, T=5, P=4, d=3, ensemble=(2,))"
    text = str(traj)
    for part in (
        "analytic.one_layer (exact)",
        "5 points from 0 to 4 (canonical)",
        "(2, 5, 4, 3) over member, t, probe, output",
        "array of shape (20,) over step, from 0 to 19",
        "Dopri5",
        f" {traj.task!r}\n",
    ):
        assert part in text
    assert "none" in str(outputs_only())
    assert "approximate" in str(outputs_only())
    page = traj._repr_html_()
    assert page.startswith("<table>")
    assert "&lt;b&gt;" in page


def test_outputs_of_a_run_trained_elsewhere_are_a_trajectory_like_any_other():
    task = st.SIMTask(mu=(1.0, 2.0), sigma=0.1)
    t = np.linspace(0, 12, 241)
    known = st.sim.solve(st.sim.Tied(), task, 0.1 * np.eye(2), t)
    seeds = np.stack([known.outputs, 0.9 * known.outputs])
    own = st.Trajectory.from_outputs(t, seeds, task, stats={"lr": 0.1})
    assert own.ensemble == (2,)
    assert own.weights is None
    assert not own.exact
    assert own.road == "elsewhere"
    np.testing.assert_array_equal(st.observe.loss(own.member(0)), st.observe.loss(known))
    assert st.agreement(own.member(1), known).max_error > 0.1
    assert st.plot.dash(own) == st.plot.dash(replace(known, origin="validation.train(MLP)"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"outputs": np.ones((3, 2))},
            r"`outputs` must have shape .* T = 3 times and P = 4 probes",
        ),
        ({"outputs": np.ones((4, 3, 2))}, "`outputs` must have shape"),
        ({"outputs": np.full((3, 4, 2), np.nan)}, "`outputs` must be finite"),
        ({"probes": np.ones((4, 3))}, r"`probes` must have shape \(P, 2\)"),
        ({"task": 3}, "`task` must be of the kind Task"),
        ({"t": [0.0, 2.0, 1.0]}, "`t` must increase strictly"),
        ({"weights": np.ones((3, 3, 3))}, "(weights|coordinate|output)"),
    ],
)
def test_outputs_that_fit_nothing_are_refused(changed, message):
    given = {
        "t": [0.0, 1.0, 2.0],
        "outputs": np.ones((3, 4, 2)),
        "task": st.SIMTask(mu=(1.0, 2.0), sigma=0.1),
    }
    with pytest.raises(ValueError, match=message):
        st.Trajectory.from_outputs(**(given | changed))
