"""The ledger: verdicts, the catalogue, experiments that claims share, plans."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import simtheory as st
from simtheory.errors import ArgumentError
from simtheory.validation.claims.claim import Evidence, Topic
from simtheory.validation.claims.experiment import Runs, budget_named, experiment
from simtheory.validation.claims.record import Band, Verdict, judge
from simtheory.validation.ledger import findings
from simtheory.validation.ledger.catalogue import claims, select, topics
from simtheory.validation.ledger.plan import Costs, groups
from simtheory.validation.ledger.progress import Progress, duration
from simtheory.validation.ledger.worker import examine
from tests.unit.ledger_records import SMALL, a_record

# -- verdicts ---------------------------------------------------------------------------------


def test_a_mean_inside_the_band_agrees_and_one_outside_does_not():
    band = Band(0.9, 1.1)
    assert judge([1.0, 1.05], band=band, null=0.0) is Verdict.AGREES
    assert judge([1.3, 1.25], band=band, null=0.0) is Verdict.DISAGREES


def test_a_null_predictor_inside_the_band_makes_a_test_inconclusive():
    assert judge([1.0, 1.0], band=Band(0.9, 1.1), null=1.05) is Verdict.INCONCLUSIVE


def test_a_spread_wider_than_the_band_makes_a_test_inconclusive():
    values = np.random.default_rng(0).normal(1.0, 10.0, 12).tolist()
    assert judge(values, band=Band(0.9, 1.1), null=-50.0) is Verdict.INCONCLUSIVE


def test_a_spread_that_does_not_reach_the_band_disagrees():
    values = [3.0, 5.0, 4.0, 8.0]  # a mean of 5, known to 1.08
    assert judge(values, band=Band(0.9, 1.1), null=9.0) is Verdict.DISAGREES
    assert judge(values, band=Band(2.6, 2.8), null=9.0) is Verdict.DISAGREES
    assert judge(values, band=Band(2.9, 3.1), null=9.0) is Verdict.INCONCLUSIVE


def test_a_value_that_is_not_finite_never_agrees():
    assert judge([np.inf], band=Band(0.9, 1.1), null=0.0) is Verdict.DISAGREES
    assert judge([np.nan], band=Band(0.9, 1.1), null=0.0) is Verdict.DISAGREES
    assert judge([np.inf], band=Band(0.9, np.inf), null=0.0) is Verdict.DISAGREES


def test_a_band_may_have_no_largest_value():
    band = Band(2.0, np.inf)
    assert judge([3.0, 400.0], band=band, null=1.0) is Verdict.AGREES
    assert judge([1.5, 1.6], band=band, null=1.0) is Verdict.DISAGREES
    record = replace(a_record(), band=band)
    told = json.loads(json.dumps(record.to_dict(), allow_nan=False))
    assert told["band"] == {"low": 2.0, "high": None}
    assert type(record).from_dict(told).band == band
    assert "2 to ∞" in record.verdict_text


def test_the_interval_of_a_mean_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        low, high = a_record(values=tuple(rng.normal(1.0, 0.3, 20))).interval
        covered += low <= 1.0 <= high
    # 95% less what a bootstrap of 20 values loses, about 2%, and two standard errors of 200 draws
    assert 0.88 * 200 <= covered <= 0.99 * 200
    assert a_record(values=(1.0,)).interval is None


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((1.0, 1.0), "1"),
        ((0.99, 1.01), "1.000 ± 0.014"),
        ((143.0, 147.0), "145.0 ± 2.8"),
        ((1000.0, 1060.0), "1030 ± 42"),
        ((0.93548, 0.93552), "0.9355 ± 3e-05"),
        ((1e-6, 3e-6), "2.0e-06 ± 1.4e-06"),
        ((), "—"),
    ],
)
def test_a_mean_is_printed_to_the_digits_that_its_spread_leaves(values, text):
    assert a_record(values=values).measured_text == text


# -- catalogue --------------------------------------------------------------------------------


def test_ids_are_unique_and_every_claim_says_what_it_must():
    ids = [claim.id for claim in claims()]
    assert len(ids) == len(set(ids)) >= 12
    for claim in claims():
        assert claim.statement.endswith(".")
        assert claim.band.low < claim.band.high
        assert claim.topic in topics()
        assert (claim.expected is Verdict.AGREES) or (claim.reason and claim.errata)


def test_what_does_not_hold_is_written_up_where_the_claim_says():
    page_of_errata = (Path(__file__).parents[2] / "docs" / "errata.md").read_text(encoding="utf-8")
    for claim in claims():
        assert not claim.errata or f"({claim.errata})=" in page_of_errata


def test_topics_and_patterns_select_their_claims():
    assert {c.id.split("/")[0] for c in select(["identity"])} == {"identity"}
    assert {c.id for c in select(["identity/figure-10-*"])} == {
        "identity/figure-10-time",
        "identity/figure-10-euler",
        "identity/figure-10-failure",
    }


def test_a_budget_leaves_out_the_claims_of_larger_ones_but_not_one_that_is_named():
    quick, standard, full = (select(budget=name) for name in ("quick", "standard", "full"))
    assert set(quick) < set(standard) <= set(full) == set(claims())
    assert {claim.topic for claim in quick} == set(topics())
    later = next(claim for claim in claims() if claim not in quick)
    assert select([later.id], budget="quick") == (later,)
    assert later not in select([later.topic], budget="quick")


def test_the_committed_records_hold_every_claim_with_the_verdict_expected():
    shown = st.validation.records()
    standard = {c.id for c in select(budget="standard")}
    assert {r.id for r in shown} >= standard
    for record in shown:
        assert record.as_expected, (record.id, record.verdict)
        run = "standard" if record.id in standard else "full"
        assert (record.provenance["budget"], record.provenance["ran_on"]) == (run, "cpu")
        assert record.experiments


def test_a_full_run_may_be_expected_to_end_otherwise():
    """One pair of nets lies outside the band, and the mean of five inside: both are expected."""
    (claim,) = select(["composition/sampler-not-model"])
    assert (claim.expected, claim.expected_at) == (Verdict.DISAGREES, {"full": Verdict.AGREES})
    for budget, value in (("quick", 12.3), ("standard", 12.3), ("full", 4.4)):
        verdict = judge([value], band=claim.band, null=1.0)
        record = claim.record(verdict, budget=budget, values=(value,), null=1.0)
        assert record.as_expected
        assert not claim.record(Verdict.INCONCLUSIVE, budget=budget).as_expected
    assert not claim.record(Verdict.AGREES, budget="standard").as_expected
    assert not claim.record(Verdict.DISAGREES, budget="full").as_expected
    for other in claims():
        assert set(other.expected_at) <= {"quick", "standard", "full"}
        assert other.expected not in other.expected_at.values()
        assert not other.expected_at or (other.reason and other.errata)


def test_what_is_committed_holds_numbers_and_no_words():
    for topic in topics():
        text = (findings.folder_of(topic) / "ledger.json").read_text(encoding="utf-8")
        for claim in claims():
            assert claim.statement not in text
            assert claim.quantity not in text


def test_findings_with_a_surprise_or_with_a_claim_missing_are_not_committed(tmp_path, monkeypatch):
    shown = [r for r in st.validation.records() if r.id.startswith("diffusion/")]
    monkeypatch.setattr(findings, "folder_of", lambda topic: tmp_path)
    for records, says in (
        (shown[1:], "not tested"),
        ([replace(shown[0], verdict=Verdict.FAILED), *shown[1:]], "other than expected"),
    ):
        with pytest.raises(ArgumentError, match=says):
            findings.commit(records, budget="standard", yardstick=0.3)
    assert not list(tmp_path.iterdir())
    findings.commit(shown, budget="standard", yardstick=0.3)
    assert findings.findings_of("diffusion").claims.keys() == {r.id for r in shown}


def test_numbers_of_a_full_run_stand_beside_those_of_the_standard_run(tmp_path, monkeypatch):
    shown = [r for r in st.validation.records() if r.id.startswith("diffusion/")]
    monkeypatch.setattr(findings, "folder_of", lambda topic: tmp_path / topic)
    (tmp_path / "diffusion").mkdir()
    findings.commit(shown, budget="standard", yardstick=0.3)
    text = (tmp_path / "diffusion" / "ledger.json").read_text()
    more = [c for c in select(["diffusion"], budget="full") if c.id not in {r.id for r in shown}]
    full = [replace(r, values=(*r.values, *r.values)) for r in shown]
    for claim in more:
        full.append(
            replace(
                claim.record(claim.expected, budget="full", values=(0.5,), null=9.0), experiments={}
            )
        )
    full = [r for r in full if r.as_expected]
    findings.commit(full, budget="full", yardstick=0.3)
    assert (tmp_path / "diffusion" / "ledger.json").read_text() == text
    held = findings.findings_of("diffusion", budget="full")
    assert held.budget == "full"
    first = shown[0].id
    assert len(held.claims[first]["values"]) == 2 * len(shown[0].values)
    assert findings.committed()[0].values == shown[0].values
    (tmp_path / "diffusion" / "ledger.json").unlink()
    assert findings.committed()[0].provenance["budget"] == "full"


def test_an_unknown_claim_is_answered_with_the_nearest():
    with pytest.raises(ArgumentError, match=r"identity/learning-times"):
        select(["identity/learning-tines"])


def test_unknown_budget_and_device_are_refused_before_anything_runs():
    with pytest.raises(ArgumentError, match="quick"):
        budget_named("quik")
    with pytest.raises(ArgumentError, match="gpu"):
        budget_named("quick", device="gpux")


# -- experiments and groups -------------------------------------------------------------------

counted = []


@experiment
def times_seeds(budget, factor):
    counted.append(factor)
    return factor * budget.seeds


def a_claim(name, *factors, topic="identity", **changes):
    def measure(*results):
        return Evidence([float(sum(results))], -1.0, [0], lambda ax: None, predicted=0.0)

    words = {"where": "w", "statement": "s.", "quantity": "q", "null": "n", "band": (0.0, 9.0)}
    return Topic(topic, paper="p").claim(
        name, **(words | changes), reads=[times_seeds.of(f) for f in factors]
    )(measure)


def test_an_experiment_runs_once_for_all_claims_that_read_it():
    counted.clear()
    runs = Runs(SMALL)
    records = [examine(a_claim("a", 1, 2), runs), examine(a_claim("b", 2), runs)]
    assert counted == [1, 2]
    assert [r.values for r in records] == [(6.0,), (4.0,)]
    assert records[1].experiments.keys() == {"times_seeds(2)"}
    runs.clear()
    examine(a_claim("b", 2), runs)
    assert counted == [1, 2, 2]


def costs(**experiments):
    named = {("identity", f"times_seeds({k[1:]})"): v for k, v in experiments.items()}
    return Costs(named, {}, start_up=1.0, otherwise=(1.0, 0.5))


def test_claims_that_share_an_experiment_form_a_group_shortest_first_then_longest():
    a, b, c, d, e = (
        a_claim("a", 1),
        a_claim("b", 1, 2),
        a_claim("c", 3),
        a_claim("d", 4),
        a_claim("e", 2),
    )
    known = costs(f1=5.0, f2=2.0, f3=9.0, f4=0.1)
    parts = groups([a, b, c, d, e], known)
    assert [[claim.id[-1] for claim in part] for part in parts] == [["d"], ["c"], ["e", "a", "b"]]
    # e (.5 + 2), then a (.5 + 5), then b, whose experiments are made by then (.5)
    assert known.of_group(parts[2]) == pytest.approx(2.5 + 5.5 + 0.5)
    assert groups([], known) == []


def test_the_estimate_is_the_work_over_the_workers_and_no_less_than_the_longest_group():
    known = costs(f1=5.0, f2=2.0)
    parts = groups([a_claim("a", 1), a_claim("b", 2)], known)
    assert known.wall(parts, 1) == pytest.approx(1.0 + 5.5 + 2.5)
    assert known.wall(parts, 99) == pytest.approx(1.0 + 5.5)
    assert known.wall([], 1) == 0.0


def test_costs_grow_with_the_machine_and_with_the_seeds():
    chosen = select(["identity"])
    known = findings.findings_of("identity")
    base, slow = (
        Costs.here(chosen, budget_named("standard"), measured=factor * known.yardstick)
        for factor in (1, 2)
    )
    assert slow.of_group(chosen) == pytest.approx(2 * base.of_group(chosen))
    full = Costs.here(chosen, budget_named("full"), measured=known.yardstick)
    assert full.of_group(chosen) > 3 * base.of_group(chosen)


def test_the_bar_counts_estimated_seconds_and_corrects_what_is_left():
    first, second = a_claim("a", 1), a_claim("b", 2)
    known = costs(f1=5.0, f2=4.0)
    with Progress([[first], [second]], known, workers=1, shown=False) as bar:
        assert bar.remaining(0.0) == pytest.approx(1.0 + 10.0, abs=0.5)
        bar._started -= 30.0  # half of the work took 30 s where 5.5 were expected
        late = bar.remaining(5.0)
    assert 15.0 < late < 30.0
    assert duration(12.0) == "10 s"
    assert duration(200.0) == "3 min"
