"""``mlflow server`` in processes of its own, on whatever it shall keep its runs in."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tests.ports import free_port

_PATIENCE = 120.0


class MlflowServer:
    """A server on a port of its own; not running at first.

    Args:
        directory: where it works and writes ``server.log``.
        backend: where runs are kept; by default SQLite in the directory.
        artifacts: where artifacts are kept; by default in the directory.
        env: more environment variables.
    """

    def __init__(
        self,
        directory: Path,
        backend: str | None = None,
        artifacts: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._directory = directory
        self._options = [
            f"--backend-store-uri={backend or 'sqlite:///' + str(directory / 'server.db')}",
            f"--artifacts-destination={artifacts or directory / 'artifacts'}",
            f"--port={self.port}",
            "--workers=1",
        ]
        self._env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait for nothing."""
        with (self._directory / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "mlflow", "server", *self._options],
                cwd=self._directory,
                env=self._env,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until it listens."""
        deadline = time.monotonic() + _PATIENCE
        while not self.is_listening():
            log = (self._directory / "server.log").read_text()
            assert self._process is not None, "it was never started"
            assert self._process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL all of it."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None
            # The workers are dead a moment after their parent; until then one of them may take a connection.
            while self.is_listening():
                time.sleep(0.05)

    def is_listening(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True
