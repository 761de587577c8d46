"""Curves over canonical time: the loss with its rises, the entries of W."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from simtheory._faces import face
from simtheory._typing import Array
from simtheory.observe import _given, swing_by
from simtheory.observe import loss as loss_at
from simtheory.plot._axes import (
    TIME,
    axes_or_new,
    legend,
    line_style,
    loss_label,
    members,
    note,
    once,
    thin,
)
from simtheory.plot.style import GREY, INK, colour
from simtheory.results import Trajectory

__all__ = ["loss", "weights"]


@face
def loss(
    traj: Trajectory,
    *,
    ax: Axes | None = None,
    vertex: Sequence[float] | None = None,
    threshold: float = 1e-3,
    **line_kwargs: Any,
) -> Axes:
    """Draw the loss at a test point over canonical time, its rises set off.

    Parameters
    ----------
    traj : Trajectory
        Any road's; an ensemble is drawn as thin lines, without marks.
    ax : Axes, optional
        Where to draw. Default: new Axes.
    vertex : sequence of {0, 1}, length s, optional
        Which concepts the test point holds. Default: all, the target.
    threshold : float
        Smallest rise that is marked, as a share of the loss at the first time.
    **line_kwargs
        For ``Axes.plot``.

    Returns
    -------
    Axes
        The Axes.
    """
    ax = axes_or_new(ax)
    runs = members(traj, loss_at(traj, vertex=vertex), keep=1)
    style = thin(line_style(traj, line_kwargs, color=INK), len(runs))
    lines = ax.plot(traj.t, runs.T, **style)
    for line in lines[1:]:
        line.set_label("_nolegend_")
    if not traj.ensemble:
        width = 2.0 * lines[0].get_linewidth()
        for rise in swing_by(traj, vertex=vertex, threshold=threshold).rises:
            span = (traj.t >= rise.t_min) & (traj.t <= rise.t_max)
            ends = {"marker": "o", "markersize": 4.0, "markevery": [0, int(span.sum()) - 1]}
            look = style | ends | {"linewidth": width, "label": "_nolegend_"}
            ax.plot(traj.t[span], runs[0, span], **look)
            side = 4 if rise.t_max < traj.t.mean() else -4  # away from the edge
            top = (rise.t_max, float(runs[0, span][-1]))
            note(ax, f"+{100 * rise.relative:.2g}%", top, (side, 4), fontsize="small")
    ax.set_xlabel(TIME)
    ax.set_ylabel(loss_label(vertex))
    return ax


@face
def weights(traj: Trajectory, *, ax: Axes | None = None, **line_kwargs: Any) -> Axes:
    """Draw the entries of W among the concepts over canonical time.

    Diagonal entries have the colour of their concept, off-diagonal ones are thin and grey, with
    their names where they are largest. Entries that touch a coordinate without concept are left
    out.

    Parameters
    ----------
    traj : Trajectory
        With weights; an ensemble is drawn as thin lines.
    ax : Axes, optional
        Where to draw. Default: new Axes.
    **line_kwargs
        For ``Axes.plot``, for all lines.

    Returns
    -------
    Axes
        The Axes.

    Raises
    ------
    ArgumentError
        If the trajectory has no weights.
    """
    runs = members(traj, _among_concepts(traj), keep=3)
    ax = axes_or_new(ax)
    style = thin(line_style(traj, line_kwargs), len(runs))
    pairs = {"linewidth": 1.0, **style, "color": GREY}
    first, s = not ax.get_lines(), traj.task.n_concepts
    for i, j in permutations(range(s), 2):
        lines = ax.plot(traj.t, runs[:, :, i, j].T, **pairs, zorder=1.8)
        _label(lines, once(ax, r"$w_{ij},\ i \neq j$"))
    for k in range(s):
        lines = ax.plot(traj.t, runs[:, :, k, k].T, **{"color": colour(k), **style})
        _label(lines, once(ax, rf"$w_{{{k + 1}{k + 1}}}$  ($\mu_{k + 1} = {traj.task.mu[k]:g}$)"))
    if first and not traj.ensemble:
        _name_pairs(ax, traj.t, runs[0])
    ax.set_xlabel(TIME)
    ax.set_ylabel("entries of $W$")
    legend(ax)
    return ax


def _among_concepts(traj: Trajectory) -> Array:
    """W in the concept axes, shape (..., T, s, s)."""
    maps = _given.weights(traj)
    task, s = traj.task, traj.task.n_concepts
    turn = task.from_concept_axes(np.eye(task.dim))  # rows are the concept axes
    return np.asarray(turn @ maps @ turn.T)[..., :s, :s]


def _label(lines: list[Any], label: str) -> None:
    for line in lines:
        line.set_label("_nolegend_")
    lines[0].set_label(label)


def _name_pairs(ax: Axes, t: Array, values: Array) -> None:
    """Name the off-diagonal entries at their peaks, the largest first, where names do not meet."""
    size, s = np.abs(values), values.shape[-1]
    seen = 0.05 * float(size.max())
    room = np.array([0.08 * float(t[-1] - t[0]), seen])
    named: list[tuple[float, float]] = []
    for i, j in sorted(permutations(range(s), 2), key=lambda pair: -size[:, *pair].max()):
        top = int(size[:, i, j].argmax())
        spot = (float(t[top]), float(values[top, i, j]))
        if size[top, i, j] < seen or any(
            np.all(np.abs(np.subtract(spot, n)) < room) for n in named
        ):
            continue
        named.append(spot)
        name, offset = rf"$w_{{{i + 1}{j + 1}}}$", (0.0, float(np.copysign(2.0, spot[1])))
        note(ax, name, spot, offset, color=GREY, fontsize="small")
