"""A run that was cut short goes on from its file to the last bit, and loses nothing that was seen."""

import errno

import numpy as np
import pytest

from simtheory.errors import ArgumentError, TrainingWarning
from simtheory.results import Trajectory
from simtheory.results.files import load_beside
from simtheory.validation.nets import loop, running, store
from simtheory.validation.nets.architectures import MLP
from simtheory.validation.nets.data import Samples
from simtheory.validation.nets.optimisers import SGD, Adam
from tests.nets.teaching import EYE, teach

pytestmark = pytest.mark.slow

NET = MLP(2, 6, activation="gelu", bias=True)
RICH = {
    "optimiser": Adam(),
    "batch": 16,
    "jacobians": True,
    "looks": "log",
}  # all there is to keep


@pytest.fixture
def cut(monkeypatch):
    """Return a function that has the next run interrupted after some pieces, saved after each."""
    advance = running.Engine.advance
    monkeypatch.setattr(store, "PAUSE", -1.0)

    def after(pieces, reason=KeyboardInterrupt):
        left = [pieces]

        def interrupted(self, marks, *, kept):
            if left[0] == 0:
                raise reason
            left[0] -= 1
            return advance(self, marks, kept=kept)

        monkeypatch.setattr(running.Engine, "advance", interrupted)
        return left

    return after


def same(one, other):
    """Whether two trajectories hold the same bits."""
    assert np.array_equal(one.outputs, other.outputs)
    assert np.array_equal(one.t, other.t)
    assert one.stats == other.stats
    for name in one.arrays:
        assert np.array_equal(one.arrays[name], other.arrays[name]), name
    return True


