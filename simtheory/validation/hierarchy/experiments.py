"""The runs that the claims about hierarchies read: grammars drawn, noisy strings explained, nets trained."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory import noise
from simtheory._typing import Array, IntArray
from simtheory.analytic import hierarchy as forms
from simtheory.analytic.hierarchy.thresholds import snr
from simtheory.assess import Coherence, coherence
from simtheory.sim import hierarchy
from simtheory.tasks import RandomHierarchy
from simtheory.validation.claims.experiment import Budget, experiment
from simtheory.validation.hierarchy.training import DenoiserRun, HierarchicalUNet, train

__all__ = [
    "by_strings",
    "class_beliefs",
    "class_growth",
    "clusters",
    "coherent_blocks",
    "correlations",
    "in_time",
    "lost_roots",
    "one_step",
    "sampled",
    "snr_thresholds",
    "supervised",
]

_CONTEXT = 12  # grammars over which a mean of the class transition is taken
MANY = (2, 3, 4)  # rules of a symbol over which an exponent is fitted


class Beliefs(NamedTuple):
    """Mean belief in the true class (grammars, noises) of exact BP, the noises, and the class map there."""

    epsilon: Array
    beliefs: Array
    law: Array
    start: Array


@experiment
def class_beliefs(budget: Budget) -> Beliefs:
    """Explain known strings under the erasure process; v = 32, m = 8, L = 7."""
    epsilon = np.array([0.5, 0.65, 0.70, 0.73, 0.76, 0.80])
    strings = 20 if budget.name == "quick" else 40
    found = np.empty((_CONTEXT, epsilon.size))
    for seed in range(_CONTEXT):
        grammar = RandomHierarchy(v=32, m=8, L=7, seed=seed)
        *tokens, root = _levels(grammar, strings, seed)
        for k, e in enumerate(epsilon):
            if budget.name == "quick" and k not in (1, 4):
                found[seed, k] = np.nan
                continue
            found[seed, k] = _belief(grammar, tokens[0], root, noise.Erasure(e))
    start = 1.0 - epsilon + epsilon / 32
    law = start
    for _ in range(7):
        law = forms.class_map(law, v=32, m=8)
    return Beliefs(epsilon, found, law, start)


def _levels(grammar: RandomHierarchy, n: int, seed: int) -> tuple[IntArray, ...]:
    return grammar.sample(n, rng=np.random.default_rng((seed, 1)), tree=True)


def _belief(
    grammar: RandomHierarchy, seen: IntArray, root: IntArray, level: noise.TokenNoise
) -> float:
    """Mean belief in the true class of strings that were seen under some noise."""
    likelihood = hierarchy.likelihood(grammar, seen, level)
    beliefs = hierarchy.infer(grammar, likelihood).nodes[-1][:, 0]
    return float(np.take_along_axis(beliefs, root, axis=1).mean())


@experiment
def class_growth(budget: Budget) -> Array:
    """Distance of two beliefs beside the fixed point of the class map, over levels 0 ... 7; v = 32, m = 8."""
    fixed = forms.class_threshold(v=32, m=8)
    path = float(fixed.belief) + np.array([-1e-7, 1e-7])
    gaps = [path[1] - path[0]]
    for _ in range(7):
        path = forms.class_map(path, v=32, m=8)
        gaps.append(path[1] - path[0])
    return np.array(gaps)


class Lost(NamedTuple):
    """Mean belief in the true class (grammars, noises) under uniform noise and under masks."""

    noise: Array
    uniform: Array
    mask: Array


@experiment
def lost_roots(budget: Budget) -> Lost:
    """Explain noisy strings of v = 16, m = 4, L = 7."""
    shares = np.linspace(0.1, 0.8, 8)
    kept = np.full((2, budget.seeds, shares.size), np.nan)
    for seed in range(budget.seeds):
        grammar = RandomHierarchy(v=16, m=4, L=7, seed=seed)
        tokens, *_, root = _levels(grammar, 100, seed)
        rng = np.random.default_rng((seed, 2))
        for k, share in enumerate(shares):
            levels: tuple[noise.Uniform | noise.Mask, ...] = (
                noise.Uniform(1.0 - share),
                noise.Mask(1.0 - share),
            )
            for row, level in enumerate(levels):
                seen = level.noised(tokens, 16, rng=rng)
                kept[row, seed, k] = _belief(grammar, seen, root, level)
    return Lost(shares, *kept)


PLACES = {  # level of the common ancestor, levels of the two nodes
    "tokens, 1 up": (1, (0, 0)),
    "level 1 and token, 2 up": (2, (1, 0)),
    "level 2 and token, 3 up": (3, (2, 0)),
    "tokens, 3 up": (3, (0, 0)),
}


@experiment
def correlations(budget: Budget) -> Array:
    """Mean square correlations (grammars, places) of v = 16, m = 4, L = 3, from the rules alone."""
    found = np.empty((200, len(PLACES)))
    for seed in range(200):
        grammar = RandomHierarchy(v=16, m=4, L=3, seed=seed).grammar
        for k, (lca, (a, b)) in enumerate(PLACES.values()):
            ends = (a, 0), (b, 2 ** (lca - 1 - b))
            table = forms.joint(grammar, *ends)
            product = np.outer(table.sum(axis=1), table.sum(axis=0))
            found[seed, k] = np.mean((table - product) ** 2)
    return found


@experiment
def snr_thresholds(budget: Budget, v: int) -> Array:
    """Strings at which noise and signal are equal (levels 1 ... 3, m), from the rules of 40 grammars each."""
    found = np.empty((3, len(MANY)))
    for l in (1, 2, 3):
        for k, m in enumerate(MANY):
            parts = [
                snr(RandomHierarchy(v=v, m=m, L=l + 1, seed=seed).grammar, l) for seed in range(40)
            ]
            signal, floor = np.mean(parts, axis=0)
            found[l - 1, k] = floor / signal
    return found


ONE_STEP = 2.0 ** np.arange(-3, 5)  # strings over the threshold


@experiment
def one_step(budget: Budget) -> Array:
    """Sensitivity to synonyms (grammars, strings over the threshold) after one step; v = 16, m = 4, L = 2."""
    found = np.empty((6, ONE_STEP.size))
    threshold = snr_thresholds.run(budget, 16)[0, MANY.index(4)]
    for seed in range(6):
        grammar = RandomHierarchy(v=16, m=4, L=2, seed=seed)
        for k, x in enumerate(ONE_STEP):
            rng = np.random.default_rng((seed, k))
            strings = grammar.sample(max(round(x * threshold), 2), rng=rng)
            found[seed, k] = hierarchy.sensitivity(grammar, strings, 1)
    return found


@experiment
def coherent_blocks(budget: Budget) -> tuple[dict[int, Coherence], Coherence]:
    """Correlations of strings drawn with rules known up to level k, and of the language; v = 8, m = 2, L = 5."""
    grammar = RandomHierarchy(v=8, m=2, L=5, seed=0)
    full = coherence(grammar.sample(10_000, rng=0), aligned=True, distances=[1, 2, 4, 8])
    found = {}
    for k in (1, 2, 3):
        strings = hierarchy.generate(grammar, 10_000, steps=25, rng=k, level=k)
        found[k] = coherence(strings, reference=full, aligned=True)
    return found, full


class Noisy(NamedTuple):
    """Share of valid strings (grammars, number of steps) with cavity and posterior weights."""

    steps: IntArray
    cavity: Array
    posterior: Array


@experiment
def sampled(budget: Budget, *steps: int) -> Noisy:
    """Draw strings with exact beliefs; v = 8, m = 3, L = 3."""
    count = 4 if len(steps) > 1 else 10
    found = np.full((2, count, len(steps)), np.nan)
    for seed in range(count):
        grammar = RandomHierarchy(v=8, m=3, L=3, seed=seed)
        for k, T in enumerate(steps):
            for row, weights in enumerate(("cavity", "posterior")):
                if row and len(steps) > 1:
                    continue
                n = 1000 if len(steps) > 1 else 300
                strings = hierarchy.generate(grammar, n, steps=T, rng=seed, weights=weights)
                found[row, seed, k] = hierarchy.parse(grammar, strings).accuracy[-1]
    return Noisy(np.array(steps), *found)


SETTINGS = ((8, 2, 2), (8, 4, 3), (16, 4, 2), (16, 4, 3), (32, 8, 3))  # v, m, L


@experiment
def supervised(budget: Budget) -> Array:
    """Labelled strings at which signal and noise are equal, for each of `SETTINGS`, from the rules."""
    found = np.empty(len(SETTINGS))
    for k, (v, m, L) in enumerate(SETTINGS):
        signal = floor = 0.0
        for seed in range(20):
            tree = RandomHierarchy(v=v, m=m, L=L, seed=seed).grammar
            tuples = 2 ** (L - 1)
            for node in range(tuples):
                table = (
                    forms.joint(tree, (1, node), (L, 0)) / m
                )  # each rule of a symbol, equally often
                margins = np.outer(table.sum(axis=1), m * table.sum(axis=0))
                signal += float(np.mean((table - margins) ** 2))
                floor += float(np.mean(margins))
        found[k] = floor / signal
    return found


class Clusters(NamedTuple):
    """Numbers of strings, and the mean adjusted Rand index (settings, numbers)."""

    strings: Array
    ari: Array


@experiment
def clusters(budget: Budget, v: int, m: int, L: int) -> Clusters:
    """Cluster tuples by their context at level 1, for numbers of strings around the law."""
    law = float(forms.latent_threshold(1, v=v, m=m, L=L))
    numbers = np.unique(np.round(law * 2.0 ** np.arange(-3.0, 2.01, 0.5)).astype(int))
    grammars = 12 if budget.name == "full" else 6
    found = np.empty((grammars, numbers.size))
    for seed in range(grammars):
        grammar = RandomHierarchy(v=v, m=m, L=L, seed=seed)
        for k, n in enumerate(numbers):
            strings = grammar.sample(int(n), rng=np.random.default_rng((seed, k)))
            found[seed, k] = hierarchy.cluster(grammar, strings, 1, rng=seed).ari
    return Clusters(numbers, found.mean(axis=0))


LOOKS = np.array([20, 30, 40, 50, 70, 100, 150, 200, 300, 400, 600, 800, 1200, 1600, 2400, 3200])


@experiment
def in_time(budget: Budget, kind: str) -> list[DenoiserRun]:
    """Train nets on all strings of grammars with v = 8, m = 2, L = 3."""
    grammars = 10 if budget.name == "full" else 4
    return [
        train(
            HierarchicalUNet(width=48),
            RandomHierarchy(v=8, m=2, L=3, seed=seed),
            strings=None,
            steps=int(LOOKS[-1]),
            lr=1e-2,
            noise_steps=50,
            seeds=[seed],
            record=LOOKS,
            noise=kind,
            samples=0,
            device=budget.device,
            store=budget.store("in-time", kind, seed),
        )
        for seed in range(grammars)
    ]


@experiment
def foreign(budget: Budget) -> list[DenoiserRun]:
    """Train nets on the strings of other grammars than the one whose levels they are held against."""
    return [
        train(
            HierarchicalUNet(width=48),
            RandomHierarchy(v=8, m=2, L=3, seed=seed),
            strings=RandomHierarchy(v=8, m=2, L=3, seed=100 + seed).sample(
                1000, rng=seed, replace=False
            ),
            steps=1600,
            lr=1e-2,
            noise_steps=50,
            seeds=[seed],
            record=[1600],
            samples=0,
            device=budget.device,
            store=budget.store("foreign", seed),
        )
        for seed in range(4)
    ]


STRINGS = (32, 128, 512, 2048)
LONG_LOOKS = np.array([100, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 4500, 6000])


@experiment
def by_strings(budget: Budget) -> list[list[DenoiserRun]]:
    """Train nets on few and many strings of grammars with v = 8, m = 2, L = 4, beyond their best step."""
    return [
        [
            train(
                HierarchicalUNet(width=64),
                RandomHierarchy(v=8, m=2, L=4, seed=seed),
                strings=P,
                steps=int(LONG_LOOKS[-1]),
                lr=5e-3,
                noise_steps=100,
                seeds=[seed],
                record=LONG_LOOKS,
                samples=1000,
                device=budget.device,
                store=budget.store("by-strings", seed, P),
            )
            for P in STRINGS
        ]
        for seed in range(3)
    ]
