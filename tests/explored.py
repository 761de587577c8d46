"""What tests of the explorer share: running the code of a picture, and comparing numbers with it."""

from pathlib import Path
from unittest.mock import patch

import numpy as np

CLOSE = 1e-12


def executed(code):
    """Run the code of a picture in this folder, and return its names; the file of the picture stays empty."""
    names = {}
    with patch("matplotlib.figure.Figure.savefig", _saved):
        exec(compile(code, "<picture>", "exec"), names)
    return names


def _saved(figure, path, **settings):
    Path(path).write_bytes(b"")


def same(first, second):
    """Return whether two arrays have the same shape and numbers."""
    return first.shape == second.shape and np.allclose(
        first, second, rtol=CLOSE, atol=CLOSE, equal_nan=True
    )


def drawn(names):
    """Return the lines of the picture that code drew: a list for each of its Axes."""
    return [
        [np.asarray(line.get_xydata(), dtype=float) for line in ax.get_lines()]
        for ax in names["axes"]
    ]


def assert_makes(shown, names):
    """Check that code made every line and every number of a picture."""
    axes = drawn(names)
    assert len(axes) == len(shown.charts)
    for chart, lines in zip(shown.charts, axes, strict=True):
        assert chart.lines
        for line in chart.lines:
            wanted = np.column_stack([line.x, line.y])
            assert any(same(wanted, found) for found in lines), (chart.title, line.name)
    for table in shown.tables:
        for column in table.columns:
            found = np.asarray(eval(column.source, names), dtype=float).reshape(-1)
            assert same(np.asarray(column.values, dtype=float).reshape(-1), found), column.title
            assert found.size == len(table.rows)
