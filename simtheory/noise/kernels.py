r"""Kernels: Markov chains that leave a density as it is, or nearly so, described by their numbers.

A *kernel* here is a move of a chain that samples a density :math:`e^{-U}` at a fixed noise level, with
score :math:`s = -\nabla U`. Closed forms read its numbers (`simtheory.analytic.composition`), and
`simtheory.sim.composition` and the networks run it.

.. math::
    \text{ULA:}\quad & y = x + \delta s(x) + \sqrt{2\delta}\,\xi, \\
    \text{U-HMC:}\quad & v \leftarrow \rho v + \sqrt{1 - \rho^2}\,\xi,
    \quad (x, v) \leftarrow L \text{ leapfrog steps } h .

`MALA` and `HMC` accept the end of such a move with probability min(1, α),

.. math::
    \text{MALA:}\quad \log\alpha &= U(x) - U(y)
    - \frac{|x - y - \delta s(y)|^2 - |y - x - \delta s(x)|^2}{4\delta}, \\
    \text{HMC:}\quad \log\alpha &= U(x) - U(x') + \tfrac12(|v|^2 - |v'|^2),

and HMC turns the velocity round where it rejects.

Steps are in units of the narrowest direction: :math:`\delta = step \cdot v_\lambda` and
:math:`h = step \cdot \sqrt{v_\lambda}`, where :math:`v_\lambda = 1/\sum_{w_i>0} w_i/(c_i + \lambda)` and
:math:`c_i` is the smallest variance of expert i. So one number serves all levels.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from simtheory._checks import all_positive, one_of, positive, positive_int, share, shown
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError

__all__ = ["HMC", "MALA", "UHMC", "ULA", "Kernel", "Line"]

RESONANCE = 0.1
"""Distance ε of a leapfrog turn from a multiple kπ, k ≥ 1: below it a direction takes over 2/ε² moves to mix."""

_SCALES = ("level", "fixed")


@face
@dataclass(frozen=True, slots=True)
class Line:
    r"""Acceptance from scores alone: the energy's difference as a line integral of the score.

    :math:`\log p(y) - \log p(x) = \int_0^1 \langle s(x + u(y - x)), y - x\rangle du`, by the
    trapezoidal rule. It depends on the path where the score is no gradient.

    Parameters
    ----------
    points : int
        Points of the rule, both ends among them; at least 2.
    """

    points: int = 5

    def __post_init__(self) -> None:
        if positive_int("points", self.points) < 2:
            raise ArgumentError("Argument `points` must be at least 2, both ends, but it is 1.")


@face
class Kernel(ABC):
    """A move of a Markov chain on a density, described by its numbers.

    `ULA`, `MALA`, `UHMC` and `HMC` are the kernels; each is a frozen dataclass.
    """

    __slots__ = ()

    corrected: ClassVar[bool]
    """Whether a Metropolis step accepts the move, so that the density is left as it is."""

    power: ClassVar[float]
    """Power of the variance in the step: 1 for δ, 1/2 for h."""

    step: float
    scale: str
    convention: str

    def size(self, variance: ArrayLike, *, alpha: ArrayLike = 1.0) -> Any:
        r"""Return the step of a move, δ or h, in the units of y = z/α.

        Parameters
        ----------
        variance : array_like
            Variance of the narrowest direction at the level, :math:`v_\lambda`.
        alpha : array_like
            Share of the data at the level, which a step of the scale ``"fixed"`` is divided by.

        Returns
        -------
        float or ndarray
            δ of a Langevin step, or h of a leapfrog step.
        """
        v, shares = all_positive("variance", variance), all_positive("alpha", alpha)
        if self.scale == "level":
            found = self.step * v**self.power
        else:
            kept = np.broadcast_to(shares, np.broadcast_shapes(v.shape, shares.shape))
            found = self.step / kept ** (2.0 * self.power)
        return float(found) if np.ndim(found) == 0 else found


@face
class _Leapfrog(Kernel):
    """What both kernels of leapfrog steps have."""

    __slots__ = ()

    power: ClassVar[float] = 0.5
    leapfrog: int
    damping: float

    def angles(self, variances: ArrayLike, *, size: float | None = None) -> Array:
        r"""Return how far a move turns each direction of a Gaussian, L arccos(1 − h²/2v).

        Parameters
        ----------
        variances : array_like
            Variances v of the directions.
        size : float, optional
            h. Default: `step` times the root of the smallest variance.

        Returns
        -------
        ndarray
            Angles; at multiples of π the move is resonant.
        """
        v = all_positive("variances", variances)
        if not v.size:
            return v
        h = self.size(v.min()) if size is None else positive("size", size)
        if np.any(h >= 2.0 * np.sqrt(v)):
            raise ArgumentError(
                f"Argument `size` must be below 2 √v = {2.0 * np.sqrt(v.min()):g}, where leapfrog "
                f"steps are stable, but it is {h:g}."
            )
        return np.asarray(self.leapfrog * np.arccos(1.0 - h**2 / (2.0 * v)))


def _check_common(kernel: Any, most: float, conventions: tuple[str, ...]) -> None:
    positive("step", kernel.step)
    one_of("scale", kernel.scale, _SCALES)
    one_of("convention", kernel.convention, conventions)
    if kernel.scale == "level" and kernel.step >= most:
        unit = "√v" if kernel.power == 0.5 else "v"
        raise ArgumentError(
            f"Argument `step` must be below {most:g} {unit}, where the move is stable on a Gaussian of "
            f"variance v, but it is {kernel.step:g}. Take {'0.7' if unit == '√v' else '0.3'}."
        )


def _check_density(density: Any) -> None:
    if not isinstance(density, Line) and not (isinstance(density, str) and density == "energy"):
        raise ArgumentError(
            f'Argument `density` must be "energy" or Line(points=...), but it is {shown(density)}.'
        )


@face
@dataclass(frozen=True, slots=True)
class ULA(Kernel):
    r"""The unadjusted Langevin step. Its variance on a Gaussian of variance v is v/(1 − δ/2v).

    Parameters
    ----------
    step : float
        δ in units of the smallest variance at the level, below 2.
    scale : {"level", "fixed"}
        ``"fixed"``: `step` is δ itself, the same at all levels, for z = αy, as released settings are.
    convention : {"stated"}
        There is no other.

    Examples
    --------
    >>> ULA(step=0.5).size([1.0, 0.25])
    array([0.5  , 0.125])
    """

    step: float = 0.3
    scale: str = "level"
    convention: str = "stated"
    power: ClassVar[float] = 1.0
    corrected: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check_common(self, 2.0, ("stated",))


@face(but=("density",))
@dataclass(frozen=True, slots=True)
class MALA(Kernel):
    r"""The Langevin step with a Metropolis correction.

    Parameters
    ----------
    step : float
        δ in units of the smallest variance at the level, below 2.
    density : "energy" or Line
        Where the acceptance takes the density from; a `Line` needs scores alone.
    scale : {"level", "fixed"}
        ``"fixed"``: `step` is δ itself, the same at all levels, for z = αy, as released settings are.
    convention : {"stated", "released"}
        ``"released"`` divides by 2δ² for 4δ in log α, as a released program does: no density is left
        as it is.

    Examples
    --------
    >>> MALA().size(0.04)
    0.012
    """

    step: float = 0.3
    density: Any = "energy"
    scale: str = "level"
    convention: str = "stated"
    power: ClassVar[float] = 1.0
    corrected: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_common(self, 2.0, ("stated", "released"))
        _check_density(self.density)


def _check_leapfrog(kernel: Any, conventions: tuple[str, ...]) -> None:
    _check_common(kernel, 2.0, conventions)
    positive_int("leapfrog", kernel.leapfrog)
    share("damping", kernel.damping, ends="[)")


@face
@dataclass(frozen=True, slots=True)
class UHMC(_Leapfrog):
    r"""Leapfrog steps with a velocity that is partly kept, without correction.

    Its variance on a Gaussian of variance v is v/(1 − h²/4v), if L arccos(1 − h²/2v) is no multiple
    of π; there, the chain is not ergodic.

    Parameters
    ----------
    step : float
        h in units of the root of the smallest variance at the level, below 2.
    leapfrog : int
        Leapfrog steps of a move, L.
    damping : float
        Share ρ of the velocity that is kept, in [0, 1).
    scale : {"level", "fixed"}
        ``"fixed"``: `step` is h itself, the same at all levels, for z = αy, as released settings are.
    convention : {"stated"}
        There is no other.

    Examples
    --------
    >>> UHMC(step=0.5).size([1.0, 0.25])
    array([0.5 , 0.25])
    """

    step: float = 0.7
    leapfrog: int = 3
    damping: float = 0.5
    scale: str = "level"
    convention: str = "stated"
    corrected: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _check_leapfrog(self, ("stated",))


@face(but=("density",))
@dataclass(frozen=True, slots=True)
class HMC(_Leapfrog):
    r"""Leapfrog steps with a velocity that is partly kept, and a Metropolis correction.

    Parameters
    ----------
    step : float
        h in units of the root of the smallest variance at the level, below 2.
    leapfrog : int
        Leapfrog steps of a move, L.
    damping : float
        Share ρ of the velocity that is kept, in [0, 1).
    density : "energy" or Line
        Where the acceptance takes the density from; a `Line` needs scores alone.
    scale : {"level", "fixed"}
        ``"fixed"``: `step` is h itself, the same at all levels, for z = αy, as released settings are.
    convention : {"stated", "released", "in_place"}
        ``"released"`` does not turn the velocity round where the move is rejected; ``"in_place"``
        keeps the new velocity there, and loses the kinetic terms of log α. Released programs do so,
        and leave no density as it is.

    Examples
    --------
    >>> HMC().angles([1.0, 4.0]).round(3)
    array([2.145, 1.055])
    """

    step: float = 0.7
    leapfrog: int = 3
    damping: float = 0.5
    density: Any = "energy"
    scale: str = "level"
    convention: str = "stated"
    corrected: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_leapfrog(self, ("stated", "released", "in_place"))
        _check_density(self.density)
