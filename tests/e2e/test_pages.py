"""The pages that open in the main area of a real JupyterLab: each once, and there again after a reload."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Gallery, open_lab

SOON = 30_000


def test_pages_open_once_and_are_there_again_after_a_reload(page: Page, gallery: Gallery) -> None:
    open_lab(page, gallery.lab)
    page.wait_for_url(lambda url: "reset" not in url)  # else the reload forgets everything, too
    runs = [gallery.runs["mlp-0.01-1"], gallery.runs["again"]]
    page.evaluate(
        """async runIds => {
            const { commands } = window.jupyterapp;
            const asked = [
                ['runlore:open-run', { runId: runIds[0] }],
                ['runlore:open-run', { runId: runIds[1] }],
                ['runlore:compare', { runIds }],
                ['runlore:show-queue', {}],
            ];
            // Twice each, as by an impatient double click.
            await Promise.all([...asked, ...asked].map(([id, args]) => commands.execute(id, args)));
        }""",
        runs,
    )
    pages = page.locator(".jp-MainAreaWidget:has(> [class*=jp-Runlore-])")
    expect(pages).to_have_count(4)
    # What is open is on the server once the shell has not changed for a while.
    page.evaluate(
        """async count => {
            const { workspaces } = window.jupyterapp.serviceManager;
            const saved = ({ data }) => data['layout-restorer:data']?.main?.dock?.widgets?.length === count;
            while (!(await workspaces.list()).values.some(saved)) {
                await new Promise(done => setTimeout(done, 200));
            }
        }""",
        4,
    )
    page.reload()
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate("() => window.jupyterapp.restored")
    expect(pages).to_have_count(4, timeout=SOON)
