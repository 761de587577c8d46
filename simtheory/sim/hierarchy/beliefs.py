r"""What noisy strings say about the tokens and about every node of the tree: exact, by sum-product.

Problem
-------
A string x of a tree grammar is seen through noise that acts on each site alone. What is known of its
tokens, and of the symbols above them?

Symbols
-------
:math:`\Lambda_i(a)` : probability of what is seen at site i if the token is a (`likelihood`); u :
upward message, the probability of all that is seen below a node, for each of its symbols; D : downward
message, the same for all that is seen elsewhere; :math:`R` : a rule, w : its probability.

Result
------
.. math::
    u(a) = \sum_{R \text{ of } a} w_R \prod_j u_j(R_j) , \qquad
    D_j(b) = \sum_{R: R_j = b} D(a_R)\, w_R \prod_{j' \ne j} u_{j'}(R_{j'}) ,

from :math:`u = \Lambda` at the leaves and D = the root's probabilities. The belief at a node is u D
over its sum, the *cavity* at a leaf is D over its sum. With :math:`D = q_k`, the probabilities of the
symbols at each node of level k, in place of what comes from above, this is P_k, the belief of a model
that knows the rules up to level k: each block of tokens under a node of level k stands for itself.

Reading
-------
P_k is the Bayes posterior given the tokens of the own block, so P_0, …, P_L are a martingale: what one
more level adds is orthogonal to what was known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory._checks import as_generator, as_strings, frozen
from simtheory._faces import face
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError
from simtheory.noise import MASKED, Mask, TokenNoise
from simtheory.sim.hierarchy.running import as_likelihood, compute, draw
from simtheory.tasks.hierarchy import RandomHierarchy, TreeGrammar, as_grammar

__all__ = ["Beliefs", "draw_posterior", "infer", "likelihood"]


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Beliefs:
    """What is known of noisy strings.

    Parameters
    ----------
    posterior : ndarray, shape (N, d, v)
        Probability of each clean token at each site, given all that is seen.
    cavity : ndarray, shape (N, d, v)
        The same, given what is seen at all other sites.
    nodes : tuple of ndarray, shape (N, nodes, symbols)
        Probability of each symbol at the nodes of each level, from 0 (the posterior) to the root, or
        to the level that was asked for.
    log_evidence : ndarray, shape (N,)
        Logarithm of the probability of what is seen, in nats.
    """

    posterior: Array
    cavity: Array
    nodes: tuple[Array, ...]
    log_evidence: Array

    def __post_init__(self) -> None:
        count = len(np.atleast_1d(self.log_evidence))
        named = {"posterior": self.posterior, "cavity": self.cavity}
        named |= {f"nodes[{l}]": array for l, array in enumerate(self.nodes)}
        for name, array in named.items():
            if array.ndim != 3 or len(array) != count:
                raise ShapeError(
                    f"Argument `{name}` must have shape ({count}, nodes, symbols), as there are {count} "
                    f"numbers in `log_evidence`, but its shape is {array.shape}."
                )
        for name in ("posterior", "cavity", "log_evidence"):
            object.__setattr__(self, name, frozen(getattr(self, name).view()))
        object.__setattr__(self, "nodes", tuple(frozen(level.view()) for level in self.nodes))

    @property
    def level(self) -> int:
        """Level up to which the rules were known."""
        return len(self.nodes) - 1

    def _rows(self) -> list[tuple[str, str]]:
        count, sites, tokens = self.posterior.shape
        sure = self.posterior.max(axis=-1).mean() if count else np.nan
        mean = self.log_evidence.mean() if count else np.nan
        return [
            ("strings", f"{count} of {sites} tokens, alphabet {tokens}"),
            ("rules known", f"up to level {self.level}"),
            ("largest posterior", f"{sure:.4g} in the mean over sites"),
            ("log evidence", f"{mean:.6g} nats in the mean over strings"),
        ]

    def __str__(self) -> str:
        return rows_as_text("Beliefs", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Beliefs", self._rows())

    def __repr__(self) -> str:
        count, sites, tokens = self.posterior.shape
        return f"Beliefs(N={count}, d={sites}, v={tokens}, level={self.level})"


@face(but=("noised",))
def likelihood(
    grammar: RandomHierarchy | TreeGrammar, noised: ArrayLike, noise: TokenNoise
) -> Array:
    """Return the probability of what is seen, for each clean token at each site.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar, which gives length and alphabet.
    noised : array_like of int, shape (N, d)
        Noisy strings: tokens, and `noise.MASKED` at masked sites. For `noise.Erasure` the strings
        themselves.
    noise : Uniform, Mask or Erasure
        The noise, from `simtheory.noise`.

    Returns
    -------
    ndarray, shape (N, d, v)
        The likelihood, which `infer` takes.

    Raises
    ------
    ShapeError, ArgumentError
        If strings have another length, or a token is not in the alphabet.

    Examples
    --------
    >>> from simtheory.noise import Mask
    >>> grammar = TreeGrammar([[[[0, 1], [1, 0]]]])
    >>> likelihood(grammar, [[0, -1]], Mask(0.5)).tolist()
    [[[1.0, 0.0], [1.0, 1.0]]]
    """
    tree = as_grammar(grammar)
    least = MASKED if isinstance(noise, Mask) else 0
    seen = as_strings("noised", noised, tree.alphabet, length=tree.length, least=least)
    return noise.likelihood(seen, tree.alphabet)


@face
def infer(
    grammar: RandomHierarchy | TreeGrammar,
    likelihood: ArrayLike,
    *,
    level: int | None = None,
    threads: int | None = None,
) -> Beliefs:
    """Compute what noisy strings say about every token and every node, exactly.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar: any tree of a fixed shape, any probabilities, also with several trees for a string.
    likelihood : array_like, shape (N, d, v)
        Probability of what is seen at each site for each clean token, up to a factor a site, which
        only `log_evidence` sees. See `likelihood`.
    level : int, optional
        Level k up to which the rules are known: P_k instead of the Bayes posterior. Default: L.
    threads : int, optional
        Threads that share the strings; the result is the same for any number. Default: one for each
        core that this process may use.

    Returns
    -------
    Beliefs
        Posterior, cavity, beliefs at all nodes, and log evidence.

    Raises
    ------
    ShapeError, ArgumentError
        If the likelihood has another shape, or holds negative numbers, NaN, or zeros only at a site; if
        no string of the grammar explains what is seen.

    Notes
    -----
    A string takes of the order of the number of rules times d operations. Beside the answer the memory
    is of the order of d v for each thread.

    References
    ----------
    favero2025.

    Examples
    --------
    >>> from simtheory.noise import Mask
    >>> grammar = TreeGrammar([[[[0, 1], [1, 0]], [[0, 0], [1, 1]]]])
    >>> seen = grammar.strings([0])
    >>> infer(grammar, Mask(0.5).likelihood([[0, -1]], 2)).nodes[1].tolist()
    [[[0.5, 0.5]]]
    """
    tree = as_grammar(grammar)
    given = as_likelihood(tree, likelihood)
    top = as_level("level", tree.depth if level is None else level, tree)
    (found,) = compute(tree, given, [top], nodes=True, cavity=True, threads=threads)
    cavity: Any = found.cavity
    return Beliefs(found.nodes[0], cavity, found.nodes, found.evidence)


@face
def draw_posterior(
    grammar: RandomHierarchy | TreeGrammar,
    likelihood: ArrayLike,
    *,
    rng: np.random.Generator | int,
    threads: int | None = None,
) -> IntArray:
    """Draw a clean string for each noisy one, from the joint posterior of all its tokens.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar.
    likelihood : array_like, shape (N, d, v)
        Probability of what is seen at each site for each clean token.
    rng : numpy.random.Generator or int
        Source of randomness.
    threads : int, optional
        Threads that share the strings; the result is the same for any number. Default: all cores.

    Returns
    -------
    ndarray of int, shape (N, d)
        Strings of the grammar.

    Raises
    ------
    ShapeError, ArgumentError
        As `infer`.

    Examples
    --------
    >>> grammar = TreeGrammar([[[[0, 1], [1, 0]]]])
    >>> draw_posterior(grammar, [[[1.0, 0.0], [1.0, 1.0]]], rng=0).tolist()
    [[0, 1]]
    """
    tree = as_grammar(grammar)
    return draw(tree, as_likelihood(tree, likelihood), as_generator(rng), threads)


def as_level(name: str, value: int, grammar: TreeGrammar, *, least: int = 0, top: int = 0) -> int:
    """Return a level from `least` to L - `top`."""
    most = grammar.depth - top
    if isinstance(value, bool) or not least <= value <= most:
        raise ArgumentError(
            f"Argument `{name}` must be a level from {least} to {most}, counted from the tokens, but it "
            f"is {value!r}."
        )
    return int(value)
