"""The clock of a run: one constant from trained classes, steps for all others, and why some never come."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from simtheory.analytic import emergence as em
from simtheory.errors import ArgumentError
from simtheory.tasks import ConceptGraph
from simtheory.validation.nets.diffusion import ConceptRun

STAR = ConceptGraph.star(3, sigma=0.2)
CLOCK = 40.0


def run_of(graph, joint, steps):
    shape = (*joint.shape, graph.n)
    return ConceptRun(
        steps=steps,
        prompts=graph.classes.astype(float),
        coordinates=np.zeros(shape),
        accuracy=np.zeros(shape),
        joint=joint,
        examples=np.zeros(shape),
        losses=np.zeros(joint.shape[:2]),
        trained=graph.trained,
        names=graph.concept_names,
        strengths=graph.mu,
        stats={"seeds": list(range(len(joint)))},
    )


def linear(graph, *, factors=(1.0,)):
    """A run that follows the closed form, each seed by a clock of its own."""
    steps, law = np.arange(0, 4001, 10), solved(graph)
    joint = [[np.interp(steps / (CLOCK * f), TIMES, one) for one in law.T] for f in factors]
    return run_of(graph, np.array(joint).swapaxes(1, 2), steps)


TIMES = np.linspace(0.0, 130.0, 521)


@cache
def solved(graph):
    return em.diffusion(graph, TIMES, prediction="v").joint


def test_exact_clock():
    """A run of the closed form gives back its clock, and all steps; one time for all does not."""
    found = em.clock(linear(STAR), STAR)
    # the mean over three looks of a curve that bends moves a crossing by a look in ten or so
    assert found.constant == pytest.approx(CLOCK, rel=0.01)
    np.testing.assert_allclose(found.steps, found.measured[0], rtol=0.015)
    assert found.steps.max() / found.steps.min() > 3.0
    # the sheet's velocity times at σ = 0.2 scale with the clock, the trained class 001 being fitted
    assert found.fitted.sum() == 4
    assert found.fitted[STAR.classes.tolist().index([1, 1, 1])] == 0


def test_interval():
    """Seeds that scatter by a factor make an interval that holds their compositions."""
    rng = np.random.default_rng(0)
    inside = []
    for _ in range(30):
        factors = np.exp(0.1 * rng.standard_normal(6))
        found = em.clock(linear(STAR, factors=factors[:5]), STAR)
        step = factors[5] * CLOCK * found.theory[-1]
        inside.append(found.low[-1] < step < found.high[-1])
        assert 1.02 < found.high[-1] / found.steps[-1] < 2.0
    assert np.mean(inside) > 0.85  # 95 % of 30, less three errors of counting


def test_never():
    """A value that no trained class shows is never learned, and the clock says which."""
    graph = ConceptGraph(
        [[0, 0], [1, 0]], sigma=0.2, names={"shape": ("disc", "cone"), "size": ("big", "small")}
    )
    found = em.clock(linear(graph), graph)
    place = graph.classes.tolist().index([1, 1])
    assert np.isinf(found.theory[place])
    assert found.reasons[place] == "no trained class shows its value of size"
    answer = found.to_dict()
    json.dumps(answer, allow_nan=False)
    assert answer["classes"][place]["steps"] is None
    assert answer["classes"][place]["never"]
    assert "never: no trained class" in str(found)


def test_one_step():
    """With one measured step there is no interval, and the answer says so by NaN."""
    run = linear(STAR)
    graph = ConceptGraph([[1, 1, 1]], sigma=0.2)
    found = em.clock(run, graph)
    assert found.fitted.sum() == 1
    assert np.isnan(found.low).all()
    assert found.steps[-1] == pytest.approx(found.measured[0, -1])


def test_wrong_runs():
    with pytest.raises(ArgumentError, match="has no `steps`"):
        em.clock(3.0, STAR)
    with pytest.raises(ArgumentError, match="prompts of 3 concepts"):
        em.clock(linear(ConceptGraph.star(2, sigma=0.2)), STAR)
    late = linear(STAR)
    with pytest.raises(ArgumentError, match="must have learned a trained class"):
        em.clock(run_of(STAR, 0.0 * late.joint, late.steps), STAR)
