r"""Runs of percolation, and what follows from them at any share of sites.

Problem
-------
A run adds sites in random order and tells what holds at every number n of them. What holds at a share
p of kept sites is an average over n.

Symbols
-------
N : number of sites; n : number of added ones; p : share of kept sites, or the filling factor
:math:`\eta = n \pi / (4 L^2)` of discs of diameter one on a torus of side L; Q(n) : a quantity at n.

Result
------
Sites are kept independently of each other, so n is binomial, and for discs Poisson:

.. math:: Q(p) = \sum_n \binom{N}{n} p^n (1-p)^{N-n} Q(n), \qquad
          Q(\eta) = \sum_n e^{-\lambda} \frac{\lambda^n}{n!} Q(n), \quad \lambda = 4 \eta L^2 / \pi .

Of a wrap that first occurs at :math:`n_1` these sums are :math:`I_p(n_1, N - n_1 + 1)` and
:math:`P(n_1, \lambda)`, the incomplete beta and gamma functions.

Reading
-------
Only the draws of the runs are random: every number here comes from the same runs, so curves are
smooth in p, and an error is the spread over runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, NamedTuple

import numpy as np

from simtheory._checks import as_finite, increasing, non_negative, non_negative_int, number, one_of
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError, SolveError
from simtheory.results import Curve, axes, files
from simtheory.results.axes import Arrays, over

__all__ = ["PercolationRun", "Shares", "Threshold"]

AT_THRESHOLD = {
    "either": 0.6904737245701687,
    "x": 0.5210582892488218,
    "both": 0.3516428539274745,
}
"""Probabilities of wrapping at the threshold of the infinite lattice: either axis, a given one, both. In
finite systems they hold up to a share of the order side^(-11/4)."""

_LATTICE, _DISCS, _BONDS, _NODES = "lattice", "discs", "bonds", "nodes"
_TAILS = 9.0
"""Standard deviations of n within which averages are summed; 1e-18 of the weight lies beyond."""
_BLOCK = 2**22
"""Numbers that are held at once while an average over runs is taken."""


class Shares(NamedTuple):
    """Probabilities of wrapping.

    Parameters
    ----------
    either : ndarray
        Round one of the axes or both.
    x : ndarray
        Round a given axis: the mean of both.
    both : ndarray
        Round both.
    one : ndarray
        Round a given axis and not the other.
    """

    either: Array
    x: Array
    both: Array
    one: Array


@face
@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold with its error.

    Parameters
    ----------
    value : float
        Share of kept sites, or filling factor of discs.
    error : float
        Standard error over the runs; infinite for a single one.
    runs : int
        Number of runs.
    criterion : str
        Which probability of wrapping was set to its value at the threshold.
    side : float
        Side of the torus, in spacings of the lattice or in link lengths.
    """

    value: float
    error: float
    runs: int
    criterion: str
    side: float

    def __post_init__(self) -> None:
        number("value", self.value)
        non_negative("side", self.side)
        if not self.error >= 0.0:
            raise ArgumentError(f"Argument `error` must not be negative, but it is {self.error!r}.")

    def __str__(self) -> str:
        if not np.isfinite(self.error):
            return f"{self.value:.4g}, error unknown ({self.runs} run)"
        places = 1 if self.error <= 0 else max(1, 1 - int(np.floor(np.log10(self.error))))
        return f"{self.value:.{places}f} ± {self.error:.{places}f} ({self.runs} runs)"


