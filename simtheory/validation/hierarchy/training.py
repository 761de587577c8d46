r"""Discrete diffusion on the strings of a grammar: a hierarchical U-Net, trained and watched.

Problem
-------
A network learns to guess the clean tokens of noisy strings. Which levels of the grammar does it know
after how many steps, and from how many strings?

Symbols
-------
P : number of training strings; S : seeds; T : looks; L : depth of the grammar; d, v : tokens of a string
and their alphabet; w : width; q : the network's probabilities of the clean tokens; :math:`P_k` : the Bayes
posterior of a model that knows the rules up to level k.

Result
------
The network minimises the cross-entropy of the clean tokens, so q tends to the posterior. At each look it is
held against the truncated posteriors on noisy strings that are the same at all looks,

.. math:: c_k = \frac{E\langle q - P_0, \Delta P_k\rangle}{E|\Delta P_k|^2} , \qquad
   \Delta P_k = P_k - P_{k-1} ,

and draws strings by the reverse process, with q over the likelihood of the site (the cavity) as weight.

Reading
-------
:math:`c_k` rises from 0 to 1 when level k is learned. A learning curve for each level needs no samples;
the samples say what the knowledge is worth: rules kept, copies, novelty.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from tqdm import tqdm

from simtheory import noise as noises
from simtheory._checks import (
    as_generator,
    as_strings,
    non_negative_int,
    one_of,
    positive,
    positive_int,
    require,
    share,
)
from simtheory._faces import face
from simtheory._files import digest
from simtheory._text import rows_as_html, rows_as_text
from simtheory._typing import Array, ArrayLike, IntArray
from simtheory.assess.scores import score
from simtheory.errors import ArgumentError, SolveError
from simtheory.results import axes, files
from simtheory.results.axes import Arrays, over
from simtheory.sim import hierarchy
from simtheory.tasks.hierarchy import RandomHierarchy, TreeGrammar, as_grammar
from simtheory.validation.nets._arguments import checked_looks, checked_path, checked_seeds
from simtheory.validation.nets.devices import computing_on, find_device
from simtheory.validation.nets.store import Store

__all__ = ["DenoiserRun", "HierarchicalUNet", "Network", "learning_steps", "train"]

_DIVERGED = 10.0  # losses over that of a uniform guess from which on a run counts as diverged
_PROBES = 1024  # noisy strings on which shares are measured; their standard error is about .01


@face
@dataclass(frozen=True, slots=True)
class HierarchicalUNet:
    """A U-Net whose blocks have the shape of the tree: s children are joined at each level, and split again.

    Each block is a linear map, a layer norm with gain, and GELU; on the way down each gets the activations
    of the same level on the way up, too. There are no biases, and the noise level is not an input: tokens
    enter as √v ᾱ (1[a = x] − 1/v). A forward pass of a string takes 6 w² (2^L − 1) multiplications for
    s = 2, beside O(v w d).

    Parameters
    ----------
    width : int
        Channels w of every level.
    """

    width: int = 64

    def __post_init__(self) -> None:
        positive_int("width", self.width)


@face(but=("arrays",))
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DenoiserRun:
    """What a denoiser had learned at some steps of training.

    Parameters
    ----------
    steps : ndarray of int, shape (T,)
        Steps of the looks.
    excess : ndarray, shape (S, T)
        E KL(P_L || q) on the probe strings, nats a token; infinite where q excludes what is possible.
    shares : ndarray, shape (S, T, L)
        Level shares c_1 ... c_L; NaN for a level that adds nothing.
    accuracy : ndarray, shape (S, T, L)
        Share of nodes at which drawn strings keep the rules up to the level.
    copies, novel : ndarray, shape (S, T)
        Shares of drawn strings that are training strings, and that are valid and none of these. NaN for
        training on fresh strings.
    nearest : ndarray, shape (S, T)
        Mean number of tokens in which a drawn string differs from the nearest training string.
    losses : ndarray, shape (S, T)
        Mean cross-entropy of the steps since the last look; NaN at step 0.
    staircase : ndarray, shape (L + 1,)
        Excess of P_0 ... P_L on the probe strings.
    seeds : ndarray of int, shape (S,)
        Seeds.
    origin : str
        The net.
    stats : mapping
        The settings.
    arrays : mapping
        Further arrays with their axes: ``samples`` (S, T, n, d), the strings that were drawn.
    """

    steps: IntArray = field(metadata=over("t", allow="integer", labels=True))
    excess: Array = field(metadata=over("*ensemble", "t", allow="real"))
    shares: Array = field(metadata=over("*ensemble", "t", "level", allow="nan"))
    accuracy: Array = field(metadata=over("*ensemble", "t", "level", allow="nan"))
    copies: Array = field(metadata=over("*ensemble", "t", allow="nan"))
    novel: Array = field(metadata=over("*ensemble", "t", allow="nan"))
    nearest: Array = field(metadata=over("*ensemble", "t", allow="nan"))
    losses: Array = field(metadata=over("*ensemble", "t", allow="nan"))
    staircase: Array = field(metadata=over("step"))
    seeds: IntArray = field(metadata=over("*ensemble", allow="integer"))
    origin: str = "validation.hierarchy"
    stats: Mapping[str, Any] = field(default_factory=dict)
    arrays: Arrays = field(default_factory=Arrays)

    def __post_init__(self) -> None:
        axes.settle(self)

    __reduce__ = axes.reduce
    ensemble = property(axes.ensemble)
    member = axes.member
    save = files.save
    load: ClassVar[Callable[..., DenoiserRun]] = classmethod(files.load)  # type: ignore[assignment]
    to_xarray = files.to_xarray

    def _rows(self) -> list[tuple[str, str]]:
        last = {
            "excess": self.excess[..., -1],
            "copies": self.copies[..., -1],
            "valid and new": self.novel[..., -1],
            "tokens from the nearest": self.nearest[..., -1],
        }
        rows = [
            ("net", self.origin),
            ("steps", f"{len(self.steps)} looks up to {self.steps[-1]}"),
            ("staircase", _numbers(self.staircase)),
        ]
        rows += [(name, _numbers(values)) for name, values in last.items()]
        for name in ("shares", "accuracy"):
            means = getattr(self, name)[..., -1, :].reshape(-1, self.shares.shape[-1]).mean(axis=0)
            rows.append((f"{name} by level", f"{_numbers(means)} (mean over seeds)"))
        return rows

    def __str__(self) -> str:
        return rows_as_text("DenoiserRun, at the last look", self._rows())

    def _repr_html_(self) -> str:
        return rows_as_html("DenoiserRun, at the last look", self._rows())

    def __repr__(self) -> str:
        return f"DenoiserRun({self.origin}, S={self.seeds.size}, T={self.steps.size})"


@face
def learning_steps(run: DenoiserRun, level: float = 0.25) -> Array:
    """Return when the share of each level of the grammar is reached.

    Parameters
    ----------
    run : DenoiserRun
        A run.
    level : float
        The share to reach, in (0, 1); not a level of the grammar.

    Returns
    -------
    ndarray, shape (S, L)
        Steps, interpolated in the logarithm of the step between looks; infinite where the share is
        not reached, NaN for a level that adds nothing.
    """
    wanted = share("level", level)
    found = np.full((*run.shares.shape[:-2], run.shares.shape[-1]), np.inf)
    for place in np.ndindex(found.shape):
        curve = run.shares[(*place[:-1], slice(None), place[-1])]
        if np.isnan(curve).all():
            found[place] = np.nan
            continue
        above = np.flatnonzero(curve >= wanted)
        if not above.size:
            continue
        k = int(above[0])
        found[place] = run.steps[k]
        if k and run.steps[k - 1] > 0:
            part = (wanted - curve[k - 1]) / (curve[k] - curve[k - 1])
            found[place] = run.steps[k - 1] * (run.steps[k] / run.steps[k - 1]) ** part
    return found


@face(but=("strings", "seeds", "record"))
def train(
    net: HierarchicalUNet,
    grammar: RandomHierarchy | TreeGrammar,
    *,
    strings: int | ArrayLike | None,
    steps: int,
    lr: float,
    batch: int = 64,
    noise_steps: int = 100,
    seeds: int | Iterable[int] = 1,
    record: int | str | ArrayLike = 9,
    average: float = 0.99,
    noise: str = "uniform",
    samples: int = 400,
    device: str = "auto",
    store: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> DenoiserRun:
    """Train a denoiser of a grammar's strings, once for each seed, and watch what it knows of each level.

    Parameters
    ----------
    net : HierarchicalUNet
        The network.
    grammar : RandomHierarchy or TreeGrammar
        What writes the strings; all nodes of a level have equally many children.
    strings : int, or array_like of int, shape (P, d), or None
        How many training strings each seed draws, all different; or the strings; or None for fresh strings
        at each step.
    steps : int
        Steps of Adam.
    lr : float
        Its learning rate.
    batch : int
        Strings of a step, drawn with replacement.
    noise_steps : int
        Steps of the noise schedule, in training and in drawing strings.
    seeds : int or iterable of int
        Seeds, or how many.
    record : int, "log" or array_like of int
        When to look, as ``looks`` of `simtheory.validation.train`.
    average : float
        Decay of the running average of the weights that are looked at, which starts at the first weights;
        0 looks at the weights themselves.
    noise : {"uniform", "mask"}
        A token is replaced, or hidden. Under masks no strings are drawn.
    samples : int
        Strings drawn at each look; 0 for none. The standard error of a share of 400 is at most .025.
    device : {"auto", "cpu", "gpu"}
        Where to train.
    store : path, optional
        File that keeps the state of training at each look; the same call goes on from there.
    progress : bool
        Show a progress bar, on a terminal only.

    Returns
    -------
    DenoiserRun
        Shares, excess, samples and losses over the steps of the looks.

    Raises
    ------
    ArgumentError, ShapeError, TaskError
        If an argument breaks a rule; nothing is trained then.
    SolveError
        If a seed diverges.
    MissingExtraError
        If JAX, Equinox or Optax are not installed.

    Notes
    -----
    Noise is drawn outside the compiled step, which then compiles in half the time. Numbers are float32.
    """
    tree, chosen = as_grammar(grammar), checked_seeds(seeds)
    stops = checked_looks(record, positive_int("steps", steps))
    kind = one_of("noise", noise, ("uniform", "mask"))
    schedule = _schedule(kind, positive_int("noise_steps", noise_steps))
    decay, size = share("average", average, ends="[)"), positive_int("batch", batch)
    sets = [_training_strings(tree, strings, seed) for seed in chosen]
    where, rate = find_device(device), positive("lr", lr)
    for module in ("equinox", "optax"):
        require(module, extra="nets")
    settings = {
        "net": repr(net),
        "grammar": digest(json.dumps(tree.to_dict())),
        "strings": digest(*(b"fresh" if part is None else part.tobytes() for part in sets)),
        "lr": rate,
        "batch": size,
        "noise": kind,
        "noise_steps": noise_steps,
        "average": decay,
        "seeds": list(chosen),
        "looks": digest(stops.tobytes()),
        "device": where.platform,
    }
    drawn = 0 if kind == "mask" else non_negative_int("samples", samples)
    settings["samples"] = drawn
    watch = _Watch.of(tree, kind, schedule, stops, sets, list(chosen), f"{net!r}", settings)
    keeper = Store(checked_path(store), DenoiserRun, settings, argument="store")
    hidden = not (progress and sys.stderr.isatty())
    with (
        computing_on(where, precision="float32"),
        tqdm(total=int(stops[-1]) * len(chosen), unit="step", disable=hidden, leave=False) as bar,
    ):
        _descend(net, watch, keeper, rate, decay, size, bar.update)
    return watch.run()


@face
@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A trained net, as a function on noisy strings.

    Parameters
    ----------
    weights : pytree
        Its weights.
    """

    weights: Any

    def __call__(self, noised: IntArray, kept: ArrayLike) -> Array:
        """Return probabilities of the clean tokens.

        Parameters
        ----------
        noised : ndarray of int, shape (N, d)
            Noisy strings.
        kept : array_like, shape () or (N,)
            Share of tokens that the noise keeps.

        Returns
        -------
        ndarray, shape (N, d, v)
            They sum to one at each site.
        """
        import jax.numpy as jnp

        from simtheory.validation.hierarchy import _network

        shares = np.broadcast_to(np.asarray(kept, dtype=np.float32), len(noised))
        found = _network.probabilities(
            self.weights,
            jnp.asarray(noised, dtype=jnp.int32),
            jnp.asarray(shares),
        )
        wide = np.asarray(found, dtype=np.float64)
        return wide / wide.sum(axis=-1, keepdims=True)  # float32 sums to one within 1e-7 only


