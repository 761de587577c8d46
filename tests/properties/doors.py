"""Calls at all public entries with one wrong argument: entries, good arguments, wrong ones, verdicts.

``python -m tests.properties.doors 5000`` draws as many calls and prints those that break a rule.
"""

from __future__ import annotations

import contextlib
import enum
import inspect
import pkgutil
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib import import_module
from typing import Any

import matplotlib as mpl
import numpy as np
import scipy.sparse
import xarray as xr
from matplotlib.figure import Figure

import simtheory
from simtheory import SIMTask, analytic, fit, noise, observe, sim, units, validation
from simtheory.errors import RegimeError, SimTheoryError
from simtheory.results import Curve, Samples
from simtheory.tasks import DenoisingTask
from simtheory.validation.nets.diffusion import ConceptRun

mpl.use("Agg")

TASK = SIMTask(mu=(1.0, 2.0), sigma=0.3)
EQUAL = SIMTask(mu=(0.0, 0.0), sigma=1.0)
U = np.array([[0.10, 0.02], [0.01, 0.09]])
W = U @ U.T
T = np.linspace(0.0, 20.0, 201)
RUN = sim.solve(sim.Tied(), TASK, U, T)
LAYERS = [0.1 * np.eye(2), 0.1 * np.eye(2)]
NOISY = DenoisingTask(np.diag([1.0, 2.0]), sigma_min=0.1, sigma_max=2.0)
NET = analytic.denoiser.TiedDenoiser(0.1)
CURVE = Curve(T, np.stack([T, T**2], axis=-1), rows=("a", "b"), x_name="time", origin="closed")
POINTS = Samples(np.random.default_rng(0).normal(size=(30, 2)), origin="closed")
SEEDED = replace(RUN, outputs=RUN.outputs[None], weights=RUN.weights[None], stats={"seeds": [0]})
AXES = Figure().add_subplot()
SWEPT = xr.Dataset(
    {"loss": (("y", "x"), np.ones((2, 3)))}, coords={"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0]}
)
CURVES = fit.curves(RUN)
FIT = fit.fit(CURVES, model="tied", rows="orthogonal")
FORECAST = fit.predict(FIT)
LAWS = observe.law_residuals(RUN)
RNG = np.random.default_rng(0)
PIXELS = np.zeros((4, 3, 8, 8))

# Entries that are no functions of a caller's arguments, each with its reason.
LEFT_OUT = {
    "simtheory.cli": "commands, which click calls",
    "simtheory.errors": "errors and warnings, which take any message",
    "simtheory.analytic.symbolic": "statements of proofs, built at import",
    "simtheory.validation.nets.loop": "the loop of training, under compilation",
    "simtheory.validation.nets.running": "the loop of training",
    "simtheory.validation.nets.store": "the loop of training",
    "simtheory.validation.nets.data": "the loop of training",
    "simtheory.validation.nets.devices": "the loop of training",
    "simtheory.validation.nets.diffusion.classifier": "trains a classifier",
    "simtheory.validation.ledger": "workers of the ledger, which call each other",
    "simtheory.validation.claims": "parts of claims, which the ledger calls",
    "simtheory.sweep.families": "parts of families, which a sweep calls",
    "simtheory.sweep.family": "parts of families, which a sweep calls",
    "simtheory.validation.identity.experiments": "runs of the ledger",
    "simtheory.sim.flows.methods": "tables of methods",
    "simtheory.sweep.store": "the store of a sweep, behind `run` and `read`",
    "simtheory.results.axes": "methods of the results",
    "simtheory.results.files": "methods of the results",
    "simtheory.sweep.read": "its argument is a folder",
    "simtheory.sweep.status": "its argument is a folder",
    "simtheory.labels.implements": "a decorator",
    "simtheory.sim.clear_cache": "deletes files",
}

# Entries whose good call trains or runs for long: only objects that no argument takes are passed.
COSTLY = {
    "train",
    "image_run",
    "vector_run",
    "run",
    "train_linear",
    "two_layers",
    "released_start",
    "dask",
    "processes",
    "warmup",
}


@dataclass(frozen=True)
class Entry:
    """A public callable and the names of its parameters."""

    name: str
    call: Callable[..., Any]
    parameters: tuple[str, ...]
    required: tuple[str, ...]
    annotations: Mapping[str, str]

    @property
    def short(self) -> str:
        return self.name.rsplit(".", 1)[1]


def entries() -> Iterator[Entry]:
    """Yield every public callable once, under its shortest name."""
    found: dict[int, tuple[str, Any]] = {}
    modules = [m.name for m in pkgutil.walk_packages(simtheory.__path__, "simtheory.")]
    for module in ["simtheory", *modules]:
        if "._" in module or module.endswith("start_worker"):
            continue
        room = import_module(module)
        for name in getattr(room, "__all__", ()):
            value = getattr(room, name)
            kept = inspect.isclass(value) or inspect.isfunction(value)
            home = getattr(value, "__module__", "") or ""
            if not kept or not home.startswith("simtheory"):
                continue
            if id(value) not in found or len(module) < len(found[id(value)][0].rsplit(".", 1)[0]):
                found[id(value)] = (f"{module}.{name}", value)
    for name, value in sorted(found.values(), key=lambda pair: pair[0]):
        home = f"{value.__module__}.{value.__name__}"
        if any(f"{place}.".startswith(f"{out}.") for out in LEFT_OUT for place in (name, home)):
            continue
        abstract = inspect.isclass(value) and (
            inspect.isabstract(value) or issubclass(value, enum.Enum)
        )
        if abstract or getattr(value, "_is_protocol", False):
            continue
        signature = inspect.signature(value)
        usual = [
            p
            for p in signature.parameters.values()
            if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        ]
        if usual:
            yield Entry(
                name,
                value,
                tuple(p.name for p in usual),
                tuple(p.name for p in usual if p.default is p.empty),
                {p.name: str(p.annotation) for p in usual},
            )


# Good arguments by the name of the parameter; those of one entry, by its name, go first.
COMMON: dict[str, Any] = {
    "task": TASK,
    "U0": U,
    "W0": W,
    "u0": np.array([0.1, 0.05]),
    "b0": np.zeros(2),
    "w0": 0.1,
    "t": T,
    "rate": np.array([1.0, 2.0]),
    "rates": np.array([1.0, 2.0]),
    "layers": LAYERS,
    "second_moment": np.diag([1.0, 2.0]),
    "cross_moment": np.diag([1.0, 2.0]),
    "weights": W,
    "W": W,
    "A": np.diag([1.0, 2.0]),
    "N": np.eye(2),
    "U": U,
    "depth": 3,
    "lr": 0.01,
    "steps": np.arange(5),
    "n": 50,
    "i": 0,
    "j": 1,
    "decay": 0.1,
    "level": 0.5,
    "step": 0.01,
    "sigma": 0.5,
    "net": NET,
    "variance": np.array([1.0, 2.0]),
    "variances": np.array([1.0, 2.0, 4.0]),
    "times": np.array([1.0, 2.0, 4.0]),
    "generated": np.array([1.0, 2.0, 3.0]),
    "start": 0.1,
    "s": 0.5,
    "sigma_min": 0.1,
    "sigma_max": 2.0,
    "bridge": analytic.denoiser.tied_bridge(NOISY, sigma=0.5),
    "traj": RUN,
    "curve": CURVE,
    "samples": POINTS,
    "curves": CURVES,
    "fit": FIT,
    "source": RUN,
    "loss": np.exp(-T),
    "values": np.stack([T, T**2], axis=-1),
    "shape": (2, 2),
    "scale": 0.1,
    "rng": RNG,
    "seed": 1,
    "cosine": 0.1,
    "mu": (1.0, 2.0),
    "label_noise": 0.1,
    "batch": 8,
    "spread": 0.1,
    "flow": sim.Tied(),
    "init": U,
    "probes": np.eye(2),
    "path": "x",
    "store": "x",
    "predicted": RUN,
    "measured": RUN,
    "low": 0.1,
    "high": 0.9,
    "x": T,
    "rows": ("a", "b"),
    "x_name": "time",
    "origin": "closed",
    "points": np.eye(2),
    "covariance": np.diag([1.0, 2.0]),
    "outputs": np.zeros((2, 2)),
    "teacher": np.diag([1.0, 0.5]),
    "trace": 0.5,
    "log_ratio": 0.1,
    "matrix": np.eye(2),
    "imbalance": 0.1,
    "momentum": 0.0,
    "strength": 2.0,
    "noise": 0.5,
    "ratio": 0.3,
    "width": 1,
    "least": 0.1,
    "label": "tied-mode",
    "name": "mu",
    "kind": "identity",
    "prediction": "v",
    "output": np.zeros((3, 2)),
    "z": np.zeros((3, 2)),
    "sampler": noise.DDIM(),
    "guess": lambda z, level: z,
    "concept": 0,
    "labels": ("a", "b"),
    "xlabel": "x",
    "ylabel": "y",
    "noun": "n",
    "band": (0.1, 0.9),
    "null": 0.0,
    "groups": [np.array([1, 2]), np.array([2, 1])],
    "svg": "<svg></svg>",
    "alt": "text",
    "choices": {"a": "b"},
    "everything": "all",
    "of": "claims",
    "summary": "a",
    "body": "b",
    "title": "t",
    "value": 0.5,
    "paint": lambda axes: None,
    "omega": 0.1,
    "entry": 0.1,
    "axes": {"task.mu_1": [1.0, 2.0]},
    "count": 5,
    "kind_": "all",
    "code": simtheory.analytic.tied.mode,
    "figure": "2a",
    "convention": "stated",
    "strength_": 1.0,
}

DIFFUSION = {"task": NOISY, "variance": 1.0, "t": T}
WIDE = SIMTask(mu=np.linspace(1.0, 2.0, 12), sigma=0.3)
STRONG_FIRST = SIMTask(mu=(3.0, 1.0), sigma=0.1)
STRAIGHT = 0.05 * np.eye(2)
CONCEPTS = ConceptRun(
    steps=np.arange(6),
    prompts=np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [1.0, 1.0]]),
    coordinates=np.linspace(0.0, 1.0, 6)[:, None, None] * np.ones((1, 6, 4, 2)),
    accuracy=np.linspace(0.0, 1.0, 6)[:, None, None] * np.ones((1, 6, 4, 2)),
    joint=np.linspace(0.0, 1.0, 6)[:, None] * np.ones((1, 6, 4)),
    examples=np.zeros((1, 6, 4, 2)),
    losses=np.ones((1, 6)),
    trained=np.array([True, True, True, False]),
    names=("a", "b"),
    strengths=np.array([1.0, 2.0]),
    stats={
        "seeds": (0,),
        "steps": 5,
        "params": 10,
        "net": "MLP",
        "world": "vectors",
        "device": "cpu",
    },
)

