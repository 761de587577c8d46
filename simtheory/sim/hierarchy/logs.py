"""Sum-product in logarithms, for the few strings whose messages leave the range of float64.

Slow, plain NumPy. It also tells apart what is merely small from what is impossible.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.tasks.hierarchy import TreeGrammar


class LogMessages(NamedTuple):
    """Logarithms of messages, by level from 0: shapes (N, nodes, symbols).

    Parameters
    ----------
    up : tuple of ndarray
        What the tokens below a node say.
    down : tuple of ndarray
        What all other tokens say, with the prior; levels above the prior's are missing.
    evidence : ndarray, shape (N,)
        Logarithm of the probability of what is seen; minus infinity where it is impossible.
    """

    up: tuple[Array, ...]
    down: tuple[Array, ...]
    evidence: Array

    def beliefs(self, level: int) -> Array:
        """Beliefs at the nodes of a level, shape (N, nodes, symbols)."""
        return normalised(self.up[level] + self.down[level])


def log_messages(grammar: TreeGrammar, likelihood: Array, level: int) -> LogMessages:
    """Return all messages of strings, with the prior at a level."""
    with np.errstate(divide="ignore"):
        up = [np.log(likelihood)]
        for l in range(1, level + 1):
            terms = _terms(grammar, l, up[-1])
            up.append(_summed(terms.sum(axis=0), np.log(grammar.weights[l - 1])))
        down = [np.broadcast_to(np.log(grammar.marginals[level]), up[-1].shape)]
        evidence = np.logaddexp.reduce(up[-1] + down[0], axis=-1).sum(axis=-1)
        for l in range(level, 0, -1):
            rules, weights = grammar.rules[l - 1], np.log(grammar.weights[l - 1])
            terms = _terms(grammar, l, up[l - 1])
            below = np.full((*up[l].shape[:2], rules.shape[2], up[l - 1].shape[2]), -np.inf)
            for j in range(rules.shape[2]):
                others = np.delete(terms, j, axis=0).sum(axis=0)
                flow = down[0][..., None] + weights + others
                for a, k in np.argwhere(grammar.weights[l - 1] > 0):
                    into = below[:, :, j, rules[a, k, j]]
                    np.logaddexp(into, flow[:, :, a, k], out=into)
            down.insert(0, below.reshape(up[l - 1].shape))
    return LogMessages(tuple(up), tuple(down), evidence)


def log_draw(grammar: TreeGrammar, likelihood: Array, rng: np.random.Generator) -> IntArray:
    """Draw a string from the posterior of one string, shape (d,)."""
    found = log_messages(grammar, likelihood[None], grammar.depth)
    symbols = _picked((found.up[-1] + found.down[-1])[0], rng)
    for l in range(grammar.depth, 0, -1):
        rules = grammar.rules[l - 1]
        with np.errstate(divide="ignore"):
            weights = np.log(grammar.weights[l - 1])
        terms = _terms(grammar, l, found.up[l - 1]).sum(axis=0)[0] + weights
        nodes = np.arange(symbols.size)
        symbols = rules[symbols, _picked(terms[nodes, symbols], rng)].ravel()
    return symbols


def normalised(logs: Array) -> Array:
    """Return numbers in proportion to exponentials, which sum to 1 over the last axis."""
    top = logs.max(axis=-1, keepdims=True)
    found = np.exp(logs - np.where(np.isfinite(top), top, 0.0))
    return np.asarray(found / found.sum(axis=-1, keepdims=True))


def _terms(grammar: TreeGrammar, level: int, below: Array) -> Array:
    """Return the logarithms of what the rules of a level multiply, shape (s, N, nodes, n, m)."""
    rules = grammar.rules[level - 1]
    s = rules.shape[2]
    children = below.reshape(len(below), -1, s, below.shape[2])
    return np.stack([children[:, :, j, rules[:, :, j]] for j in range(s)])


def _summed(terms: Array, weights: Array) -> Array:
    return np.asarray(np.logaddexp.reduce(terms + weights, axis=-1))


def _picked(logs: Array, rng: np.random.Generator) -> IntArray:
    """Draw an index for each row by the exponentials."""
    chances = normalised(logs)
    sums = np.cumsum(chances, axis=-1)
    draws = rng.random(len(chances))[:, None] * sums[:, -1:]
    return np.minimum((sums <= draws).sum(axis=-1), chances.shape[-1] - 1)
