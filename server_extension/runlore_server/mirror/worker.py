"""The process that reads MLflow for the mirror, so that MLflow's work holds up neither the server nor its panel.

It reads one line of JSON on standard input for each task and answers each with one on standard output. It ends
when its standard input does, in the middle of a task too: what it writes is whole or not there.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import sys
import threading
from queue import SimpleQueue
from typing import BinaryIO, Literal

import msgspec

from runlore.errors import JournalFormatError
from runlore_server.config import Config
from runlore_server.errors import ExportRefused, TrackingStoreAway
from runlore_server.mirror.curves import Curves
from runlore_server.mirror.folders import Folders
from runlore_server.mirror.source import Source
from runlore_server.mirror.sync import Counts, Sync
from runlore_server.store.runs import RunStore

_NICENESS = 5
"""Kernels and the server go first."""

_log = logging.getLogger(__name__)


class Setup(msgspec.Struct, frozen=True):
    """The first line: where the runs are, where MLflow is, how many bytes fetched curves may take, and a lock.

    ``lock`` is the descriptor of the lock that is held for the mirror.
    """

    home: str
    tracking_uri: str
    room: int
    lock: int | None


class Look(msgspec.Struct, frozen=True, tag=True):
    """Look at everything (``whole``), or at what is likely to have changed."""

    whole: bool


class Bring(msgspec.Struct, frozen=True, tag=True):
    """Bring a curve of a mirrored run."""

    session_id: str
    run_id: str
    metric: str


Task = Look | Bring


class Answer(msgspec.Struct, frozen=True):
    """How it went; ``away`` and ``refused`` are the errors of ``Source``, ``failed`` is the home's trouble.

    After a look: what it brought, whether it was one at everything, whether a run still runs, how long it took.
    """

    outcome: Literal["done", "refused", "away", "failed"]
    reason: str = ""
    counts: Counts = Counts(0, 0, 0, 0)
    whole: bool = False
    live: bool = False
    seconds: float = 0.0


def main() -> None:
    """Work until the input ends."""
    logging.basicConfig(level=logging.WARNING, format="runlore mirror: %(message)s")
    # What anything prints by the way must not be taken for an answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(AttributeError, OSError):
        os.nice(_NICENESS)
    lines = sys.stdin.buffer
    setup = msgspec.json.decode(lines.readline(), type=Setup)
    if setup.lock is not None:
        os.set_inheritable(setup.lock, False)
    tasks: SimpleQueue[Task] = SimpleQueue()
    threading.Thread(target=_read, args=(lines, tasks), daemon=True).start()
    worker = _Worker(Config.resolve(setup.home, setup.tracking_uri, str(setup.room)))
    with contextlib.suppress(BrokenPipeError):  # nobody is there to hear more
        while True:
            answers.write(msgspec.json.encode(worker.carry_out(tasks.get())) + b"\n")


def _read(lines: BinaryIO, tasks: SimpleQueue[Task]) -> None:
    for line in lines:
        tasks.put(msgspec.json.decode(line, type=Task))
    os._exit(0)


class _Worker:
    def __init__(self, config: Config) -> None:
        self._store = RunStore(config.home, mirrored=False)
        self._source = Source(config)
        self._folders = Folders(config.home)
        self._room = config.curve_cache
        self._sync = Sync(self._source, self._store, self._folders)
        self._curves = Curves(config)

    def carry_out(self, task: Task) -> Answer:
        try:
            return self._done(task)
        except (ExportRefused, JournalFormatError) as error:
            return Answer("refused", str(error))
        except TrackingStoreAway as error:
            return Answer("away", str(error))
        except (OSError, sqlite3.Error) as error:
            return Answer("failed", str(error))
        except Exception:  # noqa: BLE001 - a defect of ours must not end the mirror
            _log.exception("MLflow could not be read")
            return Answer("refused", "an internal error; the server's log has the details")

    def _done(self, task: Task) -> Answer:
        if isinstance(task, Bring):
            self._curves.bring(task.session_id, task.run_id, task.metric)
            return Answer("done")
        if not self._source.is_there:
            return Answer("done", whole=True)
        self._store.refresh()
        counts, whole = self._sync.look(whole=task.whole)
        if whole:
            self._folders.trim(self._room)
        return Answer("done", counts=counts, whole=whole, live=self._sync.has_live, seconds=self._sync.seconds)
