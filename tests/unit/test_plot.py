"""Pictures, read back from their Axes."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import colors
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simtheory import observe, plot
from simtheory.errors import ArgumentError
from simtheory.plot.style import GREY
from simtheory.results import Curve, Samples, Trajectory
from simtheory.tasks import GaussianMixture, SIMTask

TASK = SIMTask(mu=(1.0, 2.0, 1.5), sigma=0.2, dim=4)
T = np.linspace(0.0, 8.0, 161)
R = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]


def run(origin: str = "sim.solve", ensemble: tuple[int, ...] = (), task=TASK) -> Trajectory:
    start = 0.3 * np.random.default_rng(0).random((*ensemble, 1, 4, 4))
    turn = np.eye(4) if task.rotation is None else task.rotation
    miss = (start - np.eye(4)) * np.exp(-T[:, None, None] * task.rates)
    weights = turn @ (np.eye(4) + miss) @ turn.T
    return Trajectory.from_weights(T, weights, task, origin=origin, exact=True)


def bumpy() -> Trajectory:
    """A loss that falls, rises by a third of its start, and falls."""
    task = SIMTask(mu=(1.0, 1.0), sigma=0.1)
    miss = np.exp(-T) + 0.6 * np.exp(-((T - 4.0) ** 2))
    weights = np.eye(2) * (1 - miss[:, None, None])
    return Trajectory.from_weights(T, weights, task, origin="sim.solve", exact=True)


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def line(ax: Axes, k: int = 0) -> tuple[np.ndarray, np.ndarray]:
    x, y = ax.get_lines()[k].get_data()
    return np.asarray(x), np.asarray(y)


def test_loss_shows_the_loss(ax: Axes) -> None:
    traj = run()
    assert plot.loss(traj, ax=ax) is ax
    np.testing.assert_array_equal(line(ax)[0], T)
    np.testing.assert_array_equal(line(ax)[1], observe.loss(traj))
    assert "canonical time" in ax.get_xlabel()
    assert "test loss" in ax.get_ylabel()


def test_loss_at_a_vertex_names_it_on_the_axis(ax: Axes) -> None:
    plot.loss(run(), ax=ax, vertex=(1, 0, 1))
    np.testing.assert_array_equal(line(ax)[1], observe.loss(run(), vertex=(1, 0, 1)))
    assert "vertex 101" in ax.get_ylabel()


def test_rises_are_set_off(ax: Axes) -> None:
    traj = bumpy()
    (rise,) = observe.swing_by(traj).rises
    plot.loss(traj, ax=ax)
    assert len(ax.get_lines()) == 2
    t, values = line(ax, 1)
    assert (t[0], t[-1]) == (rise.t_min, rise.t_max)
    assert values[-1] - values[0] == pytest.approx(rise.size)
    assert ax.texts[0].get_text() == f"+{100 * rise.relative:.2g}%"
    assert ax.get_lines()[1].get_linewidth() > ax.get_lines()[0].get_linewidth()
    plot.loss(traj, ax=(bare := Figure().subplots()), threshold=0.9)
    assert len(bare.get_lines()) == 1


def test_seeds_are_thin_lines_with_one_label(ax: Axes) -> None:
    traj = run(ensemble=(5,))
    plot.loss(traj, ax=ax, label="seeds")
    shown = ax.get_lines()
    assert len(shown) == 5
    np.testing.assert_array_equal(shown[3].get_ydata(), observe.loss(traj)[3])
    assert ax.get_legend_handles_labels()[1] == ["seeds"]
    assert shown[0].get_linewidth() < 1.0


@pytest.mark.parametrize("rotation", [None, R], ids=["plain", "turned"])
def test_weights_show_the_entries_in_the_concept_axes(ax: Axes, rotation) -> None:
    task = replace(TASK, rotation=rotation)
    plain = run()
    plot.weights(run(task=task), ax=ax)
    assert len(ax.get_lines()) == 9  # 3 concepts; the fourth coordinate is left out
    by_colour = {colors.to_hex(x.get_color()): x.get_ydata() for x in ax.get_lines()}
    for k in range(3):
        shown = by_colour[plot.colour(k)]
        np.testing.assert_allclose(shown, plain.weights[:, k, k], atol=1e-13, rtol=0)
    grey = [x for x in ax.get_lines() if colors.to_hex(x.get_color()) == GREY]
    assert len(grey) == 6
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(labels) == 4
    assert any(r"\mu_3 = 1.5" in label for label in labels)


def test_an_overlay_keeps_one_legend(ax: Axes) -> None:
    plot.weights(run(), ax=ax)
    plot.weights(run("analytic.one_layer"), ax=ax)
    assert len(ax.get_lines()) == 18
    assert len(ax.get_legend().get_texts()) == 4


def test_weights_need_weights(ax: Axes) -> None:
    with pytest.raises(ArgumentError, match="must have weights"):
        plot.weights(replace(run(), weights=None), ax=ax)


def test_concept_space_shows_path_markers_and_scene(ax: Axes) -> None:
    traj = run()
    plot.concept_space(traj, ax=ax, concepts=(0, 2), markers=4)
    data = [np.column_stack(x.get_data()) for x in ax.get_lines()]
    path = observe.concept_outputs(traj)[:, [0, 2]]
    assert any(d.shape == path.shape and np.array_equal(d, path) for d in data)
    assert any(np.allclose(d, path[::40]) for d in data if len(d) == 5)
    points = np.vstack([d for d in data if len(d) == 1])
    for spot in ([1.0, 1.5], [1.0, 0.0], [0.0, 1.5], [0.0, 0.0]):  # target, centroids, origin
        assert (points == spot).all(axis=1).any()
    assert ax.get_xlabel().endswith("concept 1")
    assert ax.get_ylabel().endswith("concept 3")
    assert colors.to_hex(ax.yaxis.label.get_color()) == plot.colour(2)
    assert ax.get_aspect() == 1.0


def test_concept_space_is_turned_back_and_drawn_once(ax: Axes) -> None:
    plot.concept_space(run(), ax=ax, markers=0)
    before = len(ax.get_lines())
    plot.concept_space(run(task=replace(TASK, rotation=R)), ax=ax, markers=0)
    assert len(ax.get_lines()) == before + 1
    plain, turned = (line(ax, k) for k in (-2, -1))
    np.testing.assert_allclose(turned, plain, atol=1e-13, rtol=0)


@pytest.mark.parametrize("concepts", [(0, 0), (0, 3), (-1, 0), (0, 1, 2)])
def test_bad_planes(ax: Axes, concepts) -> None:
    with pytest.raises(ArgumentError, match="`concepts` must name two different ones of the 3"):
        plot.concept_space(run(), ax=ax, concepts=concepts)


def test_bad_markers(ax: Axes) -> None:
    with pytest.raises(ArgumentError, match="`markers` must be"):
        plot.concept_space(run(), ax=ax, markers=-1)


def test_prediction_over_median_and_band(ax: Axes) -> None:
    closed, seeds = run("analytic.one_layer"), run("validation.train", (9,))
    plot.prediction(closed, seeds, ax=ax, band=(0.25, 0.75))
    losses = observe.loss(seeds)
    np.testing.assert_array_equal(line(ax, 0)[1], np.median(losses, axis=0))
    np.testing.assert_array_equal(line(ax, 1)[1], observe.loss(closed))
    (band,) = ax.collections
    corners = band.get_paths()[0].vertices[:, 1]
    low, high = np.quantile(losses, [0.25, 0.75], axis=0)
    assert corners.min() == pytest.approx(low.min())
    assert corners.max() == pytest.approx(high.max())
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["validation.train, median of 9 (25–75%)", "analytic.one_layer"]


def test_prediction_of_a_single_run_has_no_band(ax: Axes) -> None:
    plot.prediction(run("analytic"), run(), ax=ax, label="theory")
    assert not ax.collections
    assert ax.get_legend().get_texts()[1].get_text() == "theory"
    with pytest.raises(ArgumentError, match="`band` must be"):
        plot.prediction(run(), run(), ax=ax, band=(0.9, 0.1))


@pytest.mark.parametrize("draw", [plot.loss, plot.weights, plot.concept_space])
def test_dash_means_road_and_arguments_go_through(draw) -> None:
    dashes = []
    for origin in ("analytic.tied", "sim.solve", "validation.train"):
        ax = Figure().subplots()
        draw(run(origin), ax=ax)
        longest = max(ax.get_lines(), key=lambda x: len(x.get_xdata()))
        dashes.append(longest._unscaled_dash_pattern)
    assert len({str(d) for d in dashes}) == 3
    ax = Figure().subplots()
    draw(run(), ax=ax, lw=7.0, ls="-.")
    assert any(x.get_linewidth() == 7.0 and x.get_linestyle() == "-." for x in ax.get_lines())


def test_colours_are_fixed_and_distinct() -> None:
    assert len({plot.colour(k) for k in range(6)}) == 6
    assert plot.colour(7) != plot.colour(1)


def test_new_axes_on_request_and_no_settings_touched() -> None:
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    before = dict(mpl.rcParams)
    try:
        axes = [draw(run()) for draw in (plot.loss, plot.weights, plot.concept_space)]
        axes.append(plot.prediction(run(), run()))
        assert len(plt.get_fignums()) == 4
        assert all(isinstance(a, Axes) for a in axes)
        assert dict(mpl.rcParams) == before
        with plt.style.context(plot.style()):
            assert mpl.rcParams["axes.spines.top"] is False
        assert dict(mpl.rcParams) == before
    finally:
        plt.close("all")


def test_everything_can_be_rendered(tmp_path) -> None:
    with mpl.style.context(plot.style()):
        figure = Figure()
        axes = figure.subplots(2, 2).ravel()
        plot.loss(bumpy(), ax=axes[0], vertex=(1, 0))
        plot.weights(run(), ax=axes[1])
        plot.concept_space(run(ensemble=(3,)), ax=axes[2])
        plot.prediction(run("analytic"), run(ensemble=(3,)), ax=axes[3])
        figure.savefig(tmp_path / "all.png", dpi=40)
    assert (tmp_path / "all.png").stat().st_size > 1000


def test_a_curve_has_its_rows_and_bands() -> None:
    values = np.array([[0.0, 1.0], [0.5, 0.8], [1.0, np.nan]])
    found = Curve(
        [1, 2, 4],
        values,
        rows=["right", "wrong"],
        x_name="n",
        origin="sim",
        errors=0.1 + 0 * values,
    )
    ax = plot.curve(found, ax=Figure().subplots(), logarithmic=True)
    for k, line in enumerate(ax.get_lines()):
        np.testing.assert_array_equal(line.get_xydata()[:, 1], values[:, k])
        assert line.get_color() == plot.colour(k)
        assert line.get_label() == found.rows[k]
    assert len(ax.collections) == 2
    band = ax.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (-0.1, 1.1)
    assert (ax.get_xlabel(), ax.get_xscale()) == ("n", "log")
    seeds = Curve([1, 2], np.zeros((5, 2, 1)), rows=["right"], x_name="n", origin="analytic")
    ax = plot.curve(seeds, ax=Figure().subplots())
    assert len(ax.get_lines()) == 5
    assert [line.get_label() for line in ax.get_lines()] == ["right"] + 4 * ["_nolegend_"]
    assert ax.get_ylabel() == "right"
    assert ax.get_lines()[0].get_linestyle() == "--"
    with pytest.raises(ArgumentError, match="positive x on a logarithmic axis, but it has -1"):
        plot.curve(replace(seeds, x=[-1, 2]), ax=Figure().subplots(), logarithmic=True)


def test_samples_are_drawn_by_their_weight() -> None:
    points = np.array([[0.0, 1.0, 5.0], [2.0, 3.0, 6.0]])
    found = Samples(points, np.log([1.0, 3.0]), origin="sim")
    ax = plot.samples(found, ax=Figure().subplots(), coordinates=(2, 0))
    (cloud,) = ax.collections
    np.testing.assert_array_equal(cloud.get_offsets(), points[:, [2, 0]])
    np.testing.assert_allclose(cloud.get_sizes()[1] / cloud.get_sizes()[0], 3.0)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("coordinate 3", "coordinate 1")
    hollow = plot.samples(replace(found, origin="analytic.x"), ax=Figure().subplots()).collections[
        0
    ]
    assert hollow.get_facecolors().size == 0
    line = Samples([[0.0], [1.0], [1.0]], origin="sim")
    (outline,) = plot.samples(line, ax=Figure().subplots(), bins=2).patches
    assert outline.get_xy()[:, 1].max() == pytest.approx(
        4 / 3
    )  # two of three points in half a unit
    for wrong in ((0, 0), (0, 3), 1):
        with pytest.raises(
            ArgumentError, match="`coordinates` must name two different ones of the 3"
        ):
            plot.samples(found, ax=Figure().subplots(), coordinates=wrong)


def test_other_kinds_are_refused() -> None:
    found = Samples([[0.0]], origin="sim")
    for draw in (plot.loss, plot.weights, plot.concept_space):
        with pytest.raises(ArgumentError, match="`traj` must be of the kind Trajectory"):
            draw(found)
    with pytest.raises(ArgumentError, match="`curve` must be of the kind Curve"):
        plot.curve(found)
    with pytest.raises(ArgumentError, match="`samples` must be of the kind Samples"):
        plot.samples(np.zeros((3, 2)))
    with pytest.raises(ArgumentError, match=r"`ax` must be of the kind Axes, but it is .*Figure"):
        plot.samples(found, ax=Figure())
    with pytest.raises(ArgumentError, match="must be a Trajectory, a Curve or Samples"):
        plot.dash("sim")


def test_colours_of_concepts_do_not_repeat() -> None:
    assert len({plot.colour(k) for k in range(100)}) == 100
    assert plot.colour(0) == "#0072b2"
    channels = np.array(
        [[int(plot.colour(k)[i : i + 2], 16) for i in (1, 3, 5)] for k in range(18)]
    )
    apart = np.abs(channels[:, None] - channels).max(axis=-1) + 255 * np.eye(18, dtype=int)
    assert apart.min() > 30  # an eye tells them apart


def test_a_name_that_is_no_mathematics_is_shown_as_it_is(tmp_path) -> None:
    rows = [r"$\frac$", "$5", "$w_1$"]
    found = Curve([0.0, 1.0], np.zeros((2, 3)), rows=rows, x_name=r"$\frac$", origin="sim")
    with plot.picture(tmp_path / "curve.svg") as (ax,):
        plot.curve(found, ax=ax)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [r"\$\frac\$", r"\$5", "$w_1$"]
    assert ax.get_xlabel() == r"\$\frac\$"


def test_many_names_stand_beside_the_axes(tmp_path) -> None:
    found = Curve([0.0, 1.0], np.ones((2, 8)), rows=list("abcdefgh"), x_name="x", origin="sim")
    with plot.picture(tmp_path / "curve.png") as (ax,):
        plot.curve(found, ax=ax)
    box, inside = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert box.x0 >= inside.x1 - 1
    assert box.x1 <= ax.figure.bbox.x1


def test_far_apart_strengths_have_scales_of_their_own() -> None:
    for ratio, aspect in ((4.0, 1.0), (50.0, "auto")):
        task = SIMTask(mu=(1.0, ratio), sigma=0.1)
        still = Trajectory.from_weights([0, 1], np.zeros((2, 2, 2)), task, origin="sim", exact=True)
        assert plot.concept_space(still, ax=Figure().subplots()).get_aspect() == aspect


def test_a_density_is_a_curve_on_a_line_and_contours_of_mass_in_the_plane():
    pair = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.04, 0.04])
    ax = plot.density(pair, ax=Figure().add_subplot())
    x, y = ax.get_lines()[0].get_data()
    assert np.trapezoid(y, x) == pytest.approx(1.0, abs=1e-9)
    assert np.interp(1.0, x, y) == pytest.approx(
        float(np.exp(pair.log_density([[1.0]]))[0]), rel=0.01
    )
    normal = GaussianMixture([1.0], [[0.0, 0.0]], [1.0])
    ax = plot.density(normal**2.0, ax=Figure().add_subplot())
    (contours,) = ax.collections
    radii = [np.linalg.norm(path.vertices, axis=1).mean() for path in contours.get_paths()]
    # the mass inside radius r of N(0, ½I) is 1 − exp(−r²)
    law = np.sqrt(-np.log1p(-np.array([0.95, 0.5, 0.05])))
    assert np.allclose(radii, law, rtol=0.03)
    with pytest.raises(ArgumentError, match="marginal"):
        plot.density(GaussianMixture([1.0], [[0.0, 0.0, 0.0]], [1.0]))


@pytest.mark.parametrize("compact", [False, True])
def test_a_legend_on_a_curve_moves_to_free_room_or_beside_the_axes(tmp_path, compact):
    x = np.linspace(0.0, 1.0, 50)

    def legend_of(*curves, place):
        with plot.picture(tmp_path / "curve.svg", compact=compact) as (ax,):
            for curve in curves:
                ax.plot(x, curve, label="a name")
            ax.legend(loc=place)
        ax.figure.draw_without_rendering()
        box = ax.transAxes.inverted().transform(ax.get_legend().get_window_extent().get_points())
        points = [ax.transAxes.inverted().transform(line.get_transform().transform(line.get_xydata()))
                  for line in ax.lines]  # fmt: skip
        on_it = [((p > box[0]) & (p < box[1])).all(axis=1).any() for p in points]
        return box, any(on_it)

    stays, covered = legend_of(x, place="upper left")
    assert not covered
    assert stays[1, 0] < 0.6  # where it was asked for
    assert stays[0, 1] > 0.7
    moved, covered = legend_of(x, place="center")
    assert not covered
    assert ((moved > 0.0) & (moved < 1.0)).all()
    full, covered = legend_of(*np.outer(np.linspace(0.0, 1.0, 12), 1.0 + 0.0 * x), place="center")
    assert not covered
    assert full[0, 0] >= 1.0
