"""The process that brings runs to MLflow, so that MLflow's work holds up neither the server nor its panel.

It reads one line of JSON on standard input for each run to bring and answers each with one on standard output. It
ends when its standard input does: after the step that is under way, or soon in the middle of it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sqlite3
import sys
import threading
from typing import BinaryIO

import msgspec

from runlore.errors import JournalFormatError
from runlore_server.config import Config
from runlore_server.errors import ExportRefused, TrackingStoreAway
from runlore_server.export.messages import GRACE, Answer, Setup, Task
from runlore_server.export.transfer import Closing, Transfer

_NICENESS = 5
"""Kernels and the server go first."""

_log = logging.getLogger(__name__)


def main() -> None:
    """Work until the input ends."""
    logging.basicConfig(level=logging.WARNING, format="runlore export: %(message)s")
    # What anything prints by the way must not be taken for an answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(AttributeError, OSError):
        os.nice(_NICENESS)
    lines = sys.stdin.buffer
    setup = msgspec.json.decode(lines.readline(), type=Setup)
    if setup.lock is not None:
        os.set_inheritable(setup.lock, False)
    worker = _Worker(Config.resolve(setup.home, setup.tracking_uri))
    threading.Thread(target=worker.read, args=(lines,), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # nobody is there to hear more
        worker.work(answers)


class _Worker:
    def __init__(self, config: Config) -> None:
        self._transfer = Transfer(config, self._check)
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._closing = False

    def read(self, lines: BinaryIO) -> None:
        """Take up tasks until there are no more; then see to it that the process ends."""
        for line in lines:
            self._tasks.put(msgspec.json.decode(line, type=Task))
        self._closing = True
        self._tasks.put(None)
        threading.Event().wait(GRACE)
        os._exit(0)

    def work(self, answers: BinaryIO) -> None:
        """Carry out one task after the other."""
        while not self._closing and (task := self._tasks.get()) is not None:
            try:
                answer = self._carry_out(task)
            except Closing:
                return
            answers.write(msgspec.json.encode(answer) + b"\n")

    def _carry_out(self, task: Task) -> Answer:
        try:
            self._transfer.bring(task.session_id, task.run_id)
        except (ExportRefused, JournalFormatError) as error:
            return Answer("refused", str(error))
        except TrackingStoreAway as error:
            return Answer("away", str(error))
        except (OSError, sqlite3.Error) as error:
            return Answer("failed", str(error))
        except Closing:
            raise
        except Exception:  # noqa: BLE001 - a defect of ours must not end the export of the other runs
            _log.exception("run %s could not be exported to MLflow", task.run_id)
            return Answer("refused", "an internal error; the server's log has the details")
        return Answer("done")

    def _check(self) -> None:
        if self._closing:
            raise Closing
