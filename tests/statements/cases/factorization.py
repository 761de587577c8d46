"""Cases and references of the subject factorization."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from simtheory.analytic import factorization
from tests.statements.cases.case import Case, Numbers, Reference


def examples(rng: np.random.Generator) -> Numbers:
    side = rng.uniform(4, 64)
    return {"n": rng.uniform(0, 500), "N": side, "tau": side * rng.uniform(0.01, 0.5)}


CASES = {
    "nearest-random": Case(
        examples,
        lambda n, N, tau: {"acc": factorization.nearest_random(n, side=N, tolerance=tau)},
    ),
    "nearest-factorised": Case(
        examples,
        lambda n, N, tau: {"acc": factorization.nearest_factorised(n, side=N, tolerance=tau)},
    ),
    "torus-constants": Case(
        lambda rng: {"R": rng.uniform(0.1, 5), "r": rng.uniform(0.1, 5)},
        lambda R, r: {
            "A": (R**2 + r**2 / 2) / 2,
            "B": r**2 / 2,
            "PR": factorization.torus_participation(R, r),
        },
    ),
}


def lengths(rng: np.random.Generator) -> Numbers:
    return {"width": rng.uniform(0.5, 9), "tau": rng.uniform(0.1, 3)}


def beyond(width: float, low: float, high: float) -> Fraction:
    """Return the length of the part of a strip that is further than low and high from its rims."""
    return max(Fraction(0), Fraction(width) - Fraction(low) - Fraction(high)) / Fraction(width)


def covered(d: float, tau: float) -> dict[str, Any]:
    """Integrate the height of the covered part over a quarter of a cell."""
    with mpmath.workdps(30):
        half, reach = mpmath.mpf(d) / 2, mpmath.mpf(tau)
        if reach**2 >= 2 * half**2:
            return {"acc": 1.0}
        end = min(half, reach)
        flat = mpmath.sqrt(reach**2 - half**2) if reach > half else mpmath.mpf(0)
        area = flat * half + mpmath.quad(lambda x: mpmath.sqrt(reach**2 - x**2), [flat, end])
        return {"acc": float(area / half**2)}


def rings(rng: np.random.Generator) -> Numbers:
    return {"side": int(rng.integers(3, 7)), "sigma": rng.uniform(0.3, 1)}


def images(side: int, sigma: float) -> np.ndarray:
    """Draw bumps, wrapped around a ring of pixels, at 96 centres on it."""
    away = np.arange(side) - np.arange(96)[:, None] * side / 96
    wraps = np.arange(-9, 10) * side
    return np.exp(-((away[..., None] + wraps) ** 2) / (2 * sigma**2)).sum(-1)


def spectrum(side: int, sigma: float) -> dict[str, Any]:
    found = images(side, sigma)
    return {"l": np.fft.fft((found.T @ found / 96)[0]).real}


def explained(side: int, sigma: float) -> dict[str, Any]:
    """Take the sums of squares of every image on a grid of both centres."""
    found = images(side, sigma)
    both = found[:, None, :, None] * found[None, :, None, :]
    mean = both.mean((0, 1))
    parts = [((both.mean(axis) - mean) ** 2).sum((1, 2)).mean() for axis in (0, 1)]
    total = ((both - mean) ** 2).sum((2, 3)).mean()
    return {"share": 1 - sum(parts) / total}


def ratio(side: int, sigma: float, shape: str) -> dict[str, Any]:
    found = images(side, sigma)
    ones = np.ones((side, side))
    if shape == "bump":
        second, mean = found.T @ found / 96, found.mean(0)
        covariance = np.kron(second, second) - np.outer(np.kron(mean, mean), np.kron(mean, mean))
    else:
        one = np.cov(found.T, bias=True)
        covariance = np.kron(one, ones) + np.kron(ones, one)
    return {"PR": np.trace(covariance) ** 2 / (covariance**2).sum()}


def displaced(torus: str, R: float, r: float) -> dict[str, Any]:
    """Rotate two steps of each factor through all angles."""

    def point(u: Any, v: Any) -> np.ndarray:
        u, v = np.broadcast_arrays(u, v)
        if torus == "clifford":
            return np.stack([R * np.cos(u), R * np.sin(u), r * np.cos(v), r * np.sin(v)], -1)
        wide = R + r * np.cos(v)
        return np.stack([wide * np.cos(u), wide * np.sin(u), r * np.sin(v)], -1)

    def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a * b).sum(-1) / np.sqrt((a**2).sum(-1) * (b**2).sum(-1))

    angle = (np.arange(400) + 0.5) * 2 * np.pi / 400
    u, v = angle[:, None], angle
    step_x = point(u + 0.7, 0.4) - point(u, 0.4)
    step_y = point(1.1, v + 0.9) - point(1.1, v)
    across = point(u + 0.7, v) - point(u, v)
    along = point(u, v + 0.9) - point(u, v)
    other = point(2.9, 0.4) - point(1.7, 0.4)
    return {
        "means": np.array(
            [
                cosine(across, step_x).mean(),
                cosine(along, step_y).mean(),
                np.abs(cosine(step_x, step_y)).mean(),
                np.abs(cosine(step_x, other)).mean(),
            ]
        )
    }


def noise(gx: int, gy: int, dim: int) -> dict[str, Any]:
    """Count degrees of freedom, and integrate over the angles of two Gaussian vectors."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    turn, w = np.pi / 2 * (nodes + 1), weights
    sizes = turn[:, None] / 2  # of the lengths of both vectors
    sphere = w * np.sin(turn) ** (dim - 2)
    chance = (w * (np.sin(turn / 2) * np.cos(turn / 2)) ** (dim - 1))[:, None] * sphere
    first = np.cos(sizes) / 2 + np.sqrt(0.75) * np.sin(sizes) * np.cos(turn)
    rest = np.sqrt(0.75) * np.sin(sizes) * np.sin(turn)
    shared = (chance * first / np.hypot(first, rest)).sum() / chance.sum()
    quarter = w * np.sin(turn / 2) ** (dim - 2)  # up to the kink
    absolute = (quarter * np.cos(turn / 2)).sum() / quarter.sum()
    free = Fraction((gx - 1) * (gy - 1), gx * gy - 1)
    return {"means": np.array([float(free), 0.0, absolute, shared])}


