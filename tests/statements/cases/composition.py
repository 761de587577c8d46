"""Cases of the subject composition."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm

from simtheory import Composition, GaussianMixture, noise
from simtheory.analytic import composition as cp
from simtheory.tasks.composition import arrays, tails
from tests.statements.cases.case import Case, Numbers, Reference


def gaussian(m: float, c: float) -> GaussianMixture:
    return GaussianMixture([1.0], [float(m)], [float(c)])


def variance(rng: np.random.Generator) -> float:
    return float(10.0 ** rng.uniform(-1.0, 1.0))


def of(*names: str) -> Any:
    """Return a draw: weights from 1 to 2, variances and shares positive, anything else normal."""

    def draw(rng: np.random.Generator) -> Numbers:
        found: Numbers = {}
        for name in names:
            first = name.split("_")[0]
            if first in ("c", "lam", "Lambda", "Q", "v", "drop", "eta", "noise", "alpha"):
                found[name] = variance(rng)
            elif first == "pi":
                found[name] = float(rng.uniform(0.1, 1.0))
            elif first == "w":
                found[name] = float(rng.uniform(0.5, 2.0))
            elif first in ("K", "k", "d", "L"):
                found[name] = float(rng.integers(2, 9))
            else:
                found[name] = float(rng.normal())
        return found

    return draw


def composed(
    w_1: float, w_2: float, c_1: float, c_2: float, m_1: float = 0.0, m_2: float = 0.0
) -> Composition:
    return Composition((gaussian(m_1, c_1), gaussian(m_2, c_2)), (w_1, w_2))


def parted(p_meant: float, p_exact: float, p_sampled: float, p_learned: float) -> Numbers:
    masses = [np.array([p, 1.0 - p]) for p in (p_meant, p_exact, p_sampled, p_learned)]
    parts = cp.error_parts(*masses)[:, 0]
    names = ("e_target", "e_sampler", "e_score", "e_total")
    return dict(zip(names, [*parts, parts.sum()], strict=True))


def multiplied(pi_1: float, pi_2: float, c_1: float, c_2: float, m_1: float, m_2: float) -> Numbers:
    logs, means, spread = cp.multiply(
        (np.log([pi_1]), np.log([pi_2])),
        (np.array([[m_1]]), np.array([[m_2]])),
        (np.array([[[c_1]]]), np.array([[[c_2]]])),
    )
    return {"w": np.exp(logs[0]), "M": means[0, 0], "C": spread[0, 0, 0]}


def powered(c: float, beta: float) -> Numbers:
    found = cp.power(gaussian(0.0, c), beta)
    return {"V": found.mixture.variances[0, 0], "log_Z": found.log_partition}


def divided(c: float, m: float, c_b: float, m_b: float) -> Numbers:
    found = cp.quotient(gaussian(m, c), gaussian(m_b, c_b)).mixture
    return {"V": found.variances[0, 0], "M": found.means[0, 0]}


def tilted(c: float, m: float, b: float, Q: float) -> Numbers:
    one = np.ones(1)
    _, M, C, log_z = arrays.tilt(one, m * one[None], c * one[None, None], b * one, Q * one[None])
    return {"C": C[0, 0, 0], "M": M[0, 0]} | ({"log_Z": log_z} if abs(log_z) > 0.1 else {})


def conditioned(C_aa: float, C_ab: float, C_bb: float, m_a: float, m_b: float, u: float) -> Numbers:
    spread = np.array([[[C_aa, C_ab], [C_ab, C_bb]]])
    _, M, V = arrays.condition(
        np.ones(1), np.array([[m_a, m_b]]), spread, np.array([1]), np.array([u])
    )
    return {"M": M[0, 0], "V": V[0, 0, 0]}


def diffused(alpha: float, noise: float, m: float, c: float) -> Numbers:
    _, M, V = arrays.diffuse(
        np.ones(1), np.array([[m]]), np.array([[[c]]]), alpha=alpha, sigma=noise
    )
    return {"M": M[0, 0], "V": V[0, 0, 0]}


def posterior(lam: float, c: float, curvature: float) -> Numbers:
    return {"V": cp.posterior_covariance(gaussian(0.0, c), [0.3], level=lam)[0, 0]}


def posterior_numbers(rng: np.random.Generator) -> Numbers:
    lam, c = variance(rng), variance(rng)
    return {"lam": lam, "c": c, "curvature": -1.0 / (c + lam)}


def clocked(z: float, alpha: float, noise: float) -> Numbers:
    y, level = cp.clock(z, alpha=alpha, sigma=noise)
    return {"y": y, "lam": level}


def law(found: cp.GaussianLaw) -> Numbers:
    return {"V": found.covariance[0, 0], "M": found.mean[0]}


def stepped(w_1: float, w_2: float, c_1: float, c_2: float, beta: float, v: float) -> Numbers:
    levels = noise.Levels([1.0, 0.0], [np.sqrt(1.0 - beta), 1.0], [np.sqrt(beta), 0.0])
    c = composed(w_1, w_2, c_1, c_2)
    found = cp.discrete_law(c, levels, noise.DDPM(variance="beta"), start=v)
    return {"V": found.covariance[0, 0]}


def step_numbers(rng: np.random.Generator) -> Numbers:
    return of("w_1", "w_2", "c_1", "c_2", "v")(rng) | {"beta": float(rng.uniform(0.01, 0.5))}


def guided(gamma: float, mu: float) -> Numbers:
    target, sde, ode = (
        cp.guidance_law(gamma, churn=churn, condition=mu) for churn in (np.inf, 1.0, 0.0)
    )
    return {
        "V_target": target.covariance[0, 0],
        "M_target": target.mean[0],
        "V_SDE": sde.covariance[0, 0],
        "M_SDE": sde.mean[0],
        "V_ODE": ode.covariance[0, 0],
    }


def repaired(
    w_1: float, w_2: float, c_1: float, c_2: float, lam: float, s_1: float, s_2: float
) -> Numbers:
    precisions = np.array([[[1.0 / c_1 + 1.0 / lam]], [[1.0 / c_2 + 1.0 / lam]]])
    scores = np.array([[s_1], [s_2]])
    return {"S": cp.repaired(scores, precisions, (w_1, w_2), level=lam)[0]}


class Fixed:
    """An expert with one score and density everywhere."""

    dim = 1

    def __init__(self, score: float, density: float = 1.0) -> None:
        self.value, self.density = score, density

    def score(self, x: Any, *, level: float = 0.0) -> np.ndarray:
        return np.full(np.shape(x), self.value)

    def log_density(self, x: Any, *, level: float = 0.0) -> np.ndarray:
        return np.full(np.shape(x)[:-1], np.log(self.density))


def weighed(w_1: float, w_2: float, s_1: float, s_2: float, drop: float) -> Numbers:
    c = Composition((Fixed(s_1), Fixed(s_2)), (w_1, w_2))
    return {"log_w": cp.corrector_weights(c, np.zeros((2, 1, 1)), [drop, 0.0])[0]}


def mixed(pi_1: float, pi_2: float, q_1: float, q_2: float, s_1: float, s_2: float) -> Numbers:
    experts = [Fixed(s_1, q_1), Fixed(s_2, q_2)]
    found = cp.mixture_score(experts, [[0.0]], level=0.5, weights=(pi_1, pi_2), normalised=True)
    return {"S": found[0, 0]}


def mixed_numbers(rng: np.random.Generator) -> Numbers:
    return of("pi_1", "pi_2")(rng) | {
        "q_1": variance(rng),
        "q_2": variance(rng),
        "s_1": float(rng.uniform(0.1, 1.0)),
        "s_2": float(rng.uniform(0.1, 1.0)),
    }


def followed(s: float, move: float, drop: float) -> Numbers:
    points = np.array([[[0.0]], [[move]]])
    return {"change": cp.ito_log_density(Fixed(s), points, [drop, 0.0])[0]}


def biased(v: float, delta: float, h: float) -> Numbers:
    ula, uhmc = noise.ULA(step=delta / v), noise.UHMC(step=h / np.sqrt(v), leapfrog=2)
    return {
        "V_ULA": cp.stationary_variance(ula, v),
        "V_UHMC": cp.stationary_variance(uhmc, v),
    }


def kernel_numbers(rng: np.random.Generator) -> Numbers:
    v = variance(rng)
    return {
        "v": v,
        "delta": float(rng.uniform(0.05, 1.0) * v),
        "h": float(rng.uniform(0.1, 1.2) * np.sqrt(v)),
    }


def accepting(d: float, delta: float, v: float) -> Numbers:
    return {"accepted": cp.acceptance(noise.MALA(step=delta / v), np.full(int(d), v))}


def accepting_numbers(rng: np.random.Generator) -> Numbers:
    v = variance(rng)
    return {"d": float(rng.integers(1, 30)), "v": v, "delta": float(rng.uniform(0.05, 0.5) * v)}


CASES = {
    "gmm-product": Case(of("pi_1", "pi_2", "c_1", "c_2", "m_1", "m_2"), multiplied),
    "gmm-power": Case(
        lambda rng: {"c": variance(rng), "beta": float(rng.uniform(0.2, 0.8))}, powered, rtol=1e-10
    ),
    "gmm-divide-gaussian": Case(
        lambda rng: {"c": float(rng.uniform(0.1, 1.0)), "c_b": 2.0, "m": 1.0, "m_b": 0.3}, divided
    ),
    "gmm-tilt": Case(of("c", "m", "b", "Q"), tilted, rtol=1e-10),
    "gmm-condition": Case(
        lambda rng: {
            "C_aa": 1.0,
            "C_bb": 2.0,
            "C_ab": float(rng.uniform(-0.9, 0.9)),
            "m_a": 3.0,
            "m_b": float(rng.normal()),
            "u": float(rng.normal()),
        },
        conditioned,
    ),
    "gmm-noise": Case(of("alpha", "noise", "m", "c"), diffused),
    "tweedie-covariance": Case(posterior_numbers, posterior, rtol=1e-10),
    "one-clock": Case(of("z", "alpha", "noise"), clocked),
    "high-noise-gap": Case(of("d", "K"), lambda d, K: {"KL": cp.high_noise_gap(int(d), int(K))}),
    "normalizable": Case(
        of("w_1", "w_2", "c_1", "c_2", "lam"),
        lambda lam, **e: {"f": tails.weakest_tail(composed(**e), level=lam).value},
    ),
    "validity-rule": Case(
        lambda rng: {"W": float(rng.uniform(1.1, 3.0)), "eta": float(rng.uniform(0.5, 2.0))},
        lambda W, eta: {"ratio": cp.attractor(W, churn=eta)},
        rtol=1e-11,
    ),
    "defect": Case(
        lambda rng: {
            "w_1": float(rng.uniform(1.0, 2.0)),
            "w_2": float(rng.uniform(1.0, 2.0)),
            "s_1": float(rng.uniform(0.5, 1.0)),
            "s_2": float(rng.uniform(0.5, 1.0)),
        },
        lambda w_1, w_2, s_1, s_2: {"D": cp.defect(np.array([[s_1], [s_2]]), (w_1, w_2))},
    ),
    "defect-forms": Case(
        lambda rng: {"s_1": 1.0 + rng.random(), "s_2": -1.0 - rng.random(), "s_b": 0.1},
        lambda s_1, s_2, s_b: {"D": cp.defect_of_pairs(np.array([[s_1], [s_2]]), np.array([s_b]))},
        rtol=1e-11,
    ),
    "factorised-conditionals": Case(
        lambda rng: {"b": 1.0 + rng.random(), "g": 1.0 + rng.random()},
        lambda b, g: {"S": cp.factorised(np.array([b, 2.0]), np.array([g, 3.0]))[0]},
    ),
    "background-slots": Case(of("mu", "k"), lambda mu, k: {"place": cp.slot_mode(int(k), size=mu)}),
    "gaussian-target": Case(
        lambda rng: of("w_1", "w_2", "c_1", "c_2")(rng) | {"m_1": 1.0, "m_2": rng.random()},
        lambda **e: law(cp.target_law(composed(**e))),
    ),
    "gaussian-sde": Case(
        lambda rng: {
            "c_1": float(rng.uniform(0.1, 0.5)),
            "c_2": float(rng.uniform(1.0, 3.0)),
            "m_1": 1.0,
            "m_2": rng.random(),
        },
        lambda **e: law(cp.naive_law(composed(1.0, 1.0, **e))),
        rtol=1e-11,
    ),
    "gaussian-ode": Case(
        of("w_1", "w_2", "c_1", "c_2", "Lambda"),
        lambda w_1, w_2, c_1, c_2, Lambda: {
            "V": cp.ode_variance((c_1, c_2), (w_1, w_2), start=Lambda)
        },
    ),
    "gaussian-churn": Case(
        of("c", "K", "eta"),
        lambda c, K, eta: {"V": cp.churned_variance(c, int(K), churn=eta)},
    ),
    "equal-c-shrink": Case(
        of("K", "eta"), lambda K, eta: {"ratio": cp.equal_shrink(int(K), churn=eta)}
    ),
    "many-posteriors": Case(
        lambda rng: {"c": rng.uniform(0.05, 0.5), "c_b": 1.0, "K": float(rng.integers(2, 9))},
        lambda c, c_b, K: {"ratio": cp.many_posteriors(int(K), variance=c, prior=c_b)},
        rtol=1e-11,
    ),
    "ddpm-affine": Case(step_numbers, stepped),
    "cfg-gaussian": Case(
        lambda rng: {"gamma": float(rng.uniform(0.6, 9.0)), "mu": float(rng.normal())},
        guided,
        rtol=1e-11,
    ),
    "guidance-equivalence": Case(
        of("w_1", "w_2"),
        lambda w_1, w_2: dict(zip(("v_1", "v_2"), cp.guidance_parts((w_1, w_2), 0), strict=True)),
        rtol=1e-11,
    ),
    "gaussian-repair": Case(
        lambda rng: of("w_1", "w_2", "c_1", "c_2", "lam")(rng) | {"s_1": 1.0, "s_2": rng.random()},
        repaired,
    ),
    "fkc-weights": Case(
        lambda rng: {
            "w_1": 1.0 + rng.random(),
            "w_2": 1.0 + rng.random(),
            "s_1": 1.0,
            "s_2": rng.random(),
            "drop": variance(rng),
        },
        weighed,
    ),
    "or-exact": Case(mixed_numbers, mixed),
    "or-offset": Case(
        of("pi_1", "pi_2", "delta"),
        lambda pi_1, pi_2, delta: {"w": cp.offset_weights((pi_1, pi_2), (delta, 0.0))[0]},
    ),
    "ito-density": Case(
        lambda rng: {"s": 1.0 + rng.random(), "move": -rng.random(), "drop": variance(rng)},
        followed,
    ),
    "superdiff-and": Case(
        lambda rng: {"s_1": 1.0, "s_2": -rng.random(), "dW": -rng.random(), "drop": variance(rng)},
        lambda s_1, s_2, dW, drop: {
            "kappa": cp.equal_density_weight(np.array([s_1]), np.array([s_2]), np.array([dW]), drop)
        },
    ),
    "error-split": Case(
        lambda rng: dict(
            zip(("p_meant", "p_exact", "p_sampled", "p_learned"), rng.random(4), strict=True)
        ),
        parted,
    ),
    "kernel-bias": Case(kernel_numbers, biased),
    "kernel-resonance": Case(
        lambda rng: of("L")(rng) | {"v": 0.7, "h": float(rng.uniform(0.1, 1.0))},
        lambda L, v, h: {"turn": noise.HMC(step=h / np.sqrt(v), leapfrog=int(L)).angles(v)},
        rtol=1e-11,
    ),
    "kernel-acceptance": Case(accepting_numbers, accepting, rtol=1e-11),
    "last-level-bias": Case(
        of("w_1", "w_2", "c_1", "c_2", "lam"),
        lambda lam, **e: {"ratio": cp.last_level_bias(composed(**e), lam, [1.0])},
    ),
}


def law_on_line(c_1: float, c_2: float, m_1: float, m_2: float) -> Numbers:
    found = cp.terminal_law(composed(1.0, 1.0, c_1, c_2, m_1, m_2))
    return {"V": found.variance, "M": found.mean}


def rate(depth: float) -> Numbers:
    g = GaussianMixture((0.5, 0.5), (-0.5, 0.5), (depth, depth))
    found = cp.freeze_out(Composition((g,)), [[-0.5], [0.5]], [0.0], 1.0)
    return {"rate": found.rates[0, 0, 1]}


def rate_by_quadrature(depth: float) -> Numbers:
    def density(x: float) -> float:
        return float(0.5 * norm.pdf(x, -0.5, depth**0.5) + 0.5 * norm.pdf(x, 0.5, depth**0.5))

    barrier = quad(lambda x: 1.0 / density(x), -0.5, 0.5, epsabs=0.0, epsrel=1e-11)[0]
    return {"rate": 2.0 / barrier}


def ito_loop(levels: np.ndarray, variance: float, dim: int) -> Numbers:
    pairs = pairwise(levels)
    total = sum(((a - b) / (variance + a)) ** 2 for a, b in pairs)
    return {"error": (0.5 * dim * total) ** 0.5}


def straight(p: float) -> Numbers:
    scores = -p * np.linspace(0.2, 1.0, 5)[:, None]
    return {"gap": cp.line_integral(scores, np.array([0.8]))}


REFERENCES = {
    "terminal-law-1d": Reference(
        lambda rng: {"c_1": 0.3, "c_2": float(rng.uniform(0.5, 2.0)), "m_1": -1.0, "m_2": 1.5},
        law_on_line,
        lambda **e: law(cp.naive_law(composed(1.0, 1.0, **e))),
        rtol=1e-5,
        points=2,
    ),
    "separatrix-weights": Reference(
        lambda rng: {"c": variance(rng), "cut": float(rng.normal())},
        lambda c, cut: {
            "below": cp.separatrix_weights(Composition((gaussian(0.0, c),)), cuts=[cut])[0]
        },
        lambda c, cut: {"below": norm.cdf(cut / c**0.5)},
        rtol=1e-7,
        points=4,
    ),
    "freeze-out-rates": Reference(
        lambda rng: {"depth": float(rng.uniform(0.01, 0.03))},
        rate,
        rate_by_quadrature,
        rtol=1e-4,
        points=3,
    ),
    "tweedie-repair": Reference(
        lambda rng: {"c": variance(rng), "x": float(rng.normal()), "lam": variance(rng)},
        lambda c, x, lam: {
            "S": cp.repaired_score(gaussian(0.0, c) * gaussian(1.0, 1.0), [[x]], level=lam)[0, 0]
        },
        lambda c, x, lam: {"S": -(x - 1.0 / (1.0 + 1.0 / c)) / (1.0 / (1.0 + 1.0 / c) + lam)},
        rtol=1e-9,
    ),
    "ito-error": Reference(
        lambda rng: {
            "levels": np.sort(rng.uniform(0.0, 2.0, 7))[::-1],
            "variance": variance(rng),
            "dim": int(rng.integers(1, 5)),
        },
        lambda **given: {"error": cp.ito_error(**given)},
        ito_loop,
    ),
    "mh-line-integral": Reference(
        lambda rng: {"p": variance(rng)},
        straight,
        lambda p: {"gap": -0.5 * p * (1.0**2 - 0.2**2)},
    ),
}
