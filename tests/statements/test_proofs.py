"""Every step of every proof holds, and a proof notices a wrong sign."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import sympy

from derivations import PROOFS, Step
from derivations.__main__ import main
from simtheory.analytic.symbolic import STATEMENTS
from simtheory.analytic.symbolic._statement import written
from tests.statements.cases import CASES

LONG = {
    "balanced-riccati",
    "depth-offdiag",
    "dn-weights-tied",
    "ldl-logit",
    "logit-ode",
    "sgd-moments",
    "tied-blocks",
    "tied-isotropic",
    "tied-projector",
}
"""Proofs of several seconds each, more than all the others together."""


@pytest.mark.parametrize(
    "label",
    [pytest.param(x, marks=pytest.mark.slow if x in LONG else ()) for x in sorted(PROOFS)],
)
def test_every_step_holds(label: str) -> None:
    steps = list(PROOFS[label]())
    assert steps
    for step in steps:
        assert step.holds, step.text


# Every equation of every statement, but for those that take seconds to refute.
EQUATIONS = [
    (label, n)
    for label, statement in STATEMENTS.items()
    for n, equation in enumerate(statement.equations)
    if equation.lhs.name not in CASES[label].slow
]


@pytest.mark.slow
@pytest.mark.parametrize(("label", "n"), EQUATIONS)
def test_a_wrong_sign_is_noticed(label: str, n: int) -> None:
    statement = STATEMENTS[label]
    equations = list(statement.equations)
    if equations[n].rhs.has(sympy.Integral):
        flipped = sympy.Integral(-equations[n].rhs.function, *equations[n].rhs.limits)
    else:
        with written():
            flipped = -1 * equations[n].rhs
    with written():
        equations[n] = sympy.Eq(equations[n].lhs, flipped)
    wrong = replace(statement, equation=tuple(equations))
    assert not all(step.holds for step in PROOFS[label](wrong))


def test_the_command_prints_the_proved_labels(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tied-mode"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("tied-mode\n  ✓ ")
    assert "✗" not in out


def test_the_command_is_loud_about_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(PROOFS, "tied-mode", lambda: iter([Step("one is zero", sympy.Integer(1))]))
    assert main(["tied-mode"]) == 1
    told = capsys.readouterr()
    assert "✗ one is zero" in told.out
    assert "A PROOF FAILS" in told.err


def test_the_command_does_not_know_every_label(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-label"]) == 2
    assert "tied-mode" in capsys.readouterr().err


def test_the_package_runs_as_a_command() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "derivations", "tied-mode"],
        cwd=root, capture_output=True, text=True, encoding="utf-8",
        env={"PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(root)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
