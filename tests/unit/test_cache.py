"""The compiled kernels on disk."""

from __future__ import annotations

import os
import subprocess
import sys

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
