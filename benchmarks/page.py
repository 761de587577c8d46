"""Write the page of the docs from the results file: ``python -m benchmarks.page``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import figures
from benchmarks.peers import OURS, PEERS
from benchmarks.results import load

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

_HEAD = """# Benchmarks

A phase diagram is thousands to millions of small matrix flows. This page compares their cost in `simtheory` with
that in other solvers, on identical work and at equal *achieved* error. `python -m benchmarks` measures everything
again and writes this page; where another solver is faster, the tables show it.
"""

_WORK = """## The work

Every solver integrates the same tied nets, {math}`W' = AW + WA - \\tfrac12(AW^2 + W^2A + 2WAW)` with a diagonal
second moment A, from small Gaussian starts W(0) ≈ ε² I, ε = 0.01, and stores all d × d entries of W at 201 times.

| spectrum | rates | end | condition |
| --- | --- | --- | --- |
| `std` | 0.25 to 1, each drawn within ±20 % | 30 | 4 |
| `wide` | 0.02 to 1, evenly spaced in their logarithm | 300 | 50 |
| `xwide` | 0.001 to 1, evenly spaced in their logarithm | 6000 | 1000 |

**Equal achieved error.** Solvers reach different errors at the same requested tolerance, because early errors of W
grow with the concepts, here by up to 1/ε² = 10⁴. Therefore the tolerance of each solver is searched until the largest error, over
grid, entries and the first members (8 up to d = 8, then 4, 2 and 1), is just below the target. The reference is a Taylor series in 80-bit long
double, of which two orders with different steps agree to 10⁻¹⁶.

