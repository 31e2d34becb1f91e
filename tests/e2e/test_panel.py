"""The panel beyond the main job, in a real JupyterLab: compare, stop, be refused, diverge, lose a kernel."""

from __future__ import annotations

import json
import math
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from playwright.sync_api import Browser, Dialog, Locator, Page, expect

from tests.conftest import Notebook
from tests.e2e.conftest import Lab, open_lab
from tests.e2e.test_story import screenshot

HOSTILE = "<img src=x onerror=alert(1)>"
SOON = 20_000
RERUN = 60_000


@pytest.fixture(scope="module")
def panel(browser: Browser, lab: Lab) -> Iterator[Locator]:
    """The panel, in one page for all tests; no script of a run may ever open a dialog in it."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, device_scale_factor=1)
    page = context.new_page()
    alerts: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    open_lab(page, lab)
    page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
    yield page.locator("#runlore-runs")
    context.close()
    assert alerts == []


@pytest.fixture(scope="module")
def kernel(lab: Lab) -> Iterator[Notebook]:
    """A kernel that records where the server of the tests reads."""
    notebook = Notebook(lab.home, lab.root).load()
    assert notebook.run("import os, pathlib, time, runlore").ok
    yield notebook
    notebook.close()


def record(kernel: Notebook, source: str) -> str:
    """Execute a tracked cell; the id of its run."""
    result = kernel.run(source)
    assert result.ok, result.text
    return kernel.last_run().run_id


def row_of(panel: Locator, run_id: str) -> Locator:
    row = panel.locator(f"[data-runlore-run='{run_id}']")
    expect(row).to_have_count(1, timeout=SOON)
    return row


def show_only(panel: Locator, *run_ids: str) -> None:
    """Click rows until exactly these runs are in the chart."""
    for run_id in run_ids:
        row_of(panel, run_id)
    for row in panel.locator("[data-runlore-run]").all():
        is_wanted = row.get_attribute("data-runlore-run") in run_ids
        if (row.get_attribute("data-shown") == "true") is not is_wanted:
            row.click(position={"x": 60, "y": 8})
            expect(row).to_have_attribute("data-shown", str(is_wanted).lower())
    expect(panel.locator(".jp-Runlore-chart")).to_have_attribute("data-lines", str(len(run_ids)), timeout=SOON)


def traces(panel: Locator) -> list[list[float | None]]:
    """The values of every line in the chart, ``None`` where there is none to draw."""
    values = panel.page.evaluate(
        """() => document.querySelector('#runlore-runs .js-plotly-plot').data.map(
            trace => [...trace.y].map(value => Number.isNaN(value) ? null : value))"""
    )
    return [list(trace) for trace in values]


def rerun(panel: Locator, run_id: str) -> None:
    row = row_of(panel, run_id)
    row.hover()
    row.get_by_role("button", name=re.compile("^Rerun")).click()


def job_of(panel: Locator, name: str) -> Locator:
    """The job that repeats the run of this name."""
    job = panel.locator("[data-runlore-job]").filter(has_text=name)
    expect(job).to_have_count(1, timeout=SOON)
    return job


def wait_for_file(path: Path) -> str:
    deadline = time.monotonic() + RERUN / 1000
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"{path.name} was never written"
        time.sleep(0.05)
    return path.read_text()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_selected_runs_are_overlaid_and_nan_is_a_gap(panel: Locator, kernel: Notebook) -> None:
    whole = record(kernel, "%%track whole\nfor i in range(40):\n    runlore.log(loss=1 / (i + 1))")
    value = "float('nan') if i == 20 else 2 / (i + 1)"
    broken = record(kernel, f"%%track broken\nfor i in range(40):\n    runlore.log(loss={value})")
    show_only(panel, whole, broken)
    panel.page.wait_for_function(
        "() => document.querySelector('#runlore-runs .js-plotly-plot')?.data?.length === 2", timeout=SOON
    )
    upper, lower = sorted(traces(panel), key=lambda values: -(values[0] or math.nan))
    assert upper == [None if i == 20 else 2 / (i + 1) for i in range(40)]
    assert lower == [1 / (i + 1) for i in range(40)]
    pieces = panel.locator(".scatterlayer path.js-line")
    expect(pieces).to_have_count(3)  # one line, and another in two pieces
    for name in ("whole", "broken"):
        expect(panel.locator(".jp-Runlore-chart-name", has_text=name)).to_have_count(1)
    colors = {
        row_of(panel, run).locator(".jp-Runlore-swatch").get_attribute("data-color") for run in (whole, broken)
    }
    assert len(colors) == 2
    screenshot(panel.page, "overlaid")


def test_zooming_brings_every_point_of_the_part_and_a_reset_the_whole(panel: Locator, kernel: Notebook) -> None:
    long = record(kernel, "%%track long\nfor i in range(20_000):\n    runlore.log(loss=float(i % 10))")
    show_only(panel, long)
    decimated = "() => document.querySelector('#runlore-runs .js-plotly-plot')?.data?.[0]?.x.length < 1100"
    panel.page.wait_for_function(decimated, timeout=SOON)
    area = panel.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert area is not None
    y, start = area["y"] + area["height"] / 2, area["x"] + area["width"] / 2
    panel.page.mouse.move(start, y)
    panel.page.mouse.down()
    panel.page.mouse.move(start + 4, y)
    panel.page.mouse.move(start + 8, y, steps=4)
    panel.page.mouse.up()
    panel.page.wait_for_function(
        """() => {
            const plot = document.querySelector('#runlore-runs .js-plotly-plot');
            const [low, high] = plot.layout.xaxis.range;
            const inside = [...plot.data[0].x].filter(x => x >= low && x <= high);
            return high - low < 1000 && inside.length === Math.floor(high) - Math.ceil(low) + 1;
        }""",
        timeout=SOON,
    )
    screenshot(panel.page, "zoomed")
    panel.get_by_role("button", name="Reset zoom").click()
    panel.page.wait_for_function(decimated, timeout=SOON)


def test_runs_are_found_by_conditions_and_ordered(panel: Locator, kernel: Notebook) -> None:
    for rate in (0.3, 0.1, 0.2):
        record(kernel, f"%%track searched -p rate={rate}\nrunlore.log(loss={rate})")
    box, rows = panel.get_by_role("combobox", name="Filter runs"), panel.locator("[data-runlore-run]")
    box.fill("searched metrics.loss < 0.25 and params.rate >= 0.1")
    expect(rows).to_have_count(2, timeout=SOON)
    expect(panel.get_by_text("2 runs")).to_be_visible()
    panel.get_by_label("Order of the runs").select_option(label="loss, greatest first")
    expect(rows.locator(".jp-Runlore-number")).to_have_text(["0.2000", "0.1000"], timeout=SOON)
    screenshot(panel.page, "searched")
    panel.get_by_role("button", name="Saved filters").click()
    panel.page.get_by_role("menuitem", name="Save this filter").click()
    panel.page.locator(".jp-Dialog input").fill("good ones")
    panel.page.locator(".jp-Dialog .jp-mod-accept").click()
    box.fill("searched metrix.loss < 0.25")
    expect(panel.locator(".jp-Runlore-filter-error")).to_contain_text("metrics", timeout=SOON)
    expect(panel.locator(".jp-Runlore-filter-place mark")).to_have_text("m")
    expect(rows).to_have_count(2)
    screenshot(panel.page, "refused-filter")
    panel.get_by_role("button", name="Saved filters").click()
    panel.page.get_by_role("menuitem", name="good ones").click()
    expect(box).to_have_value("searched metrics.loss < 0.25 and params.rate >= 0.1")
    box.fill("no such run")
    expect(panel.get_by_text("No run matches")).to_be_visible(timeout=SOON)
    heads = panel.locator(".jp-Runlore-heads").bounding_box()
    told = panel.get_by_text("No run matches").bounding_box()
    assert heads is not None
    assert told is not None
    assert told["y"] < heads["y"] + 3 * heads["height"], "it stands below the heads"
    box.fill("searched ")
    box.press_sequentially("ra")
    expect(panel.locator(".jp-Runlore-completions > li")).to_have_text(["params.rate"])
    screenshot(panel.page, "completion")
    box.press("Tab")
    box.press_sequentially(" = 0.3")
    expect(rows).to_have_count(1, timeout=SOON)
    box.press("Escape")
    panel.get_by_label("Order of the runs").select_option(label="newest")
    expect(panel.locator(".jp-Runlore-filter-error")).to_have_count(0)


def test_stop_ends_a_running_rerun_and_its_kernel(panel: Locator, kernel: Notebook, lab: Lab) -> None:
    run = record(
        kernel,
        """%%track endless
