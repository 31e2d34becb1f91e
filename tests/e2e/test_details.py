"""The page of a run: everything recorded about it, edited in place, and nothing of it executes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import Notebook
from tests.e2e.conftest import Gallery, open_lab
from tests.e2e.test_story import pictured

HOSTILE = "<img src=x onerror=window.pwned=1>"
_CELL = f"""%%track {HOSTILE.replace(" ", "-")} -p "evil={HOSTILE}"
import json, pathlib, sys, time, runlore
from IPython.display import HTML, display
pathlib.Path("drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="60" height="60" '
    'onload="window.top.pwned=1"><script>window.top.pwned=1</script><circle r="20" cx="30" cy="30"/></svg>')
pathlib.Path("report.ipynb").write_text(json.dumps({{"nbformat": 4, "cells": [
    {{"cell_type": "markdown", "source": ["# A report\\n", "{HOSTILE}"]}},
    {{"cell_type": "code", "source": "1 + 1", "execution_count": 3, "outputs": [
        {{"output_type": "display_data", "data":
            {{"text/html": "<b>four</b>{HOSTILE}<script>window.pwned=1</script>"}}}},
        {{"output_type": "display_data", "data": {{"application/javascript": "window.pwned=1"}}}}]}}]}}))
pathlib.Path("readme.md").write_text("## Heading\\n\\n{HOSTILE} [link](javascript:window.pwned=1)")
pathlib.Path("config.json").write_text('{{"lr": 0.1, "deep": {{"er": [1, 2]}}}}')
pathlib.Path("long.txt").write_text("line\\n" * 60_000)
pathlib.Path("weights.bin").write_bytes(bytes(1000))
for name in ("drawing.svg", "report.ipynb", "readme.md", "config.json", "long.txt", "weights.bin"):
    runlore.log_artifact(name)
