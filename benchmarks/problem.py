r"""The ensembles that every solver integrates.

Problem
-------
Tied nets :math:`f(x) = UU^Tx` on a diagonal second moment A, from small Gaussian starts:

.. math:: W' = AW + WA - \tfrac12 (AW^2 + W^2A + 2WAW), \qquad W(0) = U_0U_0^T \approx \epsilon^2 I .

With :math:`s_{ij} = \tfrac12(a_i + a_j)` one product of matrices gives the right-hand side,

.. math:: W_{ij}' = 2 s_{ij} W_{ij} - \sum_k (s_{ij} + a_k) W_{ik} W_{kj} ,

and every solver gets it in that form, on the packed upper triangle where that is its faster form.

Symbols
-------
d : dimension; n : members; a : rates, shape (n, d); U0 : starts, shape (n, d, 2d); t : grid of times.

Reading
-------
Three spectra. On `std` concepts are learned at about the same time. On `wide` (condition 50) and
`xwide` (condition 1000) the fast concepts are learned early; while the slow ones are learned, the fast ones
still limit the steps of an explicit method to about 3/a_max.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

SPECTRA = {"std": 30.0, "wide": 300.0, "xwide": 6000.0}  # name -> end of the grid
MEMBERS = {2: 1024, 4: 512, 8: 256, 16: 64, 32: 16, 64: 4}  # members of the ensemble, for each d
CHECKED = {2: 8, 4: 8, 8: 8, 16: 4, 32: 2, 64: 1}  # members compared with the reference


@dataclass(frozen=True)
class Ensemble:
    """Tied nets that share a grid; member k does not depend on the number of members.

    Parameters
    ----------
    d : int
        Dimension.
    members : int
        How many nets.
    spectrum : str
        A name in `SPECTRA`.
    eps : float
        Size of the start: W(0) is about eps² I.
    points : int
        Times of the grid, 0 and the end included.
    seed : int
        Member m draws from ``SeedSequence(seed, spawn_key=(d, m))``.
    """

    d: int
    members: int
    spectrum: str = "std"
    eps: float = 1e-2
    points: int = 201
    seed: int = 20_261_122

    @property
    def t(self) -> np.ndarray:
        """Times, shape (points,)."""
        return np.linspace(0.0, SPECTRA[self.spectrum], self.points)

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the rates, shape (members, d), and the starts, shape (members, d, 2d)."""
        d = self.d
        rates = np.empty((self.members, d))
        starts = np.empty((self.members, d, 2 * d))
        for m in range(self.members):
            rng = np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(d, m)))
            rates[m] = {
                "std": np.linspace(0.25, 1.0, d) * rng.uniform(0.8, 1.2, d),
                "wide": np.geomspace(0.02, 1.0, d),
                "xwide": np.geomspace(0.001, 1.0, d),
            }[self.spectrum]
            starts[m] = rng.normal(0.0, self.eps / np.sqrt(2 * d), (d, 2 * d))
        return rates, starts

    def first(self, members: int) -> Ensemble:
        """Return an ensemble of the first members."""
        return Ensemble(**{**asdict(self), "members": min(members, self.members)})

    def checked(self) -> Ensemble:
        """Return an ensemble of the members that are compared with the reference."""
        return self.first(CHECKED[self.d])


def second_moments(rates: np.ndarray) -> np.ndarray:
    """Return A = diag(a) of each member, shape (n, d, d)."""
    return rates[:, :, np.newaxis] * np.eye(rates.shape[1])


def gram(starts: np.ndarray) -> np.ndarray:
    """Return W(0) = U₀ U₀ᵀ of each member, exactly symmetric."""
    W = starts @ np.swapaxes(starts, 1, 2)
    return 0.5 * (W + np.swapaxes(W, 1, 2))


def triangle(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices from a full matrix into the packed upper triangle, and the reverse.

    The first has shape (d, d), the second holds flat places, shape (d (d + 1) / 2,).
    """
    place = np.empty((d, d), np.intp)
    rows, columns = np.triu_indices(d)
    place[rows, columns] = place[columns, rows] = np.arange(rows.size)
    return place, rows * d + columns
