"""Runs compared in the main area of a real JupyterLab: the table, brushes that select, two runs side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.conftest import Notebook
from tests.e2e.axe import violations
from tests.e2e.conftest import Gallery, open_lab
from tests.e2e.test_story import pictured

SOON = 30_000
_WEIGHED = """
import runlore
for at in range(12):
    with runlore.start_run("weighed"):
        runlore.log_params({"rate": 10.0 ** -(at % 4), "depth": at % 3})
        runlore.log(loss=at % 4 + 0.1 * (at % 3))
"""


@pytest.fixture(scope="module")
def page(browser: Browser, gallery: Gallery) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1500, "height": 900}, device_scale_factor=1)
    opened = context.new_page()
    open_lab(opened, gallery.lab)
    yield opened
    context.close()


def compare(page: Page, command: str, runs: list[str]) -> Locator:
    """Open a comparison, and give its place in the page."""
    page.evaluate(
        """async ([command, runIds]) => {
            window.jupyterapp.shell.closeAll();
            await window.jupyterapp.commands.execute(command, { runIds });
        }""",
        [command, runs],
    )
    found = page.locator(".jp-Runlore-compare")
    expect(found.locator("[data-runlore-compared]")).to_have_count(len(runs), timeout=SOON)
    return found


def test_the_shown_runs_are_compared_by_one_button(page: Page) -> None:
    page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
    panel = page.locator("#runlore-runs")
    expect(panel.locator("[data-shown=true]").first).to_be_visible(timeout=SOON)
    panel.locator("[data-shown=false]").first.click()
    shown = panel.locator("[data-shown=true]").count()
    panel.get_by_role("button", name="Compare", exact=True).click()
    rows = page.locator(".jp-Runlore-compare [data-runlore-compared]")
    expect(rows).to_have_count(shown, timeout=SOON)
    panel.locator("[data-shown=false]").first.click()
    expect(rows).to_have_count(shown + 1, timeout=SOON)


def test_a_brush_on_an_axis_selects_rows_of_the_table(page: Page, gallery: Gallery) -> None:
    runs = {name: run for name, run in gallery.runs.items() if name.startswith("mlp") or name == "overfit"}
    found = compare(page, "runlore:compare", list(runs.values()))
    found.get_by_role("tab", name="Parallel").click()
    axis = found.get_by_role("slider", name="Select runs by Parameter layers")
    axis.focus()
    axis.press("ArrowUp")
    expect(axis).to_have_attribute("aria-valuetext", re.compile("from .* to .*"))
    box = axis.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2
    page.mouse.move(middle, box["y"] + 1)
    page.mouse.down()
    page.mouse.move(middle, box["y"] + box["height"] / 4, steps=4)
    page.mouse.up()
    selected = found.locator("[data-runlore-compared][aria-selected=true]")
    expect(selected).to_have_count(1, timeout=SOON)
    expect(selected).to_have_attribute("data-runlore-compared", runs["overfit"])
    pictured(page, "compare-parallel")
    axis.press("Delete")
    expect(selected).to_have_count(0)


def test_points_are_selected_by_keyboard(page: Page, gallery: Gallery) -> None:
    runs = {name: run for name, run in gallery.runs.items() if name.startswith("mlp") or name == "overfit"}
    found = compare(page, "runlore:compare", list(runs.values()))
    found.get_by_role("tab", name="Scatter").click()
    found.get_by_label("Horizontal").select_option(label="Parameter layers")
    found.get_by_label("Vertical").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    point = found.get_by_role("option", name=re.compile("^overfit.*: 8, "))
    expect(point).to_be_focused()
    page.keyboard.press("Space")
    selected = found.locator("[data-runlore-compared][aria-selected=true]")
    expect(selected).to_have_attribute("data-runlore-compared", runs["overfit"])
    page.keyboard.press("Home")
    page.keyboard.press("Shift+End")
    expect(selected.nth(1)).to_be_visible()  # that where the rectangle begins, too
    expect(found.locator(f"[data-runlore-compared='{runs['overfit']}']")).to_have_attribute(
        "aria-selected", "true"
    )
    page.keyboard.press("Escape")
    expect(selected).to_have_count(0)


def test_runs_stand_side_by_side_in_groups_and_are_weighed(page: Page, gallery: Gallery) -> None:
    runs = {name: run for name, run in gallery.runs.items() if name.startswith("mlp")}
    found = compare(page, "runlore:compare", list(runs.values()))
    names = found.locator("[data-runlore-compared] .jp-Runlore-compare-title")
    assert len(set(names.all_inner_texts())) == len(runs)
    found.get_by_role("tab", name="Table").click()
    table = found.get_by_role("table", name="Parameters and metrics of the runs")
    expect(table.get_by_role("rowheader", name="lr")).to_be_visible(timeout=SOON)
    expect(table.get_by_role("rowheader", name="batch_size")).to_have_count(0)
    table.get_by_role("button").first.press("End")
    last = table.locator(f"[data-runlore-column='{runs['mlp-0.01-1']}']")
    expect(last).to_be_focused()
    last.press("Space")
    expect(found.locator("[data-runlore-compared][aria-selected=true]")).to_have_count(1)
    found.get_by_label("Group by").select_option(label="by lr")
    groups = found.locator("[data-runlore-group]")
    expect(groups).to_have_count(2)
    groups.first.press("ArrowLeft")
    expect(found.locator("[data-runlore-compared]")).to_have_count(3)
    found.get_by_label("Group by").select_option(label="not grouped")
    found.get_by_role("tab", name="Importance").click()
    expect(found).to_contain_text("Too few runs to say", timeout=SOON)


def test_runs_dragged_to_the_main_area_are_compared_and_more_are_added(page: Page, gallery: Gallery) -> None:
    page.evaluate("() => window.jupyterapp.shell.closeAll()")
    page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
    listed = page.locator("#runlore-runs [data-runlore-run]")
    expect(listed.nth(2)).to_be_visible(timeout=SOON)
    ids = [listed.nth(at).get_attribute("data-runlore-run") for at in range(2)]
    listed.nth(0).drag_to(page.locator("#jp-main-dock-panel"))
    rows = page.locator(".jp-Runlore-compare [data-runlore-compared]")
    expect(rows).to_have_count(1, timeout=SOON)
    listed.nth(1).drag_to(page.locator(".jp-Runlore-compare"))
    expect(rows).to_have_count(2, timeout=SOON)
    assert {row.get_attribute("data-runlore-compared") for row in rows.all()} == set(ids)
    assert page.locator("[data-runlore-drop]").count() == 0


def test_every_way_to_compare_is_accessible_in_light_and_dark(page: Page, gallery: Gallery) -> None:
    found = compare(page, "runlore:compare", weighed(gallery))
    axis = found.get_by_role("slider", name="Select runs by Parameter rate")
    point = found.locator(".jp-Runlore-plot-point").first
    bars = found.get_by_role("list", name="Parameters by importance")
    seen = {"Parallel": axis, "Scatter": point, "Importance": bars, "Table": found.get_by_role("table")}
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", arg=theme)
        light = "true" if theme == "JupyterLab Light" else "false"
        expect(page.locator("body")).to_have_attribute("data-jp-theme-light", light, timeout=SOON)
        for tab in (*seen, "Diff"):
            found.get_by_role("tab", name=tab, exact=True).click()
            if tab in seen:
                expect(seen[tab].first).to_be_visible(timeout=SOON)
            if tab == "Parallel":
                axis.press("ArrowDown")
            assert violations(page, ".jp-Runlore-compare-pages") == [], f"{tab} in {theme}"
        found.get_by_role("button", name="Clear").click()
        found.get_by_label("Group by").select_option(label="by depth")
        expect(found.get_by_role("treegrid").locator("[data-runlore-group]").first).to_be_visible()
        assert violations(page, ".jp-Runlore-compare-runs") == [], f"groups in {theme}"
        found.get_by_label("Group by").select_option(label="not grouped")
        found.get_by_role("button", name="More on the table").press("Enter")
        assert violations(page, ".lm-Menu") == [], f"menu in {theme}"
        page.keyboard.press("Escape")
    found.get_by_role("tab", name="Importance").click()
    expect(bars).to_be_visible()
    pictured(page, "compare-importance")


def weighed(gallery: Gallery) -> list[str]:
    """So many runs that their parameters can be weighed by importance."""
    folder = gallery.lab.root / "weighed"
    folder.mkdir()
    notebook = Notebook(gallery.lab.home, folder).load()
    try:
        assert notebook.run(_WEIGHED).ok
        return list(notebook.session().runs)
    finally:
        notebook.close()


def test_two_runs_stand_side_by_side(page: Page, gallery: Gallery) -> None:
    found = compare(page, "runlore:diff", [gallery.runs["mlp-0.01-1"], gallery.runs["wider"]])
    expect(found.locator(".jp-Runlore-diff-summary")).to_contain_text("first differ at step", timeout=SOON)
    parts = found.get_by_role("tablist", name="Parts of the runs")
    expect(parts.get_by_role("tab", name="Parameters")).to_contain_text("1")
    expect(parts.get_by_role("tab", name="Data")).to_have_attribute("data-is-empty", "true")
    parts.get_by_role("tab", name="Code").click()
    expect(found.locator(".cm-merge-a .cm-changedText")).to_have_text("2", timeout=SOON)
    expect(found.locator(".cm-merge-b .cm-changedText")).to_have_text("4")
    pictured(page, "compare-diff")
    parts.get_by_role("tab", name="Data").click()
    expect(found).to_contain_text("Both read the same data.")


def test_an_exact_rerun_does_not_differ(page: Page, gallery: Gallery) -> None:
    found = compare(page, "runlore:diff", [gallery.runs["mlp-0.01-1"], gallery.runs["again"]])
    expect(found.locator(".jp-Runlore-diff-summary")).to_contain_text("BIT-EXACT", timeout=SOON)
    expect(found.locator(".jp-Runlore-diff-summary")).to_contain_text("All points of all metrics are the same")


def test_outputs_are_shown_as_text_only(page: Page, gallery: Gallery) -> None:
    found = compare(page, "runlore:diff", [gallery.runs["overfit"], gallery.runs["artifacts"]])
    found.get_by_role("tab", name="Outputs").click(timeout=SOON)
    expect(found.locator(".jp-Runlore-diff-shown").last).to_contain_text("printed by the cell", timeout=SOON)
    assert page.locator("script", has_text="alert(").count() == 0