# Good arguments of one entry or of all entries of a module, beside the common ones.
OWN: dict[str, dict[str, Any]] = {
    "analytic.denoiser": DIFFUSION,
    "validation.denoiser": {
        **DIFFUSION,
        "levels": np.array([2.0, 1.0]),
        "weights": np.zeros((2, 2, 2)),
    },
    "analytic.flow_matching": {"variance": 1.0},
    "analytic.descent.adam": {"start": STRAIGHT},
    "analytic.finite_sample.perturbation": {"n": 5000, "t": np.linspace(0.0, 1.0, 5)},
    "analytic.finite_sample.proportional": {"task": WIDE},
    "analytic.finite_sample.rate_shift": {"n": 5000},
    "analytic.finite_sample.spikes": {"task": WIDE},
    "analytic.tied.blocks": {"U0": STRAIGHT},
    "analytic.tied.bump_top": {"task": STRONG_FIRST, "U0": 1e-4 * U},
    "analytic.tied.early_correction": {
        "task": STRONG_FIRST,
        "U0": 1e-3 * U,
        "t": np.linspace(0.0, 1.0, 5),
    },
    "analytic.tied.first_order": {"U0": STRAIGHT},
    "analytic.tied.first_order_teacher": {"U0": STRAIGHT},
    "analytic.tied.second_order": {"U0": STRAIGHT},
    "analytic.tied.isotropic": {"task": EQUAL},
    "analytic.tied.projector": {"U0": np.eye(2)},
    "analytic.tied.swing_peak": {"task": STRONG_FIRST, "U0": 1e-2 * U},
    "analytic.untied.crossing": {"rates": (2.0, 1.0), "w0": 0.01},
    "analytic.untied.early": {"t": np.linspace(0.0, 0.1, 5)},
    "analytic.untied.isotropic": {"task": EQUAL},
    "analytic.yang2024.growth_below": {"rate": 1.0},
    "noise.clean_of": {"level": noise.CosineVP().at(0.5)},
    "noise.target_of": {
        "level": noise.CosineVP().at(0.5),
        "x": np.zeros((3, 2)),
        "noise": np.ones((3, 2)),
    },
    "noise.sample": {"levels": noise.Levels.of(noise.CosineVP(), 4), "noise": None},
    "noise.Levels": {"time": [0.9, 0.1], "alpha": [0.1, 0.9], "sigma": [0.9, 0.1]},
    "observe.arrays.rises": {"values": np.sin(T)},
    "observe.arrays.climb": {"values": np.sin(T)[:, None]},
    "observe.arrays.turn_errors": {"values": T, "turn": np.array(1)},
    "observe.arrays.slope": {"x": T, "values": np.sin(T)},
    "observe.arrays.smoothed": {"values": T, "width": 3},
    "observe.arrays.losses": {"outputs": np.zeros((2, 2))},
    "fit.Curves": {"t": T, "values": np.stack([T / 20, T / 20], axis=-1), "names": ("a", "b")},
    "fit.Fit": {f.name: getattr(FIT, f.name) for f in fields(FIT)},
    "fit.Forecast": {f.name: getattr(FORECAST, f.name) for f in fields(FORECAST)},
    "observe.LawResiduals": {f.name: getattr(LAWS, f.name) for f in fields(LAWS)},
    "fit.rises": {"loss": np.exp(-T) + 0.01 * np.random.default_rng(1).normal(size=T.size)},
    "plot": {"ax": None},
    "plot.counts": {"ax": AXES},
    "plot.crossing": {"ax": AXES, "values": np.sin(T), "predicted": 0.1},
    "plot.measurements": {"ax": AXES, "values": [0.5, 0.6], "predicted": 0.5},
    "plot.scatter": {"ax": AXES, "predicted": T[:, None], "measured": T[:, None]},
    "plot.phase": {"data": SWEPT, "variable": "loss"},
    "report.draw": {"path": "picture.svg"},
    "plot.picture": {"path": "picture.svg"},
    "sim.descend": {"steps": 5},
    "sim.Losses": {"probes": np.eye(2)},
    "sim.Outputs": {"probes": np.eye(2)},
    "sim.summarize": {
        "init": np.stack([U, U / 2]),
        "t": np.linspace(0.0, 2.0, 5),
        "read": sim.Diagonal(),
    },
    "sim.integrate": {"t": np.linspace(0.0, 2.0, 5)},
    "sim.flows.methods.Method": {
        "order": 1,
        "stages": np.zeros((1, 1)),
        "embedded": np.zeros(2),
        "dense": np.zeros((2, 2)),
    },
    "sweep.Spec": {
        "task": {"mu": [1.0, "mu_2"], "sigma": 0.1},
        "measure": ["swing_by"],
        "axes": {"mu_2": [1.0, 2.0]},
    },
    "tasks.from_dict": {"kind": "identity", "values": TASK.to_dict()},
    "tasks.identity.moment_rates": {"mu": np.ones(2), "sigma": np.ones(2), "weights": np.ones(2)},
    "tasks.yang2024.Setup": {"steps": 5, "clock": units.Clock(lr=0.1)},
    "validation.MLP": {"depth": 2, "width": 3},
    "validation.concept_diffusion.experiments": {"steps": 2000},
    "validation.initial_layers": {
        "net": validation.MLP(2, 3),
        "dim": 2,
        "seeds": (0, 1),
        "init": None,
    },
    "validation.identity.experiments.hierarchy_violation": {"run": RUN},
    "validation.identity.experiments.seeds_of": {"run": SEEDED},
    "validation.nets.diffusion.ConceptRun": {
        f.name: getattr(CONCEPTS, f.name) for f in fields(CONCEPTS)
    },
    "validation.Points": {"x": np.ones((4, 2))},
    "validation.nets.diffusion": {"run": CONCEPTS, "runs": [CONCEPTS, CONCEPTS]},
    "Trajectory": {
        "task": TASK,
        "t": T,
        "probes": np.eye(2),
        "outputs": np.zeros((201, 2, 2)),
        "weights": np.zeros((201, 2, 2)),
        "origin": "closed",
        "exact": True,
        "stats": {},
    },
    "Samples": {"points": np.zeros((5, 2))},
    "Curve": {"values": np.stack([T, T**2], axis=-1)},
    "tasks.DenoisingTask": {"covariance": np.eye(2)},
}

