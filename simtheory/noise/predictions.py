r"""What a net learns to predict, and the guess of the clean data that its prediction implies.

==========  ======================================  ================================================
name        what is predicted                       the guess
==========  ======================================  ================================================
``"v"``     the velocity                            :math:`\hat x = (\alpha z - \sigma v) /
            :math:`\alpha\varepsilon - \sigma x`    (\alpha^2 + \sigma^2)`
``"eps"``   the noise :math:`\varepsilon`           :math:`\hat x = (z - \sigma\hat\varepsilon) /
                                                    \alpha`
``"x0"``    the clean data x                        itself
==========  ======================================  ================================================

The exact conditional means of the three give the same guess, as they are linear in one another at a
given z. What a net learns differs: half the squared error of the velocity is that of the clean data
weighted by :math:`(\alpha^2 + \sigma^2)^2/\sigma^2`, that of the noise by :math:`\alpha^2/\sigma^2`.
"""

from __future__ import annotations

from typing import Any

from simtheory._checks import floats, one_of
from simtheory._faces import face
from simtheory.noise.schedules import Level

__all__ = ["PREDICTIONS", "clean_of", "target_of"]

PREDICTIONS = ("v", "eps", "x0")


@face
def target_of(prediction: str, x: Any, noise: Any, level: Level) -> Any:
    """Return what a net shall predict.

    Parameters
    ----------
    prediction : {"v", "eps", "x0"}
        What is predicted.
    x : ndarray or jax.Array
        Clean data.
    noise : ndarray or jax.Array
        Standard normal noise, shaped as x.
    level : Level
        Where they are mixed; its shares broadcast against x.

    Returns
    -------
    ndarray or jax.Array
        The target, shaped as x.
    """
    x, noise = floats("x", x), floats("noise", noise)
    if one_of("prediction", prediction, PREDICTIONS) == "v":
        return level.alpha * noise - level.sigma * x
    return noise if prediction == "eps" else x


@face
def clean_of(prediction: str, output: Any, z: Any, level: Level) -> Any:
    """Return the guess of the clean data that a prediction implies.

    Parameters
    ----------
    prediction : {"v", "eps", "x0"}
        What is predicted.
    output : ndarray or jax.Array
        The prediction.
    z : ndarray or jax.Array
        The noised data, α x + σ ε.
    level : Level
        Where they were mixed; its shares broadcast against z.

    Returns
    -------
    ndarray or jax.Array
        The guess, shaped as z.
    """
    z, output = floats("z", z), floats("output", output)
    if one_of("prediction", prediction, PREDICTIONS) == "v":
        return (level.alpha * z - level.sigma * output) / (level.alpha**2 + level.sigma**2)
    return (z - level.sigma * output) / level.alpha if prediction == "eps" else output
