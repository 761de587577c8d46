r"""What is inside a linear net over time: layers, what they represent, and the tangent kernel.

Symbols
-------
:math:`W_l` : layer l; :math:`P_l = W_{l-1}\cdots W_1`, :math:`S_l = W_L\cdots W_{l+1}` : what is below
and above it; K : tangent kernel; x : probe.

Result
------
A small move of all layers moves the output on x by a gradient flow in the kernel

.. math:: K_{ab}(x, x') = \sum_l (S_lS_l^T)_{ab}\; x^TP_l^TP_lx' .

A tied net, whose U counts twice, adds :math:`(Wx)_bx'_a + (Wx')_ax_b` to its two terms, and its
canonical clock halves the whole.

Reading
-------
From a small start the kernel first turns and grows later: its direction is learned while the loss has
hardly moved, which is called silent alignment. What follows is learning with a fixed kernel of growing
size.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import as_matrix, of_kind, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, RegimeError
from simtheory.observe.curves import train_loss
from simtheory.results import Trajectory
from simtheory.results.axes import html, over, settle, text, to_dict
from simtheory.results.grams import Grams

__all__ = ["Alignment", "alignment", "grams", "layers", "tangent_kernel"]


@face
@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """How far the tangent kernel has turned towards its last direction, grown, and cut the loss.

    Parameters
    ----------
    t : ndarray, shape (T,)
        Canonical times.
    cosine : ndarray, shape (..., T)
        Cosine of the angle between the kernel and the last one.
    size : ndarray, shape (..., T)
        Norm of the kernel as a share of the last one's.
    loss : ndarray, shape (..., T)
        Loss over the inputs of the task as a share of the first.
    """

    t: Array = field(metadata=over("t", labels=True, note="canonical"))
    cosine: Array = field(metadata=over("*ensemble", "t"))
    size: Array = field(metadata=over("*ensemble", "t"))
    loss: Array = field(metadata=over("*ensemble", "t"))

    __str__ = text
    _repr_html_ = html
    to_dict = to_dict

    def __post_init__(self) -> None:
        settle(self)

    def loss_when_aligned(self, level: float = 0.9) -> Array:
        """Return the loss that is left when the cosine first comes to a level: near 1 if silently.

        Parameters
        ----------
        level : float
            Cosine that counts as aligned, between 0 and 1.

        Returns
        -------
        ndarray, shape (...)
            Share of the first loss, on the grid.
        """
        bar = share("level", level)
        first = np.argmax(self.cosine >= bar, axis=-1)[..., np.newaxis]
        return np.asarray(np.take_along_axis(self.loss, first, axis=-1)[..., 0])


@face
def layers(traj: Trajectory) -> tuple[Array, ...]:
    """Return the layers of a linear net over time, first layer first.

    Parameters
    ----------
    traj : Trajectory
        With layers, as ``sim.solve(..., layers=True)`` gives it.

    Returns
    -------
    tuple of ndarray, each of shape (..., T, rows, columns)
        W₁, …, W_L, whose product is W; (Uᵀ, U) of a tied net.

    Raises
    ------
    ArgumentError
        If the trajectory holds none.

    Examples
    --------
    >>> from simtheory.tasks import LinearTask
    >>> start = {"W1": ("t hidden_1 coordinate", [[[0.1]]]), "W2": ("t output hidden_1", [[[0.2]]])}
    >>> run = Trajectory.from_weights(
    ...     [0.0], [[[0.02]]], LinearTask([[1.0]]), origin="sim", exact=True, arrays=start
    ... )
    >>> [layer.ravel().tolist() for layer in layers(run)]
    [[0.1], [0.2]]
    """
    of_kind("traj", traj, Trajectory)
    names = [f"W{l}" for l in range(1, len(traj.arrays) + 1) if f"W{l}" in traj.arrays]
    if names:
        return tuple(_floats(traj, name) for name in names)
    if "U" not in traj.arrays:
        raise ArgumentError(
            f"Argument `traj` must hold layers, but the arrays of {traj!r} are {sorted(traj.arrays)}. "
            "Ask for them: sim.solve(..., layers=True), sim.descend or tied.rank_one."
        )
    U = _floats(traj, "U")
    return np.swapaxes(U, -1, -2), U


@face
def grams(traj: Trajectory) -> Grams:
    """Return the Gram matrices of a net of two layers: what inputs and outputs look like inside.

    Parameters
    ----------
    traj : Trajectory
        With two layers.

    Returns
    -------
    Grams
        W₁ᵀW₁, W and W₂W₂ᵀ over time.

    Raises
    ------
    ArgumentError
        If the trajectory holds no layers.
    RegimeError
        If it has not two of them.
    """
    chain = layers(traj)
    if len(chain) != 2:
        raise RegimeError(
            f"Gram matrices are of nets of two layers, but {traj!r} has {len(chain)}. "
            "Take observe.layers."
        )
    below, above = chain
    return Grams(
        traj.t,
        np.swapaxes(below, -1, -2) @ below,
        above @ below,
        above @ np.swapaxes(above, -1, -2),
    )


@face
def tangent_kernel(traj: Trajectory, *, probes: ArrayLike | None = None) -> Array:
    """Return the neural tangent kernel of a linear net on some inputs, over time.

    Parameters
    ----------
    traj : Trajectory
        With layers, of any depth.
    probes : array_like, shape (P, d), optional
        Inputs. Default: those of the trajectory.

    Returns
    -------
    ndarray, shape (..., T, P, P, k, k)
        K for each pair of inputs and each pair of outputs.

    Raises
    ------
    ArgumentError
        If the trajectory holds no layers.
    ShapeError
        If the inputs are not of the task's dimension.
    """
    chain = layers(traj)
    given: Any = traj.probes if probes is None else probes
    count = np.shape(given)[0] if np.ndim(given) else 1
    x = as_matrix("probes", given, rows=count, columns=chain[0].shape[-1])
    k = chain[-1].shape[-2]
    seen = [np.broadcast_to(x, (*chain[0].shape[:-2], *x.shape))]
    for layer in chain:
        seen.append(seen[-1] @ np.swapaxes(layer, -1, -2))
    above = np.broadcast_to(np.eye(k), (*chain[0].shape[:-2], k, k))
    kernel = np.zeros(())
    for layer, below in zip(reversed(chain), reversed(seen[:-1]), strict=True):
        reach, likeness = above @ np.swapaxes(above, -1, -2), below @ np.swapaxes(below, -1, -2)
        kernel = kernel + likeness[..., None, None] * reach[..., None, None, :, :]
        above = above @ layer
    if "U" in traj.arrays:
        crossed = np.einsum("...pb,...qa->...pqab", seen[-1], seen[0])
        kernel = kernel + crossed + np.einsum("...pqab->...qpba", crossed)
    return np.asarray(kernel)


@face
def alignment(traj: Trajectory, *, probes: ArrayLike | None = None) -> Alignment:
    """Return when the tangent kernel turns towards where it ends, beside its size and the loss.

    Parameters
    ----------
    traj : Trajectory
        With layers; long enough that its last kernel is the learned one.
    probes : array_like, shape (P, d), optional
        Inputs on which the kernel is taken. Default: those of the trajectory.

    Returns
    -------
    Alignment
        Cosine with the last kernel, relative size, and share of the loss, over time.

    Raises
    ------
    ArgumentError
        If the trajectory holds no layers.

    References
    ----------
    atanasov2022, section 2.
    """
    K = tangent_kernel(traj, probes=probes)
    flat = K.reshape(*K.shape[:-4], -1)
    norms, lost = np.linalg.norm(flat, axis=-1), train_loss(traj)
    last, first = norms[..., -1:], lost[..., :1]
    if not (last > 0).all() or not (first > 0).all():
        raise RegimeError(
            "An alignment needs a last kernel and a first loss that are not zero, but "
            f"{'the kernel' if not (last > 0).all() else 'the loss'} of {traj!r} is."
        )
    along = np.einsum("...ti,...i->...t", flat, flat[..., -1, :])
    cosine = along / np.where(norms > 0, norms * last, 1.0)
    return Alignment(traj.t, cosine, norms / last, lost / first)


def _floats(traj: Trajectory, name: str) -> Array:
    return np.asarray(traj.arrays[name], dtype=np.float64)