def codes(rng: np.random.Generator) -> Numbers:
    """Draw combinations, each once, their images, and which are held out."""
    x, y = np.meshgrid(np.arange(4.0), np.arange(3.0))
    factors = rng.permutation(np.stack([x.ravel(), y.ravel()], -1))[: int(rng.integers(5, 13))]
    held = np.arange(len(factors)) < int(rng.integers(1, len(factors) - 1))
    return {
        "images": rng.normal(size=(len(factors), 5)),
        "factors": factors,
        "held": held,
        "conjunctions": bool(rng.random() < 0.5),
    }


def by_features(
    images: np.ndarray, factors: np.ndarray, held: np.ndarray, conjunctions: bool
) -> dict[str, Any]:
    """Write every feature out, one for each combination too, and take the pseudo-inverse."""
    one = [(factors[:, [k]] == np.unique(factors[:, k])).astype(float) for k in (0, 1)]
    pairs = np.eye(len(factors)) if conjunctions else np.zeros((len(factors), 0))
    features = np.concatenate([*one, pairs], axis=1)
    found = features @ np.linalg.pinv(features[~held]) @ images[~held]
    return {
        "shifted": 10.0 + found,  # a value that was never seen gives zero, up to rounding
        "error": ((found - images)[held] ** 2).sum() / (images[held] ** 2).sum(),
    }


def by_sums(
    images: np.ndarray, factors: np.ndarray, held: np.ndarray, conjunctions: bool
) -> dict[str, Any]:
    fit = factorization.additive_fit(images, factors, held, conjunctions=conjunctions)
    return {"shifted": 10.0 + fit.predicted, "error": fit.error}


def noisy(rng: np.random.Generator) -> Numbers:
    return {
        "z": rng.normal(size=3),
        "clean": rng.normal(size=(5, 3)),
        "share": rng.uniform(0.2, 1),
        "spread": 10.0 ** rng.uniform(-1, 1),
        "weights": rng.random(5) * (rng.random(5) < 0.8) + 1e-9,
    }


def posterior(
    z: np.ndarray, clean: np.ndarray, share: float, spread: float, weights: np.ndarray
) -> dict[str, Any]:
    with mpmath.workdps(40):
        mass = [
            mpmath.mpf(w)
            * mpmath.exp(
                -mpmath.fsum(
                    (mpmath.mpf(a) - mpmath.mpf(share) * b) ** 2 for a, b in zip(z, x, strict=True)
                )
                / (2 * mpmath.mpf(spread) ** 2)
            )
            for w, x in zip(weights, clean, strict=True)
        ]
        total = mpmath.fsum(mass)
        mean = [
            mpmath.fsum(m * x[k] for m, x in zip(mass, clean, strict=True)) / total
            for k in range(3)
        ]
        return {"x": np.array(mean, dtype=float)}


