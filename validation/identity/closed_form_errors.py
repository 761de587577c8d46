"""Errors of the tied net's closed forms, against the size of the start and against its correlation.

The two forms that use the pivots of W(0) become exact as the start becomes small, with a power of its size
that the ratio of the rates sets. The first-order form does not: its error depends on the correlation of the
rows of U(0), whatever their size.
"""

import warnings

import numpy as np

import simtheory as st
from validation.common import SEEDS, Figure

tied, approximations = st.analytic.tied, st.analytic.tied_approximations
GREY, INK = st.plot.GREY, st.plot.INK
FIGURE = Figure(
    __file__,
    section="How far the closed forms reach",
    title="A smaller start makes the forms with pivots exact, but not the first-order form",
    alt="Errors of three closed forms against the size of the start, at two ratios of the rates, and the error"
    " of the first-order form against the cosine of the rows of the start",
    caption="""
A tied linear net W = UUᵀ learns two concepts with rates 1 and ρ from Gaussian starts. Error: largest
difference from the integrated flow over all times and entries of W. Left and middle: against the size ω of
W(0), two hidden units, the same hundred directions of U(0) at every size; a line is the median, a band the
middle half. Schur complements and LDL-logit are built on the pivots of W(0); grey: the power 1 − ρ. The
first-order form starts from the diagonal of W(0). Right: its error against the cosine ε of the two rows of
U(0), for 2 to 2048 hidden units and three sizes of W(0), which fall on one line; grey: ε²/4. Wide nets have nearly
orthogonal rows, and only there is this form accurate.""",
)
RATIOS, SIZES = (0.2, 0.5), np.geomspace(1e-6, 1e-1, 11)
WIDTHS, CLOUD_SIZES = (2, 8, 32, 128, 512, 2048), (1e-1, 1e-3, 1e-5)
FORMS = {
    "first order": (tied.first_order, "#b3401f"),
    "Schur complements": (approximations.schur, "#7a5195"),
    "LDL-logit": (tied.pivots, INK),
}


def directions(width: int, starts: int) -> np.ndarray:
    """Return starts U(0) of two rows, for which the diagonal of W(0) has mean 1, (starts, 2, width)."""
    draws = [np.random.default_rng(seed).standard_normal((starts, 2, width)) for seed in SEEDS]
    return np.concatenate(draws) / np.sqrt(width)


def errors(ratio: float, U0: np.ndarray, size: float, forms: dict) -> dict[str, np.ndarray]:
    """Return the largest error over times and entries of each form, one number for each start."""
    task = st.SIMTask(mu=(np.sqrt(2.0), np.sqrt(2.0 * ratio)), sigma=0.0)  # rates 1 and ratio
    start = np.sqrt(size) * U0
    t = np.linspace(0.0, (1.3 * np.log(1.0 / size) + 20.0) / (2.0 * ratio), 600)
    flow = st.sim.solve(st.sim.Tied(), task, start, t).weights
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", st.errors.RegimeWarning
        )  # to show errors outside the regime
        for name, (form, _) in forms.items():
            closed = form(task, start, t, strict=False).weights
            found[name] = np.abs(closed - flow).max(axis=(-3, -2, -1))
    return found


def by_size(ratio: float) -> dict[str, np.ndarray]:
    """Return quartiles of the error of each form at every size, (sizes, 3)."""
    U0 = directions(2, 10)
    rows = [errors(ratio, U0, size, FORMS) for size in SIZES]
    return {f: np.array([np.quantile(r[f], (0.25, 0.5, 0.75)) for r in rows]) for f in FORMS}


