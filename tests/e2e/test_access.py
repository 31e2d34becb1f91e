"""The panel for everybody: checked by axe, worked by keyboard alone, zoomed, narrow, without motion."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import Gallery, open_lab
from tests.e2e.test_story import screenshot, set_theme

PANEL = "#runlore-runs"
SOON = 30_000
THEMES = ["JupyterLab Light", "JupyterLab Dark"]


@pytest.fixture(scope="module")
def lab_page(browser: Browser, gallery: Gallery) -> Iterator[Page]:
    """A page with the panel on the runs of the gallery."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
    page = context.new_page()
    open_lab(page, gallery.lab)
    page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
    expect(page.locator(f"{PANEL} [data-runlore-run]").first).to_be_visible(timeout=SOON)
    yield page
    context.close()


def open_details(page: Page, run_id: str) -> str:
    """Open the page of a run; its selector."""
    page.evaluate("runId => window.jupyterapp.commands.execute('runlore:open-run', { runId })", run_id)
    selector = f"[data-runlore-details='{run_id}']"
    expect(page.locator(selector).get_by_role("tab").first).to_be_visible(timeout=SOON)
    return selector


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_the_sidebar(lab_page: Page, theme: str) -> None:
    set_theme(lab_page, theme)
    assert violations(lab_page, PANEL) == []


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["again", "failing", "artifacts"])
def test_axe_finds_nothing_on_the_page_of_a_run(lab_page: Page, gallery: Gallery, name: str, theme: str) -> None:
    set_theme(lab_page, theme)
    details = open_details(lab_page, gallery.runs[name])
    found = []
    for tab in lab_page.locator(details).get_by_role("tab").all():
        tab.click()
        expect(tab).to_have_attribute("aria-selected", "true")
        lab_page.wait_for_load_state("networkidle")
        found += [f"{tab.inner_text()}: {line}" for line in violations(lab_page, details)]
    assert found == []


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_in_menus_and_dialogs(lab_page: Page, gallery: Gallery, theme: str) -> None:
    """One walk through all that opens over the panel, and the queue; what is Lab's own menu is left to Lab."""
    page, panel = lab_page, lab_page.locator(PANEL)
    set_theme(page, theme)
    found: dict[str, list[str]] = {}

    def check(what: str, *within: str) -> None:
        if within == (".jp-Dialog",):  # Escape is heard once the focus is in it
            page.wait_for_function("() => document.querySelector('.jp-Dialog')?.matches(':focus-within')")
        found[what] = violations(page, *within)
        page.keyboard.press("Escape")
        expect(page.locator(".lm-Menu, .jp-Dialog")).to_have_count(0)

    details = page.locator(open_details(page, gallery.runs["failing"]))
    for name, within in {"More on the curves": panel, "Saved filters": panel, "More": details}.items():
        button = within.get_by_role("button", name=name)
        button.press("Enter")
        expect(page.locator(".lm-Menu")).to_be_visible(timeout=SOON)
        check(name, ".lm-Menu")
        expect(button).to_be_focused()
    row = panel.locator("[data-runlore-run]").first
    row.focus()
    page.keyboard.press("Shift+F10")
    check("menu of a run", ".lm-Menu-item[data-command^='runlore:']")
    expect(row).to_be_focused()
    page.keyboard.press("Shift+ArrowDown")
    expect(panel.get_by_role("toolbar", name="Marked runs")).to_be_visible()
    found["marked runs"] = violations(page, PANEL)
    page.keyboard.press("Escape")
    panel.get_by_role("combobox", name="Filter runs").fill("metrics.los")
    expect(panel.get_by_role("listbox", name="Names")).to_be_visible()
    found["completion"] = violations(page, PANEL)
    panel.get_by_role("combobox", name="Filter runs").fill("")
    panel.get_by_role("combobox", name="Groups of the runs").select_option("experiment")
    expect(panel.get_by_role("treegrid")).to_be_visible()
    expect(panel.locator(".jp-Runlore-group").first).to_be_visible(timeout=SOON)
    found["groups"] = violations(page, PANEL)
    panel.get_by_role("combobox", name="Groups of the runs").select_option("")
    panel.get_by_role("button", name="Columns").press("Enter")
    check("columns", ".jp-Dialog")
    asked = {
        "runlore:rerun-with": "textbox[name=lr]",
        "runlore:sweep": "combobox[name=What lr may be]",
        "runlore:register-model": "combobox[name=Name]",
        "runlore:rename-run": "textbox",
        "runlore:tag-runs": "textbox",
    }
    for command, awaited in asked.items():
        open_page(page, command, {"runId": gallery.runs["overfit"]})
        role, _, name = awaited.rstrip("]").partition("[name=")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible(timeout=SOON)
        dialog.locator("details").evaluate_all("parts => parts.forEach(part => { part.open = true; })")
        expect(dialog.get_by_role(role, name=name or None)).to_be_visible(timeout=SOON)  # type: ignore[arg-type]
        screenshot(page, command.removeprefix("runlore:") + theme.removeprefix("JupyterLab"))
        check(command, ".jp-Dialog")
    open_page(page, "runlore:show-queue", {})
    expect(page.locator(".jp-Runlore-queue")).to_be_visible(timeout=SOON)
    check("queue", ".jp-Runlore-queue")
    assert {what: lines for what, lines in found.items() if lines} == {}


