"""The packed right-hand side in Numba, for peers that need one, and the conversion to full matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit

BLAS_FROM = 16  # smallest d at which a BLAS call is faster than a loop


def work_size(d: int) -> int:
    """Return the length of the work array of dimension d: the rates, then scratch space."""
    return d + 3 * d * d


def packed_field(d: int) -> Callable[[np.ndarray, np.ndarray, np.ndarray], None]:
    """Return a compiled field(y, out, work) on the packed upper triangle; work begins with the rates.

    The dimension is a constant of the compiled code, which unrolls and vectorises accordingly.
    """
    blas = d >= BLAS_FROM

    @njit(fastmath={"contract", "reassoc", "nsz", "arcp", "afn"}, error_model="numpy")
    def field(y, out, work):  # type: ignore[no-untyped-def]
        a = work[:d]
        W = work[d : d + d * d].reshape(d, d)
        M = work[d + d * d : d + 2 * d * d].reshape(d, d)
        P = work[d + 2 * d * d : d + 3 * d * d].reshape(d, d)
        at = 0
        for i in range(d):
            for j in range(i, d):
                W[i, j] = y[at]
                W[j, i] = y[at]
                at += 1
        if blas:
            for i in range(d):
                for j in range(d):
                    M[i, j] = -(a[i] + a[j]) * W[i, j]
                M[i, i] += 2.0 * a[i]
            np.dot(M, W, P)
            at = 0
            for i in range(d):
                for j in range(i, d):
                    out[at] = 0.5 * (P[i, j] + P[j, i])
                    at += 1
        else:
            at = 0
            for i in range(d):
                for j in range(i, d):
                    s = 0.5 * (a[i] + a[j])
                    total = 0.0
                    for k in range(d):
                        total += (s + a[k]) * W[i, k] * W[j, k]
                    out[at] = 2.0 * s * W[i, j] - total
                    at += 1

    return field


@njit(nogil=True)
def unpack(packed, out):  # type: ignore[no-untyped-def]
    """Write packed states, shape (T, nv), as full matrices, shape (T, d, d)."""
    for t in range(out.shape[0]):
        at = 0
        for i in range(out.shape[1]):
            for j in range(i, out.shape[1]):
                out[t, i, j] = packed[t, at]
                out[t, j, i] = packed[t, at]
                at += 1
