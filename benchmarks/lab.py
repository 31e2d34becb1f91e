"""JupyterLab's start with the extension and without, in turn, up to a Lab in Chromium that can be used."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.browser import FLAGS, executable
from benchmarks.measure import Row
from benchmarks.plan import Plan
from benchmarks.server import TOKEN, Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_WORKS = {
    "server": "JupyterLab's server answers",
    "first": "a Lab that can be used, from the server's start",
    "again": "a Lab that can be used, once more from that server",
}


def rows(plan: Plan) -> list[Row]:
    chromium = executable()
    if chromium is None:
        return [
            Row(work, who, None, note="no Chromium") for work in _WORKS.values() for who in _whos(False).values()
        ]
    from playwright.sync_api import sync_playwright

    times: dict[tuple[str, bool], list[float]] = defaultdict(list)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for number in range(plan.rounds(5)):
            for extension in (number % 2 == 0, number % 2 == 1):  # each goes first as often
                with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
                    _start(browser, Path(directory), extension, times)
        browser.close()
    told = _whos(_imports_mlflow())
    return [
        Row(_WORKS[what], told[extension], statistics.median(times[what, extension]))
        for what in _WORKS
        for extension in (False, True)
    ]


def _whos(mlflow: bool) -> dict[bool, str]:
    return {
        False: "without Runlore",
        True: "with Runlore" + (", which imports mlflow before the server answers" if mlflow else ""),
    }


def _start(browser: Browser, directory: Path, extension: bool, times: dict[tuple[str, bool], list[float]]) -> None:
    begin = time.perf_counter()
    with Server("lab", directory, extension, RUNLORE_HOME=str(directory / "home")) as server:
        times["server", extension].append(server.started)
        _open(browser, server, extension)
        times["first", extension].append(time.perf_counter() - begin)
        time.sleep(3)  # until what is imported behind the start is there
        again = []
        for _ in range(3):
            begin = time.perf_counter()
            _open(browser, server, extension)
            again.append(time.perf_counter() - begin)
        times["again", extension].append(statistics.median(again))


def _open(browser: Browser, server: Server, extension: bool) -> None:
    """Open Lab as somebody who has never been there, and wait until it can be used.

    Raises:
        RuntimeError: Runlore is there though it should not be, or the other way round.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    page.goto(f"{server.url}/lab?token={TOKEN}")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=120_000)
    page.evaluate("() => window.jupyterapp.restored")
    plugins = page.evaluate("() => window.jupyterapp.listPlugins()")
    context.close()
    if any(plugin.startswith("runlore") for plugin in plugins) != extension:
        raise RuntimeError(f"Runlore's plugins are {'missing' if extension else 'loaded'} in the browser")


def _imports_mlflow() -> bool:
    """Whether a server with the extension imports mlflow before it answers."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        directory = Path(name)
        home = str(directory / "home")
        with Server("server", directory, RUNLORE_HOME=home, PYTHONPROFILEIMPORTTIME="1") as server:
            return any(line.split("|")[-1].strip() == "mlflow" for line in server.log.read_text().splitlines())
