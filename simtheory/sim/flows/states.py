"""In which form a flow is integrated: the triangle of W, a factor of it, or the layers.

A tied flow is integrated in W, of which the triangle is enough, where W is far from singular.
Elsewhere it is integrated in U: so W stays positive semidefinite, and a row of U only ever mixes
with rows, which keeps small modes beside large ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.networks import Flow, Gram, Layers

# An error of W is weighed against √(w_ii w_jj), and the mode that the last pivot stands for is that
# much smaller: rounding disturbs it by 1e-16 over the pivot, which the flow lets grow by hundreds,
# and steps disturb it likewise. Over drawn nets errors kept to the request from a pivot of 1e-3 on.
_LEAST_PIVOT, _LEAST_PIVOT_ROUNDING = 1e-2, 3e-14


class State(NamedTuple):
    """What the integrator starts from, for some members of an ensemble.

    Parameters
    ----------
    form : {"map", "factor", "chain"}
        How a net is written down: the lower triangle of W, a factor of it, or the layers.
    entries : ndarray, shape (members, n)
        The numbers that are integrated.
    sizes : ndarray of int
        Widths, which give the shapes of the matrices.
    group : ndarray of int, shape (n,)
        Group of each entry: errors are measured against the common norm of a group. A map has no
        need of it.
    members : ndarray of int, shape (members,)
        Which members of the ensemble these are.
    """

    form: str
    entries: Array
    sizes: IntArray
    group: IntArray
    members: IntArray


def states_of(flow: Flow, layers: Layers, rtol: float, *, factored: bool = False) -> list[State]:
    """Return what the integrator starts from; every member is in one of the states.

    Parameters
    ----------
    flow : Flow
        The network.
    layers : tuple of ndarray, each of shape (members, n, m)
        Its trained matrices, in the eigenbasis of the second moment.
    rtol : float
        Error wanted in W.
    factored : bool
        Whether a tied net must be carried in the U that was given.
    """
    if flow.parametrisation != Gram():
        return [_of_product(layers)]
    return [_of_factor(layers[0])] if factored else _of_gram(layers[0], rtol)


def _of_factor(U: Array) -> State:
    """Return U itself, of any width."""
    d, h = U.shape[-2:]
    entries = np.swapaxes(U, -1, -2).reshape(len(U), h * d)
    group = np.tile(np.arange(d), h)
    return State("factor", entries, np.array([d, h]), group, np.arange(len(U)))


def _of_gram(U: Array, rtol: float) -> list[State]:
    """Return W where its small modes survive the rounding of its entries, elsewhere U."""
    d, h = U.shape[-2:]
    W = Gram().weights((U,))
    enough = max(_LEAST_PIVOT, _LEAST_PIVOT_ROUNDING / rtol)
    safe = _least_pivot(W) > enough if h >= d else np.zeros(len(U), dtype=bool)
    states = []
    if safe.any():
        i, j = np.tril_indices(d)
        sizes, group = np.array([d, d]), np.zeros(1, dtype=np.intp)
        states.append(State("map", W[safe][:, i, j], sizes, group, np.flatnonzero(safe)))
    if not safe.all():
        rows = np.swapaxes(U[~safe], -1, -2)
        if h > d:  # the triangular factor has the same W
            rows, h = np.asarray(np.linalg.qr(rows, mode="r")), d
        entries, group = rows.reshape(len(rows), h * d), np.tile(np.arange(d), h)
        states.append(State("factor", entries, np.array([d, h]), group, np.flatnonzero(~safe)))
    return states


def _of_product(layers: Layers) -> State:
    """Return the layers; concept k's group is its column of the first and its row of the last."""
    d = layers[0].shape[-1]
    sizes = np.array([d, *(layer.shape[-2] for layer in layers)])
    inner = [np.full(sizes[l] * sizes[l + 1], d + l - 1) for l in range(1, len(layers) - 1)]
    first, last = np.tile(np.arange(d), sizes[1]), np.repeat(np.arange(d), sizes[-2])
    members = len(layers[0])
    entries = np.concatenate([layer.reshape(members, -1) for layer in layers], axis=1)
    group = np.concatenate([first, *inner, last])
    return State("chain", entries, sizes, group, np.arange(members))


def _least_pivot(W: Array) -> Array:
    """Return the least pivot of each W, scaled to a unit diagonal: 1 if diagonal, 0 if singular."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1.0 / np.sqrt(np.diagonal(W, axis1=-2, axis2=-1))
        rest = np.moveaxis(W * scale[:, :, np.newaxis] * scale[:, np.newaxis, :], 0, -1)
        least, rest = np.ones(len(W)), np.ascontiguousarray(rest)  # long rows: all members at once
        for _ in range(W.shape[-1]):
            column = rest[0]
            least = np.minimum(least, column[0])
            rest = rest[1:, 1:] - column[1:, np.newaxis] * (column[1:] / column[0])
    return np.nan_to_num(least, nan=0.0)
