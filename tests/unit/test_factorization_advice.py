"""Learners in closed form, numbers of examples of all laws, and places of the next ones."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from simtheory import assess
from simtheory.analytic import factorization, percolation
from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.sim.percolation import clusters
from simtheory.tasks.factorization import (
    BumpTask,
    Islands,
    Lines,
    Random,
    Stripe,
    Stripes,
)


def grid(side: int) -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(float(side)), np.arange(float(side))), -1).reshape(-1, 2)


def centres(images: np.ndarray) -> np.ndarray:
    flat = images.reshape(len(images), -1).argmax(axis=1)
    return np.stack([flat % images.shape[2], flat // images.shape[2]], -1)


def test_a_sum_over_factors_composes_stripes_and_not_bumps() -> None:
    """A 5 x 5 hole on 16 x 16: stripes 1e-29, with conjunctions 8e-3; bumps 1.24 and no centre right."""
    labels = grid(16)
    held = (np.abs(labels - 7) <= 2).all(1)
    stripes = BumpTask(16, shape=Stripes()).render(labels)
    found = factorization.additive_fit(stripes, labels, held)
    assert found.error < 1e-27
    assert found.determined.all()
    more = factorization.additive_fit(stripes, labels, held, conjunctions=True)
    assert abs(more.error - 8e-3) < 5e-4
    assert (centres(more.predicted[held]) == labels[held]).all()
    np.testing.assert_allclose(more.predicted[~held], stripes[~held], atol=1e-12)
    bumps = BumpTask(16).render(labels)
    found = factorization.additive_fit(bumps, labels, held)
    assert abs(found.error - 1.24) < 5e-3
    assert not (centres(found.predicted[held]) == labels[held]).all(1).any()


def test_logarithms_of_bumps_are_sums_so_products_compose() -> None:
    labels = grid(16)
    held = (np.abs(labels - 7) <= 2).all(1)
    bumps = BumpTask(16, sigma=2.0).render(labels)
    found = factorization.additive_fit(np.log(bumps), labels, held)
    np.testing.assert_allclose(np.exp(found.predicted[held]), bumps[held], rtol=1e-10)


def test_single_stripes_determine_all_crossings_and_bumps_as_drawn_leave_their_tails() -> None:
    """A window of 16 in a canvas of 22, no crossing seen: 1e-30 stripes, .956 bumps, 1 with tails cut."""
    labels = grid(22)
    held = ((labels >= 3) & (labels <= 18)).all(1)
    stripes = BumpTask(16, shape=Stripes(), margin=3).render(labels)
    assert factorization.additive_fit(stripes, labels, held).error < 1e-28
    bumps = BumpTask(22).render(labels)[:, 3:19, 3:19]
    assert abs(factorization.additive_fit(bumps, labels, held).error - 0.956) < 5e-4
    cut = bumps * held[:, None, None]
    assert abs(factorization.additive_fit(cut, labels, held).error - 1.0) < 1e-12


def test_determined_images_are_those_of_one_component_of_the_graph_of_pairs() -> None:
    rng = np.random.default_rng(3)
    labels = grid(5)
    held = rng.random(25) < 0.75
    pairs = labels[~held].astype(int)
    fit = factorization.additive_fit(rng.normal(size=25), labels, held)
    found = percolation.identifiable_pairs(pairs, nx=5, ny=5)
    assert 0 < found.sum() < 25
    assert (fit.determined == found[labels[:, 0].astype(int), labels[:, 1].astype(int)]).all()


def test_the_ideal_denoiser_remembers() -> None:
    clean = BumpTask(8, layout=Random(30)).render(BumpTask(8).labels(rng=0)[:30]).reshape(30, -1)
    level = {"data_share": 0.8, "noise_share": 0.6}
    same = factorization.ideal_denoiser(
        0.8 * clean, clean, data_share=0.8, noise_share=1e-4, weights=np.ones(30)
    )
    np.testing.assert_allclose(same, clean, atol=1e-12)
    far = factorization.ideal_denoiser(
        clean[:2], clean, data_share=1e-9, noise_share=1.0, weights=np.arange(30.0)
    )
    mean = np.arange(30.0) @ clean / np.arange(30.0).sum()
    np.testing.assert_allclose(far, [mean, mean], atol=1e-8)
    each = np.eye(30)[:2] + 0.0
    one = factorization.ideal_denoiser(clean[2:4], clean, weights=each, **level)
    np.testing.assert_allclose(one, clean[:2], atol=1e-14)
    assert np.abs(one - clean[2:4]).max() > 0.1
    with pytest.raises(ArgumentError, match=r"exp\(kappa"):
        factorization.ideal_denoiser(clean[0], clean, weights=np.cos(np.arange(30.0)), **level)
    with pytest.raises(ArgumentError, match="all zero"):
        factorization.ideal_denoiser(clean[0], clean, weights=np.zeros(30), **level)


def test_continuity_of_local_codes() -> None:
    """.10, .18, .32, .50 at widths .5, 1, 2, 4 of 32, as sampled; 2/pi on a smooth circle."""
    found = [factorization.local_continuity(w) for w in (0.5, 1.0, 2.0, 4.0)]
    np.testing.assert_allclose(found, [0.10, 0.18, 0.32, 0.50], atol=0.01)
    assert factorization.local_continuity(100.0) == 2 / math.pi
    assert abs(factorization.local_continuity(10.0) - 2 / math.pi) < 1e-4
    assert factorization.local_continuity(1.0, side=16.0) == factorization.local_continuity(2.0)
    rising = [factorization.local_continuity(w) for w in (1e-5, 0.1, 1.0, 5.0)]
    assert np.all(np.diff(rising) > 0)
    assert 0 < rising[0] < 1e-5


def test_numbers_of_examples_of_all_laws() -> None:
    found = factorization.examples_needed(BumpTask(32), tolerance=1.0, accuracy=0.6)
    assert found["random coverage"].n == 299
    assert found["two factors apart"].n == 24
    assert found["percolating"].n == 123
    assert factorization.nearest_random(299, side=32, tolerance=1.0) >= 0.6
    spacing = 32 / math.sqrt(found["grid"].n)
    assert factorization.nearest_lattice(spacing, tolerance=1.0) == pytest.approx(0.6, abs=2e-3)
    low = factorization.examples_needed(BumpTask(32), tolerance=1.0, accuracy=0.6, theta=0.005)
    assert low["percolating"].n == 70
    half = factorization.examples_needed(BumpTask(32, 0.5), tolerance=1.0, accuracy=0.6)
    assert half["percolating"].n == 491
    connected = factorization.examples_needed(BumpTask(32), tolerance=1.0, accuracy=0.95)[
        "connected"
    ]
    radius = float(percolation.link_radius(1.0, theta=0.05))
    assert percolation.plane_connected(connected.n, side=32, radius=radius) >= 0.95
    assert percolation.plane_connected(connected.n - 1, side=32, radius=radius) < 0.95
    # For 95 % in a box random examples need ln 20 = 3.0 times the grid that covers all of it.
    assert {need.law for need in found.needs} == {
        "random coverage", "grid", "two factors apart", "connected", "percolating"
    }  # fmt: skip


def test_the_laws_part_by_their_scaling() -> None:
    """Percolation falls as sigma^-2 and rises as N^2, coverage does not know sigma, factors apart grow as N."""

    def numbers(side: int, sigma: float) -> dict[str, float]:
        found = factorization.examples_needed(BumpTask(side, sigma), tolerance=0.1, accuracy=0.5)
        return {need.law: need.n for need in found.needs}

    base, wide, large = numbers(32, 0.7), numbers(32, 1.4), numbers(64, 0.7)
    for law, by_sigma, by_side in (
        ("random coverage", 1.0, 4.0),
        ("grid", 1.0, 4.0),
        ("two factors apart", 1.0, 2.0),
        ("percolating", 0.25, 4.0),
    ):
        assert wide[law] / base[law] == pytest.approx(by_sigma, rel=0.02)
        assert large[law] / base[law] == pytest.approx(by_side, rel=0.02)
    assert 4.0 < large["connected"] / base["connected"] < 5.5


def test_stripes_are_linked_by_their_values() -> None:
    task = BumpTask(32, shape=Stripes())
    found = factorization.examples_needed(task, tolerance=1.0, accuracy=0.95)
    assert found["connected"].label == "bipartite-connected"
    m = found["connected"].n
    assert percolation.connection_probability(m, nx=16, ny=16) >= 0.95
    assert percolation.connection_probability(m - 1, nx=16, ny=16) < 0.95
    assert percolation.identifiable_fraction(found["percolating"].n, nx=16, ny=16) >= 0.95
    assert found.theta is None
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert json.loads(text)["needs"][0]["law"] == "random coverage"
    assert "assumes" in str(found)
    assert max(map(len, str(found).splitlines())) <= 80  # the columns of a terminal
    assert "<table>" in found._repr_html_()


def test_impossible_advice_is_refused() -> None:
    for task, kwargs, error, words in (
        (BumpTask(shape=Stripe("x")), {}, TaskError, "two factors"),
        (BumpTask(shape=Stripes()), {"theta": 0.05}, ArgumentError, "of no use for stripes"),
        (BumpTask(), {"accuracy": 1.0}, ArgumentError, "`accuracy`"),
        (BumpTask(), {"theta": 0.0}, ArgumentError, "`theta`"),
        (BumpTask(), {"tolerance": 1e-9}, ArgumentError, "at least 1e-06 of the side"),
    ):
        with pytest.raises(error, match=words):
            factorization.examples_needed(task, **{"tolerance": 1.0, "accuracy": 0.9} | kwargs)
    found = factorization.examples_needed(BumpTask(), tolerance=1.0, accuracy=0.9)
    with pytest.raises(ArgumentError, match="percolating"):
        found["percolation"]
    assert "stripes (margin)" in found["two factors apart"].assumes
    margin = factorization.examples_needed(BumpTask(margin=3), tolerance=1.0, accuracy=0.9)
    assert "stripes (margin)" not in margin["two factors apart"].assumes


def test_further_examples_join_islands_and_cover_what_lines_leave() -> None:
    islands = BumpTask(16, layout=Islands(4, 4, 112), periodic=True).labels(rng=0)
    found = factorization.next_examples(islands, 12, radius=3.46, tolerance=1.0, period=16.0)
    assert found.largest[0] == 0.25
    assert found.largest[-1] == 1.0
    assert len(found.connect) == 3
    for k in range(4):
        part = clusters(np.concatenate([islands, found.connect[:k]]), 3.46, period=16.0)
        assert (part == 0).mean() == pytest.approx(found.largest[k])
    # Twelve discs that do not overlap each other or an island.
    assert found.covered[-1] - found.covered[0] == pytest.approx(12 * np.pi / 256, rel=0.05)
    lines = BumpTask(16, layout=Lines(112), periodic=True).labels(rng=0)
    connected = factorization.next_examples(lines, 3, radius=3.46, tolerance=1.0, period=16.0)
    assert connected.connect.shape == (0, 2)
    asked = np.random.default_rng(0).uniform(0, 16, (4000, 2))
    away = np.abs(asked[:, None] - lines)
    away = np.minimum(away, 16 - away)
    share = (np.hypot(away[..., 0], away[..., 1]) < 1.0).any(1).mean()
    assert connected.covered[0] == pytest.approx(share, abs=0.03)
    assert assess.next_examples is factorization.next_examples


@settings(max_examples=25)
@given(
    seed=some.integers(0, 10**6),
    m=some.integers(1, 30),
    n=some.integers(1, 6),
    torus=some.booleans(),
    radius=some.floats(0.3, 3.9),
)
def test_every_further_example_helps(seed: int, m: int, n: int, torus: bool, radius: float) -> None:
    labels = np.random.default_rng(seed).uniform(0, 8, (m, 2))
    space = {"period": 8.0} if torus else {"side": 8.0}
    found = factorization.next_examples(labels, n, radius=radius, tolerance=1.0, **space)
    assert np.all(np.diff(found.covered) > 0)
    assert len(found.cover) <= n
    assert len(found.connect) <= n
    assert 0.0 < found.largest[0] <= found.largest[-1] <= 1.0
    whole = np.concatenate([labels, found.connect])
    part = clusters(whole, radius * (1 + 1e-9), **({"period": 8.0} if torus else {}))
    assert (part == 0).mean() >= found.largest[-1] - 1e-12
    for places in (found.cover, found.connect):
        assert places.size == 0 or (places.min() >= 0.0 and places.max() <= 8.0)


def test_impossible_places_are_refused() -> None:
    for labels, kwargs, error, words in (
        (np.zeros((3, 3)), {}, ShapeError, r"\(m, 2\)"),
        (np.zeros((0, 2)), {}, ShapeError, r"\(m, 2\)"),
        ([[1.0, 1.0], [1.0, 2.0]], {}, ArgumentError, "span an area"),
        (np.eye(2), {"period": 3.0}, ArgumentError, "twice the radius"),
        (np.eye(2), {"period": 9.0, "side": 9.0}, ArgumentError, "not both"),
        (np.eye(2), {"radius": 0.0}, ArgumentError, "`radius`"),
        (np.eye(2), {"n": 0}, ArgumentError, "`n`"),
    ):
        with pytest.raises(error, match=words):
            factorization.next_examples(
                labels, **{"n": 2, "radius": 2.0, "tolerance": 1.0} | kwargs
            )


def test_impossible_fits_are_refused() -> None:
    held = np.array([True, False])
    for args, error, words in (
        (([[1.0]], [[0, 0]], np.array([True])), ArgumentError, "some of the images"),
        (([[1.0], [2.0]], [[0, 0]], held), ShapeError, r"\(n, k\)"),
        (([[1.0], [2.0]], [[0, 0], [1, 1]], held[:1]), ShapeError, "one for each image"),
        (([[0.0], [2.0]], [[0, 0], [1, 1]], held), ArgumentError, "not zero"),
    ):
        with pytest.raises(error, match=words):
            factorization.additive_fit(*args)
