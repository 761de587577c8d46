"""The training loop, compiled: one for all networks, of one seed or of all seeds side by side.

A `Learner` says what is minimised and what is looked at; the loop does the steps between two looks. This
file needs JAX and Equinox; it is loaded after the arguments are checked.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax

from simtheory._faces import face
from simtheory.validation.nets.optimisers import Factors, Optimiser

__all__ = ["Common", "Learner", "State", "advance", "advance_all", "start"]


@face
class State(NamedTuple):
    """Where training stands.

    Parameters
    ----------
    net : pytree
        The network.
    memory : pytree
        The optimiser's memory.
    order : jax.Array or None
        The order in which the points are taken.
    total : jax.Array or None
        Loss summed over the steps since the last look, for learners that count it.
    """

    net: Any
    memory: Any
    order: Any = None
    total: Any = None


@face
class Common(NamedTuple):
    """Numbers that are not compiled in and that all seeds share.

    Parameters
    ----------
    lr : jax.Array
        Learning rate.
    more : pytree
        What the learner needs beside it.
    """

    lr: Any
    more: Any = None


@face
class Learner(ABC):
    """What a loop trains.

    A learner is a frozen dataclass, all of which is compiled in. It gives `batch`, `loss` and `look`.
    """

    __slots__ = ()

    optimiser: Optimiser

    @property
    def factors(self) -> Factors:
        """Factors on the learning rate of each layer."""
        return None

    @property
    def counts_loss(self) -> bool:
        """Whether the loss of the steps is summed up."""
        return False

    @property
    def steps_outside(self) -> bool:
        """Whether each step is a call of its own: convolutions are slow in a compiled loop on a CPU."""
        return False

    def ordered(self, order: Any, key: Any, step: Any) -> Any:
        """Return the order of the points at a step.

        Parameters
        ----------
        order : jax.Array or None
            The order of the points before the step.
        key : jax.Array
            Source of randomness of the seed.
        step : jax.Array
            The step.

        Returns
        -------
        jax.Array or None
            The order; by default the one before.
        """
        return order

    @abstractmethod
    def batch(self, data: Any, order: Any, key: Any, common: Common, step: Any) -> Any:
        """Return what a step sees of the data.

        Parameters
        ----------
        data : pytree
            The data of the seed.
        order : jax.Array or None
            The order of the points at the step.
        key : jax.Array
            Source of randomness of the seed.
        common : Common
            What all seeds share.
        step : jax.Array
            The step.

        Returns
        -------
        pytree
            What `loss` takes.
        """

    @abstractmethod
    def loss(self, net: Any, batch: Any, key: Any, common: Common) -> Any:
        """Return what a step descends.

        Parameters
        ----------
        net : pytree
            The network.
        batch : pytree
            What the step sees of the data.
        key : jax.Array
            Source of randomness of the step.
        common : Common
            What all seeds share.

        Returns
        -------
        jax.Array, shape ()
            The loss.
        """

    @abstractmethod
    def look(self, state: State, data: Any, common: Common) -> Any:
        """Return what is seen of the network between steps.

        Parameters
        ----------
        state : State
            Where training stands.
        data : pytree
            The data of the seed.
        common : Common
            What all seeds share.

        Returns
        -------
        dict of jax.Array
            What is seen, by name.
        """

    def slope(self, net: Any, batch: Any, key: Any, common: Common) -> tuple[Any, Any]:
        """Return the loss and its gradient, by default derived from `loss`.

        Parameters
        ----------
        net : pytree
            The network.
        batch : pytree
            What the step sees of the data.
        key : jax.Array
            Source of randomness of the step.
        common : Common
            What all seeds share.

        Returns
        -------
        value : jax.Array or None
            The loss, where it is counted.
        slope : pytree
            Its gradient, shaped as the network.
        """
        if self.counts_loss:
            value, slope = jax.value_and_grad(self.loss)(net, batch, key, common)
            return value, slope
        return None, jax.grad(self.loss)(net, batch, key, common)


@face
def start(learner: Learner, net: Any, lr: Any, *, order: Any = None) -> State:
    """Return the state before the first step.

    Parameters
    ----------
    learner : Learner
        What is trained.
    net : pytree
        The network.
    lr : jax.Array
        Learning rate.
    order : jax.Array, optional
        The order of the points. Default: none.

    Returns
    -------
    State
        The state.
    """
    memory = learner.optimiser.transform(lr, learner.factors).init(net)
    return State(net, memory, order, jnp.zeros_like(lr) if learner.counts_loss else None)


@face
def advance(
    learner: Learner, state: State, data: Any, key: Any, common: Common, step: Any, stops: Any
) -> tuple[State, Any]:
    """Train one seed from `step` to the last of `stops`, and look at each.

    Parameters
    ----------
    learner : Learner
        What is trained.
    state : State
        Where training stands.
    data : pytree
        The data of the seed.
    key : jax.Array
        Source of randomness of the seed.
    common : Common
        What all seeds share.
    step : jax.Array
        Where training stands, in steps.
    stops : jax.Array of int, shape (looks,)
        Steps at which to look, rising; training ends with the last.

    Returns
    -------
    state : State
        Where training stands then.
    seen : pytree
        What was seen, looks on the leading axis.
    """
    if not learner.steps_outside:
        return _advance_one(learner, state, data, key, common, step, stops)
    seen, here = [], int(step)
    for stop in stops.tolist():
        state = _cleared(state)
        for k in range(here, stop):
            state = _one_step(learner, state, data, key, common, jnp.asarray(k))
        seen.append(learner.look(state, data, common))
        here = stop
    return state, jax.tree.map(lambda *parts: jnp.stack(parts), *seen)


@eqx.filter_jit
def advance_all(
    learner: Learner, states: State, data: Any, keys: Any, common: Common, step: Any, stops: Any
) -> tuple[State, Any]:
    """Train all seeds side by side.

    Parameters
    ----------
    learner : Learner
        What is trained.
    states : State
        Where training stands, seeds on the leading axes.
    data : pytree
        The data of the seeds, on the leading axes.
    keys : jax.Array
        Source of randomness of each seed.
    common : Common
        What all seeds share.
    step : jax.Array
        Where training stands, in steps.
    stops : jax.Array of int, shape (looks,)
        Steps at which to look, rising; training ends with the last.

    Returns
    -------
    states : State
        Where training stands then.
    seen : pytree
        What was seen, seeds and looks on the leading axes.
    """
    return jax.vmap(lambda s, d, k: _advance(learner, s, d, k, common, step, stops))(
        states, data, keys
    )


def _advance(
    learner: Learner, state: State, data: Any, key: Any, common: Common, step: Any, stops: Any
) -> tuple[State, Any]:
    def to_look(carry: tuple[Any, State], stop: Any) -> tuple[tuple[Any, State], Any]:
        here, state = carry
        state = lax.fori_loop(
            here,
            stop,
            lambda k, now: _step(learner, now, data, key, common, k),
            _cleared(state),
        )
        return (stop, state), learner.look(state, data, common)

    (_, state), seen = lax.scan(to_look, (step, state), stops)
    return state, seen


def _step(learner: Learner, state: State, data: Any, key: Any, common: Common, step: Any) -> State:
    order = learner.ordered(state.order, key, step)
    batch = learner.batch(data, order, key, common, step)
    value, slope = learner.slope(state.net, batch, jax.random.fold_in(key, step), common)
    transform = learner.optimiser.transform(common.lr, learner.factors)
    updates, memory = transform.update(slope, state.memory, state.net)
    total = state.total if state.total is None else state.total + value
    return State(eqx.apply_updates(state.net, updates), memory, order, total)


def _cleared(state: State) -> State:
    return state if state.total is None else state._replace(total=jnp.zeros_like(state.total))


_one_step = eqx.filter_jit(_step)
_advance_one = eqx.filter_jit(_advance)
