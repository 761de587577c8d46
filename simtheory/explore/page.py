"""The view: controls at the left, charts and tables beside them, a tab a topic.

The page asks `model` for a picture after every movement and shows its numbers. What a control or theory
refuses marks the field of the control, with the reason, and changes nothing else.
"""

from __future__ import annotations

from typing import Any

from simtheory._checks import one_of, require
from simtheory._faces import face
from simtheory.explore._looks import STRETCH, TABS
from simtheory.explore.model import TOPICS, topic_of

__all__ = ["Explorer"]


@face
class Explorer:
    """Sliders over theory: the object shows itself in a notebook, and `serve` shows it on a page.

    Parameters
    ----------
    topic : str
        The tab that is open at first.

    Raises
    ------
    ArgumentError
        If the topic is unknown.
    """

    def __init__(self, topic: str = "identity") -> None:
        self.topic = one_of("topic", topic, TOPICS)
        self._tabs: dict[str, Any] = {}
        self._view: Any = None

    def panel(self) -> Any:
        """Return the page as an object of Panel, for layouts of your own.

        Returns
        -------
        panel.Column
            Heading, tabs and the open topic.

        Raises
        ------
        MissingExtraError
            If Panel, of the extra ``explore``, is not installed.
        """
        if self._view is None:
            pn = require("panel", extra="explore")
            from simtheory.explore._charts import Words

            titles = {topic_of(name).title: name for name in TOPICS}
            chosen = pn.widgets.RadioButtonGroup(
                options=titles, value=self.topic, stylesheets=[TABS], **STRETCH
            )
            body = pn.Column(self._tab(self.topic).view, sizing_mode="stretch_width")

            def choose(event: Any) -> None:
                self.topic = event.new
                body[:] = [self._tab(event.new).view]

            chosen.param.watch(choose, "value")
            heading = Words("<h1>When does a network learn which concept?</h1>")
            self._view = pn.Column(heading.view, chosen, body, sizing_mode="stretch_width")
        return self._view

    def _tab(self, name: str) -> Any:
        from simtheory.explore._tab import Tab

        if name not in self._tabs:
            self._tabs[name] = Tab(topic_of(name))
        return self._tabs[name]

    def __repr__(self) -> str:
        return f"Explorer({self.topic!r})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        """Show the page in a notebook; Panel's scripts come from its package, not from a network."""
        pn = require("panel", extra="explore")
        pn.extension(inline=True)
        return self.panel()._repr_mimebundle_(include, exclude)
