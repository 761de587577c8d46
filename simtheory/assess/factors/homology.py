r"""Topology of a representation: how many components, loops and hollows it has, beside those of noise.

Problem
-------
Two periodic factors make a torus. Is the layer's cloud of points one?

Symbols
-------
:math:`b_0, b_1, b_2` : Betti numbers, of components, loops and hollows; a *bar* is one of these, from the distance at
which points linked up to it form it to the distance at which it is filled.

Result
------
A torus has the numbers 1, 2, 1; a plane, and noise, 1, 0, 0. A bar counts if it is longer than every bar of all
nulls: Gaussian noise whose components have the variances of the layer's. A loop must also be filled at twice the
distance at which it forms, or later: the meshes of a grid of labels are filled at about 1.4 to 1.9 times.

Reading
-------
Bars are computed on landmarks, each the point farthest from those before it, in the leading principal components: on
raw layers noise in the other directions hides the torus. Labels are not used. An open canvas gives no torus, so ask
this of periodic factors only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import as_generator, positive_int, require, share
from simtheory._faces import face
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array, ArrayLike
from simtheory.assess.factors._grid import rows_of
from simtheory.errors import ArgumentError
from simtheory.results import axes
from simtheory.results.axes import over

__all__ = ["Topology", "topology"]

_MOST = 400  # landmarks; beyond, hollows take minutes and gigabytes
_FEWEST = 20  # landmarks, below which a torus has no bars longer than those of noise
_MESH = 2.0  # end over start of a loop; below, it may be a mesh between the points of a grid
_NOTHING = 0.02  # length of a bar, over the size of the layer, below which it is rounding
_KEPT = 8  # longest bars of each dimension that are kept
_WHAT = ("components", "loops", "hollows")


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Topology:
    """Components, loops and hollows of a layer, beside those of noise.

    Parameters
    ----------
    betti : tuple of int
        Numbers of components, loops and hollows: of bars longer than all of the nulls.
    lengths : array_like, shape (3, 8)
        Lengths of the longest bars, falling; 0 where there are fewer. The bar of the last component,
        which has no end, is left out.
    null : array_like, shape (3,)
        Longest bar of all nulls.
    landmarks, components, nulls : int
        Landmarks, leading components and nulls that were used.
    explained : float
        Share of the variance that the components hold.
    """

    betti: tuple[int, int, int]
    lengths: Array = field(metadata=over("dimension", "bar"))
    null: Array = field(metadata=over("dimension"))
    landmarks: int
    components: int
    nulls: int
    explained: float

    def __post_init__(self) -> None:
        axes.settle(self)
        share("explained", self.explained, ends="(]")

    to_dict = axes.to_dict

    @property
    def torus(self) -> bool:
        """Whether the numbers are those of a torus: 1, 2, 1."""
        return tuple(self.betti) == (1, 2, 1)

    def summary(self) -> list[str]:
        """Return the answer in a sentence.

        Returns
        -------
        list of str
            One line.
        """
        numbers = ", ".join(map(str, self.betti))
        verdict = "those of a torus" if self.torus else "a torus has 1, 2, 1"
        return [f"Betti numbers {numbers}: {verdict}."]

    def _rows(self) -> list[tuple[str, str]]:
        return [
            (what, f"{number}; longest bars {_listed(row)}; of {self.nulls} nulls {null:.3g}")
            for what, number, row, null in zip(
                _WHAT, self.betti, self.lengths, self.null, strict=True
            )
        ]

    def __str__(self) -> str:
        title = (
            f"Topology of {self.landmarks} landmarks in {self.components} components "
            f"({100 * self.explained:.0f} % of the variance)"
        )
        return "\n".join([rows_as_text(title, self._rows()), *self.summary()])

    def _repr_html_(self) -> str:
        return rows_as_html(self.summary()[0], self._rows())

    def __repr__(self) -> str:
        return f"Topology(betti={tuple(self.betti)})"


@face
def topology(
    activations: ArrayLike,
    *,
    landmarks: int = 120,
    components: int = 6,
    nulls: int = 20,
    rng: np.random.Generator | int,
) -> Topology:
    """Return how many components, loops and hollows a layer has, beside those of noise.

    Parameters
    ----------
    activations : array_like, shape (P, d)
        Activations of a layer, one row for each input.
    landmarks : int
        Points that are used, each the farthest from those before it; all, if there are fewer.
    components : int
        Leading principal components that are used; all, if there are fewer.
    nulls : int
        Clouds of Gaussian noise of the same variances.
    rng : numpy.random.Generator or int
        Source of the first landmarks and of the nulls.

    Returns
    -------
    Topology
        Betti numbers, the longest bars, and those of the nulls.

    Raises
    ------
    MissingExtraError
        If ripser is not installed: the extra `topology`.
    ShapeError
        If the activations are no rows.
    ArgumentError
        If the activations do not vary, or landmarks are fewer than 20 or more than 400.

    Notes
    -----
    A bar of noise is longer than those of n nulls with a chance of 1/(n + 1). With 120 landmarks a cloud takes
    about 0.2 s.
    """
    source = as_generator(rng)
    rows = rows_of("activations", activations)
    wanted, kept = positive_int("landmarks", landmarks), positive_int("components", components)
    count = positive_int("nulls", nulls)
    if not _FEWEST <= wanted <= _MOST:
        raise ArgumentError(
            f"Argument `landmarks` must lie between {_FEWEST} and {_MOST}, but it is {wanted}."
        )
    if len(rows) < _FEWEST:
        raise ArgumentError(
            f"Argument `activations` must have at least {_FEWEST} rows, but it has {len(rows)}."
        )
    ripser = require("ripser", extra="topology").ripser
    left, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    cloud = (left * sizes)[:, :kept]
    spread = cloud.std(axis=0)
    births, deaths = _bars(ripser, cloud, wanted, source)
    lengths = deaths - births
    noise = []
    for _ in range(count):
        start, end = _bars(ripser, source.normal(size=cloud.shape) * spread, wanted, source)
        noise.append((end - start)[:, 0])
    null = np.max(noise, axis=0)
    above = lengths > np.maximum(null, _NOTHING)[:, None]
    above[1] &= deaths[1] >= _MESH * births[1]
    found = above.sum(axis=1)
    return Topology(
        (1 + int(found[0]), int(found[1]), int(found[2])),
        lengths,
        null,
        min(wanted, len(rows)),
        cloud.shape[1],
        count,
        min(1.0, float((sizes[:kept] ** 2).sum() / (sizes**2).sum())),
    )


def _bars(ripser: Any, cloud: Array, landmarks: int, rng: np.random.Generator) -> Array:
    """Return start and end of the longest bars of each dimension, shape (2, 3, 8), the longest first."""
    points = cloud[_farthest(cloud, min(landmarks, len(cloud)), rng)]
    apart = np.sqrt(np.maximum(((points[:, None] - points[None]) ** 2).sum(axis=-1), 0.0))
    found = np.zeros((2, 3, _KEPT))
    for k, bars in enumerate(ripser(apart, maxdim=2, distance_matrix=True)["dgms"]):
        ended = bars[np.isfinite(bars[:, 1])]
        longest = ended[np.argsort(ended[:, 0] - ended[:, 1], kind="stable")][:_KEPT]
        found[:, k, : len(longest)] = longest.T
    return found


def _farthest(cloud: Array, count: int, rng: np.random.Generator) -> list[int]:
    """Return points, each the farthest from those before it; the first is drawn."""
    found = [int(rng.integers(len(cloud)))]
    gap = ((cloud - cloud[found[0]]) ** 2).sum(axis=1)
    for _ in range(count - 1):
        found.append(int(gap.argmax()))
        gap = np.minimum(gap, ((cloud - cloud[found[-1]]) ** 2).sum(axis=1))
    return found


def _listed(row: Array) -> str:
    return ", ".join(f"{x:.3g}" for x in row[:4])
