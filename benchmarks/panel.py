"""The panel in an open JupyterLab: long curves painted, zoomed, hovered, and a list of very many runs scrolled."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import browser
from benchmarks.homes import write_home
from benchmarks.measure import Row
from benchmarks.peers.field import Field, field
from benchmarks.peers.values import SPIKE
from benchmarks.plan import Plan
from benchmarks.server import Server
from benchmarks.viewers import beside
from benchmarks.viewers.catalog import VIEWERS
from runlore.home import Home
from runlore.session_record import sessions

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect, Page

_USUAL = ((50, 20_000, tuple(VIEWERS)), (50, 100_000, ("tensorboard",)))
"""Runs, the points of each, and whose pages are opened too: the longer ones take most of them minutes to write."""

_QUICK = ((3, 5_000, tuple(VIEWERS)),)
_PLOT = ".jp-Runlore-compare .js-plotly-plot"
_CLOSE = "() => window.jupyterapp.shell.currentWidget.dispose()"
_PAINTED = """async runIds => {
    const begin = performance.now();
    const frame = () => new Promise(requestAnimationFrame);
    await window.jupyterapp.commands.execute('runlore:compare', { runIds });
    const page = () => [...document.querySelectorAll('.jp-Runlore-compare')].find(node => node.offsetParent);
    const painted = () => page()?.querySelectorAll('.scatterlayer path.js-line').length ?? 0;
    while (painted() < runIds.length) {
        await frame();
    }
    await frame();
    await frame();
    const seconds = (performance.now() - begin) / 1000;
    const lines = page().querySelector('.js-plotly-plot').data.filter(line => line.y.length > 1);
    return [seconds, lines.map(line => line.y.reduce((a, b) => Math.max(a, b)))];
}"""
_FULL = """() => {
    const page = [...document.querySelectorAll('.jp-Runlore-compare')].find(node => node.offsetParent);
    const plot = page.querySelector('.js-plotly-plot');
    const [low, high] = plot.layout.xaxis.range;
    const { x } = plot.data[0];
    const isPart = high - low < (x.at(-1) - x[0]) / 10;
    const mostDrawn = 900; // the server sends a thousand points at the most, some of them beside the part
    const wanted = Math.min(Math.floor(high) - Math.ceil(low) + 1, mostDrawn);
    return isPart && x.filter(at => at >= low && at <= high).length >= wanted;
}"""
_SENT = """() => performance.getEntriesByType('resource').filter(one => one.name.includes('/extensions/runlore/'))
    .reduce((sum, one) => sum + one.decodedBodySize, 0)"""


def rows(plan: Plan) -> list[Row]:
    if browser.executable() is None:
        return [Row("the panel in a browser", "runlore", None, note="no Chromium")]
    with browser.browser() as chromium:
        found = []
        for runs, steps, names in plan.sized(_USUAL, _QUICK):
            with field(plan, ["runlore", *names]) as contestants:
                found += _curves(chromium, contestants, runs, steps, plan.rounds(5))
                found += beside.rows(chromium, contestants, runs, steps, min(plan.rounds(5), 3))
        return found + _list(chromium, plan.sized(50_000, 200))


def _curves(chromium: Browser, contestants: Field, runs: int, steps: int, rounds: int) -> list[Row]:
    runlore = contestants.contestants[0]
    with runlore.opened() as process:
        process.ask("fill", [f"run-{number}" for number in range(runs)], steps)
    home, place = Home(runlore.directory / "home"), runlore.directory / "jupyter"
    place.mkdir()
    with Server("lab", place, RUNLORE_HOME=str(home.path)) as server:
        ids = [run_id for session in sessions(home) for run_id in session.runs]
        work = f"{runs} curves of {steps:,} in an open JupyterLab"
        page = browser.open_lab(chromium, server, "timed")
        found = _measured(page, work, ids, rounds)
        page.context.close()
        page = browser.open_lab(chromium, server, "weighed")
        found += _weighed(page, work, ids, rounds)
        page.context.close()
    return found


def _measured(page: Page, work: str, ids: list[str], rounds: int) -> list[Row]:
    """What a person sees and waits for, one after the other.

    Raises:
        RuntimeError: curves or spikes are missing.
    """
    at_start = page.evaluate(_SENT)
    browser.show_panel(page)
    traffic = browser.Traffic(page)
    painting: list[Any] = []
    task = browser.watched(page, lambda: painting.extend(page.evaluate(_PAINTED, ids))).task
    received = traffic.received()
    first, highest = painting
    spikes = sum(value == SPIKE for value in highest)
    if not len(highest) == spikes == len(ids):
        raise RuntimeError(f"{spikes} of {len(ids)} spikes are drawn")
    again = []
    for _ in range(rounds):
        page.evaluate(_CLOSE)
        page.wait_for_timeout(500)
        again.append(page.evaluate(_PAINTED, ids)[0])
    zooms = [_zoom(page) for _ in range(rounds)]
    frames = browser.hover(page, _plot(page))
    return [
        Row(work, "painted, the first time", first),
        Row(work, "painted again", statistics.median(again)),
        Row(work, "a part that is zoomed into, as fine as it is drawn", statistics.median(zooms)),
        Row(f"spikes of {work}", "drawn, of one step each", spikes, "points"),
        Row(f"longest task until the {work} are painted", "runlore", task or None, note="none over 50 ms"),
        Row(f"answers to the page with {work}", "from the panel on", received, "B"),
        *_told(f"hovering over {work}", frames),
        Row(f"JavaScript for {work}", "at Lab's start", at_start, "B"),
        Row(f"JavaScript for {work}", "with the curves", page.evaluate(_SENT), "B"),
    ]


def _weighed(page: Page, work: str, ids: list[str], rounds: int) -> list[Row]:
    """What the curves leave in memory, in a page of its own.

    To count the heap throws away compiled code with the garbage: what is painted next waits until it is made anew.
    """
    browser.show_panel(page)
    before = browser.heap(page)
    first = page.evaluate(_PAINTED, ids)[0]
    for _ in range(rounds):
        page.evaluate(_CLOSE)
        page.wait_for_timeout(500)
        page.evaluate(_PAINTED, ids)
    return [
        Row(work, "painted, after the browser has thrown away compiled code", first),
        Row(f"heap of {work}", "what the curves add", browser.heap(page) - before, "B"),
    ]


def _told(work: str, frames: browser.Frames) -> list[Row]:
    return [
        Row(work, "a frame, half of them at the most", frames.median),
        Row(work, "a frame, 95 of 100 at the most", frames.most),
        Row(work, "the longest task over 50 ms", frames.task or None, note="none"),
    ]


def _plot(page: Page) -> FloatRect:
    """Where the first chart's lines are."""
    box = page.locator(f"{_PLOT} .nsewdrag").first.bounding_box()
    assert box is not None
    return box


