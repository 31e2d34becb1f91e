"""The panel and its server over a day: at an address of a hub, in several tabs, hidden, and through a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, expect

from runlore.home import Home
from tests.e2e.conftest import TOKEN, Lab, started_lab
from tests.journals import FakeKernel
from tests.ports import free_port

BASE = "/user/ada/"
SOON = 60_000
# Longer than the panel waits for news that it expects.
WHILE_HIDDEN = 9_000


@pytest.mark.thorough
def test_a_day_at_a_hub(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    requests: list[Request] = []
    context.on("request", lambda request: requests.append(request) if "/runlore/" in request.url else None)
    port = free_port()
    with started_lab(tmp_path, base_url=BASE, port=port) as lab:
        kernel = FakeKernel(Home(lab.home))
        kernel.run("first")
        page = open_panel(context, lab, "one")
        expect(row(page, "first")).to_have_count(1, timeout=SOON)
        every_request_stays_below_the_address(requests)
        what_one_tab_changes_the_other_shows(page, open_panel(context, lab, "two"), requests)
        hidden_tabs_ask_for_nothing(page, kernel, requests)
    expect(page.locator("#runlore-runs")).to_contain_text("does not answer", timeout=SOON)
    with started_lab(tmp_path, base_url=BASE, port=port):
        kernel.run("after the restart")
        kernel.end()
        expect(row(page, "after the restart")).to_have_count(1, timeout=SOON)  # and nobody loaded the page again
        expect(page.locator("#runlore-runs")).not_to_contain_text("does not answer")
    context.close()


def open_panel(context: BrowserContext, lab: Lab, workspace: str) -> Page:
    """A tab with the panel; of two tabs in one workspace, Lab sends the later one to another."""
    page = context.new_page()
    page.goto(f"{lab.url}/lab/workspaces/{workspace}?token={TOKEN}")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=SOON)
    page.evaluate("() => window.jupyterapp.restored")
    page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
    expect(row(page, "first")).to_have_count(1, timeout=SOON)
    return page


def row(page: Page, name: str) -> Locator:
    return page.locator("#runlore-runs [data-runlore-run]").filter(has_text=name)


def every_request_stays_below_the_address(requests: list[Request]) -> None:
    assert requests
    for request in requests:
        assert f"{BASE}runlore/" in request.url or f"{BASE}lab/extensions/runlore/" in request.url, request.url
        assert "token" not in request.url


def what_one_tab_changes_the_other_shows(page: Page, other: Page, requests: list[Request]) -> None:
    expect(row(other, "first")).to_have_count(1, timeout=SOON)
    row(page, "first").click(button="right")
    page.locator(".lm-Menu").get_by_text("Star Run").click()
    expect(row(page, "first").get_by_label("starred")).to_have_count(1, timeout=SOON)
    expect(row(other, "first").get_by_label("starred")).to_have_count(1, timeout=SOON)
    changes = [request for request in requests if request.method == "PATCH"]
    assert changes
    assert all("x-xsrftoken" in request.all_headers() for request in changes)
    other.close()


def hidden_tabs_ask_for_nothing(page: Page, kernel: FakeKernel, requests: list[Request]) -> None:
    set_hidden(page, hidden=True)
    page.wait_for_timeout(1_000)
    before = len(requests)
    kernel.run("recorded meanwhile")
    page.wait_for_timeout(WHILE_HIDDEN)
    assert [request.url for request in requests[before:]] == []
    set_hidden(page, hidden=False)
    expect(row(page, "recorded meanwhile")).to_have_count(1, timeout=SOON)


def set_hidden(page: Page, *, hidden: bool) -> None:
    """What the browser says of a tab that goes behind another; without a screen it has none that are hidden."""
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
            Object.defineProperty(document, 'visibilityState', {
                configurable: true, get: () => (hidden ? 'hidden' : 'visible') });
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        hidden,
    )
