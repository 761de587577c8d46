"""The figures of Yang et al. (yang2024) as set-ups that can be run.

Text and released code differ in places. Each figure is here twice: ``convention="stated"`` is the
caption and the text, ``convention="released"`` is the authors' script. The differences:

* The theory scripts (figures 5, 8, 9, 10) step W with the *squared* rates a_k².
* The training scripts (figures 2, 3, 7) pass ``sigma`` as a variance, give every layer a bias, add
  a cluster at the origin in the two-concept task, and average the loss over the outputs.
* Data are turned by one random rotation in both; gradient descent is equivariant, so the set-ups
  here stay in the concept axes.

The random start of the theory figures is
``inits.torch_uniform(setup.shape, scale=setup.init_scale, seed=setup.seed)``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from simtheory._checks import one_of, positive
from simtheory._faces import face
from simtheory.tasks.identity import SIMTask
from simtheory.units import Clock

__all__ = [
    "Setup",
    "figure_2a",
    "figure_2b",
    "figure_3",
    "figure_5",
    "figure_7",
    "figure_8",
    "figure_9",
    "figure_10",
]

CONVENTIONS = ("stated", "released")
_SAMPLES, _BATCH, _EPOCHS = 5000, 128, 40


@face
@dataclass(frozen=True, slots=True)
class Setup:
    """One figure's task, network and training.

    Parameters
    ----------
    figure : str
        Number of the figure in yang2024.
    convention : {"stated", "released"}
        Whether the numbers are the text's or the released script's.
    task : SIMTask
        The task.
    clock : Clock
        Learning rate and loss, which turn steps into canonical time.
    steps : int
        Optimiser steps.
    depth, width : int
        Layers and hidden units.
    activation : {"linear", "relu"}
        Activation between layers.
    bias : bool
        Whether layers have a bias.
    samples, batch : int or None
        Training points per cluster and minibatch size; None for the population.
    init_scale : float or None
        Factor on the uniform start of the theory figures; None for the networks' default start.
    seed : int
        Published seed.
    """

    figure: str
    convention: str
    task: SIMTask
    clock: Clock
    steps: int
    depth: int = 2
    width: int = 3
    activation: str = "linear"
    bias: bool = False
    samples: int | None = None
    batch: int | None = None
    init_scale: float | None = None
    seed: int = 2333

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (dim, width) of the weights of the tied net."""
        return (self.task.dim, self.width)


@face
def figure_2a(mu_1: float = 1.0, *, convention: str = "stated") -> Setup:
    """Return the set-up of figure 2(a): learning order against signal strength, one linear layer.

    Parameters
    ----------
    mu_1 : float
        Signal of the first concept; the figure shows 1, 2 and 3 against mu_2 = 2.
    convention : {"stated", "released"}
        Text or released script.

    Returns
    -------
    Setup
        mu = (mu_1, 2), sigma = 0.05, d = 64; SGD, batch 128, lr 0.1, 40 epochs.
    """
    return _trained("2a", convention, mu=(positive("mu_1", mu_1), 2.0), sigma=(0.05, 0.05), depth=1)


@face
def figure_2b(sigma_1: float = 0.05, *, convention: str = "stated") -> Setup:
    """Return the set-up of figure 2(b): learning order against diversity, one linear layer.

    Parameters
    ----------
    sigma_1 : float
        Diversity of the first, weaker concept; the released runs take 0.05, 0.1, 0.5, 1, 2. As
        released it is a variance.
    convention : {"stated", "released"}
        Text or released script.

    Returns
    -------
    Setup
        mu = (1, 2), sigma = (sigma_1, 0.05), d = 64; training as in figure 2(a).
    """
    return _trained(
        "2b", convention, mu=(1.0, 2.0), sigma=(positive("sigma_1", sigma_1), 0.05), depth=1
    )


@face
def figure_3(dim: int = 2, *, convention: str = "stated") -> Setup:
    """Return the set-up of figures 2(c) and 3: four linear layers, d = 64 against d = 2.

    Parameters
    ----------
    dim : {2, 64}
        Ambient dimension; the hidden width is 4 for d = 2 and 64 for d = 64.
    convention : {"stated", "released"}
        mu = (1, 2) as stated, (2, 4) as released, where d = 2 runs at lr 0.01.

    Returns
    -------
    Setup
        The task and training; the two dimensions run on different clocks.
    """
    one_of("dim", str(dim), ("2", "64"))
    mu, lr = (
        ((2.0, 4.0), 0.01 if dim == 2 else 0.1) if convention == "released" else ((1.0, 2.0), 0.1)
    )
    return _trained(
        "3",
        convention,
        mu=mu,
        sigma=(0.05, 0.05),
        depth=4,
        dim=dim,
        width=4 if dim == 2 else 64,
        lr=lr,
    )