@pytest.mark.parametrize("seeds_as", ["loop", "batch"])
def test_a_cut_run_goes_on_to_the_last_bit(tmp_path, cut, seeds_as):
    file = tmp_path / "run.npz"
    whole = teach(NET, seeds_as=seeds_as, **RICH)
    cut(20)
    with pytest.raises(KeyboardInterrupt):
        teach(NET, seeds_as=seeds_as, checkpoint=file, **RICH)
    kept = Trajectory.load(file)
    assert 10 < kept.t.size < whole.t.size
    assert np.array_equal(kept.outputs, whole.outputs[:, : kept.t.size])
    jacobians = whole.arrays["jacobians"][:, : kept.t.size]
    assert np.array_equal(kept.arrays["jacobians"], jacobians)
    left = cut(1000)
    assert same(whole, teach(NET, seeds_as=seeds_as, checkpoint=file, **RICH))
    assert 0 < 1000 - left[0] <= 31  # of at most 51 pieces, 20 are not trained again
    left = cut(1000)
    assert same(whole, teach(NET, seeds_as=seeds_as, checkpoint=file, **RICH))
    assert left[0] == 1000  # a finished run is read, not trained
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.parametrize("calls", [6, 7])
def test_an_interrupt_between_two_seeds_loses_their_step_only(tmp_path, monkeypatch, calls):
    file, advance, left = tmp_path / "run.npz", loop.advance, [calls]
    whole = teach(NET, **RICH)

    def interrupted(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return advance(*arguments)

    monkeypatch.setattr(loop, "advance", interrupted)
    monkeypatch.setattr(store, "PAUSE", -1.0)
    with pytest.raises(KeyboardInterrupt):
        teach(NET, checkpoint=file, **RICH)
    monkeypatch.setattr(loop, "advance", advance)
    assert 0 < load_beside(Trajectory, file)[1]["step"] < 50
    assert same(whole, teach(NET, checkpoint=file, **RICH))


def test_what_a_kill_leaves_is_enough(tmp_path, cut, monkeypatch):
    class Killed(BaseException):
        """Ends a run as a kill does: nothing is written on the way out."""

    file, save = tmp_path / "run", running._save
    whole = teach(NET, **RICH)

    def only_earlier(engine, watched, *arguments):
        if watched.step < 30:
            save(engine, watched, *arguments)

    cut(9, Killed)
    monkeypatch.setattr(running, "_save", only_earlier)
    with pytest.raises(Killed):
        teach(NET, checkpoint=file, **RICH)
    monkeypatch.setattr(running, "_save", save)
    assert 0 < load_beside(Trajectory, file.with_suffix(".npz"))[1]["step"] < 36
    cut(1000)
    assert same(whole, teach(NET, checkpoint=file, **RICH))


def test_a_full_disk_costs_nothing_seen(tmp_path, cut, monkeypatch):
    file, write, writes = tmp_path / "run.npz", np.savez_compressed, []

    def full_from_the_third_on(stream, **arrays):
        writes.append(None)
        if len(writes) > 2:
            stream.write(b"half of a header")
            raise OSError(errno.ENOSPC, "No space left on device")
        write(stream, **arrays)

    cut(1000)
    whole = teach(NET, **RICH)
    monkeypatch.setattr(np, "savez_compressed", full_from_the_third_on)
    with pytest.warns(
        TrainingWarning, match="could not be written at step .*No space left"
    ) as warned:
        run = teach(NET, checkpoint=file, **RICH)
    assert len(warned) > 3
    assert same(whole, run)
    kept = Trajectory.load(file)
    assert kept.t.size > 1
    assert np.array_equal(kept.outputs, whole.outputs[:, : kept.t.size])
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.filterwarnings("ignore:Argument `lr`:simtheory.errors.TrainingWarning")
@pytest.mark.parametrize("seeds_as", ["loop", "batch"])
def test_a_diverged_seed_stays_so(tmp_path, cut, seeds_as):
    settings = {"init": (np.stack([np.zeros((3, 3)), EYE]),), "lr": 1.9, "seeds": (4, 7)}
    settings |= {"seeds_as": seeds_as, "checkpoint": tmp_path / "run.npz", "looks": 41}
    cut(40)
    with pytest.raises(KeyboardInterrupt):
        teach(MLP(depth=1), **settings)
    cut(1000)
    with pytest.warns(TrainingWarning, match=r"diverged for 1 of 2 seeds \(4\)"):
        run = teach(MLP(depth=1), **settings)
    assert run.arrays["seeds"].tolist() == [7]
    assert run.stats["diverged"][0][0] == 4
    assert run.t.size == 41


def test_another_run_is_refused(tmp_path):
    file = tmp_path / "run.npz"
    run = teach(MLP(depth=1), steps=2, checkpoint=file)
    for changes, word in (
        ({"lr": 0.01}, "`lr` was 0.05 and is 0.01"),
        ({"seeds": (0, 2)}, r"`seeds` was \[0, 1\] and is \[0, 2\]"),
        ({"optimiser": SGD(0.5)}, r"`optimiser` was 'SGD\(momentum=0.0"),
        ({"data": Samples(39)}, "`data` was"),
        ({"init": (EYE,)}, "`init` is another"),
        ({"looks": [0, 1]}, "`looks` is another"),
    ):
        with pytest.raises(ArgumentError, match=f"belongs to another run: .*{word}"):
            teach(MLP(depth=1), **{"steps": 2, "checkpoint": file} | changes)
    run.save(tmp_path / "other.npz")
    with pytest.raises(ArgumentError, match=r"but .*other\.npz is another trajectory"):
        teach(MLP(depth=1), steps=2, checkpoint=tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(
        ArgumentError, match=r"must name a saved Trajectory, but .*text\.npz holds something else"
    ):
        teach(MLP(depth=1), steps=2, checkpoint=tmp_path / "text.npz")


def test_a_file_that_was_changed_is_refused(tmp_path):
    file = tmp_path / "run.npz"
    teach(MLP(depth=1), steps=4, looks=3, checkpoint=file)
    with np.load(file) as found:
        members = {name: found[name] for name in found.files}
    members["outputs"] = members["outputs"] + 1e-12
    np.savez_compressed(file, **members)
    with pytest.raises(ArgumentError, match="do not match their checksum"):
        teach(MLP(depth=1), steps=4, looks=3, checkpoint=file)
