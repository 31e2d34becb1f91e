"""A real Jupyter server, with the extension or without."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

TOKEN = "benchmarks"
_PATIENCE = 120.0


class Server:
    """A server of its own, as a context manager that returns when it answers.

    Attributes:
        url: where it answers.
        started: seconds from its command to its first answer.
        log: what it says.
    """

    def __init__(self, application: str, directory: Path, extension: bool = True, **environment: str) -> None:
        """Args:
        application: ``server`` or ``lab``.
        directory: for all files of its own.
        extension: whether Runlore is switched on, in the server and in the browser.
        environment: what else its environment is to hold.
        """
        self.log = directory / "server.log"
        self._directory = directory
        self._environment = {**os.environ, **self._places(extension), **environment}
        self._application = application

    def __enter__(self) -> Self:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "jupyter", self._application, "--no-browser", "--allow-root"]
        command += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
        if self._application == "lab":
            command.append("--expose-app-in-browser")
        begin = time.perf_counter()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=self._directory, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            self._wait()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        self.started = time.perf_counter() - begin
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _places(self, extension: bool) -> dict[str, str]:
        """Directories of its own for everything that Jupyter keeps, and what is switched off in them."""
        config, settings = self._directory / "config", self._directory / "settings"
        (config / "labconfig").mkdir(parents=True)
        (settings / "@jupyterlab" / "apputils-extension").mkdir(parents=True)
        (settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings").write_text(
            json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True})
        )
        if not extension:
            off = {"ServerApp": {"jpserver_extensions": {"runlore_server": False}}}
            (config / "jupyter_server_config.json").write_text(json.dumps(off))
            (config / "labconfig" / "page_config.json").write_text(
                json.dumps({"disabledExtensions": {"runlore": True}})
            )
        return {
            "JUPYTER_CONFIG_DIR": str(config),
            "JUPYTERLAB_SETTINGS_DIR": str(settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(self._directory / "workspaces"),
            "JUPYTER_RUNTIME_DIR": str(self._directory / "runtime"),
            "IPYTHONDIR": str(self._directory / "ipython"),
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/api/status?token={TOKEN}", timeout=5):
                    return
            except OSError:
                time.sleep(0.005)
        raise RuntimeError(f"the server did not start:\n{self.log.read_text(errors='replace')[-2000:]}")
