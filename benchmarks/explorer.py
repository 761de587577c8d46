"""From a slider's movement to the changed picture in a browser: ``python -m benchmarks.explorer``.

Time begins at the key that moves a slider of the signal strengths, by the browser's own clock of the event. It ends
when the new lines of the loss have come (*numbers*), and when the frame that shows them has been drawn (*frame*). Wall time
says what a user feels on this machine under its load; the processor time of the server says what the code costs.
It needs the extra `explore`, Playwright and a Chromium.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

__all__ = ["measure", "moved"]

STRENGTHS = (1.0, 1.5, 2.2, 3.0)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FIRST = 3
"""Movements that are left out at first: the browser still compiles its scripts."""
_WATCH = """() => {
  window.moves = [];
  const lines = [...Bokeh.documents[0]._all_models.values()].find(m => m.name === "lines: Test loss");
  let begin = null;
  document.addEventListener("keydown", event => { begin = event.timeStamp; }, {capture: true});
  lines.properties.data.change.connect(() => {
    if (begin === null) return;
    const move = [begin, performance.now()];
    begin = null;
    requestAnimationFrame(() => requestAnimationFrame(() => {
      move.push(performance.now());
      window.moves.push(move);
    }));
  });
}"""


def moved(page: Any, count: int) -> np.ndarray:
    """Move the first slider of an open page back and forth.

    Parameters
    ----------
    page : playwright.sync_api.Page
        The explorer, with the tab of the identity open.
    count : int
        Movements.

    Returns
    -------
    ndarray, shape (count, 2)
        Milliseconds from the key to the numbers and to the frame.
    """
    page.evaluate(_WATCH)
    page.locator(".noUi-handle").first.focus()
    for k in range(count):
        page.keyboard.press("ArrowLeft" if k % 2 else "ArrowRight")
        page.wait_for_function("count => window.moves.length === count", arg=k + 1)
    found = np.array(page.evaluate("() => window.moves"))
    return found[:, 1:] - found[:, :1]


def measure(dimensions: Sequence[int], count: int) -> list[dict[str, Any]]:
    """Return times of movements, and the processor time of the server for each, by dimension.

    Parameters
    ----------
    dimensions : sequence of int
        Numbers of concepts.
    count : int
        Movements for each.

    Returns
    -------
    list of dict
        An entry a dimension.
    """
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-u", "-m", "simtheory", "explore", "--port", "0", "--no-window"]
    found = []
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
        sync_playwright() as driver,
    ):
        try:
            address = re.search(r"http://\S+/", server.stdout.readline())[0]  # type: ignore[union-attr,index]
            path = next(filter(None, map(shutil.which, BROWSERS)), driver.chromium.executable_path)
            browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(120_000)
            for d in dimensions:
                page.goto(address)
                page.wait_for_selector("canvas")
                entry = page.get_by_label("signal strengths μ")
                entry.fill(", ".join(map(str, STRENGTHS[:d])))
                entry.press("Enter")
                page.wait_for_timeout(3000)  # the picture of the new concepts has come
                begin = _spent(server.pid)
                times = moved(page, count + _FIRST)[_FIRST:]
                spent = (_spent(server.pid) - begin) / (count + _FIRST)
                found.append({"d": d, "times": times, "server": 1e3 * spent})
            browser.close()
        finally:
            server.terminate()
    return found


def _spent(pid: int) -> float:
    """Return the processor seconds that a process has used; NaN where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@click.command()
@click.option("--count", default=40, show_default=True, help="Movements for each dimension.")
def main(count: int) -> None:
    """Measure a movement at d = 2, 3, 4."""
    click.echo("  d   numbers, ms: median  90 %   frame, ms: median  90 %   server, CPU ms   load")
    for each in measure((2, 3, 4), count):
        (half, most), (half_frame, most_frame) = np.percentile(each["times"], (50, 90), axis=0).T
        click.echo(
            f"{each['d']:3d}{half:22.0f}{most:6.0f}{half_frame:20.0f}{most_frame:6.0f}"
            f"{each['server']:17.0f}{os.getloadavg()[0]:7.1f}"
        )


if __name__ == "__main__":
    main()
