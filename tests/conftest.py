"""What all tests share: a home of their own, and notebooks on real kernels."""

from __future__ import annotations

import os
import queue
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import SessionRecord, sessions

# A test run that a shell put in the background ignores Ctrl-C, and so would every process that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Else every process that a test starts compiles all modules anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Whether a run lasts long enough for the machine's load to be measured depends on that load; tests/gpus has it on.
os.environ["RUNLORE_SYSTEM_METRICS"] = "0"


@dataclass
class Result:
    """What executing one cell gave: its outputs as a front-end receives them, and the reply."""

    reply: dict[str, Any]
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return bool(self.reply["status"] == "ok")

    @property
    def text(self) -> str:
        """All text: streams, plain forms of results and displays, error values."""
        parts = []
        for output in self.outputs:
            parts.append(output.get("text", ""))
            parts.append(output.get("data", {}).get("text/plain", ""))
            parts.append(output.get("evalue", ""))
        return "\n".join(part for part in parts if part)

    def update(self, content: dict[str, Any]) -> None:
        """Change what is displayed, as a front-end does."""
        for output in self.outputs:
            if output.get("transient") == content["transient"]:
                output["data"] = content["data"]

    def card(self) -> dict[str, Any] | None:
        """The bundle of the card, if the cell shows one."""
        for output in self.outputs:
            if "application/vnd.runlore.run.v1+json" in output.get("data", {}):
                return dict(output["data"])
        return None


_SHUTDOWN = 20.0
"""Seconds that a kernel gets to end in an orderly way: on a busy machine it needs more than Jupyter's five."""


class Notebook:
    """A real kernel, fed cell by cell as a front-end does."""

    def __init__(self, home: Path, cwd: Path, env: dict[str, str] | None = None) -> None:
        self.home = Home(home)
        # Ports that are free now may be another kernel's by the time that this one binds them.
        self._sockets = tempfile.TemporaryDirectory(prefix="runlore-", dir="/tmp")
        self._manager = KernelManager(
            kernel_name="python3",
            shutdown_wait_time=_SHUTDOWN,
            transport="ipc",
            connection_file=f"{self._sockets.name}/kernel.json",
        )
        launch = {**os.environ, "RUNLORE_HOME": str(home), **(env or {})}
        self._manager.start_kernel(env=launch, cwd=str(cwd))
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)
        self._pid = int(self._manager.provisioner.pid)  # type: ignore[union-attr]

    def run(self, source: str, *, on_output: Callable[[dict[str, Any]], None] | None = None) -> Result:
        """Execute one cell and wait for its end."""
        result = Result({})

        def hook(message: dict[str, Any]) -> None:
            if message["msg_type"] == "update_display_data":
                result.update(message["content"])
            elif message["msg_type"] == "clear_output":
                result.outputs.clear()
            elif message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                output = {**message["content"], "output_type": message["msg_type"]}
                result.outputs.append(output)
                if on_output is not None:
                    on_output(output)

        result.reply = self._client.execute_interactive(
            source, output_hook=hook, stop_on_error=False, timeout=120
        )["content"]
        return result

    def load(self) -> Notebook:
        assert self.run("%load_ext runlore").ok
        return self

    def start(self, source: str) -> None:
        """Send a cell without waiting for it."""
        self._client.execute(source, stop_on_error=False)

    def wait_for_output(self, text: str) -> None:
        """Wait until the running cell prints ``text``."""
        seen = ""
        while text not in seen:
            try:
                message = self._client.get_iopub_msg(timeout=60)
            except queue.Empty:
                raise AssertionError(f"{text!r} was never printed; got {seen!r}") from None
            seen += message["content"].get("text", "")

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def kill(self) -> None:
        """SIGKILL, as the kernel's machine or its out-of-memory killer would do it."""
        os.kill(self._pid, signal.SIGKILL)
        self.close(orderly=False)

    def close(self, *, orderly: bool = True) -> None:
        self._client.stop_channels()
        if self._manager.has_kernel:
            self._manager.shutdown_kernel(now=not orderly)
        self._sockets.cleanup()

    def session(self) -> SessionRecord:
        """What the journal of this kernel says now."""
        (record,) = (found for found in sessions(self.home) if found.info and found.info.process.pid == self._pid)
        return record

    def last_run(self) -> RunRecord:
        return list(self.session().runs.values())[-1]


@pytest.fixture
def open_notebook(tmp_path: Path) -> Iterator[Callable[..., Notebook]]:
    """A function that opens a notebook on a new kernel; by default with a home below ``tmp_path``."""
    opened: list[Notebook] = []

    def start(home: Path | None = None, cwd: Path | None = None, env: dict[str, str] | None = None) -> Notebook:
        notebook = Notebook(home or tmp_path / "home", cwd or tmp_path, env)
        opened.append(notebook)
        return notebook

    yield start
    for notebook in opened:
        notebook.close(orderly=False)


@pytest.fixture(scope="module")
def shared_notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """One kernel with Runlore loaded for all tests of a module that do not mind each other's cells."""
    directory = tmp_path_factory.mktemp("shared")
    notebook = Notebook(directory / "home", directory).load()
    yield notebook
    notebook.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def run_script(tmp_path: Path) -> Callable[..., str]:
    """Run a Python script in a process of its own, with the test's home; return what it printed."""
    import subprocess

    def run(source: str, *, check: bool = True, env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            [sys.executable, "-c", source],
            env={**os.environ, "RUNLORE_HOME": str(tmp_path / "home"), **(env or {})},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    return run
