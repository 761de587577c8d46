"""Nets laid out for the kernel, so that tests can call its parts one by one."""

from __future__ import annotations

import numpy as np

from simtheory.sim.engine.compilation import entry
from simtheory.sim.engine.lanes import LANES, call, room, store, table
from simtheory.sim.engine.layout import ABREAST, NAMES, triangle_of
from simtheory.sim.flows import driver, stepper
from simtheory.sim.flows.readings import Entries
from simtheory.sim.flows.running import _plan


@entry
def _field(m, address, y, out):
    at = table(address)
    call(at.prepare, m, at, 0, 0)
    call(at.field, m, at, y, out)


@entry
def _read(m, address, y):
    return driver.read(m, table(address), y)


@entry
def _go(m, address):
    at = table(address)
    stepper.step(m, at)
    call(at.weigh, m, at, 0, 0)
    store(m, at.share, stepper.step_error(m, at))
    stepper.extend(m, at)


@entry
def _inside(m, address, x):
    at = table(address)
    store(m, at.x, x)
    stepper.interpolate(m, at, at.stage)
    call(at.leave, m, at, at.stage, at.value)


@entry
def _defect(m, address, x):
    at = table(address)
    store(m, at.share, stepper.defect(m, at, x))


class Bench:
    """Memory of an integration: the same state in every lane, one in each, or one in all of them."""

    def __init__(self, state, rates, *, framed=False, axes=None, group=ABREAST):
        self.at, weights = _plan(
            state,
            Entries().rows(rates.shape[-1]),
            framed=framed,
            turned=axes is not None,
            group=group,
        )
        self.m = room(int(self.at[-1]))
        self.framed, self.nets = framed, group.nets
        for place, numbers in weights:
            self.m[place * LANES : place * LANES + numbers.size] = numbers
        d = rates.shape[-1]
        self.triangle = triangle_of(d, group) if state.form == "map" else None
        self["y"] = np.resize(state.entries, (self.nets, state.entries.shape[1]))
        self.put("rates", np.resize(rates, (self.nets, d)))
        self.set_step(1.0)
        if axes is not None:
            line = self.place("line")
            rows = np.zeros((self.nets, line, line))
            rows[:, :d, :d] = np.resize(axes, (self.nets, d, d)).mT
            self.put("axes", rows.reshape(self.nets, -1))

    def place(self, name: str) -> int:
        return int(self.at[NAMES.index(name)])

    def take(self, place: int, n: int):
        """Nets by numbers."""
        return self.m[place * LANES :][: n * self.nets].reshape(n, self.nets).T.copy()

    def put(self, name: str, numbers) -> None:
        first = self.place(name) * LANES
        self.m[first : first + numbers.size] = np.ascontiguousarray(numbers.T).ravel()

    def set_step(self, h: float) -> None:
        self.put("h", np.full(LANES, h))

    def __getitem__(self, name: str):
        """A state or slope, nets by entries; of a map its lower triangle, row after row."""
        if self.triangle is None:
            return self.take(self.place(name), self.place("n"))
        place = self.triangle.place
        return self.take(self.place(name), self.triangle.size)[
            :, place[*np.tril_indices(len(place))]
        ]

    def __setitem__(self, name: str, entries) -> None:
        self.put(name, self.triangle.arranged(entries) if self.triangle else entries)

    @property
    def here(self) -> tuple[int, int]:
        return self.m.ctypes.data, self.at.ctypes.data

    def slope(self):
        """The field at y, in canonical time."""
        _field(*self.here, self.place("y"), self.place("f_new"))
        return self["f_new"]

    def maps(self):
        """W of y, nets by d by d."""
        source = _read(*self.here, self.place("y"))
        d = self.place("d")
        select = self.at[self.place("select") :][: d * d]
        n = int(select.max()) + 1
        return self.take(source, n)[:, select].reshape(self.nets, d, d)

    def step(self, h: float) -> None:
        """Take a step from y to y_new and prepare its interpolant."""
        self.set_step(1.0)
        _field(*self.here, self.place("y"), self.place("f"))
        self.set_step(h)
        _go(*self.here)

    def inside(self, x: float):
        """The state at the fraction x of the last step."""
        _inside(*self.here, x)
        return self["value" if self.framed else "stage"]

    def defect(self, x: float):
        _defect(*self.here, x)
        return self.take(self.place("share"), 1)[:, 0]
