r"""The models as functions of unbounded parameters.

A form has the parameters, for concepts k and pairs k < p,

====================  ==================================  =======================================
name                  scale on which it is fitted         models
====================  ==================================  =======================================
``rate_k``            ln                                  all
``start_k``           as it is; logit but for one layer   all: w_kk(0); its growing part if imbalanced
``imbalance_k``       as it is                            untied, imbalanced: decaying over growing part
``cosine_kp``         atanh of partial cosines            tied, correlated rows
``start_kp``          as it is                            one layer, correlated rows: w_kp(0)
``amplitude_k``       ln                                  a loss without known `mu`
``end_k``             as it is                            outputs that end elsewhere than at 1
``floor``             as it is                            a loss that ends elsewhere than at 0
====================  ==================================  =======================================

Partial cosines, each between two rows without their shares along the rows before, may take any
values in (−1, 1): at every point of a search W(0) = U₀U₀ᵀ is a Gram matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations, permutations
from typing import Any

import numpy as np
from scipy.special import expit, logit

from simtheory import sim
from simtheory._typing import Array
from simtheory.analytic import one_layer, tied
from simtheory.fit import _shapes
from simtheory.fit.curves import Curves
from simtheory.observe import arrays

MODELS = ("one-layer", "tied", "untied", "deep")
LOGISTIC = ("tied", "untied")
"""Models whose modes are logistic: they differ in the time that a step takes."""
ROWS = ("orthogonal", "correlated")

_RTOL = 1e-9
"""Tolerance of the flow: with steps of 1e-4 in the parameters, derivatives are right to 1e-5."""

_MAX_STEPS = 4000
"""Most steps of the flow for each measured length of time; rates that learn in 1/1000 of it need fewer."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale on which a kind of parameters is fitted."""

    low: float
    high: float
    """Ends of the range that a search may try."""
    fitted: Callable[[Any], Any]
    natural: Callable[[Any], Any]
    """To the scale, and back to the unit of the data."""
    loose: float
    """Standard error above which a parameter counts as unknown."""
    meaning: str
    """What a larger error means, for a message."""


_FACTOR = "{0:.2g} in its logarithm, and 1 is a factor of seven either way"
SCALES = {
    # Rates in inverse lengths of the measured time.
    "ln_rate": Scale(float(np.log(1e-4)), float(np.log(1e4)), np.log, np.exp, 1.0, _FACTOR),
    "start": Scale(
        -20.0, 20.0, np.asarray, np.asarray, 1.0, "{0:.2g}, more than the whole way from 0 to 1"
    ),
    "logit_start": Scale(
        -80.0, 20.0, logit, expit, 6.0,
        "{0:.2g} in its logarithm, and 6 is nine orders of magnitude",
    ),
    "atanh_cosine": Scale(
        -4.0, 4.0, np.arctanh, np.tanh, 1.5,
        "{0:.2g} in its atanh, and 1.5 leaves all open from none to parallel",
    ),
    "ln_amplitude": Scale(-20.0, 20.0, np.log, np.exp, 1.0, _FACTOR),
    "imbalance": Scale(
        -0.9, 50.0, np.asarray, np.asarray, 2.0, "{0:.2g}, and layers of any random start have about 1"
    ),
    "end": Scale(-5.0, 5.0, np.asarray, np.asarray, 0.2, "{0:.2g}, and 1 is the whole way"),
    "floor": Scale(
        -1e12, 1e12, np.asarray, np.asarray, np.inf, "{0:.2g}, larger than any loss"
    ),
}  # fmt: skip
"""The scales by name."""


