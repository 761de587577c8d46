"""CPU time and memory of whole processes up to their first result.

``python -m benchmarks.startup`` prints the table. Every case runs three times in a new process;
the smallest CPU time is reported, because disturbances only add to it. The first compilation runs with an
empty cache folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.peers import OURS, PEERS

ROOT = Path(__file__).resolve().parent.parent
MEMBERS, MANY = 8, 2000
_SOLVE = (
    "import sys; from benchmarks.problem import Ensemble; from benchmarks.peers import PEERS;"
    "PEERS[sys.argv[1]].solver(Ensemble(int(sys.argv[2]), int(sys.argv[3])))(1e-9, 1e-3)"
)
# A new process inherits the peak memory of its parent, so a bare interpreter starts it.
_LAUNCH = (
    "import os, sys; child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ);"
    "_, status, used = os.wait4(child, 0); print();"
    "print(status, used.ru_utime + used.ru_stime, used.ru_maxrss)"
)
IMPORTS = ("numpy", "simtheory", "heyoka", "numbalsoda", "diffrax", "scipy.integrate")


def process(code: str, *arguments: str, cache: Path | None = None) -> tuple[float, float]:
    """Run Python code in a new process; return its CPU seconds and peak memory in MiB."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if cache is not None:
        environment |= {"NUMBA_CACHE_DIR": str(cache / "numba"), "XDG_CACHE_HOME": str(cache)}
    python = sys.executable
    launched = subprocess.run(
        [python, "-S", "-c", _LAUNCH, python, "-c", code, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    status, cpu, peak = map(float, launched.stdout.split()[-3:])
    if status:
        raise RuntimeError(launched.stderr.strip().splitlines()[-1])
    return cpu, peak / 1024


def best(*case: str, times: int = 3, cache: Path | None = None) -> dict[str, float]:
    """Return the smallest CPU time of some runs, and the memory of the last."""
    runs = [process(*case, cache=cache) for _ in range(times)]
    return {"cpu": min(cpu for cpu, _ in runs), "peak_mib": runs[-1][1]}


def measure(*, quick: bool = False, say=print) -> dict:  # type: ignore[no-untyped-def]
    """Measure imports and first solves from a warm cache."""
    times = 1 if quick else 3
    imports = {"nothing": best("", times=times)}
    for name in IMPORTS:
        try:
            imports[name] = best(f"import {name}", times=times)
        except RuntimeError:
            continue
    for name, case in imports.items():
        say(f"  import {name:18} {case['cpu']:6.2f} s cpu {case['peak_mib']:6.0f} MiB")
    solves = {}
    for name, peer in PEERS.items():
        if peer.version is not None and name != "heyoka-matrix":
            process(
                _SOLVE, name, "8", str(MEMBERS)
            )  # fills the caches of the solvers that have one
            solves[name] = best(_SOLVE, name, "8", str(MEMBERS), times=times)
            case = solves[name]
            if peer.most >= MANY:
                _, peak = process(_SOLVE, name, "8", str(MANY))
                case["beyond_mib"] = peak - 8 * 8 * 8 * 201 * MANY / 2**20
            more = (
                f", {case['beyond_mib']:.0f} MiB beyond {MANY} results"
                if "beyond_mib" in case
                else ""
            )
            say(
                f"  first solve, {peer.title:34} {case['cpu']:6.2f} s cpu {case['peak_mib']:6.0f} MiB{more}"
            )
    return {"imports": imports, "solves": solves}


def measure_first(*, quick: bool = False, say=print) -> dict:  # type: ignore[no-untyped-def]
    """Measure our own first solve ever, which compiles, then that of a new dimension, and a later one."""
    times = 1 if quick else 3
    ever: dict[str, list[dict[str, float]]] = {"4": [], "8": []}
    for d, runs in ever.items():
        for _ in range(times):
            with tempfile.TemporaryDirectory() as folder:
                cache = Path(folder)
                runs.append(best(_SOLVE, OURS, d, str(MEMBERS), times=1, cache=cache))
                new = best(_SOLVE, OURS, "5", str(MEMBERS), times=1, cache=cache)
                later = best(_SOLVE, OURS, d, str(MEMBERS), times=1, cache=cache)
    cold = {d: min(runs, key=lambda run: run["cpu"]) for d, runs in ever.items()}
    for d, case in cold.items():
        say(f"  first solve ever, d = {d} {case['cpu']:.1f} s cpu")
    say(f"  then of a new d {new['cpu']:.1f} s cpu, of a new process {later['cpu']:.1f} s cpu")
    return {"cold": cold, "new_size": new, "later": later}


if __name__ == "__main__":
    measure(quick="--quick" in sys.argv)
    measure_first(quick="--quick" in sys.argv)