@dataclass
class _Watch:
    """What was seen so far, and what is looked at."""

    tree: TreeGrammar
    kind: str
    schedule: Array
    stops: IntArray
    sets: list[IntArray | None]
    noised: IntArray
    kept: Array
    likelihood: Array
    staircase: Array
    seeds: list[int]
    origin: str
    settings: dict[str, Any]
    seen: dict[str, Array]
    strings: IntArray

    @classmethod
    def of(
        cls,
        tree: TreeGrammar,
        kind: str,
        schedule: Array,
        stops: IntArray,
        sets: list[IntArray | None],
        seeds: list[int],
        origin: str,
        settings: dict[str, Any],
    ) -> _Watch:
        rng = np.random.default_rng(0)  # the probe strings are the same for all runs of a grammar
        clean = tree.sample(_PROBES, rng=rng)
        times = 1 + np.arange(_PROBES) * (len(schedule) - 1) // _PROBES
        level = _noise(kind, schedule[times])
        noised = level.noised(clean, tree.alphabet, rng=rng)
        likelihood = hierarchy.likelihood(tree, noised, level)
        best = hierarchy.infer(tree, likelihood).posterior
        staircase = [
            float(_divergence(best, hierarchy.infer(tree, likelihood, level=k).posterior))
            for k in range(tree.depth + 1)
        ]
        shape = (len(seeds), stops.size)
        seen = {
            name: np.full(shape, np.nan)
            for name in ("excess", "copies", "novel", "nearest", "losses")
        }
        seen |= {name: np.full((*shape, tree.depth), np.nan) for name in ("shares", "accuracy")}
        strings = np.zeros((*shape, settings["samples"], tree.length), dtype=np.int64)
        return cls(
            tree, kind, schedule, stops, sets, noised, schedule[times], likelihood,
            np.array(staircase), seeds, origin, settings, seen, strings,
        )  # fmt: skip

    def look(self, s: int, t: int, network: Network, loss: float) -> None:
        """Look at the net of seed number s at look number t."""
        found = hierarchy.level_shares(self.tree, self.likelihood, network(self.noised, self.kept))
        seen = self.seen
        seen["shares"][s, t], seen["excess"][s, t] = found.shares, found.excess
        seen["losses"][s, t] = loss
        count = self.strings.shape[2]
        if not count:
            return
        drawn = self.strings[s, t] = hierarchy.generate(
            self.tree,
            count,
            steps=len(self.schedule) - 1,
            rng=as_generator(1 + self.seeds[s]),
            denoiser=network,
        )
        known = self.sets[s]
        held = score(drawn, self.tree, train=known)
        seen["accuracy"][s, t] = held.accuracy
        for name in ("copies", "novel", "nearest"):
            value = getattr(held, name)
            seen[name][s, t] = np.nan if value is None else value.value

    def run(self, upto: int | None = None) -> DenoiserRun:
        """Return what was seen, up to a number of looks."""
        part = slice(None, upto)
        return DenoiserRun(
            steps=self.stops[part],
            staircase=self.staircase,
            seeds=np.array(self.seeds),
            origin=f"validation.hierarchy.train({self.origin})",
            stats={
                name: tuple(value) if isinstance(value, list) else value
                for name, value in self.settings.items()
            },
            arrays=Arrays({"samples": ("*ensemble t string token", self.strings[:, part])}),
            **{name: array[:, part] for name, array in self.seen.items()},
        )


