"""How the run of a kernel can end."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Status"]


class Status(IntEnum):
    """How the integration of one net ended.

    The kernels return these numbers; `advice` is what an error tells the user.
    """

    OK = 0
    NON_FINITE = 1
    STEP_TOO_SMALL = 2
    BUDGET_SPENT = 3
    OUT_OF_TIME = 4

    @property
    def advice(self) -> str:
        """What happened and what to try, as a sentence."""
        return _ADVICE[self]


_ADVICE = {
    Status.OK: "The integration reached the end of the grid.",
    Status.NON_FINITE: (
        "The weights or their slope are too large for a float64: start from smaller weights."
    ),
    Status.STEP_TOO_SMALL: (
        "The step fell below the rounding of the time: loosen `rtol` or start from smaller weights."
    ),
    Status.BUDGET_SPENT: (
        "The budget of steps was spent: raise `max_steps`, end the grid `t` earlier or loosen "
        "`rtol`. Rates far apart make long grids stiff, large weights make the start stiff."
    ),
    Status.OUT_OF_TIME: (
        "The budget of seconds was spent: raise `max_seconds`, loosen `rtol` or take fewer members."
    ),
}
