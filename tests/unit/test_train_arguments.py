"""Bad input of `train` is answered before anything is trained, and the message says what to do."""

import os
import subprocess
import sys

import numpy as np
import pytest

from simtheory.errors import ArgumentError, ShapeError, TaskError, TrainingWarning
from simtheory.tasks import SIMTask
from simtheory.validation.nets.architectures import MLP, SmallInit
from simtheory.validation.nets.data import Fresh, Points, Samples
from simtheory.validation.nets.devices import find_device
from simtheory.validation.nets.optimisers import SGD, Adam
from simtheory.validation.nets.train import train

TASK = SIMTask(mu=(1.0, 2.0), sigma=0.1)


@pytest.fixture(autouse=True)
def no_training(monkeypatch):
    def descend(*_, **__):
        raise AssertionError("training began")

    # By name, `simtheory.validation.nets.train` is the function.
    monkeypatch.setattr(sys.modules[train.__module__], "descend", descend)


def attempt(net=None, task=TASK, **changes):
    arguments = {"steps": 10, "lr": 0.1, "seeds": range(2), "data": Samples(5), "device": "cpu"}
    return train(net or MLP(depth=2, width=4), task, **(arguments | changes))


def test_good_arguments_reach_the_training():
    with pytest.raises(AssertionError, match="training began"):
        attempt()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "`steps` must be a positive integer, but it is 0"),
        ({"steps": 10.0}, "`steps` must be a positive integer"),
        ({"lr": 0.0}, "`lr` must be a positive number"),
        ({"lr": float("nan")}, "`lr` must be finite"),
        ({"seeds": ()}, "`seeds` must hold at least one seed"),
        ({"seeds": (3, 1, 3)}, "`seeds` must hold each seed once, but 3 comes twice"),
        (
            {"seeds": 2.0},
            r"`seeds` must be a number of seeds, such as 5, or hold .*, but it is 2.0",
        ),
        (
            {"seeds": None},
            "`seeds` must be a number of seeds, such as 5, or hold .*, but it is None",
        ),
        ({"seeds": 0}, "`seeds` must be a positive integer, but it is 0"),
        ({"seeds": (0, -1)}, "`seeds` must hold integers from 0 to .*, but it holds -1"),
        ({"seeds": (0.5,)}, "but it holds 0.5"),
        ({"batch": 0}, "`batch` must be a positive integer"),
        ({"batch": 2.0}, "`batch` must be a positive integer"),
        ({"data": Fresh()}, "`batch` is needed with fresh data"),
        ({"data": Fresh(), "batch": 0}, "`batch` must be a positive integer"),
        ({"data": "Sampels"}, r"`data` is 'Sampels', which is unknown; did you mean Samples\(\)"),
        ({"data": 500}, r"`data` must be an object, Samples\(n\), Points\(x\) or Fresh\(\)"),
        (
            {"precision": "float46"},
            "`precision` is 'float46', which is unknown; did you mean float64",
        ),
        ({"seeds_as": "bacth"}, "`seeds_as` is 'bacth', which is unknown; did you mean batch"),
        ({"looks": "lgo"}, "`looks` is 'lgo', which is unknown; did you mean log"),
        ({"checkpoint": "/no/such/folder/run.npz"}, "`checkpoint` must name a file in a folder"),
        ({"checkpoint": "/"}, "`checkpoint` must name a file in a folder"),
        ({"batch": 11}, "`batch` must not exceed the 10 data points .* but it is 11"),
        ({"loss": "half-sum"}, "`loss` is 'half-sum', which is unknown; did you mean half_sum"),
        ({"loss": "recurrence"}, "`loss` is 'recurrence', which is unknown"),
        ({"optimiser": "adam"}, r"`optimiser` is 'adam', which is unknown; did you mean Adam\(\)"),
        ({"optimiser": SGD}, r"`optimiser` must be an object, SGD\(\) or Adam\(\)"),
        ({"device": "gpus"}, "`device` is 'gpus', which is unknown; did you mean gpu"),
        ({"looks": 1}, "`looks` must be at least 2"),
        ({"looks": True}, '`looks` must be a number of looks, "log" or an array'),
        ({"looks": [0, 11]}, "`looks` must lie between 0 and the 10 steps, .* from 0 to 11"),
        ({"looks": [-1, 5]}, "`looks` must lie between 0 and the 10 steps"),
        ({"looks": [5, 0]}, "`looks` must increase strictly"),
        ({"looks": [0.5, 1.5]}, '`looks` must be a number of looks, "log" or an array'),
        ({"init": "default"}, r"`init` must be DefaultInit\(\), SmallInit\(scale\) or one array"),
    ],
)
def test_argument_is_refused(changes, message):
    with pytest.raises(ArgumentError, match=message):
        attempt(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"probes": np.zeros((3, 3))}, r"`probes` must have shape \(P, 2\), .* is \(3, 3\)"),
        ({"probes": np.zeros(2)}, r"`probes` must have shape \(P, 2\)"),
        ({"probes": np.zeros((0, 2))}, r"`probes` must have shape \(P, 2\)"),
        (
            {"init": (np.zeros((4, 2)),)},
            "`init` must hold one array for each of 2 layers.* holds 1",
        ),
        (
            {"init": (np.zeros((4, 2)), np.zeros((4, 2)))},
            r"`init\[1\]`, the weights of layer 2, must have shape \(2, 4\) or \(2, 2, 4\)",
        ),
        (
            {"init": (np.zeros((3, 4, 2)), np.zeros((2, 4)))},
            r"`init\[0\]`, the weights of layer 1, .* but its shape is \(3, 4, 2\)",
        ),
    ],
)
def test_shape_is_refused(changes, message):
    with pytest.raises(ShapeError, match=message):
        attempt(**changes)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((5, 3)), "`data` must hold points of 2 dimensions, .* is \\(5, 3\\)"),
        (np.zeros((3, 5, 2)), "`data` must hold one set of points for each of 2 seeds"),
        (np.zeros(2), r"`x` must have shape \(n, d\) or \(S, n, d\)"),
    ],
)
def test_points_must_fit(x, message):
    with pytest.raises(ShapeError, match=message):
        attempt(data=Points(x))


