"""From the states of an ensemble to its readings: memory, forms of state, chunks and threads.

Members are cut into chunks; each is one call of the compiled integrator, which releases the GIL, so
plain threads run chunks side by side. Nothing in a member's numbers depends on its chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from simtheory._typing import Array, IntArray
from simtheory.sim.engine.layout import (
    ABREAST,
    NAMES,
    PARTS,
    SINGLE,
    SMALL,
    WIDE,
    Group,
    lay_out,
    triangle_of,
)
from simtheory.sim.engine.status import Status
from simtheory.sim.engine.threads import Flag, usable_cpus, work
from simtheory.sim.flows.methods import DOP853
from simtheory.sim.flows.readings import Rows
from simtheory.sim.flows.states import State

# The share of the requested error that a step and the defect of its interpolant may take, both in
# the kernel's norm. Errors of steps add up and grow; the interpolant's own error is about a tenth
# of its defect. Over 160 drawn tied nets and 40 chains (d 2..12, widths 1..48, starts 1e-4..1,
# condition up to 300, rtol 1e-11..1e-3) the error of W on the grid came out at 0.13 of the request
# in the middle and at 0.7 at most.
_SHARES = {"map": (0.3, 3.0), "frame": (0.1, 1.0), "factor": (0.1, 2.0), "chain": (0.04, 0.7)}

# From this product of the largest rate and the time on, a map is integrated in the exponential
# frame: stability would hold plain steps below about 3 / a_max, and a step in the frame costs two.
# From it on, too, tied nets are watched for rest, and end there.
_LONG = 200.0

_LARGE = 24  # dimension from which on a map is carried alone; eight together would leave the caches
_CHUNK = 512  # most members of a chunk; larger ensembles are cut into several
# Members times d³ up to which a single chunk runs in the calling thread, for a few hundredths of a
# second; beyond it runs in a thread, which an interrupt can end.
_SHORT = 2**17


class Result(NamedTuple):
    """Readings (members, T, m), status, last good time, and counts of each member."""

    values: Array
    status: IntArray
    times: Array
    counts: IntArray


def follow_states(
    states: Sequence[State],
    rates: Array,
    axes: Array | None,
    t: Array,
    rows: Rows,
    *,
    teachers: Array | None = None,
    layers: bool = False,
    rtol: float,
    max_steps: int,
    max_seconds: float | None,
    threads: int | None,
) -> Result:
    """Integrate every member of an ensemble.

    Parameters
    ----------
    states : sequence of State
        Starts, in the eigenbasis of the second moment.
    rates : ndarray, shape (members, d)
        Eigenvalues of the second moment.
    axes : ndarray, shape (members, d, d), or None
        Its eigenvectors, unless they are the coordinate axes.
    t : ndarray, shape (T,)
        Grid.
    rows : Rows
        What is read off W.
    teachers : ndarray, shape (members, d, d), or None
        What W is drawn to, in the eigenbasis; None for the identity.
    layers : bool
        Whether `rows` counts the numbers of a state, not entries of W; axes are not turned back then.
    rtol, max_steps, max_seconds, threads
        As `integrate` takes them, checked.

    Returns
    -------
    Result
        With NaN from where a member stopped.
    """
    members, d = rates.shape
    result = blank(members, t, rows)
    stop = np.zeros(1, dtype=np.uint8)
    jobs: list[Callable[[], object]] = []
    # Lanes idle where a chunk runs out, so one thread gets whole ones; more of them share evenly.
    threads = threads or usable_cpus()
    parts = 1 if threads == 1 else 2 * threads
    for state in states:
        group = _group_of(state.form, d)
        size = min(_CHUNK, group.nets * -(-members // (parts * group.nets)))
        long = rates[state.members].max(axis=1) * t[-1] > _LONG
        if state.form == "chain" or teachers is not None:  # neither a frame nor rest
            long[:] = False
        for far in (False, True):
            chosen = long == far
            if not chosen.any():
                continue
            framed = far and state.form == "map"
            at, weights = _plan(
                state,
                rows,
                framed=framed,
                turned=axes is not None,
                aimed=teachers is not None,
                layers=layers,
                may_rest=far,
                group=group,
            )
            step_share, defect_share = _SHARES["frame" if framed else state.form]
            limits = (rtol * step_share, rtol * defect_share, max_steps)
            if max_seconds is not None and not jobs:  # no members: compiles before the clock runs
                none = np.empty((0, d, d))
                empty = (np.empty((0, 1)), rates[:0], none, none, np.empty(0, np.intp))
                _job(at, weights, empty, t, limits, result, stop, group)()
            slots, entries = state.members[chosen], state.entries[chosen]
            for first in range(0, len(slots), size):
                part = slice(first, first + size)
                these = slots[part]
                turns = np.empty((0, d, d)) if axes is None else axes[these]
                aims = np.empty((0, d, d)) if teachers is None else teachers[these]
                numbers = np.ascontiguousarray(entries[part])
                if state.form == "map":
                    numbers = triangle_of(d, group).arranged(numbers)
                starts = (numbers, rates[these], turns, aims, these)
                jobs.append(_job(at, weights, starts, t, limits, result, stop, group))
    work(jobs, stop, max_seconds, threads, alone=len(jobs) == 1 and members * d**3 <= _SHORT)
    for k in np.flatnonzero(result.status):
        result.values[k, result.counts[k, -1] :] = np.nan
    return result


def relax(
    W0: Array, rates: Array, axes: Array | None, t: Array, rows: Rows, teachers: Array | None
) -> Result:
    """Return one layer's readings in closed form, W = W₀ + (B − W₀)(1 − exp(−At)); B = I without teachers."""
    members, d, _ = W0.shape
    values = np.empty((members, t.size, rows.ends.size - 1))
    for first in range(0, members, _CHUNK):
        part = slice(first, first + _CHUNK)
        learned = -np.expm1(-rates[part, np.newaxis, :] * t[:, np.newaxis])
        B = np.eye(d) if teachers is None else teachers[part]
        W = (B - W0[part])[:, np.newaxis] * learned[:, :, np.newaxis, :]
        W += W0[part, np.newaxis]
        if axes is not None:
            Q = axes[part, np.newaxis]
            W = Q @ W @ np.swapaxes(Q, -1, -2)
        flat = W.reshape(-1, t.size, d * d)
        if rows.plain:
            values[part] = flat[:, :, rows.entries]
        else:
            terms = flat[:, :, rows.entries] * rows.factors
            values[part] = np.add.reduceat(terms, rows.ends[:-1], axis=-1)
    status = np.where(np.isfinite(values).all(axis=(1, 2)), Status.OK, Status.NON_FINITE)
    counts = np.zeros((members, 4), dtype=np.intp)
    counts[status == Status.OK, -1] = t.size
    return Result(values, status, np.where(status == Status.OK, t[-1], 0.0), counts)


