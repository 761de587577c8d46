"""Grammars for the tests of sums over trees, and those sums by enumeration of all trees."""

from itertools import product

import numpy as np

from simtheory.tasks import RandomHierarchy, TreeGrammar


def uneven():
    """Branching 3 below 2, other alphabets at each level, unequal rules, one never used, unequal root."""
    rng = np.random.default_rng(3)
    low = rng.permutation([*product(range(3), repeat=3)])[:12].reshape(4, 3, 3)
    top = rng.permutation([*product(range(4), repeat=2)])[:6].reshape(3, 2, 2)
    chances = rng.dirichlet(np.ones(3), size=4)
    chances[1] = [0.25, 0.0, 0.75]
    return TreeGrammar(
        [low, top],
        alphabet=3,
        weights=[chances, rng.dirichlet(np.ones(2), 3)],
        root=[0.2, 0.5, 0.3],
    )


def ambiguous():
    """Tuples with several parents, so that a string has several trees; alphabet with an unused token."""
    return TreeGrammar(
        [
            [[[0, 1], [1, 1]], [[1, 1], [2, 0]], [[0, 1], [2, 2]]],
            [[[0, 1], [1, 2]], [[1, 2], [0, 0]]],
        ],
        alphabet=4,
        weights=[[[0.3, 0.7], [0.6, 0.4], [0.5, 0.5]], [[0.9, 0.1], [0.5, 0.5]]],
    )


GRAMMARS = {
    "s=2": RandomHierarchy(v=3, m=2, s=2, L=2, seed=0).grammar,
    "few classes": RandomHierarchy(v=4, m=2, s=2, L=3, n_c=2, seed=1).grammar,
    "s=3": RandomHierarchy(v=3, m=2, s=3, L=2, n_c=4, seed=2).grammar,
    "zipf": RandomHierarchy(v=4, m=3, s=2, L=2, zipf=1.0, seed=4).grammar,
    "uneven": uneven(),
    "ambiguous": ambiguous(),
}


def trees(grammar):
    """Return symbols of every tree, by level from 0: arrays (trees, nodes); and the trees' probabilities."""
    levels = [np.arange(grammar.sizes[-1])[:, None]]
    chance = grammar.root.copy()
    for rules, weights in zip(reversed(grammar.rules), reversed(grammar.weights), strict=True):
        above = levels[0]
        picks = np.array([*product(range(rules.shape[1]), repeat=above.shape[1])])
        rows = np.repeat(np.arange(len(above)), len(picks))
        picks = np.tile(picks, (len(above), 1))
        below = rules[above[rows], picks].reshape(len(rows), -1)
        chance = chance[rows] * weights[above[rows], picks].prod(axis=1)
        levels = [below, *(level[rows] for level in levels)]
    used = chance > 0
    return [level[used] for level in levels], chance[used]


def enumerated(grammar, likelihood):
    """Return beliefs by level, cavity and log evidence, from all trees, in extended precision."""
    levels, chance = trees(grammar)
    sites = np.arange(grammar.length)
    each = np.asarray(likelihood, np.longdouble)[:, sites, levels[0]]  # (N, trees, d)
    joint = each.prod(axis=-1) * chance
    evidence = joint.sum(axis=-1)
    nodes = []
    for level, size in zip(levels, grammar.sizes, strict=True):
        found = np.stack([(joint[:, :, None] * (level == a)).sum(axis=1) for a in range(size)], -1)
        nodes.append(np.asarray(found / evidence[:, None, None], float))
    cavity = np.empty(np.shape(likelihood), np.longdouble)
    for i in sites:
        others = np.delete(each, i, axis=2).prod(axis=-1) * chance
        for a in range(grammar.alphabet):
            cavity[:, i, a] = (others * (levels[0][:, i] == a)).sum(axis=1)
    cavity /= cavity.sum(axis=-1, keepdims=True)
    return nodes, np.asarray(cavity, float), np.asarray(np.log(evidence), float)


def blocks(grammar, level):
    """Return the grammar of the block under each node of a level, with the node's own prior."""
    return [
        TreeGrammar(
            grammar.rules[:level],
            alphabet=grammar.alphabet,
            weights=grammar.weights[:level],
            root=q,
        )
        for q in grammar.marginals[level]
    ]
