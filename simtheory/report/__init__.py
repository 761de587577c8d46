"""Self-contained pages: one HTML file with its figures inside, for a screen, a phone or paper.

A page loads nothing from elsewhere and runs no script. `page` writes the frame, the parts below are
HTML texts that fill it:

==============  ===============================================================================
part            what it gives
==============  ===============================================================================
`draw`          a small SVG file, drawn on Axes
`figure`        the SVG inside the page
`fold`          a line that opens to more
`filters`       buttons with counts that leave only some entries on the page
`interval`      a band, and where a value lies in it or beside it
`text`          any text, safe to put into HTML
`Part`          sentences and a table under a heading
`answer`        the whole page of an answer to a file: parts or a table, and pictures
`write`         the page and its numbers, in a folder
==============  ===============================================================================
"""

from simtheory._names import public
from simtheory.report.answers import Part, answer, write
from simtheory.report.figures import draw, figure, interval
from simtheory.report.pages import filters, fold, page, text

__all__ = [
    "Part",
    "answer",
    "draw",
    "figure",
    "filters",
    "fold",
    "interval",
    "page",
    "text",
    "write",
]

public(__name__)