def blank(members: int, t: Array, rows: Rows) -> Result:
    """Return a result that is not filled yet."""
    return Result(
        np.empty((members, t.size, rows.ends.size - 1)),
        np.zeros(members, dtype=np.intp),
        np.zeros(members),
        np.zeros((members, 4), dtype=np.intp),
    )


def _group_of(form: str, d: int) -> Group:
    """Return how nets are carried."""
    if d <= SMALL:
        return WIDE
    return SINGLE if form == "map" and d >= _LARGE else ABREAST


def _job(
    at: IntArray,
    weights: list[tuple[int, Array]],
    starts: tuple[Array, Array, Array, Array, IntArray],
    t: Array,
    limits: tuple[float, float, int],
    result: Result,
    stop: Flag,
    group: Group,
) -> Callable[[], object]:
    from simtheory.sim.engine.lanes import room
    from simtheory.sim.flows import driver

    follow = driver.follow_wide if group == WIDE else driver.follow
    if group == SINGLE and SINGLE.width != ABREAST.width:  # else they share their code
        follow = driver.follow_single
    width = group.width

    states, rates, axes, teachers, slots = starts
    step_tolerance, defect_tolerance, max_steps = limits
    member = np.full(group.nets, -1)
    outside = {
        "grid": t,
        "states": states,
        "given_rates": rates,
        "given_axes": axes,
        "teachers": teachers,
        "slots": slots,
        "values": result.values,
        "status": result.status,
        "reached": result.times,
        "counts": result.counts,
        "member": member,
        "stop": stop,
    }
    sizes = {
        "n_times": t.size,
        "n_members": len(states),
        "n_given": states.shape[1],
        "max_steps": min(max_steps, 2**53),
    }
    # The job keeps these arrays for as long as it may run: the table holds their addresses alone.
    outside = {name: np.ascontiguousarray(array) for name, array in outside.items()}
    own = at.copy()
    for name, number in ({n: x.ctypes.data for n, x in outside.items()} | sizes).items():
        own[NAMES.index(name)] = number

    def job() -> object:
        m = room(int(own[-1]), width)
        for place, numbers in weights:
            m[place * width : place * width + numbers.size] = numbers
        outside["member"][:] = -1
        return follow(m.ctypes.data, own.ctypes.data, step_tolerance, defect_tolerance)

    return job


