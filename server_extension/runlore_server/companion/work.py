"""What a companion does: read tasks, carry them out, answer."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sqlite3
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

import msgspec

from runlore.errors import JournalFormatError
from runlore_server.companion.messages import Answer, Setup
from runlore_server.config import Config
from runlore_server.errors import ExportRefused, TrackingStoreAway

_NICENESS = 5
"""Kernels and the server go first."""

_log = logging.getLogger(__name__)

Check = Callable[[], None]
"""To be called between two steps; raises ``Closing`` when the companion is to end."""

Open = Callable[[Config, Check], Callable[[Any], object]]
"""Given the settings, returns what carries out a task and returns its result, which can be written as JSON."""


class Closing(Exception):
    """The companion was told to end; the next one goes on."""


def serve(kind: Any, opened: Open, name: str) -> None:
    """Carry out tasks until the input ends: one line of JSON for each, answered by one on standard output.

    It then ends after the step that is under way, or in the middle of it when the time of grace is over.

    Args:
        kind: the type of the tasks.
        opened: makes what carries them out.
        name: of the work, for the log.
    """
    logging.basicConfig(level=logging.WARNING, format=f"runlore {name}: %(message)s")
    # What anything prints by the way must not be taken for an answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(AttributeError, OSError):
        os.nice(_NICENESS)
    lines = sys.stdin.buffer
    setup = msgspec.json.decode(lines.readline(), type=Setup)
    if setup.lock is not None:
        os.set_inheritable(setup.lock, False)
    tasks = _Tasks(lines, kind, setup.grace)
    threading.Thread(target=tasks.read, daemon=True).start()
    carry_out = opened(Config.resolve(setup.home, setup.tracking_uri, str(setup.curve_cache)), tasks.check)
    with contextlib.suppress(BrokenPipeError, Closing):  # nobody is there to hear more
        while (task := tasks.next()) is not None:
            answers.write(msgspec.json.encode(_answer(carry_out, task)) + b"\n")


class _Tasks:
    def __init__(self, lines: BinaryIO, kind: Any, grace: float) -> None:
        self._lines = lines
        self._kind = kind
        self._grace = grace
        self._waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._closing = False

    def read(self) -> None:
        """Take up tasks until there are no more; then see to it that the process ends."""
        for line in self._lines:
            self._waiting.put(msgspec.json.decode(line, type=self._kind))
        self._closing = True
        self._waiting.put(None)
        threading.Event().wait(self._grace)
        os._exit(0)

    def next(self) -> Any:
        """Wait for the next task; ``None`` when there are no more."""
        return None if self._closing else self._waiting.get()

    def check(self) -> None:
        if self._closing:
            raise Closing


def _answer(carry_out: Callable[[Any], object], task: Any) -> Answer:
    try:
        return Answer("done", result=msgspec.Raw(msgspec.json.encode(carry_out(task))))
    except (ExportRefused, JournalFormatError) as error:
        return Answer("refused", str(error))
    except TrackingStoreAway as error:
        return Answer("away", str(error))
    except (OSError, sqlite3.Error) as error:
        return Answer("failed", str(error))
    except Closing:
        raise
    except Exception:  # noqa: BLE001 - a defect of ours must not end the work for all others
        _log.exception("%s could not be done", task)
        return Answer("refused", "an internal error; the server's log has the details")
