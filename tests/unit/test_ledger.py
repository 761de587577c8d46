"""The ledger: verdicts, the folder, isolation of failures, what an interruption leaves."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from simtheory.errors import ArgumentError
from simtheory.validation.claims.claim import Evidence, budget_named
from simtheory.validation.claims.record import Band, Record, Verdict, judge
from simtheory.validation.ledger import runner
from simtheory.validation.ledger.catalogue import claims, select
from simtheory.validation.ledger.costs import SECONDS
from simtheory.validation.ledger.folder import Ledger
from simtheory.validation.ledger.page import page
from simtheory.validation.ledger.worker import examine

EULER = "identity/figure-10-euler"
TIME = "identity/figure-10-time"


def a_record(claim_id=EULER, **changes):
    (claim,) = select([claim_id])
    findings = {"verdict": Verdict.AGREES, "predicted": 0.4, "values": (0.35,), "null": 100.0}
    return claim.record(**(findings | changes))


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


def test_a_value_that_is_not_finite_never_agrees():
    assert judge([np.inf], band=Band(0.9, 1.1), null=0.0) is Verdict.DISAGREES
    assert judge([np.nan], band=Band(0.9, 1.1), null=0.0) is Verdict.DISAGREES


def test_the_interval_of_a_mean_covers_it_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        low, high = a_record(values=tuple(rng.normal(1.0, 0.3, 20))).interval
        covered += low <= 1.0 <= high
    # 95% less what a bootstrap of 20 values loses, about 2%, and two standard errors of 200 draws
    assert 0.88 * 200 <= covered <= 0.99 * 200
    assert a_record(values=(1.0,)).interval is None


# -- catalogue --------------------------------------------------------------------------------


def test_ids_are_unique_and_every_claim_says_what_it_must():
    ids = [claim.id for claim in claims()]
    assert len(ids) == len(set(ids)) >= 12
    for claim in claims():
        assert claim.statement.endswith(".")
        assert claim.band.low < claim.band.high
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


def test_the_record_that_is_shown_holds_every_claim_with_the_verdict_expected():
    values = json.loads((Path(__file__).parents[2] / "validation" / "ledger.json").read_text())
    shown = [Record.from_dict(v) for v in values]
    assert [r.id for r in shown] == [c.id for c in claims()]
    for record, claim in zip(shown, claims(), strict=True):
        assert record.as_expected
        assert (record.band, record.statement) == (claim.band, claim.statement)
        assert (record.provenance["budget"], record.provenance["ran_on"]) == ("full", "cpu")


def test_an_unknown_claim_is_answered_with_the_nearest():
    with pytest.raises(ArgumentError, match=r"identity/learning-times"):
        select(["identity/learning-tines"])


def test_unknown_budget_and_device_are_refused_before_anything_runs():
    with pytest.raises(ArgumentError, match="quick"):
        budget_named("quik")
    with pytest.raises(ArgumentError, match="gpu"):
        budget_named("quick", device="gpux")


# -- the folder -------------------------------------------------------------------------------


def test_records_survive_the_way_to_json_and_back():
    record = a_record()
    assert Record.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ArgumentError, match="holds something else"):
        Ledger.open(tmp_path, planned=[])
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    target = tmp_path / "out"
    target.write_text("")
    with pytest.raises(ArgumentError, match="can be written"):
        Ledger.open(target, planned=[])


def test_a_second_run_keeps_the_records_of_other_claims(tmp_path):
    first = Ledger.open(tmp_path, planned=select([EULER]))
    first.add(a_record())
    Ledger.open(tmp_path, planned=select([TIME])).add(a_record(TIME, values=(144.0,)))
    kept = json.loads((tmp_path / "records.json").read_text())
    assert {r["id"] for r in kept} == {EULER, TIME}


def test_an_unfinished_ledger_says_what_is_missing(tmp_path):
    ledger = Ledger.open(tmp_path, planned=select([EULER, TIME]))
    ledger.add(a_record())
    assert json.loads((tmp_path / "manifest.json").read_text())["missing"] == [TIME]
    assert f"Not finished in the last run: <code>{TIME}</code>" in ledger.index.read_text()
    assert not list(tmp_path.glob("*.part"))


def test_what_stands_from_an_earlier_run_is_kept_if_asked(tmp_path):
    Ledger.open(tmp_path, planned=select([EULER])).add(a_record())
    again = Ledger.open(tmp_path, planned=select([EULER, TIME]), keep=lambda record: True)
    assert again.finished(EULER) is not None
    assert again.finished(TIME) is None
    assert json.loads((tmp_path / "manifest.json").read_text())["missing"] == [TIME]


def test_a_run_goes_on_where_an_earlier_one_was_interrupted(tmp_path):
    claims_of_both = [EULER, "identity/hierarchy-tied"]
    (first,) = runner.run(claims_of_both[:1], out=tmp_path, device="cpu")
    tested = []
    again = runner.run(
        claims_of_both,
        out=tmp_path,
        device="cpu",
        resume=True,
        report=lambda r: tested.append(r.id),
    )
    assert tested == claims_of_both[1:]
    assert again[0] == first


def test_a_full_disk_loses_no_finished_record(tmp_path, monkeypatch):
    ledger = Ledger.open(tmp_path, planned=select([EULER, TIME]))
    ledger.add(a_record())
    before = (tmp_path / "records.json").read_text()

    def full(self, name, text):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "_replace", full)
        ledger.add(a_record(TIME, values=(144.0,)))
        with pytest.raises(ArgumentError, match="No space left on device"):
            ledger.close()
    assert (tmp_path / "records.json").read_text() == before
    ledger.close()
    assert {r["id"] for r in json.loads((tmp_path / "records.json").read_text())} == {EULER, TIME}


def test_every_claim_has_a_cost_and_no_cost_is_left_over():
    assert set(SECONDS) == {claim.id for claim in claims()}


def test_the_estimate_is_the_work_over_the_workers_and_no_less_than_the_longest():
    chosen = select(["identity"])
    alone = runner.estimate(chosen, "full", workers=1)
    assert alone == sum(SECONDS[claim.id][1] for claim in chosen)
    longest = max(SECONDS[claim.id][1] for claim in chosen)
    assert runner.estimate(chosen, "full", workers=10_000) == longest
    assert runner.estimate(chosen, "quick", workers=1) < alone


# -- the page ---------------------------------------------------------------------------------


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.targets, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.targets += [v for k, v in attrs if k in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing_from_elsewhere():
    manifest = {"missing": [], "versions": {"python": "3"}, "machine": "m", "started": "now"}
    text = page([a_record(figures=("a.svg",))], pictures={"a.svg": "<svg/>"}, manifest=manifest)
    parser = Links()
    parser.feed(text)
    assert parser.open == []
    assert parser.targets
    assert all(t.startswith(("#", "data:")) for t in parser.targets)
    assert "url(" not in text
    assert "@import" not in text


def test_the_page_escapes_what_it_prints():
    record = a_record(error="<script>alert(1)</script>", verdict=Verdict.FAILED)
    manifest = {"missing": [], "versions": {}, "machine": "m", "started": "now"}
    text = page([record], pictures={}, manifest=manifest)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_the_page_names_verdicts_other_than_expected():
    manifest = {"missing": [], "versions": {}, "machine": "m", "started": "now"}
    text = page([a_record(verdict=Verdict.DISAGREES)], pictures={}, manifest=manifest)
    assert "Other than expected" in text
    assert "expected agrees" in text


# -- running ----------------------------------------------------------------------------------


def test_a_claim_that_raises_is_a_failed_record_with_its_traceback():
    def breaks(_):
        raise ZeroDivisionError("no mass")

    record = examine(replace(select([EULER])[0], measure=breaks), budget_named("quick"))
    assert record.verdict is Verdict.FAILED
    assert "ZeroDivisionError: no mass" in record.error


def test_a_measurement_that_is_not_finite_is_a_failed_test():
    claim = select([EULER])[0]
    evidence = Evidence(1.0, [np.inf], 0.0, [0], lambda ax: None)
    record = examine(replace(claim, measure=lambda _: evidence), budget_named("quick"))
    assert record.verdict is Verdict.FAILED
    assert "not finite" in record.error


def test_a_crash_costs_its_own_record_and_no_other(tmp_path, monkeypatch):
    real = runner._command

    def command(claim, *rest):
        if claim.id == TIME:
            return [sys.executable, "-c", "import os; print('last words', flush=True); os._exit(7)"]
        return real(claim, *rest)

    monkeypatch.setattr(runner, "_command", command)
    records = {r.id: r for r in runner.run([TIME, EULER], out=tmp_path)}
    assert records[TIME].verdict is Verdict.FAILED
    assert "status 7" in records[TIME].error
    assert "last words" in records[TIME].error
    assert records[EULER].verdict is Verdict.AGREES


def test_a_claim_that_hangs_is_stopped_by_its_budget(monkeypatch):
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(runner, "_command", lambda *_: sleep)
    monkeypatch.setattr(
        runner, "budget_named", lambda *a, **k: replace(budget_named("quick"), minutes=0.02)
    )
    (record,) = runner.run([EULER])
    assert record.verdict is Verdict.FAILED
    assert "Stopped after 0.02 minutes" in record.error


@pytest.mark.slow
def test_an_interrupted_run_leaves_finished_records_and_says_what_is_missing(tmp_path):
    command = [sys.executable, "-m", "simtheory.cli", "validate", EULER, "identity/one-layer-loss"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    records = tmp_path / "records.json"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and EULER not in _text_of(records):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, words = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted" in words
    finished = {r["id"] for r in json.loads(records.read_text())}
    missing = set(json.loads((tmp_path / "manifest.json").read_text())["missing"])
    assert EULER in finished
    assert finished | missing == {EULER, "identity/one-layer-loss"}
    assert re.search("Not finished", (tmp_path / "index.html").read_text())


def _text_of(path):
    return path.read_text() if path.exists() else ""


def test_a_run_that_is_killed_leaves_no_process_behind(tmp_path):
    # A worker stands by as long as its parent lives: here a shell, killed while the claim is tested.
    code = (
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-m', "
        "'simtheory.validation.ledger.worker', 'identity/swing-by-in-distribution', 'full', 'cpu', "
        "sys.argv[1]]).pid, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "record.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        time.sleep(3.0)  # until it watches
        parent.kill()
    stat = Path(f"/proc/{worker}/stat")
    for _ in range(100):
        if not stat.exists() or " Z " in stat.read_text():
            break
        time.sleep(0.1)
    else:
        os.kill(worker, signal.SIGKILL)
        pytest.fail("the worker outlived its parent")
    assert not (tmp_path / "record.json").exists()


def test_a_record_and_the_page_name_the_device(tmp_path):
    (record,) = runner.run([EULER], out=tmp_path, device="auto")
    assert record.provenance["device"] == "auto"
    assert record.provenance["ran_on"]
    assert f" and {record.provenance['ran_on']};" in (tmp_path / "index.html").read_text()
