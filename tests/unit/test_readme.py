"""The README: its lines run, and its commands and files exist."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_run():
    (lines,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names = {}
    exec(lines, names)
    closed, exact, agreement = names["closed"], names["exact"], names["st"].agreement
    # Correlated rows of size .15: the form's own estimate is 5% of the largest change. A net that
    # stands still misses all of it.
    assert agreement(closed, exact).relative < 0.05
    still = replace(exact, outputs=np.broadcast_to(exact.outputs[:1], exact.outputs.shape))
    assert agreement(still, exact).relative > 0.5


def test_every_command_of_the_readme_exists():
    from simtheory.cli._group import COMMANDS

    used = set(re.findall(r"^simtheory (\w+)", README, flags=re.MULTILINE))
    assert used == {"validate", "predict", "fit", "sweep"}
    assert used <= set(COMMANDS)


def test_every_linked_file_exists():
    root = Path(__file__).parents[2]
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert targets
    assert [t for t in targets if not (root / t).exists()] == []
