"""Cases, references and simulations of the subject percolation."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np

from simtheory.analytic import percolation
from simtheory.sim import percolation as simulated
from tests.statements.cases.case import Case, Numbers, Reference, Simulation


def bump(rng: np.random.Generator) -> Numbers:
    sigma = 10.0 ** rng.uniform(-2, 1)
    # The product of densities links nothing where 4 pi sigma^2 theta is above one.
    theta = min(0.9, 1.0 / (4.0 * np.pi * sigma**2)) * rng.uniform(0.05, 0.9)
    return {
        "width": sigma,
        "theta": theta,
        "r_com": float(percolation.link_radius(sigma, theta=theta, overlap="common")),
    }


def radii(width: float, theta: float, r_com: float) -> dict[str, Any]:
    names = {"r_cos": "cosine", "r_bha": "bhattacharyya", "r_pro": "product"}
    found = {
        key: percolation.link_radius(width, theta=theta, overlap=name)
        for key, name in names.items()
    }
    return found | {"theta_com": theta}


def away(rng: np.random.Generator) -> Numbers:
    return {
        "dx": rng.uniform(-4, 4), "dy": rng.uniform(-4, 4), "sx": rng.uniform(0.7, 4), "sy": rng.uniform(0.7, 4)
    }  # fmt: skip


def points(rng: np.random.Generator) -> Numbers:
    """Draw a number of points and a length with which the probability may be tiny."""
    n = int(rng.integers(1, 60))
    return {"n": n, "a": float(rng.uniform(0.6, 6.0) / n)}


def some_gaps(rng: np.random.Generator) -> Numbers:
    found = points(rng)
    return found | {"l": int(rng.integers(0, min(found["n"], 2) + 1))}


def at_a_solution(rng: np.random.Generator) -> Numbers:
    """Draw pairs above the threshold, and find both shares by bisection in place of Newton's steps."""
    nx, ny = 200, 300
    m = float(rng.integers(260, 900))
    with mpmath.workdps(60):

        def gap(u: Any) -> Any:
            return u - (1 - mpmath.exp(-m * (1 - mpmath.exp(-m * u / ny)) / nx))

        u = mpmath.findroot(gap, (mpmath.mpf(10) ** -6, 1), solver="anderson", tol=1e-50)
        return {"m": m, "nx": nx, "ny": ny, "v_y": 1 - mpmath.exp(-m * u / ny)}


