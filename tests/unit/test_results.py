"""Trajectory, Curve and Samples: nothing is lost in a file, a pickle, a dataset or a print."""

from __future__ import annotations

import copy
import json
import pickle
import tempfile
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simtheory
from simtheory import tasks
from simtheory.errors import ArgumentError, ShapeError
from simtheory.results import Arrays, Curve, Samples, Trajectory
from simtheory.tasks import DenoisingTask, SIMTask

xarray = pytest.importorskip("xarray")

TASK = SIMTask(mu=(1.0, 2.0), sigma=0.1, rotation=[[0.6, -0.8], [0.8, 0.6]])
DENOISING = DenoisingTask(covariance=np.diag([0.5, 2.0]), sigma_min=0.1, sigma_max=5.0)
sizes = st.integers(0, 2)
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
facts = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=4,
)


def draw_numbers(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Numbers of any size, with signed zeros."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape) * 10.0 ** rng.integers(-300, 300, shape)
    return np.where(rng.random(shape) < 0.2, -0.0, values)


@st.composite
def extras(draw: Any, ensemble: tuple[int, ...], own: str, length: int) -> dict[str, Any]:
    """What all kinds have: facts, a label, and named arrays over the ensemble and an axis."""
    seed = draw(st.integers(0, 99))
    gaps = draw_numbers((*ensemble, length, 2), seed)
    gaps[..., :1, 0] = [np.nan]
    arrays = {
        "seeds": ("*ensemble", np.arange(np.prod(ensemble, dtype=int)).reshape(ensemble)),
        "gaps": (f"*ensemble {own} pair", gaps),
        "edges": ("edge", [-np.inf, 0.5, np.inf]),
        "flags": (("*ensemble",), np.zeros(ensemble, dtype=bool)),
        "large": ("", np.uint64(2**63)),
    }
    kept = draw(st.sets(st.sampled_from(sorted(arrays))))
    return {
        "origin": draw(words),
        "exact": draw(st.booleans()),
        "label": draw(st.none() | words),
        "stats": draw(st.dictionaries(words, facts, max_size=3)),
        "arrays": {name: arrays[name] for name in arrays if name in kept},
    }


@st.composite
def trajectories(draw: Any) -> Trajectory:
    ensemble = tuple(draw(st.lists(st.integers(1, 2), max_size=2)))
    T, P, k = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    seed = draw(st.integers(0, 99))
    t = np.cumsum(np.random.default_rng(seed).random(T) + 1e-9)
    weights = draw_numbers((*ensemble, T, k, 2), seed) if draw(st.booleans()) else None
    outputs = draw_numbers((*ensemble, T, P, k), seed + 1)
    more = draw(extras(ensemble, "t", T))
    task = draw(st.sampled_from([TASK, DENOISING]))
    return Trajectory(t, draw_numbers((P, 2), seed + 2), outputs, weights, task, **more)


@st.composite
def curves(draw: Any) -> Curve:
    ensemble = tuple(draw(st.lists(st.integers(1, 2), max_size=2)))
    X, rows = draw(st.integers(1, 3)), draw(st.lists(words, unique=True, min_size=1, max_size=3))
    seed = draw(st.integers(0, 99))
    values = draw_numbers((*ensemble, X, len(rows)), seed)
    values[..., -1, :] = np.nan
    errors = np.abs(values) if draw(st.booleans()) else None
    more = draw(extras(ensemble, "x", X))
    x = np.cumsum(np.random.default_rng(seed).random(X) + 1e-9) - 1.0
    return Curve(x, values, rows=rows, x_name=draw(words), errors=errors, **more)


@st.composite
def drawn(draw: Any) -> Samples:
    ensemble = tuple(draw(st.lists(st.integers(1, 2), max_size=2)))
    N, d, L = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    seed, weighted = draw(st.integers(0, 99)), draw(st.booleans())
    log_weights = draw_numbers((*ensemble, N), seed) if weighted else None
    if log_weights is not None:
        log_weights[..., 1:] = -np.inf
    levels = np.geomspace(5.0, 0.1, L) if draw(st.booleans()) else None
    path = None
    if levels is not None and draw(st.booleans()):
        path = draw_numbers((*ensemble, L, N, d), seed + 1)
    points = draw_numbers((*ensemble, N, d), seed + 2)
    more = draw(extras(ensemble, "sample", N))
    return Samples(points, log_weights, levels, path=path, **more)


def same(one: Any, two: Any) -> None:
    """Whether two results hold the same bits, in arrays that nothing can write."""
    assert type(one) is type(two)
    for f in fields(one):
        a, b = getattr(one, f.name), getattr(two, f.name)
        if isinstance(a, np.ndarray):
            same_bits(a, b)
        elif isinstance(a, Arrays):
            assert set(a) == set(b)
            for name in a:
                assert a.axes(name) == b.axes(name)
                same_bits(a[name], b[name])
        elif isinstance(a, float):
            assert repr(a) == repr(b)
        else:
            assert a == b, f.name


def same_bits(a: np.ndarray, b: np.ndarray) -> None:
    assert (a.dtype, a.shape) == (b.dtype, b.shape)
    assert a.tobytes() == b.tobytes()
    assert not a.flags.writeable
    assert not b.flags.writeable


def netcdf(dataset: Any, folder: Path) -> Any:
    dataset.to_netcdf(folder / "data.nc", engine="h5netcdf")
    return xarray.load_dataset(folder / "data.nc", engine="h5netcdf")


def zarr(dataset: Any, folder: Path) -> Any:
    dataset.to_zarr(folder / "data.zarr", consolidated=False)
    return xarray.open_zarr(folder / "data.zarr", chunks=None, consolidated=False).load()


KINDS = pytest.mark.parametrize("results", [trajectories(), curves(), drawn()], ids=["t", "c", "s"])


@KINDS
def test_files_pickles_and_copies_give_back_the_last_bit(results: Any) -> None:
    @settings(max_examples=40, deadline=None)
    @given(results)
    def check(result: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = result.save(Path(folder) / "result")
            assert [path] == list(Path(folder).iterdir())
            same(result, type(result).load(path))
        same(result, pickle.loads(pickle.dumps(result)))
        same(result, copy.deepcopy(result))
        same(result, copy.copy(result))
        same(result, replace(result))
        same(result, type(result).from_xarray(result.to_xarray()))

    check()


@KINDS
@pytest.mark.parametrize("store", [netcdf, zarr])
@pytest.mark.filterwarnings("ignore:Object at .* is not recognized as a component:UserWarning")
def test_netcdf_and_zarr_lose_nothing(results: Any, store: Any) -> None:
    @settings(max_examples=8, deadline=None)
    @given(results)
    def check(result: Any) -> None:
        with tempfile.TemporaryDirectory() as folder:
            back = store(result.to_xarray(), Path(folder))
            same(result, type(result).from_xarray(back))

    check()


@KINDS
def test_members_are_results_of_their_own(results: Any) -> None:
    @settings(max_examples=25, deadline=None)
    @given(results)
    def check(result: Any) -> None:
        place = (0,) * len(result.ensemble)
        one = result.member(place)
        assert one.ensemble == ()
        main = {"Trajectory": "outputs", "Curve": "values", "Samples": "points"}
        name = main[type(result).__name__]
        np.testing.assert_array_equal(getattr(one, name), getattr(result, name)[place])
        for key in result.arrays:
            whole = result.arrays[key]
            own = result.arrays.axes(key)[:1] == ("*ensemble",)
            np.testing.assert_array_equal(one.arrays[key], whole[place] if own else whole)
        with pytest.raises(ArgumentError, match="`index` must name a place"):
            result.member((9,) * (len(place) + 1))

    check()


@KINDS
def test_each_tells_all_that_it_holds(results: Any) -> None:
    @settings(max_examples=25, deadline=None)
    @given(results)
    def check(result: Any) -> None:
        text, page = str(result), result._repr_html_()
        assert text.startswith(type(result).__name__)
        assert page.startswith("<table>")
        for name in (*result.stats, *result.arrays):
            assert name in text
        assert repr(result).startswith(type(result).__name__)

    check()


CURVE = Curve(
    [1.0, 2.0, 4.0],
    np.arange(12.0).reshape(2, 3, 2),
    rows=["right", "wrong"],
    x_name="training size",
    origin="validation.train",
    errors=np.full((2, 3, 2), 0.1),
    stats={"lr": 0.1},
    arrays={"seeds": ("*ensemble", [3, 4])},
)
SAMPLES = Samples(
    np.arange(12.0).reshape(2, 3, 2),
    np.zeros((2, 3)),
    [3.0, 1.0],
    origin="sim.sample",
    arrays={"acceptance": ("*ensemble level", np.full((2, 2), 0.5))},
)
TRAJECTORY = Trajectory([0, 1], TASK.probes, np.zeros((2, 4, 2)), None, TASK, "sim", True)


def test_they_stand_at_the_face() -> None:
    assert (simtheory.Trajectory, simtheory.Curve, simtheory.Samples) == (
        Trajectory,
        Curve,
        Samples,
    )


def test_labels_in_xarray() -> None:
    data = CURVE.to_xarray()
    assert data["values"].dims == ("member", "x", "row")
    assert float(data["values"].sel(x=4.0, row="wrong")[1]) == 11.0
    assert data["seeds"].dims == ("member",)
    assert "seeds" in data.coords
    assert json.loads(data.attrs["stats"]) == {"lr": 0.1}
    data = SAMPLES.to_xarray()
    assert data["points"].dims == ("member", "sample", "coordinate")
    assert float(data["acceptance"].sel(level=1.0)[0]) == 0.5
    for value in (*CURVE.to_xarray().attrs.values(), *TRAJECTORY.to_xarray().attrs.values()):
        assert isinstance(value, str)
    with pytest.raises(ArgumentError, match=r"made by Curve\.to_xarray, but .*Samples/2"):
        Curve.from_xarray(data)


def test_what_rows_and_weights_are() -> None:
    np.testing.assert_array_equal(CURVE.row("wrong"), CURVE.values[..., 1])
    with pytest.raises(ArgumentError, match="did you mean wrong"):
        CURVE.row("wrng")
    np.testing.assert_allclose(SAMPLES.weights, 1 / 3)
    heavy = replace(SAMPLES, log_weights=np.array([[1e4, 1e4 + np.log(3.0), -np.inf]] * 2))
    np.testing.assert_allclose(heavy.weights, [[0.25, 0.75, 0.0]] * 2, rtol=1e-11)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: replace(CURVE, x=[1.0, 1.0, 2.0]),
            ArgumentError,
            r"`x` must increase.*x\[0\] = 1",
        ),
        (lambda: replace(CURVE, x=[1.0, 2.0]), ShapeError, r"`values`.*\(\.\.\., 2, row\)"),
        (lambda: replace(CURVE, rows=["right"]), ShapeError, r"`rows`.*\(2,\)"),
        (
            lambda: replace(CURVE, rows=["a", "a"]),
            ArgumentError,
            "`rows` must name each entry once",
        ),
        (lambda: replace(CURVE, errors=-CURVE.errors), ArgumentError, "`errors` must not be neg"),
        (
            lambda: replace(CURVE, errors=[[1.0]]),
            ShapeError,
            r"`errors`.*\(2, 3, 2\), but .*\(1, 1\)",
        ),
        (
            lambda: replace(CURVE, values=np.inf + CURVE.values),
            ArgumentError,
            "`values` must be fin",
        ),
        (
            lambda: replace(CURVE, stats={"a": np.ones(2)}),
            ArgumentError,
            "'a' is a ndarray.*arrays=",
        ),
        (lambda: replace(CURVE, stats={"a": {1: 2}}), ArgumentError, "`stats` must hold"),
        (lambda: replace(CURVE, stats=3), ArgumentError, "`stats` must be a mapping"),
        (
            lambda: replace(CURVE, arrays={"a": [1]}),
            ArgumentError,
            r"\(axes, values\).*Name the axes",
        ),
        (lambda: replace(CURVE, arrays=[1]), ArgumentError, "must map names"),
        (lambda: replace(CURVE, arrays={"a b": ("x", [1])}), ArgumentError, "identifiers"),
        (lambda: replace(CURVE, arrays={"a": ("member", [1])}), ArgumentError, "other than member"),
        (lambda: replace(CURVE, arrays={"a": ("x x", [[1]])}), ArgumentError, "each axis once"),
        (lambda: replace(CURVE, arrays={"a": ("x", [1.0])}), ShapeError, r"arrays\[.a.\].*\(3,\)"),
        (lambda: replace(CURVE, arrays={"a": ("x", 1.0)}), ShapeError, r"but its shape is \(\)"),
        (lambda: replace(CURVE, arrays={"a": ("x", "abc")}), ArgumentError, "real numbers"),
        (
            lambda: replace(CURVE, arrays={"values": ("y", [1.0])}),
            ArgumentError,
            "not name an array",
        ),
        (lambda: replace(CURVE, arrays={"row": ("y", [1.0])}), ArgumentError, "field or an axis"),
        (lambda: replace(SAMPLES, log_weights=np.zeros((2, 4))), ShapeError, r"\(2, 3\), but"),
        (lambda: replace(SAMPLES, log_weights=np.full((2, 3), np.nan)), ArgumentError, "holds NaN"),
        (
            lambda: replace(SAMPLES, log_weights=np.full((2, 3), -np.inf)),
            ArgumentError,
            "all of a member",
        ),
        (
            lambda: replace(SAMPLES, points=np.full((2, 3, 2), np.nan)),
            ArgumentError,
            "`points` must",
        ),
        (
            lambda: replace(SAMPLES, levels=None, arrays={}, path=np.zeros((2, 2, 3, 2))),
            ArgumentError,
            "`levels` must be given",
        ),
        (lambda: replace(TRAJECTORY, task="SIM"), ArgumentError, "`task` must be a task.*a str"),
        (lambda: replace(TRAJECTORY, stats={"a": 1j}), ArgumentError, "'a' is a complex"),
    ],
)
def test_parts_that_do_not_fit(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("result", [CURVE, SAMPLES, TRAJECTORY], ids=repr)
def test_nothing_can_be_changed(result: Any) -> None:
    with pytest.raises(FrozenInstanceError):
        result.origin = "else"
    with pytest.raises(TypeError):
        result.stats["a"] = 1
    with pytest.raises(TypeError):
        result.arrays["a"] = 1
    more = replace(result, arrays=result.arrays | {"extra": ("thing", [1.0])})
    assert set(more.arrays) == {*result.arrays, "extra"}
    with pytest.raises(ValueError, match="read-only"):
        more.arrays["extra"][0] = 2.0


def test_a_file_that_is_damaged_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = CURVE.save(tmp_path / "curve")
    with pytest.raises(ArgumentError, match=r"saved Samples, but .*holds 'simtheory\.Curve/2'"):
        Samples.load(path)
    with np.load(path) as file:
        members = {name: file[name] for name in file.files}
    changed = members["values"].copy()
    changed.flat[0] = np.nextafter(changed.flat[0], 1.0)
    header = np.array(str(members["header"]).replace("0.1", "0.2"))
    for name, spoilt in (("values", changed), ("header", header)):
        np.savez(tmp_path / "spoilt.npz", **members | {name: spoilt})
        with pytest.raises(
            ArgumentError, match="is damaged: its contents do not match their check"
        ):
            Curve.load(tmp_path / "spoilt.npz")
    whole = path.read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.npz").write_bytes(whole[:cut])
        with pytest.raises(ArgumentError, match=r"cut\.npz holds something else, or is damaged"):
            Curve.load(tmp_path / "cut.npz")
    same(CURVE, Curve.load(path))


class Own:
    """A task of a user's own."""

    kind: ClassVar[str] = "own"
    dim = 2

    def __init__(self, size: float) -> None:
        self.size = size

    def to_dict(self) -> dict[str, Any]:
        return {"size": self.size}

    @classmethod
    def from_dict(cls, values: Any) -> Own:
        return cls(**values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own) and other.size == self.size

    __hash__ = None


def test_a_task_of_your_own_comes_back(tmp_path: Path) -> None:
    probes = [[1.0, 0.0]]
    run = Trajectory.from_weights(
        [0, 1], np.ones((2, 5, 2)), Own(0.3), origin="sim", exact=True, probes=probes
    )
    assert run.outputs.shape == (2, 1, 5)
    assert run.output([1.0, 0.0]).shape == (2, 5)
    same(run, Trajectory.load(run.save(tmp_path / "own"), tasks=[Own]))
    with pytest.raises(ArgumentError, match="`kind` is 'own', which is unknown; known are"):
        Trajectory.load(tmp_path / "own.npz")
    with pytest.raises(
        ArgumentError, match="`probes` must be given, because tasks of the class Own name none"
    ):
        Trajectory.from_weights([0], np.ones((1, 5, 2)), Own(0.3), origin="sim", exact=True)


@pytest.mark.parametrize("task", [TASK, DENOISING], ids=lambda task: task.kind)
def test_tasks_come_back_by_their_kind(task: Any) -> None:
    assert tasks.from_dict(task.kind, json.loads(json.dumps(task.to_dict()))) == task