def _descend(
    net: HierarchicalUNet,
    watch: _Watch,
    keeper: Store,
    lr: float,
    decay: float,
    size: int,
    moved: Callable[[int], object],
) -> None:
    """Train all seeds look by look, from the file on if there is one."""
    import jax
    import jax.numpy as jnp

    from simtheory.validation.hierarchy import _network

    tree = watch.tree
    states = [
        _network.begin(
            jax.random.key(seed), branching=tree.branching, alphabet=tree.alphabet, width=net.width
        )
        for seed in watch.seeds
    ]
    shape, here, first = jax.tree.structure(states[0]), 0, 0
    if (read := keeper.load()) is not None:
        run, facts, saved = read
        here, first = int(facts["step"]), run.steps.size
        for name, array in watch.seen.items():
            array[:, :first] = getattr(run, name)
        watch.strings[:, :first] = run.arrays["samples"]
        states = [
            jax.tree.unflatten(shape, [jnp.asarray(leaf[s]) for leaf in saved])
            for s in range(len(states))
        ]
        moved(here * len(states))
    numbers = jnp.float32(lr), jnp.float32(decay)
    for t, stop in enumerate(watch.stops[first:].tolist(), start=first):
        for s, seed in enumerate(watch.seeds):
            state, losses = states[s], []
            for k in range(here, stop):
                state, loss = _network.step(state, *_batch(watch, s, seed, k, size), *numbers)
                losses.append(loss)
            states[s] = state
            mean = float(jnp.mean(jnp.stack(losses))) if losses else np.nan
            if losses and not mean < _DIVERGED * np.log(tree.alphabet):
                raise SolveError(
                    f"Training diverged for seed {seed} before step {stop}. Lower `lr`, now {lr:g}.",
                    time=float(here),
                )
            network = Network(state.average)
            watch.look(s, t, network, mean)
            moved(stop - here)
        here = stop
        if keeper.path is not None:
            leaves = [jax.tree.leaves(state) for state in states]
            keeper.save(
                watch.run(t + 1),
                {"step": here},
                [np.stack(part) for part in zip(*leaves, strict=True)],
            )


