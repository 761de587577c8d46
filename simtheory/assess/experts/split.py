r"""The error of a composition, split: how much is the target's, the sampler's and the score's.

Problem
-------
Draws from a composition of trained nets are wrong in three ways that look alike: what was composed is not
what was meant (*target*), the sampler does not return it even with exact scores (*sampler*), and the
scores are not exact (*score*). Where the exact experts are known as mixtures, each is measured apart.

Result
------
=========  ===================================================================================
error      distance of the masses of the cells of
=========  ===================================================================================
target     the composition from what was meant
sampler    draws with exact scores from the composition
score      draws with the given scores from draws with exact scores, by one sampler
floor      exact draws, as many, from the composition: what sampling noise alone gives
=========  ===================================================================================

In every cell the errors of target, sampler and score add to that of the draws (label ``error-split``).

Reading
-------
Distances of masses are total variation, half the sum of absolute differences. A number near the floor is
no error. Freezing *hides* errors of the score at low noise: where energies are given in one or two
dimensions, the masses of the learned target itself stand beside, by quadrature and free of noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from simtheory._checks import as_finite, kind_of, non_negative, positive_int
from simtheory._faces import face
from simtheory._text import rows_as_html
from simtheory._typing import Array, ArrayLike
from simtheory.analytic.composition.algebra import product
from simtheory.analytic.composition.split import error_parts
from simtheory.assess.experts.external import External, curl
from simtheory.assess.experts.walks import sample as walk
from simtheory.assess.experts.walks import unit_variances
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.noise import Levels
from simtheory.results import axes
from simtheory.results.axes import over
from simtheory.sim import composition as sim
from simtheory.tasks import Composition, GaussianMixture

__all__ = ["ErrorSplit", "error_split", "grid_masses", "modes"]

_GRID = {1: 20_000, 2: 300}  # points along an axis; a mode narrower than two steps is not seen
_CELLS = 64  # modes that are watched, at most


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ErrorSplit:
    """Errors of target, sampler and score, apart.

    Parameters
    ----------
    centres : ndarray, shape (m, d)
        Centres of the cells, the regions whose masses are watched.
    seeds : array_like of int, shape (S,)
        Seeds.
    meant, exact : ndarray, shape (m,)
        Masses of what was meant, and of the composition.
    sampled, learned, drawn : ndarray, shape (S, m)
        Masses of draws with exact scores, with the given scores, and of exact draws.
    measures : dict
        By metric (``mass``, ``mean log p``, ``median log p``, ``spread``), a mapping of ``target``,
        ``sampler``, ``score`` and ``floor`` to mean and standard deviation over seeds. NaN stands for
        what a metric cannot say.
    quadrature : dict
        Level to the distance of the masses of the given energies from the exact ones, and to their masses;
        empty for scores alone or more than two dimensions.
    curl : float
        How far the composed score is from being a gradient at the lowest level.
    method : str
        The sampler.
    n : int
        Draws of each seed.
    """

    centres: Array = field(metadata=over("cell", "coordinate"))
    seeds: Any = field(metadata=over("seed", allow="integer", labels=True))
    meant: Array = field(metadata=over("cell"))
    exact: Array = field(metadata=over("cell"))
    sampled: Array = field(metadata=over("seed", "cell"))
    learned: Array = field(metadata=over("seed", "cell"))
    drawn: Array = field(metadata=over("seed", "cell"))
    measures: dict[str, dict[str, tuple[float, float]]]
    quadrature: dict[float, tuple[float, list[float]]]
    curl: float
    method: str
    n: int

    def __post_init__(self) -> None:
        axes.settle(self)

    @property
    def target(self) -> float:
        """Distance of the masses of the composition from what was meant."""
        return self.measures["mass"]["target"][0]

    @property
    def sampler(self) -> float:
        """Distance of the masses of draws with exact scores from the composition, mean over seeds."""
        return self.measures["mass"]["sampler"][0]

    @property
    def score(self) -> float:
        """Distance of the masses of draws with the given scores from those with exact ones."""
        return self.measures["mass"]["score"][0]

    @property
    def floor(self) -> float:
        """Distance of the masses of exact draws from the composition."""
        return self.measures["mass"]["floor"][0]

    @property
    def total(self) -> float:
        """Distance of the masses of draws with the given scores from what was meant.

        It is at most the sum of the three (label ``error-split``), and less where errors cancel.
        """
        return float(0.5 * np.abs(self.learned - self.meant).sum(axis=-1).mean())

    def to_dict(self) -> dict[str, Any]:
        """Return numbers, words and lists, ready for JSON; what is not known is None.

        Returns
        -------
        dict
            One entry for each field, the four errors and the whole one.
        """
        plain = {
            name: {
                kind: {"mean": _known(mean), "spread": _known(spread)}
                for kind, (mean, spread) in found.items()
            }
            for name, found in self.measures.items()
        }
        return {
            **{
                name: getattr(self, name)
                for name in ("target", "sampler", "score", "floor", "total")
            },
            "measures": plain,
            "quadrature": [
                {"level": level, "distance": gap, "masses": masses}
                for level, (gap, masses) in self.quadrature.items()
            ],
            **{
                name: getattr(self, name).tolist()
                for name in ("centres", "meant", "exact", "sampled", "learned", "drawn")
            },
            "seeds": [int(seed) for seed in self.seeds],
            "curl": self.curl,
            "method": self.method,
            "n": self.n,
        }

    def summary(self) -> list[str]:
        """Return the answer in sentences.

        Returns
        -------
        list of str
            The four errors, and what is to blame.
        """
        parts = {"target": self.target, "sampler": self.sampler, "score": self.score}
        worst = max(parts, key=lambda name: parts[name])
        if parts[worst] <= 2.0 * self.floor:
            blame = "no error stands out of the sampling noise"
        else:
            blame = f"the largest error is that of the {worst}"
        lines = [
            "error of the masses: "
            + ", ".join(f"{name} {value:.3f}" for name, value in parts.items())
            + f"; exact draws {self.floor:.3f}",
            f"together the draws are off by {self.total:.3f}, at most the sum of the three",
            blame,
        ]
        for level, (gap, _) in self.quadrature.items():
            lines.append(
                f"the given energies are wrong by {gap:.3f} at level {level:.3g}, by quadrature"
            )
        return lines

    def __str__(self) -> str:
        lines = [f"ErrorSplit of {self.n} draws, {self.method}"]
        lines += [f"  {line}" for line in self.summary()]
        lines += [f"  {'':<14}{'target':>16}{'sampler':>16}{'score':>16}{'floor':>16}"]
        for name, found in self.measures.items():
            cells = (
                "—" if np.isnan(found[kind][0]) else f"{found[kind][0]:.3f} ± {found[kind][1]:.3f}"
                for kind in ("target", "sampler", "score", "floor")
            )
            lines.append(f"  {name:<14}" + "".join(f"{cell:>16}" for cell in cells))
        lines += [f"  {'cell at':<24}{'meant':>8}{'exact':>8}{'sampled':>9}{'given':>8}"]
        tiny = 1e-9 * float(np.abs(self.centres).max(initial=0.0))  # what rounding leaves of a zero
        for k, centre in enumerate(np.where(np.abs(self.centres) < tiny, 0.0, self.centres)):
            place = ", ".join(f"{x:.2g}" for x in centre[:4]) + (", …" if len(centre) > 4 else "")
            masses = (
                self.meant[k],
                self.exact[k],
                self.sampled[:, k].mean(),
                self.learned[:, k].mean(),
            )
            lines.append(f"  ({place})".ljust(26) + "{:8.3f}{:8.3f}{:9.3f}{:8.3f}".format(*masses))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return (
            f"ErrorSplit(target={self.target:.3f}, sampler={self.sampler:.3f}, score={self.score:.3f}, "
            f"floor={self.floor:.3f})"
        )

    def _repr_html_(self) -> str:
        rows = [
            (name, ", ".join(f"{kind} {mean:.3f}" for kind, (mean, _) in found.items()))
            for name, found in self.measures.items()
        ]
        return rows_as_html("; ".join(self.summary()), rows)


@face
def error_split(
    c: Composition,
    experts: Sequence[Any],
    method: Any,
    *,
    levels: Levels,
    intended: Composition | GaussianMixture | None = None,
    n: int = 2000,
    seeds: int | Iterable[int] = 3,
    centres: ArrayLike | None = None,
) -> ErrorSplit:
    """Split the error of a composition of given scores into those of target, sampler and score.

    Parameters
    ----------
    c : Composition
        The exact experts, mixtures, with their weights.
    experts : sequence of Expert
        The given scores or energies, one for each expert of `c`: `external`, or trained nets.
    method : Annealed or Reverse
        The sampler, for both.
    levels : Levels
        Noise levels.
    intended : Composition or GaussianMixture, optional
        What was meant. Default: `c` itself, so that the error of the target is 0.
    n : int
        Draws of each seed.
    seeds : int or iterable of int
        Seeds, or how many.
    centres : array_like, shape (m, d), optional
        Centres of the cells. Default: the modes of `c`.

    Returns
    -------
    ErrorSplit
        The errors, by metric and by cell.

    Raises
    ------
    ShapeError
        If there is not one given expert for each exact one.
    RegimeError
        If a kernel needs log-densities that the given experts do not have, or the composition cannot be
        expanded into one mixture, so that its truth is not known.

    Warns
    -----
    RegimeWarning
        If the given scores are no gradient.
    """
    if len(experts) != len(c.experts):
        raise ShapeError(
            f"Argument `experts` must hold {len(c.experts)} experts, one for each of the composition, but "
            f"it holds {len(experts)}."
        )
    count = positive_int("n", n)
    chosen = list(range(seeds)) if isinstance(seeds, int) else [int(seed) for seed in seeds]
    if not chosen:
        raise ArgumentError("Argument `seeds` must hold at least one seed, but it is empty.")
    given = Composition([_filled(expert, c.dim) for expert in experts], c.weights)
    places = modes(c) if centres is None else as_finite("centres", centres)
    if places.ndim != 2 or places.shape[1] != c.dim:
        raise ShapeError(
            f"Argument `centres` must have shape (m, {c.dim}), but its shape is {places.shape}."
        )
    truth = product(c).mixture
    exact = _masses_of(truth, places)
    meant = exact
    if intended is not None:
        law = intended if isinstance(intended, GaussianMixture) else product(intended).mixture
        meant = _masses_of(law, places)
    units = unit_variances(c, levels)
    runs: dict[str, list[Array]] = {"sampled": [], "learned": [], "drawn": []}
    for seed in chosen:
        runs["sampled"].append(sim.sample(method, c, count, levels=levels, rng=seed).points)
        runs["learned"].append(
            walk(method, given, count, levels=levels, rng=seed, units=units).points
        )
        runs["drawn"].append(truth.sample(count, rng=seed))
    lowest = float(levels.values[levels.values > 0.0][-1])
    probe = runs["drawn"][0][:64]
    probe = probe + lowest**0.5 * np.random.default_rng(0).standard_normal(probe.shape)
    masses = {name: np.array([_shares(x, places) for x in found]) for name, found in runs.items()}
    return ErrorSplit(
        places,
        np.array(chosen),
        meant,
        exact,
        masses["sampled"],
        masses["learned"],
        masses["drawn"],
        _measures(meant, exact, masses, runs, truth, places),
        _quadrature(given, c, places, lowest),
        curl(given, probe, level=lowest),
        repr(method),
        count,
    )


@face
def modes(c: Composition | GaussianMixture) -> Array:
    """Return the modes of a composition at level 0: where its score vanishes and its density is highest.

    Parameters
    ----------
    c : Composition or GaussianMixture
        Of mixtures.

    Returns
    -------
    ndarray, shape (m, d)
        The modes, the highest first; at most 64.

    Notes
    -----
    Ascent by mean shift from the means of the product's components; those that meet are one mode.
    """
    law = c if isinstance(c, GaussianMixture) else product(c).mixture
    order = np.argsort(-law.weights)[: 8 * _CELLS]
    x = law.means[order]
    precisions = np.linalg.inv(law.covariances)
    pulls = np.einsum("kij,kj->ki", precisions, law.means)
    for _ in range(200):
        shares = law.responsibilities(x)
        x = np.linalg.solve(
            np.einsum("nk,kij->nij", shares, precisions), (shares @ pulls)[..., None]
        )[..., 0]
    reach = 0.5 * float(np.sqrt(law.variances.min()))
    found: list[Array] = []
    for point in x[np.argsort(-law.log_density(x))]:
        if all(np.linalg.norm(point - other) > reach for other in found):
            found.append(point)
        if len(found) == _CELLS:
            break
    return np.array(found)


@face
def grid_masses(c: Any, centres: ArrayLike, *, level: float) -> Array:
    """Return the masses of cells under a composition at a level, by quadrature on a grid.

    Parameters
    ----------
    c : Composition or GaussianMixture
        With a log-density, in one or two dimensions; its experts may be callables or nets.
    centres : array_like, shape (m, d)
        Centres of the cells: a point belongs to the nearest. The grid reaches beyond them by 0.3 of their
        range, and by four standard deviations of the noise.
    level : float
        Noise level λ.

    Returns
    -------
    ndarray, shape (m,)
        The masses.

    Raises
    ------
    RegimeError
        In more than two dimensions.
    ArgumentError
        If the composition has no log-density.
    """
    places = as_finite("centres", centres)
    noise = non_negative("level", level)
    if not hasattr(c, "log_density"):
        raise ArgumentError(
            f"Argument `c` must have a method log_density(x, level=), but it is {kind_of(c)}."
        )
    if places.ndim != 2 or places.shape[1] > 2:
        raise RegimeError(
            "Argument `centres` must have shape (m, 1) or (m, 2): quadrature is for one or two dimensions, "
            f"but its shape is {places.shape}."
        )
    d = places.shape[1]
    if len(places) < 2:
        return np.ones(len(places))
    middle = 0.5 * (places.max(axis=0) + places.min(axis=0))
    reach = 0.8 * float(np.ptp(places, axis=0).max()) + 4.0 * noise**0.5
    lines = [np.linspace(m - reach, m + reach, _GRID[d]) for m in middle]
    grid = np.stack([part.ravel() for part in np.meshgrid(*lines, indexing="ij")], axis=1)
    logs = c.log_density(grid, level=noise)
    weights = np.exp(logs - logs.max())
    near = ((grid[:, None] - places) ** 2).sum(axis=2).argmin(axis=1)
    return np.asarray(np.bincount(near, weights, len(places)) / weights.sum())


def _filled(expert: Any, dim: int) -> Any:
    """Return an expert that knows how many coordinates it has."""
    if isinstance(expert, External) and expert.dim is None:
        return replace(expert, dim=dim)
    return expert


def _shares(x: Array, places: Array) -> Array:
    near = ((x[:, None] - places) ** 2).sum(axis=2).argmin(axis=1)
    return np.asarray(np.bincount(near, minlength=len(places)) / len(x))


def _masses_of(law: GaussianMixture, places: Array) -> Array:
    """Return exact masses on a line or in a plane, else those of many draws."""
    if law.dim <= 2:
        return grid_masses(law, places, level=0.0)
    return _shares(law.sample(200_000, rng=0), places)


def _measures(
    meant: Array,
    exact: Array,
    masses: dict[str, Array],
    runs: dict[str, list[Array]],
    truth: GaussianMixture,
    places: Array,
) -> dict[str, dict[str, tuple[float, float]]]:
    parts = error_parts(meant, exact, masses["sampled"], masses["learned"])
    errors = dict(zip(("target", "sampler", "score"), parts, strict=True))
    errors["floor"] = masses["drawn"] - exact
    found = {
        "mass": {
            name: _mean_and_spread(0.5 * np.abs(error).sum(axis=-1))
            for name, error in errors.items()
        }
    }
    top = int(exact.argmax())
    readings: dict[str, Any] = {
        "mean log p": lambda x: float(truth.log_density(x).mean()),
        "median log p": lambda x: float(np.median(truth.log_density(x))),
        "spread": lambda x: _spread(x, places, top),
    }
    reference = truth.sample(200_000, rng=1)
    for name, read in readings.items():
        right = read(reference)
        each = {kind: np.array([read(x) for x in run]) for kind, run in runs.items()}
        found[name] = {
            "target": (float("nan"), float("nan")),
            "sampler": _mean_and_spread(each["sampled"] - right),
            "score": _mean_and_spread(each["learned"] - each["sampled"]),
            "floor": _mean_and_spread(each["drawn"] - right),
        }
    return found


def _spread(x: Array, places: Array, top: int) -> float:
    """Return the root mean variance of the draws in the cell of most mass; NaN for fewer than two draws."""
    near = ((x[:, None] - places) ** 2).sum(axis=2).argmin(axis=1)
    inside = x[near == top]
    return float(np.sqrt(inside.var(axis=0).mean())) if len(inside) > 1 else float("nan")


def _mean_and_spread(values: Any) -> tuple[float, float]:
    each = np.atleast_1d(values)
    return float(each.mean()), float(each.std(ddof=1)) if each.size > 1 else 0.0


def _quadrature(
    given: Composition, c: Composition, places: Array, lowest: float
) -> dict[float, tuple[float, list[float]]]:
    if c.dim > 2 or not all(
        isinstance(expert, GaussianMixture) or getattr(expert, "has_density", False)
        for expert in given.experts
    ):
        return {}
    found = {}
    for level in (lowest, 10.0 * lowest, 50.0 * lowest):
        own, right = (grid_masses(one, places, level=level) for one in (given, c))
        found[float(f"{level:.6g}")] = (0.5 * float(np.abs(own - right).sum()), own.tolist())
    return found


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
