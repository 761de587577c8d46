"""What the cells of a sweep can be: a family of tables, or a function that a file names."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import xarray
from click.testing import CliRunner

import simtheory as st
from simtheory._checks import positive_int
from simtheory.cli import main
from simtheory.errors import ArgumentError, TaskError
from simtheory.sweep import Family, Field, Observable, Variable
from simtheory.sweep.families import FAMILIES
from simtheory.sweep.family import attempt
from tests import sweep_functions as functions

SHAPES = {"total": {}, "modes": {"mode": 3}, "grid": {"row": 2, "mode": 3}}


def files(root):
    """Every file of a store, with its bytes."""
    return {p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()}


class Coins(Family):
    """Coins that are flipped: a family without nets, tasks or times."""

    kind = "coins"
    tables = {  # noqa: RUF012
        "coin": {
            "head": Field(0.5),
            "side": Field("heads", words=("heads", "tails")),
            "flips": Field(100, fixed=positive_int),
        },
        "count": {"bar": Field(0.5, fixed=lambda key, value: value)},
    }
    observables = {  # noqa: RUF012
        "share": Observable(
            lambda flips: flips.mean(axis=-1), Variable("share of the side", boundary="count.bar")
        ),
        "flips": Observable(lambda flips: flips, Variable("each flip", ("flip",), whole=True)),
    }

    @property
    def axes(self):
        return ("flip",)

    def check(self, spec):
        if spec.tables["coin"]["flips"] > 1000:
            raise ArgumentError("Too many flips.")

    def variables(self, spec):
        return {n: spec.with_boundary(self.observables[n].variable) for n in spec.measure}

    def sizes(self, spec):
        return {"flip": spec.tables["coin"]["flips"]}

    def cost(self, spec):
        return 1e-3, 10

    def start(self, spec, cell, memory):
        table = spec.table_at("coin", cell)
        if not 0 <= table["head"] <= 1:
            raise TaskError("A coin has a probability.")
        heads = cell.rng.random(table["flips"]) < table["head"]
        return heads if table["side"] == "heads" else ~heads

    def compute(self, spec, cells, outcome):
        runs = outcome.sort(range(len(cells)), [attempt(self.start, spec, c, {}) for c in cells])
        if runs:
            for name in spec.measure:
                read = self.observables[name].read(np.stack(list(runs.values())))
                outcome.values[name][list(runs)] = read


@pytest.fixture
def coins(monkeypatch):
    monkeypatch.setitem(FAMILIES, "coins", Coins())


def flip(**changes):
    given = {
        "kind": "coins",
        "axes": {"p": [0.1, 0.9, 1.5], "side": ["heads", "tails"]},
        "coin": {"head": "p", "side": "side", "flips": 40},
        "measure": ["share", "flips"],
        "seeds": 3,
    }
    return st.sweep.Spec(**{**given, **changes})


def test_the_core_runs_a_family_that_knows_no_net(coins, tmp_path):
    data = st.sweep.run(flip(), tmp_path / "s")
    assert data["share"].dims == ("p", "side", "seed")
    assert data["flips"].dims == ("p", "side", "seed", "flip")
    assert data["share"].attrs["boundary"] == 0.5
    assert (data["status"].sel(p=1.5) == st.sweep.CellStatus.FAILED).all()
    assert st.sweep.status(tmp_path / "s").reasons == {"A coin has a probability.": 6}
    # Cell (p, side) = (0.9, tails) is number 3; its second run flips so:
    rng = np.random.default_rng(np.random.SeedSequence(0, spawn_key=(3, 1)))
    np.testing.assert_array_equal(data["flips"][1, 1, 1], rng.random(40) >= 0.9)
    assert data["share"].sel(p=0.9, side="heads").mean() > 0.7 > 0.3 > data["share"][0, 0].mean()
    st.sweep.run(flip(cells_per_chunk=10), tmp_path / "again")
    whole = files(tmp_path / "s")
    for part in (2, 1):
        st.sweep.run(flip(), tmp_path / "shards", shard=(part, 2))
    assert files(tmp_path / "shards") == whole


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "coin"}, "did you mean coins"),
        ({"coins": {}}, "no place for 'coins'; did you mean coin"),
        ({"task": {"mu": [1.0], "sigma": 0.0}}, "no place for 'task'"),
        ({"measure": ["loss"]}, "`measure` is 'loss'"),
        ({"theory": "tied.pivots"}, "`theory` is 'tied.pivots'"),
        ({"axes": {"flip": [0.1], "side": ["heads"]}}, "can be called 'flip'"),
        ({"axes": {"share": [0.1], "side": ["heads"]}}, "can be called 'share'"),
        ({"coin": {"head": "p", "side": "side", "flips": 0}}, "`flips` must be a positive integer"),
        ({"coin": {"head": "p", "side": "side", "flips": 2000}}, "Too many flips"),
        ({"coin": {"head": "p", "side": "edge"}}, "`side` is 'edge'"),
    ],
)
def test_a_family_refuses_in_its_own_words(coins, changes, says):
    with pytest.raises(ArgumentError, match=says):
        flip(**changes)


def test_a_file_names_its_family(coins, tmp_path):
    text = 'kind = "coins"\nmeasure = ["share"]\n[axes]\np = [0.5]\n[coin]\nhead = "p"\n'
    (tmp_path / "spec.toml").write_text(text)
    sweep = st.sweep.Spec.from_toml(tmp_path / "spec.toml")
    assert sweep.to_dict()["kind"] == "coins"
    assert (
        "kind"
        not in st.sweep.Spec(
            axes={"s": [1.0]}, task={"mu": ["s"], "sigma": 0.0}, measure=["loss"]
        ).to_dict()
    )
    (tmp_path / "spec.toml").write_text(text.replace("coins", "coinz"))
    with pytest.raises(ArgumentError, match=r"`kind` is 'coinz'.* did you mean coins"):
        st.sweep.Spec.from_toml(tmp_path / "spec.toml")
    (tmp_path / "spec.toml").write_text(text.replace('"coins"', '["coins"]'))
    with pytest.raises(ArgumentError, match="`kind` must be a word"):
        st.sweep.Spec.from_toml(tmp_path / "spec.toml")
    (tmp_path / "spec.toml").write_text(text + "[task]\nmu = [1]\n")
    with pytest.raises(ArgumentError, match="no place for 'task'"):
        st.sweep.Spec.from_toml(tmp_path / "spec.toml")


def test_a_flag_of_the_task_is_an_axis(tmp_path):
    data = st.sweep.run(
        st.sweep.Spec(
            axes={"origin": [False, True]},
            task={"mu": [1.0, 2.0], "sigma": 0.1, "origin": "origin"},
            init={"seed": 0},
            measure=["learning_times"],
        ),
        tmp_path / "s",
    )
    without, with_origin = data["learning_times"].values
    np.testing.assert_allclose(with_origin, without * 1.5, rtol=0.05)  # a third of the data is 0


def code(folder, **changes):
    """Write a module that leaves a mark when it runs, and a spec that names it."""
    (folder / "own_cells.py").write_text(
        "import pathlib\n"
        f"pathlib.Path({str(folder / 'ran')!r}).touch()\n"
        "def product(cell):\n"
        "    return {'product': cell['x'] * 2, 'pair': [cell['x'], cell.rng.random()]}\n"
    )
    lines = {
        "function": '"own_cells:product"',
        "variables": "{ product = {}, pair = { of = 2 } }",
        "cells_per_chunk": "2",
        **changes,
    }
    text = "\n".join(f"{key} = {value}" for key, value in lines.items())
    (folder / "spec.toml").write_text(f"{text}\n[axes]\nx = [1, 2, 3, 4, 5]\n")
    return folder / "spec.toml"


@pytest.fixture
def forget():
    """Undo what an import of the module leaves in this process."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    sys.modules.pop("own_cells", None)


