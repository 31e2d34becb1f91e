"""Runlore in the notebook itself: live cards, marks on cells, tracking, menus, settings, the status bar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import Lab, open_lab
from tests.e2e.test_story import pictured, screenshot, set_theme

SOON = 30_000
NOTEBOOK = "training.ipynb"
CELLS = [
    "%load_ext runlore\nimport runlore, time",
    "%%track resnet --seed 1\nlr = 0.1\nfor step in range(40):\n"
    "    runlore.log(loss=1 / (1 + step), accuracy=1 - 1 / (2 + step))\n    time.sleep(PAUSE)\nprint('trained')",
    "%%track short\nrunlore.log(loss=2.0)",
    "untracked = 1",
]


@pytest.fixture(scope="module")
def page(browser: Browser, lab: Lab) -> Iterator[Page]:
    """A Lab with a notebook that trains."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in ["PAUSE = 0.1", *CELLS]],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, lab.root / NOTEBOOK)
    context = browser.new_context(viewport={"width": 1280, "height": 860}, device_scale_factor=1)
    opened = context.new_page()
    open_lab(opened, lab, NOTEBOOK)
    yield opened
    context.close()


def run_cell(page: Page, index: int, *, wait: bool = True) -> None:
    page.evaluate(
        """async ([index, wait]) => {
            const app = window.jupyterapp;
            const content = app.shell.currentWidget.content;
            content.activeCellIndex = index;
            const done = app.commands.execute('notebook:run-cell');
            if (wait) { await done; }
        }""",
        [index, wait],
    )


def cell(page: Page, index: int) -> Locator:
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(index)


def mark(page: Page, index: int) -> Locator:
    return cell(page, index).locator(".jp-Runlore-cellMark")


def set_source(page: Page, index: int, source: str) -> None:
    page.evaluate(
        """([index, source]) => window.jupyterapp.shell.currentWidget.content.widgets[index]
            .model.sharedModel.setSource(source)""",
        [index, source],
    )


def setting(page: Page, name: str, value: Any) -> None:
    """Change a setting, as the editor of settings does."""
    page.evaluate(
        """async ([name, value]) => {
            const app = window.jupyterapp;
            const tokens = [...app.pluginRegistry._services.keys()];
            const token = tokens.find(one => one.name === '@jupyterlab/coreutils:ISettingRegistry');
            const registry = await app.resolveRequiredService(token);
            await registry.set('runlore:plugin', name, value);
        }""",
        [name, value],
    )


def test_a_card_is_live_from_the_start_and_cells_are_marked(page: Page) -> None:
    run_cell(page, 0)
    run_cell(page, 1)
    run_cell(page, 2, wait=False)
    card = cell(page, 2).locator("[data-runlore-card]")
    expect(card).to_have_attribute("data-status", "running", timeout=SOON)
    expect(card).to_contain_text("loss", timeout=SOON)
    line = card.locator("svg path").last
    early = line.get_attribute("d")
    screenshot(page, "notebook-running")
    expect(line).not_to_have_attribute("d", early or "", timeout=SOON)
    expect(card).to_have_attribute("data-status", "finished", timeout=SOON)
    expect(card).to_contain_text("loss 0.02500")
    expect(mark(page, 2)).to_have_text("recorded", timeout=SOON)
    run_cell(page, 3)
    expect(mark(page, 3)).to_have_text("recorded", timeout=SOON)
    expect(mark(page, 4)).to_have_count(0)
    for theme in ("Light", "Dark"):
        set_theme(page, f"JupyterLab {theme}")
        screenshot(page, f"notebook-{theme.lower()}")
        assert violations(page, ".jp-Runlore-card", ".jp-Runlore-cellMark", ".jp-Runlore-track") == []
    set_theme(page, "JupyterLab Light")


def test_a_mark_says_when_the_cell_was_edited_since(page: Page) -> None:
    source = CELLS[2]
    set_source(page, 3, source + "\n# edited")
    expect(mark(page, 3)).to_have_text("edited", timeout=SOON)
    expect(mark(page, 3)).to_have_attribute(
        "title", "1 run of this cell is recorded; the cell was edited since the newest, short"
    )
    screenshot(page, "notebook-edited")
    set_source(page, 3, source)
    expect(mark(page, 3)).to_have_text("recorded", timeout=SOON)


