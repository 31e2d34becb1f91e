"""Fifty long curves in an open JupyterLab: painted, zoomed, hovered, and what they take of its memory."""

from __future__ import annotations

import statistics
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from benchmarks.lab import FLAGS
from benchmarks.measure import Row
from benchmarks.peers.field import field
from benchmarks.peers.values import SPIKE
from benchmarks.plan import Plan
from benchmarks.server import TOKEN, Server
from runlore.home import Home
from runlore.record import sessions

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

_PLOT = ".jp-Runlore-compare .js-plotly-plot"
_PATIENCE = 120_000

_PAINTED = """async runIds => {
    const begin = performance.now();
    const frame = () => new Promise(requestAnimationFrame);
    await window.jupyterapp.commands.execute('runlore:compare', { runIds });
    const page = () => [...document.querySelectorAll('.jp-Runlore-compare')].find(node => node.offsetParent);
    const lines = () => page()?.querySelector('.js-plotly-plot')?.data?.filter(line => line.y?.length > 1) ?? [];
    while (lines().length < runIds.length) {
        await frame();
    }
    await frame();
    await frame();
    return [(performance.now() - begin) / 1000, lines().map(line => line.y.reduce((a, b) => Math.max(a, b)))];
}"""
_FULL = """() => {
    const page = [...document.querySelectorAll('.jp-Runlore-compare')].find(node => node.offsetParent);
    const plot = page.querySelector('.js-plotly-plot');
    const [low, high] = plot.layout.xaxis.range;
    const inside = [...plot.data[0].x].filter(x => x >= low && x <= high);
    return high - low < 2000 && inside.length === Math.floor(high) - Math.ceil(low) + 1;
}"""
_WATCH = """() => {
    window.runloreFrames = [];
    window.runloreTasks = [0];
    new PerformanceObserver(list => list.getEntries().forEach(task => window.runloreTasks.push(task.duration)))
        .observe({ type: 'longtask' });
    const count = time => { window.runloreFrames.push(time); requestAnimationFrame(count); };
    requestAnimationFrame(count);
}"""
_SENT = """() => performance.getEntriesByType('resource').filter(one => one.name.includes('/extensions/runlore/'))
    .reduce((sum, one) => sum + one.decodedBodySize, 0)"""


def rows(plan: Plan) -> list[Row]:
    runs, steps = plan.sized((50, 20_000), (3, 5_000))
    work = f"{runs} curves of {steps:,} in an open JupyterLab"
    executable = which("chromium") or which("google-chrome")
    if executable is None:
        return [Row(work, "painted", None, note="no Chromium")]
    from playwright.sync_api import sync_playwright

    with field(plan, ["runlore"]) as contestants, sync_playwright() as playwright:
        (runlore,) = contestants.contestants
        with runlore.opened() as process:
            process.ask("fill", [f"run-{number}" for number in range(runs)], steps)
        home, place = Home(runlore.directory / "home"), runlore.directory / "jupyter"
        place.mkdir()
        with Server("lab", place, RUNLORE_HOME=str(home.path)) as server:
            browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
            page = browser.new_page(viewport={"width": 1500, "height": 950})
            page.goto(f"{server.url}/lab?token={TOKEN}")
            page.wait_for_function("window.jupyterapp !== undefined", timeout=_PATIENCE)
            page.evaluate("() => window.jupyterapp.restored")
            measured = _measured(page, work, _ids(home.path), plan.rounds(5))
            browser.close()
            return measured


def _ids(home: Path) -> list[str]:
    return [run_id for session in sessions(Home(home)) for run_id in session.runs]


def _measured(page: Page, work: str, ids: list[str], rounds: int) -> list[Row]:
    """What a person sees and waits for, one after the other.

    Raises:
        RuntimeError: curves or spikes are missing.
    """
    session = page.context.new_cdp_session(page)
    at_start, before = page.evaluate(_SENT), _heap(session)
    first, highest = page.evaluate(_PAINTED, ids)
    if len(highest) != len(ids) or not all(value == SPIKE for value in highest):
        raise RuntimeError(f"{sum(value == SPIKE for value in highest)} of {len(ids)} spikes are drawn")
    again = []
    for _ in range(rounds):
        page.evaluate("() => window.jupyterapp.commands.execute('application:close')")
        again.append(page.evaluate(_PAINTED, ids)[0])
    zooms = [_zoom(page) for _ in range(rounds)]
    frames, longest = _hover(page)
    return [
        Row(work, "painted, the first time (plotly is loaded)", first),
        Row(work, "painted again", statistics.median(again)),
        Row(work, "every point of a part that is zoomed into", statistics.median(zooms)),
        Row("hovering over them", "frames a second", frames, "points"),
        Row("the longest task meanwhile", "the browser", longest),
        Row("JavaScript", "at Lab's start", at_start, "B"),
        Row("JavaScript", "with the curves", page.evaluate(_SENT), "B"),
        Row("heap", "what the curves add", _heap(session) - before, "B"),
    ]


def _zoom(page: Page) -> float:
    """Drag over a small part of the first chart; seconds until each point is there. Then show the whole."""
    area = page.locator(f"{_PLOT} .nsewdrag").first.bounding_box()
    assert area is not None
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + area["width"] / 30, y, steps=4)
    page.evaluate("() => { window.runloreBegin = performance.now(); }")
    page.mouse.up()
    page.wait_for_function(_FULL, timeout=_PATIENCE)
    seconds = page.evaluate("() => (performance.now() - window.runloreBegin) / 1000")
    page.locator(".jp-Runlore-compare").get_by_role("button", name="Reset zoom").first.click()
    page.wait_for_timeout(1_000)
    return float(seconds)


def _hover(page: Page) -> tuple[float, float]:
    """Frames a second, and the longest task in seconds, while the pointer goes over the first chart."""
    area = page.locator(f"{_PLOT} .nsewdrag").first.bounding_box()
    assert area is not None
    page.evaluate(_WATCH)
    for step in range(120):
        page.mouse.move(area["x"] + area["width"] * (step % 60) / 60, area["y"] + area["height"] / 2)
        page.wait_for_timeout(8)
    times = page.evaluate("() => window.runloreFrames")
    frames = (len(times) - 1) / (times[-1] - times[0]) * 1000
    return frames, page.evaluate("() => Math.max(...window.runloreTasks)") / 1000


def _heap(session: CDPSession) -> float:
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"])
