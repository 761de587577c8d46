r"""Synonyms from statistics: which tuples have one parent, as far as training strings can tell.

Problem
-------
Tuples that one symbol of level l writes, *synonyms*, have the same contexts in the mean. How well does
a finite number of strings tell them from others?

Symbols
-------
:math:`\mu` : a tuple that some rule of level l writes; b : a symbol of its context, at some place under
a sibling of its node; :math:`n_{\mu b}` : how often both were seen together, in a block, one for each
ordered pair of siblings and each place; N : sum of the block; :math:`\hat C = n_{\mu b}/N - n_\mu
n_b/N^2` : empirical correlation.

Result
------
`cluster` standardises the counts, :math:`z = (n_{\mu b} - n_\mu n_b/N)/\sqrt{n_\mu n_b/N}`, joins all
blocks, keeps the leading v − 1 directions and finds v clusters by k-means. `sensitivity` is

.. math::
    S = \frac{\langle |w_\mu - w_{\mu'}|^2 \rangle_{\text{synonyms}}}
             {\langle |w_\mu - w_{\mu'}|^2 \rangle_{\text{others}}} , \qquad w_\mu = \hat C(\mu, \cdot) ,

the weights of a linear softmax predictor of the context after one step from zero on all strings, its
bias at the marginal. It is 1 before anything is seen, and falls as 1/(1 + κ x) with x the number of
strings over that at which signal and noise of a correlation are equal.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

import numpy as np

from simtheory._checks import as_generator, as_strings, number, one_of, require
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, RegimeError
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.sim.hierarchy.beliefs import as_level
from simtheory.sim.hierarchy.parsing import symbols_and_rules
from simtheory.tasks.hierarchy import RandomHierarchy, TreeGrammar, as_grammar

__all__ = ["Clustering", "cluster", "sensitivity"]

_STARTS = 4
"""Starts of k-means, of which the best is kept; the law of the number of strings was measured with 4."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Clustering:
    """Tuples of a level, clustered by their contexts.

    Parameters
    ----------
    labels : ndarray of int, shape (n_l, m_l)
        Cluster of the tuple that each rule of each symbol writes. A tuple that was not seen has a
        cluster of its own; -1 for a rule that is never used.
    ari : float
        Adjusted Rand index of the clusters against the symbols: 1 if they agree, 0 in the mean for
        random clusters.
    auc : float
        Probability that two synonyms have a larger inner product of contexts than two other tuples; NaN
        if there are no synonyms.
    """

    labels: IntArray = field(metadata=over("symbol", "rule", allow="integer"))
    ari: float
    auc: float

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)
        number("ari", self.ari)

    def __repr__(self) -> str:
        return f"Clustering(ari={self.ari:.3g}, auc={self.auc:.3g})"


@face(but=("strings",))
def cluster(
    grammar: RandomHierarchy | TreeGrammar,
    strings: ArrayLike,
    level: int,
    *,
    context: str = "leaf",
    rng: np.random.Generator | int,
) -> Clustering:
    """Cluster the tuples of a level by their contexts in training strings, by k-means.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar, unambiguous.
    strings : array_like of int, shape (N, d)
        Strings of the grammar.
    level : int
        Level l of the symbols that write the tuples, from 1 to L − 1.
    context : {"leaf", "latent"}
        What stands under a sibling: its tokens, or its symbols of level l − 1, as if that level were
        known already.
    rng : numpy.random.Generator or int
        Source of the starts of k-means.

    Returns
    -------
    Clustering
        Clusters, and how well they agree with the symbols.

    Raises
    ------
    ArgumentError, ShapeError
        If strings do not belong to the grammar, or there is no such level.
    RegimeError
        If the grammar is ambiguous, so that a tuple has no single symbol.
    MissingExtraError
        If scikit-learn, of the extra ``assess``, is not installed.

    Notes
    -----
    k-means pools all tuples, so that it needs fewer strings than a test of each pair, and its number of
    strings grows with a smaller power of m: about 2 to 2.3 at level 1, where pairs need 3.

    References
    ----------
    favero2025, cagnetta2024.

    Examples
    --------
    >>> task = RandomHierarchy(v=8, m=2, s=2, L=2)
    >>> cluster(task, task.sample(3000, rng=0), 1, rng=0).ari
    1.0
    """
    tree = as_grammar(grammar)
    l = as_level("level", level, tree, least=1, top=1)
    leaf = one_of("context", context, ("leaf", "latent")) == "leaf"
    source = as_generator(rng)
    counts, parents = _contexts(tree, strings, l, 0 if leaf else l - 1)
    z = np.concatenate([_standardised(block) for block in counts], axis=1)
    seen = counts[0].sum(axis=1) > 0
    labels = np.empty(len(z), dtype=np.int64)
    groups = min(tree.sizes[l], int(seen.sum()))
    labels[seen] = _k_means(z[seen], groups, tree.sizes[l] - 1, source)
    labels[~seen] = groups + np.arange((~seen).sum())
    whole = np.full(tree.weights[l - 1].shape, -1)
    whole[tree.weights[l - 1] > 0.0] = labels
    score = require("sklearn.metrics", extra="assess").adjusted_rand_score(parents, labels)
    return Clustering(whole, float(score), _area(z @ z.T, parents))