runlore.log(loss=1.0)
if pathlib.Path("again").exists():
    pathlib.Path("pid").write_text(str(os.getpid()))
    time.sleep(600)""",
    )
    (lab.root / "again").touch()
    rerun(panel, run)
    job = job_of(panel, "endless")
    pid = int(wait_for_file(lab.root / "pid"))
    expect(job).to_have_attribute("data-state", "running")
    assert is_alive(pid)
    job.get_by_role("button", name="Stop the rerun of endless").click()
    expect(job).to_have_attribute("data-state", "cancelled", timeout=SOON)
    expect(job).to_contain_text("stopped")
    expect(job.get_by_role("button", name=re.compile("^Stop"))).to_have_count(0)
    assert not is_alive(pid)
    (lab.root / "again").unlink()


def test_a_diverged_rerun_says_where_and_why(panel: Locator, kernel: Notebook, lab: Lab) -> None:
    run = record(
        kernel,
        """%%track drifting
drift = 0.5 if pathlib.Path("drift").exists() else 0.0
for step in range(10):
    runlore.log(loss=step + (drift if step >= 3 else 0.0), step=step)""",
    )
    (lab.root / "drift").touch()
    rerun(panel, run)
    again = panel.locator("[data-runlore-run][data-verdict=DIVERGED]")
    expect(again).to_have_count(1, timeout=RERUN)
    (lab.root / "drift").unlink()
    expect(again).to_contain_text("drifting")
    expect(again.get_by_title("Rerun of drifting")).to_have_text("rerun")
    badge = again.locator(".jp-Runlore-verdict")
    expect(badge).to_have_text("DIVERGED at step 3")
    reason = badge.get_attribute("title") or ""
    assert "loss" in reason
    screenshot(panel.page, "diverged")
    again.dblclick(position={"x": 60, "y": 8})
    assert panel.page.evaluate("() => getSelection().toString()") == ""
    details = panel.page.locator(f"[data-runlore-details='{again.get_attribute('data-runlore-run')}']")
    expect(details.locator("header")).to_contain_text("DIVERGED at step 3", timeout=SOON)
    expect(details.locator("header")).to_contain_text(reason.splitlines()[0])
    screenshot(panel.page, "diverged-details")
    details.get_by_role("button", name="rerun of drifting", exact=True).click()
    expect(panel.page.locator(f"[data-runlore-details='{run}']")).to_be_visible(timeout=SOON)


def test_a_refused_rerun_names_the_kernels_there_are(panel: Locator, lab: Lab, tmp_path: Path) -> None:
    spec = tmp_path / "vanished"
    spec.mkdir()
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "V", "language": "python"}))
    manager = KernelManager(
        kernel_name="vanished", kernel_spec_manager=KernelSpecManager(kernel_dirs=[str(tmp_path)])
    )
    manager.start_kernel(env={**os.environ, "RUNLORE_HOME": str(lab.home)}, cwd=str(lab.root))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        for source in ("%load_ext runlore", "%%track orphan\nimport runlore\nrunlore.log(loss=1.0)"):
            reply = client.execute_interactive(source, output_hook=lambda _: None, timeout=60)
            assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    row = panel.locator("[data-runlore-run]").filter(has_text="orphan")
    expect(row).to_have_count(1, timeout=SOON)
    rerun(panel, row.get_attribute("data-runlore-run") or "")
    dialog = panel.page.locator(".jp-Dialog")
    expect(dialog).to_contain_text("'vanished', which recorded the run, is not installed here", timeout=SOON)
    expect(dialog.locator("option[value=python3]")).to_have_count(1)
    screenshot(panel.page, "refused")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(panel.locator("[data-runlore-job]").filter(has_text="orphan")).to_have_count(0)


def test_a_run_whose_kernel_is_killed_keeps_every_point(panel: Locator, lab: Lab) -> None:
    doomed = Notebook(lab.home, lab.root).load()
    doomed.start(
        """%%track doomed
