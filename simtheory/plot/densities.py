"""Densities: contour lines in the plane, a curve on a line."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from simtheory._checks import as_finite, non_negative, positive_int
from simtheory._faces import face
from simtheory._typing import ArrayLike
from simtheory.errors import ArgumentError, ShapeError
from simtheory.plot._axes import axes_or_new
from simtheory.plot.style import INK
from simtheory.tasks import Composition, GaussianMixture

__all__ = ["density"]

_SHARES = (0.05, 0.5, 0.95)  # of the mass inside a contour line
_SD = 4.0  # standard deviations that the frame reaches beyond the means


@face
def density(
    density: GaussianMixture | Composition,
    *,
    ax: Axes | None = None,
    level: float = 0.0,
    extent: ArrayLike | None = None,
    points: int = 200,
    **line_kwargs: Any,
) -> Axes:
    """Draw a density in one or two dimensions, up to its constant for a composition.

    In the plane, contour lines enclose 5, 50 and 95 percent of the mass inside the frame; on a line the
    curve integrates to one there.

    Parameters
    ----------
    density : GaussianMixture or Composition
        What to draw.
    ax : Axes, optional
        Where to draw. Default: new Axes.
    level : float
        Noise level λ, a variance.
    extent : array_like, shape (d, 2), optional
        Lowest and highest coordinate along each axis. Default: four standard deviations around all
        means.
    points : int
        Points along each axis.
    **line_kwargs
        For ``Axes.contour``, or for ``Axes.plot`` on a line.

    Returns
    -------
    Axes
        The Axes; in the plane with equal scales.

    Raises
    ------
    ArgumentError
        In more than two dimensions: draw ``density.marginal(axes)``.
    """
    noise, d = non_negative("level", level), density.dim
    if d > 2:
        raise ArgumentError(
            f"Argument `density` must have one or two dimensions, but it has {d}. Draw its "
            "marginal(axes), or draws by plot.samples."
        )
    frame = _frame(density, noise) if extent is None else as_finite("extent", extent)
    if frame.shape != (d, 2):
        raise ShapeError(f"Argument `extent` must have shape ({d}, 2), but it is {frame.shape}.")
    lines = [np.linspace(low, high, positive_int("points", points)) for low, high in frame]
    grid = np.stack([part.ravel() for part in np.meshgrid(*lines, indexing="ij")], axis=1)
    logs = density.log_density(grid, level=noise)
    heights = np.exp(logs - logs.max())
    ax = axes_or_new(ax)
    if d == 1:
        area = float(np.trapezoid(heights, lines[0]))
        ax.plot(lines[0], heights / area, **({"color": INK, "linestyle": "--"} | line_kwargs))
        ax.set(xlabel="coordinate 1", ylabel="density")
        return ax
    falling = np.sort(heights)[::-1]
    inside = np.cumsum(falling) / falling.sum()
    cuts = sorted({float(falling[np.searchsorted(inside, share)]) for share in _SHARES})
    look: dict[str, Any] = {"colors": INK, "linewidths": 0.8} | line_kwargs
    ax.contour(lines[0], lines[1], heights.reshape(len(lines[0]), -1).T, levels=cuts, **look)
    ax.set(xlabel="coordinate 1", ylabel="coordinate 2")
    ax.set_aspect("equal", adjustable="datalim")
    return ax


def _frame(density: GaussianMixture | Composition, noise: float) -> Any:
    """Return a frame around all means of the experts that count as factors."""
    if isinstance(density, GaussianMixture):
        mixtures = [density]
    else:
        pairs = zip(density.weights.tolist(), density.experts, strict=True)
        mixtures = [e for w, e in pairs if w > 0.0 and isinstance(e, GaussianMixture)]
        if not mixtures:
            raise ArgumentError(
                "Argument `extent` must be given where no expert is a mixture of positive weight."
            )
    low, high = [], []
    for mixture in mixtures:
        spread = _SD * np.sqrt(np.diagonal(mixture.covariances, axis1=1, axis2=2) + noise)
        low.append((mixture.means - spread).min(axis=0))
        high.append((mixture.means + spread).max(axis=0))
    # a product lies inside the frame of each factor
    return np.stack([np.max(low, axis=0), np.min(high, axis=0)], axis=1)
