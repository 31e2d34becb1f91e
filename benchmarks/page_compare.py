"""Hundreds of runs compared in an open JupyterLab: time to open, frames while scrolling, brushing; prints a table.

``python -m benchmarks.page_compare [RUNS [PARAMS METRICS]]``; each run has the usual parameters and metrics and so
many more.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.browser import Frames, executable, hover, watched
from benchmarks.homes import More, write_home
from benchmarks.server import TOKEN, Server
from runlore.home import Home

if TYPE_CHECKING:
    from playwright.sync_api import Page

_OPENED = """async count => {
    const begin = performance.now();
    await window.jupyterapp.commands.execute('runlore:compare', { filter: '' });
    const told = () => document.querySelector('.jp-Runlore-compare [role=grid]')?.ariaRowCount;
    while (told() !== String(count + 1) || !document.querySelector('[data-runlore-compared]')) {
        await new Promise(resolve => requestAnimationFrame(resolve));
        if (performance.now() - begin > 60000) throw new Error(`${told()} rows`);
    }
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - begin;
}"""
_DRAWN = """async ([tab, selector, count]) => {
    const begin = performance.now();
    document.querySelector(`.jp-Runlore-compare-pages [data-tab=${tab}]`).click();
    while (document.querySelectorAll(selector).length < count) {
        await new Promise(resolve => requestAnimationFrame(resolve));
        if (performance.now() - begin > 60000) throw new Error(tab);
    }
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - begin;
}"""
_SCROLLED = """async ([selector, across]) => {
    const box = document.querySelector(selector);
    for (let step = 0; step < 90; step++) {
        box.scrollBy(across ? 97 : 0, across ? 0 : 97);
        await new Promise(resolve => requestAnimationFrame(resolve));
    }
}"""


def measured(runs: int, more: More) -> dict[str, str]:
    """What was measured, in words and figures.

    Raises:
        RuntimeError: there is no Chromium.
    """
    from playwright.sync_api import sync_playwright

    chromium = executable()
    if chromium is None:
        raise RuntimeError("there is no Chromium on the path")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        home = Path(name) / "home"
        write_home(Home(home), runs, more)
        with Server("lab", Path(name), RUNLORE_HOME=str(home)) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_context(viewport={"width": 1500, "height": 950}).new_page()
            page.goto(f"{server.url}/lab?token={TOKEN}")
            page.wait_for_function("window.jupyterapp !== undefined", timeout=120_000)
            page.evaluate("() => window.jupyterapp.restored")
            page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
            page.wait_for_timeout(3000)  # until what Lab loads behind its start is there
            return _look(page, runs)


def _look(page: Page, runs: int) -> dict[str, str]:
    found = {f"{runs} runs opened, first time": f"{page.evaluate(_OPENED, runs) / 1000:.2f} s"}
    page.wait_for_timeout(1500)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.dispose()")
    found[f"{runs} runs opened, again"] = f"{page.evaluate(_OPENED, runs) / 1000:.2f} s"
    for tab, selector, count in (
        ("parallel", "path.jp-Runlore-plot-line", runs),
        ("scatter", ".jp-Runlore-plot-point", runs),
        ("table", "[data-runlore-column]", 1),
    ):
        took = page.evaluate(_DRAWN, [tab, selector, count])
        found[f"{tab}: drawn"] = f"{took / 1000:.2f} s"
        page.wait_for_timeout(500)
        if tab != "table" and (plot := page.locator(".jp-Runlore-plot").bounding_box()) is not None:
            found |= _told(f"{tab}, pointing", hover(page, plot))
        if tab == "parallel":
            axis = page.locator(".jp-Runlore-brush-hold").first
            found |= _watched(page, "parallel, brushing", lambda axis=axis: _brush(page, axis.bounding_box(), 0.0))
        elif tab == "scatter":
            area = page.locator(".jp-Runlore-brush-area")
            found |= _watched(page, "scatter, brushing", lambda area=area: _brush(page, area.bounding_box(), 0.8))
        else:
            across = [".jp-Runlore-table", True]
            found |= _watched(page, "table, to the side", lambda across=across: page.evaluate(_SCROLLED, across))
    down = [".jp-Runlore-compare-scroll", False]
    return found | _watched(page, "list of runs, down", lambda: page.evaluate(_SCROLLED, down))


def _brush(page: Page, box: dict[str, float] | None, wide: float) -> None:
    assert box is not None
    left, top = box["x"] + box["width"] * (0.1 if wide else 0.5), box["y"] + 4
    page.mouse.move(left, top)
    page.mouse.down()
    for step in range(90):
        page.mouse.move(left + box["width"] * wide * step / 90, top + (box["height"] - 8) * step / 90)
    page.mouse.up()


def _watched(page: Page, what: str, act: Callable[[], object]) -> dict[str, str]:
    return _told(what, watched(page, act))


def _told(what: str, frames: Frames) -> dict[str, str]:
    return {
        f"{what}: median frame": f"{frames.median * 1000:.1f} ms",
        f"{what}: 95th percentile of frames": f"{frames.most * 1000:.1f} ms",
        f"{what}: longest task over 50 ms": f"{frames.task * 1000:.0f} ms" if frames.task else "none",
    }


if __name__ == "__main__":
    print("| what | figure |\n|---|---|")
    count, *further = [*map(int, sys.argv[1:])] or [500]
    for what, figure in measured(count, More(*further)).items():
        print(f"| {what} | {figure} |", flush=True)
