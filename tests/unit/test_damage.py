"""One flipped bit in any file that is read back is noticed, named, and computed anew where it can be."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simtheory as st
from simtheory.errors import ArgumentError
from simtheory.results import Trajectory
from simtheory.validation.claims.claim import Band, Verdict
from simtheory.validation.claims.record import Record
from simtheory.validation.ledger.catalogue import claims
from simtheory.validation.ledger.folder import Ledger
from tests import sweep_functions as functions


def flip(file: Path, place: int, bit: int) -> None:
    """Flip one bit of a file."""
    content = bytearray(file.read_bytes())
    content[place] ^= 1 << bit
    file.write_bytes(content)


def tried(function: Callable[[Path], Any], file: Path) -> tuple[Any, str]:
    """Return what a function returns, or the message with which it refuses."""
    try:
        return function(file), ""
    except ArgumentError as reason:
        return None, str(reason)


def places(file: Path) -> list[tuple[int, int]]:
    """Some places of a file, and a bit of each: its ends, and others drawn by its name."""
    size = file.stat().st_size
    rng = np.random.default_rng(sum(file.name.encode()))
    drawn = {0, size - 1, *rng.integers(0, size, 6).tolist()}
    return [(place, int(rng.integers(8))) for place in sorted(drawn)]


def content(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def spec() -> st.sweep.Spec:
    return st.sweep.Spec(
        axes={"x": [1, 2, 3, 4], "y": [1.5, 2.5]}, seeds=2, entropy=5, function=functions.fragile,
        variables=["product", "draw"], cells_per_chunk=4,
    )  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished sweep with a failed cell."""
    root = tmp_path_factory.mktemp("sweep") / "s"
    st.sweep.run(spec(), root)
    return root


def test_a_flipped_bit_of_a_sweep_is_named_and_mended(
    store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = content(store)
    assert {name.split("/")[0] for name in whole} >= {
        "manifest.json", "zarr.json", "x", "y", "status", "product", "draw", "reasons", "checksums",
    }  # fmt: skip
    copy = tmp_path / "s"
    for name in whole:
        for place, bit in places(store / name)[:: 2 if name == "manifest.json" else 8]:
            shutil.copytree(store, copy)
            flip(copy / name, place, bit)
            with pytest.raises(ArgumentError) as reason:
                st.sweep.read(copy)
            assert name in str(reason.value)
            caplog.clear()
            st.sweep.run(spec(), copy)
            assert content(copy) == whole, name
            shutil.rmtree(copy)


def test_a_lost_coordinate_and_an_impossible_status_are_mended(store: Path, tmp_path: Path) -> None:
    whole, copy = content(store), tmp_path / "s"
    shutil.copytree(store, copy)
    shutil.rmtree(copy / "x")
    status = next(p for p in (copy / "status" / "c").rglob("*") if p.is_file())
    status.write_bytes(bytes([7] * status.stat().st_size))
    assert any(name.startswith("x/") for name in st.sweep.status(copy).damaged)
    with pytest.raises(ArgumentError, match="holds damaged files"):
        st.sweep.read(copy)
    st.sweep.run(spec(), copy)
    assert content(copy) == whole


def test_a_damaged_manifest_of_another_sweep_is_not_replaced(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "s"
    shutil.copytree(store, copy)
    flip(copy / "manifest.json", 40, 1)
    before = content(copy)
    other = st.sweep.Spec(axes={"x": [1, 2]}, function=functions.product, variables=["product"])
    with pytest.raises(ArgumentError, match=r"manifest\.json is damaged"):
        st.sweep.run(other, copy)
    assert content(copy) == before


@pytest.fixture
def unsigned(store: Path, tmp_path: Path) -> Path:
    """The store as the first format had it: no checksums."""
    root = tmp_path / "old"
    shutil.copytree(store, root)
    shutil.rmtree(root / "checksums")
    file = root / "manifest.json"
    manifest = json.loads(file.read_text())
    del manifest["checksum"], manifest["files"]
    file.write_text(json.dumps(manifest | {"format": "simtheory.sweep/1"}))
    return root


def test_a_store_of_the_first_format_is_read_and_finished(store: Path, unsigned: Path) -> None:
    whole = content(unsigned)
    assert st.sweep.read(unsigned).equals(st.sweep.read(store))
    status = next(p for p in (unsigned / "status" / "c").rglob("*") if p.is_file())
    status.unlink()
    assert st.sweep.status(unsigned).pending == 4
    assert st.sweep.run(spec(), unsigned).equals(st.sweep.read(store))
    assert content(unsigned) == whole  # still without checksums


@pytest.mark.parametrize("form", ["simtheory.sweep/1", "simtheory.sweep/3"])
def test_a_store_that_claims_another_format_is_refused(
    store: Path, tmp_path: Path, form: str
) -> None:
    copy = tmp_path / "s"
    shutil.copytree(store, copy)
    file = copy / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"format": form}))
    with pytest.raises(ArgumentError, match="Name a new or empty folder to begin one"):
        st.sweep.read(copy)