@face
def figure_5(*, convention: str = "stated") -> Setup:
    """Return the set-up of figures 5, 17 and 18: a tied net of two concepts, one rise of the loss.

    Parameters
    ----------
    convention : {"stated", "released"}
        Both have mu = (1, 1.5), sigma = 0.05 on three coordinates, Unif(0, 1)/5 and seed 2333;
        the released script steps with squared rates.

    Returns
    -------
    Setup
        2000 steps of 0.01.
    """
    return _theory(
        "5", convention, mu=(1.0, 1.5), sigma=(0.05,) * 3, scale=0.2, seed=2333, steps=2000
    )


@face
def figure_7(*, convention: str = "stated") -> Setup:
    """Return the set-up of figure 7: the sixteen vertices of four concepts.

    Parameters
    ----------
    convention : {"stated", "released"}
        A two-layer ReLU net with sigma = 1/2 as stated; the released run is one linear layer with
        variance 1/2, and its "epoch 1" is the checkpoint before training.

    Returns
    -------
    Setup
        mu = (1, 2, 3, 4); five epochs.
    """
    stated = convention == "stated"
    setup = _trained(
        "7",
        convention,
        mu=(1.0, 2.0, 3.0, 4.0),
        sigma=(0.5,) * 4,
        depth=2 if stated else 1,
        origin=False,
        epochs=5,
    )
    return replace(setup, activation="relu") if stated else setup


@face
def figure_8(*, convention: str = "stated") -> Setup:
    """Return the set-up of figure 8: three concepts, triple descent of a tied net.

    Parameters
    ----------
    convention : {"stated", "released"}
        mu = (1, 1.5, 2.2), sigma = 0.05 as stated; mu = (1, 1.7, 2.25), sigma = (0.5, 0.25, 0.25)
        and squared rates as released.

    Returns
    -------
    Setup
        Unif(0, 1)/10, seed 233333; 10000 steps of 0.01.
    """
    if convention == "released":
        return _theory("8", convention, mu=(1.0, 1.7, 2.25), sigma=(0.5, 0.25, 0.25))
    return _theory("8", convention, mu=(1.0, 1.5, 2.2), sigma=(0.05,) * 3)


@face
def figure_9(*, convention: str = "stated") -> Setup:
    """Return the set-up of figure 9: four concepts, quadruple descent of a tied net.

    Parameters
    ----------
    convention : {"stated", "released"}
        sigma = (0.05, 0.05, 0.05, 0.5) as stated, 0.05 for all and squared rates as released.

    Returns
    -------
    Setup
        mu = (1, 1.5, 2.2, 2.7); Unif(0, 1)/10, seed 233333; 10000 steps of 0.01.
    """
    last = 0.05 if convention == "released" else 0.5
    return _theory("9", convention, mu=(1.0, 1.5, 2.2, 2.7), sigma=(0.05, 0.05, 0.05, last))


@face
def figure_10(*, convention: str = "stated") -> Setup:
    """Return the set-up of figure 10: a concept that the released run never learns.

    Parameters
    ----------
    convention : {"stated", "released"}
        The same numbers; the released script steps with squared rates. The exact flow learns the
        concept in both (see the errata page).

    Returns
    -------
    Setup
        mu = (0.7, 1.7, 3), sigma = 0.05; Unif(0, 1)/10, seed 233333; 10000 steps of 0.01.
    """
    return _theory("10", convention, mu=(0.7, 1.7, 3.0), sigma=(0.05,) * 3)


def _theory(
    figure: str,
    convention: str,
    *,
    mu: tuple[float, ...],
    sigma: tuple[float, ...],
    scale: float = 0.1,
    seed: int = 233333,
    steps: int = 10_000,
) -> Setup:
    released = one_of("convention", convention, CONVENTIONS) == "released"
    task = SIMTask(mu=mu, sigma=sigma, dim=len(sigma), squared_rates=released)
    return Setup(
        figure,
        convention,
        task,
        Clock(lr=0.01, loss="recurrence", tied=True),
        steps,
        width=task.dim,
        init_scale=scale,
        seed=seed,
    )


def _trained(
    figure: str,
    convention: str,
    *,
    mu: tuple[float, ...],
    sigma: tuple[float, ...],
    depth: int,
    dim: int = 64,
    width: int = 64,
    lr: float = 0.1,
    origin: bool = True,
    epochs: int = _EPOCHS,
) -> Setup:
    released = one_of("convention", convention, CONVENTIONS) == "released"
    spread = tuple(v**0.5 for v in sigma) if released else sigma
    task = SIMTask(mu=mu, sigma=spread, dim=dim, origin=origin and released)
    per_epoch = -(-task.weights.size * _SAMPLES // _BATCH)
    return Setup(
        figure,
        convention,
        task,
        Clock(lr=lr, loss="mean" if released else "half_sum", dim=dim),
        epochs * per_epoch,
        depth=depth,
        width=width,
        bias=released,
        samples=_SAMPLES,
        batch=_BATCH,
    )
