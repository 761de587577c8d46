"""Five identities that every closed form of a trajectory keeps, over one table of the forms."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from simtheory.errors import RegimeWarning
from simtheory.labels import cards
from tests.identities.forms import (
    FORMS,
    NO_START,
    TURN,
    Form,
    faster,
    maps,
    public_forms,
    reordered,
)
from tests.identities.forms import ORDER as P


def each(identity: str) -> pytest.MarkDecorator:
    """Run a test on every form of which the identity holds."""
    names = [name for name, form in FORMS.items() if identity not in form.without]
    return pytest.mark.parametrize("name", names)


@pytest.fixture(autouse=True)
def _outside_the_regime_too() -> Iterator[None]:
    """The identities hold for the formulas, also where they approximate the flow badly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RegimeWarning)
        yield


def agree(form: Form, found: np.ndarray, wanted: np.ndarray) -> None:
    np.testing.assert_allclose(found, wanted, rtol=form.rtol, atol=form.atol)


def moves(form: Form, found: np.ndarray) -> bool:
    """Whether the run moves by more than a hundred tolerances; a form at rest would pass anything."""
    return float(np.ptp(found, axis=0).max()) > 100 * (form.atol + form.rtol * np.abs(found).max())


def test_the_table_holds_every_form() -> None:
    assert {form.form for form in FORMS.values()} | set(NO_START) == set(public_forms())


@pytest.mark.parametrize("name", FORMS)
def test_a_run_names_the_form_that_gave_it(name: str) -> None:
    run = FORMS[name].run()
    assert run.origin == f"analytic.{name.split(',')[0]}"
    assert cards()[run.label].home.startswith(f"simtheory.analytic.{name.split('.')[0]}")
    assert run.exact or np.all(run.arrays["error_estimate"] >= 0)


@each("start")
def test_a_form_starts_at_the_start(name: str) -> None:
    found, start = maps(FORMS[name].run()), FORMS[name].start.map()
    np.testing.assert_allclose(found[0], start, rtol=1e-12, atol=1e-13 * np.abs(start).max())
    assert moves(FORMS[name], found)


@pytest.mark.parametrize("name", FORMS)
def test_underflow_is_no_error(name: str) -> None:
    form = FORMS[name]
    later = 1 if name == "untied.early" else 20  # it refuses times at which W is not small
    late = replace(form, grid=np.asarray(form.grid) * later)
    plain = maps(late.run())
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(maps(late.run()), plain)


@each("order")
def test_concepts_can_be_listed_in_any_order(name: str) -> None:
    form = FORMS[name]
    straight = maps(form.run())
    found = maps(form.run(task=reordered(form.task), start=form.start.permuted().given()))
    agree(form, found, straight[:, P][:, :, P])
    assert not np.allclose(found, straight, rtol=form.rtol, atol=100 * form.atol)


@each("clock")
def test_faster_rates_are_a_faster_clock(name: str) -> None:
    form = FORMS[name]
    agree(form, maps(form.run(task=faster(form.task, 4.0), s=4.0)), maps(form.run()))


@each("turned")
def test_turned_data_turn_the_solution(name: str) -> None:
    form = FORMS[name]
    straight = maps(form.run())
    turned = replace(form.task, rotation=TURN)
    found = maps(form.run(task=turned, start=form.start.turned().given()))
    agree(form, found, TURN @ straight @ TURN.T)
    assert not np.allclose(found, straight, rtol=form.rtol, atol=100 * form.atol)


@each("ensemble")
def test_an_ensemble_is_its_members(name: str) -> None:
    form = FORMS[name]
    whole = form.run(start=form.start.stacked())
    assert whole.ensemble == (3,)
    for k, member in enumerate(form.start.members()):
        alone = form.run(start=member)
        agree(form, maps(whole)[k], maps(alone))
        for said in alone.arrays:
            if said != "map":
                np.testing.assert_allclose(
                    np.broadcast_to(whole.arrays[said], (3, *np.shape(alone.arrays[said])))[k],
                    alone.arrays[said],
                    rtol=1e-6,
                )
