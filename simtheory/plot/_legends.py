"""A place for a legend where no curve runs."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from simtheory._typing import Array

_CELLS = 120
"""Cells of a raster along each side of the Axes; a curve that is thinner than one marks all that it crosses."""
_AIR = 2
"""Cells that stay free between the legend and a curve."""

_CORNERS = np.array([(x, y) for x in (0, -1, 1) for y in (0, -1, 1)])


def off_the_curves(ax: Axes) -> None:
    """Move the legend of Axes, if it covers a curve, to the nearest free place inside, or beside the Axes."""
    legend = ax.get_legend()
    if legend is None:
        return
    ax.apply_aspect()
    inside = ax.transAxes.inverted()
    box = Bbox(inside.transform(legend.get_window_extent().get_points()))
    if box.x0 > 0.99 or box.y0 > 0.99:
        return  # beside the Axes already
    sums = np.pad(_raster(ax).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    wide, high = (int(np.ceil(_CELLS * side)) + 2 * _AIR for side in (box.width, box.height))
    if max(wide, high) < _CELLS:
        covered = (
            sums[wide:, high:] - sums[:-wide, high:] - sums[wide:, :-high] + sums[:-wide, :-high]
        )
        x, y = (min(max(round(_CELLS * at) - _AIR, 0), n - 1) for at, n in zip(box.min, covered.shape, strict=True))  # fmt: skip
        if covered[x, y] == 0:
            return
        free = np.argwhere(covered == 0)
        if free.size:
            at = free[((free - (x, y)) ** 2).sum(axis=1).argmin()]
            legend.set_loc("lower left")
            legend.set_bbox_to_anchor(tuple((at + _AIR) / _CELLS), ax.transAxes)
            legend.borderaxespad = 0.0
            return
    legend.set_loc("upper left")
    legend.set_bbox_to_anchor((1.0, 1.0), ax.transAxes)
    figure = ax.get_figure()
    if figure is not None and figure.get_layout_engine() is None:  # nothing else makes room
        place = ax.get_position()
        needed = max(0.0, place.x1 + (box.width + 0.02) * place.width - 1.0)
        ax.set_position((place.x0, place.y0, place.width - needed, place.height))


def _raster(ax: Axes) -> Array:
    """Return 1 in each cell of the Axes that a line, a point, a bar or a word touches, else 0."""
    found = np.zeros((_CELLS, _CELLS))
    inside = ax.transAxes.inverted()

    def mark(points: Array, size: float = 0.0) -> None:
        half = (
            0.5 * size * ax.figure.dpi / 72.0 / np.asarray(ax.bbox.size)
        )  # size: of markers, in points of the page
        points = np.concatenate(
            [points + half * corner for corner in _CORNERS if size or not any(corner)]
        )
        cells = np.floor(_CELLS * points[np.isfinite(points).all(axis=1)]).astype(int)
        cells = cells[((cells >= 0) & (cells < _CELLS)).all(axis=1)]
        found[cells[:, 0], cells[:, 1]] = 1.0

    def fill(box: Bbox) -> None:
        low, high = (_CELLS * inside.transform(box.get_points())).clip(0, _CELLS)
        found[int(low[0]) : int(np.ceil(high[0])), int(low[1]) : int(np.ceil(high[1]))] = 1.0

    for line in ax.lines:
        data = np.asarray(line.get_xydata(), dtype=float)
        points = inside.transform(line.get_transform().transform(data))
        if line.get_linestyle() not in ("None", "none", "", " "):
            mark(_walked(points))
        if line.get_marker() not in ("None", "none", "", " ", None):
            mark(points, line.get_markersize())
    for group in ax.collections:
        points = inside.transform(group.get_offset_transform().transform(group.get_offsets()))
        mark(points, float(np.sqrt(np.max(getattr(group, "get_sizes", tuple)(), initial=0.0))))
    for patch in ax.patches:
        fill(patch.get_window_extent())
    for word in ax.texts:
        if word.get_text():
            fill(word.get_window_extent())
    return found


def _walked(points: Array) -> Array:
    """Return points on the segments between points, at most half a cell apart where these lie in the Axes."""
    start, step = points[:-1], np.diff(points, axis=0)
    with np.errstate(invalid="ignore"):
        length = np.abs(step).max(axis=1, initial=0.0)
    parts = np.nan_to_num(np.ceil(2 * _CELLS * length)).clip(1, 8 * _CELLS).astype(int)
    which = np.repeat(np.arange(len(parts)), parts)
    share = (np.arange(which.size) - np.repeat(parts.cumsum() - parts, parts)) / parts[which]
    return np.asarray(start[which] + share[:, None] * step[which])
