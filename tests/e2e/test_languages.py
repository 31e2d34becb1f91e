"""The panel in a JupyterLab that speaks German."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.axe import violations
from tests.e2e.conftest import Gallery, open_lab
from tests.e2e.test_access import PANEL, SOON, cut_off, open_details
from tests.e2e.test_story import screenshot


@pytest.fixture
def german(browser: Browser, gallery: Gallery) -> Iterator[Page]:
    settings = gallery.lab.root.parent / "settings" / "@jupyterlab" / "translation-extension"
    settings.mkdir()
    chosen = settings / "plugin.jupyterlab-settings"
    chosen.write_text(json.dumps({"locale": "de_DE"}))
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    try:
        page = context.new_page()
        open_lab(page, gallery.lab)
        page.evaluate("() => window.jupyterapp.commands.execute('runlore:show-panel')")
        yield page
    finally:
        context.close()
        chosen.unlink()
        settings.rmdir()


def test_german_is_shown_and_fits(german: Page, gallery: Gallery) -> None:
    panel = german.locator(PANEL)
    expect(panel.locator("[data-runlore-run]").first).to_be_visible(timeout=SOON)
    expect(panel.get_by_role("combobox", name="Läufe filtern")).to_be_visible()
    expect(panel.get_by_text(re.compile(r"^\d+ Läufe$"))).to_be_visible()
    # Whichever of those that failed is in view: tests before may have added runs above the gallery's.
    expect(panel.locator("[data-runlore-run]").filter(has_text="fehlgeschlagen").first).to_be_visible()
    assert cut_off(german, PANEL) == []
    details = open_details(german, gallery.runs["again"])
    expect(german.locator(details).get_by_role("tab", name="Überblick")).to_be_visible()
    screenshot(german, "german")
    assert violations(german, PANEL, details) == []
