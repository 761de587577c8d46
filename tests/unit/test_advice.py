"""The report on forms: it repeats the answer of each form, and the true errors have the size that it gives."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

import simtheory as st
from simtheory import SIMTask
from simtheory.analytic import advice
from simtheory.errors import RegimeError, ShapeError
from tests.truth import tied_flow

RNG = np.random.default_rng(11)
FAR = SIMTask(mu=(0.8, 1.6, 3.0), sigma=0.05)
EQUAL = SIMTask(mu=(1.0, 1.0, 1.0), sigma=0.05)
PAIRED = SIMTask(mu=(1.0, 2.0, 2.0), sigma=0.0)
WHOLE = st.inits.gaussian((3, 3), scale=0.1, rng=RNG)
NARROW = st.inits.gaussian((3, 1), scale=0.1, rng=RNG)
FRAME = np.linalg.qr(RNG.standard_normal((3, 2)))[0]
BLOCK = 0.1 * np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.4], [0.0, 0.3, 1.0]])
ACROSS = 0.1 * (np.eye(3) + 0.03 * np.ones((3, 3)))

# task, start, the form that comes first, and one that refuses
STARTS = [
    (EQUAL, WHOLE, "tied.isotropic", "tied.rank_one"),
    (FAR, NARROW, "tied.rank_one", "tied.isotropic"),
    (FAR, FRAME, "tied.projector", "tied.pivots"),
    (PAIRED, BLOCK, "tied.blocks", "tied.first_order"),
    (FAR, WHOLE, "tied.pivots", "tied.first_order"),
    (FAR, ACROSS, "tied.pivots", "tied.blocks"),
    (SIMTask(mu=(1.0, 2.0), sigma=0.0), 0.01 * np.eye(2) + 1e-4, "tied.second_order", "tied.blocks"),
    (FAR, 3.0 * np.tri(3), "sim.solve", "tied.pivots"),
]  # fmt: skip


def form_of(name: str):
    return reduce(getattr, name.split("."), st if name.startswith("sim.") else st.analytic)


@pytest.mark.parametrize(("task", "U0", "first", "refusing"), STARTS)
def test_the_report_holds_the_answers_of_the_forms(task, U0, first, refusing) -> None:
    found = advice(task, U0)
    assert found.suggestions[0].name == first
    assert not next(form for form in found.suggestions if form.name == refusing).holds
    for form in found.suggestions:
        if form.name == "sim.solve":
            assert form.holds
        elif form.holds:
            form_of(form.name)(task, U0, [0.0, 1.0])
        elif not (form.name == "tied.rank_one" and U0.shape[-1] > 1):
            with pytest.raises((RegimeError, ShapeError)):
                form_of(form.name)(task, U0, [0.0, 1.0])


@pytest.mark.parametrize(("task", "U0", "first", "refusing"), STARTS)
def test_errors_are_of_the_size_that_the_report_gives(task, U0, first, refusing) -> None:
    """Orders of magnitude: up to three times what was said. A start that stood still would fail."""
    holding = [form for form in advice(task, U0).suggestions if form.holds]
    errors = [form.error for form in holding if form.name != "sim.solve"]
    assert errors == sorted(errors)
    # Until the weakest concept is learned, or for a long time where it is lost.
    t = np.linspace(0.0, 15.0 / task.rates[task.rates > 0].min(), 400)
    exact = tied_flow(task.second_moment, U0, t, rtol=1e-11)
    for form in holding:
        if form.name != "sim.solve":
            found = np.abs(form_of(form.name)(task, U0, t).weights - exact).max()
            # The oracle's own 1e-11 grows with e^{2at} along a direction that the start lacks.
            assert found <= 3 * form.error + 1e-6, form
            assert np.abs(exact[0] - exact).max() > 10 * found or form.error > 0.02


def test_the_report_describes_its_start() -> None:
    found = advice(FAR, WHOLE)
    assert found.width == 3
    W0 = WHOLE @ WHOLE.T
    assert found.omega == pytest.approx(W0.diagonal().max())
    assert found.largest_eigenvalue == pytest.approx(np.linalg.eigvalsh(W0).max())
    a = np.sort(FAR.rates)
    assert found.rate_ratio == pytest.approx(max(a[0] / a[1], a[1] / a[2]))
    scale = np.sqrt(W0.diagonal())
    cosines = W0 / np.outer(scale, scale) - np.eye(3)
    assert found.cosine == pytest.approx(np.abs(cosines).max())


def test_an_ensemble_is_judged_by_its_worst_member() -> None:
    both = advice(FAR, np.stack([0.01 * WHOLE, WHOLE]))
    alone = advice(FAR, WHOLE)
    assert [form.name for form in both.suggestions] == [form.name for form in alone.suggestions]
    assert both.suggestions[0].error == pytest.approx(alone.suggestions[0].error)


def test_the_report_prints() -> None:
    found = advice(FAR, WHOLE)
    assert repr(found) == "Advice(tied.pivots > tied.schur > sim.solve)"
    text = str(found)
    assert text.startswith("Forms for this task and start\n  tied.pivots ")
    assert f"{found.omega:.6g}" in text
    assert "refuses. The isotropic form needs equal rates" in text
    assert "strict=False" not in text
    assert "<table>" in found._repr_html_()
    assert "tied.pivots" in found._repr_html_()


def test_a_start_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"`U0` must have shape \(\.\.\., 3, width\)"):
        advice(FAR, np.eye(2))
