"""What a model that knows the lower levels does: its validity above them, and one step of training."""

from __future__ import annotations

import numpy as np

from simtheory._checks import not_negative
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.hierarchies import hierarchy, whole
from simtheory.errors import RegimeError
from simtheory.labels import Computed, implements
from simtheory.tasks import RandomHierarchy, TreeGrammar
from simtheory.tasks.hierarchy import as_grammar

__all__ = ["mean_plateau", "plateaus", "sensitivity", "uniform_plateau"]


@implements(
    "sensitivity-curve",
    title="sensitivity to synonyms after one step of training",
    exactness="± 0.02 for v ≥ 12",
    regime="a linear map, one full-batch step from zero, output bias at the empirical marginal",
    source="favero2025",
    where="derived here from signal and noise of one step",
)
@face
def sensitivity(x: ArrayLike, *, v: ArrayLike, m: ArrayLike) -> Array:
    r"""Mean square distance of the first step's features between synonyms, over that of other tuples.

    :math:`S = 1/(1+\kappa x)` with :math:`\kappa = \frac{v}{v-1} \big/ \left[(1-\tfrac1v)(1-\tfrac1{vm})\right]`.

    Parameters
    ----------
    x : array_like, shape (...)
        Number of strings over the threshold of the level, P/P_1.
    v, m : array_like, shape (...)
        Symbols, rules of a symbol.

    Returns
    -------
    ndarray, shape (...)
        1 with no strings, 0 with all.

    Examples
    --------
    >>> print(sensitivity([1.0, 16.0], v=16, m=4).round(3))
    [0.464 0.051]
    """
    ratio, v, m = not_negative("x", x), whole("v", v, least=2), whole("m", m, least=1)
    kappa = (v / (v - 1.0)) ** 2 * (v * m / (v * m - 1.0))
    return np.asarray(1.0 / (1.0 + kappa * ratio))


@implements(
    "rh-plateau",
    kind=Computed(
        r"q_l(a) = \sum_{k:\,w_{ak}>0}\ \prod_j q_{l-1}^{(j)}(R_{akj}),\quad "
        r"A_l = \operatorname{mean}_{\text{nodes}} \sum_a q_l(a)"
    ),
    title="validity at every level of a model that knows the lower levels",
    regime="every string has one tree; blocks of the known level independent, with their true marginals",
    source="favero2025",
    where="derived here from the rules",
)
@face
def plateaus(grammar: RandomHierarchy | TreeGrammar) -> Array:
    """Accuracy of each level for models that know the levels up to k, for this grammar.

    Such a model writes blocks of level k independently, each with its true marginal. A block of a higher
    level then has a tree with the mass of the independent children that form a rule.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar.

    Returns
    -------
    ndarray, shape (L + 1, L)
        Row k, column l − 1: accuracy A_l of the model that knows the levels up to k.

    Raises
    ------
    RegimeError
        If a tuple has several parents.

    Examples
    --------
    >>> from simtheory.tasks import favero2025
    >>> grammar = favero2025.grammar(v=4, m=2, s=2, L=3, seed_rules=0)
    >>> print(plateaus(grammar).round(4))
    [[0.6108 0.237  0.0334]
     [1.     0.6289 0.2383]
     [1.     1.     0.7812]
     [1.     1.     1.    ]]
    """
    tree = as_grammar(grammar)
    if not tree.unambiguous:
        raise RegimeError(
            "Argument `grammar` must write no tuple twice: with several parents the mass of a tuple does "
            "not split among them."
        )
    found = np.ones((tree.depth + 1, tree.depth))
    for k, marginal in enumerate(tree.marginals[:-1]):
        mass = marginal
        for l in range(k + 1, tree.depth + 1):
            rules, used = tree.rules[l - 1], tree.weights[l - 1] > 0
            children = mass.reshape(-1, rules.shape[2], mass.shape[1])
            product = used[None, :, :].astype(float)
            for j in range(rules.shape[2]):
                product = product * children[:, j][:, rules[:, :, j]]
            mass = product.sum(axis=2)
            found[k, l - 1] = mass.sum(axis=1).mean()
    return found


@implements(
    "plateau-uniform",
    title="validity above the known levels, with uniform latent symbols",
    regime="distinct tuples, each level's symbols uniform and independent; in the mean over grammars",
    source="favero2025",
    where="derived here from the share of tuples that are written",
)
@face
def uniform_plateau(j: ArrayLike, *, v: ArrayLike, m: ArrayLike, s: ArrayLike = 2) -> Array:
    r"""Accuracy j levels above the last known one if its symbols are uniform, :math:`f^{(s^j-1)/(s-1)}`.

    Parameters
    ----------
    j : array_like, shape (...)
        Levels above the known ones.
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching.

    Returns
    -------
    ndarray, shape (...)
        Accuracies.

    Examples
    --------
    >>> print(uniform_plateau([1, 2], v=8, m=3).round(4))
    [0.375  0.0527]
    """
    above = whole("j", j, least=0)
    _, _, s, f = hierarchy(v, m, s)
    return np.asarray(f ** ((s**above - 1.0) / (s - 1.0)))


@implements(
    "plateau-marginal",
    title="validity one level above the known ones, with true marginals",
    exactness="within 10 % of the mean over grammars",
    regime="distinct tuples, equal rules",
    source="favero2025",
    where="derived here from the size bias of rule counts",
)
@face
def mean_plateau(*, v: ArrayLike, m: ArrayLike, s: ArrayLike = 2) -> Array:
    r"""Accuracy one level above the last known one, :math:`f(1+(1-f)/m)^s`.

    A frequent symbol occurs in more rules: this size bias lifts the validity above the share f of tuples
    that are written. `plateaus` gives the exact numbers of one grammar.

    Parameters
    ----------
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching.

    Returns
    -------
    ndarray, shape (...)
        Accuracies.

    Examples
    --------
    >>> print(mean_plateau(v=[8, 8, 16], m=[2, 3, 4]).round(3))
    [0.473 0.548 0.353]
    """
    v, m, s, f = hierarchy(v, m, s)
    return np.asarray(f * (1.0 + (1.0 - f) / m) ** s)
