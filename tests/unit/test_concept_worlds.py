"""Worlds of concept graphs, captions that leave words out, and when samples become right."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory.errors import ArgumentError
from simtheory.tasks import ConceptGraph, SIMTask, park2024
from simtheory.tasks.emergence import OneHot, Signed
from simtheory.validation.nets.diffusion import (
    ConceptImages,
    ConceptRun,
    ConceptVectors,
    Mask,
    Thinned,
    emergence_steps,
)


@pytest.mark.parametrize("code", [None, Signed(), OneHot()])
def test_graph_as_vectors(code):
    """Data of a class lie at its values, and are read as rightly as `held_out` says."""
    graph = ConceptGraph.star(3, mu=(1.0, 2.0, 0.7), sigma=0.5, **({"code": code} if code else {}))
    world = ConceptVectors(graph)
    x, condition = world.data(4000, seed=0)
    asked = np.repeat(world.trained, 4000, axis=0)
    np.testing.assert_allclose(world.condition(asked), condition)
    placed = world.place(x)
    np.testing.assert_allclose(placed.mean(axis=0), asked.mean(axis=0), atol=0.03)
    right = world.right(placed, asked).mean(axis=0)
    # 16 000 points: standard error .004
    np.testing.assert_allclose(right, world.held_out, atol=0.015)
    assert world.held_out.min() < 0.95


def test_the_data_of_a_weak_concept_are_a_ceiling():
    """Levels are shares of this ceiling, Φ(1.25) at strength 0.2 and spread 0.08: 0.9 is out of reach."""
    weak, strong = ConceptVectors(park2024.two_concepts(0.2, sigma=0.08)).held_out
    assert weak == pytest.approx(0.894, abs=5e-4)
    assert strong == pytest.approx(1.0, abs=1e-6)


def test_a_star_is_the_sim_task():
    """The SIM task with an origin and the star say the same of prompts, places and conditions."""
    task = ConceptVectors(SIMTask(mu=(0.2, 0.8), sigma=0.08, origin=True))
    graph = ConceptVectors(ConceptGraph.star(2, mu=(0.2, 0.8), sigma=0.08))
    prompts = np.array([[1.0, 1.0], [4.5, 1.0], [0.0, 0.3]])
    np.testing.assert_allclose(task.condition(prompts), graph.condition(prompts))
    points = np.random.default_rng(0).standard_normal((5, 2))
    np.testing.assert_allclose(task.place(points), graph.place(points))
    np.testing.assert_allclose(task.held_out, graph.held_out)
    np.testing.assert_allclose(graph.held_out, (0.8943502, 0.9999997), atol=1e-7)  # Φ(1.25), Φ(5)
    np.testing.assert_array_equal(task.prompts, graph.prompts)


def test_more_values():
    world = ConceptVectors(
        ConceptGraph([[0, 0], [1, 0], [0, 2]], values=(2, 3), sigma=0.05, code=OneHot())
    )
    assert world.held_out is None
    assert world.prompts.shape == (6, 2)
    np.testing.assert_array_equal(world.condition([[0.5, 2.0]]), [[0.5, 0.5, 0.0, 0.0, 1.0]])
    x, _ = world.data(100, seed=0)
    placed = world.place(x)
    assert world.right(placed, np.repeat(world.trained, 100, axis=0)).all()
    assert not world.right(placed[-1:], np.array([[0.0, 1.0]]))[0, 1]


def test_overprompt_of_signed_words():
    """A prompt of (1 + λ)/2 has λ times the word 1, and of (1 − λ)/2 λ times the word 0."""
    world = ConceptVectors(ConceptGraph.star(2, mu=0.5, code=Signed()))
    np.testing.assert_allclose(
        world.condition([[1.75, 1.0], [-0.75, 0.0]]), [[1.25, 0.5], [-1.25, -0.5]]
    )


def test_masked_captions():
    graph = ConceptGraph([[0, 0], [1, 0], [0, 1]], sigma=0.1, code=OneHot())
    world = ConceptVectors(graph)
    _, condition = world.data(4000, seed=0)
    found = Mask(0, (1, 0), 0.75).applied(world, condition, rng=np.random.default_rng(0))
    changed = (found != condition).any(axis=1)
    assert not changed[:4000].any()
    assert not changed[8000:].any()
    assert abs(changed[4000:8000].mean() - 0.75) < 0.03
    np.testing.assert_array_equal(np.unique(found[4000:8000], axis=0), [[0, 0, 1, 0], [0, 1, 1, 0]])
    with pytest.raises(ArgumentError, match="name a training class"):
        Mask(0, (1, 1), 0.5).check(world)
    with pytest.raises(ArgumentError, match="concepts are 0 to 1"):
        Mask(2, (1, 0), 0.5).check(world)


def test_weights_of_images():
    world = ConceptImages(("colour", "size"), weights=(0.5, 0.4, 0.1))
    assert world.weights == (0.5, 0.4, 0.1)
    with pytest.raises(ArgumentError, match=r"`weights` must hold a frequency for each of 3"):
        ConceptImages(("colour", "size"), weights=(0.5, 0.5))


def test_thinned():
    """Few points of a class repeat, and are as frequent as they are many."""
    world = Thinned(ConceptVectors(ConceptGraph.star(2, sigma=0.1)), (50, 50, 3))
    x, condition = world.data(50, seed=0)
    assert x.shape == (150, 2)
    assert len(np.unique(x[100:], axis=0)) == 3
    assert len(np.unique(x[:100], axis=0)) == 100
    np.testing.assert_array_equal(condition, np.repeat(world.condition(world.trained), 50, axis=0))
    np.testing.assert_allclose(world.weights, np.array([50, 50, 3]) / 103)
    with pytest.raises(ArgumentError, match="one number for each of 3"):
        Thinned(world, (5, 5))


def _run(accuracy: np.ndarray, held_out: np.ndarray | None) -> ConceptRun:
    looks = accuracy.shape[1]
    return ConceptRun(
        steps=10 * np.arange(looks),
        prompts=np.array([[1.0, 1.0]]),
        coordinates=accuracy,
        accuracy=accuracy,
        joint=accuracy.prod(axis=-1),
        examples=np.zeros((1, looks, 1, 2)),
        losses=np.zeros((1, looks)),
        trained=np.array([False]),
        names=("a", "b"),
        strengths=np.ones(2),
        stats={"seeds": [0], "held_out": held_out},
    )


def test_emergence_steps():
    """A level is a share of what data allow, is held, and is met on a straight line."""
    ramp = np.clip(np.linspace(-0.2, 1.2, 15), 0.0, 0.8)
    early = np.where(np.arange(15) == 2, 1.0, ramp)  # one look by chance
    run = _run(np.stack([early, np.full(15, 0.8)], axis=-1)[None, :, None, :], None)
    first = emergence_steps(run, level=0.5)
    assert first.concepts[0, 0, 0] == pytest.approx(70.0)
    assert first.concepts[0, 0, 1] == 0.0
    assert np.isinf(emergence_steps(run, level=0.9).concepts).all()
    known = _run(run.accuracy, np.array([0.8, 0.8]))
    late = emergence_steps(known, level=0.9)
    assert 90.0 < late.concepts[0, 0, 0] < 100.0  # .72 of the mean over three looks
    assert late.joint[0, 0] == pytest.approx(late.concepts[0, 0, 0])
    with pytest.raises(ArgumentError, match="at most the number of looks"):
        emergence_steps(run, hold=16)
