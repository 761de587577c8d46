r"""Train a conditional diffusion model and watch its samples in concept space.

Problem
-------
A denoiser learns classes of data from what they hold, one *concept* at a time absent or present, and
never sees some combination of concepts. Now and then samples are drawn for every prompt, the
unseen combination among them, and placed in concept space.

Symbols
-------
S : number of seeds; T : number of looks; P : number of prompts; n : number of concepts; m : samples
per prompt; y : what the net predicts, by `prediction` of its description; c : condition.

Result
------
What is minimised is the mean over data, diffusion times and noise of

.. math:: \tfrac12 \| \hat y(z_u, c, u) - y \|^2, \qquad
    y = \alpha\varepsilon - \sigma x, \quad y = \varepsilon, \quad\text{or}\quad y = x,

with u uniform between the ends of the schedule (the times of a batch are evenly spaced from a random
start). Of a schedule that does not preserve variance the net sees the form that does, with the same
noise levels λ. The loss of the velocity is that of the clean data weighted by 1 + 1/λ, and the loss
of the noise is it weighted by 1/λ.

Reading
-------
The same starting noise serves all looks and prompts of a seed, so what moves between two looks is the
net. Vectors are float64, images float32. A seed's result does not depend on the seeds beside
it, nor on whether the run was interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from simtheory._checks import as_finite, number, positive, positive_int, require, share
from simtheory._faces import face
from simtheory._files import digest
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.errors import ArgumentError, ShapeError, SolveError
from simtheory.noise import DDIM, CosineVP, Sampler, Schedule
from simtheory.results import Arrays
from simtheory.validation.nets._arguments import checked_looks, checked_optimiser, checked_seeds
from simtheory.validation.nets.devices import computing_on, find_device, random_stream
from simtheory.validation.nets.diffusion.captions import Mask
from simtheory.validation.nets.diffusion.denoisers import Denoiser
from simtheory.validation.nets.diffusion.runs import ConceptRun, Learned, Looks
from simtheory.validation.nets.diffusion.worlds import Judge, World
from simtheory.validation.nets.optimisers import Adam, Optimiser
from simtheory.validation.nets.running import Engine, Watched, drive
from simtheory.validation.nets.store import Store

__all__ = ["train"]

_SEEN = ("coordinates", "accuracy", "joint", "examples", "losses")


@face(but=("optimiser",))
def train(
    net: Denoiser,
    world: World,
    *,
    steps: int,
    lr: float,
    seeds: int | Iterable[int],
    optimiser: Optimiser = Adam(),  # noqa: B008 (frozen)
    samples: int = 1000,
    batch: int = 64,
    schedule: Schedule = CosineVP(),  # noqa: B008 (frozen)
    sampler: Sampler = DDIM(20),  # noqa: B008 (frozen)
    draws: int = 64,
    prompts: ArrayLike | None = None,
    looks: int | str | ArrayLike = 41,
    start: ConceptRun | None = None,
    mask: Mask | None = None,
    drop: float = 0.0,
    guidance: float = 0.0,
    store: str | Path | None = None,
    device: str = "auto",
    progress: bool = False,
) -> ConceptRun:
    """Train a denoiser on a world of concepts, once for each seed, and sample it on the way.

    Parameters
    ----------
    net : Denoiser
        The denoiser, ``MLPDenoiser()``, ``UNetDenoiser()`` or one of your own.
    world : World
        Data, conditions and judge: `ConceptVectors`, `ConceptImages` or a world of your own.
    steps : int
        Optimiser steps.
    lr : float
        Learning rate.
    seeds : int or iterable of int
        Seeds, all different, or how many: 5 stands for 0 to 4; the leading axis of the result. A seed draws its own data, start,
        batches and sampling noise.
    optimiser : Optimiser
        ``SGD()``, ``Adam()`` or one of your own. Default: ``Adam()``.
    samples : int
        Training points per class.
    batch : int
        Points per step, drawn from the training points with replacement.
    schedule : Schedule
        How data and noise are mixed; see `simtheory.noise`. Default: ``CosineVP()``.
    sampler : Sampler
        How samples are drawn, ``DDIM()`` or ``DDPM()``. Default: ``DDIM(20)``.
    draws : int
        Samples per prompt and look.
    prompts : array_like, shape (P, n), optional
        Values asked for. Default: those of the world; of concepts, all 2ⁿ rows of 0 and 1.
    looks : int, "log" or array_like of int
        When to look: a number of looks, evenly spaced with the first at step 0 and the last at the
        end; ``"log"``, up to 200 looks in equal ratios, and step 0; or the step numbers themselves.
        Training ends with the last look.
    start : ConceptRun, optional
        Begin with the nets in which this run ended, seed by seed, with fresh memory of the optimiser:
        fine-tuning, where the worlds differ in their training classes only. Default: new nets.
    mask : Mask, optional
        A word that captions of a training class leave out.
    drop : float
        Share of conditions, in [0, 1), that are replaced by zero while training, as guidance needs it.
    guidance : float
        w of classifier-free guidance: samples follow (1 + w) times the prediction under the condition
        less w times that under the condition zero.
    store : path, optional
        Folder in which every seed keeps one file, rewritten whole as it goes: a call with the same
        settings goes on where an earlier one was interrupted.
    device : {"auto", "cpu", "gpu"}
        Where to train; ``"auto"`` takes a GPU if there is one.
    progress : bool
        Show a progress bar, on a terminal only.

    Returns
    -------
    ConceptRun
        Concept coordinates and accuracies (S, T, P, n) over the steps of the looks.

    Raises
    ------
    ArgumentError, ShapeError
        If an argument breaks a rule, or `store` holds a run with other settings; nothing is
        trained then.
    SolveError
        If a seed diverges; `partial` holds the run of the seeds that stayed finite.
    MissingExtraError
        If JAX, Equinox or Optax are not installed.

    Examples
    --------
    >>> from simtheory.tasks import SIMTask
    >>> from simtheory.validation.nets.diffusion import ConceptVectors, MLPDenoiser
    >>> world = ConceptVectors(SIMTask(mu=(0.4, 0.8), sigma=0.08, origin=True))
    >>> run = train(MLPDenoiser(16), world, steps=20, lr=1e-3, seeds=(0,), draws=8, looks=3)
    >>> run.coordinates.shape
    (1, 3, 4, 2)
    """
    job = _Job(
        net=_checked("net", net, Denoiser, "a Denoiser, such as MLPDenoiser() or UNetDenoiser()"),
        world=_checked("world", world, World, "a World, such as ConceptVectors or ConceptImages"),
        optimiser=checked_optimiser(optimiser),
        schedule=_checked("schedule", schedule, Schedule, "a Schedule, such as CosineVP()"),
        sampler=_checked("sampler", sampler, Sampler, "a Sampler, such as DDIM() or DDPM()"),
        lr=positive("lr", lr),
        seeds=checked_seeds(seeds),
        samples=positive_int("samples", samples),
        batch=positive_int("batch", batch),
        draws=positive_int("draws", draws),
        prompts=_checked_prompts(prompts, world),
        stops=checked_looks(looks, positive_int("steps", steps)),
        start=start,
        mask=mask,
        drop=share("drop", drop, ends="[)"),
        guidance=number("guidance", guidance),
    )
    job.net.check(job.world.shape)
    job.check_start()
    if mask is not None:
        mask.check(job.world)
    place = find_device(device)
    for module in ("equinox", "optax"):
        require(module, extra="nets")
    folder = _checked_folder(store)
    hidden = not (progress and sys.stderr.isatty())
    total = len(job.seeds) * int(job.stops[-1])
    with (
        computing_on(place, precision=job.world.precision),
        tqdm(total=total, unit="step", disable=hidden, leave=False) as bar,
    ):
        judge = job.world.judge()
        seen = [_one_seed(job, seed, judge, folder, bar) for seed in job.seeds]
    return job.result(seen, {"device": place.platform, "held_out": judge.held_out})


@dataclass(frozen=True, slots=True)
class _Job:
    """The checked arguments of one call of `train`."""

    net: Denoiser
    world: World
    optimiser: Optimiser
    schedule: Schedule
    sampler: Sampler
    lr: float
    seeds: tuple[int, ...]
    samples: int
    batch: int
    draws: int
    prompts: Array
    stops: IntArray
    start: ConceptRun | None
    mask: Mask | None
    drop: float
    guidance: float

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides a seed's result, as text and numbers."""
        described = ("net", "optimiser", "schedule", "sampler")
        numbers = ("lr", "samples", "batch", "draws")
        start = self.start
        return {
            "world": self.world.description,
            **{name: repr(getattr(self, name)) for name in described},
            **{name: getattr(self, name) for name in numbers},
            "prompts": self.prompts.tolist(),
            # None where it is not used, as in files that are older than the setting
            "start": None if start is None else digest(*(a for net in start.nets for a in net)),
            "mask": None if self.mask is None else repr(self.mask),
            "drop": self.drop or None,
            "guidance": self.guidance or None,
        }

    @property
    def language(self) -> str:
        """What conditions say of values, as a digest."""
        return digest(self.world.prompts, self.world.condition(self.world.prompts))

    def check_start(self) -> None:
        """Raise if training cannot go on from `start`."""
        if (run := self.start) is None:
            return
        facts: tuple[tuple[str, object, object], ...] = (
            ("net", run.stats["net"], repr(self.net)),
            ("shape of a data point", run.examples.shape[3:], self.world.shape),
            ("concepts", run.names, self.world.names),
            ("conditions of the classes", run.stats.get("language"), self.language),
        )
        for name, before, now in facts:
            if before != now:
                shown = "" if name.startswith("conditions") else f": {before} before, {now} now"
                raise ArgumentError(
                    f"Argument `start` must be a run of the same net in the same world, but the {name} "
                    f"differ{'' if name.endswith('s') else 's'}{shown}. Only training classes and their "
                    "frequencies may change."
                )
        missing = sorted(set(self.seeds) - set(run.seeds))
        if missing or not run.nets:
            raise ArgumentError(
                f"Argument `start` must hold the nets of all seeds, but it has none of seed "
                f"{missing[0] if missing else self.seeds[0]}."
            )

    def result(self, seen: list[dict[str, Any]], facts: dict[str, Any]) -> ConceptRun:
        """Return the run, or raise if a seed diverged."""
        good = np.stack([np.isfinite(part["coordinates"]).all(axis=(1, 2)) for part in seen])
        finite = np.asarray(good.all(axis=1))
        lost = [seed for seed, whole in zip(self.seeds, finite, strict=True) if not whole]
        if not lost:
            return self.run(seen, self.seeds, facts)
        kept = [part for part, whole in zip(seen, finite, strict=True) if whole]
        first = int(self.stops[int((~good).any(axis=0).argmax())])
        alive = tuple(seed for seed in self.seeds if seed not in lost)
        raise SolveError(
            f"Training diverged for {len(lost)} of {len(self.seeds)} seeds "
            f"({', '.join(map(str, lost[:8]))}{', …' if len(lost) > 8 else ''}): their samples are "
            f"not finite, first at step {first}. Lower `lr`.",
            time=self.lr * first,
            partial=self.run(kept, alive, facts) if alive else None,
        )

    def run(
        self, seen: list[dict[str, Any]], seeds: tuple[int, ...], facts: dict[str, Any]
    ) -> ConceptRun:
        """Return the run of some seeds."""
        classes = {tuple(row) for row in self.world.trained.tolist()}
        used = {name: value for name, value in self.settings.items() if value is not None}
        return ConceptRun(
            steps=self.stops,
            prompts=self.prompts,
            **{name: np.stack([part[name] for part in seen]) for name in _SEEN},
            nets=tuple(part["net"] for part in seen),
            trained=np.array([tuple(row) in classes for row in self.prompts.tolist()]),
            names=self.world.names,
            strengths=np.array(self.world.strengths),
            stats={"seeds": list(seeds), **used, **facts, "language": self.language},
            learned=Learned(self.net, self.world, self.schedule),
        )


