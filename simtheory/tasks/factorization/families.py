"""Shapes, layouts of examples and held-out sets of two-factor images.

Each family is a set of small frozen objects that `BumpTask` takes. Lengths are in pixels. A layout proposes
labels; the task drops those that are held out. A held-out set says which labels it holds, and where to ask.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import non_negative, number, one_of, positive, positive_int, share
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import TaskError

__all__ = [
    "Bump",
    "Cross",
    "Hole",
    "Islands",
    "Lattice",
    "Lesion",
    "Lines",
    "Random",
    "Stripe",
    "Stripes",
]

Mask = NDArray[np.bool_]
Range = tuple[float, float]


class Space(NamedTuple):
    """Where labels lie: [0, extent] along each axis, or a torus of that length."""

    extent: float
    periodic: bool
    first: float  # label of the first pixel in view
    last: float  # label of the last pixel in view

    @property
    def view(self) -> Range:
        """Labels along one axis whose nearest pixel is in view."""
        if self.periodic:
            return 0.0, self.extent
        return max(0.0, self.first - 0.5), min(self.extent, self.last + 0.5)

    def seen(self, along: Array) -> Mask:
        """Return which coordinates are in view."""
        low, high = self.view
        return np.asarray((along >= low) & (along <= high))

    def from_centre(self, along: Array) -> Array:
        """Return the distances from the centre of the space of labels."""
        return np.abs(along - self.extent / 2.0)


class Family(Protocol):
    """An object of a family, which files keep by its kind."""

    kind: ClassVar[str]


@face
@dataclass(frozen=True, slots=True)
class Bump:
    """A bump: the product of a Gaussian of x and one of y.

    On an extended canvas an image with one factor in view is drawn as a stripe of that factor, because
    the product is blank there.
    """

    kind: ClassVar[str] = "bump"

    def _draw(self, across: Array, down: Array, seen: tuple[Mask, Mask]) -> Array:
        """Return images (n, N, N) of profiles along x and y, each (n, N)."""
        x = np.where(seen[0][:, None], across, seen[1][:, None])
        y = np.where(seen[1][:, None], down, seen[0][:, None])
        return y[:, :, None] * x[:, None, :]


@face
@dataclass(frozen=True, slots=True)
class Stripes:
    """Half the sum of a vertical stripe at x and a horizontal stripe at y: brightness 1 where they cross."""

    kind: ClassVar[str] = "stripes"

    def _draw(self, across: Array, down: Array, seen: tuple[Mask, Mask]) -> Array:
        """Return images (n, N, N) of profiles along x and y, each (n, N)."""
        return 0.5 * (down[:, :, None] + across[:, None, :])


@face
@dataclass(frozen=True, slots=True)
class Stripe:
    """One stripe, the image of one factor alone.

    Parameters
    ----------
    axis : {"x", "y"}
        The factor that is drawn; the other leaves no trace.
    """

    kind: ClassVar[str] = "stripe"

    axis: str

    def __post_init__(self) -> None:
        one_of("axis", self.axis, ("x", "y"))

    def _draw(self, across: Array, down: Array, seen: tuple[Mask, Mask]) -> Array:
        """Return images (n, N, N) of profiles along x and y, each (n, N)."""
        side = across.shape[1]
        if self.axis == "x":
            return np.repeat(across[:, None, :], side, axis=1)
        return np.repeat(down[:, :, None], side, axis=2)


@face
@dataclass(frozen=True, slots=True)
class Random:
    """Examples at independent uniform places.

    Parameters
    ----------
    n : int
        Number of examples that are not held out.
    """

    kind: ClassVar[str] = "random"

    n: int

    def __post_init__(self) -> None:
        positive_int("n", self.n)

    def _propose(self, space: Space, rng: np.random.Generator) -> Array:
        """Return places, shape (n, 2)."""
        return rng.uniform(0.0, space.extent, (self.n, 2))


@face
@dataclass(frozen=True, slots=True)
class Lattice:
    """Examples on a square lattice, of which a share is kept.

    It begins at the label 0. On a torus the spacing must divide the side.

    Parameters
    ----------
    spacing : float
        Spacing d, in pixels.
    kept : float
        Probability with which each place is kept, independently, in (0, 1].
    """

    kind: ClassVar[str] = "lattice"

    spacing: float
    kept: float = 1.0

    n: ClassVar[None] = None

    def __post_init__(self) -> None:
        positive("spacing", self.spacing)
        share("kept", self.kept, ends="(]")

    def _along(self, space: Space) -> Array:
        """Return the places along one axis."""
        count = space.extent / self.spacing
        whole = round(count)
        if space.periodic and (whole < 1 or abs(count - whole) > 1e-9 * count):
            near = space.extent / max(whole, 1)
            raise TaskError(
                f"Argument `spacing` must divide the side of a torus, {space.extent:g} pixels, but it is "
                f"{self.spacing:g}. The nearest that does is {near:g}."
            )
        steps = whole if space.periodic else math.floor(count * (1.0 + 1e-12)) + 1
        return np.asarray(self.spacing * np.arange(steps, dtype=np.float64))

    def _propose(self, space: Space, rng: np.random.Generator) -> Array:
        """Return places, shape (m, 2), x fastest."""
        one = self._along(space)
        places = np.stack(np.meshgrid(one, one, indexing="xy"), axis=-1).reshape(-1, 2)
        return places if self.kept == 1.0 else places[rng.random(len(places)) < self.kept]


@face
@dataclass(frozen=True, slots=True)
class Islands:
    """Dense squares of examples with gaps between them: covered inside, not connected.

    The space of labels is cut into `count` equal cells, in rows and columns as equal in number as
    possible. An island is a cell without half the gap at each of its edges; examples lie in it at
    independent uniform places, as many in each.

    Parameters
    ----------
    count : int
        Number of islands.
    gap : float
        Distance of neighbouring islands, in pixels. They are not linked if it exceeds the link radius.
    n : int
        Number of all examples, at least one for each island.
    """

    kind: ClassVar[str] = "islands"

    count: int
    gap: float
    n: int

    def __post_init__(self) -> None:
        positive_int("count", self.count)
        non_negative("gap", self.gap)
        if positive_int("n", self.n) < self.count:
            raise TaskError(
                f"Argument `n` must be at least the number of islands, {self.count}, but it is {self.n}."
            )

    def _propose(self, space: Space, rng: np.random.Generator) -> Array:
        """Return places, shape (n, 2), island by island in turn."""
        rows = next(k for k in range(math.isqrt(self.count), 0, -1) if self.count % k == 0)
        cell = space.extent / np.array([self.count // rows, rows])
        if self.gap >= cell.min():
            raise TaskError(
                f"Argument `gap` of {self.count} islands must lie below {cell.min():g} pixels, the side of "
                f"a cell, but it is {self.gap:g}."
            )
        index = np.arange(self.n) % self.count
        corner = np.stack([index // rows, index % rows], axis=-1) * cell + self.gap / 2.0
        return corner + rng.random((self.n, 2)) * (cell - self.gap)


@face
@dataclass(frozen=True, slots=True)
class Lines:
    """Examples evenly spread on two lines along x and one along y: connected, most of the plane uncovered.

    The lines run through the whole space of labels, at a quarter and three quarters of y and at half of x;
    on a torus all are shifted together at random. They are one cluster if the spacing on a line, about 3
    sides over n, is at most the link radius over √2.

    Parameters
    ----------
    n : int
        Number of examples, at least 6.
    """

    kind: ClassVar[str] = "lines"

    n: int

    def __post_init__(self) -> None:
        if positive_int("n", self.n) < 6:
            raise TaskError(
                f"Argument `n` must be at least 6, two for each line, but it is {self.n}."
            )

    def _propose(self, space: Space, rng: np.random.Generator) -> Array:
        """Return places, shape (n, 2), line by line."""
        places = []
        for line, (axis, at) in enumerate(((0, 0.25), (0, 0.75), (1, 0.5))):
            count = self.n // 3 + (line < self.n % 3)
            on = np.empty((count, 2))
            on[:, axis] = np.linspace(0.0, 1.0, count, endpoint=not space.periodic)
            on[:, 1 - axis] = at
            places.append(on)
        shift = rng.random(2) if space.periodic else 0.0
        unit = np.concatenate(places) + shift
        return space.extent * (unit % 1.0 if space.periodic else unit)


@face
@dataclass(frozen=True, slots=True)
class Hole:
    """A square of combinations that is held out; images with a factor out of view are not.

    It is an open set, so labels on its rim are in the training data: on all sides of an interior hole,
    on the two inner sides of a hole at the corner of large x and y.

    Parameters
    ----------
    width : float
        Width W, in pixels.
    place : {"interior", "corner"}
        About the centre of the space of labels, or up to the last pixel in view of both axes.
    """

    kind: ClassVar[str] = "hole"

    width: float
    place: str = "interior"

    def __post_init__(self) -> None:
        positive("width", self.width)
        one_of("place", self.place, ("interior", "corner"))

    def _holds(self, x: Array, y: Array, space: Space) -> Mask:
        """Return which labels are held out."""
        seen = space.seen(x) & space.seen(y)
        return np.asarray(self._inside(x, space) & self._inside(y, space) & seen)

    def _bounds(self, space: Space) -> tuple[Range, Range]:
        """Return a box that contains the queries."""
        one = _middle(self.width, space)
        if self.place == "corner":
            one = space.last - self.width, space.last
        return one, one

    def _inside(self, along: Array, space: Space) -> Mask:
        if self.place == "corner":
            return np.asarray(along > space.last - self.width)
        return np.asarray(space.from_centre(along) < self.width / 2.0)


@face
@dataclass(frozen=True, slots=True)
class Lesion:
    """A strip of values of one factor that is held out, whatever the other factor is.

    It is an open set about the centre of the space of labels, so labels on both rims are in the training
    data. On an extended canvas stripes of these values are held out too.

    Parameters
    ----------
    width : float
        Width w, in pixels.
    axis : {"x", "y"}
        The factor whose values are held out.
    """

    kind: ClassVar[str] = "lesion"

    width: float
    axis: str = "x"

    def __post_init__(self) -> None:
        positive("width", self.width)
        one_of("axis", self.axis, ("x", "y"))

    def _holds(self, x: Array, y: Array, space: Space) -> Mask:
        """Return which labels are held out."""
        along = x if self.axis == "x" else y
        return np.asarray(space.from_centre(along) < self.width / 2.0)

    def _bounds(self, space: Space) -> tuple[Range, Range]:
        """Return a box that contains the queries."""
        strip = _middle(self.width, space)
        return (strip, space.view) if self.axis == "x" else (space.view, strip)


@face
@dataclass(frozen=True, slots=True)
class Cross:
    """All combinations in which x or y lies in a band; images with a factor out of view are not held out.

    The band is open, so labels on its rims are in the training data.

    Parameters
    ----------
    low : float
        Lower end of the band, a label in pixels.
    high : float
        Upper end.
    """

    kind: ClassVar[str] = "cross"

    low: float
    high: float

    def __post_init__(self) -> None:
        if number("low", self.low) >= number("high", self.high):
            raise TaskError(
                f"Argument `low` must lie below `high`, but they are {self.low:g} and {self.high:g}."
            )

    def _holds(self, x: Array, y: Array, space: Space) -> Mask:
        """Return which labels are held out."""
        across, down = ((self.low < along) & (along < self.high) for along in (x, y))
        return np.asarray((across | down) & space.seen(x) & space.seen(y))

    def _bounds(self, space: Space) -> tuple[Range, Range]:
        """Return a box that contains the queries."""
        low, high = space.view
        if max(low, self.low) >= min(high, self.high):
            return (self.low, self.high), (self.low, self.high)
        return space.view, space.view


def _middle(width: float, space: Space) -> Range:
    centre = space.extent / 2.0
    return centre - width / 2.0, centre + width / 2.0


SHAPES = {one.kind: one for one in (Bump, Stripes, Stripe)}
LAYOUTS = {one.kind: one for one in (Random, Lattice, Islands, Lines)}
HELD_OUT = {one.kind: one for one in (Hole, Lesion, Cross)}


def to_plain(member: Any) -> dict[str, Any]:
    """Return a member of a family as its kind and its numbers and words."""
    return {"kind": member.kind} | {f.name: getattr(member, f.name) for f in fields(member)}


def from_plain(name: str, value: Any, family: Mapping[str, Any]) -> Any:
    """Make a member of a family from a mapping with its kind; pass on what is a member already."""
    if not isinstance(value, Mapping):
        return value
    plain = dict(value)
    return family[one_of(f"{name} kind", plain.pop("kind", ""), family)](**plain)
