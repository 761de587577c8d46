r"""What each level of the grammar is worth, and how much of it a denoiser has.

Problem
-------
A denoiser q gives a probability to each clean token at each site of noisy strings. It is better than
nothing and worse than Bayes. Up to which level does it know the rules?

Symbols
-------
P_k : belief of a model that knows the rules up to level k (`beliefs`), from the positional marginals,
k = 0, to Bayes, k = L; :math:`\Delta_k = P_k - P_{k-1}` : what level k adds.

Result
------
P_0, …, P_L is a martingale, so the Δ are orthogonal in the mean, and

.. math::
    \text{excess}_k = E\, KL(P_L \| P_k) , \qquad
    c_k = \frac{E \langle q - P_0, \Delta_k \rangle}{E |\Delta_k|^2} .

The *level share* c_k is 0 before level k is known and 1 after: 1[k ≤ K] for P_K, and α at every level
for the mixture (1 − α) P_0 + α P_L, which learns all levels at once. On a finite sample the Δ are not
quite orthogonal. So c is the least-squares fit of q − P_0 by the Δ, which has the same limit and keeps
both statements exact.

Reading
-------
Validity is not knowledge: a net that copies its training strings writes valid ones, and its shares are
small.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from simtheory._checks import as_generator, extended, number, positive_int, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError
from simtheory.noise import Uniform, alpha_bars
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.sim.hierarchy.generation import as_probabilities
from simtheory.sim.hierarchy.running import as_likelihood, compute
from simtheory.tasks.hierarchy import RandomHierarchy, TreeGrammar, as_grammar

__all__ = ["LevelShares", "Staircase", "level_shares", "staircase"]

_CHUNK = 512
"""Strings whose beliefs are held at once; more need more memory and save no time."""

_BLOCKS = 32
"""Blocks of strings that the jackknife leaves out in turn; more cost time and narrow the t quantile little."""

_NOTHING = 1e-18
"""Mean square of Δ at a site below which a level adds nothing, and has no share; rounding leaves 1e-32."""


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Staircase:
    """What a model loses that knows the rules up to a level only.

    Parameters
    ----------
    levels : ndarray of int, shape (L + 1,)
        Levels k = 0 … L.
    excess : ndarray, shape (L + 1,)
        Mean of KL(P_L ‖ P_k), in nats a token; 0 at k = L.
    error : ndarray, shape (L + 1,)
        Standard error of each.
    entropy : float
        Mean entropy of a token under P_L, the cross-entropy of the Bayes denoiser, in nats.
    samples : int
        Number of noisy strings.
    """

    levels: IntArray = field(metadata=over("level", labels=True, allow="integer"))
    excess: Array = field(metadata=over("level"))
    error: Array = field(metadata=over("level", allow="nan"))
    entropy: float
    samples: int

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self)
        number("entropy", self.entropy)

    def __repr__(self) -> str:
        steps = ", ".join(f"{x:.4g}" for x in self.excess)
        return f"Staircase(excess=[{steps}], entropy={self.entropy:.4g})"


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LevelShares:
    """How much of each level a denoiser has.

    Parameters
    ----------
    shares : ndarray, shape (L,)
        c_1 … c_L; NaN for a level that adds nothing.
    interval : ndarray, shape (L, 2)
        95 % confidence interval of each, by the jackknife over strings; NaN for a single string.
    excess : float
        Mean of KL(P_L ‖ q), in nats a token; infinite if q excludes what is possible.
    nearest : int
        The k whose P_k is nearest to q in mean square.
    """

    shares: Array = field(metadata=over("level", allow="nan"))
    interval: Array = field(metadata=over("level", "bound", allow="nan"))
    excess: float
    nearest: int

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_dict = axes.to_dict

    def __post_init__(self) -> None:
        axes.settle(self, bound=2)
        extended("excess", self.excess)

    def __repr__(self) -> str:
        shares = ", ".join(f"{x:.3g}" for x in self.shares)
        return f"LevelShares([{shares}], excess={self.excess:.4g}, nearest={self.nearest})"


@face
def staircase(
    grammar: RandomHierarchy | TreeGrammar,
    *,
    alpha_bar: float | None = None,
    steps: int | None = None,
    samples: int,
    rng: np.random.Generator | int,
    threads: int | None = None,
) -> Staircase:
    """Measure what a model loses that knows the rules up to level k = 0 … L only.

    All levels see the same noisy strings, drawn from the grammar under uniform noise.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar.
    alpha_bar : float, optional
        Share of tokens that the noise keeps.
    steps : int, optional
        Instead of one noise: the mean over t = 1 … T of the schedule `noise.alpha_bars`, evenly covered.
    samples : int
        Number of strings.
    rng : numpy.random.Generator or int
        Source of strings and noise.
    threads : int, optional
        Threads that share the strings; the result is the same for any number. Default: all cores.

    Returns
    -------
    Staircase
        Excess over Bayes by level, its standard error, and the entropy of a token under Bayes.

    Raises
    ------
    ArgumentError
        If not exactly one of `alpha_bar` and `steps` is given, or a number is out of range.

    References
    ----------
    favero2025.

    Examples
    --------
    >>> found = staircase(RandomHierarchy(v=4, m=2, L=2), alpha_bar=0.5, samples=500, rng=0)
    >>> bool((found.excess[:-1] > found.excess[1:]).all()), float(found.excess[-1])
    (True, 0.0)
    """
    tree, count, source = as_grammar(grammar), positive_int("samples", samples), as_generator(rng)
    if (alpha_bar is None) == (steps is None):
        raise ArgumentError(
            "Arguments `alpha_bar` and `steps`: exactly one must be given, but "
            f"{'neither' if steps is None else 'both'} came."
        )
    clean = tree.sample(count, rng=source)  # refuses more than fit the memory
    if steps is None:
        kept = np.full(count, share("alpha_bar", alpha_bar, ends="[]"))  # type: ignore[arg-type]
    else:
        last = positive_int("steps", steps)
        kept = alpha_bars(last)[1 + np.arange(count) * last // count]
    noised = Uniform(kept).noised(clean, tree.alphabet, rng=source)
    losses, entropies = np.empty((count, tree.depth + 1)), np.empty(count)
    for first in range(0, count, _CHUNK):
        part = slice(first, first + _CHUNK)
        given = Uniform(kept[part]).likelihood(noised[part], tree.alphabet)
        beliefs = _ladder(tree, given, threads)
        for k, belief in enumerate(beliefs):
            losses[part, k] = _per_site(_divergence(beliefs[-1], belief))
        entropies[part] = _per_site(-_divergence(beliefs[-1], 1.0))
    return Staircase(
        np.arange(tree.depth + 1),
        np.maximum(losses.mean(axis=0), 0.0),
        _error(losses),
        float(entropies.mean()),
        count,
    )


@face
def level_shares(
    grammar: RandomHierarchy | TreeGrammar,
    likelihood: ArrayLike,
    probabilities: ArrayLike,
    *,
    threads: int | None = None,
) -> LevelShares:
    """Return how much of each level of a grammar a denoiser knows.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar that wrote the clean strings.
    likelihood : array_like, shape (N, d, v)
        Probability of what is seen at each site for each clean token (see `likelihood`), of noisy strings
        of the grammar.
    probabilities : array_like, shape (N, d, v)
        What the denoiser says: the probability of each clean token at each site.
    threads : int, optional
        Threads that share the strings; the result is the same for any number. Default: all cores.

    Returns
    -------
    LevelShares
        Shares with intervals, the excess over Bayes, and the nearest P_k.

    Raises
    ------
    ShapeError, ArgumentError
        If the arrays do not fit the grammar, or the probabilities do not sum to 1.

    References
    ----------
    favero2025.

    Examples
    --------
    >>> from simtheory.noise import Uniform
    >>> from simtheory.sim.hierarchy import infer
    >>> task = RandomHierarchy(v=4, m=2, L=2)
    >>> seen = Uniform(0.5).noised(task.sample(100, rng=0), 4, rng=1)
    >>> given = Uniform(0.5).likelihood(seen, 4)
    >>> level_shares(task, given, infer(task, given, level=1).posterior).shares.round(6) + 0.0
    array([1., 0.])
    """
    tree = as_grammar(grammar)
    given = as_likelihood(tree, likelihood)
    if not len(given):
        raise ArgumentError(
            "Argument `likelihood` must hold strings, but it holds none: the shares are means."
        )
    q = as_probabilities("probabilities", probabilities, given.shape)
    depth = tree.depth
    products = np.empty((len(given), depth, depth + 1))
    distances, losses = np.empty((len(given), depth + 1)), np.empty(len(given))
    for first in range(0, len(given), _CHUNK):
        part = slice(first, first + _CHUNK)
        beliefs = _ladder(tree, given[part], threads)
        added = [above - below for below, above in pairwise(beliefs)]
        for k, step in enumerate(added):
            for j, other in enumerate([*added, q[part] - beliefs[0]]):
                products[part, k, j] = _per_site(step * other)
        for k, belief in enumerate(beliefs):
            distances[part, k] = _per_site((q[part] - belief) ** 2)
        losses[part] = _per_site(_divergence(beliefs[-1], q[part]))
    sums = np.add.reduceat(products, _cuts(len(given)), axis=0)
    shares = _fitted(sums.sum(axis=0), len(given))
    return LevelShares(
        shares,
        _jackknife(sums, shares, len(given)),
        max(float(losses.mean()), 0.0),
        int(distances.mean(axis=0).argmin()),
    )


def _ladder(grammar: TreeGrammar, likelihood: Array, threads: int | None) -> list[Array]:
    """Return P_0 … P_L."""
    answers = compute(grammar, likelihood, range(grammar.depth + 1), threads=threads)
    return [answer.nodes[0] for answer in answers]


def _divergence(p: Array, q: Array | float) -> Array:
    """Return p ln(p/q), entry by entry."""
    from scipy.special import rel_entr  # slow to import

    return np.asarray(rel_entr(p, q))


def _per_site(terms: Array) -> Array:
    """Return the sum over tokens, in the mean over sites, of each string."""
    return np.asarray(terms.sum(axis=(1, 2)) / terms.shape[1])


def _error(values: Array) -> Array:
    """Return the standard error of means over strings whose noise rises slowly from one to the next.

    The differences of neighbours do not hold the spread between noises, which even coverage removes.
    """
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    return np.sqrt(0.5 * (np.diff(values, axis=0) ** 2).mean(axis=0) / len(values))


def _cuts(count: int) -> IntArray:
    """Return where blocks of strings begin."""
    blocks = min(_BLOCKS, count)
    return np.arange(blocks) * count // blocks


def _fitted(products: Array, count: float) -> Array:
    """Solve G c = b, where the last column of `products` is b; NaN for levels that add nothing."""
    matrix, wanted = products[:, :-1], products[:, -1]
    there = np.diagonal(matrix) > _NOTHING * count
    found = np.full(len(wanted), np.nan)
    if there.any():
        scale = np.sqrt(np.diagonal(matrix)[there])
        inside = matrix[np.ix_(there, there)] / np.outer(scale, scale)
        found[there] = np.linalg.lstsq(inside, wanted[there] / scale, rcond=None)[0] / scale
    return found


def _jackknife(sums: Array, shares: Array, count: int) -> Array:
    """Return 95 % intervals from the shares without each block in turn."""
    from scipy.special import stdtrit  # slow to import

    blocks = len(sums)
    if blocks < 2:
        return np.full((len(shares), 2), np.nan)
    total = sums.sum(axis=0)
    without = np.array([_fitted(total - one, count) for one in sums])
    error = np.sqrt((blocks - 1) / blocks * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    width = float(stdtrit(blocks - 1, 0.975)) * error
    return np.stack([shares - width, shares + width], axis=-1)
