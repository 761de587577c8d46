"""Readers of own evaluations: tables, samples, JSON lines, runs, and rows that cannot be."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import simtheory as st
from simtheory.assess.evaluations import joint_of
from simtheory.errors import ArgumentError, MissingFileError
from tests.unit.evaluation_logs import SIX


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
    # equal numbers of other documents: number 1 is right jointly, and wrong in the second task
    files[2].write_text("\n".join(json.dumps({"doc_id": k, "acc": k < 2}) for k in range(4)))
    acc = st.assess.accuracies(files, joint="both = hop1 * hop2")
    assert not acc.paired
    assert acc.joint.item() == 0.5


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
        (
            "400,0,11,.9,.95,.86",
            "line 8: 6 entries stand where 7 columns are named, with a comma between",
        ),
        ("300,0,11,.9,.95,.86,256", "line 8: class 11, step 300, seed 0 stands twice"),
        ("3e2,0,11,.9,.95,.86,256", "line 8: class 11, step 300, seed 0 stands twice; keep one"),
        ("soon,0,11,.9,.95,.86,256", "line 8: step must be a finite number, but it is 'soon'"),
        (
            "400,0,11,.9,.95,.86,0",
            "line 8: n must be a whole number of samples from 1 on, but it is 0",
        ),
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
    reason = st.assess.product_law(acc).reason
    assert "below what the marginals allow on common ones in 0 of 7 cells and above in 1" in reason


def test_rounding_is_no_impossible_row(write):
    # 0.3 and 0.3333: each may be off by half of the last digit
    st.assess.accuracies(write("shape,size,joint,n\n.3333,.9,.3334,100\n"))
    with pytest.raises(ArgumentError, match="line 2"):
        st.assess.accuracies(write("shape,size,joint,n\n.3333,.9,.3337,100\n"))


def test_columns_that_loggers_write_are_no_concepts(write):
    """The shapes of tables that loggers and spreadsheets write."""
    read = st.assess.accuracies(write("step,class,a,b,joint,n\n10,00,.9,.8,.72,50\n"))
    told = "columns that are no concepts are left out: a nameless one, epoch, lr, Wall time"
    for text, notes in (
        (",step,epoch,lr,Wall time,class,a,b,joint,n\n0,10,3,.01,x,00,.9,.8,.72,50\n", (told,)),
        ("step;class;a;b;joint;n\n10;00;0,9;0,8;0,72;50\n", ()),
        ("epoch\tclass\ta\tb\tjoint\tn\n10\t00\t0,9\t0,8\t0,72\t50\n", ()),
        ("epoch,Global_Step,class,a,b,joint,n\n3,10,00,.9,.8,.72,50\n", (f"{told[:43]}epoch",)),
    ):
        found = st.assess.accuracies(write(text))
        assert (found.concepts, found.notes) == (("a", "b"), notes)
        assert found.steps.tolist() == read.steps.tolist() == [10.0]
        np.testing.assert_array_equal(found.marginals, read.marginals)
        np.testing.assert_array_equal(found.joint, read.joint)
    with pytest.raises(
        ArgumentError, match=r"line 2: who must be a finite number, but it is 'me'.* no concepts"
    ):
        st.assess.accuracies(write("step,class,who,joint,n\n1,0,me,.5,9\n"))


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
    with pytest.raises(ArgumentError, match=r"`joint` \(--joint\) must say"):
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