def open_page(page: Page, command: str, args: dict[str, object]) -> None:
    """Execute a command without waiting for its end, which for a dialog is the user's answer."""
    page.evaluate("([id, args]) => void window.jupyterapp.commands.execute(id, args)", [command, args])


def focused(page: Page) -> dict[str, object]:
    """What has the focus: what it is called, whether it is ours, and whether one sees that it has it."""
    found: dict[str, object] = page.evaluate(
        """() => {
            const node = document.activeElement;
            const style = getComputedStyle(node);
            const rect = node.getBoundingClientRect();
            const named = node.getAttribute('aria-label') ?? node.title ?? '';
            return {
                name: named || node.textContent.trim().slice(0, 40),
                ours: node.closest('#runlore-runs') !== null,
                ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
                    || style.boxShadow !== 'none' || node.localName === 'jp-button',
                inView: rect.width > 0 && rect.right > 0 && rect.left < innerWidth
            };
        }"""
    )
    return found


def test_every_stop_of_the_keyboard_has_a_name_and_can_be_seen(lab_page: Page) -> None:
    lab_page.locator(PANEL).get_by_role("combobox", name="Filter runs").focus()
    stops = []
    for _ in range(40):
        lab_page.keyboard.press("Tab")
        stop = focused(lab_page)
        if not stop["ours"]:
            break
        stops.append(stop)
    assert len(stops) >= 5
    assert [stop for stop in stops if not (stop["name"] and stop["ring"] and stop["inView"])] == []


