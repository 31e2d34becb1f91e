"""The runner of a rerun, seen from the process that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

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

    The runner lives no longer than this object's process: it notices the end of the pipe between them.
    """

    def __init__(self, home: Home, folder: Folder, run_id: str) -> None:
        self._run_id = run_id
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

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End the rerun: it may save what it has, then every process of it is killed."""
        try:
            if self.running:
                self._process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
                self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self.clear()

    def clear(self) -> int:
        """Kill what is left of the rerun; return the runner's exit status, negative for a signal."""
        tree.kill(self._run_id)
        if self._process.stdin is not None:
            self._process.stdin.close()
        return self._process.wait()


def _identity(pid: int) -> ProcessIdentity:
    return msgspec.structs.replace(current_process(), pid=pid, started=psutil.Process(pid).create_time())
