r"""Strings from noise: the reverse process of uniform noise, with exact beliefs or with a net's.

Problem
-------
A step of uniform noise replaces each token with probability b by a random one. The reverse of a step
draws, at each site,

.. math:: p(x_{t-1} = a) \propto \big[(1-b_t) 1[a = x_t] + b_t/v\big]
          \big[\bar\alpha_{t-1} w(a) + (1 - \bar\alpha_{t-1})/v\big] .

Which w makes it the best product of sites?

Result
------
The *cavity*: what all other sites say about the clean token. A net that is trained by cross-entropy
gives the posterior, which holds the evidence of the own site already; it must be divided by the
likelihood, or the evidence counts twice: with perfect beliefs valid strings fall from 99 % to 18 %.

Reading
-------
Sites are drawn independently within a step, so even exact beliefs write some invalid strings; with T
steps about 1.3/T of them (v = 8, m = 3, L = 3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simtheory._checks import (
    as_generator,
    as_numbers,
    one_of,
    positive_int,
    refuse_beyond_memory,
)
from simtheory._faces import face
from simtheory._typing import Array, IntArray
from simtheory.errors import ArgumentError, ShapeError
from simtheory.noise import Uniform, alpha_bars
from simtheory.sim.hierarchy.beliefs import as_level
from simtheory.sim.hierarchy.running import random_strings, reversed_noise
from simtheory.tasks.hierarchy import RandomHierarchy, TreeGrammar, as_grammar

__all__ = ["generate"]


@face
def generate(
    grammar: RandomHierarchy | TreeGrammar,
    n: int,
    *,
    steps: int = 100,
    rng: np.random.Generator | int,
    level: int | None = None,
    weights: str = "cavity",
    denoiser: Callable[[IntArray, float], Any] | None = None,
    threads: int | None = None,
) -> IntArray:
    """Draw strings by the reverse process of uniform noise, on the schedule of `noise.alpha_bars`.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        The grammar; with a denoiser only its length and alphabet count.
    n : int
        Number of strings.
    steps : int
        Steps T of the process.
    rng : numpy.random.Generator or int
        Source of randomness. String i depends on it and on i alone, not on n.
    level : int, optional
        Level up to which the rules are known: the beliefs P_k. Default: all rules.
    weights : {"cavity", "posterior"}
        What stands for w. ``"posterior"`` counts the evidence of the own site twice; it shows what that
        costs.
    denoiser : callable, optional
        Takes noisy strings, shape (n, d), and ᾱ_t, and returns the posterior probability of each clean
        token at each site, shape (n, d, v), as a net trained by cross-entropy does. With
        ``weights="posterior"`` its answer is w itself, as of a net trained on the bound of the process.
        Default: exact beliefs.
    threads : int, optional
        Threads that share the strings; the result is the same for any number. Default: all cores.

    Returns
    -------
    ndarray of int, shape (n, d)
        Strings, which need not be valid.

    Raises
    ------
    ArgumentError, ShapeError
        If an argument does not fit, or what the denoiser returns are no probabilities.

    References
    ----------
    favero2025.

    Examples
    --------
    >>> from simtheory.sim.hierarchy import parse
    >>> task = RandomHierarchy(v=4, m=2, s=2, L=2)
    >>> found = parse(task, generate(task, 1000, steps=100, rng=0))
    >>> bool(found.accuracy[-1] > 0.98)
    True
    """
    tree, count = as_grammar(grammar), positive_int("n", n)
    each = 2 * tree.length if denoiser is None else 3 * tree.length * tree.alphabet
    refuse_beyond_memory(f"The {count} strings on their way", 8 * count * each, "Draw fewer.")
    kept = alpha_bars(positive_int("steps", steps))
    posterior = one_of("weights", weights, ("cavity", "posterior")) == "posterior"
    source = as_generator(rng)
    if denoiser is None:
        top = tree.depth if level is None else as_level("level", level, tree)
        return reversed_noise(tree, count, kept, top, source, posterior=posterior, threads=threads)
    if level is not None:
        raise ArgumentError(
            "Argument `level` must be left out with a denoiser, because it is a level of the exact beliefs, "
            f"but it is {level!r}."
        )
    from simtheory.sim.hierarchy import kernels  # loads Numba

    key = source.integers(0, 2**64, size=2, dtype=np.uint64)
    strings = random_strings(tree, count, key)
    for t in range(len(kept) - 1, 0, -1):
        shape = (count, tree.length, tree.alphabet)
        given = denoiser(strings.copy(), float(kept[t]))
        chances = as_probabilities("denoiser", given, shape)
        if not posterior:
            chances = chances / Uniform(kept[t]).likelihood(strings, tree.alphabet)
            chances /= chances.sum(axis=-1, keepdims=True)
        rows = chances.reshape(count, -1)
        kernels.step(rows, kept, t, key, np.uint64(0), strings, tree.alphabet)
    return strings


_OFF = 1e-4
"""How far a sum of probabilities may be from 1; those of nets in short floats come within 1e-5."""


def as_probabilities(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    """Return `value` as probabilities over the last axis, brought to sums of exactly 1."""
    given = as_numbers(name, value)
    if given.shape != shape:
        raise ShapeError(
            f"Argument `{name}` must give probabilities of shape {shape}: strings, sites, tokens; but the "
            f"shape is {given.shape}."
        )
    if not given.size:
        return given
    sums = given.sum(axis=-1, keepdims=True)
    low, worst = float(given.min()), float(np.abs(sums - 1.0).max())
    if not (low >= 0.0 and worst <= _OFF):
        raise ArgumentError(
            f"Argument `{name}` must give probabilities, which are not negative and sum to 1 over tokens, "
            f"but the smallest is {low:.3g} and a sum is off by {worst:.3g}. If these are logits, take "
            "their softmax first."
        )
    return np.asarray(given / sums)
