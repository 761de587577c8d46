"""Charts, legends and tables as the page shows them: Bokeh figures and HTML.

The lines of a chart are one source of data, so that a movement sends its numbers and nothing else.
Numbers of tables are HTML's ``data`` elements, which hold all digits beside those that are shown.
"""

from __future__ import annotations

import math

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, Div, HoverTool
from bokeh.plotting import figure

from simtheory._typing import Array
from simtheory.explore._looks import STRETCH, TEXT
from simtheory.explore._parts import Chart, Line, Table
from simtheory.plot.style import INK
from simtheory.report.pages import text

__all__ = ["Drawing", "Words", "legend", "table"]

_SOFT, _RULE = "#5b6575", "#dde1e8"
_DASHES = {"solid": "", "dashed": "6 3", "dotted": "2 3"}


class Words:
    """HTML that can be replaced.

    It is Bokeh's own: Panel's sends its style sheets again with each new text, in a notebook by addresses of
    another machine.

    Parameters
    ----------
    inside : str
        What it shows at first.
    visible : bool
        Whether it shows.
    """

    def __init__(self, inside: str = "", *, visible: bool = True) -> None:
        self._div = Div(
            text=inside, visible=visible, disable_math=True, stylesheets=[TEXT], **STRETCH
        )
        self.view = pn.pane.Bokeh(self._div, sizing_mode="stretch_width", margin=0)

    def show(self, inside: str) -> None:
        """Replace the HTML."""
        if self._div.text != inside:
            self._div.text = inside

    @property
    def visible(self) -> bool:
        """Whether it shows."""
        return bool(self._div.visible)

    @visible.setter
    def visible(self, value: bool) -> None:
        if self._div.visible != value:
            self._div.visible = value


class Drawing:
    """A figure whose lines can be replaced.

    Parameters
    ----------
    chart : Chart
        What is drawn at first. Title, labels and scales stay.
    """

    def __init__(self, chart: Chart) -> None:
        scales = {a: "log" if a in chart.logarithmic else "linear" for a in ("x", "y")}
        self.figure = figure(
            height=300,
            sizing_mode="stretch_width",
            x_axis_type=scales["x"],
            y_axis_type=scales["y"],
            x_axis_label=chart.x,
            y_axis_label=chart.y,
            match_aspect=chart.equal,
            tools="pan,box_zoom,wheel_zoom,reset,save",
            active_drag=None,
            active_scroll=None,
            toolbar_location="above",
            toolbar_inner=True,
        )
        # A finger on a chart scrolls the page; the tools appear on hovering.
        self.figure.toolbar.logo = None
        self.figure.toolbar.autohide = True
        self._lines = ColumnDataSource(name=f"lines: {chart.title}")
        self._points = ColumnDataSource(name=f"points: {chart.title}")
        self.show(chart)
        drawn = self.figure.multi_line(
            "x",
            "y",
            source=self._lines,
            line_color="colour",
            line_width="width",
            line_dash="dash",
            line_join="round",
        )
        self.figure.scatter("x", "y", source=self._points, color="colour", size="size")
        tips = [("", "@name"), (chart.x, "$data_x"), (chart.y, "$data_y")]
        self.figure.add_tools(HoverTool(renderers=[drawn], tooltips=tips))
        for axis in self.figure.axis:
            axis.axis_label_text_font_style = "normal"
            axis.axis_label_text_color = axis.major_label_text_color = INK
            axis.axis_line_color = axis.major_tick_line_color = _SOFT
            axis.minor_tick_line_color = None
        self.figure.grid.grid_line_color = _RULE
        self.figure.outline_line_color = None

    def show(self, chart: Chart) -> None:
        """Replace the lines."""
        alike: dict[tuple[str, str, float, str], list[Line]] = {}
        for line in chart.lines:
            if line.width:
                alike.setdefault((line.name, line.colour, line.width, line.dash), []).append(line)
        looks = list(zip(*alike, strict=True)) or [()] * 4
        self._lines.data = {
            "x": [_joined([line.x for line in lines]) for lines in alike.values()],
            "y": [_joined([line.y for line in lines]) for lines in alike.values()],
            **dict(zip(("name", "colour", "width", "dash"), map(list, looks), strict=True)),
        }
        dots = [
            (x, y, line.colour, line.marker)
            for line in chart.lines
            if line.marker
            for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True)
        ]
        columns = ("x", "y", "colour", "size")
        self._points.data = {c: [dot[k] for dot in dots] for k, c in enumerate(columns)}


def _joined(parts: list[Array]) -> Array:
    """Return one polyline with a gap between its parts: each array that is sent is a message of its own."""
    gap = np.full(1, np.nan)
    return np.concatenate([piece for part in parts for piece in (part, gap)][:-1])


def legend(chart: Chart) -> str:
    """Return heading and legend of a chart, as HTML above it: nothing lies on the curves."""
    first: dict[str, Line] = {}
    for line in chart.lines:
        first.setdefault(line.name, line)
    entries = "".join(f"<li>{_sample(line)}{text(name)}</li>" for name, line in first.items())
    hint = f" <span class='soft hint'>{text(chart.hint)}</span>" if chart.hint else ""
    return f"<h2>{text(chart.title)}{hint}</h2><ul class='legend'>{entries}</ul>"


def _sample(line: Line) -> str:
    stroke = (
        f"<line x1='0' y1='6' x2='26' y2='6' stroke='{line.colour}' stroke-width='{line.width}' "
        f"stroke-dasharray='{_DASHES[line.dash]}'/>"
        if line.width
        else ""
    )
    dot = f"<circle cx='13' cy='6' r='{line.marker / 2}' fill='{line.colour}'/>"
    inside = stroke + (dot if line.marker else "")
    return f"<svg width='26' height='12' aria-hidden='true'>{inside}</svg>"


def table(shown: Table) -> str:
    """Return a table as HTML, with all digits of each number."""
    if not shown.rows:
        return f"<h2>{text(shown.title)}</h2><p class='soft'>none</p>"
    columns = [(np.asarray(c.values, dtype=float), c.infinite) for c in shown.columns]
    head = "".join(f"<th>{text(column.title)}</th>" for column in shown.columns)
    body = "".join(
        f"<tr><td>{text(row)}</td>"
        + "".join(_cell(numbers[k], words) for numbers, words in columns)
        + "</tr>"
        for k, row in enumerate(shown.rows)
    )
    inside = f"<thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody>"
    return f"<h2>{text(shown.title)}</h2><div class='wide'><table>{inside}</table></div>"


def _cell(number: float, infinite: str) -> str:
    value = float(number)
    words = f"{value:.4g}" if math.isfinite(value) else "–" if math.isnan(value) else infinite
    return f"<td><data value='{value!r}'>{text(words)}</data></td>"
