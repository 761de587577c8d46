"""Concept graphs: classes, distances, codes, boundaries, and the arguments that they refuse."""

from __future__ import annotations

import copy
import pickle
import re
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

import simtheory as st
from simtheory.errors import ArgumentError, ShapeError, TaskError
from simtheory.tasks import KINDS, from_dict, okawa2023, park2024
from simtheory.tasks.emergence import CODES, Code, OneHot, Presence, Signed

GRAPHS = [
    okawa2023.main_split(sigma=0.1),
    okawa2023.frequency_split(0.1, "size", mu=(1.0, 2.0, 0.7), code=Signed()),
    st.ConceptGraph([[0, 2], [1, 0], [0, 1]], values=(2, 3), mu=(1.0, 0.5), code=OneHot()),
    st.ConceptGraph([[0, 3], [1, 0]], values=(2, 4), sigma=(0.1, 0.2), code=Signed()),
    st.ConceptGraph([[2], [0]], values=3, code=Presence()),
]


def test_classes_distances_and_names_of_the_main_split() -> None:
    graph = okawa2023.main_split()
    assert graph.train.tolist() == [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert graph.classes.shape == (8, 3)
    assert graph.distances.tolist() == [0, 0, 0, 1, 0, 1, 1, 2]
    assert graph.trained.tolist() == [True, True, True, False, True, False, False, False]
    assert graph.name((1, 0, 1)) == "triangle, large, blue"
    assert graph.name((0, 0, 0)) == "circle, large, red"
    assert st.ConceptGraph.star(3).name((1, 0, 1)) == "101"
    assert graph.composable(graph.classes).all()
    np.testing.assert_allclose(graph.second_moment, np.eye(3) / 4)
    np.testing.assert_allclose(graph.mean, 0.25)
    assert (graph.n, graph.dim, graph.n_classes) == (3, 3, 8)


def test_named_graphs() -> None:
    assert okawa2023.adversarial_split().train.tolist() == [
        [0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1],
    ]  # fmt: skip
    thin = okawa2023.frequency_split(0.1, "colour")
    np.testing.assert_allclose(thin.weights, np.array([1, 1, 1, 0.1]) / 3.1)
    assert thin == okawa2023.frequency_split(0.1, 2)
    assert okawa2023.frequency_split(0.1, "shape").weights[1] == pytest.approx(0.1 / 3.1)
    two = park2024.two_concepts(0.2)
    assert two.train.tolist() == [[0, 0], [1, 0], [0, 1]]
    assert two.mu.tolist() == [0.2, 0.8]
    assert two.name((1, 1)) == "blue, small"
    assert st.ConceptGraph.ball(4, 2).train.shape == (11, 4)
    assert st.ConceptGraph.ball(3, 0).train.tolist() == [[0, 0, 0]]
    assert (st.ConceptGraph.ball(3, 3).distances == 0).all()
    assert st.ConceptGraph.ball(30, 2).distance(np.ones((1, 30))).tolist() == [28]


def test_a_value_that_no_class_shows_is_not_composable() -> None:
    graph = st.ConceptGraph([[0, 0], [1, 2]], values=(2, 3))
    assert graph.composable([[1, 0], [0, 1], [0, 2]]).tolist() == [True, False, True]


@pytest.mark.parametrize("code", CODES.values(), ids=str)
@pytest.mark.parametrize("values", [2, 3, 5])
def test_codes(code: Code, values: int) -> None:
    words = code.words(values)
    gram = words @ words.T
    assert len(words) == values
    if isinstance(code, Signed):  # a regular simplex around zero
        np.testing.assert_allclose(gram, (values * np.eye(values) - 1) / (values - 1), atol=1e-14)
        assert values > 2 or words.tolist() == [[-1.0], [1.0]]
    elif isinstance(code, Presence):
        assert words.tolist() == np.eye(values)[:, 1:].tolist()
    else:
        assert words.tolist() == np.eye(values).tolist()
    with pytest.raises(TaskError, match="`values` must be at least 2"):
        code.words(1)


@pytest.mark.parametrize("graph", GRAPHS, ids=repr)
def test_codes_are_read_back_and_shares_run_from_rival_to_own(graph: st.ConceptGraph) -> None:
    classes = graph.classes
    codes = graph.encode(classes)
    assert (graph.decode(codes) == classes).all()
    np.testing.assert_allclose(graph.shares(codes, classes), 1.0, atol=1e-14)
    for i in range(graph.n):
        rivals = classes.copy()
        rivals[:, i] = (classes[:, i] + 1) % graph.values[i]
        shares = graph.shares(graph.encode(rivals), classes)
        np.testing.assert_allclose(shares[:, i], 0.0, atol=1e-14)
        np.testing.assert_allclose(np.delete(shares, i, axis=1), 1.0, atol=1e-14)
    points = np.random.default_rng(0).normal(size=(50, len(classes), graph.dim))
    right = graph.shares(points, classes) > 0.5
    assert (right == (graph.decode(points) == classes)).all()
    assert 0.05 < right.mean() < 0.95


@pytest.mark.parametrize("graph", GRAPHS, ids=repr)
def test_files_copies_and_print(graph: st.ConceptGraph) -> None:
    again = [pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph), replace(graph)]
    again.append(from_dict("emergence", graph.to_dict()))
    assert all(one == graph and hash(one) == hash(graph) for one in again)
    assert all(not one.train.flags.writeable for one in again)
    assert graph != replace(graph, mu=3.0)
    assert KINDS[graph.kind] is st.ConceptGraph
    assert str(graph.code) in str(graph)
    assert graph.name(graph.train[0]) in str(graph)
    assert repr(graph).startswith(f"ConceptGraph(<{len(graph.train)} of {graph.n_classes} classes>")
    assert "<table>" in graph._repr_html_()