print("\\x1b[31mred words\\x1b[0m {HOSTILE}")
print("a warning", file=sys.stderr)
display(HTML("<b>bold</b>{HOSTILE}<script>window.pwned=1</script>"))
time.sleep(1)  # for the load to be measured a few times
raise ValueError("it ended so")
"""


@pytest.fixture(scope="module")
def hostile(gallery: Gallery) -> str:
    """A run full of markup that must not execute."""
    folder = gallery.lab.root / "hostile"
    folder.mkdir()
    notebook = Notebook(gallery.lab.home, folder, {"RUNLORE_SYSTEM_METRICS": "0.1"}).load()
    try:
        assert not notebook.run(_CELL).ok
        return notebook.last_run().run_id
    finally:
        notebook.close()


@pytest.fixture(scope="module")
def opened(browser: Browser, gallery: Gallery) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860}, device_scale_factor=1)
    page = context.new_page()
    open_lab(page, gallery.lab)
    yield page
    context.close()


def details(page: Page, run_id: str, tab: str = "overview") -> Locator:
    page.evaluate(
        "([runId, tab]) => window.jupyterapp.commands.execute('runlore:open-run', { runId, tab })", [run_id, tab]
    )
    found = page.locator(f"[data-runlore-details='{run_id}']")
    expect(found).to_be_visible(timeout=20_000)
    return found


def test_what_the_user_writes_is_saved_and_found_again(opened: Page, gallery: Gallery) -> None:
    page, run_id = opened, gallery.runs["overfit"]
    run = details(page, run_id)
    run.get_by_role("textbox", name="Hypothesis").fill("Eight layers are too many")
    run.get_by_role("button", name="Add notes").click()
    run.get_by_role("textbox", name="Notes").fill(f"# Why\n\nIt **turns** at step 120. {HOSTILE}")
    page.keyboard.press("Escape")
    expect(run.get_by_role("heading", name="Why")).to_be_visible()
    expect(run.locator("strong", has_text="turns")).to_be_visible()
    run.get_by_role("textbox", name="New tag").fill("stage=final")
    page.keyboard.press("Enter")
    expect(run.get_by_role("button", name="Remove the tag stage")).to_be_visible()
    run.get_by_role("button", name="Rename the run").click()
    page.keyboard.type("too deep")
    page.keyboard.press("Enter")
    expect(run.get_by_role("heading", name="too deep")).to_be_visible()
    expect(run.locator(".jp-Runlore-draft[data-state=saved]")).to_have_count(2)
    pictured(page, "overview")
    page.reload()
    page.wait_for_function("window.jupyterapp !== undefined", timeout=90_000)
    page.evaluate("() => window.jupyterapp.restored")
    run = details(page, run_id)
    expect(run.get_by_role("textbox", name="Hypothesis")).to_have_value("Eight layers are too many")
    expect(run.get_by_role("heading", name="Why")).to_be_visible()
    run.get_by_role("button", name="Remove the tag stage").click()
    expect(run.get_by_role("button", name="Remove the tag stage")).to_have_count(0)


def test_a_text_that_cannot_be_saved_is_kept(opened: Page, gallery: Gallery) -> None:
    page, run_id = opened, gallery.runs["mlp-0.03-1"]
    run = details(page, run_id)
    field = run.get_by_role("textbox", name="Hypothesis")
    expect(field).to_be_visible()
    page.route(
        "**/runlore/runs**",
        lambda route: route.abort() if route.request.method == "PATCH" else route.continue_(),
    )
    field.fill("never lost")
    expect(run.locator(".jp-Runlore-draft[data-state=failed]")).to_contain_text("kept in this browser")
    page.reload()
    page.wait_for_function("window.jupyterapp !== undefined", timeout=90_000)
    page.evaluate("() => window.jupyterapp.restored")
    run = details(page, run_id)
    expect(run.get_by_role("textbox", name="Hypothesis")).to_have_value("never lost")
    page.unroute_all()
    expect(run.locator(".jp-Runlore-draft[data-state=saved]")).to_have_count(2, timeout=15_000)


def test_the_record_says_whether_the_run_can_be_repeated(opened: Page, gallery: Gallery) -> None:
    run = details(opened, gallery.runs["mlp-0.01-1"])
    table = run.get_by_role("table", name="Can it be repeated?")
    for words in ("executed cells", "Python 3", "1 file, by its hash", "seed 1", "3 metrics"):
        expect(table).to_contain_text(words)


def test_the_code_marks_what_the_run_needs(opened: Page, gallery: Gallery) -> None:
    run = details(opened, gallery.runs["mlp-0.01-2"], "code")
    cells = run.get_by_role("listitem")
    expect(cells.filter(has_text="tracked")).to_have_count(1)
    expect(cells.filter(has_text="needed: cell")).to_have_count(1)
    expect(cells.filter(has_text="not needed").first).to_be_visible()
    pictured(opened, "code")
    run.get_by_role("combobox", name="Cells").select_option("needed")
    expect(cells.filter(has_text="not needed")).to_have_count(0)
    expect(cells.filter(has_text="def train")).to_have_count(1)


def test_data_hardware_and_packages_are_told(opened: Page, gallery: Gallery) -> None:
    run = details(opened, gallery.runs["mlp-0.01-1"], "environment")
    expect(run.get_by_role("table", name="Files read")).to_contain_text("rows.csv")
    expect(run.get_by_role("table", name="Packages")).to_contain_text("ipykernel")
    pictured(opened, "data")


def test_what_the_machine_was_busy_with_is_drawn(opened: Page, hostile: str) -> None:
    system = details(opened, hostile, "environment").get_by_role("region", name="System")
    charts = system.locator(".jp-Runlore-chart")
    expect(charts.first.locator(".js-plotly-plot")).to_be_visible(timeout=20_000)
    expect(charts.first).to_have_attribute("data-lines", "1")
    names = charts.evaluate_all("all => all.map(one => one.dataset.metric)")
    assert {"system/cpu_utilization_percentage", "system/system_memory_usage_percentage"} <= set(names), names
    table = system.get_by_role("table", name="System")
    expect(table).to_contain_text("CPU utilization")
    expect(table.get_by_title("system/cpu_utilization_percentage")).to_be_visible()


def test_lineage_leads_to_the_reruns_by_keyboard(opened: Page, gallery: Gallery) -> None:
    run = details(opened, gallery.runs["mlp-0.01-1"], "lineage")
    nodes = run.locator("[data-runlore-node]")
    expect(nodes.filter(has_text="rows.csv")).to_be_visible()
    for words in ("BIT-EXACT", "CHANGED: layers"):
        expect(run.locator("[data-runlore-node=run]").filter(has_text=words)).to_be_visible()
    pictured(opened, "lineage")
    run.locator("[data-runlore-node][aria-current=true]").focus()
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("Enter")
    reruns = [gallery.runs["again"], gallery.runs["wider"]]
    rerun = opened.locator(", ".join(f"[data-runlore-details='{run_id}']" for run_id in reruns))
    expect(rerun).to_be_visible()


def test_the_verdict_is_explained_rung_by_rung(opened: Page, gallery: Gallery) -> None:
    run = details(opened, gallery.runs["wider"])
    expect(run.get_by_role("list", name="Why")).to_contain_text("Code")
    expect(run.locator("[data-first=true]")).to_contain_text("first cause")
    expect(run).to_contain_text(re.compile(r"First difference: \w+ at step \d+"))
    pictured(opened, "verdict")


def test_artifacts_are_previewed_and_none_executes(opened: Page, gallery: Gallery, hostile: str) -> None:
    run = details(opened, gallery.runs["artifacts"], "artifacts")
    image = run.get_by_role("img", name="dot.png")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 10
    run.get_by_role("button", name="table.csv").click()
    expect(run.get_by_role("cell", name="<b>second</b>")).to_be_visible()
    pictured(opened, "artifacts")
    run.get_by_role("button", name="page.html").click()
    expect(run.locator(".jp-Runlore-preview pre")).to_contain_text("alert(document.cookie)")
    run = details(opened, hostile, "artifacts")
    drawing = run.get_by_role("img", name="drawing.svg")
    assert drawing.evaluate("image => image.decode().then(() => image.naturalWidth)") == 60
    run.get_by_role("button", name="report.ipynb").click()
    expect(run.get_by_role("heading", name="A report")).to_be_visible()
    expect(run.locator(".jp-Runlore-notebook b", has_text="four")).to_be_visible()
    run.get_by_role("button", name="readme.md").click()
    expect(run.get_by_role("heading", name="Heading")).to_be_visible()
    run.get_by_role("button", name="config.json").click()
    expect(run.locator(".jp-Runlore-preview pre")).to_contain_text('"er": [')
    run.get_by_role("button", name="long.txt").click()
    expect(run.locator(".jp-Runlore-preview")).to_contain_text("The first 131 kB of 300 kB")
    run.get_by_role("button", name="Show all").click()
    expect(run.get_by_role("button", name="Show all")).to_have_count(0)
    run.get_by_role("button", name="weights.bin").click()
    with opened.expect_download() as download:
        run.get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_bytes() == bytes(1000)
    assert opened.evaluate("() => window.pwned") is None


def test_logs_are_shown_as_they_were(opened: Page, hostile: str) -> None:
    run = details(opened, hostile, "logs")
    red = run.locator("[data-stream=stdout] [class*=ansi-red]")
    expect(red).to_have_text("red words")
    expect(run.locator("[data-stream=stderr]")).to_contain_text("a warning")
    expect(run.locator("b", has_text="bold")).to_be_visible()
    expect(run.locator("[data-stream=error]")).to_contain_text("it ended so")
    pictured(opened, "logs")
    details(opened, hostile).locator("h2").hover()
    assert opened.evaluate("() => window.pwned") is None
    assert json.dumps(HOSTILE)[1:-1] in (
        opened.locator(f"[data-runlore-details='{hostile}']").text_content() or ""
    )
