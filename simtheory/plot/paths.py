"""The way of the output through concept space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from simtheory._checks import non_negative_int, shown
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.observe import _given
from simtheory.plot._axes import axes_or_new, line_style, members, note, once, thin
from simtheory.plot.style import GREY, INK, colour
from simtheory.results import Trajectory
from simtheory.tasks import SIMTask
from simtheory.tasks.identity import vertex_of

__all__ = ["concept_space"]

_LONG = 5.0
"""Ratio of two strengths beyond which equal scales leave a sliver of a picture."""
_SCENE = "simtheory.scene"


@face(but=("concepts",))
def concept_space(
    traj: Trajectory,
    *,
    ax: Axes | None = None,
    concepts: tuple[int, int] = (0, 1),
    vertex: Sequence[float] | None = None,
    markers: int = 12,
    **line_kwargs: Any,
) -> Axes:
    """Draw the path of the output in the plane of two concepts.

    Dots on the path are equally spaced in time, so that they bunch up where learning slows down.
    The star is the test point, the discs are the two training clusters.

    Parameters
    ----------
    traj : Trajectory
        Any road's; an ensemble is drawn as thin lines without dots.
    ax : Axes, optional
        Where to draw. Default: new Axes.
    concepts : (int, int)
        The concepts along the horizontal and the vertical axis.
    vertex : sequence of {0, 1}, length s, optional
        Which concepts the test point holds. Default: all, the target.
    markers : int
        Number of dots after the first; 0 for none.
    **line_kwargs
        For ``Axes.plot``.

    Returns
    -------
    Axes
        The Axes, with equal scales unless one strength is more than five times the other.

    Raises
    ------
    ArgumentError
        If `concepts` are not two different concepts of the task, or `markers` is negative.
    """
    plane = _plane(_given.trajectory(traj).task, concepts)
    non_negative_int("markers", markers)
    task = traj.task
    point = task.target if vertex is None else vertex_of(task, vertex, name="vertex")
    paths = members(traj, task.to_concept_axes(traj.output(point))[..., plane], keep=2)
    ax = axes_or_new(ax)
    _scene(ax, task, plane, task.to_concept_axes(point)[plane], "x" if vertex else r"\hat x")
    style = thin(line_style(traj, line_kwargs, color=INK), len(paths))
    lines = ax.plot(paths[:, :, 0].T, paths[:, :, 1].T, **style)
    for line in lines[1:]:
        line.set_label("_nolegend_")
    if markers and not traj.ensemble and traj.t.size > 1:
        times = np.linspace(traj.t[0], traj.t[-1], markers + 1)
        spots = [np.interp(times, traj.t, paths[0, :, axis]) for axis in (0, 1)]
        label = once(ax, rf"every $\Delta t = {times[1] - times[0]:.3g}$")
        ax.plot(*spots, "o", color=lines[0].get_color(), markersize=3.5, label=label)
    return ax


def _plane(task: SIMTask, concepts: tuple[int, int]) -> list[int]:
    known = isinstance(concepts, tuple | list) and all(isinstance(k, int) for k in concepts)
    plane = list(concepts) if known else []
    if len(plane) != 2 or plane[0] == plane[1] or not set(plane) <= set(range(task.n_concepts)):
        raise ArgumentError(
            f"Argument `concepts` must name two different ones of the {task.n_concepts} concepts, "
            f"counted from 0, but it is {shown(concepts)}."
        )
    return plane


def _scene(ax: Axes, task: SIMTask, plane: list[int], point: Array, name: str) -> None:
    """Draw what does not move, once for each Axes."""
    if any(line.get_gid() == _SCENE for line in ax.get_lines()):
        return
    x, y = task.mu[plane]
    ax.plot([0, x, x, 0, 0], [0, 0, y, y, 0], color=GREY, lw=0.5, gid=_SCENE, zorder=1)
    ax.plot([0], [0], "+", color=GREY, ms=7, gid=_SCENE)
    for k, spot, offset in ((plane[0], (x, 0.0), (0, -7)), (plane[1], (0.0, y), (0, 7))):
        ax.plot([spot[0]], [spot[1]], "o", color=colour(k), ms=7, gid=_SCENE)
        note(ax, rf"$\mu_{{{k + 1}}} e_{{{k + 1}}}$", spot, offset, color=colour(k))
    ax.plot([point[0]], [point[1]], "*", color=INK, ms=11, gid=_SCENE)
    note(ax, f"${name}$", (point[0], point[1]), (5, 5), color=INK)
    ax.set_xlabel(f"output along concept {plane[0] + 1}", color=colour(plane[0]))
    ax.set_ylabel(f"output along concept {plane[1] + 1}", color=colour(plane[1]))
    ax.margins(0.16)
    longest, shortest = float(max(x, y)), float(min(x, y))
    ax.set_aspect("equal" if longest <= _LONG * shortest else "auto")
