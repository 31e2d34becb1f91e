"""The process that reads MLflow for the mirror, seen from the one that started it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading

import msgspec

from runlore_server.config import Config
from runlore_server.errors import ExportRefused, TrackingStoreAway
from runlore_server.export.connection import SETTINGS
from runlore_server.mirror.worker import Answer, Setup, Task
from runlore_server.ownership import Ownership

# Not with -m: that looks for modules in the current directory first, where the user's own lie.
_START = (
    "import sys; sys.path = [place for place in sys.path if place]; "
    "from runlore_server.mirror.worker import main; main()"
)


class MirrorProcess:
    """Started with the first task, and again after its death. It lives no longer than this process.

    Args:
        config: where the runs are and where MLflow is.
        ownership: a lock to share, so that the next owner begins when both processes are gone.
    """

    def __init__(self, config: Config, ownership: Ownership | None = None) -> None:
        self._config = config
        self._ownership = ownership
        self._lock = threading.Lock()
        self._ended = False
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, task: Task) -> Answer:
        """Have a task done, and wait for that; called by one thread at a time.

        Raises:
            TrackingStoreAway, ExportRefused: see ``Source``.
            OSError: a file of the home cannot be used, no process can be started, or it died.
        """
        with self._lock:
            if self._ended:
                raise OSError("the mirror of MLflow was ended")
            process = self._process = self._process or self._start()
        line = b""
        if process.stdin is not None and process.stdout is not None:
            with contextlib.suppress(BrokenPipeError, ValueError):  # it is dead, or closed from another thread
                _write(process, task)
                line = process.stdout.readline()
        if not line.endswith(b"\n"):
            self.close()
            raise OSError(
                f"the process that reads MLflow ended with status {process.returncode}; it is started again"
            )
        answer = msgspec.json.decode(line, type=Answer)
        if answer.outcome == "refused":
            raise ExportRefused(answer.reason)
        if answer.outcome == "away":
            raise TrackingStoreAway(answer.reason)
        if answer.outcome == "failed":
            raise OSError(answer.reason)
        return answer

    def end(self) -> None:
        """End the process for good; from any thread."""
        with self._lock:
            self._ended = True
        self.close()

    def close(self) -> None:
        """End the process, whatever it does; the next task starts another."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        lock = self._ownership.descriptor if self._ownership is not None and sys.platform != "win32" else None
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **SETTINGS},
            pass_fds=() if lock is None else (lock,),
            start_new_session=True,  # Ctrl-C in a terminal reaches the parent alone, which decides
        )
        with contextlib.suppress(BrokenPipeError):
            _write(
                process,
                Setup(
                    str(self._config.home.path.absolute()),
                    self._config.tracking_uri,
                    self._config.curve_cache,
                    lock,
                ),
            )
        return process


def _write(process: subprocess.Popen[bytes], message: msgspec.Struct) -> None:
    if process.stdin is not None:
        process.stdin.write(msgspec.json.encode(message) + b"\n")
        process.stdin.flush()
