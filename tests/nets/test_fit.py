"""Trained nets' own curves: the first half is fitted, the second half comes as predicted."""

from __future__ import annotations

import numpy as np
import pytest

from simtheory import observe
from simtheory.errors import FitWarning
from simtheory.fit import curves, fit, predict
from simtheory.tasks import SIMTask
from simtheory.validation.nets.architectures import MLP, SmallInit
from simtheory.validation.nets.train import train

pytestmark = pytest.mark.slow

TASK = SIMTask(mu=(1.0, 2.0), sigma=0.1, dim=4)
NETS = {
    # net, start, steps, batch, model, share of the change that the forecast may miss
    # The two laws that are fitted: what remains is finite steps, O(lr a) = 2%, and the drawn data.
    "one layer": (MLP(depth=1), None, 300, None, "one-layer", 0.01),
    "tied": (MLP(depth=2, width=32, tied=True), SmallInit(0.1), 450, None, "tied", 0.02),
    "tied, minibatches": (MLP(depth=2, width=32, tied=True), SmallInit(0.1), 450, 64, "tied", 0.03),
    # Random layers are imbalanced, which is fitted; the curves alone would be taken for a tied net's.
    "untied": (MLP(depth=2, width=32), SmallInit(0.1), 750, None, "untied", 0.01),
}


@pytest.mark.parametrize("name", NETS)
def test_the_second_half_comes_as_the_first_one_says(name):
    net, init, steps, batch, model, share = NETS[name]
    run = train(
        net, TASK, steps=steps, lr=0.01, seeds=[0], looks=121, init=init, batch=batch, device="cpu"
    ).member(0)
    half = 0.5 * run.t[-1]
    if name == "untied":
        with pytest.warns(FitWarning, match="try model='untied'"):
            fit(curves(run), until=half)
    found = fit(curves(run), until=half, model="untied" if name == "untied" else "auto")
    assert found.model == model
    assert found.imbalanced == (name == "untied")
    judged = predict(found).withheld
    assert judged.error < share * judged.nothing
    assert judged.nothing > 10 * judged.error
    assert judged.nothing > 0.05  # there was something to predict
    # Rates are those of the task: its drawn second moment is off by 1/sqrt(1000) = 3% at most.
    rates = [found[f"rate_{k}"].value for k in (1, 2)]
    np.testing.assert_allclose(rates, TASK.rates[:2], rtol=0.05)


def test_a_concept_that_is_not_learned_yet_is_foreseen():
    net = MLP(depth=2, width=32, tied=True)
    run = train(net, TASK, steps=450, lr=0.01, seeds=[3], init=SmallInit(0.1), device="cpu").member(
        0
    )
    weak = observe.learning_times(run)[0]
    found = fit(curves(run), until=0.75 * weak)
    (foreseen, _) = predict(found).learning_times
    last = found.curves.values[-1, 0]
    assert last < 0.3
    # The step is finite: 2·lr·a of the strong concept is 4%, of the weak one, which decides, 1%.
    assert foreseen.value == pytest.approx(weak, rel=0.01)