@pytest.fixture
def result() -> Trajectory:
    task = st.SIMTask(mu=(1.0, 2.0), sigma=0.1)
    return st.analytic.tied.pivots(task, 0.1 * np.eye(2), np.linspace(0.0, 3.0, 9))


def test_a_flipped_bit_of_a_saved_result_is_noticed(result: Trajectory, tmp_path: Path) -> None:
    file = result.save(tmp_path / "r.npz")
    whole = file.read_bytes()
    rng = np.random.default_rng(0)
    noticed = 0
    for place in rng.choice(len(whole), 150, replace=False).tolist():
        flip(file, place, int(rng.integers(8)))
        found, said = tried(Trajectory.load, file)
        if said:
            noticed += 1
            assert str(file) in said
        else:  # a bit that holds no content, such as the date of a member
            assert np.array_equal(found.outputs, result.outputs)
            assert np.array_equal(found.t, result.t)
            assert repr(found) == repr(result)
        file.write_bytes(whole)
    assert noticed > 75


def records() -> list[Record]:
    """Records of two claims, as a run would write them."""
    return [
        Record(
            id=c.id, paper=c.paper, where=c.where, statement=c.statement, quantity="q", null_name="0",
            band=Band(0.5, 1.5), expected=Verdict.AGREES, verdict=Verdict.AGREES, predicted=1.0,
            values=(1.0, 1.01), null=0.0, seeds=(0, 1),
        )
        for c in claims()[:2]
    ]  # fmt: skip


def kept(folder: Path) -> set[str]:
    """Ids of the records that a resumed ledger keeps."""
    with Ledger.open(folder, planned=claims()[:2], keep=lambda *_: True) as ledger:
        return {c.id for c in claims()[:2] if ledger.finished(c.id) is not None}


def test_an_edited_record_is_named_and_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, (first, second) = tmp_path / "ledger", records()
    with Ledger.open(folder, planned=claims()[:2]) as ledger:
        ledger.add(first)
        ledger.add(second)
    whole = content(folder)
    assert kept(folder) == {first.id, second.id}
    file = folder / "records.json"
    values = json.loads(whole["records.json"])
    values[1]["values"][0] = 1.02
    file.write_text(json.dumps(values, indent=1))
    with caplog.at_level(logging.WARNING, logger="simtheory"):
        assert kept(folder) == {first.id}
    assert second.id in caplog.text


def test_a_flipped_bit_of_a_ledger_is_noticed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "ledger"
    with Ledger.open(folder, planned=claims()[:2]) as ledger:
        for record in records():
            ledger.add(record)
    whole = content(folder)
    rng = np.random.default_rng(1)
    for name in ("records.json", "manifest.json"):
        for place in rng.integers(0, len(whole[name]), 25).tolist():
            for file, bytes_ in whole.items():
                (folder / file).write_bytes(bytes_)
            flip(folder / name, place, int(rng.integers(7)))
            changed = (folder / name).read_bytes()
            caplog.clear()
            _, said = tried(kept, folder)
            same = _values(changed) == _values(whole[name])  # a blank for another one
            assert "damaged" in said or caplog.text or same, (name, place)


def _values(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None