# What fills the fields of an answer, by the start of its annotation.
FILLING: dict[str, Any] = {
    "NDArray[np.bool_]": np.ones(2, dtype=bool),
    "Array": np.ones(2),
    "IntArray": np.ones(2, dtype=int),
    "float": 0.5,
    "int": 1,
    "str": "a",
    "tuple": (),
    "dict": {},
    "Mapping": {},
    "Any": 0,
    "Interval": fit.Interval(1.0, 0.5, 2.0),
    "Quality": FIT.quality,
    "Curves": CURVES,
    "Constant": simtheory.labels.Constant(1.0, 0.1, "a"),
    "SwingForecast": None,
    "Withheld": None,
    "Forecast": None,
    "bool": True,
    "Kind": simtheory.labels.Proved(),
    "SIMTask": TASK,
    "DenoisingTask": NOISY,
    "OneLayerDenoiser": NET,
    "ArrayLike": 0.1,
    "Callable": len,
    "NDArray": np.ones(2),
    "Init": validation.DefaultInit(),
}


def good(entry: Entry) -> dict[str, Any]:
    """Return good arguments of an entry: all that it requires, and those that are its own."""
    path = entry.name.removeprefix("simtheory.")
    own: dict[str, Any] = {}
    for place in (path.rsplit(".", 1)[0], path):
        own |= OWN.get(place, {})
    found = {name: value for name, value in own.items() if name in entry.required or path in OWN}
    rest = path == "sweep.Spec"
    found = {name: value for name, value in found.items() if rest or name in entry.parameters}
    for name in entry.required:
        if name in found:
            continue
        annotation = re.sub(r"ForwardRef\('(.*)'\)", r"\1", entry.annotations[name])
        filled = next((k for k in FILLING if re.match(rf"{re.escape(k)}(?!\w)", annotation)), None)
        if inspect.isclass(entry.call) and path not in OWN and filled is not None:
            found[name] = FILLING[filled]
        elif name in COMMON:
            found[name] = COMMON[name]
    return found


