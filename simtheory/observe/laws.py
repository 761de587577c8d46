r"""How far a trajectory is from the laws that every exact tied flow obeys.

Problem
-------
An integrator of the tied net, or a training run, is hard to check where no closed form is known.
Three laws hold there all the same, whatever the second moment A and the start:

.. math::
    \ln\frac{\det W(t)}{\det(I-W(t))} &= \ln\frac{\det W(0)}{\det(I-W(0))} + 2t\,\mathrm{tr}A , \\
    \frac{d}{dt}\ln\frac{\omega_k}{1-\omega_k} &= 2q_k^TAq_k , \qquad 0 \le W \le I ,

with :math:`\omega_k, q_k` the eigenpairs of W. The residuals of a trajectory cost one eigenvalue
decomposition for each time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simtheory._faces import face
from simtheory._typing import Array
from simtheory.observe import _given, arrays
from simtheory.results import Trajectory, axes
from simtheory.results.axes import over

__all__ = ["LawResiduals", "law_residuals"]

_SINGULAR = 1e-7
"""Below it an eigenvalue of W (against the largest) or of I − W is not read: float64 knows it to
2e-16, its logarithm then to 2e-9, and the sum of a few of them to 1e-8."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LawResiduals:
    """What the exact laws of the tied net leave over, along a trajectory.

    Parameters
    ----------
    t : ndarray, shape (T,)
        Canonical times.
    det_law : ndarray, shape (..., T)
        ln det W − ln det(I − W), less its start and 2 t tr A; NaN where it cannot be read.
    eigen_logit : ndarray, shape (..., T, d)
        The same for each eigenvalue, in rising order: its logit, less its start and the integral of
        2 qᵀAq, by Simpson's rule on the grid; NaN where it cannot be read.
    cone : ndarray, shape (..., T)
        How far the eigenvalues of W lie outside [0, 1]; zero inside.
    """

    t: Array = field(metadata=over("t", labels=True, note="canonical"))
    det_law: Array = field(metadata=over("*ensemble", "t", allow="real"))
    eigen_logit: Array = field(metadata=over("*ensemble", "t", "eigenvalue", allow="real"))
    cone: Array = field(metadata=over("*ensemble", "t", allow="real"))

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)

    def __repr__(self) -> str:
        with np.errstate(invalid="ignore"):
            worst = float(np.nanmax(np.abs(self.det_law), initial=0.0))
        return f"LawResiduals(T={self.t.size}, det_law={worst:.3g}, cone={self.cone.max():.3g})"


@face
def law_residuals(traj: Trajectory) -> LawResiduals:
    """Return how far a trajectory is from the determinant law, the eigen-logit law and the cone.

    All three are zero along the exact flow of a tied net that starts within the cone 0 ≤ W ≤ I.

    Parameters
    ----------
    traj : Trajectory
        With weights; of a tied net, on the canonical clock.

    Returns
    -------
    LawResiduals
        Over time, for each member of the ensemble.

    Raises
    ------
    ArgumentError
        If the trajectory has no weights.

    Notes
    -----
    A logarithm is read only where its eigenvalue is above 1e-7: of W relative to the largest, and of
    I − W. Elsewhere, and along the whole of a run that starts there, the residual is NaN: W alone
    does not hold the digits. So a run that leaves the cone shows in `cone`, and as NaN. The
    determinant law needs no quadrature; the eigen-logit law is as sharp as the grid is fine.
    Descent of finite step follows the laws to first order in its step only.

    Examples
    --------
    >>> from simtheory.tasks import SIMTask
    >>> task, t = SIMTask(mu=1.0, sigma=0.0), np.array([0.0, 1.0])
    >>> exact = 0.1 / (0.1 + 0.9 * np.exp(-2 * t))
    >>> run = Trajectory.from_weights(t, exact[:, None, None], task, origin="sim", exact=True)
    >>> abs(law_residuals(run).det_law) < 1e-12
    array([ True,  True])
    """
    from scipy.integrate import cumulative_simpson  # loading it takes longer than a run

    omega, q = np.linalg.eigh(arrays.symmetric(_given.weights(traj)))
    low, high = omega[..., :1], omega[..., -1:]
    known = (omega > _SINGULAR * high) & (1.0 - omega > _SINGULAR)
    safe = np.where(known, omega, 0.5)
    logit = np.where(known, np.log(safe) - np.log1p(-safe), np.nan)
    moment = traj.task.second_moment
    speed = 2.0 * np.sum(q * (moment @ q), axis=-2)
    grown = np.zeros_like(speed)
    if traj.t.size > 1:
        grown = cumulative_simpson(speed, x=traj.t, axis=-2, initial=0.0)
    total = logit.sum(axis=-1)
    return LawResiduals(
        t=traj.t,
        det_law=total - total[..., :1] - 2.0 * np.trace(moment) * (traj.t - traj.t[0]),
        eigen_logit=logit - logit[..., :1, :] - grown,
        cone=np.maximum(np.maximum(-low, high - 1.0), 0.0)[..., 0],
    )