@pytest.mark.usefixtures("forget")
def test_code_that_a_file_names_does_not_run_without_the_flag(tmp_path, monkeypatch):
    spec = code(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # it could be imported
    with pytest.raises(ArgumentError, match=r"'own_cells:product', whose code .*allow_code=True"):
        st.sweep.Spec.from_toml(spec)
    with pytest.raises(ArgumentError, match="--allow-code"):
        st.sweep.Spec(axes={"x": [1]}, function="own_cells:product", variables=["product"])
    result = CliRunner().invoke(main, ["sweep", str(spec), "--out", str(tmp_path / "s")])
    assert result.exit_code == 2
    assert "--allow-code" in result.output
    # Nor can the file itself allow it.
    for value in ("true", '"yes"'):
        with pytest.raises(ArgumentError, match="has no place for 'allow_code'"):
            st.sweep.Spec.from_toml(code(tmp_path, allow_code=value))
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "s").exists()
    assert st.sweep.Spec.from_toml(code(tmp_path), allow_code=True).grid.chunks == 3
    assert (tmp_path / "ran").exists()  # the mark works


@pytest.mark.usefixtures("forget")
def test_code_runs_with_the_flag_here_in_a_pool_and_in_shards_alike(tmp_path):
    spec = str(code(tmp_path))

    def type_in(out, *words):
        command = ["sweep", spec, "--allow-code", "--out", str(tmp_path / out), *words]
        result = CliRunner().invoke(main, command)
        assert result.exit_code == 0, result.output

    type_in("serial")
    type_in("pool", "--workers", "2")
    for part in ("2/2", "1/2"):
        type_in("shards", "--shard", part)
    whole = files(tmp_path / "serial")
    assert files(tmp_path / "pool") == whole
    assert files(tmp_path / "shards") == whole
    data = st.sweep.read(tmp_path / "serial")
    np.testing.assert_array_equal(data["product"], [2, 4, 6, 8, 10])
    assert data["pair"].dims == ("x", "of")
    np.testing.assert_array_equal(data["pair"][:, 0], data["x"])


