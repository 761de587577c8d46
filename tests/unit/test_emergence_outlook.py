"""The outlook of a concept graph: order, times, reasons and prompts, by function and by command."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import simtheory as st
from simtheory.analytic import emergence as em
from simtheory.cli import main
from simtheory.errors import ArgumentError
from simtheory.tasks import okawa2023, park2024

MAIN = okawa2023.main_split(sigma=0.15)


def by_name(found: em.Outlook, values: tuple) -> dict[str, object]:
    return dict(zip(found.names, values, strict=True))


def test_a_denoiser_learns_the_main_split_in_the_order_of_distance() -> None:
    found = em.outlook(MAIN)
    assert found.ordered is True
    assert found.distances.tolist() == [0, 0, 0, 0, 1, 1, 1, 2]
    np.testing.assert_allclose(found.times[[1, 4, 7]], [2.63, 6.71, 14.87], atol=6e-3)
    assert found.names[-1] == "triangle, small, blue"
    assert not any(found.reasons)
    stronger = em.diffusion(MAIN, [1.0], classes=[[1, 1, 1]], prompts=[4.5] * 3).times(0.9)
    assert found.prompts[-1] == "prompt × 4.5"
    assert found.prompted[-1] == pytest.approx(stronger[0], rel=1e-12)
    assert found.verdict.startswith("Classes are learned in the order of their distance.")


def test_the_weak_concept_is_what_a_prompt_should_ask_for() -> None:
    found = em.outlook(park2024.two_concepts(0.2), gains=(1.5, 2.5, 3.5))
    assert by_name(found, found.prompts)["blue, small"] == "colour × 3.5"
    assert by_name(found, tuple(found.times))["blue, small"] == pytest.approx(323, abs=2)


def test_regression_and_lazy_nets_differ_in_what_is_never_learned() -> None:
    split = okawa2023.adversarial_split()
    affine, lazy = em.outlook(split, model=em.Affine()), em.outlook(split, model=em.Lazy(0.7))
    assert np.isfinite(affine.times).all()
    assert affine.ordered is False
    assert lazy.names[-1] == "circle, large, blue"
    assert lazy.times[-1] == np.inf
    assert lazy.reasons[-1] == "colour ends at 0.39 of the way, which is not above 0.5"
    assert not any(lazy.prompts)
    assert "1 of 8 classes is never learned" in lazy.verdict
    assert em.outlook(st.ConceptGraph.star(3), model=em.Affine(bias=False)).ordered is False


def test_a_value_that_no_data_show_is_the_reason() -> None:
    graph = st.ConceptGraph([[0, 0], [1, 1], [2, 0]], values=(3, 3))
    for model in (em.Affine(), em.Lazy(0.2), em.Denoiser()):
        found = em.outlook(graph, model=model)
        assert by_name(found, found.reasons)["02"] == "no data show value 2 of concept 2"
    noisy = st.ConceptGraph(
        graph.train, values=(3, 3), sigma=0.1
    )  # whose noise shows every coordinate
    assert np.isfinite(em.outlook(noisy, model=em.Affine()).times).all()
    wide = st.ConceptGraph.star(2, sigma=1.0)  # the data themselves overlap
    found = em.outlook(wide)
    assert np.isinf(found.times).any()
    assert re.search(
        r"ends at 0\.\d+; the data themselves reach 0\.48, not above 0\.9", found.reasons[-1]
    )
    assert "No class is learned" in found.verdict
    bound = em.outlook(
        st.ConceptGraph([[0, 0], [1, 1]], sigma=0.15)
    )  # both concepts always together
    assert re.search(
        r"accuracy ends at 0\.\d+, concept \d at 0\.\d+: not above 0\.9", bound.reasons[-1]
    )


def test_the_answer_prints_and_is_plain() -> None:
    found = em.outlook(okawa2023.adversarial_split(), model=em.Lazy(0.7))
    lines = str(found).splitlines()
    assert lines[10].split()[-2:] == ["1", "never"]  # the last of eight
    told = " ".join(str(found).split())
    assert "circle, large, blue: colour ends at 0.39 of the way, which is not above 0.5" in told
    assert max(map(len, lines)) <= 80
    assert "circle, large, blue" in found._repr_html_()
    equal = em.outlook(st.ConceptGraph.star(4, sigma=0.15), gains=())
    assert equal.names[1:5] == ("0001", "0010", "0100", "1000")  # times differ by rounding
    assert max(map(len, str(em.outlook(MAIN)).splitlines())) <= 80
    assert set(found.to_dict()) >= {"names", "times", "reasons", "prompts", "ordered"}
    alone = em.outlook(st.ConceptGraph.ball(2, 2), model=em.Affine())
    assert alone.ordered is None
    assert "same distance" in alone.verdict


GRAPH = """
train = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]]
sigma = 0.15
[names]
shape = ["circle", "triangle"]
size = ["large", "small"]
colour = ["red", "blue"]
"""


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., Result]:
    def asked(*words: str, text: str = GRAPH) -> Result:
        file = tmp_path / "graph.toml"
        file.write_text(text, encoding="utf-8")
        return CliRunner().invoke(main, ["predict", "emergence", str(file), *words])

    return asked


def test_the_command_answers_without_a_run(ask: Callable[..., Result]) -> None:
    told = ask()
    assert told.exit_code == 0
    assert "triangle, small, blue" in told.output
    assert "linear diffusion model that predicts x0, canonical times" in told.output
    table = ask(text="[graph]\n" + GRAPH.replace("[names]", "[graph.names]"))
    assert table.output == told.output
    assert max(map(len, told.output.splitlines())) <= 80


def test_a_graph_file_is_read_alike_by_both_commands(
    ask: Callable[..., Result], tmp_path: Path
) -> None:
    """Words of digits, names of values and rows of integers name the same classes."""
    told = ask("--model", "regression")
    assert told.exit_code == 0
    rows = "train = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]]"
    words = 'train = ["000", "triangle, large, red", [0, 1, 0], "1-1-1"]'
    assert ask("--model", "regression", text=GRAPH.replace(rows, words)).output == told.output
    text = GRAPH.replace(rows, words).partition("[names]")[0].replace("triangle, large, red", "100")
    plain = ask("--model", "regression", text=text)
    assert plain.exit_code == 0
    runs = tmp_path / "runs.csv"
    runs.write_text("step,class,a,b,c,joint,n\n1,000,.5,.5,.5,.2,9\n2,101,.9,.9,.9,.8,9\n")
    command = [
        "assess",
        "evaluations",
        str(runs),
        "--train",
        str(tmp_path / "graph.toml"),
        "--json",
    ]
    found = json.loads(CliRunner().invoke(main, command).output)
    assert found["order"]["distances"] == [0, 1]
    for wrong, why in (
        ('["000", "1x0"]', "Its entry train must name a class by a value for each concept"),
        ('["000", "020"]', "Its entry train must hold values from 0 to 1 for concept 2"),
        ('"000"', "Its entry train must be an array of real numbers"),
    ):
        assert f"holds no concept graph. {why}" in ask(text=f"train = {wrong}").output
        assert why in CliRunner().invoke(main, command).output


def test_the_command_is_asked_for_some_classes(ask: Callable[..., Result]) -> None:
    words = "0" * 21, "1" + "0" * 20
    wide = f'train = ["{words[0]}", "{words[1]}"]'
    told = ask(text=wide)
    assert told.exit_code == 2
    assert "2**20 classes" in told.output
    assert "(--class)" in told.output
    model = ("--model", "regression", "--json")
    found = json.loads(
        ask(*model, "--class", words[1], "--class", "0" * 20 + "1", text=wide).output
    )
    graph = st.ConceptGraph([[0] * 21, [1] + [0] * 20])
    times = em.learning_times(graph, classes=[[1] + [0] * 20, [0] * 20 + [1]])
    assert [one["learned_at"] for one in found["classes"]] == [times[0], None]
    assert [one["never"] for one in found["classes"]] == [False, True]
    told = ask("--class", "0000")
    assert "Option --class must name a class by 3 values" in told.output


def test_json_is_strict_and_never_is_null_with_a_flag(ask: Callable[..., Result]) -> None:
    told = ask("--model", "lazy", "--rho", "0.7", "--json")
    assert told.exit_code == 0

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    found = json.loads(told.output, parse_constant=refuse)
    last = found["classes"][-1]
    assert (last["name"], last["learned_at"], last["never"]) == ("circle, large, blue", None, True)
    assert "colour ends at 0.39" in last["reason"]
    assert found["ordered_by_distance"] is False
    first = found["classes"][0]
    assert (first["learned_at"], first["never"], first["reason"]) == (0.0, False, None)
    steps = json.loads(ask("--model", "regression", "--lr", "0.01", "--json").output)
    times = {one["name"]: one["learned_at"] for one in steps["classes"]}
    assert steps["unit"] == "optimiser steps"
    plain = em.learning_times(okawa2023.adversarial_split(sigma=0.15), classes=[[0, 0, 1]])[0]
    assert times["circle, large, blue"] == pytest.approx(100 * plain)


@pytest.mark.parametrize(
    ("words", "text", "message"),
    [
        (["--model", "lazi"], GRAPH, "did you mean lazy"),
        (["--model", "lazy"], GRAPH, "needs --rho"),
        (["--rho", "0.7"], GRAPH, "--rho is of no use with --model denoiser"),
        (["--no-bias", "--model", "lazy", "--rho", "0.7"], GRAPH, "--no-bias is of no use"),
        (["--prediction", "y"], GRAPH, "--prediction is 'y', which is unknown"),
        (["--level", "1.5"], GRAPH, "--level must lie in (0, 1)"),
        ([], "train = [[0, 0], [0, 0]]", "must hold each class once"),
        ([], "train = [[0, 0]]\nmue = 1.0", "did you mean mu"),
        ([], "train = [[0, 0]]\ncode = 'sign'", "did you mean signed"),
        ([], "train = [[0, 0", "no readable TOML"),
        ([], "[graph]\ntrain = [[0, 0]]\n[other]\nx = 1", "must hold the table [graph] alone"),
    ],
)
def test_wrong_questions(
    ask: Callable[..., Result], words: list[str], text: str, message: str
) -> None:
    told = ask(*words, text=text)
    assert told.exit_code == 2
    assert message in told.output


def test_wrong_arguments() -> None:
    with pytest.raises(ArgumentError, match="numbers above 1, but it holds 1"):
        em.outlook(MAIN, gains=[1.0])
    with pytest.raises(ArgumentError, match="must hold a class"):
        em.outlook(MAIN, classes=np.zeros((0, 3)))
    with pytest.raises(ArgumentError, match=r"must lie in \[0, 1\)"):
        em.Lazy(1.0)
    with pytest.raises(ArgumentError, match="did you mean"):
        em.Denoiser("x1")
