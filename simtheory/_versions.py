"""The versions on which results depend."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from simtheory._text import rows_as_text

__all__ = ["show_versions", "versions"]

_PACKAGES = (
    "simtheory",
    "numpy",
    "scipy",
    "sympy",
    "numba",
    "matplotlib",
    "jax",
    "equinox",
    "optax",
)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on.

    Returns
    -------
    dict
        Name to version; a package that is missing is ``"not installed"``.
    """
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def show_versions() -> None:
    """Print the system and the versions that results depend on, for bug reports.

    `simtheory versions` prints the same.
    """
    system = f"{platform.system()} {platform.machine()}"
    print(rows_as_text(f"simtheory on {system}", list(versions().items())))
