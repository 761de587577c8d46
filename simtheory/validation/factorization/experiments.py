"""The runs that the claims about factorisation read: percolation, and nets that draw bumps and stripes.

The nets are MLPs on images of 16×16 pixels on a torus: they test the mechanism, not the U-Net at 32×32 of the
paper. All of one side have one shape, so that one compiled loop serves them. Three experiments take a `Net` instead, such
as `UNET`, a U-Net on images of 32×32 for a GPU, with the same layouts at the same density; it has not been run there yet.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.analytic import percolation as forms
from simtheory.assess import Geometry, activations
from simtheory.sim import percolation
from simtheory.tasks import BumpTask
from simtheory.tasks.factorization import Bump, Hole, Islands, Lesion, Lines, Random, Stripes
from simtheory.validation.claims.experiment import Budget, experiment
from simtheory.validation.factorization.asking import KNOWN, Answers, ask
from simtheory.validation.factorization.nets import hidden
from simtheory.validation.factorization.worlds import (
    BumpImages,
    Code,
    Joint,
    Sinusoids,
)
from simtheory.validation.nets.diffusion import Denoiser, MLPDenoiser, UNetDenoiser

__all__ = [
    "by_number",
    "by_side",
    "connected_pairs",
    "disc_runs",
    "few",
    "held_out",
    "islands",
    "lattice_thresholds",
    "lines",
    "represented",
    "with_stripes",
]

_SHORT, _STEPS, _LONG = 500, 1000, 2500
"""Steps with about a hundred labels; the same with other numbers of them; and with a thousand and more."""
MLP = MLPDenoiser(192, blocks=2, prediction="x0")


class Net(NamedTuple):
    """A net that draws, the side of its images, and its steps for a set of a hundred labels and for larger ones."""

    name: str
    net: Denoiser
    side: int
    few: int
    many: int

    def __str__(self) -> str:
        return self.name


SMALL = Net("MLP of 192×2, images of 16×16", MLP, 16, _SHORT, _STEPS)
UNET = Net(
    "U-Net of 32, 64 and 128 channels, images of 32×32",
    UNetDenoiser((32, 64, 128), prediction="x0"),
    32,
    5000,
    5000,
)

_BLOCKS = 4  # independent blocks of runs; they stand for the seeds of a claim about percolation
_MORE = {"quick": 1, "standard": 2, "full": 8}  # times the runs of percolation in a block


class Thresholds(NamedTuple):
    """Numbers of neighbours z (3,), thresholds (3, blocks), and the constants (3,)."""

    neighbours: IntArray
    values: Array
    constants: Array


@experiment
def lattice_thresholds(budget: Budget) -> Thresholds:
    """Grow clusters on tori of side 128 for z = 4, 20, 68 neighbours."""
    more = _MORE[budget.name]
    runs = {4: 150, 20: 250, 68: 700}  # of a block; relative error of a block about .0015
    reach = {4: 1.0, 20: math.sqrt(5.0), 68: math.sqrt(20.0)}
    values = [
        [
            percolation.lattice(128, reach=reach[z], runs=more * runs[z], rng=seed)
            .threshold()
            .value
            for seed in range(_BLOCKS)
        ]
        for z in runs
    ]
    constants = np.array([forms.lattice_threshold(z).value for z in runs])
    return Thresholds(np.array(list(runs)), np.array(values), constants)


class Discs(NamedTuple):
    """Sides (s,); thresholds of the largest (blocks,); largest shares at the threshold (s, blocks), and curves.

    The curves are over the filling factor: probability of wrapping and largest share, both (s, points).
    """

    sides: Array
    thresholds: Array
    at_threshold: Array
    filling: Array
    wrapping: Array
    largest: Array


@experiment
def disc_runs(budget: Budget) -> Discs:
    """Add discs to tori of side 16 and 64 link lengths; the quick budget leaves out the smaller."""
    more = _MORE[budget.name]
    quick = budget.name == "quick"
    sides, runs = ((64.0,), (200,)) if quick else ((16.0, 64.0), (800, 200))
    constant = forms.CONTINUUM_THRESHOLD.value
    filling = np.linspace(0.8, 1.35, 56)
    thresholds, sizes = np.empty(_BLOCKS), np.empty((len(sides), _BLOCKS))
    wrapping, largest = [], []
    for row, (side, each) in enumerate(zip(sides, runs, strict=True)):
        found = [
            percolation.discs(
                side, runs=more * each, rng=seed, until=1.4, record=percolation.Everything()
            )
            for seed in range(_BLOCKS)
        ]
        thresholds[:] = [run.threshold().value for run in found]
        sizes[row] = [float(run.largest(constant)) for run in found]
        wrapping.append(np.mean([run.wrapping(filling).either for run in found], axis=0))
        largest.append(np.mean([run.largest(filling) for run in found], axis=0))
    return Discs(np.array(sides), thresholds, sizes, filling, np.array(wrapping), np.array(largest))


class Pairs(NamedTuple):
    """Numbers of pairs, and the share of drawn sets that connect (numbers, blocks)."""

    pairs: IntArray
    connected: Array


@experiment
def connected_pairs(budget: Budget) -> Pairs:
    """Draw sets of distinct pairs of 100 and 100 values, and see which connect all of them."""
    sets = 1000 * _MORE[budget.name]
    numbers = np.array([530, 580, 630, 680, 730])
    found = np.empty((numbers.size, _BLOCKS))
    for k, pairs in enumerate(numbers):
        for seed in range(_BLOCKS):
            drawn = sets if pairs == 630 else sets // 10
            found[k, seed] = _connected(int(pairs), drawn, np.random.default_rng((seed, k)))
    return Pairs(numbers, found)


def _connected(pairs: int, sets: int, rng: np.random.Generator) -> float:
    """Share of drawn sets of pairs that connect all 200 values."""
    from scipy.sparse import coo_array  # slow to import
    from scipy.sparse.csgraph import connected_components

    chosen = np.argpartition(rng.random((sets, 100 * 100), dtype=np.float32), pairs, axis=1)[
        :, :pairs
    ]
    x, y = np.divmod(chosen, 100)
    offset = 200 * np.arange(sets)[:, None]
    rows, columns = (x + offset).ravel(), (100 + y + offset).ravel()
    graph = coo_array((np.ones(rows.size, dtype=bool), (rows, columns)), shape=(200 * sets,) * 2)
    _, label = connected_components(graph, directed=False)
    parts = label.reshape(sets, 200)
    return float((parts == parts[:, :1]).all(axis=1).mean())


def _many(
    worlds: list[BumpImages],
    budget: Budget,
    *,
    net: Denoiser = MLP,
    steps: int = _STEPS,
    seeds: int | None = None,
) -> list[Answers]:
    """Return the answers of nets on each world, all seeds."""
    return [
        _joined(
            [
                ask(net, world, seed=seed, steps=steps, device=budget.device)[1]
                for seed in range(_seeds(budget) if seeds is None else seeds)
            ]
        )
        for world in worlds
    ]


def _joined(parts: list[Answers]) -> Answers:
    return Answers(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _seeds(budget: Budget) -> int:
    """Seeds of a net: two, and five of the full budget."""
    return 5 if budget.name == "full" else 2


def _torus(layout: Random | Islands | Lines, side: int = 16, sigma: float = 1.0) -> BumpImages:
    return BumpImages(BumpTask(side, sigma, layout=layout, periodic=True))


class Scaling(NamedTuple):
    """Widths or sides (W,), numbers of examples of each, and the answers at each, width by width."""

    sizes: Array
    numbers: list[IntArray]
    answers: list[list[Answers]]


@experiment
def by_number(budget: Budget, by: Net = SMALL) -> Scaling:
    """Train on random labels of a torus, for some widths and numbers of examples; as dense at every side."""
    full = budget.name == "full"
    widths = (0.7, 1.0, 1.4, 2.0, 2.8) if full else (0.7, 2.8)
    numbers = _per_area((14, 20, 32, 50, 80, 126) if full else (20, 40, 80), by.side)
    return Scaling(
        np.array(widths),
        [numbers] * len(widths),
        [
            _many(
                [_torus(Random(int(n)), by.side, sigma) for n in numbers],
                budget,
                net=by.net,
                steps=by.many,
            )
            for sigma in widths
        ],
    )


@experiment
def by_side(budget: Budget) -> Scaling:
    """Train on random labels of tori of three sides, with equal numbers of examples per area; width 2.

    Steps grow as the side: after 1000 a net of side 32 draws .94 of 320 labels. Its numbers are those about one half.
    """
    densities = {16: (10, 18, 30, 50, 80), 24: (10, 18, 30, 50, 80), 32: (18, 30, 50)}
    numbers = [_per_area(each, side) for side, each in densities.items()]
    found = []
    for side, row in zip(densities, numbers, strict=True):
        worlds = [_torus(Random(int(n)), side, 2.0) for n in row]
        found.append(_many(worlds, budget, steps=_STEPS * side // 16))
    return Scaling(np.array(list(densities), float), numbers, found)


def _per_area(numbers: tuple[int, ...], side: int) -> IntArray:
    """Return numbers of examples at a side that are as dense as these at a side of 16."""
    return np.array([round(n * (side / 16) ** 2) for n in numbers])


class Parted(NamedTuple):
    """Answers, the share of the largest cluster at an overlap of .05 (S,), labels to draw (n, 2), and the side."""

    answers: Answers
    inside: Array
    largest: Array
    labels: Array
    side: int


@experiment
def islands(budget: Budget, by: Net = SMALL) -> Parted:
    """Train on dense islands of examples, one in each cell of 8 pixels, with gaps of 4; queries anywhere, and inside."""
    count = (by.side // 8) ** 2
    return _parted(Islands(count, 4.0, 28 * count), by, budget)


@experiment
def lines(budget: Budget, by: Net = SMALL) -> Parted:
    """Train on three lines of examples that cross; queries anywhere."""
    return _parted(Lines(7 * by.side), by, budget)


def _parted(layout: Islands | Lines, by: Net, budget: Budget) -> Parted:
    """Ask nets, and part the queries by whether they lie inside the islands."""
    world = _torus(layout, by.side)
    radius = float(forms.link_radius(1.0, theta=0.05))
    parts, inside, largest = [], [], []
    for seed in range(_seeds(budget)):
        run, answers = ask(by.net, world, seed=seed, steps=by.few, device=budget.device)
        wanted, right = run.prompts[KNOWN:], run.joint[0, -1, KNOWN:]
        within = (np.abs(wanted % 8.0 - 4.0) < 2.0).all(axis=1)  # cells of 8 pixels, islands of 4
        parts.append(answers)
        inside.append(right[within].mean())
        number = percolation.clusters(world.labels(seed=seed), radius, period=float(by.side))
        largest.append((number == 0).mean())
    return Parted(
        _joined(parts), np.array(inside), np.array(largest), world.labels(seed=0), by.side
    )


_SHAPES: dict[str, Bump | Stripes] = {"bump": Bump(), "stripes": Stripes()}
_SETS: dict[str, Hole | Lesion] = {"hole": Hole(4.0), "lesion": Lesion(4.0)}


@experiment
def held_out(budget: Budget, shape: str, kind: str) -> Answers:
    """Train on 1500 labels outside a hole, or a lesion in x, of width 4; queries inside; 2500 steps."""
    task = BumpTask(
        16, 1.0, shape=_SHAPES[shape], layout=Random(1500), held_out=_SETS[kind], periodic=True
    )
    return _many([BumpImages(task)], budget, steps=_LONG)[0]


@experiment
def few(budget: Budget) -> tuple[IntArray, list[Answers], Answers]:
    """Train on images of at most one stripe and a few of both; and, last, on five of both alone.

    The canvas has a margin of 3 pixels. Both ends of a factor are out of view, so its code may be periodic.
    """
    numbers = np.array([0, 1, 5, 20])
    code = Sinusoids(5.25, period=21.0)
    alone = BumpTask(16, 1.0, shape=Stripes(), layout=Random(1500), held_out=Hole(30.0), margin=3)
    pairs = BumpTask(16, 1.0, shape=Stripes(), layout=Random(5))
    worlds = [BumpImages(alone, code, leaked=int(m)) for m in numbers]
    pairs_only = BumpImages(pairs, code)
    found = _many(worlds, budget)
    return numbers, found, _many([pairs_only], budget)[0]


CODES: dict[str, Code] = {"separate": Sinusoids(4.0), "joint": Joint(8, 4.0)}
_GRID = np.stack(np.meshgrid(*[np.arange(12) * 16.0 / 12.0] * 2, indexing="ij"), axis=-1).reshape(
    -1, 2
)


class Represented(NamedTuple):
    """Answers, the geometry of the hidden layer of each seed after and before training, and the code's.

    `leading` holds the share of the layer's variance in its four largest components, after and before (S, 2).
    """

    answers: Answers
    trained: list[Geometry]
    untrained: list[Geometry]
    code: Geometry
    leading: Array


@experiment
def represented(budget: Budget, code: str) -> Represented:
    """Train on 1024 bumps under a code, and measure the hidden layer on a grid of 12×12 labels; 2500 steps."""
    world = BumpImages(BumpTask(16, 1.0, layout=Random(1024), periodic=True), CODES[code])
    parts: list[Answers] = []
    after: list[Geometry] = []
    before: list[Geometry] = []
    leading = np.empty((_seeds(budget), 2))
    for seed in range(_seeds(budget)):
        run, answers = ask(MLP, world, seed=seed, steps=_LONG, device=budget.device)
        layer = hidden(run, _GRID)
        parts.append(answers)
        for k, (kept, layers) in enumerate(((after, layer.activations), (before, layer.baseline))):
            kept.append(activations(layers[0], _GRID, period=16.0, rng=0))
            powers = np.linalg.svd(layers[0] - layers[0].mean(axis=0), compute_uv=False) ** 2
            leading[seed, k] = powers[:4].sum() / powers.sum()
    plain = activations(world.condition(_GRID), _GRID, period=16.0, rng=0)
    return Represented(_joined(parts), after, before, plain, leading)


@experiment
def with_stripes(budget: Budget) -> tuple[Scaling, Scaling]:
    """Train on bumps in a window of side N, and on a canvas whose margin of N/4 adds stripes of one factor; 3 seeds.

    Width 2, as in `by_side`: bumps of width 1 are hardly seen beside stripes, and at N = 24 nets then do not draw their
    own labels after 3000 steps.
    """
    sides = (12, 16, 24)
    numbers = [_per_area((20, 40, 80), side) for side in sides]
    found = []
    for margin in (0, 1):
        answers = []
        for side, row in zip(sides, numbers, strict=True):
            tasks = [
                BumpTask(side, 2.0, layout=Random(int(n)), margin=margin * side // 4) for n in row
            ]
            worlds = [BumpImages(task, Sinusoids(4.0)) for task in tasks]
            answers.append(_many(worlds, budget, steps=_STEPS * side // 8, seeds=3))
        found.append(Scaling(np.array(sides, float), numbers, answers))
    return found[0], found[1]
