r"""Numbers read off a run of diffusion: losses, learning steps, the bend, the slowdown.

Problem
-------
The papers' claims on diffusion are about the way of the samples through concept space. Each number
is a function of a `ConceptRun` here, one for every seed, so that the spread over seeds can be stated.

Symbols
-------
c : concept coordinates of the mean sample under a prompt, shape (S, T, n); v : the concept values
asked for; S : number of seeds; T : number of looks; k : a concept.

Result
------
.. math:: L = \tfrac12\|c - v\|^2 , \qquad \text{distance} = \|c - v\| , \qquad
    \text{progress}_k = 1 - |c_k - v_k| .

Reading
-------
The samples of an untrained net may lie in the right place by chance. So a level counts as passed
only when it is *held*: by the mean over three looks, from then to the end of the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from simtheory._checks import positive_int, share
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError
from simtheory.observe import arrays
from simtheory.validation.nets.diffusion.runs import ConceptRun

__all__ = [
    "LEVEL",
    "Bend",
    "Emergence",
    "Slowdown",
    "StrengthOrder",
    "bend_and_return",
    "concept_loss",
    "emergence_steps",
    "learning_steps",
    "speed",
    "strength_order",
    "terminal_slowdown",
]

LEVEL = 2.0 / 3.0
"""Progress at which a concept counts as learned: above chance, below where noisy samples end."""


@face
def concept_loss(run: ConceptRun, *, prompt: Sequence[float] | None = None) -> Array:
    """Return the loss in concept space, ½‖c − v‖².

    Parameters
    ----------
    run : ConceptRun
        The run.
    prompt : sequence of float, length n, optional
        Which prompt. Default: all concepts, the combination that was not trained.

    Returns
    -------
    ndarray, shape (S, T)
        The loss of every seed at every look.
    """
    c, v = _path(run, prompt)
    return arrays.losses(c, v)


@face
def speed(run: ConceptRun, *, prompt: Sequence[float] | None = None) -> Array:
    """Return how far the mean sample moves in concept space, per step of the optimiser.

    Parameters
    ----------
    run : ConceptRun
        The run.
    prompt : sequence of float, length n, optional
        Which prompt. Default: all concepts.

    Returns
    -------
    ndarray, shape (S, T - 1)
        Distance between looks that follow one another, over the steps between them.
    """
    c, _ = _path(run, prompt)
    moved = np.sqrt((np.diff(c, axis=1) ** 2).sum(axis=-1))
    return np.asarray(moved / np.diff(run.steps))


@face
def learning_steps(
    run: ConceptRun, *, prompt: Sequence[float] | None = None, level: float = LEVEL
) -> Array:
    """Return when each concept is learned under a prompt.

    Parameters
    ----------
    run : ConceptRun
        The run.
    prompt : sequence of float, length n, optional
        Which prompt. Default: all concepts.
    level : float
        Progress that has to be held, in (0, 1).

    Returns
    -------
    ndarray, shape (S, n)
        Steps from which it is held, inf if it is not held in the end.

    Raises
    ------
    ArgumentError
        If the level is out of range.
    """
    wanted = share("level", level)
    c, v = _path(run, prompt)
    progress = _smooth(1.0 - np.abs(c - v))
    return _held_from(run, progress, np.full((len(c), v.size), wanted))


@face
class Emergence(NamedTuple):
    """When samples under each prompt become right.

    Parameters
    ----------
    joint : ndarray, shape (S, P)
        Steps from which all concepts are; inf for never in this run.
    concepts : ndarray, shape (S, P, n)
        The same of each concept.
    """

    joint: Array
    concepts: Array


@face
def emergence_steps(run: ConceptRun, *, level: float = 0.5, hold: int = 3) -> Emergence:
    """Return when the samples under each prompt become right.

    A level is a share of what can be reached: accuracies are divided by those of held-out data, of which
    the weak concepts are not read without error either.

    Parameters
    ----------
    run : ConceptRun
        The run.
    level : float
        Accuracy, as a share of that of the data, in (0, 1).
    hold : int
        Looks in a row at which the mean over three looks must reach it.

    Returns
    -------
    Emergence
        Steps of the first of these looks, on the straight line to it from the look before.

    Raises
    ------
    ArgumentError
        If the level is out of range, or there are fewer looks than are to be held.
    """
    wanted, count = share("level", level), positive_int("hold", hold)
    if run.steps.size < count:
        raise ArgumentError(
            f"Argument `hold` must be at most the number of looks, {run.steps.size}, but it is {hold}."
        )
    known = run.stats.get("held_out")
    ceiling = np.ones(run.prompts.shape[1]) if known is None else np.asarray(known)
    t = run.steps.astype(np.float64)
    joint, concepts = (np.moveaxis(_smooth(a), 1, -1) for a in (run.joint, run.accuracy))
    return Emergence(
        joint=arrays.held(t, joint, np.asarray(wanted * ceiling.prod()), count),
        concepts=arrays.held(t, concepts, wanted * ceiling, count),
    )


@face
class Bend(NamedTuple):
    """How the path to a combination bends towards the strong concept and comes back.

    Parameters
    ----------
    beside : ndarray, shape (S,)
        Coordinate of the weak concept when the strong one is learned; beside the diagonal if well
        below the level at which the strong one counts as learned. NaN if that never happens.
    fall : ndarray, shape (S,)
        How far the weak coordinate falls back, at most, after an earlier look.
    end : ndarray, shape (S,)
        Where it ends.
    control : ndarray, shape (S,)
        The fall of the same coordinate on the training class that holds the weak concept alone.
    """

    beside: Array
    fall: Array
    end: Array
    control: Array


@face
def bend_and_return(
    run: ConceptRun, *, weak: int = 0, strong: int = 1, level: float = LEVEL
) -> Bend:
    """Return how the samples of the unseen combination go by the strong concept alone, and return.

    Parameters
    ----------
    run : ConceptRun
        The run; its prompts must hold the weak concept alone, the control.
    weak, strong : int
        The concepts.
    level : float
        Progress at which the strong concept counts as learned.

    Returns
    -------
    Bend
        Numbers of every seed.

    Raises
    ------
    ArgumentError
        If these are not two concepts of the run, or a prompt is missing.
    """
    n = run.prompts.shape[1]
    if weak == strong or not {weak, strong} <= set(range(n)):
        raise ArgumentError(
            f"Arguments `weak` and `strong` must be two of the concepts 0 to {n - 1}, "
            f"but they are {weak!r} and {strong!r}."
        )
    alone = tuple(float(k == weak) for k in range(n))
    path = _smooth(_path(run, None)[0])[..., weak]
    reached = learning_steps(run, level=level)[:, strong]
    beside = [
        np.interp(step, run.steps, row) if np.isfinite(step) else np.nan
        for step, row in zip(reached, path, strict=True)
    ]
    return Bend(
        beside=np.array(beside),
        fall=_fall(path),
        end=path[:, -1],
        control=_fall(_smooth(_path(run, alone)[0])[..., weak]),
    )


@face
class Slowdown(NamedTuple):
    """How much slower the path becomes near its end.

    Parameters
    ----------
    steps : ndarray, shape (S, 3)
        Steps at which the distance to what was asked for is held below 3/4, 1/2 and 1/4 of its
        largest; inf for never.
    speeds : ndarray, shape (S, 2)
        Mean speed towards it, per step, from each of these to the next.
    ratio : ndarray, shape (S,)
        The second speed over the first: 1 at constant speed, 0.58 where the distance decays
        exponentially, for ln(3/2)/ln 2. NaN if the last distance is never held.
    late : ndarray, shape (S,)
        How far the path goes in the last quarter of the run, over how far in its fastest quarter;
        1 at constant speed.
    """

    steps: Array
    speeds: Array
    ratio: Array
    late: Array


@face
def terminal_slowdown(run: ConceptRun, *, prompt: Sequence[float] | None = None) -> Slowdown:
    """Return how the samples slow down on the way to what was asked for.

    Equal distances are timed, so that neither a plateau before them nor how often the run was
    looked at enters. (Distance per look would: on looks that are evenly spaced in the logarithm
    even noise seems to slow down, as 1/step.)

    Parameters
    ----------
    run : ConceptRun
        The run.
    prompt : sequence of float, length n, optional
        Which prompt. Default: all concepts.

    Returns
    -------
    Slowdown
        Numbers of every seed.
    """
    c, v = _path(run, prompt)
    distance = np.sqrt((_smooth(c - v) ** 2).sum(axis=-1))
    largest = distance.max(axis=1)
    marks = largest[:, None] * np.array([0.75, 0.5, 0.25])
    steps = _held_from(run, -distance[..., None], -marks)
    with np.errstate(invalid="ignore", divide="ignore"):
        spans = np.where(np.isfinite(steps[:, 1:]), np.diff(steps, axis=1), np.nan)
        speeds = 0.25 * largest[:, None] / spans
    ends = np.linspace(run.steps[0], run.steps[-1], 5)
    stops = np.apply_along_axis(lambda path: np.interp(ends, run.steps, path), 1, _smooth(c))
    went = np.sqrt((np.diff(stops, axis=1) ** 2).sum(axis=-1))
    return Slowdown(steps, speeds, speeds[:, 1] / speeds[:, 0], went[:, -1] / went.max(axis=1))


@face
class StrengthOrder(NamedTuple):
    """When one concept is learned, by its strength.

    Parameters
    ----------
    strengths : ndarray, shape (R,)
        Strength of the concept in each run.
    trained : ndarray, shape (R, S)
        Steps at which it is learned on the training class that holds it alone; inf for never.
    combined : ndarray, shape (R, S)
        The same in the combination that was not trained.
    other : ndarray, shape (R, S)
        When the other concept is learned in that combination.
    exponent : ndarray, shape (S,)
        Slope of log steps over log strength in the combination, over the runs in which a seed
        learned it; NaN with fewer than two.
    """

    strengths: Array
    trained: Array
    combined: Array
    other: Array
    exponent: Array


@face
def strength_order(
    runs: Sequence[ConceptRun], *, concept: int = 0, other: int = 1, level: float = LEVEL
) -> StrengthOrder:
    """Return in which order, and by which power of its strength, a concept is learned.

    Parameters
    ----------
    runs : sequence of ConceptRun, length R
        Runs that differ in the strength of one concept, with the same seeds.
    concept, other : int
        The concept whose strength varies, and one to compare it with.
    level : float
        Progress at which a concept counts as learned.

    Returns
    -------
    StrengthOrder
        Steps of every run and seed.

    Raises
    ------
    ArgumentError
        If there are fewer than two runs, or their seeds differ.
    """
    if len(runs) < 2 or len({run.seeds for run in runs}) > 1:
        raise ArgumentError(
            "Argument `runs` must hold two or more runs with the same seeds, but it holds "
            f"{len(runs)} with seeds {[run.seeds for run in runs]}."
        )
    n = runs[0].prompts.shape[1]
    alone = tuple(float(k == concept) for k in range(n))
    strengths = np.array([run.strengths[concept] for run in runs])
    both = np.stack([learning_steps(run, level=level) for run in runs])
    combined = both[..., concept]
    trained = [learning_steps(run, prompt=alone, level=level)[:, concept] for run in runs]
    return StrengthOrder(
        strengths=strengths,
        trained=np.stack(trained),
        combined=combined,
        other=both[..., other],
        exponent=np.array([_slope(strengths, steps) for steps in combined.T]),
    )


def _path(run: ConceptRun, prompt: Sequence[float] | None) -> tuple[Array, Array]:
    """Return the coordinates (S, T, n) under a prompt, and the values asked for."""
    place = run.place((1.0,) * run.prompts.shape[1] if prompt is None else prompt)
    # what lies beyond 1 is asked for more strongly, but the data hold nothing beyond it
    return run.coordinates[:, :, place], np.clip(run.prompts[place], 0.0, 1.0)


def _smooth(values: Array) -> Array:
    """Mean over three looks, axis 1; the ends repeat."""
    padded = np.concatenate([values[:, :1], values, values[:, -1:]], axis=1)
    return np.asarray((padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3.0)


def _held_from(run: ConceptRun, values: Array, levels: Array) -> Array:
    """Steps from which (S, T, n) stays at or above levels (S, n), inf if it is below in the end.

    Between two looks the values are taken to run straight.
    """
    t = run.steps.astype(np.float64)
    steps = np.full((len(values), levels.shape[1]), np.inf)
    for s, k in np.ndindex(*steps.shape):
        path = values[s, :, min(k, values.shape[2] - 1)]
        below = np.flatnonzero(path < levels[s, k])
        if below.size == 0:
            steps[s, k] = t[0]
        elif below[-1] + 1 < t.size:
            i = below[-1]
            share = (levels[s, k] - path[i]) / (path[i + 1] - path[i])
            steps[s, k] = t[i] + share * (t[i + 1] - t[i])
    return steps


def _fall(path: Array) -> Array:
    """How far (S, T) falls below an earlier value, at most."""
    return arrays.climb(-path)


def _slope(strengths: Array, steps: Array) -> float:
    good = np.isfinite(steps) & (steps > 0)
    if len(set(strengths[good])) < 2:
        return float("nan")
    return float(arrays.slope(np.log(strengths[good]), np.log(steps[good])))