CASES = {
    "overlap-link-radius": Case(
        bump, radii, rtol=1e-11
    ),  # the logarithm of the product may be small
    "overlap-anisotropic": Case(
        away, lambda dx, dy, sx, sy: {"c": percolation.bump_overlap(dx, dy, [sx, sy])}
    ),
    "overlap-stripes": Case(
        lambda rng: {
            "dx": rng.uniform(-9, 9),
            "dy": rng.uniform(-9, 9),
            "width": rng.uniform(1, 3),
            "N": 32.0,
        },
        lambda dx, dy, width, N: {
            "c": percolation.stripes_overlap(dx, dy, width, side=N),
            "eps": 4 * math.sqrt(math.pi) * width / N,
        },
    ),
    "overlap-pixel": Case(
        lambda rng: {
            "delta": rng.uniform(0, 3),
            "width": 10.0 ** rng.uniform(-1, 0.5),
            "u": rng.uniform(-1, 1),
        },
        lambda delta, width, u: {"c": percolation.pixel_overlap(delta, width, offset=u)},
        rtol=1e-11,  # logarithms of the order 1e3 at the narrowest
    ),
    "gaps-circle": Case(
        some_gaps,
        lambda n, a, l: {"P": percolation.circle_gaps(n, a, count=l)},
        rtol=1e-8,
    ),
    "chain-segment": Case(
        points, lambda n, a: {"P": percolation.segment_connected(n, a)}, rtol=1e-8
    ),
    "cover-segment": Case(points, lambda n, a: {"P": percolation.segment_covered(n, a)}, rtol=1e-8),
    "bipartite-giant": Case(
        at_a_solution,
        lambda m, nx, ny, v_y: {"share": percolation.identifiable_fraction(m, nx=nx, ny=ny)},
        rtol=1e-9,  # the slope of the law is near one at the threshold
        points=8,
    ),
    "bipartite-connected": Case(
        lambda rng: {"m": int(rng.integers(5, 60)), "nx": 9, "ny": 7},
        lambda m, nx, ny: {"P": percolation.connection_probability(m, nx=nx, ny=ny)},
        rtol=1e-11,  # differences of logarithms of factorials of the order 100
    ),
    "clusters-segment": Case(
        lambda rng: {"n": float(rng.integers(1, 200)), "a": rng.uniform(0.01, 0.9)},
        lambda n, a: {"C": percolation.segment_clusters(n, a)},
    ),
    "chain-half-number": Case(
        lambda rng: {
            "a": (a := 10.0 ** rng.uniform(-5, -1)),
            "n": percolation.half_number(a, exact=False),
        },
        lambda a, n: {"half": 0.5},
        rtol=1e-9,  # Lambert's function, then an exponential of n a of the order 10
    ),
    "clusters-line": Case(
        lambda rng: {"rho": rng.uniform(0.1, 5), "r": rng.uniform(0.1, 3)},
        lambda rho, r: {"size": percolation.line_cluster(rho * r)},
    ),
    "clusters-ring": Case(
        lambda rng: {
            "M": float(rng.integers(3, 100)),
            "p": rng.random(),
            "k": float(rng.integers(1, 9)),
        },
        lambda M, p, k: {"C": percolation.ring_clusters(M, p, reach=int(k))},
    ),
    "n-critical": Case(
        lambda rng: {"N": rng.uniform(8, 64), "r": rng.uniform(0.5, 9), "eta": 1.12808737},
        lambda N, r, eta: {"n": percolation.critical_number(N, radius=r)},
    ),
}


def some_pairs(rng: np.random.Generator) -> Numbers:
    nx, ny = (int(k) for k in rng.integers(2, 6, size=2))
    m = int(rng.integers(1, 8))
    return {
        "pairs": np.stack([rng.integers(0, nx, m), rng.integers(0, ny, m)], -1),
        "nx": nx,
        "ny": ny,
    }


def by_rank(pairs: np.ndarray, nx: int, ny: int) -> dict[str, Any]:
    """Ask for every combination whether its equation follows from those of the training pairs."""

    def row(x: int, y: int) -> np.ndarray:
        found = np.zeros(nx + ny)
        found[x] = found[nx + y] = 1.0
        return found

    known = np.array([row(x, y) for x, y in pairs])
    rank = np.linalg.matrix_rank(known)
    mask = [
        [np.linalg.matrix_rank(np.vstack([known, row(x, y)])) == rank for y in range(ny)]
        for x in range(nx)
    ]
    return {"mask": np.array(mask, dtype=float)}


