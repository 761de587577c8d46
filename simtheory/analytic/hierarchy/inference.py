r"""Exact beliefs on the tree, those of a model that sees its own block only, and what sets them apart.

Messages go up from the tokens, :math:`u_l(a) = \sum_k w_{ak} \prod_j u_{l-1}^{(j)}(R_{akj})`, and down from
the root; their product is the Bayes posterior of every node. The *truncated* denoiser :math:`P_k` stops at
level k and takes the true marginal of that node for what is above: it is the posterior given the noisy
tokens of the own block of level k. So :math:`P_0, \ldots, P_L` is a martingale, and its increments are
orthogonal in the mean. These are NumPy forms for small cases; `simtheory.sim.hierarchy` is fast.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simtheory._checks import as_finite, as_strings, not_negative, share, shares
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.analytic._shared.hierarchies import level_of
from simtheory.errors import ArgumentError, ShapeError
from simtheory.labels import Computed, implements
from simtheory.results import axes
from simtheory.tasks import RandomHierarchy, TreeGrammar
from simtheory.tasks.hierarchy import as_grammar

__all__ = [
    "ExactBeliefs",
    "ExactStaircase",
    "block_posterior",
    "exact_shares",
    "exact_staircase",
    "optimal_weights",
    "posterior",
    "reverse_step",
]

_MOST = 2**20
"""Noisy strings over which a mean is summed: more would take minutes and gigabytes."""

_ROUNDING = 1e-24
"""Mean square of an increment, over that of probabilities, below which it is rounding alone."""

_CHUNK = 2**17
"""Numbers of the largest array of messages that is held at once."""


@face
@dataclass(frozen=True, slots=True, eq=False)
class ExactBeliefs:
    """What noisy strings say about every node.

    Parameters
    ----------
    posterior : ndarray, shape (N, d, v)
        Probabilities of the clean tokens given the noisy string.
    cavity : ndarray, shape (N, d, v)
        The same given the noisy tokens of all other sites.
    nodes : tuple of ndarray, shape (N, nodes, n_l)
        Posterior of the symbols of each level from 0 up.
    log_evidence : ndarray, shape (N,)
        Logarithm of the mean likelihood of the strings of the grammar, in nats.
    """

    posterior: Array
    cavity: Array
    nodes: tuple[Array, ...]
    log_evidence: Array

    def __post_init__(self) -> None:
        for name in ("posterior", "cavity", "log_evidence"):
            as_finite(name, getattr(self, name))
        for level in self.nodes:
            as_finite("nodes", level)


@face
@dataclass(frozen=True, slots=True, eq=False)
class ExactStaircase:
    """Exact loss of the truncated denoisers over the Bayes denoiser.

    Parameters
    ----------
    levels : ndarray of int, shape (L + 1,)
        Levels k that a denoiser knows.
    excess : ndarray, shape (..., L + 1)
        E KL(P_L ‖ P_k) in nats a token, for each share of kept tokens.
    entropy : ndarray, shape (...)
        Cross-entropy of the Bayes denoiser, in nats a token.
    """

    levels: IntArray = field(metadata=axes.over("level", allow="integer", labels=True))
    excess: Array = field(metadata=axes.over("*ensemble", "level"))
    entropy: Array = field(metadata=axes.over("*ensemble"))

    __str__ = axes.text
    _repr_html_ = axes.html
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)


@implements(
    "bp-exact",
    title="Bayes posterior of every node by messages on the tree",
    regime="any tree grammar and weights; noise site by site",
    source="sclocchi2025",
    where="belief propagation on the tree",
)
@face
def posterior(grammar: RandomHierarchy | TreeGrammar, likelihood: ArrayLike) -> ExactBeliefs:
    """Compute the posterior of every node given noisy strings.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar.
    likelihood : array_like, shape (N, d, v)
        For each site and each clean token the probability of what is seen there, up to a factor a
        site.

    Returns
    -------
    ExactBeliefs
        Posterior, cavity, all nodes, evidence.

    Raises
    ------
    ShapeError
        If the likelihood has another shape.
    ArgumentError
        If it is negative, zero for all tokens of a site, or no string explains it.

    Examples
    --------
    >>> grammar = TreeGrammar([[[[0, 1], [1, 0]]]])
    >>> found = posterior(grammar, [[[0.9, 0.1], [0.5, 0.5]]])
    >>> found.posterior[0]
    array([[0.9, 0.1],
           [0.1, 0.9]])
    """
    tree = as_grammar(grammar)
    return _beliefs(tree, _likelihood(tree, likelihood), tree.depth)


@implements(
    "bp-truncated",
    title="posterior given the own block, with a martingale of increments",
    regime="any tree grammar and weights; noise site by site; true marginals as prior",
    source="favero2025",
    where="derived here from Bayes' rule",
)
@face
def block_posterior(
    grammar: RandomHierarchy | TreeGrammar, likelihood: ArrayLike, *, level: int
) -> ExactBeliefs:
    r"""Compute the posterior of every node given the noisy tokens of its own block.

    These are the truncated denoisers :math:`P_k`, with :math:`E\,(P_j - P_{j-1})(P_k - P_{k-1}) = 0`
    for j ≠ k.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar.
    likelihood : array_like, shape (N, d, v)
        As `posterior` takes it.
    level : int
        Level k of the blocks, from 0 (single tokens) to L (the whole string).

    Returns
    -------
    ExactBeliefs
        With nodes up to this level; the evidence is the sum over the blocks.

    Raises
    ------
    ArgumentError
        As `posterior` raises it, or if the level is out of range.

    Examples
    --------
    >>> grammar = TreeGrammar([[[[0, 1], [1, 0]]]])
    >>> block_posterior(grammar, [[[0.9, 0.1], [0.5, 0.5]]], level=0).posterior[0]
    array([[0.9, 0.1],
           [0.5, 0.5]])
    """
    tree = as_grammar(grammar)
    top = level_of("level", level, least=0, most=tree.depth)
    return _beliefs(tree, _likelihood(tree, likelihood), top)


@implements(
    "rh-staircase",
    kind=Computed(
        r"E\,\mathrm{KL}(P_L \,\|\, P_k) = I(x_i;\ \text{noisy rest} \mid \text{noisy block of level } k)"
    ),
    title="excess loss of the truncated denoisers is what the rest of the string tells",
    regime="any tree grammar and weights; noise site by site",
    source="favero2025",
    where="derived here from the martingale",
)
@face
def exact_staircase(grammar: RandomHierarchy | TreeGrammar, alpha_bar: ArrayLike) -> ExactStaircase:
    r"""Sum the loss of each truncated denoiser over all noisy strings, under uniform noise.

    :math:`E\,\mathrm{KL}(P_L \| P_k) = I(x_i;\ \text{rest} \mid \text{own block})`, the mean over sites.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        A grammar with few strings: v^d is at most 2^20.
    alpha_bar : array_like, shape (...)
        Shares of tokens that the noise keeps, in [0, 1].

    Returns
    -------
    ExactStaircase
        Excess of each level and entropy, in nats a token.

    Raises
    ------
    ArgumentError
        If there are too many noisy strings: `simtheory.sim.hierarchy.staircase` samples them.

    Examples
    --------
    >>> from simtheory.tasks import favero2025
    >>> found = exact_staircase(favero2025.grammar(v=8, m=3, s=2, L=2, seed_rules=0), 0.5)
    >>> print(found.excess.round(8), found.entropy.round(8))
    [0.1702411  0.03419626 0.        ] 1.25026951
    """
    tree = as_grammar(grammar)
    kept = shares("alpha_bar", alpha_bar)
    if tree.alphabet**tree.length > _MOST:
        raise ArgumentError(
            f"Argument `grammar` has {tree.alphabet}**{tree.length} noisy strings, more than 2**20, over "
            "which the mean would be summed. Sample them with simtheory.sim.hierarchy.staircase."
        )
    levels = np.arange(tree.depth + 1)
    entropies = np.array([[_entropy(tree, int(k), float(a)) for k in levels] for a in kept.flat])
    entropies = entropies.reshape(*kept.shape, levels.size)
    return ExactStaircase(
        levels=levels, excess=entropies - entropies[..., -1:], entropy=entropies[..., -1]
    )


@implements(
    "rh-level-shares",
    title="share of each level that a denoiser knows",
    regime="levels whose increment does not vanish",
    source="favero2025",
    where="derived here from orthogonal increments",
)
@face
def exact_shares(ladder: ArrayLike, probabilities: ArrayLike, *, weights: ArrayLike = 1.0) -> Array:
    r"""Split a denoiser along the increments of the truncated denoisers.

    :math:`c_k = E\langle q - P_0, \Delta P_k\rangle / E|\Delta P_k|^2`: 0 before level k is known, 1 after; for
    a mixture :math:`(1-\alpha)P_0 + \alpha P_L` all are α.

    Parameters
    ----------
    ladder : array_like, shape (L + 1, N, d, v)
        Probabilities of the truncated denoisers P_0 … P_L.
    probabilities : array_like, shape (N, d, v)
        Those of the denoiser, q.
    weights : array_like, shape () or (N,)
        Probabilities of the noisy strings; the default is a mean over a sample.

    Returns
    -------
    ndarray, shape (L,)
        Shares c_1 … c_L; NaN for a level that adds nothing.

    Raises
    ------
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> ladder = np.array([[[[0.5, 0.5]]], [[[0.7, 0.3]]], [[[0.7, 0.3]]]])
    >>> exact_shares(ladder, [[[0.6, 0.4]]])
    array([0.5, nan])
    """
    steps, q = as_finite("ladder", ladder), as_finite("probabilities", probabilities)
    if steps.ndim != 4 or len(steps) < 2 or q.shape != steps.shape[1:]:
        raise ShapeError(
            "Arguments `ladder` and `probabilities` must have shapes (L + 1, N, d, v) and (N, d, v), but "
            f"they have {steps.shape} and {q.shape}."
        )
    chance = not_negative("weights", weights)
    if chance.shape not in ((), q.shape[:1]):
        raise ShapeError(
            f"Argument `weights` must be a number or have shape ({len(q)},), but its shape is {chance.shape}."
        )
    chance = np.broadcast_to(chance, q.shape[:1])[:, None, None]
    found = np.full(len(steps) - 1, np.nan)
    for k, increment in enumerate(np.diff(steps, axis=0)):
        size = float((chance * increment**2).sum())
        if size > _ROUNDING * float((chance * steps[0] ** 2).sum()):
            found[k] = (chance * (q - steps[0]) * increment).sum() / size
    return found


@implements(
    "d3pm-optimal-w",
    title="weights of the reverse step that minimise the loss of discrete diffusion",
    regime="uniform noise, ᾱ > 0 or a flat posterior",
    source="favero2025",
    where="derived here from the loss of the released code",
)
@face
def optimal_weights(probabilities: ArrayLike, noised: IntArray, *, alpha_bar: float) -> Array:
    r"""Return the weights w that turn `reverse_step` into the exact reverse step.

    :math:`w(a) \propto P(a \mid y)/q(y_i \mid a)`, the posterior without the site's own evidence, its
    *cavity*. The posterior itself in its place counts that evidence twice.

    Parameters
    ----------
    probabilities : array_like, shape (N, d, v)
        Posterior of the clean tokens.
    noised : ndarray of int, shape (N, d)
        Noisy strings.
    alpha_bar : float
        Share of tokens that the noise keeps, in [0, 1).

    Returns
    -------
    ndarray, shape (N, d, v)
        Weights; they sum to 1 at each site.

    Examples
    --------
    >>> optimal_weights([[[0.9, 0.1]]], [[0]], alpha_bar=0.5).round(4)
    array([[[0.75, 0.25]]])
    """
    p = _probabilities(probabilities)
    seen = as_strings("noised", noised, p.shape[-1], length=p.shape[1])
    q = _kept(seen, p.shape[-1], share("alpha_bar", alpha_bar, ends="[)"))
    w = p / q
    return np.asarray(w / w.sum(axis=-1, keepdims=True))


@face
def reverse_step(
    weights: ArrayLike, noised: IntArray, *, alpha_bar_before: float, beta: float
) -> Array:
    r"""Return the law of the tokens one noise step earlier, as the released code computes it.

    :math:`p(x_{t-1}) \propto [(1-\beta)1[x_{t-1}=x_t] + \beta/v]\,[\bar\alpha_{t-1} w + (1-\bar\alpha_{t-1})/v]`.

    Parameters
    ----------
    weights : array_like, shape (N, d, v)
        Weights w: the cavity (`optimal_weights`) gives the exact step.
    noised : ndarray of int, shape (N, d)
        Noisy strings x_t.
    alpha_bar_before : float
        Share of kept tokens one step earlier, in [0, 1].
    beta : float
        Probability that the step draws a token anew, in [0, 1].

    Returns
    -------
    ndarray, shape (N, d, v)
        Probabilities at each site.

    Examples
    --------
    >>> reverse_step([[[0.75, 0.25]]], [[0]], alpha_bar_before=0.9, beta=0.5).round(4)
    array([[[0.8878, 0.1122]]])
    """
    w = _probabilities(weights, "weights")
    seen = as_strings("noised", noised, w.shape[-1], length=w.shape[1])
    before = share("alpha_bar_before", alpha_bar_before, ends="[]")
    kept = _kept(seen, w.shape[-1], 1.0 - share("beta", beta, ends="[]"))
    found = kept * (before * w + (1.0 - before) / w.shape[-1])
    return np.asarray(found / found.sum(axis=-1, keepdims=True))


def _kept(seen: IntArray, v: int, keep: float) -> Array:
    """Return the probability of each seen token given each clean one."""
    return np.asarray(keep * (seen[..., None] == np.arange(v)) + (1.0 - keep) / v)


def _probabilities(given: ArrayLike, name: str = "probabilities") -> Array:
    p = as_finite(name, given)
    if p.ndim != 3 or not p.size:
        raise ShapeError(
            f"Argument `{name}` must have shape (N, d, v), but its shape is {p.shape}."
        )
    if p.min() < 0 or np.abs(p.sum(axis=-1) - 1.0).max() > 1e-5:
        raise ArgumentError(
            f"Argument `{name}` must hold probabilities that sum to 1 at each site, but a sum is "
            f"{p.sum(axis=-1).flat[np.abs(p.sum(axis=-1) - 1).argmax()]:g}. Take the softmax of logits."
        )
    return p


def _likelihood(tree: TreeGrammar, given: ArrayLike) -> Array:
    """Return a likelihood whose largest entry at each site is 1, with its logarithm left out."""
    table = as_finite("likelihood", given)
    if table.ndim != 3 or table.shape[1:] != (tree.length, tree.alphabet):
        raise ShapeError(
            f"Argument `likelihood` must have shape (N, {tree.length}, {tree.alphabet}), but its shape is "
            f"{table.shape}."
        )
    if table.size and table.min() < 0:
        raise ArgumentError(
            f"Argument `likelihood` must not be negative, but its smallest entry is {table.min():g}."
        )
    empty = table.max(axis=-1, initial=0.0) == 0.0
    if empty.any():
        row, site = np.argwhere(empty)[0]
        raise ArgumentError(
            f"Argument `likelihood` must allow some token at each site, but it is zero in string {row} at "
            f"site {site}."
        )
    return table


def _beliefs(tree: TreeGrammar, likelihood: Array, top: int) -> ExactBeliefs:
    """Return the beliefs given the blocks of level `top`, some strings at a time."""
    count = max(max(n * w.size for n, w in zip(tree.nodes[1:], tree.weights, strict=True)), 1)
    size = max(_CHUNK // count, 1)
    parts = [
        _block_beliefs(tree, likelihood[i : i + size], top, i)
        for i in range(0, max(len(likelihood), 1), size)
    ]
    joined = [np.concatenate([part[k] for part in parts], axis=0) for k in range(len(parts[0]))]
    cavity, log_evidence, *nodes = joined
    return ExactBeliefs(nodes[0], cavity, tuple(nodes), log_evidence)


def _block_beliefs(tree: TreeGrammar, likelihood: Array, top: int, first: int) -> tuple[Any, ...]:
    """Return cavity, evidence and the posterior of each level up to `top`."""
    largest = likelihood.max(axis=-1, keepdims=True, initial=0.0)
    up, log = [likelihood / largest], np.log(largest).sum(axis=(1, 2))
    for l in range(1, top + 1):
        words = _words(tree, up[-1], l)
        message = (tree.weights[l - 1] * words.prod(axis=0)).sum(axis=-1)
        up.append(message)
        scale = message.max(axis=-1, keepdims=True)
        _explained(scale[..., 0], first)
        up[-1] = message / scale
        log = log + np.log(scale).sum(axis=(1, 2))
    down = np.broadcast_to(tree.marginals[top], up[top].shape)
    evidence = (up[top] * down).sum(axis=-1)
    _explained(evidence, first)
    log = log + np.log(evidence).sum(axis=-1)
    nodes = [_normalised(up[top] * down)]
    for l in range(top, 0, -1):
        rules, weights = tree.rules[l - 1], tree.weights[l - 1]
        words = _words(tree, up[l - 1], l)
        s, n = rules.shape[2], up[l - 1].shape[2]
        below = np.empty((len(likelihood), tree.nodes[l], s, n))
        for j in range(s):
            others = np.delete(words, j, axis=0).prod(axis=0)
            mass = (down[..., None] * weights * others).reshape(*down.shape[:2], -1)
            below[:, :, j] = mass @ (rules[:, :, j].reshape(-1, 1) == np.arange(n))
        down = _normalised(below.reshape(len(likelihood), -1, n))
        nodes.insert(0, _normalised(up[l - 1] * down))
    return down, log, *nodes


def _words(tree: TreeGrammar, messages: Array, level: int) -> Array:
    """Return the messages of each child for each rule, shape (s, N, nodes, symbols, rules)."""
    rules = tree.rules[level - 1]
    children = messages.reshape(len(messages), -1, rules.shape[2], messages.shape[2])
    return np.stack([children[:, :, j][..., rules[:, :, j]] for j in range(rules.shape[2])])


def _explained(mass: Array, first: int) -> None:
    if mass.size and mass.min() <= 0.0:
        row = int(np.argwhere(mass <= 0.0)[0][0]) + first
        raise ArgumentError(
            f"Argument `likelihood` is impossible under the grammar for string {row}: no string explains it. "
            "Use noise > 0."
        )


def _normalised(mass: Array) -> Array:
    return np.asarray(mass / mass.sum(axis=-1, keepdims=True))


def _entropy(tree: TreeGrammar, level: int, keep: float) -> float:
    """Return the mean entropy of a clean token given its noisy block of a level, in nats."""
    if keep == 1.0:
        return 0.0
    v, size = tree.alphabet, tree.length // tree.nodes[level]
    noisy = np.stack(np.unravel_index(np.arange(v**size), (v,) * size), axis=-1)
    total = 0.0
    for root in tree.marginals[level]:
        if level == 0:
            both = root * _kept(noisy, v, keep)[:, 0]
            total -= float(np.sum(both * np.log(_normalised(both) + (both == 0))))
            continue
        block = TreeGrammar(tree.rules[:level], alphabet=v, weights=tree.weights[:level], root=root)
        step = max(_CHUNK // (size * v), 1)
        for i in range(0, len(noisy), step):
            found = _beliefs(block, _kept(noisy[i : i + step], v, keep), level)
            logs = np.log(found.posterior + (found.posterior == 0))
            total -= float(np.exp(found.log_evidence) @ (found.posterior * logs).sum(axis=(1, 2)))
    return total / tree.length
