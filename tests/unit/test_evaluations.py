"""What each function says of evaluations whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st_

import simtheory as st
from simtheory.assess.evaluations.hidden import wilson
from simtheory.assess.evaluations.orders import kendall, page
from simtheory.assess.evaluations.sharpness import rising
from simtheory.assess.evaluations.times import median_of
from simtheory.errors import ArgumentError
from tests.unit.evaluation_logs import log, table

# -- the product law ----------------------------------------------------------------------------


def test_noise_of_independent_errors():
    acc = table([[[0.12]]], [[[[0.3, 0.5, 0.8]]]], n=256)
    noise = st.assess.product_law(acc).noise.item()
    assert noise == pytest.approx(0.01452, abs=5e-6)
    assert noise == pytest.approx(st.analytic.emergence.product_noise([0.3, 0.5, 0.8], 256))


def test_gaps_of_independent_errors_are_as_large_as_their_noise():
    rng = np.random.default_rng(0)
    z2 = {
        together: np.mean(
            [
                st.assess.product_law(
                    log(rng, seeds=5, steps=20, samples=32, together=together)[0]
                ).mean_z2
                for _ in range(20)
            ]
        )
        for together in (0.0, 0.3)
    }
    # 20 logs of 100 cells and more, z² with a variance up to 3: a standard error of 0.04 at most
    assert abs(z2[0.0] - 1.0) < 0.12
    assert z2[0.3] > 1.3


def test_verdicts_of_each_rule_and_of_neither():
    rng = np.random.default_rng(0)
    for together, verdict in ((0.0, "product"), (0.5, "neither"), (1.0, "weakest link")):
        acc, _ = log(rng, seeds=5, steps=20, samples=256, together=together)
        law = st.assess.product_law(acc)
        assert law.verdict == verdict
        assert law.lean == pytest.approx(together, abs=0.03)
    # comonotone errors are told from independent ones: the do-nothing predictor, lean 0, is far off
    assert law.rms_product > 10 * law.rms_weakest


@settings(max_examples=25)
@given(
    seed=st_.integers(0, 2**16),
    together=st_.sampled_from([0.0, 0.3, 1.0]),
    samples=st_.sampled_from([4, 16, 64]),
    turn=st_.permutations([0, 1, 2]),
)
def test_columns_may_change_places_and_a_concept_that_never_fails_changes_nothing(
    seed, together, samples, turn
):
    acc, _ = log(np.random.default_rng(seed), seeds=3, steps=8, samples=samples, together=together)
    law = st.assess.product_law(acc)
    turned = replace(
        acc,
        concepts=tuple(acc.concepts[k] for k in turn),
        marginals=acc.marginals[..., turn],
        moments=acc.moments[..., turn, :][..., turn],
    )
    sure = np.ones((*acc.joint.shape, 4, 4))
    sure[..., :3, :3] = acc.moments
    sure[..., 3, :3] = sure[..., :3, 3] = acc.marginals
    more = replace(
        acc,
        concepts=(*acc.concepts, "sure"),
        marginals=sure[..., 3, :],
        concept_counts=np.repeat(acc.counts[..., None], 4, axis=-1),
        powers=np.ones(4),
        moments=sure,
    )
    for other in (turned, more):
        again = st.assess.product_law(other)
        assert again.verdict == law.verdict
        # sums in another order
        assert again.lean == pytest.approx(law.lean, rel=1e-9, abs=1e-12)
        assert again.interval == pytest.approx(law.interval, rel=1e-9, abs=1e-12)


def test_what_cannot_be_told_is_undecided_and_says_why():
    one = table([[[0.25]]], [[[[0.5, 0.5]]]], n=2)
    assert "standard errors apart" in st.assess.product_law(one).reason
    unknown = replace(one, counts=one.counts * np.nan, concept_counts=one.concept_counts * np.nan)
    law = st.assess.product_law(unknown)
    assert law.verdict == "undecided"
    assert "without numbers of samples" in law.reason
    assert np.isnan(law.z).all()
    seeds, _ = log(np.random.default_rng(2), seeds=4, steps=12, samples=64)
    seeds = replace(
        seeds, counts=seeds.counts * np.nan, concept_counts=seeds.concept_counts * np.nan
    )
    assert st.assess.product_law(seeds).verdict == "product"  # by the scatter over seeds
    assert "no z" in st.assess.product_law(seeds).reason
    easy = table([[[0.97]]], [[[[0.97, 1.0]]]], n=1000)
    assert "fail often enough" in st.assess.product_law(easy).reason


# -- times ------------------------------------------------------------------------------------


def test_the_median_of_kaplan_and_meier():
    # freed by hand: at risk 6, 5, 3, 2: S = 5/6, 4/6, 4/9, 2/9
    t = np.array([1.0, 2.0, 2.5, 4.0, 5.0, 6.0])
    lost = np.array([False, False, True, False, False, True])
    assert median_of(t, lost)[0] == 4.0
    assert median_of(t[:4], np.zeros(4, bool))[0] == 2.25
    assert median_of(t[:2], np.array([False, True]))[0] == np.inf
    # the least and greatest of five; two and three seeds by Student's t of logs: 4.303 for three
    five, (low, high) = median_of(np.array([3.0, 1.0, 9.0, 4.0, 8.0]), np.zeros(5, bool))
    assert (five, low, high) == (4.0, pytest.approx(1.0), 9.0)
    _, (low, high) = median_of(np.exp([1.0, 2.0, 3.0]), np.zeros(3, bool))
    assert np.log([low, high]) == pytest.approx(
        [2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5], abs=1e-4
    )
    assert np.isnan(median_of(np.array([1.0]), np.array([False]))[1]).all()
    # eight runs that learn nothing bound the median from below; three do not
    assert median_of(np.full(8, 7.0), np.ones(8, bool)) == (np.inf, (7.0, np.inf))
    assert median_of(np.full(3, 7.0), np.ones(3, bool)) == (np.inf, (0.0, np.inf))


def test_learning_is_sustained_and_a_share_of_the_ceiling():
    joint = np.array([0.6, 0.1, 0.2, 0.4, 0.6, 0.7, 0.8, 0.8])
    acc = table(joint[None, :, None], np.repeat(joint, 2).reshape(1, 8, 1, 2))
    found = st.assess.emergence_times(acc)
    assert found.times.item() == 3.5  # not at the start, by chance
    assert not found.at_start.item()
    half = st.assess.emergence_times(replace(acc, ceiling=0.8))
    assert half.times.item() == 3.0
    high = st.assess.emergence_times(acc, level=0.95)
    assert high.censored.item()
    assert high.times.item() == 7.0
    assert np.isinf(high.median).item()
    assert "Not by most seeds" in high.sentence()
    assert st.assess.emergence_times(acc, level=0.05).at_start.item()
    assert "or before" in st.assess.emergence_times(acc, level=0.05).sentence()


# -- order ------------------------------------------------------------------------------------


def test_page_and_kendall():
    assert page([[1, 2, 3]] * 3) == (42.0, pytest.approx(1 / 216))
    assert page([[3, 2, 1]] * 3)[1] == pytest.approx(1.0)
    ranks = [[1, 2, 3, 4]] * 3 + [[2, 1, 4, 3], [4, 3, 2, 1]]
    statistic, p = page(ranks)
    assert statistic == 3 * 30 + 28 + 20
    assert 0.01 < p < 0.05  # Page (1963): 5 % at 137 of four groups and five seeds
    rng = np.random.default_rng(0)
    many = np.argsort(rng.random((4000, 8, 7)), axis=-1)
    p = np.array([page(one)[1] for one in many])
    assert (p < 0.05).mean() == pytest.approx(0.05, abs=0.011)  # three standard errors
    assert kendall([1, 2, 3, np.inf, np.inf], [0, 1, 2, 3, 3]) == pytest.approx(1.0)
    assert np.isnan(kendall([1, 2, 3], [2, 2, 2]))


def test_order_against_distance_and_theory_and_what_is_not_yet_learned():
    graph = st.ConceptGraph.star(3)
    names = [graph.name(one) for one in graph.classes]
    predicted = st.analytic.emergence.learning_times(graph, classes=graph.classes)
    rng = np.random.default_rng(0)
    x = np.linspace(0.0, 300.0, 61)
    middles = 100.0 * predicted * np.exp(0.02 * rng.standard_normal((4, 8)))
    joint = 1.0 / (1.0 + np.exp((middles[:, None] - x[:, None]) / 10.0))
    acc = table(
        joint, np.repeat(np.sqrt(joint)[..., None], 3, axis=-1)[..., :3] ** (2 / 3), steps=x
    )
    acc = replace(acc, classes=tuple(names), graph=graph, nodes=graph.classes)
    found = st.assess.order(acc)
    assert found.by_distance.p_value < 1e-3
    assert found.by_distance.verdict == "holds"
    over_seeds = ("seeds", "joint", "marginals", "counts", "concept_counts")
    one = st.assess.order(replace(acc, **{name: getattr(acc, name)[:1] for name in over_seeds}))
    assert one.by_distance.p_value == one.by_distance.least == pytest.approx(1 / 6)  # 1 of 3!
    assert "cannot be told from so few seeds" in one.sentence()
    assert found.by_theory.mean_tau > 0.75  # 1 but for ties of theory
    assert found.clock == pytest.approx(100.0, rel=0.03)
    assert found.expected[names.index("111")] == pytest.approx(392.0, rel=0.03)  # T_3 = 3.920
    assert np.isinf(found.times.median[names.index("111")])
    assert any("111: near step 39" in line for line in found.outlook())
    with pytest.raises(ArgumentError, match="`graph`"):
        st.assess.order(replace(acc, graph=None, nodes=None))


def test_values_that_no_trained_class_shows_are_never_learned():
    graph = st.ConceptGraph([[0, 0], [1, 0]])
    joint = np.zeros((2, 10, 4))
    joint[:, 3:, [0, 2]] = 1.0
    acc = table(joint, np.repeat(joint[..., None], 2, axis=-1))
    acc = replace(acc, classes=("00", "01", "10", "11"), graph=graph, nodes=graph.classes)
    lines = st.assess.order(acc).outlook()
    assert [line.partition(":")[0] for line in lines] == ["01", "11"]
    assert all("no trained class shows" in line for line in lines)


def test_many_classes_that_are_not_learned_are_counted():
    graph = st.ConceptGraph.star(5)
    joint = np.zeros((3, 10, 32))
    joint[:, 3:, :2] = 1.0
    acc = table(joint, np.repeat(joint[..., None], 5, axis=-1))
    names = tuple(map(graph.name, graph.classes))
    found = st.assess.overview(replace(acc, classes=names, graph=graph, nodes=graph.classes))
    lines = found.sentences()
    assert sum(line.startswith("Not yet learned") for line in lines) == 9
    assert lines[-1] == "Not yet learned: 22 more classes."
    assert "01001 and 22 more." in found.times.sentence()
    assert len(found.order.outlook()) == 30
    early = found.times.bounded
    assert early[:2].all()
    assert not early[2:].any()


def test_names_of_classes_with_spaces_commas_and_many_values(write):
    graph = st.ConceptGraph([[0, 0]], names={"hue": ["dark blue", "red"], "size": ["a", "b"]})
    text = 'class,hue,size,joint,n\n"dark blue, b",1,1,1,9\n"(red, a)",1,1,1,9\n01,1,1,1,9\n'
    acc = st.assess.accuracies(write(text.replace("01,1,1,1,9\n", "")), train=graph)
    assert acc.nodes.tolist() == [[1, 0], [0, 1]]
    with pytest.raises(ArgumentError, match="or one of dark blue, red"):
        st.assess.accuracies(write(text.replace("dark blue", "blue")), train=graph)


def test_an_order_that_does_not_hold_is_not_shown():
    graph = st.ConceptGraph.star(2)
    rng = np.random.default_rng(1)
    p = []
    for _ in range(100):
        joint = (np.arange(30)[None, :, None] > rng.uniform(5, 25, (3, 1, 4))).astype(float)
        acc = table(joint, np.repeat(joint[..., None], 2, axis=-1))
        acc = replace(acc, classes=("00", "01", "10", "11"), graph=graph, nodes=graph.classes)
        p.append(st.assess.order(acc).by_distance.p_value)
    assert np.mean(np.array(p) < 0.05) <= 0.12  # three standard errors


# -- widths -----------------------------------------------------------------------------------


def test_a_product_of_logistic_curves_is_narrower_by_its_factor():
    x = np.linspace(-30.0, 60.0, 4001)
    for k, width in ((1, 4.394), (2, 3.688), (3, 3.475), (4, 3.373)):
        q = 1.0 / (1.0 + np.exp(-x))
        acc = table((q**k)[None, :, None], np.repeat(q, k).reshape(1, -1, 1, k), steps=x)
        found = st.assess.widths(acc)
        assert found.linear[0, 0, 0] == pytest.approx(width, abs=1e-3)
        assert found.ratio().item() == pytest.approx(width / 4.394, abs=1e-3)
        assert "not sharper" in found.sentence()


def test_a_step_is_sharper_than_its_concepts_and_a_wide_spread_is_the_metric():
    x = np.linspace(0.0, 100.0, 201)
    slow, fast = 1 / (1 + np.exp(-(x - 60) / 6)), 1 / (1 + np.exp(-(x - 10) / 2))
    q = np.stack([slow, fast], axis=-1)[None, :, None]
    metric = st.assess.widths(table((slow * fast)[None, :, None], q, steps=x))
    assert "it is the metric" in metric.sentence()
    sudden = 1 / (1 + np.exp(-(x - 60) / 2))
    assert (
        "sharper than a product"
        in st.assess.widths(table(sudden[None, :, None], q, steps=x)).sentence()
    )
    flat = st.assess.widths(table(0 * sudden[None, :, None], 0 * q, steps=x))
    assert np.isnan(flat.linear).all()
    assert "no class rises" in flat.sentence()


def test_the_nearest_rising_row():
    assert rising([3.0, 1.0, 2.0, 5.0, 4.0]).tolist() == [2.0, 2.0, 2.0, 4.5, 4.5]


# -- hidden capabilities ----------------------------------------------------------------------


def prompted(best, plain, n):
    """Return a table with ten prompts, the second of which is the best."""
    both = np.repeat(plain[None, :, None, None], 10, axis=-1).copy()
    both[..., 1] = best[None, :, None]
    acc = table(plain[None, :, None], np.repeat(np.sqrt(plain), 2).reshape(1, -1, 1, 2), n=n)
    return replace(
        acc,
        strengths=np.arange(1.0, 11.0),
        prompted=both,
        prompted_counts=np.full(both.shape, float(n)),
    )


def test_a_prompt_that_shows_what_the_plain_one_hides():
    t = np.arange(20.0)
    best, plain = 1 / (1 + np.exp(5 - t)), 1 / (1 + np.exp(15 - t))
    found = st.assess.hidden_capability(prompted(best, plain, 128))
    assert found.share.item() == 1.0
    assert found.step.item() == 6.0
    assert found.plain.item() == 15.0
    assert found.window.item() == pytest.approx(15.0 / found.best.item())
    assert 2.0 < found.window.item() < 3.0
    assert "best prompt passes" in found.sentence()


def test_the_best_of_ten_equal_prompts_is_no_capability():
    rng = np.random.default_rng(0)
    alarms = naive = 0
    for _ in range(300):
        seen = rng.binomial(32, 0.45, (20, 10)) / 32
        acc = prompted(seen[:, 1], seen[:, 0], 32)
        acc = replace(acc, prompted=seen[None, :, None])
        alarms += bool(st.assess.hidden_capability(acc).share.item())
        naive += bool(((seen.max(axis=1) > 0.5) & (seen[:, 0] < 0.5)).any())
    assert alarms <= 0.05 * 300
    assert naive == 300  # what the maximum alone would say


def test_wilson_and_missing_numbers():
    low, high = wilson(0.5, 100)
    assert (low, high) == (pytest.approx(0.40383, abs=1e-5), pytest.approx(0.59617, abs=1e-5))
    t = np.linspace(0.1, 0.9, 5)
    acc = prompted(t, t, 10)
    with pytest.raises(ArgumentError, match="number of samples"):
        st.assess.hidden_capability(replace(acc, prompted_counts=acc.prompted_counts * np.nan))
    with pytest.raises(ArgumentError, match="several prompts"):
        st.assess.hidden_capability(replace(acc, prompted=None))
