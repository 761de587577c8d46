"""Own evaluations: readers, and what each function says of tables whose truth is known."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st_

import simtheory as st
from simtheory.assess.evaluations import joint_of
from simtheory.assess.evaluations.hidden import wilson
from simtheory.assess.evaluations.orders import kendall, page
from simtheory.assess.evaluations.sharpness import rising
from simtheory.assess.evaluations.times import median_of
from simtheory.cli import main
from simtheory.errors import ArgumentError, MissingFileError
from tests.unit.evaluation_logs import half_time, log

SIX = """step,seed,class,shape,size,joint,n
100,0,11,.30,.35,.11,256
200,0,11,.52,.60,.31,256
300,0,11,.88,.85,.75,256
100,0,10,.80,.85,.70,256
200,0,10,.95,.95,.91,256
300,0,10,.99,.99,.98,256
"""


@pytest.fixture
def write(tmp_path):
    def made(text, name="runs.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return made


def table(joint, marginals, *, steps=None, n=100, **more):
    """Return accuracies from arrays (S, T, P) and (S, T, P, n)."""
    q, j = np.asarray(marginals, float), np.asarray(joint, float)
    s, t, p, k = q.shape
    counts = np.full(j.shape, float(n))
    return st.assess.Accuracies(
        seeds=tuple(map(str, range(s))),
        steps=np.arange(t, dtype=float) if steps is None else steps,
        classes=tuple(f"class {i}" for i in range(p)),
        concepts=tuple(f"concept {i}" for i in range(k)),
        marginals=q,
        joint=j,
        counts=counts,
        concept_counts=np.repeat(counts[..., None], k, axis=-1),
        powers=np.ones(k),
        **more,
    )


# -- readers ----------------------------------------------------------------------------------


def test_a_row_for_each_cell(write):
    acc = st.assess.accuracies(write(SIX), train=["00", "10", "01"])
    assert acc.classes == ("10", "11")
    assert acc.distances.tolist() == [0, 1]
    assert acc.joint[0, :, 1].tolist() == [0.11, 0.31, 0.75]
    assert acc.marginals[0, 1, 1].tolist() == [0.52, 0.60]
    assert (acc.counts == 256).all()
    assert acc.moments is None


def test_a_row_for_each_sample_counts_cells_and_pairs(write):
    rows = ["step;seed;class;sample;shape;size"]
    bits = [(1, 1), (1, 0), (0, 1), (1, 1)]
    rows += [f"10;a;11;{k};{x};{y}" for k, (x, y) in enumerate(bits)]
    acc = st.assess.accuracies(write("\n".join(rows)))
    assert acc.joint.item() == 0.5
    assert acc.marginals.ravel().tolist() == [0.75, 0.75]
    assert acc.moments[0, 0, 0].tolist() == [[0.75, 0.5], [0.5, 0.75]]
    assert acc.counts.item() == 4
    # the order of the columns changes nothing
    turned = [";".join(reversed(row.split(";"))) for row in rows]
    assert st.assess.accuracies(write("\n".join(turned))).joint.item() == 0.5


def test_images_with_tags_are_held_against_the_product_of_others(tmp_path):
    # per-category counts that users quote in issue threads: product, joint; n of the joint
    quoted = {
        "Z-Image 142": ((349, 396), (328, 376), (226, 400), 0.671, 0.565),
        "Meissonic 32": ((214, 396), (303, 376), (60, 364), 0.351, 0.165),
        "Image-Generation-CoT 24": ((312, 396), (313, 376), (212, 400), 0.546, 0.530),
    }
    signs = []
    for two, colours, joint, product, measured in quoted.values():
        path = tmp_path / "results.jsonl"
        counts = {"two_object": two, "colors": colours, "color_attr": joint}
        with path.open("w") as stream:
            for tag, (right, total) in counts.items():
                for k in range(total):
                    stream.write(json.dumps({"tag": tag, "correct": k < right}) + "\n")
        acc = st.assess.accuracies(path, joint="color_attr = two_object * colors^2")
        assert not acc.paired
        law = st.assess.product_law(acc)
        assert acc.joint.item() == pytest.approx(measured, abs=5e-4)
        assert acc.joint.item() - law.gap.item() == pytest.approx(product, abs=5e-4)
        signs.append((law.verdict, law.z.item()))
    # the three rules lie 5 to 7 standard errors apart: the second is certainly below the product
    assert signs[1][0] == "neither"
    assert signs[1][1] < -5
    assert abs(signs[2][1]) < 1
    assert [verdict for verdict, _ in signs[::2]] == ["undecided", "undecided"]


def test_documents_that_several_tasks_share_are_paired(tmp_path):
    for name, bits in {"hop1": (1, 1, 0, 1), "hop2": (1, 0, 1, 1), "both": (1, 0, 0, 1)}.items():
        lines = [json.dumps({"doc_id": k, "acc": float(bit)}) for k, bit in enumerate(bits)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    files = [tmp_path / f"{name}.jsonl" for name in ("hop1", "hop2", "both")]
    acc = st.assess.accuracies(files, joint="both = hop1 * hop2")
    assert acc.paired
    assert acc.joint.item() == 0.5
    assert acc.moments[0, 0, 0].tolist() == [[0.75, 0.5], [0.5, 0.75]]


def test_a_run_of_nets():
    rng = np.random.default_rng(0)
    prompts = np.array([[0, 0], [1, 0], [0, 1], [1, 1], [1, 2.5], [1, 0.5]], float)
    joint = np.sort(rng.random((2, 6, 6)), axis=1)
    run = SimpleNamespace(
        prompts=prompts,
        accuracy=np.repeat(joint[..., None], 2, axis=-1),
        joint=joint,
        steps=np.arange(6) * 100,
        seeds=(3, 4),
        names=("shape", "size"),
        trained=np.array([True, True, True, False, False, False]),
        stats={"draws": 128, "held_out": np.array([0.9, 1.0])},
    )
    acc = st.assess.accuracies(run)
    assert acc.classes == ("00", "01", "10", "11")
    assert acc.distances.tolist() == [0, 0, 0, 1]
    assert acc.strengths.tolist() == [1.0, 2.5]
    assert (acc.joint[:, :, 3] == joint[:, :, 3]).all()
    assert (acc.prompted[:, :, 3, 1] == joint[:, :, 4]).all()
    assert (acc.counts == 128).all()
    assert acc.ceiling == 0.9
    with pytest.raises(ArgumentError, match="must be a path, several paths, or a run"):
        st.assess.accuracies(3.0)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("400,0,11,.30,.70,.41,256", "line 8: joint .41 exceeds shape .30"),
        ("400,0,11,.90,.95,.61,256", "line 8: joint .61 lies below 0.85"),
        (
            "400,0,11,88,.95,.61,256",
            "line 8: shape is 88, but accuracies lie between 0 and 1; divide by 100",
        ),
        ("400,0,11,nan,.95,.61,256", "line 8: shape must be a finite number"),
        ("400,0,11,,.95,.61,256", "line 8: shape must be a finite number, but it is empty"),
        ("400,0,11,.9,.95,.86", "line 8: 6 entries stand where 7 columns are named"),
        ("300,0,11,.9,.95,.86,256", "line 8: class 11, step 300, seed 0 stands twice"),
        ("3e2,0,11,.9,.95,.86,256", "line 8: class 11, step 300, seed 0 stands twice"),
        ("soon,0,11,.9,.95,.86,256", "line 8: step must be a finite number, but it is 'soon'"),
        ("400,0,11,.9,.95,.86,0", "line 8: n must be a number of samples"),
    ],
)
def test_rows_that_cannot_be_are_refused_with_their_line(write, line, words):
    with pytest.raises(ArgumentError, match=words):
        st.assess.accuracies(write(SIX + line))


def test_counts_of_different_samples_may_lie_beyond_the_bounds(write):
    path = write(SIX + "400,0,11,.30,.70,.41,256\n")
    acc = st.assess.accuracies(path, same_samples=False)
    assert acc.joint[0, -1, 1] == 0.41
    assert not acc.paired
    assert "below what the marginals allow on common ones in 0 cells and above in 1" in str(
        st.assess.product_law(acc)
    )


def test_rounding_is_no_impossible_row(write):
    # 0.3 and 0.3333: each may be off by half of the last digit
    st.assess.accuracies(write("shape,size,joint,n\n.3333,.9,.3334,100\n"))
    with pytest.raises(ArgumentError, match="line 2"):
        st.assess.accuracies(write("shape,size,joint,n\n.3333,.9,.3337,100\n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("step,class,a\n1,0,.5\n", "line 2: a must be 0 or 1 in a row of one sample"),
        ("step,class,sample,a\n1,0,7,1\n\n1,0,7,0\n", "line 4: the sample stands twice"),
        ("step,class,sample,a,joint\n1,0,7,0,1\n", "line 2: joint 1 exceeds a 0"),
        ("step,class,joint,n\n", "must begin with names"),
        ("class,a,joint,strength\n0,.5,.5,2\n", "plain prompt, strength 1"),
        ("class,a,joint,strength\n0,.5,.5,1\n1,.5,.5,2\n", "class 1 has none"),
        ("class,a,joint\n", "must hold accuracies, but it holds none"),
    ],
)
def test_tables_that_say_too_little_are_refused(write, text, words):
    with pytest.raises(ArgumentError, match=words):
        st.assess.accuracies(write(text))


def test_missing_files_and_needless_arguments(write, tmp_path):
    with pytest.raises(MissingFileError, match=r"nothing\.csv does not exist"):
        st.assess.accuracies(tmp_path / "nothing.csv")
    with pytest.raises(ArgumentError, match="has a column n"):
        st.assess.accuracies(write(SIX), n=10)
    with pytest.raises(ArgumentError, match="`joint` is for JSON lines"):
        st.assess.accuracies(write(SIX), joint="a = b * c")
    lines = write('{"tag": "a", "correct": true}\n', "x.jsonl")
    with pytest.raises(ArgumentError, match="`joint` must say"):
        st.assess.accuracies(lines)
    with pytest.raises(ArgumentError, match="names b, which no line"):
        st.assess.accuracies(lines, joint="a = b")
    with pytest.raises(ArgumentError, match="line 2: correct must be"):
        st.assess.accuracies(
            write('{"tag": "a", "correct": 1}\n{"tag": "b", "correct": 2}', "x.jsonl"),
            joint="a = b",
        )
    with pytest.raises(ArgumentError, match="by 2 values"):
        st.assess.accuracies(write(SIX.replace(",11,", ",111,")), train=["00", "10"])


def test_classes_by_names_and_from_a_file(write):
    graph = write(
        'train = ["circle, large", "triangle, large"]\n[names]\n'
        'shape = ["circle", "triangle"]\nsize = ["large", "small"]\n',
        "classes.toml",
    )
    text = SIX.replace(",11,", ',"triangle, small",').replace(",10,", ',"triangle, large",')
    acc = st.assess.accuracies(write(text), train=graph)
    assert dict(zip(acc.classes, acc.distances.tolist(), strict=True)) == {
        "triangle, small": 1,
        "triangle, large": 0,
    }


def test_a_class_that_is_missing_at_some_steps_is_named_and_kept(write):
    acc = st.assess.accuracies(write(SIX.replace("200,0,10,.95,.95,.91,256\n", "")))
    assert acc.notes == ("class 10 is missing at 1 of 3 steps of seed 0",)
    assert np.isnan(acc.joint[0, 1, 0])
    found = st.assess.overview(acc)
    assert "class 10 is missing" in str(found)
    assert np.isfinite(found.times.median).all()


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a = ",
        "a = b *",
        "a = b c",
        "= b",
        "a = a",
        "a = b^0",
        "a = b^x",
        "a = __import__('os')",
        "a = b + c",
    ],
)
def test_expressions_that_are_no_product_are_refused(text):
    with pytest.raises(ArgumentError, match="`joint`"):
        joint_of(text)


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


# -- the command ------------------------------------------------------------------------------


def test_the_command_answers_six_lines(write, tmp_path):
    train = write('train = ["00", "10", "01"]\n', "classes.toml")
    out = tmp_path / "report"
    ran = CliRunner().invoke(
        main, ["assess", "evaluations", str(write(SIX)), "--train", str(train), "--out", str(out)]
    )
    assert ran.exit_code == 0, ran.output
    for word in ("Product law: product.", "Order:", "Sharpness:", "Times to 50%", "One seed"):
        assert word in ran.output
    assert max(map(len, ran.output.splitlines()[:-1])) <= 80
    found = json.loads((out / "emergence.json").read_text(), parse_constant=pytest.fail)
    assert found["product_law"]["verdict"] == "product"
    assert found["product_law"]["interval"] is None
    assert found["times"]["median"][1] == pytest.approx(243.18, abs=0.01)
    page_text = (out / "index.html").read_text()
    assert "Product law: product." in page_text
    assert page_text.count("<img") == 3
    assert 'src="http' not in page_text
    assert {path.name for path in out.glob("*.svg")} == {"class_1.svg", "class_2.svg", "times.svg"}


def test_what_is_never_learned_is_null_with_a_flag(write, tmp_path):
    path = write(SIX.replace(".75", ".45").replace(".88,.85", ".65,.69"))
    ran = CliRunner().invoke(main, ["assess", "evaluations", str(path), "--json"])
    found = json.loads(ran.output, parse_constant=pytest.fail)
    assert found["times"]["median"][1] is None
    assert found["times"]["never"] == [False, True]
    assert found["times"]["censored"] == [[False, True]]


def test_the_command_says_what_is_wrong_in_a_line(write):
    ran = CliRunner().invoke(main, ["assess", "evaluations", str(write(SIX)), "--level", "1.5"])
    assert ran.exit_code == 2
    assert "Option --level must lie in (0, 1), but it is 1.5" in ran.output


def test_the_command_tells_prompts_apart(write):
    rows = ["step,seed,class,strength,shape,size,joint,n"]
    for step in range(1, 21):
        for strength, late in ((1, 15), (2, 5), (3, 8)):
            q = 1.0 / (1.0 + np.exp(late - step))
            rows.append(f"{step},0,11,{strength},{q:.6f},1,{q:.6f},128")
    ran = CliRunner().invoke(main, ["assess", "evaluations", str(write("\n".join(rows)))])
    assert ran.exit_code == 0, ran.output
    assert "the best prompt passes where the plain one fails" in " ".join(ran.output.split())


def test_the_command_reads_json_lines(tmp_path):
    lines = [
        json.dumps({"tag": tag, "correct": k < right, "prompt": "a photo"})
        for tag, right in (("two_object", 80), ("colors", 90), ("color_attr", 20), ("counting", 3))
        for k in range(100)
    ]
    (tmp_path / "results.jsonl").write_text("\n".join(lines))
    joint = "color_attr = two_object * colors^2"
    command = ["assess", "evaluations", str(tmp_path / "results.jsonl"), "--joint", joint]
    ran = CliRunner().invoke(main, command)
    assert ran.exit_code == 0, ran.output
    assert "Product law: neither." in ran.output
    assert "One step: no times" in ran.output


# -- rates of errors --------------------------------------------------------------------------


@pytest.mark.slow
def test_intervals_cover_and_verdicts_err_rarely():
    rng = np.random.default_rng(7)
    truth, runs = half_time(), 500
    held, covered, wrong = 0, [], {0.0: 0, 1.0: 0}
    for k in range(runs):
        together = float(k % 2)
        acc, gap = log(
            rng, seeds=int(rng.choice([3, 5, 8])), steps=12, samples=32, together=together
        )
        law = st.assess.product_law(acc)
        held += law.interval[0] <= gap.mean() <= law.interval[1]
        wrong[together] += law.verdict == ("product" if together else "weakest link")
        if not together:
            ends = st.assess.emergence_times(acc).interval
            covered.append((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
    assert 0.92 <= held / runs <= 0.98
    assert 0.92 <= np.mean(covered) <= 0.98
    assert max(wrong.values()) <= 0.05 * runs / 2


@pytest.mark.slow
def test_a_table_of_samples_is_never_held_as_a_whole(write):
    import tracemalloc

    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (200_000, 3))
    rows = (
        f"{k // 1000},0,{k % 8:03b},{k % 1000},{a},{b},{c}"
        for k, (a, b, c) in enumerate(bits.tolist())
    )
    path = write("step,seed,class,sample,shape,size,colour\n" + "\n".join(rows))
    tracemalloc.start()
    acc = st.assess.accuracies(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.nansum(acc.counts) == 200_000
    assert np.nansum(acc.counts * acc.joint) == bits.all(axis=1).sum()
    # 12 bytes a row find samples that stand twice, some copies of them; a row as text takes 400
    assert peak < 20e6


@pytest.mark.slow
def test_a_run_trained_here_is_read():
    from simtheory.validation import diffusion

    run = diffusion.train(
        diffusion.MLPDenoiser(16),
        diffusion.ConceptVectors(st.ConceptGraph.star(2, sigma=0.2)),
        steps=200,
        lr=0.05,
        seeds=2,
        looks=5,
        draws=32,
        prompts=[[0, 0], [1, 0], [0, 1], [1, 1], [1, 2.5]],
    )
    acc = st.assess.accuracies(run)
    assert (acc.joint[..., [0, 2, 1, 3]] == run.joint[..., :4]).all()
    assert acc.distances.tolist() == [0, 0, 0, 1]
    assert acc.ceiling == pytest.approx(0.98762, abs=1e-5)  # Φ(2.5)²
    assert st.assess.overview(acc).hidden is not None