def by_cosine() -> dict[float, tuple[np.ndarray, np.ndarray]]:
    """Return cosines of the rows and errors of the first-order form, for each size of the start."""
    form = {"first order": FORMS["first order"]}
    found = {}
    for size in CLOUD_SIZES:
        starts = [directions(width, 2) for width in WIDTHS]
        cosines = []
        for U0 in starts:
            length = np.linalg.norm(U0, axis=-1)
            cosines.append((U0[:, 0] * U0[:, 1]).sum(axis=-1) / length.prod(axis=-1))
        wrong = [errors(0.5, U0, size, form)["first order"] for U0 in starts]
        found[size] = np.abs(np.concatenate(cosines)), np.concatenate(wrong)
    return found


def power(x: np.ndarray, y: np.ndarray) -> float:
    """Return the slope of log y in log x."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def main() -> None:
    """Measure, print the powers, write record and picture."""
    curves, cloud = {ratio: by_size(ratio) for ratio in RATIOS}, by_cosine()
    record = {"seeds": list(SEEDS), "sizes": SIZES}
    small = SIZES <= 1e-3
    for ratio, forms in curves.items():
        record[f"ratio {ratio:g}"] = {
            name: {
                "quartiles of the error": rows,
                "power of the size, up to 1e-3": power(SIZES[small], rows[small, 1]),
            }
            for name, rows in forms.items()
        }
        for name, rows in forms.items():
            print(f"ratio {ratio:g}, {name}: power {power(SIZES[small], rows[small, 1]):.2f}")
    for size, (cosine, wrong) in cloud.items():
        near = cosine < 0.1
        scale = np.median(wrong[near] / cosine[near] ** 2)
        record[f"first order, size {size:g}"] = {
            "error over squared cosine, cosines below 0.1": scale,
            "power of the cosine, cosines below 0.1": power(cosine[near], wrong[near]),
        }
        print(f"first order, size {size:g}: {scale:.3f} times the squared cosine")
    FIGURE.write(record)
    with FIGURE.sheet(widths=(3.8, 3.8, 3.8), height=3.9) as axes:
        for ax, (ratio, forms) in zip(axes, curves.items(), strict=False):
            draw_sizes(ax, ratio, forms)
        draw_cosines(axes[2], cloud)


def draw_sizes(ax, ratio: float, forms: dict[str, np.ndarray]) -> None:
    """Draw the error of each form against the size of the start."""
    for name, rows in forms.items():
        hue = FORMS[name][1]
        ax.plot(SIZES, rows[:, 1], "--", color=hue, label=name)
        ax.fill_between(SIZES, rows[:, 0], rows[:, 2], color=hue, alpha=0.15, lw=0)
    guide = forms["LDL-logit"][3, 1] * (SIZES / SIZES[3]) ** (1.0 - ratio) / 3.0
    ax.plot(SIZES, guide, color=GREY, lw=2.5, alpha=0.5, label=f"power {1 - ratio:g}")
    ax.set(xscale="log", yscale="log", xlabel="size ω of the start", ylim=(1e-7, 2.0))
    ax.set(ylabel="error in the entries of W", title=f"ratio of the rates ρ = {ratio:g}")
    ax.legend(loc="lower right")


def draw_cosines(ax, cloud: dict[float, tuple[np.ndarray, np.ndarray]]) -> None:
    """Draw the error of the first-order form against the cosine of the rows."""
    for mark, (size, (cosine, wrong)) in zip("ox.", cloud.items(), strict=True):
        look = {"ms": 4.5, "mfc": "none", "mew": 0.7, "color": FORMS["first order"][1]}
        ax.plot(cosine, wrong, mark, label=f"ω = {size:g}", **look)
    guide = np.geomspace(1e-3, 1.0, 50)
    ax.plot(guide, guide**2 / 4.0, color=GREY, lw=2.5, alpha=0.5, label="ε²/4", zorder=0)
    ax.set(xscale="log", yscale="log", xlabel="cosine ε of the rows of U(0)", xlim=(1e-3, 1.2))
    ax.set(ylabel="error in the entries of W", ylim=(1e-7, 2.0), title="first-order form, ρ = 0.5")
    ax.legend(loc="upper left")


if __name__ == "__main__":
    main()
