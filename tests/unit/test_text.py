"""How results print: aligned names, lines that a terminal holds, numbers without powers of ten."""

import pytest

from simtheory._text import WIDE, numeral, paragraph, rows_as_text


def test_long_values_go_on_below_themselves():
    told = rows_as_text("Title", [("a", "1"), ("long name", "word " * 40), ("path", "/" * 100)])
    lines = told.splitlines()
    assert lines[1] == "  a          1"
    assert lines[2].startswith("  long name  word word")
    assert lines[3].startswith(" " * 13 + "word")
    assert max(map(len, lines[:-1])) <= WIDE
    assert lines[-1] == "  path       " + "/" * 100  # nothing that was one word is broken
    assert paragraph("word " * 40, indent="  ").splitlines()[1].startswith("  word")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (12345.6, 4, "12346"),
        (9999.7, 4, "10000"),
        (1020.3, 3, "1020"),
        (0.00012345, 4, "0.0001234"),
        (-20480.0, 3, "-20480"),
        (1e20, 4, "1e+20"),
        (float("inf"), 4, "inf"),
    ],
)
def test_numbers_are_short(value, digits, text):
    assert numeral(value, digits) == text
