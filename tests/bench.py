"""Eight nets laid out for the kernel, so that tests can call its parts one by one."""

from __future__ import annotations

import numpy as np

from simtheory.sim import _kernels, _stepper
from simtheory.sim._compile import entry
from simtheory.sim._engine import _plan
from simtheory.sim._lanes import LANES, call, room, store, table
from simtheory.sim._places import NAMES
from simtheory.sim.methods import DOP853
from simtheory.sim.readings import Entries


@entry
def _field(m, address, y, out):
    at = table(address)
    call(at.prepare, m, at, 0, 0)
    call(at.field, m, at, y, out)


@entry
def _read(m, address, y):
    return _kernels.read(m, table(address), y)


@entry
def _go(m, address, nodes):
    at = table(address)
    _stepper.step(m, at, nodes)
    call(at.weigh, m, at, 0, 0)
    store(m, at.share, _stepper.step_error(m, at))
    _stepper.extend(m, at, nodes)


@entry
def _inside(m, address, x):
    at = table(address)
    store(m, at.x, x)
    _stepper.interpolate(m, at, at.stage)
    call(at.leave, m, at, at.stage, at.value)


@entry
def _defect(m, address, x):
    at = table(address)
    store(m, at.share, _stepper.defect(m, at, x))


class Bench:
    """Memory of an integration with the same state in every lane, or one in each."""

    def __init__(self, state, rates, *, framed=False, axes=None):
        self.at, weights = _plan(
            state,
            Entries().rows(rates.shape[-1]),
            framed=framed,
            turned=axes is not None,
            width=LANES,
        )
        self.m = room(int(self.at[-1]))
        self.framed = framed
        for place, numbers in weights:
            self.m[place * LANES : place * LANES + numbers.size] = numbers
        self["y"] = np.resize(state.entries, (LANES, state.entries.shape[1]))
        self["rates"] = np.resize(rates, (LANES, rates.shape[-1]))
        self["h"] = np.ones((LANES, 1))
        if axes is not None:
            self["axes"] = np.resize(
                axes.reshape(-1, rates.shape[-1] ** 2), (LANES, axes.shape[-1] ** 2)
            )

    def place(self, name: str) -> int:
        return int(self.at[NAMES.index(name)])

    def take(self, place: int, n: int):
        """Lanes by entries."""
        return self.m[place * LANES : (place + n) * LANES].reshape(n, LANES).T.copy()

    def __getitem__(self, name: str):
        return self.take(self.place(name), self.place("n"))

    def __setitem__(self, name: str, lanes) -> None:
        first = self.place(name) * LANES
        self.m[first : first + lanes.size] = np.ascontiguousarray(lanes.T).ravel()

    @property
    def here(self) -> tuple[int, int]:
        return self.m.ctypes.data, self.at.ctypes.data

    def slope(self):
        """The field at y, in canonical time."""
        _field(*self.here, self.place("y"), self.place("f_new"))
        return self["f_new"]

    def maps(self):
        """W of y, lanes by d by d."""
        source = _read(*self.here, self.place("y"))
        d = self.place("d")
        select = self.at[self.place("select") :][: d * d]
        n = int(select.max()) + 1
        return self.take(source, n)[:, select].reshape(LANES, d, d)

    def step(self, h: float) -> None:
        """Take a step from y to y_new and prepare its interpolant."""
        self["h"] = np.ones((LANES, 1))
        _field(*self.here, self.place("y"), self.place("f"))
        self["h"] = np.full((LANES, 1), h)
        _go(*self.here, DOP853.nodes)

    def inside(self, x: float):
        """The state at the fraction x of the last step."""
        _inside(*self.here, x)
        return self["value" if self.framed else "stage"]

    def defect(self, x: float):
        _defect(*self.here, x)
        return self.take(self.place("share"), 1)[:, 0]