def test_a_mark_opens_the_run_or_a_menu_of_several(page: Page) -> None:
    mark(page, 3).click()
    details = page.locator("[data-runlore-details]")
    expect(details).to_contain_text("short", timeout=SOON)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.close()")
    run_cell(page, 3)
    expect(mark(page, 3)).to_have_attribute(
        "title", "2 runs of this cell are recorded; the newest: short", timeout=SOON
    )
    mark(page, 3).focus()
    mark(page, 3).press("Enter")
    menu = page.locator(".lm-Menu")
    expect(menu.locator(".lm-Menu-itemLabel", has_text="short")).to_have_count(2)
    screenshot(page, "notebook-menu")
    menu.get_by_text("Show These Runs in the Panel").click()
    expect(page.locator("#runlore-runs [data-runlore-run]")).to_have_count(2, timeout=SOON)
    page.get_by_role("combobox", name="Filter runs").fill("")


def test_settings_work_at_once(page: Page) -> None:
    setting(page, "cards", False)
    expect(cell(page, 2).locator("[data-runlore-card]")).to_be_hidden(timeout=SOON)
    setting(page, "cellMarks", False)
    expect(mark(page, 2)).to_have_count(0, timeout=SOON)
    setting(page, "side", "right")
    expect(page.locator("#jp-right-stack #runlore-runs")).to_have_count(1, timeout=SOON)
    setting(page, "colors", ["#123456"])
    assert (
        page.evaluate("() => getComputedStyle(document.body).getPropertyValue('--jp-runlore-color-0')")
        == "#123456"
    )
    for name, value in {"cards": True, "cellMarks": True, "side": "left", "colors": []}.items():
        setting(page, name, value)
    expect(cell(page, 2).locator("[data-runlore-card]")).to_be_visible(timeout=SOON)
    expect(mark(page, 2)).to_have_text("recorded", timeout=SOON)
    expect(page.locator("#jp-left-stack #runlore-runs")).to_have_count(1)


def test_the_status_bar_tells_of_reruns_while_the_panel_is_closed(page: Page) -> None:
    page.evaluate("() => window.jupyterapp.commands.execute('filebrowser:activate')")
    card = cell(page, 2).locator("[data-runlore-card]")
    card.hover()
    card.get_by_role("button", name="Rerun resnet").click()
    item = page.locator(".jp-Runlore-statusItem")
    expect(item).to_contain_text("rerun", timeout=SOON)
    popup = page.locator(".jp-Runlore-statusPopup")
    item.click()
    assert violations(page, ".jp-Runlore-statusPopup") == []
    page.keyboard.press("Escape")
    expect(popup).to_have_count(0)
    expect(item).to_be_focused()
    page.keyboard.press("Enter")
    expect(popup.locator("[data-runlore-job]")).to_contain_text("resnet")
    screenshot(page, "notebook-status")
    popup.get_by_role("button", name="Show all reruns").click()
    expect(popup).to_have_count(0)
    expect(page.get_by_role("tab", name="Queue", selected=True)).to_be_visible(timeout=SOON)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.close()")
    expect(card).to_contain_text("rerunBIT-EXACT", timeout=120_000)
    expect(item).to_be_hidden(timeout=SOON)
    pictured(page, "notebook")


def test_the_file_of_a_notebook_leads_to_its_runs(page: Page) -> None:
    page.evaluate("() => window.jupyterapp.commands.execute('filebrowser:activate')")
    page.locator(".jp-DirListing-item", has_text=NOTEBOOK).click(button="right")
    page.locator(".lm-Menu-item", has_text="Runs").last.hover()
    page.locator(".lm-Menu").get_by_text("Show Runs of Notebook").click()
    box = page.get_by_role("combobox", name="Filter runs")
    expect(box).to_have_value(re.compile(r"notebook = '.*training\.ipynb'"), timeout=SOON)
    expect(page.locator("#runlore-runs [data-runlore-run]").first).to_be_visible(timeout=SOON)
    box.fill("")


