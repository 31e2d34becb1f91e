"""The runner of a rerun, seen from the process that started it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading

import msgspec
import psutil

from runlore.events import ProcessIdentity
from runlore.home import Home
from runlore.process import current_process
from runlore_server.rerun import tree
from runlore_server.rerun.folder import Folder

_GRACE = 3.0
"""Seconds from the wish to stop until everything is killed: time to write the notebook's last outputs."""


class Child:
    """A started runner. ``identity`` tells it from every other process, also later and from another one.

    It boots at once, but touches nothing before ``begin``: the rerun may still be in preparation. It lives no
    longer than this object's process, because it notices the end of the pipe between them.
    """

    def __init__(self, home: Home, folder: Folder, run_id: str) -> None:
        self._run_id = run_id
        folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        environ = {**os.environ, "RUNLORE_HOME": str(home.path), tree.MARK: run_id}
        with folder.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "runlore_server.rerun.runner", str(folder.path)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder.path,  # python -m looks for modules in it first; nothing of the user's is there
                env=environ,
                start_new_session=True,  # Ctrl-C in a terminal reaches the parent alone, which decides
            )
        self.identity = _identity(self._process.pid)
        self._ended = threading.Event()
        threading.Thread(target=self._await_end, name="runlore rerun", daemon=True).start()

    def begin(self) -> None:
        """Let it execute the rerun that its folder holds by now."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it is dead, as who waits for it will see
                self._process.stdin.write(b"begin\n")
                self._process.stdin.flush()

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

    def clear(self) -> int:
        """Kill what is left of the rerun; return the runner's exit status, negative for a signal."""
        tree.kill(self._run_id)
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        return self._process.wait()

    def _await_end(self) -> None:
        self._process.wait()  # in a thread: with a timeout it would look again and again, and late
        self._ended.set()


def _identity(pid: int) -> ProcessIdentity:
    return msgspec.structs.replace(current_process(), pid=pid, started=psutil.Process(pid).create_time())
