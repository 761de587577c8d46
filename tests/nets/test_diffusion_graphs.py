"""Denoisers of concept graphs: frequencies, fine-tuning, captions without a word, guidance."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory.errors import ArgumentError, ShapeError
from simtheory.tasks import ConceptGraph
from simtheory.tasks.emergence import OneHot, Signed
from simtheory.validation import SGD
from simtheory.validation.nets.diffusion import (
    ConceptVectors,
    Mask,
    MLPDenoiser,
    UNetDenoiser,
    emergence_steps,
    train,
)

pytestmark = pytest.mark.slow

STAR = ConceptGraph.star(3, sigma=0.2)
CALL = {"lr": 0.02, "optimiser": SGD(), "draws": 128}


@pytest.fixture(scope="module")
def run():
    return train(MLPDenoiser(32), ConceptVectors(STAR), steps=1200, seeds=2, looks=41, **CALL)


def test_order_by_distance(run):
    """Trained classes are learned before 011, 101 and 110, and these before 111."""
    steps = emergence_steps(run).joint
    distance = STAR.distances
    means = np.stack([steps[:, distance == k].mean(axis=1) for k in range(3)], axis=1)
    assert (np.diff(means, axis=1) > 0).all()


def test_rare_class():
    """A class at a tenth of the others' frequency is learned later than they are."""
    weights = np.array([1.0, 1.0, 1.0, 0.1]) / 3.1
    graph = ConceptGraph([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], sigma=0.2, weights=weights)
    found = train(MLPDenoiser(32), ConceptVectors(graph), steps=1200, seeds=2, looks=41, **CALL)
    steps = emergence_steps(found).joint
    common = steps[:, [found.place((1, 0, 0)), found.place((0, 1, 0))]]
    assert (steps[:, found.place((0, 0, 1))] > 2.0 * common.max(axis=1)).all()


def test_fine_tuning(run):
    """Training on one class from the nets of a run starts where the run ended."""
    one = ConceptGraph([[1, 1, 0]], sigma=0.2)
    tuned = train(
        MLPDenoiser(32), ConceptVectors(one), steps=200, seeds=[1], looks=11, start=run, **CALL
    )
    np.testing.assert_allclose(tuned.joint[0, 0], run.joint[1, -1], atol=1e-12)
    assert tuned.joint[0, -1, tuned.place((1, 1, 0))] > 0.95
    for before, after in zip(run.nets[1], tuned.nets[0], strict=True):
        assert np.abs(after - before).max() > 1e-4
    assert np.nanmean(tuned.losses[0, :3]) < 1.2 * run.losses[1, -1]  # it does not begin anew


def test_start_is_checked(run):
    call = {"steps": 10, "seeds": [0], "start": run, **CALL}
    with pytest.raises(ArgumentError, match="conditions of the classes differ"):
        train(
            MLPDenoiser(32), ConceptVectors(ConceptGraph.star(3, sigma=0.2, code=Signed())), **call
        )
    with pytest.raises(ArgumentError, match="shape of a data point differs"):
        train(MLPDenoiser(32), ConceptVectors(ConceptGraph.star(2)), **call)
    with pytest.raises(ArgumentError, match="the net differs"):
        train(MLPDenoiser(16), ConceptVectors(STAR), **call)
    with pytest.raises(ArgumentError, match="none of seed 7"):
        train(MLPDenoiser(32), ConceptVectors(STAR), **{**call, "seeds": [7]})


def test_a_unet_needs_images():
    with pytest.raises(ShapeError, match=r"U-Net, which needs images.*Take MLPDenoiser\(\)"):
        train(UNetDenoiser(), ConceptVectors(STAR), steps=10, seeds=1, **CALL)


def test_interrupted_fine_tuning(run, tmp_path):
    """A file of fine-tuning holds its own start, and gives the same nets when read again."""
    one = ConceptVectors(ConceptGraph([[1, 1, 0]], sigma=0.2))
    call = {"steps": 40, "seeds": [0], "looks": 5, "start": run, "store": tmp_path, **CALL}
    first, again = train(MLPDenoiser(32), one, **call), train(MLPDenoiser(32), one, **call)
    np.testing.assert_array_equal(first.joint, again.joint)
    for a, b in zip(first.nets[0], again.nets[0], strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ArgumentError, match="store"):
        train(MLPDenoiser(32), one, **{**call, "start": None})


def test_hidden_word():
    """Without any word for red triangles, blue ones are not told apart; with all of them they are."""
    graph = ConceptGraph([[0, 0], [1, 0], [0, 1]], sigma=0.1, code=OneHot())
    ends = []
    for rate in (0.0, 1.0):
        found = train(
            MLPDenoiser(32), ConceptVectors(graph), steps=1500, seeds=[0], looks=11,
            mask=Mask(0, (0, 1), rate), **CALL,
        )  # fmt: skip
        ends.append(found.accuracy[0, -1, found.place((1, 1)), 0])
    assert ends[0] > 0.9 > ends[1]


def test_guidance():
    """Guidance of w moves samples as the difference from no condition says, and needs dropped ones."""
    graph = ConceptGraph.star(2, sigma=0.3)
    means = [
        train(
            MLPDenoiser(32), ConceptVectors(graph), steps=800, seeds=[0], looks=[0, 800], drop=0.2,
            guidance=w, **CALL,
        ).coordinates[0, -1]
        for w in (0.0, 1.0)
    ]  # fmt: skip
    asked = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    pushed = (means[1] - means[0]) * (2.0 * asked - 1.0)
    assert pushed[:, :].mean() > 0.05
