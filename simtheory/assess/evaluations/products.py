r"""Is the joint accuracy the product of the marginals, or that of the weakest concept?

Symbols
-------
q_i : marginals; j : joint accuracy; :math:`\Pi=\prod_iq_i^{e_i}` : product, with powers e; m : the smallest
q_i; the *lean* λ : where j lies between the two, 0 at the product and 1 at the weakest link,

.. math:: \lambda = \frac{\sum(j-\Pi)(m-\Pi)}{\sum(m-\Pi)^2}

over the cells in which the rules can be told apart.

Result
------
Under independent errors on the same N samples, j − Π has mean 0 and variance
:math:`\Pi[1-\Pi-\Pi\sum(1-q_i)/q_i]/N` (label ``product-noise``), and it is uncorrelated with the marginals, so
that λ has no bias. Errors that always meet in the same samples (comonotone ones) give j = m, λ = 1, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simtheory._checks import as_generator
from simtheory._faces import face
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array
from simtheory.assess.evaluations.table import Accuracies

__all__ = ["ProductLaw", "product_law"]

_TELLS = 0.95
"""Marginals above it, as shares of the ceiling, fail too rarely to tell the rules apart."""

_ZONE = 1.0 / 3.0
"""Lean up to which a rule holds: the distance to it is then at most half of that to the other."""

_RESAMPLES = 2000


@face
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ProductLaw:
    """Joint accuracies held against the product of the marginals and against the weakest concept.

    Parameters
    ----------
    gap : ndarray, shape (S, T, P)
        Joint accuracy minus product.
    noise : ndarray, shape (S, T, P)
        Standard deviation of the gap if errors are independent; NaN where the number of samples is not known.
    z : ndarray, shape (S, T, P)
        Gap over noise.
    scored : ndarray of bool, shape (T, P)
        Cells in which at least two marginals, averaged over seeds, stay below 0.95 of the ceiling, so that the
        rules can be told apart. Distances, lean and power are read there.
    rms_product, rms_weakest, rms_additive : float
        Root mean square distance of the joint accuracy from product, smallest marginal and mean marginal.
    mean_gap : float
        Mean gap over all cells, corrected for the share of it that the noise of the marginals hides.
    interval : tuple of float, optional
        Interval of 95 % of `mean_gap`, by Student's t over seeds; None for one seed.
    lean : float
        0 where the joint accuracy is the product, 1 where it is the smallest marginal.
    lean_interval : tuple of float, optional
        Its interval of 95 %, by a bootstrap over seeds, then samples; None for one seed of unknown samples.
    leans : ndarray, shape (P,)
        The lean of each class alone.
    power : float
        How many standard errors lie between the rules; NaN where the number of samples is not known.
    mean_z2 : float
        Mean z² of cells in which the product expects at least one sample; 1 under exact independence.
    verdict : str
        ``"product"``, ``"weakest link"``, ``"neither"`` or ``"undecided"``.
    reason : str
        Why.
    """

    gap: Array
    noise: Array
    z: Array
    scored: Any
    rms_product: float
    rms_weakest: float
    rms_additive: float
    mean_gap: float
    interval: tuple[float, float] | None
    lean: float
    lean_interval: tuple[float, float] | None
    leans: Array
    power: float
    mean_z2: float
    verdict: str
    reason: str

    def sentence(self) -> str:
        """Return the answer in a sentence.

        Returns
        -------
        str
            Verdict and reason.
        """
        return f"Product law: {self.verdict}. {self.reason}"

    def _rows(self) -> list[tuple[str, str]]:
        rms = ((self.rms_product, "product"), (self.rms_weakest, "weakest concept"))
        rows = [
            ("verdict", self.verdict),
            ("reason", self.reason),
            (
                "cells",
                f"{int(self.scored.sum())} of {self.scored.size} steps and classes are scored",
            ),
            *((f"rms to the {name}", f"{value:.4f}") for value, name in rms),
            ("rms to the mean", f"{self.rms_additive:.4f}"),
            ("mean gap", f"{self.mean_gap:.4f}{_between(self.interval)}"),
            ("lean", f"{self.lean:.3f}{_between(self.lean_interval)}"),
        ]
        if not np.isnan(self.mean_z2):
            rows += [
                ("power", f"{self.power:.1f} standard errors"),
                ("mean z²", f"{self.mean_z2:.2f}"),
            ]
        return rows

    def __str__(self) -> str:
        return rows_as_text("Product law", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("Product law", self._rows())

    def __repr__(self) -> str:
        return f"ProductLaw(verdict={self.verdict!r}, lean={self.lean:.3f}, power={self.power:.1f})"


def _between(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f", 95 %: {interval[0]:.4f} to {interval[1]:.4f}"


@face
def product_law(acc: Accuracies, *, rng: np.random.Generator | int = 0) -> ProductLaw:
    """Say whether joint accuracies are products of marginals, or follow the weakest concept.

    A rule holds if the whole interval of the lean lies within a third of it. If the interval avoids both thirds
    the verdict is "neither", and otherwise "undecided": so also if the rules lie less than 1.96 standard errors
    apart, or if one seed comes without numbers of samples.

    Parameters
    ----------
    acc : Accuracies
        What `accuracies` read.
    rng : numpy.random.Generator or int
        Source of the bootstrap.

    Returns
    -------
    ProductLaw
        Gaps, distances from the rules, and the verdict.

    Notes
    -----
    The noise assumes independent samples in different cells; with two seeds and more the intervals do not. The
    interval of the mean gap takes Student's t over seeds, because a bootstrap over few of them covers too rarely;
    and all cells, because the choice of the scored ones depends on the same seeds.
    """
    source = as_generator(rng)
    q, j = acc.marginals, acc.joint
    product = np.prod(q**acc.powers, axis=-1)
    weakest = q.min(axis=-1)
    additive = q @ acc.powers / acc.powers.sum()
    gap = j - product
    slopes = _slopes(q, acc.powers)
    noise, spread = _noises(acc, product, weakest, slopes)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(noise > 1e-12, gap / noise, np.nan)
    scored = _scored(acc)
    seen = scored & ~np.isnan(gap)

    def rms(rule: Array) -> float:
        return float(np.sqrt(np.mean((j - rule)[seen] ** 2))) if seen.any() else np.nan

    apart = np.where(seen, weakest - product, 0.0)
    along = np.where(seen, gap, 0.0) * apart
    size = apart**2
    known = not np.isnan(spread[seen]).any() and bool(seen.any())
    variance = size * np.where(seen, np.nan_to_num(spread) ** 2, 0.0)
    leans = _ratio(along.sum(axis=(0, 1)), size.sum(axis=(0, 1)))
    lean = float(_ratio(along.sum(), size.sum()))
    floor = size * np.where(seen, np.nan_to_num(noise) ** 2, 0.0)
    power = float(_ratio(size.sum(), np.sqrt(floor.sum()))) if known else np.nan
    drawn = None
    if size.sum() > 0 and (known or len(acc.seeds) > 1):
        drawn = _bootstrap(
            along.sum(axis=(1, 2)), size.sum(axis=(1, 2)), variance.sum(axis=(1, 2)), source
        )
    mean_gap, interval = _over_seeds(gap + _hidden(acc, q))
    z2 = z[seen & ~np.isnan(z) & (product * acc.counts >= 1.0)] ** 2
    found: dict[str, Any] = {
        "rms_product": rms(product),
        "rms_weakest": rms(weakest),
        "rms_additive": rms(additive),
        "lean": lean,
        "lean_interval": drawn,
        "power": power,
        "mean_z2": float(z2.mean()) if z2.size else np.nan,
    }
    verdict, reason = _verdict(acc, bool(size.sum() > 0), found)
    return ProductLaw(
        gap=gap,
        noise=noise,
        z=z,
        scored=scored,
        mean_gap=mean_gap,
        interval=interval,
        leans=leans,
        verdict=verdict,
        reason=reason,
        **found,
    )


def _slopes(q: Array, powers: Array) -> Array:
    """Return the derivatives of the product along each marginal, without a division by zero."""
    found = np.empty_like(q)
    for i in range(q.shape[-1]):
        others = np.delete(np.arange(q.shape[-1]), i)
        rest = np.prod(q[..., others] ** powers[others], axis=-1)
        found[..., i] = rest * powers[i] * q[..., i] ** (powers[i] - 1.0)
    return found


def _noises(acc: Accuracies, product: Array, weakest: Array, slopes: Array) -> tuple[Array, Array]:
    """Return the standard deviations of the gap: of independent errors, and of the errors as they are.

    The second is never below the first, so that a few samples which happen to fail together do not pass for
    certainty.
    """
    q, j = acc.marginals, acc.joint
    own = slopes**2 * q * (1.0 - q)
    if not acc.paired:
        variance = product * (1.0 - product) / acc.counts + np.sum(
            own / acc.concept_counts, axis=-1
        )
        seen = j * (1.0 - j) / acc.counts + np.sum(own / acc.concept_counts, axis=-1)
        return _root(variance), _root(np.maximum(variance, seen))
    variance = (product * (1.0 - product) - own.sum(axis=-1)) / acc.counts
    moments = _moments(acc, product, weakest)
    both = moments - q[..., :, None] * q[..., None, :]
    seen = (
        j * (1.0 - j)
        - 2.0 * np.sum(slopes * (1.0 - q), axis=-1) * j
        + np.einsum("...i,...ij,...j->...", slopes, both, slopes)
    ) / acc.counts
    return _root(variance), _root(np.maximum(variance, seen))


def _root(variance: Array) -> Array:
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _moments(acc: Accuracies, product: Array, weakest: Array) -> Array:
    """Return the shares of samples with two concepts right; where they are not known, between the extremes.

    Pairs are taken to depend on each other as the joint accuracy does: from independent ones to those that fail
    together as often as they can, or as rarely.
    """
    if acc.moments is not None:
        return acc.moments
    q = acc.marginals
    i, k = q[..., :, None], q[..., None, :]
    least = np.maximum(q.sum(axis=-1) - (q.shape[-1] - 1), 0.0)
    up = np.clip(_ratio(acc.joint - product, weakest - product), 0.0, 1.0)[..., None, None]
    down = np.clip(_ratio(product - acc.joint, product - least), 0.0, 1.0)[..., None, None]
    most, fewest = np.minimum(i, k), np.maximum(i + k - 1.0, 0.0)
    pairs = i * k + np.nan_to_num(up) * (most - i * k) - np.nan_to_num(down) * (i * k - fewest)
    same = np.eye(q.shape[-1], dtype=bool)
    return np.asarray(np.where(same, i, pairs))


def _hidden(acc: Accuracies, q: Array) -> Array:
    """Return by how much the noise of the marginals lowers a mean gap, to first order in 1/N."""
    if not acc.paired or acc.moments is None:
        product, weakest = np.prod(q, axis=-1), q.min(axis=-1)
        if not acc.paired:
            return np.zeros_like(product)
        moments = _moments(acc, product, weakest)
    else:
        moments = acc.moments
    found = np.zeros(q.shape[:-1])
    n = q.shape[-1]
    for i in range(n):
        for k in range(i + 1, n):
            rest = np.prod(np.delete(q, [i, k], axis=-1), axis=-1)
            found += (moments[..., i, k] - q[..., i] * q[..., k]) * rest
    return np.asarray(np.where(acc.counts > 1, found / np.maximum(acc.counts - 1.0, 1.0), 0.0))


def _scored(acc: Accuracies) -> Any:
    """Return the cells in which at least two marginals, averaged over seeds, fail often enough."""
    seen = ~np.isnan(acc.marginals[..., 0])
    total = np.maximum(seen.sum(axis=0), 1)[..., None]
    mean = np.nansum(acc.marginals, axis=0) / total
    return ((mean < _TELLS * acc.ceiling) @ acc.powers >= 2) & seen.any(axis=0)


def _ratio(a: Any, b: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(b) > 0, np.asarray(a) / np.asarray(b), np.nan)


def _bootstrap(
    along: Array, size: Array, variance: Array, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the interval of the lean: seeds are drawn again, and their samples as normal noise."""
    seeds = rng.integers(len(along), size=(_RESAMPLES, len(along)))
    noisy = along[seeds] + np.sqrt(variance[seeds]) * rng.standard_normal(seeds.shape)
    total = size[seeds].sum(axis=1)
    leans = noisy.sum(axis=1)[total > 0] / total[total > 0]
    low, high = np.quantile(leans, [0.025, 0.975])
    return float(low), float(high)


