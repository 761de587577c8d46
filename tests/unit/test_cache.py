"""The compiled kernels on disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import simtheory

pytestmark = pytest.mark.slow  # each test compiles into an empty folder

WARM_THEN_USE = """
import numpy as np
from simtheory import SIMTask, sim

assert not sim.kernel_cache().files
made = list(sim.warmup())
assert len(set(made)) == len(made)
warm = sim.kernel_cache()
assert warm.size > 0
for d in (1, 2, 5, 9, 40):
    eye = 0.3 * np.eye(d)
    for moment in (np.eye(d), np.eye(d) + 0.1):
        for flow, init in (
            (sim.OneLayer(), eye), (sim.Tied(), eye), (sim.Tied(), eye[:, :1]),
            (sim.Untied(), (eye, eye)), (sim.Deep(4), (eye, eye, eye, eye)),
        ):
            for last in (0.5, 300.0):
                for read in (sim.Diagonal(), sim.Losses(np.eye(d))):
                    sim.integrate(flow, moment, init, [0.0, last], rtol=1e-3, read=read)
            task = SIMTask(mu=np.ones(d), sigma=0.3)
            rng = np.random.default_rng(0)
            for settings in ({"momentum": 0.5}, {"batch": 2, "label_noise": 0.1, "rng": rng}):
                sim.descend(flow, task, init, steps=2, lr=0.01, **settings)
new = set(sim.kernel_cache().files) - set(warm.files)
assert not new, sorted(file.name for file in new)
assert sim.clear_cache().size >= warm.size
assert not sim.kernel_cache().files
"""


def test_after_a_warmup_nothing_is_compiled_any_more(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", WARM_THEN_USE],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr


COMPILE = """
import sys

import numpy as np

from mylab.kernels import doubled
from simtheory import sim
from simtheory.sim.descent.draws import draw
from simtheory.sim.engine.compilation import address
from simtheory.sim.extra.kernels import grown
from simtheory.sim.flows.fields import map_prepare

one = np.ones((1, 1))
draw((one, one[0], one[0], 0.0, one), np.ones(2, np.uint64), np.ones(1, np.uint64), one[None], one[None])
address(map_prepare)
folders = {folder.name.rpartition("_")[0] for folder in sim.kernel_cache().folders}
assert {"descent", "flows", "extra"} <= folders, folders
assert "engine" not in folders
print(grown(3.0), doubled(3.0))
if "clear" in sys.argv:
    assert sim.clear_cache().files
    assert not sim.kernel_cache().files
"""

KERNEL = """
from {helper} import law
from simtheory.sim.engine.compilation import entry


@entry
def {name}(x):
    return law(x)
"""

HELPER = """
from numba.extending import register_jitable


@register_jitable
def law(x):
    return {factor} * x
"""


class House:
    """A copy of the package with a kernel package more, a package outside, and a cache of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cache = folder, folder / "cache"
        source = Path(simtheory.__file__).parent
        shutil.copytree(source, folder / "simtheory", ignore=shutil.ignore_patterns("__pycache__"))
        self.write("simtheory/sim/extra/__init__.py", "")
        self.write("simtheory/sim/extra/laws/__init__.py", "")
        self.write("simtheory/sim/extra/laws/linear.py", HELPER.format(factor=5))
        helper = "simtheory.sim.extra.laws.linear"
        self.write("simtheory/sim/extra/kernels.py", KERNEL.format(helper=helper, name="grown"))
        self.write("mylab/__init__.py", "")
        self.write("mylab/laws.py", HELPER.format(factor=2))
        self.write("mylab/kernels.py", KERNEL.format(helper="mylab.laws", name="doubled"))

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def touch(self, name: str) -> None:
        """Add a comment at the end of a file of the package."""
        with (self.folder / "simtheory" / "sim" / name).open("a", encoding="utf-8") as file:
            file.write("\n# an edit\n")

    def compiled(self, *arguments: str) -> tuple[set[str], str]:
        """Use a kernel of each package; return the packages that compiled, and the numbers printed."""

        def kept() -> set[tuple[str, str, int]]:
            files = self.cache.glob("*/*.nbc")
            return {(f.parent.name, f.name, f.stat().st_mtime_ns) for f in files}

        before = kept()
        run = subprocess.run(
            [sys.executable, "-B", "-c", COMPILE, *arguments],
            env={**os.environ, "NUMBA_CACHE_DIR": str(self.cache), "PYTHONPATH": str(self.folder)},
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr
        return {folder.rpartition("_")[0] for folder, *_ in kept() - before}, run.stdout.strip()


def test_an_edit_compiles_the_kernels_of_its_own_package_again_and_no_others(tmp_path):
    house = House(tmp_path)
    everything = {"descent", "flows", "extra", "mylab"}
    assert house.compiled() == (everything, "15.0 6.0")
    assert house.compiled() == (set(), "15.0 6.0")
    house.touch("descent/batches.py")  # outside, mylab may use any package of sim
    assert house.compiled()[0] == {"descent", "mylab"}
    house.touch("flows/stepper.py")
    assert house.compiled()[0] == {"flows", "mylab"}
    house.write("simtheory/sim/extra/laws/linear.py", HELPER.format(factor=7))
    assert house.compiled() == ({"extra", "mylab"}, "21.0 6.0")
    house.write("mylab/laws.py", HELPER.format(factor=4))
    assert house.compiled() == ({"mylab"}, "21.0 12.0")
    house.write("simtheory/sim/another/__init__.py", "")
    house.write(
        "simtheory/sim/another/kernels.py", KERNEL.format(helper="mylab.laws", name="other")
    )
    assert house.compiled()[0] == {"mylab"}  # a new package throws away no kernel of the others
    house.touch("engine/loops.py")
    assert house.compiled()[0] == everything
    assert house.compiled("clear")[0] == set()
    assert not list(house.cache.glob("[!m]*/*.nbc"))
