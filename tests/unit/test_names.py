"""Public modules show their public names only, and answer a slip with the nearest name."""

import pickle
import sys
from importlib import import_module
from pathlib import Path

import pytest

import simtheory as st

ROOT = Path(st.__file__).parent
PACKAGES = [
    ".".join(("simtheory", *file.parent.relative_to(ROOT).parts))
    for file in sorted(ROOT.rglob("__init__.py"))
    if file.parent != ROOT
]
PACKAGES = [p for p in PACKAGES if "._" not in p and hasattr(import_module(p), "__all__")]
SINGLE = [f"simtheory.{f.stem}" for f in sorted(ROOT.glob("[a-z]*.py"))]


@pytest.mark.parametrize("name", [*PACKAGES, *SINGLE])
def test_completion_shows_public_names_only(name):
    module = sys.modules.get(name) or import_module(name)
    shown = {found for found in dir(module) if not found.startswith("__")}
    assert shown == {n for n in module.__all__ if not n.startswith("__")}


@pytest.mark.parametrize(
    ("module", "slip", "meant"),
    [
        (st, "SimTask", "SIMTask"),
        (st.observe, "learning_time", "learning_times"),
        (st.analytic.tied, "pivot", "pivots"),
        (st.analytic.deep, "time_to_levels", "time_to_level"),
        (st.plot, "concept_spaces", "concept_space"),
        (st.units, "Clok", "Clock"),
        (st.inits, "gausian", "gaussian"),
        (st.errors, "RegimError", "RegimeError"),
        (st.observe.arrays, "slop", "slope"),
        (st.validation, "trian", "train"),
    ],
)
def test_a_slip_is_answered_with_the_nearest_name(module, slip, meant):
    with pytest.raises(AttributeError, match=rf"has no attribute '{slip}'; did you mean .*{meant}"):
        getattr(module, slip)
    assert not hasattr(module, slip)


def test_names_that_exist_and_pickles_are_as_before():
    assert pickle.loads(pickle.dumps(st.observe.loss)) is st.observe.loss
    assert st.plot.loss is import_module("simtheory.plot.trajectories").loss
    with pytest.raises(AttributeError, match=r"no attribute '__nothing__'$"):
        st.observe.__nothing__  # noqa: B018


def test_a_card_prints_its_equation():
    from simtheory.labels import cards

    known = cards()
    assert r"e^{2 a t}" in known["tied-mode"].latex
    assert known["tied-mode"]._repr_latex_() == f"$$\n{known['tied-mode'].latex}\n$$"
    assert all(worn.latex for worn in known.values())


def test_the_record_of_a_claim_says_its_band(capsys):
    record = st.validation.records()[0]
    assert str(record.band) in str(record)
    assert record.statement[:20] in record._repr_html_()
    st.show_versions()
    assert "numpy" in capsys.readouterr().out


def test_no_module_hides_a_name_that_its_package_loads_later():
    """Importing `plot.x` would put the module in place of a function `plot.x` that is loaded later."""
    from simtheory import plot

    hidden = [name for name, home in plot._HOMES.items() if name == home]
    assert hidden == []
