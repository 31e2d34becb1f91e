"""Fifty long curves in an open JupyterLab: time to paint, to zoom, frames while hovering, memory; prints a table.

``python -m benchmarks.page_curves [RUNS] [STEPS]``. Each curve has one spike of one step, which must be on screen.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

from benchmarks.server import TOKEN, Server

if TYPE_CHECKING:
    from playwright.sync_api import Page

_RECORD = """
import math, sys
import runlore
runs, steps = map(int, sys.argv[1:])
for number in range(runs):
    with runlore.start_run(f"run-{number}") as run:
        for step in range(steps):
            spike = 5.0 if step == 1000 + number * 37 else 0.0
            run.log(loss=math.exp(-step / steps) + number / 50 + spike)
        print(run.run_id, flush=True)
"""
_PAINTED = """async ids => {
    const begin = performance.now();
    await window.jupyterapp.commands.execute('runlore:compare', { runIds: ids });
    const painted = () => document.querySelectorAll('.jp-Runlore-grid .scatterlayer path.js-line').length;
    while (painted() < ids.length) {
        await new Promise(resolve => requestAnimationFrame(resolve));
        if (performance.now() - begin > 60000) throw new Error(`${painted()} lines`);
    }
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - begin;
}"""
_SPIKES = """() => document.querySelector('.jp-Runlore-grid .js-plotly-plot').data.filter(
    trace => [...trace.y].some(value => value > 4)).length"""
WATCH = """() => {
    window.frames = []; window.longest = 0; window.watching = true;
    window.tasks?.disconnect();
    window.tasks = new PerformanceObserver(list => list.getEntries().forEach(
        entry => (window.longest = Math.max(window.longest, entry.duration))));
    window.tasks.observe({ type: 'longtask' });
    let last = performance.now();
    const frame = now => {
        window.frames.push(now - last); last = now;
        if (window.watching) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""
"""Notes every frame and the longest task from now on, until ``window.watching`` is false."""

_ZOOMED = """begin => {
    const trace = document.querySelector('.jp-Runlore-grid .js-plotly-plot').data[0];
    const [low, high] = document.querySelector('.jp-Runlore-grid .js-plotly-plot').layout.xaxis.range;
    const inside = [...trace.x].filter(x => x >= low && x <= high).length;
    return inside >= Math.floor(high) - Math.ceil(low) ? performance.now() - begin : false;
}"""


def measured(runs: int, steps: int) -> dict[str, str]:
    """What was measured, in words and figures.

    Raises:
        RuntimeError: there is no Chromium.
    """
    from playwright.sync_api import sync_playwright

    executable = which("chromium") or which("google-chrome")
    if executable is None:
        raise RuntimeError("there is no Chromium on the path")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        home = str(Path(name) / "home")
        recorded = subprocess.run(
            [sys.executable, "-c", _RECORD, str(runs), str(steps)],
            env={**os.environ, "RUNLORE_HOME": home},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        ids = recorded.stdout.split()
        with Server("lab", Path(name), RUNLORE_HOME=home) as server, sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"]
            browser = playwright.chromium.launch(executable_path=executable, args=flags)
            page = browser.new_context(viewport={"width": 1500, "height": 950}).new_page()
            page.goto(f"{server.url}/lab?token={TOKEN}")
            page.wait_for_function("window.jupyterapp !== undefined", timeout=120_000)
            page.evaluate("() => window.jupyterapp.restored")
            page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
            page.wait_for_timeout(3000)  # until what Lab loads behind its start is there
            return _look(page, ids)


def _look(page: Page, ids: list[str]) -> dict[str, str]:
    before = _heap(page)
    first = page.evaluate(_PAINTED, ids)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.dispose()")
    page.wait_for_timeout(1000)
    again = page.evaluate(_PAINTED, ids)
    spikes = page.evaluate(_SPIKES)
    box = page.locator(".jp-Runlore-grid .nsewdrag").first.bounding_box()
    assert box is not None
    left, width, middle = box["x"], box["width"], box["y"] + box["height"] / 2
    page.wait_for_timeout(1000)
    page.evaluate(WATCH)
    for step in range(200):
        page.mouse.move(left + width * (0.1 + 0.004 * step), middle)
    frames, longest = page.evaluate("() => { window.watching = false; return [window.frames, window.longest]; }")
    page.mouse.move(left + width / 2, middle)
    page.mouse.down()
    page.mouse.move(left + width / 2 + 4, middle)
    page.mouse.move(left + width / 2 + 12, middle, steps=2)
    page.mouse.up()
    begin = page.evaluate("() => performance.now()")
    zoomed: Any = page.wait_for_function(_ZOOMED, arg=begin, timeout=30_000).json_value()
    ordered = sorted(frames)
    return {
        f"{len(ids)} curves painted, first time (plotly is loaded)": f"{first / 1000:.2f} s",
        f"{len(ids)} curves painted, again": f"{again / 1000:.2f} s",
        "spikes of one step in what is drawn": f"{spikes} of {len(ids)}",
        "zoom: every point of the part drawn": f"{zoomed / 1000:.2f} s",
        "hover: median frame": f"{ordered[len(ordered) // 2]:.1f} ms",
        "hover: 95th percentile of frames": f"{ordered[int(len(ordered) * 0.95)]:.1f} ms",
        "hover: longest task over 50 ms": f"{longest:.0f} ms" if longest else "none",
        "heap, more than Lab alone": f"{(_heap(page) - before) / 1e6:.0f} MB",
    }


def _heap(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used


if __name__ == "__main__":
    sizes = [int(text) for text in sys.argv[1:]] + [50, 20_000][len(sys.argv) - 1 :]
    print("| what | figure |\n|---|---|")
    for what, figure in measured(*sizes[:2]).items():
        print(f"| {what} | {figure} |", flush=True)
