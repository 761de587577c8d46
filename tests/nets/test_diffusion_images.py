"""Rendered images: the renderer, the judge, both denoisers, and the results of a short run."""

import numpy as np
import pytest

from simtheory.errors import ArgumentError, ShapeError
from simtheory.validation.nets.diffusion import readings
from simtheory.validation.nets.diffusion.denoisers import MLPDenoiser, UNetDenoiser
from simtheory.validation.nets.diffusion.images import CONCEPTS, ConceptImages
from simtheory.validation.nets.diffusion.train import train
from simtheory.validation.nets.optimisers import Adam

pytestmark = pytest.mark.slow

PAIR = ConceptImages(("colour", "size"), strengths=(0.2, 0.4))


def test_concepts_are_what_they_say():
    world = ConceptImages(tuple(CONCEPTS), pixels=32)
    plain = world.render([[0, 0, 0, 0]])[0]
    assert plain.shape == (32, 32, 3)
    # colours in the middle of the object and in the corner, from −1 to 1
    assert plain[16, 16] == pytest.approx([0.8, -0.8, -0.8], abs=1e-3)
    assert plain[0, 0] == pytest.approx([0.8, 0.8, 0.8], abs=1e-3)
    blue = world.render([[1, 0, 0, 0]])[0]
    assert blue[16, 16] == pytest.approx([-0.8, -0.8, 0.8], abs=1e-3)
    green = world.render([[0, 0, 1, 0]])[0]
    assert green[0, 0] == pytest.approx([-0.2, 0.4, -0.2], abs=1e-3)

    def area(image):
        return float((0.8 - image[..., 1]).sum() / 1.6 / 32**2 * 4.0)  # of the object, on [−1, 1]²

    # discs of radius R with an edge 1/(1 + exp(−distance/w)), w = 1/32, cover π(R² + π²w²/3); the
    # triangle covers as much as the disc, but for its corners, which the edge rounds off
    small, corner = world.render([[0, 1, 0, 0], [0, 0, 0, 1]])
    edge = np.pi**2 / 3.0 / 32.0**2
    assert area(plain) == pytest.approx(np.pi * (0.65**2 + edge), rel=0.002)
    assert area(small) == pytest.approx(np.pi * (0.25**2 + edge), rel=0.002)
    assert area(corner) == pytest.approx(np.pi * 0.65**2, rel=0.03)
    assert np.abs(corner - plain).max() > 1.0


def test_the_signal_follows_the_strength_and_so_does_the_condition():
    strengths = np.array([0.1, 0.2, 0.4, 0.8])
    worlds = [ConceptImages(("colour", "size"), strengths=(s, 0.4)) for s in strengths]
    colour = np.array([world.signals[0] for world in worlds])
    assert np.allclose(colour / strengths, colour[0] / strengths[0])  # linear in its strength
    told = np.array([np.ptp(world.condition([[0, 0], [1, 0]])[:, 0]) for world in worlds])
    assert np.allclose(told, 2.0 * strengths)
    assert worlds[0].signals[1] > 5.0 * worlds[0].signals[0]


def test_data_are_shaken_and_repeatable():
    x, condition = PAIR.data(30, seed=5)
    again, _ = PAIR.data(30, seed=5)
    other, _ = PAIR.data(30, seed=6)
    assert np.array_equal(x, again)
    assert np.abs(x - other).max() > 0.1
    assert x.shape == (90, 8, 8, 3)
    assert np.array_equal(np.unique(condition, axis=0), PAIR.condition([[0, 0], [0, 1], [1, 0]]))
    centres = np.stack([x[30 * k : 30 * k + 30].mean(axis=0) for k in range(3)])
    assert np.abs(centres - PAIR.render(PAIR.trained)).max() < 0.3  # edges are moved


def test_the_judge_reads_all_classes_and_the_weakest_colour():
    world = ConceptImages(("colour", "size"), strengths=(0.1, 0.4))
    judge = world.judge()
    assert judge.held_out.min() > 0.97
    assert np.abs(judge.place(world.render(world.classes)) - world.classes).max() < 0.2


def test_a_small_u_net_learns():
    run = train(
        UNetDenoiser((8, 16)),
        PAIR,
        steps=60,
        lr=3e-3,
        seeds=(1,),
        samples=50,
        draws=2,
        looks=(0, 20, 60),
        batch=16,
        device="cpu",
    )
    assert run.coordinates.shape == (1, 3, 4, 2)
    assert run.losses[0, 2] < 0.9 * run.losses[0, 1]
    assert run.stats["held_out"].min() > 0.97


def test_the_unseen_image_goes_by_the_strong_concept():
    # 900 steps of two seeds: long enough to learn the size, too short for the weak colour
    run = train(
        MLPDenoiser(128, blocks=2),
        PAIR,
        steps=900,
        lr=2e-3,
        seeds=(0, 1),
        optimiser=Adam(),
        draws=32,
        looks=10,
        device="cpu",
    )
    colour, size = run.coordinates[:, -3:, 3].mean(axis=1).T
    assert size.min() > 0.85
    assert colour.max() < 0.5
    found = readings.learning_steps(run)
    assert np.isinf(found[:, 0]).all()
    assert (found[:, 1] < 600).all()
    assert run.accuracy[:, -1, :3, 1].min() > 0.8  # the training classes have their size


def test_mistakes_of_images_are_answered():
    for given, error, words in (
        ({"concepts": ("color",)}, ArgumentError, "did you mean colour"),
        ({"concepts": ("size", "size")}, ArgumentError, "each name once"),
        ({"concepts": ()}, ArgumentError, "tuple of names"),
        ({"strengths": (0.1,)}, ShapeError, "each of 2 concepts"),
        ({"strengths": (0.1, 2.0)}, ArgumentError, r"size must lie in \(0, 0.8\]"),
        ({"pixels": 2}, ArgumentError, "at least 4"),
        ({"trained_classes": ((0, 2),)}, ArgumentError, "zeros and ones"),
    ):
        with pytest.raises(error, match=words):
            ConceptImages(**given)
    with pytest.raises(ShapeError, match="colour, size"):
        PAIR.condition([[1, 1, 1]])
    with pytest.raises(ShapeError, match="halves the image 3 times"):
        train(
            UNetDenoiser((8, 8, 8, 8)),
            ConceptImages(pixels=12),
            steps=1,
            lr=1e-3,
            seeds=(0,),
            device="cpu",
        )
