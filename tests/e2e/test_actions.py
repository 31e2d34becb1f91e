"""Reruns with changes, the queue, sweeps and notebooks of runs, as a person asks for them in the panel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Notebook
from tests.e2e import axe
from tests.e2e.conftest import Gallery, open_lab
from tests.e2e.test_story import pictured, screenshot

_MODEL = """%%track digits-net
import pathlib, runlore
pathlib.Path("net.pt").write_bytes(b"weights" * 100)
runlore.log_artifact("net.pt")
runlore.log(loss=0.5)
"""


@pytest.fixture(scope="module")
def view(browser: Browser, gallery: Gallery) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860}, device_scale_factor=1)
    opened = context.new_page()
    open_lab(opened, gallery.lab)
    opened.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
    expect(opened.locator("[data-runlore-run]").first).to_be_visible(timeout=30_000)
    yield opened
    context.close()


def execute(page: Page, command: str, **args: object) -> None:
    page.evaluate("([id, args]) => { window.jupyterapp.commands.execute(id, args); }", [command, args])


def test_a_rerun_with_changes_is_checked_queued_and_opened_as_a_notebook(view: Page, gallery: Gallery) -> None:
    execute(view, "runlore:rerun-with", runId=gallery.runs["mlp-0.01-2"])
    dialog = view.get_by_role("dialog")
    expect(dialog).to_contain_text("Repeat exactly")
    expect(dialog.locator("[data-check=data]")).to_have_attribute("data-state", "ok", timeout=60_000)
    expect(dialog.locator("[data-check=kernel]")).to_have_attribute("data-state", "ok")
    begin = dialog.get_by_role("button", name="Rerun", exact=True)
    dialog.get_by_text("Parameters", exact=True).click()
    dialog.get_by_label("layers").fill("two")
    expect(dialog.get_by_text("This is a whole number, such as 8")).to_be_visible()
    expect(begin).to_be_disabled()
    dialog.get_by_label("layers").fill("3")
    expect(dialog).to_contain_text("was 2")
    expect(dialog).to_contain_text("Repeat with changes")
    pictured(view, "rerun-dialog")
    begin.click()
    expect(dialog).to_have_count(0, timeout=30_000)
    execute(view, "runlore:show-queue")
    row = view.locator(".jp-Runlore-queueRow").first
    expect(row).to_have_attribute("data-state", "succeeded", timeout=120_000)
    cells = view.locator(".jp-Runlore-paces li")
    expect(cells.filter(has_text="%%track mlp --seed 2")).to_have_attribute("data-state", "done", timeout=30_000)
    expect(cells.last).to_contain_text("original")
    screenshot(view, "queue")
    run_id = row.get_attribute("data-runlore-queued") or ""
    row.get_by_role("button", name=re.compile("Open the notebook")).click()
    expect(view.locator(".jp-Notebook")).to_contain_text("layers = 3", timeout=60_000)
    assert list(Path(gallery.lab.root).rglob(f"*-rerun-{run_id[:8]}.ipynb"))


def test_the_queue_is_paused_and_its_jobs_are_held_by_keyboard(view: Page, gallery: Gallery) -> None:
    execute(view, "runlore:show-queue")
    view.get_by_role("button", name="Pause the queue").click()
    expect(view.get_by_role("button", name="Resume the queue")).to_be_visible()
    execute(view, "runlore:rerun", runId=gallery.runs["mlp-0.01-3"])
    row = view.locator(".jp-Runlore-queueRow[data-state=queued]")
    expect(row).to_contain_text("the queue is paused", timeout=30_000)
    row.focus()
    view.keyboard.press(" ")
    expect(row).to_contain_text("held", timeout=30_000)
    view.keyboard.press("Delete")
    expect(row).to_have_count(0, timeout=30_000)
    view.get_by_role("button", name="Resume the queue").click()
    expect(view.get_by_role("button", name="Pause the queue")).to_be_visible()


def test_the_space_of_a_sweep_is_refused_at_its_field(view: Page, gallery: Gallery) -> None:
    execute(view, "runlore:sweep", runId=gallery.runs["mlp-0.01-3"])
    dialog = view.get_by_role("dialog")
    dialog.get_by_label("What lr may be").select_option("range", timeout=30_000)
    expect(dialog.get_by_label("lr as text")).to_have_value("log:0.001..0.1")
    dialog.get_by_label("layers as text").fill("8..2")
    expect(dialog.locator("[data-parameter=layers] [role=alert]")).to_contain_text("empty", timeout=30_000)
    begin = dialog.get_by_role("button", name="Begin")
    expect(begin).to_be_disabled()
    dialog.get_by_label("layers as text").fill("2..8:2")
    expect(begin).to_be_enabled(timeout=30_000)
    expect(dialog).to_contain_text("lr × layers")
    screenshot(view, "sweep-dialog")
    view.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


@pytest.mark.thorough
def test_a_sweep_is_followed_from_the_dialog_to_the_run_of_its_best_trial(view: Page, gallery: Gallery) -> None:
    execute(view, "runlore:sweep", runId=gallery.runs["mlp-0.01-3"])
    dialog = view.get_by_role("dialog")
    dialog.get_by_label("lr as text").fill("0.01, 0.04", timeout=30_000)
    dialog.get_by_label("Trials").fill("2")
    dialog.get_by_text("Search", exact=True).click()
    dialog.get_by_label("Sampler").select_option("grid")
    dialog.get_by_label("Seeds").fill("2")
    dialog.get_by_label("Value of several seeds").select_option("median")
    dialog.get_by_text("Queue", exact=True).click()
    dialog.get_by_label("Time limit", exact=True).fill("soon")
    expect(dialog).to_contain_text("This is a number of minutes")
    expect(dialog.get_by_role("button", name="Begin")).to_be_disabled()
    dialog.get_by_label("Time limit", exact=True).fill("5")
    expect(dialog).to_contain_text("2 points", timeout=30_000)
    assert axe.violations(view, ".jp-Dialog") == []
    dialog.get_by_text("Queue", exact=True).click()
    pictured(view, "sweep-dialog")
    dialog.locator(".jp-mod-accept:enabled").click(timeout=30_000)
    page = view.locator(".jp-Runlore-sweep")
    expect(page.locator("tr[data-trial]").first).to_be_visible(timeout=60_000)
    execute(view, "runlore:show-queue")
    queue = view.locator(".jp-Runlore-queue")
    working = queue.locator(".jp-Runlore-queueRow[data-state=running]").first
    expect(working).to_be_visible(timeout=120_000)
    working.focus()
    pictured(view, "queue")
    assert axe.violations(view, ".jp-Runlore-queue") == []
    queue.get_by_role("button", name="Open the sweep of mlp").first.click()
    expect(page.locator("[data-sweep-state=finished]")).to_be_visible(timeout=300_000)
    best = page.locator("tr[data-best=true]")
    expect(best).to_contain_text("0.04")  # that which falls faster ends lower
    expect(page.locator("tr[data-trial]").get_by_role("button")).to_have_count(4)
    expect(page.locator("[data-plot=history] .js-plotly-plot")).to_be_visible(timeout=60_000)
    view.wait_for_function(
        "() => document.querySelector('[data-plot=history] .js-plotly-plot').data[0].x.length === 2"
    )
    assert axe.violations(view, ".jp-Runlore-sweep") == []
    pictured(view, "sweep")
    page.get_by_role("button", name=re.compile("Open trial")).focus()
    view.keyboard.press("Enter")
    run = view.locator("[data-runlore-details]:visible")
    expect(run.get_by_role("table", name="Parameters")).to_contain_text("0.04", timeout=30_000)
    expect(run).to_contain_text("mlp")


def test_a_model_is_registered_from_its_run_and_stands_in_the_lineage(view: Page, gallery: Gallery) -> None:
    folder = gallery.lab.root / "modelling"
    folder.mkdir()
    notebook = Notebook(gallery.lab.home, folder).load()
    try:
        assert notebook.run(_MODEL).ok
        run_id = notebook.last_run().run_id
    finally:
        notebook.close()
    execute(view, "runlore:register-model", runId=gallery.runs["artifacts"])
    dialog = view.get_by_role("dialog")
    expect(dialog).to_contain_text("The run kept no model", timeout=30_000)
    expect(dialog.get_by_role("button", name="Register")).to_be_disabled()
    view.keyboard.press("Escape")
    execute(view, "runlore:open-run", runId=run_id, tab="artifacts")
    page = view.locator(f"[data-runlore-details='{run_id}']")
    page.get_by_role("button", name="Register a model…").click(timeout=30_000)
    name = dialog.get_by_role("combobox", name="Name")
    name.fill("digits/net")
    expect(dialog).to_contain_text("No / and no :")
    name.fill("digits net")
    expect(dialog).to_contain_text("a new model", timeout=60_000)
    register = dialog.get_by_role("button", name="Register")
    expect(register).to_be_enabled(timeout=60_000)
    assert axe.violations(view, ".jp-Dialog") == []
    pictured(view, "register-dialog")
    view.keyboard.press("Enter")
    expect(dialog).to_have_count(0, timeout=60_000)
    page.get_by_role("tab", name="Overview").click()
    expect(page.get_by_role("table", name="Registered models")).to_contain_text(
        "models:/digits net/1", timeout=30_000
    )
    page.get_by_role("tab", name="Lineage").click()
    expect(page.locator("[data-runlore-node=model]")).to_contain_text("version 1", timeout=30_000)
    screenshot(view, "model-lineage")