def _one_seed(job: _Job, seed: int, judge: Judge, folder: Path | None, bar: Any) -> dict[str, Any]:
    """Train one seed from wherever its file left off; return what was seen."""
    import jax
    import jax.numpy as jnp

    from simtheory.validation.nets import loop
    from simtheory.validation.nets.diffusion._learner import Asked, DenoisingLearner

    dtype = np.dtype(job.world.precision)
    x, condition = job.world.data(job.samples, seed=seed)
    if job.mask is not None:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(3,)))
        condition = job.mask.applied(job.world, condition, rng=rng)
    data = [jnp.asarray(x, dtype), jnp.asarray(condition, dtype)]
    if (weights := job.world.weights) is not None:
        data.append(jnp.asarray(np.cumsum(weights), dtype))
    init, key = jax.random.split(jax.random.key(seed))
    lr = jnp.asarray(job.lr, dtype)
    learner = DenoisingLearner(
        job.optimiser,
        job.schedule,
        job.sampler,
        job.batch,
        job.net.prediction,
        job.net.convolves,
        job.drop,
        job.guidance,
    )
    prompted = np.repeat(job.world.condition(job.prompts), job.draws, axis=0)
    asked = Asked(
        *(
            None if part is None else jnp.asarray(part, dtype)
            for part in (prompted, *_sampling_noise(job, seed))
        )
    )
    net = job.net.build(job.world.shape, condition.shape[1], init, lr.dtype)
    leaves, tree = jax.tree.flatten(net)
    if job.start is not None:
        kept = job.start.nets[job.start.seeds.index(seed)]
        net = jax.tree.unflatten(tree, [jnp.asarray(part) for part in kept])
        key = jax.random.fold_in(key, 1)
    groups = [(loop.start(learner, net, lr), tuple(data), key)]
    seen = _Seen(job, judge)
    path = None if folder is None else folder / f"seed-{seed}.npz"
    engine = Engine(learner, groups, loop.Common(lr, asked), batched=False)
    drive(
        engine,
        job.stops[:, None],
        seen,
        Store(
            path,
            Looks,
            {} if path is None else job.settings | _belonging(job, seed),
            argument="store",
        ),
        moved=bar.update,
    )
    final = engine.save()[1][: len(leaves)]  # the net comes first in the state
    return seen.arrays | {"net": tuple(part[0] for part in final)}


