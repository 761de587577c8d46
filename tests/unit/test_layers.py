"""The import contract: every kind of forbidden import breaks it, and the package keeps it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A copy of the packages and of the contract."""
    copy = tmp_path_factory.mktemp("house")
    for name in ("simtheory", "derivations"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def lint(house):
    command = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    return subprocess.run(
        [sys.executable, "-c", command], cwd=house, capture_output=True, text=True, check=False
    )


def test_the_package_keeps_every_contract(house):
    result = lint(house)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("simtheory/tasks/identity.py", "from simtheory.results import Trajectory", "Layers"),
        ("simtheory/sim/flows/integration.py", "from simtheory.analytic import tied", "Layers"),
        ("simtheory/sim/descent/kernels.py", "from simtheory.sim.flows import fields", "Kernel"),
        ("simtheory/sim/engine/threads.py", "from simtheory.sim import networks", "Kernel"),
        ("simtheory/sim/descent/kernels.py", "import llvmlite", "Numba"),
        ("simtheory/observe/curves.py", "import numba", "Numba"),
        ("simtheory/analytic/tied/laws.py", "import sympy", "SymPy"),
        ("simtheory/sim/flows/integration.py", "import jax", "JAX"),
        ("simtheory/observe/agreement.py", "import matplotlib", "Matplotlib"),
        ("simtheory/sweep/store.py", "from simtheory.tasks import SIMTask", "The core of sweeps"),
        ("simtheory/sweep/family.py", "from simtheory.sweep import store", "Sweeps"),
        ("derivations/tied/laws.py", "from simtheory.sim import solve", "Derivations"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(house, file, line, contract):
    path = house / file
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(f"{before}\n{line}\n", encoding="utf-8")
        result = lint(house)
    finally:
        path.write_text(before, encoding="utf-8")
    assert result.returncode == 1
    broken = [text for text in result.stdout.splitlines() if " BROKEN" in text]
    assert any(text.startswith(contract) for text in broken), result.stdout
