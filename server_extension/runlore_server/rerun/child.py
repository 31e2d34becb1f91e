"""The runner of a rerun, seen from the process that started it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Protocol

import msgspec
import psutil

from runlore.home import Home
from runlore.process import ProcessIdentity, current_process
from runlore_server.rerun import tree
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.gateway import variables_to_pass_on

_GRACE = 3.0
"""Seconds from the wish to stop until everything is killed: time to write the notebook's last outputs."""


class Process(Protocol):
    """A runner's process, or its keeper's, however it was started."""

    pid: int
    stdin: IO[bytes] | None

    def send_signal(self, sig: int, /) -> None:
        """Send it a signal, unless it has ended."""

    def wait(self) -> int:
        """Wait for its end; its exit status, negative for a signal."""


Start = Callable[[Folder, dict[str, str]], Process]
"""Starts a runner for a folder, with an environment, and its log as its output."""


def spawn(folder: Folder, environ: dict[str, str]) -> Process:
    """Start a runner as a program of its own.

    Raises:
        OSError: it cannot be started.
    """
    with folder.log.open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "runlore_server.rerun.keeper", str(folder.path)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder.path,  # python -m looks for modules in it first; nothing of the user's is there
            env=environ,
            start_new_session=True,  # Ctrl-C in a terminal reaches the parent alone, which decides
        )


class Child:
    """A started runner. ``identity`` tells it from every other process, also later and from another one.

    It boots at once, but touches nothing before ``begin``: the rerun may still be in preparation. It lives no
    longer than this object's process, because it notices the end of the pipe between them.
    """

    def __init__(self, home: Home, folder: Folder, run_id: str, start: Start = spawn) -> None:
        self._run_id = run_id
        folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        environ = {**os.environ, **variables_to_pass_on(), "RUNLORE_HOME": str(home.path), tree.MARK: run_id}
        self._process = start(folder, environ)
        self.identity = _identity(self._process.pid)
        self._ended = threading.Event()
        threading.Thread(target=self._await_end, name="runlore rerun", daemon=True).start()

    def boot(self) -> None:
        """Let it start the kernel of the rerun that its folder holds, ahead of ``begin``."""
        self._tell(b"boot\n")

    def begin(self) -> None:
        """Let it execute the rerun that its folder holds by now."""
        self._tell(b"begin\n")

    def wait(self, seconds: float) -> bool:
        """Wait for the runner's end, but no longer than this; whether it has ended."""
        return self._ended.wait(seconds)

    def stop(self) -> None:
        """End the rerun: it may save what it has, then every process of it is killed."""
        try:
            if not self._ended.is_set():
                self._process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
                self.wait(_GRACE)
        finally:
            self.clear()

    def give_up(self) -> None:
        """End a runner that has not begun, with what it booted."""
        self._close()
        self.wait(_GRACE)
        self.clear()

    def clear(self) -> int:
        """Kill what is left of the rerun; return the runner's exit status, negative for a signal."""
        if not self._ended.is_set():
            tree.kill(self._run_id, root=self._process.pid)
        elif self._process.wait() != 0:  # else it has done so
            tree.kill(self._run_id)
        self._close()
        return self._process.wait()

    def _close(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def _tell(self, line: bytes) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it is dead, as who waits for it will see
                self._process.stdin.write(line)
                self._process.stdin.flush()

    def _await_end(self) -> None:
        self._process.wait()  # in a thread: with a timeout it would look again and again, and late
        self._ended.set()


def _identity(pid: int) -> ProcessIdentity:
    return msgspec.structs.replace(current_process(), pid=pid, started=psutil.Process(pid).create_time())