@face(but=("arrays",))
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PercolationRun:
    """Runs of percolation on one system.

    Parameters
    ----------
    first : array_like of int, shape (runs, 2)
        Number of sites at which each run first wraps along x and along y; 0 where it was not recorded
        or did not happen.
    sums : array_like of int, shape (batches, 3, n)
        Summed over the runs of a batch, at 0, 1, … sites: size of the largest cluster, its square, and
        the squares of the sizes of all clusters. Empty where sizes were not recorded.
    runs : int
        Number of runs.
    sites : int
        Number of sites of the lattice, or of bonds or nodes of the graph; of discs the largest number
        that was added.
    kind : {"lattice", "discs", "bonds", "nodes"}
        What was added.
    side : float
        Side of the torus, in spacings or link lengths; 0 for a graph.
    nodes : int
        Number of nodes.
    origin : str
        Road and method.
    stats : mapping, optional
        Plain facts, such as the reach of the links.
    arrays : mapping, optional
        What else was measured, each array with its axes.
    """

    first: IntArray = field(metadata=over("run", "axis", allow="integer"))
    sums: IntArray = field(metadata=over("batch", "sum", "n", allow="integer"))
    _: KW_ONLY
    runs: int
    sites: int
    kind: str
    side: float = 0.0
    nodes: int = 0
    origin: str = "sim.percolation"
    stats: Mapping[str, Any] = field(default_factory=dict)
    arrays: Arrays = field(default_factory=Arrays)

    def __post_init__(self) -> None:
        axes.settle(self, axis=2, sum=3)
        one_of("kind", self.kind, (_LATTICE, _DISCS, _BONDS, _NODES))
        non_negative("side", self.side)

    __str__ = axes.text
    _repr_html_ = axes.html
    __reduce__ = axes.reduce
    to_xarray = files.to_xarray
    from_xarray: ClassVar[Callable[..., PercolationRun]] = classmethod(files.from_xarray)  # type: ignore[assignment]
    save = files.save
    load: ClassVar[Callable[..., PercolationRun]] = classmethod(files.load)  # type: ignore[assignment]

    def __repr__(self) -> str:
        where = f", side={self.side:g}" if self.side else ""
        return f"PercolationRun({self.kind}, sites={self.sites}{where}, runs={self.runs})"

    @property
    def wraps(self) -> bool:
        """Whether the runs noted when they wrap."""
        return len(self.first) > 0

    @property
    def sizes(self) -> bool:
        """Whether the runs noted sizes of clusters."""
        return len(self.sums) > 0

    @face
    def wrapping(self, p: ArrayLike) -> Shares:
        """Probability that a cluster wraps round the torus.

        Parameters
        ----------
        p : array_like
            Share of kept sites in [0, 1], or filling factor of discs.

        Returns
        -------
        Shares
            ``either``, ``x`` (the mean of both axes), ``both`` and ``one``, each in the shape of p. In
            every run either + both = 2 x and one = x - both.

        Raises
        ------
        ArgumentError
            If p is no share, or the runs did not note when they wrap.
        """
        given = self._shares(p)
        found = {name: self._mean(name, given) for name in ("either", "x", "both")}
        return Shares(**found, one=found["x"] - found["both"])

    @face
    def threshold(self, criterion: str = "either") -> Threshold:
        """Share of kept sites at which a probability of wrapping has its value at the threshold.

        Parameters
        ----------
        criterion : {"either", "x", "both"}
            Which probability.

        Returns
        -------
        Threshold
            With the standard error over runs. In a finite system it is also off by an amount of the order
            side^(-11/4), which is not part of the error.

        Raises
        ------
        ArgumentError
            If the runs did not note when they wrap.
        SolveError
            If the runs ended before enough of them wrapped; its `time` is the filling factor at their end.
        """
        from scipy.optimize import brentq  # slow to import

        wanted = AT_THRESHOLD[one_of("criterion", criterion, AT_THRESHOLD)]
        self._wants_wraps()
        most = 1.0 if self.kind == _LATTICE else self._filling(self.sites)
        top = float(self._mean(criterion, np.array(most)))
        if self.kind == _DISCS and top <= wanted:
            raise SolveError(
                f"Only {top:.3g} of the runs wrapped before all {self.sites} discs were there, but the "
                f"threshold needs {wanted:.3g}. Add more discs: raise `until`.",
                time=most,
            )

        def gap(p: float) -> float:
            return float(self._mean(criterion, np.array(p))) - wanted

        value = float(brentq(gap, 0.0, most, xtol=1e-14))
        step = 1e-5 * value
        slope = (gap(value + step) - gap(value - step)) / (2.0 * step)
        spread = np.std(self._single(criterion, np.array([value])), ddof=min(1, self.runs - 1))
        error = float(spread / np.sqrt(self.runs) / slope) if self.runs > 1 else float("inf")
        return Threshold(value, error, self.runs, criterion, self.side)

    @face
    def largest(self, p: ArrayLike) -> Array:
        """Mean share of the kept sites that the largest cluster holds.

        Parameters
        ----------
        p : array_like
            Share of kept sites, bonds or nodes in [0, 1], or filling factor of discs.

        Returns
        -------
        ndarray, shape of p
            Size over the number of kept sites, discs or nodes; with bonds over the number of all nodes.

        Raises
        ------
        ArgumentError
            If p is no share, or the runs did not note sizes.
        """
        return self._averaged(p, lambda n: self._per_node(n, self.sums[:, 0].sum(0)) / self.runs)

    @face
    def susceptibility(self, p: ArrayLike) -> Array:
        """Mean size of the cluster of a site, the largest cluster left out.

        Parameters
        ----------
        p : array_like
            Share of kept sites, bonds or nodes in [0, 1], or filling factor of discs.

        Returns
        -------
        ndarray, shape of p
            Sum of the squares of the other clusters' sizes, over the number of kept sites, discs or nodes;
            with bonds over the number of all nodes.

        Raises
        ------
        ArgumentError
            If p is no share, or the runs did not note sizes.
        """
        others = lambda: self.sums[:, 2].sum(0) - self.sums[:, 1].sum(0)  # noqa: E731
        return self._averaged(p, lambda n: self._per_node(n, others()) / self.runs)

    @face
    def curve(self, p: ArrayLike) -> Curve:
        """The largest cluster, the susceptibility and the wraps over the share of sites, with errors.

        Parameters
        ----------
        p : array_like, shape (X,)
            Increasing shares or filling factors.

        Returns
        -------
        Curve
            A row for each quantity that was recorded. Errors are standard errors over runs, of sizes
            over batches of runs.

        Raises
        ------
        ShapeError
            If p is no row of shares.
        ArgumentError
            If p is no share or does not increase.
        """
        given = np.atleast_1d(self._shares(p))
        if given.ndim != 1 or not given.size:
            raise ShapeError(f"Argument `p` must have shape (X,), but its shape is {given.shape}.")
        increasing("p", given)
        rows: dict[str, tuple[Array, Array]] = {}
        if self.wraps:
            root = np.sqrt(max(self.runs, 1))
            for name in AT_THRESHOLD:
                single = np.concatenate([self._single(name, x[None]) for x in given])
                rows[f"wraps {name}"] = (single.mean(-1), single.std(-1) / root)
        if self.sizes:
            share = np.stack([self.batch(b).largest(given) for b in range(len(self.sums))])
            rows["largest"] = (self.largest(given), _error(share))
            mean = np.stack([self.batch(b).susceptibility(given) for b in range(len(self.sums))])
            rows["susceptibility"] = (self.susceptibility(given), _error(mean))
        return Curve(
            given,
            np.stack([value for value, _ in rows.values()], -1),
            rows=tuple(rows),
            x_name="filling factor" if self.kind == _DISCS else f"share of {self._noun}",
            errors=np.stack([error for _, error in rows.values()], -1),
            origin=self.origin,
            stats=self.stats,
        )

    @face
    def batch(self, index: int) -> PercolationRun:
        """Sizes of one batch of the runs, for errors over batches.

        Parameters
        ----------
        index : int
            Number of the batch.

        Returns
        -------
        PercolationRun
            Its runs, without wraps.

        Raises
        ------
        ArgumentError
            If there is no such batch.
        """
        index, count = non_negative_int("index", index), len(self.sums)
        if index >= count:
            raise ArgumentError(
                f"Argument `index` must lie below the number of batches, {count}, but it is {index}."
            )
        runs = _split(self.runs, count)[index]
        return PercolationRun(
            np.empty((0, 2), dtype=np.intp),
            self.sums[index : index + 1],
            runs=runs.stop - runs.start,
            sites=self.sites,
            kind=self.kind,
            side=self.side,
            nodes=self.nodes,
            origin=self.origin,
            stats=self.stats,
        )

    @property
    def _noun(self) -> str:
        return {_LATTICE: "sites", _DISCS: "discs", _BONDS: "bonds", _NODES: "nodes"}[self.kind]

    def _filling(self, n: int) -> float:
        return n * np.pi / (4.0 * self.side**2)

    def _shares(self, p: ArrayLike) -> Array:
        given = as_finite("p", p)
        top = np.inf if self.kind == _DISCS else 1.0
        if given.size and (given.min() < 0.0 or given.max() > top):
            rule = "must not be negative" if self.kind == _DISCS else "must lie between 0 and 1"
            bad = given.min() if given.min() < 0.0 else given.max()
            raise ArgumentError(f"Argument `p` {rule}, but one entry is {bad:g}.")
        return given

    def _wants_wraps(self) -> None:
        if not self.wraps:
            raise ArgumentError(
                "These runs did not note when they wrap. Make them with `record=Wrapping()` or "
                "`Everything()` on a lattice or with discs."
            )

    def _single(self, criterion: str, p: Array) -> Array:
        """Probability of a wrap at p (X,) given each run, shape (X, runs)."""
        from scipy import special  # slow to import

        never = self.first == 0
        n = np.where(never, self.sites + 1, self.first)
        pairs = {"either": n.min(1)[:, None], "both": n.max(1)[:, None], "x": n}[criterion]
        share = p[:, None, None]
        if self.kind == _DISCS:
            found = special.gammainc(pairs, share * (4.0 * self.side**2 / np.pi))
        else:
            found = special.betainc(pairs, np.maximum(self.sites - pairs + 1, 1), share)
        return np.asarray(np.where(pairs > self.sites, 0.0, found).mean(-1))

    def _mean(self, criterion: str, p: Array) -> Array:
        self._wants_wraps()
        flat = p.ravel()
        many = max(1, _BLOCK // (2 * max(self.runs, 1)))
        parts = [
            self._single(criterion, flat[k : k + many]).mean(-1) for k in range(0, flat.size, many)
        ]
        return np.concatenate([*parts, np.empty(0)]).reshape(p.shape)

    def _per_node(self, n: IntArray, values: Any) -> Array:
        """Divide sums at the numbers n by the number of nodes that are there."""
        return np.asarray(values[n] / (self.nodes if self.kind == _BONDS else np.maximum(n, 1)))

    def _averaged(self, p: ArrayLike, at: Callable[[IntArray], Array]) -> Array:
        """Average numbers at n over the law of n."""
        given = self._shares(p)
        if not self.sizes:
            raise ArgumentError(
                "These runs did not note sizes of clusters. Make them with `record=Largest()` or "
                "`Everything()`."
            )
        found = np.empty(given.size)
        for k, share in enumerate(given.ravel()):
            mean = share * (4.0 * self.side**2 / np.pi if self.kind == _DISCS else self.sites)
            width = np.sqrt(mean if self.kind == _DISCS else mean * (1.0 - share))
            low = max(0, int(mean - _TAILS * width) - 2)
            high = min(self.sites, int(mean + _TAILS * width) + 2)
            if self.kind == _DISCS and mean + 4.0 * width > self.sites:
                raise ArgumentError(
                    f"Argument `p` must be at most {self._filling(self.sites):.3g}, which the runs reach, "
                    f"but one entry is {share:g}. Raise `until`."
                )
            n = np.arange(low, high + 1)
            weights = _law(n, mean, self.sites, share, discs=self.kind == _DISCS)
            found[k] = weights @ at(n) / weights.sum()
        return found.reshape(given.shape)


def _law(n: IntArray, mean: float, sites: int, share: float, *, discs: bool) -> Array:
    """Probability of n, Poisson or binomial."""
    from scipy import special  # slow to import

    if discs:
        return np.asarray(np.exp(special.xlogy(n, mean) - mean - special.gammaln(n + 1.0)))
    choices = (
        special.gammaln(sites + 1.0) - special.gammaln(n + 1.0) - special.gammaln(sites - n + 1.0)
    )
    return np.asarray(
        np.exp(choices + special.xlogy(n, share) + special.xlog1py(sites - n, -share))
    )


def _error(batches: Array) -> Array:
    """Standard error of a mean over batches, NaN for a single one."""
    if len(batches) < 2:
        return np.full(batches.shape[1:], np.nan)
    return np.asarray(batches.std(0, ddof=1) / np.sqrt(len(batches)))


def _split(runs: int, parts: int) -> list[slice]:
    """Cut runs into parts of nearly equal size."""
    edges = [runs * k // parts for k in range(parts + 1)]
    return [slice(a, b) for a, b in pairwise(edges)]
