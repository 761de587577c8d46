"""What all figures share: the declaration of a figure, its record and its sheet.

A figure is three files in the folder of its topic: a script, the record that it writes (``<name>.json``,
the numbers with seeds and versions) and the picture that it draws (``<name>.svg``). The script declares
a `Figure` and names it ``FIGURE``. `found` reads these declarations without running the scripts; the
documentation's page of figures and the tests are made from it, so that no list of figures is kept.
"""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

import simtheory as st

CONVENTIONS = ("stated", "released")
SEEDS = range(10)
_FOLDER = Path(__file__).parent
_BEGUN = perf_counter()


@dataclass(frozen=True)
class Figure:
    """One figure, declared by its script as ``FIGURE = Figure(__file__, ...)``.

    Parameters
    ----------
    script : str
        Path of the script.
    title : str
        Title above the picture.
    alt : str
        What the picture shows, in words, for readers who do not see it.
    section : str
        Heading on the page of figures under which the figure stands; empty for none.
    caption : str
        Text below the picture. It may be computed; the other texts are literals, because `found`
        reads them without running the script.
    """

    script: str
    title: str
    alt: str
    section: str = ""
    caption: str = ""

    @property
    def name(self) -> str:
        """The name that script, record and picture share."""
        return Path(self.script).stem

    @property
    def topic(self) -> str:
        """The folder in which the three files stand."""
        return Path(self.script).parent.name

    @property
    def record(self) -> Path:
        """Path of the record."""
        return Path(self.script).with_suffix(".json")

    @property
    def picture(self) -> Path:
        """Path of the picture."""
        return Path(self.script).with_suffix(".svg")

    @property
    def text(self) -> str:
        """The docstring of the script."""
        tree = ast.parse(Path(self.script).read_text(encoding="utf-8"))
        return ast.get_docstring(tree) or ""

    def write(self, record: dict[str, Any]) -> None:
        """Write the record with versions and the seconds since the start, whole or not at all."""
        packages = ("numpy", "scipy", "jax")
        facts = {
            "versions": {"simtheory": st.__version__} | {name: version(name) for name in packages},
            "seconds": round(perf_counter() - _BEGUN, 1),
        }
        partial = self.record.with_name(self.record.name + ".part")
        text = json.dumps(_rounded(record) | facts, indent=1) + "\n"
        partial.write_text(text, encoding="utf-8")
        partial.replace(self.record)

    @contextmanager
    def sheet(
        self, *, widths: Sequence[float], rows: int = 1, height: float = 3.3
    ) -> Iterator[list[Any]]:
        """Give the Axes of the picture; write it with the title above and the caption below."""
        with st.plot.picture(self.picture, widths=widths, rows=rows, height=height) as axes:
            yield axes
            figure, letters = axes[0].figure, int(16.2 * sum(widths))
            figure.suptitle(self.title, fontsize=11, fontweight="bold", x=0.01, ha="left")
            wrapped = textwrap.fill(" ".join(self.caption.split()), letters)
            figure.supxlabel(wrapped, fontsize=8.5, x=0.01, ha="left", linespacing=1.35)


def found(folder: Path = _FOLDER) -> list[Figure]:
    """Return the figures that the scripts in the topics' folders declare, by topic and name.

    Parameters
    ----------
    folder : Path
        The folder that holds a folder for each topic.

    Returns
    -------
    list of Figure
        Without captions, which only a run of the script gives.

    Raises
    ------
    ValueError
        If a title, an alternative text or a section is not a literal.
    """
    figures = []
    for script in sorted(folder.glob("*/*.py")):
        for node in ast.parse(script.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FIGURE":
                call = node.value
                given = {k.arg: k.value for k in call.keywords if k.arg != "caption"}  # type: ignore[attr-defined]
                try:
                    texts = {name: ast.literal_eval(value) for name, value in given.items()}
                except ValueError:
                    raise ValueError(
                        f"title, alt and section of FIGURE in {script} must be literals"
                    ) from None
                figures.append(Figure(str(script), **texts))
    return figures


def introduction(topic: str, folder: Path = _FOLDER) -> tuple[str, str]:
    """Return title and text of a topic: the first line of its folder's docstring, and the rest."""
    tree = ast.parse((folder / topic / "__init__.py").read_text(encoding="utf-8"))
    title, _, text = inspect.cleandoc(ast.get_docstring(tree) or topic).partition("\n")
    return title.rstrip("."), text.strip()


def _rounded(value: Any) -> Any:
    """Return arrays as lists and numbers to six digits, for a record that people read."""
    if isinstance(value, dict):
        return {str(k): _rounded(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return _rounded(value.tolist())
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


def mean_and_error(values: np.ndarray) -> str:
    """Return the mean over seeds with its standard error, as text."""
    good = np.asarray(values, float)
    error = good.std(ddof=1) / np.sqrt(good.size) if good.size > 1 else 0.0
    return f"{good.mean():.3g} ± {error:.2g}"