@dataclass(frozen=True, slots=True)
class Form:
    """One model of one set of curves, its time in units of the measured length of time."""

    model: str
    rows: str
    observed: str
    n: int
    mu: Array | None = field(compare=False)
    depth: float = 2.0
    """Number of layers of a deep net."""
    ends: tuple[int, ...] = ()
    """Columns whose end is fitted; (0,) for a loss with a floor."""
    imbalanced: bool = False
    """Whether the layers of an untied net may differ at the start."""

    @classmethod
    def of(
        cls, curves: Curves, model: str, rows: str, depth: float, ends: tuple[int, ...] = ()
    ) -> Form:
        return cls(model, rows, curves.observed, curves.n_concepts, curves.mu, depth, ends)

    @property
    def layout(self) -> list[tuple[str, str]]:
        """Name and scale of every parameter, in order."""
        concepts = range(1, self.n + 1)
        found = [(f"rate_{k}", "ln_rate") for k in concepts]
        if self.model != "one-layer":
            found += [(f"start_{k}", "logit_start") for k in concepts]
        elif not self.amplitudes:  # one layer's start and amplitude are one factor
            found += [(f"start_{k}", "start") for k in concepts]
        if self.imbalanced:
            found += [(f"imbalance_{k}", "imbalance") for k in concepts]
        if self.rows == "correlated" and self.model == "tied":
            found += [(f"cosine_{k}{p}", "atanh_cosine") for k, p in combinations(concepts, 2)]
        if self.rows == "correlated" and self.model == "one-layer":
            found += [(f"start_{k}{p}", "start") for k, p in permutations(concepts, 2)]
        if self.amplitudes:
            found += [(f"amplitude_{k}", "ln_amplitude") for k in concepts]
        if self.ends and self.observed == "loss":
            return [*found, ("floor", "floor")]
        return found + [(f"end_{k + 1}", "end") for k in self.ends]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.layout]

    @property
    def scales(self) -> list[str]:
        return [scale for _, scale in self.layout]

    @property
    def amplitudes(self) -> bool:
        """Whether signal strengths are fitted, too."""
        return self.observed == "loss" and self.mu is None

    def part(self, theta: Array, prefix: str, digits: int = 1) -> Array:
        """Return the parameters called prefix_k, or prefix_kp with two digits, shape (..., m)."""
        head = f"{prefix}_"
        wanted = [
            k
            for k, n in enumerate(self.names)
            if n.startswith(head) and len(n) == len(head) + digits
        ]
        return theta[..., wanted]

    def weights(self, theta: Array, t: Array) -> Array:
        """Return W among the concepts, shape (..., T, n, n)."""
        rates = np.exp(self.part(theta, "rate"))
        if self.model == "one-layer":
            flat, start = rates.reshape(-1, self.n), self._map(theta).reshape(-1, self.n, self.n)
            runs = [one_layer.flow(a, W0, t) for a, W0 in zip(flat, start, strict=True)]
            return np.stack(runs).reshape(*rates.shape[:-1], t.size, self.n, self.n)
        if self.rows == "orthogonal" and self.model == "deep":
            modes = _shapes.mode(rates, self.part(theta, "start"), t, self.depth)
            return np.swapaxes(modes, -1, -2)[..., None] * np.eye(self.n)
        if self.imbalanced:
            start, decays = expit(self.part(theta, "start")), self.part(theta, "imbalance")
            modes = _shapes.imbalanced(rates, start, decays, t)
            return np.swapaxes(modes, -1, -2)[..., None] * np.eye(self.n)
        if self.rows == "orthogonal":
            modes = tied.mode(rates, expit(self.part(theta, "start")), t)
            return np.swapaxes(modes, -1, -2)[..., None] * np.eye(self.n)
        moment = rates[..., None] * np.eye(self.n)
        U0 = np.sqrt(expit(self.part(theta, "start")))[..., None] * self._rows(theta)
        most = int(_MAX_STEPS * max(1.0, float(t[-1])))
        return sim.integrate(sim.Tied(), moment, U0, t, rtol=_RTOL, max_steps=most)

    def values(self, theta: Array, t: Array) -> Array:
        """Return what was observed, shape (..., T, C)."""
        return self.observe(theta, self.weights(theta, t))

    def observe(self, theta: Array, W: Array) -> Array:
        """Return what is observed of W, shape (..., T, C)."""
        diagonal = np.diagonal(W, axis1=-2, axis2=-1)
        if self.observed == "loss":
            if self.mu is None:
                mu = np.exp(self.part(theta, "amplitude"))[..., None, :]
                loss = 0.5 * np.sum((mu * (1.0 - diagonal)) ** 2, axis=-1, keepdims=True)
            else:
                loss = arrays.losses(W @ self.mu, self.mu)[..., None]
            return np.asarray(loss + theta[..., -1:, None] if self.ends else loss)
        if self.observed == "concepts" or self.mu is None:
            return self.shares(theta, diagonal)
        return self.shares(theta, W @ self.mu / self.mu)

    def shares(self, theta: Array, outputs: Array) -> Array:
        """Return shares of the target, which end where the fit says, shape (..., T, C)."""
        if not self.ends or self.observed == "loss":
            return outputs
        scale = np.ones((*theta.shape[:-1], 1, self.n))
        scale[..., 0, list(self.ends)] = self.part(theta, "end")
        return np.asarray(scale * outputs)

    def linked(self, theta: Array) -> Array:
        """Return the parameters with plain instead of partial cosines, on their atanh scale."""
        if not (self.rows == "correlated" and self.model == "tied"):
            return theta
        rows = self._rows(theta)
        gram = rows @ np.swapaxes(rows, -1, -2)
        k, p = np.array(list(combinations(range(self.n), 2))).T
        plain = theta.copy()
        where = [j for j, name in enumerate(self.names) if name.startswith("cosine")]
        plain[..., where] = np.arctanh(np.clip(gram[..., k, p], -1 + 1e-12, 1 - 1e-12))
        return plain

    def natural(self, linked: Array, span: float) -> Array:
        """Return linked parameters in the units of the data, where rates are per time."""
        result = np.array(linked)
        for k, scale in enumerate(self.scales):
            result[..., k] = SCALES[scale].natural(linked[..., k])
            if scale == "ln_rate":
                result[..., k] /= span
        return result

    def fitted(self, name: str, value: float, span: float) -> float:
        """Return a natural value on the scale on which it is fitted."""
        scale = dict(self.layout)[name]
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(SCALES[scale].fitted(value * span if scale == "ln_rate" else value))

    def _map(self, theta: Array) -> Array:
        """W(0) of one layer, shape (..., n, n)."""
        start = self.part(theta, "start")
        W0 = np.zeros((*theta.shape[:-1], self.n, self.n))
        if start.shape[-1]:
            W0 = start[..., None] * np.eye(self.n)
        if self.rows == "correlated":
            k, p = np.array(list(permutations(range(self.n), 2))).T
            W0[..., k, p] = self.part(theta, "start", digits=2)
        return W0

    def _rows(self, theta: Array) -> Array:
        """Rows of length one with the given partial cosines: lower triangular, (..., n, n)."""
        rows = np.zeros((*theta.shape[:-1], self.n, self.n))
        rows[..., 0, 0] = 1.0
        partial = np.tanh(self.part(theta, "cosine", digits=2))
        place = {pair: m for m, pair in enumerate(combinations(range(self.n), 2))}
        for p in range(1, self.n):
            left = np.ones(theta.shape[:-1])
            for k in range(p):
                z = partial[..., place[k, p]]
                rows[..., p, k] = z * left
                left = left * np.sqrt(1.0 - z * z)
            rows[..., p, p] = left
        return rows