**Best settings.** Each peer gets float64, the right-hand side with one matrix product, the packed triangle
where that is its faster form, compiled callbacks, and the cheaper of two absolute tolerances. The
[settings](#settings) are listed below.

**In turn.** Every solver runs in a separate warm process. In each round each solver integrates the ensemble once;
the ratio to `simtheory` is taken within the round. Tables give the median, and the smallest and largest in brackets.
On one thread the cost is CPU time of user and system, and the process is pinned to one core; on two threads it is
wall time.
"""


def write(results: dict[str, Any], path: Path = PAGE) -> None:
    """Write the page, and its figures into ``_static/benchmarks`` beside it."""
    figures.draw(results, path.parent / "_static" / "benchmarks")
    parts = [_HEAD, _where(results), _WORK]
    if "turns" in results:
        parts.append(_comparison(results["turns"]["data"]))
    if "bound" in results:
        parts.append(_bound(results["bound"]["data"]))
    if "steps" in results:
        parts.append(_requested(results["steps"]["data"]))
    if "scaling" in results:
        parts.append(_scaling(results["scaling"]["data"]))
    if "startup" in results:
        parts.append(_startup(results["startup"]["data"]))
    if "first" in results:
        parts.append(_first(results["first"]["data"]))
    if "composition" in results:
        parts.append(_chains(results["composition"]["data"]))
    if "hierarchy" in results:
        parts.append(_beliefs(results["hierarchy"]["data"]))
    if "percolation" in results:
        parts.append(_sweeps(results["percolation"]["data"]))
    if "emergence" in results:
        parts.append(_graphs(results["emergence"]["data"]))
    parts.append(_settings(results))
    path.write_text("\n".join(part.strip("\n") + "\n" for part in parts), encoding="utf-8")


def _where(results: dict[str, Any]) -> str:
    kinds: dict[str, list[str]] = {}
    for name, study in results.items():
        place = study["where"]
        bits = place.get("register_bits")
        width = f"registers of {bits} bits, " if bits else ""
        kind = f"{place['machine']}, {width}{place['date']}"
        notes = ["`--quick`"] if study["quick"] else []
        if place.get("load", 0.0) > 2.0:
            notes.append(
                f"beside other work, which lengthens CPU time, too: load {place['load']:g}"
            )
        note = f" ({'; '.join(notes)})" if notes else ""
        kinds.setdefault(kind, []).append(f"`{name}`{note}")
    seen = [study["where"] for study in results.values()]
    missing = sorted({512, 256, 128} - {place.get("register_bits") for place in seen})
    versions = {n: v for place in seen for n, v in place["versions"].items() if v}
    listed = [f"- {kind}: {', '.join(names)}" for kind, names in kinds.items()]
    lines = [
        "Each study was measured on one kind of processor:",
        "\n".join(listed),
        f"Python {seen[-1]['python']}, {', '.join(f'{n} {v}' for n, v in versions.items())}.",
    ]
    if missing:
        lines.append(
            f"No processor with registers of {' or '.join(map(str, missing))} bits was at hand, so this page has no "
            "table for one. Lanes follow the width of the registers; results do not depend on it."
        )
    return "\n\n".join(lines) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _figure(name: str, alt: str, caption: str) -> str:
    return f"```{{figure}} _static/benchmarks/{name}.svg\n:alt: {alt}\n\n{caption}\n```"


def _number(x: float) -> str:
    return f"{x:,.0f}".replace(",", " ") if x >= 100 else f"{x:.3g}"


def _times(x: float) -> str:
    return f"{x:,.0f}".replace(",", " ") if x >= 10 else f"{x:.2g}"


def _power(x: float) -> str:
    """Return 2.5e-10 as 2.5·10⁻¹⁰, without a space at which a line could break."""
    digits, _, power = f"{x:.1e}".partition("e")
    raised = f"10{str(int(power)).translate(_RAISED)}"
    return raised if digits == "1.0" else f"{digits}·{raised}"


def _ratio(row: dict) -> str:
    middle, low, high = row["ratio"]
    if row["peer"] == OURS:
        return "1"
    return f"**{_times(middle)}** [{_times(low)}, {_times(high)}]"


def _rows(case: dict, measure: str) -> str:
    """One comparison, cheapest first."""
    body = sorted(case["rows"], key=lambda row: row[measure][0])
    rows = [
        [
            PEERS[row["peer"]].title,
            str(row["members"]),
            _number(row[measure][0]),
            _ratio(row),
            _power(row["error"]),
            _power(row["rtol"]),
            _power(row["atol_ratio"] * row["rtol"]) if row["atol_ratio"] else "–",
        ]
        for row in body
    ]
    unit = "CPU" if measure == "cpu" else "wall"
    table = _table(
        ["solver", "members", f"µs {unit}", "× simtheory", "achieved", "rtol", "atol"], rows
    )
    missing = [f"{PEERS[one['peer']].title}: {one['reason']}" for one in case["absent"]]
    return table + (f"\n\nLeft out: {'; '.join(missing)}." if missing else "")


def _beliefs(data: dict) -> str:
    """Beliefs on trees, and trees of strings."""
    rows = []
    for row in data["rows"]:
        cells = [
            f"**{_times(a)}** [{_times(b)}, {_times(c)}]"
            for a, b, c in (row["infer"], row["parse"])
        ]
        setting = f"v = {row['v']}, m = {row['m']}, L = {row['L']}"
        rows.append([setting, _number(row["us"]), cells[0], cells[1], _number(row["ns"])])
    text = (
        "Strings of random hierarchies, s = 2, one thread, CPU time, median of "
        f"{data['rounds']} interleaved rounds. *infer* gives beliefs at every node, cavity and evidence: "
        "microseconds a string, and how many times as much the same sums vectorised over strings in NumPy take, "
        "which agree to 1e-12. *parse* is compared with look-ups in NumPy tables. *draws* are nanoseconds a "
        "token and step of reverse diffusion with exact beliefs."
    )
    pgmax = data["pgmax"]
    peers = (
        "PGMax was not installed, so it was not compared."
        if pgmax is None
        else f"PGMax at v = 8, m = 3, L = 3, in float32: {_times(pgmax[0])} times as long."
    )
    peers += " The released code needs PyTorch, which this project does not install: it was not measured either."
    head = ["grammar", "infer, µs", "infer, NumPy", "parse, NumPy", "draws, ns"]
    return "\n\n".join(["## Beliefs on trees", text, _table(head, rows), peers])


_LIMITS = """Where a goal is missed, the cost is in what one random site or bond takes. Of the 60 ns of a site at L = 512, 8 draw
the order, 16 find the neighbours, 30 join clusters and 7 add up the sums; a join waits for memory and for choices that
are as good as random, and one without branches is in use. A bond of the 48 × 48 torus takes 25 ns, of which the order takes 8 to 14: `UnionFind` of
networkx 3 takes 1.8 µs, so 500 times is beyond any sweep that draws its order. (Parts are measured by leaving them out.)"""


def _sweeps(data: dict) -> str:
    """Sweeps of percolation over all numbers of sites, bonds and discs."""
    rows = []
    for row in data["rows"]:
        middle, low, high = row["ratio"]
        cost = f"**{_times(middle)}** [{_times(low)}, {_times(high)}]"
        ours, theirs = map(_number, row["ms"])
        rows.append([row["work"], row["peer"], ours, theirs, cost, f"{row['goal']:g}"])
    text = (
        "A sweep of `sim.percolation` gives the largest cluster at *every* number of sites, bonds or discs, on one "
        "thread; C is the same algorithm compiled by `cc -O3 -march=native`, networkx one sweep by its union-find, and "
        "the others are asked for *one* number. Milliseconds of CPU time a sweep, median ratio of interleaved rounds, "
        "and the ratio that was the goal."
    )
    found = data["threshold"]
    after = (
        f"The threshold of the square lattice to {found['error']:.1e} takes {_power(found['visits'])} visits of sites "
        f"({found['runs']} runs of L = 128, each stopped at the wrap; the goal was 2·10⁸ for 10⁻⁴). A run with "
        f"winding holds {data['bytes']['site']:.1f} bytes a site (goal 10) and {data['bytes']['disc']:.1f} a disc (goal 34). "
        + _LIMITS
    )
    head = ["sweep", "peer", "ms", "peer's ms", "× simtheory", "goal"]
    return "\n\n".join(["## Sweeps of percolation", text, _table(head, rows), after])


def _chains(data: dict) -> str:
    """Annealed chains on compositions of mixtures."""
    problems = list(dict.fromkeys(row["problem"] for row in data["rows"]))
    programs = list(dict.fromkeys(row["program"] for row in data["rows"]))
    found = {(row["problem"], row["program"]): row for row in data["rows"]}
    rows = []
    for problem in problems:
        ours = found[problem, programs[0]]
        others = [found[problem, name]["ratio"] for name in programs[1:]]
        cells = [f"**{_times(a)}** [{_times(b)}, {_times(c)}]" for a, b, c in others]
        rows.append([problem, _number(ours["ns"]), *cells])
    text = (
        f"{data['chains']} annealed chains on a composition of Gaussian mixtures, 100 levels of "
        f"{data['moves']} moves: `sim.composition` in nanoseconds of CPU time per move and chain, one thread, "
        f"and how many times as much each peer takes, median of {data['rounds']} rounds. All use float64, the "
        "same precision matrices, and the factored density; acceptance agrees within 0.002, and masses and "
        "variances within their errors."
    )
    return "\n\n".join(
        ["## Chains on compositions", text, _table(["problem", "ns", *programs[1:]], rows)]
    )


def _graphs(data: dict) -> str:
    """Concept graphs: diffusion, descent and orthants."""
    rows = []
    for row in data["rows"]:
        middle, low, high = row["ratio"]
        errors = [_power(x) if (x := row.get(key)) else "–" for key in ("error", "missed")]
        rows.append(
            [
                row["work"],
                row["peer"],
                _seconds(row["seconds"]),
                f"**{_times(middle)}** [{_times(low)}, {_times(high)}]",
                *errors,
            ]
        )
    text = (
        "Closed forms and simulations of `emergence`, one thread, CPU time, median of "
        f"{data['rounds']} interleaved rounds. Orthants of two and three coordinates are means over batches of 20 000, "
        f"those of more over problems that stand {data['copies']} times in one call, and over {data['seeds']} seeds of both sides; SciPy and "
        "OpenTURNS take one covariance "
        "a call. Given many points of one correlation matrix in a call, OpenTURNS took about 4.2 times (two coordinates) and "
        "2.5 to 2.9 times (three) as long as ours, measured once by hand. From four coordinates on, our tolerance is the largest of a list at which our achieved error, rms over the "
        "same problems and the seeds, is not above that of SciPy at the setting that is named. Limits are such that probabilities are of order "
        "one half, and smaller ones; correlations are those of n + 1 random directions, which are nearly singular, "
        "and of 2n. A peer's error is its distance from ours at a tolerance of 10⁻⁷ "
        "with other shifts."
    )
    note = (
        "A call of SciPy for two coordinates is mostly its overhead in Python. From six coordinates on the ratio depends on how "
        "SciPy is asked: with `abseps=1e-3`, and for small probabilities in any case, it takes one lattice of a fixed size, whose error is often far below the one it "
        "estimates. Ours stops by an estimate that is some four to six times the achieved error; where that error is above "
        "theirs, ours has come to its largest lattice, of 2²¹ points. The error of both falls about like one over the number of "
        "points."
    )
    head = ["work", "peer", "ours", "× ours", "our error", "their error"]
    return "\n\n".join(["## Concept graphs", text, _table(head, rows), note])


def _seconds(x: float) -> str:
    """Return a duration in a unit that suits it."""
    unit, name = next(p for p in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns")) if x >= p[0])
    return f"{_number(x / (unit or 1e-9))} {name}"


def _comparison(data: dict) -> str:
    parts = [
        "## Cost of a trajectory",
        f"`std`, 201 times, achieved error below {_power(data['target'])}, one thread, median of "
        f"{data['rounds']} rounds.",
        _figure(
            "dimension",
            "CPU time per trajectory against the dimension for each solver",
            "CPU time of one trajectory against the dimension, each solver at its own tolerance for the "
            "same achieved error.",
        ),
        _overview(data),
    ]
    behind = _behind(data)
    if behind:
        parts.append("Where others are faster, and by how much:\n\n" + "\n".join(behind))
    for case in data["one_thread"]:
        parts += [f"### d = {case['ensemble']['d']}", _rows(case, "cpu")]
    if data["two_threads"]:
        ensemble = data["two_threads"]["ensemble"]
        total = data["two_threads"]["rows"][0]["wall"][0] * ensemble["members"] / 1e6
        parts += [
            f"### {_number(ensemble['members'])} members, d = {ensemble['d']}, two threads",
            f"The whole ensemble takes `simtheory` {total:.2f} s. Loops in Python are left out: they gain "
            "nothing from two threads, and their cost of a member does not depend on the number.",
            _rows(data["two_threads"], "wall"),
        ]
    return "\n\n".join(parts) + "\n"


def _overview(data: dict) -> str:
    dims = [case["ensemble"]["d"] for case in data["one_thread"]]
    rows = []
    for peer, about in PEERS.items():
        cells = []
        for case in data["one_thread"]:
            row = next((r for r in case["rows"] if r["peer"] == peer), None)
            if row is None:
                cells.append("–")
            elif peer == OURS:
                cells.append(f"{_number(row['cpu'][0])} µs")
            else:
                cells.append(f"{_times(row['ratio'][0])} ×")
        rows.append([about.title, *cells])
    return _table(["cost, as a multiple of simtheory's", *(f"d = {d}" for d in dims)], rows)


def _behind(data: dict) -> list[str]:
    found = []
    for case in data["one_thread"]:
        ahead = [
            f"{PEERS[row['peer']].title} ({_times(1 / row['ratio'][0])} ×)"
            for row in case["rows"]
            if row["ratio"][0] < 1.0
        ]
        if ahead:
            found.append(f"- d = {case['ensemble']['d']}: {', '.join(ahead)}")
    return found


def _bound(data: dict) -> str:
    peaks = data["machine"]
    rows = [
        [
            str(row["d"]),
            f"{row['steps']:.0f} + {row['rejected']:.0f}",
            f"{row['flops'] / 1e6:.3g}",
            _number(row["flop_time"]),
            _number(row["store_time"]),
            _number(row["cpu"]),
            f"**{row['times']:.2g}**",
        ]
        for row in data["rows"]
    ]
    return "\n\n".join(
        [
            "## Distance from the machine's limit",
            "No implementation of the method can do fewer operations than its products and the non-zero "
            "coefficients of its tableau ask for, on the packed triangle, nor store fewer bytes than W on the "
            f"grid. At this core's measured peaks, {peaks['gflops']:.0f} GFLOP/s and {peaks['gbytes']:.0f} GB/s, "
            "that takes the time below; steps are counted as accepted + rejected.",
            _table(
                ["d", "steps", "MFLOP", "µs for flops", "µs for stores", "µs taken", "× bound"],
                rows,
            ),
        ]
    )


def _requested(counts: list[dict]) -> str:
    worst = max(counts, key=lambda c: c["error"] / c["rtol"])
    share = worst["error"] / worst["rtol"]
    said = (
        f"The largest share of the request that was used is {share:.2g}"
        if share <= 1
        else f"**The request was missed**: the error is {share:.2g} times the tolerance"
    )
    at = {(c["spectrum"], c["eps"]): c for c in counts if abs(c["rtol"] / 1e-8 - 1) < 1e-6}
    rows, easy = [], at.get(("std", 1e-2))
    for spectrum in ("std", "wide", "xwide"):
        c = at.get((spectrum, 1e-2))
        if c is not None and easy is not None:
            rows.append(
                [
                    f"`{spectrum}`",
                    f"{c['steps']:.0f} + {c['rejected']:.0f}",
                    _number(c["field_evaluations"]),
                    f"**{c['steps'] / easy['steps']:.2g}**",
                    _power(c["error"]),
                ]
            )
    return "\n\n".join(
        [
            "## Requested and achieved",
            "A tolerance is a promise about the result: the error of W, at every time of the grid and not only at "
            f"the ends of steps. {said} (`{worst['spectrum']}`, start {worst['eps']:g}, rtol {_power(worst['rtol'])}).",
            _figure(
                "requested",
                "Achieved error and number of steps against the requested tolerance",
                "simtheory at d = 8: largest error on the grid (left) and steps (right) against the request, on "
                "three spectra and from starts of three sizes. Below the dashed line the promise is kept.",
            ),
            "What a large condition number costs, at rtol = 1e-8:",
            _table(["spectrum", "steps", "right-hand sides", "× `std`", "achieved"], rows),
        ]
    )


def _scaling(data: dict) -> str:
    full = max(row["points"] for row in data["members"])
    ours = [r["cpu"] for r in data["members"] if r["peer"] == OURS and r["points"] == full]
    grid = {r["points"]: r["cpu"] for r in data["points"] if r["peer"] == OURS}
    threads = [
        [PEERS[r["peer"]].title, *(_number(w) for w in r["wall"]), f"**{r['speedup']:.2f}**"]
        for r in data["threads"]
    ]
    parts = [
        "## How cost grows",
        _figure(
            "growth",
            "CPU time per trajectory against members and against grid points",
            "d = 8: cost of a trajectory against the number of members (left) and of stored times (right).",
        ),
        f"From the smallest ensemble to the largest, simtheory's cost of a member varies by "
        f"{max(ours) / min(ours) - 1:.0%}. 801 stored times cost {grid[801] / grid[201]:.2g} times as much as 201.",
        _figure(
            "accuracy",
            "CPU time per trajectory against achieved error",
            "d = 8, `std`: cost against achieved error, tighter to the right.",
        ),
        "### Condition number",
    ]
    for case in data["condition"]:
        parts += [
            f"`{case['ensemble']['spectrum']}`, d = 8, {case['ensemble']['members']} members, one thread:",
            _rows(case, "cpu"),
        ]
    parts += [
        "### Two threads",
        f"{_number(data['threads'][0]['members'])} members, d = 8, wall time of a trajectory:",
        _table(["solver", "µs, one thread", "µs, two threads", "times as fast"], threads),
    ]
    return "\n\n".join(parts)


def _startup(data: dict) -> str:
    imports = [
        [f"`import {name}`" if name != "nothing" else "Python alone", *_process(case)]
        for name, case in data["imports"].items()
    ]
    solves = [
        [
            PEERS[name].title,
            *_process(case),
            f"{case['beyond_mib']:.0f}" if "beyond_mib" in case else "–",
        ]
        for name, case in data["solves"].items()
    ]
    return "\n\n".join(
        [
            "## Before the first result",
            "CPU time and peak memory of whole processes: an import, and eight members at d = 8 from start to end, "
            "with caches filled by an earlier process where a solver has one. The last column is the peak with "
            "2000 members, less their result.",
            _table(["process", "s CPU", "MiB"], imports),
            _table(["first solve of a process", "s CPU", "MiB", "MiB beyond the result"], solves),
        ]
    )


def _first(data: dict) -> str:
    rows = [[f"first solve ever, d = {d}: compiles", *_process(c)] for d, c in data["cold"].items()]
    rows += [
        ["then the first of a new d", *_process(data["new_size"])],
        ["then of a new process", *_process(data["later"])],
    ]
    return "\n\n".join(
        [
            "simtheory itself, eight members, from an empty cache on; whole processes again:",
            _table(["first solve", "s CPU", "MiB"], rows),
        ]
    )


def _process(case: dict) -> list[str]:
    return [f"{case['cpu']:.2f}", f"{case['peak_mib']:.0f}"]


def _settings(results: dict[str, Any]) -> str:
    rows = [[about.title, about.settings] for about in PEERS.values()]
    seed = ""
    if "turns" in results:
        entropy = results["turns"]["data"]["one_thread"][0]["ensemble"]["seed"]
        seed = f" Member m of dimension d draws from `SeedSequence({entropy}, spawn_key=(d, m))`."
    return "\n\n".join(
        [
            "(settings)=\n## Settings",
            f"Tolerances are in the tables above.{seed}",
            _table(["solver", "what was chosen for it"], rows),
            "To measure on your own machine, two cores and a compiler for C++ and Fortran at hand "
            "(numbalsoda is built from source where it has no wheel):",
            '```bash\npip install -c constraints.txt -e ".[all,bench]"\npython -m benchmarks --quick   # a few '
            "minutes; without --quick the whole page\n```",
        ]
    )


def main() -> None:
    """Write the page from the results file."""
    results = load()
    if not results:
        raise SystemExit("No results are on file; run `python -m benchmarks` first.")
    write(results)


if __name__ == "__main__":
    main()
