"""simtheory itself."""

from __future__ import annotations

import inspect

import numpy as np

from benchmarks.problem import Ensemble, second_moments
from simtheory.sim import Tied, integrate


class Solver:
    """The public function that a user calls."""

    def __init__(self, ensemble: Ensemble, threads: int, variant: str) -> None:
        rates, self.starts = ensemble.draw()
        self.moments = second_moments(rates)
        self.t = ensemble.t
        takes_threads = "threads" in inspect.signature(integrate).parameters
        self.options = {"threads": threads} if takes_threads else {}

    def __call__(self, rtol: float, atol_ratio: float) -> np.ndarray:
        """Integrate."""
        return integrate(Tied(), self.moments, self.starts, self.t, rtol=rtol, **self.options)
