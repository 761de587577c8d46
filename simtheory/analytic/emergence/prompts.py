r"""Prompts: what asking for more reveals earlier, and what hiding words costs.

Problem
-------
A concept may be learned before the plain prompt shows it: a prompt that asks for λ times the strength crosses
½ earlier, and the time between is the *window* of the hidden capability. Captions that leave a word out slow
the learning of the combination that needs it.

Symbols
-------
lambda : gain of the prompt; w : width of a logistic; a : rate of an exponential; m : share of the captions of
red triangles that lack the colour.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simtheory._checks import as_finite, flag, positive, shares
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.crossings import last_crossing
from simtheory.errors import ArgumentError
from simtheory.labels import implements
from simtheory.results import axes
from simtheory.tasks.emergence import Code

__all__ = ["Exponential", "Logistic", "MaskedCaption", "masked_caption", "prompt_window"]


def _gains(gain: Array) -> Array:
    given = as_finite("gain", gain)
    if given.size and given.min() < 1.0:
        raise ArgumentError(f"Argument `gain` must be at least 1, but it holds {given.min():g}.")
    return given


@face
@dataclass(frozen=True, slots=True)
class Logistic:
    """A learning curve 1/(1 + e^(−(t−τ)/w)).

    Parameters
    ----------
    width : float
        w.
    """

    width: float = 1.0

    def __post_init__(self) -> None:
        positive("width", self.width)

    def window(self, gain: Array) -> Array:
        """Return the time between the crossings of 1/(2·gain) and ½.

        Parameters
        ----------
        gain : ndarray, shape (...)
            Gains, at least 1.

        Returns
        -------
        ndarray, shape (...)
            w ln(2·gain − 1).
        """
        return np.asarray(self.width * np.log1p(2.0 * (_gains(gain) - 1.0)))


@face
@dataclass(frozen=True, slots=True)
class Exponential:
    """A learning curve 1 − e^(−at).

    Parameters
    ----------
    rate : float
        a.
    """

    rate: float = 1.0

    def __post_init__(self) -> None:
        positive("rate", self.rate)

    def window(self, gain: Array) -> Array:
        """Return the time between the crossings of 1/(2·gain) and ½.

        Parameters
        ----------
        gain : ndarray, shape (...)
            Gains, at least 1.

        Returns
        -------
        ndarray, shape (...)
            ln(2 − 1/gain)/a.
        """
        given = _gains(gain)
        return np.asarray(np.log1p((given - 1.0) / given) / self.rate)


@implements(
    "hidden-window",
    title="How much earlier a stronger prompt shows a concept",
    regime="one concept by itself, threshold ½, output in proportion to the prompt",
    source="park2024",
    where="derived here from logistic and exponential curves",
)
@face
def prompt_window(gain: ArrayLike, *, curve: Logistic | Exponential) -> Array:
    """Return how long a concept is hidden: learned for a stronger prompt, not for the plain one.

    Parameters
    ----------
    gain : array_like, shape (...)
        What multiplies the strength in the prompt, at least 1.
    curve : Logistic or Exponential
        Learning curve of the plain prompt.

    Returns
    -------
    ndarray, shape (...)
        Times, in those of the curve.

    Raises
    ------
    ArgumentError
        If a gain is below 1.

    Examples
    --------
    >>> prompt_window([1.5, 2.5, 3.5, 4.5], curve=Logistic(1.0)).round(2)
    array([0.69, 1.39, 1.79, 2.08])
    >>> prompt_window([1.5, 2.5, 3.5, 4.5], curve=Exponential(1.0)).round(3)
    array([0.288, 0.47 , 0.539, 0.575])
    """
    return curve.window(as_finite("gain", gain))


@face
@dataclass(frozen=True, slots=True, eq=False)
class MaskedCaption:
    """What captions that lack the colour of red triangles do to blue triangles.

    Parameters
    ----------
    mask : ndarray, shape (M,)
        Share of the captions of red triangles that lack the colour.
    colour : ndarray, shape (M,)
        Colour of the blue triangle after training: −1 red, 1 blue.
    time : ndarray, shape (M,)
        Canonical time after which that colour exceeds the level; inf if it never does.
    """

    mask: Array = field(metadata=axes.over("mask", labels=True))
    colour: Array = field(metadata=axes.over("mask"))
    time: Array = field(metadata=axes.over("mask", allow="real"))

    def __post_init__(self) -> None:
        axes.settle(self)

    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict


@implements(
    "masked-caption",
    title="Colour of an unseen combination when captions lack words",
    regime="red circle, blue circle, red triangle, a third each; signed code with a constant, least squares",
    source="park2024",
    where="derived here from the normal equations",
)
@face
def masked_caption(
    mask: ArrayLike, *, code: Code, bias: bool = True, level: float = 0.6
) -> MaskedCaption:
    """Return what a linear net makes of a blue triangle, when red triangles often come without their colour.

    Red circles, blue circles and red triangles are shown equally often. The net learns the colour, −1 for
    red and 1 for blue, from the words for colour and shape by gradient flow on half the squared error,
    from zero.

    Parameters
    ----------
    mask : array_like, shape (M,)
        Share of the captions of red triangles that lack the colour, in [0, 1]. A masked colour is zero
        in every coordinate of its code.
    code : Code
        `Signed`, colour and shape as −1 and 1; or `OneHot`, a word for red, one for blue and one for
        triangle. For other codes the shape is coded as the colour is, without its first coordinate if
        that has one for every value.
    bias : bool
        Whether there is a constant feature.
    level : float
        Colour that counts as blue, in (−1, 1).

    Returns
    -------
    MaskedCaption
        Final colours and times.

    Raises
    ------
    ArgumentError
        If a share lies outside [0, 1].

    Notes
    -----
    With the signed code the colour ends at 2(2 − m)/(2 + m − m²) − 1. With words any m < 1 is learned.

    Examples
    --------
    >>> from simtheory.tasks.emergence import OneHot, Signed
    >>> masked_caption([0.0, 0.5, 1.0], code=Signed()).colour.round(2)
    array([1.  , 0.33, 0.  ])
    >>> masked_caption([0.0, 0.5], code=OneHot()).time.round(1)
    array([ 4.9, 24.6])
    """
    given = np.atleast_1d(shares("mask", mask))
    if given.ndim != 1:
        raise ArgumentError(
            f"Argument `mask` must be one-dimensional, but its shape is {given.shape}."
        )
    height = as_finite("level", level)
    if not -1.0 < float(height) < 1.0:
        raise ArgumentError(f"Argument `level` must lie between -1 and 1, but it is {level!r}.")
    colours = code.words(2)
    shapes = colours[:, -1:] if len(colours) == colours.shape[1] else colours
    one = np.ones((1, int(flag("bias", bias))))
    red, blue, hidden = colours[0], colours[1], np.zeros(colours.shape[1])
    rows = [(red, 0), (blue, 0), (red, 1), (hidden, 1), (blue, 1)]
    features = np.stack([np.concatenate([one[0], word, shapes[v]]) for word, v in rows])
    targets = np.array([-1.0, 1.0, -1.0, -1.0])
    ends, times = np.empty(given.size), np.empty(given.size)
    for i, m in enumerate(given):
        roots = np.sqrt(np.array([1.0, 1.0, 1.0 - m, m]) / 3.0)
        left, sizes, right = np.linalg.svd(roots[:, None] * features[:4], full_matrices=False)
        kept = sizes > 1e-12 * sizes[0]
        parts = (left.T @ (roots * targets))[kept] / sizes[kept] * (right[kept] @ features[4])
        ends[i] = parts.sum()
        times[i] = last_crossing(parts[None], sizes[kept] ** 2, np.zeros(1), float(height))[0]
    return MaskedCaption(given, ends, times)
