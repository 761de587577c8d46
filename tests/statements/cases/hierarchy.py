"""Cases and references of the subject hierarchy."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import numpy as np
from scipy.special import rel_entr, xlogy

from simtheory import RandomHierarchy, TreeGrammar
from simtheory.analytic import hierarchy
from simtheory.analytic.hierarchy.correlations import step
from simtheory.analytic.symbolic.hierarchy import TREE
from tests.statements.cases.case import Case, Numbers, Reference


def settings(rng: np.random.Generator, **more: float) -> Numbers:
    v, s = float(rng.integers(3, 40)), float(rng.integers(2, 4))
    return {"v": v, "s": s, "m": float(rng.integers(2, max(v ** (s - 1) - 1, 3))), **more}


def count(v: float, m: float, s: float, L: float, n_c: float) -> dict[str, Any]:
    task = RandomHierarchy(v=int(v), m=int(m), s=int(s), L=int(L), n_c=int(n_c))
    return {"N": task.n_strings, "H": task.entropy, "n_r": task.n_rules}


def small_tree(low: np.ndarray, high: np.ndarray, root: float) -> TreeGrammar:
    weights = [np.stack([first, 1 - first], axis=-1) for first in (low, high)]
    return TreeGrammar(TREE, weights=weights, root=[root, 1 - root])


def tree_numbers(rng: np.random.Generator) -> Numbers:
    return {
        "lam": 10.0 ** rng.uniform(-3, 0, 8),
        "low": rng.random(2),
        "high": rng.random(2),
        "root": rng.random(),
    }


def beliefs(lam: np.ndarray, **tree: Any) -> dict[str, Any]:
    found = hierarchy.posterior(small_tree(**tree), lam.reshape(1, 4, 2))
    evidence = np.exp(found.log_evidence[0])
    return {
        "p_a": found.posterior.ravel(),
        "joint": (found.nodes[1] * evidence).ravel(),
        "Z": evidence,
    }


def block_beliefs(lam: np.ndarray, **tree: Any) -> dict[str, Any]:
    grammar = small_tree(**tree)
    found = hierarchy.block_posterior(grammar, lam.reshape(1, 4, 2), level=1)
    return {"p_a": found.posterior.ravel(), "M_b": grammar.marginals[1].ravel()}


def noisy_tokens(rng: np.random.Generator) -> Numbers:
    P, seen = rng.dirichlet(np.ones(4)), int(rng.integers(4))
    return {"P": P, "e": np.eye(4)[seen], "alpha": rng.choice([0.0, 0.3, 0.99]), "v": 4.0}


def optimal(P: np.ndarray, e: np.ndarray, alpha: float, v: float) -> dict[str, Any]:
    seen = np.array([[int(e.argmax())]])
    return {"w_a": hierarchy.optimal_weights(P[None, None], seen, alpha_bar=alpha)[0, 0]}


def ladder(P_0: np.ndarray, P_1: np.ndarray, P_2: np.ndarray, q: np.ndarray) -> dict[str, Any]:
    levels = np.stack([P_0, P_1, P_2]).reshape(3, 2, 2, 2)
    return {"c_k": hierarchy.exact_shares(levels, q.reshape(2, 2, 2))}


def transition(v: float, m: float, s: float) -> dict[str, Any]:
    found = hierarchy.class_threshold(v=v, m=m, s=s)
    return {
        "p_star": found.belief, "eps": found.noise, "slope": found.slope, "nu": found.nu,
    }  # fmt: skip


def crossing(rng: np.random.Generator) -> Numbers:
    v = float(rng.integers(8, 200))
    return {"v": v, "s": 2.0, "m": float(rng.integers(2, int(v / 2.5) + 1))}


def slopes(**numbers: float) -> dict[str, Any]:
    return dict(zip(("F_1", "F_v"), hierarchy.class_slopes(**numbers), strict=True))


def pair_numbers(rng: np.random.Generator) -> Numbers:
    low, high, root = rng.random(2), rng.random(2), rng.random()
    i, j = rng.integers(2, size=2)
    grammar = small_tree(low, high, root)
    order = [(a, k) for a in (0, 1) for k in (0, 1)]
    chance = [[root, 1 - root][a] * [high[a], 1 - high[a]][k] for a, k in order]
    writes = [[[TREE[1][a][k][c] == b for b in (0, 1)] for a, k in order] for c in (0, 1)]
    return {
        "low": low, "high": high, "root": root, "i": float(i), "j": float(j),
        "W": np.diag(chance), "B_1": 1.0 * np.array(writes[0]), "B_2": 1.0 * np.array(writes[1]),
        "T_1": step(grammar, 1, int(i)), "T_2": step(grammar, 1, int(j)),
    }  # fmt: skip


def pair(low: np.ndarray, high: np.ndarray, root: float, i: float, j: float, **_: Any) -> dict[str, Any]:  # fmt: skip
    grammar = small_tree(low, high, root)
    return {
        "J_bc": hierarchy.joint(grammar, (1, 0), (1, 1)),
        "P_bc": hierarchy.joint(grammar, (0, int(i)), (0, 2 + int(j))),
    }


def spread(v: float, m: float, s: float, n: float, L: float, lam: float) -> dict[str, Any]:
    known = {"v": v, "m": m, "s": s, "L": int(L), "lca": int(lam), "down": (int(n), 0)}
    return {
        "C2": hierarchy.correlation(**known, strict=False),
        "lead": hierarchy.correlation(**known, strict=False, order="leading"),
    }


def noise(p: float, q: float, P: float) -> dict[str, Any]:
    return {"E2": hierarchy.noise_floor(p, q, P)}


def latent(l: float, L: float, **numbers: float) -> dict[str, Any]:
    return {"P_lat": hierarchy.latent_threshold(int(l), L=int(L), **numbers)}


def ruled(l: float, L: float, **numbers: float) -> dict[str, Any]:
    return {"P_rule": hierarchy.rule_threshold(int(l), L=int(L), **numbers)}


def random_grammar(rng: np.random.Generator, *, unambiguous: bool) -> TreeGrammar:
    """Return a grammar of two levels, three symbols, uneven branching and weights."""
    levels = []
    for s in (2, 2):
        codes = rng.choice(3**s, size=6, replace=not unambiguous)
        levels.append(
            np.stack([codes // 3 ** (s - 1 - j) % 3 for j in range(s)], -1).reshape(3, 2, s)
        )
    weights = [rng.dirichlet(np.ones(2), size=3) for _ in levels]
    return TreeGrammar(levels, alphabet=3, weights=weights, root=rng.dirichlet(np.ones(3)))


def law(grammar: TreeGrammar) -> dict[tuple[int, ...], float]:
    """Sum the trees of each string."""
    found: dict[tuple[int, ...], float] = defaultdict(float)
    top, below = grammar.rules[1], grammar.rules[0]
    for a, k, i, j in itertools.product(range(3), (0, 1), (0, 1), (0, 1)):
        x, y = top[a, k]
        chance = grammar.root[a] * grammar.weights[1][a, k]
        chance *= grammar.weights[0][x, i] * grammar.weights[0][y, j]
        found[(*below[x, i].tolist(), *below[y, j].tolist())] += chance
    return found


def staircase_by_enumeration(seed: int, alpha: float) -> dict[str, Any]:
    """Sum E KL(P_L ‖ P_k) over clean and noisy strings."""
    grammar = random_grammar(np.random.default_rng(seed), unambiguous=False)
    clean = law(grammar)
    strings = list(itertools.product(range(3), repeat=4))
    joint = np.zeros((4, 3, len(strings)))
    for y, seen in enumerate(strings):
        for x, p in clean.items():
            q = p * np.prod(
                [alpha * (a == b) + (1 - alpha) / 3 for a, b in zip(x, seen, strict=True)]
            )
            for i in range(4):
                joint[i, x[i], y] += q
    excess, entropy = np.zeros(3), 0.0
    cuts = [lambda i: [i], lambda i: [2 * (i // 2), 2 * (i // 2) + 1], lambda i: [0, 1, 2, 3]]
    for i in range(4):
        seen_at_all = joint[i].sum(axis=0)
        entropy -= xlogy(joint[i], joint[i] / seen_at_all).sum() / 4
        for k, cut in enumerate(cuts):
            own = np.array([hash(tuple(seen[j] for j in cut(i))) for seen in strings])
            same = own[:, None] == own
            block = joint[i] @ same
            excess[k] += rel_entr(joint[i], seen_at_all * block / block.sum(axis=0)).sum() / 4
    return {"excess": excess[:2], "entropy": entropy}


def staircase(seed: int, alpha: float) -> dict[str, Any]:
    grammar = random_grammar(np.random.default_rng(seed), unambiguous=False)
    found = hierarchy.exact_staircase(grammar, alpha)
    return {"excess": found.excess[:2], "entropy": found.entropy}


def plateaus_by_enumeration(seed: int) -> dict[str, Any]:
    """Sum the probabilities of independent blocks that have a tree."""
    grammar = random_grammar(np.random.default_rng(seed), unambiguous=True)
    pairs = [
        {tuple(word): a for a, words in enumerate(rules.tolist()) for word in words}
        for rules in grammar.rules
    ]
    low, middle = grammar.marginals[:2]
    first, both = 0.0, 0.0
    for word in itertools.product(range(3), repeat=4):
        chance = np.prod([low[i, b] for i, b in enumerate(word)])
        latent = [pairs[0].get(word[:2]), pairs[0].get(word[2:])]
        first += chance * sum(x is not None for x in latent) / 2
        both += chance * (tuple(latent) in pairs[1])
    second = sum(
        middle[0, x] * middle[1, y] * ((x, y) in pairs[1])
        for x, y in itertools.product(range(3), repeat=2)
    )
    return {"A": np.array([first, both, 1.0, second, 1.0, 1.0])}


def plateaus(seed: int) -> dict[str, Any]:
    grammar = random_grammar(np.random.default_rng(seed), unambiguous=True)
    return {"A": hierarchy.plateaus(grammar).ravel()}


CASES = {
    "rhm-count": Case(
        lambda rng: {
            "v": 6.0, "s": 2.0, "m": float(rng.integers(1, 6)), "L": float(rng.integers(1, 5)),
            "n_c": float(rng.integers(1, 6)),
        },
        count,
    ),
    "bp-exact": Case(tree_numbers, beliefs),
    "bp-truncated": Case(tree_numbers, block_beliefs),
    "d3pm-optimal-w": Case(noisy_tokens, optimal),
    "rh-level-shares": Case(
        lambda rng: {name: rng.random(8) for name in ("P_0", "P_1", "P_2", "q")},
        ladder,
        rtol=1e-11,  # differences of probabilities
    ),
    "class-map": Case(
        lambda rng: settings(rng, p=rng.random()),
        lambda **numbers: {"F": hierarchy.class_map(numbers.pop("p"), **numbers)},
    ),
    "class-slopes": Case(settings, slopes),
    "class-threshold": Case(crossing, transition, rtol=1e-10),  # ν divides by ln F' near to 0
    "corr-instance": Case(pair_numbers, pair),
    "corr-finite-size": Case(
        lambda rng: settings(rng, n=float(rng.integers(0, 2)), L=4.0, lam=float(rng.integers(2, 5))),
        spread,
    ),
    "noise-floor": Case(
        lambda rng: {"p": rng.random(), "q": rng.random(), "P": float(rng.integers(2, 1000))}, noise
    ),
    "threshold-latent": Case(
        lambda rng: settings(rng, l=float(rng.integers(1, 4)), L=4.0), latent
    ),
    "threshold-rule": Case(lambda rng: settings(rng, l=float(rng.integers(2, 5)), L=4.0), ruled),
    "threshold-token": Case(
        lambda rng: settings(rng, l=float(rng.integers(1, 5))),
        lambda **numbers: {"P_tok": hierarchy.token_threshold(numbers.pop("l"), **numbers)},
    ),
    "threshold-supervised": Case(
        lambda rng: {"m": float(rng.integers(1, 9)), "L": float(rng.integers(1, 6)), "n_c": 8.0},
        lambda **numbers: {"P_sup": hierarchy.supervised_threshold(**numbers)},
    ),
    "threshold-latent-context": Case(
        settings, lambda **numbers: {"P_con": hierarchy.latent_context_threshold(**numbers)}
    ),
    "coherence-length": Case(
        lambda rng: settings(rng, P=10.0 ** rng.uniform(0, 6)),
        lambda **numbers: {"xi": hierarchy.coherence_length(numbers.pop("P"), **numbers)},
    ),
    "token-range": Case(
        lambda rng: settings(rng, P=10.0 ** rng.uniform(3, 6)),
        lambda **numbers: {"l_P": hierarchy.token_range(numbers.pop("P"), **numbers)},
        rtol=1e-10,  # a logarithm that may nearly vanish
    ),
    "sensitivity-curve": Case(
        lambda rng: {"x": 10.0 ** rng.uniform(-6, 6), "v": float(rng.integers(2, 64)), "m": 4.0},
        lambda **numbers: {"S": hierarchy.sensitivity(numbers.pop("x"), **numbers)},
    ),
    "plateau-uniform": Case(
        lambda rng: settings(rng, j=float(rng.integers(0, 4))),
        lambda **numbers: {"A_j": hierarchy.uniform_plateau(numbers.pop("j"), **numbers)},
    ),
    "plateau-marginal": Case(
        settings, lambda **numbers: {"A_1": hierarchy.mean_plateau(**numbers)}
    ),
    "perfect-generator": Case(
        lambda rng: {"N": float(rng.integers(2, 10**9)), "n": float(rng.integers(1, 10**6)), "P": 2.0},
        lambda N, n, P: {"D": hierarchy.distinct(n, int(N)), "C": hierarchy.copies(P, int(N))},
    ),
    "unet-cost": Case(
        lambda rng: {
            "w": float(rng.integers(1, 1000)), "s": float(rng.integers(2, 5)),
            "L": float(rng.integers(1, 8)),
        },
        lambda w, s, L: {"macs": hierarchy.unet_macs(w, s, L)},
    ),
}  # fmt: skip

REFERENCES = {
    "rh-plateau": Reference(
        lambda rng: {"seed": int(rng.integers(1000))}, plateaus, plateaus_by_enumeration
    ),
    "rh-staircase": Reference(
        lambda rng: {"seed": int(rng.integers(1000)), "alpha": rng.choice([0.2, 0.5, 0.9])},
        staircase,
        staircase_by_enumeration,
        rtol=1e-9,  # entropies of order 1 are subtracted; an excess may be 1e-6
        points=4,
    ),
}