def _belonging(job: _Job, seed: int) -> dict[str, Any]:
    """Return what tells the files of a job's seeds apart; the digest of the random numbers takes a second to compile."""
    return {"seed": seed, "looks": job.stops.tolist(), "random_stream": random_stream()}


class _Seen(Watched):
    """What was seen of a seed so far: its samples in the world's values."""

    def __init__(self, job: _Job, judge: Judge) -> None:
        self._job, self._judge = job, judge
        self._lists: dict[str, list[Any]] = {name: [] for name in _SEEN}

    @property
    def arrays(self) -> dict[str, Array]:
        """The arrays by name, looks on the leading axis."""
        return {name: np.array(values) for name, values in self._lists.items()}

    @property
    def _count(self) -> int:
        return len(self._lists["losses"])

    @property
    def step(self) -> int:
        """The step of the last look."""
        return int(self._job.stops[self._count - 1]) if self._count else 0

    @property
    def kept(self) -> Any:
        """The one seed trains to the end."""
        return np.ones(1, dtype=bool)

    def has(self, marks: IntArray) -> bool:
        """Whether this step was looked at, by an earlier call."""
        return bool(np.searchsorted(self._job.stops, marks[-1]) < self._count)

    def add(self, marks: IntArray, seen: dict[str, Array]) -> None:
        """Judge the samples of one look."""
        job, before = self._job, self.step
        count, n = job.prompts.shape
        points = np.asarray(seen["points"][0, 0], np.float64)
        if np.isfinite(points).all():
            placed = self._judge.place(points).reshape(count, job.draws, n)
        else:
            placed = np.full((count, job.draws, n), np.nan)
        right = np.asarray(self._judge.right(placed, job.prompts[:, None, :]))
        steps = int(marks[0]) - before
        loss = float(seen["total"][0, 0]) / steps if steps else np.nan
        found = (
            placed.mean(axis=1),
            right.mean(axis=1),
            right.all(axis=2).mean(axis=1),
            points.reshape(count, job.draws, *job.world.shape)[:, 0],
            loss,
        )
        # all at once, so that an interrupt finds whole looks
        self._lists = {
            name: [*values, new]
            for (name, values), new in zip(self._lists.items(), found, strict=True)
        }

    def save(self, store: Store, step: int, state: list[Array]) -> None:
        """Write what was seen, and beside it the state of training."""
        if self._count:
            arrays = {name: (_axes(name, a.ndim), a) for name, a in self.arrays.items()}
            store.save(
                Looks(self._job.stops[: self._count], arrays=Arrays(arrays)), {"step": step}, state
            )

    def restore(self, store: Store, state: list[Array]) -> tuple[int, list[Array]] | None:
        """Take what a file holds; return step and state."""
        if (read := store.load()) is None:
            return None
        found, facts, saved = read
        self._lists = {name: list(found.arrays[name]) for name in _SEEN}
        return int(facts["step"]), saved


