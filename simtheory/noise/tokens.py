r"""Noise of tokens: what a noisy token says about the clean one.

Problem
-------
Discrete diffusion replaces tokens. Each site i is noised alone, so all that a noisy string says about
the clean one stands in one table, the *likelihood* :math:`\Lambda_i(a)`: the probability of what is
seen at site i if the clean token there is a.

Symbols
-------
v : alphabet; x : clean token; y : noisy one; :math:`\bar\alpha` : share of tokens that uniform noise
keeps; :math:`\alpha` : share that a mask leaves; :math:`\epsilon` : noise of the erasure process.

Result
------
=========  ===========================================  =============================================
noise      what is seen                                 :math:`\Lambda(a)`
=========  ===========================================  =============================================
`Uniform`  y = x, or with 1 − ᾱ any token               :math:`\bar\alpha 1[a=y] + (1-\bar\alpha)/v`
`Mask`     y = x, or with 1 − α `MASKED`                1[a = y], or 1 at a mask
`Erasure`  the clean token x itself                     :math:`(1-\epsilon) 1[a=x] + \epsilon/v`
=========  ===========================================  =============================================

Reading
-------
The erasure process is no noise: it is the mean evidence about a known string, with which the class
transition is computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from simtheory._checks import as_generator, as_strings, frozen, positive_int, shares
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ShapeError

__all__ = ["MASKED", "Erasure", "Mask", "TokenNoise", "Uniform", "alpha_bars"]

MASKED = -1
"""The token that stands at a masked site."""


@face
@dataclass(frozen=True, slots=True, eq=False)
class Uniform:
    """Uniform noise, that of discrete diffusion (D3PM): a token is kept, or drawn anew.

    Parameters
    ----------
    alpha_bar : array_like, shape () or (N,)
        Share of tokens that are kept, in [0, 1]: one for all strings, or one for each.
    """

    alpha_bar: ArrayLike

    def __post_init__(self) -> None:
        _settle(self, "alpha_bar")

    def noised(self, strings: ArrayLike, alphabet: int, *, rng: np.random.Generator | int) -> Any:
        """Return strings with noise.

        Parameters
        ----------
        strings : array_like of int, shape (N, d)
            Clean strings.
        alphabet : int
            Number of tokens.
        rng : numpy.random.Generator or int
            Source of the noise.

        Returns
        -------
        ndarray of int, shape (N, d)
            What is seen.
        """
        clean, keep = _sites("strings", self.alpha_bar, strings, positive_int("alphabet", alphabet))
        generator = as_generator(rng)
        kept = generator.random(clean.shape) < keep
        return np.where(kept, clean, generator.integers(0, alphabet, clean.shape))

    def likelihood(self, noised: ArrayLike, alphabet: int) -> Array:
        """Return the probability of what is seen, for each clean token at each site.

        Parameters
        ----------
        noised : array_like of int, shape (N, d)
            What is seen.
        alphabet : int
            Number of tokens.

        Returns
        -------
        ndarray, shape (N, d, alphabet)
            The likelihood.
        """
        seen, keep = _sites("noised", self.alpha_bar, noised, positive_int("alphabet", alphabet))
        return _mixed(seen, keep, alphabet)


@face
@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Masking noise: a token is left, or hidden behind `MASKED`.

    Parameters
    ----------
    alpha : array_like, shape () or (N,)
        Share of tokens that are left, in [0, 1]: one for all strings, or one for each.
    """

    alpha: ArrayLike

    def __post_init__(self) -> None:
        _settle(self, "alpha")

    def noised(self, strings: ArrayLike, alphabet: int, *, rng: np.random.Generator | int) -> Any:
        """Return strings with masks.

        Parameters
        ----------
        strings : array_like of int, shape (N, d)
            Clean strings.
        alphabet : int
            Number of tokens.
        rng : numpy.random.Generator or int
            Source of the noise.

        Returns
        -------
        ndarray of int, shape (N, d)
            What is seen: tokens, and `MASKED` where they are hidden.
        """
        clean, keep = _sites("strings", self.alpha, strings, positive_int("alphabet", alphabet))
        return np.where(as_generator(rng).random(clean.shape) < keep, clean, MASKED)

    def likelihood(self, noised: ArrayLike, alphabet: int) -> Array:
        """Return the probability of what is seen, for each clean token at each site.

        It leaves out the factors α and 1 − α, which are the same for all clean tokens.

        Parameters
        ----------
        noised : array_like of int, shape (N, d)
            What is seen: tokens, and `MASKED` where they are hidden.
        alphabet : int
            Number of tokens.

        Returns
        -------
        ndarray, shape (N, d, alphabet)
            The likelihood.
        """
        seen, _ = _sites(
            "noised", self.alpha, noised, positive_int("alphabet", alphabet), masks=True
        )
        return np.where(
            seen[..., None] == MASKED, 1.0, 1.0 * (seen[..., None] == np.arange(alphabet))
        )


