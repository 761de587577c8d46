"""The recorder: a stranger's loop, recorded, crashed, resumed, and compared with theory."""

import json
import subprocess
import sys

import numpy as np
import pytest

import simtheory as st
from simtheory.errors import ArgumentError, MissingFileError, ShapeError

TASK = st.SIMTask(mu=(1.0, 2.0), sigma=0.1)
CLOCK = st.units.Clock(lr=0.01, loss="sum")


class Tensor:
    """What PyTorch returns, as far as a recorder sees it: float32, on a device, with a gradient."""

    def __init__(self, values, *, away=True, tracked=True):
        self.values, self.away, self.tracked = np.float32(values), away, tracked

    def detach(self):
        return Tensor(self.values, away=self.away, tracked=False)

    def cpu(self):
        return Tensor(self.values, away=False, tracked=self.tracked)

    def __array__(self, dtype=None, copy=None):
        if self.away or self.tracked:
            raise TypeError("can't convert a tensor that is on a device or requires a gradient")
        return np.asarray(self.values, dtype=dtype)


class Net:
    """One linear layer that descends on the population loss E|f − x|²."""

    def __init__(self, weights):
        self.weights = np.float32(weights)

    def __call__(self, x):
        return Tensor(np.float32(x) @ self.weights.T)

    def step(self):
        gradient = 2.0 * (self.weights - np.eye(2)) @ TASK.second_moment
        self.weights = np.float32(self.weights - CLOCK.lr * gradient)


def train(recorder, first=0, last=201, net=None):
    net = net or Net(np.zeros((2, 2)))
    for step in range(first, last):
        recorder(step, net)
        net.step()
    return net


def test_a_loop_of_float32_tensors_follows_the_flow(tmp_path):
    recorder = st.Recorder(TASK, CLOCK, every=5, file=tmp_path / "run.jsonl")
    train(recorder)
    np.testing.assert_array_equal(recorder.steps, np.arange(0, 201, 5))
    theory = st.analytic.one_layer.solution(TASK, np.zeros((2, 2)), recorder.t)
    found = st.agreement(theory, recorder)
    assert repr(found) == repr(st.agreement(theory, recorder.trajectory()))
    assert 1e-4 < found.relative < 0.02  # of order lr
    still = st.analytic.one_layer.solution(TASK, np.zeros((2, 2)), 1e-9 * recorder.t)
    doing_nothing = np.abs(still.outputs - recorder.trajectory().outputs).max()
    assert doing_nothing > 10 * found.max_error


def test_a_file_is_a_trajectory_and_a_source_of_fits(tmp_path):
    file = tmp_path / "run.jsonl"
    recorder = st.Recorder(TASK, CLOCK, every=5, file=file, origin="elsewhere.torch")
    train(recorder)
    read, kept = st.Recorder.load(file).trajectory(), recorder.trajectory()
    for name in ("t", "probes", "outputs"):
        np.testing.assert_array_equal(getattr(read, name), getattr(kept, name))
    assert (read.origin, read.task.to_dict()) == ("elsewhere.torch", TASK.to_dict())
    curves = st.fit.curves(file)
    assert (curves.unit, curves.values.shape) == ("t", (41, 2))
    found = st.fit.fit(curves, model="one-layer")
    rates = [p.value for p in found.parameters if p.name.startswith("rate")]
    np.testing.assert_allclose(rates, TASK.rates, rtol=0.05)
    assert [set(json.loads(line)) for line in file.read_text().splitlines()[1:3]] == [
        {"step", "outputs", "checksum"}
    ] * 2


def test_recorded_runs_are_assessed_by_what_their_outputs_show(tmp_path):
    for name, weights in (("a", np.zeros((2, 2))), ("b", 0.3 * np.ones((2, 2)))):
        train(st.Recorder(TASK, CLOCK, every=5, file=tmp_path / f"{name}.jsonl"), net=Net(weights))
    found = st.assess.accuracies([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])
    assert (found.seeds, found.classes) == (("a", "b"), ("00", "01", "10", "11"))
    run = st.Recorder.load(tmp_path / "a.jsonl").trajectory()
    for k, word in enumerate(found.classes):
        point = np.array([int(digit) for digit in word]) * TASK.mu
        right = np.abs(run.output(point) - point) < TASK.mu / 2
        np.testing.assert_array_equal(found.marginals[0, :, k], right)
        np.testing.assert_array_equal(found.joint[0, :, k], right.all(axis=1))
    # From zero the weaker concept is learned later, and never before it is half way.
    late = found.joint[0, :, 2].argmax(), found.joint[0, :, 1].argmax()
    assert late[0] > late[1] > 0
    assert found.graph.train.tolist() == [[1, 0], [0, 1]]
    assert st.assess.product_law(found).sentence
    off = st.Recorder(TASK, CLOCK, probes=[[0.3, 0.1]], file=tmp_path / "off.jsonl")
    off(0, lambda x: x)
    with pytest.raises(ArgumentError, match="must watch vertices"):
        st.assess.accuracies(tmp_path / "off.jsonl")
    with pytest.raises(ArgumentError, match="`joint` is of no use"):
        st.assess.accuracies(tmp_path / "a.jsonl", joint="ab = a * b")