def test_a_notebook_is_tracked_and_tracked_no_longer(page: Page) -> None:
    page.evaluate("() => window.jupyterapp.commands.execute('filebrowser:activate')")
    button = page.locator(".jp-NotebookPanel-toolbar .jp-Runlore-track jp-button")
    button.click()
    expect(button).to_contain_text("Tracked", timeout=SOON)
    expect(button.get_by_role("button", pressed=True)).to_have_count(1)
    opening = cell(page, 0)
    expect(opening).to_contain_text("%track on")
    expect(opening.locator("[data-runlore-card]")).to_have_attribute("data-status", "running", timeout=SOON)
    run_cell(page, 5)
    expect(mark(page, 5)).to_have_count(1, timeout=SOON)
    expect(mark(page, 5)).to_have_attribute("data-lines", "one")
    screenshot(page, "notebook-tracked")
    run_id = opening.locator("[data-runlore-card]").get_attribute("data-runlore-card")
    button.click()
    expect(button).to_have_text("Track", timeout=SOON)
    expect(button.get_by_role("button", pressed=True)).to_have_count(0)
    expect(page.locator(".jp-Notebook")).not_to_contain_text("%track on")
    page.wait_for_function(
        """async id => {
            const { serverSettings } = window.jupyterapp.serviceManager;
            const answer = await fetch(`${serverSettings.baseUrl}runlore/runs/${id}`);
            return (await answer.json()).status === 'finished';
        }""",
        arg=run_id,
        timeout=SOON,
    )


def test_a_card_in_a_notebook_opened_later_shows_what_became_of_the_run(page: Page, lab: Lab) -> None:
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    expect(page.locator(".jp-NotebookPanel .jp-Document.jp-mod-dirty")).to_have_count(0)
    saved = nbformat.read(lab.root / NOTEBOOK, 4)
    for found in (output for cell in saved.cells for output in cell.get("outputs", ())):
        if data := found.get("data", {}).get("application/vnd.runlore.run.v1+json"):
            data |= {"status": "running", "metrics": []}  # as saved while it ran
    # Not signed by this server's key: an untrusted notebook.
    nbformat.write(saved, lab.root / "later.ipynb")
    open_lab_again = "path => window.jupyterapp.commands.execute('docmanager:open', { path, factory: 'Notebook' })"
    page.evaluate(f"async path => {{ await ({open_lab_again})(path); }}", "later.ipynb")
    card = cell(page, 2).locator("[data-runlore-card]")
    expect(card).to_have_attribute("data-status", "finished", timeout=SOON)
    expect(card).to_contain_text("loss 0.02500")
    expect(card.locator(".jp-Runlore-card-spark path")).to_have_count(1)
    expect(mark(page, 2)).to_have_text("recorded", timeout=SOON)


def test_marks_stand_in_a_long_notebook_that_is_slow_to_load(page: Page, lab: Lab) -> None:
    long = nbformat.read(lab.root / "later.ipynb", 4)
    tracked = long.cells.pop(2)
    long.cells += [nbformat.v4.new_code_cell(f"x = {number}") for number in range(200)] + [tracked]
    nbformat.write(long, lab.root / "long.ipynb")
    page.evaluate(
        """async path => {
            const app = window.jupyterapp;
            const { contents } = app.serviceManager;
            const get = contents.get.bind(contents);
            contents.get = async (...asked) => {
                await new Promise(resolve => setTimeout(resolve, asked[0].endsWith(path) ? 500 : 0));
                return get(...asked);
            };
            const panel = await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
            await panel.context.ready;
            contents.get = get;
            panel.content.activeCellIndex = panel.content.widgets.length - 1;
            await panel.content.scrollToItem(panel.content.activeCellIndex);
        }""",
        "long.ipynb",
    )
    last = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell.jp-mod-active .jp-Runlore-cellMark")
    expect(last).to_have_text("recorded", timeout=SOON)
    set_source(page, len(long.cells) - 1, "# edited")
    expect(last).to_have_text("edited", timeout=SOON)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.close()")


def test_closed_notebooks_leave_nothing_behind(page: Page) -> None:
    left = page.evaluate(
        """async path => {
            const app = window.jupyterapp;
            const token = [...app.pluginRegistry._services.keys()].find(one => one.name === 'runlore:IRunlore');
            const runlore = await app.resolveRequiredService(token);
            const counts = [];
            for (let round = 0; round < 20; round++) {
                const panel = await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
                await panel.context.ready;
                await panel.revealed;
                await new Promise(done => setTimeout(done, 150));
                panel.close();
                panel.dispose();
                await new Promise(done => setTimeout(done, 50));
                counts.push([
                    document.querySelectorAll('.jp-Runlore-cellMark, .jp-Runlore-track').length,
                    runlore.cards._watches.size,
                ]);
            }
            return [counts[1], counts.at(-1)];
        }""",
        "later.ipynb",
    )
    assert left[0] == left[1]
