"""The page on this machine: a free port, an address, and a window where there is a display."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import webbrowser
from collections.abc import Callable
from typing import Any

from simtheory._checks import is_integer, one_of, require
from simtheory._faces import face
from simtheory.errors import ArgumentError
from simtheory.explore._looks import PAGE
from simtheory.explore.model import TOPICS, picture
from simtheory.explore.page import Explorer

__all__ = ["serve"]

PORT = 5006
"""First port that is tried."""
_ADDRESS = "127.0.0.1"
_TRIED = 50
"""Ports that are tried one after the other; beyond them something else is wrong."""
_LAST = 65535
_PAGE = f"""{{% extends base %}}
{{% block postamble %}}<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{PAGE}</style>{{% endblock %}}
{{% block contents %}}{{{{ embed(roots.explorer) }}}}{{% endblock %}}
"""
"""The page: a phone shows it in its own width."""


@face
def serve(
    *,
    topic: str = "identity",
    port: int = PORT,
    window: bool = True,
    say: Callable[[str], Any] = print,
) -> None:
    """Serve the explorer on this machine until it is interrupted.

    Parameters
    ----------
    topic : str
        The tab that is open at first.
    port : int
        Port on 127.0.0.1; if it is taken, the next free one. 0 takes any.
    window : bool
        Whether to open the page in a browser, where there is a display.
    say : callable
        What is called with each line of text.

    Raises
    ------
    ArgumentError
        If the topic is unknown, the port is out of range, or no port is free.
    MissingExtraError
        If Panel, of the extra ``explore``, is not installed.
    """
    one_of("topic", topic, TOPICS)
    handled = signal.getsignal(signal.SIGINT)
    server = _server(topic, port)
    if port not in (0, server.port):
        say(f"Port {port} is taken; the page is on {server.port}.")
    address = f"http://{_ADDRESS}:{server.port}/"
    opened = window and has_display()
    say(f"{'Explorer on' if opened else 'Open'} {address}; Ctrl-C ends it.")
    picture(topic)  # loads the compiled kernels before the first visitor
    if opened:
        server.io_loop.add_callback(webbrowser.open, address)
    server.start()
    try:
        server.io_loop.start()
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
        signal.signal(signal.SIGINT, handled)


def has_display() -> bool:
    """Return whether a browser has a display to open a window on."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _server(topic: str, port: int) -> Any:
    """Return a server that listens on the port, or on the next free one."""
    if not is_integer(port) or not 0 <= port <= _LAST:
        raise ArgumentError(f"Argument `port` must lie in [0, {_LAST}], but it is {port}.")
    pn = require("panel", extra="explore")

    def page() -> Any:
        template = pn.Template(_PAGE)
        template.add_panel("explorer", Explorer(topic).panel())
        return template

    first = port or _free()
    last = min(first + _TRIED, _LAST)
    for tried in range(first, last + 1):
        try:
            return pn.io.server.get_server(
                page,
                port=tried,
                address=_ADDRESS,
                title="simtheory explorer",
                websocket_origin=[f"{host}:{tried}" for host in (_ADDRESS, "localhost")],
            )
        except OSError as reason:
            if reason.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    raise ArgumentError(f"Argument `port` must leave a free port, but {first} to {last} are taken.")


def _free() -> int:
    """Return a port that the system calls free."""
    with socket.socket() as probe:
        probe.bind((_ADDRESS, 0))
        found: int = probe.getsockname()[1]
        return found
