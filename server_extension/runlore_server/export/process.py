"""The process that brings runs to MLflow, seen from the one that started it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading

import msgspec

from runlore_server.config import Config
from runlore_server.errors import ExportProcessEnded, ExportRefused, TrackingStoreAway
from runlore_server.export.connection import SETTINGS
from runlore_server.export.messages import GRACE, Answer, Setup, Task
from runlore_server.ownership import Ownership

# Not with -m: that looks for modules in the current directory first, where the user's own lie.
_START = (
    "import sys; sys.path = [place for place in sys.path if place]; "
    "from runlore_server.export.worker import main; main()"
)


class ExportProcess:
    """Started with the first run to bring, and again after its death. It lives no longer than this process.

    It shares the lock, so that another exporter on the home begins when both are gone.

    Args:
        config: where the runs are and where they go.
        ownership: the lock, held whenever there is a run to bring.
    """

    def __init__(self, config: Config, ownership: Ownership) -> None:
        self._config = config
        self._ownership = ownership
        self._lock = threading.Lock()
        self._ended = False
        self._process: subprocess.Popen[bytes] | None = None

    def bring(self, session_id: str, run_id: str) -> None:
        """Bring a run to MLflow, and wait for that; called by one thread.

        Raises:
            TrackingStoreAway, ExportRefused: see ``TrackingStore``.
            ExportProcessEnded: it died, or was ended meanwhile.
            OSError: a file of the home cannot be used, or no process can be started.
        """
        with self._lock:
            if self._ended:
                raise ExportProcessEnded("the export to MLflow was ended")
            process = self._process = self._process or self._start()
        line = b""
        if process.stdin is not None and process.stdout is not None:
            with contextlib.suppress(BrokenPipeError, ValueError):  # it is dead, or closed from another thread
                _write(process, Task(session_id, run_id))
                line = process.stdout.readline()
        if not line.endswith(b"\n"):
            self.close()
            raise ExportProcessEnded(
                f"the process that exports to MLflow ended with status {process.returncode}; it is started again"
            )
        answer = msgspec.json.decode(line, type=Answer)
        if answer.outcome == "refused":
            raise ExportRefused(answer.reason)
        if answer.outcome == "away":
            raise TrackingStoreAway(answer.reason)
        if answer.outcome == "failed":
            raise OSError(answer.reason)

    def end(self) -> None:
        """End the process for good; from any thread."""
        with self._lock:
            self._ended = True
        self.close()

    def close(self) -> None:
        """End the process, after the step that is under way where that is short; the next run starts another."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        try:
            process.wait(GRACE + 1.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _start(self) -> subprocess.Popen[bytes]:
        lock = self._ownership.descriptor if sys.platform != "win32" else None
        # MLflow may leave a folder where it is; the address of a store that was chosen may be relative to that.
        place = self._config.mlflow_directory if self._config.own_database is not None else None
        if place is not None:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=place,
            env={**os.environ, **SETTINGS},
            pass_fds=() if lock is None else (lock,),
            start_new_session=True,  # Ctrl-C in a terminal reaches the parent alone, which decides
        )
        with contextlib.suppress(BrokenPipeError):
            _write(process, Setup(str(self._config.home.path.absolute()), self._config.tracking_uri, lock))
        return process


def _write(process: subprocess.Popen[bytes], message: msgspec.Struct) -> None:
    if process.stdin is not None:
        process.stdin.write(msgspec.json.encode(message) + b"\n")
        process.stdin.flush()