def test_a_killed_loop_keeps_its_looks_and_goes_on(tmp_path):
    file = tmp_path / "run.jsonl"
    code = (
        "import os; from tests.unit.test_recorder import *; import sys\n"
        "recorder = st.Recorder(TASK, CLOCK, every=10, file=sys.argv[1])\n"
        "net = train(recorder, last=95)\n"
        "open(sys.argv[1], 'ab').write(b'{\"step\": 100, \"outp')\n"  # the write that the kill tore
        "os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], check=False)
    assert done.returncode == 9
    torn = st.Recorder.load(file).trajectory()
    assert torn.arrays["steps"].tolist() == list(range(0, 91, 10))
    with pytest.raises(ArgumentError, match=r"must not be there yet.*resume=True"):
        st.Recorder(TASK, CLOCK, every=10, file=file)

    # The checkpoint is older than the last look: what the loop does again is replaced.
    net = train(st.Recorder(TASK, CLOCK, every=10), last=60)
    recorder = st.Recorder(TASK, CLOCK, every=10, file=file, resume=True)
    assert len(recorder) == 10
    train(recorder, first=60, net=net)
    whole = st.Recorder(TASK, CLOCK, every=10)
    train(whole)
    for found in (recorder.trajectory(), st.Recorder.load(file).trajectory()):
        np.testing.assert_array_equal(found.outputs, whole.trajectory().outputs)
        np.testing.assert_array_equal(found.t, whole.t)


@pytest.mark.parametrize("change", ["edit", "lose", "swap"])
def test_a_damaged_row_is_named(tmp_path, change):
    file = tmp_path / "run.jsonl"
    train(st.Recorder(TASK, CLOCK, every=50, file=file))
    lines = file.read_text().splitlines(keepends=True)
    if change == "edit":
        lines[3] = lines[3].replace("0.", "1.", 1)
    elif change == "lose":
        del lines[3]
    else:
        lines[3], lines[4] = lines[4], lines[3]
    file.write_text("".join(lines))
    with pytest.raises(ArgumentError, match=r"line 4: its checksum does not fit.*2 looks"):
        st.Recorder.load(file)
    with pytest.raises(ArgumentError, match="line 4"):
        st.Recorder(TASK, CLOCK, every=50, file=file, resume=True)
    assert file.read_text() == "".join(lines)


def test_a_file_of_another_run_is_not_resumed(tmp_path):
    file = tmp_path / "run.jsonl"
    train(st.Recorder(TASK, CLOCK, every=50, file=file))
    other = st.SIMTask(mu=(1.0, 3.0), sigma=0.1)
    with pytest.raises(ArgumentError, match="same `task`"):
        st.Recorder(other, CLOCK, every=50, file=file, resume=True)
    with pytest.raises(ArgumentError, match="same `clock`"):
        st.Recorder(TASK, st.units.Clock(lr=0.02), every=50, file=file, resume=True)
    with pytest.raises(MissingFileError, match="does not exist"):
        st.Recorder.load(tmp_path / "none.jsonl")
    (tmp_path / "log.jsonl").write_text('{"step": 1, "loss": 2}\n')
    with pytest.raises(ArgumentError, match="holds something else"):
        st.Recorder.load(tmp_path / "log.jsonl")


def test_the_first_call_says_what_a_function_returns_wrongly():
    recorder = st.Recorder(TASK, CLOCK)
    with pytest.raises(ShapeError, match=r"outputs of shape \(\.\.\., 4, 2\).*step 0.*\(2, 4\)"):
        recorder(0, lambda x: x.T)
    with pytest.raises(ShapeError, match=r"outputs of shape \(\.\.\., 4, 2\).*step 0.*\(4, 1\)"):
        recorder(0, lambda x: x[:, :1])
    with pytest.raises(
        ArgumentError, match=r"finite numbers, but at step 0 output \(1, 0\) is nan"
    ):
        recorder(0, lambda x: np.where(np.arange(4)[:, None] == 1, np.nan, x))
    with pytest.raises(ArgumentError, match="array of numbers, but at step 0 it returned a str"):
        recorder(0, lambda x: "loss")
    assert len(recorder) == 0
    with pytest.raises(ArgumentError, match="Nothing was recorded"):
        recorder.trajectory()
    with pytest.raises(TypeError) as caught:
        recorder(0, lambda x: x @ "tensor")
    assert "torch.as_tensor" in caught.value.__notes__[0]


def test_steps_go_forward_and_shapes_stay():
    recorder = st.Recorder(TASK, CLOCK, every=[0, 3, 10])
    assert [recorder(step, lambda x: x) for step in range(12)] == [
        step in (0, 3, 10) for step in range(12)
    ]
    with pytest.raises(ArgumentError, match="larger than that of the last look, 10, but it is 3"):
        recorder(3, lambda x: x)
    seeds = st.Recorder(TASK, CLOCK)
    seeds(0, lambda x: np.stack([x, 2 * x, 3 * x]))
    with pytest.raises(ShapeError, match=r"\(3, 4, 2\), but at step 1 their shape is \(4, 2\)"):
        seeds(1, lambda x: x)
    assert seeds.trajectory().ensemble == (3,)


@pytest.mark.parametrize("every", [0, -1, 2.5, [], [3, 3], [0.5], "often"])
def test_looks_are_an_interval_or_steps(every):
    with pytest.raises(ArgumentError, match="every"):
        st.Recorder(TASK, CLOCK, every=every)


def test_a_file_name_and_resume_are_checked(tmp_path):
    with pytest.raises(ArgumentError, match=r"end in \.jsonl"):
        st.Recorder(TASK, CLOCK, file=tmp_path / "run.csv")
    with pytest.raises(ArgumentError, match="pass `file`"):
        st.Recorder(TASK, CLOCK, resume=True)
