r"""Correlations of two nodes: exact for one grammar, and in the mean over drawn grammars.

Two nodes know of each other through their lowest common ancestor. From it one rule writes both their
ancestors among its children, and chains of rules lead down to the nodes themselves. Each link of a chain
divides the mean square of the correlation by m.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from simtheory._checks import one_of, positive_int
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.hierarchies import hierarchy, level_of
from simtheory.errors import ArgumentError, RegimeError
from simtheory.labels import implements
from simtheory.tasks import RandomHierarchy, TreeGrammar
from simtheory.tasks.hierarchy import as_grammar

__all__ = ["correlation", "joint"]


@implements(
    "corr-instance",
    title="joint probabilities of any two nodes",
    regime="any tree grammar",
    source="cagnetta2024tokens",
    where="derived here from the rules",
)
@face
def joint(
    grammar: RandomHierarchy | TreeGrammar, one: tuple[int, int], other: tuple[int, int]
) -> Array:
    """Joint probabilities of the symbols at two nodes, without sampling.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar.
    one, other : (int, int)
        Level and place of each node, level 0 the tokens; places from left to right.

    Returns
    -------
    ndarray, shape (n, n')
        Probabilities of each pair of symbols.

    Raises
    ------
    ArgumentError
        If there is no such node.

    Examples
    --------
    >>> found = joint(RandomHierarchy(v=4, m=2, L=2), (0, 0), (1, 1))
    >>> found.shape, round(float(found.sum()), 12)
    ((4, 4), 1.0)
    """
    tree = as_grammar(grammar)
    (low, i), (high, j) = _node("one", one, tree), _node("other", other, tree)
    if low > high:
        return np.ascontiguousarray(joint(tree, other, one).T)
    paths = [_ancestors(tree, level, place) for level, place in ((low, i), (high, j))]
    top = next(l for l in range(high, tree.depth + 1) if paths[0][l] == paths[1][l])
    marginal = tree.marginals[top][paths[0][top]]
    if top == high:  # the second node is the first one's ancestor, or the node itself
        return np.ascontiguousarray((marginal[:, None] * _down(tree, paths[0], top, low)).T)
    rules, weights = tree.rules[top - 1], tree.weights[top - 1]
    children = [path[top - 1] % rules.shape[2] for path in paths]
    both = np.zeros((tree.sizes[top - 1],) * 2)
    words = (rules[:, :, children[0]], rules[:, :, children[1]])
    np.add.at(both, words, marginal[:, None] * weights)
    return np.asarray(
        _down(tree, paths[0], top - 1, low).T @ both @ _down(tree, paths[1], top - 1, high)
    )


def step(grammar: TreeGrammar, level: int, child: int) -> Array:
    """Return the probabilities of a child's symbols given those of its parent of that level."""
    rules, weights = grammar.rules[level - 1], grammar.weights[level - 1]
    found = np.zeros((len(rules), grammar.sizes[level - 1]))
    np.add.at(found, (np.arange(len(rules))[:, None], rules[:, :, child]), weights)
    return found


def _node(name: str, node: tuple[int, int], grammar: TreeGrammar) -> tuple[int, int]:
    whole = len(node) == 2 and all(isinstance(x, int | np.integer) for x in node)
    if not whole or not 0 <= node[0] <= grammar.depth or not 0 <= node[1] < grammar.nodes[node[0]]:
        raise ArgumentError(
            f"Argument `{name}` must be a level and a place on it, such as (0, 3), but it is {node!r}; "
            f"the levels hold {grammar.nodes} nodes."
        )
    return int(node[0]), int(node[1])


def _ancestors(grammar: TreeGrammar, level: int, place: int) -> dict[int, int]:
    """Return the place of the ancestor on each level from that of a node upwards."""
    found = {level: place}
    for l in range(level, grammar.depth):
        found[l + 1] = found[l] // grammar.branching[l]
    return found


def _down(grammar: TreeGrammar, path: dict[int, int], top: int, low: int) -> Array:
    """Return the probabilities of a node's symbols given those of its ancestor of level `top`."""
    found = np.eye(grammar.sizes[top])
    for above, below in pairwise(range(top, low - 1, -1)):
        found = found @ step(grammar, above, path[below] % grammar.branching[below])
    return found


@implements(
    "corr-finite-size",
    title="mean square of the correlation of two nodes over drawn grammars",
    exactness="leading order in 1/v and 1/m; the corrected form within 16 %",
    regime="v ≥ 8, m ≥ 2, equal rules",
    source="cagnetta2024tokens",
    where="App. D for the leading order; corrections derived here",
)
@face
def correlation(
    *,
    v: ArrayLike,
    m: ArrayLike,
    s: ArrayLike = 2,
    L: int,
    lca: int,
    down: tuple[int, int] = (0, 0),
    order: str = "corrected",
    strict: bool = True,
) -> Array:
    r"""Mean square of C = joint − product of its margins, over drawn grammars.

    Leading order :math:`(1-f)/(v^3 m^{1+n_d})`, where :math:`n_d` counts the links below the children of
    the lowest common ancestor. The corrected form multiplies it with
    :math:`\frac{v^s}{v^s-1}(1-1/v)^{2+n_d}(1+\rho)`, where ρ stands for the unequal symbols of the
    ancestor.

    Parameters
    ----------
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching.
    L : int
        Depth.
    lca : int
        Level of the lowest common ancestor, from 1 to L.
    down : (int, int)
        Links from the ancestor's children down to each node; (0, 0) are the children themselves, and
        ``(lca - 1, lca - 1)`` two tokens.
    order : {"corrected", "leading"}
        Which form.
    strict : bool
        Refuse v < 8 or m < 2, where the error is larger.

    Returns
    -------
    ndarray, shape (...)
        Mean square of an entry, dimensionless.

    Raises
    ------
    RegimeError
        If v < 8 or m < 2, unless `strict` is False.
    ArgumentError
        If a level is out of range.

    Examples
    --------
    >>> one, two = (
    ...     correlation(v=16, m=4, L=3, lca=1, order=order) for order in ("leading", "corrected")
    ... )
    >>> print(f"{one:.3e} {two / one:.3f}")
    4.578e-05 1.075
    """
    depth = positive_int("L", L)
    top = level_of("lca", lca, least=1, most=depth)
    if len(down) != 2 or not all(0 <= k < top for k in down):
        raise ArgumentError(
            f"Argument `down` must hold two numbers of links from 0 to {top - 1}, but it is {down!r}."
        )
    v, m, s, f = hierarchy(v, m, s)
    if strict and (v.min() < 8 or m.min() < 2):
        raise RegimeError(
            "Arguments `v` and `m` must be at least 8 and 2, but the smallest are "
            f"{v.min():g} and {m.min():g}. Pass strict=False to take a larger error."
        )
    links = float(sum(down))
    leading = (1.0 - f) / (v**3 * m ** (1.0 + links))
    if one_of("order", order, ("corrected", "leading")) == "leading":
        return np.asarray(leading)
    tuples, shrink = v**s / (v**s - 1.0), 1.0 - 1.0 / v
    ratio = shrink / m
    rho = (1.0 - f) * ratio * tuples * (1.0 - ratio ** (depth - top)) / (1.0 - ratio)
    return np.asarray(leading * tuples * shrink ** (2.0 + links) * (1.0 + rho))
