"""Denoisers of a grammar's strings: the order of levels, foreign strings, resumed runs, wrong arguments."""

import numpy as np
import pytest

from simtheory import RandomHierarchy, analytic, noise, validation
from simtheory.errors import ArgumentError, SolveError, TaskError
from simtheory.sim import hierarchy as exact
from simtheory.validation import hierarchy
from simtheory.validation.hierarchy import DenoiserRun, HierarchicalUNet, learning_steps, train
from simtheory.validation.nets.devices import computing_on, find_device

GRAMMAR = RandomHierarchy(v=6, m=2, L=2, seed=1)
NET = HierarchicalUNet(width=24)
SETTINGS = {"steps": 900, "lr": 2e-2, "noise_steps": 20, "samples": 200}


@pytest.fixture(scope="module")
def run():
    return train(NET, GRAMMAR, strings=40, record=[0, 50, 100, 200, 400, 900], **SETTINGS)


def by_hand(steps, shares):
    """Return a run whose shares are given, (S, T, L)."""
    shares = np.asarray(shares, dtype=float)
    other = np.zeros(shares.shape[:2])
    return DenoiserRun(
        steps=steps, shares=shares, accuracy=shares, staircase=np.zeros(shares.shape[2] + 1),
        seeds=np.arange(len(shares)), excess=other, copies=other, novel=other, nearest=other, losses=other,
    )  # fmt: skip


def test_steps_of_a_share_are_interpolated_in_their_logarithm():
    run = by_hand([100, 400, 1600], [[[0.2, 0.0, np.nan], [0.3, 0.1, np.nan], [0.9, 0.2, np.nan]]])
    found = learning_steps(run)
    assert found[0, 0] == pytest.approx(200.0)  # half way from 100 to 400, in ratios
    assert np.isinf(found[0, 1])
    assert np.isnan(found[0, 2])
    assert learning_steps(run, level=0.1)[0].tolist()[:2] == [100.0, 400.0]


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({"strings": 10**6}, ArgumentError, "`strings` .* of the grammar, 48, but it is 1000000"),
        ({"strings": np.zeros((3, 5), int)}, Exception, "strings"),
        ({"strings": 10, "noise": "gaussian"}, ArgumentError, "uniform"),
        ({"strings": 10, "lr": 0.0}, ArgumentError, "`lr`"),
        ({"strings": 10, "average": 1.0}, ArgumentError, "`average`"),
        ({"strings": 10, "record": [1000]}, ArgumentError, "900"),
    ],
)
def test_wrong_arguments_are_refused_before_training(more, error, words):
    with pytest.raises(error, match=words):
        train(NET, GRAMMAR, **(SETTINGS | more))
    with pytest.raises((ArgumentError, TaskError)):
        HierarchicalUNet(width=0)


def test_the_net_costs_as_many_products_as_the_law():
    import jax

    from simtheory.validation.hierarchy import _network

    with computing_on(find_device("cpu"), precision="float32"):
        state = _network.begin(jax.random.key(0), branching=(2, 2, 2), alphabet=8, width=48)
    nodes = [4, 2, 1]
    down = sum(n * w.size for n, w in zip(nodes, state.net.down, strict=True))
    up = sum(n * w.size for n, w in zip(nodes, state.net.up, strict=True))
    assert down + up == 42 * 48**2 == analytic.hierarchy.unet_macs(48, 2, 3)


@pytest.mark.slow
def test_levels_are_learned_from_below(run):
    first, second = run.shares[0, :, 0], run.shares[0, :, 1]
    assert first[-1] > 0.8
    assert np.all(first[1:] > second[1:])
    assert learning_steps(run)[0, 0] < learning_steps(run)[0, 1]
    assert run.excess[0, -1] < run.staircase[0] / 1.5  # P_0 has the whole of it
    assert run.losses[0, -1] < run.losses[0, 1]
    assert np.all(np.diff(run.staircase) < 0)


@pytest.mark.slow
def test_strings_are_scored_and_copies_are_counted(run):
    assert run.accuracy[0, -1, 0] > 0.85
    assert run.accuracy[0, 0, 1] < 0.3  # untrained
    assert np.all(run.accuracy[..., 0] >= run.accuracy[..., 1])
    assert np.all(run.copies + run.novel <= 1.0)
    assert run.copies[0, -1] > 0.4
    drawn = run.arrays["samples"][0, -1]
    assert drawn.shape == (200, 4)
    assert exact.parse(GRAMMAR, drawn).accuracy.tolist() == run.accuracy[0, -1].tolist()


@pytest.mark.slow
def test_strings_of_a_foreign_grammar_teach_no_level():
    strings = RandomHierarchy(v=6, m=2, L=2, seed=2).sample(300, rng=0)
    run = train(NET, GRAMMAR, strings=strings, record=[900], **SETTINGS)
    assert np.all(np.abs(run.shares) < 0.25)
    assert run.excess[0, -1] > run.staircase[0]


@pytest.mark.slow
def test_an_interrupted_run_goes_on_to_the_last_bit(run, tmp_path, monkeypatch):
    path, looks = tmp_path / "run.npz", [0, 50, 100, 200, 400, 900]
    watch = hierarchy.training._Watch
    look = watch.look

    def stop(self, s, t, network, loss):
        if t == 3:
            raise KeyboardInterrupt
        look(self, s, t, network, loss)

    with monkeypatch.context() as patch:
        patch.setattr(watch, "look", stop)
        with pytest.raises(KeyboardInterrupt):
            train(NET, GRAMMAR, strings=40, record=looks, store=path, **SETTINGS)
    assert DenoiserRun.load(path).steps.tolist() == looks[:3]
    again = train(NET, GRAMMAR, strings=40, record=looks, store=path, **SETTINGS)
    np.testing.assert_array_equal(again.shares, run.shares)
    np.testing.assert_array_equal(again.losses, run.losses)
    np.testing.assert_array_equal(again.arrays["samples"], run.arrays["samples"])
    with pytest.raises(ArgumentError, match="another run"):
        train(NET, GRAMMAR, strings=41, record=looks, store=path, **SETTINGS)


@pytest.mark.slow
def test_masks_are_learned_and_a_run_that_diverges_says_so():
    run = train(
        NET, GRAMMAR, strings=None, noise="mask", record=[400], **(SETTINGS | {"steps": 400})
    )
    assert run.shares[0, -1, 0] > 0.5
    assert np.isnan(run.accuracy).all()
    with pytest.raises(SolveError, match="Lower `lr`"):
        train(NET, GRAMMAR, strings=40, record=[50], **(SETTINGS | {"lr": 1e30}))


@pytest.mark.slow
def test_a_net_is_a_denoiser_whose_probabilities_sum_to_one(run):
    import jax

    from simtheory.validation.hierarchy import _network

    with computing_on(find_device("cpu"), precision="float32"):
        state = _network.begin(jax.random.key(0), branching=(2, 2), alphabet=6, width=24)
        net = hierarchy.Network(state.net)
        seen = noise.Uniform(0.5).noised(GRAMMAR.sample(5, rng=0), 6, rng=1)
        found = net(seen, 0.5)
    np.testing.assert_allclose(found, 1 / 6, rtol=1e-6)  # the readout starts at zero
    assert str(run).startswith("DenoiserRun")
    assert "<table>" in run._repr_html_()
    assert validation.hierarchy.train is train
