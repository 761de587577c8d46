"""Experts from files: mixtures as they are, samples as mixtures that are fitted to them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from zipfile import BadZipFile
from zlib import error

import numpy as np

from simtheory._checks import as_finite, as_seed, require
from simtheory._faces import face
from simtheory._typing import Array
from simtheory.errors import ArgumentError, FitError, ShapeError
from simtheory.tasks import GaussianMixture

__all__ = ["FittedExpert", "read_expert", "read_score"]

_MOST = 8  # components that are tried
_PATIENCE = 2  # components after the best number that are tried before the search ends
_ENOUGH = 20_000  # samples that a fit sees, at most; more take longer and change little
_HELD_OUT = 0.1


@face
@dataclass(frozen=True, slots=True, eq=False)
class FittedExpert:
    """An expert from a file.

    Parameters
    ----------
    name : str
        Name of the file.
    mixture : GaussianMixture
        The expert.
    samples : int or None
        Number of samples; None for a mixture that was given.
    criteria : tuple of float
        Bayesian information criterion of 1, 2, … components; the smallest was taken, and the search ends
        two after it.
    held_out : float or None
        Mean log-density of the samples that were held out, in nats.
    """

    name: str
    mixture: GaussianMixture
    samples: int | None = None
    criteria: tuple[float, ...] = ()
    held_out: float | None = None

    @property
    def words(self) -> str:
        """What it is, in words."""
        k, d = self.mixture.components, self.mixture.dim
        noun = "component" if k == 1 else "components"
        if self.samples is None:
            return f"{self.name}: {k} {noun} in {d}D, as given"
        return (
            f"{self.name}: {k} {noun} in {d}D, fitted to {self.samples} samples "
            f"(held-out log-density {self.held_out:.3f})"
        )


@face
def read_expert(path: str | Path, *, seed: int = 0) -> FittedExpert:
    """Read an expert from a file.

    Parameters
    ----------
    path : str or Path
        An npz that holds ``weights``, ``means`` and ``covariances``, or ``samples`` of shape (n, d); or an
        npy of samples.
    seed : int
        Of the split into samples that are fitted and held out, and of the fit.

    Returns
    -------
    FittedExpert
        The expert. Samples are fitted by scikit-learn with full covariances; the number of components
        is that of the smallest Bayesian information criterion.

    Raises
    ------
    ArgumentError
        If the file cannot be read or holds neither.
    FitError
        If there are fewer samples than a single Gaussian has parameters.
    MissingExtraError
        If samples are given and scikit-learn is not installed.
    """
    source = Path(path)
    try:
        held = np.load(source, allow_pickle=False)
        if isinstance(held, np.ndarray):  # npy, one array
            arrays = {"samples": held}
        else:
            with held:
                arrays = {name: held[name] for name in held.files}
    except (
        OSError,
        ValueError,
        EOFError,
        KeyError,
        NotImplementedError,  # a zip whose compression Python does not read
        BadZipFile,
        error,
    ) as reason:
        raise ArgumentError(f"The file {source} is no readable npz of arrays: {reason}") from reason
    mixture = ("weights", "means", "covariances")
    if set(mixture) <= set(arrays):
        return FittedExpert(source.name, GaussianMixture(*(arrays[name] for name in mixture)))
    if "samples" not in arrays:
        raise ArgumentError(
            f"The file {source} must hold `samples`, or `weights`, `means` and `covariances`, but it holds "
            f"{', '.join(sorted(arrays)) or 'nothing'}. Save it by np.savez(path, samples=x)."
        )
    x = as_finite("samples", arrays["samples"])
    if x.ndim == 1:
        x = x[:, None]
    if x.ndim != 2:
        raise ShapeError(f"Argument `samples` must have shape (n, d), but its shape is {x.shape}.")
    return _fit(source.name, x, seed)


def _fit(name: str, x: Array, seed: int) -> FittedExpert:
    n, d = x.shape
    single = d + d * (d + 1) // 2
    if n <= single:
        raise FitError(
            f"The file {name} holds {n} samples in {d} dimensions, but one Gaussian alone has {single} "
            "parameters. Bring more samples, or project them on fewer axes."
        )
    fits = require("sklearn.mixture", extra="assess")
    rng = np.random.default_rng(as_seed("seed", seed))
    order = rng.permutation(n)
    held = x[order[: max(1, int(_HELD_OUT * n))]]
    seen = x[order[len(held) :]][:_ENOUGH]
    found, criteria = [], []
    for k in range(1, _MOST + 1):
        if k * (single + 1) - 1 >= len(seen):
            break
        model = fits.GaussianMixture(k, random_state=seed, max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a fit that did not converge has a worse criterion
            model.fit(seen)
        found.append(model)
        criteria.append(float(model.bic(seen)))
        if len(criteria) - 1 - int(np.argmin(criteria)) == _PATIENCE:
            break
    best = found[int(np.argmin(criteria))]
    return FittedExpert(
        name, GaussianMixture.from_fitted(best), n, tuple(criteria), float(best.score(held))
    )


@face
def read_score(name: str) -> Any:
    """Import a callable by ``module:function``.

    Parameters
    ----------
    name : str
        Module and function, such as ``"my_nets:score"``.

    Returns
    -------
    object
        What stands there: a callable, or a sequence of experts.

    Raises
    ------
    ArgumentError
        If there is no such module or name.
    """
    module, colon, attribute = name.partition(":")
    if not colon or not module or not attribute:
        raise ArgumentError(
            f"Argument `score` must be module:function, such as my_nets:score, but it is {name!r}."
        )
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as reason:
        raise ArgumentError(
            f"Argument `score` is {name!r}, which cannot be imported: {reason}."
        ) from reason