def on_a_grid(width: float) -> dict[str, Any]:
    """Average over a grid of the three distances of four values, off the coincidences."""
    ring = 2 * np.pi * np.arange(96) / 96
    a, b, c = np.meshgrid(ring + 0.011, ring + 0.0234, ring + 0.0377, indexing="ij")
    waves = np.arange(1, 60)
    size = np.exp(-((2 * np.pi * waves * width / 32) ** 2))
    line = np.linspace(0, 2 * np.pi, 20_001)
    table = 2 * (np.cos(line[:, None] * waves) @ size)

    def kernel(angle: np.ndarray) -> np.ndarray:
        return np.interp(angle % (2 * np.pi), line, table)

    top = kernel(b + c - a) - kernel(b - a) - kernel(b + c) + kernel(b)
    ends = 2 * np.sqrt((table[0] - kernel(a)) * (table[0] - kernel(c)))
    return {"score": np.abs(top / ends).mean()}


REFERENCES = {
    "conjunction-additivity": Reference(
        codes,
        by_sums,
        by_features,
        rtol=1e-12,
    ),
    "conditional-ideal-denoiser": Reference(
        noisy,
        lambda z, clean, share, spread, weights: {
            "x": factorization.ideal_denoiser(
                z, clean, data_share=share, noise_share=spread, weights=weights
            )
        },
        posterior,
        rtol=1e-11,  # exponentials of numbers of the order 100
    ),
    "continuity-score": Reference(
        lambda rng: {"width": rng.uniform(1.5, 8)},
        lambda width: {"score": factorization.local_continuity(width)},
        on_a_grid,
        rtol=2e-3,  # the kinks of the absolute value on both grids
        points=3,
    ),
    "spectrum-1d": Reference(
        rings,
        lambda side, sigma: {"l": factorization.ring_spectrum(side, sigma)},
        spectrum,
        rtol=1e-9,  # the smallest eigenvalue is 1e-5 of the largest
    ),
    "interaction-fraction": Reference(
        rings,
        lambda side, sigma: {"share": factorization.interaction_fraction(side, sigma)},
        explained,
        rtol=1e-9,
        points=6,
    ),
    "participation-data": Reference(
        lambda rng: rings(rng) | {"shape": str(rng.choice(["bump", "stripes"]))},
        lambda side, sigma, shape: {
            "PR": factorization.participation_ratio(side, sigma, shape=shape)
        },
        ratio,
        rtol=1e-9,
    ),
    "displacement-tests": Reference(
        lambda rng: {
            "torus": str(rng.choice(["clifford", "doughnut"])),
            "R": rng.uniform(2, 3),
            "r": rng.uniform(0.2, 1.9),
        },
        lambda torus, R, r: {"means": np.array(factorization.displacement_means(torus))},
        displaced,
        rtol=1e-4,  # midpoints across the kinks of absolute values
        points=6,
    ),
    "noise-nulls": Reference(
        lambda rng: {
            "gx": int(rng.integers(2, 20)),
            "gy": int(rng.integers(2, 20)),
            "dim": int(rng.integers(4, 60)),
        },
        lambda gx, gy, dim: {"means": np.array(factorization.noise_means(gx, gy, dim))},
        noise,
        rtol=1e-9,  # both vectors vanish at an end of the quadrature
        points=8,
    ),
    "nearest-lesion": Reference(
        lengths,
        lambda width, tau: {"acc": factorization.nearest_lesion(width, tolerance=tau)},
        lambda width, tau: {"acc": float(1 - beyond(width, tau, tau))},
    ),
    "nearest-hole": Reference(
        lambda rng: lengths(rng) | {"place": str(rng.choice(["interior", "corner"]))},
        lambda width, tau, place: {
            "acc": factorization.nearest_hole(width, tolerance=tau, place=place)
        },
        lambda width, tau, place: {
            "acc": float(1 - beyond(width, tau, tau if place == "interior" else 0.0) ** 2)
        },
    ),
    "lattice-coverage": Reference(
        lambda rng: {"d": (d := rng.uniform(0.5, 4)), "tau": d * rng.uniform(0.2, 0.8)},
        lambda d, tau: {"acc": factorization.nearest_lattice(d, tolerance=tau)},
        covered,
        rtol=1e-11,  # the quadrature meets a vertical end
    ),
}
