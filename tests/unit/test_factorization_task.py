"""Images of two factors: pictures, layouts, held-out sets, canvases and their refusals."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simtheory import tasks
from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.sim import percolation
from simtheory.tasks.factorization import (
    Bump,
    BumpTask,
    Cross,
    Hole,
    Islands,
    Lattice,
    Lesion,
    Lines,
    Random,
    Stripe,
    Stripes,
)


def gaussian(places, centre, sigma):
    return np.exp(-((places - centre) ** 2) / (2 * sigma**2))


def test_a_bump_is_the_gaussian_of_its_label_rows_along_y():
    i = np.arange(16)
    image = BumpTask(16, sigma=(1.0, 2.0)).render([[4.3, 9.8]])[0]
    assert np.allclose(image, np.outer(gaussian(i, 9.8, 2.0), gaussian(i, 4.3, 1.0)), atol=1e-15)
    assert not np.allclose(image, image.T, atol=0.1)
    dark = BumpTask(16, dark=True).render([[5, 5]])[0]
    assert dark[5, 5] == 0.0
    assert dark.max() <= 1.0


def test_stripes_are_half_of_each_stripe_and_reach_one_where_they_cross():
    i = np.arange(12)
    both = BumpTask(12, shape=Stripes()).render([[3, 8]])[0]
    assert both[8, 3] == 1.0
    only = [BumpTask(12, shape=Stripe(axis)).render([[3, 8]])[0] for axis in "xy"]
    assert np.allclose(both, (only[0] + only[1]) / 2, atol=1e-15)
    assert np.allclose(only[0], np.tile(gaussian(i, 3, 1.0), (12, 1)), atol=1e-15)


def test_on_a_torus_a_shifted_label_is_a_shifted_image():
    task = BumpTask(10, sigma=2.5, periodic=True)
    a, b = task.render([[2.3, 9.6], [5.3, 11.6]])
    assert np.allclose(np.roll(a, (2, 3), (0, 1)), b, atol=1e-14)
    wide = BumpTask(8, sigma=8.0, periodic=True).render([[0.0, 0.0]])[0]
    assert np.ptp(wide) < 1e-6 * wide.max()


def test_on_a_canvas_a_factor_out_of_view_leaves_the_stripe_of_the_other():
    """Labels run over side + 2 margin; a plain bump would be blank there, and is for neither factor."""
    task = BumpTask(16, margin=3)
    window = np.arange(3, 19)
    x_only, y_only, none = task.render([[7.2, 1.0], [21.0, 7.2], [0.0, 20.0]])
    assert np.allclose(x_only, np.tile(gaussian(window, 7.2, 1.0), (16, 1)), atol=1e-15)
    assert np.allclose(y_only, x_only.T, atol=1e-15)
    assert not none.any()
    labels = task.labels(rng=0)
    assert labels.min() < 1.0
    assert labels.max() > 20.0
    assert task.extent == 21.0


def test_held_out_squares_have_as_many_whole_labels_as_their_area():
    for held in (Hole(4), Hole(4, "corner")):
        task = BumpTask(16, layout=Lattice(1.0), held_out=held)
        assert len(task.labels(rng=0)) == 256 - 16
    outside = BumpTask(16, margin=3, layout=Lattice(1.0), held_out=Hole(16)).labels(rng=0)
    assert len(outside) == 22**2 - 16**2
    assert ((outside < 3) | (outside > 18)).any(axis=1).all()


def test_rims_are_training_data_and_images_of_one_factor_follow_each_rule():
    x = [[5.5, 7.5], [5.6, 7.5], [9.5, 9.5], [9.4, 5.6]]
    assert BumpTask(16, held_out=Hole(4)).is_held_out(x).tolist() == [False, True, False, True]
    assert BumpTask(16, held_out=Lesion(4, "y")).is_held_out([[0, 5.5], [0, 5.6]]).tolist() == [
        False,
        True,
    ]
    assert BumpTask(16, held_out=Hole(4, "corner")).is_held_out(
        [[11, 15], [11.1, 15]]
    ).tolist() == [
        False,
        True,
    ]
    cross = BumpTask(16, margin=4, held_out=Cross(10, 13))
    assert cross.is_held_out([[11, 11], [11, 19], [11, 2], [10, 8]]).tolist() == [
        True,
        True,
        False,
        False,
    ]
    lesion = BumpTask(16, margin=4, held_out=Lesion(4))
    assert lesion.is_held_out([[11.5, 0.0]]).all()


def test_queries_fill_the_held_out_set_evenly_and_stay_in_view():
    for task in (
        BumpTask(16, held_out=Hole(5)),
        BumpTask(16, held_out=Hole(5, "corner")),
        BumpTask(16, held_out=Lesion(3), margin=2),
        BumpTask(16, held_out=Cross(6, 9)),
    ):
        asked = task.queries(4000, rng=1)
        assert task.is_held_out(asked).all()
        low, high = task.space.view
        assert asked.min() >= low
        assert asked.max() <= high
    asked = BumpTask(16, held_out=Hole(5)).queries(4000, rng=1)
    assert np.allclose(asked.mean(0), 7.5, atol=5 * 5 / np.sqrt(12 * 4000))
    assert np.allclose(asked.std(0), 5 / np.sqrt(12), rtol=0.05)
    plain = BumpTask(16).queries(4000, rng=1)
    assert np.allclose(plain.std(0), 15 / np.sqrt(12), rtol=0.05)


def test_islands_cover_without_being_connected_and_lines_connect_without_covering():
    """The sets of the double dissociation: mass .25 inside islands, 1 on lines that cover about .34."""
    islands = BumpTask(16, layout=Islands(4, gap=4, n=112), periodic=True)
    lines = BumpTask(16, layout=Lines(112), periodic=True)
    radius = 3.46
    for seed in range(5):
        apart = percolation.clusters(islands.labels(rng=seed), radius, period=16.0)
        assert np.unique(apart, return_counts=True)[1].tolist() == [28] * 4
        assert not percolation.clusters(lines.labels(rng=seed), radius, period=16.0).any()
    asked = np.random.default_rng(0).uniform(0, 16, (20_000, 2))
    away = np.abs(asked[:, None] - lines.labels(rng=0))
    covered = (np.minimum(away, 16 - away) < 1.0).all(-1).any(1).mean()
    assert covered == pytest.approx(1 - (1 - 2 / 16) * (1 - 4 / 16), abs=0.02)


def test_layouts_give_what_they_promise():
    assert BumpTask(16, layout=Lattice(0.25)).labels(rng=0).shape == (61**2, 2)
    kept = len(BumpTask(16, layout=Lattice(0.25, kept=0.02)).labels(rng=0))
    assert abs(kept - 0.02 * 3721) < 5 * np.sqrt(0.02 * 3721)
    assert BumpTask(8, layout=Lattice(0.5), periodic=True).labels(rng=0).max() == 7.5
    held = BumpTask(16, layout=Random(300), held_out=Hole(8)).labels(rng=0)
    assert held.shape == (300, 2)
    six = BumpTask(12, layout=Islands(6, gap=1.0, n=13)).labels(rng=0)
    assert len(np.unique(percolation.clusters(six, 0.999))) >= 6
    assert BumpTask(16, layout=Lines(50)).labels(rng=0).shape == (50, 2)


@given(
    layout=st.sampled_from([Random(20), Lattice(1.0, 0.5), Islands(4, 1.0, 20), Lines(30)]),
    held_out=st.sampled_from([None, Hole(3.0), Lesion(2.0, "y"), Cross(4, 6)]),
    margin=st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_no_example_is_held_out_seeds_repeat_and_files_keep_the_task(
    layout, held_out, margin, seed
):
    task = BumpTask(12, sigma=(1.0, 2.0), layout=layout, held_out=held_out, margin=margin)
    labels = task.labels(rng=seed)
    assert not task.is_held_out(labels).any()
    assert np.array_equal(labels, task.labels(rng=seed))
    assert labels.min() >= 0.0
    assert labels.max() <= task.extent
    again = tasks.from_dict("bumps", json.loads(json.dumps(task.to_dict())))
    assert again == task
    assert hash(again) == hash(task)
    assert again.dim == 144


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"held_out": Hole(40)}, TaskError, "leave training data"),
        ({"held_out": Lesion(16)}, TaskError, "leave training data"),
        ({"held_out": Cross(40, 50)}, TaskError, "leave queries"),
        ({"held_out": Cross(-9, 50)}, TaskError, "leave training data"),
        ({"periodic": True, "margin": 2}, TaskError, "`margin` of a torus"),
        ({"periodic": True, "held_out": Hole(2, "corner")}, TaskError, "a torus has none"),
        ({"periodic": True, "layout": Lattice(3.0)}, TaskError, "nearest that does is 3.2"),
        ({"periodic": True, "sigma": 17.0}, TaskError, "at most its side"),
        ({"sigma": 0.0}, ArgumentError, "must be positive"),
        ({"sigma": float("nan")}, ArgumentError, "must be finite"),
        ({"sigma": (1.0, 2.0, 3.0)}, ShapeError, "pair"),
        ({"side": 1}, TaskError, "at least 2"),
        ({"margin": -1}, ArgumentError, "non-negative"),
        ({"shape": Bump}, ArgumentError, "the class Bump itself"),
    ],
)
def test_impossible_tasks_are_refused(kwargs, error, words):
    with pytest.raises(error, match=words):
        BumpTask(**{"side": 16} | kwargs)


def test_impossible_families_are_refused():
    for make, error, words in (
        (lambda: Random(0), ArgumentError, "positive integer"),
        (lambda: Lattice(1.0, kept=0.0), ArgumentError, r"\(0, 1\]"),
        (lambda: Islands(4, 1.0, 3), TaskError, "number of islands"),
        (lambda: Lines(5), TaskError, "at least 6"),
        (lambda: Cross(5, 5), TaskError, "below `high`"),
        (lambda: Hole(2, "edge"), ArgumentError, "corner, interior"),
        (lambda: BumpTask(16).render([1.0, 2.0]), ShapeError, r"\(n, 2\)"),
        (lambda: BumpTask(16, layout=Islands(4, 8, 9)).labels(rng=0), TaskError, "`gap` of 4"),
        (lambda: BumpTask(16).labels(rng=None), ArgumentError, "seed"),
    ):
        with pytest.raises(error, match=words):
            make()
    with pytest.raises(TaskError, match="leave training data"):
        BumpTask(16, layout=Lattice(15.0, kept=1e-9)).labels(rng=0)


def test_the_sets_of_the_figures_hold_out_what_the_captions_say():
    four, ten = tasks.liang2024.figure_4(), tasks.liang2024.figure_10()
    pairs = four.two_factors.labels(rng=0)
    assert not ((pairs > 13) & (pairs < 19)).any()
    for stripes in (four.one_factor, ten.stripes):
        labels = stripes.labels(rng=0)
        visible = stripes.space.seen(labels[:, 0]) & stripes.space.seen(labels[:, 1])
        assert len(labels) == 87**2 - 65**2
        assert not visible.any()
        assert stripes.extent == 43.0
    both = four.both
    assert both.is_held_out([[22, 22], [22, 10], [22, 2]]).tolist() == [True, True, False]
    assert len(ten.rim.labels(rng=0)) > len(ten.stripes.labels(rng=0))
    assert tasks.liang2024.figure_5(16, stripes=False, kept=0.5).margin == 0
    assert tasks.liang2024.figure_5(16, stripes=True).margin == 6
    assert tasks.liang2024.figure_6(0.1, 0.5).sigma == 0.1
    gone = tasks.liang2024.figure_11(8.0)
    assert not ((gone.labels(rng=0)[:, 0] > 11.5) & (gone.labels(rng=0)[:, 0] < 19.5)).any()
    assert tasks.liang2024.figure_12(8, "corner", shape=Stripes()).shape == Stripes()