def test_explicit_init_must_be_finite():
    with pytest.raises(ArgumentError, match=r"`init\[1\]` must be finite"):
        attempt(init=(np.zeros((4, 2)), np.full((2, 4), np.nan)))


def test_task_must_be_one_that_data_can_have():
    with pytest.raises(TaskError, match="`task` must be a SIMTask"):
        attempt(task="identity")
    with pytest.raises(TaskError, match="must not have squared_rates=True"):
        attempt(task=SIMTask(mu=(1.0, 2.0), sigma=0.1, squared_rates=True))


def test_net_must_be_a_description():
    with pytest.raises(ArgumentError, match="`net` must be an MLP"):
        attempt(net="mlp")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 0}, "`depth` must be a positive integer"),
        ({"depth": 2, "width": 0}, "`width` must be a positive integer"),
        ({"depth": 2}, "`width` is needed for a network of depth 2"),
        (
            {"depth": 2, "width": 4, "activation": "reLU"},
            "`activation` is 'reLU', which is unknown; did you mean relu",
        ),
        ({"depth": 3, "width": 4, "tied": True}, "`depth` of a tied net must be even, .* it is 3"),
        ({"depth": 2, "width": 4, "tied": True, "mup": 2}, "`mup` scales the first and the last"),
        ({"depth": 2, "width": 4, "mup": 0}, "`mup` must be a positive integer"),
    ],
)
def test_network_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        MLP(**arguments)


