"""Settings of the process that are not arguments change no number, or are answered in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PREDICT = ("-m", "simtheory", "predict", "--mu", "1,2", "--sigma", ".05")
FIND = (
    "-c",
    "from simtheory.errors import ArgumentError\n"
    "from simtheory.validation.nets.devices import find_device\n"
    "try:\n    find_device({!r})\nexcept ArgumentError as reason:\n    print(reason)",
)


def python(*words, **environment):
    """Run Python with some environment variables; return its status, output and errors."""
    done = subprocess.run(
        [sys.executable, *words], env=os.environ | environment, capture_output=True, check=False
    )
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def test_output_does_not_depend_on_the_locale():
    status, plain, _ = python(*PREDICT)
    assert status == 0
    assert "→" in plain
    old = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert python(*PREDICT, **old)[:2] == (0, plain)


def test_kernels_without_compilation_are_refused_in_one_sentence():
    status, output, errors = python(*PREDICT, NUMBA_DISABLE_JIT="1")
    assert (status, output) == (2, "")
    said = errors.splitlines()[-1]
    assert said.startswith("Error: Simulations run compiled code only")
    assert "NUMBA_DISABLE_JIT" in said
    assert "Traceback" not in errors


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_a_platform_that_is_not_there_is_named(device):
    words = FIND[0], FIND[1].format(device)
    status, output, errors = python(*words, JAX_PLATFORMS="nonsense")
    assert status == 0, errors
    assert output.startswith(f"Argument `device` is {device!r}, but JAX finds no device at all")
    assert "JAX_PLATFORMS is 'nonsense'" in output
    assert output.count("\n") == 1
