"""The page that moves: pictures of theory with sliders, in a browser or in a notebook.

`picture` gives the numbers of a topic for any values of its controls, and needs nothing but this
package. `Explorer` shows them in a notebook and `serve` on a local page; both need Panel, which the
extra ``explore`` installs. The page is served to this machine alone and asks nothing of any other.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from simtheory._names import public

if TYPE_CHECKING:
    from simtheory.explore.model import TOPICS, Picture, picture
    from simtheory.explore.page import Explorer
    from simtheory.explore.serving import serve

__all__ = ["TOPICS", "Explorer", "Picture", "picture", "serve"]

_HOMES = {
    "TOPICS": "model",
    "Explorer": "page",
    "Picture": "model",
    "picture": "model",
    "serve": "serving",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'simtheory.explore' has no attribute {name!r}")
    value = getattr(import_module(f"simtheory.explore.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


public(__name__)
