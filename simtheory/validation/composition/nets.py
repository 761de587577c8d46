r"""Which net learns an expert: plain descriptions, made before JAX is loaded.

Problem
-------
An expert is a density q(y, λ) at every noise level λ, the data's density blurred by N(0, λI). A *score
net* learns its score, an *energy net* its logarithm up to a constant at each level. Only the second can
be mixed, and only the second gives Metropolis its ratio.

Symbols
-------
y : noised point; :math:`\lambda` : noise level, a variance; :math:`m_2` : mean square of a coordinate of
the data; f : output of the perceptron, which sees :math:`y/\sqrt{\lambda + m_2}` and the sines and
cosines of eight multiples of :math:`\tfrac12\ln\lambda`; s : score; E : energy, :math:`s = -\nabla E`.

Result
------
.. math::
    \text{ScoreNet:}\quad s = -\frac{y}{\lambda + m_2} - \sqrt{\frac{m_2}{\lambda(\lambda + m_2)}}\,f,

.. math::
    \text{SquaredNorm:}\quad E = \frac{|y|^2}{2(\lambda + m_2)}
    + \frac12\sqrt{\frac{\lambda + m_2}{\lambda}}\,|f|^2, \qquad
    \text{Residual:}\quad E = \frac{|y - \sqrt{m_2}\,f|^2}{2\sqrt{\lambda(\lambda + m_2)}} .

Reading
-------
What the net leaves out is right at high noise in each form, and the noise that is predicted,
:math:`\hat\varepsilon = -\sqrt\lambda\,s`, is of order one at every level.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from simtheory._checks import positive_int
from simtheory._faces import face

__all__ = ["EnergyForm", "EnergyNet", "ExpertNet", "Residual", "ScoreNet", "SquaredNorm"]


@face
class EnergyForm(ABC):
    """How an energy is made of the outputs of a perceptron."""

    __slots__ = ()

    @abstractmethod
    def outputs(self, dim: int) -> int:
        """Return how many outputs the perceptron has.

        Parameters
        ----------
        dim : int
            Dimension of the data.

        Returns
        -------
        int
            The number.
        """

    @abstractmethod
    def energy(self, y: Any, f: Any, level: Any, moment: Any) -> Any:
        """Return the energy of one point.

        Parameters
        ----------
        y : jax.Array, shape (d,)
            The point.
        f : jax.Array, shape (outputs,)
            Outputs of the perceptron.
        level : jax.Array, shape ()
            Noise level λ.
        moment : jax.Array, shape ()
            Mean square of a coordinate of the data.

        Returns
        -------
        jax.Array, shape ()
            The energy, up to a constant at each level.
        """


@face
@dataclass(frozen=True, slots=True)
class SquaredNorm(EnergyForm):
    """A quadratic energy, and half the squared norm of the outputs added to it.

    Parameters
    ----------
    width : int
        Number of outputs; one squared output alone cannot have eight minima.
    """

    width: int = 16

    def __post_init__(self) -> None:
        positive_int("width", self.width)

    def outputs(self, dim: int) -> int:
        """Return how many outputs the perceptron has."""
        return self.width

    def energy(self, y: Any, f: Any, level: Any, moment: Any) -> Any:
        """Return the energy of one point."""
        wide = level + moment
        return 0.5 * (y @ y) / wide + 0.5 * (f @ f) * (wide / level) ** 0.5


@face
@dataclass(frozen=True, slots=True)
class Residual(EnergyForm):
    """Half the squared distance of the point from the outputs."""

    def outputs(self, dim: int) -> int:
        """Return how many outputs the perceptron has."""
        return dim

    def energy(self, y: Any, f: Any, level: Any, moment: Any) -> Any:
        """Return the energy of one point."""
        gap = y - moment**0.5 * f
        return 0.5 * (gap @ gap) / (level * (level + moment)) ** 0.5


@face
class ExpertNet(ABC):
    """A perceptron that learns an expert."""

    __slots__ = ()

    width: int
    depth: int

    @property
    @abstractmethod
    def has_energy(self) -> bool:
        """Whether it learns a log-density, rather than a score alone."""

    @abstractmethod
    def outputs(self, dim: int) -> int:
        """Return how many outputs the perceptron has.

        Parameters
        ----------
        dim : int
            Dimension of the data.

        Returns
        -------
        int
            The number.
        """


@face
@dataclass(frozen=True, slots=True)
class ScoreNet(ExpertNet):
    """A net whose outputs are the score, less that of a Gaussian as broad as the data.

    Parameters
    ----------
    width : int
        Hidden units of a layer.
    depth : int
        Hidden layers.
    """

    width: int = 64
    depth: int = 3

    def __post_init__(self) -> None:
        positive_int("width", self.width)
        positive_int("depth", self.depth)

    @property
    def has_energy(self) -> bool:
        """Whether it learns a log-density: it does not."""
        return False

    def outputs(self, dim: int) -> int:
        """Return how many outputs the perceptron has."""
        return dim


@face
@dataclass(frozen=True, slots=True)
class EnergyNet(ExpertNet):
    """A net whose outputs are an energy; its score is the gradient.

    Training differentiates twice and costs about twice what that of `ScoreNet` does.

    Parameters
    ----------
    width : int
        Hidden units of a layer.
    depth : int
        Hidden layers.
    form : EnergyForm
        ``SquaredNorm()`` or ``Residual()``.
    """

    width: int = 64
    depth: int = 3
    form: EnergyForm = SquaredNorm()

    def __post_init__(self) -> None:
        positive_int("width", self.width)
        positive_int("depth", self.depth)

    @property
    def has_energy(self) -> bool:
        """Whether it learns a log-density: it does."""
        return True

    def outputs(self, dim: int) -> int:
        """Return how many outputs the perceptron has."""
        return self.form.outputs(dim)
