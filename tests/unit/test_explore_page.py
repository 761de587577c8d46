"""The explorer's page in a browser: each number is the library's, and no request leaves this machine."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from simtheory import explore
from simtheory.explore.model import topic_of
from tests.explored import drawn, executed, same

pytest.importorskip("panel")
playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.slow

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WAIT = 120_000  # milliseconds; a loaded machine is no failure
NUMBERS = """() => {
  const lists = (column) => Array.from(column, (each) => Array.from(each));
  const charts = {}, points = {};
  for (const model of Bokeh.documents[0]._all_models.values()) {
    const [kind, title] = (model.name ?? "").split(/: (.*)/s);
    if (kind === "lines") charts[title] = [lists(model.data.x), lists(model.data.y)];
    if (kind === "points") points[title] = [Array.from(model.data.x), Array.from(model.data.y)];
  }
  return [charts, points];
}"""


@pytest.fixture(scope="module")
def address():
    """Where a page is served, by the command."""
    command = [sys.executable, "-u", "-m", "simtheory", "explore", "--port", "0", "--no-window"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def page(address):
    """The page in a browser without any other host; its complaints and requests are kept."""
    with playwright.sync_playwright() as driver:
        found = next(filter(None, map(shutil.which, NAMES)), driver.chromium.executable_path)
        if not Path(found).exists():
            pytest.skip("no browser is installed")
        browser = driver.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
        )
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.set_default_timeout(WAIT)
        opened.complaints, opened.asked = [], []
        opened.on("console", lambda m: m.type == "error" and opened.complaints.append(m.text))
        opened.on("pageerror", lambda e: opened.complaints.append(str(e)))
        opened.on("request", lambda r: opened.asked.append(r.url))
        opened.goto(address)
        opened.wait_for_selector("canvas")
        yield opened
        browser.close()


def visit(page, topic):
    """Open a tab, and its code."""
    tab = topic_of(topic)
    page.get_by_role("button", name=tab.title, exact=True).click()
    page.get_by_text(tab.text[:40]).wait_for()
    if not page.locator("pre").is_visible():
        page.get_by_role("button", name="Python of this picture").click()
    page.locator("pre").wait_for()
    return tab


def changed(page, code):
    """Wait for other code, and return it."""
    for _ in range(WAIT // 100):
        found = page.locator("pre").inner_text()
        if found != code:
            return found
        page.wait_for_timeout(100)
    raise AssertionError("the page did not move")


def shown_numbers(page):
    """Return numbers of the table and of the lines on the page."""
    page.wait_for_timeout(300)  # what the last message changed is drawn
    cells = page.locator("data").evaluate_all("all => all.map(each => each.value)")
    return np.array(cells, dtype=float), *page.evaluate(NUMBERS)


def parts(polyline):
    """Return the parts of a polyline with gaps, each of shape (n, 2)."""
    gaps = np.flatnonzero(np.isnan(polyline[0]))
    return [part.T[np.isfinite(part[0])] for part in np.split(polyline, gaps, axis=1)]


def assert_page_shows_the_library(page, topic, names):
    """Compare all numbers on the page with those that its code gives. Other tabs' charts stay in its memory."""
    cells, charts, points = shown_numbers(page)
    picture = explore.picture(topic)  # its sources of tables do not depend on values
    wanted = []
    for table in picture.tables:
        columns = [
            np.asarray(eval(c.source, names), dtype=float).reshape(-1) for c in table.columns
        ]
        wanted.append(np.stack(columns, axis=1).ravel())
    assert same(cells, np.concatenate(wanted))
    assert len(picture.charts) == len(names["axes"])
    for lines, chart in zip(drawn(names), picture.charts, strict=True):
        dots = points[chart.title]
        for x, y in zip(*charts[chart.title], strict=True):
            for part in parts(np.array([x, y], dtype=float)):
                assert any(same(part, line) for line in lines)
        known = np.concatenate(lines)
        for dot in np.column_stack(dots):
            assert np.isclose(known, dot, rtol=1e-12, atol=1e-12).all(axis=1).any()


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder for the pictures that code writes."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("topic", explore.TOPICS)
def test_every_number_on_the_page_is_the_librarys(page, topic, here, capsys):
    tab = visit(page, topic)
    code = page.locator("pre").inner_text()
    assert code == explore.picture(topic).code
    assert_page_shows_the_library(page, topic, executed(code))
    for handle in (page.locator(".noUi-handle").first, page.locator(".noUi-handle").nth(1)):
        handle.focus()
        page.keyboard.press("ArrowRight")
        code = changed(page, code)
    assert_page_shows_the_library(page, topic, executed(code))
    assert tab.title
    assert page.complaints == []


def test_wrong_text_marks_the_field_and_changes_nothing(page, here):
    visit(page, "identity")
    code, before = page.locator("pre").inner_text(), shown_numbers(page)
    entry = page.get_by_label("diversity σ")
    for wrong, why in (("a lot", "must be a number"), ("7", "must lie in")):
        entry.fill(wrong)
        entry.press("Enter")
        page.get_by_role("alert").filter(has_text=why).wait_for()
        assert page.locator(".wrong").count() == 1
        after = shown_numbers(page)
        assert same(before[0], after[0])
        assert before[1:] == after[1:]
        assert page.locator("pre").inner_text() == code
    entry.fill("0.125")
    entry.press("Enter")
    code = changed(page, code)
    assert "sigma=0.125" in code
    page.get_by_role("alert").wait_for(state="hidden")
    assert page.locator(".wrong").count() == 0
    assert_page_shows_the_library(page, "identity", executed(code))
    assert page.complaints == []


def test_a_file_lies_over_the_theory_and_a_wrong_one_marks_the_field(page, here, write):
    visit(page, "identity")
    code = page.locator("pre").inner_text()
    field = page.locator("input[type=file]")
    field.set_input_files(write("t,one,two\n0,.1,.1\n1,.2,.9\n", "wrong.csv"))
    page.get_by_role("alert").filter(has_text="wrong.csv must have a column").wait_for()
    assert page.locator("pre").inner_text() == code
    field.set_input_files(write("t,loss\n0,5\n3,1.5\n9,.2\n"))
    code = changed(page, code)
    assert "runs.csv" in code
    assert page.get_by_text("yours").is_visible()
    assert_page_shows_the_library(page, "identity", executed(code))
    assert page.complaints == []


def test_no_request_leaves_this_machine(page):
    asked = [urlsplit(each) for each in page.asked]
    assert any(each.path.endswith(".js") for each in asked)
    elsewhere = [a for a in asked if a.hostname != "127.0.0.1" and a.scheme not in ("data", "blob")]
    assert elsewhere == []


def test_a_phone_shows_the_page_in_its_own_width(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_port_that_is_taken_gives_the_next_one(address):
    port = urlsplit(address).port
    command = [
        sys.executable,
        "-u",
        "-m",
        "simtheory",
        "explore",
        "--port",
        str(port),
        "--no-window",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = [process.stdout.readline() for _ in range(2)]
        process.terminate()
    other = re.fullmatch(rf"Port {port} is taken; the page is on (\d+)\.\n", said[0])[1]
    assert said[1] == f"Open http://127.0.0.1:{other}/; Ctrl-C ends it.\n"