class Stranger:
    """An object that no entry takes."""


def _iterator() -> Iterator[float]:
    yield 1.0


# Objects that no argument of numbers takes. A text, a mapping and the like are right in other places.
NO_NUMBERS: dict[str, Callable[[], Any]] = {
    "an object": Stranger,
    "a class": lambda: Stranger,
    "a module": lambda: np,
    "a function": lambda: len,
    "a text": lambda: "abc",
    "a number as text": lambda: "1.5",
    "bytes": lambda: b"1",
    "a truth value": lambda: True,
    "a dict": lambda: {"a": 1.0},
    "a set": lambda: {1.0, 2.0},
    "an iterator": _iterator,
    "a masked array": lambda: np.ma.array([1.0, 2.0], mask=[False, True]),
    "a masked square": lambda: np.ma.array(np.eye(2), mask=np.eye(2) > 0),
    "rows of masked arrays": lambda: [np.ma.array([1.0, 0.0]), np.ma.array([0.0, 1.0])],
    "dates": lambda: np.array(["2020-01-01", "2020-01-02"], dtype="M8[D]"),
    "time spans": lambda: np.array([1, 2], dtype="m8[s]"),
    "words": lambda: np.array(["1", "2"]),
    "truth values": lambda: np.array([True, False]),
    "truth values in a list": lambda: [1.0, True],
    "complex numbers": lambda: np.array([1.0 + 1.0j, 2.0]),
    "a complex number": lambda: 1.0 + 1.0j,
    "records": lambda: np.zeros(2, dtype=[("a", float), ("b", float)]),
    "objects": lambda: np.array([1.0, None], dtype=object),
    "numbers as objects": lambda: np.array([1.0, 2.0], dtype=object),
    "rows of unequal length": lambda: [[1.0, 2.0], [3.0]],
    "a sparse matrix": lambda: scipy.sparse.eye(2, format="csr"),
    "an integer beyond float64": lambda: 10**400,
    "integers beyond float64": lambda: [2**53 + 1, 1],
    "NaN": lambda: float("nan"),
    "an array with NaN": lambda: np.array([1.0, np.nan]),
    "None": lambda: None,
}
# Numbers of the wrong size or shape: an entry refuses them, or answers without NaN.
NUMBERS: dict[str, Callable[[], Any]] = {
    "minus one": lambda: -1,
    "zero": lambda: 0,
    "a fraction": lambda: 0.3,
    "seven": lambda: 7,
    "infinity": lambda: float("inf"),
    "1e300": lambda: 1e300,
    "no numbers": lambda: np.zeros(0),
    "three numbers": lambda: np.array([1.0, 2.0, 3.0]),
    "one number": lambda: np.array([0.5]),
    "a cube": lambda: np.full((2, 3, 4), 0.1),
    "a square of three": lambda: 0.1 * np.eye(3),
    "a skew square": lambda: np.array([[0.1, 0.2], [0.0, 0.1]]),
    "a negative square": lambda: -np.eye(2),
    "an array with infinity": lambda: np.array([1.0, np.inf]),
    "an empty list": list,
    "single precision": lambda: np.float32(0.5),
    "another task": lambda: SIMTask(mu=(1.0, 2.0, 3.0), sigma=0.1),
    "a noisy task": lambda: DenoisingTask(np.eye(3), sigma_min=0.1, sigma_max=1.0),
    "a curve": lambda: CURVE,
    "samples": lambda: POINTS,
    "a run": lambda: RUN,
    "a fit": lambda: FIT,
}
# Raw errors that may leave an entry: those of Python's own, about the number and names of arguments.
OWN_WORDS = re.compile(r"missing \d+ required|unexpected keyword|positional argument")
NUMERIC = re.compile(r"\b(ArrayLike|Array|IntArray|float|int)\b")
# Answers of entries, whose NaN stands for what is not known, and functions that trust their numbers.
MAY_BE_NAN = re.compile(
    r"simtheory\.(observe\.arrays\.\w+|analytic\.(?!denoiser\.\w+Denoiser)(\w+\.)*[A-Z]\w+"
    r"|(observe|fit|labels|sim|validation\.\w+|validation\.nets\.diffusion(\.\w+)?)\.[A-Z]\w+|validation\.nets\.diffusion\.\w+"
    r"|Curve|Samples|Trajectory|analytic\.one_layer\.flow|tasks\.identity\.moment_rates"
    r"|noise\.(Level|sample|target_of|clean_of)|plot\.\w+|report\.\w+)$"
)


