"""What the first-order faces of untied and deep nets share: check, integrate, say how far it holds."""

from __future__ import annotations

import numpy as np

from simtheory._typing import Array
from simtheory.analytic import _depth_clock as clock
from simtheory.analytic._axes import leave_regime
from simtheory.analytic._layers import end_to_end, require_balanced
from simtheory.analytic._off_diagonal import integrate
from simtheory.errors import RegimeError

_NEARLY = 0.1
"""The diagonal errs by the square of this; beyond it the first order is not the leading one."""


def first_order(
    rates: Array, chain: list[Array], t: Array, *, strict: bool
) -> tuple[Array, dict[str, Array]]:
    """Return W to first order in its off-diagonals, (..., T, d, d), and what it says of its error."""
    require_balanced(chain)
    W0 = end_to_end(chain)
    w0 = np.diagonal(W0, axis1=-2, axis2=-1)
    if w0.size and not 0.0 < w0.min() <= w0.max() < 1.0:
        raise RegimeError(
            "The first-order form needs a diagonal of W(0) inside (0, 1), but it runs from "
            f"{w0.min():g} to {w0.max():g}."
        )
    depth = len(chain)
    d = rates.size
    members = [integrate(rates, each, t, depth) for each in W0.reshape(-1, d, d)]
    weights = np.reshape(members, (*W0.shape[:-2], t.size, d, d))
    modes = clock.mode(rates[:, None], w0[..., None], t, float(depth))
    size = np.sqrt(modes[..., :, None, :] * modes[..., None, :, :])
    tilt = np.abs(np.moveaxis(weights, -3, -1) / size).max(axis=(-3, -2, -1))
    if tilt.max(initial=0.0) > _NEARLY:
        leave_regime(
            f"The first-order form needs |W_ij| to stay below {_NEARLY:g} √(w_ii w_jj), but it reaches "
            f"{tilt.max():.3g} of that.",
            strict=strict,
        )
    k = np.arange(d)
    weights[..., k, k] = np.swapaxes(modes, -1, -2)
    return weights, {"small_parameter": tilt, "error_estimate": tilt**2}
