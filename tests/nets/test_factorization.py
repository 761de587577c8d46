"""Nets that draw bumps and stripes: codes, the judge of centres, training sets of one shape, hidden layers, claims."""

import math

import numpy as np
import pytest

import simtheory as st
from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.tasks.factorization import Hole, Islands, Random, Stripes
from simtheory.validation.claims.claim import Evidence, Topic
from simtheory.validation.claims.experiment import Budget, Runs
from simtheory.validation.claims.record import Verdict
from simtheory.validation.factorization import (
    Answers,
    BumpImages,
    CentreJudge,
    Decoder,
    Joint,
    LocalBumps,
    OneHot,
    Ramp,
    Sinusoids,
    ask,
    hidden,
)
from simtheory.validation.factorization.claims._common import doubt, needed
from simtheory.validation.factorization.claims.larger import not_enough
from simtheory.validation.factorization.experiments import UNET, lines
from simtheory.validation.ledger.catalogue import select
from simtheory.validation.ledger.worker import examine
from simtheory.validation.nets.diffusion import MLPDenoiser, UNetDenoiser, train

TORUS = st.BumpTask(16, layout=Random(40), periodic=True)
GRID = np.stack(np.meshgrid(*[np.arange(8) * 2.0] * 2, indexing="ij"), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize("shape", [{}, {"shape": Stripes()}, {"dark": True}, {"sigma": 2.8}])
def test_the_judge_finds_the_centre_of_a_true_image_and_not_of_another(shape):
    world = BumpImages(st.BumpTask(16, layout=Random(40), periodic=True, **shape))
    judge, labels = world.judge(), np.random.default_rng(0).uniform(0, 16, (200, 2))
    placed = judge.place(world.images(labels))
    apart = np.abs(placed - labels)
    assert np.minimum(apart, 16 - apart).max() <= 0.125 + 1e-3  # half the spacing of the templates
    assert judge.right(placed, labels).all()
    assert judge.alike(world.images(labels), labels).min() > 1 - 1e-9
    # the do-nothing predictor, one image for every label, is right in a box of 2×2 of 256 pixels
    assert judge.right(placed[:1], labels).all(axis=1).mean() < 0.1


def test_a_tolerance_is_strict_on_both_axes_and_goes_round_the_torus():
    judge = BumpImages(TORUS).judge()
    asked_for = np.array([[0.25, 8.0]])
    assert judge.right(np.array([[15.5, 8.0]]), asked_for).all()
    assert judge.right(np.array([[15.25, 8.0]]), asked_for).tolist() == [[False, True]]
    wide = BumpImages(TORUS, judged_by=CentreJudge(tolerance=1.5)).judge()
    assert wide.right(np.array([[15.25, 8.0]]), asked_for).all()


def test_on_a_canvas_with_a_margin_labels_in_view_are_found():
    world = BumpImages(st.BumpTask(16, layout=Random(40), margin=3))
    labels = np.random.default_rng(0).uniform(3, 18, (100, 2))
    assert np.abs(world.judge().place(world.images(labels)) - labels).max() < 0.2


@pytest.mark.parametrize(
    ("code", "numbers"),
    [(Sinusoids(4.0), 16), (Joint(8, 4.0), 16), (LocalBumps(1.0), 32), (OneHot(), 32), (Ramp(), 2)],
)
def test_a_code_has_its_numbers_and_only_the_joint_one_mixes_the_factors(code, numbers):
    world = BumpImages(TORUS, code)
    given = world.condition(GRID)
    assert given.shape == (64, numbers)
    cells = given.reshape(8, 8, numbers)
    mixed = cells - cells.mean(0) - cells.mean(1)[:, None] + cells.mean((0, 1))
    share = (mixed**2).sum() / ((cells - cells.mean((0, 1))) ** 2).sum()
    assert share == pytest.approx(0.0 if code.separate else 1.0, abs=1e-12)
    assert np.concatenate([world.words(0), world.words(1)]).size == numbers * (2 - code.separate)


def test_codes_of_a_torus_are_periodic_and_of_a_canvas_tell_its_ends_apart():
    for code in (Sinusoids(4.0), Joint(8, 4.0), LocalBumps(1.0), OneHot()):
        ends = BumpImages(TORUS, code).condition([[0.0, 0.0], [16.0, 16.0]])
        assert np.abs(ends[0] - ends[1]).max() < 1e-9
        ends = BumpImages(st.BumpTask(16), code).condition([[0.0, 0.0], [15.0, 15.0]])
        assert np.abs(ends[0] - ends[1]).max() > 0.9
    assert BumpImages(st.BumpTask(16), Ramp()).condition([[0.0, 15.0]]).tolist() == [[-1.0, 1.0]]


def test_a_training_set_repeats_its_labels_and_its_pixels_are_standardised():
    world = BumpImages(TORUS)
    x, condition = world.data(120, seed=3)
    assert np.array_equal(x[:40], x[80:])
    assert np.array_equal(condition[:40], condition[40:80])
    assert np.array_equal(condition[:40], world.condition(world.labels(seed=3)))
    every, _ = BumpImages(st.BumpTask(16, layout=Random(4000), periodic=True)).data(4000, seed=0)
    # 4000 draws of an image whose mean is the same for all: only the variance fluctuates, by about 1%
    assert (every.mean(), every.std()) == pytest.approx((0.0, 1.0), abs=0.02)


def test_leaked_labels_are_held_out_ones():
    task = st.BumpTask(16, layout=Random(40), held_out=Hole(4.0), periodic=True)
    labels = BumpImages(task, leaked=5).labels(seed=0)
    assert task.is_held_out(labels).tolist() == [False] * 40 + [True] * 5


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: BumpImages(TORUS, leaked=1), TaskError, "`leaked` must be 0"),
        (lambda: BumpImages(TORUS).data(39, seed=0), ArgumentError, "at least the number of training labels, 40"),
        (lambda: BumpImages(TORUS).condition([[1.0]]), ShapeError, "`values` must have shape"),
        (lambda: CentreJudge().place(np.ones((1, 16, 16, 1))), ArgumentError, "`task` of CentreJudge"),
        (lambda: Joint(100, 4.0).encode(GRID, extent=16.0, periodic=True), ArgumentError, "`waves` must be at most 32"),
        (lambda: Sinusoids(4.0, period=2.0), ArgumentError, "`period` must be at least"),
        (lambda: Decoder(prediction="v"), ArgumentError, "must be 'x0'"),
        (lambda: st.validation.CosineAdam(100), ArgumentError, "`warmup` must be below `steps` = 100"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_rule(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_the_needed_number_is_where_coverage_crosses_the_level():
    numbers = np.array([20, 40, 80])
    shares = 1 - np.exp(-numbers / 50.0)
    # interpolation in ln n between 20 and 40 instead of the curve: less than one example off
    assert needed(numbers, shares[None], 0.5)[0] == pytest.approx(50 * math.log(2), abs=1.0)
    assert needed(numbers, np.array([[0.1, 0.2, 0.3]]), 0.5)[0] == pytest.approx(80 * 4.0)


def test_a_net_that_does_not_know_its_own_labels_decides_nothing():
    poor = Answers(np.array([[1.0, 1.0, 0.9]]), *(np.ones((1, k)) for k in (3, 2, 2)))
    assert "0.900 by the cosine" in doubt([poor])
    assert doubt([poor._replace(known=np.full((1, 3), 0.96))]) == ""
    claim = Topic("factorization", paper="liang2024").claim(
        "x", where="w", statement="S.", quantity="q", band=(0.0, 2.0), null="n", reads=[]
    )(lambda: Evidence([1.0], 5.0, [0], lambda ax: None, doubt=doubt([poor])))
    record = examine(claim, Runs(Budget("quick", 2, 2, 1.0)))
    assert record.verdict is Verdict.INCONCLUSIVE
    assert record.judged().verdict is Verdict.INCONCLUSIVE
    assert record.verdict_text.startswith("inconclusive: in distribution only 1.000")


def test_the_learning_rate_rises_and_falls_as_half_a_cosine():
    optax = pytest.importorskip("optax")
    rule = st.validation.CosineAdam(100, warmup=10).transform(2e-3)
    state, sizes = rule.init(np.ones(1)), []
    for _ in range(101):
        step, state = rule.update(np.ones(1), state)
        sizes.append(-float(step[0]))
    assert optax is not None
    # Adam's own step on a constant gradient is 1, so what remains is the schedule
    middle = 2e-3 * (0.01 + 0.99 * 0.5)
    assert [sizes[k] for k in (0, 5, 10, 55, 100)] == pytest.approx(
        [0.0, 1e-3, 2e-3, middle, 2e-5], abs=2e-6
    )


@pytest.mark.slow
def test_a_net_that_predicts_data_draws_its_labels_where_one_that_predicts_velocity_does_not():
    world = BumpImages(st.BumpTask(16, layout=Islands(4, 4.0, 112), periodic=True))
    data, velocity = (
        ask(MLPDenoiser(192, 2, prediction), world, seed=0, steps=1000, device="cpu")
        for prediction in ("x0", "v")
    )
    assert data[1].known.min() >= 0.95
    assert velocity[1].known[0, 2] < 0.5  # by the cosine
    # outside the islands little is covered, and little is right: coverage tells, within its error of 300 queries
    ratio = data[1].right[0, 0] / data[1].covered[0, 0]
    assert 0.9 < ratio < 1.3
    found = hidden(data[0], GRID)
    assert found.activations.shape == found.baseline.shape == (1, 64, 192)
    before, after = (
        st.assess.activations(layer[0], GRID, period=16.0, rng=0).interaction.value
        for layer in (found.baseline, found.activations)
    )
    assert before < after < 0.4 < 0.6  # noise has .78
    # at a low noise the untrained net sees the image, which is an interaction of both factors
    seen = hidden(data[0], GRID, level=0.01).baseline[0]
    assert st.assess.activations(seen, GRID, period=16.0, rng=0).interaction.value > 10 * before


@pytest.mark.slow
def test_a_decoder_learns_the_same_task_and_sees_no_noise():
    world = BumpImages(st.BumpTask(16, layout=Random(200), periodic=True))
    run, answers = ask(Decoder(96, 2), world, seed=0, steps=1000, device="cpu")
    assert answers.known.min() >= 0.95
    quiet, loud = (hidden(run, GRID, level=level) for level in (0.0, math.inf))
    assert np.array_equal(quiet.activations, loud.activations)
    assert not np.array_equal(quiet.activations, quiet.baseline)
    with pytest.raises(ArgumentError, match="`run` must be a run of `train` on BumpImages"):
        hidden(_of_another_world(), GRID)


def _of_another_world():
    world = st.validation.diffusion.ConceptVectors(st.SIMTask(mu=(0.4, 0.8), sigma=0.08))
    return train(MLPDenoiser(8), world, steps=2, lr=1e-3, seeds=[0], draws=2, looks=2, device="cpu")


def test_claims_that_need_a_gpu_are_tested_only_where_one_was_asked_for():
    large = {claim.id for claim in select(["factorization"]) if claim.needs_gpu}
    assert large == {
        f"factorization/percolation-{name}-unet" for name in ("slope", "not-needed", "not-enough")
    }
    for device in ("auto", "cpu"):
        assert not large & {c.id for c in select(["factorization"], device=device)}
    (named,) = select(["factorization/percolation-slope-unet"], device="cpu")
    assert named.band == next(c for c in select() if c.id == "factorization/percolation-slope").band
    assert "U-Net" in named.quantity
    assert "MLP" not in named.quantity


@pytest.mark.slow
def test_a_unet_runs_the_experiments_of_the_mlp_and_an_untrained_one_decides_nothing():
    tiny = UNET._replace(net=UNetDenoiser((8, 8), prediction="x0"), side=16, few=2, many=2)
    found = lines.run(Budget("quick", 1, 1, 1.0, "cpu"), tiny)
    evidence = not_enough.measure(found)
    assert found.largest.tolist() == [1.0, 1.0]
    assert "in distribution only 0.0" in evidence.doubt