def _zoom(page: Page) -> float:
    """Drag over a small part of the first chart; seconds until it is there anew. Then show the whole."""
    area = _plot(page)
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + area["width"] / 100 + 12, y, steps=4)
    page.evaluate("() => { window.runloreBegin = performance.now(); }")
    page.mouse.up()
    page.wait_for_function(_FULL, timeout=browser.PATIENCE)
    seconds = page.evaluate("() => (performance.now() - window.runloreBegin) / 1000")
    page.locator(".jp-Runlore-compare").get_by_role("button", name="Reset zoom").first.click()
    page.wait_for_timeout(1_000)
    return float(seconds)


def _list(chromium: Browser, runs: int) -> list[Row]:
    """Scroll through the runs in the sidebar with the wheel, as fast as a hand does."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        home, place = Home(Path(name) / "home"), Path(name) / "jupyter"
        write_home(home, runs)
        place.mkdir()
        with Server("lab", place, RUNLORE_HOME=str(home.path)) as server:
            page = browser.open_lab(chromium, server)
            browser.show_panel(page)
            rows = page.locator("#runlore-runs [data-runlore-run]")
            rows.first.wait_for(timeout=browser.PATIENCE)
            page.wait_for_function(
                f"() => document.querySelector('.jp-Runlore-scroll').ariaRowCount === '{runs + 1}'",
                timeout=browser.PATIENCE,
            )
            rows.first.hover()

            def scroll() -> None:
                for _ in range(200):
                    page.mouse.wheel(0, 240)

            scroll()
            frames = browser.watched(page, scroll)
            page.context.close()
    return _told(f"scrolling a list of {runs:,} runs", frames)
