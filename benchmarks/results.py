"""The results file (JSON): the data of each study, with machine, versions and day."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from simtheory.sim.engine.layout import LANES

PATH = Path(__file__).parent / "results.json"
_PACKAGES = ("simtheory", "numpy", "scipy", "numba", "heyoka", "numbalsoda", "diffrax", "jax")


def load(path: Path = PATH) -> dict[str, Any]:
    """Return the results in the file, empty if there is no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def store(name: str, data: Any, path: Path = PATH, *, quick: bool = False) -> None:
    """Write the data of one study into the file, with machine, versions and day."""
    results = load(path)
    results[name] = {"where": where(), "quick": quick, "data": data}
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(results, indent=1, allow_nan=False) + "\n")
    beside.replace(path)


def where() -> dict[str, Any]:
    """Return the machine, the versions and the day."""
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}",
        "register_bits": 64 * LANES,
        "load": round(os.getloadavg()[0], 1),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