@pytest.mark.parametrize("graph", GRAPHS, ids=repr)
def test_draws_have_the_moments(graph: st.ConceptGraph) -> None:
    x, rows = graph.sample(40_000, rng=0)
    np.testing.assert_allclose(np.bincount(rows) / 40_000, graph.weights, atol=0.01)
    size = np.abs(graph.second_moment).max()
    np.testing.assert_allclose(x.T @ x / 40_000, graph.second_moment, atol=0.03 * size)
    np.testing.assert_allclose(x.mean(axis=0), graph.mean, atol=0.03)


def test_a_prompt_may_ask_for_more() -> None:
    graph = park2024.two_concepts(0.2)
    np.testing.assert_allclose(
        graph.encode([[1, 1], [0, 1]], gain=(2.5, 1)), [[0.5, 0.8], [0, 0.8]]
    )


@pytest.mark.parametrize(
    ("train", "more", "error", "message"),
    [
        ([[0, 1], [1, 1], [0, 1]], {}, TaskError, "each class once, but rows 0 and 2 are both [0, 1]"),
        ([[0, 2]], {}, TaskError, "values from 0 to 1 for concept 2, but row 0 holds 2"),
        ([[0, -1]], {}, TaskError, "values from 0 to 1 for concept 2, but row 0 holds -1"),
        ([[0, 0.5]], {}, TaskError, "whole numbers, but it holds 0.5"),
        ([0, 1], {}, ShapeError, "must have shape (K, n)"),
        ([[0, 1], [1, 0]], {"weights": [0.5, 0.6]}, TaskError, "must sum to one, but the sum is 1.1"),
        ([[0, 1], [1, 0]], {"weights": [1.0]}, ShapeError, "must have shape (2,)"),
        ([[0, 1], [1, 0]], {"weights": [1.0, 0.0]}, TaskError, "it is 0 for the trained class [1, 0]"),
        ([[0, 1], [1, 0]], {"weights": [1.5, -0.5]}, TaskError, "must not be negative"),
        ([[0, 1]], {"mu": 0.0}, TaskError, "`mu` must be positive"),
        ([[0, 1]], {"mu": 1e160}, TaskError, "`mu` must lie between 1e-70 and 1e+70, but it holds 1e+160"),
        ([[0, 1]], {"sigma": 1e-170}, TaskError, "1e+70, or be 0, but it holds 1e-170"),
        ([[0, 1]], {"mu": (1.0, np.nan)}, ArgumentError, "`mu` must be finite"),
        ([[0, 1]], {"mu": (1.0, 1.0, 1.0)}, ShapeError, "shape (2,), one for each concept"),
        ([[0, 1]], {"sigma": -1.0}, TaskError, "`sigma` must not be negative"),
        ([[0, 1]], {"values": (2, 1)}, TaskError, "must be at least 2"),
        ([[0, 1]], {"names": {"a": ("x", "y")}}, TaskError, "must name 2 concepts"),
        ([[0]], {"names": {"a": "xy"}}, TaskError, "a list of at least two names"),
        ([[0]], {"names": {"a": ("x", "y")}, "values": 3}, TaskError, "must agree"),
        ([[0]], {"code": "signed"}, ArgumentError, "`code` must"),
    ],
)  # fmt: skip
def test_wrong_graphs(train: object, more: dict, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        st.ConceptGraph(train, **more)


def test_classes_are_named_and_read_back() -> None:
    for graph in (okawa2023.main_split(), st.ConceptGraph([[0, 11]], values=(3, 12))):
        words = [graph.name(one) for one in graph.classes]
        assert graph.named(words).tolist() == graph.classes.tolist()
    assert okawa2023.main_split().named(["(1, 0, 1)", "0 1 1", "100"]).tolist() == [
        [1, 0, 1], [0, 1, 1], [1, 0, 0],
    ]  # fmt: skip
    with pytest.raises(
        ArgumentError, match="`words` must hold values from 0 to 1 for shape, but '200' holds 2"
    ):
        okawa2023.main_split().named(["200"])
    with pytest.raises(
        ArgumentError, match="a number or one of red, blue, but '0, 0, rad' gives 'rad' to colour"
    ):
        okawa2023.main_split().named(["0, 0, rad"])
    with pytest.raises(
        ArgumentError, match=r"by 3 values, .* one is '11'\. Write its leading zeros"
    ):
        okawa2023.main_split().named(["11"])
    found = from_dict("emergence", {"train": ["00", [1, 0], "0,1"]})
    assert found == st.ConceptGraph([[0, 0], [1, 0], [0, 1]])


def test_wrong_questions() -> None:
    graph = okawa2023.main_split()
    with pytest.raises(TaskError, match=r"at most 2\*\*20 classes .* pass `classes=`"):
        st.ConceptGraph.star(21).classes  # noqa: B018
    with pytest.raises(TaskError, match="from 0 to 1 for 'colour', but row 1 holds 2"):
        graph.distance([[0, 0, 0], [0, 0, 2]])
    with pytest.raises(ShapeError, match=r"must have shape \(P, 3\)"):
        graph.encode([0, 0, 0])
    with pytest.raises(ArgumentError, match="did you mean colour"):
        okawa2023.frequency_split(0.1, "color")
    with pytest.raises(ArgumentError, match=r"must lie in \(0, 1\]"):
        okawa2023.frequency_split(0.0, "colour")
    with pytest.raises(ArgumentError, match="did you mean signed"):
        from_dict("emergence", {"train": [[0, 1]], "code": "sign"})
    with pytest.raises(TaskError, match=r"no argument 'sgma'; did you mean sigma"):
        from_dict("emergence", {"train": [[0, 1]], "sgma": 1.0})
    with pytest.raises(TaskError, match="at most the number of concepts"):
        st.ConceptGraph.ball(3, 4)


class Halves(Code):
    """Values evenly from −½ to ½."""

    name: ClassVar[str] = "halves"

    def words(self, values: int) -> np.ndarray:
        return np.linspace(-0.5, 0.5, values)[:, None]


def test_a_code_of_ones_own_has_a_hash() -> None:
    own = st.ConceptGraph.star(2, code=Halves())
    assert own.centroids.tolist() == [[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5]]
    with pytest.raises(TaskError, match="Make it a frozen dataclass"):
        st.ConceptGraph.star(2, code=dataclass(type("Mutable", (Halves,), {}))())
