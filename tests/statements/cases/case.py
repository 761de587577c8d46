"""What a case, a reference and a simulation are, and the draws that several subjects share."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory import SIMTask

Numbers = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """How one label is drawn and computed."""

    draw: Callable[[np.random.Generator], Numbers]
    code: Callable[..., dict[str, Any]]
    rtol: float = 1e-12  # a few hundred eps: chains of a dozen operations and 3×3 factorisations
    points: int = 24
    slow: tuple[str, ...] = ()  # left sides whose flipped sign takes a proof seconds to refute


@dataclass(frozen=True)
class Reference:
    """How one computed label is drawn, computed, and found exactly on small cases."""

    draw: Callable[[np.random.Generator], Numbers]
    code: Callable[..., dict[str, Any]]
    exact: Callable[..., dict[str, Any]]  # by another road: enumeration, exact fractions
    rtol: float = 1e-12
    points: int = 24


@dataclass(frozen=True)
class Simulation:
    """How a cited constant is found by simulation: an estimate and its standard error."""

    estimate: Callable[[np.random.Generator], tuple[float, float]]
    sigmas: float = 4.0  # allowed distance, in units of both errors together


def task_of(a: np.ndarray) -> SIMTask:
    """Return the task with rates a (its own rounding of √a squared aside; cases read them back)."""
    return SIMTask(mu=np.zeros(len(a)), sigma=np.sqrt(a))


def falling_rates(rng: np.random.Generator, d: int = 3) -> np.ndarray:
    """Return decreasing rates, as the task rounds them; sometimes nearly equal ones."""
    ratio = rng.choice([1e-3, 0.1, 1.0])
    a = 10.0 ** rng.uniform(-1, 1) * (1.0 + ratio * np.cumsum(rng.random(d))[::-1])
    return task_of(a).rates


def weights(rng: np.random.Generator, d: int = 3) -> np.ndarray:
    """Return a start from 1e-8 up to the edge of W(0) < I."""
    U = rng.standard_normal((d, d))
    scale = rng.choice([1e-8, 1e-4, 1e-2, 0.3, 0.99])
    return U / np.linalg.norm(U, 2) * scale


def time(rng: np.random.Generator, a: np.ndarray) -> float:
    """Return a time from the first instant to long after everything is learned."""
    return float(rng.choice([0.0, 1e-6, 0.3, 3.0, 20.0]) / np.max(a))


def start(rng: np.random.Generator) -> Numbers:
    a = falling_rates(rng)
    return {"U": weights(rng), "a": a, "t": time(rng, a)}


def quietly(function: Callable[..., Any], *arguments: Any) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, strict=False).weights[0]


def symmetric(rng: np.random.Generator, d: int = 3) -> np.ndarray:
    A = rng.standard_normal((d, d))
    return A @ A.T
