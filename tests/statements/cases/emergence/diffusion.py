"""Cases on linear diffusion, and references that train and sample level by level."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from scipy.linalg import expm
from scipy.special import ndtr

from simtheory import ConceptGraph
from simtheory.analytic import emergence
from simtheory.noise import CosineVP
from tests.statements.cases.case import Case, Numbers, Reference


def one_concept(rng: np.random.Generator) -> Numbers:
    """Draw two levels of a schedule and the one where sampling ends, and a rare or frequent class."""
    alpha, noise = zip(*((np.cos(u), np.sin(u)) for u in (1.4, 0.8, 0.2)), strict=True)
    return {
        "T": rng.uniform(0.2, 20.0),
        "mu": rng.uniform(0.5, 2.0),
        "jitter": rng.uniform(0.1, 0.5),
        "share": rng.uniform(0.1, 0.9),
        "alpha": np.array(alpha),
        "noise": np.array(noise),
    }


def sampled(T: float, mu: float, jitter: float, share: float, **_: Any) -> Numbers:
    graph = ConceptGraph([[0], [1]], mu=mu, sigma=jitter, weights=[1.0 - share, share])
    schedule = CosineVP(0.4 / np.pi, 2.8 / np.pi)
    found = emergence.diffusion(graph, [T], classes=[[1]], steps=2, schedule=schedule)
    return {"m": found.mean[0, 0, 0], "C": found.covariance[0, 0, 0]}


CASES = {
    "linear-diffusion": Case(one_concept, sampled, points=8, rtol=1e-11),
    "guidance-is-overprompting": Case(
        lambda rng: {"c": float(rng.normal()), "w": rng.uniform(0.0, 5.0)},
        lambda c, w: {"p": emergence.equivalent_prompt(c, w)},
    ),
}


def law(graph: ConceptGraph, T: float, prompt: Any) -> tuple[Any, Any]:
    """Return mean and covariance of the samples: each level is trained by a matrix exponential, then applied."""
    m = graph.dim
    mean, C = np.zeros(m), np.eye(m)
    points = [
        (np.cos(0.5 * np.pi * u), np.sin(0.5 * np.pi * u)) for u in np.linspace(0.98, 0.02, 21)
    ]
    for (alpha, noise), (after, left) in pairwise(points):
        A, B = np.zeros((1 + 2 * m, 1 + 2 * m)), np.zeros((m, 1 + 2 * m))
        for share, centre in zip(graph.weights, graph.centroids, strict=True):
            f = np.concatenate([[1.0], centre, alpha * centre])
            A += share * np.outer(f, f)
            B += share * np.outer(centre, f)
        spread = np.diag(graph.spread**2)
        A[1 + m :, 1 + m :] += alpha**2 * spread + noise**2 * np.eye(m)
        B[:, 1 + m :] += alpha * spread
        size = len(A)
        grown = expm(T * np.block([[-A, np.eye(size)], [np.zeros((size, 2 * size))]]))
        W = B @ grown[:size, size:]  # the integral of e^(−As) from 0 to T
        keep = left / noise
        push = after - keep * alpha
        K = push * W[:, 1 + m :] + keep * np.eye(m)
        mean = K @ mean + push * (W[:, : 1 + m] @ np.concatenate([[1.0], prompt]))
        C = K @ C @ K.T
    return mean, C


def two_concepts(rng: np.random.Generator, high: float = 0.5) -> Numbers:
    return {"weak": rng.uniform(0.35, high), "spread": rng.uniform(0.05, 0.1)}


def graph_of(weak: float, spread: float) -> ConceptGraph:
    return ConceptGraph([[0, 0], [1, 0], [0, 1]], mu=(weak, 0.8), sigma=spread)


def window(weak: float, spread: float) -> Numbers:
    """Return accuracies at the times that are given, by the other road: each is the level."""
    graph = graph_of(weak, spread)
    found = emergence.overprompt_window(graph, [1, 1], 0, gains=[1.5])
    shown = []
    for T, gain in ((found.plain, 1.0), (found.times[0], 1.5)):
        mean, C = law(graph, T, graph.mu * np.array([gain, 1.0]))
        shown.append(np.prod(ndtr((mean - graph.mu / 2) / np.sqrt(np.diag(C)))))
    return {"q": np.array(shown)}


def dip(weak: float, spread: float) -> Numbers:
    """Return shares at the top and the bottom, and the differences to later times, by the other road."""
    graph = graph_of(weak, spread)
    found = emergence.memorisation_dip(graph, [1, 1], 0)
    shares = []
    for T in (found.top_time, found.bottom_time):
        near = [law(graph, T * (1 + h), graph.mu)[0][0] / weak for h in (-1e-3, 0.0, 1e-3)]
        shares += [near[1], 1.0 + near[2] - near[0]]
    return {"s": np.array(shares)}


def dip_stated(weak: float, spread: float) -> Numbers:
    found = emergence.memorisation_dip(graph_of(weak, spread), [1, 1], 0)
    return {"s": np.array([found.top, 1.0, found.bottom, 1.0])}


REFERENCES = {
    "overprompt-window": Reference(
        two_concepts, window, lambda **_: {"q": np.array([0.9, 0.9])}, rtol=1e-9, points=3
    ),
    # The slope at an extremum is zero: values 1e-3 to either side agree to 1e-9.
    "memorisation-dip": Reference(
        lambda rng: {"weak": rng.uniform(0.25, 0.32), "spread": 0.05},
        dip,
        dip_stated,
        rtol=1e-7,
        points=2,
    ),
}
