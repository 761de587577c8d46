"""Self-contained pages: the strip of a band, figures inside, filters, folds."""

import re
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest

from simtheory import report


def test_a_page_needs_no_other_file_and_escapes_its_title():
    page = report.page("a < b", "<p>body</p>", style=".own { color: red; }")
    assert "<title>a &lt; b</title>" in page
    assert "<h1>a &lt; b</h1><p>body</p></body></html>" in page
    assert ".own { color: red; }" in page
    assert not re.search("<script|<link|url[(]|@import|src=", page)
    assert "@media print" in page


def test_filters_hide_what_lacks_the_class_and_sections_that_lose_all():
    text = report.filters({"bad": "2 bad"}, everything="5 all", of="claim")
    assert text.count("type='radio'") == 2
    assert "checked" in text.split("</label>")[0]
    assert "body:has(#only-claim-bad:checked) .claim:not(.bad){display:none}" in text
    assert "section:has(.claim):not(:has(.claim.bad)){display:none}" in text


def test_a_fold_is_closed_and_left_out_on_paper():
    assert report.fold("more", "<p>x</p>") == "<details><summary>more</summary><p>x</p></details>"
    assert "details:not([open]) { display: none; }" in report.page("t", "")


def test_the_strip_puts_the_dot_where_the_value_lies():
    def dot(value):
        strip = report.interval(1.0, 2.0, value=value)
        left, width = map(
            float, re.search(r"class='band' x='([\d.]+)' y='4' width='([\d.]+)'", strip).groups()
        )
        where = re.search(r"class='dot' cx='([\d.]+)'", strip)
        return None if where is None else (float(where.group(1)) - left) / width

    assert [dot(x) for x in (1.0, 1.5, 2.0)] == pytest.approx([0.0, 0.5, 1.0], abs=0.01)
    assert dot(0.5) < 0.0
    assert dot(9.0) is None  # an arrow at the end
    assert "measured 9" in report.interval(1.0, 2.0, value=9.0)


def test_the_strip_of_an_open_band_holds_all_numbers():
    strip = report.interval(2.0, np.inf, value=4.5, marks={"predicted": 6.0, "null": 1.0})
    assert "band 2 to ∞, measured 4.5" in strip
    assert "nan" not in strip
    assert "inf" not in strip
    assert strip.count("<path class='mark' d='M") == 2
    assert "Z'>" not in strip  # no arrow: every number has its place


def test_a_figure_of_the_page_is_small_and_holds_its_data(tmp_path):
    target = tmp_path / "a.svg"
    report.draw(target, lambda ax: ax.plot([0.0, 1.0], [0.0, 1.0]))
    text = target.read_text()
    assert text.startswith("<svg")
    assert len(text) < 12_000
    assert not re.search(r"\d\.\d{3}", text)


def test_a_figure_inside_a_page_is_the_same_picture(tmp_path):
    target = tmp_path / "a.svg"
    label = "a seed's 5% & <more> #1"
    report.draw(target, lambda ax: ax.set_title(label))
    image = report.figure(target.read_text(), alt='what "it" shows')
    source = unquote(re.search(r'src="data:image/svg\+xml,([^"]*)"', image).group(1))
    inside, alone = ElementTree.fromstring(source), ElementTree.parse(target).getroot()
    assert [e.tag for e in inside.iter()] == [e.tag for e in alone.iter()]
    assert label in "".join(inside.itertext())
