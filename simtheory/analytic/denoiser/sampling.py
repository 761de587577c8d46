"""Samples of a linear denoiser through training: variances, divergence, emergence times."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simtheory._checks import all_positive, as_finite, as_times, one_of, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.analytic._shared.axes import leave_regime
from simtheory.analytic.denoiser.modes import Cutoff, Denoiser
from simtheory.errors import ArgumentError, RegimeError, ShapeError
from simtheory.labels import implements
from simtheory.noise.weights import Weight, largest_weight, weights_of
from simtheory.tasks.denoiser import DenoisingTask

__all__ = [
    "LEVELS",
    "Exponent",
    "asymptotic_variance",
    "cutoff_law",
    "emergence_times",
    "exponent",
    "generated_variance",
    "kl",
    "kl_through_training",
]

LEVELS = ("harmonic", "geometric", "arithmetic", "band")
"""Ways to say which generated variance counts as emerged."""


_PANEL = 0.5
"""Width in ln σ of a panel of the integral over levels that learn at different speeds."""

_NODES = 12
"""Points of Gauss and Lobatto in each panel; its ends are among them, so a jump beside one is seen."""

_INTEGRATED = 1e-12
"""Change of the integral over a panel when it is halved above which its halves are halved, too."""

_HALVINGS = 36
"""Most halvings; a panel is then narrower than a jump of a weight can move the integral."""

_MOST_PANELS = 4000
"""Panels that may be halved at a time; a weight that needs more has no integral worth the name."""

_WATCHED = 40
"""Times at which panels are judged; more of them lie between these."""

_BLOCK = 4_000_000
"""Numbers that are held at a time: levels by times by modes."""

_SCAN = 1000
"""Points of the scan for a first passage, about 50 to a decade of time."""


_NEVER = 1e-6
"""Weight, as a share of the largest, below which a level counts as never learning in a search for times."""


@implements(
    "dn-pfode-ratio",
    title="Generated variance",
    regime="probability-flow ODE, one mode, any weight ψ",
    source="wang2025",
    where="released code",
)
@face
def generated_variance(
    task: DenoisingTask, net: Denoiser, t: ArrayLike, *, weight: Weight | None = None
) -> Array:
    r"""Return the variance of the samples along each axis of the data, through training.

    The probability-flow ODE shrinks a mode from :math:`\sigma_{\max}` to :math:`\sigma_{\min}` by
    :math:`\Phi(\sigma_{\min})/\Phi(\sigma_{\max})`, where :math:`d\ln\Phi/d\sigma =
    (1-\psi)/\sigma`.

    Parameters
    ----------
    task : DenoisingTask
        Data without mean, and the ends of the schedule.
    net : OneLayerDenoiser or TiedDenoiser
        Network and its start.
    t : array_like, shape (T,)
        Canonical times: 2ητ for one layer and 4ητ for the tied net, on the loss E‖f(y) − x‖².
    weight : callable, optional
        How fast each noise level learns, σ → w(σ), such as ``noise.LogNormal()``: the weight of its
        loss, how often it is drawn, or its learning rate as a share of η. Its time is w(σ)t. Default:
        all levels alike, in closed form.

    Returns
    -------
    ndarray, shape (T, d)
        Generated variances, in the order of ``task.variances``.

    Raises
    ------
    RegimeError
        If the data have a mean: train on centred data, or with the bias held at its best.
    ArgumentError
        If a weight is negative or not finite, or varies too fast to be integrated.

    Examples
    --------
    >>> from simtheory.analytic.denoiser import OneLayerDenoiser
    >>> task = DenoisingTask((1.0, 10.0), sigma_min=0.002, sigma_max=80.0)
    >>> generated_variance(task, OneLayerDenoiser(0.1), [2.0]).round(5)
    array([[0.26971, 9.9844 ]])
    """
    times = as_times(t)
    shrunk = _log_ratio(task, net, times[:, None], weight)
    return np.asarray(task.sigma_max**2 * np.exp(2.0 * shrunk))


def _log_ratio(task: DenoisingTask, net: Denoiser, t: Array, weight: Weight | None = None) -> Array:
    """Return ln Φ(σ_min)/Φ(σ_max) of every mode, shape (T, d), once task and net are seen to fit."""
    if task.mean.any():
        raise RegimeError(
            "The generated variance needs data without mean, but the mean has length "
            f"{np.linalg.norm(task.mean):g}. Subtract it: the variances stay as they are."
        )
    if np.shape(net.start) not in ((), (task.dim,)):
        raise ShapeError(
            f"Argument `start` of the net must be a scalar or have shape ({task.dim},), "
            f"but its shape is {np.shape(net.start)}."
        )
    if weight is None:
        return net.log_ratio(task.variances, t, sigma_min=task.sigma_min, sigma_max=task.sigma_max)
    some = t[:: max(1, len(t) // _WATCHED)]
    return _integral(task, net, t, weight, _rule(task, net, some, weight))


def _rule(task: DenoisingTask, net: Denoiser, t: Array, weight: Weight) -> tuple[Array, Array]:
    """Return noise levels and shares of ln σ that integrate a weighted schedule at some times.

    Panels of Gauss and Lobatto, halved where that still moves the integral: around a kink of the
    weight, such as that of min-SNR, or a jump.
    """
    points, shares = _lobatto(_NODES)
    ends = np.log(task.sigma_min), np.log(task.sigma_max)
    largest_weight(weight, np.exp(np.linspace(*ends, 201)))
    edges = np.linspace(*ends, max(2, int(np.ceil((ends[1] - ends[0]) / _PANEL)) + 1))
    low, high = edges[:-1], edges[1:]
    found: list[tuple[Array, Array]] = []

    def integrals(low: Array, high: Array) -> tuple[Array, Array, Array]:
        half = 0.5 * (high - low)[:, None]
        levels, parts = np.exp(low[:, None] + half * (1.0 + points)), half * shares
        each = [_integral(task, net, t, weight, panel) for panel in zip(levels, parts, strict=True)]
        return np.array(each), levels, parts

    whole = integrals(low, high)[0]
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        (left, *first), (right, *second) = integrals(low, middle), integrals(middle, high)
        rough = np.abs(left + right - whole).max(axis=(1, 2)) > _INTEGRATED
        found += [(levels[~rough], parts[~rough]) for levels, parts in (first, second)]
        if not rough.any():
            break
        low = np.concatenate([low[rough], middle[rough]])
        high = np.concatenate([middle[rough], high[rough]])
        whole = np.concatenate([left[rough], right[rough]])
        if len(low) > _MOST_PANELS:
            raise ArgumentError(
                "Argument `weight` must be integrable over ln σ, but it varies at more than "
                f"{_MOST_PANELS} places between {task.sigma_min:g} and {task.sigma_max:g}. Smooth it."
            )
    levels, parts = (np.concatenate([part[k].ravel() for part in found]) for k in (0, 1))
    return levels, parts


def _lobatto(count: int) -> tuple[Array, Array]:
    """Return points and weights of Gauss and Lobatto on [−1, 1]."""
    legendre = np.polynomial.Legendre.basis(count - 1)
    points = np.concatenate([[-1.0], np.real(legendre.deriv().roots()), [1.0]])
    return points, 2.0 / (count * (count - 1) * legendre(points) ** 2)


def _integral(
    task: DenoisingTask, net: Denoiser, t: Array, weight: Weight, rule: tuple[Array, Array]
) -> Array:
    """Return ln Φ(σ_min)/Φ(σ_max) at times (T, 1) or (T, d), by levels and their shares of ln σ."""
    levels, parts = rule
    speeds = weights_of(weight, levels)
    total = np.zeros(np.broadcast_shapes(t.shape, task.variances.shape))
    block = max(1, _BLOCK // total.size)
    for k in range(0, len(levels), block):
        sigma, speed = (part[k : k + block, None, None] for part in (levels, speeds))
        psi = net.mode(task.variances, t * speed, sigma=sigma)
        total -= np.einsum("n,ntd->td", parts[k : k + block], 1.0 - psi)
    return total


@implements(
    "dn-asymptote",
    title="Generated variance after training",
    regime="t → ∞, either net",
    source="wang2025",
    where="derived here from the generated variance",
)
@face
def asymptotic_variance(task: DenoisingTask) -> Array:
    r"""Return the generated variance after infinite training, of either net.

    :math:`\sigma_{\max}^2(\lambda+\sigma_{\min}^2)/(\lambda+\sigma_{\max}^2)`, which is not the
    variance of the data: the ODE starts from pure noise of a finite level. A tied
    net with a zero start never gets there.

    Parameters
    ----------
    task : DenoisingTask
        Data and the ends of the schedule.

    Returns
    -------
    ndarray, shape (d,)
        Generated variances, in the order of ``task.variances``.

    Examples
    --------
    >>> asymptotic_variance(DenoisingTask((1.0, 10.0), sigma_min=0.002, sigma_max=80.0)).round(5)
    array([0.99985, 9.9844 ])
    """
    low, high, lam = task.sigma_min**2, task.sigma_max**2, task.variances
    return np.asarray((lam + low) * (high / (lam + high)))


@implements(
    "dn-cutoff-law",
    title="Generated variance and the end of the schedule",
    exactness="relative O(σ_min²)",
    regime="σ_min² well below λ and, for one layer, 1/t",
    source="wang2025",
    where="derived here from the generated variance",
)
@face
def cutoff_law(task: DenoisingTask, net: Denoiser, t: ArrayLike, *, strict: bool = True) -> Cutoff:
    r"""Return the generated variance to leading order in :math:`\sigma_{\min}`, and its power.

    At any finite time the samples shrink to nothing as the schedule is carried on to zero noise, as
    a power of :math:`\sigma_{\min}`: :math:`2(1-q)e^{-\lambda t}` for one layer, :math:`2(1-k)` for
    the tied net.

    Parameters
    ----------
    task : DenoisingTask
        Data without mean, and the ends of the schedule.
    net : OneLayerDenoiser or TiedDenoiser
        Network and its start.
    t : array_like, shape (T,)
        Canonical times.
    strict : bool
        Refuse an estimated relative error above 0.1; False evaluates with a `RegimeWarning`.

    Returns
    -------
    Cutoff
        Variance, exponent and error estimate, each of shape (T, d).

    Raises
    ------
    RegimeError
        If strict and a mode's variance or the time is not well resolved by the schedule.
    """
    times = as_times(t)[:, None]
    _log_ratio(task, net, times[:1])  # for its checks
    found = net.cutoff(task.variances, times, sigma_min=task.sigma_min, sigma_max=task.sigma_max)
    worst = float(np.max(found.error_estimate))
    if worst > 0.1:
        leave_regime(
            "The cut-off law needs sigma_min² well below every variance and every inverse time, but "
            f"its relative error is about {worst:.2g}.",
            strict=strict,
        )
    return found


@implements(
    "dn-kl",
    title="Divergence of the samples from the data",
    regime="Gaussians whose covariances have the same axes",
    source="wang2025",
    where="derived here",
)
@face
def kl(generated: ArrayLike, variances: ArrayLike, *, mean_error: ArrayLike = 0.0) -> Array:
    r"""Return the Kullback-Leibler divergence of the samples from the data, both Gaussian.

    :math:`\tfrac12\sum_k[x_k - 1 - \ln x_k + \delta_k^2/\lambda_k]` with :math:`x_k =
    \tilde\lambda_k/\lambda_k`, for covariances with the same axes.

    Parameters
    ----------
    generated : array_like, shape (..., d)
        Variances of the samples, such as `generated_variance` gives.
    variances : array_like, shape (d,)
        Variances of the data.
    mean_error : array_like, shape (..., d)
        Mean of the samples less that of the data, along the same axes.

    Returns
    -------
    ndarray, shape (...)
        The divergence in nats.

    Examples
    --------
    >>> kl([0.5], [1.0]).round(7)
    np.float64(0.0965736)
    """
    made, lam = all_positive("generated", generated), all_positive("variances", variances)
    shift = as_finite("mean_error", mean_error)
    each = _excess(made, lam) + shift**2 / lam
    return np.asarray(0.5 * np.sum(each, axis=-1))


def _excess(made: Array, lam: Array) -> Array:
    """Return x − 1 − ln x for the ratio x, which near one is (x−1)²/2 and there must not cancel."""
    with np.errstate(over="ignore"):
        u, ratio = (made - lam) / lam, made / lam
    held = np.isfinite(ratio) & (ratio > 0.0)  # else the logarithms are subtracted
    log = np.where(held, np.log(np.where(held, ratio, 1.0)), np.log(made) - np.log(lam))
    near = np.abs(u) < 0.5
    # With y = u/(2+u), ln(1+u) = 2 artanh y and u − 2y = uy; |y| < 1/3, so 18 terms do.
    close = np.where(near, u, 0.0)
    y = close / (2.0 + close)
    tail = np.polynomial.polynomial.polyval(y**2, 1.0 / np.arange(3.0, 39.0, 2.0))
    return np.where(near, close * y - 2.0 * y**3 * tail, u - log)


@face
def kl_through_training(
    task: DenoisingTask, net: Denoiser, t: ArrayLike, *, weight: Weight | None = None
) -> Array:
    """Return the divergence of the samples from the data, through training.

    It does not fall to zero: see `asymptotic_variance`.

    Parameters
    ----------
    task : DenoisingTask
        Data without mean, and the ends of the schedule.
    net : OneLayerDenoiser or TiedDenoiser
        Network and its start.
    t : array_like, shape (T,)
        Canonical times.
    weight : callable, optional
        How fast each noise level learns, as in `generated_variance`.

    Returns
    -------
    ndarray, shape (T,)
        `kl` of `generated_variance`, in nats.
    """
    return kl(generated_variance(task, net, t, weight=weight), task.variances)


@implements(
    "dn-emergence",
    title="Emergence of a mode",
    regime="a definition: first passage, harmonic mean of the untrained and the data's variance",
    source="wang2025",
    where="released code",
)
@face
def emergence_times(
    task: DenoisingTask,
    net: Denoiser,
    *,
    level: str = "harmonic",
    width: float = 0.2,
    weight: Weight | None = None,
) -> Array:
    r"""Return when each mode emerges: the first passage of its generated variance through a level.

    The level is a mean of the untrained variance and that of the data, by default the harmonic one,
    :math:`2\tilde\lambda_0\lambda/(\tilde\lambda_0+\lambda)`. Where the untrained variance is far
    below that of the data this marks its *doubling*, not the end of learning.

    Parameters
    ----------
    task : DenoisingTask
        Data without mean, and the ends of the schedule.
    net : OneLayerDenoiser or TiedDenoiser
        Network and its start.
    level : {"harmonic", "geometric", "arithmetic", "band"}
        A mean of the untrained variance and that of the data, or the edge of the band of relative
        half-width `width` around that of the data.
    width : float
        Half-width of the band, in (0, 1).
    weight : callable, optional
        How fast each noise level learns, as in `generated_variance`.

    Returns
    -------
    ndarray, shape (d,)
        Canonical times; zero where the level is met untrained, infinite where it is never met.

    Notes
    -----
    The curve is scanned at about 50 points to a decade of time and the passage then bisected to
    rounding. The curve may first fall and then rise; a double passage between two neighbouring
    points of the scan would be missed.

    Examples
    --------
    >>> from simtheory.analytic.denoiser import TiedDenoiser
    >>> task = DenoisingTask((1.0,), sigma_min=0.002, sigma_max=80.0)
    >>> emergence_times(task, TiedDenoiser(0.1)).round(3)  # ητ = 0.09428 of the paper, times 4
    array([0.377])
    """
    one_of("level", level, LEVELS)
    share("width", width)
    lam = task.variances
    size = np.log(task.sigma_max) * 2.0
    first = size + 2.0 * _log_ratio(task, net, np.zeros((1, 1)))[0]  # untrained: no weight matters
    rule: tuple[Array, Array] | None = None
    aim = _log_level(level, first, np.log(lam), width)

    def below(t: Array) -> Array:
        if weight is None or rule is None:
            return size + 2.0 * _log_ratio(task, net, t) < aim
        return size + 2.0 * _integral(task, net, t, weight, rule) < aim

    # From far before anything moves to far after everything has settled.
    fastest, slowest = _speeds(task, weight)
    ends = 1e-6 / (lam + task.sigma_max**2) / fastest, 1e4 / lam / slowest
    points = _SCAN + int(_SCAN / 20 * np.log10(fastest / slowest))
    scan = np.concatenate([np.zeros((1, lam.size)), np.geomspace(*ends, points)])
    if weight is not None:
        rule = _rule(task, net, scan[:: points // _WATCHED], weight)
    at_start = first < aim
    passed = below(scan) != at_start
    place = np.maximum(passed.argmax(axis=0), 1)
    low, high = (np.take_along_axis(scan, (place - k)[None], 0)[0] for k in (1, 0))
    for _ in range(64):
        middle = 0.5 * (low + high)
        beyond = below(middle[None])[0] != at_start
        low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
    times = np.where(passed.any(axis=0), high, np.inf)
    # A start within rounding of its level is there.
    return np.where(np.abs(first - aim) < 1e-13, 0.0, times)


def _speeds(task: DenoisingTask, weight: Weight | None) -> tuple[float, float]:
    """Return the largest weight, and the smallest that need not be taken for never learning."""
    if weight is None:
        return 1.0, 1.0
    levels = np.geomspace(task.sigma_min, task.sigma_max, 201)
    fastest = largest_weight(weight, levels)
    return fastest, max(float(weights_of(weight, levels).min()), _NEVER * fastest)


def _log_level(level: str, first: Array, end: Array, width: float) -> Array:
    """Return the logarithm of the level, from those of the untrained variance and of the data's."""
    both, half = np.logaddexp(first, end), np.log(2.0)
    return {
        "harmonic": first + end + half - both,
        "geometric": 0.5 * (first + end),
        "arithmetic": both - half,
        # The edge that is met first; a start inside the band is its own level.
        "band": np.clip(first, end + np.log1p(-width), end + np.log1p(width)),
    }[level]


