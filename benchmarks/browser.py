"""A Chromium that Lab and the pages of other trackers are opened in, and what is measured in all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from shutil import which
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.server import TOKEN, Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect, Page, Response

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
PATIENCE = 120_000
"""Milliseconds for whatever must happen in a page."""

LONGEST_TASK = """window.runloreTasks = [0];
new PerformanceObserver(list => list.getEntries().forEach(task => window.runloreTasks.push(task.duration)))
    .observe({ type: 'longtask', buffered: true });"""
"""A script for a page that is about to be opened: ``Math.max(...window.runloreTasks)`` is then in milliseconds."""

_SIZE = {"width": 1500, "height": 950}
_BEHIND_START = 3_000
"""Milliseconds in which Lab loads what it loads behind its start."""

_WATCH = """() => {
    const watch = (window.runloreWatch = { times: [], tasks: [0], isOn: true });
    watch.observer = new PerformanceObserver(list =>
        list.getEntries().forEach(task => watch.tasks.push(task.duration)));
    watch.observer.observe({ type: 'longtask' });
    const count = time => {
        watch.times.push(time);
        if (watch.isOn) requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
}"""
_WATCHED = """() => {
    const watch = window.runloreWatch;
    watch.isOn = false;
    watch.observer.disconnect();
    return [watch.times, Math.max(...watch.tasks)];
}"""


class Frames(NamedTuple):
    """Seconds: between two frames, half the time and 95 times of 100 at the most, and of the longest task.

    Browsers tell of tasks over 50 ms only; 0 where there was none.
    """

    median: float
    most: float
    task: float


def executable() -> str | None:
    """Where Chromium is; None where there is none."""
    return which("chromium") or which("google-chrome")


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium without anything of its own. There must be one, see ``executable``."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        try:
            yield found
        finally:
            found.close()


def fresh_page(chromium: Browser) -> Page:
    """A page that shares no cache with others."""
    return chromium.new_context(viewport=_SIZE).new_page()  # type: ignore[arg-type]


def open_lab(chromium: Browser, server: Server, workspace: str = "default") -> Page:
    """A JupyterLab that can be used, with the panel closed; what was opened in another workspace is not open."""
    page = fresh_page(chromium)
    page.goto(f"{server.url}/lab/workspaces/{workspace}?token={TOKEN}")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=PATIENCE)
    page.evaluate("() => window.jupyterapp.restored")
    return page


def show_panel(page: Page) -> None:
    """Open the panel, and let Lab come to rest."""
    page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
    page.wait_for_timeout(_BEHIND_START)


def watched(page: Page, action: Callable[[], object]) -> Frames:
    """The frames while something is done in a page."""
    page.evaluate(_WATCH)
    action()
    times, task = page.evaluate(_WATCHED)
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    return Frames(statistics.median(gaps) / 1000, gaps[int(len(gaps) * 0.95)] / 1000, task / 1000)


class Traffic:
    """What a page is answered, from now on.

    Attributes:
        heard: the answers, in their order.
    """

    def __init__(self, page: Page) -> None:
        self.heard: list[Response] = []
        page.on("response", self._hear)

    def _hear(self, answer: Response) -> None:  # Playwright does not take methods that are not Python's
        self.heard.append(answer)

    def received(self) -> int:
        """Bytes of all answers that have come to their end, packed as they were sent."""
        done = [answer for answer in self.heard if answer.request.timing["responseEnd"] >= 0]
        return sum(max(0, answer.request.sizes()["responseBodySize"]) for answer in done)


def hover(page: Page, box: FloatRect) -> Frames:
    """The frames while the pointer goes over a box, twice; the second time counts.

    Args:
        page: where.
        box: ``x``, ``y``, ``width`` and ``height`` in pixels.
    """

    def sweep() -> None:
        for step in range(200):
            page.mouse.move(box["x"] + box["width"] * (0.1 + 0.004 * step), box["y"] + box["height"] / 2)

    sweep()
    return watched(page, sweep)


def heap(page: Page) -> float:
    """Bytes of the page's JavaScript objects, garbage left out."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used
