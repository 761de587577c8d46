"""Functions of a cell that other processes can import, and a sweep of one from a shell."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np

import simtheory as st


def product(cell):
    return {"product": cell["x"] * cell["y"], "draw": cell.rng.random()}


def fragile(cell):
    if cell["x"] == 3:
        raise RuntimeError("three is too many")
    return product(cell)


def watched(cell):
    """A cell that leaves a line behind whenever it is computed, and waits until it is let through.

    ``SWEEP_GATE`` names a pipe; each cell takes a byte from it. Without one, cells do not wait.
    """
    with Path(os.environ["SWEEP_LOG"]).open("a", encoding="utf-8") as log:
        log.write(f"{cell.number} {os.getpid()}\n")
    gate = os.environ.get("SWEEP_GATE")
    if gate is not None:
        end = os.open(gate, os.O_RDWR)  # for writing too: it never reads that the pipe has ended
        os.read(end, 1)
        os.close(end)
    return product(cell)


def spectrum(cell):
    """A number, a list and an array; the array of the cell x = 2 has the wrong shape."""
    x = cell["x"]
    return {
        "total": x,
        "modes": [x, cell.rng.random(), float("nan")],
        "grid": np.full((2, 3 if x != 2 else 4), x) * (1j if x == 3 else 1),
    }


def spec(function):
    return st.sweep.Spec(
        axes={"x": list(range(20)), "y": [1.5, 2.5]},
        seeds=2,
        entropy=5,
        function=function,
        variables=["product", "draw"],
        cells_per_chunk=4,
    )


def main(store, executor, limit):
    if limit:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if executor == "serial":
        executors = nullcontext()
    elif executor.isdecimal():
        executors = st.sweep.processes(int(executor))
    else:
        executors = st.sweep.dask(executor)
    grid = st.sweep.Spec(
        axes={"x": list(range(100)), "y": list(range(50))},
        function=product,
        variables=["product", "draw"],
        cells_per_chunk=5000,
    )
    try:
        with executors as pool:
            st.sweep.run(grid if limit else spec(watched), store, executor=pool)
    except st.errors.SweepError as reason:
        sys.exit(f"SweepError: {reason}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