def _over_seeds(each: Array) -> tuple[float, tuple[float, float] | None]:
    """Return the mean over cells and seeds, and its interval by Student's t over seeds."""
    seen = ~np.isnan(each)
    totals = seen.sum(axis=(1, 2))
    means = np.nansum(each, axis=(1, 2))[totals > 0] / totals[totals > 0]
    if not means.size:
        return np.nan, None
    mean = float(means.mean())
    if means.size == 1:
        return mean, None
    from scipy.special import stdtrit

    half = float(stdtrit(means.size - 1, 0.975) * means.std(ddof=1) / np.sqrt(means.size))
    return mean, (mean - half, mean + half)


def _verdict(acc: Accuracies, told: bool, found: dict[str, Any]) -> tuple[str, str]:
    """Return the verdict and the reason."""
    if not told:
        return (
            "undecided",
            "In no cell do two concepts fail often enough to tell the product from the weakest concept.",
        )
    distances = (
        f"The joint accuracy is off by {found['rms_product']:.3f} (rms) from the product of the marginals and by "
        f"{found['rms_weakest']:.3f} from the weakest concept"
    )
    interval = found["lean_interval"]
    if interval is None:
        return (
            "undecided",
            f"{distances}; one seed without numbers of samples has no noise to hold it against.",
        )
    lean, low, high = (round(one, 2) + 0.0 for one in (found["lean"], *interval))  # no -0.00
    numbers = f"lean {lean:.2f}, 95 %: {low:.2f} to {high:.2f}"
    if found["power"] < 1.96:
        return (
            "undecided",
            f"{distances}; the rules lie only {found['power']:.1f} standard errors apart.",
        )
    low, high = interval
    if low > -_ZONE and high < _ZONE:
        verdict = "product"
    elif low > 1.0 - _ZONE and high < 1.0 + _ZONE:
        verdict = "weakest link"
    elif high < -_ZONE or low > 1.0 + _ZONE or (low > _ZONE and high < 1.0 - _ZONE):
        verdict = "neither"
    else:
        verdict = "undecided"
    return verdict, f"{distances} ({numbers}).{_beside(acc)}"


def _beside(acc: Accuracies) -> str:
    """Say what the verdict does not rest on, and which cells no common samples can have."""
    words = []
    if len(acc.seeds) == 1:
        words.append("One seed: this is said of this run alone, without an interval of the gap.")
    if np.isnan(acc.counts[~np.isnan(acc.joint)]).any():
        words.append("The number of samples is not known, so there is no z.")
    if not acc.paired:
        least = acc.marginals @ acc.powers - (acc.powers.sum() - 1.0)
        low = int((acc.joint < least - 1e-9).sum())
        high = int((acc.joint > acc.marginals.min(axis=-1) + 1e-9).sum())
        seen = int((~np.isnan(acc.joint)).sum())
        if low or high:
            words.append(
                f"Counted on different samples, the joint accuracy lies below what the marginals allow on common "
                f"ones in {low} of {seen} cells and above in {high}."
            )
    return "".join(f" {word}" for word in words)
