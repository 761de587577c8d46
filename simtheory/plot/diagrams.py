"""Phase diagrams: a number over two axes of a sweep, with the boundary that theory draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from simtheory._checks import kind_of, one_of
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.plot._axes import axes_or_new
from simtheory.plot.style import INK

__all__ = ["phase"]

_UNKNOWN = "#e4e6ea"


@face
def phase(
    data: Any,
    variable: str,
    *,
    x: str | None = None,
    y: str | None = None,
    level: float | None = None,
    key: bool = True,
    ax: Axes | None = None,
    **mesh_kwargs: Any,
) -> Axes:
    """Draw a variable of a sweep over two of its axes.

    Cells show the measured number; cells without one are grey. Where the variable crosses its level
    runs the boundary: a solid line as measured, a dashed one as the closed form has it, if the sweep
    measured the closed form too.

    Parameters
    ----------
    data : xarray.Dataset
        As `simtheory.sweep.read` gives it, with two axes left: select along the others. An axis
        ``seed`` is averaged over.
    variable : str
        What to draw.
    x, y : str, optional
        Axes of the sweep. Default: the last one across, the other one up.
    level : float, optional
        Where the boundary runs. Default: where the store says that it does, if it says so.
    key : bool
        Whether to say what colours and lines mean.
    ax : Axes, optional
        Where to draw. Default: new Axes.
    **mesh_kwargs
        For ``Axes.pcolormesh``.

    Returns
    -------
    Axes
        The Axes.

    Raises
    ------
    ArgumentError
        If there is no such variable or axis, or more or fewer than two axes are left.
    """
    if not hasattr(data, "data_vars"):
        raise ArgumentError(
            f"Argument `data` must be a dataset of a sweep, but it is {kind_of(data)}."
        )
    one_of("variable", variable, [str(name) for name in data.data_vars])
    measured = _averaged(data[variable])
    x, y = _two_axes(measured, x, y)
    ax = axes_or_new(ax)
    across, up = _places(data[x].values), _places(data[y].values)
    values = measured.transpose(y, x).values
    mesh = ax.pcolormesh(
        _edges(across),
        _edges(up),
        np.ma.masked_invalid(values),
        **{"cmap": "Blues", "rasterized": True, **mesh_kwargs},
    )
    ax.set_facecolor(_UNKNOWN)
    theory = f"{variable}_theory"
    if level is None:
        level = data[variable].attrs.get("boundary")
    fields = {"measured": values}
    if theory in data:
        fields["closed form"] = _averaged(data[theory]).transpose(y, x).values
    if level is not None and min(values.shape) > 1:
        for label, field in fields.items():
            _boundary(ax, across, up, field, level, label)
    for axis, name, places in ((ax.xaxis, x, across), (ax.yaxis, y, up)):
        axis.set_label_text(name)
        if data[name].dtype.kind in "OUTb":
            axis.set_ticks(places, [str(word) for word in data[name].values])
        elif _geometric(places):
            (ax.set_xscale if axis is ax.xaxis else ax.set_yscale)("log")
    if key:
        ax.figure.colorbar(mesh, ax=ax, label=data[variable].attrs.get("long_name", variable))
        if ax.get_lines():
            ax.legend(loc="lower right")
    return ax


def _averaged(values: Any) -> Any:
    """Return counts as numbers, −1 as unknown, and the mean over seeds."""
    if values.dtype.kind in "iu":
        values = values.where(values >= 0)
    return values.mean("seed") if "seed" in values.dims else values


def _two_axes(values: Any, x: str | None, y: str | None) -> tuple[str, str]:
    dims = [str(name) for name in values.dims]
    for name, axis in (("x", x), ("y", y)):
        if axis is not None:
            one_of(name, axis, dims)
    if len(dims) != 2 or (x is not None and x == y):
        raise ArgumentError(
            f"A phase diagram has two axes, but {values.name!r} runs over "
            f"{', '.join(dims) or 'none'}. Select along the others: data.isel(axis=0)."
        )
    if x is None:
        x = dims[0] if y == dims[1] else dims[1]
    return x, dims[0] if x == dims[1] else dims[1]


def _places(values: Array) -> Array:
    """Return the numbers of an axis; words stand at 0, 1, 2, …"""
    words = values.dtype.kind in "OUTb"
    return np.arange(len(values), dtype=float) if words else np.asarray(values, dtype=float)


def _geometric(places: Array) -> bool:
    """Whether the places lie evenly on a logarithmic axis, or as good as."""
    if places.size < 3 or places.min() <= 0 or places.max() < 5 * places.min():
        return False
    return bool(np.ptp(np.diff(np.log(places))) < 0.5 * np.ptp(np.log(places)) / places.size)


def _edges(places: Array) -> Array:
    """Return the edges of cells around their middles, halfway on the axis as it is drawn."""
    if places.size == 1:
        return np.array([places[0] - 0.5, places[0] + 0.5])
    if _geometric(places):
        return np.exp(_edges_between(np.log(places)))
    return _edges_between(places)


def _edges_between(places: Array) -> Array:
    middle = 0.5 * (places[1:] + places[:-1])
    return np.concatenate([[2 * places[0] - middle[0]], middle, [2 * places[-1] - middle[-1]]])


def _boundary(ax: Axes, x: Array, y: Array, field: Array, level: float, label: str) -> None:
    """Draw where a field crosses a level, if it does: dashed if it is of a closed form."""
    if not np.nanmin(field, initial=np.inf) < level < np.nanmax(field, initial=-np.inf):
        return
    dash: Any = (0, (4, 2)) if label == "closed form" else "-"
    seen = np.ma.masked_invalid(field)
    ax.contour(x, y, seen, [level], colors=INK, linestyles=[dash], linewidths=1.3)
    ax.add_line(Line2D([], [], color=INK, linestyle=dash, linewidth=1.3, label=label))
