"""A real JupyterLab with Runlore, and a real browser in front of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.gallery import record_gallery
from tests.ports import free_port

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TOKEN = "e2e"

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


expect.set_options(timeout=30_000)  # a busy machine needs more than Playwright's five seconds


@dataclass
class Lab:
    """A running JupyterLab: where it answers, what it serves, where it records, where more kernels go."""

    url: str
    root: Path
    home: Path
    log: Path
    kernels: Path


@dataclass
class Gallery:
    """A Lab with the runs of ``tests/e2e/gallery.py``; their ids by their names there."""

    lab: Lab
    runs: dict[str, str]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with started_lab(tmp_path_factory.mktemp("lab")) as lab:
        shutil.copy(EXAMPLES / "quickstart.ipynb", lab.root)
        yield lab


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """A Lab for tests that look at runs and leave them as they are; what they add, they name."""
    with started_lab(tmp_path_factory.mktemp("gallery")) as lab:
        runs = record_gallery(lab.home, lab.root)
        yield Gallery(lab, runs)


@contextmanager
def started_lab(
    directory: Path,
    *options: str,
    python: str | Path = sys.executable,
    application: str = "jupyterlab",
    base_url: str = "/",
    port: int | None = None,
) -> Iterator[Lab]:
    """A JupyterLab of its own below the directory, until the end of the block.

    Args:
        directory: an empty one, or that of a server that was here before.
        options: more of the command line.
        python: the interpreter that has the application.
        application: the module to run; ``notebook`` is Jupyter Notebook.
        base_url: where the server puts everything, as JupyterHub's do; begins and ends in a slash.
        port: where it answers; None for any that is free.
    """
    root = directory / "work"
    root.mkdir(exist_ok=True)
    settings = directory / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True})
    )
    home, log = directory / "home", directory / "lab.log"
    environ = {
        **os.environ,
        "RUNLORE_HOME": str(home),
        "JUPYTERLAB_SETTINGS_DIR": str(directory / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(directory / "workspaces"),
        "IPYTHONDIR": str(directory / "ipython"),
        "JUPYTER_PATH": os.pathsep.join([str(directory / "jupyter"), os.environ.get("JUPYTER_PATH", "")]).rstrip(
            os.pathsep
        ),
    }
    command = [
        *(str(python), "-m", application, "--no-browser", "--allow-root", "--expose-app-in-browser"),
        *("--ServerApp.ip=127.0.0.1", "--ServerApp.port_retries=0", f"--ServerApp.base_url={base_url}"),
        *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}", *options),
    ]
    server, chosen = _answering(command, environ, log, base_url, port)
    try:
        yield Lab(
            f"http://127.0.0.1:{chosen}{base_url.rstrip('/')}", root, home, log, directory / "jupyter" / "kernels"
        )
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _answering(
    command: list[str], environ: dict[str, str], log: Path, base_url: str, port: int | None
) -> tuple[subprocess.Popen[bytes], int]:
    """The started server and its port; another one where somebody took the free port before the server did."""
    while True:
        chosen = port or free_port()
        with log.open("wb") as out:
            server = subprocess.Popen(
                [*command, f"--ServerApp.port={chosen}"],
                env=environ,
                cwd=log.parent,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        url = f"http://127.0.0.1:{chosen}{base_url.rstrip('/')}/api/status?token={TOKEN}"
        if _answers(url, server):
            return server, chosen
        server.kill()
        server.wait()
        if port or f"port {chosen} is not available" not in log.read_text():
            raise AssertionError(f"JupyterLab did not start:\n{log.read_text()}")


def _answers(url: str, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return server.poll() is None
        except OSError:
            time.sleep(0.2)
    return False


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    assert executable, "the browser tests need chromium: make chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=_FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 860}, device_scale_factor=1)
    opened = context.new_page()
    yield opened
    context.close()


def open_lab(page: Page, lab: Lab, notebook: str | None = None) -> None:
    """Open Lab with nothing open in it, wait until it is usable, and open a notebook whose kernel is ready."""
    page.goto(f"{lab.url}/lab?token={TOKEN}&reset")
    page.wait_for_function("window.jupyterapp !== undefined", timeout=90_000)
    page.evaluate("() => window.jupyterapp.restored")
    if notebook is None:
        return
    page.evaluate(
        """async path => {
            const app = window.jupyterapp;
            const widget = await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
            await widget.context.ready;
            await widget.sessionContext.ready;
            await widget.sessionContext.session.kernel.info;
        }""",
        notebook,
    )
