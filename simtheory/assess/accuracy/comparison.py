r"""Which law collapses accuracies over the number of examples: coverage, factorisation or percolation?

Problem
-------
A net was trained on n examples, for several n and perhaps several widths of the shapes, and asked for labels that it
did not see. Three laws compete: an example near the query is enough (coverage), each factor is learned alone
(factorised), or the overlaps of the examples must connect (percolation).

Symbols
-------
n : number of examples; N : side of the space of labels; ρ : reach in pixels; σ : width of the shapes; k : shape;
φ : overdispersion; D : deviance.

Result
------
===============  =====================================================================  =================
law              accuracy                                                               parameters
===============  =====================================================================  =================
coverage         :math:`1 - e^{-n\pi\rho^2/N^2}`                                        ρ
scaled coverage  the same with :math:`\rho = c\,\sigma^a`                               c, a
factorised       :math:`(1 - e^{-2n\rho/N})^2`                                          ρ
percolation      share of the largest cluster of examples linked within ρ = cσ          c
weibull          :math:`1 - e^{-(n\pi\rho^2/N^2)^k}` with :math:`\rho = c\,\sigma^a`    c, a, k
===============  =====================================================================  =================

Right answers are binomial. The spread of runs that differ in their seed alone gives the overdispersion φ, and AIC is
:math:`D/\varphi` plus twice the number of parameters. Intervals are those of the profile deviance, at a rise of
:math:`\varphi\chi^2_1`, where φ also holds what the law itself leaves unexplained.

Reading
-------
A slope in σ does not decide: coverage with a reach that grows as σ has that of percolation. The shape of the curve
does: coverage is one exponential, :math:`n_{80}/n_{20} = 7.21` at every size, and percolation sharpens with N/ρ. The
Weibull law is a fit and no theory; its lead says that a query needs more than one example near it. The percolation law
is that of a torus; in an open window the transition is broader.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from simtheory._checks import one_of, share
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.assess.accuracy._candidates import LAWS, WEIBULL_FIXED, Law, Setting, setting
from simtheory.assess.accuracy.answers import DECIDES, Fitted, Laws, NextRun, Parameter
from simtheory.assess.accuracy.tables import Counts, as_counts
from simtheory.errors import ArgumentError, FitError

__all__ = ["laws"]

_SURE = 1e-6  # a law that says 0 or 1 is taken to err in one of a million queries
_AFFORDED = 5_000  # queries of a further run, at most
_UNFIT = 1e-3  # chance of so large a deviance, below which a law does not fit


@face
def laws(counts: object, *, laws: str | Sequence[str] = "all", level: float = 0.95) -> Laws:
    """Return which laws describe accuracies over the number of examples, the best first.

    Parameters
    ----------
    counts : Counts, or what `simtheory.assess.counts` reads
        Right answers out of those asked for.
    laws : "all" or sequence of str
        Among coverage, scaled coverage, factorised, percolation and weibull.
    level : float
        Confidence of the intervals.

    Returns
    -------
    Laws
        ``.best`` and ``.table``, with reaches, AIC, residuals by seed, and the next run.

    Raises
    ------
    FitError
        If the table has one n only, or all answers are right or all wrong.
    ArgumentError
        If a law is unknown.

    Notes
    -----
    A law with a reach that grows as a power of the width needs two widths at least, and is left out
    otherwise; the Weibull law then has a fixed reach. Without a side the reach is a share of it.

    Examples
    --------
    >>> n = np.array([10, 20, 40, 80, 160])
    >>> right = 1000 * (1 - np.exp(-n * np.pi * 1.5**2 / 16**2))
    >>> table = {"n": n, "right": right.round(), "asked": n * 0 + 1000, "side": n * 0 + 16}
    >>> found = laws(table, laws=["coverage", "factorised"])
    >>> found.best.name, round(found.best.reach.value, 2)
    ('coverage', 1.5)
    """
    given = as_counts("counts", counts)
    confidence = share("level", level)
    _identified(given)
    names = list(LAWS) if isinstance(laws, str) and laws == "all" else laws
    wanted = [names] if isinstance(names, str) else list(names)
    if not wanted:
        raise ArgumentError("Argument `laws` must name a law, but it is empty.")
    at = setting(given)
    spread = bool(np.ptp(np.log(at.sigma)) > 1e-9)
    chosen: list[Law] = []
    left_out: dict[str, str] = {}
    for name in dict.fromkeys(wanted):
        law = LAWS[one_of("laws", name, LAWS)]
        if law.varies and not spread:
            if name == "weibull":
                law = WEIBULL_FIXED
            else:
                left_out[name] = "which needs a column sigma with two widths or more."
                continue
        chosen.append(law)
    if not chosen:
        raise FitError(
            f"No law is left to fit: {'; '.join(f'{k}, {v}' for k, v in left_out.items())} "
            "Measure at two widths or more.",
            parameters=("exponent",),
        )
    dispersion, repeats = _dispersion(given)
    fits = sorted(
        (_fit(law, given, at, dispersion, confidence) for law in chosen),
        key=lambda pair: pair[0].aic,
    )
    table = tuple(fitted for fitted, _, _ in fits)
    rivals = (_next(given, at, fits[0], rival, dispersion) for rival in fits[1:])
    further = next((run for run in rivals if run is not None), None)
    return Laws(
        table,
        given,
        dispersion,
        repeats,
        _by_seed(given, table[0].predicted, dispersion),
        further,
        left_out,
        confidence,
    )


def _identified(given: Counts) -> None:
    if np.ptp(given.n) <= 0:
        raise FitError(
            f"Argument `counts` must have runs at two numbers of examples or more, but all have n = "
            f"{given.n[0]:g}. Measure at n / 2 and 2 n, too.",
            parameters=("reach",),
        )
    right, asked = given.right.sum(), given.asked.sum()
    if right in (0, asked):
        said, more = ("wrong", "more") if right == 0 else ("right", "fewer")
        raise FitError(
            f"Argument `counts` must have answers that are right and some that are not, but all {asked:g} are "
            f"{said}. Measure at {more} examples, where accuracy lies between .1 and .9.",
            parameters=("reach",),
        )


def _groups(given: Counts) -> list[Any]:
    """Return the rows of each set of runs that differ in their seed alone."""
    named = ("n", "sigma", "side", "tolerance")
    keys = np.stack([getattr(given, k) for k in named if getattr(given, k) is not None], axis=1)
    _, place = np.unique(keys, axis=0, return_inverse=True)
    return [np.flatnonzero(place.ravel() == k) for k in range(int(place.max()) + 1)]


def _dispersion(given: Counts) -> tuple[float, int]:
    """Return the spread over seeds in units of the binomial one, at least 1, and its degrees of freedom."""
    total, free = 0.0, 0
    for rows in _groups(given):
        mean = given.right[rows].sum() / given.asked[rows].sum()
        if len(rows) > 1 and 0.0 < mean < 1.0:
            expected = given.asked[rows] * mean
            total += float(((given.right[rows] - expected) ** 2 / (expected * (1.0 - mean))).sum())
            free += len(rows) - 1
    return (max(1.0, total / free), free) if free else (1.0, 0)


def _deviance(given: Counts, predicted: Array) -> float:
    from scipy.special import rel_entr

    p = np.clip(predicted, _SURE, 1.0 - _SURE)
    seen = given.accuracy
    return float(2.0 * (given.asked * (rel_entr(seen, p) + rel_entr(1.0 - seen, 1.0 - p))).sum())


def _fit(
    law: Law, given: Counts, at: Setting, dispersion: float, level: float
) -> tuple[Fitted, Law, Array]:
    """Fit a law, with the intervals of its profile deviance."""
    from scipy.stats import chi2

    def cost(theta: Array) -> float:
        return _deviance(given, law.accuracy(at, theta))

    best = _lowest(cost, _starts(law, at))
    deviance = cost(best)
    free = max(1, len(given.n) - len(best))
    rise = max(dispersion, deviance / free) * float(chi2.ppf(level, 1))
    parameters = []
    for k, name in enumerate(law.parameters):
        ends = [_profile(cost, best, k, deviance + rise, sign) for sign in (-1.0, 1.0)]
        kept = np.array([ends[0], best[k], ends[1]])
        low, value, high = kept if name == "exponent" else np.exp(kept)
        parameters.append(Parameter(name, float(value), float(low), float(high)))
    fitted = Fitted(
        law.name,
        law.formula,
        tuple(parameters),
        deviance,
        deviance / dispersion + 2.0 * len(best),
        bool(chi2.sf(deviance / dispersion, free) > _UNFIT),
        law.accuracy(at, best),
    )
    return fitted, law, best


def _starts(law: Law, at: Setting) -> list[Array]:
    """Return starts at which half of the queries are right at some number of examples."""
    length, width = np.exp(np.log(at.side).mean()), np.log(at.sigma).mean()
    counts = np.geomspace(at.n.min() / 2.0, at.n.max() * 2.0, 13)
    # Half are right at n = .69 N²/πρ², 1.23 N/2ρ, and about 1.44 (N/ρ)².
    reaches = {
        "factorised": 0.61 * length / counts,
        "percolation": 1.2 * length / np.sqrt(counts),
    }.get(law.name, 0.47 * length / np.sqrt(counts))
    found = []
    for power in (0.0, 1.0) if "exponent" in law.parameters else (float(law.linear),):
        for shape in (1.0, 2.0) if "shape" in law.parameters else (1.0,):
            rest = {"exponent": power, "shape": math.log(shape)}
            tail = [rest[name] for name in law.parameters[1:]]
            found += [np.array([math.log(reach) - power * width, *tail]) for reach in reaches]
    return found


def _lowest(cost: Any, starts: list[Array]) -> Array:
    """Return the lowest point of a cost, searched from the best of the starts."""
    from scipy.optimize import minimize

    ordered = sorted(starts, key=cost)[:2]
    settings = {"xatol": 1e-7, "fatol": 1e-7, "maxiter": 2000}
    found = [minimize(cost, start, method="Nelder-Mead", options=settings) for start in ordered]
    return np.asarray(min(found, key=lambda each: each.fun).x)


def _profile(cost: Any, best: Array, k: int, wanted: float, sign: float) -> float:
    """Return where the lowest cost at a fixed parameter has risen to `wanted`; infinite if it does not."""
    from scipy.optimize import brentq, minimize

    rest = np.delete(best, k)

    def lowest(value: float) -> float:
        nonlocal rest
        if not rest.size:
            return float(cost(np.array([value])))
        found = minimize(
            lambda others: cost(np.insert(others, k, value)),
            rest,
            method="Nelder-Mead",
            options={"xatol": 1e-5, "fatol": 1e-5, "maxiter": 400},
        )
        rest = found.x
        return float(found.fun)

    step, inside = 0.01, best[k]
    for _ in range(14):
        outside = inside + sign * step
        if lowest(outside) > wanted:
            return float(brentq(lambda value: lowest(value) - wanted, inside, outside, xtol=1e-5))
        inside, step = outside, 2.0 * step
    return sign * math.inf


def _by_seed(given: Counts, predicted: Array, dispersion: float) -> dict[str, float]:
    if given.seed is None:
        return {}
    p = np.clip(predicted, _SURE, 1.0 - _SURE)
    found = {}
    for seed in np.unique(given.seed):
        rows = given.seed == seed
        excess = (given.right - given.asked * p)[rows].sum()
        spread = math.sqrt(dispersion * float((given.asked * p * (1.0 - p))[rows].sum()))
        found[f"{seed:g}"] = float(excess / spread)
    return found


def _next(
    given: Counts,
    at: Setting,
    best: tuple[Fitted, Law, Array],
    rival: tuple[Fitted, Law, Array],
    dispersion: float,
) -> NextRun | None:
    """Return the run at which two laws differ most, among sizes and widths up to twice those measured.

    None if it takes too many queries, as for a law that is a special case of the other.
    """
    from scipy.special import rel_entr

    numbers = np.unique(np.round(np.geomspace(at.n.min() / 4.0, at.n.max() * 4.0, 41)).clip(1))
    widths = _around(at.sigma) if given.sigma is not None else np.ones(1)
    sides = _around(at.side) if given.side is not None else np.ones(1)
    n, sigma, side = (each.ravel() for each in np.meshgrid(numbers, widths, sides, indexing="ij"))
    where = Setting(n, side, sigma, np.ones_like(n))
    first, second = (
        np.clip(law.accuracy(where, theta), 1e-3, 1.0 - 1e-3) for _, law, theta in (best, rival)
    )
    apart = rel_entr(first, second) + rel_entr(1.0 - first, 1.0 - second)
    back = rel_entr(second, first) + rel_entr(1.0 - second, 1.0 - first)
    gain = np.minimum(apart, back)
    k = int(np.argmax(gain))
    if DECIDES * dispersion / 2.0 > _AFFORDED * gain[k]:
        return None
    return NextRun(
        int(n[k]),
        None if given.sigma is None else float(sigma[k]),
        None if given.side is None else float(side[k]),
        math.ceil(DECIDES * dispersion / (2.0 * gain[k])),
        (best[0].name, rival[0].name),
        (float(first[k]), float(second[k])),
    )


def _around(values: Array) -> Array:
    known = np.unique(values)
    return np.unique(np.concatenate([[known[0] / 2.0], known, [known[-1] * 2.0]]))