@pytest.mark.usefixtures("forget")
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("own_cells", '"module:name" or a callable'),
        ("own_cells:", '"module:name" or a callable'),
        ("../own_cells:product", '"module:name" or a callable'),
        ("own_cells:prodct", "no function 'prodct'; did you mean product"),
        ("own_cells:pathlib", "`function` must be callable"),
        ("no_such_cells:product", "cannot be imported: ModuleNotFoundError"),
    ],
)
def test_a_function_that_is_not_there_is_answered(tmp_path, monkeypatch, name, says):
    spec = code(tmp_path, function=f'"{name}"')
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ArgumentError, match=says):
        st.sweep.Spec.from_toml(spec, allow_code=True)


def arrays(function=functions.spectrum, variables=SHAPES):
    return st.sweep.Spec(axes={"x": [1, 2, 3, 4]}, function=function, variables=variables)


def test_a_function_returns_arrays_and_a_wrong_one_fails_its_cell(tmp_path):
    data = st.sweep.run(arrays(), tmp_path / "s")
    assert data["status"].values.tolist() == [1, 2, 2, 1]
    assert {name: data[name].dims[1:] for name in SHAPES} == {
        name: tuple(shape) for name, shape in SHAPES.items()
    }
    np.testing.assert_array_equal(data["grid"][3], np.full((2, 3), 4.0))
    assert data["grid"][1:3].isnull().all()
    assert set(st.sweep.status(tmp_path / "s").reasons) == {
        "ValueError: Variable `grid` must have shape (2, 3), but its shape is (2, 4).",
        "TypeError: Variable `grid` must hold real numbers, but they are complex.",
    }


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "must be a list of names"),
        ({"a b": {}}, "must be a list of names"),
        ({"a": 3}, "`variables.a` must be a table"),
        ({"a": {"mode": 0}}, "`variables.a.mode` must be a positive integer"),
        ({"a": {"mode": 2}, "b": {"mode": 3}}, "must have one length, but it has 2 and 3"),
        ({"a": {"x": 2}}, "can be called 'x'"),
        ({"mode": {"mode": 2}}, "can be called 'mode'"),
    ],
)
def test_shapes_that_no_store_can_hold_are_refused(variables, says):
    with pytest.raises(ArgumentError, match=says):
        arrays(variables=variables)


@pytest.mark.parametrize("form", ["h5netcdf", "scipy", "zarr 2", "zarr 3"])
def test_a_dataset_can_be_written_and_read_again(tmp_path, form):
    data = st.sweep.run(
        st.sweep.Spec(
            axes={"start": ["uniform", "gaussian"], "squared": [True, False], "s": [0.5, 1.0]},
            task={"mu": [1.0, "1 + s"], "sigma": 0.1, "squared_rates": "squared"},
            init={"init": "start"},
            time={"points": 21},
            measure=["descents", "learning_times", "loss"],
            theory="tied.pivots",
        ),
        tmp_path / "s",
    )
    if not form.startswith("zarr"):
        data.to_netcdf(tmp_path / "a.nc", engine=form)
        again = xarray.load_dataset(tmp_path / "a.nc", engine=form)
    else:
        data.to_zarr(tmp_path / "a.zarr", consolidated=False, zarr_format=int(form[-1]))
        again = xarray.open_zarr(tmp_path / "a.zarr", consolidated=False).load()
    xarray.testing.assert_equal(again, data)
    assert again.attrs["sweep"] == data.attrs["sweep"]
    assert again.attrs["measured"] == "descents learning_times loss"
    for name in data.data_vars:
        # The classic netCDF of SciPy has no integers of 64 bits, and none without sign.
        assert again[name].dtype == data[name].dtype or form == "scipy"
        assert again[name].attrs.get("long_name") == data[name].attrs.get("long_name")
