r"""A denoiser's probabilities on a probe set, held against the levels of the grammar.

Problem
-------
A discrete diffusion model was trained elsewhere. Which levels of the grammar does it know?

Symbols
-------
q : the model's probabilities of the clean tokens of noisy strings; :math:`P_k` : the Bayes posterior of a
model that knows the rules up to level k, from 0 (nothing but frequencies) to L (everything).

Result
------
A probe set holds noisy strings of a grammar, each with its time t and the share of tokens that the noise
keeps. A model fills in q at every site; the level shares

.. math:: c_k = \frac{E\langle q - P_0, \Delta P_k\rangle}{E|\Delta P_k|^2} , \qquad
   \Delta P_k = P_k - P_{k-1} ,

are 0 for a level that it does not use and 1 for one that it uses as the rules tell.

Reading
-------
The shares need no sampling and no access to the model: an array is enough. The excess is the mean of
KL(P_L || q), in nats a token, beside which the staircase of the excesses of P_0 ... P_L stands.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simtheory._checks import as_generator, as_strings, frozen, positive_int
from simtheory._faces import face
from simtheory._files import read_arrays, write_arrays
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ShapeError
from simtheory.noise import Uniform, alpha_bars
from simtheory.tasks.hierarchy import RandomHierarchy, TreeGrammar, as_grammar

if TYPE_CHECKING:
    from simtheory.sim.hierarchy import LevelShares

__all__ = ["Probe", "level_shares", "probe", "staircase"]

_FORMAT = "simtheory.Probe/1"


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Probe:
    """Noisy strings on which a denoiser is asked for the clean tokens.

    Parameters
    ----------
    grammar : TreeGrammar
        What wrote the clean strings.
    strings : ndarray of int, shape (N, d)
        Noisy strings, under uniform noise.
    t : ndarray of int, shape (N,)
        Time of each, from 1 to T, evenly spread.
    alpha_bar : ndarray, shape (N,)
        Share of tokens that the noise keeps at that time.
    """

    grammar: TreeGrammar
    strings: IntArray
    t: IntArray
    alpha_bar: Array

    def __post_init__(self) -> None:
        strings = as_strings(
            "strings", self.strings, self.grammar.alphabet, length=self.grammar.length
        )
        if np.shape(self.t) != (len(strings),) or np.shape(self.alpha_bar) != (len(strings),):
            raise ShapeError(
                f"Arguments `t` and `alpha_bar` must have shape ({len(strings)},), one for each string, "
                f"but their shapes are {np.shape(self.t)} and {np.shape(self.alpha_bar)}."
            )
        object.__setattr__(self, "strings", frozen(strings.copy()))
        object.__setattr__(self, "t", frozen(np.array(self.t)))
        object.__setattr__(self, "alpha_bar", frozen(np.array(self.alpha_bar, dtype=np.float64)))

    @property
    def likelihood(self) -> Array:
        """Probability of what is seen at each site for each clean token, shape (N, d, v)."""
        return Uniform(self.alpha_bar).likelihood(self.strings, self.grammar.alphabet)

    def save(self, path: str | Path) -> Path:
        """Write the probe set to one ``.npz`` file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        Path
            The file. Its arrays ``strings``, ``t`` and ``alpha_bar`` can be read with NumPy alone.
        """
        head = {"format": _FORMAT, "grammar": self.grammar.to_dict()}
        arrays = {"strings": self.strings, "t": self.t, "alpha_bar": self.alpha_bar}
        return write_arrays(path, json.dumps(head), arrays)

    @classmethod
    def load(cls, path: str | Path) -> Probe:
        """Read a probe set that `save` wrote, and verify it.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        Probe
            Equal to what was saved.

        Raises
        ------
        ArgumentError
            If the file holds something else, or is damaged.
        """
        header, arrays = read_arrays(path, _FORMAT, "a saved Probe")
        return cls(TreeGrammar.from_dict(header["grammar"]), **arrays)

    def __repr__(self) -> str:
        n, d = self.strings.shape
        return f"Probe(N={n}, d={d}, v={self.grammar.alphabet})"


@face
def probe(
    grammar: RandomHierarchy | TreeGrammar,
    *,
    n: int = 2000,
    steps: int = 100,
    rng: np.random.Generator | int,
) -> Probe:
    """Draw a probe set under uniform noise, with times spread evenly over 1 to T.

    Parameters
    ----------
    grammar : RandomHierarchy or TreeGrammar
        What writes the strings.
    n : int
        Number of strings.
    steps : int
        Steps T of the schedule, `simtheory.noise.alpha_bars`.
    rng : numpy.random.Generator or int
        Source of strings and noise.

    Returns
    -------
    Probe
        The noisy strings.

    Examples
    --------
    >>> probe(RandomHierarchy(v=4, m=2, L=2, seed=0), n=50, rng=0)
    Probe(N=50, d=4, v=4)
    """
    tree, source, count = as_grammar(grammar), as_generator(rng), positive_int("n", n)
    schedule = alpha_bars(positive_int("steps", steps))
    clean = tree.sample(count, rng=source)  # refuses more than fit the memory
    t = 1 + np.arange(count) * steps // count
    kept = schedule[t]
    return Probe(tree, Uniform(kept).noised(clean, tree.alphabet, rng=source), t, kept)


@face
def level_shares(probe: Probe, probabilities: ArrayLike) -> LevelShares:
    """Return which levels of the grammar a denoiser's probabilities use.

    Parameters
    ----------
    probe : Probe
        The noisy strings.
    probabilities : array_like, shape (N, d, v)
        The model's probabilities of the clean tokens at each site: the posterior, after a softmax.

    Returns
    -------
    LevelShares
        Shares with intervals, and the excess over Bayes.

    Raises
    ------
    ShapeError
        If the probabilities are not of one entry for each token at each site of each string.
    ArgumentError
        If they are negative or do not sum to 1.

    Examples
    --------
    >>> asked = probe(RandomHierarchy(v=4, m=2, L=2, seed=0), n=50, rng=0)
    >>> from simtheory.sim import hierarchy
    >>> known = hierarchy.infer(asked.grammar, asked.likelihood, level=1).posterior
    >>> level_shares(asked, known).shares.round(6) + 0.0
    array([1., 0.])
    """
    from simtheory.sim import hierarchy

    return hierarchy.level_shares(probe.grammar, probe.likelihood, probabilities)


@face
def staircase(probe: Probe) -> Array:
    """Return the excess of the truncated posteriors P_0 ... P_L on a probe set.

    Parameters
    ----------
    probe : Probe
        The noisy strings.

    Returns
    -------
    ndarray, shape (L + 1,)
        Mean KL(P_L || P_k) in nats a token; it falls to 0.
    """
    from simtheory.sim import hierarchy

    likelihood: Any = probe.likelihood
    known = [
        hierarchy.infer(probe.grammar, likelihood, level=k).posterior
        for k in range(probe.grammar.depth + 1)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = [np.where(known[-1] > 0, known[-1] * np.log(known[-1] / p), 0.0) for p in known]
    return np.array([gap.sum(axis=-1).mean() for gap in gaps])