@face
@dataclass(frozen=True, slots=True, eq=False)
class Erasure:
    """The mean evidence about a known string, which the ε-process of the class transition takes.

    Parameters
    ----------
    epsilon : array_like, shape () or (N,)
        Noise in [0, 1]: one for all strings, or one for each.
    """

    epsilon: ArrayLike

    def __post_init__(self) -> None:
        _settle(self, "epsilon")

    def likelihood(self, noised: ArrayLike, alphabet: int) -> Array:
        """Return the evidence about strings, for each token at each site.

        Parameters
        ----------
        noised : array_like of int, shape (N, d)
            The strings themselves.
        alphabet : int
            Number of tokens.

        Returns
        -------
        ndarray, shape (N, d, alphabet)
            1 − ε + ε/v for the token of the string, ε/v for every other one.
        """
        seen, noise = _sites("noised", self.epsilon, noised, positive_int("alphabet", alphabet))
        return _mixed(seen, 1.0 - noise, alphabet)


TokenNoise: TypeAlias = Uniform | Mask | Erasure


@face
def alpha_bars(steps: int) -> Array:
    r"""Shares of tokens that uniform noise keeps after t = 0 … T steps, of the released schedule.

    A step replaces a token with probability b_t, where b_1 … b_T is the straight line from 0.2/T to 20/T,
    cut at 0.999; :math:`\bar\alpha_t = \prod_{u \le t} (1 - b_u)`, and :math:`\bar\alpha_0 = 1`.

    Parameters
    ----------
    steps : int
        Number of steps T.

    Returns
    -------
    ndarray, shape (T + 1,)
        ᾱ_0 … ᾱ_T, falling.

    Notes
    -----
    T = 200 is the schedule of `favero2025`, from b = 0.001 to 0.1. Below T = 20 the cut bites,
    and less noise is added in all.

    Examples
    --------
    >>> print(f"{alpha_bars(200)[-1]:.6e}")
    2.878864e-05
    """
    count = positive_int("steps", steps)
    each = np.minimum(np.linspace(0.2 / count, 20.0 / count, count), 0.999)
    return np.concatenate([[1.0], np.cumprod(1.0 - each)])


def _settle(self: Any, name: str) -> None:
    """Check the one parameter of a noise and freeze it."""
    value = shares(name, getattr(self, name))
    if value.ndim > 1:
        raise ShapeError(
            f"Argument `{name}` must have shape () or (N,), but its shape is {value.shape}."
        )
    object.__setattr__(self, name, float(value) if value.ndim == 0 else frozen(value))


def _mixed(seen: Any, keep: Any, alphabet: int) -> Array:
    """Return keep 1[a = seen] + (1 - keep)/alphabet over tokens a."""
    found = np.empty((*seen.shape, alphabet))
    found[:] = (1.0 - keep[..., None]) / alphabet
    np.put_along_axis(
        found, seen[..., None], (keep + (1.0 - keep) / alphabet + 0.0 * seen)[..., None], axis=-1
    )
    return found


def _sites(
    name: str, share: Any, strings: Any, alphabet: int, *, masks: bool = False
) -> tuple[Any, Array]:
    """Return checked strings and the share at each string, shape (N, 1)."""
    tokens = as_strings(name, strings, alphabet, least=MASKED if masks else 0)
    shares_of = np.asarray(share)
    if shares_of.ndim and shares_of.shape != tokens.shape[:1]:
        raise ShapeError(
            f"Argument `{name}` must hold {shares_of.size} strings, one for each noise, but it holds "
            f"{len(tokens)}."
        )
    return tokens, np.broadcast_to(shares_of.reshape(-1, 1), (len(tokens), 1))
