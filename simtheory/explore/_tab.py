"""One topic on the page: its controls, and the picture of their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

from simtheory.explore._charts import Drawing, Words, legend, table
from simtheory.explore._fields import field
from simtheory.explore._looks import BUTTON
from simtheory.explore._parts import Topic
from simtheory.explore.model import Picture, made
from simtheory.report.pages import text

__all__ = ["Tab"]


class Tab:
    """The view of a topic.

    Parameters
    ----------
    topic : Topic
        Which.
    """

    def __init__(self, topic: Topic) -> None:
        self._topic, self._values = topic, topic.start()
        self._drawings: list[Drawing] = []
        self._legends: list[Words] = []
        self._frames: list[tuple[str, str, str, str]] = []
        self._charts = pn.FlexBox(sizing_mode="stretch_width", gap="8px 16px")
        self._tables, self._code = Words(), Words(visible=False)
        button = pn.widgets.Button(
            name="Python of this picture", stylesheets=[BUTTON], margin=(6, 5)
        )
        button.on_click(self._turn_code)
        self._show(made(topic, self._values))
        controls = pn.FlexBox(
            *(field(control, self._accepting(control.name)) for control in topic.controls),
            gap="0 8px",
            align_content="flex-start",
            styles={"flex": "1 1 260px"},
        )
        picture = pn.Column(
            *(self._charts, self._tables.view, button, self._code.view),
            sizing_mode="stretch_width",
            min_width=300,
            styles={"flex": "3 1 560px"},
        )
        both = pn.FlexBox(
            *(controls, picture),
            sizing_mode="stretch_width",
            gap="8px 20px",
            align_items="flex-start",
        )
        intro = Words(f"<p class='soft'>{text(topic.text)}</p>")
        self.view = pn.Column(intro.view, both, sizing_mode="stretch_width")

    def _turn_code(self, _: Any) -> None:
        with pn.io.hold():
            self._code.visible = not self._code.visible

    def _accepting(self, name: str) -> Callable[[Any], None]:
        def accept(value: Any) -> None:
            wanted = self._values | {name: value}
            picture = made(self._topic, wanted)  # raises before anything changes
            self._values = wanted
            self._show(picture)

        return accept

    def _show(self, picture: Picture) -> None:
        """Show a picture; figures are made anew only where other axes are asked for."""
        frames = [(c.title, c.x, c.y, c.logarithmic) for c in picture.charts]
        if frames != self._frames:
            self._frames = frames
            self._drawings = [Drawing(chart) for chart in picture.charts]
            self._legends = [Words(legend(chart)) for chart in picture.charts]
            self._charts[:] = [
                _framed(above, drawing)
                for above, drawing in zip(self._legends, self._drawings, strict=True)
            ]
        else:
            for chart, drawing, above in zip(
                picture.charts, self._drawings, self._legends, strict=True
            ):
                drawing.show(chart)
                above.show(legend(chart))
        notes = "".join(f"<p class='note'>{text(note)}</p>" for note in picture.notes)
        tables = "".join(f"<div>{table(each)}</div>" for each in picture.tables)
        self._tables.show(f"{notes}<div class='tables'>{tables}</div>")
        self._code.show(f"<pre>{text(picture.code)}</pre>")


def _framed(above: Words, drawing: Drawing) -> Any:
    return pn.Column(
        above.view,
        pn.pane.Bokeh(drawing.figure, sizing_mode="stretch_width"),
        styles={"flex": "1 1 300px"},
        min_width=280,
        sizing_mode="stretch_width",
    )
