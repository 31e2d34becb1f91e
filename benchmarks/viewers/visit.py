"""One opening of a tracker's page, with everything that is measured in it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import browser
from benchmarks.peers.values import SPIKE
from benchmarks.viewers.viewer import Viewer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
_SETTLED = 1_000
"""Milliseconds after which whatever a page does behind its painting is done."""


class Visit(NamedTuple):
    """What the page took.

    Attributes:
        painted: seconds from the address until every run has a line, clicks included.
        points: of the line that has most.
        spikes: lines that go through theirs.
        task: seconds of the longest task until then; 0 where none was over 50 ms.
        sent: bytes that it was answered until then.
        zoomed: seconds from a drag over a part of the chart until it has finer points of that; None where it asks
            for none.
        frames: while the pointer goes over the chart.
        heap: bytes.
    """

    painted: float
    points: int
    spikes: int
    task: float
    sent: int
    zoomed: float | None
    frames: browser.Frames
    heap: float


def visit(chromium: Browser, viewer: Viewer, url: str, runs: Sequence[str]) -> Visit:
    """Open the page as a user does who has never been there.

    Raises:
        RuntimeError: it shows other lines than those of the runs.
        playwright.sync_api.Error: it does not come to show them.
    """
    page = browser.fresh_page(chromium)
    try:
        page.set_default_timeout(browser.PATIENCE)
        page.add_init_script(browser.LONGEST_TASK + viewer.script)
        traffic = browser.Traffic(page)
        begin = time.perf_counter()
        viewer.open(page, url)
        page.wait_for_function(f"() => {viewer.counted} >= {len(runs)}")
        page.evaluate(_TWO_FRAMES)
        painted = time.perf_counter() - begin
        task: float = page.evaluate("() => Math.max(...window.runloreTasks)")
        sent = traffic.received()
        page.wait_for_timeout(_SETTLED)
        count = page.evaluate(f"() => {viewer.counted}")
        lines = viewer.lines(page, traffic.heard)
        if not count == len(lines) == len(runs):
            raise RuntimeError(f"{viewer.label} shows {count} lines of {len(lines)} runs, not {len(runs)}")
        heap = browser.heap(page)
        box = page.locator(viewer.chart).first.bounding_box()
        assert box is not None
        frames = browser.hover(page, box)
        zoomed = _zoom(page, viewer) if viewer.finer else None
        spikes = sum(max(line) == SPIKE for line in lines)
        return Visit(painted, max(map(len, lines)), spikes, task / 1000, sent, zoomed, frames, heap)
    finally:
        page.context.close()


def _zoom(page: Page, viewer: Viewer) -> float:
    """Drag over a small part of the chart; seconds until the page was answered with finer points and drew them."""
    box = page.locator(viewer.chart).first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] / 100 + 12, y, steps=4)
    begin = time.perf_counter()
    with page.expect_response(lambda answer: viewer.finer in answer.url) as answer:
        page.mouse.up()
    answer.value.finished()
    page.evaluate(_TWO_FRAMES)
    return time.perf_counter() - begin
