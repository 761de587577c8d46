"""Cases of the subject denoiser."""

from __future__ import annotations

from typing import Any

import numpy as np

from simtheory.analytic import denoiser as dn
from simtheory.tasks import DenoisingTask
from tests.statements.cases.case import Case, Numbers, symmetric


def task_of(variances: Any, sigma_0: float = 0.002, sigma_T: float = 80.0, **more: Any) -> Any:
    return DenoisingTask(variances, sigma_min=sigma_0, sigma_max=sigma_T, **more)


def mode(rng: np.random.Generator, q: float | None = None) -> Numbers:
    """Draw one mode, from the first instant to long after."""
    lam = 10.0 ** rng.uniform(-6, 6)
    start = float(rng.choice([0.0, 1e-6, rng.random(), 1.0])) if q is None else q
    return {"lam": lam, "q": start, "t": 10.0 ** rng.uniform(-4, 1.5) / lam}


def ends(rng: np.random.Generator) -> Numbers:
    return {"sigma_0": 10.0 ** rng.uniform(-3, -1), "sigma_T": 10.0 ** rng.uniform(0, 2)}


def one_layer_numbers(rng: np.random.Generator) -> Numbers:
    noise, A = 10.0 ** rng.uniform(-1, 0.5), symmetric(rng) + 0.1 * np.eye(3)
    W0 = symmetric(rng)
    return {**mode(rng), "t": rng.uniform(0, 3), "lam": 10.0 ** rng.uniform(-2, 1)} | {
        "noise": noise, "Sigma": 0.5 * (A + A.T), "W0": W0 + 0.1 * rng.standard_normal((3, 3))
    }  # fmt: skip


def one_layer_code(lam: float, q: float, t: float, noise: float, Sigma: Any, W0: Any) -> dict:
    return {
        "psi": dn.one_layer_mode(lam, t, sigma=noise, start=q),
        "W": dn.one_layer_weights(task_of(Sigma), W0, [t], sigma=noise)[0],
    }


def affine_numbers(rng: np.random.Generator) -> Numbers:
    A = symmetric(rng) + 0.1 * np.eye(3)
    return {
        "Sigma": 0.5 * (A + A.T),
        "m": rng.uniform(-1, 1, (3, 1)),
        "noise": rng.uniform(0.3, 2),
        "W0": symmetric(rng) + np.eye(3),
        "b0": rng.uniform(1, 2, (3, 1)),
        "t": rng.uniform(0, 1),
    }


def affine_code(Sigma: Any, m: Any, noise: float, W0: Any, b0: Any, t: float) -> dict[str, Any]:
    task = task_of(Sigma, mean=m[:, 0])
    found = dn.affine_weights(task, W0, b0[:, 0], [t], sigma=noise)
    return {"W": found.W[0], "b": found.b[0]}


def sampled(lam: float, q: float, t: float, sigma_0: float, sigma_T: float) -> dict[str, Any]:
    net = dn.OneLayerDenoiser(q)
    return {"lt": dn.generated_variance(task_of([lam], sigma_0, sigma_T), net, [t])[0, 0]}


def between(net: Any) -> Any:
    def code(lam: float, q: float, t: float, sigma_0: float, sigma_T: float) -> dict[str, Any]:
        return {"L": net(q).log_ratio(lam, t, sigma_min=sigma_0, sigma_max=sigma_T)}

    return code


def cutoff(lam: float, q: float, t: float, sigma_0: float, sigma_T: float) -> dict[str, Any]:
    task, found = task_of([lam], sigma_0, sigma_T), {}
    for n, net in enumerate((dn.OneLayerDenoiser(q), dn.TiedDenoiser(q)), start=1):
        law = dn.cutoff_law(task, net, [t])
        found |= {f"lt_{n}": law.variance[0, 0], f"p_{n}": law.exponent[0, 0]}
    return found


def emergence(lam: float, q: float, sigma_0: float, sigma_T: float) -> dict[str, Any]:
    task, net = task_of([lam], sigma_0, sigma_T), dn.TiedDenoiser(q)
    when = dn.emergence_times(task, net)
    lt_0, lt_star = dn.generated_variance(task, net, [0.0, when[0]])[:, 0]
    return {"lt_0": lt_0, "lt_star": lt_star}


def inverse(**v: float) -> dict[str, Any]:
    found = dn.exponent([v["lam_a"], v["lam_b"]], [v["t_a"], v["t_b"]])
    return {"alpha": found.end_to_end}


