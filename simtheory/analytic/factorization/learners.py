r"""Two learners in closed form: sums over factors, and the denoiser that only remembers.

A model that writes every image as a sum of a function of each factor composes what is such a sum (crossing
stripes, the logarithm of a bump) without error and fails on what is not (a bump). A denoiser that is best on a
finite training set returns a mean of its examples: it never composes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simtheory._checks import as_finite, flag, positive, share
from simtheory._faces import face
from simtheory._typing import Array, ArrayLike
from simtheory.errors import ArgumentError, ShapeError
from simtheory.labels import Computed, implements

__all__ = ["AdditiveFit", "additive_fit", "ideal_denoiser"]

_ROUNDING = 1e-10
"""Singular values of a design of zeros and ones below this share of the largest count as zero."""
_BLOCK = 2**22
"""Numbers that a block of distances holds; 32 MiB."""


class AdditiveFit(NamedTuple):
    """What a sum over factors makes of all examples.

    Parameters
    ----------
    predicted : ndarray, shape of the images
        Its images of all examples.
    error : float
        Squared error of the held-out images over their power.
    determined : ndarray of bool, shape (n,)
        Whether the seen examples determine the image of each.
    """

    predicted: Array
    error: float
    determined: NDArray[np.bool_]


@implements(
    "conjunction-additivity",
    kind=Computed(
        r"\hat f(x, y) = f_x + f_y \;(+ f_{xy} \text{ for seen pairs}),\quad"
        r" \min \textstyle\sum_x |f_x|^2 + \sum_y |f_y|^2 + \sum_{xy} |f_{xy}|^2"
        r" \text{ among the fits of the seen images}"
    ),
    title="what the smallest sum over factors makes of held-out combinations",
    regime="factors that are coded value by value",
    source="lippl2024",
    where="kernels of compositional codes, computed here on images",
)
@face
def additive_fit(
    images: ArrayLike,
    factors: ArrayLike,
    held_out: NDArray[np.bool_],
    *,
    conjunctions: bool = False,
) -> AdditiveFit:
    """Fit a sum of one function of each factor to the seen images, the smallest of equal fits.

    Parameters
    ----------
    images : array_like, shape (n, ...)
        Images, or any other targets.
    factors : array_like, shape (n, k)
        Values of the k factors of each, such as labels on a lattice.
    held_out : ndarray of bool, shape (n,)
        Which images are not fitted.
    conjunctions : bool
        Whether every seen combination has a term of its own too. Then all seen images are fitted, and less
        is left to the factors.

    Returns
    -------
    AdditiveFit
        Predicted images, the error over held-out power, and which images the seen ones determine.

    Raises
    ------
    ShapeError
        If there are not factors and a mark for each image.
    ArgumentError
        If all or none is held out, or the held-out images are all zero.

    References
    ----------
    lippl2024.

    Examples
    --------
    Stripes are a sum, so that what is held out costs nothing.

    >>> y, x = np.mgrid[:8, :8]
    >>> images = np.eye(8)[x.ravel()][:, None, :] + np.eye(8)[y.ravel()][:, :, None]
    >>> factors = np.stack([x.ravel(), y.ravel()], axis=-1)
    >>> additive_fit(images, factors, factors.sum(-1) > 10).error < 1e-24
    True
    """
    targets, values, held = _examples(images, factors, held_out)
    levels = [np.unique(column, return_inverse=True)[1].ravel() for column in values.T]
    design = np.concatenate([np.eye(index.max() + 1)[index] for index in levels], axis=1)
    flat = targets.reshape(len(targets), -1)
    left, size, right = np.linalg.svd(design[~held], full_matrices=False)
    kept = size > _ROUNDING * size[0]
    left, size, right = left[:, kept], size[kept], right[kept]
    determined = np.abs(design - design @ right.T @ right).max(axis=1) < 1e-6
    if flag("conjunctions", conjunctions):
        predicted = _with_conjunctions(flat, design, held)
    else:
        predicted = design @ (right.T @ ((left.T @ flat[~held]) / size[:, None]))
    power = float((flat[held] ** 2).sum())
    if power == 0.0:
        raise ArgumentError(
            "Argument `images` must hold a held-out image that is not zero, but all held-out ones are."
        )
    error = float(((predicted - flat)[held] ** 2).sum()) / power
    return AdditiveFit(predicted.reshape(targets.shape), error, determined)


def _examples(
    images: ArrayLike, factors: ArrayLike, held_out: NDArray[np.bool_]
) -> tuple[Array, Array, NDArray[np.bool_]]:
    targets, values = as_finite("images", images), as_finite("factors", factors)
    held = np.asarray(held_out)
    if targets.ndim < 1 or values.ndim != 2 or len(values) != len(targets) or not values.size:
        raise ShapeError(
            "Arguments `images` and `factors` must have shapes (n, ...) and (n, k), but theirs are "
            f"{targets.shape} and {values.shape}."
        )
    if held.dtype != bool or held.shape != (len(targets),):
        raise ShapeError(
            f"Argument `held_out` must be truth values of shape ({len(targets)},), one for each image, "
            f"but it is {held.dtype} of shape {held.shape}."
        )
    if held.all() or not held.any():
        raise ArgumentError(
            f"Argument `held_out` must hold some of the images, but it holds {int(held.sum())} of "
            f"{len(targets)}."
        )
    return targets, values, held


def _with_conjunctions(flat: Array, design: Array, held: NDArray[np.bool_]) -> Array:
    """Return the predictions of the smallest fit with a term for each seen combination."""
    pairs, cell = np.unique(design, axis=0, return_inverse=True)
    cell = cell.ravel()
    count = np.bincount(cell[~held], minlength=len(pairs))
    means = np.zeros((len(pairs), flat.shape[1]))
    np.add.at(means, cell[~held], flat[~held])
    seen = count > 0
    means[seen] /= count[seen, None]
    # The terms of pairs have a unit kernel: for what is unseen the factors are fitted with a unit ridge.
    factors = np.linalg.solve(
        pairs[seen].T @ pairs[seen] + np.eye(pairs.shape[1]), pairs[seen].T @ means[seen]
    )
    return np.where(seen[cell][:, None], means[cell], design @ factors)


@implements(
    "conditional-ideal-denoiser",
    kind=Computed(
        r"\hat x(z, c) = \frac{\sum_i k(c, c_i)\, x_i\, e^{-|z - \alpha x_i|^2/2s^2}}"
        r"{\sum_i k(c, c_i)\, e^{-|z - \alpha x_i|^2/2s^2}}"
    ),
    title="best denoiser of a finite labelled training set",
    regime="a kernel of labels that is not negative",
    source="liang2024",
    where="derived here from the posterior mean",
)
@face
def ideal_denoiser(
    z: ArrayLike,
    clean: ArrayLike,
    *,
    data_share: float,
    noise_share: float,
    weights: ArrayLike,
) -> Array:
    r"""Mean of the training images, given a noisy image and how near each label is.

    For a noisy image :math:`z = \alpha x + s\varepsilon`. It interpolates over the width of the kernel of
    labels and superposes what it remembers.

    Parameters
    ----------
    z : array_like, shape (..., D)
        Noisy images.
    clean : array_like, shape (n, D)
        Training images.
    data_share : float
        Factor α of the clean image, :math:`\sqrt{\bar\alpha}`, in (0, 1].
    noise_share : float
        Standard deviation s of the noise, :math:`\sqrt{1 - \bar\alpha}`, positive.
    weights : array_like, shape (n,) or (..., n)
        Kernel k of the label of each training image and the wanted one, zero or more, such as a Gaussian of
        their distance. The overlap of sinusoidal codes is negative in places and serves only as
        ``exp(kappa * overlap)``.

    Returns
    -------
    ndarray, shape (..., D)
        Denoised images, within the convex hull of the training images.

    Raises
    ------
    ArgumentError
        If a share is outside its range, a weight is negative, or all weights of an image are zero.
    ShapeError
        If shapes do not fit.

    References
    ----------
    liang2024.

    Examples
    --------
    >>> ideal_denoiser([0.1], [[-1.0], [1.0]], data_share=0.1, noise_share=1.0, weights=[1, 1]).round(4)
    array([0.01])
    """
    noisy, known = as_finite("z", z), as_finite("clean", clean)
    part, spread = share("data_share", data_share, ends="(]"), positive("noise_share", noise_share)
    kernel = as_finite("weights", weights)
    if noisy.ndim < 1 or known.ndim != 2 or not known.size or noisy.shape[-1] != known.shape[1]:
        raise ShapeError(
            "Arguments `z` and `clean` must have shapes (..., D) and (n, D), but theirs are "
            f"{noisy.shape} and {known.shape}."
        )
    rows = noisy.shape[:-1]
    if kernel.shape not in ((len(known),), (*rows, len(known))):
        raise ShapeError(
            f"Argument `weights` must have shape ({len(known)},) or {(*rows, len(known))}, but its shape "
            f"is {kernel.shape}."
        )
    if kernel.size and kernel.min() < 0.0:
        raise ArgumentError(
            f"Argument `weights` must not be negative, but its smallest entry is {kernel.min():g}: then "
            "the sum is no mean. Use exp(kappa * overlap), or a Gaussian of the distance of labels."
        )
    if not kernel.any(axis=-1).all():
        raise ArgumentError("Argument `weights` must not be all zero for an image, but it is.")
    with np.errstate(divide="ignore"):
        logs = np.broadcast_to(np.log(kernel), (*rows, len(known))).reshape(-1, len(known))
    flat = noisy.reshape(-1, known.shape[1])
    found = np.empty_like(flat)
    step = max(1, _BLOCK // known.size)
    for k in range(0, len(flat), step):
        square = ((flat[k : k + step, None, :] - part * known) ** 2).sum(axis=-1)
        square[np.isneginf(logs[k : k + step])] = np.inf  # never the nearest
        beyond = square - square.min(axis=-1, keepdims=True)
        with np.errstate(over="ignore"):  # little noise: the nearest image alone
            log = logs[k : k + step] - 0.5 * beyond / spread / spread
        mass = np.exp(log - log.max(axis=-1, keepdims=True))
        found[k : k + step] = (mass / mass.sum(axis=-1, keepdims=True)) @ known
    return found.reshape(noisy.shape)
