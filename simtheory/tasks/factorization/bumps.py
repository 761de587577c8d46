"""The task: images of two factors, their labels, and the labels that are held out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import (
    all_positive,
    as_finite,
    as_generator,
    flag,
    non_negative_int,
    positive_int,
)
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ShapeError, TaskError
from simtheory.tasks._plain import Plain
from simtheory.tasks.factorization import families
from simtheory.tasks.factorization.families import (
    Bump,
    Cross,
    Hole,
    Islands,
    Lattice,
    Lesion,
    Lines,
    Random,
    Space,
    Stripe,
    Stripes,
)

__all__ = ["BumpTask"]

_ROUNDS = 10_000
"""Rounds of draws after which a held-out set counts as leaving no data or no query."""
_FAR = 9.0
"""Distance in widths beyond which a wrapped Gaussian is below 1e-17 of its peak."""


@face(but=("sigma",))
@dataclass(frozen=True, slots=True, eq=False)
class BumpTask(Plain):
    """Images of two factors: which labels the examples have, how they look, and what is held out.

    Labels lie in [0, N - 1] along each axis, N = side + 2 margin, and the pixels at the whole numbers; the
    window shows the pixels from `margin` on. On a torus labels lie in [0, side).

    Parameters
    ----------
    side : int
        Side of the images, in pixels, at least 2.
    sigma : float or pair of float
        Width of the shape in pixels, or its widths along x and y.
    shape : Bump or Stripes or Stripe
        What is drawn.
    layout : Random or Lattice or Islands or Lines
        Where the examples lie. Default: 1000 random examples.
    held_out : Hole or Lesion or Cross, optional
        Labels that no example has.
    margin : int
        Pixels of the canvas beyond each edge of the window. A factor out of view leaves no trace, so that
        an image shows two factors, one (as a stripe, for bumps too) or none.
    periodic : bool
        Whether the canvas is a torus.
    dark : bool
        Whether shapes are dark on white, as in the released code, not bright on black.

    Raises
    ------
    ArgumentError
        If a width is not positive, or a number not whole.
    TaskError
        If a torus has a margin, a hole at a corner, or a lattice that does not fit; or the held-out set
        leaves no data or no query.

    References
    ----------
    liang2024.

    Examples
    --------
    >>> task = BumpTask(16, layout=Random(100), held_out=Hole(4))
    >>> task.labels(rng=0).shape, bool(task.is_held_out(task.queries(50, rng=0)).all())
    ((100, 2), True)
    >>> task.render([[5, 9]])[0].argmax() == 9 * 16 + 5
    np.True_
    """

    kind: ClassVar[str] = "bumps"
    _noun: ClassVar[str] = "task of bumps"

    side: int = 32
    sigma: float | tuple[float, float] = 1.0
    shape: Bump | Stripes | Stripe = Bump()  # noqa: RUF009 (frozen, without fields)
    layout: Random | Lattice | Islands | Lines = Random(1000)  # noqa: RUF009
    held_out: Hole | Lesion | Cross | None = None
    margin: int = 0
    periodic: bool = False
    dark: bool = False

    def __post_init__(self) -> None:
        if positive_int("side", self.side) < 2:
            raise TaskError(f"Argument `side` must be at least 2 pixels, but it is {self.side}.")
        non_negative_int("margin", self.margin)
        flag("periodic", self.periodic)
        flag("dark", self.dark)
        width = all_positive("sigma", self.sigma)
        if width.shape not in ((), (2,)):
            raise ShapeError(
                "Argument `sigma` must be a number or a pair of numbers, but its shape is "
                f"{width.shape}."
            )
        plain = float(width) if width.ndim == 0 else (float(width[0]), float(width[1]))
        object.__setattr__(self, "sigma", plain)
        if self.periodic:
            self._check_torus(float(width.max()))
        if isinstance(self.layout, Lattice):
            self.layout._along(self.space)
        if self.held_out is not None:
            self._check_held_out(self.held_out)

    def _check_torus(self, widest: float) -> None:
        if self.margin:
            raise TaskError(
                f"Argument `margin` of a torus must be 0, but it is {self.margin}: all of it is in view."
            )
        if widest > self.side:
            raise TaskError(
                f"Argument `sigma` on a torus must be at most its side, {self.side} pixels, where images "
                f"are flat already, but it is {widest:g}."
            )
        if isinstance(self.held_out, Hole) and self.held_out.place == "corner":
            raise TaskError(
                "Argument `held_out` of a torus must not be a hole at a corner: a torus has none. Use "
                f"Hole({self.held_out.width:g})."
            )

    def _check_held_out(self, held: Hole | Lesion | Cross) -> None:
        ends = np.array([0.0, self.extent])
        x, y = (one.ravel() for one in np.meshgrid(ends, ends))
        if held._holds(x, y, self.space).all():
            raise TaskError(
                f"Argument `held_out` must leave training data, but {held!r} holds all labels, which lie "
                f"in [0, {self.extent:g}] along each axis."
            )
        low, high = self.space.view
        if any(max(low, a) >= min(high, b) for a, b in held._bounds(self.space)):
            raise TaskError(
                f"Argument `held_out` must leave queries, but {held!r} holds no label in view, which lie "
                f"in [{low:g}, {high:g}] along each axis."
            )

    @property
    def dim(self) -> int:
        """Number of pixels of an image."""
        return self.side**2

    @property
    def extent(self) -> float:
        """Length of the space of labels along each axis, in pixels."""
        return float(self.side if self.periodic else self.side + 2 * self.margin - 1)

    @property
    def space(self) -> Space:
        """The space of labels and the part of it that is in view."""
        return Space(self.extent, self.periodic, self.margin, self.margin + self.side - 1)

    def labels(self, *, rng: np.random.Generator | int) -> Array:
        """Draw the labels of the training examples.

        Parameters
        ----------
        rng : numpy.random.Generator or int
            Source of randomness.

        Returns
        -------
        ndarray, shape (n, 2)
            Labels (x, y), in pixels. Random places and islands give as many as they promise; of a lattice
            or of lines those that are held out are missing.

        Raises
        ------
        TaskError
            If all labels of the layout are held out.
        """
        draw = as_generator(rng)
        found = self._free(self.layout._propose(self.space, draw))
        if isinstance(self.layout, Random | Islands):
            parts, missing = [found], self.layout.n - len(found)
            for _ in range(_ROUNDS):
                if missing <= 0:
                    break
                parts.append(self._free(self.layout._propose(self.space, draw))[:missing])
                missing -= len(parts[-1])
            found = np.concatenate(parts)
            if missing > 0:
                found = found[:0]
        if not len(found):
            raise TaskError(
                f"Argument `layout` must leave training data, but {self.layout!r} has no label outside "
                f"{self.held_out!r} in this draw."
            )
        return found

    def queries(self, n: int, *, rng: np.random.Generator | int) -> Array:
        """Draw labels to ask for: uniform in the held-out set, or in view where nothing is held out.

        Parameters
        ----------
        n : int
            Number of queries.
        rng : numpy.random.Generator or int
            Source of randomness.

        Returns
        -------
        ndarray, shape (n, 2)
            Labels (x, y), both factors in view, in pixels.
        """
        count, draw = positive_int("n", n), as_generator(rng)
        low, high = self.space.view
        box = (
            np.array([(low, high)] * 2)
            if self.held_out is None
            else np.clip(self.held_out._bounds(self.space), low, high)
        )
        parts: list[Array] = []
        missing = count
        for _ in range(_ROUNDS):
            asked = draw.uniform(box[:, 0], box[:, 1], (2 * missing + 16, 2))
            if self.held_out is not None:
                asked = asked[self.is_held_out(asked)]
            parts.append(asked[:missing])
            missing -= len(parts[-1])
            if not missing:
                return np.concatenate(parts)
        raise TaskError(
            f"Argument `held_out` must leave queries, but {self.held_out!r} is too small for {count}."
        )

    def render(self, labels: ArrayLike) -> Array:
        """Draw the images of labels.

        Parameters
        ----------
        labels : array_like, shape (n, 2)
            Labels (x, y), in pixels.

        Returns
        -------
        ndarray, shape (n, side, side)
            Images with rows along y and columns along x. Brightness lies between 0 and 1, and reaches 1 at
            a label on a pixel; on a torus wide shapes overlap themselves and rise above it.
        """
        x, y = self._places(labels)
        widths = np.broadcast_to(np.asarray(self.sigma), (2,))
        across, down = (
            self._profile(along, float(w)) for along, w in zip((x, y), widths, strict=True)
        )
        images = self.shape._draw(across, down, (self.space.seen(x), self.space.seen(y)))
        return 1.0 - images if self.dark else images

    def is_held_out(self, labels: ArrayLike) -> NDArray[np.bool_]:
        """Return which labels are held out.

        Parameters
        ----------
        labels : array_like, shape (n, 2)
            Labels (x, y), in pixels.

        Returns
        -------
        ndarray of bool, shape (n,)
            Whether each is; False everywhere if nothing is held out.
        """
        x, y = self._places(labels)
        if self.held_out is None:
            return np.zeros(len(x), dtype=bool)
        return np.asarray(self.held_out._holds(x, y, self.space))

    def to_dict(self) -> dict[str, Any]:
        """Return the task as plain numbers, words and lists, ready for JSON or TOML.

        Returns
        -------
        dict
            The arguments of the constructor; shape, layout and held-out set as mappings with their kind.
        """
        plain: dict[str, Any] = {
            "side": self.side,
            "sigma": list(self.sigma) if isinstance(self.sigma, tuple) else self.sigma,
            "shape": families.to_plain(self.shape),
            "layout": families.to_plain(self.layout),
            "margin": self.margin,
            "periodic": self.periodic,
            "dark": self.dark,
        }
        if self.held_out is not None:
            plain["held_out"] = families.to_plain(self.held_out)
        return plain

    @classmethod
    def _parsed(cls, values: dict[str, Any]) -> dict[str, Any]:
        for name, family in (
            ("shape", families.SHAPES),
            ("layout", families.LAYOUTS),
            ("held_out", families.HELD_OUT),
        ):
            if name in values:
                values[name] = families.from_plain(name, values[name], family)
        if isinstance(values.get("sigma"), list):
            values["sigma"] = tuple(values["sigma"])
        return values

    def _places(self, labels: ArrayLike) -> tuple[Array, Array]:
        places = as_finite("labels", labels)
        if places.ndim != 2 or places.shape[1] != 2:
            raise ShapeError(
                f"Argument `labels` must have shape (n, 2), but its shape is {places.shape}."
            )
        if self.periodic:
            places = places % self.extent
        return places[:, 0], places[:, 1]

    def _free(self, places: Array) -> Array:
        return places[~self.is_held_out(places)] if self.held_out is not None else places

    def _profile(self, along: Array, width: float) -> Array:
        """Return a Gaussian about each place on the pixels in view, shape (n, side)."""
        pixels = self.margin + np.arange(self.side)
        away = (pixels - along[:, None]) / width
        if not self.periodic:
            return np.exp(-0.5 * away**2)
        turn = self.side / width
        turns = math.ceil(_FAR / turn) + 1
        return np.asarray(
            sum(np.exp(-0.5 * (away + k * turn) ** 2) for k in range(-turns, turns + 1))
        )