def test_two_runs_are_compared_and_one_is_opened_by_keyboard_alone(lab_page: Page, gallery: Gallery) -> None:
    page, panel = lab_page, lab_page.locator(PANEL)
    page.keyboard.press("Escape")
    panel.get_by_role("combobox", name="Filter runs").focus()
    page.keyboard.type("name = overfit")
    rows = panel.locator("[data-runlore-run]")
    expect(rows).to_have_count(1, timeout=SOON)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.matches('[data-runlore-run]')"):
            break
    expect(rows.first).to_be_focused()
    was = rows.first.get_attribute("data-shown")
    page.keyboard.press("Space")
    expect(rows.first).not_to_have_attribute("data-shown", was or "")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    details = page.locator(f"[data-runlore-details='{gallery.runs['overfit']}']")
    expect(details).to_be_visible(timeout=SOON)
    rows.first.focus()
    page.keyboard.press("/")
    expect(panel.get_by_role("combobox", name="Filter runs")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(rows.nth(3)).to_be_visible(timeout=SOON)


def cut_off(page: Page, selector: str) -> list[str]:
    """Controls within that reach beyond their part of the page, or lie under its edge."""
    found: list[str] = page.evaluate(
        """selector => {
            const part = document.querySelector(selector);
            const edge = part.getBoundingClientRect();
            return [...part.querySelectorAll('button, input, select, a, [role=tab], h2')]
                .filter(node => node.getClientRects().length && !node.closest('.jp-Runlore-scroll'))
                .filter(node => {
                    const rect = node.getBoundingClientRect();
                    return rect.right > edge.right + 1 || rect.left < edge.left - 1;
                })
                .map(node => node.outerHTML.slice(0, 120));
        }""",
        selector,
    )
    return found


def set_sidebar(page: Page, width: int) -> None:
    """Drag the edge of the left area until it is that wide."""
    edge = page.locator("#jp-left-stack").bounding_box()
    assert edge is not None
    x, y = edge["x"] + edge["width"] + 1, edge["y"] + edge["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(edge["x"] + width + 1, y, steps=4)
    page.mouse.up()


@pytest.mark.parametrize("width", [250, 400])
def test_the_sidebar_holds_all_its_controls_when_it_is_narrow(lab_page: Page, width: int) -> None:
    set_sidebar(lab_page, width)
    lab_page.wait_for_timeout(500)
    screenshot(lab_page, f"sidebar-{width}")
    assert cut_off(lab_page, PANEL) == []


def test_at_200_percent_everything_can_still_be_reached(
    browser: Browser, gallery: Gallery, lab_page: Page
) -> None:
    """WCAG 1.4.4: a window of 1280 pixels at 200 % has 640 of CSS."""
    context = browser.new_context(viewport={"width": 640, "height": 430}, device_scale_factor=2)
    page = context.new_page()
    try:
        open_lab(page, gallery.lab)
        page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
        expect(page.locator(f"{PANEL} [data-runlore-run]").first).to_be_visible(timeout=SOON)
        page.wait_for_timeout(500)
        screenshot(page, "zoom-200")
        assert cut_off(page, PANEL) == []
        details = open_details(page, gallery.runs["again"])
        page.wait_for_timeout(500)
        screenshot(page, "zoom-200-details")
        assert cut_off(page, details) == []
        open_page(page, "runlore:compare", {"runIds": [gallery.runs["again"], gallery.runs["wider"]]})
        compared = page.locator(".jp-Runlore-compare")
        expect(compared.locator("[data-runlore-compared]")).to_have_count(2, timeout=SOON)
        expect(compared).to_have_attribute("data-orientation", "vertical")
        assert cut_off(page, ".jp-Runlore-compare-pages") == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
        border = compared.get_by_role("separator")
        before = border.bounding_box()
        assert before is not None
        border.press("ArrowUp")
        page.wait_for_function(
            "([node, y]) => node.getBoundingClientRect().y < y", arg=[border.element_handle(), before["y"]]
        )
        screenshot(page, "zoom-200-compare")
    finally:
        context.close()


def test_nothing_moves_for_those_who_asked_for_that(lab_page: Page) -> None:
    moving = lab_page.evaluate(
        """() => [...document.querySelectorAll('[class*=jp-Runlore]')].filter(node => {
            const { animationName, animationDuration, transitionDuration } = getComputedStyle(node);
            const lasts = text => text.split(',').some(one => parseFloat(one) > 0.01);
            return (animationName !== 'none' && lasts(animationDuration)) || lasts(transitionDuration);
        }).map(node => node.className)"""
    )
    assert moving == []


def test_colours_and_choices_stay_where_the_system_gives_the_colours(lab_page: Page) -> None:
    row = lab_page.locator(f"{PANEL} [data-runlore-run][data-shown=true]").first
    style = "(node, name) => getComputedStyle(node)[name]"
    lab_page.emulate_media(forced_colors="active", reduced_motion="reduce")
    try:
        colour = row.locator(".jp-Runlore-swatch").evaluate(style, "backgroundColor")
        assert colour != row.evaluate(style, "backgroundColor")
        row.click(modifiers=["Control"])
        lab_page.locator(f"{PANEL} .jp-Runlore-listHeader").hover()
        assert row.get_attribute("aria-selected") == "true"
        assert row.evaluate(style, "outlineWidth") != "0px"
    finally:
        row.click(modifiers=["Control"])
        lab_page.emulate_media(forced_colors="none", reduced_motion="reduce")


def test_a_row_keeps_its_place_under_the_pointer(lab_page: Page) -> None:
    row = lab_page.locator(f"{PANEL} [data-runlore-run]").nth(1)
    title = row.locator(".jp-Runlore-run-title")
    lab_page.locator(f"{PANEL} .jp-Runlore-listHeader").hover()
    was = title.bounding_box()
    row.hover()
    expect(row.get_by_title("Rerun (R)")).to_be_visible()
    assert title.bounding_box() == was
