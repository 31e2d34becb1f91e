"""The main job as a person does it: open the notebook, train, watch the curve, press Rerun, read the verdict."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect

from runlore.home import Home
from runlore.session_record import sessions
from tests.conftest import Notebook
from tests.e2e.conftest import Lab, open_lab

RUNS = "#runlore-runs"


def screenshot(page: Page, name: str) -> None:
    """Keep a picture when the run of the tests asks for pictures: RUNLORE_SCREENSHOTS names the folder."""
    if folder := os.environ.get("RUNLORE_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


def set_theme(page: Page, theme: str) -> None:
    page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
    page.wait_for_timeout(1500)


PICTURE: ViewportSize = {"width": 1280, "height": 860}


def pictured(page: Page, name: str) -> None:
    """Keep two pictures, dark and light, when the run of the tests asks for pictures: those of docs/images."""
    if not os.environ.get("RUNLORE_SCREENSHOTS"):
        return
    size = page.viewport_size or PICTURE
    if size != PICTURE:
        page.set_viewport_size(PICTURE)
    page.wait_for_timeout(300)
    screenshot(page, f"panel-{name}-light")
    set_theme(page, "JupyterLab Dark")
    screenshot(page, f"panel-{name}-dark")
    set_theme(page, "JupyterLab Light")
    if size != PICTURE:
        page.set_viewport_size(size)


def points_on_screen(page: Page) -> int:
    """How many points the first line of the chart in the panel holds."""
    return int(
        page.evaluate(
            """() => Math.max(0, ...[...document.querySelectorAll('#runlore-runs .js-plotly-plot')].flatMap(
                plot => (plot.data ?? []).map(trace => trace.x?.length ?? 0)))"""
        )
    )


def test_from_the_notebook_to_the_verdict(page: Page, lab: Lab) -> None:
    open_lab(page, lab, "quickstart.ipynb")
    page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
    expect(page.locator(RUNS)).to_contain_text("Nothing recorded yet")
    screenshot(page, "empty")
    run_id = train_and_watch(page)
    rerun_id = press_rerun_and_read_the_verdict(page, run_id)
    read_the_details(page, run_id)
    reload_and_find_everything_again(page, run_id)
    recorded = {run.run_id: run for session in sessions(Home(lab.home)) for run in session.runs.values()}
    assert recorded[rerun_id].rerun_of == run_id


def train_and_watch(page: Page) -> str:
    """Run the notebook; its curve moves while the cell trains, and a card ends the cell."""
    panel = page.locator(RUNS)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    running = panel.locator("[data-runlore-run][data-status=running]")
    expect(running).to_have_count(1, timeout=60_000)
    run_id = running.get_attribute("data-runlore-run") or ""
    seen = set()
    while running.count():
        seen.add(points_on_screen(page))
        page.wait_for_timeout(100)
    assert len(seen) >= 3, f"the curve was drawn with {sorted(seen)} points only while the cell ran"
    expect(panel.locator(f"[data-runlore-run='{run_id}'][data-status=finished]")).to_have_count(1)
    expect(page.locator(f"[data-runlore-card='{run_id}']")).to_contain_text("digits")
    screenshot(page, "trained")
    return run_id


def press_rerun_and_read_the_verdict(page: Page, run_id: str) -> str:
    panel = page.locator(RUNS)
    row = panel.locator(f"[data-runlore-run='{run_id}']")
    row.hover()
    row.get_by_role("button", name=re.compile("Rerun")).click()
    job = panel.locator("[data-runlore-job]")
    expect(job).to_contain_text(re.compile(r"cell \d/\d", re.IGNORECASE), timeout=60_000)
    screenshot(page, "rerunning")
    again = panel.locator("[data-runlore-run][data-verdict='BIT-EXACT']")
    expect(again).to_have_count(1, timeout=120_000)
    expect(again).to_contain_text("BIT-EXACT")
    screenshot(page, "panel-light")
    set_theme(page, "JupyterLab Dark")
    screenshot(page, "panel-dark")
    return again.get_attribute("data-runlore-run") or ""


def read_the_details(page: Page, run_id: str) -> None:
    page.locator(RUNS).locator(f"[data-runlore-run='{run_id}']").dblclick()
    details = page.locator(f"[data-runlore-details='{run_id}']")
    for tab, said in [
        ("Overview", "learning_rate"),
        ("Curves", "accuracy"),
        ("Code", "train_test_split"),
        ("Data and environment", "scikit-learn"),
        ("Artifacts", ""),
        ("Lineage", "BIT-EXACT"),
    ]:
        details.get_by_role("tab", name=re.compile(tab)).click()
        expect(details).to_contain_text(said, timeout=20_000)
        page.wait_for_timeout(300)
        screenshot(page, f"details-{tab.split()[0].lower()}-dark")
    set_theme(page, "JupyterLab Light")
    details.get_by_role("tab", name="Overview").click()
    expect(details).to_contain_text("learning_rate")
    screenshot(page, "details-light")


def reload_and_find_everything_again(page: Page, run_id: str) -> None:
    page.reload()
    page.wait_for_function("window.jupyterapp !== undefined", timeout=90_000)
    page.evaluate("() => window.jupyterapp.restored")
    panel = page.locator(RUNS)
    expect(panel.locator("[data-runlore-run]")).to_have_count(2, timeout=30_000)
    expect(panel.locator("[data-verdict='BIT-EXACT']").first).to_be_visible()
    expect(page.locator(f"[data-runlore-details='{run_id}']")).to_have_count(1, timeout=30_000)


def test_a_point_is_on_screen_within_two_seconds(page: Page, lab: Lab) -> None:
    open_lab(page, lab)
    page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
    notebook = Notebook(lab.home, lab.root).load()
    try:
        notebook.run("%track on slow\nimport runlore")
        lags = []
        for count in range(1, 7):
            notebook.run("runlore.log(loss=1.0)")
            logged = time.monotonic()
            page.wait_for_function(
                """count => (document.querySelector('#runlore-runs .js-plotly-plot')?.data ?? []).some(
                    trace => trace.x?.length === count)""",
                arg=count,
                timeout=20_000,
            )
            lags.append(time.monotonic() - logged)
    finally:
        notebook.close()
    assert sorted(lags)[len(lags) // 2] < 2, lags