@dataclass(frozen=True)
class Call:
    """One call with one wrong argument."""

    entry: Entry
    parameter: str
    wrong: str

    def __str__(self) -> str:
        return f"{self.entry.name}({self.parameter}={self.wrong})"

    def fault(self) -> str | None:
        """Make the call; return the rule that its outcome breaks, or None."""
        value = {**NO_NUMBERS, **NUMBERS}[self.wrong]()
        arguments = {**good(self.entry), self.parameter: value}
        try:
            with quiet():
                answer = self.entry.call(**arguments)
                if inspect.isgenerator(answer):
                    answer.close()
        except RegimeError:
            return None
        except SimTheoryError as error:
            return self._about(str(error))
        except TypeError as error:
            return None if OWN_WORDS.search(str(error)) else f"raw TypeError: {error}"
        except Exception as error:
            return f"raw {type(error).__name__}: {error}"
        if self.wrong in NO_NUMBERS and self._numeric():
            return "accepted in silence"
        if self.wrong in ("an object", "a class", "a module") and self._typed():
            return "accepted in silence"
        if holds_nan(answer) and not MAY_BE_NAN.match(self.entry.name):
            return "NaN in the answer"
        return None

    def _about(self, text: str) -> str | None:
        if len(text) > 600:
            return f"an error of {len(text)} characters: {text[:200]}"
        words = re.findall(r"[A-Za-z_0-9]+", f"{text} {text.lower()}".replace("axis", "axes"))
        named = set(self.entry.parameters) & set(words)
        return None if named or text.startswith("The file ") else f"names no argument: {text}"

    def _numeric(self) -> bool:
        kind = self.entry.annotations[self.parameter]
        if self.wrong in ("None",) and "None" in kind:
            return False
        if self.wrong.startswith(("NaN", "an array with NaN")) and MAY_BE_NAN.match(
            self.entry.name
        ):
            return False
        if self.wrong in ("a text", "a number as text") and re.search(r"\bstr\b", kind):
            return False
        other = re.search(
            r"\b(Any|object|Mapping|dict|Callable|Iterable|tuple\[\w+, \.\.\.\])", kind
        )
        return bool(NUMERIC.search(kind)) and not other

    def _typed(self) -> bool:
        kind = self.entry.annotations[self.parameter]
        return not re.search(r"\b(Any|object|Callable|T|R|Code|type|empty)\b", kind)


