"""The README: its lines run, and its commands and files exist."""

import re
import shlex
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from simtheory.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


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


def test_both_commands_are_complete_lines():
    """Each makes an environment, installs and runs, so it works as printed in a fresh clone."""
    start = "python3.11 -m venv .venv && . .venv/bin/activate && pip install -c constraints.txt -e "
    lines = [line for line in README.splitlines() if line.startswith("python3")]
    assert lines == [
        f'{start}".[nets,sweep,assess]" && simtheory validate',
        f'{start}".[all]" && pytest',
    ]
    assert README.index(lines[1]) < README.index("## Ten lines") < 2500  # all on the first screen


def test_users_install_no_linters():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    assert {"ruff", "mypy", "codespell"} <= {name.split(">")[0] for name in extras["dev"]}
    users = [name for extra in extras if extra not in ("dev", "docs") for name in extras[extra]]
    assert not [name for name in users if name.startswith(("ruff", "mypy", "codespell"))]
    said = (ROOT / ".ci" / "run").read_text()
    assert re.search(r'pip install .*"\.\[dev\]"', said)


@pytest.mark.parametrize(
    "commands", [["predict"], ["fit"], ["make hierarchy", "assess strings"], ["assess text"]]
)
def test_the_quick_commands_work_as_printed(commands, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for command in commands:
        (line,) = re.findall(rf"^simtheory ({command} [^#\n]*)", README, flags=re.MULTILINE)
        words = [
            str(ROOT / word) if (ROOT / word).is_file() else word for word in shlex.split(line)
        ]
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, result.output
        assert result.output


def test_every_command_of_the_readme_exists():
    from simtheory.cli._group import COMMANDS

    used = set(re.findall(r"(?:^|&& )simtheory (\w+)", README, flags=re.MULTILINE))
    assert used == {"validate", "predict", "fit", "explore", "sweep", "make", "assess"}
    assert used <= set(COMMANDS)


def test_every_linked_file_exists():
    root = Path(__file__).parents[2]
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert targets
    assert [t for t in targets if not (root / t).exists()] == []
