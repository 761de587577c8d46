"""Trained experts: what they learn, how they stand in a composition, and their error split."""

import numpy as np
import pytest

from simtheory.assess import error_split
from simtheory.assess.experts import curl
from simtheory.errors import ArgumentError, RegimeError, SolveError
from simtheory.noise import MALA, Levels, Line
from simtheory.sim.composition import Annealed
from simtheory.tasks import Composition, du2023
from simtheory.validation.composition import EnergyNet, Residual, ScoreNet, train_expert

pytestmark = pytest.mark.slow
RING, BAR = du2023.ring(), du2023.bar()


@pytest.fixture(scope="module")
def trained():
    """A score net and two energy nets of the ring, and an energy net of the bar, 2000 steps each."""
    return {
        "score": train_expert(ScoreNet(), RING, device="cpu"),
        "energy": train_expert(EnergyNet(), RING, seeds=2, device="cpu"),
        "bar": train_expert(EnergyNet(form=Residual()), BAR, device="cpu"),
    }


def test_nets_learn_the_score_best_at_high_noise(trained):
    levels = [1e-3, 0.1, 1.0]
    for run in trained.values():
        errors = run.errors(levels)
        assert errors.shape == (len(run.seeds), 3)
        # the measured errors are 0.02–0.1, 0.001–0.008 and below 0.001; predicting no noise gives 1
        assert (errors < [0.3, 0.02, 0.003]).all()
        assert (errors[:, 0] > errors[:, 2]).all()
    assert trained["energy"].losses.shape == (2, 2)


def test_the_score_of_an_energy_is_its_gradient(trained):
    (expert,) = trained["bar"].experts
    x, h = BAR.sample(20, rng=0), 1e-2
    ends = [
        [expert.log_density(x + sign * h * axis, level=0.1) for sign in (1.0, -1.0)]
        for axis in np.eye(2)
    ]
    slope = np.array([(up - down) / (2.0 * h) for up, down in ends]).T
    exact = expert.score(x, level=0.1)
    # h² of the third derivative at a width of 0.3, and the rounding of single precision over h
    assert np.abs(slope - exact).max() < 0.02 * np.abs(exact).max()
    assert curl(expert, x, level=0.1) < 0.01
    assert expert.log_density(x) == pytest.approx(expert.log_density(x, level=1e-4))


def test_a_trained_expert_knows_what_it_cannot_say(trained):
    (expert,) = trained["score"].experts
    with pytest.raises(RegimeError, match="no log-density"):
        expert.log_density(np.zeros((3, 2)))


def test_a_seed_does_not_depend_on_the_seeds_beside_it():
    short = {"steps": 20, "device": "cpu"}
    pair = train_expert(EnergyNet(16, 1), BAR, seeds=(0, 3), **short)
    alone = train_expert(EnergyNet(16, 1), BAR, seeds=(3,), **short)
    x = BAR.sample(10, rng=0)
    assert np.array_equal(pair.experts[1].score(x), alone.experts[0].score(x))
    assert not np.array_equal(pair.experts[0].score(x), alone.experts[0].score(x))


def test_the_error_of_trained_experts_is_split(trained):
    experts = [trained["energy"].experts[0], trained["bar"].experts[0]]
    levels = Levels.geometric(4.0, 1e-4, 60)
    found = error_split(
        RING * BAR,
        experts,
        Annealed(MALA(), steps=5),
        levels=levels,
        n=500,
        seeds=1,
        centres=du2023.ring_centres(),
    )
    assert found.sampler > 0.08 > found.floor
    assert len(found.quadrature) == 3
    scores = [trained["score"].experts[0], trained["bar"].experts[0]]
    line = Annealed(MALA(density=Line(points=3)), steps=1)
    by_line = error_split(RING * BAR, scores, line, levels=levels, n=200, seeds=1)
    assert not by_line.quadrature
    assert Composition(experts).dim == 2


def test_training_refuses_bad_numbers():
    with pytest.raises(ArgumentError, match="rise"):
        train_expert(ScoreNet(), BAR, levels=(1.0, 0.1))
    with pytest.raises(ArgumentError, match="below 1"):
        train_expert(ScoreNet(), BAR, average=1.0)
    with pytest.raises(SolveError, match="diverged"):
        train_expert(ScoreNet(8, 1), BAR, steps=30, lr=1e18, device="cpu")
