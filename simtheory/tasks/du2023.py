r"""The set-ups of Du et al. (du2023) and of the papers around it, as exact Gaussian mixtures.

The paper's shapes are uniform bars and boxes, which have no density outside, so that a likelihood under
them is often zero. Here each is a Gaussian mixture of the same extent: along a long side, means at even
distances with half that distance as standard deviation; along a short one, a Gaussian of the same
variance. All noised densities, scores and products are then exact.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from simtheory._checks import number, one_of, positive, positive_int
from simtheory._faces import face
from simtheory._names import public
from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.noise import Levels
from simtheory.tasks.composition import Composition, GaussianMixture

__all__ = [
    "bar",
    "blobs",
    "frame",
    "planar_levels",
    "ring",
    "ring_centres",
    "ring_times_bar",
    "slots",
    "two_bars",
]

CONVENTIONS = ("stated", "released")
BACKGROUNDS = ("empty", "unconditional", "cluttered")
SLOTS = 9
_ON = 0.3  # chance that a slot of the cluttered background is on
_SLOT = 0.01  # variance of a slot


@face
def ring_centres() -> Array:
    """Return the centres of the ring's components, anticlockwise from the right.

    Returns
    -------
    ndarray, shape (8, 2)
        Points at distance 0.5 from the origin, every 45 degrees.
    """
    angle = 0.25 * np.pi * np.arange(8)
    return 0.5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)


@face
def ring() -> GaussianMixture:
    """Return the ring: eight components of standard deviation 0.03 at distance 0.5.

    Returns
    -------
    GaussianMixture
        In the plane.
    """
    return GaussianMixture(np.full(8, 0.125), ring_centres(), np.full(8, 0.03**2))


@face
def bar(centre: float = 0.0, half: float = 0.2) -> GaussianMixture:
    """Return an upright bar of height 2: nine components, at y = −1, −0.75, …, 1.

    Parameters
    ----------
    centre : float
        The bar's x.
    half : float
        Half its width.

    Returns
    -------
    GaussianMixture
        In the plane, with the variance across the bar of a uniform one.
    """
    centre = number("centre", centre)
    if positive("half", half) < 1e-100:
        raise ArgumentError(f"Argument `half` must be at least 1e-100, but it is {half:g}.")
    y = np.linspace(-1.0, 1.0, 9)
    means = np.stack([np.full(9, centre), y], axis=1)
    return GaussianMixture(np.full(9, 1.0 / 9.0), means, np.full((9, 2), [half**2 / 3.0, 0.125**2]))


@face
def ring_times_bar() -> Composition:
    """Return the product of ring and bar, whose mass is at the top and the bottom of the ring.

    Returns
    -------
    Composition
        Weights 1 and 1.
    """
    return ring() * bar()


@face
def two_bars() -> tuple[GaussianMixture, GaussianMixture]:
    """Return the two bars that the notebook mixes: x from −0.3 to −0.1, and from 0.1 to 0.3.

    Returns
    -------
    tuple of GaussianMixture
        The left and the right one; ``left | right`` is their mixture.
    """
    return bar(-0.2, 0.1), bar(0.2, 0.1)


@face
def blobs() -> tuple[GaussianMixture, GaussianMixture]:
    """Return the two columns of three blobs that the project page mixes: six modes in all.

    Returns
    -------
    tuple of GaussianMixture
        Left (x = −0.2) and right (x = 0.2), at y = −0.6, 0, 0.6, with standard deviation 0.05.
    """
    y = np.array([-0.6, 0.0, 0.6])
    left, right = (
        GaussianMixture(
            np.full(3, 1.0 / 3.0), np.stack([np.full(3, x), y], axis=1), np.full(3, 0.05**2)
        )
        for x in (-0.2, 0.2)
    )
    return left, right


@face
def frame() -> Composition:
    """Return the negation of the notebook: a box of half width 0.7 without one of 0.3, weights 1.3, −0.3.

    The large box is nine by nine components, the small one a Gaussian with the variance of a uniform
    box, so that the composition can be normalised at every level.

    Returns
    -------
    Composition
        Heavier at the corners than along the sides, as in the notebook.
    """
    edge = np.linspace(-0.7, 0.7, 9)
    means = np.array(list(product(edge, edge)))
    large = GaussianMixture(np.full(81, 1.0 / 81.0), means, np.full(81, 0.0875**2))
    small = GaussianMixture([1.0], [[0.0, 0.0]], [0.3**2 / 3.0])
    return Composition.negated(large, small, weights=(1.3, -0.3))


@face
def planar_levels(convention: str = "stated") -> Levels:
    """Return the noise levels of the planar examples: 100 of the cosine schedule.

    Parameters
    ----------
    convention : {"stated", "released"}
        Whether a clean level ends them, as annealing to the product needs; the released notebook ends at
        the last noisy level, whose noise (6.3e-4) is nearly the variance of a mode.

    Returns
    -------
    Levels
        101 levels, or 100.

    Examples
    --------
    >>> round(float(planar_levels("released").sigma[-1] ** 2), 9)
    0.000631282
    """
    one_of("convention", convention, CONVENTIONS)
    return Levels.cosine(100, clean=convention == "stated")


@face
def slots(k: int, *, background: str) -> Composition:
    r"""Return k objects composed over a background, in nine slots.

    Slot i is one coordinate: 1 if the object is there, 0 if not, with variance 0.01. Object i alone is
    :math:`N(e_i, 0.01I)`.

    Parameters
    ----------
    k : int
        Number of objects, 1 to 9.
    background : {"empty", "unconditional", "cluttered"}
        No object; one of the nine objects, each as likely; or each slot on with probability 0.3, the
        objects then being one slot on and the others as in the background.

    Returns
    -------
    Composition
        Weights 1 for the objects and 1 − k for the background.

    References
    ----------
    bradley2025.
    """
    one_of("background", background, BACKGROUNDS)
    if positive_int("k", k) > SLOTS:
        raise ArgumentError(
            f"Argument `k` must be at most {SLOTS}, the slots there are, but it is {k}."
        )
    singles = [GaussianMixture([1.0], [row], [_SLOT]) for row in np.eye(SLOTS)]
    if background == "empty":
        return Composition.over(singles[:k], GaussianMixture([1.0], np.zeros((1, SLOTS)), [_SLOT]))
    if background == "unconditional":
        every = GaussianMixture(np.full(SLOTS, 1.0 / SLOTS), np.eye(SLOTS), np.full(SLOTS, _SLOT))
        return Composition.over(singles[:k], every)
    states = np.array(list(product((0.0, 1.0), repeat=SLOTS)))
    chance = np.prod(np.where(states > 0.0, _ON, 1.0 - _ON), axis=1)
    clutter = GaussianMixture(chance, states, np.full(len(states), _SLOT), normalised=False)
    objects = [
        GaussianMixture(
            np.where(states[:, i] > 0.0, chance, 0.0),
            states,
            np.full(len(states), _SLOT),
            normalised=False,
        )
        for i in range(k)
    ]
    return Composition.over(objects, clutter)


public(__name__)
