"""The tied flow by an integrator that shares nothing with the package: SciPy's DOP853, stepping U."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp


def tied_flow(A: np.ndarray, U0: np.ndarray, t: np.ndarray, *, rtol: float = 1e-10) -> np.ndarray:
    """Return W(t), shape (T, d, d), of U̇ = (A − ½(WA + AW))U with W = UUᵀ."""
    shape = U0.shape

    def velocity(_: float, u: np.ndarray) -> np.ndarray:
        U = u.reshape(shape)
        AU = A @ U
        return (AU - 0.5 * (U @ (U.T @ AU) + AU @ (U.T @ U))).ravel()

    found = solve_ivp(
        velocity, (0.0, t[-1]), U0.ravel(), method="DOP853", rtol=rtol, atol=rtol * 1e-4, t_eval=t
    )
    assert found.success, found.message
    U = found.y.T.reshape(-1, *shape)
    return U @ np.swapaxes(U, -1, -2)
