"""A home with journals written through the public format, as kernels write them."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from runlore.home import Home
from tests.journals import FakeKernel
from tests.ports import free_port


class JupyterServer:
    """A real Jupyter server with the extension, in a process of its own."""

    def __init__(self, home: Home, directory: Path, *options: str, env: Mapping[str, str] | None = None) -> None:
        port = free_port()
        self.token = secrets.token_hex(8)
        self.url = f"http://127.0.0.1:{port}/base"
        self.log = directory / "server.log"
        command = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root", *options]
        command += [f"--port={port}", "--ServerApp.port_retries=0", "--ServerApp.base_url=/base/"]
        command += [f"--IdentityProvider.token={self.token}", "--ServerApp.allow_unauthenticated_access=False"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=directory,
                env={**os.environ, "RUNLORE_HOME": str(home.path), **(env or {})},
                stdout=log,
                stderr=log,
            )

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request with the token, unless ``headers`` says otherwise."""
        options.setdefault("headers", {"Authorization": f"token {self.token}"})
        return requests.request(method, self.url + path, timeout=60, **options)

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.call("GET", "/api").ok
        except requests.ConnectionError:
            return False

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(60)


@pytest.fixture(scope="module")
def start_server(
    tmp_path_factory: pytest.TempPathFactory, eventually: Callable[..., Any]
) -> Iterator[Callable[..., JupyterServer]]:
    """Starts a Jupyter server on a home; it is stopped after the module's tests."""
    started: list[JupyterServer] = []

    def start(home: Home, *options: str, env: Mapping[str, str] | None = None) -> JupyterServer:
        server = JupyterServer(home, tmp_path_factory.mktemp("jupyter"), *options, env=env)
        started.append(server)
        eventually(server.is_up)
        return server

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="session")
def fake_kernel() -> type[FakeKernel]:
    """For modules that share a home between their tests."""
    return FakeKernel


@pytest.fixture
def kernel(home: Home) -> Callable[..., FakeKernel]:
    """Starts another session in the home."""

    def start(**info: Any) -> FakeKernel:
        return FakeKernel(home, **info)

    return start


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Waits until a function returns something true, and returns that."""

    def wait(look: Callable[[], Any], seconds: float = 120.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < deadline, "it did not happen"
            time.sleep(0.05)
        return found

    return wait
