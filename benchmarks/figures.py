"""Draw the figures of the page from the results file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from benchmarks.peers import OURS, PEERS
from simtheory.plot import style

# One colour for each package, one marker for each method; the lines of simtheory are thicker.
_LOOK = {
    OURS: ("#d55e00", "o", "-"),
    "heyoka": ("#0072b2", "s", "-"),
    "heyoka-matrix": ("#0072b2", "D", ":"),
    "numbalsoda-dop853": ("#009e73", "^", "-"),
    "numbalsoda-lsoda": ("#009e73", "v", ":"),
    "diffrax-tsit5": ("#cc79a7", "P", ":"),
    "diffrax-dopri8": ("#cc79a7", "X", "-"),
    "scipy-dop853": ("#8d949e", "<", "-"),
    "scipy-dop853-numpy": ("#8d949e", ">", ":"),
    "scipy-lsoda": ("#8d949e", "d", "--"),
}


def draw(results: dict[str, Any], folder: Path) -> None:
    """Draw one SVG for each study in the results."""
    made = {}
    with plt.style.context([style(), {"svg.hashsalt": "benchmarks", "savefig.facecolor": "white"}]):
        if "turns" in results:
            made["dimension"] = _dimension(results["turns"]["data"])
        if "steps" in results:
            made["requested"] = _requested(results["steps"]["data"])
        if "scaling" in results:
            made["accuracy"] = _accuracy(results["scaling"]["data"])
            made["growth"] = _growth(results["scaling"]["data"])
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in made.items():
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
            plt.close(figure)


def _line(ax, peer: str, x: list, y: list) -> None:  # type: ignore[no-untyped-def]
    color, marker, dash = _LOOK[peer]
    ours = peer == OURS
    ax.plot(
        x,
        y,
        dash,
        color=color,
        marker=marker,
        markersize=5 if ours else 3.8,
        linewidth=2.2 if ours else 1.2,
        label=PEERS[peer].title,
        zorder=3 if ours else 2,
    )


def _dimension(data: dict) -> Figure:
    figure, ax = plt.subplots(figsize=(6.4, 3.6))
    for peer in PEERS:
        points = [
            (case["ensemble"]["d"], row["cpu"][0])
            for case in data["one_thread"]
            for row in case["rows"]
            if row["peer"] == peer
        ]
        if points:
            _line(ax, peer, *zip(*points, strict=True))
    dims = [case["ensemble"]["d"] for case in data["one_thread"]]
    ax.set(xscale="log", yscale="log", xlabel="dimension d", ylabel="CPU per trajectory (µs)")
    ax.set_xticks(dims, [str(d) for d in dims])
    ax.minorticks_off()
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _requested(counts: list[dict]) -> Figure:
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.2))
    cases = dict.fromkeys((c["spectrum"], c["eps"]) for c in counts)
    looks = zip(
        cases,
        ("#d55e00", "#e69f00", "#cc79a7", "#0072b2", "#009e73"),
        ("o", "P", "X", "s", "^"),
        strict=False,
    )
    for (spectrum, eps), color, marker in looks:
        mine = [c for c in counts if (c["spectrum"], c["eps"]) == (spectrum, eps)]
        rtol = [c["rtol"] for c in mine]
        line = {"color": color, "marker": marker, "markersize": 4, "linewidth": 1.2}
        label = f"{spectrum}, start {eps:g}"
        left.plot(rtol, [c["error"] for c in mine], label=label, **line)
        right.plot(rtol, [c["steps"] for c in mine], **line)
    ends = [min(c["rtol"] for c in counts), max(c["rtol"] for c in counts)]
    left.plot(ends, ends, color="#8d949e", linestyle=(0, (2, 2)), linewidth=1, label="requested")
    left.set(xscale="log", yscale="log", xlabel="requested rtol", ylabel="achieved on the grid")
    right.set(xscale="log", yscale="log", xlabel="requested rtol", ylabel="steps")
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def _accuracy(data: dict) -> Figure:
    figure, ax = plt.subplots(figsize=(5.2, 3.2))
    for peer in PEERS:
        mine = [row for row in data["accuracy"] if row["peer"] == peer]
        if mine:
            _line(ax, peer, [row["error"] for row in mine], [row["cpu"] for row in mine])
    ax.set(xscale="log", yscale="log", xlabel="achieved error", ylabel="CPU per trajectory (µs)")
    ax.invert_xaxis()
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _growth(data: dict) -> Figure:
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.2))
    full = max(row["points"] for row in data["members"])
    for peer in PEERS:
        mine = [r for r in data["members"] if r["peer"] == peer and r["points"] == full]
        if mine:
            _line(left, peer, [row["members"] for row in mine], [row["cpu"] for row in mine])
        mine = [row for row in data["points"] if row["peer"] == peer]
        if mine:
            _line(right, peer, [row["points"] for row in mine], [row["cpu"] for row in mine])
    few = [r for r in data["members"] if r["points"] != full]
    if few:
        color, marker, _ = _LOOK[OURS]
        left.plot(
            [row["members"] for row in few],
            [row["cpu"] for row in few],
            ":",
            color=color,
            marker=marker,
            markersize=4,
            label=f"simtheory, {few[0]['points']} times",
        )
    left.set(xscale="log", yscale="log", xlabel="members", ylabel="CPU per trajectory (µs)")
    right.set(xscale="log", yscale="log", xlabel="times of the grid")
    points = sorted({row["points"] for row in data["points"]})
    right.set_xticks(points, [str(n) for n in points])
    right.minorticks_off()
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure
