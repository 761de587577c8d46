"""Controls on the page: text with sliders, a choice, a file; a value that is refused marks the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn

from simtheory.errors import SimTheoryError
from simtheory.explore._charts import Words
from simtheory.explore._looks import FIELD, STRETCH
from simtheory.explore._parts import Choice, Control, File
from simtheory.report.pages import text

__all__ = ["field"]


def field(control: Control, accept: Callable[[Any], None]) -> Any:
    """Return a control on the page.

    Parameters
    ----------
    control : Control
        Which.
    accept : callable
        Is called with each new value. It raises a `SimTheoryError` to refuse one, and changes nothing then.

    Returns
    -------
    panel.Column
        The control, and below it the reason where a value is refused.
    """
    if isinstance(control, Choice):
        return _chosen(control, accept)
    if isinstance(control, File):
        return _dropped(control, accept)
    return _Typed(control, accept).view


class _Marked:
    """An entry that is marked while its value is refused."""

    def __init__(self, entry: Any, accept: Callable[[Any], None]) -> None:
        self._entry, self._accept = entry, accept
        self._reason = Words(visible=False)

    def take(self, read: Callable[[], Any], then: Callable[[Any], None] = lambda _: None) -> None:
        """Read a value, pass it on, and let `then` follow it; where it is refused, mark the entry with the reason.

        All that changes on the page goes out at once.
        """
        with pn.io.hold():
            try:
                value = read()
                self._accept(value)
            except SimTheoryError as reason:
                self._entry.css_classes = ["wrong"]
                self._reason.show(f"<p class='bad' role='alert'>{text(reason)}</p>")
                self._reason.visible = True
                return
            if self._reason.visible:
                self._entry.css_classes = []
                self._reason.visible = False
            then(value)

    def view(self, *above: Any) -> Any:
        """Return the parts of the control, with the reason below."""
        return pn.Column(
            *above,
            self._reason.view,
            sizing_mode="stretch_width",
            margin=0,
            styles={"flex": "1 1 160px"},
        )


class _Typed:
    """A text and sliders that follow each other."""

    def __init__(self, control: Any, accept: Callable[[Any], None]) -> None:
        self._control = control  # a Number, Whole or Numbers: the type of its values is its own
        self._value: Any = control.start
        self._following = False
        self._text = pn.widgets.TextInput(
            name=control.label,
            value=self._control.text(self._value),
            stylesheets=[FIELD],
            **STRETCH,
        )
        self._marked = _Marked(self._text, accept)
        self._sliders = pn.Column(sizing_mode="stretch_width", margin=0)
        self._place()
        self._text.param.watch(self._typed, "value")
        self.view = self._marked.view(self._text, self._sliders)

    def _typed(self, event: Any) -> None:
        if not self._following:
            self._take(lambda: self._control.read(event.new), self._place)

    def _slid(self, place: int, position: float) -> None:
        if not self._following:
            self._take(lambda: self._control.moved(self._value, place, position), self._write)

    def _take(self, read: Callable[[], Any], follow: Callable[[], None]) -> None:
        def then(value: Any) -> None:
            self._value = value
            self._following = True  # what follows changes widgets, and is no movement
            try:
                follow()
            finally:
                self._following = False

        self._marked.take(read, then)

    def _write(self) -> None:
        self._text.value = self._control.text(self._value)

    def _place(self) -> None:
        """Put the sliders where the values are; there are as many."""
        wanted = self._control.sliders(self._value)
        if len(wanted) == len(self._sliders):
            for slider, where in zip(self._sliders, wanted, strict=True):
                slider.value = where.position
        else:
            self._sliders[:] = [self._slider(place, where) for place, where in enumerate(wanted)]

    def _slider(self, place: int, where: Any) -> Any:
        slider = pn.widgets.FloatSlider(
            value=where.position,
            start=where.low,
            end=where.high,
            step=where.step,
            show_value=False,
            tooltips=False,
            stylesheets=[FIELD],
            **STRETCH,
        )
        slider.param.watch(lambda event: self._slid(place, event.new), "value")
        return slider


def _chosen(control: Choice, accept: Callable[[Any], None]) -> Any:
    entry = pn.widgets.Select(
        name=control.label, options=list(control.words), stylesheets=[FIELD], **STRETCH
    )
    marked = _Marked(entry, accept)
    entry.param.watch(lambda event: marked.take(lambda: event.new), "value")
    return marked.view(entry)


def _dropped(control: File, accept: Callable[[Any], None]) -> Any:
    caption = Words(f"<span class='soft'>{text(control.label)}</span>")
    entry = pn.widgets.FileInput(accept=",".join(control.suffixes), stylesheets=[FIELD], **STRETCH)
    marked = _Marked(entry, accept)

    def dropped(event: Any) -> None:
        if event.new:
            marked.take(lambda: control.read(str(entry.filename), event.new))

    entry.param.watch(dropped, "value")
    return marked.view(caption.view, entry)
