"""The button that tracks a notebook says why where it cannot, and changes nothing; the shortcuts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.conftest import Gallery, open_lab

SOON = 30_000
KERNELS = {
    "without-runlore": """
import sys
from ipykernel.kernelapp import launch_new_instance
sys.modules["runlore"] = None  # as where it is not installed
launch_new_instance()
""",
    "echo": """
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel
class Echo(Kernel):
    implementation = banner = "echo"
    implementation_version = "1"
    language_info = {"name": "echo", "mimetype": "text/plain", "file_extension": ".txt"}
IPKernelApp.launch_instance(kernel_class=Echo)
""",
}


@pytest.fixture(scope="module")
def page(browser: Browser, gallery: Gallery) -> Iterator[Page]:
    lab = gallery.lab
    for name, source in KERNELS.items():
        folder = lab.kernels / name
        folder.mkdir(parents=True)
        (folder / "kernel.py").write_text(source)
        argv = [sys.executable, str(folder / "kernel.py"), "-f", "{connection_file}"]
        language = "echo" if name == "echo" else "python"
        (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": language}))
    for name in ("python3", *KERNELS):
        cells = [nbformat.v4.new_code_cell("import time; time.sleep(600)")]
        metadata = {"kernelspec": {"name": name, "display_name": name}}
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), lab.root / f"{name}.ipynb")
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    opened = context.new_page()
    yield opened
    for path in ("python3", *KERNELS):
        (lab.root / f"{path}.ipynb").unlink()
    context.close()


def notebook(page: Page) -> Locator:
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


def refused(page: Page, words: str) -> None:
    """Press the button, and read why the notebook cannot be tracked."""
    button = notebook(page).locator(".jp-Runlore-track jp-button")
    button.click()
    dialog = page.locator(".jp-Dialog")
    expect(dialog).to_contain_text(words, timeout=SOON)
    dialog.get_by_role("button", name="Ok").click()
    expect(button).to_have_text("Track", timeout=SOON)
    expect(notebook(page).locator(".jp-Cell")).to_have_count(1)


@pytest.mark.parametrize(
    ("name", "words"), [("echo", "this notebook runs in echo"), ("without-runlore", "%pip install runlore")]
)
def test_a_kernel_that_cannot_record_is_named(page: Page, gallery: Gallery, name: str, words: str) -> None:
    open_lab(page, gallery.lab, f"{name}.ipynb")
    refused(page, words)


def test_a_kernel_at_work_or_none_is_no_wait_without_end(page: Page, gallery: Gallery) -> None:
    open_lab(page, gallery.lab, "python3.ipynb")
    page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-cell')")
    expect(notebook(page).locator(".jp-InputArea-prompt", has_text="[*]")).to_have_count(1, timeout=SOON)
    refused(page, "at work on a cell")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    refused(page, "has no kernel")


def test_nothing_is_added_to_a_notebook_that_cannot_be_written(page: Page, gallery: Gallery) -> None:
    def read_only(route: Route) -> None:
        """As the server says of a file that its user may not write; this test's user may be root."""
        answer = route.fetch()
        found: dict[str, Any] = answer.json()
        route.fulfill(response=answer, json=found | {"writable": False})

    page.route("**/api/contents/python3.ipynb?*", read_only)
    open_lab(page, gallery.lab, "python3.ipynb")
    refused(page, "read-only")
    page.unroute("**/api/contents/python3.ipynb?*")


def test_shortcuts_lead_to_the_runs_their_comparison_and_the_tracking(page: Page, gallery: Gallery) -> None:
    open_lab(page, gallery.lab, "echo.ipynb")
    notebook(page).locator(".jp-Cell").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Alt+k")
    expect(page.locator(".jp-Dialog")).to_contain_text("this notebook runs in echo", timeout=SOON)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Alt+r")
    expect(page.locator("#runlore-runs [data-runlore-run]").first).to_be_visible(timeout=SOON)
    page.keyboard.press("Control+Alt+c")
    expect(page.locator(".jp-Runlore-compare")).to_be_visible(timeout=SOON)