def _axes(name: str, n: int) -> tuple[str, ...]:
    return ("look", *(f"{name}_{k}" for k in range(1, n)))


def _sampling_noise(job: _Job, seed: int) -> tuple[Array, Array | None]:
    """Return the starts, the same for every prompt, and the noise of a random sampler's steps."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2,)))
    repeats = (len(job.prompts), *(1,) * len(job.world.shape))
    z = np.tile(rng.standard_normal((job.draws, *job.world.shape)), repeats)
    if not job.sampler.is_random:
        return z, None
    noise = rng.standard_normal((job.sampler.steps, job.draws, *job.world.shape))
    return z, np.tile(noise, (1, *repeats))


def _checked(name: str, value: Any, kinds: Any, wanted: str) -> Any:
    if not isinstance(value, kinds):
        raise ArgumentError(f"Argument `{name}` must be {wanted}, but got {value!r}.")
    return value


def _checked_folder(store: str | Path | None) -> Path | None:
    """Return the folder of the seeds' files, made if it is not there."""
    if store is None:
        return None
    folder = Path(store)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise ArgumentError(
            f"Argument `store` must name a folder that can be written, but {folder} cannot: "
            f"{reason.strerror}."
        ) from reason
    return folder


def _checked_prompts(prompts: ArrayLike | None, world: World) -> Array:
    if prompts is None:
        return as_finite("prompts", world.prompts)
    values = as_finite("prompts", prompts)
    if values.ndim != 2 or values.shape[1] != len(world.names) or len(values) == 0:
        raise ShapeError(
            f"Argument `prompts` must have shape (P, {len(world.names)}), one column for each of "
            f"{', '.join(world.names)}, but its shape is {values.shape}."
        )
    return values
