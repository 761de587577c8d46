r"""An independent reference: Taylor series of the tied flow in 80-bit long double.

Symbols
-------
:math:`W_k` : Taylor coefficients of W at the step's start; :math:`M = 2A - (AW + WA)`; p : order.

Result
------
:math:`W' = \tfrac12(MW + WM)` is the symmetric part of MW, so that

.. math:: (k+1) W_{k+1} = \mathrm{sym} \sum_{j=0}^{k} M_j W_{k-j} ,

and the polynomial of a step is also evaluated on the grid, without an interpolant. The last two
coefficients set the length of the step, in a norm that the flow preserves,
:math:`|w_{ij}| \le \sqrt{w_{ii}w_{jj}}`. Two orders with different steps agree to 1e-16 or better
(``python -m benchmarks.reference`` prints the difference); the solvers under test share no code with it.
Results are stored in ``benchmarks/.cache``.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.problem import CHECKED, Ensemble

CACHE = Path(__file__).parent / ".cache"
ORDER, TOLERANCE, LONGEST = 32, 1e-21, 2.5  # LONGEST: longest step, in units of 1 / a_max


def reference(ensemble: Ensemble) -> np.ndarray:
    """Return W on the grid, long double, shape (members, points, d, d); read from the cache if stored."""
    source = Path(__file__).read_bytes() + (Path(__file__).parent / "problem.py").read_bytes()
    words = repr(sorted(asdict(ensemble).items())).encode()
    path = CACHE / f"reference-{hashlib.sha256(source + words).hexdigest()[:16]}.npy"
    if path.exists():
        return np.load(path)
    values = taylor(ensemble)
    CACHE.mkdir(exist_ok=True)
    beside = path.with_suffix(".part.npy")
    np.save(beside, values)
    beside.replace(path)
    return values


def taylor(
    ensemble: Ensemble,
    *,
    order: int = ORDER,
    tolerance: float = TOLERANCE,
    longest: float = LONGEST,
) -> np.ndarray:
    """Integrate an ensemble in long double; all members share their steps."""
    rates, starts = (x.astype(np.longdouble) for x in ensemble.draw())
    t = ensemble.t.astype(np.longdouble)
    n, d, _ = starts.shape
    out = np.empty((n, t.size, d, d), np.longdouble)
    pair_sum = rates[:, :, np.newaxis] + rates[:, np.newaxis, :]
    twice_A = 2 * rates[:, :, np.newaxis] * np.eye(d, dtype=np.longdouble)
    W = starts @ np.swapaxes(starts, 1, 2)
    now, done, cap = np.longdouble(0), 0, longest / rates.max()
    while done < t.size:
        series = _series(W, pair_sum, twice_A, order)
        scale = np.sqrt(np.einsum("nii->ni", W))
        scale = scale[:, :, np.newaxis] * scale[:, np.newaxis, :]
        h = cap
        for k in (order - 1, order):
            size = (np.abs(series[k]) / scale).max()
            if size > 0:
                h = min(h, (tolerance / size) ** (np.longdouble(1) / k))
        while done < t.size and t[done] <= now + h:
            out[:, done] = _horner(series, t[done] - now)
            done += 1
        W, now = _horner(series, h), now + h
    return out


def _series(
    W: np.ndarray, pair_sum: np.ndarray, twice_A: np.ndarray, order: int
) -> list[np.ndarray]:
    n, d, _ = W.shape
    # The sum over j as one product: [M_0 M_1 …] [W_k; W_{k-1}; …].
    M = np.empty((n, d, (order + 1) * d), np.longdouble)
    below = np.empty((n, (order + 1) * d, d), np.longdouble)
    series = [W]
    for k in range(order):
        M[:, :, k * d : (k + 1) * d] = (twice_A if k == 0 else 0) - pair_sum * series[k]
        last = (order - k) * d
        below[:, last : last + d] = series[k]
        P = M[:, :, : (k + 1) * d] @ below[:, last : last + (k + 1) * d]
        series.append((P + np.swapaxes(P, 1, 2)) / (2 * (k + 1)))
    return series


def _horner(series: list[np.ndarray], h: np.longdouble) -> np.ndarray:
    value = series[-1]
    for term in reversed(series[:-1]):
        value = value * h + term
    return value


def error(values: np.ndarray, ensemble: Ensemble) -> float:
    """Return the largest error of W on the grid; `values` may hold more members than are checked."""
    truth = reference(ensemble.checked())
    return float(np.abs(values[: len(truth)] - truth).max())


def main() -> None:
    """Print the difference between two orders with different steps."""
    for d in CHECKED:
        ensemble = Ensemble(d, 1 if d > 16 else 2)
        for spectrum in ("std", "wide", "xwide") if d == 8 else ("std",):
            case = Ensemble(d, ensemble.members, spectrum)
            gap = np.abs(taylor(case) - taylor(case, order=26, tolerance=1e-20, longest=1.7)).max()
            print(f"d = {d:2}, {spectrum:5}: two orders agree to {gap:.1e}")


if __name__ == "__main__":
    main()