import runlore, time
for i in range(500):
    runlore.log(loss=1 / (i + 1))
print("logged", flush=True)
time.sleep(600)"""
    )
    doomed.wait_for_output("logged")
    run = doomed.last_run().run_id
    row = row_of(panel, run)
    expect(row).to_have_attribute("data-status", "running")
    doomed.kill()
    expect(row).to_have_attribute("data-status", "killed", timeout=SOON)
    expect(row).to_contain_text("killed")
    show_only(panel, run)
    panel.page.wait_for_function(
        "() => document.querySelector('#runlore-runs .js-plotly-plot').data[0]?.x.length === 500", timeout=SOON
    )
    assert traces(panel) == [[1 / (i + 1) for i in range(500)]]


def test_a_name_is_text_everywhere(panel: Locator, lab: Lab) -> None:
    tracked = f'%%track "{HOSTILE}"\nimport runlore\nfor i in range(9):\n    runlore.log(loss=i)'
    fields: dict[str, object] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    cells = [{**fields, "id": str(at), "source": text} for at, text in enumerate(["%load_ext runlore", tracked])]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    (lab.root / "hostile.ipynb").write_text(json.dumps(notebook))
    page = panel.page
    open_notebook(page, "hostile.ipynb")
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    row = panel.locator("[data-runlore-run][data-status=finished]").filter(has_text=HOSTILE)
    expect(row).to_have_count(1, timeout=SOON)
    run = row.get_attribute("data-runlore-run") or ""
    expect(page.locator(f"[data-runlore-card='{run}']")).to_contain_text(HOSTILE)
    show_only(panel, run)
    expect(panel.locator(".jp-Runlore-chart-name")).to_have_text(HOSTILE)
    page.locator(f"[data-runlore-card='{run}']").get_by_role("button", name=HOSTILE, exact=True).click()
    details = page.locator(f"[data-runlore-details='{run}']")
    expect(details.get_by_role("heading", name=HOSTILE)).to_be_visible(timeout=SOON)
    expect(page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text=HOSTILE)).to_have_count(1)
    for tab in details.get_by_role("tab").all():
        tab.click()
    expect(page.locator("img[src=x]")).to_have_count(0)


def open_notebook(page: Page, path: str) -> None:
    page.evaluate(
        """async path => {
            const widget = await window.jupyterapp.commands.execute(
                'docmanager:open', { path, factory: 'Notebook' });
            await widget.context.ready;
            await widget.sessionContext.ready;
            await widget.sessionContext.session.kernel.info;
        }""",
        path,
    )


def test_the_list_is_worked_by_keyboard(panel: Locator, kernel: Notebook) -> None:
    logged = "runlore.log(loss=1.0)\nrunlore.log(loss=0.5)"
    lower, upper = (record(kernel, f"%%track {name}\n{logged}") for name in ("low", "top"))
    page = panel.page
    for run in (upper, lower):
        row_of(panel, run)
    show_only(panel, upper)
    search = panel.get_by_role("combobox", name="Filter runs")
    search.focus()
    for _ in ("saved filters", "order", "groups", "columns", "name", "metric", "list"):
        page.keyboard.press("Tab")
    page.keyboard.press("Home")
    expect(row_of(panel, upper)).to_be_focused()
    page.keyboard.press("ArrowDown")
    below = row_of(panel, lower)
    expect(below).to_be_focused()
    page.keyboard.press("Space")
    expect(below).to_have_attribute("data-shown", "true")
    page.keyboard.press("Space")
    expect(below).to_have_attribute("data-shown", "false")
    expect(below).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f"[data-runlore-details='{lower}']")).to_be_visible(timeout=SOON)
    below.focus()
    page.keyboard.press("r")
    job = job_of(panel, "low")
    expect(job).to_have_attribute("data-verdict", "BIT-EXACT", timeout=RERUN)
    expect(below).to_be_focused()  # the rows that came and changed meanwhile took nothing away
    page.keyboard.press("/")
    expect(search).to_be_focused()
