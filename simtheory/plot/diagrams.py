"""Phase diagrams: a number over two axes of a sweep, with the boundary that theory draws."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.lines import Line2D

from simtheory._checks import kind_of, one_of
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.plot._axes import axes_or_new, plain
from simtheory.plot.style import GREY, INK

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
    logarithmic: bool | None = None,
    key: bool = True,
    ax: Axes | None = None,
    **mesh_kwargs: Any,
) -> Axes:
    """Draw a variable of a sweep over two of its axes, or over the one that is left as a line.

    Cells show the measured number; cells without one are grey. Where the variable crosses its level
    runs the boundary: a solid line as measured, a dashed one as the closed form has it, if the sweep
    measured the closed form too.

    Parameters
    ----------
    data : xarray.Dataset
        As `simtheory.sweep.read` gives it, with one or two axes left: select along the others. An axis
        ``seed`` is averaged over.
    variable : str
        What to draw.
    x, y : str, optional
        Axes of the sweep. Default: the last one across, the other one up.
    level : float, optional
        Where the boundary runs. Default: where the store says that it does, if it says so.
    logarithmic : bool, optional
        Whether colour follows the logarithm of a variable, from its level up; what lies below is
        white. Default: where the store says so. Without a positive value colour stays linear.
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
        If there is no such variable or axis, or no axis or more than two are left.
    """
    if not hasattr(data, "data_vars"):
        raise ArgumentError(
            f"Argument `data` must be a dataset of a sweep, but it is {kind_of(data)}."
        )
    one_of("variable", variable, [str(name) for name in data.data_vars])
    measured = _averaged(data[variable])
    theory = f"{variable}_theory"
    attributes = data[variable].attrs
    if level is None:
        level = attributes.get("boundary")
    if logarithmic is None:
        logarithmic = attributes.get("scale") == "log"
    label = plain(str(attributes.get("long_name", variable)))
    if measured.ndim == 1 and y is None:
        fields = {"measured": measured}
        if theory in data:
            fields["closed form"] = _averaged(data[theory])
        return _line(axes_or_new(ax), data, fields, x, level, label, logarithmic=logarithmic)
    x, y = _two_axes(measured, x, y)
    ax = axes_or_new(ax)
    across, up = _places(data[x].values), _places(data[y].values)
    values = measured.transpose(y, x).values
    colours: dict[str, Any] = {"cmap": "Blues", "rasterized": True, **mesh_kwargs}
    floor = None
    if logarithmic and "norm" not in colours:
        floor = _floor(values, level)
    if floor is not None:
        top = float(colours.pop("vmax", None) or np.nanmax(values))
        colours.pop("vmin", None)
        colours["norm"] = LogNorm(floor, max(top, 10.0 * floor))
        colours["cmap"] = colormaps[colours["cmap"]].with_extremes(under="white")
    drawn = values
    if floor is not None:  # a logarithmic scale would draw zero as unknown, not as below its floor
        drawn = np.where(values <= 0, 0.1 * floor, values)
    mesh = ax.pcolormesh(_edges(across), _edges(up), np.ma.masked_invalid(drawn), **colours)
    ax.set_facecolor(_UNKNOWN)
    fields = {"measured": values}
    if theory in data:
        fields["closed form"] = _averaged(data[theory]).transpose(y, x).values
    if level is not None and min(values.shape) > 1:
        for road, field in fields.items():
            if floor is None:
                _boundary(ax, across, up, field, level, road)
            else:  # between decades, not between numbers, lies the line
                low = np.log10(np.where(np.isnan(field), np.nan, np.maximum(field, 0.1 * floor)))
                _boundary(ax, across, up, low, float(np.log10(max(level, floor))), road)
    for axis, name, places in ((ax.xaxis, x, across), (ax.yaxis, y, up)):
        _axis(ax, axis, data, name, places)
    if key:
        extend = "neither" if floor is None else "min"
        if floor is not None:
            label = f"{label}\n(white: below {floor:.2g})"
        ax.figure.colorbar(mesh, ax=ax, label=label, extend=extend)
        if ax.get_lines():
            ax.legend(loc="lower right")
    return ax


def _line(
    ax: Axes,
    data: Any,
    fields: dict[str, Any],
    x: str | None,
    level: float | None,
    label: str,
    *,
    logarithmic: bool,
) -> Axes:
    """Draw fields over the one axis that is left, solid as measured and dashed as of a closed form."""
    (name,) = (str(dim) for dim in fields["measured"].dims)
    one_of("x", name if x is None else x, [name])
    places = _places(data[name].values)
    for road, field in fields.items():
        dash: Any = (0, (4, 2)) if road == "closed form" else "-"
        ax.plot(places, field.values, color=INK, linestyle=dash, marker=".", label=road)
    if level is not None:
        ax.axhline(level, color=GREY, linewidth=0.8)
    if logarithmic and np.nanmax(fields["measured"].values, initial=0.0) > 0:
        ax.set_yscale("log")
    _axis(ax, ax.xaxis, data, name, places)
    ax.set_ylabel(label)
    if len(fields) > 1:
        ax.legend()
    return ax


def _axis(ax: Axes, axis: Any, data: Any, name: str, places: Array) -> None:
    """Label an axis, with its words where it has some, and stretch it as its places lie."""
    attributes = data[name].attrs
    unit = f" [{attributes['units']}]" if attributes.get("units") else ""
    axis.set_label_text(plain(f"{attributes.get('long_name', name)}{unit}"))
    if data[name].dtype.kind in "OUTb":
        axis.set_ticks(places, [plain(str(word)) for word in data[name].values])
    elif _geometric(places):
        (ax.set_xscale if axis is ax.xaxis else ax.set_yscale)("log")


def _floor(values: Array, level: float | None) -> float | None:
    """Return the lowest number of a logarithmic scale: the level, or the least above zero."""
    known = values[np.isfinite(values) & (values > 0)]
    if known.size == 0:
        return None
    return float(level) if level is not None and level > 0 else float(known.min())


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