def holds_nan(answer: Any) -> bool:
    """Return whether NaN stands anywhere in an answer."""
    if isinstance(answer, float):
        return bool(np.isnan(answer))
    if isinstance(answer, np.ndarray):
        return answer.dtype.kind == "f" and bool(np.isnan(answer).any())
    if isinstance(answer, list | tuple):
        return any(map(holds_nan, answer))
    if is_dataclass(answer) and not isinstance(answer, type):
        return any(holds_nan(getattr(answer, each.name)) for each in fields(answer))
    return False


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let warnings pass, and close the figures that a call opened."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            if "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close("all")


def calls() -> list[Call]:
    """Return all calls: every parameter of every entry with every wrong argument that cannot hang it."""
    found = []
    for entry in entries():
        for parameter in entry.parameters:
            kind = entry.annotations[parameter]
            for wrong in (*NO_NUMBERS, *NUMBERS):
                costly = entry.short in COSTLY
                if costly and (
                    wrong not in ("an object", "a class", "a module") or not NUMERIC.search(kind)
                ):
                    continue
                if wrong == "an integer beyond float64" and re.search(r"\bint\b", kind):
                    continue  # a count of 10**400 steps is right, and does not end
                if wrong == "integers beyond float64" and kind == "tuple[int, ...]":
                    continue  # a shape that no memory holds
                if "IntArray" in kind and wrong == "integers beyond float64":
                    continue  # they are integers
                if re.match("Callable|.*Blocks", kind) and wrong in ("a function", "a class"):
                    continue  # any function is right
                found.append(Call(entry, parameter, wrong))
    return found


def drawn(count: int, *, seed: int) -> list[Call]:
    """Return `count` of all calls, the same for one seed."""
    every = calls()
    return random.Random(seed).sample(every, min(count, len(every)))


if __name__ == "__main__":
    broken = 0
    for call in drawn(int(sys.argv[1]), seed=int(sys.argv[2]) if sys.argv[2:] else 0):
        why = call.fault()
        if why is not None:
            broken += 1
            print(f"{call}: {why}")
    sys.exit(bool(broken))