def kl_numbers(rng: np.random.Generator) -> Numbers:
    lam = 10.0 ** rng.uniform(-6, 6, 3)
    near = rng.choice([1e-9, 1e-3, 1.0, 1e4]) * rng.uniform(0.1, 1, 3)
    return {
        "lambda": lam,
        "tilde_lambda": lam * (1.0 + near),
        "delta": np.sqrt(lam) * near,
        "d": 3,
    }


def kl_code(**v: Any) -> dict[str, Any]:
    return {"D": dn.kl(v["tilde_lambda"], v["lambda"], mean_error=v["delta"])}


def bridge_numbers(rng: np.random.Generator) -> Numbers:
    A = symmetric(rng)
    return {
        "Sigma": 0.5 * (A + A.T),
        "noise": 10.0 ** rng.uniform(-2, 1),
        "W": np.diag(rng.random(3)),
    }


def tied_bridge(Sigma: Any, noise: float, W: Any) -> dict[str, Any]:
    bridge = dn.tied_bridge(task_of(Sigma), sigma=noise)
    velocity = dn.tied_velocity(W, bridge)
    # Row by row: the diagonal of a velocity is no measure of its other entries.
    return {"A": bridge.second_moment, "kappa": bridge.decay, "V": velocity}


def one_layer_bridge(Sigma: Any, noise: float, W: Any) -> dict[str, Any]:
    bridge = dn.one_layer_bridge(task_of(Sigma), sigma=noise)
    return {"kappa": bridge.decay, "V": dn.one_layer_velocity(W, bridge)}


def finite_numbers(rng: np.random.Generator) -> Numbers:
    d = 5
    return {
        "lambda": 10.0 ** rng.uniform(-3, 3, d),
        "noise": 10.0 ** rng.uniform(-3, 2),
        "n": int(rng.choice([1, 3, 5, 6, 1000])),
        "d": d,
    }


def finite_code(**v: Any) -> dict[str, Any]:
    return {"kappa": dn.renormalised_noise(v["lambda"], sigma=v["noise"], n=v["n"])}


def _inverse_numbers(rng: np.random.Generator) -> Numbers:
    names = ("lam_a", "t_a", "t_b", "c", "lam_k")
    drawn = {name: 10.0 ** rng.uniform(-3, 3) for name in names}
    return drawn | {"lam_b": drawn["lam_a"] * 10.0 ** rng.uniform(0.5, 3)}


CASES = {
    # rtol: the exponential of a symmetric 3×3 matrix by its eigenvectors, whose entries cancel.
    "dn-weights-one-layer": Case(one_layer_numbers, one_layer_code, rtol=1e-11),
    "dn-weights-affine": Case(affine_numbers, affine_code, rtol=1e-11),
    "dn-weights-tied": Case(
        lambda rng: mode(rng) | {"noise": 10.0 ** rng.uniform(-3, 2)},
        lambda lam, q, t, noise: {"psi": dn.tied_mode(lam, t, sigma=noise, start=q)},
    ),
    "dn-pfode-ratio": Case(lambda rng: mode(rng) | ends(rng), sampled, points=6),
    "dn-phi-one-layer": Case(lambda rng: mode(rng) | ends(rng), between(dn.OneLayerDenoiser)),
    "dn-phi-tied": Case(lambda rng: mode(rng, rng.random()) | ends(rng), between(dn.TiedDenoiser)),
    "dn-cutoff-law": Case(
        lambda rng: {
            "lam": 10.0 ** rng.uniform(-1, 2),
            "q": rng.random(),
            "t": 10.0 ** rng.uniform(-3, 1),
            "sigma_0": 10.0 ** rng.uniform(-5, -3),
            "sigma_T": 10.0 ** rng.uniform(0, 2),
        },
        cutoff,
    ),
    "dn-asymptote": Case(
        lambda rng: {"lam": 10.0 ** rng.uniform(-6, 6)} | ends(rng),
        lambda lam, sigma_0, sigma_T: {
            "lt": dn.asymptotic_variance(task_of([lam], sigma_0, sigma_T))[0]
        },
    ),
    "dn-emergence": Case(
        lambda rng: (
            {"lam": 10.0 ** rng.uniform(-2, 2), "q": rng.uniform(0.001, 0.1)}
            | {"sigma_0": 0.002, "sigma_T": 80.0}
        ),
        emergence,
        rtol=1e-11,  # ln λ̃ is known to a few eps of ln σ_max/σ_min and bisected at that level
    ),
    "dn-inverse-law": Case(_inverse_numbers, inverse),
    "dn-kl": Case(kl_numbers, kl_code),
    "dsm-tied-bridge": Case(bridge_numbers, tied_bridge),
    "dsm-one-layer-bridge": Case(bridge_numbers, one_layer_bridge),
    "dn-finite-n": Case(finite_numbers, finite_code),
}
