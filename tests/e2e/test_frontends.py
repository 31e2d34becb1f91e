"""The main job in other front-ends: the oldest JupyterLab supported, Jupyter Notebook, two people at once."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.e2e.conftest import TOKEN, Lab, started_lab

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(900)]

REPOSITORY = Path(__file__).parents[2]
SOON = 60_000
RERUN = 180_000


def environment(directory: Path, *packages: str) -> Path:
    """The interpreter of a new environment with these packages, and with all else from the present one.

    What pip cannot get (without a package index) skips the test.
    """
    venv.create(directory, with_pip=True)
    python = directory / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *packages, "ipykernel"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"{packages} cannot be installed: {done.stderr.strip().splitlines()[-1]}")
    found = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    # After its own: what was installed there comes first.
    beside = [REPOSITORY / "kernel_magics", REPOSITORY / "server_extension", sysconfig.get_path("purelib")]
    (Path(found.stdout.strip()) / "beside.pth").write_text("".join(f"{path}\n" for path in beside))
    return python


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of other environments find the panel and the server extension of this work tree."""
    extensions = tmp_path / "share" / "labextensions"
    extensions.mkdir(parents=True)
    built = REPOSITORY / "server_extension" / "runlore_server" / "labextension"
    (extensions / "runlore").symlink_to(built)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    monkeypatch.delenv("PYTHONPATH", raising=False)


def write_notebook(lab: Lab) -> None:
    fields: dict[str, object] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    training = "%%track walk\nimport random, runlore\nfor i in range(50):\n    runlore.log(loss=random.random())"
    sources = ["%load_ext runlore", training]
    cells = [{**fields, "id": str(at), "source": text} for at, text in enumerate(sources)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    (lab.root / "walk.ipynb").write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})
    )


def opened(browser: Browser, lab: Lab, path: str) -> tuple[Page, list[str]]:
    """A page with the notebook and the panel open; what the console says of Runlore goes to the list."""
    page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and re.search("runlore|Unsatisfied", message.text):
            said.append(message.text)

    page.on("console", hear)
    page.goto(f"{lab.url}/{path}?token={TOKEN}")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=SOON)
    page.evaluate(
        """async () => {
            const { name, commands, restored } = window.jupyterapp;
            await restored;
            if (name !== 'Jupyter Notebook') {
                await commands.execute('docmanager:open', { path: 'walk.ipynb', factory: 'Notebook' });
            }
        }"""
    )
    page.wait_for_function("window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel", timeout=SOON)
    page.evaluate(
        """async () => {
            const { commands, shell } = window.jupyterapp;
            const { context, sessionContext } = shell.currentWidget;
            await context.ready;
            await sessionContext.ready;
            await sessionContext.session.kernel.info;
            await commands.execute('runlore:show-panel');
        }"""
    )
    expect(page.locator("#runlore-runs")).to_be_visible(timeout=SOON)
    return page, said


def run_and_rerun(page: Page) -> str:
    """Run the notebook, see its run and card, repeat it and open its page; the id of the run."""
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    row = page.locator("#runlore-runs [data-runlore-run][data-status=finished]")
    expect(row).to_have_count(1, timeout=SOON)
    run_id = row.get_attribute("data-runlore-run") or ""
    expect(page.locator(f"[data-runlore-card='{run_id}']")).to_contain_text("walk", timeout=SOON)
    row.hover()
    row.get_by_role("button", name=re.compile("^Rerun")).click()
    again = page.locator("#runlore-runs [data-runlore-run][data-verdict='BIT-EXACT']")
    expect(again).to_have_count(1, timeout=RERUN)
    page.locator(f"#runlore-runs [data-runlore-run='{run_id}']").dblclick(position={"x": 60, "y": 8})
    expect(page.locator(f"[data-runlore-details='{run_id}']")).to_be_visible(timeout=SOON)
    return run_id


def open_the_notebook_of_the_rerun(page: Page) -> None:
    """In a tab of JupyterLab; in Jupyter Notebook, which shows one at a time, in another of the browser."""
    rerun = page.locator("#runlore-runs [data-runlore-run][data-verdict='BIT-EXACT']").get_attribute(
        "data-runlore-run"
    )
    isolated = page.evaluate("() => window.jupyterapp.name === 'Jupyter Notebook'")
    command = "runId => void window.jupyterapp.commands.execute('runlore:open-notebook', { runId })"
    if isolated:
        with page.expect_popup(timeout=SOON) as popup:
            page.evaluate(command, rerun)
        shown = popup.value
    else:
        page.evaluate(command, rerun)
        shown = page
    expect(shown.locator(".jp-NotebookPanel:visible").last).to_contain_text("runlore.log(loss", timeout=SOON)


FRONT_ENDS = {
    "jupyterlab==4.2.*": ("jupyterlab", "lab"),
    "notebook>=7": ("notebook", "notebooks/walk.ipynb"),
}


@pytest.mark.parametrize("package", FRONT_ENDS)
def test_the_main_job_is_done_in(browser: Browser, tmp_path: Path, served: None, package: str) -> None:
    application, path = FRONT_ENDS[package]
    python = environment(tmp_path / "environment", package)
    (tmp_path / "lab").mkdir()
    with started_lab(
        tmp_path / "lab",
        "--ServerApp.jpserver_extensions=runlore_server=True",
        python=python,
        application=application,
    ) as lab:
        write_notebook(lab)
        page, said = opened(browser, lab, path)
        run_and_rerun(page)
        open_the_notebook_of_the_rerun(page)
        assert said == []
        page.context.close()


def test_two_people_in_one_notebook_see_the_card(browser: Browser, tmp_path: Path, served: None) -> None:
    python = environment(tmp_path / "environment", "jupyterlab>=4.4", "jupyter-collaboration>=4")
    (tmp_path / "lab").mkdir()
    with started_lab(
        tmp_path / "lab", "--ServerApp.jpserver_extensions=runlore_server=True", python=python
    ) as lab:
        write_notebook(lab)
        page, said = opened(browser, lab, "lab")
        other, heard = opened(browser, lab, "lab")
        run_id = run_and_rerun(page)
        expect(other.locator(f"[data-runlore-card='{run_id}']")).to_contain_text("walk", timeout=SOON)
        for client in (page, other):
            expect(client.locator(".jp-Runlore-cellMark")).to_have_count(1, timeout=SOON)
            expect(client.locator("#runlore-runs [data-runlore-run]")).to_have_count(2)
        expect(other.locator("#runlore-runs [data-verdict='BIT-EXACT']").first).to_be_visible(timeout=SOON)
        assert said + heard == []
        page.context.close()
        other.context.close()
