"""Applying the rules once a day while a server runs, in a process of its own: it reads every journal."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import subprocess
import sys
import threading
import time

import msgspec
import psutil

from runlore.decodable import decodable
from runlore.errors import JournalFormatError
from runlore_server.companion.process import command_of
from runlore_server.config import TRACKING_URI_VARIABLE, Config
from runlore_server.errors import CollectedElsewhere
from runlore_server.retention.notes import RetentionNotes

DAY = 86_400.0

_LOOK = 600.0
"""Seconds between two looks whether it is time."""

if sys.platform == "win32":
    _NICE = psutil.BELOW_NORMAL_PRIORITY_CLASS
else:
    _NICE = 10

_QUIET_START = 60.0
"""Seconds that a server is left alone after its start."""

_log = logging.getLogger(__name__)


class _Error(msgspec.Struct):
    reason: str
    message: str


class _Told(msgspec.Struct):
    """What the process says, as far as it matters here."""

    retired: list[msgspec.Raw] = []
    notes: list[str] = []
    error: _Error | None = None


class DailyRetention:
    """Has the rules applied when that was last done a day ago or more; nothing without a rule.

    Args:
        config: of which home, and where MLflow is.
        wait: seconds until the first look.
        interval: seconds between two looks.
    """

    def __init__(self, config: Config, wait: float = _QUIET_START, interval: float = _LOOK) -> None:
        self._config = config
        self._notes = RetentionNotes(config.home)
        self._wait, self._interval = wait, interval
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._work, name="runlore retention", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def shutdown(self, timeout: float = 3.0) -> None:
        """Stop, with what is under way: it can be stopped at any moment. Waits at most ``timeout`` seconds."""
        self._closing.set()
        with self._lock:
            if self._process is not None:
                self._process.terminate()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _work(self) -> None:
        wait = self._wait
        while not self._closing.wait(wait):
            wait = self._interval
            try:
                if self._is_due():
                    self._apply()
            except (OSError, sqlite3.Error, msgspec.MsgspecError, JournalFormatError) as error:
                self._tell(str(error))

    def _is_due(self) -> bool:
        return bool(self._notes.rules()) and time.time() - self._notes.applied() >= DAY

    def _apply(self) -> None:
        environ = {**os.environ, TRACKING_URI_VARIABLE: self._config.tracking_uri}
        command = [*command_of("runlore_server.cli"), "gc", "--only", "artifacts", "--json"]
        with self._lock:
            if self._closing.is_set():
                return
            process = self._process = subprocess.Popen(  # noqa: S603 - our own module
                [*command, "--home", str(self._config.home.path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environ,
            )
        with contextlib.suppress(psutil.Error):
            psutil.Process(process.pid).nice(_NICE)
        said, _ = process.communicate()
        with self._lock:
            self._process = None
        if not self._closing.is_set():
            self._conclude(process.returncode, said)

    def _conclude(self, code: int, said: bytes) -> None:
        try:
            told = msgspec.json.decode(said, type=decodable(_Told))
        except msgspec.DecodeError:
            self._tell(f"the process that applies them ended with {code}")
            return
        if told.retired:
            _log.info("retention removed %d artifacts", len(told.retired))
        for note in told.notes:
            (_log.warning if code else _log.debug)("retention: %s", note)
        if told.error is not None and told.error.reason != CollectedElsewhere.__name__:
            self._tell(told.error.message)

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            _log.warning("the retention rules could not be applied, it is tried again: %s", trouble)
        self._trouble = trouble