def _batch(watch: _Watch, s: int, seed: int, step: int, size: int) -> tuple[Any, Any, Any]:
    """Draw clean strings, noisy ones, and the shares that are kept, from the seed and the step alone."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1, step)))
    known, tree = watch.sets[s], watch.tree
    clean = (
        tree.sample(size, rng=rng) if known is None else known[rng.integers(len(known), size=size)]
    )
    kept = watch.schedule[rng.integers(1, len(watch.schedule), size=size)]
    noised = _noise(watch.kind, kept).noised(clean, tree.alphabet, rng=rng)
    return clean.astype(np.int32), noised.astype(np.int32), kept.astype(np.float32)


def _schedule(kind: str, steps: int) -> Array:
    """Shares that the noise keeps at steps 0 ... T; masks fall on a straight line."""
    return noises.alpha_bars(steps) if kind == "uniform" else np.linspace(1.0, 0.0, steps + 1)


def _noise(kind: str, kept: Array) -> Any:
    return noises.Uniform(kept) if kind == "uniform" else noises.Mask(kept)


def _training_strings(tree: TreeGrammar, strings: Any, seed: int) -> IntArray | None:
    if strings is None:
        return None
    if isinstance(strings, int | np.integer) and not isinstance(strings, bool):
        count = positive_int("strings", int(strings))
        if count > tree.n_strings:
            raise ArgumentError(
                f"Argument `strings` must be at most the number of strings of the grammar, "
                f"{tree.n_strings}, but it is {count}. Pass None for fresh strings at each step."
            )
        stream = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0,)))
        return tree.sample(count, rng=stream, replace=False)
    found = as_strings("strings", strings, tree.alphabet, length=tree.length)
    if not len(found):
        raise ArgumentError("Argument `strings` must hold one string at least, but it is empty.")
    return found


def _divergence(best: Array, other: Array) -> Any:
    """Mean of KL(best || other) over strings and sites, in nats."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(best > 0, best * np.log(best / other), 0.0)
    return each.sum(axis=-1).mean()


def _numbers(values: Array) -> str:
    return " ".join(f"{value:.3g}" for value in np.ravel(values))