@face(but=("strings",))
def sensitivity(grammar: RandomHierarchy | TreeGrammar, strings: ArrayLike, level: int) -> float:
    """Return how much the first step of learning still tells synonyms apart, against other tuples.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar, unambiguous.
    strings : array_like of int, shape (N, d)
        Strings of the grammar.
    level : int
        Level l of the symbols that write the tuples, from 1 to L − 1.

    Returns
    -------
    float
        S: 1 if synonyms differ as much as others, 0 if they do not differ.

    Raises
    ------
    ArgumentError, ShapeError
        If strings do not belong to the grammar, there are none, or there is no such level.
    RegimeError
        If the grammar is ambiguous, or the level has no synonyms.

    References
    ----------
    favero2025.

    Examples
    --------
    >>> task = RandomHierarchy(v=8, m=2, s=2, L=2)
    >>> few, many = (sensitivity(task, task.sample(n, rng=0), 1) for n in (20, 20_000))
    >>> bool(few > 0.7 > 0.05 > many)
    True
    """
    tree = as_grammar(grammar)
    l = as_level("level", level, tree, least=1, top=1)
    counts, parents = _contexts(tree, strings, l, 0)
    if len(np.unique(parents)) == len(parents):
        raise RegimeError(
            f"Argument `grammar` must have synonyms at level {l}, but each symbol there has one rule."
        )
    same, others = 0.0, 0.0
    synonyms = parents[:, None] == parents
    np.fill_diagonal(synonyms, False)
    apart = parents[:, None] != parents
    for block in counts:
        shares = block / block.sum()
        w = shares - shares.sum(axis=1, keepdims=True) * shares.sum(axis=0)
        norms = (w**2).sum(axis=1)
        distance = np.maximum(norms[:, None] + norms - 2.0 * (w @ w.T), 0.0)
        same += float(distance[synonyms].mean())
        others += float(distance[apart].mean())
    return same / others


def _contexts(
    grammar: TreeGrammar, strings: ArrayLike, level: int, below: int
) -> tuple[list[Array], IntArray]:
    """Return counts of tuples and context symbols in each block, and the symbol of each tuple.

    Tuples are those of the rules that are used. All nodes two levels up share their blocks.
    """
    if not grammar.unambiguous:
        raise RegimeError(
            "Argument `grammar` must be unambiguous, so that each tuple has one symbol, but a tuple is "
            "written by two rules."
        )
    tokens = as_strings("strings", strings, grammar.alphabet, length=grammar.length)
    if not len(tokens):
        raise ArgumentError("Argument `strings` must hold strings, but it holds none.")
    symbols, rules = symbols_and_rules(grammar, tokens, rules=True)
    chosen = rules[level - 1]
    if (chosen < 0).any():
        row, node = np.argwhere(chosen < 0)[0]
        raise ArgumentError(
            f"Argument `strings` must hold strings of the grammar, but no rule of level {level} writes "
            f"what is below node {node} in string {row}."
        )
    parents = np.nonzero(grammar.weights[level - 1] > 0.0)[0]
    s, n = grammar.branching[level], grammar.sizes[below]
    tuples = chosen.reshape(len(tokens), -1, s)
    width = grammar.nodes[below] // grammar.nodes[level]
    under = symbols[below].reshape(len(tokens), -1, s, width)
    found = []
    for j in range(s):
        for other in range(s):
            for place in range(width if other != j else 0):
                pairs = tuples[:, :, j] * n + under[:, :, other, place]
                counted = np.bincount(pairs.ravel(), minlength=len(parents) * n)
                found.append(counted.reshape(len(parents), n).astype(np.float64))
    return found, parents


def _standardised(counts: Array) -> Array:
    """Return counts less those of independent symbols, over the root of these."""
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    return np.asarray((counts - expected) / np.sqrt(np.where(expected > 0.0, expected, 1.0)))


def _k_means(z: Array, groups: int, directions: int, rng: np.random.Generator) -> IntArray:
    """Cluster rows in their leading directions."""
    cluster = require("sklearn.cluster", extra="assess")
    left, sizes, _ = np.linalg.svd(z, full_matrices=False)
    points = left[:, :directions] * sizes[:directions]
    if not points.shape[1]:
        return np.zeros(len(z), dtype=np.int64)
    means = cluster.KMeans(groups, n_init=_STARTS, random_state=int(rng.integers(2**31)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of equal rows, which then share a cluster
        return np.asarray(means.fit_predict(points), dtype=np.int64)


def _area(products: Array, parents: IntArray) -> float:
    """Return the area under the curve of synonyms against others, by ranks of pairs."""
    one, two = np.triu_indices(len(parents), 1)
    synonyms = parents[one] == parents[two]
    count, rest = int(synonyms.sum()), int((~synonyms).sum())
    if not count or not rest:
        return float("nan")
    from scipy.stats import rankdata  # half a second

    ranks = rankdata(products[one, two])
    return float((ranks[synonyms].sum() - count * (count + 1) / 2) / (count * rest))
