r"""Tasks whose target is any linear map of the inputs, given as matrices or as data.

Problem
-------
A network learns y from x. Gradient descent on the squared error of a linear network sees two
correlations of the data only, :math:`\Sigma_x = E[xx^T]` and :math:`\Sigma_{yx} = E[yx^T]`. It is
drawn to the *teacher* :math:`B = \Sigma_{yx}\Sigma_x^{-1}`, the best linear map. The identity task
`SIMTask` is the case B = I.

Symbols
-------
B : teacher, shape (k, d); A : second moment :math:`\Sigma_x` of the inputs, shape (d, d); C : cross
moment BA, shape (k, d); s : strengths, the singular values of B; a : rates, eigenvalues of A.

Reading
-------
Where the right singular vectors of B are eigenvectors of A, layers that start along them keep to
them. With two layers a mode then grows at the rate 2as and is learned at about
:math:`\ln(s/w_0)/(2as)`: strong correlations first.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np

from simtheory._checks import (
    as_finite,
    as_generator,
    as_second_moment,
    frozen,
    frozen_again,
    positive_int,
    rounding,
)
from simtheory._faces import face
from simtheory._text import rows_as_html
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.tasks._axes import principal_axes
from simtheory.tasks._plain import Plain, short

__all__ = ["LinearTask", "Modes"]

_RANK = 1e-12
"""Share of the largest singular value or eigenvalue below which one counts as zero."""
_ALIGNED = 1e-9
"""Largest entry of a matrix off the diagonal, relative to its norm, that counts as rounding."""


@face
@dataclass(frozen=True, slots=True, eq=False)
class Modes:
    """The modes of a linear task whose teacher is aligned with its inputs.

    Parameters
    ----------
    outputs : ndarray, shape (k, r)
        Output of each mode, orthonormal columns.
    strengths : ndarray, shape (r,)
        Singular values of the teacher, not zero; the strongest correlation, rate times strength, first.
    inputs : ndarray, shape (d, r)
        Input of each mode, orthonormal columns.
    rates : ndarray, shape (r,)
        Second moment of the inputs along each mode.
    """

    outputs: Array
    strengths: Array
    inputs: Array
    rates: Array

    def __post_init__(self) -> None:
        for field in fields(self):
            value = as_finite(field.name, getattr(self, field.name))
            object.__setattr__(self, field.name, frozen(value))


@face(but=("teacher", "second_moment"))
@dataclass(frozen=True, slots=True, eq=False)
class LinearTask(Plain):
    """A linear map is learned: outputs y = B x of inputs with any second moment.

    Parameters
    ----------
    teacher : array_like, shape (k, d)
        The map B that is learned.
    second_moment : array_like, shape (d, d), optional
        Uncentred second moment of the inputs, which may be singular. Default: the identity.

    Raises
    ------
    ShapeError
        If shapes do not fit.
    ArgumentError
        If an entry is not finite, or the second moment is not symmetric and positive semidefinite.

    References
    ----------
    saxe2014, section 1.

    Examples
    --------
    >>> task = LinearTask([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    >>> task
    LinearTask(outputs=3, inputs=2, rank=2)
    >>> task.strengths
    array([2., 1.])
    """

    kind: ClassVar[str] = "linear"
    _noun: ClassVar[str] = "linear task"

    teacher: Array
    second_moment: Array

    def __init__(self, teacher: ArrayLike, second_moment: ArrayLike | None = None) -> None:
        aim = as_finite("teacher", teacher)
        if aim.ndim != 2 or 0 in aim.shape:
            raise ShapeError(
                "Argument `teacher` must have shape (outputs, inputs), but its shape is "
                f"{aim.shape}."
            )
        d = aim.shape[1]
        moment = np.eye(d) if second_moment is None else as_second_moment(second_moment)
        if moment.shape != (d, d):
            raise ShapeError(
                f"Argument `second_moment` must have shape ({d}, {d}), the inputs of the teacher, but "
                f"its shape is {moment.shape}."
            )
        object.__setattr__(self, "teacher", frozen(aim))
        object.__setattr__(self, "second_moment", frozen(moment))

    @classmethod
    def from_moments(cls, second_moment: ArrayLike, cross_moment: ArrayLike) -> LinearTask:
        """Make the task of data with given correlations.

        Parameters
        ----------
        second_moment : array_like, shape (d, d)
            E[x xᵀ]; where it is singular the teacher is the shortest one that fits.
        cross_moment : array_like, shape (k, d)
            E[y xᵀ].

        Returns
        -------
        LinearTask
            With the teacher that is the best linear map of such data.

        Raises
        ------
        ShapeError
            If shapes do not fit.
        ArgumentError
            If outputs correlate with inputs that have no second moment, which no data do.

        Examples
        --------
        >>> LinearTask.from_moments([[2.0, 0.0], [0.0, 1.0]], [[4.0, 1.0]]).teacher
        array([[2., 1.]])
        """
        moment, cross = as_second_moment(second_moment), as_finite("cross_moment", cross_moment)
        if moment.ndim != 2:
            raise ShapeError(
                f"Argument `second_moment` must have shape (d, d), but its shape is {moment.shape}."
            )
        if cross.ndim != 2 or not len(cross) or cross.shape[1] != len(moment):
            raise ShapeError(
                f"Argument `cross_moment` must have shape (outputs, {len(moment)}), but its shape is "
                f"{cross.shape}."
            )
        rates, axes = principal_axes(moment)
        turned = cross if axes is None else cross @ axes
        seen = rates > _RANK * rates.max(initial=0.0)
        tolerance = rounding(second_moment, cross_moment, double=1e-8)
        beyond = float(np.abs(turned[:, ~seen]).max(initial=0.0))
        if beyond > tolerance * float(np.abs(cross).max(initial=0.0)):
            raise ArgumentError(
                "Argument `cross_moment` must be zero along inputs whose second moment is zero, as that "
                f"of any data is, but an entry there is {beyond:g}."
            )
        aim = np.where(seen, turned, 0.0) / np.where(seen, rates, 1.0)
        return cls(aim if axes is None else aim @ axes.T, moment)

    @classmethod
    def from_data(cls, x: ArrayLike, y: ArrayLike) -> LinearTask:
        """Make the task of your own data, from XᵀX / n and YᵀX / n.

        Parameters
        ----------
        x : array_like, shape (n, d)
            Inputs, a row each, as the network sees them: they are not centred.
        y : array_like, shape (n, k)
            Outputs that are wanted, a row each.

        Returns
        -------
        LinearTask
            With the correlations of the data; what no linear map reaches is left out.

        Raises
        ------
        ShapeError
            If these are no tables of the same length.
        ArgumentError
            If an entry is not finite.

        Examples
        --------
        >>> LinearTask.from_data([[2.0, 0.0], [0.0, 1.0]], [[4.0], [3.0]]).teacher
        array([[2., 3.]])
        """
        tables = {"x": as_finite("x", x), "y": as_finite("y", y)}
        for name, table in tables.items():
            if table.ndim != 2 or 0 in table.shape:
                raise ShapeError(
                    f"Argument `{name}` must have shape (n, {'d' if name == 'x' else 'k'}), a row for "
                    f"each example, but its shape is {table.shape}."
                )
        inputs, outputs = tables.values()
        if len(inputs) != len(outputs):
            raise ShapeError(
                f"Argument `y` must hold a row for each of {len(inputs)} rows of `x`, but it holds "
                f"{len(outputs)}."
            )
        n = len(inputs)
        return cls.from_moments(inputs.T @ inputs / n, outputs.T @ inputs / n)

    @property
    def dim(self) -> int:
        """Number of inputs, d."""
        return int(self.teacher.shape[1])

    @property
    def n_outputs(self) -> int:
        """Number of outputs, k."""
        return int(self.teacher.shape[0])

    @property
    def rates(self) -> Array:
        """Eigenvalues of the second moment, along the columns of `rotation`, shape (d,)."""
        return principal_axes(self.second_moment)[0]

    @property
    def rotation(self) -> Array | None:
        """Eigenvectors of the second moment as columns, shape (d, d); None if it is diagonal."""
        return principal_axes(self.second_moment)[1]

    @property
    def cross_moment(self) -> Array:
        """Correlation E[y xᵀ] of outputs with inputs, shape (k, d)."""
        return np.asarray(self.teacher @ self.second_moment)

    @property
    def strengths(self) -> Array:
        """Singular values of the teacher, falling, shape (min(k, d),)."""
        return np.asarray(np.linalg.svd(self.teacher, compute_uv=False))

    @property
    def probes(self) -> Array:
        """Inputs on which outputs are watched unless others are asked for: one-hot, shape (d, d)."""
        return np.eye(self.dim)

    def answers(self, points: ArrayLike) -> Array:
        """Return the outputs that are wanted on some inputs.

        Parameters
        ----------
        points : array_like, shape (..., d)
            Inputs.

        Returns
        -------
        ndarray, shape (..., k)
            B x.

        Raises
        ------
        ShapeError
            If the inputs are not of the task's dimension.
        """
        x = as_finite("points", points)
        if x.ndim == 0 or x.shape[-1] != self.dim:
            raise ShapeError(
                f"Argument `points` must have shape (..., {self.dim}), but its shape is {x.shape}."
            )
        return np.asarray(x @ self.teacher.T)

    def modes(self) -> Modes:
        """Return the modes of a teacher that is aligned with the inputs.

        Returns
        -------
        Modes
            As many as the teacher's rank, the largest rate times strength first.

        Raises
        ------
        RegimeError
            If BᵀB and the second moment have no common eigenvectors.

        Examples
        --------
        >>> LinearTask([[0.0, 2.0], [1.0, 0.0]], [[3.0, 0.0], [0.0, 1.0]]).modes().rates
        array([3., 1.])
        """
        gram, moment = self.teacher.T @ self.teacher, self.second_moment
        sizes = [float(np.abs(matrix).max()) or 1.0 for matrix in (gram, moment)]
        # A sum whose weights have no simple ratio: equal eigenvalues of it are equal in both.
        _, axes = np.linalg.eigh(moment / sizes[1] + 0.5 * (np.sqrt(5.0) - 1.0) * gram / sizes[0])
        for matrix, size in zip((gram, moment), sizes, strict=True):
            turned = axes.T @ matrix @ axes
            off = float(np.abs(turned - np.diag(np.diagonal(turned))).max())
            if off > _ALIGNED * size:
                raise RegimeError(
                    "Modes need a teacher whose right singular vectors are eigenvectors of the second "
                    f"moment, but common axes leave {off / size:.3g} off the diagonal. "
                    "Integrate the flow: sim.solve."
                )
        outputs = self.teacher @ axes
        strengths = np.linalg.norm(outputs, axis=0)
        rates = np.einsum("ik,ij,jk->k", axes, moment, axes).clip(min=0.0)
        kept = np.flatnonzero(strengths > np.sqrt(_RANK) * strengths.max(initial=0.0))
        kept = kept[np.argsort(-(rates * strengths)[kept], kind="stable")]
        largest = np.abs(axes[:, kept]).argmax(axis=0)  # positive: so the modes are reproducible
        signs = np.sign(axes[largest, kept])
        return Modes(
            outputs=signs * outputs[:, kept] / strengths[kept],
            strengths=strengths[kept],
            inputs=signs * axes[:, kept],
            rates=rates[kept],
        )

    def sample(self, n: int, *, rng: np.random.Generator | int) -> tuple[Array, Array]:
        """Draw Gaussian inputs with the second moment of the task, and their outputs.

        Parameters
        ----------
        n : int
            Number of examples.
        rng : numpy.random.Generator or int
            Source of randomness.

        Returns
        -------
        x : ndarray, shape (n, d)
            Inputs.
        y : ndarray, shape (n, k)
            Outputs B x.
        """
        generator = as_generator(rng)
        rates, axes = principal_axes(self.second_moment)
        x = generator.standard_normal((positive_int("n", n), self.dim)) * np.sqrt(rates)
        x = x if axes is None else x @ axes.T
        return x, self.answers(x)

    __setstate__ = frozen_again

    def _rank(self) -> int:
        sizes = self.strengths
        return int((sizes > np.sqrt(_RANK) * sizes.max()).sum())

    def __repr__(self) -> str:
        return f"LinearTask(outputs={self.n_outputs}, inputs={self.dim}, rank={self._rank()})"

    def _repr_html_(self) -> str:
        rows = [
            ("outputs", str(self.n_outputs)),
            ("inputs", str(self.dim)),
            ("strengths", short(self.strengths)),
            ("rates", short(self.rates)),
        ]
        return rows_as_html("Linear task", rows)