@pytest.mark.parametrize(
    ("family", "arguments", "message"),
    [
        (SGD, {"momentum": 1.0}, r"`momentum` must lie in \[0, 1\), but it is 1.0"),
        (SGD, {"momentum": -0.1}, "`momentum` must lie"),
        (SGD, {"momentum": float("nan")}, "`momentum` must be finite, but it holds nan"),
        (Adam, {"b1": 1.0}, "`b1` must lie"),
        (Adam, {"b2": "0.9"}, "`b2` must be a number, but it is '0.9'"),
        (Adam, {"eps": 0.0}, "`eps` must be a positive number"),
        (SGD, {"weight_decay": -0.1}, "`weight_decay` must not be negative"),
        (Adam, {"clip": 0.0}, "`clip` must be a positive number"),
        (SmallInit, {"scale": 0.0}, "`scale` must be a positive number"),
        (Samples, {"per_cluster": 0}, "`per_cluster` must be a positive integer"),
        (Samples, {"order": "epoch"}, "`order` is 'epoch', which is unknown; did you mean epochs"),
        (Fresh, {"label_noise": -1.0}, "`label_noise` must not be negative"),
        (Fresh, {"watched": 0}, "`watched` must be a positive integer"),
    ],
)
def test_family_refuses_numbers_out_of_range(family, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        family(**arguments)


@pytest.mark.parametrize("seeds_as", ["loop", "batch"])
def test_more_seeds_than_memory_takes_are_refused(seeds_as):
    # a seed records 1e6 outputs on 4 probes of 2 coordinates, twice while they are put together,
    # and W: 12 numbers of 8 bytes, 192 MB
    settings = {"steps": 10**6, "looks": np.arange(10**6), "seeds": range(10**5)}
    message = (
        r"`seeds` asks for more than fits .*: 100000 seeds need about 1\.9\de\+04 GB and .* GB are "
        "free. Train at most [0-9]+ seeds at a time, or look less often"
    )
    with pytest.raises(ArgumentError, match=message):
        attempt(net=MLP(1), init=(np.eye(2),), seeds_as=seeds_as, **settings)


@pytest.mark.parametrize(
    ("net", "count", "says"),
    [
        # four numbers of 8 bytes for each of 2 · 10⁶ + 10⁶ · 2 weights and 10⁶ + 2 biases: 160 MB
        (MLP(2, 10**6, bias=True), 10**5, r"about 1\.6e\+04 GB .* at most [0-9]+ seeds"),
        (MLP(2, 10**6, tied=True), 10**5, r"about 6\.4e\+03 GB .* at most [0-9]+ seeds"),
        (MLP(3, 10**7), 1, r"1 seeds need .* Take a narrower net"),
    ],
    ids=repr,
)
def test_weights_that_do_not_fit_are_not_even_drawn(net, count, says, monkeypatch):
    monkeypatch.setattr(sys.modules[train.__module__], "initial_layers", None)
    with pytest.raises(ArgumentError, match=says):
        attempt(net=net, seeds=range(count), data=Samples(5))


@pytest.mark.parametrize(
    ("net", "changes", "bound"),
    [
        (MLP(1), {}, 2.0 / 2.01),
        (MLP(1), {"loss": "mean"}, 2.0 / 2.01),  # two outputs: its mean is half their sum
        (MLP(3, 4, "relu"), {"loss": "sum"}, 2.0 / (3 * 2 * 2.01)),
        (MLP(2, 4, tied=True), {}, 2.0 / (2 * 2 * 2.01)),
        (MLP(2, 4), {"optimiser": SGD(0.5)}, 1.5 * 2.0 / (2 * 2.01)),
    ],
    ids=repr,
)
def test_learning_rate_beyond_the_bound_is_warned_of(net, changes, bound):
    assert TASK.rates.max() == pytest.approx(2.01)
    with (
        pytest.warns(TrainingWarning, match=f"beyond the bound {bound:.3g} = 2/"),
        pytest.raises(AssertionError, match="training began"),
    ):
        attempt(net=net, lr=1.01 * bound, **changes)
    with pytest.raises(AssertionError, match="training began"):  # and no warning
        attempt(net=net, lr=0.99 * bound, **changes)


def test_adam_has_no_bound():
    with pytest.raises(AssertionError, match="training began"):
        attempt(lr=100.0, optimiser=Adam())


def test_gpu_is_refused_where_there_is_none(monkeypatch):
    import jax

    cpu = jax.devices("cpu")[0]

    def devices(platform=None):
        if platform == "gpu":
            raise RuntimeError("Unknown backend: 'gpu' requested")
        return [cpu]

    monkeypatch.setattr(jax, "devices", devices)
    with pytest.raises(ArgumentError, match="`device` is 'gpu', but JAX finds no such device here"):
        find_device("gpu")
    assert find_device("auto") is cpu


def test_auto_prefers_a_gpu(monkeypatch):
    import jax

    monkeypatch.setattr(jax, "devices", lambda platform=None: [f"first {platform}"])
    assert find_device("auto") == "first gpu"
    assert find_device("cpu") == "first cpu"


FAKE_JAX = """
import os
def devices(platform=None):
    print(os.environ.get("XLA_PYTHON_CLIENT_PREALLOCATE"))
    return [0]
"""


@pytest.mark.parametrize(
    ("setting", "imported", "seen"),
    [(None, False, "false"), ("true", False, "true"), (None, True, None)],
)
def test_preallocation_is_off_while_jax_first_looks_around(tmp_path, setting, imported, seen):
    (tmp_path / "jax.py").write_text(FAKE_JAX)
    code = (
        f"import os, sys; sys.path.insert(0, {str(tmp_path)!r});"
        f"{'import jax;' if imported else ''}"
        "from simtheory.validation.nets.devices import find_device; find_device('cpu');"
        "print(os.environ.get('XLA_PYTHON_CLIENT_PREALLOCATE'))"
    )
    name = "XLA_PYTHON_CLIENT_PREALLOCATE"
    environment = {k: v for k, v in os.environ.items() if k != name}
    environment |= {} if setting is None else {name: setting}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(seen), str(setting)]


def test_a_number_of_seeds_stands_for_the_first_so_many():
    from simtheory.validation.nets._arguments import checked_seeds

    assert checked_seeds(5) == (0, 1, 2, 3, 4)
    assert checked_seeds(np.int64(2)) == checked_seeds(seed for seed in (0, 1)) == (0, 1)
