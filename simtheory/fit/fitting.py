"""The fit: the best model of measured curves, with intervals, or a refusal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import ndtri
from tqdm import tqdm

from simtheory._checks import (
    as_finite,
    as_generator,
    between,
    frozen,
    one_of,
    positive_int,
    share,
    warn_caller,
)
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError, FitError, FitWarning
from simtheory.fit._candidates import candidates, check_fixed, check_moved, layers_of
from simtheory.fit._causes import check_shares, likely_cause, plateaus
from simtheory.fit._evidence import (
    MATERIAL,
    Quality,
    by_chance,
    factor,
    quality,
    shows,
    spread,
    unidentified,
)
from simtheory.fit._forms import MODELS, ROWS, Form
from simtheory.fit._guesses import correlated, guesses, imbalanced
from simtheory.fit._search import Optimum, best_of, bounds, search
from simtheory.fit.curves import Curves
from simtheory.fit.results import Candidate, Fit, Parameter

__all__ = ["fit"]

_DRAWS = 512
"""Draws from the covariance, of which forecasts take quantiles."""

_CLOSE = 2.0
"""Candidates whose AICc differ by less than this count as equally good."""

_ENDS = ("auto", "one", "free")

_SEEN = 0.9
"""Share of its way that a fitted curve must have gone for its end to be believed."""

_AWAY = 2.5
"""Standard errors by which a fitted end must lie elsewhere than in theory to be kept."""

_EXPLAINS = 0.5
"""An end is believed if residuals shrink by this factor, even where some pattern remains."""

_DOUBTFUL = 0.85
"""Correlation of neighbours above which ends are tried though no curve rests: a model that is far from
the curves leaves residuals that look like a random walk."""


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """One candidate that was fitted."""

    optimum: Optimum
    quality: Quality
    candidate: Candidate


@face(but=("curves",))
def fit(
    curves: Curves,
    *,
    model: str = "auto",
    rows: str = "auto",
    depth: float | None = None,
    ends: str = "auto",
    until: float | None = None,
    fixed: Mapping[str, float] | None = None,
    confidence: float = 0.95,
    bootstrap: int = 0,
    rng: np.random.Generator | int | None = None,
    progress: bool = False,
) -> Fit:
    r"""Fit models of linear nets to measured curves.

    Least squares with one noise for all points. One layer is its closed form; the tied net U Uᵀ is a
    logistic mode for each concept where rows of U(0) are orthogonal, and the exact flow, integrated
    for every trial, where they are not. The untied net W₂W₁ of balanced layers has the same modes,
    but a step takes half as long; where its layers differ at the start, as random ones do, that is fitted,
    too, if the curves show it. A deep net has balanced layers, as many as `depth` says.

    Parameters
    ----------
    curves : Curves
        What was measured.
    model : {"auto", "one-layer", "tied", "untied", "deep"}
        The net. Curves do not tell a tied from an untied one, so auto goes by what is said of it: a
        deep one if `depth` is given, a tied one if the clock says so, and else, by AICc, one layer or
        two, which are untied with a clock; without one the rates of both are the same.
    rows : {"auto", "orthogonal", "correlated"}
        Whether ties between concepts at the start are fitted; auto fits them where they improve the
        fit by more than noise does in one of a hundred fits.
    depth : float, optional
        Number of layers of a deep net.
    ends : {"auto", "one", "free"}
        Where curves end: outputs at 1 and losses at 0, or elsewhere. Auto fits an end where a curve
        has come to rest elsewhere and the model is wrong without.
    until : float, optional
        Last time that is fitted; the rest is withheld for `predict` to be judged by.
    fixed : mapping of str to float, optional
        Rates and starts that are known, by name: ``{"rate_2": 0.3}``.
    confidence : float
        Confidence of the intervals, in (0, 1).
    bootstrap : int
        Number of bootstrap samples for the intervals; 0 takes the Gauss–Newton covariance.
    rng : numpy.random.Generator or int, optional
        Needed for the bootstrap.
    progress : bool
        Show a bar on a terminal while bootstrapping.

    Returns
    -------
    Fit
        Parameters with intervals, goodness of fit, and what else was tried.

    Raises
    ------
    FitError
        If the data do not identify the parameters; the message names one and says what would help.
    RegimeError
        If ties between rows are asked of curves that cannot show them.
    ArgumentError
        If an argument does not fit.

    Notes
    -----
    Errors of a column are an autoregression, e_t = φe_{t−1} + ε_t, with the φ ≥ 0 of largest restricted
    likelihood. The covariance is s²(JᵀJ)⁻¹JᵀVJ(JᵀJ)⁻¹ with V theirs and s² that of ε, and intervals are
    symmetric on the scale of the fit (a logarithm for rates), with Student's factor. The bootstrap adds
    to the best curve residuals drawn in blocks, as long as the correlation lasts, and takes quantiles.

    A model is wrong if its residuals move towards other ends, another depth or a schedule, or along slow
    waves, by more than such errors do in three of a hundred fits, and if what they keep is larger than 0.5 % of
    the range of a curve. A `FitWarning` then names the likely cause, and `Fit.verdict` keeps it: intervals
    do not hold the error of a wrong model. What a model misses within its noise is not seen.

    Examples
    --------
    >>> from simtheory.fit import Curves
    >>> t = np.linspace(0.0, 4.0, 60)
    >>> noise = 0.01 * np.random.default_rng(0).standard_normal((60, 1))
    >>> found = fit(Curves(t, 1.0 - np.exp(-1.5 * t)[:, None] + noise, ("size",)))
    >>> found.model, round(found["rate_1"].value, 1)
    ('one-layer', 1.5)
    """
    one_of("model", model, ("auto", *MODELS))
    one_of("rows", rows, ("auto", *ROWS))
    inside = share("confidence", confidence)
    between("confidence", inside, 0.01, 1.0)
    samples = positive_int("bootstrap", bootstrap) if bootstrap else 0
    fewest = int(np.ceil(2.0 / (1.0 - inside) - 1e-9))  # one beyond either end of the interval
    if 0 < samples < fewest:
        raise ArgumentError(
            f"Argument `bootstrap` must be at least {fewest} for intervals of {inside:.4g}, but it is "
            f"{samples}."
        )
    one_of("ends", ends, _ENDS)
    seen, withheld = _split(curves, until)
    given = dict(fixed or {})
    loose = tuple(range(seen.values.shape[1])) if ends == "free" else ()
    forms = candidates(seen, model, rows, layers_of(model, depth), loose)
    check_fixed(given, forms)
    forms = _affordable(forms, seen.values, given)
    check_shares(seen)
    check_moved(seen, given)
    trials, best, cause = _best(seen, forms, given, ends)
    optimum, found = best.optimum, best.quality
    if found.rejected:
        cause = cause or likely_cause(seen, optimum.form, found, _attempts(seen, trials))
        warn_caller(
            f"The {optimum.form.model} model does not fit: {_reason(found)}. {cause}", FitWarning
        )
    if samples:
        source, draws = "bootstrap", _bootstrap(optimum, seen, found, samples, rng, progress)
    else:
        source, draws = "covariance", _draws(optimum, found, inside)
    return Fit(
        curves=seen,
        withheld=withheld,
        model=optimum.form.model,
        rows=optimum.form.rows,
        parameters=_parameters(optimum, seen, found, inside, draws if samples else None),
        quality=found,
        candidates=tuple(trial.candidate for trial in trials),
        confidence=inside,
        intervals=source,
        draws=frozen(draws),
        theta=frozen(optimum.theta),
        depth=optimum.form.depth if optimum.form.model == "deep" else None,
        ends=optimum.form.ends,
        imbalanced=optimum.form.imbalanced,
        verdict=f"does not fit: {_reason(found)}. {cause}" if found.rejected else "fits",
    )


def _reason(found: Quality) -> str:
    return (
        f"its residuals keep a pattern of {100 * found.misfit:.2g}% of the range of a curve, more than "
        f"noise (chi2 {found.chi2:.3g}), so intervals and forecasts are wrong, too"
    )


def _best(
    curves: Curves, forms: list[Form], given: dict[str, float], ends: str
) -> tuple[list[_Trial], _Trial, str]:
    """Return all trials, the chosen one, and what it misses if that is known already.

    Ends are fitted where curves come to rest elsewhere, and taken where the fit is better by more
    than noise explains.
    """
    trials = _trials(curves, forms, given)
    refusal: FitError | None = None
    try:
        best = _choose(trials)
    except FitError as reason:
        refusal = reason
    loose = () if ends == "free" else plateaus(curves)
    doubtful = refusal is None and best.quality.correlation > _DOUBTFUL
    if doubtful and not loose and ends != "free":
        loose = tuple(range(curves.values.shape[1]))
    if refusal is None and best.optimum.form.rows == "orthogonal":  # the flow is dear
        forms = [form for form in forms if form.rows == "orthogonal"]
    other = _with_ends(curves, forms, given, loose)
    if other is None:
        if refusal is not None:
            raise refusal
        return trials, best, ""
    more, ended = other
    if refusal is not None:
        before = min(trial.quality.residual for trial in trials)
        believed = not ended.quality.rejected or ended.quality.residual < _EXPLAINS * before
        if ends == "one" or not believed:
            raise refusal
        return trials + more, ended, ""
    closed = {trial.optimum.form: trial for trial in trials}
    plain = closed[replace(ended.optimum.form, ends=())]
    material = best.quality.misfit > MATERIAL and ended.quality.aicc < best.quality.aicc
    if not material or not shows(plain.optimum, ended.optimum):
        return trials, best, ""
    if ends == "auto":
        return trials + more, ended, ""
    chance = by_chance(plain.optimum, ended.optimum)
    found = replace(best.quality, pattern=min(chance, best.quality.pattern))
    which = ", ".join(curves.names[k] for k in ended.optimum.form.ends)
    cause = f"Curves come to rest elsewhere than theory says ({which}): try ends='auto'."
    return trials, replace(best, quality=found), cause


def _with_ends(
    curves: Curves, forms: list[Form], given: dict[str, float], loose: tuple[int, ...]
) -> tuple[list[_Trial], _Trial] | None:
    """Fit the ends of some columns, and only those again that turn out to lie elsewhere.

    None where they are not identified, or not nearly reached.
    """
    wanted = [replace(form, ends=loose) for form in forms]
    if not loose or len(wanted[0].names) - len(given) + 1 >= curves.values.size:
        return None
    more = _trials(curves, wanted, given)
    try:
        ended = _choose(more)
    except FitError:
        return None
    elsewhere = _elsewhere(ended)
    if elsewhere != loose:
        return _with_ends(curves, forms, given, elsewhere)
    return (more, ended) if _end_is_seen(curves, ended) else None


def _elsewhere(trial: _Trial) -> tuple[int, ...]:
    """The columns whose fitted end differs from that of theory by more than its error."""
    form, free = trial.optimum.form, trial.optimum.free
    errors = np.zeros(free.size)
    errors[free] = np.linalg.norm(spread(trial.optimum, trial.quality), axis=1)
    aim = 0.0 if form.observed == "loss" else 1.0
    first = free.size - len(form.ends)
    away = np.abs(trial.optimum.theta[first:] - aim) > _AWAY * errors[first:]
    return tuple(k for k, far in zip(form.ends, away, strict=True) if far)


def _end_is_seen(curves: Curves, trial: _Trial) -> bool:
    """Tell whether curves have nearly come to the ends that were fitted to them."""
    form, theta = trial.optimum.form, trial.optimum.theta
    W = form.weights(theta, np.array([0.0, 1.0]))[-1]
    gone = np.diagonal(W)
    return bool(np.all((gone if form.observed == "loss" else gone[list(form.ends)]) > _SEEN))


def _attempts(seen: Curves, trials: list[_Trial]) -> Callable[[Curves, Form], Quality | None]:
    """Return a function that fits one form and says how well it does; None if it is not identified."""
    known = {trial.optimum.form: trial for trial in trials}

    def attempt(curves: Curves, form: Form) -> Quality | None:
        if len(form.names) + 1 >= curves.values.size:
            return None
        trial = known.get(form) if curves is seen else None
        if trial is None:
            (trial,) = _trials(curves, [form], {})
        return None if trial.candidate.refused else trial.quality

    return attempt


def _trials(curves: Curves, forms: list[Form], given: dict[str, float]) -> list[_Trial]:
    optima = _optima(curves, forms, given)
    found = []
    for optimum in optima:
        form, judged = optimum.form, quality(optimum, curves)
        candidate = Candidate(
            form.model,
            form.rows,
            judged,
            unidentified(optimum, judged),
            form.ends,
            form.imbalanced,
        )
        found.append(_Trial(optimum, judged, candidate))
    return found


def canonical_span(curves: Curves, model: str) -> float:
    """Return the last time of curves in the unit of the rates."""
    step = 1.0
    if curves.clock is not None:
        step = replace(curves.clock, tied=model == "tied").step
    return float(curves.t[-1]) * step


def _split(curves: Curves, until: float | None) -> tuple[Curves, Curves | None]:
    if not isinstance(curves, Curves):
        raise ArgumentError(
            f"Argument `curves` must be Curves, made by fit.curves(...), but it is a {type(curves).__name__}."
        )
    if until is None:
        return curves, None
    until = float(as_finite("until", until))
    if until < curves.t[0]:
        raise ArgumentError(
            f"Argument `until` must leave some times, but the first is {curves.t[0]:g} and it is {until:g}."
        )
    seen = curves.until(until)
    later = seen.t.size
    if later == curves.t.size:
        return curves, None
    return seen, replace(curves, t=curves.t[later:], values=curves.values[later:])


def _optima(curves: Curves, forms: list[Form], given: dict[str, float]) -> list[Optimum]:
    t, values = curves.t / curves.t[-1], curves.values
    found: list[Optimum] = []
    for form in forms:
        span = canonical_span(curves, form.model)
        fixed = {form.names.index(n): form.fitted(n, float(v), span) for n, v in given.items()}
        found.append(best_of(form, t, values, _starts(found, form, t, values, fixed), fixed))
    return found


def _starts(
    found: list[Optimum], form: Form, t: Array, values: Array, fixed: dict[int, float]
) -> list[Array]:
    """Starting points: a form with ends, ties or imbalance starts from the one without."""
    if form.ends:
        plain, rests = replace(form, ends=()), np.median(values[-max(6, len(t) // 8) :], axis=0)
        if form.observed == "loss":
            ends, seen = rests, values - rests
        else:
            ends = rests[list(form.ends)]
            seen = values.copy()
            seen[:, list(form.ends)] /= ends
        inner = best_of(plain, t, seen, _starts([], plain, t, seen, fixed), fixed).theta
        return [np.concatenate([inner, ends])]
    if form.imbalanced:
        return imbalanced(form, _found(found, replace(form, imbalanced=False), t, values, fixed))
    if form.rows == "orthogonal":
        return guesses(form, t, values)
    return correlated(form, _found(found, replace(form, rows="orthogonal"), t, values, fixed))


def _affordable(forms: list[Form], values: Array, given: dict[str, float]) -> list[Form]:
    """The candidates that have fewer parameters than there are numbers."""
    kept = [form for form in forms if len(form.names) - len(given) + 1 < values.size]
    if kept and len(values) > 2:
        return kept
    form = min(forms, key=lambda form: len(form.names))
    free = len(form.names) - len(given)
    raise FitError(
        f"The {form.model} model with {form.rows} rows has {free} free parameters, but there are only "
        f"{values.size} numbers at {len(values)} times to fit; it needs at least {free + 2} at three "
        "times. Record more points, or give some in `fixed`.",
        parameters=tuple(form.names),
    )


def _found(
    found: list[Optimum], form: Form, t: Array, values: Array, fixed: dict[int, float]
) -> Array:
    """The best point of a simpler form: found already, or looked for now."""
    for optimum in found:
        if optimum.form == form:
            return optimum.theta
    return best_of(form, t, values, guesses(form, t, values), fixed).theta


def _plain(form: Form) -> Form:
    """The form without ties between rows and with balanced layers."""
    return replace(form, rows="orthogonal", imbalanced=False)


def _choose(trials: list[_Trial]) -> _Trial:
    """Return the smallest AICc, or one as good as it whose parameters are all identified.

    A fit with ties between rows or with imbalanced layers counts only where it is better than without,
    beyond their uncertainty.
    """
    plain = {t.optimum.form: t for t in trials if t.optimum.form == _plain(t.optimum.form)}
    kept = []
    for trial in trials:
        other = plain.get(_plain(trial.optimum.form))
        unknown = trial.optimum.form.imbalanced and trial.candidate.refused
        if other is None or other is trial or (not unknown and shows(other.optimum, trial.optimum)):
            kept.append(trial)
    kept.sort(key=lambda trial: trial.quality.aicc)
    best = kept[0].candidate
    for trial in kept:
        if not trial.candidate.refused and trial.quality.aicc <= best.quality.aicc + _CLOSE:
            return trial
    name = best.refused.split(":")[0]
    advice = {
        "rate": f"Record until its curve bends, or pass fixed={{{name!r}: ...}}.",
        "start": f"Record more of its first rise, or pass fixed={{{name!r}: ...}}.",
        "cosine": "Record until a weaker concept bends, at the target, where ties show most; or pass "
        "rows='orthogonal' if you know that there are none.",
        "amplitude": "Pass `mu` if the signal strengths are known, or fewer `concepts`.",
        "end": "Record until the curve rests, or pass ends='one'.",
        "floor": "Record until the loss rests, or pass ends='one'.",
    }[name.split("_")[0]]
    raise FitError(
        f"The data do not identify {best.refused} ({best.model} model, {best.rows} rows). {advice}",
        parameters=(name,),
    )


def _parameters(
    optimum: Optimum, curves: Curves, found: Quality, confidence: float, draws: Array | None
) -> tuple[Parameter, ...]:
    form, theta = optimum.form, optimum.theta
    span = canonical_span(curves, form.model)
    middle = form.linked(theta)
    if draws is not None:
        tail = 0.5 * (1.0 - confidence)
        low, high = np.quantile(form.linked(draws), (tail, 1.0 - tail), axis=0)
    else:
        steps = 1e-6 * np.eye(theta.size)[optimum.free]
        slopes = (form.linked(theta + steps) - form.linked(theta - steps)).T / 2e-6
        half = factor(found, confidence) * np.linalg.norm(slopes @ spread(optimum, found), axis=1)
        low, high = middle - half, middle + half
    value, low, high = (form.natural(x, span) for x in (middle, low, high))
    return tuple(
        Parameter(name, float(value[k]), float(low[k]), float(high[k]), not optimum.free[k])
        for k, name in enumerate(form.names)
    )


def _draws(optimum: Optimum, found: Quality, confidence: float) -> Array:
    """Parameters spread as the covariance says, on a Sobol sequence: no seed, little noise."""
    draws = np.tile(optimum.theta, (_DRAWS, 1))
    if not optimum.n_free:
        return draws
    from scipy.stats import qmc  # half a second that reading curves does not need

    points = qmc.Sobol(optimum.n_free, scramble=False).random(2 * _DRAWS)[1 : _DRAWS + 1]
    wider = factor(found, confidence) / float(-ndtri(0.5 * (1.0 - confidence)))
    draws[:, optimum.free] += wider * ndtri(points) @ spread(optimum, found).T
    low, high = bounds(optimum.form)
    return np.clip(draws, low, high)


def _bootstrap(
    optimum: Optimum,
    curves: Curves,
    found: Quality,
    samples: int,
    rng: np.random.Generator | int | None,
    progress: bool,
) -> Array:
    """Refit the best curve plus residuals drawn in blocks; shape (samples, P)."""
    generator = as_generator(rng)
    t = curves.t / curves.t[-1]
    residuals = optimum.residuals.reshape(curves.values.shape)
    best = curves.values + residuals  # residuals are model minus data
    size, n = len(t), found.points
    grown = residuals * np.sqrt(n / (n - found.parameters))
    block = min(size, max(1, round(found.widening**2)))
    fixed = {k: float(v) for k, v in enumerate(optimum.theta) if not optimum.free[k]}
    draws = []
    bar: Any = tqdm(range(samples), desc="bootstrap", disable=None if progress else True)
    for _ in bar:
        first = generator.integers(0, size - block + 1, -(-size // block))
        rows = (first[:, None] + np.arange(block)).ravel()[:size]
        again = search(optimum.form, t, best + grown[rows], optimum.theta, fixed, tol=1e-7)
        draws.append(again.theta)
    return np.array(draws)
