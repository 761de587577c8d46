"""What the two layers of a linear net represent, over time."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simtheory._checks import as_matrix
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.results import axes
from simtheory.results.axes import over

__all__ = ["Grams"]


@face
@dataclass(frozen=True, slots=True, eq=False)
class Grams:
    r"""The three blocks of :math:`QQ^T`: what the layers of a two-layer net represent, over time.

    Parameters
    ----------
    t : ndarray, shape (T,)
        Canonical times.
    inputs : ndarray, shape (..., T, n, n)
        W₁ᵀW₁: scalar products of the hidden representations of the inputs.
    weights : ndarray, shape (..., T, m, n)
        W = W₂W₁.
    outputs : ndarray, shape (..., T, m, m)
        W₂W₂ᵀ: scalar products of the hidden units' effects on the outputs.
    """

    t: Array = field(metadata=over("t", labels=True, note="canonical"))
    inputs: Array = field(metadata=over("*ensemble", "t", "input", "input'"))
    weights: Array = field(metadata=over("*ensemble", "t", "output", "input"))
    outputs: Array = field(metadata=over("*ensemble", "t", "output", "output'"))

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)

    def __repr__(self) -> str:
        m, n = self.weights.shape[-2:]
        return f"Grams(T={self.t.size}, outputs={m}, inputs={n})"

    def tangent_kernel(self, probes: ArrayLike) -> Array:
        r"""Return the neural tangent kernel on some inputs.

        .. math:: K_{ab}(x, x') = (W_2W_2^T)_{ab}\,x\cdot x' + \delta_{ab}\,x^TW_1^TW_1x'.

        Parameters
        ----------
        probes : array_like, shape (P, n)
            Inputs.

        Returns
        -------
        ndarray, shape (..., T, P, P, m, m)
            K over time, for each pair of inputs and each pair of outputs.

        Raises
        ------
        ShapeError
            If the inputs are not of the net's dimension.

        Examples
        --------
        >>> Grams([9.0], [[[2.0]]], [[[2.0]]], [[[2.0]]]).tangent_kernel([[1.0]]).ravel()
        array([4.])
        """
        m, n = self.weights.shape[-2:]
        x = as_matrix(
            "probes", probes, rows=np.shape(probes)[0] if np.ndim(probes) else 1, columns=n
        )
        through_second = np.einsum("...ab,pq->...pqab", self.outputs, x @ x.T)
        through_first = np.einsum("px,...xy,qy->...pq", x, self.inputs, x)
        return np.asarray(through_second + through_first[..., None, None] * np.eye(m))