def spans(n: int) -> dict[str, Any]:
    """Count by walking through every choice of sites."""
    counts = np.zeros(n * n + 1)
    for mask in range(2 ** (n * n)):
        kept = {k for k in range(n * n) if mask >> k & 1}
        todo = [k for k in kept if k < n]
        seen = set(todo)
        while todo:
            here = todo.pop()
            row, column = divmod(here, n)
            near = [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
            for down, right in near:
                there = down * n + right
                if 0 <= down < n and 0 <= right < n and there in kept and there not in seen:
                    seen.add(there)
                    todo.append(there)
        counts[len(kept)] += any(k >= n * (n - 1) for k in seen)
    return {"counts": counts}


def wraps() -> dict[str, Any]:
    theta = lambda rate: mpmath.jtheta(3, 0, mpmath.exp(-mpmath.pi * rate))  # noqa: E731
    q = mpmath.exp(-2 * mpmath.pi)
    eta = q ** (mpmath.mpf(1) / 24) * mpmath.qp(q)
    third = mpmath.mpf(1) / 3
    either = 1 - (theta(third * 9 / 8) * theta(8 * third) - theta(1.5) * theta(2 * third)) / (
        2 * eta**2
    )
    one = (3 * theta(6) + theta(2 * third) - 4 * theta(8 * third)) / (mpmath.sqrt(6) * eta**2)
    return {"wraps": np.array([either, either - one, either - 2 * one, one], dtype=float)}


def connected(n: float, side: float, radius: float) -> dict[str, Any]:
    """Write the law with c, the mean number of links beyond the logarithm of n."""
    with mpmath.workdps(30):
        c = n * mpmath.pi * (mpmath.mpf(radius) / side) ** 2 - mpmath.log(n)
        return {"chance": float(mpmath.exp(-mpmath.exp(-c)))}


_CUBICS = {
    "bond, triangular": [1, 0, -3, 1],
    "bond, honeycomb": [1, -3, 0, 1],
    "bond, square": [2, -1],
}
"""Polynomials whose root in (0, 1) is the threshold."""


def by_root(lattice: str, z: int | None) -> dict[str, Any]:
    if z is not None:  # a branch has z - 1 further branches, of which one is kept on average
        return {"p": float(mpmath.findroot(lambda p: p * (z - 1) - 1, 0.4))}
    return {"p": float(mpmath.findroot(lambda p: mpmath.polyval(_CUBICS[lattice], p), 0.4))}


REFERENCES = {
    "full-connectivity": Reference(
        lambda rng: {
            "n": rng.uniform(1, 3000),
            "side": rng.uniform(8, 64),
            "radius": rng.uniform(0.5, 4),
        },
        lambda n, side, radius: {
            "chance": percolation.plane_connected(n, side=side, radius=radius)
        },
        connected,
        rtol=1e-11,  # exponentials of numbers of the order 100
    ),
    "exact-thresholds": Reference(
        lambda rng: (
            {"lattice": "Bethe", "z": int(rng.integers(3, 9))}
            if rng.random() < 0.5
            else {"lattice": str(rng.choice(list(_CUBICS))), "z": None}
        ),
        lambda lattice, z: {"p": percolation.exact_threshold(lattice, z=z)},
        by_root,
        points=12,
    ),
    "stripes-suffice": Reference(
        some_pairs,
        lambda pairs, nx, ny: {
            "mask": percolation.identifiable_pairs(pairs, nx=nx, ny=ny).astype(float)
        },
        by_rank,
    ),
    "lambda-vs-sigma": Reference(
        lambda rng: {
            "z": (z := rng.choice([4, 8, 12, 20])),
            "reach": {4: 1.2, 8: 1.5, 12: 2.1, 20: 2.3}[int(z)],
        },
        lambda z, reach: {
            "p": percolation.critical_kept_fraction(
                0.5 * reach / math.sqrt(math.log(20.0)), spacing=1.0, theta=0.05
            )
        },
        lambda z, reach: {"p": percolation.lattice_threshold(int(z)).value},
        points=4,
    ),
    "wrapping-constants": Reference(
        lambda rng: {},
        lambda: {"wraps": np.array(percolation.wrapping_probabilities())},
        wraps,
        points=1,
    ),
    "spanning-polynomials": Reference(
        lambda rng: {"n": int(rng.integers(1, 4))},
        lambda n: {"counts": np.array(percolation.spanning_polynomial(n), dtype=float)},
        spans,
        points=3,
    ),
}


def discs(rng: np.random.Generator) -> tuple[float, float]:
    found = simulated.discs(32.0, runs=400, rng=rng).threshold()
    return found.value, found.error


def square(rng: np.random.Generator) -> tuple[float, float]:
    found = simulated.lattice(128, runs=400, rng=rng).threshold()
    return found.value, found.error


SIMULATIONS = {"continuum-threshold": Simulation(discs), "lattice-threshold": Simulation(square)}