@cache  # which keeps the array: tables hold its address
def _nodes() -> Array:
    """Return the nodes of the method."""
    return np.ascontiguousarray(DOP853.nodes)


@cache
def _tableau() -> tuple[IntArray, IntArray, Array]:
    """Return where each row of the method begins, and its entries: their stages and weights.

    Rows of the stages are summed one by one, those of the errors and the interpolant together.
    """
    blocks = [row[np.newaxis] for row in DOP853.stages] + [DOP853.embedded, DOP853.dense]
    used = [np.flatnonzero(block.any(axis=0)) for block in blocks]
    stages = [np.repeat(u, len(block)) for block, u in zip(blocks, used, strict=True)]
    weights = [block[:, u].T.ravel() for block, u in zip(blocks, used, strict=True)]
    first = np.cumsum([0, *(each.size for each in stages)])
    return first, np.concatenate(stages), np.concatenate(weights)


def _plan(
    state: State,
    rows: Rows,
    *,
    framed: bool,
    turned: bool,
    aimed: bool = False,
    layers: bool = False,
    may_rest: bool = False,
    group: Group,
) -> tuple[IntArray, list[tuple[int, Array]]]:
    """Lay out the memory of an integration; return the table of places and the numbers to put in.

    The last entry of the table is the size of the memory.
    """
    from simtheory.sim.engine.compilation import address
    from simtheory.sim.flows.fields import FORMS, FRAME, TURNED, map_mapped, nothing

    d, packed = int(state.sizes[0]), state.form == "map"
    depth, groups = state.sizes.size - 1, int(state.group.max()) + 1
    triangle, together = triangle_of(d, group), group.width // group.nets
    n = triangle.rows.size if packed else state.entries.shape[1]
    across = -(-d // together)
    line = across * together
    entries = rows.entries
    if not layers:
        i, j = np.divmod(entries, d)
        # A map that is not turned is read from the triangle itself.
        entries = triangle.place[i, j] if packed and not turned else i * line + j
    first, stages, numbers = _tableau()
    sums = 0 if rows.plain else rows.ends.size - 1
    tables = {
        "sizes": state.sizes,
        "group": state.group,
        "row": triangle.rows,
        "column": triangle.columns,
        "first": first,
        "stages": stages,
        "ends": rows.ends,
        "entries": entries,
        "select": entries if rows.plain else np.arange(sums),
    }
    widest = int(state.sizes.max())
    work = {
        "map": 2 * line * across,
        "factor": d * d,
        "chain": d * (int(state.sizes[1:].sum()) + 2 * widest),
    }
    lengths = {
        "one": 1,
        "across": across,
        "n": n,
        "errors": 2 * n,
        "stages": len(DOP853.stages) * n,
        "dense": 7 * n,
        "groups": max(across, 2 * groups),
        "work": work[state.form],
        "packed": n if packed else 0,
        "turned": line * across if turned else 0,
        "aimed": d * d if aimed else 0,
        "full": 3 * line * across,
        "framed": n if framed else 0,
        "exponents": across if framed else 0,
        "exponentials": 2 * across if framed else 0,
        "sums": -(-sums // together),
        "weights": -(-numbers.size // group.width),
        "factors": 0 if rows.plain else -(-rows.factors.size // group.width),
    }
    flags = {
        "nodes": _nodes().ctypes.data,
        "d": d,
        "n": n,
        "nets": group.nets,
        "across": across,
        "line": line,
        "layers": depth,
        "groups": groups,
        "is_framed": int(framed),
        "is_turned": int(turned),
        "is_aimed": int(aimed),
        "may_rest": int(may_rest),
        "n_sums": sums,
        "n_selected": rows.ends.size - 1,
    }
    form = FORMS[state.form]
    form = {"slope": form["field"], **form, **(FRAME if framed else {})}
    if turned:
        form["mapped"] = TURNED[state.form]
    if layers:
        form["mapped"] = map_mapped  # the state itself
    if not may_rest:
        form.pop("rest", None)
    parts = {name: address(form.get(name, nothing), group) for name in PARTS}
    at, size = lay_out(lengths, flags, tables, parts)
    weights = [(int(at[NAMES.index("weights")]), numbers)]
    if sums:
        weights.append((int(at[NAMES.index("factors")]), rows.factors))
    return np.append(at, size), weights
