"""The folder of a ledger, what an interruption leaves in it, and its page."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

import simtheory as st
from simtheory.errors import ArgumentError
from simtheory.validation.claims.experiment import budget_named
from simtheory.validation.claims.record import Band, Record, Verdict
from simtheory.validation.ledger import runner
from simtheory.validation.ledger.catalogue import select
from simtheory.validation.ledger.folder import Ledger, code_version, stores_of
from simtheory.validation.ledger.page import ledger_page
from tests.unit.ledger_records import EULER, MANIFEST, RECURRENCE, TIME, a_record

# -- the folder -------------------------------------------------------------------------------


def test_records_survive_the_way_to_json_and_back():
    record = a_record(stated=0.3, experiments={"x": 1.5})
    assert Record.from_dict(json.loads(json.dumps(record.to_dict()))) == record


def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ArgumentError, match="holds something else"):
        Ledger.open(tmp_path, planned=[])
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("name", ["manifest.json", "records.json"])
@pytest.mark.parametrize("text", [None, "{", "\x00", "[1]"])
def test_a_damaged_file_is_named_and_what_it_held_is_tested_again(tmp_path, caplog, name, text):
    with Ledger.open(tmp_path, planned=select([EULER])) as first:
        first.add(a_record())
    if text is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_text(text)
    with Ledger.open(tmp_path, planned=select([EULER]), keep=lambda record, claim: True) as again:
        assert (again.finished(EULER) is None) == (name == "records.json")
    assert name in caplog.text
    aside = tmp_path / "records.damaged.json"
    assert aside.exists() == (name == "records.json" and text is not None)
    assert not aside.exists() or aside.read_text() == text


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    target = tmp_path / "out"
    target.write_text("")
    with pytest.raises(ArgumentError, match="can be written"):
        Ledger.open(target, planned=[])


def test_two_runs_do_not_write_to_one_folder_at_a_time(tmp_path):
    with Ledger.open(tmp_path, planned=select([EULER])) as first:
        with pytest.raises(ArgumentError, match="no other run writes to"):
            Ledger.open(tmp_path, planned=select([TIME]))
        first.add(a_record())
    with Ledger.open(tmp_path, planned=select([TIME])) as second:
        second.add(a_record(TIME, values=(144.0,)))
    kept = json.loads((tmp_path / "records.json").read_text())
    assert {r["id"] for r in kept} == {EULER, TIME}


def test_an_unfinished_ledger_says_what_is_missing(tmp_path):
    with Ledger.open(tmp_path, planned=select([EULER, TIME])) as ledger:
        ledger.add(a_record())
        assert {r["id"] for r in json.loads((tmp_path / "records.json").read_text())} == {EULER}
    assert json.loads((tmp_path / "manifest.json").read_text())["missing"] == [TIME]
    assert f"Not finished in the last run: <code>{TIME}</code>" in ledger.index.read_text()
    assert not list(tmp_path.glob("*.part"))


def test_long_trainings_keep_their_state_until_all_is_tested(tmp_path):
    planned, keep = select([EULER, TIME]), lambda record, claim: True
    with Ledger.open(tmp_path, planned=planned) as first:
        budget = budget_named("quick", folder=stores_of(tmp_path, "now"))
        file = budget.store("by-strings", 0, 32)
        file.write_bytes(b"state")
        first.add(a_record())
    assert file.name == "by-strings-0-32.npz"
    with Ledger.open(tmp_path, planned=planned, keep=keep) as second:
        assert file.exists()
        second.add(a_record(TIME, values=(144.0,), verdict=Verdict.FAILED))
    assert file.exists()
    with Ledger.open(tmp_path, planned=planned, keep=lambda r, c: r.id == EULER) as third:
        third.add(a_record(TIME, values=(144.0,)))
    assert not file.exists()
    file.parent.mkdir(parents=True)
    file.write_bytes(b"state")
    Ledger.open(tmp_path, planned=planned).close()  # begins anew
    assert not file.exists()
    assert budget_named("quick").store("anything") is None


def test_what_stands_from_an_earlier_run_is_kept_if_asked_and_judged_again(tmp_path):
    with Ledger.open(tmp_path, planned=select([EULER])) as first:
        first.add(a_record(verdict=Verdict.DISAGREES))  # which its values do not say
    planned = select([EULER, TIME])
    with Ledger.open(tmp_path, planned=planned, keep=lambda record, claim: True) as again:
        assert again.finished(EULER).verdict is Verdict.AGREES
        assert again.finished(TIME) is None
    assert json.loads((tmp_path / "manifest.json").read_text())["missing"] == [TIME]


@pytest.mark.parametrize(
    "change",
    [
        {"band": Band(0.0, 0.41)},
        {"statement": "Another one."},
        {"null_name": "another one"},
        {"verdict": Verdict.FAILED},
        {"provenance": {"budget": "full", "device": "auto", "code": "now", "simtheory": "0.1.0"}},
        {"provenance": {"budget": "quick", "device": "auto", "code": "old", "simtheory": "0.1.0"}},
    ],
)
def test_a_record_stands_only_for_the_claim_and_the_source_that_made_it(change):
    spend = budget_named("quick")
    made = {
        "budget": "quick",
        "device": "auto",
        "code": "now",
        "simtheory": st.__version__,
    }
    (claim,) = select([EULER])
    record = a_record(provenance=made)
    assert runner._stands(record, claim, spend=spend, code="now")
    assert not runner._stands(replace(record, **change), claim, spend=spend, code="now")


def test_the_version_of_the_source_changes_with_any_file(monkeypatch):
    before = code_version()
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"#")
    assert code_version() != before


def test_a_run_goes_on_where_an_earlier_one_was_interrupted(tmp_path):
    claims_of_both = [EULER, RECURRENCE]
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
    assert {r.id: r for r in again}[EULER] == first


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


# -- the page ---------------------------------------------------------------------------------


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.targets, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.targets += [v for k, v in attrs if k in ("src", "href")]
        if tag not in ("meta", "img", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing_from_elsewhere():
    wrong = a_record("identity/hierarchy-tied", values=(0.1,), verdict=Verdict.DISAGREES)
    text = ledger_page(
        [a_record(figure="a.svg"), wrong], pictures={"a.svg": "<svg/>"}, manifest=MANIFEST
    )
    parser = Links()
    parser.feed(text)
    assert parser.open == []
    assert parser.targets
    assert all(t.startswith(("#", "data:")) for t in parser.targets)
    assert "url(" not in text
    assert "@import" not in text
    inside = re.findall(r"id='([^']+)'", text)
    assert len(inside) == len(set(inside))
    assert {t[1:] for t in parser.targets if t.startswith("#")} <= set(inside)


def test_the_page_escapes_what_it_prints():
    record = a_record(error="<script>alert(1)</script>", verdict=Verdict.FAILED)
    text = ledger_page([record], pictures={}, manifest=MANIFEST)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_the_page_names_verdicts_other_than_expected():
    text = ledger_page([a_record(verdict=Verdict.DISAGREES)], pictures={}, manifest=MANIFEST)
    assert "Other than expected" in text
    assert "expected: agrees" in text


def test_the_first_screen_counts_verdicts_and_links_what_does_not_hold_to_the_errata():
    wrong = a_record("identity/hierarchy-tied", values=(0.1,), stated=0.0, predicted=None)
    wrong = replace(wrong, verdict=Verdict.DISAGREES)
    text = ledger_page([a_record(), wrong], pictures={}, manifest=MANIFEST)
    first = text[text.index("<header>") : text.index("<main>")]
    assert [words in first for words in ("2 claims", "1 agrees", "1 disagrees")] == [True] * 3
    assert "stated 0, measured 0.1" in first
    assert "href='#errata-hierarchy'" in first
    assert a_record().statement not in first
