"""Phase diagrams, read back from their Axes."""

from __future__ import annotations

import numpy as np
import pytest
import xarray
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from simtheory import plot
from simtheory.errors import ArgumentError

X, Y = np.geomspace(1e-3, 1.0, 13), np.linspace(0.1, 0.9, 9)


def dataset(**more) -> xarray.Dataset:
    """A rise of log₁₀ x + 3y, which crosses its boundary 1 along a line; theory's is .05 higher."""
    rise = np.log10(X)[None, :] + 3.0 * Y[:, None]
    numbers = {"rise": (("y", "x"), rise, {"boundary": 1.0, "long_name": "a rise"})}
    numbers["rise_theory"] = (("y", "x"), rise + 0.05)
    return xarray.Dataset({**numbers, **more}, coords={"x": X, "y": Y})


def draw(data, variable="rise", **options):
    ax = Figure().subplots()
    assert plot.phase(data, variable, ax=ax, **options) is ax
    return ax


def boundaries(ax):
    """Points and dash of every boundary that was drawn."""
    sets = [c for c in ax.collections if hasattr(c, "levels")]
    return {str(c.get_linestyle()[0][1]): c.get_paths()[0].vertices for c in sets}


def test_cells_hold_the_numbers_and_lie_around_their_places():
    data = dataset()
    ax = draw(data)
    mesh = ax.collections[0]
    np.testing.assert_array_equal(mesh.get_array(), data["rise"].values)
    edges = mesh.get_coordinates()
    np.testing.assert_allclose(edges[0, 1:-1, 0], np.sqrt(X[1:] * X[:-1]), rtol=1e-12)
    np.testing.assert_allclose(edges[1:-1, 0, 1], (Y[1:] + Y[:-1]) / 2, rtol=1e-12)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "linear")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "y")
    assert ax.figure.axes[1].get_ylabel() == "a rise"


def test_both_boundaries_run_where_the_fields_cross_the_level():
    ax = draw(dataset())
    lines = boundaries(ax)
    assert len(lines) == 2
    for dash, points in lines.items():
        shift = 0.0 if dash == "None" else 0.05
        x, y = points.T
        # The field is linear between neighbours in y, and between those in log x up to its bend
        # within a cell: ln(1.78)² / 8 ln 10 = .018.
        assert np.abs(np.log10(x) + 3 * y + shift - 1.0).max() < 0.02
    assert [line.get_label() for line in ax.get_lines()] == ["measured", "closed form"]
    assert len(boundaries(draw(dataset(), level=99.0))) == 0


def test_cells_without_a_number_show_as_such():
    holes = dataset()
    holes["rise"][0, 0] = np.nan
    assert draw(holes).collections[0].get_array().mask.sum() == 1
    counts = dataset(descents=(("y", "x"), np.full((9, 13), -1)))
    assert draw(counts, "descents").collections[0].get_array().mask.all()


def test_seeds_are_averaged_and_words_stand_side_by_side():
    numbers = np.arange(24.0).reshape(2, 3, 4)
    data = xarray.Dataset(
        {"share": (("init", "y", "seed"), numbers)},
        {"init": ["uniform", "gaussian"], "y": [1, 2, 3]},
    )
    ax = draw(data, "share", x="init")
    np.testing.assert_array_equal(ax.collections[0].get_array(), numbers.mean(-1).T)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["uniform", "gaussian"]


@pytest.mark.parametrize(
    ("variable", "options", "says"),
    [
        ("rice", {}, "did you mean rise"),
        ("rise", {"x": "z"}, "`x` is 'z'"),
        ("rise", {"x": "x", "y": "x"}, "has two axes"),
        ("deep", {}, "runs over z, y, x. Select along the others"),
    ],
)
def test_wrong_arguments_are_answered(variable, options, says):
    data = dataset(deep=(("z", "y", "x"), np.zeros((2, 9, 13))))
    with pytest.raises(ArgumentError, match=says):
        draw(data, variable, **options)


def test_a_variable_that_spans_decades_is_drawn_over_its_logarithm() -> None:
    decades = 10.0 ** np.add.outer(np.linspace(0.0, 2.0, 9), np.linspace(-6.0, -2.0, 13))
    decades[:2] = 0.0
    attributes = {"boundary": 1e-3, "scale": "log", "long_name": "size"}
    ax = draw(xarray.Dataset({"size": (("y", "x"), decades, attributes)}, {"x": X, "y": Y}), "size")
    mesh, bar = ax.collections[0], ax.figure.axes[1]
    assert isinstance(mesh.norm, LogNorm)
    assert mesh.norm.vmin == 1e-3
    assert bar.get_ylabel() == "size\n(white: below 0.001)"
    colours = mesh.to_rgba(mesh.get_array())
    assert (colours[:2, :, :3] == 1.0).all()  # zero is white, and not the grey of what is unknown
    assert not mesh.get_array().mask.any()
    np.testing.assert_array_equal(mesh.get_array()[2:], decades[2:])
    (points,) = boundaries(ax).values()
    # log₁₀ of the field is linear in log x, up to its bend within a cell, and in y.
    x, y = points[points[:, 1] > Y[2]].T
    height = (y - Y[0]) / (Y[-1] - Y[0]) * 2.0 - 6.0 + (np.log10(x) + 3.0) / 3.0 * 4.0
    assert np.abs(height + 3.0).max() < 0.03
    flat = draw(
        xarray.Dataset({"size": (("y", "x"), 0.0 * decades, attributes)}, {"x": X, "y": Y}), "size"
    )
    assert not isinstance(flat.collections[0].norm, LogNorm)


def test_a_cut_along_one_axis_is_a_line() -> None:
    cut = dataset().isel(y=3)
    cut["x"].attrs = {"long_name": "cost $", "units": "s"}
    ax = draw(cut)
    measured, theory = (line for line in ax.get_lines() if len(line.get_xdata()) == X.size)
    np.testing.assert_array_equal(measured.get_xdata(), X)
    np.testing.assert_array_equal(measured.get_ydata(), cut["rise"].values)
    np.testing.assert_array_equal(theory.get_ydata(), cut["rise_theory"].values)
    assert (measured.get_linestyle(), theory.get_linestyle()) == ("-", "--")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_xscale()) == (r"cost \$ [s]", "a rise", "log")
    with pytest.raises(ArgumentError, match="`x` is 'z'"):
        draw(cut, x="z")