@face
class Exponent(NamedTuple):
    """The power by which emergence times fall with the variance.

    Parameters
    ----------
    end_to_end : float
        From the smallest to the largest variance.
    least_squares : float
        Slope of the straight line through all points, in logarithms.
    """

    end_to_end: float
    least_squares: float


@implements(
    "dn-inverse-law",
    title="Inverse-variance law",
    exactness="exponent −1.04 to −1.19 in place of −1 (measured)",
    regime="λ from 1e-3 to 100, σ from 0.002 to 80, q = 0.01 and 0.1",
    source="wang2025",
    where="abstract; the scaling derived here",
)
@face
def exponent(variances: ArrayLike, times: ArrayLike) -> Exponent:
    r"""Return the power of the variance by which emergence times fall; the inverse law says −1.

    :math:`t^\star\lambda` depends on the variance through :math:`\sigma_{\min}^2/\lambda` and
    :math:`\sigma_{\max}^2/\lambda` alone, so the law would be exact for a schedule that scales with
    the mode; over a given schedule it holds approximately.

    Parameters
    ----------
    variances : array_like, shape (d,)
        Variances of the data, at least two of them distinct.
    times : array_like, shape (d,)
        Emergence times, positive; infinite ones have no power.

    Returns
    -------
    Exponent
        End to end, and by least squares.

    Raises
    ------
    ArgumentError
        If a time or a variance is not positive and finite, or all variances are equal.

    Examples
    --------
    >>> exponent([1.0, 10.0, 100.0], [3.0, 0.3, 0.03]).end_to_end
    -1.0
    """
    lam, found = all_positive("variances", variances), all_positive("times", times)
    if lam.ndim != 1 or lam.shape != found.shape:
        raise ShapeError(
            "Arguments `variances` and `times` must have the same shape (d,), but their shapes are "
            f"{lam.shape} and {found.shape}."
        )
    if lam.size < 2 or np.ptp(lam) == 0:
        raise ArgumentError("Argument `variances` must hold at least two distinct values.")
    x, y = np.log(lam), np.log(found)
    low, high = x.argmin(), x.argmax()
    centred = x - x.mean()
    return Exponent(
        end_to_end=float((y[high] - y[low]) / (x[high] - x[low])),
        least_squares=float(centred @ y / (centred @ centred)),
    )
