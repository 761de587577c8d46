"""Cases and references of labels on concept graphs: regression, kernels, toys, prompts."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np

from simtheory import ConceptGraph
from simtheory.analytic import emergence as em
from simtheory.tasks.emergence import Signed
from tests.statements.cases.case import Case, Numbers, Reference

_CUBE = np.array(list(np.ndindex(2, 2, 2)))


def eighths(rng: np.random.Generator, low: int, high: int, size: int) -> np.ndarray:
    """Return multiples of ⅛, so that moments are exact."""
    return rng.integers(low, high, size) / 8.0


def drawn_graph(rng: np.random.Generator) -> ConceptGraph:
    count = int(rng.integers(2, 7))
    parts = rng.multinomial(64 - count, np.full(count, 1.0 / count)) + 1
    return ConceptGraph(
        rng.permutation(_CUBE)[:count],
        mu=eighths(rng, 1, 20, 3),
        sigma=rng.choice([0, 1]) * eighths(rng, 1, 9, 3),
        weights=parts / 64.0,
    )


def regression(rng: np.random.Generator) -> Numbers:
    graph = drawn_graph(rng)
    features = np.vstack([np.ones(len(graph.train)), graph.centroids.T])
    asked = rng.integers(0, 2, (1, 3))
    return {
        "Phi": features,
        "P": np.diag(graph.weights),
        "D": np.diag([0.0, *graph.sigma**2]),
        "S": np.array([[0.0, *rng.uniform(0.5, 1.5, 3)]]),
        "phi": np.array([[1.0, *graph.encode(asked)[0]]]).T,
    }


def graph_of(Phi: np.ndarray, P: np.ndarray, D: np.ndarray) -> ConceptGraph:
    strengths = Phi[1:].max(axis=1)
    mu = np.where(strengths > 0, strengths, 1.0)
    return ConceptGraph(
        (Phi[1:] > 0).T.astype(int), mu=mu, sigma=np.sqrt(np.diag(D)[1:]), weights=np.diag(P)
    )


def asked_of(graph: ConceptGraph, phi: np.ndarray) -> np.ndarray:
    return (phi[1:, 0] > 0).astype(int)[None]


def mixed(numbers: Numbers, outputs: np.ndarray) -> dict[str, Any]:
    """Return the mixture of the outputs that S asks for: one of them may vanish by symmetry."""
    return {"f": numbers["S"][:, 1:] @ outputs[:, None]}


def regression_code(t: float, **numbers: Any) -> dict[str, Any]:
    graph = graph_of(numbers["Phi"], numbers["P"], numbers["D"])
    asked = asked_of(graph, numbers["phi"])
    return mixed(numbers, em.regression(graph, [t], classes=asked)[0, 0] * graph.mu)


def regression_numbers(rng: np.random.Generator) -> Numbers:
    """Draw until the class asked for has the strengths that the trained ones show."""
    while True:
        numbers = regression(rng)
        graph = graph_of(numbers["Phi"], numbers["P"], numbers["D"])
        asked = asked_of(graph, numbers["phi"])
        if np.array_equal(graph.encode(asked)[0], numbers["phi"][1:, 0]):
            return numbers


def descent_code(eta: float, s: float, **numbers: Any) -> dict[str, Any]:
    graph = graph_of(numbers["Phi"], numbers["P"], numbers["D"])
    asked = asked_of(graph, numbers["phi"])
    found = em.regression_descent(graph, [s], lr=eta, classes=asked)[0, 0]
    return mixed(numbers, found * graph.mu)


def descent_numbers(rng: np.random.Generator) -> Numbers:
    numbers = regression_numbers(rng)
    top = np.linalg.eigvalsh(numbers["Phi"] @ numbers["P"] @ numbers["Phi"].T + numbers["D"])[-1]
    eta = float(np.round(rng.uniform(0.1, 1.8) / top, 6))
    return {**numbers, "eta": eta, "s": float(rng.integers(1, 12))}


def split_numbers(rng: np.random.Generator) -> Numbers:
    n = int(rng.integers(2, 40))
    a = rng.uniform(0.05, 0.9)
    low = max(0.0, (n * a * a - a) / (n - 1))
    return {
        "n": float(n),
        "d": float(rng.integers(1, n)),
        "a": a,
        "b": low + rng.uniform(0.2, 0.9) * (a - low),
        "spread": rng.choice([0.0, 0.3]),
        "t": 10.0 ** rng.uniform(-3, 3),
    }


def split_code(n: float, d: float, a: float, b: float, spread: float, t: float) -> dict[str, Any]:
    found = em.exchangeable(int(n), int(d), [t], a=a, b=b, sigma=spread)
    return {"f_on": found.on[0], "f_off": found.off[0]}


def star_code(n: float, d: float, t: float) -> dict[str, Any]:
    found = em.star(int(n), int(d), [t])
    return {"f_on": found.on[0], "f_off": found.off[0]}


def kernel_numbers(rng: np.random.Generator) -> Numbers:
    rho, count = rng.uniform(0.05, 0.95), int(rng.integers(2, 7))
    classes = rng.permutation(_CUBE)
    trained, asked = classes[:count], classes[-1:]
    return {
        "K": rho ** np.sum(trained[:, None] != trained, axis=-1),
        "P": np.diag(rng.dirichlet(np.full(count, 5.0))),
        "k": rho ** np.sum(asked[:, None] != trained, axis=-1),
        "Y": trained.astype(float),
        "t": rng.choice([1e-4, 1.0, 30.0]),
        "rho": rho,
        "asked": asked,
    }


def kernel_code(rho: float, asked: np.ndarray, **numbers: Any) -> dict[str, Any]:
    graph = ConceptGraph(numbers["Y"], weights=np.diag(numbers["P"]))
    return {"f": em.kernel_regression(graph, rho, [numbers["t"]], classes=asked)[0]}


def alone(rng: np.random.Generator) -> Numbers:
    return {
        "p": rng.uniform(0.01, 1.0),
        "mu": rng.uniform(0.1, 3.0),
        "spread": rng.uniform(0.01, 1.0),
    }


def half_times(w0: float, p: float, mu: float, spread: float) -> dict[str, Any]:
    found = em.half_times(p, mu=mu, sigma=spread, w0=w0)
    return {"T_1": found.one_layer, "T_2": found.tied}


CASES = {
    "affine-regression": Case(
        lambda rng: {**regression_numbers(rng), "t": rng.choice([1e-6, 0.3, 3.0])},
        regression_code,
        rtol=1e-9,  # outputs of both signs are added
    ),
    "discrete-descent": Case(descent_numbers, descent_code, rtol=1e-10),
    "affine-exchangeable": Case(split_numbers, split_code, rtol=1e-9),  # f_off is a difference
    "affine-star": Case(
        lambda rng: {
            "n": float(n := int(rng.integers(2, 200))),
            "d": float(rng.integers(1, n)),
            "t": n * 10.0 ** rng.uniform(-2, 1),
        },
        star_code,
        rtol=1e-9,  # f_off is a difference of two terms, and falls as e^(−t/n)
    ),
    "affine-star-asymptote": Case(
        lambda rng: {"n": float(rng.integers(2, 10_000))},
        lambda n: {"T": em.farthest_time(int(n))},
    ),
    "bias-free-degeneracy": Case(
        lambda rng: {
            "n": float(rng.integers(1, 100)),
            "mu": rng.uniform(0.1, 3),
            "spread": rng.uniform(0, 1),
        },
        lambda n, mu, spread: {"T": em.time_without_bias(int(n), mu=mu, sigma=spread)},
    ),
    "overlap-kernel": Case(
        kernel_numbers, kernel_code, rtol=1e-10
    ),  # relative to one output of several
    "memorisation-leak": Case(
        lambda rng: {"rho": rng.uniform(0.01, 1), "d": float(rng.integers(2, 30))},
        lambda rho, d: {
            "f_on": em.memorisation_leak(rho, int(d)),
            "rho_c": em.critical_overlap(int(d)),
        },
    ),
    "kernel-finetune": Case(
        lambda rng: {
            "before": rng.uniform(0.5, 1),
            "rho": rng.uniform(0.1, 1),
            "h": float(rng.integers(0, 6)),
            "y": rng.uniform(1, 2),
            "g": rng.uniform(0, 1),
            "t": 10.0 ** rng.uniform(-4, 2),
        },
        lambda before, rho, h, y, g, t: {
            "f": em.fine_tuned(before, [t], rho=rho, distance=int(h), tuned=g, target=y)[0]
        },
    ),
    "bernoulli-toy": Case(
        lambda rng: {
            "p": 10.0 ** rng.uniform(-6, -0.1),
            "n": float(rng.integers(1, 30)),
            "t": 10.0 ** rng.uniform(0, 3),
            "level": rng.uniform(0.01, 0.99),
        },
        lambda p, n, t, level: {
            "chance": em.acquisition(p, int(n), t),
            "T": em.acquisition_time(p, int(n), level=level, whole=False),
        },
        rtol=1e-11,  # n times the rounding of the logarithm of a small chance
    ),
    "sim-modes": Case(lambda rng: {**alone(rng), "w0": 10.0 ** rng.uniform(-9, -0.5)}, half_times),
    "frequency-law": Case(
        alone, lambda p, mu, spread: {"slope": em.frequency_slope(p, mu=mu, sigma=spread)}
    ),
    "critical-frequency": Case(
        lambda rng: {
            "T": rng.uniform(1, 20),
            "w0": 10.0 ** rng.uniform(-9, -2),
            "mu": rng.uniform(0.1, 3),
            "spread": rng.uniform(0.01, 0.3),
        },
        lambda T, w0, mu, spread: {
            "p_c": em.critical_frequency(T, w0=w0, mu=mu, sigma=spread),
            "width": em.frequency_width(T, mu=mu),
        },
    ),
    "hidden-window": Case(
        lambda rng: {
            "gain": 1 + 10.0 ** rng.uniform(-3, 2),
            "width": rng.uniform(0.1, 9),
            "rate": rng.uniform(0.1, 9),
        },
        lambda gain, width, rate: {
            "T_log": em.prompt_window(gain, curve=em.Logistic(width)),
            "T_exp": em.prompt_window(gain, curve=em.Exponential(rate)),
        },
    ),
    "masked-caption": Case(
        lambda rng: {"m": rng.uniform(0, 0.95)},
        lambda m: {"colour": em.masked_caption([m], code=Signed()).colour[0]},
        rtol=1e-12,
    ),
}


def skills(rng: np.random.Generator) -> Numbers:
    return {
        "alpha": rng.uniform(0.2, 4),
        "k": int(rng.integers(1, 5)),
        "t": 10.0 ** rng.uniform(-1, 6),
    }


def summed(alpha: float, k: int, t: float) -> dict[str, Any]:
    """Sum the first ranks one by one, then by Euler and Maclaurin in mpmath, from a later one on."""
    with mpmath.workdps(30):
        scale = 1 / mpmath.zeta(1 + alpha)

        def gained(s: Any) -> Any:
            rate = scale * mpmath.mpf(s) ** (-1 - alpha)
            return -rate * mpmath.expm1(-rate * t)

        last = 3000
        head = mpmath.fsum(gained(s) for s in range(1, last))
        ends = [last, *(last * mpmath.mpf(10) ** k for k in (1, 2, 4, 8, 16)), mpmath.inf]
        tail = mpmath.quad(gained, ends) + gained(last) / 2 - mpmath.diff(gained, last) / 12
        return {"chance": float((head + tail) ** k)}


def simulation(rng: np.random.Generator) -> Numbers:
    return {"a": rng.uniform(1, 5), "t": rng.uniform(0.1, 25), "k": 10.0 ** rng.uniform(-2, 1)}


def relaxed(a: float, t: float, k: float) -> dict[str, Any]:
    """Integrate the two relaxations in mpmath."""
    with mpmath.workdps(25):
        rate = mpmath.mpf(3) / 2 * (a + 1 / mpmath.mpf(a))
        ends = sorted({mpmath.mpf(0), *(mpmath.mpf(t) * j / 24 for j in range(1, 25))})
        told = mpmath.quad(
            lambda u: mpmath.exp(-rate * (t - u)) / (1 + mpmath.exp(-k * (u - 10))), ends
        )
        gone = mpmath.exp(-rate * t)
        weak = gone / 2 + ((1 - gone) + a**2 * rate * told) / (1 + a**2)
        strong = gone / 2 + (a**2 * (1 - gone) + rate * told) / (1 + a**2)
        return {"c": np.array([float(weak), float(strong)])}


REFERENCES = {
    "zipf-skills": Reference(
        skills,
        lambda alpha, k, t: {"chance": em.zipf_skills(alpha, k, t)},
        summed,
        rtol=1e-11,
        points=6,
    ),
    "b-toy-ode": Reference(
        simulation,
        lambda a, t, k: {"c": em.park_ode(a, [t], k=k)[0]},
        relaxed,
        rtol=1e-12,
        points=8,
    ),
}
