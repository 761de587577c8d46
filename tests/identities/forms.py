"""One table of the closed forms that give a trajectory: how to start each, and what it leaves open."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
from scipy.stats import ortho_group

from simtheory import SIMTask, analytic, inits
from simtheory.analytic import deep, descent, finite_sample, one_layer, tied, untied
from simtheory.results import Trajectory

T = np.linspace(0.0, 12.0, 25)
ORDER = np.array([1, 2, 0])
TURN = ortho_group.rvs(3, random_state=1)
TASK = SIMTask(mu=(1.0, 1.5, 2.2), sigma=0.05)
EQUAL = SIMTask(mu=np.zeros(3), sigma=1.5)
PAIRED = SIMTask(mu=(1.0, 1.5, 1.0), sigma=0.05)
ROUNDING = 1e-11  # factorisations of 3×3 matrices of moderate condition
INTEGRATED = 1e-9  # what an integration at rtol 1e-11 holds

Start = Any  # an array, or a tuple of layers


@dataclass(frozen=True)
class Weights:
    """A start U of a tied net, or rows of it: W(0) = U Uᵀ."""

    U: np.ndarray

    def given(self) -> Start:
        return self.U

    def map(self) -> np.ndarray:
        return self.U @ self.U.T

    def permuted(self) -> Weights:
        return Weights(self.U[ORDER])

    def turned(self) -> Weights:
        return Weights(TURN @ self.U)

    def members(self) -> list[Start]:
        return [self.U, self.U[:, ::-1], -self.U]

    def stacked(self) -> Start:
        return np.stack(self.members())


@dataclass(frozen=True)
class Map:
    """A start W(0) of one layer."""

    W: np.ndarray

    def given(self) -> Start:
        return self.W

    def map(self) -> np.ndarray:
        return self.W

    def permuted(self) -> Map:
        return Map(self.W[np.ix_(ORDER, ORDER)])

    def turned(self) -> Map:
        return Map(TURN @ self.W @ TURN.T)

    def members(self) -> list[Start]:
        return [self.W, self.W.T, -self.W]

    def stacked(self) -> Start:
        return np.stack(self.members())


@dataclass(frozen=True)
class Layers:
    """Layers, from the input to the output: W(0) is their product."""

    chain: tuple[np.ndarray, ...]

    def given(self) -> Start:
        return self.chain

    def map(self) -> np.ndarray:
        whole = np.eye(3)
        for layer in self.chain:
            whole = layer @ whole
        return whole

    def permuted(self) -> Layers:
        first, *inner, last = self.chain
        return Layers((first[:, ORDER], *inner, last[ORDER]))

    def turned(self) -> Layers:
        first, *inner, last = self.chain
        return Layers((first @ TURN.T, *inner, TURN @ last))

    def members(self) -> list[Start]:
        """Return the start, its mirror image in the hidden units, and the transposed chain."""
        first, *inner, last = self.chain
        mirrored = (-first, *inner, -last)
        return [self.chain, mirrored, tuple(layer.T for layer in reversed(self.chain))]

    def stacked(self) -> Start:
        return tuple(np.stack(layers) for layers in zip(*self.members(), strict=True))


@dataclass(frozen=True)
class Form:
    """One closed form with a task and a start that it takes.

    `options(s)` are its arguments where all rates are s times as large, and `clock(s)` is how much
    faster its third argument then runs: s for times, 1 for steps.
    """

    form: Callable[..., Trajectory]
    start: Weights | Map | Layers
    task: SIMTask = TASK
    grid: Any = tuple(T)
    options: Callable[[float], dict[str, Any]] = lambda s: {}
    clock: Callable[[float], float] = lambda s: s
    rtol: float = 0.0
    atol: float = ROUNDING
    without: tuple[str, ...] = ()
    """Names of identities that do not hold, with the reason beside the entry."""

    def run(
        self, *, task: SIMTask | None = None, start: Start = None, s: float = 1.0
    ) -> Trajectory:
        given = self.start.given() if start is None else start
        grid = (
            np.asarray(self.grid) if self.clock(s) == 1.0 else np.asarray(self.grid) / self.clock(s)
        )
        return self.form(task or self.task, given, grid, **self.options(s))


def maps(run: Trajectory) -> np.ndarray:
    """Return W over time; a form with a bias keeps it beside the bias."""
    return run.arrays["map"] if run.weights is None else run.weights


def faster(task: SIMTask, s: float) -> SIMTask:
    """Return the task with all rates s times as large."""
    return replace(task, mu=task.mu * s**0.5, sigma=task.sigma * s**0.5)


def reordered(task: SIMTask) -> SIMTask:
    return replace(task, mu=task.mu[ORDER], sigma=task.sigma[ORDER])


def _balanced(depth: int) -> Layers:
    """Layers whose product is nearly diagonal, of equal singular values in all layers."""
    rng = np.random.default_rng(2)
    W = np.diag([0.02, 0.05, 0.03]) + 1e-4 * rng.standard_normal((3, 3))
    left, sizes, right = np.linalg.svd(W)
    root = np.diag(sizes ** (1.0 / depth))
    return Layers((root @ right, *[root] * (depth - 2), left @ root))


DENSE = Weights(inits.torch_uniform((3, 3), scale=0.1, seed=233333))
COLUMNS = Weights(ortho_group.rvs(3, random_state=2)[:, :2])
COLUMN = Weights(np.array([[0.1], [-0.2], [0.05]]))
BLOCKS = Weights(np.array([[0.1, -0.3, 0.0], [0.0, 0.0, 0.2], [0.2, 0.1, 0.0]]))
MAP = Map(np.random.default_rng(1).standard_normal((3, 3)))
SMALL = Layers(tuple(0.01 * np.random.default_rng(3).standard_normal((2, 3, 3))))
WIDTH_ONE = Layers((np.array([[0.1, -0.2, 0.05]]), np.array([[0.2], [0.1], [-0.1]])))
STEPS = np.arange(0, 60, 3)

loosely = {"options": lambda s: {"strict": False}}
decaying = {"options": lambda s: {"decay": 0.1 * s}}
stepping = {"options": lambda s: {"lr": 0.1 / s}, "grid": STEPS, "clock": lambda s: 1.0}


def with_momentum(*, nesterov: bool) -> dict[str, Any]:
    return stepping | {"options": lambda s: {"lr": 0.1 / s, "momentum": 0.8, "nesterov": nesterov}}


pairs = {"rtol": 1e-7, "atol": 1e-12}  # LSODA at 1e-11 and below, of entries from 1e-4 up

FORMS = {
    "tied.isotropic": Form(tied.isotropic, DENSE, EQUAL),
    "tied.rank_one": Form(tied.rank_one, COLUMN),
    "tied.rank_one_decay": Form(tied.rank_one_decay, COLUMN, **decaying, atol=INTEGRATED),
    "tied.projector": Form(tied.projector, COLUMNS),
    "tied.blocks": Form(tied.blocks, BLOCKS, PAIRED),
    "tied.pivots": Form(tied.pivots, DENSE, **loosely),
    "tied.schur": Form(tied.schur, DENSE, **loosely),
    "tied.first_order": Form(tied.first_order, DENSE, **loosely),
    "tied.second_order": Form(tied.second_order, DENSE, **loosely),
    "tied.first_order_teacher": Form(
        tied.first_order_teacher, DENSE, options=lambda s: {"strict": False, "decay": 0.1 * s}
    ),
    "untied.isotropic": Form(untied.isotropic, WIDTH_ONE, EQUAL),
    "untied.early": Form(untied.early, SMALL, grid=T / 12.0),
    "untied.first_order": Form(untied.first_order, _balanced(2), **pairs),
    # It starts at the symmetric part of the start, as the card says: the rest is left out.
    "untied.ldr": Form(untied.ldr, SMALL, **pairs, without=("start",)),
    "deep.off_diagonals": Form(deep.off_diagonals, _balanced(3), **pairs),
    "one_layer.solution": Form(one_layer.solution, MAP),
    "one_layer.decayed": Form(one_layer.decayed, MAP, **decaying),
    # The input of a bias is 1 whatever the rates are, so they do not scale all of its clock.
    "one_layer.affine": Form(one_layer.affine, MAP, without=("clock",)),
    "descent.solution": Form(descent.solution, MAP, **stepping),
    "descent.solution, heavy ball": Form(descent.solution, MAP, **with_momentum(nesterov=False)),
    "descent.solution, Nesterov": Form(descent.solution, MAP, **with_momentum(nesterov=True)),
    # Adam takes a diagonal start of unrotated data, and the rates drop out of its steps.
    "descent.adam": Form(
        descent.adam, Map(np.diag([0.1, 0.02, 0.5])), options=lambda s: {"lr": 0.01}, grid=STEPS,
        clock=lambda s: 1.0, without=("turned",),
    ),
}  # fmt: skip

NO_START = (finite_sample.proportional, tied.reflect, deep.aligned, untied.aligned)
"""They take samples, a trajectory, or modes of a linear task, which `test_linear_tasks` holds against the
flow: no matrix of a start that could be permuted, turned or stacked."""


def public_forms() -> Iterator[Callable[..., Trajectory]]:
    """Yield the public functions of the closed forms that return a trajectory."""
    for module in pkgutil.iter_modules(analytic.__path__):
        if module.name.startswith("_") or module.name == "symbolic":
            continue
        room = import_module(f"{analytic.__name__}.{module.name}")
        for name in room.__all__:
            thing = getattr(room, name)
            if inspect.isfunction(thing) and thing.__annotations__.get("return") == "Trajectory":
                yield thing
