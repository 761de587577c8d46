"""The cost of an import, the packages that it loads, and the public names."""

from __future__ import annotations

import subprocess
import sys

import pytest

import simtheory

HEAVY = ("scipy", "numba", "sympy", "matplotlib", "jax", "xarray", "click", "tqdm")


def python(code: str) -> str:
    """Run a few lines in a fresh interpreter and return what they print."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_loads_no_heavy_package() -> None:
    loaded = python("import sys, simtheory; print(*sorted(sys.modules))").split()
    assert "simtheory" in loaded
    assert not [name for name in HEAVY if name in loaded]


def test_the_lowest_layers_load_no_heavy_package() -> None:
    code = (
        "import sys, simtheory as st;"
        "st.SIMTask, st.Trajectory, st.agreement, st.cite, st.errors, st.inits, st.observe,"
        "st.tasks.yang2024, st.units; print(*sorted(sys.modules))"
    )
    loaded = python(code).split()
    assert "simtheory.observe" in loaded
    assert not [name for name in HEAVY if name in loaded]


def test_import_loads_little_more_than_numpy() -> None:
    code = (
        "import sys, numpy; before = set(sys.modules); import simtheory;"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = python(code).split()
    ours = {name for name in loaded if name.split(".")[0] == "simtheory"}
    foreign = {name.split(".")[0] for name in loaded} - {"simtheory", "numpy"}
    assert foreign <= sys.stdlib_module_names
    assert len(ours) <= 12  # all of the package are twenty times as many
    assert len(loaded) <= 100


def test_plots_load_matplotlib_but_choose_no_backend() -> None:
    code = (
        "import sys; from simtheory import plot; print('matplotlib' in sys.modules);"
        "[getattr(plot, name) for name in plot.__all__]; print(*sorted(sys.modules))"
    )
    before, *loaded = python(code).split()
    assert before == "False"  # the package alone draws nothing
    assert "matplotlib" in loaded
    assert "matplotlib.pyplot" not in loaded


def test_dir_lists_the_public_names() -> None:
    assert set(simtheory.__all__) < set(dir(simtheory))
    assert simtheory.SIMTask is simtheory.tasks.SIMTask
    assert callable(simtheory.agreement)
    with pytest.raises(AttributeError, match="has no attribute 'SimTask'"):
        simtheory.SimTask  # noqa: B018
