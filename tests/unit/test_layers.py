"""The import contract: every kind of forbidden import breaks it, and the package keeps it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


BREACHES = [
    ("simtheory/tasks/identity.py", "from simtheory.results import Trajectory", "Layers"),
    ("simtheory/sim/flows/integration.py", "from simtheory.analytic import tied", "Layers"),
    ("simtheory/sim/descent/kernels.py", "from simtheory.sim.flows import fields", "Kernel"),
    ("simtheory/sim/engine/threads.py", "from simtheory.sim import networks", "Kernel"),
    ("simtheory/sim/descent/kernels.py", "import llvmlite", "Numba"),
    ("simtheory/observe/curves.py", "import numba", "Numba"),
    ("simtheory/analytic/tied/laws.py", "import sympy", "SymPy"),
    ("simtheory/sim/flows/integration.py", "import jax", "JAX"),
    ("simtheory/observe/agreement.py", "import matplotlib", "Matplotlib"),
    ("simtheory/validation/claims/claim.py", "import panel", "Panel"),
    ("simtheory/validation/claims/claim.py", "from simtheory.explore import picture", "Layers"),
    ("simtheory/sweep/store.py", "from simtheory.tasks import SIMTask", "The core of sweeps"),
    ("simtheory/sweep/family.py", "from simtheory.sweep import store", "Sweeps"),
    ("derivations/tied/laws.py", "from simtheory.sim import solve", "Derivations"),
]
"""Where a forbidden import is written, the line, and how the name of its contract begins."""


def lint(house):
    command = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    return subprocess.run(
        [sys.executable, "-c", command], cwd=house, capture_output=True, text=True, check=False
    )


def test_the_package_keeps_every_contract():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """What the linter says of each contract in a copy of the packages with all breaches at once."""
    house = tmp_path_factory.mktemp("house")
    for name in ("simtheory", "derivations"):
        shutil.copytree(ROOT / name, house / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", house)
    for file, line, _ in BREACHES:
        with (house / file).open("a", encoding="utf-8") as stream:
            stream.write(f"\n{line}\n")
    result = lint(house)
    assert result.returncode == 1
    details = result.stdout.split("Broken contracts", 1)[1]
    # Each contract's part is its name, a line of dashes, and the imports that break it.
    parts = re.split(r"\n([^\n]+)\n-{3,}\n", details)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize(("file", "line", "contract"), BREACHES)
def test_a_forbidden_import_breaks_its_contract(broken, file, line, contract):
    importer = file.removesuffix(".py").replace("/", ".")
    imported = re.fullmatch(r"import (\S+)|from (\S+) import \S+", line)
    said = next(text for name, text in broken.items() if name.startswith(contract))
    assert re.search(rf"{importer} -> {imported[1] or imported[2]}\b", said), said
