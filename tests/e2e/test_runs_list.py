"""The list of runs in a real JupyterLab with thousands of runs: scrolled, marked, annotated, grouped, kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from benchmarks.homes import write_home
from runlore.home import Home
from runlore_server.store.annotations import Annotations
from tests.e2e.conftest import Lab, open_lab
from tests.e2e.test_story import screenshot
from tests.journals import FakeKernel

SOON = 30_000
RUNS = 5_000


@pytest.fixture(scope="module")
def panel(browser: Browser, lab: Lab) -> Iterator[Locator]:
    """The panel on a home with thousands of runs."""
    write_home(Home(lab.home), RUNS)
    context = browser.new_context(viewport={"width": 1280, "height": 860}, device_scale_factor=1)
    page = context.new_page()
    open_lab(page, lab)
    page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
    found = page.locator("#runlore-runs")
    expect(found.locator("[data-runlore-run]").first).to_be_visible(timeout=90_000)
    yield found
    context.close()


def rows(panel: Locator) -> Locator:
    return panel.locator("[data-runlore-run]")


def scroll_to(panel: Locator, top: int) -> None:
    panel.locator(".jp-Runlore-scroll").evaluate("(element, top) => { element.scrollTop = top; }", top)


def first_in_view(panel: Locator) -> tuple[str, float]:
    """The run at the upper edge, and where it is on the screen."""
    found = panel.locator(".jp-Runlore-scroll").evaluate(
        """list => {
            const edge = list.getBoundingClientRect().top + 24;
            const seen = [...list.querySelectorAll('[data-runlore-run]')]
                .map(row => [row.dataset.runloreRun, row.getBoundingClientRect()])
                .filter(([, rect]) => rect.bottom > edge)
                .sort((a, b) => a[1].top - b[1].top)[0];
            return [seen[0], seen[1].top];
        }"""
    )
    return found[0], found[1]


def test_any_of_thousands_is_reached_while_few_rows_exist(panel: Locator) -> None:
    expect(panel.locator("[role=grid]")).to_have_attribute("aria-rowcount", str(RUNS + 1))
    for part in (0.3, 0.99, 0.5):
        scroll_to(panel, int(RUNS * 40 * part))
        expect(panel.locator(f"[aria-rowindex='{int(RUNS * part) + 4}'][data-runlore-run]")).to_be_visible(
            timeout=SOON
        )
        assert panel.locator("[role=row]").count() < 60
    scroll_to(panel, 0)


def test_what_one_looks_at_stays_where_it_is_when_runs_arrive(panel: Locator, lab: Lab) -> None:
    scroll_to(panel, 4_010)
    expect(panel.locator("[aria-rowindex='104'][data-runlore-run]")).to_be_visible(timeout=SOON)
    before = first_in_view(panel)
    session = FakeKernel(Home(lab.home))
    for number in range(3):
        session.run(f"arrived {number}")
    session.end()
    expect(panel.get_by_text(f"{RUNS + 3} runs")).to_be_visible(timeout=SOON)
    panel.page.wait_for_timeout(500)
    run, top = first_in_view(panel)
    assert run == before[0]
    assert abs(top - before[1]) < 2
    scroll_to(panel, 0)
    expect(rows(panel).first).to_contain_text("arrived 2", timeout=SOON)


def test_a_run_is_renamed_pinned_and_starred_for_good(panel: Locator, lab: Lab) -> None:
    row = rows(panel).nth(2)
    run_id = row.get_attribute("data-runlore-run")
    assert run_id is not None
    row.focus()
    row.press("F2")
    panel.page.locator(".jp-Dialog input").fill("my favourite")
    panel.page.locator(".jp-Dialog .jp-mod-accept").click()
    ours = panel.locator(f"[data-runlore-run='{run_id}']")
    expect(ours).to_contain_text("my favourite", timeout=SOON)
    row.click(button="right")
    expect(panel.page.locator(".lm-Menu").get_by_text("Register a Model…")).to_be_visible()
    panel.page.keyboard.press("Escape")
    for item in ("Star Run", "Pin Run on Top"):
        ours.click(button="right")
        panel.page.locator(".lm-Menu").get_by_text(item).click()
    expect(rows(panel).first).to_have_attribute("data-runlore-run", run_id, timeout=SOON)
    expect(ours.get_by_label("starred")).to_have_count(1)
    screenshot(panel.page, "annotated")
    said = Annotations(Home(lab.home)).all()[run_id]
    assert (said.name, said.pinned, said.starred) == ("my favourite", True, True)


def test_marked_runs_are_deleted_found_and_restored(panel: Locator) -> None:
    names = [rows(panel).nth(place).get_attribute("data-runlore-run") for place in (1, 2, 3)]
    rows(panel).nth(1).click(modifiers=["Control"], position={"x": 60, "y": 8})
    rows(panel).nth(3).click(modifiers=["Shift"], position={"x": 60, "y": 8})
    expect(panel.get_by_text("3 runs marked")).to_be_visible(timeout=SOON)
    screenshot(panel.page, "marked")
    rows(panel).nth(3).press("Delete")
    expect(panel.get_by_text(f"{RUNS} runs")).to_be_visible(timeout=SOON)
    expect(rows(panel).nth(3)).to_be_focused()  # the one that came in the place of the deleted
    panel.page.keyboard.press("Control+z")
    expect(panel.get_by_text(f"{RUNS + 3} runs")).to_be_visible(timeout=SOON)
    rows(panel).nth(1).click(modifiers=["Control"], position={"x": 60, "y": 8})
    rows(panel).nth(3).click(modifiers=["Shift"], position={"x": 60, "y": 8})
    rows(panel).nth(3).press("Delete")
    expect(panel.get_by_text(f"{RUNS} runs")).to_be_visible(timeout=SOON)
    box = panel.get_by_role("combobox", name="Filter runs")
    box.fill("deleted = yes")
    expect(rows(panel)).to_have_count(3, timeout=SOON)
    assert {row.get_attribute("data-runlore-run") for row in rows(panel).all()} == set(names)
    rows(panel).first.focus()
    rows(panel).first.press("Control+a")
    panel.get_by_role("button", name="Restore the marked runs").press("Enter")
    expect(rows(panel)).to_have_count(0, timeout=SOON)
    box.fill("")
    expect(panel.get_by_text(f"{RUNS + 3} runs")).to_be_visible(timeout=SOON)


def test_runs_are_grouped_by_a_parameter(panel: Locator) -> None:
    panel.get_by_label("Groups of the runs").select_option(label="optimizer")
    heads = panel.locator(".jp-Runlore-group")
    expect(heads).to_have_count(4, timeout=SOON)
    expect(rows(panel)).to_have_count(0)
    head = heads.filter(has_text="adamw")
    head.focus()
    head.press("Enter")
    expect(rows(panel).first).to_be_visible(timeout=SOON)
    screenshot(panel.page, "grouped")
    panel.get_by_label("Groups of the runs").select_option(label="no groups")
    expect(heads).to_have_count(0, timeout=SOON)
