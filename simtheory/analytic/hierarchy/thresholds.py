r"""How many strings show which level: where a correlation rises above its sampling noise.

An empirical joint of P strings has the variance :math:`P(x)P(y)/P`. A law below is the P at which this
equals the mean square of the correlation, to leading order in 1/v and 1/m. To satisfy rules of level l,
the symbols of level l − 1 must be found first; they are found by the context of the tuples that they
write.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simtheory._checks import all_positive, positive, positive_int, shares
from simtheory._faces import face
from simtheory._text import aligned, table_as_html
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic._shared.hierarchies import learnable, level_of, whole
from simtheory.analytic.hierarchy.correlations import joint
from simtheory.errors import ArgumentError, RegimeError
from simtheory.labels import implements
from simtheory.results import axes
from simtheory.tasks import RandomHierarchy, TreeGrammar
from simtheory.tasks.hierarchy import as_grammar

__all__ = [
    "StringsNeeded",
    "coherence_length",
    "latent_context_threshold",
    "latent_threshold",
    "noise_floor",
    "rule_threshold",
    "snr_threshold",
    "strings_needed",
    "supervised_threshold",
    "token_range",
    "token_threshold",
]

_NETS = (1.4, 3.7)
"""Strings at which trained nets had half of a level, over the law (v=8, m=2, L=4, one grammar): no law."""


@implements(
    "noise-floor",
    title="second moment of the empirical correlation of independent features",
    regime="P independent strings; P(x)P(y)/P to leading order in 1/P and in the probabilities",
    source="cagnetta2024tokens",
    where="App. E to leading order; derived here for any P",
)
@face
def noise_floor(p: ArrayLike, q: ArrayLike, P: ArrayLike) -> Array:
    r"""Mean square of the empirical correlation of two features that are independent.

    :math:`E\hat C^2 = p(1-p)\,q(1-q)\,(P-1)/P^2`, about pq/P.

    Parameters
    ----------
    p, q : array_like, shape (...)
        Probabilities of the features.
    P : array_like, shape (...)
        Number of strings.

    Returns
    -------
    ndarray, shape (...)
        Mean square of the share of strings with both, less the product of both shares.

    Examples
    --------
    >>> print(f"{noise_floor(1 / 16, 1 / 64, 1000):.4e}")
    9.0032e-07
    """
    p, q, P = shares("p", p), shares("q", q), whole("P", P, least=1)
    return np.asarray(p * (1.0 - p) * q * (1.0 - q) * (P - 1.0) / P**2)


@implements(
    "threshold-latent",
    title="strings that show the latent symbols of a level",
    exactness="leading order in 1/v and 1/m, within a factor 2",
    regime="equal rules, f < 1; context: tokens",
    source="favero2025",
    where="derived here where signal and noise of a tuple and a token are equal",
)
@face
def latent_threshold(l: int, *, v: ArrayLike, m: ArrayLike, s: ArrayLike = 2, L: int) -> Array:
    r"""Strings at which tuples of one latent symbol of level l can be told from others.

    :math:`v m^{l+2}/((1-f)\,s^{L-l-1})`.

    Parameters
    ----------
    l : int
        Level of the latent symbols, from 1 to L − 1.
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching.
    L : int
        Depth; the s^(L−l−1) parents of a string share their rules.

    Returns
    -------
    ndarray, shape (...)
        Numbers of strings.

    Raises
    ------
    RegimeError
        If all tuples are written, f = 1.

    Examples
    --------
    >>> print(latent_threshold(1, v=8, m=2, L=4).round(2))
    21.33
    """
    level = level_of("l", l, least=1, most=positive_int("L", L) - 1)
    v, m, s, f = learnable(v, m, s)
    return np.asarray(v * m ** (level + 2.0) / ((1.0 - f) * s ** (L - level - 1.0)))


@implements(
    "threshold-rule",
    title="strings after which the rules of a level are satisfied",
    exactness="leading order in 1/v and 1/m, within a factor 2",
    regime="equal rules, f < 1, l ≥ 2: level 1 needs each tuple seen (coupons)",
    source="favero2025",
    where="derived here from the latent symbols of the level below",
)
@face
def rule_threshold(l: int, *, v: ArrayLike, m: ArrayLike, s: ArrayLike = 2, L: int) -> Array:
    r"""Strings after which a model can satisfy the rules of level l.

    :math:`v m^{l+1}/((1-f)\,s^{L-l})`; at the top :math:`v m^{L+1}/(1-f)`, polynomial in the context:
    :math:`vm\,d^{\ln m/\ln s}/(1-f)`.

    Parameters
    ----------
    l : int
        Level of the rules, from 2 to L.
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching.
    L : int
        Depth.

    Returns
    -------
    ndarray, shape (...)
        Numbers of strings.

    Raises
    ------
    RegimeError
        If l = 1, which no correlation decides, or all tuples are written, f = 1.

    Examples
    --------
    >>> print([rule_threshold(l, v=8, m=2, L=4).round(2).item() for l in (2, 3, 4)])
    [21.33, 85.33, 341.33]
    """
    level = level_of("l", l, least=1, most=positive_int("L", L))
    if level == 1:
        raise RegimeError(
            "Argument `l` must be at least 2: the rules of level 1 are the tuples that occur, and are known "
            "when each has been seen. `strings_needed` counts these."
        )
    return latent_threshold(level - 1, v=v, m=m, s=s, L=L)


@implements(
    "threshold-token",
    title="strings that show the correlation of two tokens",
    exactness="leading order in 1/v and 1/m, within a factor 2",
    regime="equal rules, f < 1; tokens against tokens, no weight sharing",
    source="cagnetta2024tokens",
    where="sample complexity of a token pair",
)
@face
def token_threshold(l: ArrayLike, *, v: ArrayLike, m: ArrayLike, s: ArrayLike = 2) -> Array:
    r"""Strings at which two tokens with a common ancestor of level l are seen to be correlated.

    :math:`v m^{2l-1}/(1-f)`.

    Parameters
    ----------
    l : array_like, shape (...)
        Level of the lowest common ancestor.
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching.

    Returns
    -------
    ndarray, shape (...)
        Numbers of strings.

    Raises
    ------
    RegimeError
        If all tuples are written, f = 1.

    Examples
    --------
    >>> print(token_threshold([1, 2, 3], v=16, m=4).round(1))
    [   85.3  1365.3 21845.3]
    """
    level = whole("l", l, least=1)
    v, m, s, f = learnable(v, m, s)
    return np.asarray(v * m ** (2.0 * level - 1.0) / (1.0 - f))


@implements(
    "threshold-supervised",
    title="labelled strings that show the class",
    exactness="leading order in 1/v and 1/m: exact over law 1.1 to 1.5 at v = 8 to 32",
    regime="equal rules; tuples of tokens against the class",
    source="cagnetta2024",
    where="sample complexity of deep networks",
)
@face
def supervised_threshold(*, m: ArrayLike, L: ArrayLike, n_c: ArrayLike) -> Array:
    r"""Labelled strings at which a tuple of tokens is seen to be correlated with the class.

    :math:`n_c m^L`. There is no factor 1/(1 − f): tuples of one class are drawn among all, so also a
    grammar that writes every tuple shows its classes.

    Parameters
    ----------
    m : array_like, shape (...)
        Rules of a symbol.
    L : array_like, shape (...)
        Depth.
    n_c : array_like, shape (...)
        Number of classes.

    Returns
    -------
    ndarray, shape (...)
        Numbers of strings.

    Examples
    --------
    >>> print(supervised_threshold(m=4, L=3, n_c=16))
    1024.0
    """
    m, L = whole("m", m, least=1), whole("L", L, least=1)
    return np.asarray(whole("n_c", n_c, least=1) * m**L)


@implements(
    "threshold-latent-context",
    title="strings that show latent symbols by latent context",
    exactness="leading order in 1/v and 1/m, within a factor 2",
    regime="equal rules, f < 1; the level below is known",
    source="favero2025",
    where="derived here where signal and noise of a tuple and its sibling's children are equal",
)
@face
def latent_context_threshold(*, v: ArrayLike, m: ArrayLike, s: ArrayLike = 2) -> Array:
    r"""Strings at which latent symbols of any level are told apart by latent context.

    :math:`v m^3/(1-f)`: the context is what the sibling writes, one link below it, at every level.

    Parameters
    ----------
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching.

    Returns
    -------
    ndarray, shape (...)
        Numbers of strings, the same for each level.

    Raises
    ------
    RegimeError
        If all tuples are written, f = 1.

    Examples
    --------
    >>> print(latent_context_threshold(v=16, m=4).round(1))
    1365.3
    """
    v, m, s, f = learnable(v, m, s)
    return np.asarray(v * m**3 / (1.0 - f))


@implements(
    "coherence-length",
    title="length up to which a model of P strings is coherent",
    exactness="leading order in 1/v and 1/m",
    regime="the law of the rules, m ≥ 2, f < 1",
    source="favero2025",
    where="derived here from the strings that a level needs",
)
@face
def coherence_length(P: ArrayLike, *, v: ArrayLike, m: ArrayLike, s: ArrayLike = 2) -> Array:
    r"""Length over which strings written by a model of P strings are coherent.

    :math:`\xi(P) = s^k = (P(1-f)/(vm))^{\ln s/\ln m}`, where k is the level that P strings reach.

    Parameters
    ----------
    P : array_like, shape (...)
        Numbers of strings.
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching; m ≥ 2.

    Returns
    -------
    ndarray, shape (...)
        Lengths in tokens.

    Raises
    ------
    RegimeError
        If m = 1, whose strings need no learning, or all tuples are written, f = 1.

    Examples
    --------
    >>> print(coherence_length([21.3333, 85.3333, 341.3333], v=8, m=2).round(3))
    [ 1.  4. 16.]
    """
    P = all_positive("P", P)
    v, m, s, f = learnable(v, m, s)
    _several(m)
    return np.asarray((P * (1.0 - f) / (v * m)) ** (np.log(s) / np.log(m)))


@implements(
    "token-range",
    title="levels whose tokens P strings show to be correlated",
    exactness="leading order in 1/v and 1/m",
    regime="the law of token pairs, m ≥ 2, f < 1",
    source="cagnetta2024tokens",
    where="effective context of P strings",
)
@face
def token_range(P: ArrayLike, *, v: ArrayLike, m: ArrayLike, s: ArrayLike = 2) -> Array:
    r"""Highest level of a common ancestor whose tokens are seen to be correlated in P strings.

    :math:`l(P) = \tfrac12\left(1 + \ln(P(1-f)/v)/\ln m\right)`; the context is s^l tokens.

    Parameters
    ----------
    P : array_like, shape (...)
        Numbers of strings.
    v, m, s : array_like, shape (...)
        Symbols, rules of a symbol, branching; m ≥ 2.

    Returns
    -------
    ndarray, shape (...)
        Levels, not rounded.

    Raises
    ------
    RegimeError
        If m = 1, or all tuples are written, f = 1.

    Examples
    --------
    >>> print(token_range(21845.333, v=16, m=4).round(4))
    3.0
    """
    P = all_positive("P", P)
    v, m, s, f = learnable(v, m, s)
    _several(m)
    return np.asarray((1.0 + np.log(P * (1.0 - f) / v) / np.log(m)) / 2.0)


def _several(m: Array) -> None:
    if m.size and m.min() < 2:
        raise RegimeError(
            "Argument `m` must be at least 2: with one rule a symbol all levels need equally many strings."
        )


@face
def snr_threshold(
    grammar: RandomHierarchy | TreeGrammar, *, level: int, noise: float = 1.0
) -> float:
    """Strings at which this grammar shows the latent symbols of a level, without an expansion.

    Signal is the mean square correlation of a tuple of that level with a token below a sibling; noise the
    variance of its estimate, pooled over the nodes that share their rules. The law is
    `latent_threshold`.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar.
    level : int
        Level of the latent symbols, from 1 to L − 1.
    noise : float
        Factor on the variance of an estimated probability; 1 for independent strings.

    Returns
    -------
    float
        Number of strings; infinite if the tuples of that level are not correlated with any token.

    Raises
    ------
    ArgumentError
        If the level is out of range, or has no siblings.

    Examples
    --------
    >>> found = snr_threshold(RandomHierarchy(v=16, m=4, L=2), level=1)
    >>> print(round(found), latent_threshold(1, v=16, m=4, L=2).round())
    1406 1365.0
    """
    tree = as_grammar(grammar)
    factor = positive("noise", noise)
    level = level_of("level", level, least=1, most=tree.depth - 1)
    signal, floor = snr(tree, level)
    return float(np.inf) if signal == 0.0 else factor * floor / signal


def snr(tree: TreeGrammar, level: int) -> tuple[float, float]:
    """Return the mean square correlation of a tuple with a token, and its noise times the strings."""
    s, parents = tree.branching[level], tree.nodes[level + 1]
    if s < 2:
        raise RegimeError(
            f"Argument `level` is {level}, whose nodes have no siblings: its symbols have no context."
        )
    below = tree.nodes[0] // tree.nodes[level]
    weights = tree.weights[level - 1]
    marginals = tree.marginals
    mean = marginals[level + 1].mean(axis=0)  # joint probabilities are linear in the parent's
    block = TreeGrammar(
        tree.rules[: level + 1],
        alphabet=tree.alphabet,
        weights=tree.weights[: level + 1],
        root=mean / mean.sum(),
    )
    signal, floor = [], []
    for i in range(s):
        nodes = marginals[level][i::s]
        for place in range(s * below):
            if place // below == i:
                continue
            product = nodes.T @ marginals[0][place :: s * below] / parents
            C = joint(block, (level, i), (0, place)) - product
            product /= parents
            used = weights > 0
            signal.append(
                ((weights**2).sum(axis=1)[:, None] * C**2).sum() / used.sum() / C.shape[1]
            )
            floor.append((weights.sum(axis=1)[:, None] * product).sum() / used.sum() / C.shape[1])
    return float(np.mean(signal)), float(np.mean(floor))


@face
@dataclass(frozen=True, slots=True, eq=False)
class StringsNeeded:
    """Strings that each level of a hierarchy needs, and which levels a number of strings reaches.

    Parameters
    ----------
    levels : ndarray of int, shape (L,)
        Levels of the rules, 1 to L.
    law : ndarray, shape (L,)
        Strings by the law; at level 1 until each tuple has been seen.
    grammar : ndarray, shape (L,)
        Strings by the signal and noise of one drawn grammar; at level 1 the law.
    low, high : ndarray, shape (L,)
        Where trained nets had half of the level: 1.4 to 3.7 times the law, measured at v = 8, m = 2,
        L = 4 with one grammar. NaN at level 1, where it was not measured.
    strings : float or None
        Strings at hand.
    reached : int or None
        Highest level whose law these reach.
    length : float or None
        Their coherence length, at most s^L tokens.
    """

    levels: IntArray = field(metadata=axes.over("level", allow="integer", labels=True))
    law: Array = field(metadata=axes.over("level"))
    grammar: Array = field(metadata=axes.over("level", allow="real"))
    low: Array = field(metadata=axes.over("level", allow="nan"))
    high: Array = field(metadata=axes.over("level", allow="nan"))
    strings: float | None = None
    reached: int | None = None
    length: float | None = None

    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)
        all_positive("grammar", np.minimum(self.grammar, np.finfo(float).max))  # infinite: never
        for name in ("strings", "length"):
            if getattr(self, name) is not None:
                positive(name, getattr(self, name))

    def _cells(self) -> list[list[str]]:
        cells = [["level", "strings (law)", "this grammar", "trained nets", "reached"]]
        for k, level in enumerate(self.levels):
            done = "" if self.reached is None else ("yes" if level <= self.reached else "no")
            nets = f"{self.low[k]:,.0f} to {self.high[k]:,.0f}" if level > 1 else ""
            found = f"{self.grammar[k]:,.0f}" if np.isfinite(self.grammar[k]) else "never"
            cells.append([str(int(level)), f"{self.law[k]:,.0f}", found, nets, done])
        return [row if self.reached is not None else row[:-1] for row in cells]

    def _line(self) -> str:
        if self.strings is None:
            return ""
        return (
            f"{self.strings:,.0f} strings reach level {self.reached} of {len(self.levels)}; "
            f"coherent over {self.length:.3g} tokens."
        )

    def __str__(self) -> str:
        lines = aligned(self._cells(), left=())
        return "\n".join([*lines, *filter(None, [self._line()])])

    def _repr_html_(self) -> str:
        return table_as_html(self._cells(), self._line())


@face
def strings_needed(
    *,
    v: int,
    m: int,
    s: int = 2,
    L: int,
    strings: float | None = None,
    grammar: RandomHierarchy | TreeGrammar | None = None,
) -> StringsNeeded:
    """Table of the strings that each level needs, and of the levels that some strings reach.

    Parameters
    ----------
    v, m, s, L : int
        Symbols, rules of a symbol (at least 2), branching, depth.
    strings : float, optional
        Strings at hand, 1 or more.
    grammar : RandomHierarchy or TreeGrammar, optional
        The grammar whose signal and noise are shown, of depth L. Default: the random hierarchy of
        seed 0.

    Returns
    -------
    StringsNeeded
        Printed as a table.

    Raises
    ------
    RegimeError
        If m = 1, or all tuples are written.

    Examples
    --------
    >>> print(strings_needed(v=8, m=2, L=3, strings=100))
    level  strings (law)  this grammar  trained nets  reached
        1             11            11                    yes
        2             43            57     60 to 158      yes
        3            171           302    239 to 631       no
    100 strings reach level 2 of 3; coherent over 4.69 tokens.
    """
    task = RandomHierarchy(v=v, m=m, s=s, L=L)
    tree = task.grammar if grammar is None else as_grammar(grammar)
    _several(np.asarray(float(m)))
    if tree.depth != L:
        raise RegimeError(
            f"Argument `grammar` must have the depth L = {L}, but it has {tree.depth} levels."
        )
    coupons = v * m / s ** (L - 1) * np.log(v * m)
    law = [coupons, *(float(rule_threshold(l, v=v, m=m, s=s, L=L)) for l in range(2, L + 1))]
    own = [coupons, *(snr_threshold(tree, level=l - 1) for l in range(2, L + 1))]
    have = None if strings is None else positive("strings", strings)
    if have is not None and have < 1.0:
        raise ArgumentError(f"Argument `strings` must be 1 or more, but it is {have:g}.")
    reached = length = None
    if have is not None:
        learned = np.asarray(law) <= have
        reached = int(np.argmin(learned)) if not learned.all() else L
        length = min(float(coherence_length(have, v=v, m=m, s=s)), float(s**L))
    return StringsNeeded(
        levels=np.arange(1, L + 1),
        law=np.array(law),
        grammar=np.array(own),
        low=_NETS[0] * np.array([np.nan, *law[1:]]),
        high=_NETS[1] * np.array([np.nan, *law[1:]]),
        strings=have,
        reached=reached,
        length=length,
    )
